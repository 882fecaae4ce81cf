//! The portal of IAM Identity Center: credentials of a role for somebody who has signed in.
//!
//! Follows GetRoleCredentials of the AWS SSO Portal API Reference. Nobody signs in here; a test asks for an access
//! token with `POST /services/sso/tokens` of the control API and puts it where the SDKs keep theirs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{Caller, random_key_id};
use super::backend::Backend;
use super::call::{Call, Reply};
use super::wire::ServiceError;
use super::world::World;

const SESSION_SECONDS: i64 = 3600;

/// The backend of the portal.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Portal::default())
}

#[derive(Debug, Default)]
struct Portal {
    tokens: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Backend for Portal {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let token = call.headers.get("x-amz-sso_bearer_token");
        let token = token.and_then(|token| token.to_str().ok()).unwrap_or_default();
        if !self.tokens().contains(token) {
            let message = "Session token not found or invalid";
            return Err(ServiceError::new("UnauthorizedException", message).with_status(401));
        }
        let (account, role) = (call.query("account_id"), call.query("role_name"));
        let (Some(account), Some(role)) = (account, role) else {
            let message = "account_id and role_name are required";
            return Err(ServiceError::new("InvalidRequestException", message));
        };
        if !world.accounts.get(&account).is_some_and(|account| account.open) {
            return Err(ServiceError::new("ForbiddenException", "No access").with_status(403));
        }
        // As Identity Center names the role of a permission set.
        let name = format!("AWSReservedSSO_{role}_0123456789abcdef");
        let path = "aws-reserved/sso.amazonaws.com";
        let caller = Caller {
            arn: format!("arn:aws:sts::{account}:assumed-role/{name}/somebody"),
            user_id: format!("{}:somebody", random_key_id("AROA")),
            role_arn: Some(format!("arn:aws:iam::{account}:role/{path}/{name}")),
            ..Caller::service(&account)
        };
        let session = world.accounts.open_session(caller, SESSION_SECONDS);
        let expiration = session.expiration.map(|at| at.timestamp_millis());
        let credentials = json!({
            "accessKeyId": session.access_key_id,
            "secretAccessKey": session.secret_access_key,
            "sessionToken": session.session_token,
            "expiration": expiration,
        });
        Ok(Reply::json(&call, &json!({"roleCredentials": credentials})))
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.tokens().clear();
        Ok(())
    }

    async fn control(
        &self,
        method: &str,
        path: &[&str],
        _body: Value,
        _world: &Arc<World>,
    ) -> Option<Result<Value, String>> {
        if (method, path) != ("POST", &["tokens"]) {
            return None;
        }
        let token = Uuid::new_v4().to_string();
        self.tokens().insert(token.clone());
        Some(Ok(json!({"access_token": token})))
    }
}

impl Portal {
    fn tokens(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

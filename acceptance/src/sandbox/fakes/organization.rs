//! The organization as other services of the sandbox see it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// The organization of the sandbox's accounts, if there is one.
pub struct Organization<'a> {
    world: &'a Arc<World>,
}

impl<'a> Organization<'a> {
    /// That of a world.
    pub fn new(world: &'a Arc<World>) -> Self {
        Self { world }
    }

    /// Its id; none where there is no organization.
    pub async fn id(&self) -> Option<String> {
        let found = self.ask("DescribeOrganization", &json!({})).await;
        found["Organization"]["Id"].as_str().map(str::to_owned)
    }

    /// Whether an account belongs to it.
    pub async fn has(&self, account: &str) -> bool {
        let described = self.ask("DescribeAccount", &json!({"AccountId": account})).await;
        described["Account"].is_object()
    }

    /// Whether it trusts a service.
    pub async fn trusts(&self, principal: &str) -> bool {
        let listed = self.ask("ListAWSServiceAccessForOrganization", &json!({})).await;
        let mut trusted = listed["EnabledServicePrincipals"].as_array().into_iter().flatten();
        trusted.any(|it| it["ServicePrincipal"] == principal)
    }

    /// Has it trust a service.
    ///
    /// # Errors
    /// What Organizations answers.
    pub async fn trust(&self, principal: &str) -> Result<(), ServiceError> {
        let input = json!({"ServicePrincipal": principal});
        self.world.json(self.order("EnableAWSServiceAccess"), &input).await.map(drop)
    }

    /// Whether it has made an account the administrator of a service.
    pub async fn delegates(&self, principal: &str, account: &str) -> bool {
        let asked = json!({"ServicePrincipal": principal});
        let delegated = self.ask("ListDelegatedAdministrators", &asked).await;
        let mut all = delegated["DelegatedAdministrators"].as_array().into_iter().flatten();
        all.any(|one| one["Id"].as_str() == Some(account))
    }

    // Null where it refuses, as outside of an organization.
    async fn ask(&self, operation: &str, input: &Value) -> Value {
        self.world.json(self.order(operation), input).await.unwrap_or_default()
    }

    fn order<'b>(&'b self, operation: &'b str) -> Order<'b> {
        let management = self.world.accounts.management();
        Order {
            emulator: Some(Kind::Moto),
            ..Order::new("organizations", management, "us-east-1", operation)
        }
    }
}

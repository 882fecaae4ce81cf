//! Service Quotas before moto, which knows the quotas of networks only: those of Organizations, which are told in the
//! region of global services alone.
//!
//! Follows the Service Quotas API Reference and "Quotas and service limits" of the AWS Organizations User Guide.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::backend::Backend;
use super::call::{Call, Reply};
use super::wire::ServiceError;
use super::world::World;

const ORGANIZATIONS: &str = "organizations";
const GLOBAL_REGION: &str = "us-east-1";

/// The backend of Service Quotas.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Quotas)
}

#[derive(Debug)]
struct Quotas;

#[async_trait]
impl Backend for Quotas {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let input: Value = call.json()?;
        if input["ServiceCode"] != ORGANIZATIONS {
            return world.moto.answer(call, world).await;
        }
        if call.region != GLOBAL_REGION {
            return Err(missing(
                "The request failed because the specified service does not exist.",
            ));
        }
        let quota = accounts(call.account());
        let answer = match call.operation.as_str() {
            "ListServiceQuotas" | "ListAWSDefaultServiceQuotas" => json!({"Quotas": [quota]}),
            "GetServiceQuota" | "GetAWSDefaultServiceQuota"
                if input["QuotaCode"] == quota["QuotaCode"] =>
            {
                json!({"Quota": quota})
            }
            _ => return Err(missing("The specified quota does not exist.")),
        };
        Ok(Reply::json(&call, &answer))
    }
}

fn accounts(account: &str) -> Value {
    json!({
        "ServiceCode": ORGANIZATIONS,
        "ServiceName": "AWS Organizations",
        "QuotaArn": format!("arn:aws:servicequotas::{account}:organizations/L-E619E033"),
        "QuotaCode": "L-E619E033",
        "QuotaName": "Maximum number of accounts",
        "Value": 10.0,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": true,
    })
}

fn missing(message: &str) -> ServiceError {
    ServiceError::new("NoSuchResourceException", message)
}

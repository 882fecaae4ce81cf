//! KMS before LocalStack, which makes a replica without the tags that came with the call, does not
//! know when a key was last used, and takes every grant of a name for the same ([`grants`]).

mod grants;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::backend::Backend;
use super::call::{Call, Reply};
use super::emulator::Kind;
use super::wire::ServiceError;
use super::world::{Order, World};

/// The backend of KMS.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Kms)
}

#[derive(Debug)]
struct Kms;

#[async_trait]
impl Backend for Kms {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        if call.operation == "GetKeyLastUsage" {
            return last_usage(&call, world).await;
        }
        if grants::OPERATIONS.contains(&call.operation.as_str()) {
            return grants::answer(call, world).await;
        }
        let replicated: Option<Value> =
            if call.operation == "ReplicateKey" { Some(call.json()?) } else { None };
        let account = call.account().to_owned();
        let reply = world.localstack.answer(call, world).await?;
        if let Some(input) = replicated.filter(|_| reply.status.is_success()) {
            tag_replica(&input, &account, world).await?;
        }
        Ok(reply)
    }
}

/// A key that was never used, since the sandbox keeps no account of that (KMS API reference,
/// GetKeyLastUsage).
async fn last_usage(call: &Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
    let input: Value = call.json()?;
    let order = Order {
        emulator: Some(Kind::LocalStack),
        ..Order::new("kms", call.account(), &call.region, "DescribeKey")
    };
    let described = world.json(order, &json!({ "KeyId": input["KeyId"] })).await?;
    let key = &described["KeyMetadata"];
    Ok(Reply::json(
        call,
        &json!({
            "KeyId": key["KeyId"],
            "KeyLastUsage": {},
            "TrackingStartDate": key["CreationDate"],
            "KeyCreationDate": key["CreationDate"],
        }),
    ))
}

async fn tag_replica(input: &Value, account: &str, world: &Arc<World>) -> Result<(), ServiceError> {
    let Some(tags) = input["Tags"].as_array().filter(|tags| !tags.is_empty()) else {
        return Ok(());
    };
    let region = input["ReplicaRegion"].as_str().unwrap_or_default();
    // The key may be named by its ARN, which is that of the primary key's region.
    let key = input["KeyId"].as_str().unwrap_or_default();
    let key = key.rsplit('/').next().unwrap_or(key);
    let order = Order {
        emulator: Some(Kind::LocalStack),
        ..Order::new("kms", account, region, "TagResource")
    };
    world.json(order, &json!({ "KeyId": key, "Tags": tags })).await.map(drop)
}

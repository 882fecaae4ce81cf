//! S3 before LocalStack: buckets are repeated to moto, where CloudTrail, flow logs and others look for them.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;

use super::backend::Backend;
use super::call::{Call, Reply};
use super::emulator::Kind;
use super::wire::ServiceError;
use super::world::{Order, World};
use super::xml::Element;

/// The backend of S3.
pub fn backend() -> Box<dyn Backend> {
    Box::new(S3)
}

#[derive(Debug)]
struct S3;

#[async_trait]
impl Backend for S3 {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let method = match call.operation.as_str() {
            "CreateBucket" => Some(Method::PUT),
            "DeleteBucket" => Some(Method::DELETE),
            _ => None,
        };
        let Some(method) = method else { return world.localstack.answer(call, world).await };
        let (account, region) = (call.account().to_owned(), call.region.clone());
        let operation = call.operation.clone();
        let bucket = call.labels.get("Bucket").cloned().unwrap_or_default();
        let reply = world.localstack.answer(call, world).await?;
        if reply.status.is_success() {
            let content = match method {
                Method::PUT if region != "us-east-1" => Element::new("CreateBucketConfiguration")
                    .with(Element::text("LocationConstraint", &region))
                    .to_document(),
                _ => String::new(),
            };
            let order = Order {
                emulator: Some(Kind::Moto),
                ..Order::new("s3", &account, &region, &operation)
            };
            let path = format!("/{bucket}");
            if let Err(error) = world.rest(order, method, &path, content.into_bytes()).await {
                tracing::warn!("failed to repeat {operation} of {bucket} to moto: {error}");
            }
        }
        Ok(reply)
    }
}

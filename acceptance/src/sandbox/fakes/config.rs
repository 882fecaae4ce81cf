//! AWS Config: the recorder of an account in a region, its delivery channel and how long things are kept. It records
//! nothing. Rules, packs and aggregators are not here.
//!
//! Follows the AWS Config API Reference, version 2014-11-12; requests and answers are checked by the service's model. As
//! the service does, it asks whether the bucket and the role let it in.

mod recorders;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::recorders::Region;
use super::input::Input;
use super::neighbours::{Neighbours, partition};
use super::resource_policies::{Request, lets_in, of_bucket};
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// The service's principal.
const PRINCIPAL: &str = "config.amazonaws.com";

/// The backend of Config.
pub fn backend() -> Box<dyn Backend> {
    Box::<Config>::default()
}

#[derive(Default)]
struct Config {
    shapes: OnceCell<Shapes>,
    regions: Mutex<BTreeMap<Place, Region>>,
}

/// An account in a region.
type Place = (String, String);

#[async_trait]
impl Backend for Config {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load =
            || async { Shapes::load(&world.models, "config").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes.input(&call).map_err(|misfit| {
            let message = format!("{} {}", misfit.path, misfit.problem);
            ServiceError::new("ValidationException", message)
        })?;
        let place = (call.account().to_owned(), call.region.clone());
        match call.operation.as_str() {
            "PutConfigurationRecorder" => check_role(&input, &place, world).await?,
            "PutDeliveryChannel" => check_bucket(&input, &place, world).await?,
            _ => {}
        }
        let mut regions = self.regions.lock().await;
        let region = regions.entry(place.clone()).or_default();
        let output = region.perform(&place, &call.operation, &input)?;
        drop(regions);
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.regions.lock().await.clear();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let place = (account.to_owned(), region.to_owned());
        let regions = self.regions.lock().await;
        let recorder = regions.get(&place).and_then(|region| region.recorder.as_ref());
        recorder.map(|it| (it.arn.clone(), it.tags.clone())).into_iter().collect()
    }
}

/// Refuses a role that Config cannot work as.
async fn check_role(input: &Input, place: &Place, world: &Arc<World>) -> Result<(), ServiceError> {
    let (account, region) = place;
    let role = input.value("ConfigurationRecorder")["roleARN"].as_str().unwrap_or_default();
    let neighbours = Neighbours::new(world, account, region);
    match role.is_empty() || neighbours.role_trusts(role, PRINCIPAL).await? {
        true if !role.is_empty() => Ok(()),
        _ => Err(ServiceError::new(
            "InvalidRoleException",
            "You have provided a null or empty string, or the role does not exist or does not let Config in.",
        )),
    }
}

/// Refuses a bucket that is not there, or does not let Config write.
async fn check_bucket(
    input: &Input,
    place: &Place,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let (account, region) = place;
    let channel = input.value("DeliveryChannel");
    let name = channel["s3BucketName"].as_str().unwrap_or_default();
    let policy = of_bucket(name, account, region, world).await?;
    let policy = policy.ok_or_else(|| {
        let message = format!("Cannot find a S3 bucket with an empty bucket name: {name}");
        ServiceError::new("NoSuchBucketException", message)
    })?;
    let bucket = format!("arn:{}:s3:::{name}", partition(region));
    let folder = match channel["s3KeyPrefix"].as_str().filter(|prefix| !prefix.is_empty()) {
        Some(prefix) => format!("{bucket}/{prefix}/AWSLogs"),
        None => format!("{bucket}/AWSLogs"),
    };
    let object = format!("{folder}/{account}/Config/ConfigWritabilityCheckFile");
    let context = [("aws:SourceAccount", account.as_str())];
    let writing = [context[0], ("s3:x-amz-acl", "bucket-owner-full-control")];
    let may = |action, resource, context: &[(&str, &str)]| {
        lets_in(&policy, &Request { principal: PRINCIPAL, action, resource, context })
    };
    if may("s3:GetBucketAcl", &bucket, &context) && may("s3:PutObject", &object, &writing) {
        return Ok(());
    }
    let message = format!(
        "Insufficient delivery policy to s3 bucket: {name}, unable to write to bucket, provided s3 key prefix is \
         '{}', provided kms key is '{}'.",
        channel["s3KeyPrefix"].as_str().unwrap_or("null"),
        channel["s3KmsKeyArn"].as_str().unwrap_or("null"),
    );
    Err(ServiceError::new("InsufficientDeliveryPolicyException", message))
}

/// One value of an answer's list, or none.
fn listed<T: Into<Value>>(name: &str, item: Option<T>) -> Value {
    let items: Vec<Value> = item.into_iter().map(Into::into).collect();
    json!({ name: items })
}

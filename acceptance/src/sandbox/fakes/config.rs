//! AWS Config: the recorder of an account in a region, its delivery channel and how long things are kept, rules and
//! aggregators. It records, judges and gathers nothing. Packs and rules of the organization are not here.
//!
//! Follows the AWS Config API Reference, version 2014-11-12; requests and answers are checked by the service's model. As
//! the service does, it asks whether the bucket and the roles let it in; it does not ask functions.

mod aggregators;
mod recorders;
mod rules;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::recorders::Region;
use super::input::Input;
use super::neighbours::{Neighbours, partition};
use super::organization::Organization;
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
            "PutConfigurationRecorder" => {
                let role = input.value("ConfigurationRecorder")["roleARN"].as_str();
                check_role(role.unwrap_or_default(), &place, world).await?;
            }
            "PutConfigurationAggregator" if input.has("OrganizationAggregationSource") => {
                check_organization(&place, world).await?;
                let role = input.value("OrganizationAggregationSource")["RoleArn"].as_str();
                check_role(role.unwrap_or_default(), &place, world).await?;
            }
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
        regions.get(&place).into_iter().flat_map(Region::tagged).collect()
    }
}

/// Refuses a role that Config cannot work as.
async fn check_role(role: &str, place: &Place, world: &Arc<World>) -> Result<(), ServiceError> {
    let (account, region) = place;
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
    let of_world = Organization::new(world);
    let organization = match of_world.has(account).await {
        true => of_world.id().await.unwrap_or_default(),
        false => String::new(),
    };
    let context =
        [("aws:SourceAccount", account.as_str()), ("aws:SourceOrgID", organization.as_str())];
    let writing = [context[0], context[1], ("s3:x-amz-acl", "bucket-owner-full-control")];
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

/// Refuses an aggregator of the organization where the account may not have one. That of the management account has the
/// organization trust the service.
async fn check_organization(place: &Place, world: &Arc<World>) -> Result<(), ServiceError> {
    let (account, _) = place;
    let organization = Organization::new(world);
    if organization.id().await.is_none() {
        let message = "The account is not part of an organization.";
        return Err(ServiceError::new("NoAvailableOrganizationException", message));
    }
    if world.accounts.management() == account.as_str() {
        return organization.trust(PRINCIPAL).await;
    }
    match organization.trusts(PRINCIPAL).await && organization.delegates(PRINCIPAL, account).await {
        true => Ok(()),
        false => Err(ServiceError::new(
            "OrganizationAccessDeniedException",
            "This action can only be performed by a delegated administrator or the management account.",
        )),
    }
}

/// A list of an answer.
fn listed<T: Into<Value>>(name: &str, items: impl IntoIterator<Item = T>) -> Value {
    let items: Vec<Value> = items.into_iter().map(Into::into).collect();
    json!({ name: items })
}

//! CloudTrail's trails: where their events go, which events, and who may have them. Lake and channels are not here.
//!
//! Follows the CloudTrail API Reference, version 2013-11-01, and the quotas of its user guide; requests and answers are
//! checked by the service's model. As the service does, it asks at each change whether bucket, key, topic and role let
//! it in. No events are delivered.

mod delivery;
mod selectors;
mod trails;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use self::trails::{Place, State};
use super::input::Input;
use super::neighbours::partition;
use super::organization::Organization;
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// The service's principal.
const PRINCIPAL: &str = "cloudtrail.amazonaws.com";

/// The backend of CloudTrail.
pub fn backend() -> Box<dyn Backend> {
    Box::<CloudTrail>::default()
}

#[derive(Default)]
struct CloudTrail {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
}

#[async_trait]
impl Backend for CloudTrail {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load =
            || async { Shapes::load(&world.models, "cloudtrail").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes.input(&call).map_err(|misfit| {
            let message = format!("{} {}", misfit.path, misfit.problem);
            ServiceError::new("InvalidParameterException", message)
        })?;
        let place = place(&call, world).await;
        // Whoever changes a trail waits for those who change others, so that what was checked still holds.
        let mut state = self.state.lock().await;
        if let Some(planned) = state.planned(&call.operation, &input, &place)? {
            if planned.is_organization {
                organization_obstacle(&place, world).await?;
            }
            delivery::check(&planned, &place, world).await?;
        }
        let output = state.perform(&call.operation, &input, &place, world.clock.now())?;
        drop(state);
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.state.lock().await = State::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let state = self.state.lock().await;
        let of_here = state.trails.iter().filter(|(_, trail)| {
            trail.account == account && trail.home == region && !trail.tags.is_empty()
        });
        of_here.map(|(arn, trail)| (arn.clone(), trail.tags.clone())).collect()
    }
}

/// Who calls from where, and what the organization makes of the caller.
async fn place(call: &Call, world: &Arc<World>) -> Place {
    let management = world.accounts.management().to_owned();
    let of_world = Organization::new(world);
    let organization = of_world.id().await;
    let mut is_administrator = call.account() == management;
    let mut is_member = is_administrator;
    if organization.is_some() && !is_administrator {
        is_administrator = of_world.delegates(PRINCIPAL, call.account()).await;
        is_member = of_world.has(call.account()).await;
    }
    Place {
        account: call.account().to_owned(),
        region: call.region.clone(),
        partition: partition(&call.region),
        management,
        organization: organization.filter(|_| is_member),
        is_administrator,
    }
}

/// What keeps a caller from having trails of the organization.
async fn organization_obstacle(place: &Place, world: &Arc<World>) -> Result<(), ServiceError> {
    if place.organization.is_none() {
        return Err(ServiceError::new(
            "OrganizationsNotInUseException",
            "The account is not a member of an organization.",
        ));
    }
    if !place.is_administrator {
        return Err(trails::not_management());
    }
    if Organization::new(world).trusts(PRINCIPAL).await {
        return Ok(());
    }
    Err(ServiceError::new(
        "CloudTrailAccessNotEnabledException",
        "CloudTrail service access is not enabled for the organization.",
    ))
}

/// Tags of a request.
///
/// # Errors
/// `InvalidTagParameterException`, for keys that AWS keeps to itself or that come twice.
fn tags(input: &Input) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut tags = BTreeMap::new();
    for tag in input.value("TagsList").as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let value = tag["Value"].as_str().unwrap_or_default();
        let is_new = tags.insert(key.to_owned(), value.to_owned()).is_none();
        if key.to_lowercase().starts_with("aws:") || !is_new {
            let message = format!("The tag key {key} is reserved or comes twice.");
            return Err(ServiceError::new("InvalidTagParameterException", message));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests;

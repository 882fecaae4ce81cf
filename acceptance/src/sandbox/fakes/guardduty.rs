//! GuardDuty: detectors, where their findings go, and an organization's administrator with its members. It finds
//! nothing. Other operations of the service are not here.
//!
//! Follows the Amazon GuardDuty API Reference, version 2017-11-28, and the user guide on managing accounts with AWS
//! Organizations; requests and answers are checked by the service's model.

mod detectors;
mod organization;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::detectors::Detector;
use super::input::{Input, page};
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// How many items a page has where the caller does not say.
const PAGE: usize = 50;

/// The backend of GuardDuty.
pub fn backend() -> Box<dyn Backend> {
    Box::<GuardDuty>::default()
}

/// What lives as long as the sandbox.
#[derive(Default)]
struct GuardDuty {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
}

/// An account in a region.
type Place = (String, String);

/// All that the service knows.
#[derive(Debug, Default)]
struct State {
    detectors: BTreeMap<Place, Detector>,
    /// Who administers the organization, by region.
    administrators: BTreeMap<String, String>,
}

/// A call, as the service sees it.
struct Asked<'a> {
    place: Place,
    operation: &'a str,
    input: &'a Input,
    management: &'a str,
    /// The other accounts of the organization, with their addresses.
    members: Vec<(String, String)>,
}

#[async_trait]
impl Backend for GuardDuty {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load =
            || async { Shapes::load(&world.models, "guardduty").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes
            .input(&call)
            .map_err(|misfit| refused(format!("{} {}", misfit.path, misfit.problem)))?;
        let asked = Asked {
            place: (call.account().to_owned(), call.region.clone()),
            operation: &call.operation,
            input: &input,
            management: world.accounts.management(),
            members: members(world).await,
        };
        let output = self.state.lock().await.perform(&asked)?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.state.lock().await = State::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let place = (account.to_owned(), region.to_owned());
        let state = self.state.lock().await;
        let detector = state.detectors.get(&place);
        detector.map(|it| (it.arn(&place), it.tags.clone())).into_iter().collect()
    }
}

/// The accounts of the organization but for the management account; none where there is no organization.
async fn members(world: &Arc<World>) -> Vec<(String, String)> {
    let management = world.accounts.management();
    let order = Order {
        emulator: Some(Kind::Moto),
        ..Order::new("organizations", management, "us-east-1", "ListAccounts")
    };
    let listed = world.json(order, &json!({})).await.unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let accounts = listed["Accounts"].as_array().into_iter().flatten();
    let all = accounts.map(|account| (text(&account["Id"]), text(&account["Email"])));
    all.filter(|(id, _)| id != management).collect()
}

impl State {
    fn perform(&mut self, asked: &Asked<'_>) -> Result<Value, ServiceError> {
        let Asked { place, operation, input, .. } = asked;
        match *operation {
            "CreateDetector" => {
                if self.detectors.contains_key(place) {
                    return Err(refused(
                        "The request is rejected because a detector already exists for the current account.",
                    ));
                }
                let detector = Detector::new(input)?;
                let id = detector.id.clone();
                self.detectors.insert(place.clone(), detector);
                Ok(json!({"detectorId": id}))
            }
            "ListDetectors" => {
                let ids = self.detectors.get(place).map(|it| it.id.clone()).into_iter().collect();
                paged("detectorIds", ids, input)
            }
            "EnableOrganizationAdminAccount"
            | "DisableOrganizationAdminAccount"
            | "ListOrganizationAdminAccounts" => self.administrator(asked),
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.tags(asked),
            _ => {
                let id = input.text("DetectorId");
                let known = self.detectors.get_mut(place).filter(|it| it.id == id);
                let detector = known.ok_or_else(|| {
                    refused(
                        "The request is rejected because the input detectorId is not owned by the current account.",
                    )
                })?;
                let is_administrator = self.administrators.get(&place.1) == Some(&place.0);
                if *operation == "DeleteDetector" {
                    detector.check_may_go()?;
                    self.detectors.remove(place);
                    return Ok(json!({}));
                }
                match detector.perform(operation, input)? {
                    Some(output) => Ok(output),
                    None => detector.organization.perform(asked, is_administrator),
                }
            }
        }
    }

    fn tags(&mut self, asked: &Asked<'_>) -> Result<Value, ServiceError> {
        let Asked { place, operation, input, .. } = asked;
        let arn = input.text("ResourceArn");
        let detector = self.detectors.get_mut(place).filter(|it| it.arn(place) == arn);
        let detector = detector.ok_or_else(|| refused("The resource is not there."))?;
        match *operation {
            "TagResource" => detector.tags.extend(detectors::tags(input.value("tags"))),
            "UntagResource" => {
                for key in input.texts("TagKeys") {
                    detector.tags.remove(&key);
                }
            }
            _ => return Ok(json!({"tags": detector.tags})),
        }
        Ok(json!({}))
    }
}

/// A page of a list under its name.
fn paged<T: serde::Serialize>(
    name: &str,
    all: Vec<T>,
    input: &Input,
) -> Result<Value, ServiceError> {
    let limit = input.number("MaxResults").and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    let (items, next) = page(all, input.optional_text("NextToken"), limit).map_err(refused)?;
    Ok(json!({name: items, "nextToken": next}))
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::new("BadRequestException", message)
        .with_status(400)
        .with_member("__type", "InvalidInputException")
}

#[cfg(test)]
mod tests;

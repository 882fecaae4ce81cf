//! Account Management: the contacts of accounts. Other operations of the service are not here.
//!
//! Follows the AWS Account Management API Reference; requests and answers are checked by the service's model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::input::Input;
use super::shapes::Shapes;
use crate::sandbox::backend::Backend;
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// The service's principal, which must have access to the organization.
const PRINCIPAL: &str = "account.amazonaws.com";
/// The countries whose addresses need a state or region.
const WITH_STATES: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

/// The backend of Account Management.
pub fn backend() -> Box<dyn Backend> {
    Box::<AccountManagement>::default()
}

#[derive(Default)]
struct AccountManagement {
    shapes: OnceCell<Shapes>,
    contacts: Mutex<BTreeMap<String, Contacts>>,
}

/// Those of one account.
struct Contacts {
    primary: Value,
    alternates: BTreeMap<String, Value>,
}

impl Default for Contacts {
    /// As an account begins.
    fn default() -> Self {
        let primary = json!({
            "FullName": "Sandbox",
            "AddressLine1": "1 Sandbox Street",
            "City": "Seattle",
            "StateOrRegion": "WA",
            "PostalCode": "98109",
            "CountryCode": "US",
            "PhoneNumber": "+12065550100",
        });
        Self { primary, alternates: BTreeMap::new() }
    }
}

#[async_trait]
impl Backend for AccountManagement {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load =
            || async { Shapes::load(&world.models, "account").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes.input(&call).map_err(|misfit| {
            invalid(&format!("The value of {} {}.", misfit.path, misfit.problem))
        })?;
        let account = account(&call, &input, world).await?;
        let output = {
            let mut all = self.contacts();
            perform(all.entry(account).or_default(), &call.operation, &input)?
        };
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.contacts().clear();
        Ok(())
    }
}

impl AccountManagement {
    fn contacts(&self) -> MutexGuard<'_, BTreeMap<String, Contacts>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn perform(contacts: &mut Contacts, operation: &str, input: &Input) -> Result<Value, ServiceError> {
    let kind = input.text("AlternateContactType").to_owned();
    match operation {
        "GetContactInformation" => Ok(json!({"ContactInformation": contacts.primary})),
        "PutContactInformation" => {
            let primary = input.value("ContactInformation");
            let country = primary["CountryCode"].as_str().unwrap_or_default();
            if WITH_STATES.contains(&country) && primary["StateOrRegion"].is_null() {
                return Err(invalid("StateOrRegion is required for this country."));
            }
            contacts.primary = primary.clone();
            Ok(json!({}))
        }
        "GetAlternateContact" => match contacts.alternates.get(&kind) {
            Some(contact) => Ok(json!({"AlternateContact": contact})),
            None => Err(absent()),
        },
        "PutAlternateContact" => {
            let mut contact = json!({"AlternateContactType": kind});
            for name in ["Name", "Title", "EmailAddress", "PhoneNumber"] {
                contact[name] = input.value(name).clone();
            }
            contacts.alternates.insert(kind, contact);
            Ok(json!({}))
        }
        "DeleteAlternateContact" => {
            contacts.alternates.remove(&kind).map(|_| json!({})).ok_or_else(absent)
        }
        other => {
            let message = format!("the sandbox does not know {other} of Account Management");
            Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
        }
    }
}

/// The account that a call is about: the caller's own, or a member of its organization.
async fn account(call: &Call, input: &Input, world: &Arc<World>) -> Result<String, ServiceError> {
    let Some(wanted) = input.optional_text("AccountId") else {
        return Ok(call.account().to_owned());
    };
    let management = world.accounts.management();
    if call.account() != management {
        return Err(denied("You are not authorized to perform this operation."));
    }
    if wanted == management {
        return Err(denied(
            "The management account can only be managed in the standalone context.",
        ));
    }
    let organizations = |operation| Order {
        emulator: Some(Kind::Moto),
        ..Order::new("organizations", management, "us-east-1", operation)
    };
    let list = "ListAWSServiceAccessForOrganization";
    let listed = world.json(organizations(list), &json!({})).await.unwrap_or_default();
    let mut services = listed["EnabledServicePrincipals"].as_array().into_iter().flatten();
    let is_trusted = services.any(|it| it["ServicePrincipal"] == PRINCIPAL);
    let member = json!({"AccountId": wanted});
    let is_member = world.json(organizations("DescribeAccount"), &member).await.is_ok();
    match is_trusted && is_member {
        true => Ok(wanted.to_owned()),
        false => Err(denied("You are not authorized to perform this operation on this account.")),
    }
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationException", message)
        .with_status(400)
        .with_member("reason", "fieldValidationFailed")
}

fn denied(message: &str) -> ServiceError {
    ServiceError::new("AccessDeniedException", message).with_status(403)
}

fn absent() -> ServiceError {
    let message = "No contact of the inputted alternate contact type found.";
    ServiceError::new("ResourceNotFoundException", message).with_status(404)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn alternate_contacts_come_and_go() {
        let mut contacts = Contacts::default();
        let input = |members: Value| {
            let members: Map<String, Value> = members.as_object().cloned().unwrap_or_default();
            Input::new(members)
        };
        let kind = json!({"AlternateContactType": "BILLING"});
        let get = |contacts: &mut Contacts| {
            perform(contacts, "GetAlternateContact", &input(kind.clone())).map_err(|it| it.code)
        };
        assert_eq!(get(&mut contacts).unwrap_err(), "ResourceNotFoundException");
        let mut whole = kind.clone();
        for name in ["Name", "Title", "EmailAddress", "PhoneNumber"] {
            whole[name] = "a".into();
        }
        perform(&mut contacts, "PutAlternateContact", &input(whole.clone())).unwrap();
        assert_eq!(get(&mut contacts).unwrap(), json!({"AlternateContact": whole}));
        perform(&mut contacts, "DeleteAlternateContact", &input(kind.clone())).unwrap();
        let again = perform(&mut contacts, "DeleteAlternateContact", &input(kind.clone()));
        assert_eq!(again.unwrap_err().code, "ResourceNotFoundException");
    }

    #[test]
    fn some_countries_have_states() {
        let mut contacts = Contacts::default();
        let mut put = |country: &str| {
            let primary = json!({"ContactInformation": {"CountryCode": country}});
            let members = primary.as_object().cloned().unwrap_or_default();
            perform(&mut contacts, "PutContactInformation", &Input::new(members)).is_ok()
        };
        assert!(put("FR") && !put("DE"));
    }
}

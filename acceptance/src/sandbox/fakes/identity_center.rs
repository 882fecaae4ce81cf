//! IAM Identity Center's administration: permission sets, where they are provisioned, and who has them in which
//! account.
//!
//! Follows the IAM Identity Center API Reference, version 2020-07-20, and the quotas of its user guide; requests and
//! answers are checked by the service's model. The organization's one instance is there from the start, in the
//! sandbox's region, since no API enables it. What is asked for is carried out in the background: until it is done,
//! what would meet it is a conflict. No roles come into being in the accounts.

mod assignments;
mod permission_sets;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::assignments::Assignment;
use self::permission_sets::PermissionSet;
use self::requests::Request;
use super::input::{Input, page};
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// How many items a page has where the caller does not say.
const PAGE: usize = 100;

/// The backend of Identity Center.
pub fn backend() -> Box<dyn Backend> {
    Box::<IdentityCenter>::default()
}

/// What lives as long as the sandbox.
#[derive(Default)]
struct IdentityCenter {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
}

/// All that the service knows.
#[derive(Debug, Default)]
struct State {
    /// The permission sets by ARN.
    sets: BTreeMap<String, PermissionSet>,
    assignments: BTreeSet<Assignment>,
    /// Which revision of a set an account has, by the set's ARN and the account.
    provisioned: BTreeMap<(String, String), u64>,
    requests: BTreeMap<String, Request>,
    /// How often a request is described as in progress.
    pending_describes: u32,
    /// The account and region that the instance is in.
    home: (String, String),
}

/// The ARN of the organization's instance.
pub fn instance_arn(management: &str) -> String {
    format!("arn:aws:sso:::instance/ssoins-{management:0>16}")
}

/// The id of the instance's identity store.
pub fn store_id(management: &str) -> String {
    format!("d-{}", management.get(2..).unwrap_or_default())
}

/// Refuses callers from other accounts than the organization's management account and those it has delegated
/// Identity Center to.
///
/// # Errors
/// `AccessDeniedException`.
pub async fn authorize(call: &Call, world: &Arc<World>) -> Result<(), ServiceError> {
    let management = world.accounts.management().to_owned();
    if call.account() == management {
        return Ok(());
    }
    let order = Order {
        emulator: Some(Kind::Moto),
        ..Order::new("organizations", &management, &call.region, "ListDelegatedAdministrators")
    };
    let of_service = json!({"ServicePrincipal": "sso.amazonaws.com"});
    let delegated = world.json(order, &of_service).await.unwrap_or_default();
    let mut administrators = delegated["DelegatedAdministrators"].as_array().into_iter().flatten();
    if administrators.any(|one| one["Id"].as_str() == Some(call.account())) {
        return Ok(());
    }
    let message = "You do not have sufficient access to perform this action.";
    Err(ServiceError::new("AccessDeniedException", message))
}

#[async_trait]
impl Backend for IdentityCenter {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load =
            || async { Shapes::load(&world.models, "sso-admin").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes
            .input(&call)
            .map_err(|misfit| invalid(format!("{} {}", misfit.path, misfit.problem)))?;
        let management = world.accounts.management();
        let instance = instance_arn(management);
        let allowed = authorize(&call, world).await;
        let is_here = call.region == world.region;
        if call.operation == "ListInstances" {
            let shown = json!({
                "InstanceArn": instance,
                "IdentityStoreId": store_id(management),
                "OwnerAccountId": management,
                "Status": "ACTIVE",
            });
            let instances: Vec<Value> =
                (is_here && allowed.is_ok()).then_some(shown).into_iter().collect();
            return shapes.reply(&call, &json!({"Instances": instances}));
        }
        allowed?;
        let named = input.optional_text("InstanceArn");
        if !is_here || named.is_some_and(|named| named != instance) {
            return Err(missing("the instance does not exist"));
        }
        let account_is_open = |id: &str| world.accounts.get(id).is_some_and(|it| it.open);
        let obstacle = match call.operation.as_str() {
            "CreateAccountAssignment" if !account_is_open(input.text("TargetId")) => {
                Some("the account is not in the organization".to_owned())
            }
            "CreateAccountAssignment" => principal_obstacle(&call, &input, world).await,
            _ => None,
        };
        let mut state = self.state.lock().await;
        state.home = (management.to_owned(), world.region.clone());
        state.pending_describes = world.settings.get().pending_describes;
        let output = state.perform(&call.operation, &input, obstacle, Instant::now())?;
        drop(state);
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.state.lock().await = State::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let state = self.state.lock().await;
        if state.home != (account.to_owned(), region.to_owned()) {
            return Tagged::new();
        }
        state.sets.iter().map(|(arn, set)| (arn.clone(), set.tags.clone())).collect()
    }
}

impl State {
    fn perform(
        &mut self,
        operation: &str,
        input: &Input,
        obstacle: Option<String>,
        now: Instant,
    ) -> Result<Value, ServiceError> {
        self.settle(now);
        match operation {
            "CreateAccountAssignment" | "DeleteAccountAssignment" => {
                self.ask_for_assignment(operation, input, obstacle, now)
            }
            "ListAccountAssignments" => self.list_assignments(input),
            "ListAccountAssignmentsForPrincipal" => self.list_assignments_of(input),
            "ListAccountsForProvisionedPermissionSet" => self.list_accounts(input),
            "ListPermissionSetsProvisionedToAccount" => self.list_sets_in(input),
            "ProvisionPermissionSet" => self.ask_for_provisioning(input, now),
            "DescribeAccountAssignmentCreationStatus" => self.describe_request(
                input.text("AccountAssignmentCreationRequestId"),
                "AccountAssignmentCreationStatus",
            ),
            "DescribeAccountAssignmentDeletionStatus" => self.describe_request(
                input.text("AccountAssignmentDeletionRequestId"),
                "AccountAssignmentDeletionStatus",
            ),
            "DescribePermissionSetProvisioningStatus" => self.describe_request(
                input.text("ProvisionPermissionSetRequestId"),
                "PermissionSetProvisioningStatus",
            ),
            other => self.perform_on_set(other, input),
        }
    }
}

/// Why a principal cannot be assigned anything: there is none of that id.
async fn principal_obstacle(call: &Call, input: &Input, world: &Arc<World>) -> Option<String> {
    let (operation, name) = match input.text("PrincipalType") {
        "USER" => ("DescribeUser", "UserId"),
        _ => ("DescribeGroup", "GroupId"),
    };
    let management = world.accounts.management();
    let order = Order::new("identitystore", management, &call.region, operation);
    let store = store_id(management);
    let id = input.text("PrincipalId");
    let found = world.json(order, &json!({"IdentityStoreId": store, name: id})).await;
    found.err().map(|_| format!("Received a 404 status error: principal {id} not found"))
}

/// A page of a list under a member's name.
fn paged(input: &Input, name: &str, items: Vec<Value>) -> Result<Value, ServiceError> {
    let limit = input.number("MaxResults").and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    let (items, next) = page(items, input.optional_text("NextToken"), limit).map_err(invalid)?;
    Ok(json!({name: items, "NextToken": next}))
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

fn missing(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", message)
}

fn conflict(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ConflictException", message)
}

fn exceeded(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ServiceQuotaExceededException", message)
}

#[cfg(test)]
mod tests;

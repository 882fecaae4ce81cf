//! Organizations before moto: accounts are made in the background, as on AWS, and become known to STS; what moto lets
//! pass and AWS does not is refused.
//!
//! Follows the AWS Organizations API Reference.

mod around;
mod policies;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::policies::{Policies, is_of_policies};
use super::accounts::Account;
use super::backend::Backend;
use super::call::{Call, Reply};
use super::emulator::Kind;
use super::faults::reads;
use super::wire::ServiceError;
use super::world::{Order, World};

const DEFAULT_ROLE: &str = "OrganizationAccountAccessRole";
/// How many accounts are made at once ("Quotas for AWS Organizations" of its user guide).
const MOST_AT_ONCE: usize = 5;
/// Why a request fails whose e-mail address an account has already.
const TAKEN: &str = "EMAIL_ALREADY_EXISTS";

/// The backend of Organizations.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Organizations::default())
}

#[derive(Debug, Default)]
struct Organizations {
    creations: Arc<Mutex<Vec<Creation>>>,
    policies: Mutex<Policies>,
}

/// A request to make an account, from its arrival to its end.
#[derive(Clone, Debug)]
struct Creation {
    id: String,
    name: String,
    email: String,
    requested: f64,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    InProgress,
    Succeeded { account: String, completed: f64 },
    Failed { reason: String, completed: f64 },
}

#[async_trait]
impl Backend for Organizations {
    async fn answer(&self, mut call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        authorize(&mut call, world).await?;
        let input: Value = call.json()?;
        if is_of_policies(&call.operation, &input) {
            let around = around::surroundings(&call, &input, world).await?;
            let answer = self.policies().perform(&call.operation, &input, &around)?;
            return Ok(Reply::json(&call, &answer));
        }
        match call.operation.as_str() {
            "CreateAccount" => {
                let status = self.create(&call, &input, world).await?;
                return Ok(Reply::json(&call, &status));
            }
            "DescribeCreateAccountStatus" => {
                let status = self.status(&input)?;
                return Ok(Reply::json(&call, &status));
            }
            "ListCreateAccountStatus" => return Ok(Reply::json(&call, &self.list(&input))),
            "CreateOrganizationalUnit" => {
                unique_unit(&call, &input["ParentId"], &input["Name"], world).await?;
            }
            "UpdateOrganizationalUnit" => {
                if let Some(unchanged) = renamed_unit(&call, &input, world).await? {
                    return Ok(Reply::json(&call, &unchanged));
                }
            }
            "DeleteOrganizationalUnit" => empty_unit(&call, &input, world).await?,
            "MoveAccount" => movable(&call, &input, world).await?,
            "RegisterDelegatedAdministrator" => {
                around::can_administer(&call, &input, world).await?
            }
            "DeleteOrganization" if !self.policies().is_empty() => {
                let message = "The organization isn't empty.";
                return Err(ServiceError::new("OrganizationNotEmptyException", message));
            }
            _ => {}
        }
        let operation = call.operation.clone();
        let reply = world.moto.answer(call, world).await?;
        if reply.status.is_success() {
            let text = |name: &str| input[name].as_str().unwrap_or_default();
            match operation.as_str() {
                "CloseAccount" => world.accounts.close(text("AccountId")),
                "DeleteOrganizationalUnit" => self.policies().forget(text("OrganizationalUnitId")),
                "DisablePolicyType" => self.policies().detach_all(text("PolicyType")),
                "DeleteOrganization" => *self.policies() = Policies::default(),
                _ => {}
            }
        }
        Ok(reply)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.creations().clear();
        *self.policies() = Policies::default();
        Ok(())
    }
}

/// A member account may ask which organization it is in; the rest is the management account's, and reading also the
/// delegated administrators', whose calls then work as the management account's.
async fn authorize(call: &mut Call, world: &Arc<World>) -> Result<(), ServiceError> {
    let management = world.accounts.management().to_owned();
    if call.account() == management || call.operation == "DescribeOrganization" {
        return Ok(());
    }
    let order = Order {
        account: &management,
        ..Order::behind(Kind::Moto, call, "ListDelegatedAdministrators")
    };
    let delegated = world.json(order, &json!({})).await.unwrap_or_default();
    let mut administrators = delegated["DelegatedAdministrators"].as_array().into_iter().flatten();
    let delegated = administrators.any(|one| one["Id"].as_str() == Some(call.account()));
    if delegated && reads(&call.operation) {
        call.caller.account = management;
        return Ok(());
    }
    let message = "You don't have permissions to access this resource.";
    Err(ServiceError::new("AccessDeniedException", message))
}

impl Organizations {
    async fn create(
        &self,
        call: &Call,
        input: &Value,
        world: &Arc<World>,
    ) -> Result<Value, ServiceError> {
        world.json(Order::behind(Kind::Moto, call, "DescribeOrganization"), &json!({})).await?;
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let (name, email) = (text("AccountName"), text("Email"));
        if !(1..=50).contains(&name.chars().count()) {
            return Err(invalid(
                "You provided a value for AccountName that is not 1 to 50 characters long.",
            ));
        }
        let address = email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.contains('@')
        });
        if !address || !(6..=64).contains(&email.len()) || email.contains(char::is_whitespace) {
            return Err(invalid(
                "You provided a value for Email that is no address of 6 to 64 characters.",
            ));
        }
        let id = format!("car-{}", Uuid::new_v4().simple());
        let creation = Creation { id, name, email, requested: now(), state: State::InProgress };
        let (delay_milliseconds, wished) = world.settings.change(|settings| {
            let failures = &mut settings.account_failures;
            let wished = (!failures.is_empty()).then(|| failures.remove(0));
            (settings.account_creation_milliseconds, wished)
        });
        let refusal = {
            let mut creations = self.creations();
            let under_way = |other: &&Creation| matches!(other.state, State::InProgress);
            let crowded = creations.iter().filter(under_way).count() >= MOST_AT_ONCE;
            let taken = creations.iter().any(|other| {
                other.email.eq_ignore_ascii_case(&creation.email)
                    && !matches!(other.state, State::Failed { .. })
            });
            creations.push(creation.clone());
            let crowded = crowded.then(|| "CONCURRENT_ACCOUNT_MODIFICATION".to_owned());
            wished.or(crowded).or_else(|| taken.then(|| TAKEN.to_owned()))
        };
        let answer = json!({"CreateAccountStatus": creation.written()});
        let work = Work {
            creations: Arc::clone(&self.creations),
            creation,
            input: input.clone(),
            management: call.account().to_owned(),
            region: call.region.clone(),
            delay_milliseconds,
            refusal,
        };
        tokio::spawn(work.run(Arc::clone(world)));
        Ok(answer)
    }

    fn status(&self, input: &Value) -> Result<Value, ServiceError> {
        let id = input["CreateAccountRequestId"].as_str().unwrap_or_default();
        let creations = self.creations();
        let creation = creations.iter().find(|creation| creation.id == id).ok_or_else(|| {
            let message = "We can't find a create account request with the CreateAccountRequestId that you specified.";
            ServiceError::new("CreateAccountStatusNotFoundException", message)
        })?;
        Ok(json!({"CreateAccountStatus": creation.written()}))
    }

    fn list(&self, input: &Value) -> Value {
        let states = input["States"].as_array().cloned().unwrap_or_default();
        let wanted: Vec<Value> = self
            .creations()
            .iter()
            .map(Creation::written)
            .filter(|status| states.is_empty() || states.contains(&status["State"]))
            .collect();
        let start: usize =
            input["NextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or_default();
        let size = input["MaxResults"].as_u64().and_then(|size| usize::try_from(size).ok());
        let end = (start + size.unwrap_or(20)).min(wanted.len());
        let mut answer =
            json!({"CreateAccountStatuses": wanted.get(start..end).unwrap_or_default()});
        if end < wanted.len() {
            answer["NextToken"] = end.to_string().into();
        }
        answer
    }

    fn policies(&self) -> MutexGuard<'_, Policies> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn creations(&self) -> MutexGuard<'_, Vec<Creation>> {
        self.creations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Creation {
    fn written(&self) -> Value {
        let mut status = json!({
            "Id": self.id,
            "AccountName": self.name,
            "RequestedTimestamp": self.requested,
        });
        let (state, completed) = match &self.state {
            State::InProgress => ("IN_PROGRESS", None),
            State::Succeeded { account, completed } => {
                status["AccountId"] = account.clone().into();
                ("SUCCEEDED", Some(*completed))
            }
            State::Failed { reason, completed } => {
                status["FailureReason"] = reason.clone().into();
                ("FAILED", Some(*completed))
            }
        };
        status["State"] = state.into();
        if let Some(completed) = completed {
            status["CompletedTimestamp"] = completed.into();
        }
        status
    }
}

/// The making of an account, after its request has been answered.
struct Work {
    creations: Arc<Mutex<Vec<Creation>>>,
    creation: Creation,
    input: Value,
    management: String,
    region: String,
    delay_milliseconds: u64,
    /// Why no account will come of it, as far as that is known when it is asked for.
    refusal: Option<String>,
}

impl Work {
    async fn run(self, world: Arc<World>) {
        tokio::time::sleep(Duration::from_millis(self.delay_milliseconds)).await;
        let outcome = match &self.refusal {
            Some(reason) => Err(reason.clone()),
            None if self.email_is_known(&world) => Err(TAKEN.to_owned()),
            None => self.make(&world).await.map_err(|error| {
                tracing::error!("failed to make an account: {error}");
                "INTERNAL_FAILURE".to_owned()
            }),
        };
        let completed = now();
        let state = match outcome {
            Ok(account) => State::Succeeded { account, completed },
            Err(reason) => State::Failed { reason, completed },
        };
        let mut creations = self.creations.lock().unwrap_or_else(PoisonError::into_inner);
        let id = &self.creation.id;
        if let Some(creation) = creations.iter_mut().find(|creation| creation.id == *id) {
            creation.state = state;
        }
    }

    fn email_is_known(&self, world: &World) -> bool {
        let email = &self.creation.email;
        world.accounts.all().iter().any(|account| account.email.eq_ignore_ascii_case(email))
    }

    async fn make(&self, world: &Arc<World>) -> Result<String, ServiceError> {
        let order = Order {
            emulator: Some(Kind::Moto),
            ..Order::new("organizations", &self.management, &self.region, "CreateAccount")
        };
        let made = world.json(order, &self.input).await?;
        let id = made["CreateAccountStatus"]["AccountId"].as_str().unwrap_or_default().to_owned();
        let role = self.input["RoleName"].as_str().unwrap_or(DEFAULT_ROLE);
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{}:root", self.management)},
                "Action": "sts:AssumeRole",
            }],
        });
        let iam = |operation| Order {
            emulator: Some(Kind::LocalStack),
            ..Order::new("iam", &id, "us-east-1", operation)
        };
        let parameters = [("RoleName", role), ("AssumeRolePolicyDocument", &trust.to_string())];
        world.query(iam("CreateRole"), &parameters).await?;
        let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
        let parameters = [("RoleName", role), ("PolicyArn", administrator)];
        world.query(iam("AttachRolePolicy"), &parameters).await?;
        world.accounts.add(Account {
            id: id.clone(),
            name: self.creation.name.clone(),
            email: self.creation.email.clone(),
            open: true,
        });
        Ok(id)
    }
}

async fn unique_unit(
    call: &Call,
    parent: &Value,
    name: &Value,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let parent = json!({"ParentId": parent});
    let units = all(call, world, "ListOrganizationalUnitsForParent", "OrganizationalUnits", parent);
    if units.await?.iter().any(|unit| unit["Name"] == *name) {
        let message = "An OU with the same name already exists.";
        return Err(ServiceError::new("DuplicateOrganizationalUnitException", message));
    }
    Ok(())
}

/// The unit itself, where it already has its new name, which moto takes for a duplicate.
async fn renamed_unit(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<Option<Value>, ServiceError> {
    let id = &input["OrganizationalUnitId"];
    let order = Order::behind(Kind::Moto, call, "DescribeOrganizationalUnit");
    let unit = world.json(order, &json!({"OrganizationalUnitId": id})).await?;
    let name = &input["Name"];
    if name.is_null() || unit["OrganizationalUnit"]["Name"] == *name {
        return Ok(Some(unit));
    }
    let parents = all(call, world, "ListParents", "Parents", json!({"ChildId": id})).await?;
    let parent = parents.first().map(|parent| parent["Id"].clone()).unwrap_or_default();
    unique_unit(call, &parent, name, world).await?;
    Ok(None)
}

async fn empty_unit(call: &Call, input: &Value, world: &Arc<World>) -> Result<(), ServiceError> {
    for kind in ["ACCOUNT", "ORGANIZATIONAL_UNIT"] {
        let parent = json!({"ParentId": input["OrganizationalUnitId"], "ChildType": kind});
        match all(call, world, "ListChildren", "Children", parent).await {
            Ok(children) if !children.is_empty() => {
                let message = "The specified OU is not empty.";
                return Err(ServiceError::new("OrganizationalUnitNotEmptyException", message));
            }
            Ok(_) => {}
            // The unit is unknown; moto has the right error for that.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

async fn movable(call: &Call, input: &Value, world: &Arc<World>) -> Result<(), ServiceError> {
    let child = json!({"ChildId": input["AccountId"]});
    let Ok(parents) = all(call, world, "ListParents", "Parents", child).await else {
        return Ok(());
    };
    let parent = parents.first().map(|parent| parent["Id"].clone()).unwrap_or_default();
    if parent != input["SourceParentId"] {
        let message = "You specified a source parent that the account is not in.";
        return Err(ServiceError::new("SourceParentNotFoundException", message));
    }
    if parent == input["DestinationParentId"] {
        let message = "The account is already in the destination.";
        return Err(ServiceError::new("DuplicateAccountException", message));
    }
    Ok(())
}

/// All pages of one of moto's lists.
async fn all(
    call: &Call,
    world: &Arc<World>,
    operation: &str,
    member: &str,
    mut input: Value,
) -> Result<Vec<Value>, ServiceError> {
    let mut found = Vec::new();
    loop {
        let page = world.json(Order::behind(Kind::Moto, call, operation), &input).await?;
        found.extend(page[member].as_array().cloned().unwrap_or_default());
        match page["NextToken"].as_str() {
            Some(token) => input["NextToken"] = token.into(),
            None => return Ok(found),
        }
    }
}

fn invalid(message: &str) -> ServiceError {
    let mut error = ServiceError::new("InvalidInputException", message);
    error.members = Map::from_iter([("Reason".to_owned(), "INVALID_PATTERN".into())]);
    error
}

/// Seconds since the epoch, as the JSON protocol writes times.
fn now() -> f64 {
    let milliseconds = Utc::now().timestamp_millis();
    milliseconds as f64 / 1000.0
}

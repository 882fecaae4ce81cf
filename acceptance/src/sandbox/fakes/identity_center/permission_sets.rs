//! Permission sets: making, reading, changing, tagging and deleting them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{State, conflict, exceeded, invalid, missing, paged};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// How many managed policies, of AWS and of customers, a set can have.
const MOST_POLICIES: usize = 20;
/// How many characters an inline policy can have that are no white space.
const LONGEST_INLINE: usize = 10_240;
const MOST_TAGS: usize = 50;
const DEFAULT_SESSION: &str = "PT1H";

/// A permission set.
#[derive(Debug, Default)]
pub(super) struct PermissionSet {
    pub tags: BTreeMap<String, String>,
    /// Raised by every change of what accounts get.
    pub revision: u64,
    name: String,
    description: Option<String>,
    session: String,
    relay_state: Option<String>,
    managed: BTreeSet<String>,
    /// Names and paths.
    customer_managed: BTreeSet<(String, String)>,
    inline: String,
    boundary: Value,
}

impl PermissionSet {
    fn shown(&self, arn: &str) -> Value {
        json!({
            "Name": self.name,
            "PermissionSetArn": arn,
            "Description": self.description,
            "SessionDuration": self.session,
            "RelayState": self.relay_state,
        })
    }

    /// What is not given is as for a new set.
    fn apply(&mut self, input: &Input) {
        let text = |name: &str| input.optional_text(name).map(str::to_owned);
        self.description = text("Description");
        self.session = text("SessionDuration").unwrap_or_else(|| DEFAULT_SESSION.to_owned());
        self.relay_state = text("RelayState");
    }

    fn add_tags(&mut self, input: &Input) -> Result<(), ServiceError> {
        let mut tags = self.tags.clone();
        for tag in input.value("Tags").as_array().into_iter().flatten() {
            let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
            tags.insert(text("Key"), text("Value"));
        }
        if tags.len() > MOST_TAGS {
            return Err(exceeded(format!("a permission set can have {MOST_TAGS} tags at most")));
        }
        self.tags = tags;
        Ok(())
    }

    fn must_have_room(&self) -> Result<(), ServiceError> {
        if self.managed.len() + self.customer_managed.len() >= MOST_POLICIES {
            return Err(exceeded(format!("a permission set can have {MOST_POLICIES} policies")));
        }
        Ok(())
    }

    /// Changes what accounts get.
    fn change(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        let managed = input.text("ManagedPolicyArn").to_owned();
        let reference = reference(&input.inner("CustomerManagedPolicyReference"));
        match operation {
            "UpdatePermissionSet" => self.apply(input),
            "AttachManagedPolicyToPermissionSet" => {
                if !managed.contains(":iam::aws:policy/") {
                    return Err(missing(format!("the policy {managed} does not exist")));
                }
                if self.managed.contains(&managed) {
                    return Err(conflict(format!("the policy {managed} is attached already")));
                }
                self.must_have_room()?;
                self.managed.insert(managed);
            }
            "DetachManagedPolicyFromPermissionSet" => {
                if !self.managed.remove(&managed) {
                    return Err(missing(format!("the policy {managed} is not attached")));
                }
            }
            "AttachCustomerManagedPolicyReferenceToPermissionSet" => {
                if self.customer_managed.contains(&reference) {
                    return Err(conflict("the policy is attached already"));
                }
                self.must_have_room()?;
                self.customer_managed.insert(reference);
            }
            "DetachCustomerManagedPolicyReferenceFromPermissionSet" => {
                if !self.customer_managed.remove(&reference) {
                    return Err(missing("the policy is not attached"));
                }
            }
            "PutInlinePolicyToPermissionSet" => {
                let text = input.text("InlinePolicy");
                if serde_json::from_str::<Value>(text).is_err() {
                    return Err(invalid("the inline policy is not valid JSON"));
                }
                if text.chars().filter(|it| !it.is_whitespace()).count() > LONGEST_INLINE {
                    return Err(exceeded("the inline policy is too long"));
                }
                text.clone_into(&mut self.inline);
            }
            "DeleteInlinePolicyFromPermissionSet" => self.inline.clear(),
            "PutPermissionsBoundaryToPermissionSet" => {
                let boundary = input.inner("PermissionsBoundary");
                let (one, other) = ("ManagedPolicyArn", "CustomerManagedPolicyReference");
                if boundary.has(one) == boundary.has(other) {
                    return Err(invalid(format!("a boundary is either {one} or {other}")));
                }
                self.boundary = Value::Object(input.object("PermissionsBoundary"));
            }
            "DeletePermissionsBoundaryFromPermissionSet" => {
                if self.boundary.is_null() {
                    return Err(missing("the permission set has no boundary"));
                }
                self.boundary = Value::Null;
            }
            other => {
                return Err(ServiceError::internal(format!(
                    "the sandbox has no operation {other}"
                )));
            }
        }
        self.revision += 1;
        Ok(json!({}))
    }
}

impl State {
    pub(super) fn perform_on_set(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreatePermissionSet" => return self.create_set(input),
            "ListPermissionSets" => {
                let arns = self.sets.keys().map(|arn| arn.as_str().into()).collect();
                return paged(input, "PermissionSets", arns);
            }
            "TagResource" | "UntagResource" | "ListTagsForResource" => {
                return self.perform_on_tags(operation, input);
            }
            _ => {}
        }
        let (arn, set) = self.set_of(input)?;
        match operation {
            "DescribePermissionSet" => Ok(json!({"PermissionSet": set.shown(&arn)})),
            "ListManagedPoliciesInPermissionSet" => {
                let policies = set.managed.iter().map(
                    |arn| json!({"Arn": arn, "Name": arn.rsplit('/').next().unwrap_or_default()}),
                );
                paged(input, "AttachedManagedPolicies", policies.collect())
            }
            "ListCustomerManagedPolicyReferencesInPermissionSet" => {
                let policies = set.customer_managed.iter();
                let policies = policies.map(|(name, path)| json!({"Name": name, "Path": path}));
                paged(input, "CustomerManagedPolicyReferences", policies.collect())
            }
            "GetInlinePolicyForPermissionSet" => match set.inline.as_str() {
                "" => Ok(json!({})),
                inline => Ok(json!({"InlinePolicy": inline})),
            },
            "GetPermissionsBoundaryForPermissionSet" => match &set.boundary {
                Value::Null => Err(missing("the permission set has no boundary")),
                boundary => Ok(json!({"PermissionsBoundary": boundary})),
            },
            "DeletePermissionSet" => {
                let is_in_use =
                    self.provisioned.keys().any(|(set, _)| *set == arn) || self.is_busy(&arn, None);
                if is_in_use {
                    return Err(conflict("the permission set is assigned in an account"));
                }
                self.sets.remove(&arn);
                Ok(json!({}))
            }
            operation => {
                if self.is_busy(&arn, None) {
                    return Err(conflict("a request for this permission set is in progress"));
                }
                let set = self.sets.get_mut(&arn).ok_or_else(|| missing("there is no such set"))?;
                set.change(operation, input)
            }
        }
    }

    fn create_set(&mut self, input: &Input) -> Result<Value, ServiceError> {
        let name = input.text("Name").to_owned();
        if self.sets.values().any(|set| set.name == name) {
            return Err(conflict(format!("a permission set of the name {name} exists already")));
        }
        let instance = input.text("InstanceArn").rsplit('/').next().unwrap_or_default();
        let id = Uuid::new_v4().simple().to_string();
        let id = id.get(..16).unwrap_or_default();
        let arn = format!("arn:aws:sso:::permissionSet/{instance}/ps-{id}");
        let mut set = PermissionSet { name, ..PermissionSet::default() };
        set.apply(input);
        set.add_tags(input)?;
        let shown = set.shown(&arn);
        self.sets.insert(arn, set);
        Ok(json!({"PermissionSet": shown}))
    }

    fn perform_on_tags(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        let arn = input.text("ResourceArn");
        let set = self.sets.get_mut(arn).ok_or_else(|| missing(format!("there is no {arn}")))?;
        match operation {
            "TagResource" => set.add_tags(input)?,
            "UntagResource" => {
                let removed = input.texts("TagKeys");
                set.tags.retain(|key, _| !removed.contains(key));
            }
            _ => {
                let tags = set.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
                return Ok(json!({"Tags": tags.collect::<Vec<_>>()}));
            }
        }
        Ok(json!({}))
    }

    /// The set that a request names.
    pub(super) fn set_of(&self, input: &Input) -> Result<(String, &PermissionSet), ServiceError> {
        let arn = input.text("PermissionSetArn");
        let set = self.sets.get(arn);
        let set = set.ok_or_else(|| missing(format!("the permission set {arn} does not exist")))?;
        Ok((arn.to_owned(), set))
    }
}

/// Name and path of a customer-managed policy.
fn reference(input: &Input) -> (String, String) {
    let path = input.optional_text("Path").unwrap_or("/");
    (input.text("Name").to_owned(), path.to_owned())
}

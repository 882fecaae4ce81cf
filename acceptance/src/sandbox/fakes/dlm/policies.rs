//! The policies themselves: making, reading, changing, deleting and tagging them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::checks::{check, invalid, policy_type};
use super::work::Managed;
use crate::sandbox::backend::Tagged;
use crate::sandbox::call::Call;
use crate::sandbox::fakes::input::{Input, texts};
use crate::sandbox::wire::ServiceError;

/// How many policies an account may have in a region.
const MOST_POLICIES: usize = 100;

/// How many tags a policy may have.
const MOST_TAGS: usize = 50;

/// All that the service knows.
#[derive(Debug, Default)]
pub struct State {
    /// The policies by id.
    pub policies: BTreeMap<String, Policy>,
    /// The snapshots that policies have made and may delete.
    pub managed: Vec<Managed>,
    /// The shared snapshots that an event-based policy has seen, by policy.
    pub seen: BTreeSet<(String, String)>,
    /// What has been done since it was last asked for, oldest first.
    pub done: Vec<Value>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// As GetLifecyclePolicy shows it.
    pub shape: Value,
    /// Up to when each of its schedules, by name, has been carried out.
    pub carried_out: BTreeMap<String, DateTime<Utc>>,
    /// Since when it has been as it is.
    pub since: DateTime<Utc>,
}

impl Policy {
    /// Whether it does anything.
    pub fn is_enabled(&self) -> bool {
        self.shape["State"] == "ENABLED"
    }

    /// Its details.
    pub fn details(&self) -> &Value {
        &self.shape["PolicyDetails"]
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.shape["PolicyId"].as_str().unwrap_or_default()
    }

    fn summary(&self) -> Value {
        let members = ["PolicyId", "Description", "State", "Tags", "DefaultPolicy"];
        let mut summary: Map<String, Value> =
            members.iter().map(|name| ((*name).to_owned(), self.shape[*name].clone())).collect();
        summary.insert("PolicyType".to_owned(), policy_type(self.details()).into());
        Value::Object(summary)
    }
}

impl State {
    /// Carries out an operation.
    ///
    /// # Errors
    /// The service's error.
    pub fn perform(
        &mut self,
        call: &Call,
        input: &Input,
        now: DateTime<Utc>,
    ) -> Result<Value, ServiceError> {
        match call.operation.as_str() {
            "CreateLifecyclePolicy" => self.create(call, input, now),
            "GetLifecyclePolicy" => {
                let policy = self.policy(call, input.text("PolicyId"))?;
                Ok(json!({"Policy": policy.shape}))
            }
            "GetLifecyclePolicies" => self.list(call, input),
            "UpdateLifecyclePolicy" => self.update(call, input, now),
            "DeleteLifecyclePolicy" => {
                let id = input.text("PolicyId");
                self.policy(call, id)?;
                self.policies.remove(id);
                // What it has made stays, and nobody deletes it any more.
                self.managed.retain(|managed| managed.policy != id);
                Ok(json!({}))
            }
            "TagResource" => self.tags(call, input, |tags| {
                tags.extend(input.object("Tags"));
                if tags.len() > MOST_TAGS {
                    return Err(invalid(format!("a policy can have {MOST_TAGS} tags at most")));
                }
                Ok(json!({}))
            }),
            "UntagResource" => self.tags(call, input, |tags| {
                let removed = input.texts("TagKeys");
                tags.retain(|key, _| !removed.contains(key));
                Ok(json!({}))
            }),
            "ListTagsForResource" => self.tags(call, input, |tags| Ok(json!({"Tags": tags}))),
            other => Err(ServiceError::internal(format!("DLM has no operation {other}"))),
        }
    }

    /// The tags of the policies of an account in a region.
    pub fn tagged(&self, account: &str, region: &str) -> Tagged {
        let here = |policy: &&Policy| policy.account == account && policy.region == region;
        let policies = self.policies.values().filter(here);
        policies
            .filter_map(|policy| {
                let tags = serde_json::from_value(policy.shape["Tags"].clone()).ok()?;
                Some((policy.shape["PolicyArn"].as_str()?.to_owned(), tags))
            })
            .collect()
    }

    fn create(
        &mut self,
        call: &Call,
        input: &Input,
        now: DateTime<Utc>,
    ) -> Result<Value, ServiceError> {
        if input.has("DefaultPolicy") {
            let message = "the sandbox's DLM has no default policies";
            return Err(ServiceError::new("SandboxNotImplemented", message).with_status(501));
        }
        if !input.has("PolicyDetails") {
            return Err(invalid("PolicyDetails is required for a custom policy"));
        }
        check(input.value("PolicyDetails"), &call.region)?;
        let here = |policy: &&Policy| {
            (policy.account.as_str(), policy.region.as_str()) == (call.account(), &call.region)
        };
        if self.policies.values().filter(here).count() >= MOST_POLICIES {
            let message = format!("the limit of {MOST_POLICIES} policies is reached");
            return Err(ServiceError::new("LimitExceededException", message.clone())
                .with_status(429)
                .with_member("Message", message)
                .with_member("ResourceType", "lifecycle policy"));
        }
        let id = format!("policy-0{}", &Uuid::new_v4().simple().to_string()[..16]);
        let partition = crate::sandbox::fakes::neighbours::partition(&call.region);
        let arn = format!("arn:{partition}:dlm:{}:{}:policy/{id}", call.region, call.account());
        let mut details = input.value("PolicyDetails").clone();
        details["PolicyType"] = policy_type(&details).to_owned().into();
        let shape = json!({
            "PolicyId": id,
            "PolicyArn": arn,
            "Description": input.text("Description"),
            "State": input.text("State"),
            "StatusMessage": input.text("State"),
            "ExecutionRoleArn": input.text("ExecutionRoleArn"),
            "DateCreated": written(now),
            "DateModified": written(now),
            "PolicyDetails": details,
            "Tags": input.object("Tags"),
            "DefaultPolicy": false,
        });
        let policy = Policy {
            account: call.account().to_owned(),
            region: call.region.clone(),
            shape,
            carried_out: BTreeMap::new(),
            since: now,
        };
        self.policies.insert(id.clone(), policy);
        Ok(json!({"PolicyId": id}))
    }

    fn policy(&mut self, call: &Call, id: &str) -> Result<&mut Policy, ServiceError> {
        let here = |policy: &&mut Policy| {
            (policy.account.as_str(), policy.region.as_str()) == (call.account(), &call.region)
        };
        self.policies.get_mut(id).filter(here).ok_or_else(|| missing(id))
    }

    fn list(&self, call: &Call, input: &Input) -> Result<Value, ServiceError> {
        let ids = input.texts("PolicyIds");
        let here: Vec<&Policy> = self
            .policies
            .values()
            .filter(|policy| {
                (policy.account.as_str(), policy.region.as_str()) == (call.account(), &call.region)
            })
            .collect();
        if let Some(id) = ids.iter().find(|id| !here.iter().any(|policy| policy.id() == **id)) {
            return Err(missing(id));
        }
        let any = |wanted: &[String], found: &[String]| {
            wanted.is_empty() || wanted.iter().any(|wanted| found.contains(wanted))
        };
        let chosen = here.into_iter().filter(|policy| {
            let details = policy.details();
            let schedules = details["Schedules"].as_array().map(Vec::as_slice).unwrap_or_default();
            let added: Vec<String> =
                schedules.iter().flat_map(|schedule| pairs(&schedule["TagsToAdd"])).collect();
            any(&ids, &[policy.id().to_owned()])
                && input.optional_text("State").is_none_or(|state| policy.shape["State"] == state)
                && any(&input.texts("ResourceTypes"), &texts(&details["ResourceTypes"]))
                && any(&input.texts("TargetTags"), &pairs(&details["TargetTags"]))
                && any(&input.texts("TagsToAdd"), &added)
                && !input.has("DefaultPolicyType")
        });
        let summaries: Vec<Value> = chosen.map(Policy::summary).collect();
        Ok(json!({"Policies": summaries}))
    }

    fn update(
        &mut self,
        call: &Call,
        input: &Input,
        now: DateTime<Utc>,
    ) -> Result<Value, ServiceError> {
        let policy = self.policy(call, input.text("PolicyId"))?;
        if input.has("PolicyDetails") {
            let mut details = input.value("PolicyDetails").clone();
            let current = policy_type(policy.details()).to_owned();
            if details["PolicyType"].as_str().is_some_and(|wanted| wanted != current) {
                return Err(invalid("the PolicyType of a policy cannot be changed"));
            }
            details["PolicyType"] = current.into();
            let before = &policy.details()["ResourceTypes"];
            if !details["ResourceTypes"].is_null() && details["ResourceTypes"] != *before {
                return Err(invalid("the ResourceTypes of a policy cannot be changed"));
            }
            if details["ResourceTypes"].is_null() && !before.is_null() {
                details["ResourceTypes"] = before.clone();
            }
            check(&details, &call.region)?;
            policy.shape["PolicyDetails"] = details;
        }
        for name in ["ExecutionRoleArn", "Description"] {
            if input.has(name) {
                policy.shape[name] = input.value(name).clone();
            }
        }
        if let Some(state) = input.optional_text("State") {
            if policy.shape["State"] != state {
                // What was due while it was disabled is not made up for.
                policy.carried_out.clear();
                policy.since = now;
            }
            policy.shape["State"] = state.into();
            policy.shape["StatusMessage"] = state.into();
        }
        policy.shape["DateModified"] = written(now).into();
        let schedules = policy.details()["Schedules"].as_array().cloned().unwrap_or_default();
        for schedule in schedules {
            let name = schedule["Name"].as_str().unwrap_or_default().to_owned();
            policy.carried_out.entry(name).or_insert(now);
        }
        Ok(json!({}))
    }

    fn tags(
        &mut self,
        call: &Call,
        input: &Input,
        change: impl FnOnce(&mut Map<String, Value>) -> Result<Value, ServiceError>,
    ) -> Result<Value, ServiceError> {
        let arn = input.text("ResourceArn");
        let id = arn.rsplit('/').next().unwrap_or_default();
        let policy = self.policy(call, id)?;
        if policy.shape["PolicyArn"] != arn {
            return Err(missing(id));
        }
        match &mut policy.shape["Tags"] {
            Value::Object(tags) => change(tags),
            _ => Err(ServiceError::internal("a policy without tags")),
        }
    }
}

/// Tags as `key=value`.
fn pairs(tags: &Value) -> Vec<String> {
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    tags.iter().map(|tag| format!("{}={}", text(&tag["Key"]), text(&tag["Value"]))).collect()
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn missing(id: &str) -> ServiceError {
    let message = format!("Policy {id} does not exist");
    ServiceError::new("ResourceNotFoundException", message.clone())
        .with_status(404)
        .with_member("Message", message)
        .with_member("ResourceType", "lifecycle policy")
        .with_member("ResourceIds", vec![Value::from(id)])
}

//! Firewall policies.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    State, Tags, add_tags, check_token, encryption, held, invalid, missing, name_in, new_token,
    paged, shown_tags, unknown,
};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// The capacity that the groups of a kind can have together.
const MOST_CAPACITY: i64 = 30_000;
const ENDS: [&str; 3] = ["aws:pass", "aws:drop", "aws:forward_to_sfe"];

/// A firewall policy.
#[derive(Debug)]
pub(super) struct Policy {
    pub tags: Tags,
    content: Value,
    id: String,
    token: String,
    description: Option<String>,
    encryption: Value,
}

impl Policy {
    pub fn refers_to(&self, arn: &str) -> bool {
        references(&self.content).any(|(_, reference)| reference["ResourceArn"] == arn)
    }

    fn shown(&self, arn: &str, users: usize) -> Value {
        let mut shown = json!({
            "FirewallPolicyArn": arn,
            "FirewallPolicyName": name_in(arn),
            "FirewallPolicyId": self.id,
            "Description": self.description,
            "FirewallPolicyStatus": "ACTIVE",
            "NumberOfAssociations": users,
            "EncryptionConfiguration": self.encryption,
        });
        if !self.tags.is_empty() {
            shown["Tags"] = shown_tags(&self.tags).into();
        }
        shown
    }
}

/// The references to rule groups: whether they are stateful, and what they say.
fn references(content: &Value) -> impl Iterator<Item = (bool, &Value)> {
    let kinds = [(true, "StatefulRuleGroupReferences"), (false, "StatelessRuleGroupReferences")];
    kinds.into_iter().flat_map(move |(stateful, name)| {
        content[name].as_array().into_iter().flatten().map(move |it| (stateful, it))
    })
}

fn order_of(content: &Value) -> &str {
    content["StatefulEngineOptions"]["RuleOrder"].as_str().unwrap_or("DEFAULT_ACTION_ORDER")
}

impl State {
    /// Refuses what cannot be a policy: references to nothing, twice the same priority, an order that is not the
    /// groups', actions that do not go together.
    fn check_policy(&self, content: &Value) -> Result<(), ServiceError> {
        let is_strict = order_of(content) == "STRICT_ORDER";
        let mut priorities = BTreeSet::new();
        let (mut stateful_capacity, mut stateless_capacity) = (0, 0);
        for (stateful, reference) in references(content) {
            let arn = reference["ResourceArn"].as_str().unwrap_or_default();
            let is_managed = arn.contains(":aws-managed:");
            let group = self.groups.get(arn);
            if group.is_none() && !is_managed {
                return Err(invalid(format!("the rule group {arn} does not exist")));
            }
            if let Some(group) = group {
                if stateful && group.order != order_of(content) {
                    return Err(invalid("the rule order of the policy is not that of the group"));
                }
                let sum = match stateful {
                    true => &mut stateful_capacity,
                    false => &mut stateless_capacity,
                };
                *sum += group.capacity;
            }
            let priority = reference["Priority"].as_i64();
            if stateful && priority.is_some() != is_strict {
                return Err(invalid(
                    "rule groups have priorities in strict order, and there alone",
                ));
            }
            if priority.is_some_and(|it| !priorities.insert((stateful, it))) {
                return Err(invalid("two rule groups have the same priority"));
            }
        }
        if stateful_capacity.max(stateless_capacity) > MOST_CAPACITY {
            let message = "the rule groups have more capacity than a policy can have";
            return Err(ServiceError::new("LimitExceededException", message));
        }
        let list = |name: &str| content[name].as_array().cloned().unwrap_or_default();
        if !is_strict && !list("StatefulDefaultActions").is_empty() {
            return Err(invalid("default actions are for strict order"));
        }
        for name in ["StatelessDefaultActions", "StatelessFragmentDefaultActions"] {
            let actions = list(name);
            let ends = actions.iter().filter_map(Value::as_str).filter(|it| ENDS.contains(it));
            if ends.count() != 1 {
                return Err(invalid(format!("{name} must have exactly one standard action")));
            }
        }
        Ok(())
    }

    pub(super) fn perform_on_policy(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        let arn = self.arn(input, "FirewallPolicy", "firewall-policy");
        let users = self.firewalls.values().filter(|it| it.policy == arn).count();
        match operation {
            "CreateFirewallPolicy" => self.create_policy(input, arn),
            "ListFirewallPolicies" => {
                let shown =
                    self.policies.keys().map(|arn| json!({"Name": name_in(arn), "Arn": arn}));
                paged(input, "FirewallPolicies", shown.collect())
            }
            "DescribeFirewallPolicy" => {
                let policy = self.policies.get(&arn).ok_or_else(|| missing(&arn))?;
                Ok(json!({
                    "UpdateToken": policy.token,
                    "FirewallPolicyResponse": policy.shown(&arn, users),
                    "FirewallPolicy": policy.content,
                }))
            }
            "UpdateFirewallPolicy" => {
                let content = input.value("FirewallPolicy").clone();
                let policy = self.policies.get(&arn).ok_or_else(|| missing(&arn))?;
                check_token(input, &policy.token)?;
                self.check_policy(&content)?;
                if order_of(&policy.content) != order_of(&content) {
                    return Err(invalid("the rule order of a policy can't be changed"));
                }
                let inspects = |it: &Value| it["TLSInspectionConfigurationArn"].is_string();
                if inspects(&policy.content) != inspects(&content) {
                    return Err(invalid("TLS inspection can't be added to a policy or removed"));
                }
                let policy = self.policies.get_mut(&arn).ok_or_else(|| missing(&arn))?;
                policy.content = content;
                policy.description = input.optional_text("Description").map(str::to_owned);
                policy.encryption = encryption(input);
                policy.token = new_token();
                let shown = json!({
                    "UpdateToken": policy.token,
                    "FirewallPolicyResponse": policy.shown(&arn, users),
                });
                self.resync();
                Ok(shown)
            }
            "DeleteFirewallPolicy" => {
                if users > 0 {
                    return Err(held("the firewall policy is in use by a firewall"));
                }
                let policy = self.policies.remove(&arn).ok_or_else(|| missing(&arn))?;
                let mut shown = policy.shown(&arn, users);
                shown["FirewallPolicyStatus"] = "DELETING".into();
                Ok(json!({"FirewallPolicyResponse": shown}))
            }
            other => Err(unknown(other)),
        }
    }

    fn create_policy(&mut self, input: &Input, arn: String) -> Result<Value, ServiceError> {
        if self.policies.contains_key(&arn) {
            return Err(invalid("A resource with the specified name already exists"));
        }
        let content = input.value("FirewallPolicy").clone();
        self.check_policy(&content)?;
        let mut policy = Policy {
            tags: Tags::new(),
            content,
            id: Uuid::new_v4().to_string(),
            token: new_token(),
            description: input.optional_text("Description").map(str::to_owned),
            encryption: encryption(input),
        };
        add_tags(&mut policy.tags, input)?;
        let shown =
            json!({"UpdateToken": policy.token, "FirewallPolicyResponse": policy.shown(&arn, 0)});
        self.policies.insert(arn, policy);
        Ok(shown)
    }
}

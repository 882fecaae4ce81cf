//! Rule groups.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    State, Tags, add_tags, check_token, encryption, held, invalid, missing, name_in, new_token,
    paged, shown_tags, unknown,
};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// The capacity that a group can have.
const MOST_CAPACITY: i64 = 30_000;
/// How many groups of a kind an account can have in a region.
const MOST_GROUPS: usize = 50;

/// A rule group.
#[derive(Debug)]
pub(super) struct RuleGroup {
    pub tags: Tags,
    pub capacity: i64,
    /// `STRICT_ORDER` or `DEFAULT_ACTION_ORDER`.
    pub order: String,
    kind: String,
    id: String,
    token: String,
    content: Value,
    description: Option<String>,
    encryption: Value,
}

impl RuleGroup {
    fn shown(&self, arn: &str, users: usize) -> Value {
        let mut shown = json!({
            "RuleGroupArn": arn,
            "RuleGroupName": name_in(arn),
            "RuleGroupId": self.id,
            "Description": self.description,
            "Type": self.kind,
            "Capacity": self.capacity,
            "ConsumedCapacity": consumed(&self.content),
            "RuleGroupStatus": "ACTIVE",
            "NumberOfAssociations": users,
            "EncryptionConfiguration": self.encryption,
        });
        if !self.tags.is_empty() {
            shown["Tags"] = shown_tags(&self.tags).into();
        }
        shown
    }

    fn say(&mut self, input: &Input) -> Result<(), ServiceError> {
        let content = content(input)?;
        if consumed(&content) > self.capacity {
            return Err(invalid("the rules exceed the capacity of the rule group"));
        }
        let order = order_of(&content);
        if !self.content.is_null() && order != self.order {
            return Err(invalid("the rule order of a rule group can't be changed"));
        }
        self.order = order;
        self.content = content;
        self.description = input.optional_text("Description").map(str::to_owned);
        self.encryption = encryption(input);
        self.token = new_token();
        Ok(())
    }
}

fn order_of(content: &Value) -> String {
    let order = content["StatefulRuleOptions"]["RuleOrder"].as_str();
    order.unwrap_or("DEFAULT_ACTION_ORDER").to_owned()
}

fn content(input: &Input) -> Result<Value, ServiceError> {
    if input.has("RuleGroup") == input.has("Rules") {
        return Err(invalid("a rule group is given by either RuleGroup or Rules"));
    }
    if let Some(rules) = input.optional_text("Rules") {
        return Ok(json!({"RulesSource": {"RulesString": rules}}));
    }
    let content = input.value("RuleGroup").clone();
    let ways = content["RulesSource"].as_object().map_or(0, serde_json::Map::len);
    if ways != 1 {
        return Err(invalid("a rule group has exactly one source of rules"));
    }
    Ok(content)
}

fn consumed(content: &Value) -> i64 {
    let source = &content["RulesSource"];
    let length = |list: &Value| list.as_array().map_or(0, Vec::len);
    let is_rule = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let text = source["RulesString"].as_str().unwrap_or_default();
    let mut count = text.lines().filter(is_rule).count()
        + length(&source["RulesSourceList"]["Targets"])
        + length(&source["StatefulRules"]);
    let stateless = source["StatelessRulesAndCustomActions"]["StatelessRules"].as_array();
    for rule in stateless.into_iter().flatten() {
        let matches = rule["RuleDefinition"]["MatchAttributes"].as_object();
        let sizes = matches.into_iter().flatten().map(|(_, values)| length(values).max(1));
        count += sizes.product::<usize>();
    }
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl State {
    pub(super) fn perform_on_group(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        let kind = match input.text("Type") {
            "STATELESS" => "stateless-rulegroup",
            _ => "stateful-rulegroup",
        };
        let arn = self.arn(input, "RuleGroup", kind);
        let users = self.policies.values().filter(|policy| policy.refers_to(&arn)).count();
        match operation {
            "CreateRuleGroup" => self.create_group(input, arn),
            "ListRuleGroups" => {
                let wanted = input.optional_text("Type");
                let groups = self.groups.iter();
                let groups = groups.filter(|(_, it)| wanted.is_none_or(|kind| kind == it.kind));
                let shown = groups.map(|(arn, _)| json!({"Name": name_in(arn), "Arn": arn}));
                let shown = match input.optional_text("Scope") {
                    Some("MANAGED") => Vec::new(),
                    _ => shown.collect(),
                };
                paged(input, "RuleGroups", shown)
            }
            "DescribeRuleGroup" => {
                let group = self.groups.get(&arn).ok_or_else(|| missing(&arn))?;
                Ok(json!({
                    "UpdateToken": group.token,
                    "RuleGroup": group.content,
                    "RuleGroupResponse": group.shown(&arn, users),
                }))
            }
            "UpdateRuleGroup" => {
                let group = self.groups.get_mut(&arn).ok_or_else(|| missing(&arn))?;
                check_token(input, &group.token)?;
                group.say(input)?;
                let shown = group.shown(&arn, users);
                let token = group.token.clone();
                self.resync();
                Ok(json!({"UpdateToken": token, "RuleGroupResponse": shown}))
            }
            "DeleteRuleGroup" => {
                if !self.groups.contains_key(&arn) {
                    return Err(missing(&arn));
                }
                if users > 0 {
                    return Err(held(
                        "Unable to fulfill request because the following related object(s) are in use: the rule group is in use by a firewall policy",
                    ));
                }
                let group = self.groups.remove(&arn).ok_or_else(|| missing(&arn))?;
                let mut shown = group.shown(&arn, users);
                shown["RuleGroupStatus"] = "DELETING".into();
                Ok(json!({"RuleGroupResponse": shown}))
            }
            other => Err(unknown(other)),
        }
    }

    fn create_group(&mut self, input: &Input, arn: String) -> Result<Value, ServiceError> {
        if self.groups.contains_key(&arn) {
            return Err(invalid("A resource with the specified name already exists"));
        }
        let kind = input.text("Type").to_owned();
        if self.groups.values().filter(|it| it.kind == kind).count() >= MOST_GROUPS {
            let message = "the account has as many rule groups as it can have";
            return Err(ServiceError::new("LimitExceededException", message));
        }
        let capacity = input.number("Capacity").unwrap_or_default();
        if !(1..=MOST_CAPACITY).contains(&capacity) {
            return Err(invalid(format!("the capacity must be from 1 to {MOST_CAPACITY}")));
        }
        let mut group = RuleGroup {
            tags: Tags::new(),
            capacity,
            order: String::new(),
            kind,
            id: Uuid::new_v4().to_string(),
            token: String::new(),
            content: Value::Null,
            description: None,
            encryption: Value::Null,
        };
        group.say(input)?;
        add_tags(&mut group.tags, input)?;
        let shown = json!({"UpdateToken": group.token, "RuleGroupResponse": group.shown(&arn, 0)});
        self.groups.insert(arn, group);
        Ok(shown)
    }
}

//! Rules: what they judge by is kept, but nothing is judged.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::tags::Tags;
use super::{Place, listed};
use crate::sandbox::fakes::input::{Input, page};
use crate::sandbox::fakes::neighbours::partition;
use crate::sandbox::wire::ServiceError;

/// How many rules a page has.
const PAGE: usize = 25;
/// How many rules an account can have in a region.
const MOST: usize = 1000;
/// How many times a rule that is being removed is still seen.
const LOOKS: u32 = 2;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Tags,
    id: String,
    said: Value,
    /// How many more times it is seen, where it is being removed.
    looks: Option<u32>,
}

/// Rules by name.
pub type Rules = BTreeMap<String, Rule>;

/// Makes a rule, or changes the one of its name.
///
/// # Errors
/// What the service refuses.
pub fn put(rules: &mut Rules, place: &Place, input: &Input) -> Result<Value, ServiceError> {
    let mut said = input.value("ConfigRule").clone();
    check(&said)?;
    if said["EvaluationModes"].as_array().is_none_or(Vec::is_empty) {
        said["EvaluationModes"] = json!([{"Mode": "DETECTIVE"}]);
    }
    let name = said["ConfigRuleName"].as_str().unwrap_or_default().to_owned();
    if let Some(there) = rules.get_mut(&name) {
        if there.looks.is_some() {
            return Err(in_use(&name));
        }
        // Tags of a rule that is there already are not looked at.
        there.said = said;
        return Ok(json!({}));
    }
    if rules.len() >= MOST {
        let message =
            "Failed to put config rule because the maximum number of config rules is reached.";
        return Err(ServiceError::new("MaxNumberOfConfigRulesExceededException", message));
    }
    let (account, region) = place;
    let id = Uuid::new_v4().simple().to_string();
    let id = format!("config-rule-{}", id.get(..6).unwrap_or(&id));
    let arn = format!("arn:{}:config:{region}:{account}:config-rule/{id}", partition(region));
    let tags = Tags::of(input.value("Tags"))?;
    rules.insert(name, Rule { arn, tags, id, said, looks: None });
    Ok(json!({}))
}

/// Shows rules, those that are on their way out included.
///
/// # Errors
/// Where one that is asked for by name is not there.
pub fn describe(rules: &mut Rules, input: &Input) -> Result<Value, ServiceError> {
    let names = input.texts("ConfigRuleNames");
    if let Some(name) = names.iter().find(|name| !rules.contains_key(*name)) {
        return Err(missing(name));
    }
    let asked = rules.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let all: Vec<Value> = asked.map(|(_, rule)| rule.shown()).collect();
    for rule in rules.values_mut() {
        rule.looks = rule.looks.map(|looks| looks.saturating_sub(1));
    }
    rules.retain(|_, rule| rule.looks != Some(0));
    let (items, next) = page(all, input.optional_text("NextToken"), PAGE)
        .map_err(|problem| ServiceError::new("InvalidNextTokenException", problem))?;
    let mut shown = listed("ConfigRules", items);
    if let Some(next) = next {
        shown["NextToken"] = next.into();
    }
    Ok(shown)
}

/// Shows the policy that a rule judges by.
///
/// # Errors
/// Where there is none.
pub fn policy(rules: &Rules, input: &Input) -> Result<Value, ServiceError> {
    let name = input.text("ConfigRuleName");
    let text = rules.get(name).map(|it| &it.said["Source"]["CustomPolicyDetails"]["PolicyText"]);
    match text.filter(|text| text.is_string()) {
        Some(text) => Ok(json!({ "PolicyText": text })),
        None => Err(missing(name)),
    }
}

/// Begins to remove a rule.
///
/// # Errors
/// Where it is not there, or on its way out.
pub fn delete(rules: &mut Rules, input: &Input) -> Result<Value, ServiceError> {
    let name = input.text("ConfigRuleName");
    let rule = rules.get_mut(name).ok_or_else(|| missing(name))?;
    match rule.looks.replace(LOOKS) {
        None => Ok(json!({})),
        Some(looks) => {
            // A caller that only tries again gets there, too.
            rule.looks = Some(looks.saturating_sub(1));
            if rule.looks == Some(0) {
                rules.remove(name);
            }
            Err(in_use(name))
        }
    }
}

impl Rule {
    /// Whether it is being removed.
    pub fn is_leaving(&self) -> bool {
        self.looks.is_some()
    }

    fn shown(&self) -> Value {
        let mut shown = self.said.clone();
        shown["ConfigRuleArn"] = self.arn.as_str().into();
        shown["ConfigRuleId"] = self.id.as_str().into();
        shown["ConfigRuleState"] = self.looks.map_or("ACTIVE", |_| "DELETING").into();
        // Only GetCustomRulePolicy tells the text.
        if shown["Source"]["CustomPolicyDetails"].is_object() {
            shown["Source"]["CustomPolicyDetails"]["PolicyText"] = "".into();
        }
        shown
    }
}

/// Refuses what does not go together.
fn check(rule: &Value) -> Result<(), ServiceError> {
    let refuse = |message: &str| Err(ServiceError::new("InvalidParameterValueException", message));
    let source = &rule["Source"];
    let has_identifier = source["SourceIdentifier"].as_str().is_some_and(|it| !it.is_empty());
    let has_details = source["SourceDetails"].as_array().is_some_and(|all| !all.is_empty());
    match source["Owner"].as_str().unwrap_or_default() {
        "AWS" if !has_identifier || has_details => {
            return refuse("A managed rule has an identifier and no source details.");
        }
        "CUSTOM_LAMBDA" if !has_identifier || !has_details => {
            return refuse("A custom rule has the ARN of a function and source details.");
        }
        "CUSTOM_POLICY" if has_identifier || !source["CustomPolicyDetails"].is_object() => {
            return refuse("A custom policy rule has a policy and no identifier.");
        }
        _ => {}
    }
    if source["Owner"] != "AWS" && rule["MaximumExecutionFrequency"].is_string() {
        return refuse(
            "MaximumExecutionFrequency is of managed rules; custom ones have it in SourceDetails.",
        );
    }
    if let Some(parameters) = rule["InputParameters"].as_str()
        && serde_json::from_str::<serde_json::Map<String, Value>>(parameters).is_err()
    {
        return refuse("InputParameters is not a JSON object.");
    }
    let scope = &rule["Scope"];
    let types = scope["ComplianceResourceTypes"].as_array().map_or(0, Vec::len);
    if scope["ComplianceResourceId"].is_string() && types != 1
        || scope["TagValue"].is_string() && !scope["TagKey"].is_string()
        || scope["TagKey"].is_string() && types > 0
    {
        return refuse("The scope is of types, of one resource of one type, or of a tag.");
    }
    Ok(())
}

fn missing(name: &str) -> ServiceError {
    let message = format!(
        "The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name"
    );
    ServiceError::new("NoSuchConfigRuleException", message)
}

fn in_use(name: &str) -> ServiceError {
    let message =
        format!("The rule {name} is currently being deleted. Please retry after some time.");
    ServiceError::new("ResourceInUseException", message)
}

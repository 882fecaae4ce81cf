//! What a plan can say of a rule, and what an import id means.

use std::collections::BTreeSet;

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::{ConfigRule, RuleScope};
use crate::foundation::config::{each, is_type};
use crate::partition::{Arn, is_region};

/// What a rule can judge by.
const SOURCES: [&str; 3] = ["managed", "function_arn", "policy"];
/// The message that makes a rule judge by time.
pub const SCHEDULED: &str = "ScheduledNotification";
/// How often a rule judges where nothing is said.
pub const DAILY: &str = "TwentyFour_Hours";
/// The messages that a rule judges by where nothing is said: what changes, however large it is.
const CHANGES: [&str; 2] =
    ["ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"];
/// How many characters parameters can have as JSON.
const MOST_PARAMETERS: usize = 1024;

/// Fills in what follows from other attributes, and says when a rule is another one.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    if plan.config.get("message_types").is_null() {
        let types = match plan.config.get("managed").is_null() {
            true => Value::set(CHANGES.map(Value::from)),
            false => Value::Null,
        };
        plan.set("message_types", types);
    }
    if plan.config.get("evaluation_modes").is_null() {
        plan.set("evaluation_modes", Value::set([Value::from("DETECTIVE")]));
    }
    if plan.is_update() {
        for name in SOURCES {
            if plan.prior.get(name).is_null() && !plan.planned.get(name).is_null() {
                plan.replace(Path::attribute(name));
            }
        }
    }
}

/// Refuses what does not go together, as far as it is known.
pub fn check(plan: &mut Plan<'_>) {
    let given = SOURCES.map(|name| plan.config.get(name).clone());
    // What is not known yet may turn out to be nothing.
    let certain = given.iter().filter(|it| !it.is_null() && !it.is_unknown()).count();
    let detail = "A rule judges by one of managed, function_arn and policy.";
    if certain > 1 {
        plan.refuse("managed", "a rule of several kinds", detail);
    } else if given.iter().all(Value::is_null) {
        plan.refuse("managed", "a rule of no kind", detail);
    }
    let is_managed = !given[0].is_null() && !given[0].is_unknown();
    let is_given = |plan: &Plan<'_>, name: &str| !plan.config.get(name).is_null();
    if is_managed && is_given(plan, "message_types") {
        let detail = "A rule that AWS manages knows what makes it judge. Leave it out.";
        plan.refuse("message_types", "messages of a managed rule", detail);
    }
    let types = match is_given(plan, "message_types") {
        true => plan.known::<BTreeSet<String>>("message_types"),
        false => Some(BTreeSet::new()),
    };
    let is_custom = given[0].is_null();
    if is_custom
        && is_given(plan, "frequency")
        && types.is_some_and(|types| !types.contains(SCHEDULED))
    {
        let detail = format!(
            "It judges by changes alone. Add {SCHEDULED} to message_types, or leave it out."
        );
        plan.refuse("frequency", "a frequency of a rule that does not judge by time", detail);
    }
    check_scope(plan);
}

fn check_scope(plan: &mut Plan<'_>) {
    let Some(scope) = plan.known::<RuleScope>("scope") else { return };
    let mut refuse = |name: &str, summary: &str, detail: &str| {
        plan.refuse_at(Path::attribute("scope").field(name), summary, detail);
    };
    let types = scope.resource_types.as_ref().map_or(0, BTreeSet::len);
    if scope == RuleScope::default() {
        let detail =
            "Write resource_types, resource_id or tag_key; leave scope out for all resources.";
        refuse("resource_types", "a scope says something", detail);
    }
    if scope.resource_id.is_some() && types != 1 {
        let detail = "Say of which one type the resource is, in resource_types.";
        refuse("resource_id", "a resource of no certain type", detail);
    }
    if scope.tag_value.is_some() && scope.tag_key.is_none() {
        refuse("tag_value", "a value of no tag", "Say of which tag, in tag_key.");
    }
    if scope.tag_key.is_some() && types > 0 {
        let detail =
            "A rule judges either resources of types, or those with a tag. Make two rules of it.";
        refuse("tag_key", "a scope of two kinds", detail);
    }
}

/// The rule of a function.
pub fn is_function(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| arn.service == "lambda" && arn.resource.starts_with("function:");
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of a Lambda function".to_owned()),
    }
}

/// The rule of messages.
pub fn are_message_types(value: &Value) -> Result<(), String> {
    let known = [CHANGES[0], CHANGES[1], "ConfigurationSnapshotDeliveryCompleted", SCHEDULED];
    each(value, |text| known.contains(&text), &format!("of {}", known.join(", ")))
}

/// The rule of modes.
pub fn are_modes(value: &Value) -> Result<(), String> {
    each(value, |text| ["DETECTIVE", "PROACTIVE"].contains(&text), "of DETECTIVE, PROACTIVE")
}

/// The rule of types of resources.
pub fn are_types(value: &Value) -> Result<(), String> {
    each(value, is_type, "types of resources such as AWS::EC2::Instance")
}

/// The rule of parameters.
pub fn are_parameters(value: &Value) -> Result<(), String> {
    let entries = value.entries().into_iter().flatten();
    let known = entries.map(|(name, value)| Some((name.clone(), value.as_str()?)));
    let Some(known) = known.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let length = serde_json::Value::from_iter(known).to_string().chars().count();
    match length <= MOST_PARAMETERS {
        true => Ok(()),
        false => Err(format!("at most {MOST_PARAMETERS} characters as JSON, and this is {length}")),
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<ConfigRule, Diagnostic> {
    let (region, name) = match id.split_once('/') {
        Some((region, name)) if is_region(region) => (Some(region.to_owned()), name),
        _ => (None, id),
    };
    if name.trim().is_empty() || name.chars().count() > 128 || name.starts_with("arn:") {
        return Err(Diagnostic::error(
            format!("{id:?} names no rule"),
            "A rule is imported by its name, or by REGION/NAME, as in eu-central-1/encrypted-volumes.",
        ));
    }
    let mut state = ConfigRule { name: name.to_owned(), ..ConfigRule::default() };
    state.placement.region = region;
    Ok(state)
}

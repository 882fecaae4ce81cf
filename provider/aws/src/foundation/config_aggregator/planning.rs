//! What a plan can say of an aggregator, and what an import id means.

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::ConfigAggregator;
use crate::foundation::config::{each, is_type};
use crate::partition::{Arn, is_account_id, is_region};

/// What an aggregator can gather from.
const SOURCES: [&str; 2] = ["account_ids", "organization_role_arn"];

/// Says when an aggregator is another one.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
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
    let detail = "It gathers either from chosen accounts (account_ids), or from all of the organization \
                  (organization_role_arn).";
    // What is not known yet may turn out to be nothing.
    if given.iter().all(|it| !it.is_null() && !it.is_unknown()) {
        plan.refuse("organization_role_arn", "an aggregator of two kinds", detail);
    } else if given.iter().all(Value::is_null) {
        plan.refuse("account_ids", "an aggregator of nothing", detail);
    }
}

/// The rule of accounts.
pub fn are_accounts(value: &Value) -> Result<(), String> {
    each(value, is_account_id, "ids of accounts, of twelve digits")
}

/// The rule of regions.
pub fn are_regions(value: &Value) -> Result<(), String> {
    each(value, is_region, "regions such as eu-central-1")
}

/// The rule of types of resources.
pub fn are_types(value: &Value) -> Result<(), String> {
    each(value, is_type, "types of resources such as AWS::EC2::Instance")
}

/// The rule of a role.
pub fn is_role(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| arn.service == "iam" && arn.resource.starts_with("role/");
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of a role".to_owned()),
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<ConfigAggregator, Diagnostic> {
    let (region, name) = match id.split_once('/') {
        Some((region, name)) if is_region(region) => (Some(region.to_owned()), name),
        _ => (None, id),
    };
    let is_name = |it: u8| it.is_ascii_alphanumeric() || b"_-".contains(&it);
    if !(1..=256).contains(&name.len()) || !name.bytes().all(is_name) {
        return Err(Diagnostic::error(
            format!("{id:?} names no aggregator"),
            "An aggregator is imported by its name, or by REGION/NAME, as in eu-central-1/organization.",
        ));
    }
    let mut state = ConfigAggregator { name: name.to_owned(), ..ConfigAggregator::default() };
    state.placement.region = region;
    Ok(state)
}

//! What a plan can say of a recorder, and what an import id means.

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::ConfigRecorder;
use crate::foundation::config::{each, is_type};
use crate::partition::{Arn, Partition, is_region};

/// The service's own role.
pub const OWN_ROLE: &str = "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

/// Refuses what does not go together.
pub fn check(plan: &mut Plan<'_>) {
    let is_said = |plan: &Plan<'_>, name: &str| !plan.planned.get(name).is_null();
    if is_said(plan, "resource_types") && is_said(plan, "excluded_resource_types") {
        let detail = "A recorder either records chosen types, or all but some. Leave one out.";
        plan.refuse("excluded_resource_types", "types chosen in two ways", detail);
    }
    if plan.planned.get("global_resource_types").as_bool() == Some(false)
        && (is_said(plan, "resource_types") || is_said(plan, "excluded_resource_types"))
    {
        let detail = "It counts only where all types are recorded. Leave it out, and name the types \
                      of IAM among the others, or not.";
        plan.refuse("global_resource_types", "types are chosen already", detail);
    }
}

/// Fills in what follows from other attributes.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    if plan.config.get("role_arn").is_null() {
        let place = plan.known::<String>("region").zip(plan.known::<String>("account_id"));
        let role = place
            .map(|(region, account)| Partition::of_region(&region).iam_arn(&account, OWN_ROLE));
        plan.set_known("role_arn", role.as_ref());
    }
}

/// The rule of types of resources.
pub fn are_types(value: &Value) -> Result<(), String> {
    each(value, is_type, "types of resources such as AWS::EC2::Instance")
}

/// The rule of a role.
pub fn is_role(value: &Value) -> Result<(), String> {
    is_arn(value, "iam", "role/", "the ARN of a role")
}

/// The rule of a key.
pub fn is_key(value: &Value) -> Result<(), String> {
    is_arn(value, "kms", "key/", "the ARN of a key")
}

/// The rule of a topic.
pub fn is_topic(value: &Value) -> Result<(), String> {
    is_arn(value, "sns", "", "the ARN of a topic")
}

fn is_arn(value: &Value, service: &str, kind: &str, meaning: &str) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| arn.service == service && arn.resource.starts_with(kind);
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err(meaning.to_owned()),
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<ConfigRecorder, Diagnostic> {
    let (region, name) = match id.split_once('/') {
        Some((region, name)) if is_region(region) => (Some(region.to_owned()), name),
        _ => (None, id),
    };
    if name.is_empty() || name.len() > 256 || name.contains([':', '/']) {
        return Err(Diagnostic::error(
            format!("{id:?} names no recorder"),
            "A recorder is imported by its name, which is mostly default, or by REGION/NAME, as in \
             eu-central-1/default.",
        ));
    }
    let mut state = ConfigRecorder { name: name.to_owned(), ..ConfigRecorder::default() };
    state.placement.region = region;
    Ok(state)
}

//! What a plan can say of a permission set: what follows from other attributes, the quotas of Identity
//! Center, and what an import id means.
//!
//! Source: IAM Identity Center user guide, quotas; ISO 8601 for durations.

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::PermissionSet;
use crate::partition::{Arn, Partition};
use crate::policy;

/// How many managed policies, of AWS and of customers, a set can have.
const MOST_POLICIES: usize = 20;
/// How many characters an inline policy can have that are no white space.
const LONGEST_INLINE: usize = 10_240;

/// The rule of a policy of AWS.
pub fn is_policy_of_aws(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| {
        arn.service == "iam" && arn.account_id == "aws" && arn.resource.starts_with("policy/")
    };
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of a policy of AWS, as in arn:aws:iam::aws:policy/ReadOnlyAccess; \
                      one of the accounts' own is named as a customer-managed policy"
            .to_owned()),
    }
}

/// The same for a set of them.
pub fn are_policies_of_aws(value: &Value) -> Result<(), String> {
    value.elements().into_iter().flatten().try_for_each(is_policy_of_aws)
}

/// The rule of an inline policy.
pub fn is_inline_policy(value: &Value) -> Result<(), String> {
    policy::is_document(value)?;
    let length = value
        .as_str()
        .map_or(0, |text| minified(text).chars().filter(|it| !it.is_whitespace()).count());
    if length > LONGEST_INLINE {
        return Err(format!(
            "a policy of at most {LONGEST_INLINE} characters that are no white space (this one has \
             {length}); more fits into customer-managed policies"
        ));
    }
    Ok(())
}

/// A document without white space between its parts.
pub fn minified(text: &str) -> String {
    let document = serde_json::from_str::<serde_json::Value>(text);
    document.map_or_else(|_| text.to_owned(), |document| document.to_string())
}

/// Minutes as the service writes them, as in `PT1H30M`.
pub fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("PT{minutes}M"),
        (hours, 0) => format!("PT{hours}H"),
        (hours, minutes) => format!("PT{hours}H{minutes}M"),
    }
}

/// The minutes of a duration of ISO 8601, the last of them begun at least; none of one that it does
/// not read.
pub fn minutes(text: &str) -> u32 {
    let mut seconds: u32 = 0;
    let mut digits = String::new();
    for letter in text.trim_start_matches('P').chars() {
        let unit = match letter {
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            'T' => continue,
            digit => {
                digits.push(digit);
                continue;
            }
        };
        let count: u32 = std::mem::take(&mut digits).parse().unwrap_or_default();
        seconds = seconds.saturating_add(count.saturating_mul(unit));
    }
    seconds.div_ceil(60)
}

/// Refuses what the service would refuse, as far as it is known.
pub fn check(plan: &mut Plan<'_>) {
    let length = |name: &str| plan.planned.get(name).elements().map_or(0, <[Value]>::len);
    let count = length("managed_policies") + length("customer_managed_policies");
    if count > MOST_POLICIES {
        let detail = format!(
            "There are {count} managed policies, those of AWS and the accounts' own together. A \
             permission set can have {MOST_POLICIES}. Merge some, or write them as inline_policy."
        );
        plan.refuse("managed_policies", "too many policies", detail);
    }
    let boundary = plan.planned.get("permissions_boundary").clone();
    if boundary.is_null() || boundary.is_unknown() {
        return;
    }
    let ways = ["managed_policy", "customer_managed_policy"];
    let given = ways.iter().filter(|name| !boundary.get(name).is_null()).count();
    if given != 1 {
        let path = Path::attribute("permissions_boundary");
        let detail = format!("Write either {} or {}.", ways[0], ways[1]);
        plan.refuse_at(path, "the boundary must be one policy", detail);
    }
}

/// Fills in what follows from other attributes, and refuses what the service would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    check_partition(plan);
    if plan.config.get("description").is_null() {
        let name = plan.planned.get("name").clone();
        plan.set("description", name);
    }
    plan.set("provisioned", true.into());
    if plan.is_replacement() {
        plan.set("arn", Value::unknown());
    }
}

/// The policies of AWS are written with the partition.
fn check_partition(plan: &mut Plan<'_>) {
    let Some(region) = plan.known::<String>("region") else { return };
    let partition = Partition::of_region(&region);
    let policies = plan.planned.get("managed_policies").clone();
    let policies = policies.elements().unwrap_or_default();
    let is_foreign = |arn: &&str| Partition::of_arn(arn).is_some_and(|it| it != partition);
    if let Some(foreign) = policies.iter().filter_map(Value::as_str).find(is_foreign) {
        let detail = format!(
            "{foreign} is none of the partition of {region}, where ARNs begin with arn:{}.",
            partition.name(),
        );
        plan.refuse("managed_policies", "a policy of another partition", detail);
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<PermissionSet, Diagnostic> {
    let (region, arn) = match id.split_once("/arn:") {
        Some((region, _)) => {
            (Some(region.to_owned()), id.get(region.len() + 1..).unwrap_or_default())
        }
        None => (None, id),
    };
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "sso");
    let words: Vec<String> = parsed
        .as_ref()
        .map(|arn| arn.resource.split('/').map(str::to_owned).collect())
        .unwrap_or_default();
    let (Some(parsed), [kind, instance, _]) = (parsed, words.as_slice()) else {
        return Err(not_an_id(id));
    };
    if kind != "permissionSet" {
        return Err(not_an_id(id));
    }
    let partition = parsed.partition.name();
    let mut set = PermissionSet {
        arn: Some(arn.to_owned()),
        instance_arn: Some(format!("arn:{partition}:sso:::instance/{instance}")),
        ..PermissionSet::default()
    };
    set.placement.region = region;
    Ok(set)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no permission set"),
        "A permission set is imported by its ARN, or REGION/ARN, as in \
         eu-central-1/arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef.",
    )
}

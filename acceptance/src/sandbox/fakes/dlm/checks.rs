//! What DLM checks of a policy beyond its model.
//!
//! Follows the Amazon Data Lifecycle Manager API Reference, and its quotas.

use serde_json::Value;

use super::rules::{Timetable, age};
use crate::sandbox::wire::ServiceError;

/// The intervals in hours that a schedule may have.
const INTERVALS: [u64; 8] = [1, 2, 3, 4, 6, 8, 12, 24];

/// The longest that anything is kept: a hundred years.
const LONGEST: [(&str, u64); 4] =
    [("DAYS", 36_500), ("WEEKS", 5_200), ("MONTHS", 1_200), ("YEARS", 100)];

/// `InvalidRequestException`.
pub fn invalid(message: impl Into<String>) -> ServiceError {
    let message = message.into();
    ServiceError::new("InvalidRequestException", message.clone()).with_member("Message", message)
}

/// `InvalidRequestException` for members that are missing.
fn missing(names: &[&str]) -> ServiceError {
    let names: Vec<Value> = names.iter().map(|name| (*name).into()).collect();
    invalid("Required parameters are missing").with_member("RequiredParameters", names)
}

/// `InvalidRequestException` for members that exclude each other.
fn exclusive(names: &[&str]) -> ServiceError {
    let names: Vec<Value> = names.iter().map(|name| (*name).into()).collect();
    invalid("Mutually exclusive parameters are given")
        .with_member("MutuallyExclusiveParameters", names)
}

fn unsupported(what: &str) -> ServiceError {
    let message = format!("the sandbox's DLM has no {what}");
    ServiceError::new("SandboxNotImplemented", message).with_status(501)
}

/// The type of policy that details describe.
pub fn policy_type(details: &Value) -> &str {
    details["PolicyType"].as_str().unwrap_or("EBS_SNAPSHOT_MANAGEMENT")
}

/// Checks a policy's details, for a policy in `region`.
///
/// # Errors
/// `InvalidRequestException`; `SandboxNotImplemented` for what the sandbox does not carry out.
pub fn check(details: &Value, region: &str) -> Result<(), ServiceError> {
    match policy_type(details) {
        "EBS_SNAPSHOT_MANAGEMENT" => check_snapshots(details, region),
        "EVENT_BASED_POLICY" => check_event_based(details),
        other => Err(unsupported(&format!("policies of the type {other}"))),
    }
}

fn given(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
}

fn check_snapshots(details: &Value, region: &str) -> Result<(), ServiceError> {
    for name in ["ResourceTypes", "TargetTags", "Schedules"] {
        if !given(&details[name]) {
            return Err(missing(&[name]));
        }
    }
    for name in ["EventSource", "Actions"] {
        if given(&details[name]) {
            return Err(invalid(format!("{name} can only be given for an EVENT_BASED_POLICY")));
        }
    }
    let schedules = details["Schedules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for schedule in schedules {
        let name = schedule["Name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(missing(&["Schedules.Name"]));
        }
        if names.contains(&name) {
            return Err(invalid(format!("the schedule name {name} is not unique in the policy")));
        }
        names.push(name);
        check_schedule(schedule, details, region)?;
    }
    Ok(())
}

fn check_schedule(schedule: &Value, details: &Value, region: &str) -> Result<(), ServiceError> {
    for (name, what) in [
        ("FastRestoreRule", "fast snapshot restore"),
        ("ArchiveRule", "archiving of snapshots"),
        ("DeprecateRule", "deprecation of images"),
    ] {
        if given(&schedule[name]) {
            return Err(unsupported(what));
        }
    }
    check_create_rule(&schedule["CreateRule"])?;
    let retain = &schedule["RetainRule"];
    if retain.is_null() {
        return Err(missing(&["RetainRule"]));
    }
    let (by_count, by_age) = (given(&retain["Count"]), given(&retain["Interval"]));
    if by_count && by_age {
        return Err(exclusive(&["Count", "Interval"]));
    }
    if by_count && retain["Count"] == 0 {
        return Err(invalid("a Count of 0 needs an ArchiveRule"));
    }
    if !by_count {
        check_age(retain)?;
    }
    let variables = schedule["VariableTags"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !variables.is_empty() && details["ResourceTypes"][0] != "INSTANCE" {
        return Err(invalid("VariableTags are only for policies that target instances"));
    }
    if variables
        .iter()
        .any(|tag| tag["Value"] != "$(instance-id)" && tag["Value"] != "$(timestamp)")
    {
        return Err(invalid("the value of a variable tag must be $(instance-id) or $(timestamp)"));
    }
    let added = schedule["TagsToAdd"].as_array().map(Vec::as_slice).unwrap_or_default();
    if added.iter().any(|tag| tag["Key"].as_str().is_some_and(|key| key.starts_with("aws:"))) {
        return Err(invalid("TagsToAdd must not have keys that start with aws:"));
    }
    check_copies(&schedule["CrossRegionCopyRules"], region)?;
    check_shares(&schedule["ShareRules"])
}

fn check_create_rule(rule: &Value) -> Result<(), ServiceError> {
    let (expression, interval) = (given(&rule["CronExpression"]), given(&rule["Interval"]));
    match (expression, interval) {
        (true, true) => return Err(exclusive(&["CronExpression", "Interval"])),
        (false, false) => {
            return Err(missing(&["CreateRule.Interval", "CreateRule.CronExpression"]));
        }
        (false, true) => {
            if !given(&rule["IntervalUnit"]) {
                return Err(missing(&["CreateRule.IntervalUnit"]));
            }
            let hours = rule["Interval"].as_u64().unwrap_or_default();
            if !INTERVALS.contains(&hours) {
                return Err(invalid(format!(
                    "an Interval of {hours} HOURS is not one of {INTERVALS:?}"
                )));
            }
        }
        (true, false) => {}
    }
    if rule["Location"].as_str().is_some_and(|location| location != "CLOUD") {
        return Err(unsupported("snapshots outside the region"));
    }
    if given(&rule["Scripts"]) {
        return Err(unsupported("scripts before and after snapshots"));
    }
    let timetable = Timetable::of(rule).map_err(invalid)?;
    check_frequency(&timetable)
}

/// A schedule may be due once an hour at most.
fn check_frequency(timetable: &Timetable) -> Result<(), ServiceError> {
    let mut time = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(365 * 57);
    for _ in 0..100 {
        let Some(next) = timetable.next_after(time) else { break };
        let after = timetable.next_after(next);
        if after.is_some_and(|after| after - next < chrono::TimeDelta::hours(1)) {
            return Err(invalid("the interval of a schedule must be between 1 hour and 1 year"));
        }
        time = next;
    }
    Ok(())
}

fn check_age(rule: &Value) -> Result<(), ServiceError> {
    let Some((number, _)) = age(&rule["Interval"], &rule["IntervalUnit"]) else {
        return Err(missing(&["Interval", "IntervalUnit"]));
    };
    let unit = rule["IntervalUnit"].as_str().unwrap_or_default();
    match LONGEST.iter().find(|(name, _)| *name == unit) {
        Some((_, longest)) if u64::from(number) > *longest => {
            Err(invalid(format!("nothing is kept for more than {longest} {unit}")))
        }
        _ => Ok(()),
    }
}

/// The region a copy rule leads to.
pub fn target(rule: &Value) -> &str {
    rule["Target"].as_str().or(rule["TargetRegion"].as_str()).unwrap_or_default()
}

fn check_copies(rules: &Value, region: &str) -> Result<(), ServiceError> {
    let mut targets: Vec<&str> = Vec::new();
    for rule in rules.as_array().map(Vec::as_slice).unwrap_or_default() {
        if given(&rule["Target"]) && given(&rule["TargetRegion"]) {
            return Err(exclusive(&["Target", "TargetRegion"]));
        }
        let target = target(rule);
        if target.is_empty() {
            return Err(missing(&["CrossRegionCopyRules.Target"]));
        }
        if target == region {
            return Err(invalid(format!("the target region {target} is the policy's own")));
        }
        if targets.contains(&target) {
            return Err(invalid(format!("two copy rules of a schedule lead to {target}")));
        }
        targets.push(target);
        check_copy(target, &rule["Encrypted"], &rule["CmkArn"], &rule["RetainRule"])?;
    }
    Ok(())
}

fn check_copy(
    target: &str,
    encrypted: &Value,
    key: &Value,
    retain: &Value,
) -> Result<(), ServiceError> {
    if target.starts_with("arn:") {
        return Err(unsupported("copies to outposts"));
    }
    if let Some(arn) = key.as_str() {
        if *encrypted != true {
            return Err(invalid("a CmkArn needs Encrypted"));
        }
        if arn.split(':').nth(3) != Some(target) {
            return Err(invalid(format!("the key {arn} is not in the target region {target}")));
        }
    }
    if retain.is_null() { Ok(()) } else { check_age(retain) }
}

fn check_shares(rules: &Value) -> Result<(), ServiceError> {
    for rule in rules.as_array().map(Vec::as_slice).unwrap_or_default() {
        let (number, unit) = (given(&rule["UnshareInterval"]), given(&rule["UnshareIntervalUnit"]));
        if number != unit {
            return Err(missing(&["UnshareInterval", "UnshareIntervalUnit"]));
        }
    }
    Ok(())
}

fn check_event_based(details: &Value) -> Result<(), ServiceError> {
    for name in ["EventSource", "Actions"] {
        if !given(&details[name]) {
            return Err(missing(&[name]));
        }
    }
    for name in ["Schedules", "TargetTags", "ResourceTypes"] {
        if given(&details[name]) {
            return Err(invalid(format!("{name} cannot be given for an EVENT_BASED_POLICY")));
        }
    }
    let parameters = &details["EventSource"]["Parameters"];
    if parameters.is_null() {
        return Err(missing(&["EventSource.Parameters"]));
    }
    if !given(&parameters["SnapshotOwner"]) {
        return Err(missing(&["EventSource.Parameters.SnapshotOwner"]));
    }
    let pattern = parameters["DescriptionRegex"].as_str().unwrap_or_default();
    if let Err(error) = regex::Regex::new(pattern) {
        return Err(invalid(format!("the DescriptionRegex {pattern:?} is not valid: {error}")));
    }
    for copy in
        details["Actions"][0]["CrossRegionCopy"].as_array().map(Vec::as_slice).unwrap_or_default()
    {
        let encryption = &copy["EncryptionConfiguration"];
        let target = target(copy);
        check_copy(target, &encryption["Encrypted"], &encryption["CmkArn"], &copy["RetainRule"])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::fakes::patch::merge;

    fn policy() -> Value {
        json!({
            "ResourceTypes": ["VOLUME"],
            "TargetTags": [{"Key": "backup", "Value": "daily"}],
            "Schedules": [{
                "Name": "daily",
                "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS", "Times": ["05:00"]},
                "RetainRule": {"Count": 7},
            }],
        })
    }

    fn check_schedule(change: Value, problem: Option<&str>) {
        let mut details = policy();
        merge(&mut details["Schedules"][0], &change);
        expect(&details, problem);
    }

    fn expect(details: &Value, problem: Option<&str>) {
        let checked = check(details, "eu-central-1");
        match problem {
            None => assert_eq!(checked, Ok(()), "{details}"),
            Some(part) => {
                let error = checked.unwrap_err();
                let text = format!("{error} {:?}", error.members);
                assert!(text.contains(part), "{text}");
            }
        }
    }

    #[test]
    fn schedules_are_checked() {
        check_schedule(json!({}), None);
        check_schedule(json!({"Name": null}), Some("Schedules.Name"));
        check_schedule(json!({"RetainRule": null}), Some("RetainRule"));
        check_schedule(
            json!({"RetainRule": {"Interval": 1, "IntervalUnit": "DAYS"}}),
            Some("Mutually exclusive"),
        );
        check_schedule(
            json!({"RetainRule": {"Count": null, "Interval": 101, "IntervalUnit": "YEARS"}}),
            Some("100 YEARS"),
        );
        check_schedule(json!({"RetainRule": {"Count": 0}}), Some("ArchiveRule"));
        check_schedule(json!({"CreateRule": {"Interval": 5}}), Some("Interval of 5 HOURS"));
        check_schedule(
            json!({"CreateRule": {"CronExpression": "cron(0 5 * * ? *)"}}),
            Some("Mutually exclusive"),
        );
        let cron = |text: &str| json!({"CreateRule": {"Interval": null, "IntervalUnit": null, "Times": null, "CronExpression": text}});
        check_schedule(cron("cron(0 5 * * ? *)"), None);
        check_schedule(cron("cron(0/30 5 * * ? *)"), Some("between 1 hour and 1 year"));
        check_schedule(cron("cron(nonsense)"), Some("six fields"));
        check_schedule(
            json!({"VariableTags": [{"Key": "a", "Value": "$(timestamp)"}]}),
            Some("target instances"),
        );
        check_schedule(
            json!({"TagsToAdd": [{"Key": "aws:a", "Value": "b"}]}),
            Some("start with aws:"),
        );
        check_schedule(json!({"FastRestoreRule": {"Count": 1}}), Some("SandboxNotImplemented"));
    }

    #[test]
    fn copies_and_shares_are_checked() {
        let copy = |change: Value| {
            let mut rule = json!({"Target": "eu-west-1", "Encrypted": true, "CmkArn": "arn:aws:kms:eu-west-1:111122223333:key/a"});
            merge(&mut rule, &change);
            json!({"CrossRegionCopyRules": [rule]})
        };
        check_schedule(copy(json!({})), None);
        check_schedule(copy(json!({"Target": null})), Some("CrossRegionCopyRules.Target"));
        check_schedule(copy(json!({"Target": "eu-central-1"})), Some("the policy's own"));
        check_schedule(copy(json!({"Target": "eu-west-2"})), Some("is not in the target region"));
        check_schedule(copy(json!({"Encrypted": false})), Some("needs Encrypted"));
        check_schedule(copy(json!({"RetainRule": {"Interval": 1}})), Some("IntervalUnit"));
        let twice = json!({"CrossRegionCopyRules": [{"Target": "eu-west-1", "Encrypted": false}, {"TargetRegion": "eu-west-1", "Encrypted": false}]});
        check_schedule(twice, Some("two copy rules"));
        let share =
            json!({"ShareRules": [{"TargetAccounts": ["111122223333"], "UnshareInterval": 1}]});
        check_schedule(share, Some("UnshareIntervalUnit"));
    }

    #[test]
    fn policies_have_what_their_type_needs() {
        let mut twice = policy();
        let schedule = twice["Schedules"][0].clone();
        twice["Schedules"] = json!([schedule.clone(), schedule]);
        expect(&twice, Some("not unique"));
        expect(&json!({"ResourceTypes": ["VOLUME"]}), Some("TargetTags"));
        expect(&json!({"PolicyType": "IMAGE_MANAGEMENT"}), Some("SandboxNotImplemented"));
        let event = |change: Value| {
            let mut details = json!({
                "PolicyType": "EVENT_BASED_POLICY",
                "EventSource": {"Type": "MANAGED_CWE", "Parameters": {
                    "EventType": "shareSnapshot", "SnapshotOwner": ["111122223333"], "DescriptionRegex": ".*",
                }},
                "Actions": [{"Name": "copy", "CrossRegionCopy": [{"Target": "eu-west-1", "EncryptionConfiguration": {"Encrypted": false}}]}],
            });
            merge(&mut details, &change);
            details
        };
        expect(&event(json!({})), None);
        expect(&event(json!({"Actions": null})), Some("Actions"));
        expect(&event(json!({"Schedules": [{}]})), Some("cannot be given"));
        expect(
            &event(json!({"EventSource": {"Parameters": {"DescriptionRegex": "("}}})),
            Some("is not valid"),
        );
    }
}

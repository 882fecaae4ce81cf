//! What a schedule of a snapshot policy says: when snapshots are taken, how long they are kept,
//! and where they are copied to.

use std::collections::BTreeMap;

use travel_framework::Model;
use travel_value::Value;

use super::cron::Cron;
use crate::tags::{Tags, are_allowed};

/// The intervals that DLM knows, in hours.
const INTERVALS: [i64; 8] = [1, 2, 3, 4, 6, 8, 12, 24];
/// The most that DLM keeps anything for: a hundred years, in each unit.
const LONGEST: [(&str, i64); 4] =
    [("DAYS", 36_500), ("WEEKS", 5_200), ("MONTHS", 1_200), ("YEARS", 100)];

/// When snapshots are taken, how long they are kept, and where they are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct Schedule {
    /// The hours between two snapshots: 1, 2, 3, 4, 6, 8, 12 or 24. Either this or `cron`.
    #[model(optional, rule = is_interval)]
    pub interval_hours: Option<u32>,
    /// The time of day, in UTC, from which `interval_hours` counts. DLM begins within the hour
    /// that follows.
    #[model(
        optional,
        default = "00:00",
        pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day such as 05:30")
    )]
    pub start: String,
    /// When snapshots are taken, in UTC, as a cron expression of AWS such as
    /// `cron(0 5 ? * MON-FRI *)`: once an hour at most, and once a year at least.
    #[model(optional, rule = is_cron)]
    pub cron: Option<String>,
    /// How long the snapshots are kept. DLM cannot change a schedule from count to age or back.
    #[model(required, rule = is_retention)]
    pub retain: Option<Retention>,
    /// Whether snapshots carry the tags of their volume. A restore finds the claim by them.
    #[model(optional, default = true)]
    pub copy_tags: bool,
    /// More tags for the snapshots.
    #[model(optional, default, length(0, 45), rule = are_allowed)]
    pub tags: Tags,
    /// The regions that the snapshots are copied to, up to three.
    #[model(optional, default, length(0, 3))]
    pub copies: BTreeMap<String, RegionCopy>,
    /// Whether the snapshots are copied to the backup account, if there is one.
    #[model(optional, default = true)]
    pub backup: bool,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval_hours: None,
            start: "00:00".to_owned(),
            cron: None,
            retain: None,
            copy_tags: true,
            tags: Tags::new(),
            copies: BTreeMap::new(),
            backup: true,
        }
    }
}

/// How long snapshots are kept: either the newest `count` of each volume, or for `interval` times
/// `unit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Retention {
    /// How many of each volume.
    #[model(optional, range(1, 1000))]
    pub count: Option<u32>,
    /// How many units.
    #[model(optional, range(1, 36_500))]
    pub interval: Option<u32>,
    /// The unit.
    #[model(optional, one_of("DAYS", "WEEKS", "MONTHS", "YEARS"))]
    pub unit: Option<String>,
}

/// A span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Age {
    /// How many units.
    #[model(required, range(1, 36_500))]
    pub interval: Option<u32>,
    /// The unit.
    #[model(required, one_of("DAYS", "WEEKS", "MONTHS", "YEARS"))]
    pub unit: Option<String>,
}

/// Copies of a schedule's snapshots in another region.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct RegionCopy {
    /// The key in that region that encrypts the copies; by default the account's key for EBS
    /// there.
    #[model(optional, rule = is_key)]
    pub kms_key_arn: Option<String>,
    /// Whether copies of snapshots that are not encrypted are.
    #[model(optional, default = true)]
    pub encrypted: bool,
    /// How long the copies are kept; by default until somebody deletes them.
    #[model(optional, rule = is_age)]
    pub retain: Option<Age>,
    /// Whether copies carry the tags of the snapshot.
    #[model(optional, default = true)]
    pub copy_tags: bool,
}

impl Default for RegionCopy {
    fn default() -> Self {
        Self { kms_key_arn: None, encrypted: true, retain: None, copy_tags: true }
    }
}

/// Copies of shared snapshots in a region of the backup account.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct BackupCopy {
    /// The key of the backup account in that region that encrypts the copies; by default that
    /// account's key for EBS there.
    #[model(optional, rule = is_key)]
    pub kms_key_arn: Option<String>,
    /// Whether copies of snapshots that are not encrypted are.
    #[model(optional, default = true)]
    pub encrypted: bool,
    /// How long the copies are kept; by default until somebody deletes them.
    #[model(optional, rule = is_age)]
    pub retain: Option<Age>,
}

impl Default for BackupCopy {
    fn default() -> Self {
        Self { kms_key_arn: None, encrypted: true, retain: None }
    }
}

fn is_interval(value: &Value) -> Result<(), String> {
    let hours = value.as_number().and_then(travel_value::Number::as_i64);
    match hours {
        Some(hours) if INTERVALS.contains(&hours) => Ok(()),
        _ => Err("1, 2, 3, 4, 6, 8, 12 or 24 hours".to_owned()),
    }
}

fn is_cron(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let gaps = Cron::parse(text)?.gaps();
    match gaps {
        None => Err("a cron expression for times that come at least once a year".to_owned()),
        Some((shortest, _)) if shortest < 60 => {
            Err("a cron expression for times at least an hour apart".to_owned())
        }
        Some((_, longest)) if longest > 366 * 24 * 60 => {
            Err("a cron expression for times that come at least once a year".to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// The rule of a schedule's retention.
pub fn is_retention(value: &Value) -> Result<(), String> {
    let unknown = |name: &str| value.get(name).is_unknown();
    let given = |name: &str| !value.get(name).is_null();
    if ["count", "interval", "unit"].into_iter().any(unknown) {
        return Ok(());
    }
    match (given("count"), given("interval"), given("unit")) {
        (true, false, false) => Ok(()),
        (false, true, true) => is_age(value),
        _ => Err("either a count, or an interval and its unit".to_owned()),
    }
}

/// The rule of a span of time: DLM keeps nothing for more than a hundred years.
pub fn is_age(value: &Value) -> Result<(), String> {
    let interval = value.get("interval").as_number().and_then(travel_value::Number::as_i64);
    let (Some(interval), Some(unit)) = (interval, value.get("unit").as_str()) else {
        return Ok(());
    };
    let longest = LONGEST.into_iter().find(|(name, _)| *name == unit).map(|(_, longest)| longest);
    match longest {
        Some(longest) if interval > longest => Err(format!("at most {longest} {unit}")),
        _ => Ok(()),
    }
}

/// The rule of a map of schedules: their names are in the tags of snapshots.
pub fn has_names(value: &Value) -> Result<(), String> {
    let fits = |name: &str| {
        (1..=120).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _-".contains(&byte))
    };
    match value.entries().into_iter().flatten().find(|(name, _)| !fits(name)) {
        None => Ok(()),
        Some((name, _)) => Err(format!(
            "a map whose keys have 1 to 120 letters, digits, spaces, dashes or underscores, which \
             {name:?} has not"
        )),
    }
}

fn is_key(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let key = crate::partition::Arn::parse(text)
        .is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
    if key { Ok(()) } else { Err("the ARN of a KMS key (not of an alias)".to_owned()) }
}

/// The rule of a set of keys.
pub fn are_keys(value: &Value) -> Result<(), String> {
    value.elements().unwrap_or_default().iter().try_for_each(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Value) -> Result<(), String>, value: Value, problem: Option<&str>) {
        let found = rule(&value);
        match problem {
            None => assert_eq!(found, Ok(()), "{value:?}"),
            Some(part) => assert!(found.as_ref().is_err_and(|it| it.contains(part)), "{found:?}"),
        }
    }

    fn retention(count: Option<i64>, interval: Option<i64>, unit: Option<&str>) -> Value {
        let number = |number: Option<i64>| number.map_or(Value::Null, Value::from);
        Value::object([
            ("count", number(count)),
            ("interval", number(interval)),
            ("unit", unit.map_or(Value::Null, Value::from)),
        ])
    }

    #[test]
    fn retention_is_by_count_or_by_age() {
        check(is_retention, retention(Some(3), None, None), None);
        check(is_retention, retention(None, Some(3), Some("DAYS")), None);
        for (count, interval, unit) in
            [(None, None, None), (Some(1), Some(1), Some("DAYS")), (None, Some(1), None)]
        {
            check(is_retention, retention(count, interval, unit), Some("either a count"));
        }
        check(is_retention, retention(None, Some(101), Some("YEARS")), Some("at most 100 YEARS"));
        let mut unknown = retention(None, None, None);
        unknown.set_attribute("count", Value::unknown());
        check(is_retention, unknown, None);
    }

    #[test]
    fn times_are_those_that_dlm_knows() {
        for (hours, fits) in [(1, true), (24, true), (5, false), (48, false), (0, false)] {
            assert_eq!(is_interval(&Value::from(hours)).is_ok(), fits, "{hours}");
        }
        check(is_cron, "cron(0 5 * * ? *)".into(), None);
        check(is_cron, "cron(0/30 5 * * ? *)".into(), Some("at least an hour apart"));
        check(is_cron, "cron(0 5 30 2 ? *)".into(), Some("at least once a year"));
        check(is_cron, "cron(0 5 29 2 ? *)".into(), Some("at least once a year"));
        check(is_cron, "rate(1 hour)".into(), Some("cron("));
    }

    #[test]
    fn keys_are_named_by_their_arns() {
        check(is_key, "arn:aws:kms:eu-west-1:111122223333:key/a".into(), None);
        for text in ["alias/a", "arn:aws:kms:eu-west-1:111122223333:alias/a", "a"] {
            check(is_key, text.into(), Some("the ARN of a KMS key"));
        }
        let names = |name: &str| Value::map([(name, Value::Null)]);
        check(has_names, names("every hour-1"), None);
        check(has_names, names("a/b"), Some("\"a/b\" has not"));
    }
}

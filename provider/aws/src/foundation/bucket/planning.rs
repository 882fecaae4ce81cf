//! What a plan knows of a bucket without a call: its name's rules, its ARN, what goes together.

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::expiry::LifecycleRule;
use super::replication::ReplicationRule;
use super::{ALL_CLASSES, Bucket, Retention, expiry, replication};
use crate::{Placement, Scope};

/// What no name begins with: S3 keeps these for its own.
const PREFIXES: [&str; 4] = ["xn--", "sthree-", "amzn-s3-demo-", "aws:"];
/// What no name ends with.
const SUFFIXES: [&str; 6] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3", "-an"];

/// The rule of a bucket's name.
pub fn is_name(value: &Value) -> Result<(), String> {
    let Some(name) = value.as_str() else { return Ok(()) };
    let edge = |character: Option<char>| {
        character.is_some_and(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
    };
    let inside =
        |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '.' | '-');
    if !(3..=63).contains(&name.len()) || !name.chars().all(inside) {
        return Err("3 to 63 lower case letters, digits, dots and hyphens".to_owned());
    }
    if !edge(name.chars().next()) || !edge(name.chars().next_back()) || name.contains("..") {
        return Err("a name that begins and ends with a letter or digit, without two dots in a \
                    row"
        .to_owned());
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("a name that is no IP address".to_owned());
    }
    let kept = PREFIXES.iter().find(|prefix| name.starts_with(**prefix));
    match kept.or_else(|| SUFFIXES.iter().find(|suffix| name.ends_with(**suffix))) {
        Some(kept) => Err(format!("a name without {kept:?}, which S3 keeps for its own")),
        None => Ok(()),
    }
}

/// Checks what goes together.
pub fn validate(plan: &mut Plan<'_>) {
    let truth = |plan: &Plan<'_>, name: &str| plan.known::<bool>(name);
    let given = |plan: &Plan<'_>, name: &str| {
        let value = plan.planned.get(name);
        !value.is_null() && !value.is_unknown()
    };
    if let Some(encryption) = plan.known::<String>("encryption") {
        if encryption == "AES256" && given(plan, "kms_key") {
            plan.refuse(
                "kms_key",
                "S3's own keys encrypt the bucket",
                "A kms_key is for encryption = \"aws:kms\". Set that, or leave the key out.",
            );
        }
        if encryption != "AES256" && plan.planned.get("kms_key").is_null() {
            plan.refuse(
                "encryption",
                "no key to encrypt with",
                "Set kms_key to the key's ARN, or to alias/aws/s3 for the key of AWS.",
            );
        }
        if encryption != "aws:kms" && truth(plan, "bucket_key") == Some(true) {
            plan.refuse(
                "bucket_key",
                "no key for a bucket key",
                "A bucket key is for encryption = \"aws:kms\". Set that, or leave bucket_key out.",
            );
        }
    }
    let unversioned = truth(plan, "versioning") == Some(false);
    if unversioned && truth(plan, "object_lock") == Some(true) {
        plan.refuse(
            "versioning",
            "what is locked are versions",
            "Set versioning = true: a bucket with object_lock has versions, and keeps them.",
        );
    }
    if unversioned && given(plan, "replication_rules") {
        plan.refuse(
            "versioning",
            "what is replicated are versions",
            "Set versioning = true: only a bucket with versions is replicated.",
        );
    }
    if truth(plan, "object_lock") == Some(false) && given(plan, "default_retention") {
        plan.refuse(
            "default_retention",
            "the bucket has no lock",
            "Set object_lock = true, or leave default_retention out.",
        );
    }
    if let Some(retention) = plan.known::<Retention>("default_retention")
        && retention.days.is_some() == retention.years.is_some()
    {
        plan.refuse(
            "default_retention",
            "a retention of days or years",
            "Set one of days and years.",
        );
    }
    if plan.planned.get("replication_rules").is_null()
        != plan.planned.get("replication_role").is_null()
    {
        plan.refuse(
            "replication_role",
            "replication takes a role and rules",
            "Set both replication_role and replication_rules, or neither.",
        );
    }
    let size = plan.known::<String>("minimum_transition_size");
    if size.is_some_and(|size| size != ALL_CLASSES) && plan.planned.get("lifecycle_rules").is_null()
    {
        plan.refuse(
            "minimum_transition_size",
            "no rules that it is for",
            "S3 keeps this size with the lifecycle rules. Set some, or leave it out.",
        );
    }
    let rules = plan.known::<BTreeMap<String, LifecycleRule>>("lifecycle_rules");
    for (name, rule) in rules.iter().flatten() {
        if let Some(error) = expiry::mistake(rule) {
            let path = Path::attribute("lifecycle_rules").key(name);
            plan.refuse_at(path, format!("lifecycle rule {name:?} would be refused"), error);
        }
    }
    let rules = plan.known::<BTreeMap<String, ReplicationRule>>("replication_rules");
    for (name, error) in rules.iter().flat_map(replication::mistakes) {
        let path = Path::attribute("replication_rules").key(&name);
        plan.refuse_at(path, format!("replication rule {name:?} would be refused"), error);
    }
}

/// Warns of rules that copy nothing of what a key encrypts.
fn warn_of_left_out(plan: &mut Plan<'_>) {
    let rules = plan.known::<BTreeMap<String, ReplicationRule>>("replication_rules");
    let by_key = plan.known::<String>("encryption").is_some_and(|it| it != "AES256");
    for (name, _) in rules.iter().flatten().filter(|(_, rule)| by_key && rule.kms_key.is_none()) {
        let said = Diagnostic::warning(
            format!("replication rule {name:?} leaves out what a key encrypts"),
            "The bucket's new objects are encrypted by its kms_key, and S3 copies such objects only \
             under a rule with a kms_key of its own, for the copies.",
        );
        plan.diagnostics.push(said.at(Path::attribute("replication_rules").key(name)));
    }
}

/// Plans what can be known, and the replacement that the end of a lock takes.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    validate(plan);
    warn_of_left_out(plan);
    let locked = plan.prior.get("object_lock").as_bool() == Some(true);
    if locked && plan.known::<bool>("object_lock") == Some(false) {
        plan.replace(Path::attribute("object_lock"));
    }
    if plan.is_replacement() {
        plan.set("arn", Value::unknown());
        plan.set("regional_domain_name", Value::unknown());
    }
}

/// The ARN of a bucket.
pub fn arn(scope: &Scope, name: &str) -> String {
    scope.partition().arn("s3", "", "", name)
}

/// The name under which a bucket is reached from its region.
pub fn domain(scope: &Scope, name: &str) -> String {
    format!("{name}.s3.{}.{}", scope.region(), scope.partition().dns_suffix())
}

/// The state that a read can start from.
pub fn import(id: &str) -> Result<Bucket, Diagnostic> {
    let (region, name) = match (id.split_once('/'), id.split_once(":s3:::")) {
        (None, Some((_, name))) => (None, name),
        (Some((region, name)), None) => (Some(region.to_owned()), name),
        _ => (None, id),
    };
    if is_name(&name.into()).is_err() {
        return Err(Diagnostic::error(
            format!("{id:?} is no bucket"),
            "Give its name, its ARN, or its region and name: eu-central-1/my-bucket.",
        ));
    }
    let placement = Placement { region, ..Placement::default() };
    Ok(Bucket { name: name.to_owned(), placement, ..Bucket::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_name() {
        for (name, is) in [
            ("my-bucket.1", true),
            ("abc", true),
            ("ab", false),
            ("My-bucket", false),
            ("-my-bucket", false),
            ("my..bucket", false),
            ("192.168.5.4", false),
            ("xn--bucket", false),
            ("bucket--x-s3", false),
            ("my_bucket", false),
        ] {
            assert_eq!(is_name(&name.into()).is_ok(), is, "{name}");
        }
    }

    #[test]
    fn knows_the_forms_of_an_id() {
        for (id, region) in [
            ("my-bucket", None),
            ("arn:aws:s3:::my-bucket", None),
            ("eu-west-1/my-bucket", Some("eu-west-1")),
        ] {
            let bucket = import(id).unwrap();
            assert_eq!(
                (bucket.name.as_str(), bucket.placement.region.as_deref()),
                ("my-bucket", region)
            );
        }
        assert!(import("a/b/c").is_err() && import("").is_err());
    }
}

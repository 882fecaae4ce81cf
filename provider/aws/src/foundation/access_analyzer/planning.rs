//! What a plan can say of an analyzer, and what an import id means.

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::{AccessAnalyzer, ArchiveRule, Criterion, Exclusion, Inclusion};
use crate::partition::{Arn, is_account_id, is_region};

/// After how many days without use access is a finding where nobody says.
const UNUSED_ACCESS_DAYS: i64 = 90;

/// The statuses of an analyzer that is made.
pub const SETTLED: [&str; 2] = ["ACTIVE", "DISABLED"];

/// Zone of trust and kind of analysis of a type of the service.
pub fn from_type(service_type: &str) -> (String, String) {
    let (zone, analyzes) =
        service_type.split_once('_').unwrap_or((service_type, "EXTERNAL_ACCESS"));
    (zone.to_owned(), analyzes.to_owned())
}

/// Fills in what follows from other attributes, and refuses what the service would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    // One that is still being made has another status once it is there.
    let before = plan.prior::<String>("analyzer_status");
    if !before.is_some_and(|status| SETTLED.contains(&status.as_str())) {
        plan.set("analyzer_status", Value::unknown());
    }
    if plan.config.get("unused_access_days").is_null() {
        let days = match plan.known::<String>("analyzes").as_deref() {
            Some("UNUSED_ACCESS") => UNUSED_ACCESS_DAYS.into(),
            Some(_) => Value::Null,
            None => Value::unknown(),
        };
        plan.set("unused_access_days", days);
    }
}

/// Refuses what does not go together, as far as it is known.
pub fn check(plan: &mut Plan<'_>) {
    // A configuration that says nothing has the default.
    let text = |plan: &Plan<'_>, name: &str, default: &str| match plan.planned.get(name) {
        Value::Null => Some(default.to_owned()),
        _ => plan.known::<String>(name),
    };
    let analyzes = text(plan, "analyzes", "EXTERNAL_ACCESS");
    let zone = text(plan, "zone_of_trust", "ACCOUNT");
    for (name, of) in [
        ("unused_access_days", "UNUSED_ACCESS"),
        ("exclusions", "UNUSED_ACCESS"),
        ("inclusions", "INTERNAL_ACCESS"),
    ] {
        let given = plan.config.get(name);
        let is_given = !given.is_null() && given.elements().is_none_or(|all| !all.is_empty());
        if let Some(analyzes) = analyzes.as_ref().filter(|analyzes| is_given && *analyzes != of) {
            let detail = format!(
                "It is for analyzers of {of}, and this one's is {analyzes}. Leave {name} out, or \
                 set analyzes = \"{of}\"."
            );
            plan.refuse(name, format!("{name} of another kind of analyzer"), detail);
        }
    }
    check_criteria(plan, zone.as_deref());
    check_rules(plan);
}

fn check_criteria(plan: &mut Plan<'_>, zone: Option<&str>) {
    let exclusions = plan.known::<Vec<Exclusion>>("exclusions").unwrap_or_default();
    let inclusions = plan.known::<Vec<Inclusion>>("inclusions").unwrap_or_default();
    for (at, exclusion) in exclusions.iter().enumerate() {
        if exclusion.account_ids.is_some() == exclusion.resource_tags.is_some() {
            let path = Path::attribute("exclusions").index(at);
            let detail = "Write either account_ids or resource_tags, and both as two exclusions.";
            plan.refuse_at(path, "an exclusion is of one kind", detail);
        }
    }
    for (at, inclusion) in inclusions.iter().enumerate() {
        if *inclusion == Inclusion::default() {
            let path = Path::attribute("inclusions").index(at);
            let detail = "Write account_ids, resource_types or resource_arns.";
            plan.refuse_at(path, "an inclusion says something", detail);
        }
    }
    let names = [
        ("exclusions", exclusions.iter().any(|it| it.account_ids.is_some())),
        ("inclusions", inclusions.iter().any(|it| it.account_ids.is_some())),
    ];
    for (name, _) in names.into_iter().filter(|(_, has)| *has && zone == Some("ACCOUNT")) {
        let detail = "An analyzer of one account knows no others. Leave account_ids out, or set \
                      zone_of_trust = \"ORGANIZATION\".";
        plan.refuse(name, "accounts in the zone of one account", detail);
    }
}

fn check_rules(plan: &mut Plan<'_>) {
    let rules = plan.known::<BTreeMap<String, ArchiveRule>>("archive_rules").unwrap_or_default();
    for (name, rule) in rules {
        for (property, criterion) in rule.filter {
            if criterion == Criterion::default() {
                let path =
                    Path::attribute("archive_rules").key(&name).field("filter").key(property);
                let detail = "Write eq, neq, contains or exists.";
                plan.refuse_at(path, "a criterion says something", detail);
            }
        }
    }
}

/// The rule of names of archive rules.
pub fn are_rule_names(value: &Value) -> Result<(), String> {
    let is_name = |name: &str| {
        (1..=255).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.-".contains(&it))
    };
    match value.entries().into_iter().flatten().find(|(name, _)| !is_name(name)) {
        None => Ok(()),
        Some((other, _)) => Err(format!(
            "a map by names of a letter and up to 254 letters, digits or _.-, which {other:?} is not"
        )),
    }
}

/// The rule of ids of accounts.
pub fn are_accounts(value: &Value) -> Result<(), String> {
    each(value, is_account_id, "ids of accounts, of twelve digits")
}

/// The rule of types of resources.
pub fn are_types(value: &Value) -> Result<(), String> {
    let is_type = |text: &str| text.split("::").filter(|part| !part.is_empty()).count() == 3;
    each(value, is_type, "types of resources such as AWS::S3::Bucket")
}

fn each(value: &Value, is: impl Fn(&str) -> bool, wanted: &str) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match texts.find(|text| !is(text)) {
        None => Ok(()),
        Some(other) => Err(format!("{wanted}, which {other:?} is not")),
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<AccessAnalyzer, Diagnostic> {
    let mut state = AccessAnalyzer::default();
    let arn = Arn::parse(id).filter(|arn| arn.service == "access-analyzer");
    let name = match (&arn, id.split_once('/')) {
        (Some(arn), _) => {
            state.placement.region = Some(arn.region.clone());
            state.placement.account_id = Some(arn.account_id.clone());
            arn.resource.strip_prefix("analyzer/").unwrap_or_default()
        }
        (None, Some((region, name))) if is_region(region) => {
            state.placement.region = Some(region.to_owned());
            name
        }
        (None, _) => id,
    };
    if name.is_empty() || name.contains(['/', ':']) {
        return Err(Diagnostic::error(
            format!("{id:?} names no analyzer"),
            "An analyzer is imported by its ARN, its name, or REGION/NAME, as in eu-central-1/external.",
        ));
    }
    state.name = name.to_owned();
    Ok(state)
}

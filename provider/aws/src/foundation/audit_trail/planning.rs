//! What a plan can say of a trail: which names, ARNs and selectors CloudTrail takes, and what goes together.
//!
//! Source: CloudTrail API reference, CreateTrail, AdvancedFieldSelector, PutInsightSelectors; its user guide,
//! "Quotas in AWS CloudTrail".

use std::net::Ipv4Addr;

use travel_framework::Plan;
use travel_framework::model::Model as _;
use travel_value::{Path, Value};

use super::AuditTrail;
use super::selectors::{BasicSelector, CATEGORY, READ_ONLY, RESOURCE_TYPE, Selector};
use crate::partition::{Arn, Partition};

/// How many values all selectors have at most.
const MOST_VALUES: usize = 500;
/// How many selectors there are at most in the older form, and how many values of theirs.
const MOST_BASIC: usize = 5;
const MOST_DATA_RESOURCES: usize = 250;
/// The kinds of data events, and the sources that can be left out, in the older form.
const BASIC_KINDS: [&str; 3] = ["AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::S3::Object"];
const BASIC_SOURCES: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
/// Fields that events of some categories only have.
const FIELDS: [(&str, &[&str]); 3] = [
    ("resources.ARN", &["Data"]),
    ("errorCode", &["NetworkActivity"]),
    ("vpcEndpointId", &["NetworkActivity"]),
];

/// The rule of a name.
pub fn is_name(value: &Value) -> Result<(), String> {
    value.as_str().and_then(fault_of_name).map_or(Ok(()), |what| Err(what.to_owned()))
}

/// What a name has to be that it is not.
pub fn fault_of_name(name: &str) -> Option<&'static str> {
    let is_mark = |letter: char| matches!(letter, '.' | '_' | '-');
    let letters: Vec<char> = name.chars().collect();
    let is_letter = |letter: &char| letter.is_ascii_alphanumeric();
    if !(3..=128).contains(&letters.len()) {
        return Some("3 to 128 characters long");
    }
    if !letters.iter().all(|letter| is_letter(letter) || is_mark(*letter)) {
        return Some("of letters, digits and characters of ._-");
    }
    if !letters.first().is_some_and(is_letter) || !letters.last().is_some_and(is_letter) {
        return Some("a name that begins and ends with a letter or a digit");
    }
    let is_pair = |pair: &[char]| pair.iter().all(|letter| is_mark(*letter));
    if letters.windows(2).any(is_pair) {
        return Some("a name in which no two characters of ._- stand side by side");
    }
    name.parse::<Ipv4Addr>().is_ok().then_some("a name that is no IP address")
}

/// The rule of a key.
pub fn is_key(value: &Value) -> Result<(), String> {
    is_arn(value, "kms", "key/", "the ARN of a key; an alias or an id will not do")
}

/// The rule of a topic.
pub fn is_topic(value: &Value) -> Result<(), String> {
    is_arn(value, "sns", "", "the ARN of an SNS topic")
}

/// The rule of a log group.
pub fn is_log_group(value: &Value) -> Result<(), String> {
    let meaning = "the ARN of a log group, with or without :* at its end";
    is_arn(value, "logs", "log-group:", meaning)?;
    let name = value.as_str().and_then(|text| text.split_once(":log-group:"));
    let name = name.map(|(_, name)| name.strip_suffix(":*").unwrap_or(name));
    match name.is_some_and(|name| !name.is_empty() && !name.contains(':')) {
        true => Ok(()),
        false => Err(meaning.to_owned()),
    }
}

/// The rule of a role.
pub fn is_role(value: &Value) -> Result<(), String> {
    is_arn(value, "iam", "role/", "the ARN of a role")
}

fn is_arn(value: &Value, service: &str, kind: &str, meaning: &str) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| {
        let rest = arn.resource.strip_prefix(kind).unwrap_or_default();
        arn.service == service && !rest.is_empty()
    };
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err(meaning.to_owned()),
    }
}

/// When two ARNs mean the same log group.
pub fn same_log_group(one: &Value, other: &Value) -> bool {
    matches!((one.as_str(), other.as_str()), (Some(a), Some(b)) if log_group(a) == log_group(b))
}

/// The ARN of a log group as CloudTrail wants it: with `:*` at its end.
pub fn log_group(arn: &str) -> String {
    format!("{}:*", arn.strip_suffix(":*").unwrap_or(arn))
}

/// Refuses what no trail can be, as far as it is known.
pub fn validate(plan: &mut Plan<'_>) {
    let said = |name: &str| !plan.planned.get(name).is_null();
    let (has_group, has_role) = (said("log_group"), said("log_group_role"));
    if has_group != has_role {
        let (one, other) =
            if has_group { ("log_group_role", "a log group") } else { ("log_group", "a role") };
        let detail = format!("There is {other} without {one}: CloudTrail writes to it with both.");
        plan.refuse(one, "a log group and its role go together", detail);
    }
    let flag = |name: &str| plan.planned.get(name).as_bool();
    if flag("multi_region") == Some(true) && flag("global_service_events") == Some(false) {
        plan.refuse(
            "global_service_events",
            "a trail of all regions takes global events",
            "Leave it true, or set multi_region = false.",
        );
    }
    let is_empty = |name: &str| plan.planned.get(name).elements().is_none_or(<[Value]>::is_empty);
    if !is_empty("event_selectors") && !is_empty("basic_event_selectors") {
        plan.refuse(
            "basic_event_selectors",
            "two kinds of selectors",
            "A trail has either the one or the other. Write all of them as event_selectors.",
        );
    }
    check_selectors(plan);
    check_basic_selectors(plan);
}

/// Fills in what follows from other attributes, and refuses what CloudTrail would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    validate(plan);
    check_places(plan);
    check_derived(plan);
    let stays = ["name", "region", "account_id"];
    let is_same = !plan.prior.is_null() && !stays.iter().any(|name| plan.changes(name));
    if !is_same || plan.is_replacement() {
        let arn = arn(plan);
        plan.set_known("arn", arn.as_ref());
    }
}

/// The ARN, where it can be known: a trail of the organization is the management account's.
fn arn(plan: &Plan<'_>) -> Option<String> {
    let is_own = !plan.known::<bool>("organization")?;
    let (name, region) = (plan.known::<String>("name")?, plan.known::<String>("region")?);
    let account = plan.known::<String>("account_id").filter(|_| is_own)?;
    let resource = format!("trail/{name}");
    Some(Partition::of_region(&region).arn("cloudtrail", &region, &account, &resource))
}

/// What a trail delivers to must stand where it can.
fn check_places(plan: &mut Plan<'_>) {
    let Some(region) = plan.known::<String>("region") else { return };
    let partition = Partition::of_region(&region);
    for name in ["kms_key", "sns_topic", "log_group", "log_group_role"] {
        let text = plan.known::<String>(name);
        let Some(arn) = text.as_deref().and_then(Arn::parse) else { continue };
        if arn.partition != partition {
            let detail = format!(
                "The trail's region is {region}, where ARNs begin with arn:{}.",
                partition.name(),
            );
            plan.refuse(name, "this ARN is of another partition", detail);
        } else if name == "log_group" && arn.region != region {
            let detail = format!(
                "The log group stands in {}, and the trail's home is {region}. A trail of all regions \
                 writes the events of all of them to one log group at home.",
                arn.region,
            );
            plan.refuse(name, "the log group stands in another region", detail);
        } else if name == "sns_topic" && arn.region != region {
            let detail = format!(
                "The topic stands in {}, and the trail's home is {region}: it tells a topic at home only.",
                arn.region,
            );
            plan.refuse(name, "the topic stands in another region", detail);
        }
    }
    let owner = |name: &str| Some(Arn::parse(&plan.known::<String>(name)?)?.account_id);
    if let (Some(group), Some(role)) = (owner("log_group"), owner("log_group_role"))
        && group != role
    {
        let detail = format!("The log group is of account {group}, and the role of {role}.");
        plan.refuse("log_group_role", "a role of another account", detail);
    }
}

/// Each selector, as far as it is known.
fn check_selectors(plan: &mut Plan<'_>) {
    let selectors = plan.planned.get("event_selectors").clone();
    let mut count = 0;
    for (index, value) in selectors.elements().unwrap_or_default().iter().enumerate() {
        let path = Path::attribute("event_selectors").index(index);
        if !value.is_wholly_known() {
            continue;
        }
        // What does not fit the schema is refused by it.
        let Ok(selector) = Selector::from_value(value, &path) else { continue };
        count += selector.values();
        if let Some((field, detail)) = fault_of_selector(&selector) {
            plan.refuse_at(path.field(field), "not what CloudTrail can select", detail);
        }
    }
    if count > MOST_VALUES {
        let detail = format!(
            "They have {count} values together, categories, resource types and access included, and a \
             trail takes {MOST_VALUES}. Have conditions begin with what several values have in common.",
        );
        plan.refuse("event_selectors", "too many values", detail);
    }
}

/// What of a selector CloudTrail refuses, and why.
fn fault_of_selector(selector: &Selector) -> Option<(&'static str, String)> {
    let category = selector.category.as_str();
    let conditions = selector.conditions.clone().unwrap_or_default();
    if category == "Data" && selector.resource_type.is_none() {
        let why = "Data events need a resource_type, such as AWS::S3::Object.";
        return Some(("resource_type", why.to_owned()));
    }
    if category != "Data" && selector.resource_type.is_some() {
        return Some(("resource_type", format!("{category} events have no resource_type.")));
    }
    if category == "NetworkActivity" {
        if selector.access != "All" {
            let why = "CloudTrail does not tell them by access: leave it out.";
            return Some(("access", why.to_owned()));
        }
        if conditions.get("eventSource").is_none_or(|it| it.equals.is_none()) {
            let why = "NetworkActivity events need a condition eventSource with equals.";
            return Some(("conditions", why.to_owned()));
        }
    }
    for (name, condition) in &conditions {
        let attribute = match name.as_str() {
            CATEGORY => Some("category"),
            RESOURCE_TYPE => Some("resource_type"),
            READ_ONLY => Some("access"),
            _ => None,
        };
        if let Some(attribute) = attribute {
            return Some(("conditions", format!("{name} is written as {attribute}.")));
        }
        let is_field =
            name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'.' || it == b'_');
        if !is_field || name.is_empty() {
            return Some(("conditions", format!("{name:?} is no name of a field.")));
        }
        let known = FIELDS.iter().find(|(field, _)| field == name);
        if let Some((_, categories)) = known
            && !categories.contains(&category)
        {
            return Some(("conditions", format!("{category} events have no field {name}.")));
        }
        if condition.values() == 0 {
            return Some((
                "conditions",
                format!("{name} says nothing: give it equals, or another."),
            ));
        }
    }
    None
}

/// Each selector in the older form, as far as it is known.
fn check_basic_selectors(plan: &mut Plan<'_>) {
    const NAME: &str = "basic_event_selectors";
    let selectors = plan.planned.get(NAME).clone();
    let selectors = selectors.elements().unwrap_or_default();
    if selectors.len() > MOST_BASIC {
        let detail = format!("A trail has {MOST_BASIC} at most. Write them as event_selectors.");
        plan.refuse(NAME, "too many selectors", detail);
    }
    let mut count = 0;
    for (index, value) in selectors.iter().enumerate() {
        let path = Path::attribute(NAME).index(index);
        if !value.is_wholly_known() {
            continue;
        }
        let Ok(selector) = BasicSelector::from_value(value, &path) else { continue };
        count += selector.data_resources.iter().flatten().map(|(_, it)| it.len()).sum::<usize>();
        if let Some((field, detail)) = fault_of_basic(&selector) {
            plan.refuse_at(path.field(field), "not what CloudTrail can select", detail);
        }
    }
    if count > MOST_DATA_RESOURCES {
        let detail = format!(
            "They have {count} data resources together, and a trail takes {MOST_DATA_RESOURCES}. Write \
             them as event_selectors, or as what several ARNs begin with.",
        );
        plan.refuse(NAME, "too many data resources", detail);
    }
}

fn fault_of_basic(selector: &BasicSelector) -> Option<(&'static str, String)> {
    for source in selector.excluded_sources.iter().flatten() {
        if !BASIC_SOURCES.contains(&source.as_str()) {
            let detail = format!("Only {} can be left out.", BASIC_SOURCES.join(" and "));
            return Some(("excluded_sources", detail));
        }
    }
    if selector.excluded_sources.is_some() && !selector.management_events {
        let why = "Sources are left out of management events, which it does not mean.";
        return Some(("excluded_sources", why.to_owned()));
    }
    for (kind, values) in selector.data_resources.iter().flatten() {
        if !BASIC_KINDS.contains(&kind.as_str()) {
            let why = format!("Of {kind} only event_selectors can tell, with it as resource_type.");
            return Some(("data_resources", why));
        }
        if values.is_empty() || values.iter().any(|value| !value.starts_with("arn:")) {
            let why = format!("{kind} needs ARNs, or what they begin with, such as arn:aws:s3.");
            return Some(("data_resources", why));
        }
    }
    None
}

/// Insights and sums need the events that they look at.
fn check_derived(plan: &mut Plan<'_>) {
    let Some(trail) = plan.model::<AuditTrail>() else { return };
    let takes = Takes::of(&trail);
    for (kind, categories) in &trail.insights {
        for category in categories {
            let is_met = match (category.as_str(), kind.as_str()) {
                ("Data", _) => takes.data,
                (_, "ApiCallRateInsight") => takes.management_writes,
                _ => takes.management,
            };
            if !is_met {
                let access = if kind == "ApiCallRateInsight" && category == "Management" {
                    "Management events that are not ReadOnly".to_owned()
                } else {
                    format!("{category} events")
                };
                let detail = format!(
                    "{kind} looks at {access}, which no selector of the trail means. Add one, or leave the \
                     category out.",
                );
                plan.refuse(
                    "insights",
                    "insights into events that the trail does not take",
                    detail,
                );
            }
        }
    }
    if !trail.aggregations.is_empty() && !takes.data {
        let detail = "They sum up data events, which no selector of the trail means.";
        plan.refuse("aggregations", "sums of events that the trail does not take", detail);
    }
}

/// The kinds of events that a trail takes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Takes {
    management: bool,
    management_writes: bool,
    data: bool,
}

impl Takes {
    fn of(trail: &AuditTrail) -> Self {
        if trail.event_selectors.is_empty() && trail.basic_event_selectors.is_empty() {
            return Self { management: true, management_writes: true, data: false };
        }
        let mut takes = Self::default();
        for selector in &trail.event_selectors {
            let is_management = selector.category == "Management";
            takes.management |= is_management;
            takes.management_writes |= is_management && selector.access != "ReadOnly";
            takes.data |= selector.category == "Data";
        }
        for selector in &trail.basic_event_selectors {
            takes.management |= selector.management_events;
            takes.management_writes |= selector.management_events && selector.access != "ReadOnly";
            takes.data |= selector.data_resources.is_some();
        }
        takes
    }
}

//! What a plan can say of a firewall: the limits of the service, what excludes what, and what follows
//! from other attributes.
//!
//! Source: AWS Network Firewall developer guide, quotas, rule group capacity, policy settings.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::model::Field;
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::parts::{Kind, group_name, policy_name};
use super::rules::{StatefulGroup, StatelessGroup};
use super::{LogDestination, Logging, NetworkFirewall, OtherGroup, READY, wire};
use crate::partition::{Arn, Partition};

/// The capacity that the stateful groups of a policy can have together, and the stateless ones.
const MOST_CAPACITY: i64 = 30_000;
/// What becomes of a packet.
const ENDS: [&str; 3] = ["aws:pass", "aws:drop", "aws:forward_to_sfe"];
const STATEFUL_ACTIONS: [&str; 8] = [
    "aws:drop_strict",
    "aws:drop_established",
    "aws:drop_established_app_layer",
    "aws:alert_strict",
    "aws:alert_established",
    "aws:alert_established_app_layer",
    "aws:reject_established",
    "aws:reject_established_app_layer",
];
const FLAGS: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.elements().into_iter().flatten().filter_map(Value::as_str)
}

/// The rule of the customer's key.
pub fn is_key(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| arn.service == "kms" && arn.resource.starts_with("key/");
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of a KMS key, as in arn:aws:kms:REGION:ACCOUNT:key/ID".to_owned()),
    }
}

/// The rule of a rule group's ARN.
pub fn is_rule_group(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| {
        arn.service == "network-firewall"
            && ["stateful-rulegroup/", "stateless-rulegroup/"]
                .iter()
                .any(|kind| arn.resource.starts_with(kind))
    };
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of a rule group, as in \
                      arn:aws:network-firewall:REGION:aws-managed:stateful-rulegroup/NAME"
            .to_owned()),
    }
}

/// The rule of what becomes of packets that no stateful rule matches.
pub fn are_stateful_actions(value: &Value) -> Result<(), String> {
    match texts(value).all(|it| STATEFUL_ACTIONS.contains(&it)) {
        true => Ok(()),
        false => Err(format!("a set of {}", STATEFUL_ACTIONS.join(", "))),
    }
}

/// The rule of sets by name.
pub fn are_sets(value: &Value) -> Result<(), String> {
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        (1..=32).contains(&name.len())
            && letters.next().is_some_and(|it| it.is_ascii_alphabetic())
            && letters.all(|it| it.is_ascii_alphanumeric() || it == b'_')
    };
    match value.entries().into_iter().flatten().all(|(name, _)| is_name(name)) {
        true => Ok(()),
        false => Err("a map whose keys are names of up to 32 letters, digits or underscores that \
                      begin with a letter"
            .to_owned()),
    }
}

/// The rule of rule groups by their names here.
pub fn are_keys(value: &Value) -> Result<(), String> {
    let is_key = |key: &str| {
        (1..=50).contains(&key.len())
            && key.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    match value.entries().into_iter().flatten().all(|(key, _)| is_key(key)) {
        true => Ok(()),
        false => Err("a map whose keys have 1 to 50 letters, digits or hyphens".to_owned()),
    }
}

/// The rule of domains.
pub fn are_domains(value: &Value) -> Result<(), String> {
    let is_domain = |text: &str| {
        let bare = text.strip_prefix('.').unwrap_or(text);
        text.len() <= 255
            && bare.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
            })
    };
    match texts(value).find(|it| !is_domain(it)) {
        None => Ok(()),
        Some(_) => Err("names as in example.com, or .example.com for all below, too (no *, no \
                        address of a page)"
            .to_owned()),
    }
}

/// The rule of what connections are told by.
pub fn are_kinds(value: &Value) -> Result<(), String> {
    match texts(value).all(|it| ["TLS_SNI", "HTTP_HOST"].contains(&it)) {
        true => Ok(()),
        false => Err("a set of TLS_SNI and HTTP_HOST".to_owned()),
    }
}

/// The rule of ports.
pub fn are_ports(value: &Value) -> Result<(), String> {
    match texts(value).all(|it| wire::port_range(it).is_some()) {
        true => Ok(()),
        false => Err("a set of ports (0 to 65535), as in 443 or 1024-65535".to_owned()),
    }
}

/// The rule of TCP flags.
pub fn are_flags(value: &Value) -> Result<(), String> {
    match texts(value).all(|it| FLAGS.contains(&it)) {
        true => Ok(()),
        false => Err(format!("a set of {}", FLAGS.join(", "))),
    }
}

/// Refuses what the service would refuse, as far as it is known.
pub fn check(plan: &mut Plan<'_>) {
    let order = plan.known::<String>("stateful_rule_order");
    let is_strict = order.map(|order| order == "STRICT_ORDER");
    check_actions(plan, is_strict);
    let mut stateful_capacity = 0;
    for (key, group) in groups::<StatefulGroup>(plan, "stateful_rule_groups") {
        stateful_capacity += i64::from(group.capacity);
        let path = Path::attribute("stateful_rule_groups").key(&key);
        check_stateful(plan, &path, &group, is_strict);
    }
    let mut stateless_capacity = 0;
    let mut priorities = BTreeSet::new();
    for (key, group) in groups::<StatelessGroup>(plan, "stateless_rule_groups") {
        stateless_capacity += i64::from(group.capacity);
        let path = Path::attribute("stateless_rule_groups").key(&key);
        if !priorities.insert(group.priority) {
            refuse_twice(plan, &path);
        }
        check_stateless(plan, &path, &group);
    }
    let sums = [
        ("stateful_rule_groups", stateful_capacity),
        ("stateless_rule_groups", stateless_capacity),
    ];
    for (name, sum) in sums.into_iter().filter(|(_, sum)| *sum > MOST_CAPACITY) {
        let detail = format!(
            "The groups have a capacity of {sum} together; those of a policy can have \
             {MOST_CAPACITY}. Lower the capacity of some.",
        );
        plan.refuse(name, "too much capacity", detail);
    }
    check_priorities(plan, is_strict);
    check_logging(plan);
}

fn groups<T: Field>(plan: &Plan<'_>, name: &str) -> BTreeMap<String, T> {
    plan.known::<BTreeMap<String, T>>(name).unwrap_or_default()
}

fn refuse_twice(plan: &mut Plan<'_>, path: &Path) {
    let detail = "Another rule group has this priority already. Give each its own.";
    plan.refuse_at(path.clone(), "a priority twice", detail);
}

fn check_actions(plan: &mut Plan<'_>, is_strict: Option<bool>) {
    let actions = plan.known::<BTreeSet<String>>("stateful_default_actions").unwrap_or_default();
    if is_strict == Some(false) && !actions.is_empty() {
        let detail = "Only STRICT_ORDER has default actions. Leave stateful_default_actions out, \
                      or set stateful_rule_order = \"STRICT_ORDER\".";
        plan.refuse("stateful_default_actions", "no default actions in this order", detail);
    }
    let custom = plan.known::<BTreeMap<String, String>>("custom_actions");
    let Some(custom) = custom else { return };
    for name in ["stateless_default_actions", "stateless_fragment_default_actions"] {
        let Some(actions) = plan.known::<BTreeSet<String>>(name) else { continue };
        if let Some(problem) = stateless_problem(&actions, &custom) {
            plan.refuse(name, "actions that do not go together", problem);
        }
    }
}

/// What is wrong with the actions of stateless packets.
fn stateless_problem(
    actions: &BTreeSet<String>,
    custom: &BTreeMap<String, String>,
) -> Option<String> {
    let ends = actions.iter().filter(|it| ENDS.contains(&it.as_str())).count();
    let unknown =
        actions.iter().find(|it| !ENDS.contains(&it.as_str()) && !custom.contains_key(*it));
    match (ends, unknown) {
        (_, Some(name)) => Some(format!(
            "{name} is neither one of {} nor one of custom_actions.",
            ENDS.join(", "),
        )),
        (1, None) => None,
        _ => Some(format!("Name exactly one of {}.", ENDS.join(", "))),
    }
}

fn check_stateful(
    plan: &mut Plan<'_>,
    path: &Path,
    group: &StatefulGroup,
    is_strict: Option<bool>,
) {
    let ways = [
        group.suricata_rules.is_some(),
        group.domain_list.is_some(),
        group.five_tuple_rules.is_some(),
    ];
    if ways.into_iter().filter(|it| *it).count() != 1 {
        let detail = "Write either suricata_rules, domain_list or five_tuple_rules.";
        plan.refuse_at(path.clone(), "a rule group is written in one way", detail);
    }
    let takes = group.takes();
    if i64::try_from(takes).unwrap_or(i64::MAX) > i64::from(group.capacity) {
        let detail = format!(
            "It has {takes} rules or domains and a capacity of {}. Raise the capacity; AWS makes \
             another group for it, to which the firewall moves.",
            group.capacity,
        );
        plan.refuse_at(path.field("capacity"), "not enough capacity", detail);
    }
    if is_strict == Some(true) && group.priority.is_none() {
        let detail = "In STRICT_ORDER each rule group has its priority, the lowest first.";
        plan.refuse_at(path.field("priority"), "no priority", detail);
    }
    if is_strict == Some(false) && group.priority.is_some() {
        let detail = "In DEFAULT_ACTION_ORDER rule groups have no priority. Leave it out.";
        plan.refuse_at(path.field("priority"), "a priority without order", detail);
    }
    let mut sids = BTreeSet::new();
    for rule in group.five_tuple_rules.iter().flatten() {
        if !sids.insert(rule.sid) {
            let detail = format!("Two rules have the sid {}. Give each its own.", rule.sid);
            plan.refuse_at(path.field("five_tuple_rules"), "a sid twice", detail);
        }
    }
}

fn check_stateless(plan: &mut Plan<'_>, path: &Path, group: &StatelessGroup) {
    let takes = group.rules.iter().map(super::rules::StatelessRule::takes);
    let takes = takes.fold(0, usize::saturating_add);
    if i64::try_from(takes).unwrap_or(i64::MAX) > i64::from(group.capacity) {
        let detail = format!("Its rules take {takes}, and it has {}.", group.capacity);
        plan.refuse_at(path.field("capacity"), "not enough capacity", detail);
    }
    if !group.rules.is_sorted_by(|one, other| one.priority < other.priority) {
        let detail = "Write the rules in the order of their priorities, each with its own.";
        plan.refuse_at(path.field("rules"), "rules out of order", detail);
    }
    for rule in &group.rules {
        if let Some(problem) = stateless_problem(&rule.actions, &group.custom_actions) {
            plan.refuse_at(path.field("rules"), "actions that do not go together", problem);
        }
    }
}

fn check_priorities(plan: &mut Plan<'_>, is_strict: Option<bool>) {
    let own = groups::<StatefulGroup>(plan, "stateful_rule_groups");
    let mut taken: Vec<Option<i32>> = own.into_values().map(|group| group.priority).collect();
    let others = plan.known::<BTreeSet<OtherGroup>>("other_rule_groups").unwrap_or_default();
    for other in others {
        let is_stateless = Kind::of(&other.arn) == Kind::Stateless;
        if is_stateless && (other.priority.is_none() || other.alert_only) {
            let detail = format!("{} is stateless: it has a priority, and always acts.", other.arn);
            plan.refuse("other_rule_groups", "a stateless rule group", detail);
        }
        if is_stateless {
            continue;
        }
        if is_strict.is_some_and(|strict| strict != other.priority.is_some()) {
            let detail = format!(
                "{}: rule groups have a priority in STRICT_ORDER, and there alone.",
                other.arn,
            );
            plan.refuse("other_rule_groups", "a rule group out of order", detail);
        }
        taken.push(other.priority);
    }
    let mut seen = BTreeSet::new();
    if taken.into_iter().flatten().any(|priority| !seen.insert(priority)) {
        refuse_twice(plan, &Path::attribute("stateful_rule_groups"));
    }
}

fn check_logging(plan: &mut Plan<'_>) {
    let Some(logging) = plan.known::<Logging>("logging") else { return };
    let path = Path::attribute("logging");
    let kinds = [("alert", logging.alert), ("flow", logging.flow), ("tls", logging.tls)];
    for (kind, destination) in kinds {
        let Some(destination) = destination else { continue };
        let LogDestination { bucket, prefix, log_group, delivery_stream } = destination;
        let ways = [&bucket, &log_group, &delivery_stream];
        if ways.into_iter().flatten().count() != 1 || (prefix.is_some() && bucket.is_none()) {
            let detail = "Write either bucket (with prefix, if you like), log_group or \
                          delivery_stream.";
            plan.refuse_at(path.field(kind), "logs go to one place", detail);
        }
    }
}

/// Fills in what follows from other attributes, and refuses what the service would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    plan.set("firewall_status", READY.into());
    plan.set("leftover_arns", Value::set([]));
    plan_names(plan);
    let moves = plan.changes("subnet_ids") || plan.changes("ip_address_type");
    let was_ready = plan.prior::<String>("firewall_status").as_deref() == Some(READY);
    if plan.is_create() || plan.is_replacement() || moves || !was_ready {
        plan.set("endpoints", Value::unknown());
    }
    if plan.is_update() && !plan.is_replacement() {
        check_protections(plan, moves);
    }
}

/// A protection that is on and stays on keeps from what it protects from.
fn check_protections(plan: &mut Plan<'_>, moves: bool) {
    let stays = |plan: &Plan<'_>, name: &str| {
        plan.prior::<bool>(name) == Some(true) && plan.known::<bool>(name) == Some(true)
    };
    if moves && stays(plan, "subnet_change_protection") {
        let detail = "Its subnets are protected from changes. Set subnet_change_protection = false \
                      together with the change, and true again afterwards.";
        plan.refuse("subnet_change_protection", "the subnets are protected", detail);
    }
    if plan.changes("policy_arn") && stays(plan, "policy_change_protection") {
        let detail = "This needs another policy, to which the firewall would move, and it is \
                      protected from that. Set policy_change_protection = false together with \
                      the change, and true again afterwards.";
        plan.refuse("policy_change_protection", "the policy is protected", detail);
    }
}

/// The ARNs of all parts follow from their names.
fn plan_names(plan: &mut Plan<'_>) {
    let place = plan.known::<String>("region").zip(plan.known::<String>("account_id"));
    let arn = place.map(|(region, account)| {
        move |resource: &str| {
            Partition::of_region(&region).arn("network-firewall", &region, &account, resource)
        }
    });
    let name = plan.known::<String>("name");
    let order = plan.known::<String>("stateful_rule_order");
    let (Some(arn), Some(name), Some(order)) = (arn, name, order) else {
        for name in ["arn", "policy_arn", "rule_group_arns"] {
            plan.set(name, Value::unknown());
        }
        return;
    };
    plan.set_known("arn", Some(&arn(&format!("firewall/{name}"))));
    let tls = plan.planned.get("tls_inspection_configuration_arn");
    let policy = match tls.is_unknown() {
        true => None,
        false => {
            let policy = policy_name(&name, &order, !tls.is_null());
            Some(arn(&format!("firewall-policy/{policy}")))
        }
    };
    plan.set_known("policy_arn", policy.as_ref());
    let stateful = plan.planned.get("stateful_rule_groups").clone();
    let stateless = plan.planned.get("stateless_rule_groups").clone();
    let mut arns = BTreeMap::new();
    for (kind, groups) in [(Kind::Stateful, stateful), (Kind::Stateless, stateless)] {
        let Some(groups) = groups.entries().filter(|_| !groups.is_unknown()) else {
            plan.set("rule_group_arns", Value::unknown());
            return;
        };
        for (key, group) in groups {
            let value = match i32::from_value(group.get("capacity"), &Path::root()) {
                Ok(capacity) => {
                    let name = group_name(&name, kind, key, capacity, &order);
                    arn(&format!("{}/{name}", kind.resource())).as_str().into()
                }
                Err(_) => Value::unknown(),
            };
            arns.insert(format!("{}/{key}", kind.word()), value);
        }
    }
    plan.set("rule_group_arns", Value::Map(arns));
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<NetworkFirewall, Diagnostic> {
    let parsed = Arn::parse(id).filter(|arn| arn.service == "network-firewall");
    let (region, name) = match (parsed, id.split_once('/')) {
        (Some(arn), _) => {
            let name = arn.resource.strip_prefix("firewall/").unwrap_or_default().to_owned();
            (Some(arn.region), name)
        }
        (None, Some((region, name))) => (Some(region.to_owned()), name.to_owned()),
        (None, None) => (None, id.to_owned()),
    };
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    if !is_name(&name) {
        return Err(Diagnostic::error(
            format!("{id:?} names no firewall"),
            "A firewall is imported by its ARN, its name, or REGION/NAME, as in \
             eu-central-1/egress. The name has up to 64 characters.",
        ));
    }
    let mut firewall =
        NetworkFirewall { name, ip_address_type: "IPV4".to_owned(), ..NetworkFirewall::default() };
    firewall.placement.region = region;
    Ok(firewall)
}

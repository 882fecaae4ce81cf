//! What a plan says of a network beyond its schema: places, names and counts of its parts, which
//! are known before anything is made, and ids as far as the parts stay the same.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::model::{Field as _, Model};
use travel_framework::timeouts::READY;
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::wanted::{Access, Subnet, Target, Wanted, subnet_key};
use super::{Network, log_group, role, services, subnet};
use crate::tags::MOST_TAGS;

/// The attributes that tell of parts, besides those that stand inside others.
const TOLD: [&str; 11] = [
    "ipv6_cidr",
    "subnets",
    "subnet_ids",
    "route_tables",
    "internet_gateway_id",
    "egress_only_gateway_id",
    "nat_gateways",
    "endpoint_security_group",
    "mistagged",
    "faults",
    "foreign",
];
/// The attributes inside an endpoint that tell of it.
const TOLD_OF_ENDPOINT: [&str; 5] =
    ["id", "service_name", "dns_name", "route_table_ids", "subnet_ids"];
/// How many tags of ours a subnet has that do not show: the mark, and which part it is.
const HIDDEN_TAGS: usize = 4;

/// Plans a network.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    if plan.is_replacement() {
        if plan.known("allow_replacement") != Some(true) {
            plan.refuse_replacement("network");
        }
        // Core plans the new network anew, as if there were none.
        return;
    }
    check_region(plan);
    let prior = <Network as Model>::from_value(plan.prior, &Path::root()).ok();
    plan_tiers(plan, prior.as_ref());
    plan_ids(plan, prior.as_ref());
    plan_flow_logs(plan);
    let Some(network) = shape(plan, prior.as_ref()) else {
        leave_open(plan);
        return;
    };
    let wanted = match Wanted::of(&network) {
        Ok(wanted) => wanted,
        Err(error) => {
            plan.diagnostics.push(error);
            return;
        }
    };
    refuse_moves(plan, &wanted, prior.as_ref());
    check_tag_count(plan, &wanted);
    let expected = Expected {
        tags_known: tags_known(plan),
        region: plan.known("region"),
        routes: plan.planned.get("routes").clone(),
        wanted: &wanted,
        prior: prior.as_ref(),
    };
    expected.set(plan);
}

fn check_region(plan: &mut Plan<'_>) {
    let Some(region) = plan.known::<String>("region") else { return };
    let zones = plan.planned.get("zones").clone();
    for (index, zone) in zones.elements().unwrap_or_default().iter().enumerate() {
        let Some(zone) = zone.as_str() else { continue };
        if zone.strip_prefix(&region).is_none_or(str::is_empty) {
            plan.refuse_at(
                Path::attribute("zones").index(index),
                format!("{zone} is no zone of {region}"),
                format!("The network is in {region}, whose zones are called {region}a and so on."),
            );
        }
    }
}

/// Fills in what the configuration leaves open of a tier.
fn plan_tiers(plan: &mut Plan<'_>, prior: Option<&Network>) {
    let Value::Map(mut tiers) = plan.planned.get("tiers").clone() else { return };
    let config = plan.config.get("tiers").clone();
    let cidr = plan.planned.get("cidr").as_str().map(str::to_owned);
    for (name, tier) in &mut tiers {
        let access = tier.get("access").as_str().map(Access::of);
        if config.get(name).get("discovery").is_null() {
            let discovery = access.map(|access| access != Access::Isolated);
            tier.set_attribute("discovery", discovery.map_or_else(Value::unknown, Value::from));
        }
        if config.get(name).get("prefix_length").is_null() {
            // A tier keeps its size, also when its way out changes.
            let before = prior.and_then(|prior| prior.tiers.get(name)?.prefix_length);
            let block = tier.get("cidr").as_str().map(str::to_owned).or_else(|| cidr.clone());
            let known = tier.get("cidr").is_null() || tier.get("cidr").as_str().is_some();
            let by_default = match (access, block.filter(|_| known)) {
                (Some(access), Some(block)) => access.prefix_length_in(&block).map(u32::from),
                _ => None,
            };
            let length = before.or(by_default);
            let length = length.map_or_else(Value::unknown, |length| i64::from(length).into());
            tier.set_attribute("prefix_length", length);
        }
    }
    plan.set("tiers", Value::Map(tiers));
}

fn plan_ids(plan: &mut Plan<'_>, prior: Option<&Network>) {
    let id = prior.and_then(|prior| prior.id.clone());
    let arn = prior.and_then(|prior| prior.arn.clone()).filter(|_| id.is_some());
    plan.set_known("id", id.as_ref());
    plan.set_known("arn", arn.as_ref());
}

fn plan_flow_logs(plan: &mut Plan<'_>) {
    let mut logs = plan.planned.get("flow_logs").clone();
    if logs.is_null() || logs.is_unknown() {
        warn_of_lost_records(plan);
        return;
    }
    let config = plan.config.get("flow_logs").clone();
    let before = plan.prior.get("flow_logs").clone();
    let name = plan.known::<String>("name");
    let region = plan.known::<String>("region");
    let bucket = !config.get("bucket_arn").is_null();
    let role = match (&name, &region) {
        (Some(name), Some(region)) => role::default_name(name, region).into(),
        _ => Value::unknown(),
    };
    let group = name.map_or_else(Value::unknown, |name| log_group::default_name(&name).into());
    let retention = i64::from(log_group::RETENTION_DAYS).into();
    for (name, default) in [("retention_days", retention), ("log_group", group), ("role", role)] {
        if config.get(name).is_null() {
            logs.set_attribute(name, if bucket { Value::Null } else { default });
        }
    }
    let stays = |names: &[&str]| {
        names.iter().all(|name| !before.is_null() && logs.get(name) == before.get(name))
    };
    let kept = |name: &str, stays: bool| match before.get(name) {
        Value::Null => Value::unknown(),
        value if stays => value.clone(),
        _ => Value::unknown(),
    };
    let destination = ["bucket_arn", "traffic", "interval_seconds", "format", "log_group", "role"];
    let id = kept("id", stays(&destination));
    let none_for_bucket = |value: Value| if bucket { Value::Null } else { value };
    let group_arn = none_for_bucket(kept("log_group_arn", stays(&["log_group"])));
    let role_arn = none_for_bucket(kept("role_arn", stays(&["role"])));
    logs.set_attribute("id", id);
    logs.set_attribute("log_group_arn", group_arn);
    logs.set_attribute("role_arn", role_arn);
    plan.set("flow_logs", logs);
    warn_of_lost_records(plan);
}

/// Says which records go when the log group does that they are in.
fn warn_of_lost_records(plan: &mut Plan<'_>) {
    let (before, after) = (plan.prior.get("flow_logs"), plan.planned.get("flow_logs"));
    let there = before.get("log_group").as_str().filter(|_| !before.get("log_group_arn").is_null());
    let next = after.get("log_group");
    let Some(group) = there.filter(|_| !after.is_unknown() && !next.is_unknown()) else { return };
    if next.as_str() == Some(group) {
        return;
    }
    let warning = Diagnostic::warning(
        format!("the records in log group {group} will be deleted"),
        "The log group is the network's, and goes with its flow logs or when they get another. \
         Export first what is still needed.",
    );
    plan.diagnostics.push(warning.at_attribute("flow_logs"));
}

/// The network as planned, once all is known that decides which parts there are; what else is not
/// known yet is left out of it.
fn shape(plan: &Plan<'_>, prior: Option<&Network>) -> Option<Network> {
    let mut planned = plan.planned.clone();
    let block = <Network as Model>::block();
    let blocks = block.blocks.into_iter().map(|block| block.name);
    for name in block.attributes.into_iter().map(|attribute| attribute.name).chain(blocks) {
        let name = name.as_str();
        let value = match name {
            "id" | "arn" | "generation" | "status" | "timeouts" => Value::Null,
            _ if TOLD.contains(&name) => plan.prior.get(name).clone(),
            "tags_all"
            | "tags"
            | "karpenter_discovery"
            | "vpc_id"
            | "account"
            | "account_id"
            | "region" => known_or(planned.get(name), Value::Null),
            "clusters" => known_or(planned.get(name), Value::Set(Vec::new())),
            // Where the configuration makes no choice, an earlier one counts: see below.
            "nat_tier" | "endpoint_tier" => plan.config.get(name).clone(),
            "other_networks" => Value::Map(BTreeMap::new()),
            "exclusive" | "allow_replacement" => false.into(),
            "flow_logs" => Value::Null,
            "tiers" => without_unknown(planned.get(name), &["tags"]),
            "routes" => without_unknown(planned.get(name), &["target"]),
            "endpoints" => shape_of_endpoints(plan),
            _ => planned.get(name).clone(),
        };
        planned.set_attribute(name, value);
    }
    if !planned.is_wholly_known() {
        return None;
    }
    let mut network = <Network as Model>::from_value(&planned, &Path::root()).ok()?;
    forget_stale_choices(plan, &mut network, prior);
    Some(network)
}

fn known_or(value: &Value, otherwise: Value) -> Value {
    if value.is_wholly_known() { value.clone() } else { otherwise }
}

/// A map of objects, in which these attributes are null where they are not known yet.
fn without_unknown(value: &Value, names: &[&str]) -> Value {
    let Value::Map(entries) = value else { return value.clone() };
    let entries = entries.iter().map(|(key, object)| {
        let mut object = object.clone();
        for name in names {
            let known = known_or(object.get(name), Value::Null);
            object.set_attribute(name, known);
        }
        (key.clone(), object)
    });
    Value::Map(entries.collect())
}

/// The endpoints as the configuration has them; whatever else there is of them follows from that.
fn shape_of_endpoints(plan: &Plan<'_>) -> Value {
    let planned = without_unknown(plan.planned.get("endpoints"), &["policy"]);
    let Value::Map(mut endpoints) = planned else { return planned };
    for (service, endpoint) in &mut endpoints {
        let config = plan.config.get("endpoints").get(service);
        for name in TOLD_OF_ENDPOINT {
            endpoint.set_attribute(name, Value::Null);
        }
        for name in ["type", "private_dns"] {
            endpoint.set_attribute(name, config.get(name).clone());
        }
    }
    Value::Map(endpoints)
}

/// A choice that an earlier plan has made holds as long as it can.
fn forget_stale_choices(plan: &Plan<'_>, network: &mut Network, prior: Option<&Network>) {
    let is_public = |tier: &String| {
        let tier = network.tiers.get(tier);
        tier.is_some_and(|tier| tier.access.as_deref() == Some("public"))
    };
    if plan.config.get("nat_tier").is_null() {
        let before = prior.and_then(|prior| prior.nat_tier.clone());
        network.nat_tier = before.filter(is_public);
    }
    if plan.config.get("endpoint_tier").is_null() {
        let before = prior.and_then(|prior| prior.endpoint_tier.clone());
        network.endpoint_tier = before.filter(|tier| network.tiers.contains_key(tier));
    }
}

/// Leaves open all that tells of parts, because it is not known yet which there are to be.
fn leave_open(plan: &mut Plan<'_>) {
    for name in TOLD {
        plan.set(name, Value::unknown());
    }
    for name in ["nat_tier", "endpoint_tier"] {
        if plan.config.get(name).is_null() {
            plan.set(name, Value::unknown());
        }
    }
    let Value::Map(mut endpoints) = plan.planned.get("endpoints").clone() else { return };
    for (service, endpoint) in &mut endpoints {
        let config = plan.config.get("endpoints").get(service);
        let left_open = ["type", "private_dns"].into_iter().filter(|it| config.get(it).is_null());
        for name in left_open.chain(TOLD_OF_ENDPOINT) {
            endpoint.set_attribute(name, Value::unknown());
        }
    }
    plan.set("endpoints", Value::Map(endpoints));
}

/// A subnet stays where it is: a tier in use is not resized or moved by the way.
fn refuse_moves(plan: &mut Plan<'_>, wanted: &Wanted, prior: Option<&Network>) {
    let Some(prior) = prior.filter(|it| it.lifecycle.status.as_deref() == Some(READY)) else {
        return;
    };
    let mut refused = BTreeSet::new();
    for (key, subnet) in prior.subnets.iter().flatten() {
        let Some(next) = wanted.subnets.get(key) else { continue };
        let now = next.cidr.to_string();
        let Some(before) = subnet.cidr.as_ref().filter(|cidr| **cidr != now) else { continue };
        if !refused.insert(next.tier.clone()) {
            continue;
        }
        let tier = plan.config.get("tiers").get(&next.tier);
        let changed = ["subnet_cidrs", "cidr"].into_iter().find(|name| !tier.get(name).is_null());
        let field = changed.filter(|_| tier.get("prefix_length").is_null());
        plan.refuse_at(
            Path::attribute("tiers").key(&next.tier).field(field.unwrap_or("prefix_length")),
            format!("tier {:?} cannot be moved or resized", next.tier),
            format!(
                "Subnet {key} is {before} and would have to be {now}, which EC2 cannot do: \
                 everything in it would have to go. Add a tier under another name, move over \
                 what runs in this one, then take it away."
            ),
        );
    }
}

fn check_tag_count(plan: &mut Plan<'_>, wanted: &Wanted) {
    // The part that stands for the whole also says whether the network is complete.
    let most = MOST_TAGS - HIDDEN_TAGS - 1;
    let count = wanted.tags(super::vpc::NAME).len();
    if count > most {
        plan.refuse(
            "tags",
            "too many tags on the network",
            format!("Its parts would have {count}, with a name each. {most} is the most."),
        );
    }
    let most = MOST_TAGS - HIDDEN_TAGS;
    for tier in wanted.tiers.keys() {
        let mut subnets = wanted.subnets.iter().filter(|(_, subnet)| subnet.tier == *tier);
        let Some((key, _)) = subnets.next() else { continue };
        let count = wanted.tags(&subnet::part(key)).len();
        if count > most {
            plan.refuse_at(
                Path::attribute("tiers").key(tier),
                format!("too many tags on the subnets of tier {tier:?}"),
                format!(
                    "They would have {count}: those of the network and of the tier, a name, and \
                     those for clusters and Karpenter. {most} is the most."
                ),
            );
        }
    }
}

fn tags_known(plan: &Plan<'_>) -> bool {
    let tiers = plan.planned.get("tiers").entries().into_iter().flatten();
    ["tags_all", "clusters", "karpenter_discovery", "name"]
        .into_iter()
        .all(|name| plan.planned.get(name).is_wholly_known())
        && tiers.into_iter().all(|(_, tier)| tier.get("tags").is_wholly_known())
}

/// What an apply will leave behind.
struct Expected<'a> {
    wanted: &'a Wanted,
    prior: Option<&'a Network>,
    tags_known: bool,
    region: Option<String>,
    routes: Value,
}

/// An id that stays, or one that is yet to come.
fn known(id: Option<&String>) -> Value {
    id.map_or_else(Value::unknown, |id| id.as_str().into())
}

fn text(text: impl ToString) -> Value {
    text.to_string().into()
}

/// A set, if all of it is known.
fn set(values: impl IntoIterator<Item = Value>) -> Value {
    let values: Vec<Value> = values.into_iter().collect();
    if values.iter().all(Value::is_wholly_known) { Value::set(values) } else { Value::unknown() }
}

impl Expected<'_> {
    fn set(&self, plan: &mut Plan<'_>) {
        let wanted = self.wanted;
        plan.set("ipv6_cidr", self.ipv6_cidr());
        plan.set("subnets", Value::map(wanted.subnets.keys().map(|it| (it, self.subnet(it)))));
        plan.set("subnet_ids", self.subnet_ids());
        let tables = wanted.route_tables.keys();
        plan.set("route_tables", Value::map(tables.map(|key| (key, self.route_table(key)))));
        plan.set("internet_gateway_id", self.internet_gateway_id());
        plan.set("egress_only_gateway_id", self.egress_only_gateway_id());
        let zones = wanted.nat_gateways.keys();
        plan.set("nat_gateways", Value::map(zones.map(|zone| (zone, self.nat_gateway(zone)))));
        plan.set("nat_tier", wanted.nat_tier.to_value());
        plan.set("endpoint_tier", wanted.endpoint_tier.to_value());
        plan.set("endpoint_security_group", self.endpoint_security_group());
        self.set_endpoints(plan);
        plan.set("mistagged", Value::Set(Vec::new()));
        plan.set("faults", Value::Set(Vec::new()));
        let exclusive = plan.planned.get("exclusive").clone();
        let foreign = match exclusive.as_bool() {
            Some(true) => Some(Value::Set(Vec::new())),
            Some(false) => {
                let there = self.prior.and_then(|prior| prior.foreign.clone());
                Some(there.unwrap_or_default().to_value())
            }
            None => None,
        };
        let foreign = foreign.unwrap_or_else(Value::unknown);
        plan.set("foreign", foreign);
    }

    fn ipv6_cidr(&self) -> Value {
        if !self.wanted.ipv6 {
            return Value::Null;
        }
        known(self.prior.and_then(|prior| prior.ipv6_cidr.as_ref()))
    }

    /// The subnet as it was, if it stays where it is.
    fn prior_subnet(&self, key: &str) -> Option<&super::Subnet> {
        let wanted = self.wanted.subnets.get(key)?;
        let prior = self.prior?.subnets.as_ref()?.get(key)?;
        let stays = prior.cidr.as_deref() == Some(&wanted.cidr.to_string())
            && prior.zone.as_deref() == Some(&wanted.zone);
        stays.then_some(prior)
    }

    fn subnet_id(&self, key: &str) -> Value {
        known(self.prior_subnet(key).and_then(|it| it.id.as_ref()))
    }

    fn subnet(&self, key: &str) -> Value {
        let Some(Subnet { tier, zone, cidr, access, route_table, .. }) =
            self.wanted.subnets.get(key)
        else {
            return Value::unknown();
        };
        let prior = self.prior_subnet(key);
        let tags = self.wanted.tags(&subnet::part(key));
        Value::object([
            ("id", known(prior.and_then(|it| it.id.as_ref()))),
            ("arn", known(prior.and_then(|it| it.arn.as_ref()))),
            ("tier", text(tier)),
            ("zone", text(zone)),
            ("cidr", text(cidr)),
            ("ipv6_cidr", self.subnet_ipv6(key)),
            ("public_addresses", (*access == Access::Public).into()),
            ("route_table_id", self.table_id(route_table)),
            ("tags", if self.tags_known { tags.to_value() } else { Value::unknown() }),
        ])
    }

    fn subnet_ipv6(&self, key: &str) -> Value {
        if !self.wanted.ipv6 {
            return Value::Null;
        }
        let block = self.prior.and_then(|prior| prior.ipv6_cidr.as_ref()?.parse().ok());
        let places = block.map(|block| self.wanted.ipv6_places(block, &BTreeMap::new()));
        places.and_then(|places| places.get(key).copied()).map_or_else(Value::unknown, text)
    }

    fn subnet_ids(&self) -> Value {
        let tiers = self.wanted.tiers.keys().map(|tier| {
            let zones = self.wanted.zones.iter();
            let ids = zones.map(|zone| self.subnet_id(&subnet_key(tier, zone)));
            (tier, Value::List(ids.collect()))
        });
        Value::map(tiers)
    }

    fn table_id(&self, key: &str) -> Value {
        let tables = self.prior.and_then(|prior| prior.route_tables.as_ref());
        known(tables.and_then(|tables| tables.get(key)?.id.as_ref()))
    }

    fn route_table(&self, key: &str) -> Value {
        let routes = self.wanted.route_tables.get(key).into_iter().flatten();
        let routes = routes.map(|(from, to)| (from, self.target(from, to)));
        Value::object([("id", self.table_id(key)), ("routes", Value::map(routes))])
    }

    fn target(&self, destination: &str, target: &Target) -> Value {
        match target {
            Target::InternetGateway => self.internet_gateway_id(),
            Target::EgressOnlyGateway => self.egress_only_gateway_id(),
            Target::NatGateway(zone) => self.nat_gateway(zone).get("id").clone(),
            Target::Other(_) => {
                let routes = self.routes.entries().into_iter().flatten();
                let same =
                    |text: &str| super::wanted::destination(text).is_ok_and(|it| it == destination);
                let mut found = routes.filter(|(text, _)| same(text));
                found.next().map_or_else(Value::unknown, |(_, route)| route.get("target").clone())
            }
        }
    }

    fn internet_gateway_id(&self) -> Value {
        if !self.wanted.internet_gateway {
            return Value::Null;
        }
        known(self.prior.and_then(|prior| prior.internet_gateway_id.as_ref()))
    }

    fn egress_only_gateway_id(&self) -> Value {
        if !self.wanted.egress_only_gateway {
            return Value::Null;
        }
        known(self.prior.and_then(|prior| prior.egress_only_gateway_id.as_ref()))
    }

    fn nat_gateway(&self, zone: &str) -> Value {
        let key = self.wanted.nat_gateways.get(zone).cloned().unwrap_or_default();
        let subnet_id = self.subnet_id(&key);
        let prior = self.prior.and_then(|prior| prior.nat_gateways.as_ref()?.get(zone));
        let stays = prior.is_some_and(|prior| prior.subnet_id.to_value() == subnet_id);
        let id = prior.and_then(|it| it.id.as_ref()).filter(|_| stays);
        Value::object([
            ("id", known(id)),
            ("subnet_id", subnet_id),
            ("allocation_id", known(prior.and_then(|it| it.allocation_id.as_ref()))),
            ("public_ip", known(prior.and_then(|it| it.public_ip.as_ref()))),
        ])
    }

    fn endpoint_security_group(&self) -> Value {
        if !self.wanted.has_interface_endpoints() {
            return Value::Null;
        }
        let prior = self.prior.and_then(|prior| prior.endpoint_security_group.as_ref());
        let blocks = self.wanted.blocks().into_iter().map(text);
        let ipv6 = self.wanted.ipv6.then(|| self.ipv6_cidr());
        Value::object([
            ("id", known(prior.and_then(|it| it.id.as_ref()))),
            ("ingress", set(blocks.chain(ipv6))),
        ])
    }

    fn set_endpoints(&self, plan: &mut Plan<'_>) {
        let Value::Map(mut endpoints) = plan.planned.get("endpoints").clone() else { return };
        for (service, planned) in &mut endpoints {
            let Some(wanted) = self.wanted.endpoints.get(service) else { continue };
            let prior = self.prior.and_then(|prior| prior.endpoints.get(service));
            let kind = if wanted.gateway { "gateway" } else { "interface" };
            let prior = prior.filter(|prior| prior.kind.as_deref() == Some(kind));
            let tables = self.wanted.route_tables.keys().map(|key| self.table_id(key));
            let subnets = self.wanted.endpoint_subnets(service).map(|key| self.subnet_id(key));
            let name = self.region.as_ref();
            let name = name.map(|region| services::full_name(service, wanted.gateway, region));
            let dns_name = prior.and_then(|it| it.dns_name.as_ref());
            for (name, value) in [
                ("type", kind.into()),
                (
                    "private_dns",
                    if wanted.gateway { Value::Null } else { wanted.private_dns.into() },
                ),
                ("id", known(prior.and_then(|it| it.id.as_ref()))),
                ("service_name", known(name.as_ref())),
                ("dns_name", if wanted.gateway { Value::Null } else { known(dns_name) }),
                ("route_table_ids", if wanted.gateway { set(tables) } else { Value::Null }),
                ("subnet_ids", if wanted.gateway { Value::Null } else { set(subnets) }),
            ] {
                planned.set_attribute(name, value);
            }
        }
        plan.set("endpoints", Value::Map(endpoints));
    }
}

#[cfg(test)]
mod tests;

//! What a network's attributes say of the parts that there are.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::ownership::Mark;

use super::observed::{self, Observed};
use super::wanted::{Wanted, subnet_key};
use super::{
    Endpoint, FlowLogs, NatGateway, Network, RouteTable, SecurityGroup, Subnet, endpoint, flow_log,
    foreign, role, route_table, vpc,
};
use crate::iam_role::ServiceRole;
use crate::policy;
use crate::scope::Scope;
use crate::tags::{Tagging, Tags};

/// Sets all attributes of `network` that tell of its parts, and of those that say what is wanted
/// all that can be other than they say. `before` is what the network had: what is left of that is
/// its own too, and shows until it is gone.
pub fn fill(
    network: &mut Network,
    before: &Network,
    wanted: &Wanted,
    observed: &Observed,
    scope: &Scope,
) {
    network.id = observed.vpc_id().map(str::to_owned);
    network.arn = network.id.as_ref().map(|id| scope.arn("ec2", &format!("vpc/{id}")));
    fill_vpc(network, before, observed);
    network.subnets = Some(subnets(before, wanted, observed));
    network.subnet_ids = Some(subnet_ids(wanted, observed));
    network.route_tables = Some(route_tables(before, wanted, observed));
    let gateway = observed.internet_gateway.as_ref().filter(|it| it.attached);
    let gateway = gateway.filter(|it| it.own || wanted.internet_gateway);
    network.internet_gateway_id = gateway.map(|it| it.id.clone());
    let egress_only = observed.egress_only_gateway.as_ref();
    network.egress_only_gateway_id = egress_only.map(|it| it.id.clone());
    network.nat_gateways = Some(nat_gateways(observed));
    network.nat_tier.clone_from(&wanted.nat_tier);
    network.endpoint_tier.clone_from(&wanted.endpoint_tier);
    network.endpoints = endpoints(network, observed);
    network.endpoint_security_group = security_group(before, wanted, observed);
    network.flow_logs = flow_logs(network.flow_logs.as_ref(), observed);
    network.mistagged = Some(mistagged(before, wanted, observed));
    network.faults = Some(role::fault(wanted, observed, scope).into_iter().collect());
    // What else stands in a VPC that the network was given is its owner's.
    network.foreign = Some(match network.vpc_id {
        Some(_) => BTreeSet::new(),
        None => foreign::find(before, wanted, observed, &scope.settings().tags),
    });
    network.tagging = tagging(network, before, observed);
}

fn fill_vpc(network: &mut Network, before: &Network, observed: &Observed) {
    let Some(vpc) = &observed.vpc else {
        network.ipv6_cidr = None;
        network.secondary_cidrs = BTreeSet::new();
        return;
    };
    let ipv6 = network.ipv6 || before.ipv6_cidr.is_some();
    let block = vpc.ipv6.as_ref().filter(|(_, association)| association.associated);
    network.ipv6_cidr = block.filter(|_| ipv6).map(|(block, _)| block.to_string());
    if network.vpc_id.is_some() {
        return;
    }
    network.enable_dns_support = vpc.enable_dns_support;
    network.enable_dns_hostnames = vpc.enable_dns_hostnames;
    let known = network.secondary_cidrs.union(&before.secondary_cidrs);
    let there = |cidr: &&String| vpc.cidrs.get(*cidr).is_some_and(|it| it.associated);
    network.secondary_cidrs = known.filter(there).cloned().collect();
}

fn subnets(before: &Network, wanted: &Wanted, observed: &Observed) -> BTreeMap<String, Subnet> {
    let subnets = observed.subnets.iter().map(|(key, there)| {
        let (tier, zone) = key.split_once('/').unwrap_or((key, &there.zone));
        let part = super::subnet::part(key);
        let kept = wanted.tags(&part).into_keys().chain(subnet_tags(before, key)).collect();
        let ipv6 = there.ipv6.as_ref().filter(|(_, association)| association.associated);
        let subnet = Subnet {
            id: Some(there.id.clone()),
            arn: Some(there.arn.clone()),
            tier: Some(tier.to_owned()),
            zone: Some(zone.to_owned()),
            cidr: Some(there.cidr.clone()),
            ipv6_cidr: ipv6.map(|(block, _)| block.to_string()),
            public_addresses: Some(there.public_addresses),
            route_table_id: there.route_table.as_ref().map(|it| it.route_table_id.clone()),
            tags: Some(only(&there.tags, &kept)),
        };
        (key.clone(), subnet)
    });
    subnets.collect()
}

/// The keys of the tags of a part that the network has set, as far as its attributes tell.
pub fn known_tags(before: &Network, part: &str) -> BTreeSet<String> {
    let of_subnet = part.strip_prefix("subnet/").into_iter();
    let of_subnet = of_subnet.flat_map(|key| subnet_tags(before, key));
    common_tags(before).chain(of_subnet).collect()
}

fn common_tags(network: &Network) -> impl Iterator<Item = String> {
    network.tagging.tags_all.iter().flatten().map(|(key, _)| key.clone())
}

fn subnet_tags(network: &Network, key: &str) -> impl Iterator<Item = String> {
    let tags = network.subnets.as_ref().and_then(|subnets| subnets.get(key)?.tags.as_ref());
    tags.into_iter().flatten().map(|(key, _)| key.clone())
}

/// The tags with these keys.
fn only(tags: &Tags, keys: &BTreeSet<String>) -> Tags {
    let kept = tags.iter().filter(|(key, _)| keys.contains(*key) && !Mark::is_tag(key));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn subnet_ids(wanted: &Wanted, observed: &Observed) -> BTreeMap<String, Vec<Option<String>>> {
    let tiers = wanted.tiers.keys().map(|tier| {
        let keys = wanted.zones.iter().map(|zone| subnet_key(tier, zone));
        let ids = keys.filter_map(|key| Some(Some(observed.subnets.get(&key)?.id.clone())));
        (tier.clone(), ids.collect())
    });
    tiers.collect()
}

/// The route tables with the network's routes.
pub fn route_tables(
    before: &Network,
    wanted: &Wanted,
    observed: &Observed,
) -> BTreeMap<String, RouteTable> {
    let tables = observed.route_tables.iter().map(|(key, there)| {
        let own = own_destinations(before, wanted, key);
        let targets = wanted.route_tables.get(key);
        let leads = |from: &String, to: &String| match there.inspects(from) {
            // Where it leads behind the firewall: a change of that is this network's.
            true => targets?.get(from).and_then(|target| route_table::resolve(target, observed)),
            false => Some(to.clone()),
        };
        let routes = there.routes.iter().filter(|(destination, _)| own.contains(*destination));
        let routes = routes.filter_map(|(from, to)| Some((from.clone(), Some(leads(from, to)?))));
        let routes = Some(routes.collect());
        (key.clone(), RouteTable { id: Some(there.id.clone()), routes })
    });
    tables.collect()
}

/// The destinations in a route table whose routes are the network's own.
pub fn own_destinations(before: &Network, wanted: &Wanted, table: &str) -> BTreeSet<String> {
    let known = before.route_tables.as_ref().and_then(|tables| tables.get(table)?.routes.as_ref());
    let known = known.into_iter().flatten().map(|(destination, _)| destination.clone());
    let wanted = wanted.route_tables.get(table).into_iter().flatten();
    wanted.map(|(destination, _)| destination.clone()).chain(known).collect()
}

fn nat_gateways(observed: &Observed) -> BTreeMap<String, NatGateway> {
    let there = observed.nat_gateways.iter();
    let usable = there.filter(|(_, it)| matches!(it.state.as_str(), "available" | "pending"));
    usable
        .map(|(zone, it)| {
            let address = observed.addresses.values().find(|own| own.id == it.allocation_id);
            let gateway = NatGateway {
                id: Some(it.id.clone()),
                subnet_id: Some(it.subnet_id.clone()),
                allocation_id: Some(it.allocation_id.clone()),
                public_ip: address.map(|address| address.public_ip.clone()),
            };
            (zone.clone(), gateway)
        })
        .collect()
}

fn endpoints(network: &Network, observed: &Observed) -> BTreeMap<String, Endpoint> {
    let there = observed.endpoints.iter();
    let usable = there.filter(|(_, it)| !matches!(it.state.as_str(), "failed" | "deleting"));
    let tables: BTreeSet<&String> = observed.route_tables.values().map(|it| &it.id).collect();
    let subnets: BTreeSet<&String> = observed.subnets.values().map(|it| &it.id).collect();
    let own = |ids: &BTreeSet<String>, own: &BTreeSet<&String>| {
        ids.iter().filter(|id| own.contains(id)).cloned().collect::<BTreeSet<String>>()
    };
    usable
        .map(|(service, it)| {
            let configured = network.endpoints.get(service);
            let endpoint = Endpoint {
                kind: Some(if it.gateway { "gateway" } else { "interface" }.to_owned()),
                policy: shown_policy(configured, it),
                private_dns: (!it.gateway).then_some(it.private_dns),
                id: Some(it.id.clone()),
                service_name: Some(it.service_name.clone()),
                dns_name: it.dns_name.clone().filter(|_| !it.gateway),
                route_table_ids: it.gateway.then(|| own(&it.route_table_ids, &tables)),
                subnet_ids: (!it.gateway).then(|| own(&it.subnet_ids, &subnets)),
                zones: configured.filter(|_| !it.gateway).and_then(|it| it.zones.clone()),
            };
            (service.clone(), endpoint)
        })
        .collect()
}

/// The policy as it was written, where the one that is there means the same.
fn shown_policy(configured: Option<&Endpoint>, there: &observed::Endpoint) -> Option<String> {
    let written = configured.and_then(|it| it.policy.as_deref());
    let there = there.policy.as_deref()?;
    match written {
        Some(written) if policy::same(written, there) => Some(written.to_owned()),
        None if endpoint::allows_everything(there) => None,
        _ => Some(there.to_owned()),
    }
}

fn security_group(before: &Network, wanted: &Wanted, observed: &Observed) -> Option<SecurityGroup> {
    let there = observed.endpoint_security_group.as_ref()?;
    let own = own_ingress(before, wanted, observed);
    let ingress = there.ingress.intersection(&own).cloned().collect();
    Some(SecurityGroup { id: Some(there.id.clone()), ingress: Some(ingress) })
}

/// The blocks of addresses that the network lets in to its endpoints, or has let in.
pub fn own_ingress(before: &Network, wanted: &Wanted, observed: &Observed) -> BTreeSet<String> {
    let before = before.endpoint_security_group.as_ref().and_then(|it| it.ingress.as_ref());
    wanted_ingress(wanted, observed).chain(before.into_iter().flatten().cloned()).collect()
}

/// The blocks of addresses that the network is to let in to its endpoints.
pub fn wanted_ingress(wanted: &Wanted, observed: &Observed) -> impl Iterator<Item = String> {
    let ipv6 = observed.vpc.as_ref().and_then(|vpc| vpc.ipv6.as_ref()).filter(|_| wanted.ipv6);
    let ipv6 = ipv6.map(|(block, _)| block.to_string());
    wanted.blocks().into_iter().map(|block| block.to_string()).chain(ipv6)
}

/// The flow logs. Where one takes the place of another, they show no id until that has come to its
/// end: then the next plan sees that there is more to do.
fn flow_logs(configured: Option<&FlowLogs>, observed: &Observed) -> Option<FlowLogs> {
    let logs = &observed.flow_logs;
    let log = logs.values().next();
    let group =
        shown(&observed.log_groups, configured.and_then(|it| it.log_group.as_ref()), |it| {
            logs.values().any(|log| log.log_group.as_ref() == Some(it))
        });
    let role = shown(&observed.roles, configured.and_then(|it| it.role.as_ref()), |it| {
        logs.values().any(|log| log.role.as_ref() == Some(it))
    });
    if log.is_none() && group.is_none() && role.is_none() {
        return None;
    }
    let mut shown = configured.cloned().unwrap_or_else(import_default);
    if let Some(log) = log {
        if !flow_log::same_bucket(shown.bucket_arn.as_deref(), log.bucket_arn.as_deref()) {
            shown.bucket_arn.clone_from(&log.bucket_arn);
        }
        shown.traffic.clone_from(&log.traffic);
        shown.interval_seconds = log.interval_seconds;
        shown.format.clone_from(&log.format);
    }
    let cloudwatch = shown.bucket_arn.is_none() || group.is_some() || role.is_some();
    shown.log_group_arn = group.map(|it| it.arn.clone());
    shown.role_arn = role.map(|it| it.role.arn.clone());
    if let Some(group) = group {
        shown.log_group = Some(group.name.clone());
        shown.retention_days = Some(group.retention_days);
        shown.kms_key_arn.clone_from(&group.kms_key_arn);
    }
    if let Some(ServiceRole { role, .. }) = role {
        shown.role = Some(role.name.clone());
    }
    if !cloudwatch {
        (shown.log_group, shown.role, shown.retention_days) = (None, None, None);
    }
    let fits = |it: &&observed::FlowLog| {
        logs.len() == 1 && (&it.log_group, &it.role) == (&shown.log_group, &shown.role)
    };
    shown.id = log.filter(fits).map(|it| it.id.clone());
    Some(shown)
}

/// The log group or role that shows. The state is what finds again what a change that was cut off
/// has left or begun: so of several that shows which no flow log leads to, or else which is not
/// configured; and none where what is configured may have been made without an answer.
fn shown<'a, T>(
    all: &'a BTreeMap<String, T>,
    configured: Option<&String>,
    is_led_to: impl Fn(&String) -> bool,
) -> Option<&'a T> {
    let is_other = |name: &String| Some(name) != configured;
    let first = |chosen: &dyn Fn(&String) -> bool| {
        all.iter().find(|(name, _)| chosen(name)).map(|(_, it)| it)
    };
    let loose = first(&|name| is_other(name) && !is_led_to(name));
    match loose.or_else(|| first(&|name| !is_led_to(name))) {
        None if configured.is_some_and(|name| !all.contains_key(name)) => None,
        None => first(&is_other).or_else(|| first(&|_| true)),
        loose => loose,
    }
}

/// Flow logs of which nothing is known yet.
fn import_default() -> FlowLogs {
    FlowLogs {
        traffic: "ALL".to_owned(),
        interval_seconds: 600,
        format: super::DEFAULT_FORMAT.to_owned(),
        ..FlowLogs::default()
    }
}

/// The parts whose tags differ, besides those whose tags have attributes of their own.
fn mistagged(before: &Network, wanted: &Wanted, observed: &Observed) -> BTreeSet<String> {
    let mut parts: Vec<(String, &Tags)> =
        observed.own_ids().into_iter().map(|(part, (_, tags))| (part, tags)).collect();
    parts.retain(|(part, _)| !part.starts_with("subnet/"));
    let log_groups = observed.log_groups.values().map(|it| &it.tags);
    let roles = observed.roles.values().map(|it| &it.role.tags);
    parts.extend(log_groups.map(|tags| (super::log_group::NAME.to_owned(), tags)));
    parts.extend(roles.map(|tags| (role::NAME.to_owned(), tags)));
    let known: BTreeSet<String> = common_tags(before).collect();
    let differs = |(part, there): &(String, &Tags)| {
        let wanted = wanted.tags(part);
        // The VPC's tags but for its name stand in `tags`.
        let elsewhere = |key: &String| *part == vpc::NAME && known.contains(key);
        let wrong =
            |(key, value): (&String, &String)| !elsewhere(key) && there.get(key) != Some(value);
        let surplus =
            |key: &String| !elsewhere(key) && !wanted.contains_key(key) && there.contains_key(key);
        wanted.iter().any(wrong) || known.iter().any(surplus)
    };
    parts.into_iter().filter(differs).map(|(part, _)| part).collect()
}

/// The tags of the network: those of its VPC, or in an existing one, those it was given.
fn tagging(network: &Network, before: &Network, observed: &Observed) -> Tagging {
    let told = &network.tagging;
    let Some(vpc) = observed.vpc.as_ref().filter(|vpc| vpc.own) else { return told.clone() };
    let Some(all) = &told.tags_all else { return told.clone() };
    let keys: BTreeSet<String> = all.keys().cloned().chain(common_tags(before)).collect();
    let all = only(&vpc.tags, &keys);
    let own = told.tags.as_ref().map(|tags| only(&vpc.tags, &tags.keys().cloned().collect()));
    Tagging { tags: own, tags_all: Some(all) }
}

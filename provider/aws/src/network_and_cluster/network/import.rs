//! What a network that stands in the cloud was once asked to be, worked out from its parts: for
//! imports, and for what an apply that was cut off has left behind.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Diagnostic;

use super::observed::{Observed, STATUS_TAG};
use super::{Endpoint, NatGateway, Network, RouteTable, SecurityGroup, Subnet, Tier};
use crate::network_and_cluster::addresses;
use crate::partition::is_region;
use crate::placement::Placement;
use crate::tags::{TagSettings, Tagging, Tags};

const CLUSTER_TAG: &str = "kubernetes.io/cluster/";
const KARPENTER_TAG: &str = "karpenter.sh/discovery";
const ROLE_TAG: &str = "kubernetes.io/role/";

/// What stands on a network's anchor once its creation has come to its end.
pub const READY: &str = "ready";

/// A network of which only where it is and what it is called are known.
pub fn unknown(name: String, vpc_id: Option<String>, placement: Placement) -> Network {
    Network {
        name,
        placement,
        id: vpc_id,
        nat: "none".to_owned(),
        enable_dns_support: true,
        enable_dns_hostnames: true,
        ..Network::default()
    }
}

/// What an id given to `terraform import` means: the network's name, and its VPC if that is said.
///
/// # Errors
/// Where it has none of the forms that an id can have.
pub fn parse(id: &str) -> Result<Network, Diagnostic> {
    let is_vpc = |text: &str| {
        let digits = text.strip_prefix("vpc-");
        digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let parts: Vec<&str> = id.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(invalid(id));
    }
    match parts.as_slice() {
        [vpc] if is_vpc(vpc) => {
            Ok(unknown(String::new(), Some((*vpc).to_owned()), Placement::default()))
        }
        [vpc, name] if is_vpc(vpc) => {
            let found = Some((*vpc).to_owned());
            Ok(unknown((*name).to_owned(), found, Placement::default()))
        }
        [name] => Ok(unknown((*name).to_owned(), None, Placement::default())),
        [region, name] if is_region(region) => {
            let place = Placement { region: Some((*region).to_owned()), ..Placement::default() };
            Ok(unknown((*name).to_owned(), None, place))
        }
        _ => Err(invalid(id)),
    }
}

fn invalid(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} is not the id of a network"),
        "Give the network's name, with its region before it (REGION/NAME) where that is not the \
         provider's; or the id of its VPC, or both (VPC/NAME) for one in an existing VPC.",
    )
}

/// Whether the network's creation has come to its end.
pub fn is_complete(observed: &Observed) -> bool {
    observed
        .anchor()
        .is_some_and(|(_, _, tags)| tags.get(STATUS_TAG).is_some_and(|status| status == READY))
}

/// Sets the attributes that say what is wanted to what the parts that there are answer to.
pub fn reconstruct(network: &mut Network, observed: &Observed, settings: &TagSettings) {
    if let Some(vpc) = &observed.vpc {
        network.cidr = Some(vpc.cidr.clone());
        network.vpc_id = (!vpc.own).then(|| vpc.id.clone());
        network.ipv6 = vpc.ipv6.is_some() && observed.subnets.values().any(|it| it.ipv6.is_some());
        if vpc.own {
            network.enable_dns_support = vpc.enable_dns_support;
            network.enable_dns_hostnames = vpc.enable_dns_hostnames;
            let others = vpc.cidrs.keys().filter(|cidr| **cidr != vpc.cidr);
            network.secondary_cidrs = others.cloned().collect();
        } else if let Some(block) = only_block(observed) {
            network.cidr = Some(block);
        }
    }
    network.zones = zones(observed);
    network.tiers = tiers(network, observed);
    network.nat = nat(network, observed).to_owned();
    network.nat_tier =
        observed.nat_gateways.values().find_map(|it| tier_of(observed, &it.subnet_id));
    let mut interfaces = observed.endpoints.values().filter(|it| !it.gateway);
    network.endpoint_tier = interfaces.find_map(|it| tier_of(observed, it.subnet_ids.first()?));
    network.endpoints =
        observed.endpoints.keys().map(|key| (key.clone(), Endpoint::default())).collect();
    for (service, endpoint) in &mut network.endpoints {
        let there = observed.endpoints.get(service);
        endpoint.kind = there.map(|it| if it.gateway { "gateway" } else { "interface" }.to_owned());
        endpoint.private_dns = there.filter(|it| !it.gateway).map(|it| it.private_dns);
        let zones = there.map(|it| zones_of(observed, &it.subnet_ids)).unwrap_or_default();
        endpoint.zones = (!zones.is_empty() && zones.len() < network.zones.len()).then_some(zones);
    }
    let tags = || observed.subnets.values().flat_map(|subnet| &subnet.tags);
    network.clusters =
        tags().filter_map(|(key, _)| Some(key.strip_prefix(CLUSTER_TAG)?.to_owned())).collect();
    network.karpenter_discovery =
        tags().find(|(key, _)| *key == KARPENTER_TAG).map(|(_, value)| value.clone());
    network.tagging = tagging(observed, settings);
    settle(network, observed);
}

/// The tags that all parts have, as the part that stands for the whole has them.
fn tagging(observed: &Observed, settings: &TagSettings) -> Tagging {
    let Some((_, _, tags)) = observed.anchor() else { return Tagging::default() };
    // Each part has a name of its own, unless the person has given all of them one.
    let named = |(key, value): &(&String, &String)| {
        let same = |tags: &Tags| tags.get("Name") == Some(*value);
        *key != "Name" || observed.subnets.values().all(|subnet| same(&subnet.tags))
    };
    Tagging::read(tags.iter().filter(named), &Tagging::default(), settings).0
}

/// The block of an existing VPC that holds all subnets of the network.
fn only_block(observed: &Observed) -> Option<String> {
    let places: Vec<ipnet::Ipv4Net> =
        observed.subnets.values().filter_map(|it| it.cidr.parse().ok()).collect();
    let blocks = observed.vpc.iter().flat_map(|vpc| vpc.cidrs.keys());
    let mut fitting = blocks.filter(|block| {
        let block = addresses::any_block(block);
        block.is_ok_and(|block| places.iter().all(|place| block.contains(place)))
    });
    fitting.next().cloned()
}

/// The zones, the one with the only NAT gateway first: there a single one is made.
fn zones(observed: &Observed) -> Vec<String> {
    let zones: BTreeSet<&String> = observed.subnets.values().map(|subnet| &subnet.zone).collect();
    let first = observed.nat_gateways.keys().next();
    let mut zones: Vec<String> = zones.into_iter().cloned().collect();
    zones.sort_by_key(|zone| (Some(zone) != first, zone.clone()));
    zones
}

/// The zones of these subnets.
fn zones_of(observed: &Observed, subnet_ids: &BTreeSet<String>) -> BTreeSet<String> {
    let held = observed.subnets.values().filter(|subnet| subnet_ids.contains(&subnet.id));
    held.map(|subnet| subnet.zone.clone()).collect()
}

fn tier_of(observed: &Observed, subnet_id: &str) -> Option<String> {
    let (key, _) = observed.subnets.iter().find(|(_, subnet)| subnet.id == *subnet_id)?;
    Some(key.split_once('/')?.0.to_owned())
}

fn tiers(network: &Network, observed: &Observed) -> BTreeMap<String, Tier> {
    let mut tiers = BTreeMap::new();
    for (key, subnet) in &observed.subnets {
        let Some((name, _)) = key.split_once('/') else { continue };
        // A tier with a table of its own for each subnet is private, whatever its NAT mode.
        let access = match () {
            () if subnet.public_addresses => "public",
            () if observed.route_tables.contains_key(key) => "private",
            () if leads_to_the_internet(observed, name) => "public",
            () => "isolated",
        };
        let place: Option<ipnet::Ipv4Net> = subnet.cidr.parse().ok();
        let secondary = network.secondary_cidrs.iter().find(|block| {
            let block = addresses::any_block(block).ok();
            matches!((block, place), (Some(block), Some(place)) if block.contains(&place))
        });
        let tier = Tier {
            access: Some(access.to_owned()),
            prefix_length: place.map(|place| u32::from(place.prefix_len())),
            cidr: secondary.cloned(),
            subnet_cidrs: None,
            discovery: Some(subnet.tags.keys().any(|tag| tag.starts_with(ROLE_TAG))),
            tags: own_tags(&subnet.tags, observed),
        };
        tiers.insert(name.to_owned(), tier);
    }
    tiers
}

/// The tags of a subnet that are its tier's own.
fn own_tags(tags: &Tags, observed: &Observed) -> Option<Tags> {
    let common = observed.anchor().map(|(_, _, tags)| tags);
    let own = tags.iter().filter(|(key, value)| {
        let derived = key.starts_with(CLUSTER_TAG)
            || key.starts_with(ROLE_TAG)
            || [KARPENTER_TAG, "Name"].contains(&key.as_str());
        let reserved = key.starts_with("travel:") || key.starts_with("aws:");
        !derived && !reserved && common.and_then(|tags| tags.get(*key)) != Some(*value)
    });
    let own: Tags = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!own.is_empty()).then_some(own)
}

fn leads_to_the_internet(observed: &Observed, table: &str) -> bool {
    let table = observed.route_tables.get(table);
    table.is_some_and(|table| table.routes.values().any(|target| target.starts_with("igw-")))
}

fn nat(network: &Network, observed: &Observed) -> &'static str {
    match observed.nat_gateways.len() {
        0 => "none",
        1 => "single",
        many if many == network.zones.len() => "per_zone",
        _ => "single",
    }
}

/// Sets what is settled already (places, ids), so that nothing of it is taken for new.
fn settle(network: &mut Network, observed: &Observed) {
    let complete = is_complete(observed);
    let subnets = observed.subnets.iter().map(|(key, it)| {
        let subnet = Subnet {
            id: Some(it.id.clone()),
            cidr: Some(it.cidr.clone()),
            ipv6_cidr: it.ipv6.as_ref().map(|(block, _)| block.to_string()),
            ..Subnet::default()
        };
        (key.clone(), subnet)
    });
    network.subnets = Some(subnets.collect());
    let gateways = observed.nat_gateways.iter();
    network.nat_gateways = Some(
        gateways
            .map(|(zone, it)| {
                (zone.clone(), NatGateway { id: Some(it.id.clone()), ..NatGateway::default() })
            })
            .collect(),
    );
    let tables = observed.route_tables.iter().map(|(key, it)| {
        // Nobody else adds routes to a network that is not complete yet.
        let own = |(from, _): &(&String, &String)| {
            let is_own = !complete || matches!(from.as_str(), "0.0.0.0/0" | "::/0");
            is_own && !it.inspects(from)
        };
        let routes =
            it.routes.iter().filter(own).map(|(from, to)| (from.clone(), Some(to.clone())));
        let table = RouteTable { id: Some(it.id.clone()), routes: Some(routes.collect()) };
        (key.clone(), table)
    });
    network.route_tables = Some(tables.collect());
    if let Some(group) = &observed.endpoint_security_group {
        network.endpoint_security_group = Some(SecurityGroup {
            id: Some(group.id.clone()),
            ingress: Some(if complete { BTreeSet::new() } else { group.ingress.clone() }),
        });
    }
    let block = observed.vpc.as_ref().and_then(|vpc| vpc.ipv6.as_ref());
    network.ipv6_cidr = block.filter(|_| network.ipv6).map(|(block, _)| block.to_string());
}

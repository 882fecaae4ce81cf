//! Checks of a network's configuration that no single attribute's rule can make. Parts of it may
//! not be known yet.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::{services, wanted};
use crate::network_and_cluster::addresses;

/// How many blocks of IPv4 addresses a VPC can have where nobody has asked for more.
const USUAL_BLOCKS: usize = 5;
/// The ranges of private addresses.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
/// The range for tests of network devices, of which AWS uses some.
const BENCHMARK: &str = "198.19.0.0/16";
const LINK_LOCAL: &str = "169.254.0.0/16";
/// The ranges that EC2 tells from all others.
const RANGES: [&str; 5] = [PRIVATE[0], PRIVATE[1], PRIVATE[2], BENCHMARK, LINK_LOCAL];

/// Checks the configuration.
pub fn check(plan: &mut Plan<'_>) {
    check_zones(plan);
    check_blocks(plan);
    check_tiers(plan);
    check_other_networks(plan);
    check_routes(plan);
    check_endpoints(plan);
    check_flow_logs(plan);
    check_given_vpc(plan);
    let is = |plan: &Plan<'_>, name: &str| plan.config.get(name).as_bool();
    if is(plan, "enable_dns_support") == Some(false)
        && is(plan, "enable_dns_hostnames") != Some(false)
        && !plan.config.get("enable_dns_hostnames").is_unknown()
    {
        plan.refuse(
            "enable_dns_hostnames",
            "names without a DNS server",
            "Public addresses have names only with enable_dns_support. Set that, or set \
             enable_dns_hostnames = false as well.",
        );
    }
    let no_nat = plan.config.get("nat").as_str() == Some("none");
    if no_nat && !plan.config.get("nat_tier").is_null() {
        plan.refuse("nat_tier", "no NAT gateways", "With nat = \"none\" there are none to place.");
    }
}

/// The texts in a list or set, each with its place; those not known yet are left out.
fn texts(plan: &Plan<'_>, name: &str) -> Vec<(Path, String)> {
    let path = Path::attribute(name);
    let value = plan.config.get(name);
    let place = |index: usize, element: &Value| match value {
        Value::Set(_) => path.then(travel_value::Step::Element(Box::new(element.clone()))),
        _ => path.index(index),
    };
    let elements = value.elements().unwrap_or_default().iter().enumerate();
    elements.filter_map(|(index, it)| Some((place(index, it), it.as_str()?.to_owned()))).collect()
}

fn check_zones(plan: &mut Plan<'_>) {
    let mut seen = BTreeSet::new();
    for (path, zone) in texts(plan, "zones") {
        if !seen.insert(zone.clone()) {
            let detail = "Every zone has one subnet of each tier: name each zone once.";
            plan.refuse_at(path, format!("zone {zone} is named twice"), detail);
        }
    }
}

/// The network's blocks that are known, each with its place; errors in them are told by
/// [`check_blocks`].
fn known_blocks(plan: &Plan<'_>) -> Vec<(Path, Ipv4Net)> {
    let cidr = plan.config.get("cidr").as_str().map(str::to_owned);
    let first = cidr.map(|text| (Path::attribute("cidr"), text));
    let all = first.into_iter().chain(texts(plan, "secondary_cidrs"));
    all.filter_map(|(path, text)| Some((path, addresses::block(&text).ok()?))).collect()
}

fn check_blocks(plan: &mut Plan<'_>) {
    for (path, text) in texts(plan, "secondary_cidrs") {
        if let Err(requirement) = addresses::block(&text) {
            let detail = format!("It must be {requirement}; {text:?} is not.");
            plan.refuse_at(path, "invalid block of addresses", detail);
        }
    }
    let blocks = known_blocks(plan);
    for (index, (path, block)) in blocks.iter().enumerate() {
        let other = blocks[..index].iter().find(|(_, other)| addresses::overlap(*block, *other));
        if let Some((_, other)) = other {
            let detail = "The blocks of one network must not overlap: choose another.";
            plan.refuse_at(path.clone(), format!("{block} overlaps {other}"), detail);
        }
    }
    let given = !plan.config.get("vpc_id").is_null();
    let cidr = plan.config.get("cidr").as_str().and_then(|text| addresses::block(text).ok());
    if let Some(first) = cidr.filter(|_| !given) {
        for (path, block) in blocks {
            if let Some(reason) = restriction(first, block) {
                plan.refuse_at(path, format!("EC2 does not allow {block} here"), reason);
            }
        }
    }
    let count = 1 + texts(plan, "secondary_cidrs").len();
    if count > USUAL_BLOCKS {
        let warning = Diagnostic::warning(
            format!("{count} blocks of addresses"),
            format!(
                "A VPC can have {USUAL_BLOCKS}, unless the quota \"IPv4 CIDR blocks per VPC\" \
                 (L-83CA0A9D) has been raised."
            ),
        );
        plan.diagnostics.push(warning.at_attribute("secondary_cidrs"));
    }
}

/// Why a VPC whose first block is this one cannot have that one, if so: after "IPv4 CIDR block
/// association restrictions" in the VPC guide.
fn restriction(first: Ipv4Net, block: Ipv4Net) -> Option<&'static str> {
    let range = |net: Ipv4Net| RANGES.into_iter().find(|range| is_in(net, range));
    let is_private = |range: Option<&str>| range.is_some_and(|it| PRIVATE.contains(&it));
    let (there, new) = (range(first), range(block));
    if new == Some(LINK_LOCAL) {
        return Some("No VPC can have link-local addresses (169.254.0.0/16).");
    }
    if first == block {
        return None;
    }
    if is_private(new) && there != new {
        return Some(
            "Private addresses must all be of the range that cidr is in: 10.0.0.0/8, \
             172.16.0.0/12 or 192.168.0.0/16. Other addresses, such as those of 100.64.0.0/10, \
             can join them.",
        );
    }
    if new == Some(BENCHMARK) && there != new {
        return Some("Addresses of 198.19.0.0/16 join none of other ranges.");
    }
    if is_in(first, "10.0.0.0/15") && is_in(block, "10.0.0.0/16") {
        return Some("AWS keeps 10.0.0.0/16 for itself where cidr is in 10.0.0.0/15.");
    }
    if there == Some("172.16.0.0/12") && is_in(block, "172.31.0.0/16") {
        return Some("AWS keeps 172.31.0.0/16 for itself where cidr is in 172.16.0.0/12.");
    }
    None
}

fn is_in(net: Ipv4Net, range: &str) -> bool {
    range.parse::<Ipv4Net>().is_ok_and(|range| range.contains(&net))
}

fn check_tiers(plan: &mut Plan<'_>) {
    let tiers = plan.config.get("tiers").clone();
    let given = !plan.config.get("vpc_id").is_null();
    let secondary_known = plan.config.get("secondary_cidrs").is_wholly_known();
    let settled = secondary_known && !plan.config.get("cidr").is_unknown() && !given;
    let blocks: Vec<Ipv4Net> = known_blocks(plan).into_iter().map(|(_, block)| block).collect();
    for (name, tier) in tiers.entries().into_iter().flatten() {
        let path = Path::attribute("tiers").key(name);
        check_tier_name(plan, name, &path);
        let block = tier.get("cidr").as_str().and_then(|text| addresses::block(text).ok());
        if let Some(block) = block
            && settled
            && !blocks.iter().any(|own| own.contains(&block))
        {
            let detail = "A tier lies in cidr or in one of secondary_cidrs: add it there.";
            plan.refuse_at(path.field("cidr"), format!("{block} is not the network's"), detail);
        }
        let within = block.map_or_else(|| blocks.clone(), |block| vec![block]);
        check_subnet_cidrs(plan, tier, &path, settled.then_some(within));
    }
}

fn check_tier_name(plan: &mut Plan<'_>, name: &str, path: &Path) {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 30 || !name.bytes().all(letter) {
        let detail = "A tier's name has 1 to 30 lower-case letters, digits or dashes.";
        plan.refuse_at(path.clone(), format!("invalid name of a tier: {name:?}"), detail);
    }
}

/// Checks the places chosen for the subnets of a tier: `within` are the blocks they may lie in.
fn check_subnet_cidrs(
    plan: &mut Plan<'_>,
    tier: &Value,
    path: &Path,
    within: Option<Vec<Ipv4Net>>,
) {
    let zones: Vec<String> = texts(plan, "zones").into_iter().map(|(_, zone)| zone).collect();
    let zones_known = plan.config.get("zones").is_wholly_known();
    for (zone, place) in tier.get("subnet_cidrs").entries().into_iter().flatten() {
        let path = path.field("subnet_cidrs").key(zone);
        if zones_known && !zones.contains(zone) {
            let detail = format!("The network's zones are {}.", zones.join(", "));
            plan.refuse_at(path.clone(), format!("{zone} is no zone of the network"), detail);
        }
        let Some(text) = place.as_str() else { continue };
        match (addresses::block(text), &within) {
            (Err(requirement), _) => {
                let detail = format!("It must be {requirement}; {text:?} is not.");
                plan.refuse_at(path, "invalid block of addresses", detail);
            }
            (Ok(net), Some(blocks)) if !blocks.iter().any(|block| block.contains(&net)) => {
                let detail = "A subnet lies in its tier's block: choose a place in that.";
                plan.refuse_at(path, format!("{net} is outside the network"), detail);
            }
            _ => {}
        }
    }
}

fn check_other_networks(plan: &mut Plan<'_>) {
    let others = plan.config.get("other_networks").clone();
    let blocks = known_blocks(plan);
    let name = plan.config.get("name").as_str().unwrap_or("this network").to_owned();
    for (other, cidrs) in others.entries().into_iter().flatten() {
        let path = Path::attribute("other_networks").key(other);
        for (index, cidr) in cidrs.elements().unwrap_or_default().iter().enumerate() {
            let Some(text) = cidr.as_str() else { continue };
            let net = match addresses::any_block(text) {
                Ok(net) => net,
                Err(requirement) => {
                    let detail = format!("It must be {requirement}; {text:?} is not.");
                    plan.refuse_at(path.index(index), "invalid block of addresses", detail);
                    continue;
                }
            };
            for (own, block) in blocks.iter().filter(|(_, block)| addresses::overlap(*block, net)) {
                plan.refuse_at(
                    own.clone(),
                    format!("network {name:?} overlaps network {other:?}"),
                    format!(
                        "{block} and {net} have addresses in common, so that the two could \
                         never be connected. Choose another block."
                    ),
                );
            }
        }
    }
}

fn check_routes(plan: &mut Plan<'_>) {
    let routes = plan.config.get("routes").clone();
    for destination in routes.entries().into_iter().flatten().map(|(destination, _)| destination) {
        if let Err(requirement) = wanted::destination(destination) {
            plan.refuse_at(
                Path::attribute("routes").key(destination),
                format!("invalid destination {destination:?}"),
                format!("A route's destination must be {requirement}."),
            );
        }
    }
}

/// Checks the zones chosen for an endpoint.
fn check_endpoint_zones(plan: &mut Plan<'_>, chosen: &Value, gateway: bool, path: &Path) {
    if chosen.is_null() {
        return;
    }
    if gateway {
        plan.refuse_at(
            path.field("zones"),
            "a gateway endpoint is in no zone",
            "Traffic reaches it by routes. Leave zones out, or use an interface endpoint.",
        );
        return;
    }
    if !plan.config.get("zones").is_wholly_known() {
        return;
    }
    let zones: Vec<String> = texts(plan, "zones").into_iter().map(|(_, zone)| zone).collect();
    for zone in chosen.elements().into_iter().flatten().filter_map(Value::as_str) {
        if !zones.iter().any(|known| known == zone) {
            let detail = format!("The network's zones are {}.", zones.join(", "));
            let summary = format!("{zone} is no zone of the network");
            plan.refuse_at(path.field("zones"), summary, detail);
        }
    }
}

fn check_endpoints(plan: &mut Plan<'_>) {
    let endpoints = plan.config.get("endpoints").clone();
    let off = |name: &str| plan.config.get(name).as_bool() == Some(false);
    let nameless = off("enable_dns_support") || off("enable_dns_hostnames");
    for (service, endpoint) in endpoints.entries().into_iter().flatten() {
        let path = Path::attribute("endpoints").key(service);
        let kind = endpoint.get("type");
        let gateway = match kind.as_str() {
            Some(kind) => kind == "gateway",
            None if kind.is_unknown() => continue,
            None => services::has_gateway(service),
        };
        check_endpoint_zones(plan, endpoint.get("zones"), gateway, &path);
        let private_dns = endpoint.get("private_dns");
        if gateway && !services::has_gateway(service) {
            plan.refuse_at(
                path.field("type"),
                format!("{service} has no gateway endpoints"),
                "Only s3 and dynamodb have. Use type = \"interface\", or leave it out.",
            );
        } else if gateway && !private_dns.is_null() {
            plan.refuse_at(
                path.field("private_dns"),
                "a gateway endpoint has no names",
                "Traffic reaches it by routes. Leave private_dns out, or use an interface \
                 endpoint.",
            );
        } else if !gateway
            && nameless
            && !private_dns.is_unknown()
            && private_dns.as_bool().unwrap_or_else(|| services::has_private_names(service))
        {
            plan.refuse_at(
                path.field("private_dns"),
                "private names need DNS",
                "The service's own name leads to the endpoint only with enable_dns_support and \
                 enable_dns_hostnames. Leave both on, or set private_dns = false.",
            );
        }
    }
}

fn check_flow_logs(plan: &mut Plan<'_>) {
    let logs = plan.config.get("flow_logs").clone();
    if logs.get("bucket_arn").is_null() {
        return;
    }
    for name in ["retention_days", "kms_key_arn", "log_group", "role"] {
        if !logs.get(name).is_null() {
            plan.refuse_at(
                Path::attribute("flow_logs").field(name),
                format!("{name} does not go with bucket_arn"),
                "It is for logs in CloudWatch. Where they go to a bucket, that bucket says how \
                 they are kept, encrypted and written.",
            );
        }
    }
}

fn check_given_vpc(plan: &mut Plan<'_>) {
    if plan.config.get("vpc_id").is_null() {
        return;
    }
    for (name, detail) in [
        ("secondary_cidrs", "Its owner adds blocks to it; a tier's cidr can name any of them."),
        ("enable_dns_support", "Its owner decides."),
        ("enable_dns_hostnames", "Its owner decides."),
        ("exclusive", "What else stands in it is its owner's."),
    ] {
        let value = plan.config.get(name);
        let harmless = value.is_null() || value.as_bool() == Some(false) && name == "exclusive";
        let empty = value.elements().is_some_and(<[Value]>::is_empty);
        if !harmless && !empty {
            plan.refuse(name, format!("{name} does not go with an existing VPC"), detail);
        }
    }
}

#[cfg(test)]
mod tests;

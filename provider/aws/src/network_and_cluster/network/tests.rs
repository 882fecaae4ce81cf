//! What the tests of the network's modules share, and tests of the order of its parts.

use travel_framework::model::Model as _;

use super::*;
use crate::iam_role::{Role, ServiceRole};
use crate::network_and_cluster::log_group::LogGroup;
use crate::network_and_cluster::network::wanted::Wanted;
use crate::placement::Placement;
use crate::tags::{TagSettings, Tags};
use crate::testing::REGION;

/// The zones of the tests.
pub const ZONES: [&str; 3] = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];

/// A network with the default tiers in the first so many zones, as a plan would have it.
pub fn network(zones: usize) -> Network {
    let mut network = import::unknown("main".to_owned(), None, Placement::default());
    network.cidr = Some("10.20.0.0/16".to_owned());
    network.zones = ZONES[..zones].iter().map(ToString::to_string).collect();
    network.tiers = default_tiers();
    network.nat = "single".to_owned();
    network
}

/// A tier.
pub fn tier(access: &str) -> Tier {
    Tier { access: Some(access.to_owned()), ..Tier::default() }
}

/// Tags of these pairs.
pub fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// What the parts of a graph wait for, of those that are in it.
fn order(keys: &Keys) -> BTreeMap<String, BTreeSet<String>> {
    let parts = super::parts(keys);
    let names: BTreeSet<String> = parts.iter().map(|(part, _)| part.name()).collect();
    let orders = parts.iter().map(|(part, after)| {
        let after = after.iter().filter(|name| names.contains(*name));
        (part.name(), after.cloned().collect())
    });
    orders.collect()
}

#[test]
fn every_part_comes_after_what_it_needs() {
    let mut network = network(2);
    network.nat = "per_zone".to_owned();
    network.ipv6 = true;
    network.secondary_cidrs = ["100.64.0.0/16".to_owned()].into();
    network.endpoints.insert("s3".into(), Endpoint::default());
    network.endpoints.insert("sts".into(), Endpoint::default());
    let keys = Keys::wanted(&Wanted::of(&network).unwrap(), REGION);
    let order = order(&keys);
    for (part, needs, not) in [
        ("subnet/private/eu-central-1a", vec!["vpc", "cidr/100.64.0.0/16", "ipv6"], vec!["nat"]),
        ("address/eu-central-1a", vec!["internet_gateway"], vec![]),
        (
            "nat_gateway/eu-central-1a",
            vec!["address/eu-central-1a", "subnet/public/eu-central-1a", "internet_gateway"],
            vec!["address/eu-central-1b", "route_table"],
        ),
        ("route_table/public", vec!["internet_gateway"], vec!["nat_gateway"]),
        (
            "route_table/private/eu-central-1a",
            vec!["nat_gateway/eu-central-1a", "egress_only_gateway"],
            vec![],
        ),
        (
            "association/private/eu-central-1a",
            vec!["subnet/private/eu-central-1a", "route_table/private/eu-central-1a"],
            vec!["route_table/public"],
        ),
        ("endpoint/s3", vec!["route_table/data", "route_table/private/eu-central-1b"], vec![]),
        (
            "endpoint/sts",
            vec!["endpoint_security_group", "subnet/private/eu-central-1a"],
            vec!["route_table", "nat_gateway"],
        ),
    ] {
        let after = &order[part];
        for need in needs {
            assert!(after.contains(need), "{part} does not wait for {need}");
        }
        for prefix in not {
            assert!(!after.iter().any(|it| it.starts_with(prefix)), "{part} waits for a {prefix}");
        }
    }
    assert!(graph(&keys).is_ok());
}

#[test]
fn flow_logs_bring_what_they_need() {
    let mut network = network(1);
    network.flow_logs = Some(flow_logs(None));
    let order_of = |network: &Network| order(&Keys::wanted(&Wanted::of(network).unwrap(), REGION));
    let with_group = order_of(&network);
    let role = "flow_log_role/travel-main-eu-central-1-flow-logs";
    let needs = [role, "log_group//travel/network/main/flow-logs", "vpc"].map(str::to_owned);
    assert_eq!(with_group["flow_log"], needs.into());
    network.flow_logs = Some(flow_logs(Some("arn:aws:s3:::logs")));
    let with_bucket = order_of(&network);
    assert_eq!(with_bucket["flow_log"], ["vpc".to_owned()].into());
    assert!(!with_bucket.keys().any(|part| part.starts_with("log_group")));
}

/// Flow logs to this bucket, or else to a log group.
pub fn flow_logs(bucket_arn: Option<&str>) -> FlowLogs {
    FlowLogs {
        bucket_arn: bucket_arn.map(str::to_owned),
        traffic: "ALL".into(),
        interval_seconds: 600,
        format: DEFAULT_FORMAT.into(),
        ..FlowLogs::default()
    }
}

#[test]
fn values_of_rules() {
    for (value, allowed) in [(60, true), (600, true), (300, false)] {
        assert_eq!(is_interval(&value.into()).is_ok(), allowed, "{value}");
    }
    let zones = |zones: &[&str]| Value::List(zones.iter().map(|zone| (*zone).into()).collect());
    assert!(same_zones(&zones(&["a", "b"]), &zones(&["b", "a"])));
    assert!(!same_zones(&zones(&["a"]), &zones(&["a", "b"])));
}

/// A private table's way out as `travel_inspection_routes` leads it, with a mark or without.
fn led(tags: &[&str]) -> (Network, observed::Observed, &'static str) {
    let network = network(2);
    let mut observed = made(&network);
    let key = "private/eu-central-1a";
    let table = observed.route_tables.get_mut(key).unwrap();
    table.routes.insert("0.0.0.0/0".to_owned(), "vpce-1".to_owned());
    table.routes.insert("10.20.9.0/24".to_owned(), "vpce-1".to_owned());
    table.tags.extend(tags.iter().map(|tag| ((*tag).to_owned(), "1".to_owned())));
    (network, observed, key)
}

#[test]
fn what_leads_to_a_firewall_is_nobodys_drift() {
    let way = |tags: &[&str]| {
        let (network, observed, key) = led(tags);
        let wanted = Wanted::of(&network).unwrap();
        let foreign = foreign::find(&network, &wanted, &observed, &TagSettings::default());
        let tables = state::route_tables(&network, &wanted, &observed);
        let table = tables.get(key).unwrap().clone();
        let way = table.routes.unwrap().get("0.0.0.0/0").cloned().flatten().unwrap();
        (way, foreign.len())
    };
    let (there, foreign) = way(&["travel:inspection-resource"]);
    assert!(there.starts_with("nat-"), "{there}");
    assert_eq!(foreign, 0);
    assert_eq!(way(&[]), ("vpce-1".to_owned(), 1));
}

#[test]
fn every_attribute_of_the_schema_is_described() {
    let block = Network::block();
    let lost: Vec<&str> = block
        .attributes
        .iter()
        .filter(|attribute| attribute.description.is_empty())
        .map(|attribute| attribute.name.as_str())
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}

/// Everything that a network is to consist of, as if it were made.
pub fn made(network: &Network) -> observed::Observed {
    let wanted = Wanted::of(network).unwrap();
    let association = |id: &str| observed::Association { id: id.into(), associated: true };
    let mut cidrs: BTreeMap<String, observed::Association> =
        [(wanted.cidr.to_string(), association("assoc-1"))].into();
    cidrs.extend(wanted.secondary_cidrs.iter().map(|it| (it.to_string(), association("assoc-2"))));
    let block: ipnet::Ipv6Net = "2001:db8:1::/56".parse().unwrap();
    let ipv6_places = wanted.ipv6_places(block, &BTreeMap::new());
    let mut made = observed::Observed {
        vpc: Some(observed::Vpc {
            id: "vpc-1".into(),
            own: network.vpc_id.is_none(),
            tags: wanted.tags("vpc"),
            cidr: wanted.cidr.to_string(),
            cidrs,
            ipv6: wanted.ipv6.then(|| (block, association("assoc-6"))),
            enable_dns_support: wanted.enable_dns_support,
            enable_dns_hostnames: wanted.enable_dns_hostnames,
        }),
        ..observed::Observed::default()
    };
    let gateway = |id: &str, part: &str| observed::Gateway {
        id: id.into(),
        own: true,
        tags: wanted.tags(part),
        attached: true,
    };
    made.internet_gateway =
        wanted.internet_gateway.then(|| gateway("igw-1", internet_gateway::NAME));
    made.egress_only_gateway =
        wanted.egress_only_gateway.then(|| gateway("eigw-1", egress_only_gateway::NAME));
    make_subnets(&wanted, &ipv6_places, &mut made);
    make_nat_gateways(&wanted, &mut made);
    for (key, routes) in &wanted.route_tables {
        let routes = routes
            .iter()
            .map(|(from, to)| (from.clone(), route_table::resolve(to, &made).unwrap_or_default()));
        let table = observed::RouteTable {
            id: format!("rtb-{key}"),
            tags: wanted.tags(&route_table::part(key)),
            routes: routes.collect(),
        };
        made.route_tables.insert(key.clone(), table);
    }
    make_endpoints(&wanted, &mut made);
    make_flow_logs(&wanted, &mut made);
    made
}

fn make_subnets(
    wanted: &Wanted,
    ipv6_places: &BTreeMap<String, ipnet::Ipv6Net>,
    made: &mut observed::Observed,
) {
    for (key, it) in &wanted.subnets {
        let ipv6 = ipv6_places.get(key).filter(|_| wanted.ipv6);
        let association = observed::Association { id: "assoc-s".into(), associated: true };
        let subnet = observed::Subnet {
            id: format!("subnet-{key}"),
            arn: format!("arn:subnet-{key}"),
            tags: wanted.tags(&subnet::part(key)),
            zone: it.zone.clone(),
            cidr: it.cidr.to_string(),
            ipv6: ipv6.map(|place| (*place, association)),
            public_addresses: it.access == wanted::Access::Public,
            assign_ipv6: wanted.ipv6,
            route_table: Some(observed::RouteTableAssociation {
                id: format!("rtbassoc-{key}"),
                route_table_id: format!("rtb-{}", it.route_table),
            }),
        };
        made.subnets.insert(key.clone(), subnet);
    }
}

fn make_nat_gateways(wanted: &Wanted, made: &mut observed::Observed) {
    for (zone, subnet) in &wanted.nat_gateways {
        let address = observed::Address {
            id: format!("eipalloc-{zone}"),
            tags: wanted.tags(&address::part(zone)),
            public_ip: "198.51.100.1".into(),
        };
        let gateway = observed::NatGateway {
            id: format!("nat-{zone}"),
            tags: wanted.tags(&nat_gateway::part(zone)),
            state: "available".into(),
            subnet_id: format!("subnet-{subnet}"),
            allocation_id: address.id.clone(),
            interface_id: Some(format!("eni-nat-{zone}")),
        };
        made.addresses.insert(zone.clone(), address);
        made.nat_gateways.insert(zone.clone(), gateway);
    }
}

fn make_endpoints(wanted: &Wanted, made: &mut observed::Observed) {
    if wanted.has_interface_endpoints() {
        let ipv6 = made.vpc.as_ref().and_then(|vpc| vpc.ipv6.as_ref()).map(|it| it.0.to_string());
        made.endpoint_security_group = Some(observed::SecurityGroup {
            id: "sg-1".into(),
            tags: wanted.tags(security_group::NAME),
            ingress: wanted.blocks().iter().map(ToString::to_string).chain(ipv6).collect(),
            others: BTreeMap::new(),
        });
    }
    for (service, it) in &wanted.endpoints {
        let tables = made.route_tables.values().map(|table| table.id.clone());
        let subnets = wanted.endpoint_subnets(service).map(|key| format!("subnet-{key}"));
        let endpoint = observed::Endpoint {
            id: format!("vpce-{service}"),
            tags: wanted.tags(&endpoint::part(service)),
            gateway: it.gateway,
            service_name: services::full_name(service, it.gateway, "eu-central-1"),
            state: "available".into(),
            policy: it.policy.clone(),
            private_dns: it.private_dns,
            route_table_ids: if it.gateway { tables.collect() } else { BTreeSet::new() },
            subnet_ids: if it.gateway { BTreeSet::new() } else { subnets.collect() },
            group_ids: if it.gateway { BTreeSet::new() } else { ["sg-1".to_owned()].into() },
            interface_ids: BTreeSet::new(),
            dns_name: (!it.gateway).then(|| format!("vpce-{service}.amazonaws.com")),
        };
        made.endpoints.insert(service.clone(), endpoint);
    }
}

fn make_flow_logs(wanted: &Wanted, made: &mut observed::Observed) {
    let Some(logs) = &wanted.flow_logs else { return };
    let (group, role) = (wanted.log_group_name(), wanted.role_name(REGION));
    if let (Some(name), Some(role)) = (&group, &role) {
        let arn = format!("arn:logs:{name}");
        let group = LogGroup {
            name: name.clone(),
            arn,
            tags: wanted.tags(log_group::NAME),
            retention_days: logs.retention_days.unwrap_or(log_group::RETENTION_DAYS),
            kms_key_arn: logs.kms_key_arn.clone(),
        };
        made.log_groups.insert(name.clone(), group);
        let there = Role {
            name: role.clone(),
            arn: format!("arn:role/{role}"),
            tags: wanted.tags(role::NAME),
            ..Role::default()
        };
        made.roles.insert(role.clone(), ServiceRole { role: there, permissions: None });
    }
    let flow_log = observed::FlowLog {
        id: "fl-1".into(),
        tags: wanted.tags(flow_log::NAME),
        bucket_arn: logs.bucket_arn.clone(),
        role,
        log_group: group,
        traffic: logs.traffic.clone(),
        interval_seconds: logs.interval_seconds,
        format: logs.format.clone(),
        trouble: None,
    };
    made.flow_logs.insert(flow_log.id.clone(), flow_log);
}

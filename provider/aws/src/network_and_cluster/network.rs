//! The resource `travel_network`: its attributes, and the order of its parts, one page each in the
//! folder beside this file.
//!
//! [`wanted`] works out from the attributes what the network is to consist of, [`listing`] looks
//! at what there is, the parts make the one from the other, and [`state`] tells of the result.

mod address;
mod address_block;
mod association;
mod blockers;
mod checks;
mod egress_only_gateway;
mod endpoint;
mod flow_log;
mod foreign;
mod import;
mod internet_gateway;
mod inventory;
mod keys;
mod listing;
mod log_group;
mod nat_gateway;
mod observed;
mod operations;
mod outputs;
mod planning;
mod role;
mod route_table;
mod security_group;
mod services;
mod state;
mod subnet;
mod vpc;
mod wanted;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::parts::{Graph, Ordered};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Model};
use travel_value::Value;

use self::keys::Keys;
pub use self::outputs::{NatGateway, RouteTable, SecurityGroup, Subnet};
use self::work::Work;
use crate::network_and_cluster::{addresses, log_retention};
use crate::placement::Placement;
use crate::policy;
use crate::tags::{Tagging, Tags, are_allowed};

/// What flow logs hold where the configuration does not say: version 2 of the format, which is
/// also what AWS writes by default.
pub const DEFAULT_FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} \
     ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// A network over several availability zones: a VPC with subnets in tiers, its ways out, the
/// endpoints of AWS services in it, and the logs of its traffic.
///
/// It owns the parts it makes and no others: subnets, routes, rules and tags that something else
/// has added stay, and are no drift, unless `exclusive` is set; what `travel_inspection_routes` leads
/// to a firewall stays in any case. Zones, tiers, NAT mode, endpoints,
/// routes, logs and tags change in place; `name`, `cidr`, `vpc_id`, account and region do not.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_network",
    proof = tags,
    id = "id",
    identity("region", "name"),
    refresh = "12 + 4 * log_group",
    consistency_seconds = 8
)]
pub struct Network {
    /// The network's name, by which it is told from the others of its deployment. Its parts are
    /// named after it.
    #[model(
        required,
        replace,
        pattern(
            "^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$",
            "1 to 30 letters, digits, dots, dashes or underscores, the first a letter or digit"
        )
    )]
    pub name: String,
    /// Where the network is.
    #[model(flatten)]
    pub placement: Placement,
    /// The network's block of IPv4 addresses, from /16 to /28, such as `10.20.0.0/16`. In an
    /// existing VPC it is one of that VPC's blocks.
    #[model(required, replace, rule = is_block)]
    pub cidr: Option<String>,
    /// An existing VPC to build in, instead of making one. The VPC itself, its blocks of addresses
    /// and its internet gateway, if it has one, stay as they are.
    #[model(optional, replace, pattern("^vpc-[0-9a-f]+$", "the id of a VPC, such as vpc-0abc"))]
    pub vpc_id: Option<String>,
    /// The availability zones, such as `["eu-central-1a", "eu-central-1b"]`. A zone that is added
    /// or taken away moves nothing in the others, nor does another order; a single NAT gateway is
    /// made in the first.
    #[model(required, length(1, 20), same = same_zones)]
    pub zones: Vec<String>,
    /// The tiers: each has a subnet in every zone. By default `public`, `private` and `data`
    /// (isolated).
    #[model(optional, default = default_tiers(), length(1, 50))]
    pub tiers: BTreeMap<String, Tier>,
    /// More blocks of IPv4 addresses, in which tiers can lie, such as `["100.64.0.0/16"]`.
    #[model(optional, default)]
    pub secondary_cidrs: BTreeSet<String>,
    /// Whether subnets also have IPv6 addresses, of a block that Amazon provides. Private tiers
    /// then get out by an egress-only gateway.
    #[model(optional, default)]
    pub ipv6: bool,
    /// Whether Amazon's DNS server answers in the network.
    #[model(optional, default = true)]
    pub enable_dns_support: bool,
    /// Whether what has a public address gets a name for it; endpoints need it for private names.
    #[model(optional, default = true)]
    pub enable_dns_hostnames: bool,
    /// The NAT gateways by which private tiers get out: `none`, a `single` one, or one `per_zone`.
    #[model(optional, default = "single", one_of("none", "single", "per_zone"))]
    pub nat: String,
    /// The public tier that the NAT gateways stand in. Needed only where there are several. With
    /// another tier, the gateways are made anew there, with the same addresses.
    #[model(optional, computed)]
    pub nat_tier: Option<String>,
    /// More routes, by destination: a block of IPv4 or IPv6 addresses, or the id of a prefix list.
    /// One to a transit gateway needs the VPC to be attached to it first.
    #[model(optional, default)]
    pub routes: BTreeMap<String, Route>,
    /// Endpoints of AWS services, by the service's name as in `s3` or `ecr.api`, or by the whole
    /// name of an endpoint service.
    #[model(optional, default)]
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The tier whose subnets hold the interface endpoints. By default the first private tier, or
    /// else the first isolated or public one.
    #[model(optional, computed)]
    pub endpoint_tier: Option<String>,
    /// Logs of the network's traffic. By default there are none.
    #[model(optional)]
    pub flow_logs: Option<FlowLogs>,
    /// The names of the clusters that may find the subnets by tag
    /// (`kubernetes.io/cluster/NAME = shared`).
    #[model(optional, default)]
    pub clusters: BTreeSet<String>,
    /// What Karpenter finds the private subnets by: the value of their tag
    /// `karpenter.sh/discovery`, usually the cluster's name.
    #[model(optional, length(1, 256))]
    pub karpenter_discovery: Option<String>,
    /// The blocks of other networks, by name, which this one must not overlap: a plan that does
    /// is refused.
    #[model(optional, default, config_only)]
    pub other_networks: BTreeMap<String, Vec<String>>,
    /// Whether everything in the network is to be its own: then an apply removes what stands in
    /// `foreign`.
    #[model(optional, default, config_only)]
    pub exclusive: bool,
    /// Whether a plan may destroy this network to make another in its place.
    #[model(optional, default, config_only)]
    pub allow_replacement: bool,
    /// The id of the VPC.
    #[model(computed)]
    pub id: Option<String>,
    /// The ARN of the VPC.
    #[model(computed)]
    pub arn: Option<String>,
    /// The network's block of IPv6 addresses; none without `ipv6`.
    #[model(computed)]
    pub ipv6_cidr: Option<String>,
    /// The subnets, by tier and zone, as in `private/eu-central-1a`.
    #[model(computed)]
    pub subnets: Option<BTreeMap<String, Subnet>>,
    /// The ids of the subnets of each tier, in the order of `zones`.
    #[model(computed)]
    pub subnet_ids: Option<BTreeMap<String, Vec<Option<String>>>>,
    /// The route tables: one for each public or isolated tier, by its name, and one for each
    /// private subnet, by tier and zone.
    #[model(computed)]
    pub route_tables: Option<BTreeMap<String, RouteTable>>,
    /// The id of the internet gateway; none without a public tier.
    #[model(computed)]
    pub internet_gateway_id: Option<String>,
    /// The id of the egress-only internet gateway; none without `ipv6` and a private tier.
    #[model(computed)]
    pub egress_only_gateway_id: Option<String>,
    /// The NAT gateways, by zone.
    #[model(computed)]
    pub nat_gateways: Option<BTreeMap<String, NatGateway>>,
    /// The security group of the interface endpoints; none without such endpoints.
    #[model(computed)]
    pub endpoint_security_group: Option<SecurityGroup>,
    /// The parts whose tags are not what they should be: the next apply mends them. Tags of
    /// subnets stand in `subnets`, those of the VPC in `tags`.
    #[model(computed)]
    pub mistagged: Option<BTreeSet<String>>,
    /// What is not as it should be and shows in no other attribute, such as `flow_log_role` where
    /// that role may do more or less than it should: the next apply mends it.
    #[model(computed)]
    pub faults: Option<BTreeSet<String>>,
    /// What else is found in the network: subnets, and in its own parts routes, rules and tags. It
    /// stays, unless `exclusive` is set. In an existing VPC, nothing is looked for.
    #[model(computed)]
    pub foreign: Option<BTreeSet<String>>,
    /// The tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// A tier of subnets, one in every zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Tier {
    /// The way out: `public` (the internet gateway, with public addresses), `private` (the NAT
    /// gateways) or `isolated` (none but `routes` and gateway endpoints).
    #[model(required, one_of("public", "private", "isolated"))]
    pub access: Option<String>,
    /// The size of the tier's subnets, as a prefix length from 16 to 28. By default 8 more than
    /// that of the block for public tiers, 3 for private and 6 for isolated ones, so that three
    /// tiers over six zones fit. To resize a tier, add another beside it and move over.
    #[model(optional, computed, range(16, 28))]
    pub prefix_length: Option<u32>,
    /// The block that the tier's subnets lie in: `cidr` by default, or one of `secondary_cidrs`.
    #[model(optional, rule = is_block)]
    pub cidr: Option<String>,
    /// The blocks of the tier's subnets, by zone, for a plan of addresses of one's own.
    #[model(optional)]
    pub subnet_cidrs: Option<BTreeMap<String, String>>,
    /// Whether clusters, load balancers and Karpenter find the tier's subnets by tag. By default
    /// those of public and private tiers.
    #[model(optional, computed)]
    pub discovery: Option<bool>,
    /// More tags for the tier's subnets.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
}

/// A route besides those to the gateways.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct Route {
    /// Where it leads: the id of a transit gateway, peering connection, virtual private gateway,
    /// network interface, Gateway Load Balancer endpoint, NAT, internet, egress-only, carrier or
    /// local gateway, or the ARN of a core network.
    #[model(
        required,
        pattern(
            "^((tgw|pcx|vgw|eni|vpce|nat|igw|eigw|cagw|lgw)-[0-9a-f]+|arn:[a-z-]+:networkmanager:.+)$",
            "the id of something a route can lead to, such as tgw-0abc or pcx-0abc"
        )
    )]
    pub target: Option<String>,
    /// The tiers that have the route; by default all.
    #[model(optional)]
    pub tiers: Option<BTreeSet<String>>,
}

/// An endpoint of an AWS service in the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Endpoint {
    /// `gateway` (routes in every route table; S3 and DynamoDB only, free of charge) or
    /// `interface` (network interfaces in the subnets of `endpoint_tier`). By default `gateway`
    /// for `s3` and `dynamodb`, otherwise `interface`.
    #[model(name = "type", optional, computed, one_of("gateway", "interface"))]
    pub kind: Option<String>,
    /// The policy of the endpoint, as JSON; by default everything is allowed through it.
    #[model(optional, same = policy::same_values, rule = policy::is_document)]
    pub policy: Option<String>,
    /// Whether the service's own name leads to the endpoint within the network. By default true
    /// for interface endpoints of AWS services.
    #[model(optional, computed)]
    pub private_dns: Option<bool>,
    /// The zones in which an interface endpoint has its network interfaces; by default all of the
    /// network's. For services that some zones do not have.
    #[model(optional, length(1, 20))]
    pub zones: Option<BTreeSet<String>>,
    /// The id of the endpoint.
    #[model(computed)]
    pub id: Option<String>,
    /// The whole name of the service.
    #[model(computed)]
    pub service_name: Option<String>,
    /// The name of an interface endpoint in DNS.
    #[model(computed)]
    pub dns_name: Option<String>,
    /// The route tables that lead to a gateway endpoint.
    #[model(computed)]
    pub route_table_ids: Option<BTreeSet<String>>,
    /// The subnets that hold an interface endpoint.
    #[model(computed)]
    pub subnet_ids: Option<BTreeSet<String>>,
}

/// Logs of a network's traffic. A flow log cannot be changed: another one is made, and the old one
/// goes after it, with its log group and role if these have other names now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FlowLogs {
    /// The ARN of an S3 bucket to deliver to, optionally with a folder
    /// (`arn:aws:s3:::bucket/folder/`). By default the logs go to a log group of CloudWatch Logs,
    /// which the network makes, together with the role to write to it.
    #[model(optional, pattern("^arn:[a-z-]+:s3:::.+$", "the ARN of an S3 bucket"))]
    pub bucket_arn: Option<String>,
    /// Which traffic is logged.
    #[model(optional, default = "ALL", one_of("ALL", "ACCEPT", "REJECT"))]
    pub traffic: String,
    /// The seconds over which traffic is summed up into one record: 60 or 600.
    #[model(optional, default = 600, rule = is_interval)]
    pub interval_seconds: u32,
    /// The fields of a record.
    #[model(optional, default = DEFAULT_FORMAT.to_owned(), length(1, 2000))]
    pub format: String,
    /// How many days the log group keeps the records; by default 30.
    #[model(optional, computed, rule = log_retention::is_retention)]
    pub retention_days: Option<u32>,
    /// The ARN of the KMS key that encrypts the log group. Its policy must let CloudWatch Logs
    /// use it.
    #[model(optional, pattern("^arn:[a-z-]+:kms:.+$", "the ARN of a KMS key"))]
    pub kms_key_arn: Option<String>,
    /// The name of the log group; by default `/travel/network/NAME/flow-logs`.
    #[model(
        optional,
        computed,
        pattern("^[A-Za-z0-9._/#-]{1,512}$", "1 to 512 letters, digits or characters of ._/#-")
    )]
    pub log_group: Option<String>,
    /// The name of the role that writes to the log group; by default
    /// `travel-NAME-REGION-flow-logs`.
    #[model(
        optional,
        computed,
        pattern("^[A-Za-z0-9+=,.@_-]{1,64}$", "1 to 64 letters, digits or characters of +=,.@_-")
    )]
    pub role: Option<String>,
    /// The id of the flow log; none while one has not yet wholly taken the place of another.
    #[model(computed)]
    pub id: Option<String>,
    /// The ARN of the log group.
    #[model(computed)]
    pub log_group_arn: Option<String>,
    /// The ARN of the role.
    #[model(computed)]
    pub role_arn: Option<String>,
}

/// The tiers of a network whose configuration names none.
pub fn default_tiers() -> BTreeMap<String, Tier> {
    let tiers = [("public", "public"), ("private", "private"), ("data", "isolated")];
    tiers
        .into_iter()
        .map(|(name, access)| {
            (name.to_owned(), Tier { access: Some(access.to_owned()), ..Tier::default() })
        })
        .collect()
}

fn is_block(value: &Value) -> Result<(), String> {
    value.as_str().map_or(Ok(()), |text| addresses::block(text).map(drop))
}

fn is_interval(value: &Value) -> Result<(), String> {
    let seconds = value.as_number().and_then(travel_value::Number::as_i64);
    if matches!(seconds, Some(60 | 600)) { Ok(()) } else { Err("60 or 600".to_owned()) }
}

/// Zones in another order are the same zones.
fn same_zones(one: &Value, other: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut zones = value.elements().map(<[Value]>::to_vec).unwrap_or_default();
        zones.sort();
        zones
    };
    sorted(one) == sorted(other)
}

/// The graph of a network's parts.
fn graph<'a>(keys: &Keys) -> Result<Graph<Work<'a>>, Diagnostic> {
    Graph::new(parts(keys))
}

/// A network's parts, with their order: what each needs before it, and is gone before.
fn parts<'a>(keys: &Keys) -> Vec<Ordered<Work<'a>>> {
    let one = |name: &str| vec![name.to_owned()];
    let vpc = one(vpc::NAME);
    let blocks: Vec<String> = keys.blocks.iter().map(address_block::Block::part).collect();
    let subnets: Vec<String> = keys.subnets.keys().map(|key| subnet::part(key)).collect();
    let tables: Vec<String> = keys.route_tables.iter().map(|it| route_table::part(it)).collect();
    let nats: Vec<String> = keys.nat_gateways.iter().map(|it| nat_gateway::part(it)).collect();
    let gateways = vec![internet_gateway::NAME.to_owned(), egress_only_gateway::NAME.to_owned()];
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    if keys.vpc {
        parts.push((Box::new(vpc::VpcPart), Vec::new()));
    }
    for block in keys.blocks.iter().cloned() {
        parts.push((Box::new(address_block::AddressBlockPart { block }), vpc.clone()));
    }
    if keys.internet_gateway {
        parts.push((Box::new(internet_gateway::InternetGatewayPart), vpc.clone()));
    }
    if keys.egress_only_gateway {
        let after = [vpc.clone(), blocks.clone()].concat();
        parts.push((Box::new(egress_only_gateway::EgressOnlyGatewayPart), after));
    }
    for (key, table) in keys.subnets.clone() {
        let after = [vpc.clone(), blocks.clone()].concat();
        let own_table = table.map_or_else(|| tables.clone(), |it| vec![route_table::part(&it)]);
        let associated = [vec![subnet::part(&key)], own_table].concat();
        parts.push((Box::new(subnet::SubnetPart { key: key.clone() }), after));
        parts.push((Box::new(association::AssociationPart { subnet: key }), associated));
    }
    for key in keys.route_tables.iter().cloned() {
        // Only the tables of private subnets lead to NAT gateways, which take minutes to make.
        let private = if key.contains('/') { nats.clone() } else { Vec::new() };
        let after = [vpc.clone(), gateways.clone(), private].concat();
        parts.push((Box::new(route_table::RouteTablePart { key }), after));
    }
    for zone in keys.addresses.iter().cloned() {
        let after = [vpc.clone(), one(internet_gateway::NAME)].concat();
        parts.push((Box::new(address::AddressPart { zone }), after));
    }
    for zone in keys.nat_gateways.iter().cloned() {
        let own = vec![internet_gateway::NAME.to_owned(), address::part(&zone)];
        let after = [own, subnets.clone()].concat();
        parts.push((Box::new(nat_gateway::NatGatewayPart { zone }), after));
    }
    for (service, gateway) in keys.endpoints.clone() {
        let places = if gateway { tables.clone() } else { subnets.clone() };
        let after = [vpc.clone(), one(security_group::NAME), places].concat();
        parts.push((Box::new(endpoint::EndpointPart { service }), after));
    }
    if keys.endpoint_security_group {
        let after = [vpc.clone(), blocks.clone()].concat();
        parts.push((Box::new(security_group::SecurityGroupPart), after));
    }
    parts.extend(flow_log_parts(keys));
    parts
}

/// The flow logs, after what they deliver to and with: so these are gone only after them.
fn flow_log_parts<'a>(keys: &Keys) -> Vec<Ordered<Work<'a>>> {
    let vpc = vec![vpc::NAME.to_owned()];
    let groups = keys.log_groups.iter().map(|it| log_group::part(it));
    let roles = keys.roles.iter().map(|it| role::part(it));
    let before: Vec<String> = vpc.iter().cloned().chain(groups).chain(roles).collect();
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    if keys.flow_log {
        parts.push((Box::new(flow_log::FlowLogPart { id: None }), before.clone()));
    }
    for id in keys.flow_logs.iter().cloned() {
        parts.push((Box::new(flow_log::FlowLogPart { id: Some(id) }), before.clone()));
    }
    for name in keys.log_groups.iter().cloned() {
        parts.push((Box::new(log_group::LogGroupPart { name }), vpc.clone()));
    }
    for name in keys.roles.iter().cloned() {
        parts.push((Box::new(role::RolePart { name }), vpc.clone()));
    }
    parts
}

#[cfg(test)]
mod tests;

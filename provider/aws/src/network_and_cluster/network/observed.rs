//! What there is of a network in the cloud, and which of it is the network's own.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv6Net;
use travel_framework::ownership::{Claim, Mark};

use super::Network;
use crate::iam_role::ServiceRole;
use crate::network_and_cluster::inspection_routes::marks;
use crate::network_and_cluster::log_group::LogGroup;
use crate::tags::{PART_TAG, Tags, mark};

/// The tag on a network's anchor (its VPC, or its first route table in an existing one) that says
/// that the network's creation has come to its end.
pub const STATUS_TAG: &str = "travel:status";

/// The parts of a network as they are.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The VPC.
    pub vpc: Option<Vpc>,
    /// The subnets, by tier and zone.
    pub subnets: BTreeMap<String, Subnet>,
    /// The route tables, by tier, or by tier and zone.
    pub route_tables: BTreeMap<String, RouteTable>,
    /// The internet gateway: the network's own, or else that of the VPC.
    pub internet_gateway: Option<Gateway>,
    /// The egress-only gateway.
    pub egress_only_gateway: Option<Gateway>,
    /// The public addresses of the NAT gateways, by zone.
    pub addresses: BTreeMap<String, Address>,
    /// The NAT gateways, by zone.
    pub nat_gateways: BTreeMap<String, NatGateway>,
    /// The endpoints, by service.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The security group of the interface endpoints.
    pub endpoint_security_group: Option<SecurityGroup>,
    /// The flow logs, by id: more than one while one takes the place of another.
    pub flow_logs: BTreeMap<String, FlowLog>,
    /// The log groups of the flow logs, by name.
    pub log_groups: BTreeMap<String, LogGroup>,
    /// The roles of the flow logs, by name.
    pub roles: BTreeMap<String, ServiceRole>,
    /// What else stands in the VPC.
    pub strangers: Vec<Stranger>,
    /// The network interfaces of gateways and endpoints that are gone: they may outlast them for
    /// a moment.
    pub past_interfaces: BTreeSet<String>,
}

/// A VPC.
#[derive(Clone, Debug, Default)]
pub struct Vpc {
    /// The id.
    pub id: String,
    /// Whether the network made it.
    pub own: bool,
    /// The tags.
    pub tags: Tags,
    /// The first block.
    pub cidr: String,
    /// The associations of all blocks of IPv4 addresses, by block.
    pub cidrs: BTreeMap<String, Association>,
    /// The block of IPv6 addresses that Amazon has provided.
    pub ipv6: Option<(Ipv6Net, Association)>,
    /// Whether Amazon's DNS server answers.
    pub enable_dns_support: bool,
    /// Whether public addresses have names.
    pub enable_dns_hostnames: bool,
}

/// The association of a block of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Association {
    /// The id of the association.
    pub id: String,
    /// Whether it is in force; otherwise it is about to come or to go.
    pub associated: bool,
}

/// A subnet.
#[derive(Clone, Debug, Default)]
pub struct Subnet {
    /// The id.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The tags.
    pub tags: Tags,
    /// The zone.
    pub zone: String,
    /// The block of IPv4 addresses.
    pub cidr: String,
    /// The block of IPv6 addresses.
    pub ipv6: Option<(Ipv6Net, Association)>,
    /// Whether instances get a public address.
    pub public_addresses: bool,
    /// Whether network interfaces get an IPv6 address.
    pub assign_ipv6: bool,
    /// The route table it is associated with, the network's or another.
    pub route_table: Option<RouteTableAssociation>,
}

/// The association of a subnet with a route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTableAssociation {
    /// The id of the association.
    pub id: String,
    /// The id of the route table.
    pub route_table_id: String,
}

/// A route table.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// The id.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// What each destination leads to, without what AWS keeps there itself.
    pub routes: BTreeMap<String, String>,
}

impl RouteTable {
    /// Whether `travel_inspection_routes` leads this destination to a firewall.
    pub fn inspects(&self, destination: &str) -> bool {
        let leads = |target: &String| target.starts_with("vpce-");
        marks::are_inspected(&self.tags) && self.routes.get(destination).is_some_and(leads)
    }
}

/// An internet gateway, egress-only or not.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// The id.
    pub id: String,
    /// Whether the network made it.
    pub own: bool,
    /// The tags.
    pub tags: Tags,
    /// Whether it is attached to the VPC.
    pub attached: bool,
}

/// A public address.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// The id of the allocation.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// The address.
    pub public_ip: String,
}

/// A NAT gateway.
#[derive(Clone, Debug, Default)]
pub struct NatGateway {
    /// The id.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// Its state, as EC2 calls it.
    pub state: String,
    /// Its subnet.
    pub subnet_id: String,
    /// The allocation of its public address.
    pub allocation_id: String,
    /// Its network interface.
    pub interface_id: Option<String>,
}

/// An endpoint.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// The id.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// Whether it is a gateway endpoint.
    pub gateway: bool,
    /// The whole name of the service.
    pub service_name: String,
    /// Its state, as EC2 calls it, in lower case.
    pub state: String,
    /// Its policy.
    pub policy: Option<String>,
    /// Whether the service's own name leads to it.
    pub private_dns: bool,
    /// The route tables that lead to it.
    pub route_table_ids: BTreeSet<String>,
    /// The subnets that hold it.
    pub subnet_ids: BTreeSet<String>,
    /// Its security groups.
    pub group_ids: BTreeSet<String>,
    /// Its network interfaces.
    pub interface_ids: BTreeSet<String>,
    /// Its first name in DNS.
    pub dns_name: Option<String>,
}

/// A security group.
#[derive(Clone, Debug, Default)]
pub struct SecurityGroup {
    /// The id.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// The blocks of addresses that may connect by HTTPS.
    pub ingress: BTreeSet<String>,
    /// Other rules for what comes in: their words, and what to revoke them with.
    pub others: BTreeMap<String, aws_sdk_ec2::types::IpPermission>,
}

/// A flow log.
#[derive(Clone, Debug, Default)]
pub struct FlowLog {
    /// The id.
    pub id: String,
    /// The tags.
    pub tags: Tags,
    /// The bucket it delivers to, if it is a bucket.
    pub bucket_arn: Option<String>,
    /// The name of the log group it delivers to, if it is one.
    pub log_group: Option<String>,
    /// The name of the role it delivers to a log group with.
    pub role: Option<String>,
    /// Which traffic is logged.
    pub traffic: String,
    /// The seconds per record.
    pub interval_seconds: u32,
    /// The fields of a record.
    pub format: String,
    /// Why it cannot deliver, if it cannot.
    pub trouble: Option<String>,
}

/// Something in the VPC that the network did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// What it is, as in `subnet`.
    pub kind: &'static str,
    /// The id.
    pub id: String,
    /// Its name or place, for a person.
    pub words: String,
    /// Whether it may go by itself before long.
    pub passing: bool,
}

impl std::fmt::Display for Stranger {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.kind, self.id)?;
        if !self.words.is_empty() {
            write!(formatter, " ({})", self.words)?;
        }
        Ok(())
    }
}

/// Tells the network's own parts from others.
#[derive(Clone, Debug)]
pub struct Ownership {
    claim: Claim,
    /// The mark on the VPC, whose other parts may be marked alike: an imported network keeps the
    /// mark of whoever made it until its next update.
    anchor: Option<Mark>,
    /// The parts that a state knows, by id.
    known: BTreeMap<String, String>,
    /// Whether only parts of the claim's generation count.
    strict: bool,
}

impl Ownership {
    /// For reading and changing: what carries this deployment's mark for the network, of whatever
    /// generation, and what the state knows and nobody has marked otherwise.
    pub fn for_reading(claim: &Claim, state: &Network) -> Self {
        Self { claim: claim.clone(), anchor: None, known: known_parts(state), strict: false }
    }

    /// For a delete: only what carries the generation that the state holds, or, where it holds none
    /// since the network was imported, the mark that its VPC carries; and what the state knows and
    /// carries no mark.
    pub fn for_deleting(claim: &Claim, state: &Network) -> Self {
        Self { strict: true, ..Self::for_reading(claim, state) }
    }

    /// The same, once the tags of the VPC are known. It may be another network's, in which this
    /// one was built.
    #[must_use]
    pub fn anchored(self, tags: &Tags) -> Self {
        let unnamed = self.claim.resource.ends_with('/');
        let anchor = mark(tags).filter(|mark| unnamed || mark.resource == self.claim.resource);
        Self { anchor, ..self }
    }

    /// The network's name, as the mark on the VPC has it, where the claim has none (an import).
    pub fn anchored_name(&self) -> Option<&str> {
        self.anchor.as_ref()?.resource.split_once('/').map(|(_, name)| name)
    }

    /// Which part of the network something is, by its id and tags; none if it is not the
    /// network's.
    pub fn part(&self, id: &str, tags: &Tags) -> Option<String> {
        let known = self.known.get(id);
        match mark(tags) {
            Some(mark) if self.accepts(&mark) => tags.get(PART_TAG).or(known).cloned(),
            // An imported network is not marked as ours yet: there its ids decide.
            Some(_) if self.claim.generation.is_empty() => known.cloned(),
            Some(_) => None,
            None => known.cloned(),
        }
    }

    /// As [`Ownership::part`], for what is attached to nothing: with two networks of one name, of
    /// which one replaces the other, only the generation tells whose it is.
    pub fn loose_part(&self, id: &str, tags: &Tags) -> Option<String> {
        let generation = |mark: Mark| mark.generation;
        let other = match (&self.anchor, mark(tags)) {
            (Some(anchor), Some(found)) => generation(anchor.clone()) != generation(found),
            _ => false,
        };
        if other && !self.known.contains_key(id) { None } else { self.part(id, tags) }
    }

    fn accepts(&self, mark: &Mark) -> bool {
        if self.strict && self.claim.generation.is_empty() {
            // An imported network that is not marked as ours yet: what its VPC is marked as, is its.
            return self.anchor.as_ref() == Some(mark);
        }
        if self.strict {
            return mark.generation == self.claim.generation;
        }
        let like_anchor = self.anchor.as_ref().is_some_and(|anchor| {
            (&anchor.deployment, &anchor.resource) == (&mark.deployment, &mark.resource)
        });
        self.claim.owns(mark) || like_anchor
    }
}

/// The parts that a state knows, by id.
fn known_parts(state: &Network) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    let mut add = |id: &Option<String>, part: String| {
        known.extend(id.clone().map(|id| (id, part)));
    };
    if state.vpc_id.is_none() {
        add(&state.id, "vpc".to_owned());
    }
    for (key, subnet) in state.subnets.iter().flatten() {
        add(&subnet.id, format!("subnet/{key}"));
    }
    for (key, table) in state.route_tables.iter().flatten() {
        add(&table.id, format!("route_table/{key}"));
    }
    for (zone, gateway) in state.nat_gateways.iter().flatten() {
        add(&gateway.id, format!("nat_gateway/{zone}"));
        add(&gateway.allocation_id, format!("address/{zone}"));
    }
    for (service, endpoint) in &state.endpoints {
        add(&endpoint.id, format!("endpoint/{service}"));
    }
    if state.vpc_id.is_none() {
        add(&state.internet_gateway_id, "internet_gateway".to_owned());
    }
    add(&state.egress_only_gateway_id, "egress_only_gateway".to_owned());
    if let Some(group) = &state.endpoint_security_group {
        add(&group.id, "endpoint_security_group".to_owned());
    }
    if let Some(logs) = &state.flow_logs {
        add(&logs.id, "flow_log".to_owned());
    }
    known
}

impl Observed {
    /// Whether there is nothing of the network left.
    pub fn is_empty(&self) -> bool {
        self.own_ids().is_empty() && self.log_groups.is_empty() && self.roles.is_empty()
    }

    /// The ids and tags of the network's parts that EC2 knows, by part.
    pub fn own_ids(&self) -> BTreeMap<String, (&str, &Tags)> {
        let mut all: BTreeMap<String, (&str, &Tags)> = BTreeMap::new();
        if let Some(vpc) = self.vpc.as_ref().filter(|vpc| vpc.own) {
            all.insert("vpc".to_owned(), (&vpc.id, &vpc.tags));
        }
        for (key, it) in &self.subnets {
            all.insert(format!("subnet/{key}"), (&it.id, &it.tags));
        }
        for (key, it) in &self.route_tables {
            all.insert(format!("route_table/{key}"), (&it.id, &it.tags));
        }
        for (zone, it) in &self.addresses {
            all.insert(format!("address/{zone}"), (&it.id, &it.tags));
        }
        for (zone, it) in &self.nat_gateways {
            all.insert(format!("nat_gateway/{zone}"), (&it.id, &it.tags));
        }
        for (service, it) in &self.endpoints {
            all.insert(format!("endpoint/{service}"), (&it.id, &it.tags));
        }
        let gateways = [
            ("internet_gateway", &self.internet_gateway),
            ("egress_only_gateway", &self.egress_only_gateway),
        ];
        for (part, it) in gateways {
            if let Some(it) = it.as_ref().filter(|it| it.own) {
                all.insert(part.to_owned(), (&it.id, &it.tags));
            }
        }
        if let Some(it) = &self.endpoint_security_group {
            all.insert("endpoint_security_group".to_owned(), (&it.id, &it.tags));
        }
        for (id, it) in &self.flow_logs {
            all.insert(format!("flow_log/{id}"), (&it.id, &it.tags));
        }
        all
    }

    /// The tags of a part of the network that EC2 knows, to keep them up to date.
    pub fn tags_mut(&mut self, part: &str) -> Option<&mut Tags> {
        let (kind, key) = part.split_once('/').unwrap_or((part, ""));
        match kind {
            "vpc" => self.vpc.as_mut().map(|it| &mut it.tags),
            "subnet" => self.subnets.get_mut(key).map(|it| &mut it.tags),
            "route_table" => self.route_tables.get_mut(key).map(|it| &mut it.tags),
            "address" => self.addresses.get_mut(key).map(|it| &mut it.tags),
            "nat_gateway" => self.nat_gateways.get_mut(key).map(|it| &mut it.tags),
            "endpoint" => self.endpoints.get_mut(key).map(|it| &mut it.tags),
            "internet_gateway" => self.internet_gateway.as_mut().map(|it| &mut it.tags),
            "egress_only_gateway" => self.egress_only_gateway.as_mut().map(|it| &mut it.tags),
            "endpoint_security_group" => {
                self.endpoint_security_group.as_mut().map(|it| &mut it.tags)
            }
            "flow_log" => self.flow_logs.get_mut(key).map(|it| &mut it.tags),
            _ => None,
        }
    }

    /// The part that stands for the whole: the VPC if it is the network's own, else its first
    /// route table.
    pub fn anchor(&self) -> Option<(String, &str, &Tags)> {
        if let Some(vpc) = self.vpc.as_ref().filter(|vpc| vpc.own) {
            return Some(("vpc".to_owned(), &vpc.id, &vpc.tags));
        }
        let (key, table) = self.route_tables.first_key_value()?;
        Some((format!("route_table/{key}"), &table.id, &table.tags))
    }

    /// The network interfaces of the network's own gateways and endpoints.
    pub fn interface_ids(&self) -> BTreeSet<String> {
        let nat_gateways = self.nat_gateways.values().filter_map(|it| it.interface_id.clone());
        let endpoints = self.endpoints.values().flat_map(|it| it.interface_ids.iter().cloned());
        nat_gateways.chain(endpoints).chain(self.past_interfaces.iter().cloned()).collect()
    }

    /// The VPC's id, once there is one.
    pub fn vpc_id(&self) -> Option<&str> {
        self.vpc.as_ref().map(|vpc| vpc.id.as_str())
    }
}

#[cfg(test)]
mod tests;

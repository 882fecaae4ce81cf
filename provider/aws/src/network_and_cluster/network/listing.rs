//! Looks at everything of a network at once: a call per kind of thing, however many there are.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{self as sdk, Filter, VpcAttributeName};
use futures::future::try_join_all;
use futures::try_join;
use travel_framework::Failure;

use super::observed::{
    Address, Association, Endpoint, FlowLog, Gateway, NatGateway, Observed, Ownership, RouteTable,
    RouteTableAssociation, SecurityGroup, Stranger, Subnet, Vpc,
};
use super::{endpoint, flow_log, role, security_group};
use crate::consistency::Call;
use crate::ec2::{filter, tags};
use crate::error::Reply;
use crate::iam_role::ServiceRole;
use crate::network_and_cluster::log_group::LogGroup;
use crate::network_and_cluster::routes;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The VPC, if it is known; without one only what needs none is looked for.
    pub vpc_id: Option<String>,
    /// Whether the VPC is one that the network was given.
    pub given: bool,
    /// The log groups and roles of flow logs that there may be. Those that the network's flow logs
    /// lead to are looked at anyhow.
    pub logs: LogNames,
}

/// The names of log groups of flow logs, and of roles to write to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogNames {
    /// Of log groups.
    pub groups: BTreeSet<String>,
    /// Of roles.
    pub roles: BTreeSet<String>,
}

impl LogNames {
    /// These names and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.groups.extend(others.groups);
        self.roles.extend(others.roles);
        self
    }

    /// What the network's flow logs lead to, besides what has these names.
    pub fn led_to(&self, flow_logs: &BTreeMap<String, FlowLog>) -> Self {
        let groups = flow_logs.values().filter_map(|it| it.log_group.clone());
        let roles = flow_logs.values().filter_map(|it| it.role.clone());
        Self {
            groups: groups.filter(|name| !self.groups.contains(name)).collect(),
            roles: roles.filter(|name| !self.roles.contains(name)).collect(),
        }
    }
}

/// Everything of a network, and what stands beside it in its VPC. All of it is asked for at once.
///
/// # Errors
/// Where a call fails.
pub async fn look(
    call: &Call,
    ownership: Ownership,
    place: &Place,
) -> Result<(Observed, Ownership), Failure> {
    // So many requests side by side are more than belongs on a thread's stack.
    let (inside, gateways, egress_only, addresses, mut found) = try_join!(
        Box::pin(inside(call, place.vpc_id.as_deref())),
        internet_gateways(call),
        egress_only_gateways(call),
        addresses(call),
        logs(call, &place.logs),
    )?;
    let mut observed = Observed::default();
    let ownership = match &inside {
        Some(inside) if !place.given => ownership.anchored(&tags(inside.vpc.tags.clone())),
        _ => ownership,
    };
    if let Some(inside) = inside {
        observed.vpc = Some(vpc(inside.vpc, inside.names, &ownership, place.given));
        sort_subnets(inside.subnets, &inside.tables, &ownership, &mut observed);
        sort_route_tables(inside.tables, &ownership, &mut observed);
        sort_nat_gateways(inside.nat_gateways, &ownership, &mut observed);
        sort_endpoints(inside.endpoints, &ownership, &mut observed);
        sort_security_groups(inside.groups, &ownership, &mut observed);
        for (id, flow_log) in inside.flow_logs {
            if ownership.part(&id, &flow_log.tags).is_some_and(|part| part == "flow_log") {
                observed.flow_logs.insert(id, flow_log);
            }
        }
    }
    sort_internet_gateways(gateways, &ownership, &mut observed);
    sort_egress_only_gateways(egress_only, &ownership, &mut observed);
    sort_addresses(addresses, &ownership, &mut observed);
    let more = logs(call, &place.logs.led_to(&observed.flow_logs)).await?;
    found.0.extend(more.0);
    found.1.extend(more.1);
    let groups = found.0.into_iter().filter(|it| ownership.part(&it.arn, &it.tags).is_some());
    observed.log_groups = groups.map(|it| (it.name.clone(), it)).collect();
    let own = |it: &ServiceRole| ownership.part(&it.role.arn, &it.role.tags).is_some();
    let roles = found.1.into_iter().filter(own);
    observed.roles = roles.map(|it| (it.role.name.clone(), it)).collect();
    Ok((observed, ownership))
}

/// A VPC and what stands in it, as EC2 tells of it.
struct Inside {
    vpc: sdk::Vpc,
    names: (bool, bool),
    subnets: Vec<sdk::Subnet>,
    tables: Vec<sdk::RouteTable>,
    nat_gateways: Vec<sdk::NatGateway>,
    endpoints: Vec<sdk::VpcEndpoint>,
    groups: Vec<sdk::SecurityGroup>,
    flow_logs: Vec<(String, FlowLog)>,
}

/// The VPC of this id and what stands in it; none where it is gone, for then the listings are
/// empty.
async fn inside(call: &Call, vpc_id: Option<&str>) -> Result<Option<Inside>, Failure> {
    let Some(id) = vpc_id else { return Ok(None) };
    let (vpc, names, subnets, tables, nat_gateways, endpoints, groups, flow_logs) = try_join!(
        described(call, id),
        names(call, id),
        subnets(call, id),
        route_tables(call, id),
        nat_gateways(call, id),
        endpoints(call, id),
        security_groups(call, id),
        flow_log::list(call, id),
    )?;
    Ok(vpc.map(|vpc| Inside {
        vpc,
        names,
        subnets,
        tables,
        nat_gateways,
        endpoints,
        groups,
        flow_logs,
    }))
}

/// The log groups and roles that have these names.
async fn logs(call: &Call, names: &LogNames) -> Result<(Vec<LogGroup>, Vec<ServiceRole>), Failure> {
    let (groups, roles) = try_join!(
        try_join_all(names.groups.iter().map(|name| LogGroup::get(call, name))),
        try_join_all(names.roles.iter().map(|name| role::get(call, name))),
    )?;
    Ok((groups.into_iter().flatten().collect(), roles.into_iter().flatten().collect()))
}

fn in_vpc(id: &str) -> Filter {
    filter("vpc-id", id)
}

async fn described(call: &Call, id: &str) -> Result<Option<sdk::Vpc>, Failure> {
    let request = call.scope.ec2().describe_vpcs().filters(in_vpc(id));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    Ok(found.into_iter().next())
}

/// A VPC as the network sees it, which was `given` to it or not.
fn vpc(vpc: sdk::Vpc, names: (bool, bool), ownership: &Ownership, given: bool) -> Vpc {
    let (enable_dns_support, enable_dns_hostnames) = names;
    let (id, tags) = (vpc.vpc_id.unwrap_or_default(), tags(vpc.tags));
    let own = !given && ownership.part(&id, &tags).is_some_and(|it| it == "vpc");
    let ipv6 = vpc.ipv6_cidr_block_association_set.into_iter().flatten().find_map(|it| {
        let state = it.ipv6_cidr_block_state?.state?;
        let association = association(it.association_id, state.as_str())?;
        Some((it.ipv6_cidr_block?.parse().ok()?, association))
    });
    Vpc {
        id,
        own,
        tags,
        cidr: vpc.cidr_block.unwrap_or_default(),
        cidrs: vpc
            .cidr_block_association_set
            .into_iter()
            .flatten()
            .filter_map(|it| {
                let state = it.cidr_block_state?.state?;
                Some((it.cidr_block?, association(it.association_id, state.as_str())?))
            })
            .collect(),
        ipv6,
        enable_dns_support,
        enable_dns_hostnames,
    }
}

/// Whether a VPC has a DNS server, and names for public addresses.
///
/// # Errors
/// Where a call fails.
pub async fn names(call: &Call, vpc_id: &str) -> Result<(bool, bool), Failure> {
    let request = call.scope.ec2().describe_vpc_attribute().vpc_id(vpc_id);
    let attribute = |name| request.clone().attribute(name).send();
    let gone = ["InvalidVpcID.NotFound"];
    let (support, names) = futures::join!(
        attribute(VpcAttributeName::EnableDnsSupport),
        attribute(VpcAttributeName::EnableDnsHostnames),
    );
    let support = support.found(&call.scope, &gone)?.and_then(|it| it.enable_dns_support?.value);
    let names = names.found(&call.scope, &gone)?.and_then(|it| it.enable_dns_hostnames?.value);
    Ok((support.unwrap_or_default(), names.unwrap_or_default()))
}

/// An association that is not over yet.
fn association(id: Option<String>, state: &str) -> Option<Association> {
    match state {
        "associated" => Some(Association { id: id?, associated: true }),
        "associating" | "disassociating" => Some(Association { id: id?, associated: false }),
        _ => None,
    }
}

async fn subnets(call: &Call, vpc_id: &str) -> Result<Vec<sdk::Subnet>, Failure> {
    let request = call.scope.ec2().describe_subnets().filters(in_vpc(vpc_id));
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

/// A subnet as the network sees it.
pub fn subnet(subnet: sdk::Subnet) -> Subnet {
    let ipv6 = subnet.ipv6_cidr_block_association_set.into_iter().flatten().find_map(|it| {
        let state = it.ipv6_cidr_block_state?.state?;
        let association = association(it.association_id, state.as_str())?;
        Some((it.ipv6_cidr_block?.parse().ok()?, association))
    });
    Subnet {
        id: subnet.subnet_id.unwrap_or_default(),
        arn: subnet.subnet_arn.unwrap_or_default(),
        tags: tags(subnet.tags),
        zone: subnet.availability_zone.unwrap_or_default(),
        cidr: subnet.cidr_block.unwrap_or_default(),
        ipv6,
        public_addresses: subnet.map_public_ip_on_launch.unwrap_or_default(),
        assign_ipv6: subnet.assign_ipv6_address_on_creation.unwrap_or_default(),
        route_table: None,
    }
}

/// The association of a subnet with one of these route tables.
pub fn association_of(
    subnet_id: &str,
    tables: &[sdk::RouteTable],
) -> Option<RouteTableAssociation> {
    let mut all = tables.iter().flat_map(sdk::RouteTable::associations);
    let found = all.find(|it| {
        let state = it.association_state.as_ref().and_then(|state| state.state.as_ref());
        let over = state.is_some_and(|state| state.as_str().starts_with("disassociat"));
        it.subnet_id.as_deref() == Some(subnet_id) && !over
    })?;
    Some(RouteTableAssociation {
        id: found.route_table_association_id.clone()?,
        route_table_id: found.route_table_id.clone()?,
    })
}

fn sort_subnets(
    found: Vec<sdk::Subnet>,
    tables: &[sdk::RouteTable],
    ownership: &Ownership,
    observed: &mut Observed,
) {
    for found in found {
        let mut subnet = subnet(found);
        subnet.route_table = association_of(&subnet.id, tables);
        let part = ownership.part(&subnet.id, &subnet.tags);
        match part.as_deref().and_then(|part| part.strip_prefix("subnet/")) {
            Some(key) => {
                observed.subnets.insert(key.to_owned(), subnet);
            }
            None => observed.strangers.push(stranger("subnet", &subnet.id, &subnet.cidr)),
        }
    }
}

fn stranger(kind: &'static str, id: &str, words: &str) -> Stranger {
    Stranger { kind, id: id.to_owned(), words: words.to_owned(), passing: false }
}

/// Takes in what claims a place among the network's parts. Where the place is taken by what is not
/// ending, that stays; what does not get the place is returned.
fn take_in<T>(
    parts: &mut BTreeMap<String, T>,
    key: &str,
    found: T,
    is_ending: impl Fn(&T) -> bool,
) -> Option<T> {
    match parts.get(key) {
        Some(there) if !is_ending(there) => Some(found),
        _ => parts.insert(key.to_owned(), found),
    }
}

async fn route_tables(call: &Call, vpc_id: &str) -> Result<Vec<sdk::RouteTable>, Failure> {
    let request = call.scope.ec2().describe_route_tables().filters(in_vpc(vpc_id));
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

/// A route table as the network sees it: without what AWS keeps in it itself.
pub fn route_table(table: sdk::RouteTable) -> RouteTable {
    RouteTable {
        id: table.route_table_id.unwrap_or_default(),
        tags: tags(table.tags),
        routes: table.routes.into_iter().flatten().filter_map(routes::read).collect(),
    }
}

fn sort_route_tables(found: Vec<sdk::RouteTable>, ownership: &Ownership, observed: &mut Observed) {
    for found in found {
        let main = found.associations().iter().any(|it| it.main == Some(true));
        let table = route_table(found);
        let part = ownership.part(&table.id, &table.tags);
        match part.as_deref().and_then(|part| part.strip_prefix("route_table/")) {
            Some(key) => {
                let surplus = take_in(&mut observed.route_tables, key, table, |_| false);
                let surplus = surplus.map(|it| stranger("route table", &it.id, "one too many"));
                observed.strangers.extend(surplus);
            }
            None if main => {}
            None => observed.strangers.push(stranger("route table", &table.id, "")),
        }
    }
}

async fn nat_gateways(call: &Call, vpc_id: &str) -> Result<Vec<sdk::NatGateway>, Failure> {
    let request = call.scope.ec2().describe_nat_gateways().filter(in_vpc(vpc_id));
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

/// A NAT gateway as the network sees it.
pub fn nat_gateway(gateway: sdk::NatGateway) -> NatGateway {
    let address = gateway.nat_gateway_addresses.into_iter().flatten().next();
    let (allocation_id, interface_id) =
        address.map_or((None, None), |it| (it.allocation_id, it.network_interface_id));
    NatGateway {
        id: gateway.nat_gateway_id.unwrap_or_default(),
        tags: tags(gateway.tags),
        state: gateway.state.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        subnet_id: gateway.subnet_id.unwrap_or_default(),
        allocation_id: allocation_id.unwrap_or_default(),
        interface_id,
    }
}

/// Whether nothing will come of a gateway any more, nor does it hold anything for long.
fn is_ending(gateway: &NatGateway) -> bool {
    matches!(gateway.state.as_str(), "deleting" | "failed")
}

fn sort_nat_gateways(found: Vec<sdk::NatGateway>, ownership: &Ownership, observed: &mut Observed) {
    for found in found {
        let gateway = nat_gateway(found);
        // A gateway stays listed for an hour after its end.
        if gateway.state == "deleted" {
            continue;
        }
        let part = ownership.part(&gateway.id, &gateway.tags);
        match part.as_deref().and_then(|part| part.strip_prefix("nat_gateway/")) {
            Some(zone) => match take_in(&mut observed.nat_gateways, zone, gateway, is_ending) {
                Some(it) if is_ending(&it) => observed.past_interfaces.extend(it.interface_id),
                Some(it) => {
                    observed.strangers.push(stranger("NAT gateway", &it.id, "one too many"));
                }
                None => {}
            },
            None if is_ending(&gateway) => {}
            None => observed.strangers.push(stranger("NAT gateway", &gateway.id, "")),
        }
    }
}

async fn endpoints(call: &Call, vpc_id: &str) -> Result<Vec<sdk::VpcEndpoint>, Failure> {
    let request = call.scope.ec2().describe_vpc_endpoints().filters(in_vpc(vpc_id));
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

/// An endpoint as the network sees it.
pub fn endpoint(endpoint: sdk::VpcEndpoint) -> Endpoint {
    let kind = endpoint.vpc_endpoint_type.as_ref().map(sdk::VpcEndpointType::as_str);
    // EC2 writes states with and without capitals.
    let state = endpoint.state.map(|it| it.as_str().to_lowercase()).unwrap_or_default();
    Endpoint {
        id: endpoint.vpc_endpoint_id.unwrap_or_default(),
        tags: tags(endpoint.tags),
        // Endpoints from before there were others have no type.
        gateway: matches!(kind, None | Some("" | "Gateway")),
        service_name: endpoint.service_name.unwrap_or_default(),
        state,
        policy: endpoint.policy_document,
        private_dns: endpoint.private_dns_enabled.unwrap_or_default(),
        route_table_ids: endpoint.route_table_ids.into_iter().flatten().collect(),
        subnet_ids: endpoint.subnet_ids.into_iter().flatten().collect(),
        group_ids: endpoint.groups.into_iter().flatten().filter_map(|it| it.group_id).collect(),
        interface_ids: endpoint.network_interface_ids.into_iter().flatten().collect(),
        dns_name: endpoint.dns_entries.into_iter().flatten().find_map(|it| it.dns_name),
    }
}

fn sort_endpoints(found: Vec<sdk::VpcEndpoint>, ownership: &Ownership, observed: &mut Observed) {
    for found in found {
        let endpoint = endpoint(found);
        if endpoint.state == "deleted" {
            continue;
        }
        let part = ownership.part(&endpoint.id, &endpoint.tags);
        match part.as_deref().and_then(|part| part.strip_prefix("endpoint/")) {
            Some(service) => {
                let is_over = |it: &Endpoint| endpoint::is_over(&it.state);
                match take_in(&mut observed.endpoints, service, endpoint, is_over) {
                    Some(it) if is_over(&it) => observed.past_interfaces.extend(it.interface_ids),
                    Some(it) => {
                        observed.strangers.push(stranger("endpoint", &it.id, "one too many"));
                    }
                    None => {}
                }
            }
            None if matches!(endpoint.state.as_str(), "deleting" | "failed") => {}
            None => {
                observed.strangers.push(stranger("endpoint", &endpoint.id, &endpoint.service_name));
            }
        }
    }
}

async fn security_groups(call: &Call, vpc_id: &str) -> Result<Vec<sdk::SecurityGroup>, Failure> {
    let request = call.scope.ec2().describe_security_groups().filters(in_vpc(vpc_id));
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

fn sort_security_groups(
    found: Vec<sdk::SecurityGroup>,
    ownership: &Ownership,
    observed: &mut Observed,
) {
    for found in found {
        let name = found.group_name.clone().unwrap_or_default();
        let group: SecurityGroup = security_group::of(found);
        let part = ownership.part(&group.id, &group.tags);
        if part.is_some_and(|part| part == "endpoint_security_group") {
            observed.endpoint_security_group = Some(group);
        } else if name != "default" {
            observed.strangers.push(stranger("security group", &group.id, &name));
        }
    }
}

/// A gateway as the network sees it, and the name of its part, if it is one. What is attached to
/// another VPC is none.
fn gateway(
    id: Option<String>,
    found: Option<Vec<sdk::Tag>>,
    attachments: &[sdk::InternetGatewayAttachment],
    vpc_id: Option<&str>,
    ownership: &Ownership,
) -> (Gateway, Option<String>) {
    let attached = attachments.iter().any(|it| {
        let state = it.state.as_ref().map(sdk::AttachmentStatus::as_str);
        let over = matches!(state, Some("detached" | "detaching"));
        vpc_id.is_some() && it.vpc_id.as_deref() == vpc_id && !over
    });
    let (id, tags) = (id.unwrap_or_default(), tags(found));
    let part = match () {
        () if attached => ownership.part(&id, &tags),
        () if attachments.is_empty() => ownership.loose_part(&id, &tags),
        () => None,
    };
    (Gateway { id, own: true, tags, attached }, part)
}

async fn internet_gateways(call: &Call) -> Result<Vec<sdk::InternetGateway>, Failure> {
    let request = call.scope.ec2().describe_internet_gateways();
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

/// The network's own gateway; in a VPC that it was given, else the one that is there.
fn sort_internet_gateways(
    found: Vec<sdk::InternetGateway>,
    ownership: &Ownership,
    observed: &mut Observed,
) {
    let mut there = None;
    for it in found {
        let attachments = it.attachments.unwrap_or_default();
        let vpc_id = observed.vpc_id();
        let (gateway, part) =
            gateway(it.internet_gateway_id, it.tags, &attachments, vpc_id, ownership);
        if part.is_some_and(|part| part == "internet_gateway") {
            if observed.internet_gateway.as_ref().is_none_or(|it| !it.attached) {
                observed.internet_gateway = Some(gateway);
            }
        } else if gateway.attached {
            observed.strangers.push(stranger("internet gateway", &gateway.id, ""));
            there = Some(Gateway { own: false, ..gateway });
        }
    }
    if observed.vpc.as_ref().is_some_and(|vpc| !vpc.own) && observed.internet_gateway.is_none() {
        observed.internet_gateway = there;
    }
}

async fn egress_only_gateways(call: &Call) -> Result<Vec<sdk::EgressOnlyInternetGateway>, Failure> {
    let request = call.scope.ec2().describe_egress_only_internet_gateways();
    request.into_paginator().items().send().try_collect().await.at(&call.scope)
}

fn sort_egress_only_gateways(
    found: Vec<sdk::EgressOnlyInternetGateway>,
    ownership: &Ownership,
    observed: &mut Observed,
) {
    for it in found {
        let attachments = it.attachments.unwrap_or_default();
        let (id, vpc_id) = (it.egress_only_internet_gateway_id, observed.vpc_id());
        let (gateway, part) = gateway(id, it.tags, &attachments, vpc_id, ownership);
        let taken = observed.egress_only_gateway.is_some();
        if part.is_some_and(|part| part == "egress_only_gateway") && !taken {
            observed.egress_only_gateway = Some(gateway);
        } else if gateway.attached {
            observed.strangers.push(stranger("egress-only internet gateway", &gateway.id, ""));
        }
    }
}

/// All addresses of the region: the service gives them at once, without pages.
async fn addresses(call: &Call) -> Result<Vec<sdk::Address>, Failure> {
    let found = call.scope.ec2().describe_addresses().send().await.at(&call.scope)?;
    Ok(found.addresses.unwrap_or_default())
}

/// The addresses by zone: that of the zone's gateway, or else the first. Any more, which a request
/// that was sent twice has left behind, stand beside it as ZONE/ID, to be released.
fn sort_addresses(found: Vec<sdk::Address>, ownership: &Ownership, observed: &mut Observed) {
    let used: BTreeMap<String, String> = observed
        .nat_gateways
        .iter()
        .map(|(zone, gateway)| (gateway.allocation_id.clone(), zone.clone()))
        .collect();
    for address in found {
        let id = address.allocation_id.unwrap_or_default();
        let tags = tags(address.tags);
        let part = if used.contains_key(&id) {
            ownership.part(&id, &tags)
        } else {
            ownership.loose_part(&id, &tags)
        };
        let Some(zone) = part.as_deref().and_then(|part| part.strip_prefix("address/")) else {
            continue;
        };
        let address = Address { id, tags, public_ip: address.public_ip.unwrap_or_default() };
        let free = |it: &Address| !used.contains_key(&it.id);
        let surplus = match observed.addresses.get(zone) {
            Some(there) if !free(there) || free(&address) => Some(address),
            _ => observed.addresses.insert(zone.to_owned(), address),
        };
        let surplus = surplus.map(|it| (format!("{zone}/{}", it.id), it));
        observed.addresses.extend(surplus);
    }
}

#[cfg(test)]
mod tests;

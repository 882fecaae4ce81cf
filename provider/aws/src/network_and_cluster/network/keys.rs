//! Which parts a network is to have, and which it has: by name only, to find out what to make and
//! what to take away.

use std::collections::{BTreeMap, BTreeSet};

use super::address_block::Block;
use super::observed::Observed;
use super::wanted::Wanted;
use super::{flow_log, subnet};

/// The parts of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The VPC.
    pub vpc: bool,
    /// Further blocks of addresses.
    pub blocks: BTreeSet<Block>,
    /// The internet gateway.
    pub internet_gateway: bool,
    /// The egress-only gateway.
    pub egress_only_gateway: bool,
    /// The subnets, with the route table of each where it is known.
    pub subnets: BTreeMap<String, Option<String>>,
    /// The route tables.
    pub route_tables: BTreeSet<String>,
    /// The zones with a public address.
    pub addresses: BTreeSet<String>,
    /// The zones with a NAT gateway.
    pub nat_gateways: BTreeSet<String>,
    /// The services with an endpoint, and whether it is a gateway endpoint.
    pub endpoints: BTreeMap<String, bool>,
    /// The security group of the endpoints.
    pub endpoint_security_group: bool,
    /// The flow log that is wanted.
    pub flow_log: bool,
    /// The flow logs that are there, by id.
    pub flow_logs: BTreeSet<String>,
    /// The log groups of the flow logs, by name.
    pub log_groups: BTreeSet<String>,
    /// The roles of the flow logs, by name.
    pub roles: BTreeSet<String>,
}

impl Keys {
    /// The parts that a network in this region is to have.
    pub fn wanted(wanted: &Wanted, region: &str) -> Self {
        let own_vpc = wanted.vpc_id.is_none();
        let secondary = wanted.secondary_cidrs.iter().copied().map(Block::Secondary);
        let ipv6 = (own_vpc && wanted.ipv6).then_some(Block::Ipv6);
        Self {
            vpc: true,
            blocks: secondary.filter(|_| own_vpc).chain(ipv6).collect(),
            internet_gateway: wanted.internet_gateway,
            egress_only_gateway: wanted.egress_only_gateway,
            subnets: wanted
                .subnets
                .iter()
                .map(|(key, subnet)| (key.clone(), Some(subnet.route_table.clone())))
                .collect(),
            route_tables: wanted.route_tables.keys().cloned().collect(),
            addresses: wanted.nat_gateways.keys().cloned().collect(),
            nat_gateways: wanted.nat_gateways.keys().cloned().collect(),
            endpoints: wanted.endpoints.iter().map(|(key, it)| (key.clone(), it.gateway)).collect(),
            endpoint_security_group: wanted.has_interface_endpoints(),
            flow_log: wanted.flow_logs.is_some(),
            flow_logs: BTreeSet::new(),
            log_groups: wanted.log_group_name().into_iter().collect(),
            roles: wanted.role_name(region).into_iter().collect(),
        }
    }

    /// The parts that a network has. Further blocks of addresses carry no mark, so that `blocks`
    /// has to say which are its own.
    pub fn observed(observed: &Observed, blocks: &BTreeSet<Block>) -> Self {
        let vpc = observed.vpc.as_ref().filter(|vpc| vpc.own);
        let there = |block: &&Block| match (block, vpc) {
            (_, None) => false,
            (Block::Ipv6, Some(vpc)) => vpc.ipv6.is_some(),
            (Block::Secondary(net), Some(vpc)) => vpc.cidrs.contains_key(&net.to_string()),
        };
        Self {
            vpc: vpc.is_some(),
            blocks: blocks.iter().filter(there).cloned().collect(),
            internet_gateway: observed.internet_gateway.as_ref().is_some_and(|it| it.own),
            egress_only_gateway: observed.egress_only_gateway.is_some(),
            subnets: observed.subnets.keys().map(|key| (key.clone(), None)).collect(),
            route_tables: observed.route_tables.keys().cloned().collect(),
            addresses: observed.addresses.keys().cloned().collect(),
            nat_gateways: observed.nat_gateways.keys().cloned().collect(),
            endpoints: observed
                .endpoints
                .iter()
                .map(|(key, it)| (key.clone(), it.gateway))
                .collect(),
            endpoint_security_group: observed.endpoint_security_group.is_some(),
            flow_log: false,
            flow_logs: observed.flow_logs.keys().cloned().collect(),
            log_groups: observed.log_groups.keys().cloned().collect(),
            roles: observed.roles.keys().cloned().collect(),
        }
    }

    /// The parts that a network in this region has and is not to have.
    pub fn obsolete(
        wanted: &Wanted,
        region: &str,
        observed: &Observed,
        blocks: &BTreeSet<Block>,
    ) -> Self {
        let mut keys = Self::observed(observed, blocks).without(&Self::wanted(wanted, region));
        // What a flow log does tells which of them is wanted, and not its id.
        if let Some(stays) = flow_log::find(wanted, region, observed) {
            keys.flow_logs.remove(&stays.id);
        }
        keys
    }

    /// These parts without others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let without = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).cloned().collect()
        };
        Self {
            vpc: self.vpc && !others.vpc,
            blocks: self.blocks.difference(&others.blocks).cloned().collect(),
            internet_gateway: self.internet_gateway && !others.internet_gateway,
            egress_only_gateway: self.egress_only_gateway && !others.egress_only_gateway,
            subnets: self
                .subnets
                .iter()
                .filter(|(key, _)| !others.subnets.contains_key(*key))
                .map(|(key, table)| (key.clone(), table.clone()))
                .collect(),
            route_tables: without(&self.route_tables, &others.route_tables),
            addresses: without(&self.addresses, &others.addresses),
            nat_gateways: without(&self.nat_gateways, &others.nat_gateways),
            endpoints: self
                .endpoints
                .iter()
                .filter(|(key, _)| !others.endpoints.contains_key(*key))
                .map(|(key, gateway)| (key.clone(), *gateway))
                .collect(),
            endpoint_security_group: self.endpoint_security_group
                && !others.endpoint_security_group,
            flow_log: self.flow_log && !others.flow_log,
            flow_logs: without(&self.flow_logs, &others.flow_logs),
            log_groups: without(&self.log_groups, &others.log_groups),
            roles: without(&self.roles, &others.roles),
        }
    }

    /// The subnets that lie elsewhere than they should, and what stands in them: to be taken away
    /// before anything is made, because nothing can be moved.
    pub fn in_the_way(wanted: &Wanted, observed: &Observed) -> Self {
        let subnets: BTreeMap<String, &str> = observed
            .subnets
            .iter()
            .filter(|(key, there)| {
                wanted.subnets.get(*key).is_some_and(|it| subnet::is_elsewhere(there, it))
            })
            .map(|(key, there)| (key.clone(), there.id.as_str()))
            .collect();
        let is_in = |id: &str| subnets.values().any(|subnet| *subnet == id);
        let endpoints = observed.endpoints.iter();
        Self {
            nat_gateways: observed
                .nat_gateways
                .iter()
                .filter(|(_, it)| is_in(&it.subnet_id))
                .map(|(zone, _)| zone.clone())
                .collect(),
            endpoints: endpoints
                .filter(|(_, it)| it.subnet_ids.iter().any(|id| is_in(id)))
                .map(|(key, it)| (key.clone(), it.gateway))
                .collect(),
            subnets: subnets.keys().map(|key| (key.clone(), None)).collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;

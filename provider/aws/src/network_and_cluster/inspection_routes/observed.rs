//! What there is in a network that decides where traffic goes: its subnets, their route tables, the
//! endpoints that routes can lead to, and its NAT gateways.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types as sdk;
use futures::try_join;
use travel_framework::Failure;

use crate::Scope;
use crate::ec2::{filter, tags};
use crate::error::Reply;
use crate::network_and_cluster::routes;
use crate::tags::Tags;

/// Everywhere.
pub const ANYWHERE: &str = "0.0.0.0/0";
/// Everywhere in IPv6.
pub const ANYWHERE_IPV6: &str = "::/0";

/// A network, as its packets see it; everything by id.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The subnets.
    pub subnets: BTreeMap<String, Subnet>,
    /// The route tables.
    pub tables: BTreeMap<String, Table>,
    /// The subnet of each endpoint of a firewall, or of another balancer of gateways.
    pub endpoints: BTreeMap<String, String>,
    /// The subnet of each NAT gateway.
    pub nat_gateways: BTreeMap<String, String>,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subnet {
    /// Its zone.
    pub zone: String,
    /// Its block of IPv4 addresses.
    pub cidr: String,
}

/// A route table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its tags.
    pub tags: Tags,
    /// What each destination leads to, without what AWS keeps there itself.
    pub routes: BTreeMap<String, String>,
    /// The subnets that are associated with it.
    pub subnets: BTreeSet<String>,
    /// Whether it serves subnets that are associated with none.
    pub main: bool,
}

impl Seen {
    /// Looks at a network. One that is gone has nothing in it.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn look(scope: &Scope, vpc_id: &str) -> Result<Self, Failure> {
        let inside = || filter("vpc-id", vpc_id);
        let client = scope.ec2();
        let subnets = client.describe_subnets().filters(inside()).into_paginator().items();
        let tables = client.describe_route_tables().filters(inside()).into_paginator().items();
        let kind = filter("vpc-endpoint-type", "GatewayLoadBalancer");
        let endpoints = client.describe_vpc_endpoints().filters(inside()).filters(kind);
        let endpoints = endpoints.into_paginator().items();
        let gateways = client.describe_nat_gateways().filter(inside()).into_paginator().items();
        let (subnets, tables, endpoints, gateways) = try_join!(
            async { subnets.send().try_collect().await.at(scope) },
            async { tables.send().try_collect().await.at(scope) },
            async { endpoints.send().try_collect().await.at(scope) },
            async { gateways.send().try_collect().await.at(scope) },
        )?;
        Ok(Self {
            subnets: subnets.into_iter().filter_map(subnet).collect(),
            tables: tables.into_iter().filter_map(table).collect(),
            endpoints: endpoints.into_iter().filter_map(endpoint).collect(),
            nat_gateways: gateways.into_iter().filter_map(nat_gateway).collect(),
        })
    }

    /// The table that a subnet is associated with.
    pub fn own_table(&self, subnet: &str) -> Option<(&String, &Table)> {
        self.tables.iter().find(|(_, table)| table.subnets.contains(subnet))
    }

    /// The table that a subnet has: its own, or else the network's main one.
    pub fn table_of(&self, subnet: &str) -> Option<(&String, &Table)> {
        self.own_table(subnet).or_else(|| self.tables.iter().find(|(_, table)| table.main))
    }

    /// Where packets go that an endpoint lets pass: the way out of its subnet.
    pub fn beyond(&self, endpoint: &str) -> Option<&str> {
        let (_, table) = self.table_of(self.endpoints.get(endpoint)?)?;
        table.routes.get(ANYWHERE).map(String::as_str)
    }

    /// What a destination in a table leads to.
    pub fn target(&self, table: &str, destination: &str) -> Option<&str> {
        self.tables.get(table)?.routes.get(destination).map(String::as_str)
    }
}

/// Whether a target is an endpoint.
pub fn is_endpoint(target: &str) -> bool {
    target.starts_with("vpce-")
}

fn subnet(found: sdk::Subnet) -> Option<(String, Subnet)> {
    let zone = found.availability_zone.unwrap_or_default();
    Some((found.subnet_id?, Subnet { zone, cidr: found.cidr_block.unwrap_or_default() }))
}

fn table(found: sdk::RouteTable) -> Option<(String, Table)> {
    let mut table = Table { tags: tags(found.tags), ..Table::default() };
    table.routes = found.routes.into_iter().flatten().filter_map(routes::read).collect();
    for association in found.associations.into_iter().flatten() {
        let state = association.association_state.and_then(|state| state.state);
        if state.is_some_and(|state| state.as_str().starts_with("disassociat")) {
            continue;
        }
        table.main |= association.main == Some(true);
        table.subnets.extend(association.subnet_id);
    }
    Some((found.route_table_id?, table))
}

fn endpoint(found: sdk::VpcEndpoint) -> Option<(String, String)> {
    let state = found.state.as_ref().map(sdk::State::as_str).unwrap_or_default().to_lowercase();
    if matches!(state.as_str(), "deleting" | "deleted" | "failed") {
        return None;
    }
    // An endpoint of this kind has one subnet.
    Some((found.vpc_endpoint_id?, found.subnet_ids?.into_iter().next()?))
}

fn nat_gateway(found: sdk::NatGateway) -> Option<(String, String)> {
    let state = found.state.as_ref().map(sdk::NatGatewayState::as_str);
    if !matches!(state, Some("available" | "pending")) {
        return None;
    }
    Some((found.nat_gateway_id?, found.subnet_id?))
}

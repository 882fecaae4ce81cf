//! What a network tells of its parts.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Model;

use crate::tags::Tags;

/// What a network tells of a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Subnet {
    /// The id.
    #[model(computed)]
    pub id: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The tier.
    #[model(computed)]
    pub tier: Option<String>,
    /// The availability zone.
    #[model(computed)]
    pub zone: Option<String>,
    /// The block of IPv4 addresses.
    #[model(computed)]
    pub cidr: Option<String>,
    /// The block of IPv6 addresses; none without `ipv6`.
    #[model(computed)]
    pub ipv6_cidr: Option<String>,
    /// Whether instances get a public address when they are launched.
    #[model(computed)]
    pub public_addresses: Option<bool>,
    /// The route table that the subnet is associated with.
    #[model(computed)]
    pub route_table_id: Option<String>,
    /// The tags, without those that others have added.
    #[model(computed)]
    pub tags: Option<Tags>,
}

/// What a network tells of a route table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RouteTable {
    /// The id.
    #[model(computed)]
    pub id: Option<String>,
    /// The network's routes: what each destination leads to, behind a firewall too that
    /// `travel_inspection_routes` leads it to first. Without those that others have added.
    #[model(computed)]
    pub routes: Option<BTreeMap<String, Option<String>>>,
}

/// What a network tells of a NAT gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct NatGateway {
    /// The id.
    #[model(computed)]
    pub id: Option<String>,
    /// The subnet it stands in.
    #[model(computed)]
    pub subnet_id: Option<String>,
    /// The allocation of its public address.
    #[model(computed)]
    pub allocation_id: Option<String>,
    /// Its public address: what the world sees private subnets come from.
    #[model(computed)]
    pub public_ip: Option<String>,
}

/// What a network tells of a security group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SecurityGroup {
    /// The id.
    #[model(computed)]
    pub id: Option<String>,
    /// The blocks of addresses that may connect (by HTTPS).
    #[model(computed)]
    pub ingress: Option<BTreeSet<String>>,
}

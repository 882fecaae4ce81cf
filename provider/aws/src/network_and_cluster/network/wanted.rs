//! What a network is to consist of, worked out from its attributes: pure, so that plan, read and
//! apply come to the same result.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use travel_framework::Diagnostic;
use travel_value::Path;

use super::{FlowLogs, Network, log_group, role, services};
use crate::network_and_cluster::addresses::{self, NoPlace};
use crate::tags::Tags;

/// Everywhere, in IPv4 and in IPv6.
const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// The parts of a network as they are to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The network's name.
    pub name: String,
    /// The existing VPC to build in, if there is to be one.
    pub vpc_id: Option<String>,
    /// The first block.
    pub cidr: Ipv4Net,
    /// More blocks.
    pub secondary_cidrs: BTreeSet<Ipv4Net>,
    /// Whether there is IPv6.
    pub ipv6: bool,
    /// Whether Amazon's DNS server answers.
    pub enable_dns_support: bool,
    /// Whether public addresses have names.
    pub enable_dns_hostnames: bool,
    /// The zones, in the order that the configuration has them.
    pub zones: Vec<String>,
    /// The tiers, complete.
    pub tiers: BTreeMap<String, Tier>,
    /// The subnets, by tier and zone.
    pub subnets: BTreeMap<String, Subnet>,
    /// The routes of each table: what each destination leads to.
    pub route_tables: BTreeMap<String, BTreeMap<String, Target>>,
    /// Whether there is to be an internet gateway.
    pub internet_gateway: bool,
    /// Whether there is to be an egress-only gateway.
    pub egress_only_gateway: bool,
    /// The tier of the NAT gateways, where there are to be any.
    pub nat_tier: Option<String>,
    /// The NAT gateways: the subnet of each zone's.
    pub nat_gateways: BTreeMap<String, String>,
    /// The tier of the interface endpoints, where there are to be any.
    pub endpoint_tier: Option<String>,
    /// The endpoints, by service.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The logs of the traffic.
    pub flow_logs: Option<FlowLogs>,
    tags: Tags,
}

/// A tier with nothing left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The way out.
    pub access: Access,
    /// The block its subnets lie in.
    pub block: Ipv4Net,
    /// The size of its subnets.
    pub prefix_length: u8,
    /// Whether its subnets are found by tag.
    pub discovery: bool,
}

/// The way out of a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// By NAT gateways.
    Private,
    /// None.
    Isolated,
    /// By the internet gateway.
    Public,
}

/// A subnet as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its tier.
    pub tier: String,
    /// Its zone.
    pub zone: String,
    /// Where it lies.
    pub cidr: Ipv4Net,
    /// Where it lies in IPv6, if that is settled already.
    pub ipv6_cidr: Option<Ipv6Net>,
    /// The way out.
    pub access: Access,
    /// Its route table.
    pub route_table: String,
    /// Its tags besides those that all parts have.
    pub tags: Tags,
}

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The network's internet gateway.
    InternetGateway,
    /// The network's egress-only gateway.
    EgressOnlyGateway,
    /// The network's NAT gateway in this zone.
    NatGateway(String),
    /// Something that is not the network's; none where it is not known yet.
    Other(Option<String>),
}

/// An endpoint as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether it is a gateway endpoint; otherwise it is an interface endpoint.
    pub gateway: bool,
    /// Whether the service's own name leads to it.
    pub private_dns: bool,
    /// Its policy; none for the service's own, which allows everything.
    pub policy: Option<String>,
    /// The zones of an interface endpoint; none for all.
    pub zones: Option<BTreeSet<String>>,
}

impl Wanted {
    /// What this network is to consist of. Its `subnets` and `nat_gateways` say what is settled
    /// already: from a state, a plan, or both.
    ///
    /// # Errors
    /// Where the attributes cannot be had together, at the one that can mend it.
    pub fn of(network: &Network) -> Result<Self, Diagnostic> {
        let cidr = block(network.cidr.as_deref(), &Path::attribute("cidr"))?;
        let secondary = Path::attribute("secondary_cidrs");
        let secondary_cidrs = network
            .secondary_cidrs
            .iter()
            .map(|text| block(Some(text), &secondary))
            .collect::<Result<BTreeSet<_>, _>>()?;
        let tiers = tiers(network, cidr)?;
        let nat_tier = nat_tier(network, &tiers)?;
        let nat_gateways = nat_gateways(network, nat_tier.as_deref());
        let endpoints: BTreeMap<String, Endpoint> = network
            .endpoints
            .iter()
            .map(|(service, endpoint)| (service.clone(), self::endpoint(service, endpoint)))
            .collect();
        let interfaces = endpoints.values().any(|endpoint| !endpoint.gateway);
        let endpoint_tier = if interfaces { endpoint_tier(network, &tiers)? } else { None };
        let subnets = subnets(network, &tiers)?;
        let any = |access| tiers.values().any(|tier| tier.access == access);
        Ok(Self {
            name: network.name.clone(),
            vpc_id: network.vpc_id.clone(),
            cidr,
            secondary_cidrs,
            ipv6: network.ipv6,
            enable_dns_support: network.enable_dns_support,
            enable_dns_hostnames: network.enable_dns_hostnames,
            zones: network.zones.clone(),
            route_tables: route_tables(network, &tiers, &subnets, &nat_gateways)?,
            internet_gateway: any(Access::Public),
            egress_only_gateway: network.ipv6 && any(Access::Private),
            nat_tier,
            nat_gateways,
            endpoint_tier,
            endpoints,
            flow_logs: network.flow_logs.clone(),
            tags: network.tagging.tags_all.clone().unwrap_or_default(),
            subnets,
            tiers,
        })
    }

    /// The tags of a part that a person sees.
    pub fn tags(&self, part: &str) -> Tags {
        let mut tags = self.tags.clone();
        if !tags.contains_key("Name") {
            tags.insert("Name".to_owned(), self.name_of(part));
        }
        if let Some(subnet) = part.strip_prefix("subnet/").and_then(|key| self.subnets.get(key)) {
            tags.extend(subnet.tags.clone());
        }
        tags
    }

    /// What a part is called: `main-private-eu-central-1a`, `main-nat-gateway-eu-central-1a`.
    fn name_of(&self, part: &str) -> String {
        let part = part.strip_prefix("subnet/").unwrap_or(part);
        if part == "vpc" {
            return self.name.clone();
        }
        let part = if part.starts_with("flow_log/") { "flow_log" } else { part };
        format!("{}-{}", self.name, part.replace(['/', '_'], "-"))
    }

    /// The subnets that hold the interface endpoint of a service.
    pub fn endpoint_subnets(&self, service: &str) -> impl Iterator<Item = &String> + use<'_> {
        let zones = self.endpoints.get(service).and_then(|endpoint| endpoint.zones.as_ref());
        let holds = move |subnet: &Subnet| {
            Some(&subnet.tier) == self.endpoint_tier.as_ref()
                && zones.is_none_or(|zones| zones.contains(&subnet.zone))
        };
        self.subnets.iter().filter(move |(_, subnet)| holds(subnet)).map(|(key, _)| key)
    }

    /// The blocks of IPv4 addresses that the network's subnets lie in.
    pub fn blocks(&self) -> BTreeSet<Ipv4Net> {
        let of_tiers = self.tiers.values().map(|tier| tier.block);
        self.secondary_cidrs.iter().copied().chain([self.cidr]).chain(of_tiers).collect()
    }

    /// Whether there are interface endpoints.
    pub fn has_interface_endpoints(&self) -> bool {
        self.endpoints.values().any(|endpoint| !endpoint.gateway)
    }

    /// The flow logs, if they go to a log group.
    pub fn log_group(&self) -> Option<&FlowLogs> {
        self.flow_logs.as_ref().filter(|logs| logs.bucket_arn.is_none())
    }

    /// The name of the log group, if there is to be one.
    pub fn log_group_name(&self) -> Option<String> {
        self.log_group().map(|logs| log_group::name(&self.name, logs))
    }

    /// The name of the role that writes to the log group, if there is to be one.
    pub fn role_name(&self, region: &str) -> Option<String> {
        self.log_group().map(|logs| role::name(&self.name, region, logs))
    }

    /// The places of the subnets in a block of IPv6 addresses (/56): each a /64 of it. What is
    /// settled stays, the others get the lowest free ones.
    pub fn ipv6_places(
        &self,
        block: Ipv6Net,
        settled: &BTreeMap<String, Ipv6Net>,
    ) -> BTreeMap<String, Ipv6Net> {
        let mut places: BTreeMap<String, Ipv6Net> = settled
            .iter()
            .map(|(key, place)| (key.clone(), *place))
            .chain(self.subnets.iter().filter_map(|(key, it)| Some((key.clone(), it.ipv6_cidr?))))
            .filter(|(_, place)| block.contains(place))
            .collect();
        for key in self.subnets.keys() {
            if places.contains_key(key) {
                continue;
            }
            let taken: BTreeSet<Ipv6Net> = places.values().copied().collect();
            let free =
                block.subnets(64).ok().and_then(|mut all| all.find(|it| !taken.contains(it)));
            places.extend(free.map(|free| (key.clone(), free)));
        }
        places.retain(|key, _| self.subnets.contains_key(key));
        places
    }
}

impl Access {
    /// The way out of this name.
    pub fn of(text: &str) -> Self {
        match text {
            "public" => Self::Public,
            "private" => Self::Private,
            _ => Self::Isolated,
        }
    }

    /// The size that a subnet has by default, in a block of this size.
    fn prefix_length(self, block: Ipv4Net) -> u8 {
        let bits = match self {
            Self::Public => 8,
            Self::Private => 3,
            Self::Isolated => 6,
        };
        (block.prefix_len() + bits).min(addresses::SMALLEST_PREFIX)
    }

    /// As [`Access::prefix_length`], of a block in words; none if it is not one.
    pub fn prefix_length_in(self, block: &str) -> Option<u8> {
        addresses::block(block).ok().map(|block| self.prefix_length(block))
    }
}

/// The name of a subnet among those of the network.
pub fn subnet_key(tier: &str, zone: &str) -> String {
    format!("{tier}/{zone}")
}

fn block(text: Option<&str>, path: &Path) -> Result<Ipv4Net, Diagnostic> {
    let text = text.unwrap_or_default();
    addresses::block(text).map_err(|requirement| {
        Diagnostic::error(
            format!("invalid {path}"),
            format!("{path} must be {requirement}; {text:?} is not."),
        )
        .at(path.clone())
    })
}

fn tiers(network: &Network, cidr: Ipv4Net) -> Result<BTreeMap<String, Tier>, Diagnostic> {
    let path = Path::attribute("tiers");
    let tiers = network.tiers.iter().map(|(name, tier)| {
        let path = path.key(name);
        let access = Access::of(tier.access.as_deref().unwrap_or_default());
        let block = match &tier.cidr {
            Some(text) => block(Some(text), &path.field("cidr"))?,
            None => cidr,
        };
        let chosen = tier.prefix_length.and_then(|it| u8::try_from(it).ok());
        let prefix_length = chosen.unwrap_or_else(|| access.prefix_length(block));
        let discovery = tier.discovery.unwrap_or(access != Access::Isolated);
        Ok((name.clone(), Tier { access, block, prefix_length, discovery }))
    });
    tiers.collect()
}

fn subnets(
    network: &Network,
    tiers: &BTreeMap<String, Tier>,
) -> Result<BTreeMap<String, Subnet>, Diagnostic> {
    let settled = network.subnets.iter().flatten();
    let taken: BTreeMap<String, Ipv4Net> = settled
        .filter_map(|(key, subnet)| Some((key.clone(), subnet.cidr.as_ref()?.parse().ok()?)))
        .collect();
    let mut places = Vec::new();
    for (name, tier) in tiers {
        let chosen = network.tiers.get(name).and_then(|tier| tier.subnet_cidrs.as_ref());
        for zone in &network.zones {
            let path = Path::attribute("tiers").key(name).field("subnet_cidrs").key(zone);
            let fixed = chosen.and_then(|chosen| chosen.get(zone));
            places.push(addresses::Wanted {
                key: subnet_key(name, zone),
                block: tier.block,
                prefix_length: tier.prefix_length,
                fixed: fixed.map(|text| block(Some(text), &path)).transpose()?,
            });
        }
    }
    let places = addresses::place(&places, &taken).map_err(|error| no_place(&error))?;
    let mut subnets = BTreeMap::new();
    for (name, tier) in tiers {
        for zone in &network.zones {
            let key = subnet_key(name, zone);
            let before = network.subnets.iter().flatten().find(|(other, _)| **other == key);
            let ipv6 = before.and_then(|(_, subnet)| subnet.ipv6_cidr.as_ref()?.parse().ok());
            let Some(&cidr) = places.get(&key) else { continue };
            subnets.insert(
                key,
                Subnet {
                    tier: name.clone(),
                    zone: zone.clone(),
                    cidr,
                    ipv6_cidr: ipv6,
                    access: tier.access,
                    route_table: route_table_key(tier.access, name, zone),
                    tags: subnet_tags(network, name, tier),
                },
            );
        }
    }
    Ok(subnets)
}

fn no_place(error: &NoPlace) -> Diagnostic {
    let tier = error.key().split('/').next().unwrap_or_default();
    let path = Path::attribute("tiers").key(tier);
    match error {
        NoPlace::Full { .. } => Diagnostic::error(
            "no room for a subnet",
            format!(
                "{error}. Choose a larger prefix_length (smaller subnets) for a tier, fewer \
                 zones, or let the tier lie in a secondary block (cidr of the tier)."
            ),
        )
        .at(path.field("prefix_length")),
        NoPlace::Overlap { .. } => Diagnostic::error(
            "subnets overlap",
            format!(
                "{error}. Choose another block; what is about to be removed is gone only \
                     after an apply."
            ),
        )
        .at(path.field("subnet_cidrs")),
    }
}

fn subnet_tags(network: &Network, name: &str, tier: &Tier) -> Tags {
    let mut tags = Tags::new();
    if tier.discovery {
        let role = if tier.access == Access::Public { "elb" } else { "internal-elb" };
        tags.insert(format!("kubernetes.io/role/{role}"), "1".to_owned());
        for cluster in &network.clusters {
            tags.insert(format!("kubernetes.io/cluster/{cluster}"), "shared".to_owned());
        }
        if let (Some(value), true) = (&network.karpenter_discovery, tier.access != Access::Public) {
            tags.insert("karpenter.sh/discovery".to_owned(), value.clone());
        }
    }
    let own = network.tiers.get(name).and_then(|tier| tier.tags.clone());
    tags.extend(own.unwrap_or_default());
    tags
}

/// Private subnets have a table each, whatever the NAT mode, so that a change of that changes only
/// where their routes lead.
fn route_table_key(access: Access, tier: &str, zone: &str) -> String {
    if access == Access::Private { subnet_key(tier, zone) } else { tier.to_owned() }
}

fn route_tables(
    network: &Network,
    tiers: &BTreeMap<String, Tier>,
    subnets: &BTreeMap<String, Subnet>,
    nat_gateways: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, BTreeMap<String, Target>>, Diagnostic> {
    let mut tables: BTreeMap<String, BTreeMap<String, Target>> = BTreeMap::new();
    for subnet in subnets.values() {
        let routes = tables.entry(subnet.route_table.clone()).or_default();
        let [ipv4, ipv6] = ANYWHERE.map(str::to_owned);
        match subnet.access {
            Access::Public => {
                routes.insert(ipv4, Target::InternetGateway);
                if network.ipv6 {
                    routes.insert(ipv6, Target::InternetGateway);
                }
            }
            Access::Private => {
                // A single gateway serves the other zones too.
                let own = nat_gateways.get_key_value(&subnet.zone);
                if let Some((zone, _)) = own.or_else(|| nat_gateways.first_key_value()) {
                    routes.insert(ipv4, Target::NatGateway(zone.clone()));
                }
                if network.ipv6 {
                    routes.insert(ipv6, Target::EgressOnlyGateway);
                }
            }
            Access::Isolated => {}
        }
        for (destination, route) in &network.routes {
            let path = Path::attribute("routes").key(destination);
            if let Some(tiers) = &route.tiers
                && !tiers.contains(&subnet.tier)
            {
                continue;
            }
            let destination = self::destination(destination).map_err(|requirement| {
                Diagnostic::error(
                    "invalid destination of a route",
                    format!("{path}: a destination must be {requirement}."),
                )
                .at(path.clone())
            })?;
            routes.insert(destination, Target::Other(route.target.clone()));
        }
    }
    for (destination, route) in &network.routes {
        for tier in route.tiers.iter().flatten() {
            if !tiers.contains_key(tier) {
                let path = Path::attribute("routes").key(destination).field("tiers");
                return Err(no_tier(tier, tiers).at(path));
            }
        }
    }
    Ok(tables)
}

/// A destination as AWS writes it.
///
/// # Errors
/// Says what it must be.
pub fn destination(text: &str) -> Result<String, String> {
    if text.starts_with("pl-") {
        return Ok(text.to_owned());
    }
    let requirement = "a block of addresses such as 10.0.0.0/8, or the id of a prefix list";
    let net: IpNet = text.parse().map_err(|_| requirement.to_owned())?;
    if net != net.trunc() {
        return Err(format!("a block's first address: {text} is inside {}", net.trunc()));
    }
    Ok(net.to_string())
}

fn nat_tier(
    network: &Network,
    tiers: &BTreeMap<String, Tier>,
) -> Result<Option<String>, Diagnostic> {
    let private = tiers.values().any(|tier| tier.access == Access::Private);
    if network.nat == "none" || !private {
        return Ok(None);
    }
    let path = Path::attribute("nat_tier");
    if let Some(tier) = &network.nat_tier {
        return match tiers.get(tier) {
            Some(Tier { access: Access::Public, .. }) => Ok(Some(tier.clone())),
            Some(_) => Err(Diagnostic::error(
                format!("tier {tier:?} is not public"),
                "NAT gateways stand in a public tier: name one, or leave nat_tier out.",
            )
            .at(path)),
            None => Err(no_tier(tier, tiers).at(path)),
        };
    }
    let mut public = tiers.iter().filter(|(_, tier)| tier.access == Access::Public);
    match (public.next(), public.next()) {
        (Some((name, _)), None) => Ok(Some(name.clone())),
        (None, _) => Err(Diagnostic::error(
            "no public tier for NAT gateways",
            "Private tiers get out by NAT gateways, which stand in a public tier. Add one, or \
             set nat = \"none\".",
        )
        .at(Path::attribute("nat"))),
        (Some(_), Some(_)) => Err(Diagnostic::error(
            "more than one public tier",
            "NAT gateways stand in one of them: name it in nat_tier.",
        )
        .at(path)),
    }
}

fn nat_gateways(network: &Network, tier: Option<&str>) -> BTreeMap<String, String> {
    let Some(tier) = tier else { return BTreeMap::new() };
    let zones: Vec<&String> = if network.nat == "single" {
        let there = |zone: &&String| {
            network.nat_gateways.as_ref().is_some_and(|there| there.contains_key(*zone))
        };
        // Another order of the zones, or one more in front, moves no gateway.
        network.zones.iter().find(there).or(network.zones.first()).into_iter().collect()
    } else {
        network.zones.iter().collect()
    };
    zones.into_iter().map(|zone| (zone.clone(), subnet_key(tier, zone))).collect()
}

fn endpoint_tier(
    network: &Network,
    tiers: &BTreeMap<String, Tier>,
) -> Result<Option<String>, Diagnostic> {
    if let Some(tier) = &network.endpoint_tier {
        return if tiers.contains_key(tier) {
            Ok(Some(tier.clone()))
        } else {
            Err(no_tier(tier, tiers).at(Path::attribute("endpoint_tier")))
        };
    }
    Ok(tiers.iter().min_by_key(|(_, tier)| tier.access).map(|(name, _)| name.clone()))
}

fn no_tier(name: &str, tiers: &BTreeMap<String, Tier>) -> Diagnostic {
    let known: Vec<&str> = tiers.keys().map(String::as_str).collect();
    Diagnostic::error(
        format!("no tier {name:?}"),
        format!("The network's tiers are {}.", known.join(", ")),
    )
}

fn endpoint(service: &str, endpoint: &super::Endpoint) -> Endpoint {
    let gateway = match endpoint.kind.as_deref() {
        Some(kind) => kind == "gateway",
        None => services::has_gateway(service),
    };
    let by_default = !gateway && services::has_private_names(service);
    Endpoint {
        gateway,
        private_dns: endpoint.private_dns.unwrap_or(by_default),
        policy: endpoint.policy.clone(),
        zones: endpoint.zones.clone(),
    }
}

#[cfg(test)]
mod tests;

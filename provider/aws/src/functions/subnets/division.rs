//! A network divided over tiers and zones such that what is added at the end never moves what is
//! there, without a memory of what is there.
//!
//! Each tier gets one block with room for four zones, at the lowest place where it fits behind
//! and between the tiers before it; zones are slots in that block. So a route or a firewall rule
//! can name a tier by one prefix, and neither a further tier nor a fourth zone changes anything.
//! The fifth to eighth zones have blocks of their own, which grow down from the network's end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// How many zones a tier's block has room for.
const ZONES_IN_BLOCK: usize = 4;
/// How many zones a network can have: no region has more availability zones than six.
const MOST_ZONES: usize = 8;
/// The longest prefixes that AWS gives a subnet.
const LONGEST_IPV4_PREFIX: u8 = 28;
const LONGEST_IPV6_PREFIX: u8 = 64;
/// The widest IPv6 network that can be divided here; AWS gives /44 at most.
const SHORTEST_IPV6_PREFIX: u8 = 16;

/// One kind of subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// What it is called.
    pub name: String,
    /// The prefix length of each of its subnets: 20 is 4096 addresses.
    pub prefix_length: u8,
}

/// The subnets of each tier by zone.
pub type Subnets = BTreeMap<String, BTreeMap<String, IpNet>>;

/// Why a network cannot be divided as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DivisionError {
    /// The network's address is not its first.
    #[error("{given} is not the start of a network; that would be {start}")]
    HostBits {
        /// What was given.
        given: IpNet,
        /// The network it lies in.
        start: IpNet,
    },
    /// The network is wider than any that AWS gives.
    #[error("{0} is too wide to be divided; AWS gives at most a /44")]
    TooWide(IpNet),
    /// There is no zone.
    #[error("there must be at least one zone")]
    NoZones,
    /// There are too many zones.
    #[error("there are {0} zones, but there is room for {MOST_ZONES} at most")]
    TooManyZones(usize),
    /// A zone is named twice.
    #[error("zone {0:?} is named twice")]
    ZoneTwice(String),
    /// A tier is named twice.
    #[error("tier {0:?} is named twice")]
    TierTwice(String),
    /// A tier's subnets are smaller than AWS allows, or as large as the network.
    #[error(
        "the subnets of tier {tier:?} cannot be a /{given} in {network}; they can be a \
         /{shortest} to a /{longest}"
    )]
    PrefixLength {
        /// The tier.
        tier: String,
        /// What was asked for.
        given: u8,
        /// The network.
        network: IpNet,
        /// The shortest that leaves room for four zones.
        shortest: u8,
        /// The longest that AWS allows.
        longest: u8,
    },
    /// The tiers do not all fit.
    #[error(
        "{network} has no room for tier {tier:?}: each tier keeps room for {ZONES_IN_BLOCK} \
         zones, here {ZONES_IN_BLOCK} times a /{prefix_length}; take a longer prefix for it or \
         for a tier before it, or a larger network"
    )]
    NoRoom {
        /// The first tier that does not fit.
        tier: String,
        /// Its prefix length.
        prefix_length: u8,
        /// The network.
        network: IpNet,
    },
}

/// Divides a network over tiers and zones, both in the order of their places: further ones are
/// added at the end.
///
/// # Errors
/// Where it cannot be divided so, with the reason.
pub fn divide(network: IpNet, zones: &[String], tiers: &[Tier]) -> Result<Subnets, DivisionError> {
    check(network, zones, tiers)?;
    let mut subnets: Subnets = BTreeMap::new();
    let mut low: Vec<Range<u128>> = Vec::new();
    let mut high: Vec<Range<u128>> = Vec::new();
    let space = space(network);
    for tier in tiers {
        let size = size(network, tier.prefix_length);
        let no_room = || DivisionError::NoRoom {
            tier: tier.name.clone(),
            prefix_length: tier.prefix_length,
            network,
        };
        let block = size * ZONES_IN_BLOCK as u128;
        let first = lowest(&space, &low, block).ok_or_else(no_room)?;
        low.push(first..first + block);
        let second = highest(&space, &high, block);
        high.extend(second.map(|start| start..start + block));
        let mut in_tier = BTreeMap::new();
        for (index, zone) in zones.iter().enumerate() {
            let start = match index.checked_sub(ZONES_IN_BLOCK) {
                None => first + size * index as u128,
                Some(index) => second.ok_or_else(no_room)? + size * index as u128,
            };
            in_tier.insert(zone.clone(), net(network, start, tier.prefix_length));
        }
        subnets.insert(tier.name.clone(), in_tier);
    }
    check_overlaps(network, tiers, &subnets)?;
    Ok(subnets)
}

fn check(network: IpNet, zones: &[String], tiers: &[Tier]) -> Result<(), DivisionError> {
    if network != network.trunc() {
        return Err(DivisionError::HostBits { given: network, start: network.trunc() });
    }
    if network.max_prefix_len() == 128 && network.prefix_len() < SHORTEST_IPV6_PREFIX {
        return Err(DivisionError::TooWide(network));
    }
    match zones.len() {
        0 => return Err(DivisionError::NoZones),
        count if count > MOST_ZONES => return Err(DivisionError::TooManyZones(count)),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    if let Some(zone) = zones.iter().find(|zone| !seen.insert(*zone)) {
        return Err(DivisionError::ZoneTwice(zone.clone()));
    }
    let mut seen = BTreeSet::new();
    if let Some(tier) = tiers.iter().find(|tier| !seen.insert(&tier.name)) {
        return Err(DivisionError::TierTwice(tier.name.clone()));
    }
    let longest = match network {
        IpNet::V4(_) => LONGEST_IPV4_PREFIX,
        IpNet::V6(_) => LONGEST_IPV6_PREFIX,
    };
    // Four subnets in the network take two bits of the prefix.
    let shortest = network.prefix_len().saturating_add(2);
    let fits = |tier: &&Tier| !(shortest..=longest).contains(&tier.prefix_length);
    if let Some(tier) = tiers.iter().find(fits) {
        return Err(DivisionError::PrefixLength {
            tier: tier.name.clone(),
            given: tier.prefix_length,
            network,
            shortest,
            longest,
        });
    }
    Ok(())
}

/// The blocks that grow up and those that grow down know nothing of each other, or else what is
/// added to one side would move the other: they may only not meet.
fn check_overlaps(network: IpNet, tiers: &[Tier], subnets: &Subnets) -> Result<(), DivisionError> {
    let mut taken: BTreeMap<u128, u128> = BTreeMap::new();
    for tier in tiers {
        let size = size(network, tier.prefix_length);
        for subnet in subnets[&tier.name].values() {
            let start = space(*subnet).start;
            let before = taken.range(..start + size).next_back();
            if before.is_some_and(|(_, end)| *end > start) {
                return Err(DivisionError::NoRoom {
                    tier: tier.name.clone(),
                    prefix_length: tier.prefix_length,
                    network,
                });
            }
            taken.insert(start, start + size);
        }
    }
    Ok(())
}

/// The lowest place for a block of this size, at a multiple of it.
fn lowest(space: &Range<u128>, taken: &[Range<u128>], size: u128) -> Option<u128> {
    let mut start = space.start;
    while start + size <= space.end {
        match taken.iter().find(|other| other.start < start + size && start < other.end) {
            None => return Some(start),
            Some(other) => start = other.end.next_multiple_of(size),
        }
    }
    None
}

/// The highest place for a block of this size, at a multiple of it.
fn highest(space: &Range<u128>, taken: &[Range<u128>], size: u128) -> Option<u128> {
    let mut end = space.end;
    loop {
        let start = end.checked_sub(size).filter(|start| *start >= space.start)?;
        match taken.iter().find(|other| other.start < end && start < other.end) {
            None => return Some(start),
            Some(other) => end = other.start / size * size,
        }
    }
}

fn space(network: IpNet) -> Range<u128> {
    let start = match network {
        IpNet::V4(network) => u128::from(network.network().to_bits()),
        IpNet::V6(network) => network.network().to_bits(),
    };
    start..start + size(network, network.prefix_len())
}

fn size(network: IpNet, prefix_length: u8) -> u128 {
    1 << (network.max_prefix_len() - prefix_length)
}

fn net(network: IpNet, start: u128, prefix_length: u8) -> IpNet {
    // Places are found within the network, so an IPv4 one has 32 bits.
    match network {
        IpNet::V4(_) => {
            let address = u32::try_from(start).unwrap_or(u32::MAX);
            IpNet::V4(Ipv4Net::new_assert(address.into(), prefix_length))
        }
        IpNet::V6(_) => IpNet::V6(Ipv6Net::new_assert(start.into(), prefix_length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(tiers: &[(&str, u8)]) -> Vec<Tier> {
        let tier = |(name, prefix_length): &(&str, u8)| Tier {
            name: (*name).to_owned(),
            prefix_length: *prefix_length,
        };
        tiers.iter().map(tier).collect()
    }

    fn zones(count: usize) -> Vec<String> {
        ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map(str::to_owned)[..count].to_vec()
    }

    fn check(network: &str, count: usize, given: &[(&str, u8)], expected: Result<&[&str], &str>) {
        let given = tiers(given);
        let found = divide(network.parse().unwrap(), &zones(count), &given);
        let found = found
            .map(|subnets| {
                let in_order = given.iter().flat_map(|tier| subnets[&tier.name].values());
                in_order.map(ToString::to_string).collect::<Vec<_>>()
            })
            .map_err(|error| error.to_string());
        let expected = expected
            .map(|subnets| subnets.iter().map(|subnet| (*subnet).to_owned()).collect())
            .map_err(str::to_owned);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_tier_is_one_block_and_a_zone_a_slot_in_it() {
        check(
            "10.0.0.0/16",
            3,
            &[("public", 22), ("private", 19), ("data", 22)],
            Ok(&[
                // Small tiers share the space that the large one leaves.
                "10.0.0.0/22",
                "10.0.4.0/22",
                "10.0.8.0/22",
                "10.0.128.0/19",
                "10.0.160.0/19",
                "10.0.192.0/19",
                "10.0.16.0/22",
                "10.0.20.0/22",
                "10.0.24.0/22",
            ]),
        );
        check(
            "10.1.0.0/24",
            5,
            &[("only", 28)],
            Ok(&["10.1.0.0/28", "10.1.0.16/28", "10.1.0.32/28", "10.1.0.48/28", "10.1.0.192/28"]),
        );
        check(
            "2001:db8:0:1200::/56",
            2,
            &[("one", 64), ("two", 64)],
            Ok(&[
                "2001:db8:0:1200::/64",
                "2001:db8:0:1201::/64",
                "2001:db8:0:1204::/64",
                "2001:db8:0:1205::/64",
            ]),
        );
    }

    #[test]
    fn says_why_it_does_not_fit() {
        let small: &[(&str, u8)] = &[("a", 24)];
        for (network, count, given, error) in [
            (
                "10.0.0.1/16",
                3,
                small,
                "10.0.0.1/16 is not the start of a network; that would be 10.0.0.0/16",
            ),
            ("10.0.0.0/16", 0, small, "there must be at least one zone"),
            ("10.0.0.0/16", 9, small, "there are 9 zones, but there is room for 8 at most"),
            ("10.0.0.0/16", 3, &[("a", 24), ("a", 24)], "tier \"a\" is named twice"),
            (
                "10.0.0.0/16",
                3,
                &[("a", 17)],
                "the subnets of tier \"a\" cannot be a /17 in 10.0.0.0/16; they can be a /18 to a /28",
            ),
            (
                "10.0.0.0/16",
                3,
                &[("a", 29)],
                "the subnets of tier \"a\" cannot be a /29 in 10.0.0.0/16; they can be a /18 to a /28",
            ),
            ("::/0", 3, small, "::/0 is too wide to be divided; AWS gives at most a /44"),
            (
                "10.0.0.0/16",
                3,
                &[("a", 18), ("b", 24)],
                "10.0.0.0/16 has no room for tier \"b\": each tier keeps room for 4 zones, here 4 \
                 times a /24; take a longer prefix for it or for a tier before it, or a larger \
                 network",
            ),
            (
                "10.0.0.0/16",
                5,
                &[("a", 18)],
                "10.0.0.0/16 has no room for tier \"a\": each tier keeps room for 4 zones, here 4 \
                 times a /18; take a longer prefix for it or for a tier before it, or a larger \
                 network",
            ),
        ] {
            check(network, count, given, Err(error));
        }
        let twice = ["a".to_owned(), "a".to_owned()];
        let network = "10.0.0.0/16".parse().unwrap();
        assert_eq!(divide(network, &twice, &[]), Err(DivisionError::ZoneTwice("a".into())));
    }

    /// Every division of some tiers and zones is part of every division of more of them, and no
    /// two subnets of one overlap.
    #[test]
    fn what_is_added_at_the_end_moves_nothing() {
        let network: IpNet = "10.0.0.0/16".parse().unwrap();
        let lengths = [20_u8, 24, 22, 28, 21, 23];
        for rotation in 0..lengths.len() {
            let all: Vec<Tier> = (0..lengths.len())
                .map(|index| Tier {
                    name: format!("t{index}"),
                    prefix_length: lengths[(index + rotation) % lengths.len()],
                })
                .collect();
            let whole = divide(network, &zones(8), &all).unwrap();
            let every: Vec<&IpNet> = whole.values().flat_map(BTreeMap::values).collect();
            for (index, one) in every.iter().enumerate() {
                assert!(network.contains(*one));
                for other in &every[index + 1..] {
                    assert!(!one.contains(*other) && !other.contains(*one), "{one} {other}");
                }
            }
            for count in 1..=8 {
                for some in 0..=all.len() {
                    let part = divide(network, &zones(count), &all[..some]).unwrap();
                    for (tier, subnets) in part {
                        for (zone, subnet) in subnets {
                            assert_eq!(whole[&tier][&zone], subnet, "{tier} {zone}");
                        }
                    }
                }
            }
        }
    }
}

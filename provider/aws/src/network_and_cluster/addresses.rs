//! Where subnets lie in a network's blocks of addresses: a pure plan, in which what lies somewhere
//! already stays there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnet::Ipv4Net;

/// The largest block that a VPC or a subnet can have, as a prefix length.
pub const LARGEST_PREFIX: u8 = 16;
/// The smallest block that a VPC or a subnet can have, as a prefix length.
pub const SMALLEST_PREFIX: u8 = 28;

/// A subnet that needs a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the plan, such as `private/eu-central-1a`.
    pub key: String,
    /// The block to find a place in.
    pub block: Ipv4Net,
    /// Its size.
    pub prefix_length: u8,
    /// The place it must have, where somebody has chosen one.
    pub fixed: Option<Ipv4Net>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// The block has no room left of this size.
    Full {
        /// The subnet without a place.
        key: String,
        /// Where it should lie.
        block: Ipv4Net,
        /// Its size.
        prefix_length: u8,
    },
    /// The place chosen for a subnet overlaps another one's.
    Overlap {
        /// The subnet.
        key: String,
        /// The place chosen for it.
        place: Ipv4Net,
        /// What lies there.
        other: String,
    },
}

impl NoPlace {
    /// The subnet it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Full { key, .. } | Self::Overlap { key, .. } => key,
        }
    }
}

impl fmt::Display for NoPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { key, block, prefix_length } => {
                write!(formatter, "{block} has no room left for a /{prefix_length}, for {key}")
            }
            Self::Overlap { key, place, other } => {
                write!(formatter, "{place}, chosen for {key}, overlaps {other}")
            }
        }
    }
}

impl std::error::Error for NoPlace {}

/// A place for every subnet.
///
/// Larger ones come first, subnets of one size in the order they are given, each at the lowest
/// free place of its block: so all fit whenever their sizes add up to no more than the block.
/// `taken` is what lies where already: a subnet in it keeps its place if that still has the size
/// and block it wants, so that one more zone or tier moves nothing; what is in it besides is
/// avoided.
///
/// # Errors
/// Where a block is full, or a chosen place overlaps another.
pub fn place(
    wanted: &[Wanted],
    taken: &BTreeMap<String, Ipv4Net>,
) -> Result<BTreeMap<String, Ipv4Net>, NoPlace> {
    let keeps = |subnet: &Wanted| {
        let before = *taken.get(&subnet.key)?;
        let fits = match subnet.fixed {
            Some(fixed) => before == fixed,
            None => before.prefix_len() == subnet.prefix_length && subnet.block.contains(&before),
        };
        fits.then_some(before)
    };
    let moving: BTreeSet<&str> = wanted
        .iter()
        .filter(|subnet| keeps(subnet).is_none())
        .map(|subnet| subnet.key.as_str())
        .collect();
    let mut places = BTreeMap::new();
    for subnet in wanted {
        if let Some(place) = keeps(subnet).or(subnet.fixed) {
            // What is in a moving subnet's way may be that subnet itself.
            let there = taken.iter().filter(|(key, _)| !moving.contains(key.as_str()));
            let mut others = there.chain(&places).filter(|(key, _)| **key != subnet.key);
            if let Some((key, other)) = others.find(|(_, other)| overlap(place, **other)) {
                let other = format!("{other}, the place of {key}");
                return Err(NoPlace::Overlap { key: subnet.key.clone(), place, other });
            }
            places.insert(subnet.key.clone(), place);
        }
    }
    let mut left: Vec<&Wanted> =
        wanted.iter().filter(|subnet| !places.contains_key(&subnet.key)).collect();
    left.sort_by_key(|subnet| subnet.prefix_length);
    for subnet in left {
        let place =
            lowest_free(subnet, taken.values().chain(places.values())).ok_or_else(|| {
                NoPlace::Full {
                    key: subnet.key.clone(),
                    block: subnet.block,
                    prefix_length: subnet.prefix_length,
                }
            })?;
        places.insert(subnet.key.clone(), place);
    }
    Ok(places)
}

/// The lowest place in the subnet's block that overlaps nothing.
fn lowest_free<'a>(
    subnet: &Wanted,
    taken: impl Iterator<Item = &'a Ipv4Net> + Clone,
) -> Option<Ipv4Net> {
    let mut candidates = subnet.block.subnets(subnet.prefix_length).ok()?;
    candidates.find(|candidate| taken.clone().all(|other| !overlap(*candidate, *other)))
}

/// Whether two blocks have an address in common.
pub fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// A block of IPv4 addresses as AWS wants one for a network or a subnet.
///
/// # Errors
/// Says what it must be, to stand after "must be".
pub fn block(text: &str) -> Result<Ipv4Net, String> {
    let any = any_block(text)?;
    if !(LARGEST_PREFIX..=SMALLEST_PREFIX).contains(&any.prefix_len()) {
        return Err(format!(
            "between /{LARGEST_PREFIX} and /{SMALLEST_PREFIX}, which is all that AWS allows"
        ));
    }
    Ok(any)
}

/// A block of IPv4 addresses of any size, without bits set behind its prefix.
///
/// # Errors
/// Says what it must be, to stand after "must be".
pub fn any_block(text: &str) -> Result<Ipv4Net, String> {
    let net: Ipv4Net =
        text.parse().map_err(|_| "a block of IPv4 addresses such as 10.20.0.0/16".to_owned())?;
    if net != net.trunc() {
        return Err(format!("a block's first address: {} is inside {}", net.addr(), net.trunc()));
    }
    Ok(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    fn wanted(subnets: &[(&str, &str, u8)]) -> Vec<Wanted> {
        let subnets = subnets.iter().map(|&(key, block, prefix_length)| Wanted {
            key: key.to_owned(),
            block: net(block),
            prefix_length,
            fixed: None,
        });
        subnets.collect()
    }

    fn fixed(key: &str, place: &str) -> Wanted {
        let place = net(place);
        let prefix_length = place.prefix_len();
        Wanted { key: key.to_owned(), block: place, prefix_length, fixed: Some(place) }
    }

    fn check(wanted: &[Wanted], taken: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, Ipv4Net> {
            pairs.iter().map(|&(key, place)| (key.to_owned(), net(place))).collect()
        };
        let found = place(wanted, &map(taken));
        assert_eq!(
            found.map_err(|error| error.to_string()),
            expected.map(map).map_err(str::to_owned)
        );
    }

    #[test]
    fn larger_subnets_come_first() {
        check(
            &wanted(&[
                ("data/a", "10.0.0.0/16", 22),
                ("data/b", "10.0.0.0/16", 22),
                ("private/a", "10.0.0.0/16", 19),
                ("private/b", "10.0.0.0/16", 19),
                ("public/a", "10.0.0.0/16", 24),
                ("pods/a", "100.64.0.0/16", 17),
            ]),
            &[],
            Ok(&[
                ("private/a", "10.0.0.0/19"),
                ("private/b", "10.0.32.0/19"),
                ("data/a", "10.0.64.0/22"),
                ("data/b", "10.0.68.0/22"),
                ("public/a", "10.0.72.0/24"),
                ("pods/a", "100.64.0.0/17"),
            ]),
        );
    }

    #[test]
    fn a_full_block_is_filled_to_the_last_address() {
        let four = [("a", "10.0.0.0/24", 26), ("b", "10.0.0.0/24", 26), ("c", "10.0.0.0/24", 25)];
        check(
            &wanted(&four),
            &[],
            Ok(&[("c", "10.0.0.0/25"), ("a", "10.0.0.128/26"), ("b", "10.0.0.192/26")]),
        );
        check(
            &wanted(&[four[0], four[1], four[2], ("d", "10.0.0.0/24", 28)]),
            &[],
            Err("10.0.0.0/24 has no room left for a /28, for d"),
        );
        check(
            &wanted(&[("a", "10.0.0.0/24", 20)]),
            &[],
            Err("10.0.0.0/24 has no room left for a /20, for a"),
        );
    }

    #[test]
    fn what_lies_somewhere_stays_there() {
        let before = [("private/b", "10.0.0.0/19"), ("private/c", "10.0.32.0/19")];
        let block = "10.0.0.0/16";
        // One more zone, in front of the others, and one less.
        check(
            &wanted(&[
                ("private/a", block, 19),
                ("private/b", block, 19),
                ("private/c", block, 19),
            ]),
            &before,
            Ok(&[
                ("private/a", "10.0.64.0/19"),
                ("private/b", "10.0.0.0/19"),
                ("private/c", "10.0.32.0/19"),
            ]),
        );
        check(&wanted(&[("private/c", block, 19)]), &before, Ok(&before[1..]));
        // What is about to go is still in the way.
        check(&wanted(&[("new/a", block, 18)]), &before, Ok(&[("new/a", "10.0.64.0/18")]));
        // Another size is another subnet, and its old place is still taken when it is made.
        check(
            &wanted(&[("private/b", block, 20), ("private/c", block, 19)]),
            &before,
            Ok(&[("private/b", "10.0.64.0/20"), ("private/c", "10.0.32.0/19")]),
        );
    }

    #[test]
    fn a_missing_subnet_gets_its_old_place_back() {
        let block = "10.0.0.0/20";
        let all = wanted(&[("a", block, 24), ("b", block, 22), ("c", block, 24), ("d", block, 22)]);
        let places = place(&all, &BTreeMap::new()).unwrap();
        for missing in places.keys() {
            let mut taken = places.clone();
            taken.remove(missing);
            assert_eq!(place(&all, &taken).unwrap(), places, "without {missing}");
        }
    }

    #[test]
    fn a_chosen_place_is_respected_and_checked() {
        let block = "10.0.0.0/24";
        let mut all = wanted(&[("a", block, 26)]);
        all.push(fixed("b", "10.0.0.0/26"));
        check(&all, &[], Ok(&[("a", "10.0.0.64/26"), ("b", "10.0.0.0/26")]));
        all.push(fixed("c", "10.0.0.32/27"));
        check(&all, &[], Err("10.0.0.32/27, chosen for c, overlaps 10.0.0.0/26, the place of b"));
        check(
            &[fixed("b", "10.0.0.0/26")],
            &[("gone", "10.0.0.0/28")],
            Err("10.0.0.0/26, chosen for b, overlaps 10.0.0.0/28, the place of gone"),
        );
        // Moved within what it leaves.
        check(&[fixed("b", "10.0.0.0/27")], &[("b", "10.0.0.0/26")], Ok(&[("b", "10.0.0.0/27")]));
    }

    #[test]
    fn knows_a_block() {
        for (text, expected) in [
            ("10.20.0.0/16", Ok(net("10.20.0.0/16"))),
            ("10.20.0.0/28", Ok(net("10.20.0.0/28"))),
            ("10.20.0.0", Err("a block of IPv4 addresses such as 10.20.0.0/16")),
            ("fd00::/64", Err("a block of IPv4 addresses such as 10.20.0.0/16")),
            ("10.20.0.1/16", Err("a block's first address: 10.20.0.1 is inside 10.20.0.0/16")),
            ("10.0.0.0/8", Err("between /16 and /28, which is all that AWS allows")),
            ("10.0.0.0/29", Err("between /16 and /28, which is all that AWS allows")),
        ] {
            assert_eq!(block(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}

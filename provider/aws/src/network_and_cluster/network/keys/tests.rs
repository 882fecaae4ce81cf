use super::*;
use crate::network_and_cluster::network::Network;
use crate::network_and_cluster::network::observed::{Association, NatGateway, Subnet, Vpc};
use crate::network_and_cluster::network::tests::network;
use crate::testing::REGION;

fn wanted(change: impl FnOnce(&mut Network)) -> Wanted {
    let mut network = network(2);
    change(&mut network);
    Wanted::of(&network).unwrap()
}

#[test]
fn what_is_left_over_is_what_is_there_and_not_wanted() {
    let per_zone = Keys::wanted(
        &wanted(|network| {
            network.nat = "per_zone".into();
            network.endpoints.insert("s3".into(), Default::default());
        }),
        REGION,
    );
    let one_zone = Keys::wanted(&wanted(|network| network.zones.truncate(1)), REGION);
    let left = per_zone.without(&one_zone);
    let zone = ["eu-central-1b".to_owned()];
    assert_eq!(left.nat_gateways, zone.clone().into());
    assert_eq!(left.addresses, zone.into());
    let subnets: Vec<&String> = left.subnets.keys().collect();
    assert_eq!(subnets, ["data/eu-central-1b", "private/eu-central-1b", "public/eu-central-1b"]);
    assert_eq!(left.route_tables, ["private/eu-central-1b".to_owned()].into());
    assert_eq!(left.endpoints, [("s3".to_owned(), true)].into());
    assert!(!left.vpc && !left.internet_gateway);
    assert_eq!(one_zone.without(&one_zone), Keys::default());
}

#[test]
fn blocks_are_the_networks_own_only_in_its_own_vpc() {
    let secondary = Block::Secondary("100.64.0.0/16".parse().unwrap());
    let keys = |vpc_id: Option<&str>| {
        Keys::wanted(
            &wanted(|network| {
                network.secondary_cidrs = ["100.64.0.0/16".to_owned()].into();
                network.ipv6 = true;
                network.vpc_id = vpc_id.map(str::to_owned);
            }),
            REGION,
        )
    };
    assert_eq!(keys(None).blocks, [secondary.clone(), Block::Ipv6].into());
    assert_eq!(keys(Some("vpc-1")).blocks, BTreeSet::new());
    let association = Association { id: "a".into(), associated: true };
    let mut vpc = Vpc { own: true, ..Vpc::default() };
    vpc.cidrs.insert("100.64.0.0/16".into(), association.clone());
    vpc.cidrs.insert("100.65.0.0/16".into(), association);
    let observed = Observed { vpc: Some(vpc), ..Observed::default() };
    let own = [secondary.clone(), Block::Ipv6].into();
    assert_eq!(Keys::observed(&observed, &own).blocks, [secondary].into());
}

#[test]
fn a_subnet_elsewhere_is_in_the_way_with_what_is_in_it() {
    let wanted = wanted(|_| {});
    let subnet = |id: &str, zone: &str, cidr: &str| Subnet {
        id: id.into(),
        zone: zone.into(),
        cidr: cidr.into(),
        ..Subnet::default()
    };
    let mut observed = Observed::default();
    let place = wanted.subnets["data/eu-central-1a"].cidr.to_string();
    for (key, subnet) in [
        ("data/eu-central-1a", subnet("subnet-1", "eu-central-1a", &place)),
        ("public/eu-central-1a", subnet("subnet-2", "eu-central-1a", "10.20.200.0/24")),
        // Not wanted at all: it goes after the others have come.
        ("old/eu-central-1a", subnet("subnet-3", "eu-central-1a", "10.20.201.0/24")),
    ] {
        observed.subnets.insert(key.into(), subnet);
    }
    let gateway = NatGateway { subnet_id: "subnet-2".into(), ..NatGateway::default() };
    observed.nat_gateways.insert("eu-central-1a".into(), gateway);
    let expected = Keys {
        subnets: [("public/eu-central-1a".to_owned(), None)].into(),
        nat_gateways: ["eu-central-1a".to_owned()].into(),
        ..Keys::default()
    };
    assert_eq!(Keys::in_the_way(&wanted, &observed), expected);
}

use super::*;
use crate::network_and_cluster::network::tests::{ZONES, network, tags, tier};
use crate::network_and_cluster::network::{Endpoint as EndpointAttributes, Route};

fn model_subnet(cidr: &str) -> crate::network_and_cluster::network::Subnet {
    crate::network_and_cluster::network::Subnet {
        cidr: Some(cidr.to_owned()),
        ..Default::default()
    }
}

fn wanted(change: impl FnOnce(&mut Network)) -> Wanted {
    let mut network = network(2);
    change(&mut network);
    Wanted::of(&network).unwrap()
}

fn error(change: impl FnOnce(&mut Network)) -> String {
    let mut network = network(2);
    change(&mut network);
    Wanted::of(&network).unwrap_err().to_string()
}

#[test]
fn default_tiers_over_two_zones() {
    let wanted = wanted(|_| {});
    let places: Vec<(String, String, String)> = wanted
        .subnets
        .iter()
        .map(|(key, it)| (key.clone(), it.cidr.to_string(), it.route_table.clone()))
        .collect();
    let expected = [
        ("data/eu-central-1a", "10.20.64.0/22", "data"),
        ("data/eu-central-1b", "10.20.68.0/22", "data"),
        ("private/eu-central-1a", "10.20.0.0/19", "private/eu-central-1a"),
        ("private/eu-central-1b", "10.20.32.0/19", "private/eu-central-1b"),
        ("public/eu-central-1a", "10.20.72.0/24", "public"),
        ("public/eu-central-1b", "10.20.73.0/24", "public"),
    ];
    let expected = expected.map(|(key, cidr, table)| (key.into(), cidr.into(), table.into()));
    assert_eq!(places, expected);
    assert!(wanted.internet_gateway && !wanted.egress_only_gateway);
}

#[test]
fn six_zones_of_default_tiers_fit_any_block() {
    let zones: Vec<String> = ('a'..='f').map(|letter| format!("eu-central-1{letter}")).collect();
    for prefix_length in 16..=20 {
        wanted(|network| {
            network.cidr = Some(format!("10.0.0.0/{prefix_length}"));
            network.zones.clone_from(&zones);
        });
    }
    let error = error(|network| {
        network.cidr = Some("10.0.0.0/24".into());
        network.zones.clone_from(&zones);
    });
    assert!(error.starts_with(r#"tiers["data"].prefix_length: no room for a subnet"#), "{error}");
}

#[test]
fn one_more_zone_moves_nothing() {
    let before = wanted(|_| {});
    let after = wanted(|network| {
        network.subnets = Some(
            before
                .subnets
                .iter()
                .map(|(key, it)| (key.clone(), model_subnet(&it.cidr.to_string())))
                .collect(),
        );
        network.zones =
            ["eu-central-1c", "eu-central-1b", "eu-central-1a"].map(str::to_owned).into();
    });
    for (key, subnet) in &before.subnets {
        assert_eq!(after.subnets[key].cidr, subnet.cidr, "{key}");
    }
    assert_eq!(after.subnets.len(), 9);
}

#[test]
fn nat_gateways_by_mode() {
    let zones = |wanted: &Wanted| wanted.nat_gateways.keys().cloned().collect::<Vec<_>>();
    let private_routes = |wanted: &Wanted| {
        ZONES[..2]
            .iter()
            .map(|zone| wanted.route_tables[&subnet_key("private", zone)].get("0.0.0.0/0").cloned())
            .collect::<Vec<_>>()
    };
    let to = |zone: &str| Some(Target::NatGateway(zone.to_owned()));
    for (mode, gateways, routes) in [
        ("none", vec![], vec![None, None]),
        ("single", vec![ZONES[0]], vec![to(ZONES[0]), to(ZONES[0])]),
        ("per_zone", vec![ZONES[0], ZONES[1]], vec![to(ZONES[0]), to(ZONES[1])]),
    ] {
        let wanted = wanted(|network| network.nat = mode.to_owned());
        assert_eq!(zones(&wanted), gateways, "{mode}");
        assert_eq!(private_routes(&wanted), routes, "{mode}");
        assert_eq!(wanted.nat_tier.is_some(), mode != "none");
        assert_eq!(wanted.route_tables["data"].len(), 0, "isolated tiers have no way out");
    }
    // A single gateway stays where it is, while it can.
    let stays = wanted(|network| {
        network.nat_gateways = Some([(ZONES[1].to_owned(), Default::default())].into());
    });
    assert_eq!(zones(&stays), [ZONES[1]]);
    let without_private = wanted(|network| drop(network.tiers.remove("private")));
    assert_eq!(zones(&without_private), Vec::<String>::new());
}

#[test]
fn choices_that_cannot_be_had() {
    for (expected, found) in [
        ("nat: no public tier for NAT gateways", error(|it| drop(it.tiers.remove("public")))),
        (
            "nat_tier: more than one public tier",
            error(|it| drop(it.tiers.insert("edge".into(), tier("public")))),
        ),
        ("nat_tier: tier \"data\" is not public", error(|it| it.nat_tier = Some("data".into()))),
        ("nat_tier: no tier \"x\"", error(|it| it.nat_tier = Some("x".into()))),
        (
            "endpoint_tier: no tier \"x\"",
            error(|it| {
                it.endpoints.insert("sts".into(), EndpointAttributes::default());
                it.endpoint_tier = Some("x".into());
            }),
        ),
        (
            r#"routes["10.0.0.0/8"].tiers: no tier "x""#,
            error(|it| {
                let route = Route { target: None, tiers: Some(["x".to_owned()].into()) };
                it.routes.insert("10.0.0.0/8".into(), route);
            }),
        ),
        ("cidr: invalid cidr", error(|it| it.cidr = Some("10.0.0.0/8".into()))),
        (
            r#"tiers["data"].subnet_cidrs: subnets overlap"#,
            error(|it| {
                for (name, place) in [("data", "10.20.0.0/24"), ("public", "10.20.0.0/23")] {
                    let cidrs = Some([(ZONES[0].to_owned(), place.to_owned())].into());
                    it.tiers.get_mut(name).unwrap().subnet_cidrs = cidrs;
                }
            })
            .replace("\"public\"", "\"data\""),
        ),
    ] {
        assert!(found.starts_with(expected), "{expected}: {found}");
    }
}

#[test]
fn routes_by_tier_and_protocol() {
    let wanted = wanted(|network| {
        network.ipv6 = true;
        let target = |target: &str| Some(target.to_owned());
        let everywhere = Route { target: target("tgw-1"), tiers: None };
        let private = Route { target: target("pcx-1"), tiers: Some(["private".to_owned()].into()) };
        network.routes.insert("10.0.0.0/8".into(), everywhere);
        network.routes.insert("FD00:0::/8".into(), private);
    });
    let routes = |table: &str| -> Vec<(&str, Target)> {
        let routes = wanted.route_tables[table].iter();
        routes.map(|(from, to)| (from.as_str(), to.clone())).collect()
    };
    let other = |id: &str| Target::Other(Some(id.to_owned()));
    assert_eq!(
        routes("private/eu-central-1a"),
        [
            ("0.0.0.0/0", Target::NatGateway(ZONES[0].to_owned())),
            ("10.0.0.0/8", other("tgw-1")),
            ("::/0", Target::EgressOnlyGateway),
            ("fd00::/8", other("pcx-1")),
        ]
    );
    assert_eq!(
        routes("public"),
        [
            ("0.0.0.0/0", Target::InternetGateway),
            ("10.0.0.0/8", other("tgw-1")),
            ("::/0", Target::InternetGateway),
        ]
    );
    assert_eq!(routes("data"), [("10.0.0.0/8", other("tgw-1"))]);
}

#[test]
fn subnets_are_found_by_tag() {
    let wanted = wanted(|network| {
        network.clusters = ["dev".to_owned()].into();
        network.karpenter_discovery = Some("dev".to_owned());
        network.tagging.tags_all = Some(tags(&[("team", "core")]));
        let own = tags(&[("team", "data"), ("tier", "data")]);
        network.tiers.get_mut("data").unwrap().tags = Some(own);
    });
    for (tier, expected) in [
        (
            "public",
            vec![
                ("kubernetes.io/cluster/dev", "shared"),
                ("kubernetes.io/role/elb", "1"),
                ("team", "core"),
            ],
        ),
        (
            "private",
            vec![
                ("karpenter.sh/discovery", "dev"),
                ("kubernetes.io/cluster/dev", "shared"),
                ("kubernetes.io/role/internal-elb", "1"),
                ("team", "core"),
            ],
        ),
        ("data", vec![("team", "data"), ("tier", "data")]),
    ] {
        let mut expected = tags(&expected);
        expected.insert("Name".into(), format!("main-{tier}-eu-central-1a"));
        assert_eq!(wanted.tags(&format!("subnet/{tier}/eu-central-1a")), expected);
    }
    for (part, name) in [
        ("vpc", "main"),
        ("nat_gateway/eu-central-1a", "main-nat-gateway-eu-central-1a"),
        ("endpoint/ecr.api", "main-endpoint-ecr.api"),
    ] {
        assert_eq!(wanted.tags(part)["Name"], name);
    }
}

#[test]
fn endpoints_by_service() {
    let wanted = wanted(|network| {
        for service in ["s3", "sts", "com.amazonaws.vpce.eu-central-1.vpce-svc-1"] {
            network.endpoints.insert(service.into(), EndpointAttributes::default());
        }
        let interface = Some("interface".to_owned());
        let dynamodb = EndpointAttributes { kind: interface, ..EndpointAttributes::default() };
        network.endpoints.insert("dynamodb".into(), dynamodb);
        let zones = Some([ZONES[1].to_owned()].into());
        let lambda = EndpointAttributes { zones, ..EndpointAttributes::default() };
        network.endpoints.insert("lambda".into(), lambda);
    });
    let endpoint =
        |gateway, private_dns| Endpoint { gateway, private_dns, policy: None, zones: None };
    assert_eq!(wanted.endpoints["s3"], endpoint(true, false));
    assert_eq!(wanted.endpoints["sts"], endpoint(false, true));
    assert_eq!(wanted.endpoints["dynamodb"], endpoint(false, false));
    let service = "com.amazonaws.vpce.eu-central-1.vpce-svc-1";
    assert_eq!(wanted.endpoints[service], endpoint(false, false));
    assert_eq!(wanted.endpoint_tier.as_deref(), Some("private"));
    let subnets = |service: &str| wanted.endpoint_subnets(service).cloned().collect::<Vec<_>>();
    assert_eq!(subnets("sts"), ["private/eu-central-1a", "private/eu-central-1b"]);
    assert_eq!(subnets("lambda"), ["private/eu-central-1b"]);
}

#[test]
fn ipv6_places_stay() {
    let wanted = wanted(|network| network.ipv6 = true);
    let block: Ipv6Net = "2001:db8:1:0::/56".parse().unwrap();
    let fresh = wanted.ipv6_places(block, &BTreeMap::new());
    assert_eq!(fresh["data/eu-central-1a"].to_string(), "2001:db8:1::/64");
    assert_eq!(fresh["public/eu-central-1b"].to_string(), "2001:db8:1:5::/64");
    let settled = [
        ("private/eu-central-1a".to_owned(), "2001:db8:1::/64".parse().unwrap()),
        ("data/eu-central-1a".to_owned(), "2001:db8:2::/64".parse().unwrap()),
        ("gone/eu-central-1a".to_owned(), "2001:db8:1:1::/64".parse().unwrap()),
    ];
    let places = wanted.ipv6_places(block, &settled.into());
    assert_eq!(places["private/eu-central-1a"].to_string(), "2001:db8:1::/64");
    // Another block's place is none, and what is about to go is still in the way.
    assert_eq!(places["data/eu-central-1a"].to_string(), "2001:db8:1:2::/64");
    assert!(!places.contains_key("gone/eu-central-1a"));
}

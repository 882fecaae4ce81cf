use super::*;
use crate::network_and_cluster::network::tests::{network, tags};
use crate::network_and_cluster::network::{
    RouteTable as TableAttributes, Subnet as SubnetAttributes,
};

fn claim(generation: &str) -> Claim {
    Claim {
        deployment: "dev/network".into(),
        previous_deployments: vec!["dev/old".into()],
        resource: "travel_network/main".into(),
        generation: generation.into(),
    }
}

fn marked(deployment: &str, resource: &str, generation: &str, part: &str) -> Tags {
    tags(&[
        ("travel:deployment", deployment),
        ("travel:resource", resource),
        ("travel:generation", generation),
        (PART_TAG, part),
    ])
}

fn ours(generation: &str, part: &str) -> Tags {
    marked("dev/network", "travel_network/main", generation, part)
}

/// A state that knows subnet-1.
fn state() -> Network {
    let mut state = network(1);
    let subnet = SubnetAttributes { id: Some("subnet-1".into()), ..Default::default() };
    state.id = Some("vpc-1".into());
    state.subnets = Some([("data/eu-central-1a".to_owned(), subnet)].into());
    state
}

#[test]
fn knows_its_own_by_mark_or_id() {
    let reading = Ownership::for_reading(&claim("7"), &state());
    let deleting = Ownership::for_deleting(&claim("7"), &state());
    let imported = Ownership::for_deleting(&claim(""), &state());
    let (a, b) = ("subnet/data/eu-central-1a", "subnet/data/eu-central-1b");
    for (id, tags, read, deleted, after_import) in [
        ("subnet-2", ours("7", b), Some(b), Some(b), None),
        ("subnet-2", ours("6", b), Some(b), None, None),
        ("subnet-2", marked("dev/old", "travel_network/main", "6", b), Some(b), None, None),
        ("subnet-2", marked("dev/network", "travel_network/other", "7", b), None, Some(b), None),
        ("subnet-2", marked("prod/network", "travel_network/main", "5", b), None, None, None),
        ("subnet-2", Tags::new(), None, None, None),
        // What the state knows, and nobody has marked otherwise.
        ("subnet-1", Tags::new(), Some(a), Some(a), Some(a)),
        ("subnet-1", marked("prod/network", "travel_network/main", "5", a), None, None, Some(a)),
    ] {
        let seen = |ownership: &Ownership| ownership.part(id, &tags);
        let all = [seen(&reading), seen(&deleting), seen(&imported)];
        let expected = [read, deleted, after_import].map(|part| part.map(str::to_owned));
        assert_eq!(all, expected, "{id} {tags:?}");
    }
}

#[test]
fn an_import_takes_what_is_marked_like_its_vpc() {
    let theirs = |part: &str| marked("old/unit", "travel_network/main", "3", part);
    let plain = Ownership::for_reading(&claim(""), &network(1));
    assert_eq!(plain.part("rtb-1", &theirs("route_table/data")), None);
    let anchored = plain.clone().anchored(&theirs("vpc"));
    assert_eq!(
        anchored.part("rtb-1", &theirs("route_table/data")).as_deref(),
        Some("route_table/data")
    );
    assert_eq!(anchored.anchored_name(), Some("main"));
    // The VPC of another network is no anchor of one that was built in it.
    let other = marked("old/unit", "travel_network/other", "3", "vpc");
    let beside = plain.anchored(&other);
    let table = marked("old/unit", "travel_network/other", "3", "route_table/data");
    assert_eq!(beside.part("rtb-2", &table), None);
    assert_eq!(beside.anchored_name(), None);
}

#[test]
fn a_delete_takes_of_an_imported_network_what_is_marked_as_its_vpc() {
    let marked_as = |generation| marked("old/unit", "travel_network/main", generation, "address/a");
    let deleting = Ownership::for_deleting(&claim(""), &network(1));
    let anchored = deleting.clone().anchored(&marked_as("3"));
    for (ownership, generation, expected) in
        [(&deleting, "3", None), (&anchored, "3", Some("address/a")), (&anchored, "4", None)]
    {
        let found = ownership.part("eipalloc-9", &marked_as(generation));
        assert_eq!(found.as_deref(), expected, "{generation}");
    }
}

#[test]
fn of_two_networks_of_one_name_each_keeps_what_is_loose() {
    let ownership = Ownership::for_reading(&claim("8"), &network(1)).anchored(&ours("8", "vpc"));
    let part = "address/eu-central-1a";
    assert_eq!(ownership.loose_part("eipalloc-1", &ours("8", part)).as_deref(), Some(part));
    assert_eq!(ownership.loose_part("eipalloc-1", &ours("7", part)), None);
    assert_eq!(ownership.part("eipalloc-1", &ours("7", part)).as_deref(), Some(part));
}

#[test]
fn a_given_vpc_is_nobodys_part() {
    let mut state = state();
    state.vpc_id.clone_from(&state.id);
    state.internet_gateway_id = Some("igw-1".into());
    let table = TableAttributes { id: Some("rtb-1".into()), routes: None };
    state.route_tables = Some([("data".to_owned(), table)].into());
    let ownership = Ownership::for_reading(&claim("7"), &state);
    for (id, expected) in [("vpc-1", None), ("igw-1", None), ("rtb-1", Some("route_table/data"))] {
        assert_eq!(ownership.part(id, &Tags::new()).as_deref(), expected, "{id}");
    }
}

#[test]
fn the_anchor_is_the_vpc_or_the_first_table() {
    let mut observed = Observed::default();
    assert!(observed.is_empty() && observed.anchor().is_none());
    for key in ["public", "data"] {
        let table = RouteTable { id: format!("rtb-{key}"), ..RouteTable::default() };
        observed.route_tables.insert(key.into(), table);
    }
    let vpc = Vpc { id: "vpc-1".into(), ..Vpc::default() };
    observed.vpc = Some(vpc.clone());
    assert_eq!(observed.anchor().unwrap().1, "rtb-data");
    assert!(!observed.own_ids().contains_key("vpc"));
    observed.vpc = Some(Vpc { own: true, ..vpc });
    assert_eq!(observed.anchor().unwrap().1, "vpc-1");
    assert!(observed.own_ids().contains_key("vpc"));
}

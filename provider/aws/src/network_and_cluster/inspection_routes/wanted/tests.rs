use super::*;
use crate::network_and_cluster::inspection_routes::observed::Subnet;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn table(subnets: &[&str], way_out: &str) -> Table {
    let routes = map(&[(ANYWHERE, way_out)]);
    Table { routes, subnets: set(subnets), ..Table::default() }
}

/// Two zones with private and firewall subnets, and one NAT gateway for both.
fn seen() -> Seen {
    let subnet = |zone: &str, cidr: &str| Subnet { zone: zone.to_owned(), cidr: cidr.to_owned() };
    let subnets = [
        ("subnet-a1", subnet("a", "10.0.0.0/24")),
        ("subnet-b1", subnet("b", "10.0.1.0/24")),
        ("subnet-a2", subnet("a", "10.0.2.0/28")),
        ("subnet-b2", subnet("b", "10.0.2.16/28")),
        ("subnet-a3", subnet("a", "10.0.3.0/28")),
        ("subnet-b3", subnet("b", "10.0.3.16/28")),
    ];
    let tables = [
        ("rtb-a1", table(&["subnet-a1"], "nat-1")),
        ("rtb-b1", table(&["subnet-b1"], "nat-1")),
        ("rtb-a2", table(&["subnet-a2"], "nat-1")),
        ("rtb-b2", table(&["subnet-b2"], "nat-1")),
        ("rtb-3", table(&["subnet-a3", "subnet-b3"], "igw-1")),
        ("rtb-0", Table { main: true, ..Table::default() }),
    ];
    Seen {
        subnets: subnets.map(|(id, subnet)| (id.to_owned(), subnet)).into(),
        tables: tables.map(|(id, table)| (id.to_owned(), table)).into(),
        endpoints: map(&[("vpce-a", "subnet-a2"), ("vpce-b", "subnet-b2")]),
        nat_gateways: map(&[("nat-1", "subnet-a3")]),
    }
}

fn endpoints() -> BTreeMap<String, String> {
    map(&[("a", "vpce-a"), ("b", "vpce-b")])
}

#[test]
fn both_ways_lead_through_the_endpoint_of_the_subnets_zone() {
    let wanted = Wanted::of(&seen(), &endpoints(), &set(&["subnet-a1", "subnet-b1"])).unwrap();
    assert_eq!(wanted.out, map(&[("rtb-a1", "vpce-a"), ("rtb-b1", "vpce-b")]));
    let back: Vec<(&str, &str, &str)> = wanted
        .back
        .iter()
        .map(|((table, from), to)| (table.as_str(), from.as_str(), to.as_str()))
        .collect();
    assert_eq!(back, [("rtb-3", "10.0.0.0/24", "vpce-a"), ("rtb-3", "10.0.1.0/24", "vpce-b")]);
    assert_eq!(wanted.routes().len(), 4);
    assert_eq!(wanted.passages(), set(&["rtb-3"]));
}

#[test]
fn is_the_same_once_it_is_there() {
    let mut led = seen();
    for (table, endpoint) in [("rtb-a1", "vpce-a"), ("rtb-b1", "vpce-b")] {
        led.tables.get_mut(table).unwrap().routes = map(&[(ANYWHERE, endpoint)]);
    }
    let subnets = set(&["subnet-a1", "subnet-b1"]);
    let wanted = |seen: &Seen| Wanted::of(seen, &endpoints(), &subnets).unwrap();
    assert_eq!(wanted(&led), wanted(&seen()));
}

fn refused(change: impl FnOnce(&mut Seen), subnets: &[&str]) -> String {
    let mut seen = seen();
    change(&mut seen);
    let error = Wanted::of(&seen, &endpoints(), &set(subnets)).unwrap_err();
    format!("{}: {}", error.path.unwrap(), error.summary)
}

#[test]
fn refuses_what_would_lead_one_way_only() {
    let nothing = |_: &mut Seen| {};
    let way = |table: &'static str, to: &'static str| {
        move |seen: &mut Seen| seen.tables.get_mut(table).unwrap().routes = map(&[(ANYWHERE, to)])
    };
    let one = ["subnet-a1"];
    for (said, expected) in [
        (refused(nothing, &["subnet-c"]), "subnet_ids: no subnet subnet-c in the network"),
        (refused(nothing, &["subnet-a3"]), "subnet_ids: subnet subnet-a3 shares its route table"),
        (
            refused(nothing, &["subnet-a2"]),
            "subnet_ids: the firewall's own subnet cannot be inspected",
        ),
        (
            refused(|seen| drop(seen.tables.remove("rtb-a1")), &one),
            "subnet_ids: subnet subnet-a1 has no route table of its own",
        ),
        (
            refused(|seen| seen.tables.get_mut("rtb-a1").unwrap().main = true, &one),
            "subnet_ids: subnet subnet-a1 has no route table of its own",
        ),
        (
            refused(|seen| seen.subnets.get_mut("subnet-a1").unwrap().zone = "c".into(), &one),
            "endpoints: no endpoint in c",
        ),
        (
            refused(|seen| drop(seen.endpoints.remove("vpce-a")), &one),
            "endpoints: no endpoint vpce-a in the network",
        ),
        (
            refused(way("rtb-a2", "igw-1"), &one),
            "endpoints: behind endpoint vpce-a is no NAT gateway",
        ),
        (refused(way("rtb-a2", "vpce-b"), &one), "endpoints: behind endpoint vpce-a is another"),
        (
            refused(|seen| seen.nat_gateways.clear(), &one),
            "endpoints: no route table for what comes back by nat-1",
        ),
        (
            refused(
                |seen| drop(seen.nat_gateways.insert("nat-1".into(), "subnet-a1".into())),
                &one,
            ),
            "subnet_ids: a NAT gateway cannot be inspected",
        ),
    ] {
        assert_eq!(said, expected);
    }
}

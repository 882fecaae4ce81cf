use super::observed::{Subnet, Table};
use super::*;
use crate::tags::Tags;

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A subnet in zone a, whose way out and whose way back are these.
fn seen(tags: &Tags, out: &str, back: &[(&str, &str)]) -> Seen {
    let mut seen = Seen::default();
    let subnet = Subnet { zone: "a".to_owned(), cidr: "10.0.0.0/24".to_owned() };
    seen.subnets.insert("subnet-1".to_owned(), subnet);
    let routes = texts(&[(ANYWHERE, out)]);
    let subnets = ["subnet-1".to_owned()].into();
    let table = Table { tags: tags.clone(), routes, subnets, main: false };
    seen.tables.insert("rtb-1".to_owned(), table);
    let tags = marks::of_passage("egress");
    let passage = Table { tags, routes: texts(back), ..Table::default() };
    seen.tables.insert("rtb-2".to_owned(), passage);
    seen
}

fn mark() -> Tags {
    marks::of(&travel_framework::ownership::Claim {
        deployment: "dev/firewall".to_owned(),
        previous_deployments: Vec::new(),
        resource: resource("vpc-1", "egress"),
        generation: "1".to_owned(),
    })
}

#[test]
fn is_found_by_its_mark_however_far_it_came() {
    let by_zone = texts(&[("a", "vpce-1")]);
    for (out, back, endpoints) in [
        ("nat-1", &[][..], BTreeMap::new()),
        ("nat-1", &[("10.0.0.0/24", "vpce-1")][..], by_zone.clone()),
        ("vpce-1", &[("10.0.0.0/24", "vpce-1")][..], by_zone.clone()),
    ] {
        let seen = seen(&mark(), out, back);
        let (found, mark) = InspectionRoutes::marked(&seen, "vpc-1", "egress").unwrap();
        assert_eq!(found.endpoints, endpoints, "{out} {back:?}");
        assert_eq!(found.subnet_ids, ["subnet-1".to_owned()].into());
        assert_eq!(mark.generation, "1");
        assert!(InspectionRoutes::marked(&seen, "vpc-1", "other").is_none());
    }
}

#[test]
fn an_import_takes_in_what_nobody_has_marked() {
    let none = Tags::new();
    let led = seen(&none, "vpce-1", &[]);
    let found = InspectionRoutes::imported(&led, "vpc-1", "egress").unwrap();
    assert_eq!(found.endpoints, texts(&[("a", "vpce-1")]));
    let direct = seen(&none, "nat-1", &[]);
    assert!(InspectionRoutes::imported(&direct, "vpc-1", "egress").is_none());
    let marked = seen(&mark(), "vpce-1", &[]);
    assert!(InspectionRoutes::imported(&marked, "vpc-1", "other").is_none());
}

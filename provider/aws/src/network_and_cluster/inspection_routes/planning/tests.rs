use super::*;

#[test]
fn ids_are_looked_at() {
    let endpoints = |id: &str| are_endpoints(&Value::map([("eu-central-1a", id.into())]));
    assert!(endpoints("vpce-0abc").is_ok());
    for id in ["vpce-", "nat-0abc", "vpce-xyz"] {
        assert!(endpoints(id).is_err(), "{id}");
    }
    let subnets = |id: &str| are_subnets(&Value::set([id.into()]));
    assert!(subnets("subnet-0abc").is_ok());
    assert!(subnets("vpc-0abc").is_err());
}

#[test]
fn is_imported_by_network_and_name() {
    let one = import("vpc-0abc/egress").unwrap();
    assert_eq!((one.vpc_id.as_str(), one.name.as_str()), ("vpc-0abc", "egress"));
    assert_eq!(one.placement.region, None);
    let one = import("eu-west-1/vpc-0abc/egress").unwrap();
    assert_eq!(one.placement.region.as_deref(), Some("eu-west-1"));
    for id in ["egress", "vpc-0abc/", "egress/vpc-0abc", "a/b/c/d"] {
        assert!(import(id).is_err(), "{id}");
    }
}

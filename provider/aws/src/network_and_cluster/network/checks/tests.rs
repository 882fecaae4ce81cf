use travel_framework::model::Model as _;

use super::*;
use crate::network_and_cluster::network::Network;

/// A configuration with these attributes.
fn config(attributes: &[(&str, Value)]) -> Value {
    let names = Network::block().attributes.into_iter().map(|it| (it.name, Value::Null));
    let mut config = Value::object(names);
    for (name, value) in [
        ("name", "main".into()),
        ("cidr", "10.20.0.0/16".into()),
        ("zones", list(&["eu-central-1a", "eu-central-1b"])),
    ] {
        config.set_attribute(name, value);
    }
    for (name, value) in attributes {
        config.set_attribute(name, value.clone());
    }
    config
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| (*text).into()).collect())
}

fn texts(texts: &[&str]) -> Value {
    Value::set(texts.iter().map(|text| (*text).into()))
}

fn tiers(name: &str, attributes: &[(&str, Value)]) -> (&'static str, Value) {
    let tier = attributes.iter().map(|(name, value)| (*name, value.clone()));
    ("tiers", Value::map([(name, Value::object(tier))]))
}

fn endpoint(service: &str, attributes: &[(&str, Value)]) -> (&'static str, Value) {
    let endpoint = attributes.iter().map(|(name, value)| (*name, value.clone()));
    ("endpoints", Value::map([(service, Value::object(endpoint))]))
}

fn other(name: &str, cidrs: Value) -> (&'static str, Value) {
    ("other_networks", Value::map([(name, cidrs)]))
}

fn check(attributes: &[(&str, Value)], expected: &[&str]) {
    let config = config(attributes);
    let mut plan = Plan::new(&config, &Value::Null, config.clone());
    super::check(&mut plan);
    let found: Vec<String> = plan
        .diagnostics
        .iter()
        .map(|error| {
            let path = error.path.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{path}: {}", error.summary)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_plain_network_is_fine() {
    check(&[], &[]);
    check(&[other("stg", list(&["10.30.0.0/16", "10.31.0.0/16"]))], &[]);
    check(&[("secondary_cidrs", texts(&["100.64.0.0/16"]))], &[]);
}

#[test]
fn what_is_not_known_yet_is_not_refused() {
    for name in ["cidr", "zones", "tiers", "secondary_cidrs", "other_networks", "endpoints"] {
        check(&[(name, Value::unknown())], &[]);
    }
    let zones = Value::List(vec!["eu-central-1a".into(), Value::unknown()]);
    let place = Value::map([("eu-central-1b", "10.20.0.0/24".into())]);
    check(&[("zones", zones), tiers("data", &[("subnet_cidrs", place)])], &[]);
    check(&[other("stg", Value::List(vec![Value::unknown()]))], &[]);
    let secondary = Value::set([Value::unknown()]);
    check(&[("secondary_cidrs", secondary), tiers("p", &[("cidr", "100.64.0.0/16".into())])], &[]);
}

#[test]
fn zones_are_named_once() {
    let zones = list(&["eu-central-1a", "eu-central-1b", "eu-central-1a"]);
    check(&[("zones", zones)], &["zones[2]: zone eu-central-1a is named twice"]);
}

#[test]
fn networks_do_not_overlap() {
    check(
        &[other("stg", list(&["10.30.0.0/16", "10.0.0.0/8"]))],
        &["cidr: network \"main\" overlaps network \"stg\""],
    );
    check(
        &[("secondary_cidrs", texts(&["100.64.0.0/16"])), other("lab", list(&["100.64.128.0/17"]))],
        &["secondary_cidrs[…]: network \"main\" overlaps network \"lab\""],
    );
    check(
        &[other("office", list(&["192.168.1.1/24"]))],
        &[r#"other_networks["office"][0]: invalid block of addresses"#],
    );
}

#[test]
fn blocks_of_a_network_do_not_overlap() {
    check(
        &[("secondary_cidrs", texts(&["10.20.128.0/17"]))],
        &["secondary_cidrs[…]: 10.20.128.0/17 overlaps 10.20.0.0/16"],
    );
    check(
        &[("secondary_cidrs", texts(&["100.64.0.0/10"]))],
        &["secondary_cidrs[…]: invalid block of addresses"],
    );
}

#[test]
fn blocks_are_of_ranges_that_go_together() {
    let place = |block: &str| format!("secondary_cidrs[…]: EC2 does not allow {block} here");
    for (cidr, block, allowed) in [
        ("10.20.0.0/16", "10.21.0.0/16", true),
        ("10.20.0.0/16", "10.0.0.0/16", true),
        ("10.1.0.0/16", "10.0.0.0/16", false),
        ("10.20.0.0/16", "172.16.0.0/16", false),
        ("10.20.0.0/16", "192.168.0.0/16", false),
        ("10.20.0.0/16", "198.19.0.0/16", false),
        ("10.20.0.0/16", "198.18.0.0/16", true),
        ("10.20.0.0/16", "203.0.113.0/24", true),
        ("172.16.0.0/16", "172.20.0.0/16", true),
        ("172.16.0.0/16", "172.31.0.0/16", false),
        ("172.16.0.0/16", "10.20.0.0/16", false),
        ("192.168.0.0/20", "192.168.16.0/20", true),
        ("100.64.0.0/16", "10.20.0.0/16", false),
        ("100.64.0.0/16", "100.65.0.0/16", true),
        ("100.64.0.0/16", "198.19.0.0/16", false),
        ("198.19.0.0/20", "198.19.16.0/20", true),
        ("198.19.0.0/16", "100.64.0.0/16", true),
        ("10.20.0.0/16", "169.254.0.0/16", false),
    ] {
        let expected = place(block);
        let expected = if allowed { vec![] } else { vec![expected.as_str()] };
        check(&[("cidr", cidr.into()), ("secondary_cidrs", texts(&[block]))], &expected);
    }
    check(&[("cidr", "169.254.0.0/16".into())], &["cidr: EC2 does not allow 169.254.0.0/16 here"]);
    let many: Vec<String> = (64..69).map(|number| format!("100.{number}.0.0/16")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(&[("secondary_cidrs", texts(&many[..4]))], &[]);
    check(&[("secondary_cidrs", texts(&many))], &["secondary_cidrs: 6 blocks of addresses"]);
}

#[test]
fn tiers_lie_in_the_network() {
    check(&[tiers("Data/x", &[])], &[r#"tiers["Data/x"]: invalid name of a tier: "Data/x""#]);
    check(
        &[tiers("pods", &[("cidr", "100.64.0.0/16".into())])],
        &[r#"tiers["pods"].cidr: 100.64.0.0/16 is not the network's"#],
    );
    let place = |zone: &str, cidr: &str| Value::map([(zone, cidr.into())]);
    for (zone, cidr, expected) in [
        ("eu-central-1a", "10.20.1.0/24", None),
        ("eu-central-1c", "10.20.1.0/24", Some("eu-central-1c is no zone of the network")),
        ("eu-central-1a", "10.21.1.0/24", Some("10.21.1.0/24 is outside the network")),
        ("eu-central-1a", "10.20.1.1/24", Some("invalid block of addresses")),
    ] {
        let expected: Vec<String> = expected
            .map(|words| format!(r#"tiers["data"].subnet_cidrs["{zone}"]: {words}"#))
            .into_iter()
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[tiers("data", &[("subnet_cidrs", place(zone, cidr))])], &expected);
    }
}

#[test]
fn endpoints_are_what_services_have() {
    for (service, attributes, expected) in [
        ("sts", vec![("type", "gateway".into())], Some("type: sts has no gateway endpoints")),
        ("s3", vec![("type", "interface".into())], None),
        (
            "s3",
            vec![("private_dns", true.into())],
            Some("private_dns: a gateway endpoint has no names"),
        ),
        ("s3", vec![("zones", texts(&["x"]))], Some("zones: a gateway endpoint is in no zone")),
        ("sts", vec![("zones", texts(&["eu-central-1b"]))], None),
        (
            "sts",
            vec![("zones", texts(&["eu-central-1c"]))],
            Some("zones: eu-central-1c is no zone of the network"),
        ),
    ] {
        let expected: Vec<String> = expected
            .map(|words| format!(r#"endpoints["{service}"].{words}"#))
            .into_iter()
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[endpoint(service, &attributes)], &expected);
    }
    let nameless = ("enable_dns_hostnames", Value::Bool(false));
    check(
        &[nameless.clone(), endpoint("sts", &[])],
        &[r#"endpoints["sts"].private_dns: private names need DNS"#],
    );
    check(&[nameless.clone(), endpoint("sts", &[("private_dns", false.into())])], &[]);
    check(&[nameless, endpoint("s3", &[])], &[]);
}

#[test]
fn attributes_that_do_not_go_together() {
    let vpc = ("vpc_id", Value::from("vpc-1"));
    check(
        &[vpc.clone(), ("secondary_cidrs", texts(&["100.64.0.0/16"])), ("exclusive", true.into())],
        &[
            "secondary_cidrs: secondary_cidrs does not go with an existing VPC",
            "exclusive: exclusive does not go with an existing VPC",
        ],
    );
    check(&[vpc.clone(), ("exclusive", false.into()), ("secondary_cidrs", texts(&[]))], &[]);
    // Which blocks an existing VPC has is its owner's business.
    check(&[vpc, tiers("pods", &[("cidr", "100.64.0.0/16".into())])], &[]);
    check(
        &[("enable_dns_support", false.into())],
        &["enable_dns_hostnames: names without a DNS server"],
    );
    check(&[("nat", "none".into()), ("nat_tier", "public".into())], &["nat_tier: no NAT gateways"]);
    let logs = Value::object([
        ("bucket_arn", Value::unknown()),
        ("retention_days", 30.into()),
        ("role", Value::Null),
    ]);
    check(
        &[("flow_logs", logs)],
        &["flow_logs.retention_days: retention_days does not go with bucket_arn"],
    );
    check(
        &[("routes", Value::map([("10.0.0.1/8", Value::Null)]))],
        &[r#"routes["10.0.0.1/8"]: invalid destination "10.0.0.1/8""#],
    );
}

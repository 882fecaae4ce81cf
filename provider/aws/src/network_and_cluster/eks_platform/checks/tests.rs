use serde_json::{Value as Json, json};
use travel_framework::Plan;
use travel_value::Value;

use super::super::testing::{config, group, with};

#[track_caller]
fn check(attributes: Json, expected: Option<&str>) {
    let config = config(with(attributes));
    let mut plan = Plan::new(&config, &Value::Null, config.clone());
    super::check(&mut plan);
    let words: Vec<String> = plan.diagnostics.iter().map(ToString::to_string).collect();
    match (expected, words.as_slice()) {
        (None, []) => {}
        (Some(expected), [found]) => assert!(found.contains(expected), "{found}"),
        (expected, found) => panic!("{expected:?} was expected, not {found:?}"),
    }
}

#[test]
fn the_api_can_be_reached_from_somewhere() {
    check(json!({"endpoint_private_access": false, "endpoint_public_access": true}), None);
    check(json!({"endpoint_private_access": false}), Some("could not be reached from anywhere"));
    check(json!({"endpoint_private_access": false, "endpoint_public_access": "?"}), None);
    check(json!({"public_access_cidrs": ["10.0.0.0/8", "2001:db8::/32"]}), None);
    check(json!({"public_access_cidrs": ["10.0.0.1/8"]}), Some("\"10.0.0.1/8\" is no block"));
    check(json!({"public_access_cidrs": ["everywhere"]}), Some("public_access_cidrs: "));
}

#[test]
fn services_have_private_addresses() {
    for (block, fits) in [
        ("10.100.0.0/16", true),
        ("172.20.0.0/12", false),
        ("172.16.0.0/12", true),
        ("192.168.0.0/24", true),
        ("192.168.0.0/25", false),
        ("10.0.0.0/8", false),
        ("11.0.0.0/16", false),
        ("10.0.0.1/16", false),
    ] {
        assert_eq!(super::is_service_block(&block.into()).is_ok(), fits, "{block}");
    }
    check(json!({"ip_family": "ipv6", "service_ipv4_cidr": "10.100.0.0/16"}), Some("IPv6"));
}

#[test]
fn node_groups_make_sense() {
    let one = |attributes: Json| json!({"node_groups": {"general": group(attributes)}});
    check(one(json!({})), None);
    check(one(json!({"min_size": 4})), Some("node_groups[\"general\"].max_size: "));
    check(one(json!({"min_size": "?"})), None);
    check(one(json!({"desired_size": 4})), Some("lies between min_size and max_size"));
    check(one(json!({"desired_size": 0})), Some("desired_size"));
    check(one(json!({"max_unavailable": 1, "max_unavailable_percentage": 10})), Some("not both"));
    check(one(json!({"labels": {"team": "a", "node.kubernetes.io/x": "b"}})), None);
    check(one(json!({"labels": {"kubernetes.io/role": "a"}})), Some("belongs to Kubernetes"));
    check(one(json!({"labels": {"eks.amazonaws.com/x": "a"}})), Some("belongs to Kubernetes"));
    for (key, fits) in [("a", true), ("a_b-9", true), ("-a", false), ("a.b", false), ("", false)] {
        let groups = json!({"node_groups": {key: group(json!({}))}});
        check(groups, (!fits).then_some("cannot name a node group"));
    }
    let long = "a".repeat(55);
    check(json!({"node_groups": {long: group(json!({}))}}), Some("1 to 54 letters"));
}

#[test]
fn access_entries_make_sense() {
    let role = "arn:aws:iam::111122223333:role/a";
    let one = |attributes: Json| json!({"access_entries": {"arn:aws:iam::111122223333:role/a": attributes}});
    check(one(json!({})), None);
    check(json!({"access_entries": {"admin": {}}}), Some("an entry for nobody"));
    check(json!({"access_entries": {"admin": {"principal_arn": "?"}}}), None);
    check(
        json!({"access_entries": {"a": {"principal_arn": role}, "b": {"principal_arn": role}}}),
        Some("\"a\" and \"b\" are both for"),
    );
    let strange = json!({"access_entries": {"a*": {"principal_arn": role}}});
    check(strange, Some("cannot name an access entry"));
    check(one(json!({"kubernetes_groups": ["platform"], "username": "me"})), None);
    check(
        one(json!({"kubernetes_groups": ["system:masters"]})),
        Some("AmazonEKSClusterAdminPolicy"),
    );
    check(one(json!({"username": "eks:me"})), Some("begins with \"eks:\""));
    check(one(json!({"type": "EC2_LINUX"})), None);
    check(
        one(json!({"type": "EC2_LINUX", "kubernetes_groups": ["a"]})),
        Some("groups or a name for nodes"),
    );
    check(
        one(json!({"type": "EC2_LINUX", "policies": {"AmazonEKSViewPolicy": {}}})),
        Some("policies for nodes"),
    );
    check(one(json!({"type": "EC2", "policies": {"AmazonEKSAutoNodePolicy": {}}})), None);
}

#[test]
fn keys_say_what_they_are() {
    let role = json!({"role_arn": "arn:aws:iam::111122223333:role/a"});
    for (key, fits) in
        [("karpenter/karpenter", true), ("karpenter", false), ("a/B", false), ("/a", false)]
    {
        check(json!({"pod_identities": {key: role}}), (!fits).then_some("is no service account"));
    }
    check(json!({"addons": {"coredns": {}}}), None);
    check(json!({"addons": {"core dns": {}}}), Some("is no add-on"));
}

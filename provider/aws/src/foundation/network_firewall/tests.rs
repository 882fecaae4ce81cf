use super::parts::{group_name, is_policy_name, key_of, policy_name};
use super::rules::{
    DomainList, FiveTupleRule, RuleOption, StatefulGroup, StatelessGroup, StatelessRule, TcpFlags,
};
use super::*;

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|it| (*it).to_owned()).collect()
}

fn stateful() -> StatefulGroup {
    StatefulGroup {
        ip_sets: BTreeMap::from([("OFFICE".to_owned(), set(&["10.0.0.0/8"]))]),
        port_sets: BTreeMap::from([("WEB".to_owned(), set(&["443", "80"]))]),
        ..StatefulGroup::default()
    }
}

#[test]
fn stateful_groups_come_back_as_they_were_written() {
    let ways = [
        StatefulGroup {
            suricata_rules: Some("pass tls any any -> any any (sid:1;)\n".to_owned()),
            ..stateful()
        },
        StatefulGroup {
            domain_list: Some(DomainList {
                action: "ALLOWLIST".to_owned(),
                domains: set(&[".example.com", "example.org"]),
                kinds: set(&["TLS_SNI"]),
            }),
            ..stateful()
        },
        StatefulGroup {
            five_tuple_rules: Some(vec![FiveTupleRule {
                action: "DROP".to_owned(),
                protocol: "TCP".to_owned(),
                sid: 7,
                source: "$OFFICE".to_owned(),
                source_port: "ANY".to_owned(),
                destination: "ANY".to_owned(),
                destination_port: "$WEB".to_owned(),
                direction: "FORWARD".to_owned(),
                options: vec![RuleOption {
                    keyword: "msg".to_owned(),
                    settings: vec!["\"no\"".to_owned()],
                }],
            }]),
            ..stateful()
        },
    ];
    for group in ways {
        let sent = wire::stateful(&group, "STRICT_ORDER").unwrap();
        let (back, order) = wire::from_stateful(sent);
        assert_eq!((back, order.as_deref()), (group, Some("STRICT_ORDER")));
    }
}

#[test]
fn stateless_groups_come_back_as_they_were_written() {
    let rule = StatelessRule {
        priority: 1,
        actions: set(&["aws:drop", "count"]),
        sources: set(&["10.0.0.0/8", "192.168.0.0/16"]),
        destination_ports: set(&["1024-65535", "22"]),
        protocols: BTreeSet::from([6]),
        tcp_flags: vec![TcpFlags { flags: set(&["SYN"]), masks: set(&["ACK", "SYN"]) }],
        ..StatelessRule::default()
    };
    assert_eq!(rule.takes(), 4);
    let group = StatelessGroup {
        rules: vec![rule],
        custom_actions: BTreeMap::from([("count".to_owned(), "dropped".to_owned())]),
        ..StatelessGroup::default()
    };
    assert_eq!(wire::from_stateless(wire::stateless(&group).unwrap()), group);
}

#[test]
fn names_tell_what_cannot_be_changed() {
    let kind = parts::Kind::Stateful;
    let one = group_name("egress", kind, "all-owed", 100, "STRICT_ORDER");
    assert_eq!(key_of("egress", &one), Some("all-owed"));
    assert_eq!(key_of("other", &one), None);
    assert_ne!(one, group_name("egress", kind, "all-owed", 200, "STRICT_ORDER"));
    assert_ne!(one, group_name("egress", kind, "all-owed", 100, "DEFAULT_ACTION_ORDER"));
    let policy = policy_name("egress", "STRICT_ORDER", false);
    assert!(is_policy_name("egress", &policy) && !is_policy_name("egress", &one));
    assert_ne!(policy, policy_name("egress", "STRICT_ORDER", true));
    // The longest names fit into the 128 characters of the service.
    assert!(group_name(&"n".repeat(64), kind, &"k".repeat(50), 1, "").len() <= 128);
}

#[test]
fn rules_are_counted() {
    let text = "# a comment\n\npass ip any any -> any any (sid:1;)\ndrop ip any any \\\n -> any any (sid:2;)\n";
    let group = StatefulGroup { suricata_rules: Some(text.to_owned()), ..StatefulGroup::default() };
    assert_eq!(group.takes(), 2);
}

#[test]
fn imports_by_arn_and_by_name() {
    let arn = "arn:aws:network-firewall:eu-west-1:111122223333:firewall/egress";
    for (id, region) in
        [(arn, Some("eu-west-1")), ("eu-west-1/egress", Some("eu-west-1")), ("egress", None)]
    {
        let firewall = NetworkFirewall::import(id).unwrap();
        assert_eq!(
            (firewall.name.as_str(), firewall.placement.region.as_deref()),
            ("egress", region)
        );
    }
    assert!(NetworkFirewall::import("eu-west-1/no name").is_err());
}

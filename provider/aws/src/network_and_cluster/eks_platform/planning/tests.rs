use serde_json::{Value as Json, json};
use travel_framework::model::Model;
use travel_framework::plan::Computed;
use travel_value::Value;

use super::super::EksPlatform;
use super::super::testing::{applied, config, group, plan, plan_in, plan_remembering, with};
use crate::testing::ACCOUNT;

/// The state of a platform with this configuration.
fn state(attributes: Json) -> Value {
    applied(&plan(&Value::Null, &config(with(attributes))).planned)
}

#[track_caller]
fn check_refusals(prior: &Value, attributes: Json, expected: &[&str]) {
    let made = plan(prior, &config(with(attributes)));
    let words = made.words();
    assert_eq!(words.len(), expected.len(), "{words:?}");
    for (found, expected) in words.iter().zip(expected) {
        assert!(found.contains(expected), "{expected:?} is not in {found:?}");
    }
}

/// The planned value at a path, as in `addons.coredns.version`.
fn at<'a>(planned: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(planned, |value, name| value.get(name))
}

#[test]
fn a_create_knows_all_that_can_be_known() {
    let made = plan(
        &Value::Null,
        &config(with(json!({
            "node_groups": {"general": group(json!({}))},
            "access_entries": {"arn:aws:iam::111122223333:role/admin": {}},
            "pod_identities": {"a/b": {"role_arn": "arn:aws:iam::111122223333:role/b"}},
        }))),
    );
    assert_eq!(made.words(), Vec::<String>::new());
    let planned = &made.planned;
    for (path, expected) in [
        ("id", "main"),
        ("arn", "arn:aws:eks:eu-central-1:111122223333:cluster/main"),
        ("cluster.name", "main"),
        ("cluster.account", ACCOUNT),
        ("cluster.region", "eu-central-1"),
        ("cluster_role_arn", "arn:aws:iam::111122223333:role/travel-main-eu-central-1-cluster"),
        ("node_role_arn", "arn:aws:iam::111122223333:role/travel-main-eu-central-1-node"),
        ("roles.node.name", "travel-main-eu-central-1-node"),
        ("node_groups.general.version", "1.34"),
        ("addons.vpc-cni.configuration_values", r#"{"enableNetworkPolicy":"true"}"#),
    ] {
        assert_eq!(at(planned, path).as_str(), Some(expected), "{path}");
    }
    let name = at(planned, "node_groups.general.name").as_str().unwrap();
    assert!(name.starts_with("general-") && name.len() == 16, "{name}");
    assert_eq!(at(planned, "node_groups.general.subnet_ids"), planned.get("subnet_ids"));
    let principal = planned.get("access_entries").get("arn:aws:iam::111122223333:role/admin");
    assert_eq!(
        principal.get("principal_arn").as_str(),
        Some("arn:aws:iam::111122223333:role/admin")
    );
    for path in [
        "cluster.incarnation",
        "endpoint",
        "oidc_provider_arn",
        "addons.coredns.version",
        "addons.coredns.arn",
        "node_groups.general.arn",
        "node_groups.general.release_version",
        "service_ipv4_cidr",
    ] {
        assert!(at(planned, path).is_unknown(), "{path} is {:?}", at(planned, path));
    }
    assert!(principal.get("username").is_unknown());
    assert_eq!(planned.get("leftovers"), &Value::set([]));
}

#[test]
fn an_unknown_account_leaves_only_arns_unknown() {
    let config = config(with(json!({"node_groups": {"general": group(json!({}))}})));
    let computed = Computed::Applied { resumed: false };
    let made = plan_in(&Value::Null, &config, None, computed);
    assert!(made.planned.get("arn").is_unknown());
    assert!(at(&made.planned, "cluster.account").is_unknown());
    assert!(at(&made.planned, "node_groups.general.name").is_unknown());
    assert_eq!(
        at(&made.planned, "roles.cluster.name").as_str(),
        Some("travel-main-eu-central-1-cluster")
    );
    assert_eq!(at(&made.planned, "cluster.name").as_str(), Some("main"));
}

#[test]
fn a_second_plan_is_empty() {
    for attributes in [
        json!({}),
        json!({
            "node_groups": {"general": group(json!({"desired_size": 2}))},
            "access_entries": {"admin": {"principal_arn": "arn:aws:iam::111122223333:role/a"}},
            "pod_identities": {"a/b": {"role_arn": "arn:aws:iam::111122223333:role/b"}},
            "cluster_role_arn": "arn:aws:iam::111122223333:role/c",
            "oidc_provider": false,
        }),
        json!({"addons": {"vpc-cni": {"configuration_values": "{}"}, "coredns": {"version": "v1"}}}),
    ] {
        let config = config(with(attributes));
        let prior = applied(&plan(&Value::Null, &config).planned);
        let made = plan_in(&prior, &config, Some(ACCOUNT), Computed::Kept);
        assert_eq!(made.planned, prior);
        assert!(!made.replaces && made.told.is_empty());
    }
}

#[test]
fn a_version_goes_one_step_up() {
    let prior = state(json!({"node_groups": {"general": group(json!({}))}}));
    let groups = json!({"general": group(json!({}))});
    let to = |version: &str| json!({"version": version, "node_groups": groups});
    check_refusals(&prior, to("1.34"), &[]);
    check_refusals(&prior, to("1.35"), &[]);
    check_refusals(&prior, to("1.36"), &["Apply version = \"1.35\" first"]);
    check_refusals(&prior, to("1.33"), &["cluster is at 1.34 already", "is at 1.34 already"]);
}

#[test]
fn a_new_version_takes_addons_and_nodes_along() {
    let attributes = |version: &str| {
        json!({
            "version": version,
            "node_groups": {"general": group(json!({})), "old": group(json!({"version": "1.34"}))},
            "addons": {"coredns": {}, "vpc-cni": {"version": "v1.20.0"}},
        })
    };
    let prior = state(attributes("1.34"));
    let planned = plan(&prior, &config(with(attributes("1.35")))).planned;
    assert_eq!(at(&planned, "node_groups.general.version").as_str(), Some("1.35"));
    assert!(at(&planned, "node_groups.general.release_version").is_unknown());
    assert_eq!(at(&planned, "node_groups.old.version").as_str(), Some("1.34"));
    assert!(at(&planned, "addons.coredns.version").is_unknown());
    assert_eq!(planned.get("addons").get("vpc-cni").get("version").as_str(), Some("v1.20.0"));
    for path in ["cluster", "endpoint", "node_groups.general.name", "node_groups.general.arn"] {
        assert_eq!(at(&planned, path), at(&prior, path), "{path}");
    }
}

/// An apply that was cut off between the control plane and the add-ons has left the new version in
/// the state, and add-ons at versions that there may not be for it.
#[test]
fn addons_follow_also_after_an_upgrade_that_was_cut_off() {
    let attributes = json!({
        "version": "1.35",
        "addons": {"coredns": {}, "vpc-cni": {"version": "v1.20.0"}},
    });
    let prior = state(attributes.clone());
    for (noted, follows) in [(None, false), (Some("1.35"), false), (Some("1.34"), true)] {
        let remembered = noted.map(|noted| ("addons_follow".to_owned(), json!(noted)));
        let remembered = serde_json::Map::from_iter(remembered);
        for computed in [Computed::Kept, Computed::Applied { resumed: false }] {
            let config = config(with(attributes.clone()));
            let made =
                plan_remembering(&prior, &config, Some(ACCOUNT), computed, remembered.clone());
            assert!(made.told.is_empty());
            let version = at(&made.planned, "addons.coredns.version");
            assert_eq!(version.is_unknown(), follows, "{noted:?} {computed:?}");
            if !follows {
                assert_eq!(version, at(&prior, "addons.coredns.version"));
            }
            let written = made.planned.get("addons").get("vpc-cni").get("version");
            assert_eq!(written.as_str(), Some("v1.20.0"));
        }
    }
}

#[test]
fn nodes_come_up_to_their_cluster_first() {
    let pinned = json!({"general": group(json!({"version": "1.33"}))});
    let prior = state(json!({"node_groups": pinned}));
    let free = json!({"general": group(json!({}))});
    check_refusals(
        &prior,
        json!({"node_groups": free, "version": "1.35"}),
        &["node group \"general\" is at 1.33, the cluster at 1.34. Apply version = \"1.34\" first"],
    );
    check_refusals(&prior, json!({"node_groups": free}), &[]);
    for (version, words) in [
        ("1.35", "Nodes cannot be at 1.35, ahead of their cluster at 1.34"),
        ("1.30", "at most 3 minor versions behind"),
        ("1.32", "Nodes cannot go back from 1.33 to 1.32"),
    ] {
        let groups = json!({"general": group(json!({"version": version}))});
        check_refusals(&prior, json!({"node_groups": groups}), &[words]);
    }
}

#[test]
fn what_cannot_change_of_a_node_group_makes_another_beside_it() {
    let prior = state(json!({"node_groups": {"general": group(json!({"labels": {"a": "b"}}))}}));
    let name = |attributes: Json| {
        let planned = plan(&prior, &config(with(attributes))).planned;
        at(&planned, "node_groups.general.name").clone()
    };
    let before = at(&prior, "node_groups.general.name").clone();
    for changed in [
        json!({"labels": {"a": "c"}}),
        json!({"max_size": 9}),
        json!({"desired_size": 2}),
        json!({"taints": [{"key": "a", "effect": "NO_EXECUTE"}]}),
        json!({"tags": {"a": "b"}}),
    ] {
        assert_eq!(
            name(json!({"node_groups": {"general": group(changed.clone())}})),
            before,
            "{changed}"
        );
    }
    for changed in [
        json!({"instance_types": ["m7i.xlarge"]}),
        json!({"capacity_type": "SPOT"}),
        json!({"ami_type": "BOTTLEROCKET_x86_64"}),
        json!({"disk_size_gib": 50}),
        json!({"subnet_ids": ["subnet-1"]}),
    ] {
        let other = name(json!({"node_groups": {"general": group(changed.clone())}}));
        assert!(other.as_str().unwrap().starts_with("general-") && other != before, "{changed}");
    }
    let general = json!({"general": group(json!({}))});
    let subnets = json!({"subnet_ids": ["subnet-1", "subnet-3"], "node_groups": general});
    assert_ne!(name(subnets), before);
    let role = json!({"node_role_arn": "arn:aws:iam::111122223333:role/n", "node_groups": general});
    assert_ne!(name(role), before);
    let unknown = json!({"node_groups": {"general": group(json!({"instance_types": ["?"]}))}});
    assert!(name(unknown).is_unknown());
}

#[test]
fn a_replacement_needs_consent() {
    let encrypted = json!({"encryption_key_arn": "arn:aws:kms:eu-central-1:111122223333:key/a"});
    let prior = state(encrypted.clone());
    let words = "everything in this one would be destroyed";
    check_refusals(&prior, json!({}), &[words]);
    check_refusals(&prior, json!({"allow_replacement": true}), &[]);
    check_refusals(&state(json!({})), encrypted, &[]);
    let role = json!({"cluster_role_arn": "arn:aws:iam::111122223333:role/c"});
    check_refusals(&state(json!({})), role.clone(), &[words]);
    check_refusals(&state(role), json!({}), &[words]);
    let mut services = state(json!({}));
    services.set_attribute("service_ipv4_cidr", "172.20.0.0/16".into());
    check_refusals(&services, json!({"service_ipv4_cidr": "172.20.0.0/16"}), &[]);
    check_refusals(&services, json!({"service_ipv4_cidr": "10.100.0.0/16"}), &[words]);
}

#[test]
fn protection_refuses_destruction_and_replacement() {
    let prior = state(json!({"deletion_protection": true}));
    let role =
        json!({"cluster_role_arn": "arn:aws:iam::111122223333:role/c", "allow_replacement": true});
    check_refusals(&prior, role, &["this cluster is not to be replaced"]);
    check_refusals(&prior, json!({}), &[]);
    for (prior, refused) in [(&prior, true), (&state(json!({})), false)] {
        let mut destroy = travel_framework::Plan::new(&Value::Null, prior, Value::Null);
        super::plan(&mut destroy);
        assert_eq!(destroy.diagnostics.has_error(), refused);
    }
}

#[test]
fn there_is_no_way_back_from_access_entries() {
    let words = "There is no way back to the ConfigMap";
    check_refusals(
        &state(json!({})),
        json!({"authentication_mode": "API_AND_CONFIG_MAP"}),
        &[words],
    );
    let both = state(json!({"authentication_mode": "API_AND_CONFIG_MAP"}));
    check_refusals(&both, json!({}), &[]);
}

#[test]
fn a_cluster_that_somebody_deleted_is_made_anew() {
    let mut prior = state(json!({"node_groups": {"general": group(json!({}))}}));
    for name in ["arn", "endpoint", "cluster", "oidc_issuer", "oidc_provider_arn", "vpc_id"] {
        prior.set_attribute(name, Value::Null);
    }
    let config = config(with(json!({"node_groups": {"general": group(json!({}))}})));
    let made = plan_in(&prior, &config, Some(ACCOUNT), Computed::Kept);
    assert!(!made.replaces && made.told.is_empty());
    for path in ["endpoint", "cluster.incarnation", "oidc_provider_arn", "node_groups.general.arn"]
    {
        assert!(at(&made.planned, path).is_unknown(), "{path}");
    }
    assert_eq!(
        at(&made.planned, "arn").as_str(),
        Some("arn:aws:eks:eu-central-1:111122223333:cluster/main")
    );
}

#[test]
fn an_interrupted_create_goes_on_in_place() {
    let config = config(with(json!({})));
    let mut prior = applied(&plan(&Value::Null, &config).planned);
    for name in ["arn", "endpoint", "cluster", "oidc_issuer", "service_ipv4_cidr", "roles"] {
        prior.set_attribute(name, Value::Null);
    }
    prior.set_attribute("status", "incomplete".into());
    let resumed = Computed::Applied { resumed: true };
    let made = plan_in(&prior, &config, Some(ACCOUNT), resumed);
    assert!(!made.replaces && made.told.is_empty(), "{:?}", made.words());
    assert!(made.planned.get("service_ipv4_cidr").is_unknown());
    let block = EksPlatform::block();
    let replaced = travel_framework::plan::replacements(&block, &prior, &made.planned);
    assert!(replaced.is_empty(), "{replaced:?}");
}

#[test]
fn unknown_inputs_leave_unknown_what_follows_from_them() {
    let made = plan(
        &Value::Null,
        &config(with(json!({
            "cluster_role_arn": "?",
            "subnet_ids": ["?", "?"],
            "node_groups": {"general": group(json!({}))},
            "access_entries": {"admin": {"principal_arn": "?"}},
        }))),
    );
    assert_eq!(made.words(), Vec::<String>::new());
    for path in
        ["roles", "cluster_role_arn", "node_groups.general.name", "access_entries.admin.username"]
    {
        assert!(at(&made.planned, path).is_unknown(), "{path}");
    }
    let all = plan(&Value::Null, &config(with(json!({"node_groups": "?", "addons": "?"}))));
    assert!(all.planned.get("node_groups").is_unknown() && all.planned.get("addons").is_unknown());
}

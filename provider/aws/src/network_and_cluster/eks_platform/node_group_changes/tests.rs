use aws_sdk_eks::types::{AmiTypes, CapacityTypes, NodegroupScalingConfig, NodegroupUpdateConfig};

use super::super::testing::node_group;
use super::*;

/// The group that the least configuration leads to, with a label and a taint.
fn there() -> Nodegroup {
    let taint = EksTaint::builder().key("gpu").value("yes").effect(TaintEffect::NoSchedule);
    Nodegroup::builder()
        .nodegroup_name("general-0")
        .version("1.34")
        .release_version("1.34.2-20261101")
        .instance_types("m7i.large")
        .capacity_type(CapacityTypes::OnDemand)
        .ami_type(AmiTypes::Al2023X8664Standard)
        .disk_size(20)
        .scaling_config(NodegroupScalingConfig::builder().min_size(1).max_size(3).build())
        .update_config(NodegroupUpdateConfig::builder().max_unavailable(1).build())
        .labels("team", "a")
        .taints(taint.build())
        .build()
}

fn wanted() -> NodeGroup {
    let gpu = Taint { key: "gpu".into(), value: "yes".into(), effect: "NO_SCHEDULE".into() };
    NodeGroup {
        labels: [("team".to_owned(), "a".to_owned())].into(),
        taints: [gpu].into(),
        ..node_group()
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut NodeGroup), expected: Option<Change>) {
    let mut group = wanted();
    change(&mut group);
    assert_eq!(next(&there(), &group, "1.34"), expected);
}

fn config(config: Config) -> Option<Change> {
    Some(Change::Config(config))
}

#[test]
fn goes_from_what_is_there_to_what_is_wanted() {
    check(|_| {}, None);
    check(|it| it.desired_size = Some(2), None);
    check(|it| it.max_size = 5, config(Config { scaling: true, ..Config::default() }));
    check(|it| it.max_unavailable = Some(2), config(Config { update: true, ..Config::default() }));
    check(|it| it.auto_repair = true, config(Config { repair: true, ..Config::default() }));
    let labels = UpdateLabelsPayload::builder()
        .add_or_update_labels("zone", "b")
        .remove_labels("team")
        .build();
    let zone = [("zone".to_owned(), "b".to_owned())];
    check(
        |it| it.labels = zone.into(),
        config(Config { labels: Some(labels), ..Config::default() }),
    );
}

#[test]
fn a_taint_with_another_effect_is_another_one() {
    let eks =
        |value: &str, effect| EksTaint::builder().key("gpu").value(value).effect(effect).build();
    let ours = |value: &str, effect: &str| Taint {
        key: "gpu".into(),
        value: value.into(),
        effect: effect.into(),
    };
    let changed = UpdateTaintsPayload::builder()
        .add_or_update_taints(eks("no", TaintEffect::NoSchedule))
        .build();
    let replaced = UpdateTaintsPayload::builder()
        .add_or_update_taints(eks("yes", TaintEffect::NoExecute))
        .remove_taints(eks("yes", TaintEffect::NoSchedule))
        .build();
    for (taint, payload) in
        [(ours("no", "NO_SCHEDULE"), changed), (ours("yes", "NO_EXECUTE"), replaced)]
    {
        let expected = config(Config { taints: Some(payload), ..Config::default() });
        check(|it| it.taints = [taint].into(), expected);
    }
}

#[test]
fn versions_follow_the_cluster_after_everything_else() {
    let to = |version: &str| {
        Some(Change::Version { version: Some(version.into()), release_version: None })
    };
    let follows = NodeGroup { version: None, ..wanted() };
    assert_eq!(next(&there(), &follows, "1.34"), None);
    assert_eq!(next(&there(), &follows, "1.35"), to("1.35"));
    let pinned = NodeGroup { version: Some("1.34".into()), ..wanted() };
    assert_eq!(next(&there(), &pinned, "1.35"), None);
    let both = NodeGroup { max_size: 5, ..follows };
    let sizes = config(Config { scaling: true, ..Config::default() });
    assert_eq!(next(&there(), &both, "1.35"), sizes);
    let image = "1.34.3-20261201".to_owned();
    let release_version = Some(image.clone());
    check(
        |it| it.release_version = Some(image),
        Some(Change::Version { version: None, release_version }),
    );
}

use super::super::testing::node_group;
use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/n";

#[test]
fn the_name_says_what_cannot_change() {
    let base = node_group();
    let named = name("general", &base, ROLE);
    assert!(named.starts_with("general-") && named.len() == "general-".len() + 8, "{named}");
    for other in [
        NodeGroup { instance_types: vec!["m7i.xlarge".into()], ..base.clone() },
        NodeGroup { capacity_type: "SPOT".into(), ..base.clone() },
        NodeGroup { ami_type: "BOTTLEROCKET_x86_64".into(), ..base.clone() },
        NodeGroup { disk_size_gib: 50, ..base.clone() },
        NodeGroup { subnet_ids: Some(["subnet-9".to_owned()].into()), ..base.clone() },
    ] {
        assert_ne!(name("general", &other, ROLE), named, "{other:?}");
    }
    assert_ne!(name("general", &base, "arn:aws:iam::111122223333:role/o"), named);
    for same in [
        NodeGroup { max_size: 9, ..base.clone() },
        NodeGroup { version: Some("1.35".into()), ..base.clone() },
        NodeGroup { labels: [("a".to_owned(), "b".to_owned())].into(), ..base.clone() },
    ] {
        assert_eq!(name("general", &same, ROLE), named, "{same:?}");
    }
    let longest = "a".repeat(LONGEST_KEY);
    assert_eq!(name(&longest, &base, ROLE).len(), 63);
}

#[test]
fn the_key_stands_in_a_tag() {
    let found = Nodegroup::builder().nodegroup_name("general-0");
    assert_eq!(key(&found.clone().build()), "general-0");
    assert_eq!(key(&found.tags(PART_TAG, "node_group/general").build()), "general");
}

#[test]
fn what_eks_does_not_tell_stays_as_it_was() {
    let known = NodeGroup {
        desired_size: Some(2),
        force_update: true,
        tags: Some([("team".to_owned(), "a".to_owned())].into()),
        ..node_group()
    };
    let scaling = NodegroupScalingConfig::builder().min_size(1).max_size(3).desired_size(7);
    let found = Nodegroup::builder()
        .nodegroup_name("general-0")
        .capacity_type(CapacityTypes::Spot)
        .ami_type(AmiTypes::Al2023X8664Standard)
        .disk_size(20)
        .scaling_config(scaling.build())
        .update_config(NodegroupUpdateConfig::builder().max_unavailable(1).build())
        .tags("team", "b")
        .tags("environment", "dev")
        .build();
    let read = state(&found, Some(&known));
    assert_eq!((read.min_size, read.max_size, read.desired_size), (1, 3, Some(2)));
    assert_eq!((read.max_unavailable, read.force_update), (None, true));
    assert_eq!(read.instance_types, known.instance_types);
    assert_eq!(read.capacity_type, "SPOT");
    assert_eq!(read.tags, Some([("team".to_owned(), "b".to_owned())].into()));
    let said = NodeGroup { max_unavailable: Some(1), ..known };
    assert_eq!(state(&found, Some(&said)).max_unavailable, Some(1));
    assert_eq!(state(&found, None).tags, None);
}

#[test]
fn only_a_whole_group_is_of_use() {
    for (status, broken) in [
        (NodegroupStatus::Active, false),
        (NodegroupStatus::Creating, false),
        (NodegroupStatus::Degraded, false),
        (NodegroupStatus::CreateFailed, true),
        (NodegroupStatus::Deleting, true),
        (NodegroupStatus::DeleteFailed, true),
    ] {
        let found = Nodegroup::builder().status(status.clone()).build();
        assert_eq!(is_broken(&found), broken, "{status:?}");
    }
}

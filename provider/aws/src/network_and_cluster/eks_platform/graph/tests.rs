use std::collections::BTreeSet;

use aws_sdk_eks::types::{
    Addon as FoundAddon, AddonStatus, Nodegroup, NodegroupScalingConfig, NodegroupStatus,
};

use super::super::observed::{Item, Observed};
use super::super::testing::{node_group, platform};
use super::super::{AccessEntry, Addon, EksPlatform, PodIdentity};
use super::*;
use crate::settings::Settings;
use crate::testing::{Fake, call_on};

const ADMIN: &str = "arn:aws:iam::111122223333:role/admin";
const NODES: &str = "arn:aws:iam::111122223333:role/nodes";

/// A platform with one of each.
fn full() -> EksPlatform {
    let entry = AccessEntry {
        principal_arn: Some(ADMIN.into()),
        kind: "STANDARD".into(),
        kubernetes_groups: BTreeSet::new(),
        username: None,
        policies: BTreeMap::new(),
        tags: None,
    };
    let identity = PodIdentity {
        role_arn: ADMIN.into(),
        target_role_arn: None,
        disable_session_tags: false,
        tags: None,
        id: None,
    };
    let general = super::super::NodeGroup { name: Some("general-0".into()), ..node_group() };
    EksPlatform {
        access_entries: [("admin".to_owned(), entry)].into(),
        pod_identities: [("shop/cart".to_owned(), identity)].into(),
        node_groups: [("general".to_owned(), general)].into(),
        addons: [("vpc-cni", Addon::default()), ("coredns", Addon::default())]
            .map(|(name, addon)| (name.to_owned(), addon))
            .into(),
        ..platform()
    }
}

/// What each part waits for, of those that are there.
type Order = BTreeMap<String, BTreeSet<String>>;

fn order(parts: &[Ordered<Work<'_>>]) -> Order {
    let names: BTreeSet<String> = parts.iter().map(|(part, _)| part.name()).collect();
    let orders = parts.iter().map(|(part, after)| {
        let after = after.iter().filter(|name| names.contains(*name));
        (part.name(), after.cloned().collect())
    });
    orders.collect()
}

/// Whether a part waits for another, or for one that waits for it.
fn waits(order: &Order, part: &str, other: &str) -> bool {
    order[part].iter().any(|first| first == other || waits(order, first, other))
}

async fn with_work<T>(
    wanted: &EksPlatform,
    observed: Observed,
    look: impl FnOnce(&Work<'_>) -> T,
) -> T {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    look(&Work::new(&call, wanted, wanted, observed))
}

#[tokio::test]
async fn every_part_comes_after_what_it_needs() {
    let look = |work: &Work<'_>| {
        assert!(wanted(work, &BTreeMap::new()).is_ok());
        order(&wanted_parts(work, &BTreeMap::new()))
    };
    let order = with_work(&full(), Observed::default(), look).await;
    for (part, first) in [
        ("cluster", "role/cluster"),
        ("cluster", "log_group"),
        ("oidc_provider", "cluster"),
        ("access_entry/arn:aws:iam::111122223333:role/admin", "cluster"),
        ("pod_identity/shop/cart", "cluster"),
        ("node_group/general-0", "role/node"),
        ("node_group/general-0", "addon/vpc-cni"),
        ("node_group/general-0", "access_entry/arn:aws:iam::111122223333:role/admin"),
        ("addon/vpc-cni", "pod_identity/shop/cart"),
        ("addon/coredns", "node_group/general-0"),
    ] {
        assert!(waits(&order, part, first), "{part} does not wait for {first}");
        assert!(!waits(&order, first, part), "{first} waits for {part}");
    }
    assert!(!waits(&order, "cluster", "role/node"), "the nodes' role can come later");
}

/// An add-on that is there, beside a group of so many nodes.
fn coredns_beside(status: NodegroupStatus, nodes: i32) -> Observed {
    let found = FoundAddon::builder().status(AddonStatus::Creating).build();
    let coredns = Item { found, own: true };
    let scaling = NodegroupScalingConfig::builder().desired_size(nodes).build();
    let found = Nodegroup::builder().status(status).scaling_config(scaling).build();
    Observed {
        addons: [("coredns".to_owned(), coredns)].into(),
        node_groups: [("old-0".to_owned(), Item { found, own: false })].into(),
        ..Observed::default()
    }
}

#[tokio::test]
async fn addons_that_are_there_change_before_the_nodes_if_there_are_any() {
    for (status, nodes, before) in [
        (NodegroupStatus::Active, 1, true),
        (NodegroupStatus::Creating, 2, true),
        (NodegroupStatus::Active, 0, false),
        (NodegroupStatus::Deleting, 1, false),
        (NodegroupStatus::CreateFailed, 1, false),
    ] {
        let look = |work: &Work<'_>| order(&wanted_parts(work, &BTreeMap::new()));
        let order = with_work(&full(), coredns_beside(status.clone(), nodes), look).await;
        let (group, addon) = ("node_group/general-0", "addon/coredns");
        let (first, then) = if before { (addon, group) } else { (group, addon) };
        assert!(waits(&order, then, first), "{status:?} {nodes}: {then} before {first}");
        assert!(waits(&order, group, "addon/vpc-cni"), "nodes cannot do without");
    }
}

#[tokio::test]
async fn what_is_given_or_turned_off_is_no_part() {
    let mut platform = full();
    platform.cluster_role_arn = Some(ADMIN.into());
    platform.node_role_arn = Some(NODES.into());
    platform.oidc_provider = false;
    platform.logs.types.clear();
    let look = |work: &Work<'_>| {
        (order(&wanted_parts(work, &BTreeMap::new())), order(&unwanted_parts(work)))
    };
    let (wanted, unwanted) = with_work(&platform, Observed::default(), look).await;
    for part in ["role/cluster", "role/node", "oidc_provider", "log_group"] {
        assert!(!wanted.contains_key(part), "{part}");
        assert!(unwanted.contains_key(part), "{part}");
    }
}

/// Two groups, of which the platform made one.
fn two_groups() -> Observed {
    let item = |own| Item { found: Nodegroup::builder().build(), own };
    Observed {
        node_groups: [("old-0".to_owned(), item(true)), ("foreign".to_owned(), item(false))].into(),
        ..Observed::default()
    }
}

#[tokio::test]
async fn what_is_not_its_own_goes_only_from_an_exclusive_platform() {
    for exclusive in [false, true] {
        let platform = EksPlatform { exclusive, ..full() };
        let look = |work: &Work<'_>| order(&unwanted_parts(work));
        let order = with_work(&platform, two_groups(), look).await;
        assert!(order.contains_key("node_group/old-0"));
        assert!(!order.contains_key("node_group/general-0"));
        assert_eq!(order.contains_key("node_group/foreign"), exclusive);
    }
}

/// In a removal a part goes before what it waits for.
#[tokio::test]
async fn a_cluster_goes_between_its_nodes_and_its_roles() {
    let look = |work: &Work<'_>| {
        assert!(everything(work).is_ok());
        order(&all_parts(work))
    };
    let order = with_work(&full(), two_groups(), look).await;
    for (first, then) in [
        ("node_group/old-0", "left_by_nodes"),
        ("node_group/foreign", "left_by_nodes"),
        ("left_by_nodes", "cluster"),
        ("cluster", "remains"),
        ("oidc_provider", "remains"),
        ("remains", "role/cluster"),
        ("remains", "role/node"),
        ("remains", "log_group"),
    ] {
        assert!(waits(&order, first, then), "{then} does not wait until {first} is gone");
    }
}

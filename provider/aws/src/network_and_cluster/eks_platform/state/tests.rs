use aws_sdk_eks::types::{
    Addon as FoundAddon, AddonStatus, Cluster, ClusterStatus, Identity, LogSetup, LogType, Logging,
    Nodegroup, NodegroupStatus, Oidc, VpcConfigResponse,
};
use aws_smithy_types::DateTime;

use super::super::observed::{Item, Role};
use super::super::testing::{node_group, platform};
use super::super::{Addon, NodeGroup};
use super::*;
use crate::iam_role;
use crate::network_and_cluster::log_group::LogGroup;
use crate::settings::Settings;
use crate::tags::PART_TAG;
use crate::testing::{Fake, call_on};

async fn state_of(observed: &Observed, known: &EksPlatform) -> EksPlatform {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    state(&call, observed, known)
}

async fn mistagged_of(observed: &Observed, known: &EksPlatform) -> Vec<String> {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    mistagged(&call, observed, known).into_iter().collect()
}

fn cluster() -> Cluster {
    let network = VpcConfigResponse::builder()
        .subnet_ids("subnet-1")
        .subnet_ids("subnet-2")
        .endpoint_private_access(true)
        .vpc_id("vpc-1");
    let oidc = Oidc::builder().issuer("https://oidc.eks/id/A").build();
    Cluster::builder()
        .name("main")
        .arn("arn:aws:eks:eu-central-1:111122223333:cluster/main")
        .version("1.35")
        .status(ClusterStatus::Active)
        .resources_vpc_config(network.build())
        .identity(Identity::builder().oidc(oidc).build())
        .build()
}

fn group(name: &str, key: &str, status: NodegroupStatus, made: i64) -> (String, Item<Nodegroup>) {
    let found = Nodegroup::builder()
        .nodegroup_name(name)
        .status(status)
        .created_at(DateTime::from_secs(made))
        .tags(PART_TAG, format!("node_group/{key}"))
        .build();
    (name.to_owned(), Item { found, own: true })
}

fn with_groups(groups: impl IntoIterator<Item = (String, Item<Nodegroup>)>) -> Observed {
    Observed {
        cluster: Some(cluster()),
        node_groups: groups.into_iter().collect(),
        ..Observed::default()
    }
}

#[tokio::test]
async fn a_cluster_shows_what_it_is() {
    let observed = Observed { cluster: Some(cluster()), ..Observed::default() };
    let state = state_of(&observed, &platform()).await;
    assert_eq!((state.id.as_deref(), state.version.as_str()), (Some("main"), "1.35"));
    assert_eq!(state.vpc_id.as_deref(), Some("vpc-1"));
    let reference = state.cluster.unwrap();
    assert_eq!(reference.incarnation.as_deref(), Some("https://oidc.eks/id/A"));
    assert_eq!(reference.region.as_deref(), Some("eu-central-1"));
    // Its logs are off, and what is not there is not said to be.
    assert!(state.logs.types.is_empty() && state.roles.unwrap().is_empty());
}

#[tokio::test]
async fn what_only_a_cluster_has_goes_with_it() {
    let mut known = platform();
    known.arn = Some("arn".into());
    known.endpoint = Some("https://1".into());
    let role =
        iam_role::Role { arn: "arn:aws:iam::111122223333:role/n".into(), ..Default::default() };
    let role = Role { role, ..Role::default() };
    let observed = Observed { roles: [(Kind::Node, role)].into(), ..Observed::default() };
    let left = state_of(&observed, &known).await;
    assert_eq!(left.node_role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/n"));
    assert_eq!(left.id.as_deref(), Some("main"));
    assert_eq!((left.arn, left.endpoint, left.cluster), (None, None, None));
    assert_eq!(left.version, known.version);
    assert_eq!(state_of(&Observed::default(), &known).await.id, None);
}

#[tokio::test]
async fn of_two_groups_with_one_key_the_known_one_counts_else_the_newer() {
    use NodegroupStatus::{Active, CreateFailed};
    let groups = || [group("g-0", "g", Active, 1), group("g-1", "g", Active, 2)];
    let mut known = platform();
    let chosen = |state: &EksPlatform| state.node_groups["g"].name.clone();
    let state = state_of(&with_groups(groups()), &known).await;
    assert_eq!(chosen(&state).as_deref(), Some("g-1"));
    assert_eq!(state.leftovers.unwrap(), BTreeSet::from(["node_group/g-0".to_owned()]));
    let first = NodeGroup { name: Some("g-0".into()), ..node_group() };
    known.node_groups.insert("g".into(), first);
    let state = state_of(&with_groups(groups()), &known).await;
    assert_eq!(chosen(&state).as_deref(), Some("g-0"));
    assert_eq!(state.leftovers.unwrap(), BTreeSet::from(["node_group/g-1".to_owned()]));
    let broken = with_groups([group("g-0", "g", CreateFailed, 1)]);
    let state = state_of(&broken, &known).await;
    assert!(state.node_groups.is_empty());
    assert_eq!(state.leftovers.unwrap(), BTreeSet::from(["node_group/g-0".to_owned()]));
}

#[tokio::test]
async fn what_is_not_its_own_shows_only_in_an_exclusive_platform() {
    for exclusive in [false, true] {
        let mut observed = with_groups([group("foreign", "x", NodegroupStatus::Active, 1)]);
        observed.node_groups.get_mut("foreign").unwrap().own = false;
        let found = FoundAddon::builder().status(AddonStatus::Active).build();
        observed.addons.insert("coredns".into(), Item { found, own: false });
        let known = EksPlatform { exclusive, ..platform() };
        let state = state_of(&observed, &known).await;
        assert!(state.node_groups.is_empty() && state.addons.is_empty());
        let expected: &[&str] =
            if exclusive { &["addon/coredns", "node_group/foreign"] } else { &[] };
        assert_eq!(state.leftovers.unwrap().into_iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_log_group_that_is_gone_shows_as_another_retention() {
    let on = LogSetup::builder().enabled(true).types(LogType::Audit).build();
    let mut logging = cluster();
    logging.logging = Some(Logging::builder().cluster_logging(on).build());
    let mut observed = Observed { cluster: Some(logging), ..Observed::default() };
    assert_eq!(state_of(&observed, &platform()).await.logs.retention_days, 0);
    observed.log_group = Some(LogGroup { retention_days: 30, ..LogGroup::default() });
    let logs = state_of(&observed, &platform()).await.logs;
    assert_eq!(logs.retention_days, 30);
    assert_eq!(logs.types, BTreeSet::from(["audit".to_owned()]));
}

#[tokio::test]
async fn parts_without_their_tags_are_named() {
    let mut known = platform();
    known.addons.insert("coredns".into(), Addon::default());
    let mark = [
        ("travel:deployment", "dev/test"),
        ("travel:resource", "travel_eks_platform/main"),
        ("travel:generation", "g1"),
    ];
    let marked = |pairs: &[(&str, &str)]| {
        Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    };
    let observed = |tags: &[(&str, &str)]| {
        let mut cluster = cluster();
        cluster.tags = marked(&mark);
        let found = FoundAddon::builder().set_tags(marked(tags)).build();
        let addons = [("coredns".to_owned(), Item { found, own: true })].into();
        Observed { cluster: Some(cluster), addons, ..Observed::default() }
    };
    // An imported platform has no mark yet.
    assert!(mistagged_of(&observed(&[]), &known).await.is_empty());
    known.lifecycle.generation = Some("g1".into());
    assert!(mistagged_of(&observed(&mark), &known).await.is_empty());
    assert_eq!(mistagged_of(&observed(&mark[..2]), &known).await, ["addon/coredns"]);
    known.tagging.tags_all = Some([("team".to_owned(), "a".to_owned())].into());
    assert_eq!(mistagged_of(&observed(&mark), &known).await, ["addon/coredns"]);
}

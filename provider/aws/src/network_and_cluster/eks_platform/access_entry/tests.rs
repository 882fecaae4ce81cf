use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/a";

fn entry(policies: &[(&str, &[&str])]) -> Entry {
    let found = Found::builder()
        .principal_arn(ROLE)
        .username(ROLE)
        .kubernetes_groups("platform")
        .r#type("STANDARD")
        .build();
    let policies = policies.iter().map(|(name, namespaces)| {
        let kind = match namespaces.is_empty() {
            true => AccessScopeType::Cluster,
            false => AccessScopeType::Namespace,
        };
        let namespaces = namespaces.iter().map(|it| (*it).to_owned()).collect();
        let scope = EksScope::builder().r#type(kind).set_namespaces(Some(namespaces)).build();
        let arn = policy_arn(name, Partition::Aws);
        AssociatedAccessPolicy::builder().policy_arn(arn).access_scope(scope).build()
    });
    Entry { entry: found, policies: policies.collect() }
}

fn wanted(policies: &[(&str, &[&str])]) -> AccessEntry {
    let policies = policies.iter().map(|(name, namespaces)| {
        let namespaces = namespaces.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        let namespaces = (!namespaces.is_empty()).then_some(namespaces);
        ((*name).to_owned(), AccessScope { namespaces })
    });
    AccessEntry {
        principal_arn: Some(ROLE.into()),
        kind: "STANDARD".into(),
        kubernetes_groups: BTreeSet::from(["platform".to_owned()]),
        username: None,
        policies: policies.collect(),
        tags: None,
    }
}

#[test]
fn policies_are_named_as_the_configuration_names_them() {
    for (partition, name, arn) in [
        (Partition::Aws, "P", "arn:aws:eks::aws:cluster-access-policy/P"),
        (Partition::UsGov, "P", "arn:aws-us-gov:eks::aws:cluster-access-policy/P"),
        (Partition::Aws, "arn:aws:eks::aws:x/P", "arn:aws:eks::aws:x/P"),
    ] {
        assert_eq!(policy_arn(name, partition), arn);
    }
    let arn = "arn:aws:eks::aws:cluster-access-policy/P";
    for said in ["P", arn] {
        let state = state(&entry(&[("P", &[])]), Some(&wanted(&[(said, &[])])), Partition::Aws);
        assert_eq!(state.policies.keys().collect::<Vec<_>>(), [said]);
    }
}

#[test]
fn goes_from_what_is_there_to_what_is_wanted() {
    let view = policy_arn("View", Partition::Aws);
    let in_shop = AccessScope { namespaces: Some(BTreeSet::from(["shop".to_owned()])) };
    let everywhere = AccessScope::default();
    let mut other_group = wanted(&[]);
    other_group.kubernetes_groups = BTreeSet::new();
    let mut other_name = wanted(&[]);
    other_name.username = Some("me".into());
    for (there, wanted, expected) in [
        (entry(&[]), wanted(&[]), None),
        (entry(&[]), other_group, Some(Change::Names)),
        (entry(&[]), other_name, Some(Change::Names)),
        (entry(&[]), wanted(&[("View", &[])]), Some(Change::Associate(view.clone(), everywhere))),
        (entry(&[("View", &[])]), wanted(&[("View", &[])]), None),
        (entry(&[("View", &[])]), wanted(&[(view.as_str(), &[])]), None),
        (
            entry(&[("View", &[])]),
            wanted(&[("View", &["shop"])]),
            Some(Change::Associate(view.clone(), in_shop)),
        ),
        (entry(&[("View", &["shop"])]), wanted(&[("View", &["shop"])]), None),
        (entry(&[("View", &[])]), wanted(&[]), Some(Change::Disassociate(view.clone()))),
    ] {
        assert_eq!(next(&there, &wanted, Partition::Aws), expected, "{wanted:?}");
    }
}

#[test]
fn groups_of_nodes_are_not_the_configurations() {
    let mut found = entry(&[]);
    found.entry.r#type = Some("EC2_LINUX".into());
    found.entry.username = Some("system:node:{{EC2PrivateDNSName}}".into());
    let nodes =
        AccessEntry { kind: "EC2_LINUX".into(), kubernetes_groups: BTreeSet::new(), ..wanted(&[]) };
    assert_eq!(state(&found, Some(&nodes), Partition::Aws).kubernetes_groups, BTreeSet::new());
    assert_eq!(next(&found, &nodes, Partition::Aws), None);
}

#[test]
fn the_key_stands_in_a_tag() {
    let found = Found::builder().principal_arn(ROLE);
    assert_eq!(key(&found.clone().build()), ROLE);
    assert_eq!(key(&found.tags(PART_TAG, "access_entry/admin").build()), "admin");
}

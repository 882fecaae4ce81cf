//! What an import takes over of a cluster of which only the name was known.

use std::collections::{BTreeMap, HashMap};

use travel_framework::ownership::Mark;

use super::observed::{Item, Observed, tags};
use super::role_names::Kind;
use super::{
    AccessEntry, Addon, EksPlatform, NodeGroup, PodIdentity, access_entry, addon, node_group,
    pod_identity,
};
use crate::partition::Partition;
use crate::tags::{PART_TAG, Tags};

/// What is known of a platform that is imported, once it was observed: what only a configuration
/// says otherwise.
pub fn known(observed: &Observed, named: &EksPlatform, partition: Partition) -> EksPlatform {
    let of_all = tags(observed.cluster.as_ref().and_then(|cluster| cluster.tags.as_ref()));
    let own = |there: Option<&HashMap<String, String>>| own_tags(&tags(there), &of_all);
    let role = observed.roles.get(&Kind::Node);
    let of_groups = || {
        let mut groups = observed.node_groups.values().filter(|item| item.own);
        groups.find_map(|item| item.found.node_role().map(str::to_owned))
    };
    let bounds = observed.roles.values().next();
    EksPlatform {
        oidc_provider: observed.oidc_provider.is_some(),
        node_role_arn: role.map(|it| it.role.arn.clone()).or_else(of_groups),
        node_role_policies: match role {
            Some(role) => role.policy_arns.iter().map(|arn| name(arn)).collect(),
            None => named.node_role_policies.clone(),
        },
        permissions_boundary_arn: bounds.and_then(|it| it.role.permissions_boundary_arn.clone()),
        node_groups: own_items(&observed.node_groups, |_, found| {
            let tags = own(found.tags.as_ref());
            (node_group::key(found), NodeGroup { tags, ..node_group::state(found, None) })
        }),
        addons: own_items(&observed.addons, |name, found| {
            let tags = own(found.tags.as_ref());
            (name.clone(), Addon { tags, ..addon::state(found, None, None) })
        }),
        access_entries: own_items(&observed.access_entries, |_, found| {
            let tags = own(found.entry.tags.as_ref());
            let entry = access_entry::state(found, None, partition);
            (access_entry::key(&found.entry).to_owned(), AccessEntry { tags, ..entry })
        }),
        pod_identities: own_items(&observed.pod_identities, |key, found| {
            let tags = own(found.tags.as_ref());
            (key.clone(), PodIdentity { tags, ..pod_identity::state(found, None) })
        }),
        ..named.clone()
    }
}

/// The platform's own of some things, each as `state` makes it.
fn own_items<F, S>(
    items: &BTreeMap<String, Item<F>>,
    state: impl Fn(&String, &F) -> (String, S),
) -> BTreeMap<String, S> {
    let own = items.iter().filter(|(_, item)| item.own);
    own.map(|(name, item)| state(name, &item.found)).collect()
}

/// The tags that a part has beside those that all parts have, which are the cluster's.
fn own_tags(there: &Tags, of_all: &Tags) -> Option<Tags> {
    let own = there.iter().filter(|(key, value)| {
        of_all.get(*key) != Some(*value) && !Mark::is_tag(key) && *key != PART_TAG
    });
    let own: Tags = own.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!own.is_empty()).then_some(own)
}

/// The name of a policy that AWS manages; the ARN of another.
fn name(arn: &str) -> String {
    match arn.split_once(":iam::aws:policy/") {
        Some((_, name)) if !name.contains('/') => name.to_owned(),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_parts_own_tags_from_those_of_all() {
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let of_all = tags(&[("team", "a"), ("environment", "dev")]);
        for (there, own) in [
            (tags(&[("team", "a"), ("environment", "dev")]), None),
            (tags(&[("team", "b"), ("environment", "dev")]), Some(tags(&[("team", "b")]))),
            (tags(&[(PART_TAG, "node_group/g"), ("travel:deployment", "d")]), None),
        ] {
            assert_eq!(own_tags(&there, &of_all), own, "{there:?}");
        }
    }

    #[test]
    fn names_policies_as_a_configuration_would() {
        for (arn, expected) in [
            ("arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodePolicy"),
            ("arn:aws:iam::aws:policy/service-role/P", "arn:aws:iam::aws:policy/service-role/P"),
            ("arn:aws:iam::111122223333:policy/P", "arn:aws:iam::111122223333:policy/P"),
        ] {
            assert_eq!(name(arn), expected);
        }
    }
}

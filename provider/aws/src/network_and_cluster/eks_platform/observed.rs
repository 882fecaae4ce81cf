//! What there is of a platform in the cloud, and which of it is the platform's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_eks::types::{
    AccessEntry, Addon, AssociatedAccessPolicy, Cluster, Nodegroup, PodIdentityAssociation,
};
use travel_framework::ownership::{Claim, Mark};

use super::node_group;
use super::role_names::Kind;
use crate::iam_role;
use crate::network_and_cluster::log_group::LogGroup;
use crate::tags::{Tags, mark};

/// The parts of a platform as they are.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The cluster.
    pub cluster: Option<Cluster>,
    /// The node groups, by their names at EKS.
    pub node_groups: BTreeMap<String, Item<Nodegroup>>,
    /// The add-ons, by name.
    pub addons: BTreeMap<String, Item<Addon>>,
    /// The access entries, by principal; without those that EKS makes for itself and for nodes.
    pub access_entries: BTreeMap<String, Item<Entry>>,
    /// The Pod Identity associations, by namespace and service account; without those of add-ons.
    pub pod_identities: BTreeMap<String, Item<PodIdentityAssociation>>,
    /// The roles by service account of each add-on, by the add-on's ARN.
    pub addon_identities: BTreeMap<String, BTreeMap<String, String>>,
    /// The platform's own roles.
    pub roles: BTreeMap<Kind, Role>,
    /// The platform's own OIDC provider.
    pub oidc_provider: Option<OidcProvider>,
    /// The log group of the control plane, where it is the platform's own.
    pub log_group: Option<LogGroup>,
}

/// Something in a cluster.
#[derive(Clone, Debug)]
pub struct Item<T> {
    /// As EKS describes it.
    pub found: T,
    /// Whether it is the platform's own.
    pub own: bool,
}

impl<T> Item<T> {
    /// Notes how something of this name is by now; none where it is gone. Whose it is stays as it
    /// was; of what was not there its tags tell.
    pub fn renew(
        items: &mut BTreeMap<String, Self>,
        name: &str,
        found: Option<T>,
        tags: impl FnOnce(&T) -> Tags,
        claim: &Claim,
    ) {
        let Some(found) = found else {
            items.remove(name);
            return;
        };
        if let Some(item) = items.get_mut(name) {
            item.found = found;
            return;
        }
        let own = mark(&tags(&found)).is_some_and(|mark| claim.owns(&mark));
        items.insert(name.to_owned(), Self { found, own });
    }
}

/// An access entry with its policies.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry.
    pub entry: AccessEntry,
    /// The policies associated with it.
    pub policies: Vec<AssociatedAccessPolicy>,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The role itself.
    pub role: iam_role::Role,
    /// The ARNs of all policies attached to it.
    pub policy_arns: BTreeSet<String>,
}

/// The OIDC provider of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcProvider {
    /// The ARN.
    pub arn: String,
    /// The tags.
    pub tags: Tags,
    /// Whom the tokens are for.
    pub audiences: BTreeSet<String>,
}

impl Observed {
    /// Whether nothing of the platform is there.
    pub fn is_empty(&self) -> bool {
        self.cluster.is_none()
            && self.roles.is_empty()
            && self.oidc_provider.is_none()
            && self.log_group.is_none()
    }

    /// The mark on the platform: that of the cluster, or else of what there is.
    pub fn mark(&self) -> Option<Mark> {
        match &self.cluster {
            Some(cluster) => mark(&tags(cluster.tags.as_ref())),
            None => {
                let roles = self.roles.values().find_map(|it| mark(&it.role.tags));
                let group = self.log_group.as_ref().and_then(|group| mark(&group.tags));
                roles
                    .or(group)
                    .or_else(|| self.oidc_provider.as_ref().and_then(|it| mark(&it.tags)))
            }
        }
    }

    /// Whether there are nodes for pods to run on, or will be in a moment, as far as EKS knows.
    pub fn has_nodes(&self) -> bool {
        self.node_groups.values().any(|item| {
            let size = item.found.scaling_config().and_then(|scaling| scaling.desired_size());
            !node_group::is_broken(&item.found) && size.is_some_and(|size| size > 0)
        })
    }

    /// The issuer of the cluster's tokens.
    pub fn issuer(&self) -> Option<&str> {
        self.cluster.as_ref()?.identity()?.oidc()?.issuer()
    }
}

/// Whose something is.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// The mark of what is the platform's own.
    pub claim: Claim,
    /// Whether everything is that nobody has marked: so for an import.
    pub importing: bool,
}

impl Ownership {
    /// Whether something with these tags is the platform's own. Without a mark it is where the
    /// state knows it: its tags are gone, or it was imported.
    pub fn owns(&self, tags: &Tags, known: bool) -> bool {
        match mark(tags) {
            Some(mark) => self.claim.owns(&mark),
            None => known || self.importing,
        }
    }
}

/// Tags as EKS gives them.
pub fn tags(tags: Option<&HashMap<String, String>>) -> Tags {
    let pairs = tags.into_iter().flatten();
    pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::claim;

    /// An add-on with the mark of a deployment, or none.
    fn addon(deployment: Option<&str>) -> Addon {
        let mut ours = claim("travel_eks_platform/main");
        ours.deployment = deployment.unwrap_or_default().to_owned();
        let marked = deployment.map(|_| ours.tags());
        Addon::builder().set_tags(marked.map(|tags| tags.into_iter().collect())).build()
    }

    #[track_caller]
    fn check(known: Option<bool>, now: Option<&Addon>, expected: Option<bool>) {
        let known = known.map(|own| ("a".to_owned(), Item { found: addon(None), own }));
        let mut items: BTreeMap<String, Item<Addon>> = known.into_iter().collect();
        let tags_of = |found: &Addon| tags(found.tags.as_ref());
        let claim = claim("travel_eks_platform/main");
        Item::renew(&mut items, "a", now.cloned(), tags_of, &claim);
        assert_eq!(items.get("a").map(|item| item.own), expected);
        assert_eq!(items.get("a").map(|item| &item.found), now);
    }

    #[test]
    fn what_comes_up_is_its_own_only_with_its_mark() {
        let (ours, others, unmarked) =
            (addon(Some("dev/test")), addon(Some("another")), addon(None));
        check(None, Some(&ours), Some(true));
        check(None, Some(&others), Some(false));
        check(None, Some(&unmarked), Some(false));
        for own in [false, true] {
            check(Some(own), Some(&unmarked), Some(own));
            check(Some(own), None, None);
        }
    }
}

//! Which parts a platform has, and in which order they are made, changed and removed.
//!
//! The control plane comes first, then who may call it and what gives pods their roles, then the
//! add-ons that nodes need, the nodes, and the other add-ons. A new version of Kubernetes goes to
//! all add-ons before it goes to the nodes, so an add-on that is there already comes before them;
//! but not while there is no node for it to run on, since it then waits for the first.

use std::collections::BTreeMap;

use travel_framework::Diagnostic;
use travel_framework::parts::{Graph, Ordered};

use super::access_entry::{self, AccessEntryPart};
use super::addon::{self, AddonPart};
use super::cluster::{self, ClusterPart};
use super::log_group::{self, LogGroupPart};
use super::node_group::{self, NodeGroupPart};
use super::oidc_provider::OidcProviderPart;
use super::pod_identity::{self, PodIdentityPart};
use super::preflight::Chosen;
use super::role::{self, RolePart};
use super::role_names::{KINDS, Kind};
use super::sweep::{self, SweepPart};
use super::work::Work;

/// The parts that are wanted, with the chosen versions of add-ons.
///
/// # Errors
/// Where the parts make no order: a mistake in the provider.
pub fn wanted<'a>(
    work: &Work<'a>,
    chosen: &BTreeMap<String, Chosen>,
) -> Result<Graph<Work<'a>>, Diagnostic> {
    Graph::new(wanted_parts(work, chosen))
}

/// The parts that are the platform's own, and no longer wanted.
///
/// # Errors
/// As for [`wanted`].
pub fn unwanted<'a>(work: &Work<'a>) -> Result<Graph<Work<'a>>, Diagnostic> {
    Graph::new(unwanted_parts(work))
}

/// Everything, to be removed: nodes, what the cluster has left behind once its nodes are gone, the
/// cluster with all that is in it, what it has left behind after all, and last what was there
/// before it. Of what is in it only node groups stand in the way of its end, whoever made them.
///
/// # Errors
/// As for [`wanted`].
pub fn everything<'a>(work: &Work<'a>) -> Result<Graph<Work<'a>>, Diagnostic> {
    Graph::new(all_parts(work))
}

fn wanted_parts<'a>(work: &Work<'a>, chosen: &BTreeMap<String, Chosen>) -> Vec<Ordered<Work<'a>>> {
    let platform = work.wanted;
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    let before_cluster: Vec<String> =
        [role::part_name(Kind::Cluster), log_group::NAME.to_owned()].into();
    for kind in KINDS {
        if makes_role(work, kind) {
            parts.push((Box::new(RolePart { kind }), Vec::new()));
        }
    }
    if !platform.logs.types.is_empty() {
        parts.push((Box::new(LogGroupPart), Vec::new()));
    }
    parts.push((Box::new(ClusterPart), before_cluster));
    let cluster = || vec![cluster::NAME.to_owned()];
    if platform.oidc_provider {
        parts.push((Box::new(OidcProviderPart), cluster()));
    }
    let mut entries = Vec::new();
    for (key, entry) in &platform.access_entries {
        let principal = access_entry::principal(key, entry).to_owned();
        entries.push(access_entry::part_name(&principal));
        let key = Some(key.clone());
        parts.push((Box::new(AccessEntryPart { principal, key }), cluster()));
    }
    let mut identities = Vec::new();
    for key in platform.pod_identities.keys() {
        identities.push(pod_identity::part_name(key));
        parts.push((Box::new(PodIdentityPart { key: key.clone() }), cluster()));
    }
    let names = node_group::wanted_names(work);
    let groups: Vec<String> = names.values().map(|name| node_group::part_name(name)).collect();
    let mut before_nodes = cluster();
    before_nodes.push(role::part_name(Kind::Node));
    before_nodes.extend(entries);
    for (name, wanted) in &platform.addons {
        let runs = work.see(|observed| {
            let there = observed.addons.get(name);
            observed.has_nodes() && there.is_some_and(|item| !addon::is_broken(&item.found))
        });
        let mut after = cluster();
        after.extend(identities.iter().cloned());
        if runs || wanted.comes_before_nodes(name) {
            before_nodes.push(addon::part_name(name));
        } else {
            after.extend(groups.iter().cloned());
        }
        let Chosen { version, available } = chosen.get(name).cloned().unwrap_or_default();
        parts.push((Box::new(AddonPart { name: name.clone(), version, available }), after));
    }
    for (key, name) in names {
        parts.push((Box::new(NodeGroupPart { name, key: Some(key) }), before_nodes.clone()));
    }
    parts
}

/// Whether the platform makes the role itself: the plan says so, or else has not been given one.
fn makes_role(work: &Work<'_>, kind: Kind) -> bool {
    let given = match kind {
        Kind::Cluster => &work.wanted.cluster_role_arn,
        Kind::Node => &work.wanted.node_role_arn,
    };
    match &work.wanted.roles {
        Some(roles) => roles.contains_key(kind.key()),
        None => given.is_none(),
    }
}

fn unwanted_parts<'a>(work: &Work<'a>) -> Vec<Ordered<Work<'a>>> {
    let platform = work.wanted;
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    let groups = node_group::unwanted(work, &node_group::wanted_names(work));
    for name in groups {
        parts.push(group_to_remove(name, vec![role::part_name(Kind::Node)]));
    }
    let (addons, entries, identities) = work.see(|observed| {
        (
            addon::unwanted(observed, platform),
            access_entry::unwanted(observed, platform),
            pod_identity::unwanted(observed, platform),
        )
    });
    for name in addons {
        let part = AddonPart { name, version: None, available: Vec::new() };
        parts.push((Box::new(part), Vec::new()));
    }
    for principal in entries {
        parts.push((Box::new(AccessEntryPart { principal, key: None }), Vec::new()));
    }
    for key in identities {
        parts.push((Box::new(PodIdentityPart { key }), Vec::new()));
    }
    if !platform.oidc_provider {
        parts.push((Box::new(OidcProviderPart), Vec::new()));
    }
    if platform.logs.types.is_empty() {
        parts.push((Box::new(LogGroupPart), Vec::new()));
    }
    for kind in KINDS {
        if !makes_role(work, kind) {
            parts.push((Box::new(RolePart { kind }), Vec::new()));
        }
    }
    parts
}

fn all_parts<'a>(work: &Work<'a>) -> Vec<Ordered<Work<'a>>> {
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    let remains = || vec![sweep::REMAINS.to_owned()];
    for kind in KINDS {
        parts.push((Box::new(RolePart { kind }), Vec::new()));
    }
    parts.push((Box::new(LogGroupPart), Vec::new()));
    let foundations = vec![
        role::part_name(Kind::Cluster),
        role::part_name(Kind::Node),
        log_group::NAME.to_owned(),
    ];
    parts.push((Box::new(SweepPart { name: sweep::REMAINS }), foundations));
    parts.push((Box::new(ClusterPart), remains()));
    parts.push((Box::new(OidcProviderPart), remains()));
    let cluster = || vec![cluster::NAME.to_owned()];
    parts.push((Box::new(SweepPart { name: sweep::LEFT_BY_NODES }), cluster()));
    let groups: Vec<String> = work.see(|observed| observed.node_groups.keys().cloned().collect());
    for name in groups {
        parts.push(group_to_remove(name, vec![sweep::LEFT_BY_NODES.to_owned()]));
    }
    parts
}

fn group_to_remove<'a>(name: String, after: Vec<String>) -> Ordered<Work<'a>> {
    (Box::new(NodeGroupPart { name, key: None }), after)
}

#[cfg(test)]
mod tests;

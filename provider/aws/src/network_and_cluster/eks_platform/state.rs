//! What the state tells of the parts that were observed.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Diagnostic;

use super::elements::{ClusterReference, Logs, Role};
use super::health::Health;
use super::observed::{Observed, tags};
use super::role_names::{KINDS, Kind};
use super::work::part_tags;
use super::{EksPlatform, access_entry, addon, changes, cluster, node_group, pod_identity};
use crate::consistency::Call;
use crate::policy;
use crate::tags::{Tagging, Tags, mark};

/// A platform as it is. `known` is the last state or the plan: it gives keys their names, and what
/// the cloud does not tell stays as it was there.
pub fn state(call: &Call, observed: &Observed, known: &EksPlatform) -> EksPlatform {
    let mut state = known.clone();
    state.id = (!observed.is_empty()).then(|| known.name.clone());
    state.roles = Some(roles(call, observed, known));
    let own_nodes = observed.roles.get(&Kind::Node).map(|it| it.role.arn.clone());
    state.node_role_arn = known.node_role_arn.clone().or(own_nodes);
    state.oidc_provider_arn = observed.oidc_provider.as_ref().map(|it| it.arn.clone());
    describe_cluster(call, observed, &mut state);
    describe_logs(observed, &mut state);
    state.node_groups = node_groups(observed, known);
    state.addons = addons(observed, known);
    state.access_entries = access_entries(call, observed, known);
    state.pod_identities = pod_identities(observed, known);
    state.leftovers = Some(leftovers(observed, &state));
    state
}

/// The cluster's own attributes. Without a cluster what it was to be stays, and what only a
/// cluster has is gone.
fn describe_cluster(call: &Call, observed: &Observed, state: &mut EksPlatform) {
    let Some(found) = &observed.cluster else {
        state.arn = None;
        state.cluster = None;
        state.endpoint = None;
        state.certificate_authority = None;
        state.oidc_issuer = None;
        state.cluster_security_group_id = None;
        state.vpc_id = None;
        return;
    };
    let text = |text: Option<&str>| text.map(str::to_owned);
    let network = found.resources_vpc_config();
    let kubernetes = found.kubernetes_network_config();
    let public = network.is_some_and(|network| network.endpoint_public_access());
    let blocks = network.map(|network| changes::set(network.public_access_cidrs()));
    state.arn = text(found.arn());
    state.version = found.version().unwrap_or_default().to_owned();
    if let Some(policy) = found.upgrade_policy().and_then(|policy| policy.support_type()) {
        state.support_type = policy.as_str().to_owned();
    }
    if let Some(network) = network {
        state.subnet_ids = changes::set(network.subnet_ids());
        state.security_group_ids = changes::set(network.security_group_ids());
        state.endpoint_private_access = network.endpoint_private_access();
    }
    state.endpoint_public_access = public;
    // Where the API cannot be reached over the internet, it does not matter from where.
    if let Some(blocks) = blocks.filter(|blocks| public && !blocks.is_empty()) {
        state.public_access_cidrs = blocks;
    }
    state.service_ipv4_cidr = text(kubernetes.and_then(|it| it.service_ipv4_cidr()));
    if let Some(family) = kubernetes.and_then(|it| it.ip_family()) {
        state.ip_family = family.as_str().to_owned();
    }
    state.encryption_key_arn = text(changes::encryption_key(found));
    if let Some(mode) = found.access_config().and_then(|it| it.authentication_mode()) {
        state.authentication_mode = mode.as_str().to_owned();
    }
    state.zonal_shift = found.zonal_shift_config().and_then(|it| it.enabled()).unwrap_or(false);
    state.deletion_protection = found.deletion_protection().unwrap_or(false);
    state.cluster_role_arn = text(found.role_arn());
    state.endpoint = text(found.endpoint());
    state.certificate_authority = text(found.certificate_authority().and_then(|it| it.data()));
    state.oidc_issuer = text(observed.issuer());
    state.cluster_security_group_id = text(network.and_then(|it| it.cluster_security_group_id()));
    state.vpc_id = text(network.and_then(|it| it.vpc_id()));
    state.cluster = Some(ClusterReference {
        name: text(found.name()),
        region: Some(call.scope.region().to_owned()),
        account: Some(call.scope.account_id().to_owned()),
        incarnation: text(observed.issuer()),
    });
    let (tagging, _) =
        Tagging::read(tags(found.tags.as_ref()), &state.tagging, &call.scope.settings().tags);
    state.tagging = tagging;
}

fn describe_logs(observed: &Observed, state: &mut EksPlatform) {
    let types = observed.cluster.as_ref().map(changes::log_types);
    let types = types.unwrap_or_else(|| state.logs.types.clone());
    let before = &state.logs;
    state.logs = match &observed.log_group {
        Some(group) => Logs {
            types,
            retention_days: group.retention_days,
            kms_key_arn: group.kms_key_arn.clone(),
        },
        // Without a log group it is to be made again, which only another retention shows.
        None if !types.is_empty() && observed.cluster.is_some() => {
            Logs { types, retention_days: 0, kms_key_arn: None }
        }
        None => Logs { types, ..before.clone() },
    };
}

fn roles(call: &Call, observed: &Observed, known: &EksPlatform) -> BTreeMap<String, Role> {
    let partition = call.scope.partition();
    let roles = KINDS.into_iter().filter_map(|kind| {
        let found = observed.roles.get(&kind)?;
        let before = known.roles.as_ref().and_then(|roles| roles.get(kind.key()));
        let said = before.and_then(|role| role.trust_policy.clone());
        let said = said.unwrap_or_else(|| kind.trust_policy(partition));
        let there = &found.role;
        let trust = match policy::same(&said, &there.trust) {
            true => said,
            false => there.trust.clone(),
        };
        let mut own = kind.policies_of(known, partition);
        own.extend(before.and_then(|role| role.policy_arns.clone()).unwrap_or_default());
        let attached = found.policy_arns.iter().filter(|arn| own.contains(*arn));
        let role = Role {
            name: Some(there.name.clone()),
            arn: Some(there.arn.clone()),
            trust_policy: Some(trust),
            policy_arns: Some(attached.cloned().collect()),
            permissions_boundary_arn: there.permissions_boundary_arn.clone(),
        };
        Some((kind.key().to_owned(), role))
    });
    roles.collect()
}

/// The node groups that can be used, by key. Of two with one key the one that is known counts,
/// otherwise the newer one.
fn node_groups(observed: &Observed, known: &EksPlatform) -> BTreeMap<String, super::NodeGroup> {
    let chosen = chosen_groups(observed, known);
    chosen
        .into_iter()
        .filter_map(|(key, name)| {
            let item = observed.node_groups.get(&name)?;
            let state = node_group::state(&item.found, known.node_groups.get(&key));
            Some((key, state))
        })
        .collect()
}

fn chosen_groups(observed: &Observed, known: &EksPlatform) -> BTreeMap<String, String> {
    let mut chosen: BTreeMap<String, String> = BTreeMap::new();
    let usable =
        observed.node_groups.iter().filter(|(_, it)| it.own && !node_group::is_broken(&it.found));
    for (name, item) in usable {
        let key = known_key(known, name).unwrap_or_else(|| node_group::key(&item.found));
        let is_known = known.node_groups.get(&key).is_some_and(|it| it.name.as_ref() == Some(name));
        let made = |name: &String| {
            let found = observed.node_groups.get(name).map(|item| &item.found);
            found.and_then(|found| found.created_at()).map(|at| at.secs())
        };
        let first = chosen.get(&key);
        let is_newer = first.is_none_or(|first| made(name) > made(first));
        let first_is_known = first.is_some_and(|first| {
            known.node_groups.get(&key).is_some_and(|it| it.name.as_ref() == Some(first))
        });
        if is_known || (is_newer && !first_is_known) {
            chosen.insert(key, name.clone());
        }
    }
    chosen
}

/// The key under which the state knows a node group of this name.
fn known_key(known: &EksPlatform, name: &str) -> Option<String> {
    let mut groups = known.node_groups.iter();
    let found = groups.find(|(_, group)| group.name.as_deref() == Some(name));
    found.map(|(key, _)| key.clone())
}

fn addons(observed: &Observed, known: &EksPlatform) -> BTreeMap<String, super::Addon> {
    let usable = observed.addons.iter().filter(|(_, it)| it.own && !addon::is_broken(&it.found));
    usable
        .map(|(name, item)| {
            let arn = item.found.addon_arn().unwrap_or_default();
            let identities = observed.addon_identities.get(arn);
            (name.clone(), addon::state(&item.found, identities, known.addons.get(name)))
        })
        .collect()
}

fn access_entries(
    call: &Call,
    observed: &Observed,
    known: &EksPlatform,
) -> BTreeMap<String, super::AccessEntry> {
    let own = observed.access_entries.iter().filter(|(_, item)| item.own);
    own.map(|(principal, item)| {
        let mut said = known.access_entries.iter();
        let said = said.find(|(key, entry)| access_entry::principal(key, entry) == principal);
        let key = said.map_or(principal, |(key, _)| key).clone();
        let state =
            access_entry::state(&item.found, said.map(|(_, it)| it), call.scope.partition());
        (key, state)
    })
    .collect()
}

fn pod_identities(
    observed: &Observed,
    known: &EksPlatform,
) -> BTreeMap<String, super::PodIdentity> {
    let own = observed.pod_identities.iter().filter(|(_, item)| item.own);
    own.map(|(key, item)| {
        (key.clone(), pod_identity::state(&item.found, known.pod_identities.get(key)))
    })
    .collect()
}

/// What the next apply removes: the platform's own node groups that no key stands for, what is
/// broken, and, where everything is to be the platform's own, what is not.
fn leftovers(observed: &Observed, state: &EksPlatform) -> BTreeSet<String> {
    let groups: BTreeSet<&String> =
        state.node_groups.values().filter_map(|group| group.name.as_ref()).collect();
    let goes = |own: bool, stands: bool| if own { !stands } else { state.exclusive };
    let mut names = BTreeSet::new();
    for (name, item) in &observed.node_groups {
        if goes(item.own, groups.contains(name)) {
            names.insert(node_group::part_name(name));
        }
    }
    for (name, item) in &observed.addons {
        if goes(item.own, state.addons.contains_key(name)) {
            names.insert(addon::part_name(name));
        }
    }
    if state.exclusive {
        let entries = observed.access_entries.iter().filter(|(_, item)| !item.own);
        names.extend(entries.map(|(principal, _)| access_entry::part_name(principal)));
        let identities = observed.pod_identities.iter().filter(|(_, item)| !item.own);
        names.extend(identities.map(|(key, _)| pod_identity::part_name(key)));
    }
    names
}

/// The parts whose tags are not what a state says. An imported platform has no mark yet, which is
/// no reason to change anything.
pub fn mistagged(call: &Call, observed: &Observed, known: &EksPlatform) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if known.lifecycle.generation.is_none() {
        return found;
    }
    let mut check = |part: String, own: Option<&Tags>, there: &Tags| {
        let wanted = part_tags(known, own, call.claim.tags());
        if wanted.iter().any(|(key, value)| there.get(key) != Some(value)) {
            found.insert(part);
        }
    };
    if let Some(cluster) = &observed.cluster {
        // Its other tags are the platform's own, and its generation is for a delete to look at.
        let there = tags(cluster.tags.as_ref());
        let mark = mark(&there);
        if mark.is_none_or(|mark| mark.deployment != call.claim.deployment) {
            check(cluster::NAME.to_owned(), None, &Tags::new());
        }
    }
    for (kind, role) in &observed.roles {
        check(super::role::part_name(*kind), None, &role.role.tags);
    }
    if let Some(provider) = &observed.oidc_provider {
        check(super::oidc_provider::NAME.to_owned(), None, &provider.tags);
    }
    if let Some(group) = observed.log_group.as_ref().filter(|_| !known.logs.types.is_empty()) {
        check(super::log_group::NAME.to_owned(), None, &group.tags);
    }
    for (name, item) in observed.node_groups.iter().filter(|(_, item)| item.own) {
        let own = known_key(known, name).and_then(|key| known.node_groups.get(&key)?.tags.clone());
        check(node_group::part_name(name), own.as_ref(), &tags(item.found.tags.as_ref()));
    }
    for (name, item) in observed.addons.iter().filter(|(_, item)| item.own) {
        let own = known.addons.get(name).and_then(|addon| addon.tags.as_ref());
        check(addon::part_name(name), own, &tags(item.found.tags.as_ref()));
    }
    for (principal, item) in observed.access_entries.iter().filter(|(_, item)| item.own) {
        let mut said = known.access_entries.iter();
        let said = said.find(|(key, entry)| access_entry::principal(key, entry) == principal);
        let own = said.and_then(|(_, entry)| entry.tags.as_ref());
        check(access_entry::part_name(principal), own, &tags(item.found.entry.tags.as_ref()));
    }
    for (key, item) in observed.pod_identities.iter().filter(|(_, item)| item.own) {
        let own = known.pod_identities.get(key).and_then(|identity| identity.tags.as_ref());
        check(pod_identity::part_name(key), own, &tags(item.found.tags.as_ref()));
    }
    found
}

/// Warns of what EKS finds wrong.
pub fn warn(call: &Call, observed: &Observed, name: &str) {
    let mut lines: Vec<String> = Vec::new();
    if let Some(cluster) = &observed.cluster {
        lines.extend(cluster.issues().into_iter().map(|it| format!("- the cluster: {it}")));
    }
    for (name, item) in observed.node_groups.iter().filter(|(_, item)| item.own) {
        let issues = item.found.issues().into_iter();
        lines.extend(issues.map(|issue| format!("- node group {name}: {issue}")));
    }
    for (name, item) in observed.addons.iter().filter(|(_, item)| item.own) {
        let issues = item.found.issues().into_iter();
        lines.extend(issues.map(|issue| format!("- add-on {name}: {issue}")));
    }
    if !lines.is_empty() {
        call.warn(Diagnostic::warning(
            format!("EKS finds something wrong with cluster {name}"),
            format!("{}\n({})", lines.join("\n"), call.scope.place()),
        ));
    }
}

#[cfg(test)]
mod tests;

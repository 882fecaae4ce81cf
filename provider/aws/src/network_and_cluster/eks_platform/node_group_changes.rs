//! What has to change about a node group.

use std::collections::HashMap;

use aws_sdk_eks::types::{
    Nodegroup, Taint as EksTaint, TaintEffect, UpdateLabelsPayload, UpdateTaintsPayload,
};

use super::node_group::state;
use super::{NodeGroup, Taint};

/// One change of a node group.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Labels, taints, sizes and how it is updated, all at once.
    Config(Config),
    /// The version of Kubernetes or the release of the image.
    Version {
        /// The version to go to; none where only the image changes.
        version: Option<String>,
        /// The release of the image; none for the newest.
        release_version: Option<String>,
    },
}

/// What changes of a group's configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The labels.
    pub labels: Option<UpdateLabelsPayload>,
    /// The taints.
    pub taints: Option<UpdateTaintsPayload>,
    /// Whether the sizes do.
    pub scaling: bool,
    /// Whether the limit of an update does.
    pub update: bool,
    /// Whether repair does.
    pub repair: bool,
}

impl Change {
    /// The change in words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Config(_) => "configuration",
            Self::Version { .. } => "version",
        }
    }
}

/// The first change that leads from a group to what is wanted, in a cluster of this version; none
/// where it is that already. The version goes last, since it replaces the nodes.
pub fn next(found: &Nodegroup, wanted: &NodeGroup, cluster_version: &str) -> Option<Change> {
    let there = state(found, Some(wanted));
    let config = Config {
        labels: labels(&there, wanted),
        taints: taints(&there, wanted),
        scaling: (there.min_size, there.max_size) != (wanted.min_size, wanted.max_size),
        update: there.max_unavailable != wanted.max_unavailable
            || there.max_unavailable_percentage != wanted.max_unavailable_percentage,
        repair: there.auto_repair != wanted.auto_repair,
    };
    if config != Config::default() {
        return Some(Change::Config(config));
    }
    let version = wanted.version.as_deref().unwrap_or(cluster_version);
    let new_version = there.version.as_deref() != Some(version);
    let new_release =
        wanted.release_version.is_some() && wanted.release_version != there.release_version;
    (new_version || new_release).then(|| Change::Version {
        version: new_version.then(|| version.to_owned()),
        release_version: wanted.release_version.clone(),
    })
}

fn labels(there: &NodeGroup, wanted: &NodeGroup) -> Option<UpdateLabelsPayload> {
    let set = wanted.labels.iter().filter(|(key, value)| there.labels.get(*key) != Some(value));
    let set: HashMap<String, String> =
        set.map(|(key, value)| (key.clone(), value.clone())).collect();
    let gone = there.labels.keys().filter(|key| !wanted.labels.contains_key(*key));
    let gone: Vec<String> = gone.cloned().collect();
    if set.is_empty() && gone.is_empty() {
        return None;
    }
    let payload = UpdateLabelsPayload::builder()
        .set_add_or_update_labels((!set.is_empty()).then_some(set))
        .set_remove_labels((!gone.is_empty()).then_some(gone));
    Some(payload.build())
}

/// A taint is another one with another effect; its value can be changed.
fn taints(there: &NodeGroup, wanted: &NodeGroup) -> Option<UpdateTaintsPayload> {
    let set: Vec<EksTaint> = wanted.taints.difference(&there.taints).map(taint).collect();
    let stays = |taint: &&Taint| {
        wanted.taints.iter().any(|it| (&it.key, &it.effect) == (&taint.key, &taint.effect))
    };
    let gone: Vec<EksTaint> =
        there.taints.iter().filter(|taint| !stays(taint)).map(taint).collect();
    if set.is_empty() && gone.is_empty() {
        return None;
    }
    let payload = UpdateTaintsPayload::builder()
        .set_add_or_update_taints((!set.is_empty()).then_some(set))
        .set_remove_taints((!gone.is_empty()).then_some(gone));
    Some(payload.build())
}

/// A taint as EKS takes it.
pub fn taint(taint: &Taint) -> EksTaint {
    let value = (!taint.value.is_empty()).then(|| taint.value.clone());
    EksTaint::builder()
        .key(&taint.key)
        .set_value(value)
        .effect(TaintEffect::from(taint.effect.as_str()))
        .build()
}

#[cfg(test)]
mod tests;

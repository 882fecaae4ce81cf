//! Draining: deleting objects that hold something outside the cluster, while the controller lives that lets go of it.
//!
//! Node pools hold machines, services of type LoadBalancer hold load balancers, claims hold volumes. Removed after
//! their controller, they would stay with their finalizers, and what they hold would stay with the provider.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::cluster::Cluster;
use crate::cluster::objects::{Deleted, Propagation, Selection};
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};
use crate::gone::{Leaving, Stays, wait_gone};
use crate::poll::Patience;

/// A kind whose objects are to be drained, written "Kind" for a kind of Kubernetes' own or "Kind.group".
///
/// Of Service only those of type LoadBalancer are drained. With a PersistentVolumeClaim the volume it made is awaited.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrainKind {
    kind: String,
    group: Option<String>,
}

/// A text that is no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind to drain: write it like Service, PersistentVolumeClaim or NodePool.karpenter.sh"
)]
pub struct DrainKindError(String);

impl FromStr for DrainKind {
    type Err = DrainKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || DrainKindError(text.to_owned());
        let (kind, group) = match text.split_once('.') {
            Some((kind, group)) => (kind, Some(group)),
            None => (text, None),
        };
        let is_kind = kind.starts_with(|first: char| first.is_ascii_uppercase())
            && kind.chars().all(|letter| letter.is_ascii_alphanumeric());
        let is_group = group.is_none_or(|group| {
            let allowed = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-".contains(letter)
            };
            !group.is_empty() && group.chars().all(allowed)
        });
        if !is_kind || !is_group {
            return Err(wrong());
        }
        Ok(DrainKind { kind: kind.to_owned(), group: group.map(str::to_owned) })
    }
}

impl fmt::Display for DrainKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(out, "{}.{group}", self.kind),
            None => write!(out, "{}", self.kind),
        }
    }
}

/// Why not everything was drained.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The cluster refused or could not be asked.
    #[error(transparent)]
    Call(#[from] Error),
    /// Objects do not go.
    #[error(transparent)]
    Stays(#[from] Stays),
}

/// Deletes every object of the kinds and waits until they, and the volumes of claims, are gone. Gives what is gone now.
///
/// `namespaces` bounds it to those; none means the whole cluster, and objects of the whole cluster are drained only
/// then. A kind the cluster does not serve has no objects and is done.
///
/// # Errors
/// [`DrainError`], with what holds what stays.
pub async fn drain(
    cluster: &Cluster,
    kinds: &[DrainKind],
    namespaces: Option<&[String]>,
    patience: Patience<'_>,
) -> Result<Vec<DocumentKey>, DrainError> {
    let mut documents = Vec::new();
    // What the cluster serves may have changed since it was last asked, by the very release that is drained.
    let discovery = cluster.refresh_discovery().await?;
    for kind in kinds {
        let resource = match &kind.group {
            Some(group) => discovery.preferred(group, &kind.kind),
            None => ["", "apps", "batch", "networking.k8s.io"]
                .iter()
                .find_map(|group| discovery.preferred(group, &kind.kind)),
        };
        let Some(resource) = resource else {
            if let Some(group) = &kind.group
                && let Some(stale) = discovery.api_versions().iter().find(|version| {
                    crate::document::group_of(version) == group && discovery.is_stale(version)
                })
            {
                let reason = ErrorKind::UnavailableGroup {
                    api_version: stale.clone(),
                    kind: kind.kind.clone(),
                };
                return Err(Error::new(format!("drain {kind}"), reason).into());
            }
            continue;
        };
        let places = match namespaces {
            Some(_) if !resource.is_namespaced => Vec::new(),
            Some(namespaces) => {
                namespaces.iter().map(|namespace| Some(namespace.clone())).collect()
            }
            None => vec![None],
        };
        for namespace in places {
            let listed =
                cluster.list(resource, &Selection { namespace, ..Selection::default() }).await?;
            documents.extend(listed.into_iter().filter(holds_something));
        }
    }
    let mut leaving: BTreeMap<DocumentKey, Option<String>> = BTreeMap::new();
    for document in &documents {
        leaving.extend(volume_of(cluster, document).await?);
    }
    let width = cluster.settings().concurrency.max(1);
    let deletions = documents.iter().map(|document| async {
        if document.is_being_deleted() {
            return Ok::<_, Error>(Some(leaving_of(document)));
        }
        let deleted =
            cluster.delete(document.key(), document.uid(), Propagation::Foreground).await?;
        Ok(matches!(deleted, Deleted::Pending(_)).then(|| leaving_of(document)))
    });
    // Collected: a stream of the closure itself could not be sent between threads.
    let deletions: Vec<_> = deletions.collect();
    let pending: Vec<_> = stream::iter(deletions).buffer_unordered(width).try_collect().await?;
    leaving.extend(pending.into_iter().flatten());
    let leaving: Vec<Leaving> = leaving.into_iter().collect();
    if !leaving.is_empty() {
        wait_gone(cluster, &leaving, patience).await?;
    }
    Ok(documents.iter().map(|document| document.key().clone()).collect())
}

fn leaving_of(document: &Document) -> Leaving {
    (document.key().clone(), document.uid().map(str::to_owned))
}

/// Whether an object holds something outside the cluster.
fn holds_something(document: &Document) -> bool {
    let is_service = document.kind() == "Service" && document.group().is_empty();
    !is_service || document.value()["spec"]["type"] == "LoadBalancer"
}

/// The volume that goes with a claim, where its class says that it does.
async fn volume_of(cluster: &Cluster, document: &Document) -> Result<Option<Leaving>, Error> {
    if document.kind() != "PersistentVolumeClaim" || !document.group().is_empty() {
        return Ok(None);
    }
    let Some(name) = document.value()["spec"]["volumeName"].as_str() else { return Ok(None) };
    let key = DocumentKey {
        api_version: "v1".to_owned(),
        kind: "PersistentVolume".to_owned(),
        namespace: None,
        name: name.to_owned(),
    };
    let volume = cluster.get(&key).await?;
    let goes =
        volume.filter(|volume| volume.value()["spec"]["persistentVolumeReclaimPolicy"] == "Delete");
    Ok(goes.map(|volume| leaving_of(&volume)))
}

#[cfg(test)]
mod tests;

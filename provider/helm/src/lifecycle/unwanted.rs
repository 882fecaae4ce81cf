//! Removing what a release no longer wants: its own objects only, and none that is to be kept.

use std::collections::BTreeMap;

use travel_kube::cluster::objects::Propagation;
use travel_kube::prune::{PruneOptions, prune};
use travel_kube::{Document, DocumentKey};

use super::Obstacle;
use super::objects::{is_kept, marks};
use super::run::Run;

/// Removes objects of earlier revisions and waits until they are gone. Gives those that stay, each with why.
pub(super) async fn remove(
    run: &Run<'_>,
    objects: &[Document],
    propagation: Propagation,
) -> Result<Vec<(DocumentKey, String)>, Obstacle> {
    let cluster = run.target.cluster;
    let discovery = cluster.discovery().await?;
    let served = |object: &Document| {
        let key = object.key().clone();
        if discovery.resource(&key.api_version, &key.kind).is_some() {
            return key;
        }
        // The version that was recorded may be served no longer, while the object still stands under another.
        match discovery.preferred(key.group(), &key.kind) {
            Some(resource) => DocumentKey { api_version: resource.api_version.clone(), ..key },
            None => key,
        }
    };
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    // By key, whether the record says that it is to stay; the object itself may say so, too.
    let keys: BTreeMap<DocumentKey, bool> =
        objects.iter().map(|object| (served(object), is_kept(object))).collect();
    let keep = |live: &Document| {
        let is_kept = is_kept(live) || keys.get(live.key()).copied().unwrap_or_default();
        is_kept.then(|| "its annotation helm.sh/resource-policy keeps it".to_owned())
    };
    run.say(&format!("removing {} objects", keys.len()));
    let ownership = Some(marks(run.target.name, run.target.namespace));
    let options = PruneOptions { ownership, unmarked: true, propagation, keep: &keep };
    let pruned = prune(cluster, keys.keys(), &options, run.patience()).await;
    Ok(pruned.map_err(Box::new)?.kept)
}

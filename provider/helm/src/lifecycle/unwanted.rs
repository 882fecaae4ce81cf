//! Removing what a release no longer wants: its own objects only, and none that is to be kept.

use travel_kube::cluster::objects::Propagation;
use travel_kube::prune::{PruneOptions, prune};
use travel_kube::read::read;
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
    let keys: Vec<(DocumentKey, bool)> =
        objects.iter().map(|object| (served(object), is_kept(object))).collect();
    let live = read(cluster, keys.iter().map(|(key, _)| key)).await?;
    let mut kept = Vec::new();
    let mut going = Vec::new();
    for (key, kept_by_record) in keys {
        let Some(object) = live.get(&key).and_then(Option::as_ref) else { continue };
        if kept_by_record || is_kept(object) {
            kept.push((key, "its annotation helm.sh/resource-policy keeps it".to_owned()));
        } else {
            going.push(key);
        }
    }
    if !going.is_empty() {
        run.say(&format!("removing {} objects", going.len()));
        let ownership = Some(marks(run.target.name, run.target.namespace));
        let options =
            PruneOptions { ownership, unmarked: true, propagation, ..PruneOptions::default() };
        kept.extend(prune(cluster, &going, &options, run.patience()).await.map_err(Box::new)?.kept);
    }
    Ok(kept)
}

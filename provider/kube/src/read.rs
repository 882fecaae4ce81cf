//! Reading many documents as they stand in a cluster, in few calls.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::cluster::Cluster;
use crate::cluster::objects::Selection;
use crate::discovery::Resource;
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};

/// From how many objects of one kind and namespace on one list is read instead of each object.
const LIST_FROM: usize = 4;

/// What the keys name, as it stands: none for what does not exist, be it that its kind is not served at all.
///
/// Objects of one kind and namespace are read by one list where there are four or more of them, else one by one; so are
/// they where listing is forbidden.
///
/// # Errors
/// As [`Cluster::send`]; [`ErrorKind::UnavailableGroup`] where a kind's API service does not answer, since then nothing
/// says that the object is gone.
pub async fn read(
    cluster: &Cluster,
    keys: impl IntoIterator<Item = &DocumentKey>,
) -> Result<BTreeMap<DocumentKey, Option<Document>>, Error> {
    let mut groups: BTreeMap<(&str, &str, Option<&str>), Vec<&DocumentKey>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for key in keys {
        if found.insert(key.clone(), None).is_none() {
            groups
                .entry((&key.api_version, &key.kind, key.namespace.as_deref()))
                .or_default()
                .push(key);
        }
    }
    if groups.is_empty() {
        return Ok(found);
    }
    let discovery = cluster.discovery().await?;
    let is_all_known =
        groups.keys().all(|(api_version, kind, _)| discovery.resource(api_version, kind).is_some());
    let discovery = if is_all_known { discovery } else { cluster.refresh_discovery().await? };
    let mut batches = Vec::new();
    for ((api_version, kind, _), keys) in groups {
        match discovery.require(api_version, kind) {
            Ok(resource) => batches.push(read_batch(cluster, resource, keys)),
            Err(Error { kind: ErrorKind::UnknownKind { .. }, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let width = cluster.settings().concurrency.max(1);
    let batches: Vec<_> = stream::iter(batches).buffer_unordered(width).try_collect().await?;
    found.extend(batches.into_iter().flatten().map(|(key, document)| (key, Some(document))));
    Ok(found)
}

/// Objects of one kind and one namespace.
async fn read_batch(
    cluster: &Cluster,
    resource: &Resource,
    keys: Vec<&DocumentKey>,
) -> Result<Vec<(DocumentKey, Document)>, Error> {
    if keys.len() >= LIST_FROM {
        let namespace = keys.first().and_then(|key| key.namespace.clone());
        match cluster.list(resource, &Selection { namespace, ..Selection::default() }).await {
            Ok(documents) => {
                let mut by_name: BTreeMap<String, Document> = documents
                    .into_iter()
                    .map(|document| (document.name().to_owned(), document))
                    .collect();
                let found = keys
                    .into_iter()
                    .filter_map(|key| Some((key.clone(), by_name.remove(&key.name)?)));
                return Ok(found.collect());
            }
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error),
        }
    }
    let width = cluster.settings().concurrency.max(1);
    // Collected: a stream of the closure itself could not be sent between threads.
    let gets: Vec<_> = keys
        .into_iter()
        .map(|key| async move { Ok((key.clone(), cluster.get(key).await?)) })
        .collect();
    let found: Vec<_> = stream::iter(gets).buffer_unordered(width).try_collect().await?;
    Ok(found.into_iter().filter_map(|(key, document)| Some((key, document?))).collect())
}

#[cfg(test)]
mod tests;

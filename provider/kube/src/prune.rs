//! Removing objects: in reverse order, only what is ours, and not done before the last one is gone.

use futures::stream::{self, StreamExt};

use crate::cluster::Cluster;
use crate::cluster::objects::{Deleted, Propagation};
use crate::document::{Document, DocumentKey};
use crate::error::Error;
use crate::gone::{Leaving, Stays, wait_gone};
use crate::order::phases;
use crate::ownership::{Owner, Ownership};
use crate::poll::Patience;
use crate::read::read;

/// How objects are removed.
#[derive(Clone)]
pub struct PruneOptions<'a> {
    /// The marks an object must bear to be removed; none removes whatever the keys name.
    pub ownership: Option<Ownership>,
    /// Whether objects that bear nobody's marks are removed as well: real Helm strips annotations it does not know.
    pub unmarked: bool,
    /// What happens to dependents.
    pub propagation: Propagation,
    /// Says of an object, as it stands, why it is to stay for all that; none where it is not.
    pub keep: &'a (dyn Fn(&Document) -> Option<String> + Sync),
}

/// What removing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// What is gone now, and was there before.
    pub removed: Vec<DocumentKey>,
    /// What was not there in the first place.
    pub absent: Vec<DocumentKey>,
    /// What was left, with why: that it was to be kept, or the mark that says that it is another's.
    pub kept: Vec<(DocumentKey, String)>,
}

/// Why not everything was removed.
#[derive(Debug, thiserror::Error)]
#[error("remove all objects ({} removed)", .pruned.removed.len())]
pub struct PruneError {
    /// What was done until then.
    pub pruned: Pruned,
    /// What stood in the way.
    #[source]
    pub reason: PruneObstacle,
}

/// What stood in the way of removing.
#[derive(Debug, thiserror::Error)]
pub enum PruneObstacle {
    /// The cluster refused or could not be asked.
    #[error("{}", reports(.0))]
    Calls(Vec<Error>),
    /// Objects do not go.
    #[error(transparent)]
    Stays(#[from] Stays),
}

fn reports(errors: &[Error]) -> String {
    errors.iter().map(Error::report).collect::<Vec<_>>().join("\n")
}

/// Removes the objects the keys name, phase by phase in reverse of [`crate::order`], each phase gone before the next is
/// begun: custom resources while their controllers run, namespaces last. Objects with another's marks stay and are
/// listed.
///
/// # Errors
/// [`PruneError`], with what was done and what holds what stays.
pub async fn prune<'a>(
    cluster: &Cluster,
    keys: impl IntoIterator<Item = &'a DocumentKey>,
    options: &PruneOptions<'_>,
    patience: Patience<'_>,
) -> Result<Pruned, PruneError> {
    let started = tokio::time::Instant::now();
    let mut pruned = Pruned::default();
    let found = match read(cluster, keys).await {
        Ok(found) => found,
        Err(error) => return Err(PruneError { pruned, reason: PruneObstacle::Calls(vec![error]) }),
    };
    let mut ours = Vec::new();
    for (key, document) in found {
        match document {
            Some(document) => match options.stays(&document) {
                Some(why) => pruned.kept.push((key, why)),
                None => ours.push(document),
            },
            None => pruned.absent.push(key),
        }
    }
    for (_, documents) in phases(&ours, |document| document.key()).into_iter().rev() {
        let (gathering, others): (Vec<_>, Vec<_>) = documents.into_iter().partition(gathers_rules);
        for documents in [gathering, others] {
            let timeout = patience.timeout.saturating_sub(started.elapsed());
            if let Err(reason) =
                remove(cluster, &documents, options, Patience { timeout, ..patience }).await
            {
                return Err(PruneError { pruned, reason });
            }
            pruned.removed.extend(documents.into_iter().map(|document| document.key().clone()));
        }
    }
    Ok(pruned)
}

/// Whether a cluster role takes its rules from others. With each of those that goes, Kubernetes' controller applies
/// it anew by its name, which brings it back where it has just gone; so it goes before them.
fn gathers_rules(document: &&Document) -> bool {
    document.kind() == "ClusterRole" && document.value().get("aggregationRule").is_some()
}

/// Deletes objects and waits until they are gone.
async fn remove(
    cluster: &Cluster,
    documents: &[&Document],
    options: &PruneOptions<'_>,
    patience: Patience<'_>,
) -> Result<(), PruneObstacle> {
    if patience.cancel.is_cancelled() {
        return Err(PruneObstacle::Stays(Stays::Cancelled { waiting: Vec::new() }));
    }
    let deletions = documents.iter().map(|document| async {
        if document.is_being_deleted() {
            return Ok(Some(leaving(document)));
        }
        match cluster.delete(document.key(), document.uid(), options.propagation).await? {
            Deleted::Gone => Ok(None),
            Deleted::Pending(_) => Ok(Some(leaving(document))),
        }
    });
    // Collected: a stream of the closure itself could not be sent between threads.
    let deletions: Vec<_> = deletions.collect();
    let width = cluster.settings().concurrency.max(1);
    let results: Vec<Result<Option<Leaving>, Error>> =
        stream::iter(deletions).buffer_unordered(width).collect().await;
    let mut pending = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(leaving) => pending.extend(leaving),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(PruneObstacle::Calls(errors));
    }
    if !pending.is_empty() {
        wait_gone(cluster, &pending, patience).await?;
    }
    Ok(())
}

fn leaving(document: &Document) -> Leaving {
    (document.key().clone(), document.uid().map(str::to_owned))
}

impl Default for PruneOptions<'_> {
    fn default() -> Self {
        PruneOptions {
            ownership: None,
            unmarked: false,
            propagation: Propagation::default(),
            keep: &|_| None,
        }
    }
}

impl PruneOptions<'_> {
    /// Why an object is not to be removed, where it is not.
    fn stays(&self, document: &Document) -> Option<String> {
        if let Some(why) = (self.keep)(document) {
            return Some(why);
        }
        let ownership = self.ownership.as_ref()?;
        match ownership.owner(document) {
            Owner::Ours => None,
            Owner::Nobody if self.unmarked => None,
            Owner::Nobody => Some("it bears no mark of ours".to_owned()),
            Owner::Other { mark, value } => Some(format!("it bears {mark} = {value:?}")),
        }
    }
}

#[cfg(test)]
mod tests;

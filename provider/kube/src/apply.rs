//! Server-side apply of many documents: ownership checked first, then phase by phase, each document to its end.

mod one;

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use crate::cluster::Cluster;
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};
use crate::gone::Stays;
use crate::order::{Phase, phases};
use crate::ownership::{Owner, Ownership};
use crate::poll::{Patience, Poll, Stop, Waiting};
use crate::read::read;
use crate::ready::wait::{NotReady, Rules, wait_ready};

/// How documents are applied.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// The name under which the cluster keeps our fields ("helm", "travel").
    pub field_manager: String,
    /// Whether fields that other managers hold are taken from them.
    pub force: bool,
    /// Whether the cluster only says what would come of it.
    pub dry_run: bool,
    /// The marks to set and to hold objects against; none sets and checks none.
    pub ownership: Option<Ownership>,
    /// What to do with objects that exist without our marks.
    pub adopt: Adopt,
    /// Managers whose updates become our applied fields first, so that what a document no longer has goes away.
    pub claim_from: Vec<String>,
    /// What the cluster does with fields a kind does not have.
    pub unknown_fields: UnknownFields,
}

/// What to do with objects that exist already without our marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adopt {
    /// Refuse them.
    #[default]
    Never,
    /// Take those that bear nobody's marks.
    Unmarked,
    /// Take all, also from other owners.
    Any,
}

/// What the cluster does with fields a kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownFields {
    /// Drops them silently.
    Ignore,
    /// Drops them and warns.
    #[default]
    Warn,
    /// Refuses the document.
    Refuse,
}

/// A document that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object as the cluster has it now, or in a dry run would have it.
    pub live: Document,
    /// What became of it.
    pub outcome: Outcome,
    /// What the cluster warns of.
    pub warnings: Vec<String>,
}

/// What applying did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The object was made.
    Created,
    /// The object was changed.
    Changed,
    /// The object was as it should be.
    Unchanged,
}

/// Documents that were not applied, and those that were before or beside them.
#[derive(Debug)]
pub struct ApplyError {
    /// What went wrong, by document.
    pub failures: Vec<ApplyFailure>,
    /// What was applied all the same.
    pub applied: Vec<Applied>,
}

/// A document that was not applied.
#[derive(Debug)]
pub struct ApplyFailure {
    /// The document.
    pub key: DocumentKey,
    /// Why not.
    pub reason: Refusal,
}

/// Why a document was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The cluster refused or could not be asked.
    #[error("{}", .0.report())]
    Call(Error),
    /// The same key stands in two documents.
    #[error("two documents have this key")]
    Twice,
    /// The object exists and is another's.
    #[error("it exists and belongs to another: it bears {mark} = {value:?}")]
    Foreign {
        /// The label or annotation.
        mark: String,
        /// Its value.
        value: String,
    },
    /// The object exists and bears nobody's marks.
    #[error("it exists and was not made here; import it, or allow adopting what bears no mark")]
    Unmarked,
    /// The object is being deleted and does not go.
    #[error("it is being deleted and does not go: {0}")]
    Ending(Stays),
    /// A definition did not take effect.
    #[error("it did not take effect: {0}")]
    NotReady(NotReady),
    /// The caller cancelled before its turn.
    #[error("cancelled before its turn")]
    Cancelled,
}

impl std::fmt::Display for ApplyError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "apply {} of {} documents",
            self.failures.len(),
            self.failures.len() + self.applied.len()
        )?;
        for failure in &self.failures {
            write!(out, "\n{}: {}", failure.key, failure.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApplyError {}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Call(error)
    }
}

impl ApplyOptions {
    /// Applies under a name, without force, adoption or marks.
    pub fn new(field_manager: impl Into<String>) -> Self {
        ApplyOptions {
            field_manager: field_manager.into(),
            force: false,
            dry_run: false,
            ownership: None,
            adopt: Adopt::Never,
            claim_from: Vec::new(),
            unknown_fields: UnknownFields::default(),
        }
    }
}

/// Applies documents. Whose each object is, is checked for all before anything is changed; then namespaces,
/// definitions and the rest follow one another as [`crate::order`] has it, at once within a phase. After a phase with a
/// failure no further one begins. Documents of namespaced kinds must name their namespace.
///
/// `patience` bounds the waiting for others: definitions to take effect, objects on their way out to be gone,
/// webhooks of young deployments to answer.
///
/// # Errors
/// [`ApplyError`] with every failure, and what was applied all the same.
pub async fn apply(
    cluster: &Cluster,
    documents: &[Document],
    options: &ApplyOptions,
    patience: Patience<'_>,
) -> Result<Vec<Applied>, ApplyError> {
    let before = |failures| ApplyError { failures, applied: Vec::new() };
    let defined: BTreeSet<_> = documents.iter().flat_map(Document::defined_kinds).collect();
    let live = prepare(cluster, documents, options, &defined).await.map_err(before)?;
    let job = one::Job { cluster, options, patience, live: &live, documents };
    let width = cluster.settings().concurrency.max(1);
    let mut applied = Vec::with_capacity(documents.len());
    for (phase, documents) in phases(documents, |document| document.key()) {
        let runs = documents.iter().map(|document| async {
            let result = job.apply(document).await;
            result.map_err(|reason| ApplyFailure { key: document.key().clone(), reason })
        });
        // Collected: a stream of the closure itself could not be sent between threads.
        let runs: Vec<_> = runs.collect();
        let results: Vec<_> = stream::iter(runs).buffered(width).collect().await;
        let mut failures = Vec::new();
        for result in results {
            match result {
                Ok(done) => applied.push(done),
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() && phase == Phase::Definitions && !options.dry_run {
            failures = definitions_in_effect(cluster, &documents, &defined, patience).await;
        }
        if !failures.is_empty() {
            return Err(ApplyError { failures, applied });
        }
    }
    Ok(applied)
}

/// Reads what exists, and refuses what must not be touched.
async fn prepare(
    cluster: &Cluster,
    documents: &[Document],
    options: &ApplyOptions,
    defined: &BTreeSet<(String, String)>,
) -> Result<BTreeMap<DocumentKey, Option<Document>>, Vec<ApplyFailure>> {
    let failure =
        |document: &Document, reason| ApplyFailure { key: document.key().clone(), reason };
    let mut failures = Vec::new();
    let mut seen = BTreeSet::new();
    for document in documents {
        if !seen.insert(document.key()) {
            failures.push(failure(document, Refusal::Twice));
        }
    }
    let Some(first) = documents.first() else { return Ok(BTreeMap::new()) };
    let all = |error: Error| vec![failure(first, Refusal::Call(error))];
    let live = read(cluster, documents.iter().map(Document::key)).await.map_err(all)?;
    let discovery = cluster.discovery().await.map_err(all)?;
    for document in documents {
        let kind = (document.api_version().to_owned(), document.kind().to_owned());
        if !defined.contains(&kind)
            && let Err(error) = discovery.require(&kind.0, &kind.1)
        {
            failures.push(failure(document, Refusal::Call(error)));
        }
        let existing = live.get(document.key()).and_then(Option::as_ref);
        let (Some(existing), Some(ownership)) = (existing, &options.ownership) else { continue };
        let refusal = match (ownership.owner(existing), options.adopt) {
            (Owner::Ours, _) | (_, Adopt::Any) | (Owner::Nobody, Adopt::Unmarked) => None,
            (Owner::Nobody, Adopt::Never) => Some(Refusal::Unmarked),
            (Owner::Other { mark, value }, _) => Some(Refusal::Foreign { mark, value }),
        };
        failures.extend(refusal.map(|refusal| failure(document, refusal)));
    }
    if failures.is_empty() { Ok(live) } else { Err(failures) }
}

/// Waits until definitions are established and what they define is served.
async fn definitions_in_effect(
    cluster: &Cluster,
    definitions: &[&Document],
    defined: &BTreeSet<(String, String)>,
    patience: Patience<'_>,
) -> Vec<ApplyFailure> {
    let failed = |key: &DocumentKey, reason| vec![ApplyFailure { key: key.clone(), reason }];
    let Some(first) = definitions.first().map(|document| document.key()) else { return Vec::new() };
    let keys = definitions.iter().map(|document| document.key());
    let mut poll = Poll::new(patience);
    if let Err(error) = wait_ready(cluster, keys, &Rules::default(), patience).await {
        return failed(first, Refusal::NotReady(error));
    }
    // An established definition shows up in discovery only a little later.
    let mut known = cluster.discovery().await;
    loop {
        let discovery = match known {
            Ok(discovery) => discovery,
            Err(error) => return failed(first, Refusal::Call(error)),
        };
        let missing = defined
            .iter()
            .find(|(api_version, kind)| discovery.resource(api_version, kind).is_none());
        let Some((api_version, kind)) = missing else { return Vec::new() };
        let reason = format!("{kind} of {api_version} is not served yet");
        match poll.pause(definitions.len(), &[Waiting { key: first.clone(), reason }]).await {
            Ok(()) => known = cluster.refresh_discovery().await,
            Err(stop) => {
                let kind = match stop {
                    Stop::Cancelled => ErrorKind::Cancelled,
                    Stop::Timeout => ErrorKind::UnknownKind {
                        api_version: api_version.clone(),
                        kind: kind.clone(),
                    },
                };
                return failed(
                    first,
                    Refusal::Call(Error::new("wait for a new kind to be served", kind)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;

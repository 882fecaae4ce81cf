//! Waiting until documents are ready, and an error that tells the matter where they are not.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{State, Status, diagnosis, needs_condition, status};
use crate::cluster::Cluster;
use crate::document::{Document, DocumentKey};
use crate::error::Error;
use crate::poll::{Patience, Poll, Stop, Waiting};
use crate::read::read;

/// What counts as ready where documents leave a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether jobs must have completed; else it is enough that they exist and have not failed.
    pub jobs_complete: bool,
    /// Whether pods must have run to their end; else it is enough that they are ready.
    pub pods_complete: bool,
    /// Kinds, as "Kind" or "Kind.group", that are not waited for.
    pub ignored_kinds: Vec<String>,
    /// Kinds, as "Kind" or "Kind.group", with the condition that must be true, beyond what the general rules ask.
    pub conditions: Vec<(String, String)>,
    /// How long an object may count as failed before the wait gives up: deployments come right again, jobs and pods
    /// that never restart do not and end the wait at once.
    pub failure_grace: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            jobs_complete: false,
            pods_complete: false,
            ignored_kinds: Vec::new(),
            conditions: Vec::new(),
            failure_grace: Duration::from_secs(20),
        }
    }
}

/// Why documents did not become ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The cluster could not be asked.
    #[error(transparent)]
    Call(#[from] Error),
    /// The time ran out.
    #[error("not ready after {seconds} s:\n{}", crate::poll::lines(.waiting))]
    Timeout {
        /// How long it was waited, in seconds.
        seconds: u64,
        /// What is not ready, with events, states of pods and last log lines.
        waiting: Vec<Waiting>,
    },
    /// Something failed and will not come right by itself.
    #[error("failed:\n{}", crate::poll::lines(.failed))]
    Failed {
        /// What failed, with events, states of pods and last log lines.
        failed: Vec<Waiting>,
    },
    /// The caller cancelled.
    #[error("cancelled while these were not ready:\n{}", crate::poll::lines(.waiting))]
    Cancelled {
        /// What is not ready.
        waiting: Vec<Waiting>,
    },
}

/// Waits until every document is ready.
///
/// # Errors
/// [`NotReady`]; its texts hold what the cluster tells of the matter.
pub async fn wait_ready(
    cluster: &Cluster,
    keys: impl IntoIterator<Item = &DocumentKey>,
    rules: &Rules,
    patience: Patience<'_>,
) -> Result<(), NotReady> {
    let keys = keys.into_iter().filter(|key| !rules.ignores(key));
    let mut pending: Vec<DocumentKey> = keys.cloned().collect();
    let total = pending.len();
    let mut failed_since: BTreeMap<DocumentKey, Instant> = BTreeMap::new();
    let mut poll = Poll::new(patience);
    while !pending.is_empty() {
        let found = read(cluster, &pending).await?;
        let mut waiting = Vec::new();
        let mut failed = Vec::new();
        for (key, document) in &found {
            let status = rules.status(key, document.as_ref());
            match status.state {
                State::Ready => continue,
                State::Failed => {
                    let since = *failed_since.entry(key.clone()).or_insert_with(Instant::now);
                    let is_final = matches!(key.kind.as_str(), "Job" | "Pod");
                    if is_final || since.elapsed() >= rules.failure_grace {
                        failed.push(Waiting { key: key.clone(), reason: status.message.clone() });
                    }
                }
                State::InProgress | State::Terminating => {
                    failed_since.remove(key);
                }
            }
            waiting.push(Waiting { key: key.clone(), reason: status.message });
        }
        if !failed.is_empty() {
            diagnosis::explain(cluster, &found, &mut failed).await;
            return Err(NotReady::Failed { failed });
        }
        pending = waiting.iter().map(|waiting| waiting.key.clone()).collect();
        if pending.is_empty() {
            break;
        }
        match poll.pause(total, &waiting).await {
            Ok(()) => {}
            Err(Stop::Cancelled) => return Err(NotReady::Cancelled { waiting }),
            Err(Stop::Timeout) => {
                diagnosis::explain(cluster, &found, &mut waiting).await;
                return Err(NotReady::Timeout { seconds: poll.elapsed().as_secs(), waiting });
            }
        }
    }
    Ok(())
}

impl Rules {
    fn ignores(&self, key: &DocumentKey) -> bool {
        self.ignored_kinds.iter().any(|kind| is_kind(key, kind))
    }

    /// How a document stands by these rules.
    pub fn status(&self, key: &DocumentKey, document: Option<&Document>) -> Status {
        if self.ignores(key) {
            return super::ready();
        }
        let Some(document) = document else {
            return Status { state: State::InProgress, message: "it does not exist".to_owned() };
        };
        let general = status(document.value());
        if !self.jobs_complete
            && key.kind == "Job"
            && key.group() == "batch"
            && general.state == State::InProgress
        {
            return super::ready();
        }
        if general.state != State::Ready {
            return general;
        }
        let is_pod = key.kind == "Pod" && key.group().is_empty();
        if self.pods_complete && is_pod && document.value()["status"]["phase"] != "Succeeded" {
            return super::in_progress("it has not run to its end yet");
        }
        let asked = self.conditions.iter().filter(|(kind, _)| is_kind(key, kind));
        let answers = asked.map(|(_, condition)| needs_condition(document.value(), condition));
        answers.into_iter().find(|status| status.state != State::Ready).unwrap_or(general)
    }
}

/// Whether a key is of a kind written "Kind" or "Kind.group".
pub fn is_kind(key: &DocumentKey, kind: &str) -> bool {
    match kind.split_once('.') {
        Some((kind, group)) => key.kind == kind && key.group() == group,
        None => key.kind == kind,
    }
}

#[cfg(test)]
mod tests;

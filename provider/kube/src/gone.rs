//! Waiting until deleted objects are no more, and saying what holds those that stay.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::document::{Document, DocumentKey};
use crate::error::Error;
use crate::poll::{Patience, Poll, Stop, Waiting};
use crate::read::read;

/// An object whose end is awaited: the key, and the uid where a successor of the same name counts as the end.
pub type Leaving = (DocumentKey, Option<String>);

/// Why objects did not go.
#[derive(Debug, thiserror::Error)]
pub enum Stays {
    /// The cluster could not be asked.
    #[error(transparent)]
    Call(#[from] Error),
    /// The time ran out.
    #[error("still there after {seconds} s:\n{}", crate::poll::lines(.waiting))]
    Timeout {
        /// How long it was waited, in seconds.
        seconds: u64,
        /// What stays, and what holds it.
        waiting: Vec<Waiting>,
    },
    /// The caller cancelled.
    #[error("cancelled while these were still there:\n{}", crate::poll::lines(.waiting))]
    Cancelled {
        /// What stays, and what holds it.
        waiting: Vec<Waiting>,
    },
}

/// Waits until none of the objects exists.
///
/// # Errors
/// [`Stays`], with what holds each object that stays: finalizers, a namespace's own conditions, pods that use a claim.
pub async fn wait_gone(
    cluster: &Cluster,
    leaving: &[Leaving],
    patience: Patience<'_>,
) -> Result<(), Stays> {
    let uids: BTreeMap<_, _> =
        leaving.iter().map(|(key, uid)| (key.clone(), uid.clone())).collect();
    let mut keys: Vec<DocumentKey> = uids.keys().cloned().collect();
    let mut poll = Poll::new(patience);
    loop {
        let found = read(cluster, &keys).await?;
        let is_same = |document: &Document| {
            let uid = uids.get(document.key()).and_then(Option::as_deref);
            uid.is_none_or(|uid| document.uid().is_none_or(|found| found == uid))
        };
        let staying: Vec<Document> = found.into_values().flatten().filter(is_same).collect();
        if staying.is_empty() {
            return Ok(());
        }
        keys = staying.iter().map(|document| document.key().clone()).collect();
        let waiting = |staying: &[Document]| -> Vec<Waiting> {
            let each = staying.iter();
            each.map(|document| Waiting { key: document.key().clone(), reason: holder(document) })
                .collect()
        };
        match poll.pause(leaving.len(), &waiting(&staying)).await {
            Ok(()) => {}
            Err(Stop::Timeout) => {
                let seconds = poll.elapsed().as_secs();
                return Err(Stays::Timeout { seconds, waiting: waiting(&staying) });
            }
            Err(Stop::Cancelled) => return Err(Stays::Cancelled { waiting: waiting(&staying) }),
        }
    }
}

/// What keeps an object from going.
pub(crate) fn holder(document: &Document) -> String {
    if !document.is_being_deleted() {
        return "its deletion has not begun".to_owned();
    }
    let conditions = document.value()["status"]["conditions"].as_array().into_iter().flatten();
    let mut reasons: Vec<String> = Vec::new();
    if document.kind() == "Namespace" {
        // Each condition that is true names something that is left or that failed.
        let true_ones = conditions.filter(|condition| condition["status"] == "True");
        reasons.extend(
            true_ones.filter_map(|condition| condition["message"].as_str()).map(str::to_owned),
        );
    } else {
        let terminating = conditions.filter(|condition| condition["type"] == "Terminating");
        let messages = terminating.filter_map(|condition| condition["message"].as_str());
        reasons.extend(messages.filter(|message| !message.is_empty()).map(str::to_owned));
    }
    let mut finalizers = document.finalizers();
    let spec = document.value()["spec"]["finalizers"].as_array().into_iter().flatten();
    if document.kind() == "Namespace" && reasons.is_empty() {
        finalizers.extend(spec.filter_map(Value::as_str));
    }
    if !finalizers.is_empty() {
        reasons.push(format!("finalizers {}", finalizers.join(", ")));
    }
    if finalizers.contains(&"foregroundDeletion") {
        reasons.push("objects that depend on it are still there".to_owned());
    }
    if finalizers.contains(&"kubernetes.io/pvc-protection") {
        reasons.push("a pod still uses it".to_owned());
    }
    if reasons.is_empty() {
        let grace = &document.value()["metadata"]["deletionGracePeriodSeconds"];
        return match grace.as_u64() {
            Some(seconds) if seconds > 0 => {
                format!("it is shutting down, with {seconds} s to do so")
            }
            _ => "it is being deleted".to_owned(),
        };
    }
    reasons.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_holds_an_object_is_named() {
        let check = |mut value: Value, expected: &str| {
            value["apiVersion"] = "v1".into();
            value["metadata"]["name"] = "x".into();
            assert_eq!(holder(&Document::new(value).unwrap()), expected);
        };
        let deleted = "2026-01-01T00:00:00Z";
        check(json!({"kind": "Pod", "metadata": {}}), "its deletion has not begun");
        check(
            json!({"kind": "Pod", "metadata": {"deletionTimestamp": deleted, "deletionGracePeriodSeconds": 30}}),
            "it is shutting down, with 30 s to do so",
        );
        check(
            json!({"kind": "PersistentVolumeClaim", "metadata": {
                "deletionTimestamp": deleted, "finalizers": ["kubernetes.io/pvc-protection"],
            }}),
            "finalizers kubernetes.io/pvc-protection; a pod still uses it",
        );
        check(
            json!({"kind": "Namespace", "metadata": {"deletionTimestamp": deleted},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"conditions": [
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "ok"},
                {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "x.y in 1 resource instances"},
            ]}}),
            "x.y in 1 resource instances",
        );
        check(
            json!({"kind": "Namespace", "metadata": {"deletionTimestamp": deleted}, "spec": {"finalizers": ["kubernetes"]}}),
            "finalizers kubernetes",
        );
        check(
            json!({"kind": "NodePool", "metadata": {"deletionTimestamp": deleted, "finalizers": ["foregroundDeletion"]}}),
            "finalizers foregroundDeletion; objects that depend on it are still there",
        );
    }
}

//! The way of one document into the cluster.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::Value;

use super::{Applied, ApplyOptions, Outcome, Refusal, UnknownFields};
use crate::cluster::objects::{document as document_of, without_secrets};
use crate::cluster::{Answer, Call, Cluster};
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};
use crate::gone::wait_gone;
use crate::managed::takeover;
use crate::poll::{Patience, Poll, Stop, Waiting};

/// How often handing fields over is tried while others write to the object.
const TAKEOVERS: u32 = 5;

/// What every document of one apply shares.
pub(super) struct Job<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) options: &'a ApplyOptions,
    pub(super) patience: Patience<'a>,
    pub(super) live: &'a BTreeMap<DocumentKey, Option<Document>>,
    pub(super) documents: &'a [Document],
}

impl Job<'_> {
    pub(super) async fn apply(&self, document: &Document) -> Result<Applied, Refusal> {
        if self.patience.cancel.is_cancelled() {
            return Err(Refusal::Cancelled);
        }
        let key = document.key();
        let mut marked = document.clone();
        if let Some(ownership) = &self.options.ownership {
            ownership.mark(&mut marked);
        }
        // Applied as stringData, the values would belong to no manager once they stand in data.
        marked.encode_secret_texts();
        let mut existing = self.live.get(key).cloned().flatten();
        if let Some(ending) = existing.take_if(|existing| existing.is_being_deleted())
            && !self.options.dry_run
        {
            let leaving = [(key.clone(), ending.uid().map(str::to_owned))];
            wait_gone(self.cluster, &leaving, self.patience).await.map_err(Refusal::Ending)?;
        }
        if self.options.dry_run && existing.is_none() && self.lacks_ground(key).await? {
            return Ok(Applied { live: marked, outcome: Outcome::Created, warnings: Vec::new() });
        }
        if let Some(existing) = &existing
            && !self.options.dry_run
        {
            self.take_over(existing).await?;
        }
        let (answer, live) = self.patch(&marked).await?;
        let outcome = match &existing {
            Some(existing) if answer.status != StatusCode::CREATED => {
                if content(existing) == content(&live) {
                    Outcome::Unchanged
                } else {
                    Outcome::Changed
                }
            }
            _ => Outcome::Created,
        };
        Ok(Applied { live, outcome, warnings: answer.warnings })
    }

    /// Whether a dry run cannot ask the cluster, since what the document stands on is itself only about to be made: its
    /// namespace or its kind.
    async fn lacks_ground(&self, key: &DocumentKey) -> Result<bool, Refusal> {
        let discovery = self.cluster.discovery().await?;
        if discovery.resource(&key.api_version, &key.kind).is_none() {
            return Ok(true);
        }
        let namespace = self.documents.iter().map(Document::key).find(|other| {
            other.kind == "Namespace"
                && other.api_version == "v1"
                && Some(&other.name) == key.namespace.as_ref()
        });
        Ok(namespace.is_some_and(|namespace| self.live.get(namespace).is_none_or(Option::is_none)))
    }

    /// Makes the updates of the managers named ours.
    async fn take_over(&self, existing: &Document) -> Result<(), Refusal> {
        let from: Vec<&str> = self.options.claim_from.iter().map(String::as_str).collect();
        let mut current = existing.clone();
        for attempt in 1.. {
            let Some(patch) = takeover(&current, &from, &self.options.field_manager) else {
                return Ok(());
            };
            let key = current.key();
            let path = self.cluster.object_path(key, "take over").await?;
            let call = Call::new(format!("take over the fields of {key}"), Method::PATCH, path)
                .with_query("fieldManager", &self.options.field_manager)
                .with_body("application/json-patch+json", &patch);
            match self.cluster.json(&call).await {
                Ok(_) => return Ok(()),
                Err(error)
                    if (error.is_modified() || is_failed_test(&error)) && attempt < TAKEOVERS => {}
                Err(error) => return Err(error.into()),
            }
            match self.cluster.get(key).await? {
                Some(newer) => current = newer,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Sends the document, again while a webhook does not answer that may be about to start.
    async fn patch(&self, document: &Document) -> Result<(Answer, Document), Refusal> {
        let key = document.key();
        let mut call = Call::new(
            format!("apply {key}"),
            Method::PATCH,
            self.cluster.object_path(key, "apply").await?,
        )
        .with_query("fieldManager", &self.options.field_manager)
        .with_query("force", self.options.force.to_string())
        .with_query("fieldValidation", self.options.unknown_fields.name())
        .with_body("application/apply-patch+yaml", document.value());
        if self.options.dry_run {
            call = call.with_query("dryRun", "All");
        }
        let mut poll = Poll::new(self.patience);
        loop {
            let error = match self.cluster.send(&call).await {
                Ok(answer) => {
                    let live = document_of(&call, answer.json(&call.action)?)?;
                    return Ok((answer, live));
                }
                Err(error) => without_secrets(error, document),
            };
            if self.options.dry_run || !is_young_webhook(&error) {
                return Err(error.into());
            }
            let reason = "its admission webhook does not answer yet".to_owned();
            match poll.pause(1, &[Waiting { key: key.clone(), reason }]).await {
                Ok(()) => {}
                Err(Stop::Timeout) => return Err(error.into()),
                Err(Stop::Cancelled) => return Err(Refusal::Cancelled),
            }
        }
    }
}

/// Whether the cluster could not reach an admission webhook: its pods may only just be starting.
fn is_young_webhook(error: &Error) -> bool {
    let ErrorKind::Busy { message, .. } = &error.kind else { return false };
    message.contains("failed calling webhook") || message.contains("failed to call webhook")
}

/// The resourceVersion in a JSON patch is checked as part of the update; some versions answer 422.
fn is_failed_test(error: &Error) -> bool {
    matches!(&error.kind, ErrorKind::Invalid { message, .. } if message.contains("resourceVersion"))
}

/// An object without what a server writes beside it: even a write that changes nothing may bring new bookkeeping.
fn content(document: &Document) -> Value {
    let mut document = document.clone();
    document.strip_server_fields();
    document.into_value()
}

impl UnknownFields {
    fn name(self) -> &'static str {
        match self {
            UnknownFields::Ignore => "Ignore",
            UnknownFields::Warn => "Warn",
            UnknownFields::Refuse => "Strict",
        }
    }
}

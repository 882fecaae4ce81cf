//! Drift: where live objects differ in meaning from the documents that were applied.
//!
//! Only fields the documents set count, and fields our field manager applied that the documents no longer have. A
//! suspicion is confirmed by a server-side dry run, which knows the server's defaults and webhooks; where the caller
//! may not write, the comparison alone decides.

mod compare;
mod found;

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use http::Method;
use serde_json::Value;

use crate::cluster::objects::{document as document_of, without_secrets};
use crate::cluster::{Call, Cluster};
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};
use crate::fields::normalized;
use crate::ownership::{Owner, Ownership};
use crate::path::{FieldPath, PathPattern};
use crate::read::read;
use crate::ready::wait::is_kind;

pub use compare::{differences, means_the_same};
pub use found::as_found;

/// How drift is looked for.
#[derive(Debug, Clone)]
pub struct DriftOptions {
    /// The name under which the documents were applied.
    pub field_manager: String,
    /// The marks that were set on applying.
    pub ownership: Option<Ownership>,
    /// Fields that others may change.
    pub ignores: Vec<Ignore>,
    /// Whether the cluster may be asked by dry runs, which take the right to patch.
    pub mode: Mode,
}

/// Whether the cluster is asked by dry runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// For documents that seem to differ, where patching is allowed.
    #[default]
    Suspects,
    /// For every document, where patching is allowed.
    All,
    /// Never.
    ReadOnly,
}

/// A field that others may change without it being drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// Of objects of this kind, as "Kind" or "Kind.group"; none means of any.
    pub kind: Option<String>,
    /// Of objects of this namespace; none means of any.
    pub namespace: Option<String>,
    /// Of the object of this name; none means of any.
    pub name: Option<String>,
    /// The field, with all below.
    pub path: PathPattern,
}

/// How one document's object stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The document's key.
    pub key: DocumentKey,
    /// How its object stands.
    pub state: DriftState,
    /// The object, where it exists.
    pub live: Option<Document>,
}

/// How an object stands against its document.
#[derive(Debug, Clone, PartialEq)]
pub enum DriftState {
    /// It means the same.
    Same,
    /// It does not exist.
    Absent,
    /// It exists and belongs to another.
    Foreign {
        /// The label or annotation that says so.
        mark: String,
        /// Its value.
        value: String,
    },
    /// It differs.
    Differs(Vec<Difference>),
}

/// A field that differs. The values may be secret; its `Debug` shows the path only.
#[derive(Clone, PartialEq)]
pub struct Difference {
    /// The field.
    pub path: FieldPath,
    /// What the document wants; none where it no longer has the field.
    pub wanted: Option<Value>,
    /// What the object has; none where it lacks the field.
    pub found: Option<Value>,
}

impl std::fmt::Debug for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Difference({})", self.path)
    }
}

impl Ignore {
    /// A field of all objects of a kind.
    pub fn of_kind(kind: &str, path: PathPattern) -> Self {
        Ignore { kind: Some(kind.to_owned()), namespace: None, name: None, path }
    }

    fn is_about(&self, key: &DocumentKey) -> bool {
        self.kind.as_ref().is_none_or(|kind| is_kind(key, kind))
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| key.namespace.as_ref() == Some(namespace))
            && self.name.as_ref().is_none_or(|name| *name == key.name)
    }
}

/// The replicas of workloads that an autoscaler among the documents sets: HorizontalPodAutoscaler, or KEDA's
/// ScaledObject.
pub fn autoscaled(documents: &[Document]) -> Vec<Ignore> {
    let targets = documents.iter().filter_map(|document| {
        let is_autoscaler = matches!(
            (document.group(), document.kind()),
            ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject")
        );
        let target = &document.value()["spec"]["scaleTargetRef"];
        let name = target["name"].as_str().filter(|_| is_autoscaler)?;
        // KEDA takes a Deployment where no kind is named.
        let kind = target["kind"].as_str().unwrap_or("Deployment");
        Some(Ignore {
            kind: Some(kind.to_owned()),
            namespace: document.namespace().map(str::to_owned),
            name: Some(name.to_owned()),
            path: "/spec/replicas".parse().ok()?,
        })
    });
    targets.collect()
}

/// The certificate bundles that cert-manager's injector, or a webhook's own program, writes into what the API server
/// calls.
pub fn certificate_bundles() -> Vec<Ignore> {
    let paths = [
        ("MutatingWebhookConfiguration", "/webhooks/*/clientConfig/caBundle"),
        ("ValidatingWebhookConfiguration", "/webhooks/*/clientConfig/caBundle"),
        ("CustomResourceDefinition", "/spec/conversion/webhook/clientConfig/caBundle"),
        ("APIService", "/spec/caBundle"),
    ];
    let ignores = paths
        .into_iter()
        .filter_map(|(kind, path)| Some(Ignore::of_kind(kind, path.parse().ok()?)));
    ignores.collect()
}

/// Compares documents, as they were applied, with the objects they name. Gives one [`Drift`] per document, in order.
///
/// Takes a bulk read (see [`mod@crate::read`]), and a dry run for each document that seems to differ.
///
/// # Errors
/// As [`Cluster::send`]. That a dry run is forbidden, or that a webhook knows no dry run, is no error.
pub async fn drift(
    cluster: &Cluster,
    documents: &[Document],
    options: &DriftOptions,
) -> Result<Vec<Drift>, Error> {
    let live = read(cluster, documents.iter().map(Document::key)).await?;
    drift_from(cluster, documents, &live, options).await
}

/// As [`drift`], where the objects are read already.
///
/// # Errors
/// As [`drift`].
pub async fn drift_from(
    cluster: &Cluster,
    documents: &[Document],
    live: &BTreeMap<DocumentKey, Option<Document>>,
    options: &DriftOptions,
) -> Result<Vec<Drift>, Error> {
    let width = cluster.settings().concurrency.max(1);
    // Collected: a stream of the closure itself could not be sent between threads.
    let runs: Vec<_> =
        documents.iter().map(|document| drift_of(cluster, document, live, options)).collect();
    stream::iter(runs).buffered(width).try_collect().await
}

async fn drift_of(
    cluster: &Cluster,
    document: &Document,
    live: &BTreeMap<DocumentKey, Option<Document>>,
    options: &DriftOptions,
) -> Result<Drift, Error> {
    let key = document.key().clone();
    let Some(live) = live.get(&key).cloned().flatten() else {
        return Ok(Drift { key, state: DriftState::Absent, live: None });
    };
    let mut marked = document.clone();
    marked.encode_secret_texts();
    let about = options.ignores.iter().filter(|ignore| ignore.is_about(&key));
    let mut ignores: Vec<PathPattern> = about.map(|ignore| ignore.path.clone()).collect();
    if let Some(ownership) = &options.ownership {
        if let Owner::Other { mark, value } = ownership.owner(&live) {
            return Ok(Drift { key, state: DriftState::Foreign { mark, value }, live: Some(live) });
        }
        // Marks are no part of what the document means: real Helm strips those it does not know.
        ignores.extend(ownership.marks_beyond(document));
        ownership.mark(&mut marked);
    }
    let shape = normalized(&marked);
    let suspected =
        compare::suspicions(&shape, None, live.value(), &options.field_manager, &ignores);
    let is_asked = match options.mode {
        Mode::ReadOnly => false,
        Mode::Suspects => !suspected.is_empty(),
        Mode::All => true,
    };
    let applied =
        if is_asked { dry_run(cluster, &marked, &options.field_manager).await? } else { None };
    let found = match applied {
        Some(applied) => {
            let confirmed = compare::suspicions(
                &shape,
                Some(applied.value()),
                live.value(),
                &options.field_manager,
                &ignores,
            );
            confirmed.into_iter().map(|suspicion| suspicion.difference).collect()
        }
        None => compare::certain(suspected),
    };
    let state = if found.is_empty() { DriftState::Same } else { DriftState::Differs(found) };
    Ok(Drift { key, state, live: Some(live) })
}

/// What the object would be after applying the document once more; none where the cluster cannot be asked.
async fn dry_run(
    cluster: &Cluster,
    document: &Document,
    field_manager: &str,
) -> Result<Option<Document>, Error> {
    let key = document.key();
    let call = Call::new(
        format!("dry-run {key}"),
        Method::PATCH,
        cluster.object_path(key, "dry-run").await?,
    )
    .with_query("fieldManager", field_manager)
    .with_query("force", "true")
    .with_query("dryRun", "All")
    .with_query("fieldValidation", "Ignore")
    .with_body("application/apply-patch+yaml", document.value());
    match cluster.json(&call).await {
        Ok(value) => document_of(&call, value).map(Some),
        Err(error) => match &error.kind {
            ErrorKind::Forbidden { .. } => Ok(None),
            // "admission webhook … does not support dry run"
            ErrorKind::Invalid { message, .. } if message.contains("dry run") => Ok(None),
            // A field that cannot be changed was: the comparison says which.
            ErrorKind::Invalid { .. } => Ok(None),
            _ => Err(without_secrets(error, document)),
        },
    }
}

#[cfg(test)]
mod tests;

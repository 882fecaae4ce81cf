//! Why an operation on a release failed.

use std::fmt;

use travel_kube::DocumentKey;
use travel_kube::apply::{ApplyError, Refusal};
use travel_kube::drain::DrainError;
use travel_kube::error::chain;
use travel_kube::gone::Stays;
use travel_kube::prune::{PruneError, PruneObstacle};
use travel_kube::ready::wait::NotReady;

use super::objects::ObjectError;
use crate::engine::RenderError;
use crate::release::{RecordError, Status};

/// A failed operation: which one on which release, with what stood in its way as the source.
///
/// Displays as the attempt alone ("install the release cart in the namespace shop"), so that it fits "failed to …".
#[derive(Debug, thiserror::Error)]
#[error("{action} the release {name} in the namespace {namespace}")]
pub struct LifecycleError {
    /// What was attempted, in the infinitive.
    pub action: &'static str,
    /// The name of the release.
    pub name: String,
    /// The namespace of the release.
    pub namespace: String,
    /// Why it failed.
    #[source]
    pub obstacle: Box<Obstacle>,
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The chart cannot be rendered with these values.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// What was rendered or recorded is no Kubernetes object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The record cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is a release of this name that stands.
    #[error(
        "revision {revision} is {status} under this name; import the release to upgrade it, or choose another name"
    )]
    InUse {
        /// The revision that stands.
        revision: u64,
        /// How it stands.
        status: Status,
    },
    /// There is no release of this name, or no longer.
    #[error("there is no such release; install it first")]
    NotInstalled,
    /// There is no such revision.
    #[error("there is no revision {wanted} to roll back to; there are: {known}")]
    NoRevision {
        /// The revision asked for, in words.
        wanted: String,
        /// The revisions there are.
        known: String,
    },
    /// Someone else seems to be at work on the release.
    #[error(
        "revision {revision} is {status} since {seconds} s, so another process may be at work on it; wait for its end. If \
         it was killed, this release can be taken up {left} s from now, or at once after `helm rollback {name} \
         --namespace {namespace}` or `helm uninstall {name} --namespace {namespace}`"
    )]
    Busy {
        /// The revision that is on its way.
        revision: u64,
        /// How it stands.
        status: Status,
        /// How long it has not changed, in seconds.
        seconds: u64,
        /// After how many further seconds it counts as left behind.
        left: u64,
        /// The name of the release.
        name: String,
        /// The namespace of the release.
        namespace: String,
    },
    /// Another process made the revision that was to be made.
    #[error("another process made revision {revision} meanwhile; run it again")]
    Overtaken {
        /// The revision.
        revision: u64,
    },
    /// The namespace is not there.
    #[error("there is no namespace {0}; create it first, or have it created with the release")]
    NoNamespace(String),
    /// A label that Helm sets itself.
    #[error("the label {0} is Helm's own; choose another name")]
    SystemLabel(String),
    /// Objects of the chart exist already and are not the release's.
    #[error("{}", foreign(.0))]
    Foreign(Vec<ForeignObject>),
    /// Not all objects were applied.
    #[error("{}{}", .0, advice(.0))]
    Apply(ApplyError),
    /// Objects were applied, but did not become ready.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// A hook failed.
    #[error("run the {event} hook {path} ({object})")]
    Hook {
        /// When it ran.
        event: &'static str,
        /// The template it comes from.
        path: String,
        /// Kind and name.
        object: String,
        /// What stood in its way.
        #[source]
        source: Box<Obstacle>,
    },
    /// Objects that are no longer wanted could not be removed.
    #[error(transparent)]
    Prune(#[from] Box<PruneError>),
    /// Not everything could be drained before the uninstall.
    #[error("drain before the uninstall")]
    Drain(#[source] DrainError),
    /// The cluster refused or could not be asked.
    #[error(transparent)]
    Call(#[from] travel_kube::Error),
    /// It failed, and what stood before stands again.
    #[error("{what}; what it failed of")]
    Undone {
        /// What was done about the failure.
        what: String,
        /// Why it failed in the first place.
        #[source]
        source: Box<Obstacle>,
    },
    /// It failed, and so did bringing back what stood before.
    #[error("it failed ({}), and so did undoing it", chain(&**.first))]
    NotUndone {
        /// Why it failed in the first place.
        first: Box<Obstacle>,
        /// Why undoing it failed.
        #[source]
        source: Box<Obstacle>,
    },
    /// The time ran out before the next step.
    #[error("not done within {0} s; allow more time")]
    Timeout(u64),
    /// The caller cancelled.
    #[error("cancelled; the next run goes on from what is there")]
    Cancelled,
    /// A step ended without an answer.
    #[error("an inner task ended early")]
    Task(#[from] tokio::task::JoinError),
}

/// An object that exists and is not the release's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignObject {
    /// The object.
    pub key: DocumentKey,
    /// What it bears that speaks against the release, or that it bears nothing.
    pub bears: String,
    /// What to do so that the release may take it.
    pub remedy: String,
}

impl fmt::Display for ForeignObject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}; {}", self.key, self.bears, self.remedy)
    }
}

fn foreign(objects: &[ForeignObject]) -> String {
    let lines: Vec<String> = objects.iter().map(ForeignObject::to_string).collect();
    format!("objects exist already that are not the release's:\n{}", lines.join("\n"))
}

/// What to do about fields that cannot be changed.
fn advice(error: &ApplyError) -> &'static str {
    let is_immutable = error.failures.iter().any(|failure| match &failure.reason {
        Refusal::Call(call) => !call.immutable_fields().is_empty(),
        _ => false,
    });
    if is_immutable {
        "\nfields that are immutable need the object made anew: delete it, and run this again"
    } else {
        ""
    }
}

impl From<ApplyError> for Obstacle {
    fn from(error: ApplyError) -> Self {
        Obstacle::Apply(error)
    }
}

impl Obstacle {
    /// Whether it is only that the caller cancelled, in whatever was going on.
    pub(super) fn is_cancellation(&self) -> bool {
        let stays = |stays: &Stays| match stays {
            Stays::Cancelled { .. } => true,
            Stays::Call(error) => error.is_cancelled(),
            Stays::Timeout { .. } => false,
        };
        let not_ready = |error: &NotReady| match error {
            NotReady::Cancelled { .. } => true,
            NotReady::Call(error) => error.is_cancelled(),
            _ => false,
        };
        match self {
            Obstacle::Cancelled => true,
            Obstacle::Call(error) => error.is_cancelled(),
            Obstacle::NotReady(error) => not_ready(error),
            Obstacle::Drain(DrainError::Stays(error)) => stays(error),
            Obstacle::Drain(DrainError::Call(error)) => error.is_cancelled(),
            Obstacle::Prune(error) => match &error.reason {
                PruneObstacle::Stays(error) => stays(error),
                PruneObstacle::Calls(errors) => errors.iter().all(travel_kube::Error::is_cancelled),
            },
            Obstacle::Apply(error) => error.failures.iter().all(|failure| match &failure.reason {
                Refusal::Cancelled => true,
                Refusal::Call(error) => error.is_cancelled(),
                Refusal::Ending(error) => stays(error),
                Refusal::NotReady(error) => not_ready(error),
                _ => false,
            }),
            Obstacle::Hook { source, .. } => source.is_cancellation(),
            _ => false,
        }
    }
}

impl LifecycleError {
    /// The whole chain of reasons.
    #[must_use]
    pub fn report(&self) -> String {
        chain(self)
    }
}

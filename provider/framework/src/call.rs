//! One operation under way: where it goes, on whose behalf, how long it may take, and how it ends.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use travel_value::Path;

use crate::diagnostic::Diagnostic;
use crate::ownership::Claim;
use crate::platform::Platform;

/// Why an operation did not come to its end.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It was asked to stop; what was made until then stands in the state.
    Interrupted,
    /// It cannot be done, for this reason.
    Failed(Box<Diagnostic>),
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Failed(Box::new(diagnostic))
    }
}

impl Failure {
    /// The failure as a person reads it.
    pub fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Failed(diagnostic) => *diagnostic,
            Self::Interrupted => Diagnostic::error(
                "interrupted",
                "The operation was asked to stop and did so. Apply again to go on from here.",
            ),
        }
    }

    /// The same failure, at a place inside the configuration, where it is not at one yet.
    #[must_use]
    pub fn at(self, path: Path) -> Self {
        match self {
            Self::Failed(diagnostic) if diagnostic.path.is_none() => diagnostic.at(path).into(),
            other => other,
        }
    }

    /// The same failure, at an attribute, where it is not at one yet.
    #[must_use]
    pub fn at_attribute(self, name: &str) -> Self {
        self.at(Path::attribute(name))
    }

    /// The same failure, which also says what to do about it where its detail has these words.
    #[must_use]
    pub fn with_remedy(self, words: &str, remedy: &str) -> Self {
        let Self::Failed(mut diagnostic) = self else { return self };
        if diagnostic.detail.contains(words) {
            diagnostic.detail = format!("{} {remedy}", diagnostic.detail);
        }
        Self::Failed(diagnostic)
    }
}

/// One operation on one object.
pub struct Call<P: Platform> {
    /// Where its API calls go.
    pub scope: P::Scope,
    /// The mark to leave on what it makes.
    pub claim: Claim,
    /// Ends when the operation is asked to stop.
    pub cancel: CancellationToken,
    /// When the operation has used up its time.
    pub deadline: Instant,
    warnings: Mutex<Vec<Diagnostic>>,
    memory: Mutex<Memory>,
}

/// What a page remembers from one operation on an object to the next, unseen by the person.
pub type Memory = serde_json::Map<String, serde_json::Value>;

impl<P: Platform> Call<P> {
    /// An operation that may take `timeout` from now on.
    pub fn new(
        scope: P::Scope,
        claim: Claim,
        cancel: CancellationToken,
        timeout: Duration,
    ) -> Self {
        Self {
            scope,
            claim,
            cancel,
            deadline: Instant::now() + timeout,
            warnings: Mutex::default(),
            memory: Mutex::default(),
        }
    }

    /// Tells the person something, without failing.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// The warnings given so far, which are then forgotten.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces what the page remembers of this object.
    pub fn remember(&self, memory: Memory) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = memory;
    }

    /// What the page remembers of this object.
    pub fn remembered(&self) -> Memory {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops here if the operation was asked to stop: call between two steps that stand alone.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] if it was.
    pub fn proceed(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() { Err(Failure::Interrupted) } else { Ok(()) }
    }
}

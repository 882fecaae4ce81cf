//! What a call to a cluster can fail with, told apart as far as callers must act differently.

use std::error::Error as StdError;
use std::fmt;

/// An error of any origin, as it stands behind one of ours.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A failed call: what was attempted, and why it failed.
///
/// Displays as the attempt alone ("apply apps/v1/Deployment/shop/cart"), so that it fits "failed to …"; the reason is
/// its source. [`chain`] prints both.
#[derive(Debug, thiserror::Error)]
#[error("{action}")]
pub struct Error {
    /// What was attempted, in the infinitive.
    pub action: String,
    /// Why it failed.
    #[source]
    pub kind: ErrorKind,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings do not say how to reach a cluster; no call was made.
    #[error("the connection settings are not usable: {message}")]
    Settings {
        /// What is wrong and what would be right.
        message: String,
        /// The error below, where one exists.
        #[source]
        source: Option<BoxError>,
    },
    /// The source of tokens gave none; no call was made.
    #[error("no token could be had for the cluster")]
    Token(#[source] BoxError),
    /// No answer came. Says nothing on whether the cluster or the object exists.
    #[error("the cluster at {endpoint} cannot be reached: {cause}")]
    Unreachable {
        /// The address that was called.
        endpoint: String,
        /// What kept the answer away.
        cause: Unreachable,
        /// The error below, where one exists.
        #[source]
        source: Option<BoxError>,
    },
    /// The cluster does not know the caller (401).
    #[error("the cluster does not accept the credentials (401): {message}")]
    Unauthorized {
        /// The cluster's own words.
        message: String,
    },
    /// The cluster knows the caller and does not allow the call (403).
    #[error("forbidden (403): {message}")]
    Forbidden {
        /// The cluster's own words.
        message: String,
    },
    /// The object or the path does not exist (404).
    #[error("not found (404): {message}")]
    NotFound {
        /// The cluster's own words.
        message: String,
    },
    /// An object of this name stands where one was to be created (409).
    #[error("it exists already (409): {message}")]
    AlreadyExists {
        /// The cluster's own words.
        message: String,
    },
    /// Other field managers own fields with other values (409 of a server-side apply).
    #[error("{0}")]
    FieldConflict(FieldConflicts),
    /// The object changed between reading and writing, or a precondition no longer holds (409).
    #[error("the object was changed by someone else meanwhile (409): {message}")]
    Modified {
        /// The cluster's own words.
        message: String,
    },
    /// The document breaks the kind's rules (400, 422).
    #[error("the cluster finds the document invalid: {message}")]
    Invalid {
        /// The cluster's own words.
        message: String,
        /// The fields found wrong, as far as the cluster names them.
        fields: Vec<InvalidField>,
    },
    /// A list's continuation or a watch's start is too old (410).
    #[error("the list's place is no longer known (410): {message}")]
    Expired {
        /// The cluster's own words.
        message: String,
    },
    /// The cluster kept answering 429 or 5xx until the retries were used up.
    #[error("the cluster answered {status} to each of {attempts} attempts: {message}")]
    Busy {
        /// The last HTTP status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// The cluster's own words to the last attempt.
        message: String,
    },
    /// Any other refusal.
    #[error("the cluster refused ({status} {reason}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The machine-readable reason, empty where none was given.
        reason: String,
        /// The cluster's own words.
        message: String,
    },
    /// The answer is not what the Kubernetes API promises.
    #[error("the answer cannot be understood: {0}")]
    Answer(String),
    /// The cluster serves no such kind.
    #[error(
        "the cluster does not serve {kind} of {api_version}; is its custom resource definition installed?"
    )]
    UnknownKind {
        /// Group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// The aggregated API behind the group does not answer, so its kinds are not known.
    #[error("the API service of {api_version} is unavailable, so nothing is known of {kind}")]
    UnavailableGroup {
        /// Group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// The time given ran out.
    #[error("not done within {0} s")]
    Timeout(u64),
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// What kept an answer away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The host's name has no address.
    #[error("its name does not resolve")]
    Dns,
    /// Nothing listens there, or a firewall refuses.
    #[error("the connection was refused")]
    Refused,
    /// No connection came about in time.
    #[error("no connection came about in time")]
    ConnectTimeout,
    /// The connection stood, but the answer did not come in time.
    #[error("the answer did not come in time")]
    Timeout,
    /// The connection broke before the answer was whole.
    #[error("the connection broke")]
    Reset,
    /// The certificates do not fit.
    #[error("the TLS handshake failed; does the certificate authority belong to this cluster?")]
    Tls,
    /// The proxy in between refused or does not answer.
    #[error("the proxy did not let the connection through")]
    Proxy,
    /// Anything else below HTTP.
    #[error("the connection failed")]
    Other,
}

/// The fields other managers hold against a server-side apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflicts {
    /// Each conflicting field with the manager that owns it.
    pub fields: Vec<FieldConflict>,
}

/// One field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// The manager, as the cluster names it ("kubectl-edit").
    pub manager: String,
    /// The field's path (".spec.replicas").
    pub field: String,
}

impl fmt::Display for FieldConflicts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "other field managers own fields with other values: ")?;
        for (index, conflict) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(out, "{separator}{} by {:?}", conflict.field, conflict.manager)?;
        }
        write!(out, "; leave these fields out, or force the apply to take them over")
    }
}

/// One field a cluster found invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// The field's path ("spec.selector").
    pub field: String,
    /// Why, machine-readable ("FieldValueInvalid").
    pub reason: String,
    /// Why, in words.
    pub message: String,
}

impl Error {
    /// A failure of `action` because of `kind`.
    pub fn new(action: impl Into<String>, kind: ErrorKind) -> Self {
        Error { action: action.into(), kind }
    }

    /// Settings that do not say how to reach a cluster.
    pub(crate) fn settings(message: impl Into<String>, source: Option<BoxError>) -> Self {
        Error::new(
            "connect to the cluster",
            ErrorKind::Settings { message: message.into(), source },
        )
    }

    /// Whether the object or path does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind, ErrorKind::NotFound { .. })
    }

    /// Whether the caller is known but may not do this.
    pub fn is_forbidden(&self) -> bool {
        matches!(self.kind, ErrorKind::Forbidden { .. })
    }

    /// Whether no answer came at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.kind, ErrorKind::Unreachable { .. })
    }

    /// Whether the object changed between reading and writing.
    pub fn is_modified(&self) -> bool {
        matches!(self.kind, ErrorKind::Modified { .. })
    }

    /// Whether an object of this name stood there already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self.kind, ErrorKind::AlreadyExists { .. })
    }

    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, ErrorKind::Cancelled)
    }

    /// The fields that cannot be changed in place, where that is why the cluster refused.
    pub fn immutable_fields(&self) -> Vec<&str> {
        let ErrorKind::Invalid { fields, .. } = &self.kind else { return Vec::new() };
        let immutable = fields.iter().filter(|field| field.message.contains("immutable"));
        immutable.map(|field| field.field.as_str()).collect()
    }

    /// The whole chain of reasons in one line.
    pub fn report(&self) -> String {
        chain(self)
    }
}

/// An error and everything behind it in one line, each reason once.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut current = error.source();
    while let Some(cause) = current {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        current = cause.source();
    }
    text
}

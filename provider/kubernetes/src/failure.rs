//! A call to a cluster that failed, as a person is told.

use travel_framework::{Diagnostic, Failure};
use travel_kube::error::{Error, ErrorKind, chain};

/// A failed call to the cluster.
pub fn of_call(error: &Error) -> Failure {
    if error.is_cancelled() {
        return Failure::Interrupted;
    }
    Diagnostic::error(
        format!("failed to {error}"),
        format!("{}.{}", sentence(&chain(&error.kind)), remedy_of_call(&error.kind)),
    )
    .into()
}

/// What happened, to be followed by a full stop.
pub fn sentence(reasons: &str) -> &str {
    reasons.trim_end().trim_end_matches('.')
}

/// What to do about a failed call, as a sentence to be added; empty where nobody knows.
pub fn remedy_of_call(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthorized { .. } => {
            " The cluster does not know who is calling: give the role or user that applies this \
             an access entry of the cluster."
        }
        ErrorKind::Forbidden { .. } => {
            " Allow it: by an access policy of the caller's access entry, or by a role in the \
             cluster."
        }
        ErrorKind::Unreachable { .. } => {
            " Check that the cluster's endpoint can be reached from here: a private one needs a \
             proxy (cluster.proxy_url) or a network that leads there."
        }
        _ => "",
    }
}

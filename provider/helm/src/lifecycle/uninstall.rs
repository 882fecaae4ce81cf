//! Uninstalling: drained, hooks run, objects removed in reverse and awaited, and the records last.

use travel_kube::DocumentKey;

use super::prepare::unfinished;
use super::{LifecycleError, Removal, Target};

/// What an uninstall left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uninstalled {
    /// Objects that stay, each with why: the chart says so, or another has marked them as its own.
    pub kept: Vec<(DocumentKey, String)>,
}

/// Removes a release and its records. That there is none is no error.
///
/// # Errors
/// [`LifecycleError`], with what holds what stays. The records stay until everything else is gone, so that the next
/// attempt goes on.
pub async fn uninstall(
    target: &Target<'_>,
    removal: &Removal<'_>,
) -> Result<Uninstalled, LifecycleError> {
    let _ = removal;
    Err(unfinished(target, "uninstall"))
}

//! Bringing a revision about: install, upgrade, rollback.

use super::prepare::unfinished;
use super::{Conduct, LifecycleError, Target, Wanted};
use crate::release::Release;

/// Installs a release, also over a predecessor that failed, was left pending or was uninstalled. What such a
/// predecessor made and is no longer wanted is removed.
///
/// # Errors
/// [`LifecycleError`]; [`super::Obstacle::InUse`] where a revision stands. Nothing was changed where the obstacle is of
/// the chart, the values, or the ownership of objects.
pub async fn install(target: &Target<'_>, wanted: &Wanted<'_>) -> Result<Release, LifecycleError> {
    let _ = wanted;
    Err(unfinished(target, "install"))
}

/// Upgrades a release, also one that failed or was left pending.
///
/// # Errors
/// [`LifecycleError`]; [`super::Obstacle::NotInstalled`] where there is no release, or only an uninstalled one.
pub async fn upgrade(target: &Target<'_>, wanted: &Wanted<'_>) -> Result<Release, LifecycleError> {
    let _ = wanted;
    Err(unfinished(target, "upgrade"))
}

/// Brings a revision back as a new one: the one named, or else the last that stood before the present one.
///
/// # Errors
/// [`LifecycleError`]; [`super::Obstacle::NoRevision`] where there is none to go back to.
pub async fn rollback(
    target: &Target<'_>,
    revision: Option<u64>,
    conduct: &Conduct,
) -> Result<Release, LifecycleError> {
    let _ = (revision, conduct);
    Err(unfinished(target, "roll back"))
}

//! How a release stands, read from its history.

use std::time::Duration;

use super::Obstacle;
use crate::release::{Release, Status};

/// The history of a release, oldest revision first, and what it says.
pub(super) struct Standing {
    pub(super) history: Vec<Release>,
}

impl Standing {
    /// The youngest revision.
    pub(super) fn last(&self) -> Option<&Release> {
        self.history.last()
    }

    /// The revisions since the release was last uninstalled.
    pub(super) fn present(&self) -> &[Release] {
        let uninstalled = |release: &Release| release.info.status == Status::Uninstalled;
        let start = self.history.iter().rposition(uninstalled).map_or(0, |index| index + 1);
        &self.history[start..]
    }

    /// The revision that is deployed.
    pub(super) fn deployed(&self) -> Option<&Release> {
        self.present().iter().rev().find(|release| release.info.status == Status::Deployed)
    }

    /// The youngest revision before `version` that is or was deployed. Failed ones are never superseded.
    pub(super) fn stood_before(&self, version: u64) -> Option<&Release> {
        let stood = |release: &&Release| {
            release.version < version
                && matches!(release.info.status, Status::Deployed | Status::Superseded)
        };
        self.present().iter().rev().find(stood)
    }

    /// Whether any revision is or was deployed since the release was last uninstalled. Where none was, the release is
    /// still being installed.
    pub(super) fn has_stood(&self) -> bool {
        self.stood_before(u64::MAX).is_some()
    }

    /// The number of the next revision.
    pub(super) fn next_revision(&self) -> u64 {
        self.last().map_or(1, |release| release.version + 1)
    }

    /// The revisions whose objects may be in the cluster: the deployed one and what was tried after it.
    pub(super) fn effective(&self) -> &[Release] {
        let present = self.present();
        let deployed = |release: &Release| release.info.status == Status::Deployed;
        &present[present.iter().rposition(deployed).unwrap_or(0)..]
    }

    /// The revisions that are on their way though nobody is at work on them.
    ///
    /// A revision counts as left behind where `is_left_behind` says so, or where it has not changed for `timeout`, which
    /// is as long as an operation may take.
    pub(super) fn left_behind(
        &self,
        is_left_behind: &(dyn Fn(&Release) -> bool + Sync),
        timeout: Duration,
        now_seconds: i64,
    ) -> Result<Vec<&Release>, Obstacle> {
        let on_its_way = |release: &&Release| {
            release.info.status.is_pending() || release.info.status == Status::Uninstalling
        };
        let left: Vec<&Release> = self.present().iter().filter(on_its_way).collect();
        for release in left.iter().filter(|release| !is_left_behind(release)) {
            let age = release.changed_at_seconds.map(|changed| now_seconds.saturating_sub(changed));
            let age =
                Duration::from_secs(age.map_or(u64::MAX, |age| u64::try_from(age).unwrap_or(0)));
            if age < timeout {
                return Err(Obstacle::Busy {
                    revision: release.version,
                    status: release.info.status,
                    seconds: age.as_secs(),
                    left: (timeout - age).as_secs() + 1,
                    name: release.name.clone(),
                    namespace: release.namespace.clone(),
                });
            }
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests;

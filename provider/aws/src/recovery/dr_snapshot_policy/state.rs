//! What a snapshot policy's attributes say of what there is.

use std::collections::BTreeSet;

use super::coverage::Coverage;
use super::details::Details;
use super::observed::{Observed, Policy};
use super::wanted::{Accounts, Side};
use super::{Age, DrSnapshotPolicy, Schedule, graph, lock};
use crate::Tagging;
use crate::tags::TagSettings;

/// Sets all attributes of `policy` that tell of its parts, and of those that say what is wanted
/// all that can be other than they say.
pub fn fill(
    policy: &mut DrSnapshotPolicy,
    observed: &Observed,
    accounts: &Accounts,
    settings: &TagSettings,
) {
    let there = observed.source.policy.as_ref();
    policy.arn = there.map(|there| there.arn.clone());
    policy.policy_id = there.map(|there| there.id.clone());
    policy.execution_role_arn = there.map(|there| there.role_arn.clone());
    if let Some(there) = there {
        fill_source(policy, there, accounts, settings);
    }
    fill_backup(policy, observed, accounts);
    lock::fill(policy, observed);
}

fn fill_source(
    policy: &mut DrSnapshotPolicy,
    there: &Policy,
    accounts: &Accounts,
    settings: &TagSettings,
) {
    policy.state.clone_from(&there.state);
    policy.description = Some(there.description.clone());
    if policy.role_arn.is_some() {
        policy.role_arn = Some(there.role_arn.clone());
    }
    let tags = there.tags.iter().map(|(key, value)| (key.clone(), value.clone()));
    policy.tagging = Tagging::read(tags, &policy.tagging, settings).0;
    let Details::Snapshots { target_tags, schedules, .. } = &there.details else { return };
    policy.target_tags.clone_from(target_tags);
    let account = accounts.backup.as_ref().filter(|_| policy.backup.is_some());
    let before = std::mem::take(&mut policy.schedules);
    let mut until: Option<Option<Age>> = None;
    for (name, (schedule, shares)) in schedules {
        // Where there is no backup account, nothing shows what a schedule would do with one.
        let unshown = before.get(name).is_none_or(|before| before.backup);
        let shared = account.is_some_and(|account| shares.accounts.contains(account));
        if shared {
            until = until.or_else(|| Some(shares.until.clone()));
        }
        let backup = if account.is_some() { shared } else { unshown };
        policy.schedules.insert(name.clone(), Schedule { backup, ..schedule.clone() });
    }
    if let (Some(backup), Some(until)) = (&mut policy.backup, until) {
        backup.unshare_after = until;
    }
}

fn fill_backup(policy: &mut DrSnapshotPolicy, observed: &Observed, accounts: &Accounts) {
    let Some(backup) = &mut policy.backup else { return };
    backup.account_id.clone_from(&accounts.backup);
    let there = observed.side(Side::Backup).policy.as_ref();
    backup.policy_arn = there.map(|there| there.arn.clone());
    backup.execution_role_arn = there.map(|there| there.role_arn.clone());
    let Some(there) = there else { return };
    if backup.role_arn.is_some() {
        backup.role_arn = Some(there.role_arn.clone());
    }
    if let Details::Copies { copies, .. } = &there.details {
        backup.copies.clone_from(copies);
    }
}

/// Sets what the attributes say of volumes.
pub fn fill_coverage(policy: &mut DrSnapshotPolicy, coverage: Coverage) {
    policy.volume_ids = Some(coverage.own);
    policy.uncovered_volume_ids = Some(coverage.uncovered);
    policy.other_policy_ids = Some(coverage.others);
}

/// What is not as it should be and shows in no attribute.
///
/// # Errors
/// Where the parts are in no order: a mistake of the page.
pub fn faults(
    work: &super::work::Work<'_>,
) -> Result<BTreeSet<String>, travel_framework::Diagnostic> {
    let keys = work.wanted.keys();
    Ok(graph(&keys)?.unfinished(work).into_iter().collect())
}

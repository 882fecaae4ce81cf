//! What a snapshot policy's attributes ask for, worked out before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Failure;

use super::details::{Details, Shares};
use super::lock::{Lock, bins};
use super::permissions;
use super::work::mistake;
use super::{DrSnapshotPolicy, Keys};
use crate::iam_role::Documents;
use crate::partition::Partition;
use crate::tags::Tags;

/// One of the two accounts of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The one with the volumes.
    Source,
    /// The one with the backups.
    Backup,
}

impl Side {
    /// What a part of this side is called.
    pub fn part(self, name: &str) -> String {
        match self {
            Self::Source => name.to_owned(),
            Self::Backup => format!("backup/{name}"),
        }
    }
}

/// Where the two accounts are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The region of both policies.
    pub region: String,
    /// The id of the account with the volumes.
    pub source: String,
    /// The id of the account with the backups.
    pub backup: Option<String>,
}

impl Accounts {
    /// The partition of both.
    pub fn partition(&self) -> Partition {
        Partition::of_region(&self.region)
    }

    /// The account of a side.
    pub fn of(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source,
            Side::Backup => self.backup.as_deref().unwrap_or_default(),
        }
    }
}

/// What there is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The attributes.
    pub policy: DrSnapshotPolicy,
    /// Where.
    pub accounts: Accounts,
    /// Whether the policies are to be at work. One that is in error is to be, too.
    pub enabled: bool,
}

impl Wanted {
    /// What these attributes ask for.
    pub fn of(policy: &DrSnapshotPolicy, accounts: Accounts) -> Self {
        Self { policy: policy.clone(), accounts, enabled: policy.state != "DISABLED" }
    }

    /// The parts that there are to be.
    pub fn keys(&self) -> Keys {
        let backup = self.policy.backup.as_ref();
        let rules = bins(&self.policy, &self.accounts);
        let mut keys = Keys { policies: [Side::Source].into(), rules, ..Keys::default() };
        if self.policy.role_arn.is_none() {
            keys.roles.insert(Side::Source);
        }
        if let Some(backup) = backup {
            keys.policies.insert(Side::Backup);
            keys.grants.clone_from(&self.policy.volume_kms_key_arns);
            if backup.role_arn.is_none() {
                keys.roles.insert(Side::Backup);
            }
        }
        keys
    }

    /// The lock.
    ///
    /// # Errors
    /// Where there is none, which the parts rule out.
    pub fn lock(&self) -> Result<Lock, Failure> {
        self.policy.lock.clone().ok_or_else(|| mistake("lock"))
    }

    /// The name of the role that is made for a side.
    pub fn role_name(&self, side: Side) -> String {
        role_name(&self.policy.name, side, &self.accounts)
    }

    /// The ARN of the role that a side works as.
    pub fn role_arn(&self, side: Side) -> String {
        let given = match side {
            Side::Source => self.policy.role_arn.clone(),
            Side::Backup => self.policy.backup.as_ref().and_then(|it| it.role_arn.clone()),
        };
        given.unwrap_or_else(|| role_arn(&self.policy.name, side, &self.accounts))
    }

    /// The documents of the role that is made for a side.
    pub fn documents(&self, side: Side) -> Documents {
        permissions::documents(&self.policy, side, &self.accounts)
    }

    /// What a side's policy is for.
    pub fn description(&self, side: Side) -> String {
        match side {
            Side::Source => self.policy.description.clone().unwrap_or_default(),
            Side::Backup => {
                format!("Backups of {} of account {}", self.policy.name, self.accounts.source)
            }
        }
    }

    /// The tags of all parts, without marks.
    pub fn tags(&self) -> Tags {
        self.policy.tagging.tags_all.clone().unwrap_or_default()
    }

    /// What the policy for the volumes does.
    pub fn snapshots(&self) -> Details {
        let account = self.accounts.backup.as_ref().filter(|_| self.policy.backup.is_some());
        let until = self.policy.backup.as_ref().and_then(|backup| backup.unshare_after.clone());
        let schedules = self.policy.schedules.iter().map(|(name, schedule)| {
            let account = account.filter(|_| schedule.backup);
            let shares = account
                .map(|account| Shares { accounts: [account.clone()].into(), until: until.clone() });
            // Whether a schedule's snapshots are backed up shows in whom it shares them with.
            let schedule = super::Schedule { backup: true, ..schedule.clone() };
            (name.clone(), (schedule, shares.unwrap_or_default()))
        });
        Details::Snapshots {
            target_tags: self.policy.target_tags.clone(),
            schedules: schedules.collect::<BTreeMap<_, _>>(),
            others: BTreeSet::new(),
        }
    }

    /// What the policy of the backup account does, with the snapshots of this policy.
    pub fn copies(&self, policy_id: &str) -> Details {
        let backup = self.policy.backup.as_ref();
        Details::Copies {
            owners: [self.accounts.source.clone()].into(),
            pattern: format!("^.*Created for policy: {policy_id}.*$"),
            copies: backup.map(|backup| backup.copies.clone()).unwrap_or_default(),
        }
    }
}

/// The name of the role that is made for a side of a policy. Many accounts may have their backups
/// in one, so that the names there differ by account.
pub fn role_name(policy: &str, side: Side, accounts: &Accounts) -> String {
    let Accounts { region, source, .. } = accounts;
    match side {
        Side::Source => format!("travel-{policy}-{region}-dlm"),
        Side::Backup => format!("travel-{policy}-{region}-{source}"),
    }
}

/// The ARN of the role that is made for a side of a policy.
pub fn role_arn(policy: &str, side: Side, accounts: &Accounts) -> String {
    let name = role_name(policy, side, accounts);
    accounts.partition().iam_arn(accounts.of(side), &format!("role/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_fit_into_iam() {
        let longest = "a".repeat(28);
        let accounts = Accounts {
            region: "ap-southeast-2".to_owned(),
            source: "111122223333".to_owned(),
            backup: Some("444455556666".to_owned()),
        };
        for side in [Side::Source, Side::Backup] {
            assert!(role_name(&longest, side, &accounts).len() <= 64);
        }
        assert_eq!(
            role_arn("claims", Side::Backup, &accounts),
            "arn:aws:iam::444455556666:role/travel-claims-ap-southeast-2-111122223333"
        );
    }
}

//! What the tests of the policy's modules share, and tests of its operations.

use super::wanted::Accounts;
use super::*;

/// The accounts of the tests.
pub fn accounts() -> Accounts {
    Accounts {
        region: "eu-central-1".to_owned(),
        source: "111122223333".to_owned(),
        backup: Some("444455556666".to_owned()),
    }
}

/// A policy that takes snapshots every hour, as a plan would have it.
pub fn policy() -> DrSnapshotPolicy {
    let hourly = Schedule {
        interval_hours: Some(1),
        retain: Some(Retention { count: Some(24), ..Retention::default() }),
        ..Schedule::default()
    };
    DrSnapshotPolicy {
        name: "claims".to_owned(),
        description: Some("Snapshots for claims".to_owned()),
        state: "ENABLED".to_owned(),
        target_tags: [("backup".to_owned(), ["hourly".to_owned()].into())].into(),
        schedules: [("hourly".to_owned(), hourly)].into(),
        tagging: Tagging { tags: None, tags_all: Some([("team".into(), "core".into())].into()) },
        ..DrSnapshotPolicy::default()
    }
}

/// The same, with copies in another region and in the backup account.
pub fn with_backup() -> DrSnapshotPolicy {
    let mut policy = policy();
    let key =
        |region: &str, account: &str, id: &str| format!("arn:aws:kms:{region}:{account}:key/{id}");
    let copy = RegionCopy {
        kms_key_arn: Some(key("eu-west-1", "111122223333", "recovery")),
        retain: Some(Age { interval: Some(7), unit: Some("DAYS".to_owned()) }),
        ..RegionCopy::default()
    };
    for schedule in policy.schedules.values_mut() {
        schedule.copies = [("eu-west-1".to_owned(), copy.clone())].into();
    }
    let copy = BackupCopy {
        kms_key_arn: Some(key("eu-central-1", "444455556666", "backups")),
        retain: Some(Age { interval: Some(30), unit: Some("DAYS".to_owned()) }),
        ..BackupCopy::default()
    };
    policy.volume_kms_key_arns = [key("eu-central-1", "111122223333", "volumes")].into();
    policy.backup = Some(Backup {
        account: Some("444455556666".to_owned()),
        copies: [("eu-central-1".to_owned(), copy)].into(),
        ..Backup::default()
    });
    policy
}

/// The same, with a lock.
pub fn with_lock() -> DrSnapshotPolicy {
    let lock = Lock { retain_days: Some(14), unlock_delay_days: Some(7), unlocked: false };
    DrSnapshotPolicy { lock: Some(lock), ..with_backup() }
}

mod fake;
mod operations;

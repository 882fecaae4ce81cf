//! The resource `travel_dr_snapshot_policy`: its attributes, and the order of its parts, which
//! stand in the folder beside this file.
//!
//! It follows "Automate backups with Amazon Data Lifecycle Manager" of the Amazon EBS User Guide:
//! <https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lifecycle.html>. Copies in another
//! account are made there, by a policy of that account that waits for snapshots to be shared.
//!
//! [`wanted`] works out what there is to be, [`observed`] looks at what there is, the parts make
//! the one from the other, and [`state`] tells of the result.

mod coverage;
mod cron;
mod details;
mod grant;
mod import;
mod lifecycle_policy;
mod lock;
mod observed;
mod operations;
mod permissions;
mod planning;
mod recovery_point;
mod recycle_bin;
mod role;
mod schedule;
mod state;
mod wanted;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::parts::{Graph, Ordered};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Model};
use travel_value::Value;

use self::lock::Bin;
pub use self::lock::Lock;
pub use self::schedule::{Age, BackupCopy, RegionCopy, Retention, Schedule};
use self::wanted::Side;
use self::work::Work;
use crate::Tagging;
use crate::placement::Placement;

/// Snapshots of the volumes that carry certain tags, taken on schedules by Amazon Data Lifecycle
/// Manager (DLM), with copies in other regions and in a backup account.
///
/// Snapshots and their copies in other regions carry the tags of their volumes, so that a volume
/// can be given back to the claim it belonged to (`kubernetes.io/created-for/pvc/name`). Copies in
/// the backup account cannot, since AWS shares no tags: their description names the snapshot they
/// were copied from.
///
/// DLM cannot lock snapshots: it would have to delete what is locked. What `lock` closes is the
/// Recycle Bin: whatever is deleted, by DLM or by whoever takes over the account, can be brought
/// back for some days, and the rules that say so can be changed by nobody while they are locked.
/// To hold single snapshots for longer than the policy does, lock them with
/// `aws ec2 lock-snapshot`: DLM then leaves them, and they are to be deleted by hand afterwards.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_dr_snapshot_policy",
    proof = tags,
    id = "arn",
    identity("region", "name"),
    // For each further hundred grants on a key it is one call more.
    refresh = "5 + other_policy_ids + 3 * backup + backup * volume_kms_key_arns + 2 * lock_rule_arns",
    keeps(
        "the snapshots and copies it has made, which nothing deletes from then on",
        "the rules of the Recycle Bin that are locked, which nobody can delete"
    ),
    consistency_seconds = 8
)]
pub struct DrSnapshotPolicy {
    /// The policy's name within the deployment. It cannot be changed.
    #[model(
        required,
        pattern(
            "^[A-Za-z0-9][A-Za-z0-9_-]{0,27}$",
            "1 to 28 letters, digits, dashes or underscores, the first a letter or digit"
        )
    )]
    pub name: String,
    /// Where the volumes are.
    #[model(flatten)]
    pub placement: Placement,
    /// What the policy is for; by default `Snapshots for NAME`.
    #[model(
        optional,
        computed,
        pattern(
            "^[0-9A-Za-z _-]{1,500}$",
            "1 to 500 letters, digits, spaces, dashes or underscores"
        )
    )]
    pub description: Option<String>,
    /// Whether the policy is at work: `ENABLED` or `DISABLED`. DLM sets it to `ERROR` where it
    /// cannot work; an apply then enables it again.
    #[model(optional, default = "ENABLED", one_of("ENABLED", "DISABLED"))]
    pub state: String,
    /// The tags of the volumes, as a set of values for each key, such as
    /// `{ backup = ["hourly"] }`. A volume with any one of them belongs to the policy.
    #[model(required, length(1, 50), rule = has_values)]
    pub target_tags: BTreeMap<String, BTreeSet<String>>,
    /// The schedules, up to four, by name. What a schedule has taken is deleted by no other: a
    /// schedule with a new name leaves the snapshots of the old one behind.
    #[model(required, length(1, 4), rule = schedule::has_names)]
    pub schedules: BTreeMap<String, Schedule>,
    /// The ARNs of the keys that encrypt the volumes. The role may use them, and the backup
    /// account is granted their use.
    #[model(optional, default, length(0, 20), rule = schedule::are_keys)]
    pub volume_kms_key_arns: BTreeSet<String>,
    /// The role that DLM works as. By default one is made, with the permissions that this policy
    /// needs and no others. A given one must let `dlm.amazonaws.com` assume it and have what "IAM
    /// service roles for Amazon Data Lifecycle Manager" (Amazon EBS User Guide) tells of: to
    /// describe volumes and instances, to make, copy, tag and delete snapshots, with `backup` to
    /// share them, and to use the keys of volumes and copies and grant their use.
    #[model(optional, pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role"))]
    pub role_arn: Option<String>,
    /// Copies in another account. That account's side (a role, a policy that copies what is shared
    /// with it, and grants for `volume_kms_key_arns`) is made there too.
    #[model(optional)]
    pub backup: Option<Backup>,
    /// The lock on snapshots and copies: a rule of the Recycle Bin for every region that has any,
    /// in the backup account too. AWS locks only rules that are for all snapshots of an account
    /// in a region, so that these hold back others' as well. When the policy is destroyed, locked
    /// rules stay, and are named.
    #[model(optional)]
    pub lock: Option<Lock>,
    /// The recovery point objective: how old the newest usable snapshot may be, in minutes, in
    /// every region and account that has copies. A plan whose schedules cannot keep it is refused.
    /// DLM begins within an hour of a schedule's time, and EC2 works on 20 copies at once to one
    /// region, so it counts the longest time between two snapshots, an hour, and `copy_minutes`
    /// for every 20 volumes.
    #[model(optional, config_only, range(1, 527_040))]
    pub rpo_minutes: Option<u32>,
    /// How long it takes at most from the start of a snapshot until it is complete and copied, in
    /// minutes, as measured.
    #[model(optional, config_only, range(1, 10_080))]
    pub copy_minutes: Option<u32>,
    /// How many volumes there will be at most. Where more are found, they count.
    #[model(optional, config_only, range(1, 100_000))]
    pub most_volumes: Option<u32>,
    /// The ARN of the policy.
    #[model(computed)]
    pub arn: Option<String>,
    /// The id of the policy.
    #[model(computed)]
    pub policy_id: Option<String>,
    /// The ARN of the role that DLM works as, given or made.
    #[model(computed)]
    pub execution_role_arn: Option<String>,
    /// The ARNs of the rules of `lock` by region, after `backup/` for those of the backup account.
    #[model(computed)]
    pub lock_rule_arns: Option<BTreeMap<String, String>>,
    /// From when on the rules of `lock` can be changed, as `2026-01-31T12:00:00Z`, while they are
    /// being unlocked.
    #[model(computed)]
    pub unlocks_at: Option<String>,
    /// The ids of the volumes that the policy takes snapshots of.
    #[model(computed)]
    pub volume_ids: Option<BTreeSet<String>>,
    /// The ids of the volumes in the same account and region that no enabled policy takes
    /// snapshots of, whoever's.
    #[model(computed)]
    pub uncovered_volume_ids: Option<BTreeSet<String>>,
    /// The ids of the other enabled policies of account and region that were looked at for
    /// `uncovered_volume_ids`.
    #[model(computed)]
    pub other_policy_ids: Option<BTreeSet<String>>,
    /// What is not as it should be and shows in no other attribute, such as `role` or
    /// `backup/policy`: the next apply mends it.
    #[model(computed)]
    pub faults: Option<BTreeSet<String>>,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// Copies in another account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Backup {
    /// The account: its id, or its name in the provider's `accounts` or in AWS Organizations.
    #[model(required, length(1, 50))]
    pub account: Option<String>,
    /// The regions to copy to, up to three, which may be the policy's own.
    #[model(required, length(1, 3))]
    pub copies: BTreeMap<String, BackupCopy>,
    /// How long a snapshot stays shared with the account; by default for as long as it exists.
    #[model(optional, rule = schedule::is_age)]
    pub unshare_after: Option<Age>,
    /// The role that DLM works as in that account. By default one is made. A given one must let
    /// `dlm.amazonaws.com` assume it and have what "Automate cross-account snapshot copies" (Amazon
    /// EBS User Guide) tells of: to describe, copy, tag and delete snapshots, and to use the keys
    /// of volumes and copies and grant their use; besides the `events:` rights of the managed
    /// policy AWSDataLifecycleManagerServiceRole, by which DLM hears of what is shared.
    #[model(optional, pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role"))]
    pub role_arn: Option<String>,
    /// The id of the account.
    #[model(computed)]
    pub account_id: Option<String>,
    /// The ARN of the role that DLM works as there, given or made.
    #[model(computed)]
    pub execution_role_arn: Option<String>,
    /// The ARN of the policy that copies.
    #[model(computed)]
    pub policy_arn: Option<String>,
}

fn has_values(tags: &Value) -> Result<(), String> {
    let mut count = 0;
    for (key, values) in tags.entries().into_iter().flatten() {
        if key.is_empty() || key.chars().count() > 128 {
            return Err("a map whose keys have 1 to 128 characters".to_owned());
        }
        let Some(values) = values.elements() else { continue };
        count += values.len();
        if values.is_empty() {
            return Err(format!("a map with at least one value for {key:?}"));
        }
    }
    if count > 50 {
        Err("a map of 50 values at most, all keys together".to_owned())
    } else {
        Ok(())
    }
}

/// The parts of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The sides with a role of ours.
    pub roles: BTreeSet<Side>,
    /// The sides with a policy.
    pub policies: BTreeSet<Side>,
    /// The keys with a grant for the backup account.
    pub grants: BTreeSet<String>,
    /// The Recycle Bins with a rule.
    pub rules: BTreeSet<Bin>,
}

impl Keys {
    /// These parts, but not those.
    pub fn without(mut self, others: &Self) -> Self {
        self.roles.retain(|side| !others.roles.contains(side));
        self.policies.retain(|side| !others.policies.contains(side));
        self.grants.retain(|key| !others.grants.contains(key));
        self.rules.retain(|bin| !others.rules.contains(bin));
        self
    }
}

/// The graph of these parts: the backup account's side comes last, since its policy waits for the
/// snapshots of the other.
fn graph<'a>(keys: &Keys) -> Result<Graph<Work<'a>>, Diagnostic> {
    let mut parts: Vec<Ordered<Work<'a>>> = Vec::new();
    let grants: Vec<String> = keys.grants.iter().map(|key| grant::part(key)).collect();
    for side in keys.roles.iter().copied() {
        parts.push((Box::new(role::RolePart { side }), Vec::new()));
    }
    for key in keys.grants.iter().cloned() {
        parts.push((Box::new(grant::GrantPart { key }), vec![role::part(Side::Backup)]));
    }
    for bin in keys.rules.iter().cloned() {
        parts.push((Box::new(recycle_bin::RulePart { bin }), Vec::new()));
    }
    for side in keys.policies.iter().copied() {
        let mut after = vec![role::part(side)];
        if side == Side::Backup {
            after.push(lifecycle_policy::part(Side::Source));
            after.extend(grants.iter().cloned());
        }
        parts.push((Box::new(lifecycle_policy::PolicyPart { side }), after));
    }
    Graph::new(parts)
}

#[cfg(test)]
mod tests;

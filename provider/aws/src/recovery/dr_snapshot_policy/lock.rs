//! The lock on what a policy makes: what the attribute says, which regions' Recycle Bins have a
//! rule for it, what a plan may do with a rule that is locked, and what the rules tell.
//!
//! Follows "Lock a Recycle Bin retention rule to prevent it from being updated or deleted" of the
//! Amazon EBS User Guide.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::{Model, Plan};
use travel_value::{Path, Value};

use super::DrSnapshotPolicy;
use super::observed::Observed;
use super::recycle_bin::Rule;
use super::wanted::{Accounts, Side};

/// How long what is deleted is held back, by rules that nobody can change while they are locked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Lock {
    /// For how many days a deleted snapshot can be brought back. It is stored, and paid for, until
    /// then.
    #[model(required, range(1, 365))]
    pub retain_days: Option<u32>,
    /// How many days pass from the unlocking until the rules can be changed: the time there is to
    /// notice an intruder.
    #[model(required, range(7, 30))]
    pub unlock_delay_days: Option<u32>,
    /// Whether the rules are unlocked. They hold back what is deleted all the same. Whatever else
    /// is to change of the lock, this is the first step, `unlock_delay_days` before the second.
    #[model(optional, default = false)]
    pub unlocked: bool,
}

/// The Recycle Bin of a region, in one of the two accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bin {
    /// Whose.
    pub side: Side,
    /// The region.
    pub region: String,
}

impl Bin {
    /// What it is called in attributes: its region, after `backup/` in the backup account.
    pub fn name(&self) -> String {
        self.side.part(&self.region)
    }

    /// The bin of a name in attributes.
    pub fn of_name(name: &str) -> Self {
        match name.strip_prefix(&Side::Backup.part("")) {
            Some(region) => Self { side: Side::Backup, region: region.to_owned() },
            None => Self { side: Side::Source, region: name.to_owned() },
        }
    }

    /// What its rule is called among the parts.
    pub fn part(&self) -> String {
        self.side.part(&format!("lock/{}", self.region))
    }
}

/// The bins that have a rule: those of all regions with snapshots or copies.
pub fn bins(policy: &DrSnapshotPolicy, accounts: &Accounts) -> BTreeSet<Bin> {
    if policy.lock.is_none() {
        return BTreeSet::new();
    }
    let bin = |side: Side, region: &String| Bin { side, region: region.clone() };
    let copies = policy.schedules.values().flat_map(|schedule| schedule.copies.keys());
    let regions = [&accounts.region].into_iter().chain(copies);
    let backups = policy.backup.iter().flat_map(|backup| backup.copies.keys());
    regions
        .map(|region| bin(Side::Source, region))
        .chain(backups.map(|region| bin(Side::Backup, region)))
        .collect()
}

/// Plans what the rules tell, and refuses what their lock does not allow.
pub fn plan(plan: &mut Plan<'_>) {
    let lock = plan.planned.get("lock").clone();
    let arns = match names(plan) {
        Some(names) if names.is_empty() => Value::Map(BTreeMap::new()),
        Some(names) if stays(plan, &names) => plan.prior.get("lock_rule_arns").clone(),
        _ => Value::unknown(),
    };
    plan.set("lock_rule_arns", arns);
    let unlocked = lock.get("unlocked").as_bool();
    let was_unlocked = plan.prior.get("lock").get("unlocked").as_bool() == Some(true);
    let unlocks_at = match unlocked {
        _ if lock.is_null() => Value::Null,
        Some(false) => Value::Null,
        Some(true) if was_unlocked => plan.prior.get("unlocks_at").clone(),
        _ => Value::unknown(),
    };
    plan.set("unlocks_at", unlocks_at);
    refuse_what_is_locked(plan, &lock);
}

/// The names of the bins that are to have a rule, once they are known.
fn names(plan: &Plan<'_>) -> Option<BTreeSet<String>> {
    let planned = &plan.planned;
    if planned.get("lock").is_null() {
        return Some(BTreeSet::new());
    }
    planned.get("lock").entries()?;
    let mut names = BTreeSet::from([planned.get("region").as_str()?.to_owned()]);
    for schedule in planned.get("schedules").entries()?.values() {
        names.extend(schedule.get("copies").entries()?.keys().cloned());
    }
    let backup = planned.get("backup");
    if !backup.is_null() {
        let regions = backup.get("copies").entries()?.keys();
        names.extend(regions.map(|region| Side::Backup.part(region)));
    }
    Some(names)
}

/// Whether the bins of these names are those that have a rule already, which can stay: for another
/// delay there must be another rule.
fn stays(plan: &Plan<'_>, names: &BTreeSet<String>) -> bool {
    let delay = |object: &Value| object.get("lock").get("unlock_delay_days").clone();
    let account = |object: &Value| object.get("backup").get("account_id").clone();
    let there = plan.prior.get("lock_rule_arns").entries().into_iter().flatten();
    there.map(|(name, _)| name).eq(names.iter())
        && account(&plan.planned) == account(plan.prior)
        && delay(&plan.planned) == delay(plan.prior)
}

fn refuse_what_is_locked(plan: &mut Plan<'_>, lock: &Value) {
    let before = plan.prior.get("lock").clone();
    if before.entries().is_none() || lock.is_unknown() {
        return;
    }
    let until = plan.prior.get("unlocks_at").as_str().map(str::to_owned);
    let detail = match until {
        Some(until) => format!(
            "The rules of the Recycle Bin are unlocked, and can be changed from {until} on. Until \
             then leave it as it is, with unlocked = true."
        ),
        None if before.get("unlocked").as_bool() == Some(true) => return,
        None => format!(
            "While the rules of the Recycle Bin are locked nobody can change or remove them. Set \
             unlocked = true and apply; {} days later it can be done.",
            before
                .get("unlock_delay_days")
                .as_number()
                .map_or_else(String::new, |it| it.to_string()),
        ),
    };
    if lock.is_null() {
        plan.refuse("lock", "a lock cannot be taken away while it is closed", detail);
        return;
    }
    for name in ["retain_days", "unlock_delay_days"] {
        let after = lock.get(name);
        if !after.is_unknown() && after != before.get(name) {
            let path = Path::attribute("lock").field(name);
            plan.refuse_at(path, "a lock cannot be changed while it is closed", detail.clone());
        }
    }
}

/// Sets what the rules tell, as far as they tell the same: where one is not like the others, it is
/// that part which is not as it should be.
pub fn fill(policy: &mut DrSnapshotPolicy, observed: &Observed) {
    policy.lock_rule_arns = Some(BTreeMap::new());
    policy.unlocks_at = None;
    let Some(lock) = &mut policy.lock else { return };
    let named = [Side::Source, Side::Backup].into_iter().flat_map(|side| {
        let rules = observed.side(side).rules.iter();
        rules.map(move |(region, rule)| (side.part(region), rule))
    });
    let named: BTreeMap<String, &Rule> = named.collect();
    let rules = || named.values().copied();
    let arns = named.iter().map(|(name, rule)| (name.clone(), rule.arn.clone()));
    policy.lock_rule_arns = Some(arns.collect());
    policy.unlocks_at = rules().filter_map(|rule| rule.unlocks_at.clone()).max();
    let days = common(rules().map(|rule| rule.retain_days));
    lock.retain_days = days.or(lock.retain_days).or(rules().map(|rule| rule.retain_days).next());
    let delays = || rules().filter_map(|rule| rule.unlock_delay_days);
    lock.unlock_delay_days =
        common(delays()).or(lock.unlock_delay_days).or_else(|| delays().next());
    lock.unlocked = common(rules().map(|rule| !rule.is_locked())).unwrap_or(lock.unlocked);
}

/// The value that all of these have; none where they differ, or there are none.
fn common<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::dr_snapshot_policy::tests::{accounts, with_backup};

    #[test]
    fn every_region_with_copies_has_a_rule() {
        let mut policy = with_backup();
        assert!(bins(&policy, &accounts()).is_empty());
        policy.lock = Some(Lock::default());
        let names = |policy: &DrSnapshotPolicy| -> Vec<String> {
            bins(policy, &accounts()).iter().map(Bin::name).collect()
        };
        assert_eq!(names(&policy), ["eu-central-1", "eu-west-1", "backup/eu-central-1"]);
        for bin in bins(&policy, &accounts()) {
            assert_eq!(Bin::of_name(&bin.name()), bin);
        }
        policy.backup = None;
        assert_eq!(names(&policy), ["eu-central-1", "eu-west-1"]);
    }
}

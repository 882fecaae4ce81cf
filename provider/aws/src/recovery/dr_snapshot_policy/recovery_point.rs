//! Whether a policy's schedules can keep the recovery point objective that is stated for it.
//!
//! DLM begins within an hour of a schedule's time ("CreateRule" of its API reference), and EC2
//! works on a limited number of copies at once to each region ("Quotas for Amazon EBS"); what is
//! more waits.

use std::collections::BTreeMap;

use super::cron::Cron;
use super::{DrSnapshotPolicy, Schedule};

/// How many copies to one region an account can have under way. The quota cannot be raised.
pub const COPIES_AT_ONCE: u32 = 20;
/// How long after a schedule's time DLM may begin, in minutes.
const BEGINS_WITHIN_MINUTES: u64 = 60;

/// What is stated of a policy, in minutes, and for how many volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The objective.
    pub rpo_minutes: u64,
    /// How long one snapshot and its copy take.
    pub copy_minutes: u64,
    /// How many volumes there are.
    pub volumes: u32,
}

/// Why an objective cannot be kept, in words; nothing where it can. Schedules whose times are not
/// known yet are taken to do.
pub fn problems(policy: &DrSnapshotPolicy, region: &str, stated: Stated) -> Vec<String> {
    let Stated { rpo_minutes, copy_minutes, volumes } = stated;
    let batches = u64::from(volumes.div_ceil(COPIES_AT_ONCE)).max(1);
    let mut problems = Vec::new();
    for (place, schedules) in places(policy, region) {
        let copied = place.copied;
        let work = if copied { batches * copy_minutes } else { copy_minutes };
        let mut ages = Vec::new();
        for (name, schedule) in schedules {
            let Some((shortest, longest)) = gaps(schedule) else { return Vec::new() };
            if copied && work > shortest {
                problems.push(format!(
                    "{volumes} volumes of schedule {name:?} take {batches} times {copy_minutes} \
                     minutes to copy to {place}, {COPIES_AT_ONCE} at once, and every {shortest} \
                     minutes there are more: the copies never catch up",
                    place = place.words,
                ));
            }
            ages.push(longest + BEGINS_WITHIN_MINUTES + work);
        }
        let Some(age) = ages.into_iter().min().filter(|age| *age > rpo_minutes) else { continue };
        let how = match (copied, batches) {
            (true, 2..) => format!(
                "of which {work} are for {volumes} volumes, {COPIES_AT_ONCE} of which are copied \
                 at once"
            ),
            _ => format!("of which {work} are for the snapshot and its copy"),
        };
        problems.push(format!(
            "the newest one {} can be {age} minutes old, {how}, and {BEGINS_WITHIN_MINUTES} for \
             when DLM begins",
            place.words,
        ));
    }
    problems
}

/// Somewhere to restore from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Whether a copy has to be made for it.
    copied: bool,
    words: String,
}

/// The places to restore from, with the schedules that serve each.
fn places<'a>(
    policy: &'a DrSnapshotPolicy,
    region: &str,
) -> BTreeMap<Place, Vec<(&'a str, &'a Schedule)>> {
    let mut places: BTreeMap<Place, Vec<(&str, &Schedule)>> = BTreeMap::new();
    for (name, schedule) in &policy.schedules {
        let mut serve = |copied, words: String| {
            places.entry(Place { copied, words }).or_default().push((name, schedule));
        };
        serve(false, format!("in {region}"));
        for region in schedule.copies.keys() {
            serve(true, format!("in {region}"));
        }
        for backup in policy.backup.iter().filter(|_| schedule.backup) {
            for region in backup.copies.keys() {
                serve(true, format!("in {region} of the backup account"));
            }
        }
    }
    places
}

/// The shortest and the longest time between two snapshots of a schedule, in minutes.
fn gaps(schedule: &Schedule) -> Option<(u64, u64)> {
    match (&schedule.cron, schedule.interval_hours) {
        (Some(cron), _) => Cron::parse(cron).ok()?.gaps(),
        (None, Some(hours)) => Some((u64::from(hours) * 60, u64::from(hours) * 60)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::dr_snapshot_policy::tests::{policy, with_backup};

    fn check(policy: &DrSnapshotPolicy, stated: (u64, u64, u32), parts: &[&str]) {
        let (rpo_minutes, copy_minutes, volumes) = stated;
        let stated = Stated { rpo_minutes, copy_minutes, volumes };
        let found = problems(policy, "eu-central-1", stated);
        assert_eq!(found.len(), parts.len(), "{found:?}");
        for (found, part) in found.iter().zip(parts) {
            assert!(found.contains(part), "{part:?} is not in {found:?}");
        }
    }

    #[test]
    fn an_objective_counts_times_hours_and_copies() {
        // Every hour, begun within an hour, ten minutes for the snapshot.
        check(&policy(), (130, 10, 500), &[]);
        check(&policy(), (129, 10, 500), &["in eu-central-1 can be 130 minutes old"]);
        // Copies are made twenty at once: 60 volumes take three times as long as one.
        let copied = with_backup();
        check(&copied, (150, 10, 60), &[]);
        check(
            &copied,
            (149, 10, 60),
            &["in eu-central-1 of the backup account can be 150", "in eu-west-1 can be 150"],
        );
        check(&copied, (140, 10, 41), &["of the backup account", "41 volumes, 20 of which"]);
        check(&copied, (140, 10, 40), &[]);
    }

    #[test]
    fn copies_must_be_done_before_the_next_begin() {
        let never = "the copies never catch up";
        check(&with_backup(), (100_000, 10, 121), &[never, never]);
        check(&with_backup(), (100_000, 10, 120), &[]);
    }

    #[test]
    fn the_best_schedule_of_each_place_counts() {
        let mut policy = with_backup();
        let hourly = policy.schedules["hourly"].clone();
        let daily = Schedule { interval_hours: Some(24), ..hourly };
        policy.schedules.insert("daily".to_owned(), daily);
        check(&policy, (150, 10, 60), &[]);
        policy.schedules.get_mut("hourly").unwrap().copies.clear();
        check(&policy, (150, 10, 60), &["in eu-west-1 can be 1530 minutes old"]);
        // What is not known yet is no reason to refuse.
        policy.schedules.get_mut("daily").unwrap().interval_hours = None;
        check(&policy, (150, 10, 60), &[]);
    }
}

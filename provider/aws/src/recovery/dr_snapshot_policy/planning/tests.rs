use travel_framework::Diagnostics;
use travel_framework::plan::{Computed, plan_by_schema};

use super::*;
use crate::recovery::dr_snapshot_policy::tests::{policy, with_backup, with_lock};
use crate::recovery::dr_snapshot_policy::{Lock, Retention, Schedule};

const ACCOUNT: &str = "111122223333";
const BACKUP: &str = "444455556666";

/// A configuration that says all that this policy says.
fn config(policy: &DrSnapshotPolicy) -> Value {
    let mut config = Model::to_value(policy);
    config.set_attribute("description", Value::Null);
    config.set_attribute("tags_all", Value::Null);
    config
}

/// The plan of a configuration, made as the framework makes it.
fn planned(config: &Value, prior: &Value) -> (Value, Diagnostics) {
    let block = <DrSnapshotPolicy as Model>::block();
    let computed = Computed::Applied { resumed: false };
    let mut plan = Plan::new(config, prior, plan_by_schema(&block, prior, config, computed));
    plan.set("region", "eu-central-1".into());
    plan.set("account_id", ACCOUNT.into());
    plan.set("tags_all", Value::map([("team", Value::from("core"))]));
    super::plan(&mut plan, |account| match account {
        "backup" => Some(BACKUP.to_owned()),
        other => other.bytes().all(|byte| byte.is_ascii_digit()).then(|| other.to_owned()),
    });
    (plan.planned, plan.diagnostics)
}

fn refused(policy: &DrSnapshotPolicy, prior: &Value) -> Vec<String> {
    let (_, diagnostics) = planned(&config(policy), prior);
    diagnostics.into_iter().map(|it| format!("{}: {}", it.summary, it.detail)).collect()
}

#[test]
fn what_can_be_known_is_known() {
    let (planned, diagnostics) = planned(&config(&with_backup()), &Value::Null);
    assert!(diagnostics.is_empty());
    assert_eq!(planned.get("description").as_str(), Some("Snapshots for claims"));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/travel-claims-eu-central-1-dlm");
    assert_eq!(planned.get("execution_role_arn").as_str(), Some(role.as_str()));
    let backup = planned.get("backup");
    assert_eq!(backup.get("account_id").as_str(), Some(BACKUP));
    let role = format!("arn:aws:iam::{BACKUP}:role/travel-claims-eu-central-1-{ACCOUNT}");
    assert_eq!(backup.get("execution_role_arn").as_str(), Some(role.as_str()));
    for value in [planned.get("arn"), planned.get("volume_ids"), backup.get("policy_arn")] {
        assert!(value.is_unknown());
    }
    assert_eq!(*planned.get("faults"), Value::Set(Vec::new()));
}

/// The state that a policy is in once it is made.
fn made(policy: &DrSnapshotPolicy) -> DrSnapshotPolicy {
    let mut made = policy.clone();
    made.arn = Some("arn:aws:dlm:eu-central-1:111122223333:policy/policy-1".into());
    made.policy_id = Some("policy-1".into());
    made.volume_ids = Some(BTreeSet::new());
    if let Some(backup) = &mut made.backup {
        backup.account_id = Some(BACKUP.into());
        backup.policy_arn = Some("arn:aws:dlm:eu-central-1:444455556666:policy/policy-2".into());
    }
    made
}

#[test]
fn another_name_for_the_backup_account_changes_nothing() {
    let prior = Model::to_value(&made(&with_backup()));
    for (account, stays) in [(BACKUP, true), ("backup", true), ("777788889999", false)] {
        let mut policy = with_backup();
        policy.backup.as_mut().unwrap().account = Some(account.to_owned());
        let (planned, _) = planned(&config(&policy), &prior);
        let backup = planned.get("backup");
        assert_eq!(backup.get("account") == prior.get("backup").get("account"), stays, "{account}");
        assert_eq!(backup.get("policy_arn").is_unknown(), !stays, "{account}");
    }
}

#[test]
fn what_dlm_would_refuse_is_refused() {
    type Change = fn(&mut DrSnapshotPolicy);
    fn hourly(policy: &mut DrSnapshotPolicy) -> &mut Schedule {
        policy.schedules.get_mut("hourly").unwrap()
    }
    let cases: Vec<(Change, &str)> = vec![
        (|_| (), ""),
        (|policy| hourly(policy).interval_hours = None, "has no times"),
        (|policy| hourly(policy).cron = Some("cron(0 5 * * ? *)".into()), "has two sets of times"),
        (
            |policy| {
                let copy = hourly(policy).copies["eu-west-1"].clone();
                hourly(policy).copies.insert("eu-central-1".into(), copy);
            },
            "a copy beside its own snapshot",
        ),
        (
            |policy| {
                let copy = hourly(policy).copies["eu-west-1"].clone();
                hourly(policy).copies.insert("us-east-1".into(), copy);
            },
            "a key of another region",
        ),
        (
            |policy| hourly(policy).copies.get_mut("eu-west-1").unwrap().encrypted = false,
            "a key for copies that are not encrypted",
        ),
        (
            |policy| {
                let key = "arn:aws:kms:eu-west-1:111122223333:key/a".to_owned();
                policy.volume_kms_key_arns = [key].into();
            },
            "a key of another region",
        ),
        (
            |policy| policy.backup.as_mut().unwrap().account = Some(ACCOUNT.into()),
            "the backup account is the policy's own",
        ),
        (|policy| policy.rpo_minutes = Some(100), "Set copy_minutes and most_volumes"),
        (
            |policy| {
                (policy.rpo_minutes, policy.copy_minutes) = (Some(140), Some(10));
                policy.most_volumes = Some(41);
            },
            "an objective of 140 minutes cannot be kept",
        ),
        (
            |policy| {
                (policy.rpo_minutes, policy.copy_minutes) = (Some(140), Some(10));
                policy.most_volumes = Some(40);
            },
            "",
        ),
    ];
    for (change, part) in cases {
        let mut policy = with_backup();
        change(&mut policy);
        let found = refused(&policy, &Value::Null);
        match part {
            "" => assert!(found.is_empty(), "{found:?}"),
            part => assert!(found.iter().any(|it| it.contains(part)), "{part:?}: {found:?}"),
        }
    }
}

#[test]
fn a_schedule_that_is_not_known_yet_is_not_refused() {
    let mut config = config(&with_backup());
    config.set_attribute("schedules", Value::map([("hourly", Value::unknown())]));
    let (_, diagnostics) = planned(&config, &Value::Null);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn names_and_kinds_of_retention_stay() {
    let prior = Model::to_value(&made(&policy()));
    let mut renamed = policy();
    renamed.name = "other".to_owned();
    assert!(refused(&renamed, &prior)[0].contains("cannot be renamed"));
    let mut by_age = policy();
    let retain = Retention { interval: Some(1), unit: Some("DAYS".into()), count: None };
    by_age.schedules.get_mut("hourly").unwrap().retain = Some(retain);
    assert!(refused(&by_age, &prior)[0].contains("keeps to its kind of retention"));
    assert!(refused(&by_age, &Value::Null).is_empty());
}

#[test]
fn more_volumes_than_expected_refuse_only_what_changes() {
    let mut policy = with_backup();
    (policy.rpo_minutes, policy.copy_minutes) = (Some(140), Some(10));
    policy.most_volumes = Some(40);
    let mut prior = made(&policy);
    prior.volume_ids = Some((0..41).map(|number| format!("vol-{number}")).collect());
    prior.description = Some("other".into());
    let found = refused(&policy, &Model::to_value(&prior));
    assert!(found[0].contains("there are 41 volumes, more than most_volumes = 40"), "{found:?}");
}

#[test]
fn coverage_is_looked_at_again_where_it_may_change() {
    let prior = made(&policy());
    for (change, unknown) in [("description", false), ("state", true), ("target_tags", true)] {
        let mut config = config(&policy());
        match change {
            "state" => config.set_attribute("state", "DISABLED".into()),
            "description" => config.set_attribute("description", "other".into()),
            _ => {
                let tags = Value::map([("a", Value::set(["b".into()]))]);
                config.set_attribute("target_tags", tags);
            }
        }
        let (planned, _) = planned(&config, &Model::to_value(&prior));
        assert_eq!(planned.get("volume_ids").is_unknown(), unknown, "{change}");
    }
}

#[test]
fn a_closed_lock_is_opened_first() {
    type Change = fn(&mut Option<Lock>);
    const MUCH_LATER: Option<&str> = Some("2027-01-15T08:00:00Z");
    let cases: Vec<(bool, Option<&str>, Change, &str)> = vec![
        (false, None, |_| (), ""),
        (false, None, |lock| lock.as_mut().unwrap().unlocked = true, ""),
        (false, None, |lock| *lock = None, "unlocked = true and apply; 7 days later"),
        (false, None, |lock| lock.as_mut().unwrap().retain_days = Some(15), "7 days later"),
        (false, None, |lock| lock.as_mut().unwrap().unlock_delay_days = Some(8), "7 days later"),
        (true, MUCH_LATER, |lock| lock.as_mut().unwrap().unlocked = false, ""),
        (true, MUCH_LATER, |lock| *lock = None, "from 2027-01-15T08:00:00Z on"),
        (true, MUCH_LATER, |lock| lock.as_mut().unwrap().retain_days = Some(15), "from 2027"),
        (true, None, |lock| *lock = None, ""),
        (true, None, |lock| lock.as_mut().unwrap().unlock_delay_days = Some(8), ""),
    ];
    for (number, (unlocked, unlocks_at, change, part)) in cases.into_iter().enumerate() {
        let mut prior = made(&with_lock());
        prior.lock.as_mut().unwrap().unlocked = unlocked;
        prior.unlocks_at = unlocks_at.map(str::to_owned);
        let mut policy = with_lock();
        policy.lock.as_mut().unwrap().unlocked = unlocked;
        change(&mut policy.lock);
        let found = refused(&policy, &Model::to_value(&prior));
        match part {
            "" => assert!(found.is_empty(), "case {number}: {found:?}"),
            part => assert!(found[0].contains(part), "case {number}: {found:?}"),
        }
    }
}

#[test]
fn rules_stay_as_long_as_their_regions_do() {
    let mut prior = made(&with_lock());
    let arns = ["backup/eu-central-1", "eu-central-1", "eu-west-1"];
    prior.lock_rule_arns = Some(arns.map(|name| (name.to_owned(), "arn".to_owned())).into());
    let prior = Model::to_value(&prior);
    let stays = |policy: &DrSnapshotPolicy| {
        let (planned, _) = planned(&config(policy), &prior);
        planned.get("lock_rule_arns") == prior.get("lock_rule_arns")
    };
    assert!(stays(&with_lock()));
    let mut fewer = with_lock();
    fewer.schedules.values_mut().for_each(|schedule| schedule.copies.clear());
    assert!(!stays(&fewer));
    let mut elsewhere = with_lock();
    elsewhere.backup.as_mut().unwrap().account = Some("777788889999".to_owned());
    assert!(!stays(&elsewhere));
    let mut slower = with_lock();
    slower.lock.as_mut().unwrap().unlock_delay_days = Some(9);
    assert!(!stays(&slower));
    let (planned, _) = planned(&config(&with_backup()), &prior);
    assert_eq!(*planned.get("lock_rule_arns"), Value::Map(std::collections::BTreeMap::new()));
    assert!(planned.get("unlocks_at").is_null());
}

//! Tests of the policy's operations against a stand-in for AWS.

use serde_json::json;
use travel_framework::Failure;
use travel_framework::model::Model;
use travel_framework::resource::Resource;

use super::fake::{Cloud, cloud};
use super::{policy, with_backup, with_lock};
use crate::consistency::Call;
use crate::recovery::dr_snapshot_policy::*;
use crate::settings::Settings;
use crate::testing::{ACCOUNT, Fake, call_on};

const KEY: &str = "travel_dr_snapshot_policy/claims";
const BACKUP: &str = "444455556666";

async fn call(fake: &Fake, generation: &str) -> Call {
    let mut call = Box::pin(call_on(fake, Settings::default(), KEY)).await;
    call.claim.generation = generation.into();
    call
}

/// Makes a policy as the framework does, and gives its state.
async fn make(fake: &Fake, plan: &DrSnapshotPolicy) -> DrSnapshotPolicy {
    let call = call(fake, "g1").await;
    let mut state = plan.clone();
    DrSnapshotPolicy::create(&call, plan, &mut state).await.unwrap();
    state.lifecycle.generation = Some("g1".into());
    state
}

/// What a create does after an earlier attempt: it goes on with what that one has left.
async fn make_or_adopt(
    fake: &Fake,
    plan: &DrSnapshotPolicy,
    generation: &str,
) -> Result<DrSnapshotPolicy, Failure> {
    let call = call(fake, generation).await;
    let mut found = DrSnapshotPolicy::find(&call, plan).await?;
    let mut state = plan.clone();
    match found.len() {
        0 => DrSnapshotPolicy::create(&call, plan, &mut state).await?,
        1 => {
            let found = found.remove(0);
            assert!(call.claim.owns(&found.mark.unwrap()));
            state = found.object.clone();
            DrSnapshotPolicy::update(&call, &found.object, plan, &mut state).await?;
        }
        count => panic!("{count} policies"),
    }
    state.lifecycle.generation = Some(generation.into());
    Ok(state)
}

async fn read(fake: &Fake, state: &DrSnapshotPolicy) -> DrSnapshotPolicy {
    let generation = state.lifecycle.generation.clone().unwrap_or_default();
    let call = call(fake, &generation).await;
    DrSnapshotPolicy::read(&call, state).await.unwrap().unwrap()
}

/// An update to another plan, which keeps what is computed.
async fn change(
    fake: &Fake,
    prior: &DrSnapshotPolicy,
    change: impl FnOnce(&mut DrSnapshotPolicy),
) -> DrSnapshotPolicy {
    let mut plan = prior.clone();
    change(&mut plan);
    let call = call(fake, "g1").await;
    let mut state = prior.clone();
    DrSnapshotPolicy::update(&call, prior, &plan, &mut state).await.unwrap();
    state
}

fn counts(cloud: &Cloud) -> (usize, usize, usize) {
    let world = cloud.world();
    (world.policies.len(), world.roles.len(), world.grants.len())
}

#[tokio::test(start_paused = true)]
async fn what_was_made_reads_as_planned() {
    for (plan, made, reads) in [
        (policy(), (1, 1, 0), 5),
        (with_backup(), (2, 2, 1), 9),
        (with_lock(), (2, 2, 1), 9 + 3 * 2),
    ] {
        let (fake, cloud) = cloud();
        let state = make(&fake, &plan).await;
        assert_eq!(counts(&cloud), made);
        assert_eq!(state.volume_ids, Some(["vol-1".to_owned()].into()));
        assert_eq!(state.uncovered_volume_ids, Some(["vol-2".to_owned()].into()));
        assert_eq!(state.faults, Some(BTreeSet::new()));
        let ours = |request: &&crate::testing::Request| !request.action.starts_with("sts:");
        let before = fake.calls().iter().filter(ours).count();
        let read = read(&fake, &state).await;
        assert_eq!(fake.calls().iter().filter(ours).count() - before, reads);
        assert_eq!(Model::to_value(&read), Model::to_value(&state));
        let call = call(&fake, "g1").await;
        let mark = DrSnapshotPolicy::mark(&call, &state).await.unwrap().unwrap();
        assert_eq!((mark.resource.as_str(), mark.generation.as_str()), (KEY, "g1"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_backup_account_copies_what_this_policy_shares() {
    let (fake, cloud) = cloud();
    let state = make(&fake, &with_backup()).await;
    let source = cloud.policy(ACCOUNT);
    let schedule = &source["PolicyDetails"]["Schedules"][0];
    assert_eq!(schedule["ShareRules"][0]["TargetAccounts"], json!([BACKUP]));
    assert_eq!(schedule["CopyTags"], true);
    assert_eq!(schedule["CrossRegionCopyRules"][0]["CopyTags"], true);
    let copies = cloud.policy(BACKUP);
    let parameters = &copies["PolicyDetails"]["EventSource"]["Parameters"];
    assert_eq!(parameters["SnapshotOwner"], json!([ACCOUNT]));
    let id = state.policy_id.as_deref().unwrap();
    assert_eq!(parameters["DescriptionRegex"], format!("^.*Created for policy: {id}.*$"));
    let backup = state.backup.unwrap();
    let role = format!("arn:aws:iam::{BACKUP}:role/travel-claims-eu-central-1-{ACCOUNT}");
    assert_eq!(copies["ExecutionRoleArn"], role);
    assert_eq!(backup.execution_role_arn, Some(role.clone()));
    let world = cloud.world();
    assert_eq!(
        (&world.grants[0].2, &world.grants[0].3),
        (&format!("travel:dev/test:{KEY}"), &role)
    );
}

#[tokio::test(start_paused = true)]
async fn new_roles_are_waited_for() {
    let (fake, cloud) = cloud();
    cloud.world().roles_unknown = 5;
    make(&fake, &with_backup()).await;
    assert_eq!(cloud.world().roles_unknown, 0);
    assert_eq!(counts(&cloud), (2, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_is_gone_on_with() {
    let (fake, cloud) = cloud();
    let mut attempts = 0;
    let state = loop {
        attempts += 1;
        // What an attempt adopts, it marks anew, so that each needs some changes more.
        cloud.world().changes_left = attempts;
        assert!(attempts < 40, "it does not get on");
        let generation = format!("g{attempts}");
        if let Ok(state) = make_or_adopt(&fake, &with_lock(), &generation).await {
            break state;
        }
    };
    assert!(attempts > 3, "{attempts}");
    assert_eq!(counts(&cloud), (2, 2, 1));
    assert_eq!(cloud.world().rules.len(), 3);
    cloud.world().changes_left = usize::MAX;
    let read = read(&fake, &state).await;
    assert_eq!(Model::to_value(&read), Model::to_value(&state));
}

#[tokio::test(start_paused = true)]
async fn an_update_makes_only_the_calls_of_what_changes() {
    type Change = fn(&mut DrSnapshotPolicy);
    let source = |call: &str| format!("{ACCOUNT} {call}");
    let backup = |call: &str| format!("{BACKUP} {call}");
    let both = |call: &str| vec![source(call), backup(call)];
    let cases: Vec<(Change, Vec<String>)> = vec![
        (|it| it.description = Some("other".into()), vec![source("UpdateLifecyclePolicy")]),
        (
            |it| {
                it.state = "DISABLED".into();
                (it.volume_ids, it.uncovered_volume_ids) = (None, None);
            },
            both("UpdateLifecyclePolicy"),
        ),
        (
            |it| it.schedules.get_mut("hourly").unwrap().copies.clear(),
            vec![source("PutRolePolicy"), source("UpdateLifecyclePolicy")],
        ),
        (
            |it| it.backup.as_mut().unwrap().copies.get_mut("eu-central-1").unwrap().retain = None,
            vec![backup("UpdateLifecyclePolicy")],
        ),
        (
            |it| it.volume_kms_key_arns.clear(),
            vec![backup("PutRolePolicy"), source("PutRolePolicy"), source("RevokeGrant")],
        ),
        (
            |it| it.backup = None,
            vec![
                source("PutRolePolicy"),
                source("UpdateLifecyclePolicy"),
                backup("DeleteLifecyclePolicy"),
                source("RevokeGrant"),
                backup("DeleteRolePolicy"),
                backup("DeleteRole"),
            ],
        ),
        (
            |it| it.role_arn = Some(format!("arn:aws:iam::{ACCOUNT}:role/own")),
            vec![source("UpdateLifecyclePolicy"), source("DeleteRolePolicy"), source("DeleteRole")],
        ),
        (
            |it| it.lock.as_mut().unwrap().unlocked = true,
            [both("UnlockRule"), vec![source("UnlockRule")]].concat(),
        ),
        (
            |it| {
                it.backup.as_mut().unwrap().copies =
                    [("eu-west-1".into(), BackupCopy::default())].into()
            },
            vec![backup("PutRolePolicy"), backup("UpdateLifecyclePolicy"), backup("CreateRule")],
        ),
        (|_| (), vec![]),
    ];
    for (number, (edit, expected)) in cases.into_iter().enumerate() {
        let (fake, cloud) = cloud();
        let prior = make(&fake, &with_lock()).await;
        cloud.take_changes();
        let state = change(&fake, &prior, edit).await;
        let mut found = cloud.take_changes();
        let mut expected = expected;
        // Parts that do not wait for each other come in any order.
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "case {number}");
        let read = read(&fake, &state).await;
        assert_eq!(Model::to_value(&read), Model::to_value(&state), "case {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_backup_account_takes_over() {
    let (fake, cloud) = cloud();
    let prior = make(&fake, &with_backup()).await;
    let state = change(&fake, &prior, |policy| {
        let backup = policy.backup.as_mut().unwrap();
        backup.account = Some("777788889999".into());
        backup.account_id = Some("777788889999".into());
        backup.policy_arn = None;
    })
    .await;
    assert_eq!(counts(&cloud), (2, 2, 1));
    assert!(cloud.policy(BACKUP).is_null());
    assert!(cloud.world().grants[0].3.contains("777788889999"));
    let backup = state.backup.as_ref().unwrap();
    assert!(backup.policy_arn.as_ref().unwrap().contains("777788889999"));
}

#[tokio::test(start_paused = true)]
async fn drift_shows_and_is_mended() {
    type Drift = fn(&Cloud);
    type Shows = fn(&DrSnapshotPolicy) -> bool;
    let cases: Vec<(Drift, Shows)> = vec![
        (
            |cloud| cloud.change_policy(ACCOUNT, |it| it["State"] = "ERROR".into()),
            |state| state.state == "ERROR" && state.faults.as_ref().unwrap().is_empty(),
        ),
        (
            |cloud| cloud.change_policy(ACCOUNT, |it| it["State"] = "DISABLED".into()),
            |state| state.state == "DISABLED" && state.faults.as_ref().unwrap().is_empty(),
        ),
        (
            |cloud| cloud.change_policy(ACCOUNT, |it| it["Description"] = "mine".into()),
            |state| state.description.as_deref() == Some("mine"),
        ),
        (
            |cloud| {
                cloud.change_policy(ACCOUNT, |it| {
                    it["PolicyDetails"]["Schedules"][0]["RetainRule"]["Count"] = 3.into();
                });
            },
            |state| state.schedules["hourly"].retain.as_ref().unwrap().count == Some(3),
        ),
        (
            |cloud| {
                cloud.change_policy(ACCOUNT, |it| {
                    it["PolicyDetails"]["Schedules"][0]["ShareRules"] = json!([]);
                });
            },
            |state| !state.schedules["hourly"].backup,
        ),
        (
            |cloud| {
                cloud.change_policy(ACCOUNT, |it| {
                    it["PolicyDetails"]["Schedules"][0]["ArchiveRule"] = json!({});
                });
            },
            |state| has_faults(state, &["policy"]),
        ),
        (
            |cloud| {
                cloud.change_policy(BACKUP, |it| {
                    let action = &mut it["PolicyDetails"]["Actions"][0];
                    action["CrossRegionCopy"][0]["RetainRule"]["Interval"] = 1.into();
                });
            },
            |state| {
                let copy = &state.backup.as_ref().unwrap().copies["eu-central-1"];
                copy.retain.as_ref().unwrap().interval == Some(1)
            },
        ),
        (
            |cloud| cloud.change_policy(BACKUP, |it| it["State"] = "DISABLED".into()),
            |state| has_faults(state, &["backup/policy"]),
        ),
        (
            |cloud| cloud.world().policies.retain(|(account, _), _| account != BACKUP),
            |state| has_faults(state, &["backup/policy"]),
        ),
        (
            |cloud| cloud.world().grants.clear(),
            |state| has_faults(state, &["backup/grant/volumes"]),
        ),
        (
            |cloud| cloud.world().roles.retain(|(account, _), _| account != ACCOUNT),
            |state| has_faults(state, &["role"]),
        ),
        (
            |cloud| cloud.world().roles.values_mut().for_each(|role| role.1 = None),
            |state| has_faults(state, &["backup/role", "role"]),
        ),
        (
            |cloud| cloud.world().rules.retain(|(_, region, _), _| region != "eu-west-1"),
            |state| has_faults(state, &["lock/eu-west-1"]),
        ),
        (
            |cloud| cloud.change_rules(BACKUP, "eu-central-1", |it| it["Tags"] = json!([])),
            |state| has_faults(state, &["backup/lock/eu-central-1"]),
        ),
        (
            |cloud| {
                cloud.change_rules(BACKUP, "eu-central-1", |it| {
                    it["LockState"] = "unlocked".into();
                    it["RetentionPeriod"]["RetentionPeriodValue"] = 1.into();
                });
            },
            |state| {
                state.lock == with_lock().lock && has_faults(state, &["backup/lock/eu-central-1"])
            },
        ),
        (
            |cloud| {
                for rule in cloud.world().rules.values_mut() {
                    rule["LockState"] = "unlocked".into();
                    rule["RetentionPeriod"]["RetentionPeriodValue"] = 1.into();
                }
            },
            |state| {
                let lock = state.lock.as_ref().unwrap();
                lock.unlocked && lock.retain_days == Some(1) && has_faults(state, &[])
            },
        ),
    ];
    for (number, (drift, shows)) in cases.into_iter().enumerate() {
        let (fake, cloud) = cloud();
        let made = make(&fake, &with_lock()).await;
        drift(&cloud);
        let prior = read(&fake, &made).await;
        assert!(shows(&prior), "case {number}: {prior:?}");
        let call = call(&fake, "g1").await;
        let mut state = prior.clone();
        DrSnapshotPolicy::update(&call, &prior, &made, &mut state).await.unwrap();
        let read = read(&fake, &state).await;
        assert!(read.faults.as_ref().unwrap().is_empty(), "case {number}: {:?}", read.faults);
        let unnamed = |state: &DrSnapshotPolicy| {
            let mut state = state.clone();
            if let Some(backup) = &mut state.backup {
                backup.policy_arn = None;
            }
            state.lock_rule_arns = None;
            Model::to_value(&state)
        };
        assert_eq!(unnamed(&read), unnamed(&made), "case {number}");
    }
}

fn has_faults(state: &DrSnapshotPolicy, parts: &[&str]) -> bool {
    let faults = state.faults.iter().flatten().map(String::as_str);
    faults.collect::<Vec<_>>() == parts
}

#[tokio::test(start_paused = true)]
async fn an_import_reads_what_was_made() {
    let (fake, _cloud) = cloud();
    let made = make(&fake, &with_lock()).await;
    for id in [made.policy_id.clone().unwrap(), "eu-central-1/claims".to_owned()] {
        let state = DrSnapshotPolicy::import(&id).unwrap();
        let call = call(&fake, "").await;
        let read = DrSnapshotPolicy::read(&call, &state).await.unwrap().unwrap();
        let mut expected = made.clone();
        expected.lifecycle = read.lifecycle.clone();
        expected.placement = read.placement.clone();
        expected.tagging = read.tagging.clone();
        assert_eq!(Model::to_value(&read), Model::to_value(&expected), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_takes_all_but_what_is_others() {
    let (fake, cloud) = cloud();
    let state = make(&fake, &with_backup()).await;
    let foreign = ("travel:generation".to_owned(), "g9".to_owned());
    cloud.world().roles.values_mut().next().unwrap().2.extend([foreign]);
    let call = call(&fake, "g1").await;
    DrSnapshotPolicy::delete(&call, &state).await.unwrap();
    assert_eq!(counts(&cloud), (0, 1, 0));
    assert!(DrSnapshotPolicy::read(&call, &state).await.unwrap().is_none());
    DrSnapshotPolicy::delete(&call, &state).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_owners_role_is_left_alone() {
    let (fake, cloud) = cloud();
    let name = "travel-claims-eu-central-1-dlm".to_owned();
    let role = ("{}".to_owned(), None, BTreeMap::new());
    cloud.world().roles.insert((ACCOUNT.to_owned(), name.clone()), role);
    let call = call(&fake, "g1").await;
    let mut state = policy();
    let error = DrSnapshotPolicy::create(&call, &policy(), &mut state).await.unwrap_err();
    let error = error.into_diagnostic();
    assert_eq!(error.summary, format!("role {name} exists already"));
    assert!(error.detail.contains("role_arn"), "{error}");
    assert!(cloud.take_changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lock_outlives_its_policy() {
    let (fake, cloud) = cloud();
    let state = make(&fake, &with_lock()).await;
    let call = call(&fake, "g1").await;
    DrSnapshotPolicy::delete(&call, &state).await.unwrap();
    let warnings: Vec<String> = call.take_warnings().into_iter().map(|it| it.summary).collect();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!((counts(&cloud), cloud.world().rules.len()), ((0, 0, 0), 3));

    // What is locked can be taken over, but not with other days.
    let mut other = with_lock();
    other.lock.as_mut().unwrap().retain_days = Some(3);
    let mut broken = other.clone();
    let error = DrSnapshotPolicy::create(&call, &other, &mut broken).await.unwrap_err();
    let error = error.into_diagnostic();
    assert!(error.detail.contains("for 14 days, and takes 7 days to unlock"), "{error}");
    make_or_adopt(&fake, &with_lock(), "g2").await.unwrap();
    assert_eq!(cloud.world().rules.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lock_opens_in_two_steps() {
    let (fake, cloud) = cloud();
    let state = make(&fake, &with_lock()).await;
    let open = change(&fake, &state, |it| it.lock.as_mut().unwrap().unlocked = true).await;
    assert_eq!(open.unlocks_at.as_deref(), Some("2027-01-15T08:00:00Z"));
    for (account, region) in
        [(ACCOUNT, "eu-central-1"), (ACCOUNT, "eu-west-1"), (BACKUP, "eu-central-1")]
    {
        cloud.change_rules(account, region, |it| it["LockState"] = "unlocked".into());
    }
    let open = read(&fake, &open).await;
    assert_eq!(open.unlocks_at, None);
    cloud.take_changes();
    let changed = change(&fake, &open, |it| {
        let lock = it.lock.as_mut().unwrap();
        (lock.retain_days, lock.unlock_delay_days, lock.unlocked) = (Some(30), Some(9), false);
    })
    .await;
    let mut changes = cloud.take_changes();
    changes.sort();
    let twice = |account: &str, call: &str| vec![format!("{account} {call}"); 2];
    let once = |account: &str, call: &str| vec![format!("{account} {call}")];
    let expected = [
        twice(ACCOUNT, "CreateRule"),
        twice(ACCOUNT, "DeleteRule"),
        once(BACKUP, "CreateRule"),
        once(BACKUP, "DeleteRule"),
    ];
    assert_eq!(changes, expected.concat());
    let read = read(&fake, &changed).await;
    assert_eq!(Model::to_value(&read), Model::to_value(&changed));
}

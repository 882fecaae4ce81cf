mod fake;
mod planning;

use std::sync::Arc;

use serde_json::json;
use travel_framework::model::Model;
use travel_value::{Path, Value};

use self::fake::{Kms, kms};
use super::*;
use crate::settings::Settings;
use crate::tags::Tags;
use crate::testing::{Fake, REGION, call_on};

const KEY: &str = "travel_kms_key/main";

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn tagging(pairs: &[(&str, &str)]) -> Tagging {
    Tagging { tags: Some(tags(pairs)), tags_all: Some(tags(pairs)) }
}

/// A planned key, as the framework hands it to a create.
fn planned() -> KmsKey {
    KmsKey {
        name: "main".into(),
        description: "volumes".into(),
        alias: Some("alias/main".into()),
        key_usage: "ENCRYPT_DECRYPT".into(),
        key_spec: "SYMMETRIC_DEFAULT".into(),
        enable_key_rotation: Some(true),
        rotation_period_days: Some(365),
        enabled: true,
        deletion_window_days: 7,
        tagging: tagging(&[("team", "core")]),
        ..KmsKey::default()
    }
}

fn replicated() -> KmsKey {
    let replica = Replica { enabled: true, ..Replica::default() };
    KmsKey {
        multi_region: true,
        replicas: Some([("eu-west-1".to_owned(), replica)].into()),
        ..planned()
    }
}

fn some_policy() -> Option<String> {
    let statement =
        json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"});
    Some(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
}

async fn call(fake: &Fake, generation: &str) -> Call {
    let mut call = call_on(fake, Settings::default(), KEY).await;
    call.claim.generation = generation.into();
    call
}

/// Makes a key as the framework does, and gives its state.
async fn make(fake: &Fake, plan: &KmsKey) -> KmsKey {
    let call = call(fake, "g1").await;
    let mut state = plan.clone();
    KmsKey::create(&call, plan, &mut state).await.unwrap();
    state.lifecycle.generation = Some("g1".into());
    state
}

/// What a create does after an earlier attempt: it goes on with what that one has left.
async fn make_or_adopt(fake: &Fake, plan: &KmsKey) -> Result<KmsKey, Failure> {
    let call = call(fake, "g2").await;
    let mut found = KmsKey::find(&call, plan).await?;
    let mut state = plan.clone();
    match found.len() {
        0 => KmsKey::create(&call, plan, &mut state).await?,
        1 => {
            let found = found.remove(0);
            assert!(call.claim.owns(&found.mark.unwrap()));
            state = found.object.clone();
            KmsKey::update(&call, &found.object, plan, &mut state).await?;
        }
        count => panic!("{count} keys"),
    }
    state.lifecycle.generation = Some("g2".into());
    Ok(state)
}

fn changes_of(kms: &Arc<Kms>) -> Vec<String> {
    kms.changes().into_iter().map(|action| action.replace("kms:", "")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_made_reads_as_planned() {
    for (plan, reads) in [(planned(), 5), (replicated(), 9)] {
        let (fake, kms) = kms();
        let state = make(&fake, &plan).await;
        assert!(
            state.arn.as_ref().unwrap().starts_with("arn:aws:kms:eu-central-1:111122223333:key/")
        );
        let call = call(&fake, "g1").await;
        let before = fake.calls().len();
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        assert_eq!(fake.calls().len() - before, reads);
        assert_eq!(Model::to_value(&read), Model::to_value(&state));
        let mark = KmsKey::mark(&call, &state).await.unwrap().unwrap();
        assert_eq!((mark.resource.as_str(), mark.generation.as_str()), (KEY, "g1"));
        assert!(kms.key(REGION).tags.contains_key("travel:deployment"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_has_what_the_key_has_unless_it_says_otherwise() {
    let (fake, kms) = kms();
    let mut plan = replicated();
    let own = Replica {
        description: Some("recovery".into()),
        alias: Some("alias/recovery".into()),
        policy: some_policy(),
        tags: Some(tags(&[("team", "safety")])),
        enabled: false,
    };
    plan.replicas.as_mut().unwrap().insert("us-east-1".into(), own.clone());
    let state = make(&fake, &plan).await;
    let key = state.key_id.as_deref().unwrap();
    assert_eq!(
        state.replica_arns.unwrap()["us-east-1"],
        Some(format!("arn:aws:kms:us-east-1:111122223333:key/{key}"))
    );
    let same = kms.key("eu-west-1");
    assert_eq!((same.description.as_str(), same.enabled), ("volumes", true));
    assert_eq!(same.tags["team"], "core");
    assert_eq!(kms.aliases("eu-west-1"), ["alias/main"]);
    let other = kms.key("us-east-1");
    assert_eq!((other.description.as_str(), other.enabled), ("recovery", false));
    assert_eq!(
        (other.tags["team"].as_str(), other.tags["travel:resource"].as_str()),
        ("safety", KEY)
    );
    assert_eq!(kms.aliases("us-east-1"), ["alias/recovery"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_makes_only_the_calls_of_what_changes() {
    type Change = fn(&mut KmsKey);
    let cases: Vec<(Change, Vec<&str>)> = vec![
        (|key| key.description = "other".into(), vec!["UpdateKeyDescription"]),
        (|key| key.alias = Some("alias/other".into()), vec!["CreateAlias", "DeleteAlias"]),
        (|key| key.policy = some_policy(), vec!["PutKeyPolicy"]),
        (|key| key.tagging = tagging(&[("env", "dev")]), vec!["TagResource", "UntagResource"]),
        (|key| key.rotation_period_days = Some(90), vec!["EnableKeyRotation"]),
        (
            |key| (key.enable_key_rotation, key.rotation_period_days) = (Some(false), None),
            vec!["DisableKeyRotation"],
        ),
        (|key| key.enabled = false, vec!["DisableKey"]),
        (|key| key.replicas = None, vec!["DeleteAlias", "ScheduleKeyDeletion"]),
        (
            |key| {
                let replica = Replica { enabled: true, ..Replica::default() };
                key.replicas.as_mut().unwrap().insert("us-east-1".into(), replica);
            },
            vec!["ReplicateKey", "CreateAlias"],
        ),
        (
            |key| key.replicas.as_mut().unwrap().get_mut("eu-west-1").unwrap().enabled = false,
            vec!["DisableKey"],
        ),
    ];
    for (change, calls) in cases {
        let (fake, kms) = kms();
        // What the key says is not said of the replica too, so that a change is one change.
        let mut first = replicated();
        let own = first.replicas.as_mut().unwrap().get_mut("eu-west-1").unwrap();
        own.description = Some("r".into());
        own.alias = Some("alias/r".into());
        own.policy = some_policy();
        own.tags = Some(tags(&[("team", "r")]));
        let prior = make(&fake, &first).await;
        let mut plan = prior.clone();
        change(&mut plan);
        kms.forget_changes();
        let call = call(&fake, "g1").await;
        let mut state = prior.clone();
        KmsKey::update(&call, &prior, &plan, &mut state).await.unwrap();
        assert_eq!(changes_of(&kms), calls);
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        assert!(read.equals(&plan), "{calls:?}: {read:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leaving_replica_takes_the_alias_it_had() {
    let (fake, kms) = kms();
    let prior = make(&fake, &replicated()).await;
    let alias = Some("alias/other".to_owned());
    let plan = KmsKey { alias, replicas: None, ..prior.clone() };
    let mut state = prior.clone();
    KmsKey::update(&call(&fake, "g1").await, &prior, &plan, &mut state).await.unwrap();
    assert_eq!(kms.aliases(REGION), ["alias/other"]);
    assert_eq!(kms.aliases("eu-west-1"), [""; 0]);
}

/// A replica in its deletion window costs a refresh one call, and shows as soon as it is returned.
#[tokio::test(start_paused = true)]
async fn a_leaving_replica_shows_once_somebody_returns_it() {
    let (fake, kms) = kms();
    let prior = make(&fake, &replicated()).await;
    let call = call(&fake, "g1").await;
    let mut state = prior.clone();
    let plan = KmsKey { replicas: None, ..prior.clone() };
    KmsKey::update(&call, &prior, &plan, &mut state).await.unwrap();
    let looks = async |expected: &[&str]| {
        let before = fake.calls().len();
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        let calls = fake.calls().split_off(before);
        let there = calls.into_iter().filter(|request| request.region == "eu-west-1");
        let mut actions: Vec<String> = there.map(|request| request.action).collect();
        actions.sort();
        assert_eq!(actions, expected);
        read.replicas
    };
    assert_eq!(looks(&["kms:DescribeKey"]).await, None);
    kms.change("eu-west-1", |key| key.pending_deletion = false);
    let whole = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListAliases", "kms:ListResourceTags"];
    assert!(looks(&whole).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn drift_is_seen() {
    let (fake, kms) = kms();
    let state = make(&fake, &replicated()).await;
    kms.change(REGION, |key| {
        key.description = "hand".into();
        key.tags.insert("by".into(), "hand".into());
        key.policy = some_policy().unwrap();
        key.rotation = None;
    });
    kms.change("eu-west-1", |key| key.enabled = false);
    kms.remove_alias(REGION, "alias/main");
    let call = call(&fake, "g1").await;
    let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
    assert_eq!(read.description, "hand");
    assert_eq!(read.tagging.tags_all.unwrap()["by"], "hand");
    assert_eq!(read.policy, some_policy());
    assert_eq!(read.enable_key_rotation, Some(false));
    assert_eq!(read.alias, None);
    let replica = &read.replicas.unwrap()["eu-west-1"];
    assert!(!replica.enabled);
    // The replica still has what the key should have.
    assert_eq!(replica.description.as_deref(), Some("volumes"));
    kms.change(REGION, |key| key.pending_deletion = true);
    assert!(KmsKey::read(&call, &state).await.unwrap().is_none());
}

/// Whatever call a create is cut off at, the next one finds what was made and completes it.
#[tokio::test(start_paused = true)]
async fn a_create_cut_off_anywhere_leaves_one_key() {
    for plan in [planned(), KmsKey { enabled: false, policy: some_policy(), ..replicated() }] {
        let mut cut = 0;
        loop {
            let (fake, kms) = kms();
            kms.fail_from(cut);
            let call = call(&fake, "g1").await;
            let mut state = plan.clone();
            let done = KmsKey::create(&call, &plan, &mut state).await.is_ok();
            let made = kms.changes().len();
            kms.fail_from(usize::MAX);
            let state = make_or_adopt(&fake, &plan).await.unwrap();
            assert_eq!(kms.count(REGION), 1, "cut at change {cut}");
            assert_eq!(kms.key(REGION).tags["travel:generation"], "g2");
            assert_eq!(kms.aliases(REGION), ["alias/main"]);
            let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
            assert!(read.equals(&plan), "cut at change {cut}: {read:#?}");
            if done {
                assert_eq!(made, cut);
                assert!(cut >= 3, "key, alias and rotation are three changes at least");
                break;
            }
            cut += 1;
        }
    }
}

/// Whatever call an update is cut off at, its state is what is there, so that the next one needs no
/// refresh to complete it.
#[tokio::test(start_paused = true)]
async fn an_update_cut_off_anywhere_tells_what_is_there() {
    let changed = KmsKey {
        description: "other".into(),
        alias: Some("alias/other".into()),
        policy: some_policy(),
        tagging: tagging(&[("env", "dev")]),
        ..replicated()
    };
    for cut in 0.. {
        let (fake, kms) = kms();
        let mut state = make(&fake, &replicated()).await;
        let call = call(&fake, "g1").await;
        let plan = |state: &KmsKey| KmsKey {
            key_id: state.key_id.clone(),
            arn: state.arn.clone(),
            lifecycle: state.lifecycle.clone(),
            ..changed.clone()
        };
        kms.forget_changes();
        kms.fail_from(cut);
        let prior = state.clone();
        let done = KmsKey::update(&call, &prior, &plan(&prior), &mut state).await.is_ok();
        kms.fail_from(usize::MAX);
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        assert!(read.equals(&state), "cut at change {cut}: {read:#?} is not {state:#?}");
        let prior = state.clone();
        KmsKey::update(&call, &prior, &plan(&prior), &mut state).await.unwrap();
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        assert!(read.equals(&changed), "cut at change {cut}: {read:#?}");
        for region in [REGION, "eu-west-1"] {
            assert_eq!(kms.aliases(region), ["alias/other"], "cut at change {cut}");
        }
        if done {
            assert!(cut >= 10, "five changes of the key, and as many of its replica");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_its_deletion_window_returns() {
    let (fake, kms) = kms();
    let plan = replicated();
    let state = make(&fake, &plan).await;
    KmsKey::delete(&call(&fake, "g1").await, &state).await.unwrap();
    assert!(kms.key(REGION).pending_deletion && kms.key("eu-west-1").pending_deletion);
    assert!(kms.aliases(REGION).is_empty() && kms.aliases("eu-west-1").is_empty());
    let again = make_or_adopt(&fake, &plan).await.unwrap();
    assert_eq!(again.key_id, state.key_id);
    assert!(!kms.key(REGION).pending_deletion && !kms.key("eu-west-1").pending_deletion);
    assert!(kms.key(REGION).enabled && kms.key("eu-west-1").enabled);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_encrypts_something_stays() {
    for (name, key_region) in
        [("volume vol-1", REGION), ("snapshot snap-1", "eu-west-1"), ("grant g to role", REGION)]
    {
        let (fake, kms) = kms();
        let state = make(&fake, &replicated()).await;
        let call = call(&fake, "g1").await;
        kms.use_key(key_region, name);
        let error = KmsKey::delete(&call, &state).await.unwrap_err().into_diagnostic();
        assert!(error.summary.ends_with("still encrypts something"), "{error}");
        assert!(error.detail.contains(name), "{error}");
        assert!(!kms.key(REGION).pending_deletion && !kms.key("eu-west-1").pending_deletion);
        let forced = KmsKey { force_destroy: true, ..state };
        KmsKey::delete(&call, &forced).await.unwrap();
        assert!(kms.key(REGION).pending_deletion);
        KmsKey::delete(&call, &forced).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_strangers_alias_is_found_and_refused() {
    let (fake, kms) = kms();
    let stranger = call_on(&fake, Settings::default(), "travel_kms_key/other").await;
    let mut state = KmsKey { name: "other".into(), ..planned() };
    KmsKey::create(&stranger, &state.clone(), &mut state).await.unwrap();
    kms.change(REGION, |key| key.tags.clear());
    let call = call(&fake, "g1").await;
    let found = KmsKey::find(&call, &planned()).await.unwrap();
    assert_eq!((found.len(), found[0].mark.clone()), (1, None));
    // Taken between find and create.
    let mut late = planned();
    let error = KmsKey::create(&call, &planned(), &mut late).await.unwrap_err().into_diagnostic();
    assert_eq!(error.summary, "alias/main exists already");
    assert_eq!(error.path, Some(Path::attribute("alias")));
    assert!(late.key_id.is_some(), "what was made is kept");
}

#[tokio::test(start_paused = true)]
async fn what_others_replicated_is_theirs() {
    let (fake, kms) = kms();
    let state = make(&fake, &replicated()).await;
    kms.replicate_by_hand("us-east-1");
    let call = call(&fake, "g1").await;
    let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
    assert_eq!(read.replicas.unwrap().into_keys().collect::<Vec<_>>(), ["eu-west-1"]);
}

#[tokio::test(start_paused = true)]
async fn an_import_reads_what_there_is() {
    let (fake, kms) = kms();
    let made = make(&fake, &replicated()).await;
    let (key, arn) = (made.key_id.clone().unwrap(), made.arn.clone().unwrap());
    for id in [key.as_str(), arn.as_str(), "alias/main", "eu-central-1/main"] {
        let state = KmsKey::import(id).unwrap();
        // What is imported by its id has a name only once it was read.
        let key = format!("travel_kms_key/{}", state.name);
        let call = call_on(&fake, Settings::default(), &key).await;
        let read = KmsKey::read(&call, &state).await.unwrap().unwrap();
        assert_eq!(read.name, "main", "{id}");
        assert!(read.equals(&made), "{id}");
    }
    kms.change(REGION, |key| key.tags.clear());
    let state = KmsKey::import(&key).unwrap();
    let read = KmsKey::read(&call(&fake, "").await, &state).await.unwrap().unwrap();
    assert_eq!((read.name.as_str(), read.tagging.tags), ("main", None));
    let replica = call(&fake, "").await.scope.in_region("eu-west-1");
    let mut there = call(&fake, "").await;
    there.scope = replica;
    let error = KmsKey::read(&there, &state).await.unwrap_err().into_diagnostic();
    assert!(error.summary.ends_with("is a replica"), "{error}");
}

//! What the framework promises for every resource, on a resource in a cloud of the test's own:
//! a core of a few lines drives it as Terraform does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud;
mod core;
mod creating;
mod importing;
mod replacing;

use std::collections::BTreeMap;

use travel_framework::Diagnostics;
use travel_framework::orphan::Marked;
use travel_framework::ownership::Mark;
use travel_framework::server::{ConfigureRequest, Server};
use travel_framework::value::{Path, Value};

use self::cloud::{Object, Trouble, in_a_cloud};
use self::core::{Core, State, TYPE, config};

fn words(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_was_applied_is_what_is_planned_next() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        let (state, found) = core.create(&config("x", 2)).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert_eq!(state.text("status"), "ready");
        core.assert_settled(&state, &config("x", 2)).await;
        let plan = core.plan(&state, &config("x", 3)).await;
        assert_eq!(plan.planned.get("id"), state.value.get("id"), "an update keeps the id");
        let (state, _) = core.update(&state, &config("x", 3)).await;
        core.assert_settled(&state, &config("x", 3)).await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_update_tells_the_truth_and_taints_nothing() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        cloud.trouble_at(1, Trouble::Error);
        let (after, found) = core.update(&state, &config("x", 5)).await;
        assert!(found.has_error());
        assert_eq!(after.value, state.value);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_cannot_begin_forgets_nothing() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        let state = State { private: br#"{"page":{"seen":1}}"#.to_vec(), ..state };
        *cloud.out_of_reach.lock().unwrap() = true;
        let (after, found) = core.update(&state, &config("x", 5)).await;
        assert!(found.has_error());
        assert_eq!((after.value, after.private), (state.value, state.private));
    })
    .await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused() {
    in_a_cloud(async |cloud| {
        let object = Object { name: "a".into(), zone: "x".into(), ..Object::default() };
        cloud.objects.lock().unwrap().insert("disk-9".into(), object);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(state.value.is_null());
        assert!(words(&found).contains("import block"), "{}", words(&found));
    })
    .await;
}

#[tokio::test]
async fn what_only_the_provider_reads_needs_no_call() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        let calls = cloud.calls();
        let mut forced = config("x", 1);
        forced.set_attribute("force", true.into());
        let (state, _) = core.update(&state, &forced).await;
        assert_eq!((state.value.get("force"), cloud.calls()), (&true.into(), calls));
    })
    .await;
}

#[tokio::test]
async fn two_creates_of_one_name_are_refused_in_the_plan() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        core.plan(&State::none(), &config("x", 1)).await;
        let plan = core.plan(&State::none(), &config("x", 2)).await;
        let error = plan.diagnostics.iter().next().unwrap();
        assert_eq!(error.path, Some(Path::attribute("name")));
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_what_is_under_way_and_nothing_after_the_next_configuration() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        core.provider.stop();
        let (state, found) = core.create(&config("x", 1)).await;
        assert!(state.value.is_null() && found.has_error());
        let config_value = Value::object([
            ("deployment", "dev/disks".into()),
            ("previous_deployments", Value::Null),
        ]);
        let request = ConfigureRequest { config: config_value, core_version: "1.11.4".into() };
        core.provider.configure(request).await;
        let (state, _) = core.create(&config("x", 1)).await;
        assert_eq!(state.text("status"), "ready");
    })
    .await;
}

#[tokio::test]
async fn bad_values_are_refused_at_their_attribute() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        let found = core.provider.validate_resource(TYPE, config("x", 0), true).await;
        assert_eq!(words(&found), "size: invalid size: size must be between 1 and 100; 0 is not.");
    })
    .await;
}

#[tokio::test]
async fn what_no_state_holds_is_removed_by_its_mark() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        core.create(&config("x", 1)).await;
        let mark = cloud.objects.lock().unwrap()["disk-1"].mark.clone().unwrap();
        let known = BTreeMap::from([("id".to_owned(), "disk-1".to_owned())]);
        let orphan = Marked::new(mark.clone(), "disk", "disk-1", known.clone());
        let adopted = Mark { generation: "another".into(), ..mark.clone() };
        let other = Marked::new(adopted, "disk", "disk-1", known);
        assert!(!core.provider.remove_orphan(&other).await.unwrap().found);
        assert_eq!(cloud.ids(), ["disk-1"], "of another generation");
        assert!(core.provider.remove_orphan(&orphan).await.unwrap().found);
        assert!(cloud.ids().is_empty());
        assert!(!core.provider.remove_orphan(&orphan).await.unwrap().found, "it is gone");
        let newer = Mark { resource: "test_newer/x".into(), ..mark };
        let newer = Marked::new(newer, "", "", BTreeMap::new());
        let error = core.provider.remove_orphan(&newer).await.unwrap_err();
        assert!(error.into_diagnostic().summary.contains("no test_newer"));
    })
    .await;
}

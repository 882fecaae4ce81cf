//! Creates: what a failure, a kill or an interruption leaves goes on.

use travel_framework::value::Value;

use crate::cloud::{Trouble, in_a_cloud};
use crate::core::{Core, State, config, named};
use crate::words;

#[tokio::test]
async fn what_a_killed_process_made_is_adopted() {
    in_a_cloud(async |cloud| {
        let (lost, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 2)).await;
        assert_eq!(cloud.ids(), ["disk-1"], "no duplicate");
        assert_eq!(state.text("id"), "disk-1");
        assert_ne!(state.text("generation"), lost.text("generation"), "an adoption is a new claim");
        core.assert_settled(&state, &config("x", 2)).await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_goes_on_in_the_replacement_that_core_makes_of_it() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(found.has_error());
        assert_eq!(tainted.text("status"), "incomplete");
        let core = Core::start().await;
        let (_, found) = core.read(&tainted).await;
        assert!(words(&found).contains("destroys nothing"), "{}", words(&found));
        let plan = core.plan(&State::none(), &config("x", 1)).await;
        let (gone, _) = core.delete(&tainted, &plan.private).await;
        assert!(gone.value.is_null());
        let (state, found) = State::of(core.apply(&Value::Null, &plan, &config("x", 1)).await);
        assert!(found.is_empty(), "{}", words(&found));
        assert_eq!((state.text("id"), state.text("status")), ("disk-1", "ready"));
        assert_eq!(cloud.ids(), ["disk-1"], "nothing was rebuilt");
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_is_really_destroyed_when_that_is_asked() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, _) = Core::start().await.create(&config("x", 1)).await;
        let (_, found) = Core::start().await.destroy(&tainted).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_under_another_name_is_not_left_behind() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let plan = core.plan(&State::none(), &named("b", "x", 1)).await;
        core.delete(&tainted, &plan.private).await;
        core.apply(&Value::Null, &plan, &named("b", "x", 1)).await;
        assert_eq!(cloud.ids(), ["disk-2"]);
    })
    .await;
}

/// A search for the new one may not come by the old one.
#[tokio::test]
async fn a_failed_create_of_what_becomes_another_object_is_removed_before() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let plan = core.plan(&State::none(), &config("y", 1)).await;
        core.delete(&tainted, &plan.private).await;
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn remains_that_cannot_become_the_planned_object_are_removed() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        Core::start().await.create(&config("x", 1)).await;
        let (state, _) = Core::start().await.create(&config("y", 1)).await;
        assert_eq!((state.text("id"), cloud.ids()), ("disk-2", vec!["disk-2".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn a_create_that_made_nothing_leaves_no_state() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(2, Trouble::Error);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(found.has_error() && state.value.is_null());
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_create_is_kept_and_goes_on_as_an_update() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Interrupt);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(!found.has_error() && !found.is_empty(), "a warning: {}", words(&found));
        assert_eq!(state.text("status"), "incomplete");
        assert!(state.value.is_wholly_known());
        let core = Core::start().await;
        let plan = core.plan(&state, &config("x", 1)).await;
        assert_eq!(plan.planned.get("status"), &"ready".into());
        assert!(plan.planned.get("attached").is_unknown(), "what is missing is still to come");
        assert!(plan.requires_replace.is_empty());
        let (state, found) = core.update(&state, &config("x", 1)).await;
        assert!(found.is_empty(), "{}", words(&found));
        core.assert_settled(&state, &config("x", 1)).await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_says_how_to_find_what_it_has_left() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (_, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(words(&found).contains("travel orphans"), "{}", words(&found));
    })
    .await;
}

//! Whose objects are.

use crate::core::{Core, State, objects};
use crate::{World, config_map, said, step};

pub async fn all(world: &World) {
    step(
        "what_is_there_is_taken_over_only_where_that_is_said",
        what_is_there_is_taken_over_only_where_that_is_said(world),
    )
    .await;
    step("a_name_stands_for_one_set", a_name_stands_for_one_set(world)).await;
    step("an_object_has_one_set", an_object_has_one_set(world)).await;
}

async fn what_is_there_is_taken_over_only_where_that_is_said(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let (theirs, new) =
        (config_map("default", "owned", "theirs"), config_map("default", "new", "1"));
    world.make(theirs).await;
    let config = vec![("objects", objects(&[new, config_map("default", "owned", "ours")]))];
    let (state, diagnostics) = core.try_apply(&State::none(), "owning", &config).await;
    said(&diagnostics, "v1/ConfigMap/default/owned: nothing marks it as made by this set");
    assert!(state.value.is_null());
    assert_eq!(world.get("v1/ConfigMap/default/new").await, None, "nothing was changed");
    assert_eq!(world.get("v1/ConfigMap/kube-system/travel-manifests.owning").await, None);
    let mut config = config;
    config.push(("adopt", true.into()));
    let state = core.next().await.apply(&State::none(), "owning", &config).await;
    let owned = world.get("v1/ConfigMap/default/owned").await.unwrap();
    assert_eq!(owned["data"]["value"], "ours");
    assert!(!core.destroy(&state).await.has_error());
    assert_eq!(world.get("v1/ConfigMap/default/owned").await, None);
}

async fn a_name_stands_for_one_set(world: &World) {
    let (one, other) = (
        Core::start("tests/one", &world.kubeconfig).await,
        Core::start("tests/other", &world.kubeconfig).await,
    );
    let config = |name: &str| vec![("objects", objects(&[config_map("default", name, "1")]))];
    let state = one.apply(&State::none(), "same", &config("same-one")).await;
    let (nothing, diagnostics) =
        other.try_apply(&State::none(), "same", &config("same-other")).await;
    said(&diagnostics, "of deployment \"tests/one\"");
    assert!(nothing.value.is_null());
    // Who brings it in claims it with the next change, and a delete by the old state leaves it.
    let imported = other.import("same").await;
    let claimed = other.apply(&imported, "same", &config("same-other")).await;
    said(&one.destroy(&state).await, "was not deleted");
    assert!(world.get("v1/ConfigMap/default/same-other").await.is_some());
    assert!(!other.destroy(&claimed).await.has_error());
}

async fn an_object_has_one_set(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let config =
        vec![("objects", objects(&[config_map("default", "shared", "1")])), ("adopt", true.into())];
    let state = core.apply(&State::none(), "first", &config).await;
    let (_, diagnostics) = core.try_apply(&State::none(), "second", &config).await;
    said(&diagnostics, "it bears applyset.kubernetes.io/part-of");
    assert!(!core.destroy(&state).await.has_error());
}

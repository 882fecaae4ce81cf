//! What a removal takes, and what it leaves.

use serde_json::json;

use crate::core::{Core, State, objects};
use crate::{World, config_map, definition, namespace, part, said, step};

pub async fn all(world: &World) {
    step("what_others_have_made_does_not_go", what_others_have_made_does_not_go(world)).await;
    step(
        "what_others_have_made_goes_where_that_is_said",
        what_others_have_made_goes_where_that_is_said(world),
    )
    .await;
    step("a_namespace_of_every_cluster_stays", a_namespace_of_every_cluster_stays(world)).await;
}

async fn what_others_have_made_does_not_go(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let group = "kept.example.com";
    let all = [
        namespace("kept"),
        definition(group),
        part(group, "kept", "ours"),
        config_map("kept", "ours", "1"),
    ];
    let config = vec![("objects", objects(&all))];
    let state = core.apply(&State::none(), "kept", &config).await;
    world.make(part(group, "kept", "theirs")).await;
    world.make(config_map("kept", "theirs", "1")).await;
    // Out of the configuration, they are no longer the set's.
    let rest = vec![("objects", objects(&[config_map("kept", "ours", "1")]))];
    let (state, diagnostics) = core.try_apply(&state, "kept", &rest).await;
    said(&diagnostics, "kept.example.com/v1/Part/kept/theirs");
    said(&diagnostics, "Namespace \"kept\" stays");
    core.assert_settled(&state, "kept", &rest).await;
    assert!(world.get("kept.example.com/v1/Part/kept/ours").await.is_none());
    assert!(world.get("kept.example.com/v1/Part/kept/theirs").await.is_some());
    assert!(core.destroy(&state).await.is_empty());
    assert!(world.get("v1/ConfigMap/kept/theirs").await.is_some());
    world.delete("apiextensions.k8s.io/v1/CustomResourceDefinition//parts.kept.example.com").await;
    world.delete("v1/Namespace//kept").await;
}

async fn what_others_have_made_goes_where_that_is_said(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let config = vec![("objects", objects(&[namespace("forced")])), ("force_destroy", true.into())];
    let state = core.apply(&State::none(), "forced", &config).await;
    world.make(config_map("forced", "theirs", "1")).await;
    assert!(core.destroy(&state).await.is_empty());
    assert_eq!(world.get("v1/Namespace//forced").await, None);
}

async fn a_namespace_of_every_cluster_stays(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let mut default = namespace("default");
    default["metadata"]["labels"] = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let config = vec![("objects", objects(&[default])), ("adopt", true.into())];
    let state = core.apply(&State::none(), "default", &config).await;
    said(&core.destroy(&state).await, "every cluster has it");
    let there = world.get("v1/Namespace//default").await.unwrap();
    assert_eq!(there["metadata"]["labels"]["applyset.kubernetes.io/part-of"], json!(null));
}

//! Making and changing sets.

use serde_json::json;
use travel_value::Value;

use crate::core::{Core, State, objects, texts};
use crate::{World, config_map, definition, namespace, part, said, step};

pub async fn all(world: &World) {
    step(
        "a_set_is_made_in_the_order_its_documents_need_each_other",
        a_set_is_made_in_the_order_its_documents_need_each_other(world),
    )
    .await;
    step(
        "what_leaves_the_documents_leaves_the_cluster",
        what_leaves_the_documents_leaves_the_cluster(world),
    )
    .await;
    step("many_documents_are_one_set", many_documents_are_one_set(world)).await;
    step(
        "what_cannot_be_changed_is_made_anew_where_that_is_allowed",
        what_cannot_be_changed_is_made_anew_where_that_is_allowed(world),
    )
    .await;
    step(
        "what_does_not_become_ready_is_awaited_by_the_next_apply",
        what_does_not_become_ready_is_awaited_by_the_next_apply(world),
    )
    .await;
    step(
        "a_field_of_others_is_named_with_its_manager",
        a_field_of_others_is_named_with_its_manager(world),
    )
    .await;
    step(
        "a_document_that_is_refused_leaves_a_truthful_state",
        a_document_that_is_refused_leaves_a_truthful_state(world),
    )
    .await;
}

async fn a_set_is_made_in_the_order_its_documents_need_each_other(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    // The other way round than they are needed.
    let all = [
        part("made.example.com", "made", "one"),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "made"},
            "stringData": {"password": "hunter2-hunter2"}}),
        definition("made.example.com"),
        namespace("made"),
    ];
    let hidden =
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: hidden}, data: {k: unseen-value}}";
    let config = vec![
        ("objects", objects(&all)),
        ("secret_yaml", texts(&[hidden])),
        ("namespace", "made".into()),
    ];
    let plan = core.next().await.plan(&State::none(), "made", &config).await;
    let planned = plan.planned.get("documents");
    assert_eq!(
        planned.get("made.example.com/v1/Part/made/one").get("spec.size").as_str(),
        Some("1")
    );
    let state = core.apply(&State::none(), "made", &config).await;
    assert!(world.get("made.example.com/v1/Part/made/one").await.is_some());
    let password = state.field("v1/Secret/made/key", "data.password").unwrap();
    assert!(password.starts_with("hmac:"), "{password}");
    let shown = state.field("v1/ConfigMap/made/hidden", "data.k").unwrap();
    assert!(shown.starts_with("hmac:"), "{shown}");
    assert!(!format!("{:?}", state.value.get("documents")).contains("unseen-value"));
    assert!(core.destroy(&state).await.is_empty());
    assert_eq!(world.get("v1/Namespace//made").await, None);
    assert_eq!(world.get("v1/ConfigMap/kube-system/travel-manifests.made").await, None);
}

async fn what_leaves_the_documents_leaves_the_cluster(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let (a, b) = (config_map("default", "leaves-a", "1"), config_map("default", "leaves-b", "1"));
    let both = vec![("objects", objects(&[a.clone(), b]))];
    let first = core.apply(&State::none(), "leaves", &both).await;
    let one = vec![("objects", objects(std::slice::from_ref(&a)))];
    let second = core.apply(&first, "leaves", &one).await;
    assert_eq!(second.documents(), ["v1/ConfigMap/default/leaves-a"]);
    assert_eq!(world.get("v1/ConfigMap/default/leaves-b").await, None);
    // An apply that was killed has made what no state knows, and what then left the configuration.
    let stray = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "leaves-c", "namespace": "default"}});
    core.apply(&second, "leaves", &vec![("objects", objects(&[a.clone(), stray]))]).await;
    let seen = core.read(&second).await;
    assert_eq!(seen.documents().len(), 2, "what is there without a document is seen");
    let third = core.apply(&seen, "leaves", &one).await;
    assert_eq!(world.get("rbac.authorization.k8s.io/v1/Role/default/leaves-c").await, None);
    let parent = world.get("v1/ConfigMap/kube-system/travel-manifests.leaves").await.unwrap();
    let kinds = &parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"];
    assert_eq!(kinds, "ConfigMap");
    // The state is lost: the next create goes on with what is there.
    let again = core.next().await.apply(&State::none(), "leaves", &both).await;
    assert_eq!(again.documents().len(), 2);
    assert!(!core.destroy(&again).await.has_error());
    drop(third);
}

async fn many_documents_are_one_set(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let all: Vec<String> =
        (0..200).map(|it| config_map("default", &format!("many-{it}"), "1").to_string()).collect();
    let config = vec![("yaml", texts(&[all.join("\n---\n")]))];
    let state = core.apply(&State::none(), "many", &config).await;
    assert_eq!(state.documents().len(), 200);
    assert!(!core.destroy(&state).await.has_error());
    assert_eq!(world.get("v1/ConfigMap/default/many-199").await, None);
}

async fn what_cannot_be_changed_is_made_anew_where_that_is_allowed(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let job = |image: &str| {
        let pod = json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": image}]});
        json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "fixed", "namespace": "default"}, "spec": {"template": {"spec": pod}}})
    };
    let config = |image: &str| {
        vec![
            ("objects", objects(&[job(image)])),
            ("recreate", Value::Set(vec!["Job.batch".into()])),
        ]
    };
    let first = core.apply(&State::none(), "fixed", &config("a:1")).await;
    let before = world.get("batch/v1/Job/default/fixed").await.unwrap();
    let plain = vec![("objects", objects(&[job("a:2")]))];
    said(&core.plan(&first, "fixed", &plain).await.diagnostics, "add \"Job.batch\" to recreate");
    let plan = core.plan(&first, "fixed", &config("a:2")).await;
    said(&plan.diagnostics, "is deleted and made anew");
    let second = core.apply(&first, "fixed", &config("a:2")).await;
    let after = world.get("batch/v1/Job/default/fixed").await.unwrap();
    assert_ne!(before["metadata"]["uid"], after["metadata"]["uid"]);
    assert!(!core.destroy(&second).await.has_error());
}

async fn what_does_not_become_ready_is_awaited_by_the_next_apply(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    // No node is there to run it.
    let pod = json!({"containers": [{"name": "a", "image": "a:1"}]});
    let waits = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "waits", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": pod}}});
    let timeouts =
        Value::object([("create", "2s".into()), ("update", "2s".into()), ("delete", Value::Null)]);
    let config = vec![("objects", objects(&[waits])), ("timeouts", timeouts)];
    let (state, diagnostics) = core.try_apply(&State::none(), "waits", &config).await;
    said(&diagnostics, "apps/v1/Deployment/default/waits");
    assert_eq!(state.value.get("ready").as_bool(), Some(false));
    assert_eq!(state.documents().len(), 1);
    let (mut config, seen) = (config, core.read(&state).await);
    assert_eq!(seen.value.get("ready").as_bool(), Some(false));
    config.push(("wait", false.into()));
    let state = core.apply(&seen, "waits", &config).await;
    assert!(!core.destroy(&state).await.has_error());
}

async fn a_field_of_others_is_named_with_its_manager(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let config = |value: &str, force: bool| {
        vec![
            ("objects", objects(&[config_map("default", "conflict", value)])),
            ("force_conflicts", force.into()),
        ]
    };
    let state = core.apply(&State::none(), "conflict", &config("1", true)).await;
    world.change("v1/ConfigMap/default/conflict", json!({"data": {"value": "theirs"}})).await;
    let seen = core.read(&state).await;
    let (failed, diagnostics) = core.try_apply(&seen, "conflict", &config("2", false)).await;
    let text = said(&diagnostics, ".data.value by \"somebody\"");
    assert!(text.contains("force_conflicts = true"), "{text}");
    let error = diagnostics.iter().find(|it| it.is_error()).unwrap();
    assert_eq!(error.path.clone().unwrap().to_string(), "objects[0]");
    let state = core.apply(&failed, "conflict", &config("2", true)).await;
    assert!(!core.destroy(&state).await.has_error());
}

async fn a_document_that_is_refused_leaves_a_truthful_state(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let good = config_map("default", "partial", "1");
    // What the schema does not tell: a port has to be one.
    let service = |port: i64| {
        json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "partial", "namespace": "default"}, "spec": {"ports": [{"port": port}]}})
    };
    let config = |port: i64| vec![("objects", objects(&[good.clone(), service(port)]))];
    let (state, diagnostics) = core.try_apply(&State::none(), "partial", &config(99999)).await;
    said(&diagnostics, "failed to apply v1/Service/default/partial");
    assert_eq!(state.documents(), ["v1/ConfigMap/default/partial"]);
    assert_eq!(state.value.get("status").as_str(), Some("incomplete"));
    let uid = |object: serde_json::Value| object["metadata"]["uid"].clone();
    let before = uid(world.get("v1/ConfigMap/default/partial").await.unwrap());
    let state = core.apply(&state, "partial", &config(80)).await;
    assert_eq!(uid(world.get("v1/ConfigMap/default/partial").await.unwrap()), before);
    assert!(!core.destroy(&state).await.has_error());
}

//! What others change, and what is brought in.

use serde_json::json;
use travel_value::Value;

use crate::core::{Core, State, objects, texts};
use crate::{World, config_map, step};

const HIDDEN: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: hidden}, data: {k: unseen-value}}";

pub async fn all(world: &World) {
    step("drift_is_seen_by_field_and_only_in_ours", drift_is_seen_by_field_and_only_in_ours(world))
        .await;
    step("a_set_is_brought_in_by_its_name", a_set_is_brought_in_by_its_name(world)).await;
}

async fn drift_is_seen_by_field_and_only_in_ours(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let all = [config_map("default", "drift-a", "1"), config_map("default", "drift-b", "1")];
    let ignored = Value::object([
        ("kind", "ConfigMap".into()),
        ("namespace", Value::Null),
        ("name", "drift-b".into()),
        ("path", "/data/value".into()),
    ]);
    let config = vec![("objects", objects(&all)), ("ignore", Value::List(vec![ignored]))];
    let state = core.apply(&State::none(), "drift", &config).await;
    let (a, b) = ("v1/ConfigMap/default/drift-a", "v1/ConfigMap/default/drift-b");
    world.change(a, json!({"data": {"theirs": "2"}, "metadata": {"labels": {"x": "y"}}})).await;
    world.change(b, json!({"data": {"value": "theirs"}})).await;
    core.assert_settled(&state, "drift", &config).await;
    world.change(a, json!({"data": {"value": "theirs"}})).await;
    let seen = core.read(&state).await;
    assert_eq!(seen.field(a, "data.value").as_deref(), Some("theirs"));
    world.delete(b).await;
    let seen = core.read(&state).await;
    assert_eq!(seen.documents(), [a]);
    let state = core.apply(&seen, "drift", &config).await;
    let there = world.get(a).await.unwrap();
    assert_eq!(there["data"], json!({"value": "1", "theirs": "2"}));
    // Who takes the parent away takes nothing else.
    world.delete("v1/ConfigMap/kube-system/travel-manifests.drift").await;
    let seen = core.read(&state).await;
    assert!(seen.value.is_null());
    let state = core.next().await.apply(&seen, "drift", &config).await;
    assert!(!core.destroy(&state).await.has_error());
}

async fn a_set_is_brought_in_by_its_name(world: &World) {
    let core = Core::start("tests", &world.kubeconfig).await;
    let pod = json!({"containers": [{"name": "a", "image": "a:1", "tty": false,
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}]});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "import", "namespace": "default"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": pod}}});
    let config = vec![
        ("objects", objects(&[deployment, config_map("default", "import", "1")])),
        ("secret_yaml", texts(&[HIDDEN])),
    ];
    let state = core.apply(&State::none(), "import", &config).await;
    let imported = core.import("import").await;
    assert_eq!(imported.documents(), state.documents());
    assert!(!format!("{:?}", imported.value).contains("unseen-value"));
    let plan = core.plan(&imported, "import", &config).await;
    assert_eq!(plan.planned.get("documents"), imported.value.get("documents"));
    let (claimed, diagnostics) = core.try_apply(&imported, "import", &config).await;
    assert!(!diagnostics.has_error(), "{diagnostics:?}");
    core.assert_settled(&claimed, "import", &config).await;
    assert!(!core.destroy(&claimed).await.has_error());
    assert_eq!(world.get("apps/v1/Deployment/default/import").await, None);
}

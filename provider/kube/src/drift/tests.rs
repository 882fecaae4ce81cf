//! The comparison alone, without a cluster. What only a server can say is in the tests against one.

use serde_json::json;

use super::*;

fn document(kind: &str, content: Value) -> Document {
    let api_version = match kind {
        "Deployment" => "apps/v1",
        "Trip" => "travel.example/v1",
        _ => "v1",
    };
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}});
    value.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    if value["metadata"]["name"].is_null() {
        value["metadata"]["name"] = "x".into();
        value["metadata"]["namespace"] = "shop".into();
    }
    Document::new(value).unwrap()
}

/// Compares a document of a kind with its object; `owned` are the fields our manager applied, null for none at all.
fn found(
    kind: &str,
    wanted: Value,
    live: Value,
    owned: Value,
    ignores: &[&str],
) -> Vec<(String, Option<Value>, Option<Value>)> {
    let mut live = document(kind, live).into_value();
    if !owned.is_null() {
        live["metadata"]["managedFields"] =
            json!([{"manager": "travel", "operation": "Apply", "fieldsV1": owned}]);
    }
    let ignores: Vec<PathPattern> = ignores.iter().map(|ignore| ignore.parse().unwrap()).collect();
    let live = Document::new(live).unwrap();
    let differences = differences(&document(kind, wanted), &live, "travel", &ignores);
    differences
        .into_iter()
        .map(|difference| (difference.path.to_string(), difference.wanted, difference.found))
        .collect()
}

fn check(kind: &str, wanted: Value, live: Value, owned: Value, expected: &[&str]) {
    let paths: Vec<String> = found(kind, wanted.clone(), live.clone(), owned, &[])
        .into_iter()
        .map(|(path, ..)| path)
        .collect();
    assert_eq!(paths, expected, "{wanted} against {live}");
}

#[test]
fn what_means_the_same_does_not_differ() {
    let same = |kind: &str, wanted: Value, live: Value| check(kind, wanted, live, Value::Null, &[]);
    same("ConfigMap", json!({"data": {"a": "1"}}), json!({"data": {"a": "1", "theirs": "2"}}));
    same("ConfigMap", json!({"data": null}), json!({"data": {"theirs": "2"}}));
    same(
        "Deployment",
        json!({"spec": {"a": {"cpu": "1000m"}}}),
        json!({"spec": {"a": {"cpu": "1"}}}),
    );
    same(
        "Deployment",
        json!({"spec": {"a": {"cpu": 1, "b": 1.0}}}),
        json!({"spec": {"a": {"cpu": "1", "b": 1}}}),
    );
    same(
        "Deployment",
        json!({"spec": {"paused": false, "b": "", "c": [], "d": {}, "e": 0}}),
        json!({"spec": {}}),
    );
    same("Deployment", json!({"status": {"a": 1}}), json!({"status": {"a": 2}}));
    let containers =
        |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({"name": name})).collect() };
    same(
        "Deployment",
        json!({"spec": {"c": containers(&["a", "b"])}}),
        json!({"spec": {"c": containers(&["side", "b", "a"])}}),
    );
    let port = json!({"port": 53});
    same(
        "Service",
        json!({"spec": {"ports": [port, {"port": 53, "protocol": "UDP"}]}}),
        json!({"spec": {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}}),
    );
    same("Secret", json!({"stringData": {"a": "sesame"}}), json!({"data": {"a": "c2VzYW1l"}}));
    same("Secret", json!({"data": {"a": "c2Vz\nYW1l"}}), json!({"data": {"a": "c2VzYW1l"}}));
    same(
        "ConfigMap",
        json!({"metadata": {"finalizers": ["b"]}}),
        json!({"metadata": {"finalizers": ["a", "b"]}}),
    );
}

#[test]
fn what_means_something_else_differs() {
    let differs = |kind: &str, wanted: Value, live: Value, expected: &[&str]| {
        check(kind, wanted, live, Value::Null, expected)
    };
    differs(
        "ConfigMap",
        json!({"data": {"a": "1", "b": "2"}}),
        json!({"data": {"a": "2"}}),
        &["data.a", "data.b"],
    );
    differs("ConfigMap", json!({"data": {"a": "1000m"}}), json!({"data": {"a": "1"}}), &["data.a"]);
    differs(
        "ConfigMap",
        json!({"metadata": {"labels": {"a": "1k"}}}),
        json!({"metadata": {"labels": {"a": "1000"}}}),
        &["metadata.labels.a"],
    );
    differs(
        "Deployment",
        json!({"spec": {"c": [{"name": "a", "image": "x:1"}]}}),
        json!({"spec": {"c": [{"name": "a", "image": "x:2"}]}}),
        &["spec.c[name=a].image"],
    );
    differs(
        "Deployment",
        json!({"spec": {"c": [{"name": "a", "env": [{"name": "e", "value": "1"}]}]}}),
        json!({"spec": {"c": []}}),
        &[
            "spec.c[name=a].env[name=e].name",
            "spec.c[name=a].env[name=e].value",
            "spec.c[name=a].name",
        ],
    );
    differs(
        "Deployment",
        json!({"spec": {"args": ["a", "b"]}}),
        json!({"spec": {"args": ["b", "a"]}}),
        &["spec.args[0]", "spec.args[1]"],
    );
    differs(
        "Deployment",
        json!({"spec": {"args": ["a"]}}),
        json!({"spec": {"args": ["a", "b"]}}),
        &["spec.args[1]"],
    );
    differs(
        "Deployment",
        json!({"spec": {"paused": false}}),
        json!({"spec": {"paused": true}}),
        &["spec.paused"],
    );
    differs(
        "Deployment",
        json!({"spec": {"list": []}}),
        json!({"spec": {"list": [1]}}),
        &["spec.list"],
    );
    differs(
        "Deployment",
        json!({"spec": {"podSelector": {}}}),
        json!({"spec": {"podSelector": {"a": "b"}}}),
        &["spec.podSelector"],
    );
    differs(
        "Deployment",
        json!({"spec": {"labels": {}}}),
        json!({"spec": {"labels": {"a": "b"}}}),
        &[],
    );
    // The kinds of others keep what is empty.
    differs("Trip", json!({"spec": {"off": false, "map": {}}}), json!({"spec": {}}), &["spec.off"]);
    differs(
        "Secret",
        json!({"stringData": {"a": "sesame"}}),
        json!({"data": {"a": "b3Blbg=="}}),
        &["data.a"],
    );
    differs(
        "ConfigMap",
        json!({"metadata": {"finalizers": ["b"]}}),
        json!({"metadata": {"finalizers": ["a"]}}),
        &["metadata.finalizers[0]"],
    );
}

#[test]
fn ownership_tells_what_was_taken_out_or_left_over() {
    let fields = |names: &[&str]| -> Value {
        json!({"f:spec": names.iter().map(|name| (format!("f:{name}"), json!({}))).collect::<serde_json::Map<_, _>>()})
    };
    // Ours and gone: the server left it out. No longer ours and gone: someone took it out.
    check(
        "Deployment",
        json!({"spec": {"a": false, "b": 1}}),
        json!({"spec": {"b": 1}}),
        fields(&["a", "b"]),
        &[],
    );
    check(
        "Deployment",
        json!({"spec": {"a": false, "b": 1}}),
        json!({"spec": {"b": 1}}),
        fields(&["b"]),
        &["spec.a"],
    );
    // Applied by us, and no longer in the document.
    check(
        "Deployment",
        json!({"spec": {"b": 1}}),
        json!({"spec": {"a": {"c": 1, "d": 2}, "b": 1}}),
        fields(&["a", "b"]),
        &["spec.a.c", "spec.a.d"],
    );
    check(
        "Deployment",
        json!({"spec": {"b": 1}}),
        json!({"spec": {"a": 1, "b": 1}}),
        fields(&["b"]),
        &[],
    );
    let items = json!({"f:spec": {"f:c": {"k:{\"name\":\"old\"}": {".": {}, "f:name": {}, "f:image": {}}, "k:{\"name\":\"new\"}": {".": {}}}}});
    check(
        "Deployment",
        json!({"spec": {"c": [{"name": "new"}]}}),
        json!({"spec": {"c": [{"name": "new"}, {"name": "old", "image": "i"}]}}),
        items,
        &["spec.c[name=old].image", "spec.c[name=old].name"],
    );
    let set = json!({"f:metadata": {"f:finalizers": {"v:\"a\"": {}, "v:\"b\"": {}}}});
    check(
        "ConfigMap",
        json!({"metadata": {"finalizers": ["a"]}}),
        json!({"metadata": {"finalizers": ["a", "b"]}}),
        set,
        &["metadata.finalizers[1]"],
    );
    // Owned as one thing: there is no room for others in it.
    check(
        "Service",
        json!({"spec": {"selector": {"a": "b"}}}),
        json!({"spec": {"selector": {"a": "b", "c": "d"}}}),
        fields(&["selector"]),
        &["spec.selector.c"],
    );
    let subject = |name: &str| json!({"name": name});
    check(
        "Deployment",
        json!({"spec": {"subjects": [subject("a")]}}),
        json!({"spec": {"subjects": [subject("thief"), subject("a")]}}),
        fields(&["subjects"]),
        &["spec.subjects[name=thief]"],
    );
}

#[test]
fn ignored_fields_do_not_differ() {
    let check = |ignores: &[&str], expected: &[&str]| {
        let wanted = json!({"spec": {"replicas": 1, "c": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}});
        let live = json!({"spec": {"replicas": 2, "c": [{"name": "a", "image": "2"}, {"name": "b", "image": "2"}]}});
        let paths: Vec<String> = found("Deployment", wanted, live, Value::Null, ignores)
            .into_iter()
            .map(|(path, ..)| path)
            .collect();
        assert_eq!(paths, expected, "{ignores:?}");
    };
    check(&["/spec/replicas"], &["spec.c[name=a].image", "spec.c[name=b].image"]);
    check(&["/spec/c/*/image"], &["spec.replicas"]);
    check(&["/spec/c/a", "/spec/replicas"], &["spec.c[name=b].image"]);
    check(&["/spec"], &[]);
}

#[test]
fn objects_are_shown_as_found() {
    let check = |wanted: Value, live: Value, owned: Value, expected: Value| {
        let mut object = document("Deployment", live).into_value();
        object["metadata"]["managedFields"] =
            json!([{"manager": "travel", "operation": "Apply", "fieldsV1": owned}]);
        let wanted = document("Deployment", wanted);
        let differences = differences(&wanted, &Document::new(object).unwrap(), "travel", &[]);
        assert!(!differences.is_empty());
        assert_eq!(as_found(&wanted, &differences).value()["spec"], expected);
    };
    check(
        json!({"spec": {"a": 1, "b": 2}}),
        json!({"spec": {"a": 3, "b": 2, "theirs": 1}}),
        json!({}),
        json!({"a": 3, "b": 2}),
    );
    check(
        json!({"spec": {"a": {"x": 1}, "b": 2}}),
        json!({"spec": {"b": 2}}),
        json!({}),
        json!({"b": 2}),
    );
    check(
        json!({"spec": {"args": ["a", "b", "c"]}}),
        json!({"spec": {"args": ["c"]}}),
        json!({}),
        json!({"args": ["c"]}),
    );
    check(
        json!({"spec": {"args": ["a"]}}),
        json!({"spec": {"args": ["a", "b"]}}),
        json!({}),
        json!({"args": ["a", "b"]}),
    );
    check(
        json!({"spec": {"c": [{"name": "a"}, {"name": "b", "image": "1"}]}}),
        json!({"spec": {"c": [{"name": "b", "image": "2"}]}}),
        json!({}),
        json!({"c": [{"name": "b", "image": "2"}]}),
    );
    check(
        json!({"spec": {"c": [{"name": "a"}]}}),
        json!({"spec": {"c": [{"name": "a"}, {"name": "old", "image": "i"}]}}),
        json!({"f:spec": {"f:c": {"k:{\"name\":\"old\"}": {".": {}, "f:name": {}, "f:image": {}}}}}),
        json!({"c": [{"name": "a"}, {"name": "old", "image": "i"}]}),
    );
}

#[test]
fn known_mutators_are_at_hand() {
    let scaler = |group: &str, kind: &str, target: Value| {
        Document::new(json!({"apiVersion": format!("{group}/v2"), "kind": kind, "metadata": {"name": "x", "namespace": "shop"},
            "spec": {"scaleTargetRef": target}}))
        .unwrap()
    };
    let documents = [
        scaler(
            "autoscaling",
            "HorizontalPodAutoscaler",
            json!({"kind": "Rollout", "name": "cart"}),
        ),
        scaler("keda.sh", "ScaledObject", json!({"name": "flights"})),
        scaler("other", "Thing", json!({"name": "hotels"})),
    ];
    let ignores = autoscaled(&documents);
    let check = |key: &str, expected: bool| {
        let key: DocumentKey = key.parse().unwrap();
        assert_eq!(ignores.iter().any(|ignore| ignore.is_about(&key)), expected, "{key}");
    };
    check("argoproj.io/v1alpha1/Rollout/shop/cart", true);
    check("apps/v1/Deployment/shop/cart", false);
    check("apps/v1/Deployment/shop/flights", true);
    check("apps/v1/Deployment/elsewhere/flights", false);
    check("apps/v1/Deployment/shop/hotels", false);
    assert_eq!(certificate_bundles().len(), 4);
}

#[test]
fn values_are_not_shown_by_accident() {
    let found = differences(
        &document("Secret", json!({"stringData": {"a": "sesame"}})),
        &document("Secret", json!({"data": {"a": "b3Blbg=="}})),
        "travel",
        &[],
    );
    assert_eq!(format!("{found:?}"), "[Difference(data.a)]");
}

#[test]
fn shown_values_mean_the_same_where_the_cluster_writes_them_otherwise() {
    let check = |path: &str, one: &str, other: &str, expected: bool| {
        assert_eq!(means_the_same(path, one, other), expected, "{path}: {one} and {other}");
    };
    check("spec.containers[name=app].resources.limits.cpu", "1000m", "\"1\"", true);
    check("spec.containers[name=app].resources.limits.cpu", "1000m", "2", false);
    check("metadata.labels.version", "\"1\"", "\"1.0\"", false);
    check("spec.replicas", "1", "1", true);
}

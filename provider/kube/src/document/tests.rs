//! Documents and their keys.

use serde_json::json;

use super::*;

#[test]
fn what_is_no_document_is_refused() {
    let check = |value: Value, expected: &str| {
        assert_eq!(Document::new(value).unwrap_err().to_string(), expected)
    };
    check(json!([]), "a Kubernetes document must be an object, and this is a list");
    check(json!({}), "a document has no apiVersion");
    check(json!({"apiVersion": "v1"}), "a document has no kind");
    check(
        json!({"apiVersion": "v1", "metadata": {"name": "x"}}),
        "a document named \"x\" has no kind",
    );
    check(json!({"kind": "Pod", "metadata": {"name": "x"}}), "Pod \"x\" has no apiVersion");
    check(
        json!({"apiVersion": "v1", "kind": "Pod"}),
        "a document of kind Pod has no metadata.name",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": []}),
        "metadata of a document of kind Pod must be an object",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}),
        "a document of kind Pod has metadata.generateName: a document needs a name of its own, or it could not be found \
         again",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "labels": ["a"]}}),
        "metadata.labels of Pod \"x\" must be a map of strings",
    );
    check(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": 7}}),
        "metadata.namespace of Pod \"x\" must be a string",
    );
}

#[test]
fn lists_are_unfolded() {
    let pod = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}});
    let check = |value: Value, expected: &[&str]| {
        let documents = Document::many(value).unwrap();
        let names: Vec<&str> = documents.iter().map(Document::name).collect();
        assert_eq!(names, expected);
    };
    check(Value::Null, &[]);
    check(pod("a"), &["a"]);
    let inner = json!({"apiVersion": "v1", "kind": "PodList", "items": [pod("b"), pod("c")]});
    check(
        json!({"apiVersion": "v1", "kind": "List", "items": [pod("a"), inner]}),
        &["a", "b", "c"],
    );
    let named =
        json!({"apiVersion": "v1", "kind": "List", "metadata": {"name": "x"}, "items": [pod("d")]});
    check(named, &["d"]);
    // A kind of one's own may end in List.
    let own = json!({"apiVersion": "x.io/v1", "kind": "AllowList", "metadata": {"name": "z"}, "items": ["a"]});
    check(own, &["z"]);
}

#[test]
fn keys_are_written_and_read() {
    let check = |text: &str, api_version: &str, kind: &str, namespace: Option<&str>, name: &str| {
        let key: DocumentKey = text.parse().unwrap();
        let found = (
            key.api_version.as_str(),
            key.kind.as_str(),
            key.namespace.as_deref(),
            key.name.as_str(),
        );
        assert_eq!(found, (api_version, kind, namespace, name));
        assert_eq!(key.to_string(), text);
        assert_eq!(
            serde_json::from_value::<DocumentKey>(serde_json::to_value(&key).unwrap()).unwrap(),
            key
        );
    };
    check("v1/ConfigMap/shop/cart", "v1", "ConfigMap", Some("shop"), "cart");
    check("v1/Namespace//shop", "v1", "Namespace", None, "shop");
    check("apps/v1/Deployment/shop/cart", "apps/v1", "Deployment", Some("shop"), "cart");
    check(
        "rbac.authorization.k8s.io/v1/ClusterRole//system:node",
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        None,
        "system:node",
    );
    for wrong in [
        "",
        "v1/Namespace/shop",
        "v1/ConfigMap/shop/",
        "/ConfigMap/shop/cart",
        "a/b/v1/Kind/shop/cart",
    ] {
        assert!(wrong.parse::<DocumentKey>().is_err(), "{wrong}");
    }
}

#[test]
fn what_a_cluster_writes_can_be_taken_off() {
    let mut document = Document::new(json!({
        "apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"}, "spec": {},
        "metadata": {"name": "x", "uid": "1", "resourceVersion": "2", "generation": 3, "managedFields": [], "labels": {}},
    }))
    .unwrap();
    assert_eq!((document.uid(), document.resource_version()), (Some("1"), Some("2")));
    document.strip_server_fields();
    let expected = json!({"apiVersion": "v1", "kind": "Pod", "spec": {}, "metadata": {"name": "x", "labels": {}}});
    assert_eq!(document.value(), &expected);
}

#[test]
fn namespaces_and_marks_are_set() {
    let mut document = Document::new(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": ""}}),
    )
    .unwrap();
    assert_eq!(document.namespace(), None);
    document.set_namespace(Some("shop"));
    document.set_label("a", "1");
    document.set_annotation("b", "2");
    assert_eq!(document.key().to_string(), "v1/Pod/shop/x");
    assert_eq!((document.label("a"), document.annotation("b")), (Some("1"), Some("2")));
    document.set_namespace(None);
    assert_eq!(document.value()["metadata"]["namespace"], Value::Null);
}

#[test]
fn texts_of_secrets_become_data() {
    let check = |kind: &str, content: Value, expected: Value| {
        let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}});
        value.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        let mut document = Document::new(value).unwrap();
        document.encode_secret_texts();
        let mut found = document.into_value();
        let found = found.as_object_mut().unwrap();
        found.retain(|name, _| name.ends_with("ata") && name != "metadata");
        assert_eq!(found, expected.as_object().unwrap());
    };
    check("Secret", json!({"stringData": {"a": "1"}}), json!({"data": {"a": "MQ=="}}));
    check(
        "Secret",
        json!({"stringData": {"a": "1"}, "data": {"a": "eA==", "b": "eQ=="}}),
        json!({"data": {"a": "MQ==", "b": "eQ=="}}),
    );
    check(
        "Secret",
        json!({"stringData": {"a": 1}, "data": null}),
        json!({"stringData": {"a": 1}, "data": null}),
    );
    check("Secret", json!({"stringData": {}}), json!({}));
    check("ConfigMap", json!({"stringData": {"a": "1"}}), json!({"stringData": {"a": "1"}}));
}

#[test]
fn content_is_never_shown() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a": "sesame"}});
    assert_eq!(format!("{:?}", Document::new(secret).unwrap()), "Document(v1/Secret//x)");
}

//! Documents as maps of fields.

use serde_json::json;

use super::*;

fn check(value: Value, key: Option<&[u8]>, expected: &[(&str, Option<&str>)]) {
    let fields = Summary::new(key).fields(&Document::new(value).unwrap());
    let mut fields: Vec<(&str, Option<&str>)> =
        fields.iter().map(|(path, value)| (path.as_str(), value.as_deref())).collect();
    fields.retain(|(path, _)| !matches!(*path, "apiVersion" | "kind" | "metadata.name"));
    assert_eq!(fields, expected);
}

#[test]
fn fields_are_short_and_unambiguous() {
    check(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "uid": "1", "labels": {"a.io/b": "true"}},
            "data": {"number": "80", "text": "plain text", "long": "y".repeat(200), "empty": "", "quoted": "\"a\""}}),
        None,
        &[
            ("data.empty", Some("\"\"")),
            ("data.long", Some("sha256:8ca9bfd43d61bf0a (200 bytes)")),
            ("data.number", Some("\"80\"")),
            ("data.quoted", Some("\"\\\"a\\\"\"")),
            ("data.text", Some("plain text")),
            ("metadata.labels[\"a.io/b\"]", Some("\"true\"")),
        ],
    );
    check(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "status": {"replicas": 1},
        "spec": {"replicas": 2, "paused": false, "nothing": null, "template": {"spec": {"volumes": [], "containers": [
            {"name": "app", "args": ["a", 1.5], "resources": {}},
        ]}}}}),
        None,
        &[
            ("spec.paused", Some("false")),
            ("spec.replicas", Some("2")),
            ("spec.template.spec.containers[name=app].args[0]", Some("a")),
            ("spec.template.spec.containers[name=app].args[1]", Some("1.5")),
            ("spec.template.spec.containers[name=app].name", Some("app")),
            ("spec.template.spec.containers[name=app].resources", Some("{}")),
            ("spec.template.spec.volumes", Some("[]")),
        ],
    );
}

#[test]
fn definitions_are_one_value() {
    check(
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"more": "z".repeat(150), "group": "g"}}),
        None,
        &[("metadata.labels.a", Some("b")), ("spec", Some("sha256:87aeddefc3136d91 (173 bytes)"))],
    );
}

#[test]
fn secrets_are_told_apart_and_not_told() {
    let secret = |content: Value| {
        let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "type": "Opaque"});
        value.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
        value
    };
    let shown = ("data.a", Some("hmac:cd91ff0322095dc25c0f7eda2be6d55e"));
    check(
        secret(json!({"data": {"a": "c2VzYW1l"}})),
        Some(b"key"),
        &[shown, ("type", Some("Opaque"))],
    );
    // The same content, written otherwise.
    check(
        secret(json!({"data": {"a": "c2Vz\n YW1l\n"}})),
        Some(b"key"),
        &[shown, ("type", Some("Opaque"))],
    );
    check(
        secret(json!({"stringData": {"a": "sesame"}})),
        Some(b"key"),
        &[shown, ("type", Some("Opaque"))],
    );
    check(
        secret(json!({"data": {"a": "c2VzYW1l"}})),
        None,
        &[("data.a", None), ("type", Some("Opaque"))],
    );
    let other = Summary::new(Some(b"another key"));
    let found =
        other.fields(&Document::new(secret(json!({"stringData": {"a": "sesame"}}))).unwrap());
    assert_ne!(found["data.a"].as_deref(), shown.1);
    let copied = json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "sesame"}, "name": "x"});
    let found = other.fields(&Document::new(secret(json!({"metadata": copied}))).unwrap());
    assert!(found.values().flatten().all(|value| !value.contains("sesame")));
    assert!(!format!("{other:?}").contains("another"));
}

#[test]
fn long_texts_with_a_secret_are_told_apart_by_the_key_alone() {
    let check = |value: Value, is_hidden: bool| {
        let document = Document::new(json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "x"}, "data": {"a": value}}));
        let document = document.unwrap();
        let is_secret_text = |text: &str| text.contains("hunter2");
        let shown = |key: Option<&'static [u8]>| {
            let fields = Summary::new(key).hiding(&is_secret_text).fields(&document);
            fields["data.a"].clone()
        };
        assert_eq!(shown(None).is_none(), is_hidden, "{value}");
        assert_eq!(shown(Some(b"a")) != shown(Some(b"b")), is_hidden, "{value}");
    };
    let long = format!("{}hunter2", "x".repeat(LONGEST_SHOWN_BYTES));
    check(json!(long), true);
    check(json!("hunter2"), true);
    check(json!("x".repeat(LONGEST_SHOWN_BYTES + 1)), false);
    check(json!("hunter"), false);
    let mut document = json!({"apiVersion": "apiextensions.k8s.io/v1", "metadata": {"name": "x"},
        "kind": "CustomResourceDefinition", "spec": {"group": "g", "description": long}});
    let fields = |document: &Value| {
        let document = Document::new(document.clone()).unwrap();
        Summary::new(None).hiding(&|text| text.contains("hunter2")).fields(&document)
    };
    assert_eq!(fields(&document)["spec"], None);
    document["spec"]["description"] = "none".into();
    assert!(fields(&document)["spec"].is_some());
}

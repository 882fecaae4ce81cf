//! The schemas say of a document what the cluster says of it.

use serde_json::{Value, json};
use travel_kube::apply::{ApplyOptions, UnknownFields, apply};
use travel_kube::schema::Schemas;
use travel_kube::{Cluster, Document};

use crate::{document, namespace, options, patience};

pub async fn all(cluster: &Cluster) {
    namespace(cluster, "checking").await;
    let strict = ApplyOptions { unknown_fields: UnknownFields::Refuse, ..options() };
    let definition = definition();
    let made = apply(cluster, std::slice::from_ref(&definition), &strict, patience(30)).await;
    assert!(made.is_ok(), "{made:?}");
    let mut schemas = Schemas::built_in();
    schemas.add_definitions([&definition]);
    let dry = ApplyOptions { dry_run: true, ..strict };
    for (is_fit, document) in fit().into_iter().chain(unfit()) {
        let answer = apply(cluster, std::slice::from_ref(&document), &dry, patience(30)).await;
        let problems = schemas.problems(&document);
        let value = document.value();
        assert_eq!(answer.is_ok(), is_fit, "the cluster says {answer:?} of {value}");
        assert_eq!(problems.is_empty(), is_fit, "the schemas say {problems:?} of {value}");
    }
}

fn fit() -> Vec<(bool, Document)> {
    let fit = [
        deployment(json!({"replicas": 1.0, "paused": null}), json!({"args": null})),
        deployment(json!({}), json!({"resources": {"limits": {"cpu": 0.5, "memory": " 1.5Gi "}}})),
        deployment(json!({}), json!({"env": [{"name": "A", "value": null}]})),
        of("v1", "Secret", json!({"data": {"a": "aGVs\nbG8=", "b": null}})),
        of("v1", "ConfigMap", json!({"data": {"a": null}})),
        widget(json!({"other": null, "preset": null, "size": 2.0})),
        widget(json!({"free": {"x": 1}, "kept": {"x": {"y": 1}, "in": {"z": 1}}})),
        widget(json!({"needs": {"a": "b"}, "port": "http", "one": {"a": "b"}})),
        widget(json!({"inner": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}}})),
    ];
    fit.map(|document| (true, document)).into()
}

fn unfit() -> Vec<(bool, Document)> {
    let unfit = [
        deployment(json!({"replica": 1}), json!({})),
        deployment(json!({"replica": null}), json!({})),
        deployment(json!({"replicas": "1"}), json!({})),
        deployment(json!({"replicas": 1.5}), json!({})),
        deployment(json!({"replicas": 3_000_000_000_u32}), json!({})),
        deployment(json!({}), json!({"args": "x"})),
        deployment(json!({}), json!({"env": [{"name": "A", "value": 1}]})),
        deployment(json!({}), json!({"resources": {"limits": {"cpu": "1 Gi"}}})),
        deployment(json!({}), json!({"livenessProbe": {"httpGet": {"port": true}}})),
        of("v1", "Secret", json!({"data": {"a": "?"}})),
        of("v1", "ConfigMap", json!({"data": {"a": true}})),
        widget(json!({"wide": 1})),
        widget(json!({"size": null})),
        widget(json!({"size": 10})),
        widget(json!({"name": "A"})),
        widget(json!({"list": [null]})),
        widget(json!({"kept": {"in": {"a": 1}}})),
        widget(json!({"needs": {}})),
        widget(json!({"port": 1.5})),
        widget(json!({"one": {"a": "b", "b": "a"}})),
        widget(json!({"one": {}})),
        widget(json!({"inner": {"apiVersion": "v1", "kind": "X", "metadata": {"x": 1}}})),
    ];
    unfit.map(|document| (false, document)).into()
}

fn of(api_version: &str, kind: &str, rest: Value) -> Document {
    let metadata = json!({"name": "a", "namespace": "checking"});
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
    for (name, field) in rest.as_object().unwrap() {
        value[name] = field.clone();
    }
    document(value)
}

fn deployment(further: Value, container: Value) -> Document {
    let mut containers = json!([{"name": "a", "image": "a"}]);
    for (name, field) in container.as_object().unwrap() {
        containers[0][name] = field.clone();
    }
    let labels = json!({"a": "b"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": containers}});
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    for (name, field) in further.as_object().unwrap() {
        spec[name] = field.clone();
    }
    of("apps/v1", "Deployment", json!({"spec": spec}))
}

fn widget(spec: Value) -> Document {
    of("checking.travel/v1", "Widget", json!({"spec": spec}))
}

fn definition() -> Document {
    let text = json!({"type": "string"});
    let both = json!({"a": text, "b": text});
    let spec = json!({"type": "object", "properties": {
        "size": {"type": "integer", "maximum": 9},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "other": {"type": "string", "nullable": true},
        "preset": {"type": "string", "default": "x"},
        "list": {"type": "array", "items": text},
        "port": {"x-kubernetes-int-or-string": true},
        "free": {"type": "object"},
        "kept": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"in": {"type": "object", "properties": both}},
        },
        "needs": {
            "type": "object",
            "required": ["a", "b"],
            "properties": {"a": text, "b": {"type": "string", "default": "x"}},
        },
        "one": {
            "type": "object",
            "properties": both,
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        "inner": {
            "type": "object",
            "x-kubernetes-embedded-resource": true,
            "properties": {"spec": {"type": "object"}},
        },
    }});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    document(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.checking.travel"},
        "spec": {
            "group": "checking.travel",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    }))
}

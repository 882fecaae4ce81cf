use std::collections::BTreeMap;

use serde_json::json;
use travel_helm::{ReleaseContext, RenderOptions, TreeMap, render};
use travel_value::Value;

use super::*;
use crate::documents::{Fields, as_planned, fields};
use crate::release::memory::Memory;

fn key() -> SecretKey {
    Memory::default().own_secret_key()
}

fn texts(entries: &[(&str, &str)]) -> Fields {
    entries.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn an_object_shows_its_fields_but_not_what_its_key_says() {
    let manifest = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {u: '80', v: b}\n";
    let objects = recorded(manifest, "shop").unwrap();
    assert_eq!(objects[0].key().to_string(), "v1/ConfigMap/shop/a");
    assert_eq!(
        fields(&objects[0], &key(), &Secrets::default()),
        texts(&[("data.u", "\"80\""), ("data.v", "b")])
    );
}

#[test]
fn long_values_and_definitions_are_digests_and_secrets_are_codes() {
    let long = "x".repeat(129);
    let manifest = format!(
        "kind: ConfigMap\napiVersion: v1\nmetadata: {{name: a}}\ndata: {{x: {long}}}\n---\n\
         kind: Secret\napiVersion: v1\nmetadata: {{name: b}}\nstringData: {{password: hunter2}}\n"
    );
    let definition = "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\n\
                      metadata: {name: w.a.b}\nspec: {group: a.b, names: {kind: W}}\n";
    let (key, other) = (key(), key());
    let shown = |key: &SecretKey| -> Documents {
        let objects = recorded(&format!("{manifest}---\n{definition}"), "shop").unwrap();
        objects
            .iter()
            .map(|it| (it.key().to_string(), fields(it, key, &Secrets::default())))
            .collect()
    };
    let documents = shown(&key);
    let value = |document: &str, path: &str| documents[document][path].clone();
    assert!(value("v1/ConfigMap/shop/a", "data.x").ends_with(" (129 bytes)"));
    let secret = value("v1/Secret/shop/b", "data.password");
    assert!(secret.starts_with("hmac:") && !secret.contains("hunter2"), "{secret}");
    assert_ne!(shown(&other)["v1/Secret/shop/b"]["data.password"], secret);
    let name = "apiextensions.k8s.io/v1/CustomResourceDefinition//w.a.b";
    // A short definition is shown as it is; what counts is that it is one value.
    assert_eq!(documents[name].keys().collect::<Vec<_>>(), ["spec"]);
}

#[test]
fn what_was_planned_is_told_and_only_what_was_not_is_filled_in() {
    let planned: Documents = [("a".to_owned(), texts(&[("x", "planned")]))].into();
    let actual: Documents = [
        ("a".to_owned(), texts(&[("x", "actual"), ("secret", "hmac:1")])),
        ("b".to_owned(), texts(&[("y", "1")])),
    ]
    .into();
    let told = as_planned(Some(&planned), actual.clone());
    assert_eq!(told["a"], texts(&[("x", "planned"), ("secret", "hmac:1")]));
    assert_eq!(told["b"], actual["b"]);
    assert_eq!(as_planned(None, actual.clone()), actual);
}

#[test]
fn drift_is_taken_back_to_what_was_applied() {
    let seen: Documents =
        [("a".to_owned(), texts(&[("x", "changed")])), ("b".to_owned(), texts(&[("y", "1")]))]
            .into();
    let drifted: Documents =
        [("a".to_owned(), texts(&[("x", "applied")])), ("gone".to_owned(), texts(&[("z", "1")]))]
            .into();
    let restored = restored(&seen, &drifted);
    assert_eq!(restored["a"], drifted["a"]);
    assert_eq!(restored["b"], seen["b"]);
    assert_eq!(restored["gone"], drifted["gone"]);
}

/// The planned documents of a chart with one template.
fn check(template: &str, key: Option<&SecretKey>, expected: Option<serde_json::Value>) {
    let mut chart = travel_helm::chart::Chart::default();
    chart.metadata.name = "c".to_owned();
    chart.metadata.version = "1.0.0".to_owned();
    chart.metadata.api_version = "v2".to_owned();
    let file = travel_helm::chart::File {
        name: "templates/a.yaml".to_owned(),
        data: template.to_owned().into(),
    };
    chart.templates.push(file);
    let options = RenderOptions {
        release: ReleaseContext {
            name: "r".to_owned(),
            namespace: "n".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: travel_helm::Capabilities::default(),
        lookup: None,
        planning: true,
        skip_schema_validation: false,
    };
    let values = TreeMap::from([("unknown".to_owned(), travel_helm::Tree::Unknown)]);
    let rendering = render(chart, &values, &options).unwrap();
    let objects = rendered(&rendering, &[], "n").unwrap();
    let known = objects.map(|objects| planned(&objects, key, &Secrets::default()));
    let found = known.unwrap_or(PlannedDocuments::Unknown);
    let shape = match &found {
        PlannedDocuments::Unknown => None,
        PlannedDocuments::Known(documents) => Some(json!(documents)),
    };
    assert_eq!(shape, expected, "{template}");
    let value = Value::from(&found);
    assert_eq!(value.is_unknown(), shape.is_none());
    assert_eq!(value.is_wholly_known(), found.is_wholly_known());
}

#[test]
fn an_unknown_value_touches_only_the_documents_that_use_it() {
    let config = |name: &str, text: &str| {
        format!(
            "kind: ConfigMap\napiVersion: v1\nmetadata: {{name: {name}}}\ndata: {{x: {text}}}\n"
        )
    };
    let both = format!("{}---\n{}", config("a", "b"), config("b", "{{ .Values.unknown }}"));
    let known = json!({"v1/ConfigMap/n/a": {"data.x": "b"}, "v1/ConfigMap/n/b": null});
    check(&both, None, Some(known));
    check(&config("{{ .Values.unknown }}", "b"), None, None);
    let random = json!({"v1/ConfigMap/n/a": null});
    check(&config("a", "{{ randAlphaNum 5 }}"), None, Some(random));
}

#[test]
fn secrets_are_known_only_under_a_key() {
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {x: YQ==}\n";
    check(secret, None, Some(json!({"v1/Secret/n/a": {"data.x": null}})));
    let key = key();
    let code = key.code("a");
    check(secret, Some(&key), Some(json!({"v1/Secret/n/a": {"data.x": code}})));
}

#[test]
fn what_is_not_known_may_be_anything() {
    let known = |value: Option<&str>| {
        let fields = BTreeMap::from([("x".to_owned(), value.map(str::to_owned))]);
        PlannedDocuments::Known([("a".to_owned(), Some(fields))].into())
    };
    let nameless = PlannedDocuments::Known([("a".to_owned(), None)].into());
    let found: Documents = [("a".to_owned(), texts(&[("x", "1")]))].into();
    let more: Documents =
        [("a".to_owned(), texts(&[("x", "1")])), ("b".to_owned(), Fields::new())].into();
    for (planned, one, both) in [
        (&known(Some("1")), true, false),
        (&known(Some("2")), false, false),
        (&known(None), true, false),
        (&nameless, true, false),
        (&PlannedDocuments::Unknown, true, true),
    ] {
        assert_eq!((planned.may_be(&found), planned.may_be(&more)), (one, both), "{planned:?}");
    }
}

#[test]
fn a_secret_value_is_hidden_wherever_it_gets_into() {
    let secret = Value::object([("password", "hunter2".into()), ("short", "a".into())]);
    let secrets = Secrets::of(&secret);
    let manifest = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata: {url: \
                    'db://a:hunter2@b', plain: a, coded: aHVudGVyMg==}\n";
    let objects = recorded(manifest, "shop").unwrap();
    let key = key();
    let shown = fields(&objects[0], &key, &secrets);
    assert_eq!(shown["data.plain"], "a");
    assert_eq!(shown["data.url"], key.code("db://a:hunter2@b"));
    assert!(shown["data.coded"].starts_with("hmac:"));
    assert_eq!(super::shown(&objects[0], None, &secrets)["data.url"], None);
    assert_eq!(secrets.hidden_in("no user hunter2, aHVudGVyMg=="), "no user (secret), (secret)");
}

#[test]
fn a_field_with_a_secret_value_shows_as_a_code_however_it_is_written() {
    let secret = "a\"<p&ss>\nword";
    let secrets = Secrets::of(&Value::object([("password", secret.into())]));
    let check = |text: &str, is_hidden: bool| {
        let manifest = json!({"kind": "ConfigMap", "apiVersion": "v1",
            "metadata": {"name": "a"}, "data": {"x": text}});
        let objects = recorded(&manifest.to_string(), "shop").unwrap();
        let shown = |key: &SecretKey| fields(&objects[0], key, &secrets)["data.x"].clone();
        assert_eq!(shown(&key()).starts_with("hmac:"), is_hidden, "{text}");
        assert_eq!(shown(&key()) != shown(&key()), is_hidden, "{text}");
    };
    let long = "x".repeat(200);
    for text in [long.as_str(), ""] {
        check(&format!("{text}{secret}"), true);
        check(&format!("{text}{}", json!({"password": secret})), true);
        let of_go = r#"{"password":"a\"\u003cp\u0026ss\u003e\nword"}"#;
        check(&format!("{text}{of_go}"), true);
        check(&format!("{text}YSI8cCZzcz4Kd29yZA=="), true);
        check(&format!("{text}password"), false);
    }
}

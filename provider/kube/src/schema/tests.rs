use serde_json::{Value, json};

use super::*;

fn document(api_version: &str, kind: &str, rest: Value) -> Document {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
    for (name, field) in rest.as_object().unwrap() {
        value[name] = field.clone();
    }
    Document::new(value).unwrap()
}

fn problems(schemas: &Schemas, document: &Document) -> Vec<String> {
    schemas.problems(document).iter().map(Problem::to_string).collect()
}

/// Checks what is wrong in a document of one of Kubernetes' own kinds.
fn check(api_version: &str, kind: &str, rest: Value, expected: &[&str]) {
    let document = document(api_version, kind, rest);
    assert_eq!(problems(&Schemas::built_in(), &document), expected, "{:?}", document.value());
}

fn check_container(container: Value, expected: &[&str]) {
    let spec = json!({"template": {"spec": {"containers": [container]}}});
    check("apps/v1", "Deployment", json!({"spec": spec}), expected);
}

#[test]
fn fields_that_a_kind_does_not_have_are_told() {
    check(
        "apps/v1",
        "Deployment",
        json!({"spec": {"replica": 2}, "specc": {}, "status": {}}),
        &[
            "spec.replica: no field \"replica\"; did you mean \"replicas\"?",
            "specc: no field \"specc\"; did you mean \"spec\"?",
        ],
    );
    check_container(
        json!({"name": "app", "imagePullpolicy": "Always", "sidecar": true}),
        &[
            "spec.template.spec.containers[name=app].imagePullpolicy: \
             no field \"imagePullpolicy\"; did you mean \"imagePullPolicy\"?",
            "spec.template.spec.containers[name=app].sidecar: no field \"sidecar\"",
        ],
    );
    check("v1", "ConfigMap", json!({"data": {"any": "thing"}}), &[]);
    check(
        "v1",
        "Pod",
        json!({"metadata": {"name": "a", "label": {}}}),
        &["metadata.label: no field \"label\"; did you mean \"labels\"?"],
    );
}

#[test]
fn wrong_types_are_told_with_what_was_found() {
    check(
        "apps/v1",
        "Deployment",
        json!({"spec": {"paused": "true", "replicas": "two", "selector": 5, "template": []}}),
        &[
            "spec.paused: expected true or false, found \"true\"",
            "spec.replicas: expected a whole number, found \"two\"",
            "spec.selector: expected an object, found 5",
            "spec.template: expected an object, found a list",
        ],
    );
    check_container(
        json!({"name": "app", "args": "--help", "env": [{"name": "PORT", "value": 80}]}),
        &[
            "spec.template.spec.containers[name=app].args: expected a list, found \"--help\"",
            "spec.template.spec.containers[name=app].env[name=PORT].value: \
             expected a string, found 80",
        ],
    );
    check(
        "apps/v1",
        "Deployment",
        json!({"spec": {"replicas": 3_000_000_000_u32}}),
        &["spec.replicas: expected a number of 32 bits, found 3000000000"],
    );
    check(
        "v1",
        "ConfigMap",
        json!({"data": {"on": true}}),
        &["data.on: expected a string, found true"],
    );
    let (long, lines) = ("x".repeat(100), "a\nb");
    check(
        "v1",
        "ConfigMap",
        json!({"data": long, "immutable": lines}),
        &[
            "data: expected an object, found a string",
            "immutable: expected true or false, found a string",
        ],
    );
}

#[test]
fn what_the_cluster_accepts_is_not_refused() {
    check_container(
        json!({
            "name": "app",
            "resources": {"limits": {"cpu": 2, "memory": "1Gi"}, "requests": {"cpu": 0.5, "memory": 1e9}},
            "env": null,
            "args": [],
            "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 10.0},
            "readinessProbe": {"httpGet": {"port": 80}},
        }),
        &[],
    );
    let meta = json!({"name": "a", "creationTimestamp": null, "labels": {"a": null}});
    check("v1", "Service", json!({"metadata": meta, "spec": null, "status": {}}), &[]);
    let rules = json!({"roleRef": {"kind": "Role", "name": "a"}, "subjects": null});
    check("rbac.authorization.k8s.io/v1", "RoleBinding", rules, &[]);
    check("networking.k8s.io/v1", "NetworkPolicy", json!({"spec": {"egress": [{}]}}), &[]);
    // Other kinds and versions are nobody's here.
    check("policy/v1beta1", "PodSecurityPolicy", json!({"any": 1}), &[]);
    check("example.com/v1", "Widget", json!({"any": 1}), &[]);
}

#[test]
fn quantities_are_read_as_the_cluster_reads_them() {
    let check = |quantity: Value, is_one: bool| {
        let spec = json!({"hard": {"cpu": quantity}});
        let document = document("v1", "ResourceQuota", json!({"spec": spec}));
        assert_eq!(Schemas::built_in().problems(&document).is_empty(), is_one, "{quantity}");
    };
    for one in ["1", "+1.5", "-.5", "1.", "100m", "1Gi", "1e3", "5E-2", "12E", " 1Ki "] {
        check(one.into(), true);
    }
    for none in ["", "x", "1 Gi", "1gb", "1.2.3", "1GiB", "1,5"] {
        check(none.into(), false);
    }
    check(json!(true), false);
}

#[test]
fn secrets_are_never_quoted() {
    check("v1", "Secret", json!({"data": {"a": "aGVsbG8=", "b": "aGVs\nbG8=\n"}}), &[]);
    check(
        "v1",
        "Secret",
        json!({"data": {"a": "hunter2!", "b": 12}, "stringData": {"c": true}, "type": 5}),
        &[
            "data.a: expected base64, found a string",
            "data.b: expected a string, found a number",
            "stringData.c: expected a string, found a boolean",
            "type: expected a string, found a number",
        ],
    );
}

#[test]
fn only_fields_of_built_in_kinds_may_be_newer() {
    let newer = |document: &Document, schemas: &Schemas| -> Vec<bool> {
        schemas.problems(document).iter().map(|problem| problem.may_be_newer).collect()
    };
    let deployment = document("apps/v1", "Deployment", json!({"spec": {"x": 1, "paused": 1}}));
    assert_eq!(newer(&deployment, &Schemas::built_in()), [false, true]);
    let widget = document("a.b/v1", "Widget", json!({"spec": {"x": 1, "size": []}}));
    assert_eq!(newer(&widget, &widgets(size())), [false, false]);
}

/// The schemas with a kind Widget whose spec has these fields.
fn widgets(properties: Value) -> Schemas {
    let spec = json!({"type": "object", "properties": properties});
    widgets_with(json!({"type": "object", "properties": {"spec": spec}}))
}

fn widgets_with(schema: Value) -> Schemas {
    let version = |name: &str, served: bool| json!({"name": name, "served": served, "schema": {"openAPIV3Schema": schema}});
    let versions = [version("v1", true), version("v0", false)];
    let spec = json!({"group": "a.b", "names": {"kind": "Widget"}, "versions": versions});
    let definition =
        document("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({"spec": spec}));
    assert_eq!(problems(&Schemas::built_in(), &definition), [""; 0]);
    let mut schemas = Schemas::built_in();
    schemas.add_definitions([&definition]);
    schemas
}

fn size() -> Value {
    json!({"size": {"type": "integer", "minimum": 1, "maximum": 9, "exclusiveMaximum": true}})
}

/// Checks what is wrong in the spec of a widget.
fn check_widget(schemas: &Schemas, spec: Value, expected: &[&str]) {
    let document = document("a.b/v1", "Widget", json!({"spec": spec}));
    assert_eq!(problems(schemas, &document), expected, "{:?}", document.value());
}

#[test]
fn custom_resources_are_held_against_their_definitions() {
    let schemas = widgets(size());
    check_widget(&schemas, json!({"size": 8}), &[]);
    check_widget(
        &schemas,
        json!({"siez": 8, "size": "8"}),
        &[
            "spec.siez: no field \"siez\"; did you mean \"size\"?",
            "spec.size: expected a whole number, found \"8\"",
        ],
    );
    check_widget(&schemas, json!({"size": 0}), &["spec.size: expected at least 1, found 0"]);
    check_widget(&schemas, json!({"size": 9}), &["spec.size: expected less than 9, found 9"]);
    let wrong = document("a.b/v1", "Widget", json!({"spek": 1, "metadata": {"name": "a", "x": 1}}));
    assert_eq!(
        problems(&schemas, &wrong),
        ["metadata.x: no field \"x\"", "spek: no field \"spek\"; did you mean \"spec\"?",]
    );
    // Nobody serves that version.
    let other = document("a.b/v0", "Widget", json!({"spec": {"siez": 8}}));
    assert_eq!(problems(&schemas, &other), [""; 0]);
}

#[test]
fn values_of_custom_resources_follow_their_rules() {
    let schemas = widgets(json!({
        "mode": {"type": "string", "enum": ["on", "off"], "nullable": true},
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5, "minLength": 2},
        "ports": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "maxProperties": 1,
        },
        "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "step": {"type": "number", "multipleOf": 5},
    }));
    check_widget(
        &schemas,
        json!({
            "mode": null, "name": "abc", "ports": [1, 2], "labels": {"a": "b"}, "port": "http",
            "step": 10,
        }),
        &[],
    );
    check_widget(
        &schemas,
        json!({
            "mode": "half", "name": "A", "ports": [], "labels": {"a": 1, "b": "c"}, "port": true,
            "step": 7,
        }),
        &[
            "spec.labels: expected at most 1 fields, found an object",
            "spec.labels.a: expected a string, found 1",
            "spec.mode: expected one of \"on\", \"off\", found \"half\"",
            "spec.name: expected at least 2 characters, found \"A\"",
            "spec.name: expected a string that matches ^[a-z]+$, found \"A\"",
            "spec.port: expected a whole number or a string, found true",
            "spec.ports: expected at least 1 items, found a list",
            "spec.step: expected a multiple of 5, found 7",
        ],
    );
    check_widget(
        &schemas,
        json!({"ports": [1, "x"]}),
        &["spec.ports[1]: expected a whole number, found \"x\""],
    );
}

#[test]
fn required_fields_may_have_a_default() {
    let schemas = widgets_with(json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "required": ["name", "size"],
        "properties": {"name": {"type": "string"}, "size": {"type": "integer", "default": 1}},
    }}}));
    check_widget(&schemas, json!({"name": "a"}), &[]);
    check_widget(&schemas, json!({"name": "a", "size": null}), &[]);
    check_widget(&schemas, json!({"size": 2}), &["spec: no field \"name\", and it is required"]);
}

#[test]
fn null_is_a_value_of_a_custom_resource_only_where_it_may_be() {
    let schemas = widgets(json!({
        "name": {"type": "string"},
        "other": {"type": "string", "nullable": true},
        "preset": {"type": "string", "default": "a"},
        "list": {"type": "array", "items": {"x-kubernetes-int-or-string": true}},
        "any": {"x-kubernetes-preserve-unknown-fields": true},
    }));
    check_widget(&schemas, json!({"other": null, "preset": null, "any": null}), &[]);
    check_widget(
        &schemas,
        json!({"list": [null], "name": null}),
        &[
            "spec.list[0]: expected a whole number or a string, found null",
            "spec.name: expected a string, found null",
        ],
    );
}

#[test]
fn undeclared_fields_stay_where_the_schema_keeps_them() {
    let schemas = widgets(json!({
        "free": {"type": "object"},
        "kept": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"a": {"type": "string"}},
        },
        "any": {"x-kubernetes-preserve-unknown-fields": true},
        "pod": {
            "type": "object",
            "x-kubernetes-embedded-resource": true,
            "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}},
        },
    }));
    check_widget(
        &schemas,
        json!({
            "free": {"x": 1}, "kept": {"x": {"y": 1}, "a": "b"}, "any": [1, {"x": 2}],
            "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
        }),
        &[],
    );
    check_widget(
        &schemas,
        json!({"kept": {"a": 1}, "pod": {"metadata": {"x": 1}, "spec": {"b": 1}, "x": 1}}),
        &[
            "spec.kept.a: expected a string, found 1",
            "spec.pod.metadata.x: no field \"x\"",
            "spec.pod.spec.b: no field \"b\"; did you mean \"a\"?",
            "spec.pod.x: no field \"x\"",
        ],
    );
}

#[test]
fn combinations_say_something_of_values_and_declare_nothing() {
    let schemas = widgets_with(json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        "allOf": [{"properties": {"c": {"maxLength": 3}}}],
        "not": {"required": ["a", "c"]},
    }}}));
    check_widget(&schemas, json!({"a": 1}), &[]);
    check_widget(&schemas, json!({"b": 1, "c": "abc"}), &[]);
    check_widget(
        &schemas,
        json!({"a": 1, "b": 1}),
        &["spec: fits 2 of oneOf, and may fit but one"],
    );
    check_widget(
        &schemas,
        json!({}),
        &["spec: fits nothing of oneOf: spec: no field \"a\", and it is required; \
         or spec: no field \"b\", and it is required"],
    );
    check_widget(
        &schemas,
        json!({"b": 1, "c": "abcd"}),
        &["spec.c: expected at most 3 characters, found \"abcd\""],
    );
    check_widget(
        &schemas,
        json!({"a": 1, "c": "x"}),
        &["spec: is just what the schema excludes (not)"],
    );
}

#[test]
fn definitions_themselves_are_checked() {
    let definition = |size: Value| {
        let schema = json!({"type": "object", "properties": {"size": size}});
        let versions = [json!({"name": "v1", "schema": {"openAPIV3Schema": schema}})];
        json!({"spec": {"versions": versions}})
    };
    let check = |size: Value, expected: &[&str]| {
        let kind = "CustomResourceDefinition";
        check("apiextensions.k8s.io/v1", kind, definition(size), expected);
    };
    check(
        json!({"type": "object", "additionalProperties": true, "default": 5, "enum": [1, "a"]}),
        &[],
    );
    check(
        json!({"type": "array", "items": {"typ": "object"}, "additionalProperties": {"x": 1}}),
        &[
            "spec.versions[name=v1].schema.openAPIV3Schema.properties.size.additionalProperties.x: \
         no field \"x\"",
            "spec.versions[name=v1].schema.openAPIV3Schema.properties.size.items.typ: \
         no field \"typ\"; did you mean \"type\"?",
        ],
    );
}

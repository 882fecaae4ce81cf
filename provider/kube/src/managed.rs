//! Field ownership as a cluster records it in `metadata.managedFields`: which fields a manager owns, and handing the
//! fields of a manager of updates over to one of applies.
//!
//! Format: "FieldsV1" of the structured-merge-diff library; `f:name` is a field, `k:{…}` a list item named by its keys,
//! `v:…` an item of a set, `i:n` an item by place, `.` the thing itself.

use serde_json::{Map, Value, json};

use crate::document::Document;

/// The fields a manager owns by server-side apply, on the object itself (not on its status or scale); none where it
/// applied nothing.
pub fn applied_fields<'a>(live: &'a Value, manager: &str) -> Option<&'a Value> {
    entries(live)
        .find(|entry| is_apply(entry) && entry["manager"] == manager)
        .map(|entry| &entry["fieldsV1"])
}

/// What a manager applied of an object, as the object has it now: the document that it was, as far as the cluster
/// knows. None where the manager applied nothing.
pub fn applied_part(live: &Document, manager: &str) -> Option<Document> {
    let mut part = owned_part(live.value(), applied_fields(live.value(), manager)?);
    if !part.is_object() {
        part = json!({});
    }
    if !part["metadata"].is_object() {
        part["metadata"] = json!({});
    }
    part["apiVersion"] = live.api_version().into();
    part["kind"] = live.kind().into();
    part["metadata"]["name"] = live.name().into();
    if let Some(namespace) = live.namespace() {
        part["metadata"]["namespace"] = namespace.into();
    }
    Document::new(part).ok()
}

/// What of a value is owned by a node of managedFields.
fn owned_part(value: &Value, owned: &Value) -> Value {
    let Some(steps) = owned.as_object().filter(|steps| !steps.is_empty()) else {
        return value.clone();
    };
    match value {
        Value::Object(fields) => {
            let parts = steps.iter().filter_map(|(step, node)| {
                let name = step.strip_prefix("f:")?;
                Some((name.to_owned(), owned_part(fields.get(name)?, node)))
            });
            Value::Object(parts.collect())
        }
        Value::Array(items) => {
            let part = |(place, item): (usize, &Value)| {
                let node = steps.iter().find(|(step, _)| is_about(step, place, item));
                node.map(|(_, node)| owned_part(item, node))
            };
            Value::Array(items.iter().enumerate().filter_map(part).collect())
        }
        scalar => scalar.clone(),
    }
}

/// Whether a step of managedFields is about an item of a list.
fn is_about(step: &str, place: usize, item: &Value) -> bool {
    match step.split_once(':') {
        Some(("k", keys)) => {
            serde_json::from_str(keys).is_ok_and(|keys: Map<String, Value>| has_keys(item, &keys))
        }
        Some(("v", value)) => serde_json::from_str(value).is_ok_and(|value: Value| value == *item),
        Some(("i", index)) => index.parse() == Ok(place),
        _ => false,
    }
}

/// Whether an item of a list has these keys, or the defaults that they stand for.
pub(crate) fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    keys.iter().all(|(name, value)| match item.get(name) {
        Some(found) => found == value,
        None => name == "protocol" && value == "TCP",
    })
}

/// The fields of every manager by any operation, on the object itself.
pub(crate) fn all_fields(live: &Value) -> impl Iterator<Item = &Value> {
    entries(live).filter(|entry| is_main(entry)).map(|entry| &entry["fieldsV1"])
}

/// The managers that own a field by any operation, given by its steps in managedFields' own notation.
pub fn owners<'a>(live: &'a Value, steps: &[String]) -> Vec<&'a str> {
    let owning = entries(live).filter(|entry| {
        let mut node = &entry["fieldsV1"];
        for step in steps {
            match node.get(step) {
                Some(child) => node = child,
                None => return false,
            }
        }
        true
    });
    owning.filter_map(|entry| entry["manager"].as_str()).collect()
}

/// The JSON patch (RFC 6902) that hands the fields, which `from` own by updates, to `to` as if it had applied them:
/// without it fields that a document no longer has would stay, since their old manager still holds them. None where
/// there is nothing to hand over.
///
/// The patch holds only for the object's present version.
pub fn takeover(live: &Document, from: &[&str], to: &str) -> Option<Value> {
    let all = live.value()["metadata"]["managedFields"].as_array()?;
    let is_taken = |entry: &Value| {
        let manager = entry["manager"].as_str().unwrap_or_default();
        entry["operation"] == "Update" && is_main(entry) && from.contains(&manager)
    };
    if !all.iter().any(is_taken) {
        return None;
    }
    let is_target = |entry: &Value| is_apply(entry) && entry["manager"] == to;
    let mut fields = Value::Object(Map::new());
    let joined = all.iter().filter(|entry| is_taken(entry) || is_target(entry));
    let mut template = None;
    for entry in joined {
        merge(&mut fields, &entry["fieldsV1"]);
        // An entry holds fields of one version only; the target's own decides, else the youngest.
        if template
            .is_none_or(|kept: &Value| !is_target(kept) && (is_target(entry) || later(entry, kept)))
        {
            template = Some(entry);
        }
    }
    let mut target = template?.clone();
    target["manager"] = to.into();
    target["operation"] = "Apply".into();
    target["fieldsV1"] = fields;
    let rest = all.iter().filter(|entry| !is_taken(entry) && !is_target(entry)).cloned();
    let entries: Vec<Value> = rest.chain([target]).collect();
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version()?},
    ]))
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    live["metadata"]["managedFields"].as_array().into_iter().flatten()
}

fn is_main(entry: &Value) -> bool {
    entry["subresource"].as_str().unwrap_or_default().is_empty()
}

fn is_apply(entry: &Value) -> bool {
    entry["operation"] == "Apply" && is_main(entry)
}

/// Whether one entry is younger than another; RFC 3339 in UTC sorts as text.
fn later(entry: &Value, than: &Value) -> bool {
    entry["time"].as_str().unwrap_or_default() > than["time"].as_str().unwrap_or_default()
}

fn merge(into: &mut Value, from: &Value) {
    let Value::Object(from) = from else { return };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    for (name, child) in from {
        merge(&mut into[name.as_str()], child);
        if into[name.as_str()].is_null() {
            into[name.as_str()] = child.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(entries: Value) -> Document {
        let metadata = json!({"name": "x", "resourceVersion": "7", "managedFields": entries});
        Document::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}))
            .unwrap()
    }

    fn entry(manager: &str, operation: &str, time: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "time": time, "fieldsV1": fields})
    }

    #[test]
    fn fields_of_updates_are_handed_over() {
        let check = |entries: Value, expected: Option<Value>| {
            let patch = takeover(&live(entries), &["helm", "kubectl"], "helm");
            let found = patch.map(|patch| {
                assert_eq!(patch[1]["value"], "7");
                patch[0]["value"].clone()
            });
            assert_eq!(found, expected);
        };
        let spec = |field: &str| json!({"f:spec": {field: {}}});
        check(json!([]), None);
        check(json!([entry("helm", "Apply", "1", spec("f:a"))]), None);
        check(json!([entry("other", "Update", "1", spec("f:a"))]), None);
        check(
            json!([
                entry("helm", "Update", "1", spec("f:a")),
                entry("other", "Update", "2", spec("f:b"))
            ]),
            Some(json!([
                entry("other", "Update", "2", spec("f:b")),
                entry("helm", "Apply", "1", spec("f:a"))
            ])),
        );
        check(
            json!([
                entry("kubectl", "Update", "3", spec("f:a")),
                entry("helm", "Apply", "2", spec("f:b")),
                entry("helm", "Update", "1", spec("f:c")),
            ]),
            Some(json!([entry(
                "helm",
                "Apply",
                "2",
                json!({"f:spec": {"f:a": {}, "f:b": {}, "f:c": {}}})
            )])),
        );
        let status = json!({"manager": "helm", "operation": "Update", "subresource": "status", "fieldsV1": {}});
        check(json!([status]), None);
    }

    #[test]
    fn owners_are_found_by_path() {
        let entries = json!([
            entry("helm", "Apply", "1", json!({"f:spec": {"f:replicas": {}}})),
            entry("hpa", "Update", "2", json!({"f:spec": {"f:replicas": {}, "f:paused": {}}})),
        ]);
        let live = live(entries);
        let check = |steps: &[&str], expected: &[&str]| {
            let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
            assert_eq!(owners(live.value(), &steps), expected);
        };
        check(&["f:spec", "f:replicas"], &["helm", "hpa"]);
        check(&["f:spec", "f:paused"], &["hpa"]);
        check(&["f:spec", "f:selector"], &[]);
        assert_eq!(
            applied_fields(live.value(), "helm"),
            Some(&json!({"f:spec": {"f:replicas": {}}}))
        );
        assert_eq!(applied_fields(live.value(), "hpa"), None);
    }

    #[test]
    fn what_was_applied_is_read_from_the_object() {
        let fields = json!({
            "f:metadata": {"f:labels": {"f:team": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}}},
                "f:volume": {},
                "f:finalizers": {"v:\"a\"": {}},
                "f:empty": {".": {}},
            },
        });
        let mut live = live(json!([entry("travel", "Apply", "1", fields)])).into_value();
        live["metadata"]["labels"] = json!({"team": "x", "other": "y"});
        live["spec"] = json!({
            "replicas": 2,
            "paused": true,
            "containers": [{"name": "side"}, {"name": "app", "image": "i", "tty": false}],
            "volume": {"a": 1},
            "finalizers": ["b", "a"],
            "empty": {"theirs": 1},
        });
        let live = Document::new(live).unwrap();
        let part = applied_part(&live, "travel").unwrap().into_value();
        assert_eq!(part["metadata"], json!({"name": "x", "labels": {"team": "x"}}));
        assert_eq!(
            part["spec"],
            json!({
                "replicas": 2,
                "containers": [{"name": "app", "image": "i"}],
                "volume": {"a": 1},
                "finalizers": ["a"],
                "empty": {},
            }),
        );
        assert!(applied_part(&live, "helm").is_none());
    }
}

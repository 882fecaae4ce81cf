//! Checks values against values.schema.json, and says what is wrong in Helm's words.

mod effort;
mod report;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use jsonschema::{PatternOptions, Retrieve, Uri, Validator};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value as Json;

use super::Chart;
use crate::tree::{Tree, TreeMap};

/// What RFC 3986 has encoded in a fragment. A percent sign is taken for one that encodes already.
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What is wrong with the values of a chart and its subcharts, one paragraph for each of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(String);

/// Checks coalesced values against the schemas of a chart and its subcharts. What is unknown passes.
pub(crate) fn validate(
    chart: &Chart,
    values: &TreeMap,
    warnings: &mut Vec<String>,
) -> Result<(), SchemaError> {
    let mut report = String::new();
    validate_chart(chart, values, &mut report, warnings);
    if report.is_empty() { Ok(()) } else { Err(SchemaError(report)) }
}

fn validate_chart(
    chart: &Chart,
    values: &TreeMap,
    report: &mut String,
    warnings: &mut Vec<String>,
) {
    if let Some(schema) = &chart.schema
        && let Err(problems) = validate_one(schema, values, warnings)
    {
        report.push_str(&format!("{}:\n{problems}\n", chart.name()));
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            None | Some(Tree::Null | Tree::Unknown) => {}
            Some(Tree::Map(values)) => validate_chart(subchart, values, report, warnings),
            Some(other) => {
                let found = crate::value::Value::from_tree(other).type_name();
                let name = subchart.name();
                report.push_str(&format!(
                    "{name}:\ninvalid type for values: expected object (map), got {found}\n"
                ));
            }
        }
    }
}

fn validate_one(schema: &[u8], values: &TreeMap, warnings: &mut Vec<String>) -> Result<(), String> {
    let text = String::from_utf8_lossy(schema);
    let mut schema: Json =
        serde_json::from_str(&text).map_err(|error| crate::json::syntax_error(&text, &error))?;
    normalize_dialect(&mut schema);
    let mut identifiers = HashSet::new();
    collect_identifiers(&schema, &mut identifiers);
    normalize_references(&mut schema, &identifiers);
    let tree = Tree::Map(values.clone());
    let instance = tree.to_json();
    if !effort::pay(&schema, &instance) {
        return Err(
            "checking the values against the schema takes too much time or memory".to_owned()
        );
    }
    let unresolved = Arc::new(Mutex::new(Vec::new()));
    let validator = compile(&schema, unresolved.clone())?;
    if let Ok(unresolved) = unresolved.lock() {
        for address in unresolved.iter() {
            warnings.push(format!(
                "values are not checked against {address}, which the schema refers to"
            ));
        }
    }
    let mut unknown = Vec::new();
    collect_unknown(&tree, &mut Vec::new(), &mut unknown);
    let about_unknown = |path: &str| {
        let path: Vec<&str> = path.split('/').skip(1).collect();
        unknown.iter().any(|leaf| leaf.iter().zip(&path).all(|(leaf, part)| leaf == part))
    };
    let errors = validator
        .iter_errors(&instance)
        .filter(|error| !about_unknown(error.instance_path().as_str()));
    report::write(&errors.collect::<Vec<_>>())
}

fn compile(schema: &Json, unresolved: Arc<Mutex<Vec<String>>>) -> Result<Validator, String> {
    // A pattern goes back and forth for a few milliseconds at most, and is no larger than two megabytes.
    let patterns = PatternOptions::fancy_regex().backtrack_limit(100_000).size_limit(2 << 20);
    let options = jsonschema::options().with_retriever(Offline { unresolved });
    options.with_pattern_options(patterns).build(schema).map_err(|error| {
        format!("\"file:///values.schema.json#\" is not valid against metaschema: {error}")
    })
}

/// Dialects are named by addresses with `http`; with `https` they mean the same.
fn normalize_dialect(schema: &mut Json) {
    if let Some(Json::String(dialect)) = schema.get_mut("$schema")
        && let Some(rest) = dialect.strip_prefix("https://json-schema.org/draft-0")
    {
        *dialect = format!("http://json-schema.org/draft-0{rest}");
    }
}

/// The addresses the parts of a schema go by.
fn collect_identifiers(schema: &Json, found: &mut HashSet<String>) {
    match schema {
        Json::Object(entries) => {
            if let Some(Json::String(id)) = entries.get("$id").or(entries.get("id")) {
                found.insert(without_fragment(id).to_owned());
            }
            entries.values().for_each(|entry| collect_identifiers(entry, found));
        }
        Json::Array(items) => items.iter().for_each(|item| collect_identifiers(item, found)),
        _ => {}
    }
}

/// Makes references resolvable. Generators write names such as `subjects[0]` into fragments, where an address needs
/// them encoded; and of what is not fetched no part can be found, so that such a reference means the whole of it.
fn normalize_references(schema: &mut Json, identifiers: &HashSet<String>) {
    match schema {
        Json::Object(entries) => {
            for (key, entry) in entries {
                match entry {
                    Json::String(reference) if matches!(&**key, "$ref" | "$dynamicRef") => {
                        let address = without_fragment(reference);
                        *reference = if address.is_empty() || identifiers.contains(address) {
                            utf8_percent_encode(reference, NOT_IN_FRAGMENT).to_string()
                        } else {
                            address.to_owned()
                        };
                    }
                    // These hold values, not schemas.
                    _ if matches!(&**key, "const" | "enum" | "default" | "examples") => {}
                    entry => normalize_references(entry, identifiers),
                }
            }
        }
        Json::Array(items) => {
            items.iter_mut().for_each(|item| normalize_references(item, identifiers));
        }
        _ => {}
    }
}

fn without_fragment(address: &str) -> &str {
    address.split_once('#').map_or(address, |(address, _)| address)
}

/// The paths of all unknown leaves, each part as in a JSON pointer.
fn collect_unknown(tree: &Tree, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match tree {
        Tree::Unknown => found.push(path.clone()),
        Tree::Map(map) => {
            for (key, value) in map {
                path.push(key.replace('~', "~0").replace('/', "~1"));
                collect_unknown(value, path, found);
                path.pop();
            }
        }
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                collect_unknown(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Schemas elsewhere are not fetched while rendering: what refers to them passes, and is told.
struct Offline {
    unresolved: Arc<Mutex<Vec<String>>>,
}

impl Retrieve for Offline {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        if let Ok(mut unresolved) = self.unresolved.lock() {
            unresolved.push(uri.as_str().to_owned());
        }
        Ok(Json::Bool(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, values: &str, expected: Option<&str>) {
        let mut chart = Chart { schema: Some(schema.to_owned().into()), ..Chart::default() };
        chart.metadata.name = "c".to_owned();
        let mut values = crate::chart::values::read_values(values).unwrap();
        if values.contains_key("unknown") {
            values.insert("unknown".to_owned(), Tree::Unknown);
        }
        let mut report = String::new();
        validate_chart(&chart, &values, &mut report, &mut Vec::new());
        let expected = expected.map(|expected| format!("c:\n{expected}\n")).unwrap_or_default();
        assert_eq!(report, expected, "{schema}");
    }

    #[test]
    fn problems_read_as_helms() {
        check(r#"{"required": ["a", "b"]}"#, "{}", Some("- at '': missing properties 'a', 'b'"));
        check(
            r#"{"properties": {"a": {"maximum": 65535}}}"#,
            "a: 70000",
            Some("- at '/a': maximum: got 70,000, want 65,535"),
        );
        check(
            r#"{"properties": {"a": {"required": ["x"], "minProperties": 2}}}"#,
            "a: {y: 1}",
            Some(
                "- at '/a': validation failed\n  - at '/a': minProperties: got 1, want 2\n  - at '/a': missing property 'x'",
            ),
        );
        check(
            r##"{"properties": {"a": {"$ref": "#/definitions/d"}}, "definitions": {"d": {"type": "string"}}}"##,
            "a: 1",
            Some("- at '/a': got number, want string"),
        );
        check(
            r#"{"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "object"}]}}}"#,
            "a: 1",
            Some(
                "- at '/a': 'anyOf' failed\n  - at '/a': got number, want string\n  - at '/a': got number, want object",
            ),
        );
        check(
            r#"{"properties": {"a": {"enum": ["x", 3, null]}}}"#,
            "a: y",
            Some("- at '/a': value must be one of 'x', 3, <nil>"),
        );
        check(
            r#"{"properties": {"a": {"type": "string", "enum": ["x"]}}}"#,
            "a: 1",
            Some("- at '/a': got number, want string"),
        );
        check(r#"{"$ref": "https://example.invalid/schema.json"}"#, "a: 1", None);
        check(r#"{"$ref": "https://example.invalid/schema.json#/definitions/d"}"#, "a: 1", None);
        check(
            r##"{"properties": {"a": {"$ref": "#/$defs/list[0]"}}, "$defs": {"list[0]": {"type": "string"}}}"##,
            "a: 1",
            Some("- at '/a': got number, want string"),
        );
        check(
            r##"{"$id": "https://example.invalid/own.json", "properties": {"a": {"$ref": "https://example.invalid/own.json#/$defs/d"}}, "$defs": {"d": {"type": "string"}}}"##,
            "a: 1",
            Some("- at '/a': got number, want string"),
        );
        check(r##"{"enum": [{"a": {"$ref": "x#y"}}]}"##, r##"a: {"$ref": "x#y"}"##, None);
    }

    #[test]
    fn what_is_unknown_passes() {
        check(
            r#"{"properties": {"unknown": {"type": "string"}}, "required": ["unknown"]}"#,
            "unknown: 1",
            None,
        );
        check(r#"{"additionalProperties": false}"#, "unknown: 1", None);
    }
}

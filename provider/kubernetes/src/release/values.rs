//! A release's values: from what the configuration says to what the chart is given.

use travel_framework::Diagnostic;
use travel_helm::{Tree, TreeMap, merge_values, read_values};
use travel_value::{Path, Value};

/// Values as far as they are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// The values, in which leaves may be unknown.
    Given(TreeMap),
    /// Nothing is known of them: YAML that is not known may set anything.
    Unknown,
}

impl Values {
    /// The values, as far as anything is known of them.
    pub fn given(&self) -> Option<&TreeMap> {
        match self {
            Self::Given(values) => Some(values),
            Self::Unknown => None,
        }
    }

    /// Whether everything in them is known.
    pub fn wholly_known(&self) -> Option<&TreeMap> {
        self.given().filter(|values| !values.values().any(Tree::has_unknown))
    }
}

/// What `values` and `values_yaml` of an object, whose own path is `path`, come to.
///
/// # Errors
/// Where YAML is none, or is no map; says which. Never quotes what stands there.
pub fn merged(object: &Value, path: &Path) -> Result<Values, Diagnostic> {
    let texts = object.get("values_yaml");
    let given = ["values", "secret_values"].map(|name| object.get(name));
    if texts.is_unknown() || given.iter().any(|values| values.is_unknown()) {
        return Ok(Values::Unknown);
    }
    let mut values = TreeMap::new();
    let mut is_unknown = false;
    for (index, text) in texts.elements().unwrap_or_default().iter().enumerate() {
        match text.as_str() {
            None => is_unknown |= text.is_unknown(),
            Some(text) => {
                let read = read_values(text).map_err(|error| {
                    Diagnostic::error(
                        "values_yaml is not usable",
                        format!("It must be YAML with a map in it: {error}."),
                    )
                    .at(path.field("values_yaml").index(index))
                });
                merge_values(&mut values, read?);
            }
        }
    }
    if is_unknown {
        return Ok(Values::Unknown);
    }
    for given in given {
        if let Tree::Map(given) = tree_of(given) {
            merge_values(&mut values, given);
        }
    }
    Ok(Values::Given(values))
}

/// Refuses values that are no map.
pub fn is_map(value: &Value) -> Result<(), String> {
    if value.entries().is_some() {
        return Ok(());
    }
    Err("an object, as in { replicas = 2 }".to_owned())
}

/// Terraform's value as Helm's.
pub fn tree_of(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Unknown(_) => Tree::Unknown,
        Value::Bool(truth) => Tree::Bool(*truth),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| Tree::Float(number.as_f64().unwrap_or(f64::INFINITY)), Tree::Int),
        Value::String(text) => Tree::Text(text.clone()),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            Tree::List(items.iter().map(tree_of).collect())
        }
        Value::Map(entries) | Value::Object(entries) => {
            Tree::Map(entries.iter().map(|(key, value)| (key.clone(), tree_of(value))).collect())
        }
        Value::Dynamic(_, value) => tree_of(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(values: Value, texts: Value, expected: Option<serde_json::Value>) {
        let object = Value::object([("values", values), ("values_yaml", texts)]);
        let merged = merged(&object, &Path::root()).unwrap();
        let json = merged.wholly_known().map(|known| Tree::Map(known.clone()).to_json());
        assert_eq!(json, expected);
    }

    fn texts<const N: usize>(texts: [Value; N]) -> Value {
        Value::List(texts.to_vec())
    }

    #[test]
    fn later_values_win_and_the_object_over_all() {
        let object = Value::object([
            ("c", 3.into()),
            ("zones", Value::Tuple(vec!["a".into(), true.into()])),
        ]);
        check(
            object,
            texts(["a: 1\nb: {u: 1, v: 2}".into(), "b: {v: 3}\nc: 1".into()]),
            Some(json!({"a": 1, "b": {"u": 1, "v": 3}, "c": 3, "zones": ["a", true]})),
        );
        check(Value::Null, Value::Null, Some(json!({})));
        check(Value::Null, texts(["# nothing".into()]), Some(json!({})));
    }

    #[test]
    fn an_unknown_text_makes_all_unknown_but_a_leaf_only_itself() {
        check(Value::Null, texts(["a: 1".into(), Value::unknown()]), None);
        let leaf = Value::object([("a", Value::unknown()), ("b", 1.into())]);
        let object = Value::object([("values", leaf), ("values_yaml", Value::Null)]);
        let Values::Given(values) = merged(&object, &Path::root()).unwrap() else {
            unreachable!("a leaf leaves the rest known")
        };
        assert_eq!(values.get("a"), Some(&Tree::Unknown));
        assert_eq!(values.get("b"), Some(&Tree::Int(1)));
    }

    #[test]
    fn text_that_is_no_map_is_refused_where_it_stands() {
        for text in ["- a", "a: [", "5"] {
            let object = Value::object([("values_yaml", texts(["a: 1".into(), text.into()]))]);
            let error = merged(&object, &Path::root()).unwrap_err();
            assert_eq!(error.path.unwrap().to_string(), "values_yaml[1]", "{text}");
        }
    }
}

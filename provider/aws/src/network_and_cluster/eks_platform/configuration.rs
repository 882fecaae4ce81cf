//! The configuration of an add-on: JSON, of which only the meaning counts.

use serde_json::Value as Json;
use travel_value::Value;

/// Whether two configurations mean the same. An empty one is the same as none.
pub fn same(one: Option<&str>, other: Option<&str>) -> bool {
    match (meaning(one), meaning(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// As [`same`], for an attribute's `same = …`.
pub fn same_values(one: &Value, other: &Value) -> bool {
    same(one.as_str(), other.as_str())
}

/// The rule of an attribute that holds a configuration.
pub fn is_object(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(_)) => Ok(()),
        Ok(_) => Err("a JSON object".to_owned()),
        Err(error) => Err(format!("a JSON object ({error})")),
    }
}

/// What a configuration means; none where it is not JSON.
fn meaning(text: Option<&str>) -> Option<Json> {
    match text.map(str::trim) {
        None | Some("") => Some(Json::Object(serde_json::Map::new())),
        Some(text) => serde_json::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_meaning() {
        for (one, other, expected) in [
            (Some(r#"{"a":1,"b":{"c":"d"}}"#), Some(r#"{ "b": {"c": "d"}, "a": 1 }"#), true),
            (Some(r#"{"a":1}"#), Some(r#"{"a":"1"}"#), false),
            (Some("{}"), None, true),
            (Some(""), None, true),
            (None, None, true),
            (Some(r#"{"a":1}"#), None, false),
            (Some("a: 1"), Some("a: 1"), true),
            (Some("a: 1"), Some("a:  1"), false),
        ] {
            assert_eq!(same(one, other), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn knows_an_object() {
        for (text, is) in [("{}", true), ("[]", false), ("a: 1", false), ("", false)] {
            assert_eq!(is_object(&text.into()).is_ok(), is, "{text}");
        }
    }
}

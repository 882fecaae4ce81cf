//! The members of a request that its model has already checked.

use serde::Serialize;
use serde_json::{Map, Value};

/// A request's members by their names in the model. Those that are null are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Input(Map<String, Value>);

impl Input {
    /// The input of members.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// A member as it came, null where it is absent.
    pub fn value(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// Whether a member is given.
    pub fn has(&self, name: &str) -> bool {
        !self.value(name).is_null()
    }

    /// A string, empty where it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.value(name).as_str().unwrap_or_default()
    }

    /// A string that may be absent; an empty one counts as absent.
    pub fn optional_text(&self, name: &str) -> Option<&str> {
        self.value(name).as_str().filter(|text| !text.is_empty())
    }

    /// A boolean that may be absent.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name).as_bool()
    }

    /// A whole number that may be absent.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.value(name).as_i64()
    }

    /// The strings of a list, none where it is absent.
    pub fn texts(&self, name: &str) -> Vec<String> {
        texts(self.value(name))
    }

    /// The entries of an object, none where it is absent.
    pub fn object(&self, name: &str) -> Map<String, Value> {
        self.value(name).as_object().cloned().unwrap_or_default()
    }

    /// The members of a structure, none where it is absent.
    pub fn inner(&self, name: &str) -> Self {
        Self(self.object(name))
    }
}

/// The strings of a JSON list.
pub fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A page of a list, as services cut it: `items` from the token on, at most `limit` of them, and the next token.
///
/// # Errors
/// A sentence, when the token is none that such a list has given.
pub fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), String> {
    let start = match token {
        None => 0,
        Some(token) => token
            .strip_prefix("from-")
            .and_then(|number| number.parse().ok())
            .filter(|start| *start <= items.len())
            .ok_or_else(|| format!("the nextToken {token:?} is not valid"))?,
    };
    let next = (items.len() > start + limit).then(|| format!("from-{}", start + limit));
    Ok((items.into_iter().skip(start).take(limit).collect(), next))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_by_type() {
        let Value::Object(members) =
            json!({"a": "x", "b": true, "c": 3, "d": ["y"], "e": {"f": "z"}, "g": ""})
        else {
            panic!("no object")
        };
        let input = Input::new(members);
        assert_eq!((input.text("a"), input.text("none")), ("x", ""));
        assert_eq!((input.flag("b"), input.number("c")), (Some(true), Some(3)));
        assert_eq!(input.texts("d"), ["y"]);
        assert_eq!(input.inner("e").text("f"), "z");
        assert_eq!(input.optional_text("g"), None);
        assert!(input.has("a") && !input.has("none"));
    }

    fn check(token: Option<&str>, limit: usize, expected: Result<(&[u8], Option<&str>), &str>) {
        let found = page(vec![1u8, 2, 3], token, limit);
        let expected = expected
            .map(|(items, next)| (items.to_vec(), next.map(str::to_owned)))
            .map_err(str::to_owned);
        assert_eq!(found, expected, "{token:?} {limit}");
    }

    #[test]
    fn pages_follow_each_other() {
        check(None, 5, Ok((&[1, 2, 3], None)));
        check(None, 2, Ok((&[1, 2], Some("from-2"))));
        check(Some("from-2"), 2, Ok((&[3], None)));
        check(Some("x"), 2, Err("the nextToken \"x\" is not valid"));
        check(Some("from-9"), 2, Err("the nextToken \"from-9\" is not valid"));
    }
}

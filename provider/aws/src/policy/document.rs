//! Policy documents as a configuration writes them: a text in JSON, or an object of the
//! configuration's own language. Both become one JSON text without spaces.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use travel_value::{Number, Type, Value};

/// A document as text, without spaces; none while part of it is unknown. A text that is no JSON stays
/// as it is.
pub fn text(document: &Value) -> Option<String> {
    match document.as_str() {
        Some(text) => {
            Some(serde_json::from_str::<Json>(text).map_or(text.to_owned(), |it| it.to_string()))
        }
        None => json(document).filter(|json| !json.is_null()).map(|json| json.to_string()),
    }
}

/// A document as a value whose parts can be looked at, a text in JSON being read.
///
/// # Errors
/// Where a text is no JSON: says why.
pub fn tree(document: &Value) -> Result<Value, String> {
    match document.as_str() {
        Some(text) => serde_json::from_str(text).map(value).map_err(|error| error.to_string()),
        None => Ok(document.clone()),
    }
}

/// A text that was read as an attribute of any type has it: as an object where it was one `before`.
pub fn like(before: &Value, text: &str) -> Value {
    let whole = match (before.entries(), serde_json::from_str(text)) {
        (Some(_), Ok(json)) => value(json),
        _ => text.into(),
    };
    dynamic(whole)
}

/// A value for an attribute of any type.
pub fn dynamic(value: Value) -> Value {
    Value::Dynamic(Box::new(type_of(&value)), Box::new(value))
}

/// An object for an attribute of any type, of values for such attributes.
pub fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    let plain = |value| match value {
        Value::Dynamic(_, value) => *value,
        value => value,
    };
    dynamic(Value::object(entries.into_iter().map(|(name, value)| (name, plain(value)))))
}

/// How long a text is to IAM, which counts no white space.
pub fn size(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// A value as JSON, without attributes that are null; none while part of it is unknown.
fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Unknown(_) => return None,
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Number(number) => serde_json::from_str(&number.to_string()).ok()?,
        Value::String(text) => Json::String(text.clone()),
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => {
            Json::Array(elements.iter().map(json).collect::<Option<_>>()?)
        }
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            let entries = entries.map(|(name, value)| Some((name.clone(), json(value)?)));
            Json::Object(entries.collect::<Option<Map<_, _>>>()?)
        }
        Value::Dynamic(_, value) => json(value)?,
    })
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => truth.into(),
        Json::Number(number) => {
            let text = number.to_string();
            text.parse::<Number>().map_or_else(|_| text.into(), Value::Number)
        }
        Json::String(text) => text.into(),
        Json::Array(elements) => Value::Tuple(elements.into_iter().map(value).collect()),
        Json::Object(entries) => {
            Value::object(entries.into_iter().map(|(name, json)| (name, value(json))))
        }
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Null | Value::Unknown(_) => Type::Dynamic,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => {
            Type::Tuple(elements.iter().map(type_of).collect())
        }
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.clone(), type_of(value)));
            Type::object(entries.collect::<BTreeMap<_, _>>())
        }
        Value::Dynamic(kind, _) => (**kind).clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_objects_become_the_same_text() {
        let object = Value::object([
            ("Statement", Value::Tuple(vec![Value::object([("Sid", Value::Null)])])),
            ("Version", "2012-10-17".into()),
            ("Size", 7.into()),
        ]);
        let minified = r#"{"Size":7,"Statement":[{}],"Version":"2012-10-17"}"#;
        let spaced = "{ \"Size\": 7, \"Statement\": [{}],\n \"Version\": \"2012-10-17\" }";
        for given in
            [object.clone(), dynamic(object.clone()), spaced.into(), dynamic(spaced.into())]
        {
            assert_eq!(text(&given).as_deref(), Some(minified), "{given:?}");
        }
        assert_eq!(text(&Value::object([("a", Value::unknown())])), None);
        assert_eq!(text(&"no policy".into()).as_deref(), Some("no policy"));
        assert_eq!(text(&Value::Null), None);
        assert_eq!(size("{ \"a\": 1 }"), 7);
    }

    #[test]
    fn what_is_read_has_the_form_that_it_was_written_in() {
        let read = r#"{"Statement":[{"Effect":"Allow"}]}"#;
        let object = dynamic(Value::object([("Statement", Value::Tuple(vec![]))]));
        assert_eq!(like(&Value::Null, read), dynamic(read.into()));
        assert_eq!(like(&dynamic("{}".into()), read), dynamic(read.into()));
        let statement = Value::object([("Effect", "Allow".into())]);
        let expected = Value::object([("Statement", Value::Tuple(vec![statement]))]);
        assert_eq!(like(&object, read), dynamic(expected));
        assert!(tree(&"{".into()).is_err());
    }
}

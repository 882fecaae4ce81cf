//! Terraform's conversions: a value of one type as one of another.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use travel_value::{Number, Type, Value};

/// A value as one of a type.
///
/// # Errors
/// Where terraform would not convert it either.
pub fn convert(value: Value, kind: &Type) -> Result<Value> {
    let value = match value {
        Value::Dynamic(_, inner) => *inner,
        other => other,
    };
    Ok(match (kind, value) {
        (Type::Dynamic, value) => {
            let kind = type_of(&value);
            match value {
                Value::Null => Value::Null,
                value if kind == Type::Dynamic => value,
                value => Value::Dynamic(Box::new(kind), Box::new(value)),
            }
        }
        (_, Value::Null) => Value::Null,
        (_, unknown @ Value::Unknown(_)) => unknown,
        (Type::String, text @ Value::String(_)) => text,
        (Type::String, Value::Bool(it)) => Value::String(it.to_string()),
        (Type::String, Value::Number(it)) => Value::String(it.to_string()),
        (Type::Number, number @ Value::Number(_)) => number,
        (Type::Number, Value::String(text)) => {
            Value::Number(text.parse::<Number>().ok().with_context(|| no(&text, "number"))?)
        }
        (Type::Bool, truth @ Value::Bool(_)) => truth,
        (Type::Bool, Value::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => bail!(no(&text, "bool")),
        },
        (Type::List(one), value) => Value::List(each(elements(value)?, one)?),
        (Type::Set(one), value) => Value::set(each(elements(value)?, one)?),
        (Type::Tuple(kinds), value) => {
            let pairs = elements(value)?.into_iter().zip(kinds);
            let converted: Result<Vec<Value>> =
                pairs.map(|(value, kind)| convert(value, kind)).collect();
            Value::Tuple(converted?)
        }
        (Type::Map(one), value) => {
            let mut entries = BTreeMap::new();
            for (key, value) in named(value)? {
                entries.insert(key.clone(), convert(value, one).with_context(|| key)?);
            }
            Value::Map(entries)
        }
        (Type::Object { attributes, .. }, value) => {
            let mut given = named(value)?;
            let mut object = BTreeMap::new();
            for (name, kind) in attributes {
                let value = given.remove(name).unwrap_or(Value::Null);
                object.insert(name.clone(), convert(value, kind).with_context(|| name.clone())?);
            }
            if let Some(name) = given.keys().next() {
                bail!("there is no attribute {name}");
            }
            Value::Object(object)
        }
        (kind, value) => bail!("{} is not {}", value.kind(), kind.kind()),
    })
}

fn no(text: &str, kind: &str) -> String {
    format!("{text:?} is no {kind}")
}

fn each(values: Vec<Value>, kind: &Type) -> Result<Vec<Value>> {
    values.into_iter().map(|value| convert(value, kind)).collect()
}

fn elements(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::List(all) | Value::Set(all) | Value::Tuple(all) => Ok(all),
        other => bail!("{} is no sequence", other.kind()),
    }
}

fn named(value: Value) -> Result<BTreeMap<String, Value>> {
    match value {
        Value::Map(all) | Value::Object(all) => Ok(all),
        other => bail!("{} has no attributes", other.kind()),
    }
}

/// The type that a value has by itself: objects and tuples, as an expression makes them.
pub fn type_of(value: &Value) -> Type {
    let first = |all: &[Value]| all.first().map_or(Type::Dynamic, type_of);
    match value {
        Value::Null | Value::Unknown(_) => Type::Dynamic,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::List(all) => Type::list(first(all)),
        Value::Set(all) => Type::set(first(all)),
        Value::Map(all) => Type::map(all.values().next().map_or(Type::Dynamic, type_of)),
        Value::Tuple(all) => Type::Tuple(all.iter().map(type_of).collect()),
        Value::Object(all) => {
            Type::object(all.iter().map(|(name, it)| (name.clone(), type_of(it))))
        }
        Value::Dynamic(kind, _) => (**kind).clone(),
    }
}

/// A value whose dynamic parts do not say their types: the type of the whole does.
pub fn plain(value: Value) -> Value {
    let each = |all: Vec<Value>| all.into_iter().map(plain).collect();
    let entries = |all: BTreeMap<String, Value>| {
        all.into_iter().map(|(name, value)| (name, plain(value))).collect()
    };
    match value {
        Value::Dynamic(_, inner) => plain(*inner),
        Value::List(all) => Value::List(each(all)),
        Value::Set(all) => Value::set(all.into_iter().map(plain)),
        Value::Tuple(all) => Value::Tuple(each(all)),
        Value::Map(all) => Value::Map(entries(all)),
        Value::Object(all) => Value::Object(entries(all)),
        other => other,
    }
}

/// A type, with that of the value in place of each dynamic part.
pub fn actual(kind: &Type, value: &Value) -> Type {
    match (kind, value) {
        (Type::Dynamic, Value::Dynamic(actual, _)) => (**actual).clone(),
        (Type::Object { attributes, .. }, Value::Object(values)) => {
            let one = |(name, kind): (&String, &Type)| {
                let value = values.get(name).unwrap_or(&Value::Null);
                (name.clone(), actual(kind, value))
            };
            Type::object(attributes.iter().map(one).collect::<Vec<_>>())
        }
        (kind, _) => kind.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_as_terraform_does() {
        let check = |value: Value, kind: &Type, expected: Option<Value>| {
            assert_eq!(convert(value.clone(), kind).ok(), expected, "{value:?} as {kind:?}");
        };
        let number = |text: &str| Value::Number(text.parse().unwrap());
        check(number("7"), &Type::String, Some("7".into()));
        check("7".into(), &Type::Number, Some(number("7")));
        check("seven".into(), &Type::Number, None);
        check("true".into(), &Type::Bool, Some(true.into()));
        check(Value::unknown(), &Type::list(Type::String), Some(Value::unknown()));
        let tuple = || Value::Tuple(vec!["b".into(), "a".into(), "b".into()]);
        check(tuple(), &Type::set(Type::String), Some(Value::set(["a".into(), "b".into()])));
        check(tuple(), &Type::map(Type::String), None);
        let given = || Value::object([("a", Value::from("x"))]);
        let wanted = Type::object([("a", Type::String), ("b", Type::Bool)]);
        let whole = Value::object([("a", Value::from("x")), ("b", Value::Null)]);
        check(given(), &wanted, Some(whole));
        check(given(), &Type::object([("b", Type::Bool)]), None);
        let dynamic = Value::Dynamic(Box::new(type_of(&given())), Box::new(given()));
        check(given(), &Type::Dynamic, Some(dynamic));
    }
}

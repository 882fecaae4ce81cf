//! Values in JSON, as Terraform keeps them in state files.
//!
//! Numbers keep all their digits. A dynamic value is an object of its value and its type. There is
//! no JSON for an unknown value.

use std::collections::BTreeMap;
use std::str;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{CodecError, Problem};
use crate::{Step, Type, Value};

/// How deep values may be nested.
const DEPTH_MAX: usize = 128;

/// What to do with attributes that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAttributes {
    /// They are an error.
    Refuse,
    /// They are left out: raw state may come from a version of the provider that had them.
    Ignore,
}

/// The value of a type that a JSON text stands for; an empty text is null.
///
/// An attribute that is absent is null, also where a block's value would be empty. As in
/// Terraform, scalars of another type are taken where their text says what is meant: `"7"` for 7,
/// `true` for `"true"`.
///
/// # Errors
/// When the text is not JSON or not of the type.
pub fn decode(text: &[u8], kind: &Type, unknown: UnknownAttributes) -> Result<Value, CodecError> {
    let text = str::from_utf8(text).map_err(|_| Problem::InvalidText)?;
    if text.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    read(parse(text)?, kind, unknown, 0)
}

/// The JSON text of a value of this type.
///
/// # Errors
/// When the value is not of the type, or not wholly known.
pub fn encode(value: &Value, kind: &Type) -> Result<String, CodecError> {
    let mut text = String::new();
    write(&mut text, value, kind, 0)?;
    Ok(text)
}

/// Parses one level: the levels below stay text, which alone keeps every digit of a number.
fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(Problem::InvalidJson)
}

fn read(
    json: &RawValue,
    kind: &Type,
    unknown: UnknownAttributes,
    depth: usize,
) -> Result<Value, CodecError> {
    if depth > DEPTH_MAX {
        return Err(Problem::TooDeep.into());
    }
    let json = json.get();
    let item = |index: usize, json: &RawValue, kind: &Type| {
        read(json, kind, unknown, depth + 1).map_err(|error| error.inside(Step::Index(index)))
    };
    match (kind, json.as_bytes().first()) {
        (_, Some(b'n')) => Ok(Value::Null),
        (Type::Bool | Type::Number | Type::String, _) => Ok(scalar(json, kind)?),
        (Type::List(element), Some(b'[')) => {
            let elements = parse::<Vec<&RawValue>>(json)?.into_iter().enumerate();
            elements
                .map(|(index, json)| item(index, json, element))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        (Type::Set(element), Some(b'[')) => {
            let elements: Vec<Value> = parse::<Vec<&RawValue>>(json)?
                .into_iter()
                .map(|json| read(json, element, unknown, depth + 1))
                .collect::<Result<_, _>>()
                .map_err(CodecError::at_this_place)?;
            Ok(Value::set(elements))
        }
        (Type::Tuple(kinds), Some(b'[')) => {
            let elements = parse::<Vec<&RawValue>>(json)?;
            if kinds.len() != elements.len() {
                let (expected, found) = (kinds.len(), elements.len());
                return Err(Problem::WrongLength { expected, found }.into());
            }
            let elements = kinds.iter().zip(elements).enumerate();
            elements
                .map(|(index, (kind, json))| item(index, json, kind))
                .collect::<Result<_, _>>()
                .map(Value::Tuple)
        }
        (Type::Map(element), Some(b'{')) => parse::<BTreeMap<String, &RawValue>>(json)?
            .into_iter()
            .map(|(key, json)| match read(json, element, unknown, depth + 1) {
                Ok(value) => Ok((key, value)),
                Err(error) => Err(error.inside(Step::Key(key))),
            })
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Type::Object { attributes, .. }, Some(b'{')) => object(json, attributes, unknown, depth),
        (Type::Dynamic, Some(b'{')) => dynamic(json, unknown, depth),
        (kind, _) => Err(mismatch(kind, json).into()),
    }
}

fn object(
    json: &str,
    kinds: &BTreeMap<String, Type>,
    unknown: UnknownAttributes,
    depth: usize,
) -> Result<Value, CodecError> {
    let given: BTreeMap<String, &RawValue> = parse(json)?;
    if unknown == UnknownAttributes::Refuse
        && let Some(name) = given.keys().find(|name| !kinds.contains_key(*name))
    {
        return Err(Problem::UnknownAttribute(name.clone()).into());
    }
    kinds
        .iter()
        .map(|(name, kind)| {
            let value = match given.get(name) {
                Some(json) => read(json, kind, unknown, depth + 1)
                    .map_err(|error| error.inside(Step::Attribute(name.clone())))?,
                None => Value::Null,
            };
            Ok((name.clone(), value))
        })
        .collect::<Result<_, _>>()
        .map(Value::Object)
}

fn dynamic(json: &str, unknown: UnknownAttributes, depth: usize) -> Result<Value, CodecError> {
    let parts: BTreeMap<String, &RawValue> = parse(json)?;
    let (Some(kind), Some(value)) = (parts.get("type"), parts.get("value")) else {
        return Err(Problem::InvalidType.into());
    };
    let kind = Type::from_json(kind.get().as_bytes())?;
    let value = read(value, &kind, unknown, depth + 1)?;
    Ok(Value::Dynamic(Box::new(kind), Box::new(value)))
}

fn scalar(json: &str, kind: &Type) -> Result<Value, Problem> {
    let text: String = match json.as_bytes().first() {
        Some(b'"') => parse(json)?,
        Some(b'[' | b'{') => return Err(mismatch(kind, json)),
        _ => json.to_owned(),
    };
    match (kind, text.as_str()) {
        (Type::Bool, "true" | "1") if json != "1" => Ok(Value::Bool(true)),
        (Type::Bool, "false" | "0") if json != "0" => Ok(Value::Bool(false)),
        (Type::Number, _) if !matches!(json, "true" | "false") => {
            text.parse().map(Value::Number).map_err(|_| Problem::InvalidNumber)
        }
        (Type::String, _) => Ok(Value::String(text)),
        _ => Err(mismatch(kind, json)),
    }
}

fn mismatch(kind: &Type, json: &str) -> Problem {
    let found = match json.as_bytes().first() {
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a bool",
        _ => "a number",
    };
    Problem::Mismatch { expected: kind.kind(), found }
}

fn write(text: &mut String, value: &Value, kind: &Type, depth: usize) -> Result<(), CodecError> {
    if depth > DEPTH_MAX {
        return Err(Problem::TooDeep.into());
    }
    match (kind, value) {
        (_, Value::Null) => text.push_str("null"),
        (_, Value::Unknown(_)) => return Err(Problem::Unknown.into()),
        (Type::Dynamic, Value::Dynamic(kind, value)) if **kind == Type::Dynamic => {
            write(text, value, kind, depth + 1)?;
        }
        (Type::Dynamic, Value::Dynamic(kind, value)) => {
            text.push_str("{\"value\":");
            write(text, value, kind, depth + 1)?;
            text.push_str(",\"type\":");
            text.push_str(&kind.to_json());
            text.push('}');
        }
        (Type::Bool, Value::Bool(truth)) => text.push_str(if *truth { "true" } else { "false" }),
        (Type::Number, Value::Number(number)) => text.push_str(&number.to_string()),
        (Type::String, Value::String(string)) => quote(text, string)?,
        (Type::List(kind), Value::List(elements)) => {
            let elements = elements.iter().map(|element| (&**kind, element));
            array(text, elements, depth)?;
        }
        (Type::Set(kind), Value::Set(elements)) => {
            let elements = elements.iter().map(|element| (&**kind, element));
            array(text, elements, depth).map_err(CodecError::at_this_place)?;
        }
        (Type::Tuple(kinds), Value::Tuple(elements)) => {
            if kinds.len() != elements.len() {
                let (expected, found) = (kinds.len(), elements.len());
                return Err(Problem::WrongLength { expected, found }.into());
            }
            array(text, kinds.iter().zip(elements), depth)?;
        }
        (Type::Map(kind), Value::Map(elements)) => {
            let elements = elements.iter().map(|(key, element)| (key, &**kind, element));
            braces(text, elements, depth, |key| Step::Key(key.clone()))?;
        }
        (Type::Object { attributes: kinds, .. }, Value::Object(attributes)) => {
            if let Some(name) = kinds.keys().find(|name| !attributes.contains_key(*name)) {
                return Err(Problem::MissingAttribute(name.clone()).into());
            }
            let attributes: Vec<_> = attributes
                .iter()
                .map(|(name, value)| match kinds.get(name) {
                    Some(kind) => Ok((name, kind, value)),
                    None => Err(Problem::UnknownAttribute(name.clone())),
                })
                .collect::<Result<_, _>>()?;
            braces(text, attributes, depth, |name| Step::Attribute(name.clone()))?;
        }
        (kind, value) => {
            return Err(Problem::Mismatch { expected: kind.kind(), found: value.kind() }.into());
        }
    }
    Ok(())
}

fn array<'a>(
    text: &mut String,
    elements: impl IntoIterator<Item = (&'a Type, &'a Value)>,
    depth: usize,
) -> Result<(), CodecError> {
    text.push('[');
    for (index, (kind, element)) in elements.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(text, element, kind, depth + 1).map_err(|error| error.inside(Step::Index(index)))?;
    }
    text.push(']');
    Ok(())
}

fn braces<'a>(
    text: &mut String,
    entries: impl IntoIterator<Item = (&'a String, &'a Type, &'a Value)>,
    depth: usize,
    step: impl Fn(&String) -> Step,
) -> Result<(), CodecError> {
    text.push('{');
    for (position, (key, kind, value)) in entries.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        quote(text, key)?;
        text.push(':');
        write(text, value, kind, depth + 1).map_err(|error| error.inside(step(key)))?;
    }
    text.push('}');
    Ok(())
}

fn quote(text: &mut String, string: &str) -> Result<(), Problem> {
    text.push_str(&serde_json::to_string(string).map_err(Problem::InvalidJson)?);
    Ok(())
}

#[cfg(test)]
mod tests;

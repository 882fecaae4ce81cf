//! From MessagePack to values.

use std::collections::BTreeMap;
use std::str;

use super::reader::{Reader, Token};
use super::{DEPTH_MAX, REFINED, refinement};
use crate::error::{CodecError, Problem};
use crate::{Bound, Number, Refinements, Step, Type, Value};

/// The value of a type that MessagePack bytes stand for; no bytes at all are null.
///
/// Objects must have exactly the attributes of their type. Every extension is an unknown value.
///
/// # Errors
/// When the bytes are malformed or not of the type.
pub fn decode(bytes: &[u8], kind: &Type) -> Result<Value, CodecError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let mut reader = Reader::new(bytes);
    let value = value(&mut reader, kind, 0)?;
    match reader.remaining() {
        0 => Ok(value),
        trailing => Err(Problem::TrailingBytes(trailing).into()),
    }
}

fn value(reader: &mut Reader<'_>, kind: &Type, depth: usize) -> Result<Value, CodecError> {
    if depth > DEPTH_MAX {
        return Err(Problem::TooDeep.into());
    }
    let token = reader.token()?;
    match (kind, token) {
        (_, Token::Nil) => Ok(Value::Null),
        (_, Token::Extension(REFINED, body)) if body.len() > 1 => {
            Ok(Value::Unknown(Box::new(refinements(body)?)))
        }
        (_, Token::Extension(..)) => Ok(Value::unknown()),
        (Type::Bool, Token::Bool(truth)) => Ok(Value::Bool(truth)),
        (Type::Number, token) => Ok(Value::Number(number(token)?)),
        (Type::String, Token::Text(bytes) | Token::Binary(bytes)) => {
            Ok(Value::String(text(bytes)?.to_owned()))
        }
        (Type::List(element), Token::Array(length)) => (0..length)
            .map(|index| item(reader, element, index, depth))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Type::Set(element), Token::Array(length)) => {
            let elements: Vec<Value> = (0..length)
                .map(|_| value(reader, element, depth + 1))
                .collect::<Result<_, _>>()
                // Only its value names an element of a set, so that the path ends at the set.
                .map_err(CodecError::at_this_place)?;
            Ok(Value::set(elements))
        }
        (Type::Tuple(kinds), Token::Array(length)) => {
            if kinds.len() != length {
                return Err(Problem::WrongLength { expected: kinds.len(), found: length }.into());
            }
            let elements = kinds.iter().enumerate();
            elements
                .map(|(index, kind)| item(reader, kind, index, depth))
                .collect::<Result<_, _>>()
                .map(Value::Tuple)
        }
        (Type::Map(element), Token::Map(length)) => {
            map(reader, element, length, depth).map(Value::Map)
        }
        (Type::Object { attributes, .. }, Token::Map(length)) => {
            object(reader, attributes, length, depth).map(Value::Object)
        }
        (Type::Dynamic, Token::Array(2)) => dynamic(reader, depth),
        (kind, token) => {
            Err(Problem::Mismatch { expected: kind.kind(), found: token.kind() }.into())
        }
    }
}

fn item(
    reader: &mut Reader<'_>,
    kind: &Type,
    index: usize,
    depth: usize,
) -> Result<Value, CodecError> {
    value(reader, kind, depth + 1).map_err(|error| error.inside(Step::Index(index)))
}

fn map(
    reader: &mut Reader<'_>,
    kind: &Type,
    length: usize,
    depth: usize,
) -> Result<BTreeMap<String, Value>, CodecError> {
    let mut elements = BTreeMap::new();
    for _ in 0..length {
        let key = key(reader)?.to_owned();
        let element =
            value(reader, kind, depth + 1).map_err(|error| error.inside(Step::Key(key.clone())))?;
        if elements.insert(key.clone(), element).is_some() {
            return Err(Problem::DuplicateKey(key).into());
        }
    }
    Ok(elements)
}

fn object(
    reader: &mut Reader<'_>,
    kinds: &BTreeMap<String, Type>,
    length: usize,
    depth: usize,
) -> Result<BTreeMap<String, Value>, CodecError> {
    let mut attributes = BTreeMap::new();
    for _ in 0..length {
        let name = key(reader)?;
        let Some(kind) = kinds.get(name) else {
            return Err(Problem::UnknownAttribute(name.to_owned()).into());
        };
        let attribute = value(reader, kind, depth + 1)
            .map_err(|error| error.inside(Step::Attribute(name.to_owned())))?;
        if attributes.insert(name.to_owned(), attribute).is_some() {
            return Err(Problem::DuplicateKey(name.to_owned()).into());
        }
    }
    match kinds.keys().find(|name| !attributes.contains_key(*name)) {
        Some(missing) => Err(Problem::MissingAttribute(missing.clone()).into()),
        None => Ok(attributes),
    }
}

fn dynamic(reader: &mut Reader<'_>, depth: usize) -> Result<Value, CodecError> {
    let kind = match reader.token()? {
        Token::Binary(json) | Token::Text(json) => Type::from_json(json)?,
        _ => return Err(Problem::InvalidType.into()),
    };
    let value = value(reader, &kind, depth + 1)?;
    Ok(Value::Dynamic(Box::new(kind), Box::new(value)))
}

fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Problem> {
    match reader.token()? {
        Token::Text(bytes) | Token::Binary(bytes) => text(bytes),
        token => Err(Problem::Mismatch { expected: "a key", found: token.kind() }),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(bytes).map_err(|_| Problem::InvalidText)
}

fn number(token: Token<'_>) -> Result<Number, Problem> {
    match token {
        Token::Signed(number) => Ok(number.into()),
        Token::Unsigned(number) => Ok(number.into()),
        Token::Float(number) => Number::from_exact_f64(number).ok_or(Problem::InvalidNumber),
        Token::Text(bytes) => text(bytes)?.parse().map_err(|_| Problem::InvalidNumber),
        token => Err(Problem::Mismatch { expected: Type::Number.kind(), found: token.kind() }),
    }
}

/// What a refined unknown value's body says; keys of later protocols are passed over.
fn refinements(body: &[u8]) -> Result<Refinements, Problem> {
    let mut reader = Reader::new(body);
    let mut known = Refinements::default();
    let length = match reader.token()? {
        Token::Map(length) => length,
        token => return Err(mismatch("refinements", token)),
    };
    for _ in 0..length {
        let key = match reader.token()? {
            Token::Unsigned(key) => key,
            token => return Err(mismatch("the number of a refinement", token)),
        };
        match key {
            refinement::NULL => match reader.token()? {
                Token::Bool(null) => known.null = Some(null),
                token => return Err(mismatch("a bool", token)),
            },
            refinement::PREFIX => match reader.token()? {
                Token::Text(prefix) => known.prefix = Some(text(prefix)?.to_owned()),
                token => return Err(mismatch("a prefix", token)),
            },
            refinement::NUMBER_MIN => known.number_min = Some(bound(&mut reader)?),
            refinement::NUMBER_MAX => known.number_max = Some(bound(&mut reader)?),
            refinement::LENGTH_MIN => known.length_min = Some(length_bound(&mut reader)?),
            refinement::LENGTH_MAX => known.length_max = Some(length_bound(&mut reader)?),
            _ => reader.skip()?,
        }
    }
    Ok(known)
}

fn bound(reader: &mut Reader<'_>) -> Result<Bound, Problem> {
    match reader.token()? {
        Token::Array(2) => {}
        token => return Err(mismatch("a bound", token)),
    }
    let number = number(reader.token()?)?;
    match reader.token()? {
        Token::Bool(inclusive) => Ok(Bound { number, inclusive }),
        token => Err(mismatch("a bool", token)),
    }
}

fn length_bound(reader: &mut Reader<'_>) -> Result<u64, Problem> {
    match reader.token()? {
        Token::Unsigned(length) => Ok(length),
        // Go writes any integer in its shortest form, but nothing forbids a signed one.
        Token::Signed(length) => u64::try_from(length).map_err(|_| Problem::InvalidNumber),
        token => Err(mismatch("a length", token)),
    }
}

fn mismatch(expected: &'static str, token: Token<'_>) -> Problem {
    Problem::Mismatch { expected, found: token.kind() }
}

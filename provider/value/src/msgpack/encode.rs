//! From values to MessagePack.

use std::collections::BTreeMap;

use rmp::encode::{self, ByteBuf};

use super::{DEPTH_MAX, REFINED, refinement};
use crate::error::{CodecError, Problem};
use crate::{Bound, Number, Refinements, Step, Type, Value};

/// How many bytes of a prefix are told. Terraform sends no more itself, and refuses an unknown
/// value that takes over 1024 bytes.
const PREFIX_BYTES_MAX: usize = 256;

/// The MessagePack bytes of a value of this type.
///
/// # Errors
/// When the value is not of the type: then the program that made it is wrong.
pub fn encode(value: &Value, kind: &Type) -> Result<Vec<u8>, CodecError> {
    let mut buffer = ByteBuf::new();
    write(&mut buffer, value, kind, 0)?;
    Ok(buffer.into_vec())
}

fn write(buffer: &mut ByteBuf, value: &Value, kind: &Type, depth: usize) -> Result<(), CodecError> {
    if depth > DEPTH_MAX {
        return Err(Problem::TooDeep.into());
    }
    match (kind, value) {
        (_, Value::Null) => {
            let Ok(()) = encode::write_nil(buffer);
        }
        (kind, Value::Unknown(known)) => unknown(buffer, known, kind)?,
        (Type::Dynamic, Value::Dynamic(kind, value)) => dynamic(buffer, kind, value, depth)?,
        (Type::Bool, Value::Bool(truth)) => {
            let Ok(()) = encode::write_bool(buffer, *truth);
        }
        (Type::Number, Value::Number(value)) => number(buffer, value)?,
        (Type::String, Value::String(value)) => text(buffer, value)?,
        (Type::List(kind), Value::List(elements)) => {
            array(buffer, elements.len())?;
            for (index, element) in elements.iter().enumerate() {
                write(buffer, element, kind, depth + 1)
                    .map_err(|error| error.inside(Step::Index(index)))?;
            }
        }
        (Type::Set(kind), Value::Set(elements)) => {
            array(buffer, elements.len())?;
            for element in elements {
                write(buffer, element, kind, depth + 1).map_err(CodecError::at_this_place)?;
            }
        }
        (Type::Tuple(kinds), Value::Tuple(elements)) => {
            if kinds.len() != elements.len() {
                let (expected, found) = (kinds.len(), elements.len());
                return Err(Problem::WrongLength { expected, found }.into());
            }
            array(buffer, elements.len())?;
            for (index, (kind, element)) in kinds.iter().zip(elements).enumerate() {
                write(buffer, element, kind, depth + 1)
                    .map_err(|error| error.inside(Step::Index(index)))?;
            }
        }
        (Type::Map(kind), Value::Map(elements)) => {
            map(buffer, elements.len())?;
            for (key, element) in elements {
                text(buffer, key)?;
                write(buffer, element, kind, depth + 1)
                    .map_err(|error| error.inside(Step::Key(key.clone())))?;
            }
        }
        (Type::Object { attributes: kinds, .. }, Value::Object(attributes)) => {
            object(buffer, attributes, kinds, depth)?;
        }
        (kind, value) => {
            return Err(Problem::Mismatch { expected: kind.kind(), found: value.kind() }.into());
        }
    }
    Ok(())
}

fn object(
    buffer: &mut ByteBuf,
    attributes: &BTreeMap<String, Value>,
    kinds: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<(), CodecError> {
    if let Some(name) = attributes.keys().find(|name| !kinds.contains_key(*name)) {
        return Err(Problem::UnknownAttribute(name.clone()).into());
    }
    map(buffer, kinds.len())?;
    for (name, kind) in kinds {
        let Some(attribute) = attributes.get(name) else {
            return Err(Problem::MissingAttribute(name.clone()).into());
        };
        text(buffer, name)?;
        write(buffer, attribute, kind, depth + 1)
            .map_err(|error| error.inside(Step::Attribute(name.clone())))?;
    }
    Ok(())
}

/// A dynamic value whose own type is not known either is written as if its type were no matter.
fn dynamic(
    buffer: &mut ByteBuf,
    kind: &Type,
    value: &Value,
    depth: usize,
) -> Result<(), CodecError> {
    if *kind == Type::Dynamic {
        return write(buffer, value, kind, depth + 1);
    }
    array(buffer, 2)?;
    let json = kind.to_json();
    let Ok(_) = encode::write_bin_len(buffer, length(json.len())?);
    buffer.as_mut_vec().extend_from_slice(json.as_bytes());
    write(buffer, value, kind, depth + 1)
}

fn number(buffer: &mut ByteBuf, number: &Number) -> Result<(), Problem> {
    if let Some(integer) = number.as_i64() {
        let Ok(_) = encode::write_sint(buffer, integer);
    } else if let Some(float) = number.as_exact_f64().filter(|_| !number.is_integer()) {
        let Ok(()) = encode::write_f64(buffer, float);
    } else {
        text(buffer, &number.to_string())?;
    }
    Ok(())
}

fn unknown(buffer: &mut ByteBuf, known: &Refinements, kind: &Type) -> Result<(), Problem> {
    let body = refinements(known, kind)?;
    if let Some(body) = body {
        let Ok(_) = encode::write_ext_meta(buffer, length(body.len())?, REFINED);
        buffer.as_mut_vec().extend(body);
    } else {
        let Ok(_) = encode::write_ext_meta(buffer, 1, 0);
        buffer.as_mut_vec().push(0);
    }
    Ok(())
}

/// The refinements that fit the type; Terraform refuses others. None where nothing is known.
fn refinements(known: &Refinements, kind: &Type) -> Result<Option<Vec<u8>>, Problem> {
    let mut count: usize = 0;
    let mut body = ByteBuf::new();
    let mut key = |body: &mut ByteBuf, key: u64| {
        count += 1;
        let Ok(_) = encode::write_uint(body, key);
    };
    if *kind == Type::Dynamic {
        return Ok(None);
    }
    if let Some(null) = known.null {
        key(&mut body, refinement::NULL);
        let Ok(()) = encode::write_bool(&mut body, null);
    }
    match kind {
        Type::String => {
            if let Some(prefix) = known.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
                key(&mut body, refinement::PREFIX);
                text(&mut body, &prefix[..prefix.floor_char_boundary(PREFIX_BYTES_MAX)])?;
            }
        }
        Type::Number => {
            let bounds = [
                (refinement::NUMBER_MIN, &known.number_min),
                (refinement::NUMBER_MAX, &known.number_max),
            ];
            for (name, bound) in bounds {
                if let Some(Bound { number: end, inclusive }) = bound {
                    key(&mut body, name);
                    array(&mut body, 2)?;
                    number(&mut body, end)?;
                    let Ok(()) = encode::write_bool(&mut body, *inclusive);
                }
            }
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            let bounds = [
                (refinement::LENGTH_MIN, known.length_min),
                (refinement::LENGTH_MAX, known.length_max),
            ];
            for (name, bound) in bounds {
                if let Some(bound) = bound {
                    key(&mut body, name);
                    let Ok(_) = encode::write_uint(&mut body, bound);
                }
            }
        }
        Type::Bool | Type::Dynamic | Type::Tuple(_) | Type::Object { .. } => {}
    }
    if count == 0 {
        return Ok(None);
    }
    let mut whole = ByteBuf::new();
    map(&mut whole, count)?;
    whole.as_mut_vec().extend(body.into_vec());
    Ok(Some(whole.into_vec()))
}

fn text(buffer: &mut ByteBuf, text: &str) -> Result<(), Problem> {
    let Ok(_) = encode::write_str_len(buffer, length(text.len())?);
    buffer.as_mut_vec().extend_from_slice(text.as_bytes());
    Ok(())
}

fn array(buffer: &mut ByteBuf, elements: usize) -> Result<(), Problem> {
    let Ok(_) = encode::write_array_len(buffer, length(elements)?);
    Ok(())
}

fn map(buffer: &mut ByteBuf, elements: usize) -> Result<(), Problem> {
    let Ok(_) = encode::write_map_len(buffer, length(elements)?);
    Ok(())
}

fn length(length: usize) -> Result<u32, Problem> {
    u32::try_from(length).map_err(|_| Problem::TooLong)
}

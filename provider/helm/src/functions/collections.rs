//! Go's functions on collections and text: `index`, `len`, and the printing ones.

use super::{Arguments, Failure, Function, Outcome, Type, format, handles, marks, shallow};
use crate::executor::Executor;
use crate::value::{Native, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    handles("index", &[Type::Any, Type::Any], index).variadic(),
    shallow("len", &[Type::Any], len),
    marks("print", &[Type::Any], print).variadic(),
    marks("printf", &[Type::Text, Type::Any], printf).variadic(),
    marks("println", &[Type::Any], println).variadic(),
];

fn index(executor: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let mut item = arguments.take(0);
    if matches!(item, Value::Nil) {
        return Err(Failure::new("index of untyped nil"));
    }
    for key in arguments.rest(1) {
        let unknown = executor.is_planning() && (item.is_unknown() || key.is_unknown());
        item = match index_once(item.known(), key.known()) {
            Ok(found) if unknown => found.unknown(),
            Ok(found) => found,
            Err(_) if unknown => Value::anything(),
            Err(failure) => return Err(failure),
        };
    }
    Ok(item)
}

fn index_once(item: &Value, key: &Value) -> Outcome {
    match item {
        Value::Nil => Err(Failure::new("index of nil pointer")),
        Value::List(list) => {
            let position = position(key, list.items().len())?;
            list.items().get(position).cloned().ok_or_else(|| index_panic("slice"))
        }
        Value::Text(text) | Value::Bytes(text) => {
            let position = position(key, text.len())?;
            let byte = text.as_bytes().get(position).ok_or_else(|| index_panic("string"))?;
            Ok(Value::Uint(u64::from(*byte)))
        }
        Value::Map(map) => {
            let key = map_key(key)?;
            Ok(map.get(&key).unwrap_or_else(|| map.zero()))
        }
        Value::Native(native) => match &**native {
            Native::Files(files) => {
                Ok(Value::Bytes(files.get(&*map_key(key)?).cloned().unwrap_or_default()))
            }
            _ => Err(Failure::new(format!("can't index item of type {}", item.type_name()))),
        },
        _ => Err(Failure::new(format!("can't index item of type {}", item.type_name()))),
    }
}

/// An index that equals the length passes Go's check and fails in its reflection.
fn index_panic(kind: &str) -> Failure {
    Failure::new(format!("reflect: {kind} index out of range"))
}

fn map_key(key: &Value) -> Result<String, Failure> {
    match key {
        Value::Text(text) => Ok(text.as_str().into_owned()),
        Value::Nil => Err(Failure::new("value is nil; should be of type string")),
        _ => Err(Failure::new(format!("value has type {}; should be string", key.type_name()))),
    }
}

fn position(key: &Value, length: usize) -> Result<usize, Failure> {
    let position = match key {
        Value::Int(value) | Value::Int64(value) => i128::from(*value),
        Value::Uint(value) => i128::from(*value),
        Value::Nil => return Err(Failure::new("cannot index slice/array with nil")),
        _ => {
            return Err(Failure::new(format!(
                "cannot index slice/array with type {}",
                key.type_name()
            )));
        }
    };
    match usize::try_from(position) {
        Ok(index) if index <= length => Ok(index),
        _ => Err(Failure::new(format!("index out of range: {position}"))),
    }
}

fn len(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let length = match arguments.any(0) {
        Value::Nil => return Err(Failure::new("len of nil pointer")),
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        value => match value {
            Value::Native(native) => match &**native {
                Native::Files(files) => files.len(),
                _ => return Err(Failure::new(format!("len of type {}", value.type_name()))),
            },
            _ => return Err(Failure::new(format!("len of type {}", value.type_name()))),
        },
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn print(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(format::sprint(&arguments.0)))
}

fn printf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(format::sprintf(arguments.text(0).as_bytes(), arguments.rest(1))))
}

fn println(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(format::sprintln(&arguments.0)))
}

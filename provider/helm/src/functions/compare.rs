//! Comparisons, with Go's rules about types.

use std::cmp::Ordering;

use super::{Arguments, Failure, Function, Outcome, Type, opaque};
use crate::executor::Executor;
use crate::value::{Value, deep_equal};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("eq", &[Type::Any, Type::Any], eq).variadic(),
    opaque("ne", &[Type::Any, Type::Any], ne),
    opaque("lt", &[Type::Any, Type::Any], lt),
    opaque("le", &[Type::Any, Type::Any], le),
    opaque("gt", &[Type::Any, Type::Any], gt),
    opaque("ge", &[Type::Any, Type::Any], ge),
    opaque("deepEqual", &[Type::Any, Type::Any], deep_equal_call),
];

/// The kinds of values that can be compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Text,
    Other,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) | Value::Int64(_) => Kind::Int,
        Value::Uint(_) => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Text(_) => Kind::Text,
        _ => Kind::Other,
    }
}

fn incompatible(left: &Value, right: &Value) -> Failure {
    let (left, right) = (left.type_name(), right.type_name());
    Failure::new(format!("incompatible types for comparison: {left} and {right}"))
}

/// Integers are compared whatever their sign.
fn order_mixed(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left) | Value::Int64(left), Value::Uint(right)) => {
            Some(i128::from(*left).cmp(&i128::from(*right)))
        }
        (Value::Uint(left), Value::Int(right) | Value::Int64(right)) => {
            Some(i128::from(*left).cmp(&i128::from(*right)))
        }
        _ => None,
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, Failure> {
    if kind(left) != kind(right) {
        if let Some(order) = order_mixed(left, right) {
            return Ok(order.is_eq());
        }
        return match (left, right) {
            (Value::Nil, _) | (_, Value::Nil) => Ok(false),
            _ => Err(incompatible(left, right)),
        };
    }
    match (left, right) {
        (Value::Int(left) | Value::Int64(left), Value::Int(right) | Value::Int64(right)) => {
            Ok(left == right)
        }
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, other) | (other, Value::Nil) => Ok(is_nil(other)),
        (Value::List(_) | Value::Bytes(_) | Value::Map(_), _)
        | (_, Value::List(_) | Value::Bytes(_) | Value::Map(_)) => {
            if is_nil(left) || is_nil(right) {
                return Ok(is_nil(left) && is_nil(right));
            }
            let shown = String::from_utf8_lossy(&super::format::print(right)).into_owned();
            if left.kind_name() != right.kind_name() {
                let left_shown = super::format::sprintf(b"%s", std::slice::from_ref(left));
                let left_shown = String::from_utf8_lossy(&left_shown).into_owned();
                let (left, right) = (left.type_name(), right.type_name());
                return Err(Failure::new(format!(
                    "non-comparable types {left_shown}: {left}, {right}: {shown}"
                )));
            }
            let shown = super::format::sprintf(b"%s", std::slice::from_ref(right));
            let shown = String::from_utf8_lossy(&shown).into_owned();
            Err(Failure::new(format!("non-comparable type {shown}: {}", right.type_name())))
        }
        (left, right) => Ok(deep_equal(left, right)),
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn less(left: &Value, right: &Value) -> Result<bool, Failure> {
    let invalid = || Failure::new("invalid type for comparison");
    if kind(left) == Kind::Other || kind(right) == Kind::Other {
        return Err(invalid());
    }
    if let Some(order) = order_mixed(left, right) {
        return Ok(order.is_lt());
    }
    match (left, right) {
        (Value::Int(left) | Value::Int64(left), Value::Int(right) | Value::Int64(right)) => {
            Ok(left < right)
        }
        (Value::Uint(left), Value::Uint(right)) => Ok(left < right),
        (Value::Float(left), Value::Float(right)) => Ok(left < right),
        (Value::Text(left), Value::Text(right)) => Ok(left < right),
        (Value::Bool(_), Value::Bool(_)) => Err(invalid()),
        _ => Err(incompatible(left, right)),
    }
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool, Failure> {
    Ok(less(left, right)? || equal(left, right)?)
}

fn eq(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    for other in arguments.rest(1) {
        if equal(arguments.any(0), other)? {
            return Ok(Value::Bool(true));
        }
    }
    if arguments.len() < 2 {
        return Err(Failure::new("missing argument for comparison"));
    }
    Ok(Value::Bool(false))
}

fn ne(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    equal(arguments.any(0), arguments.any(1)).map(|equal| Value::Bool(!equal))
}

fn lt(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    less(arguments.any(0), arguments.any(1)).map(Value::Bool)
}

fn le(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    less_or_equal(arguments.any(0), arguments.any(1)).map(Value::Bool)
}

fn gt(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    less_or_equal(arguments.any(0), arguments.any(1)).map(|order| Value::Bool(!order))
}

fn ge(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    less(arguments.any(0), arguments.any(1)).map(|order| Value::Bool(!order))
}

fn deep_equal_call(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(deep_equal(arguments.any(0), arguments.any(1))))
}

//! What to take where a value is missing.

use super::{Arguments, Failure, Function, Outcome, Type, handles, shallow};
use crate::executor::Executor;
use crate::value::{Native, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    handles("default", &[Type::Any, Type::Any], default).variadic(),
    shallow("empty", &[Type::Any], empty),
    handles("coalesce", &[Type::Any], coalesce).variadic(),
    shallow("all", &[Type::Any], all).variadic(),
    shallow("any", &[Type::Any], any).variadic(),
    handles("required", &[Type::Text, Type::Any], required),
    handles("fail", &[Type::Text], fail),
];

/// Sprig's idea of empty, which is the opposite of Go's truth but for pointers.
pub(super) fn is_empty(value: &Value) -> bool {
    match value.known() {
        Value::Native(native) => match &**native {
            Native::Files(files) => files.is_empty(),
            _ => false,
        },
        value => !value.is_true(),
    }
}

fn default(executor: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let unknown = executor.is_planning() && arguments.any(1).truth_is_unknown();
    let chosen = if is_empty(arguments.any(1)) { arguments.take(0) } else { arguments.take(1) };
    Ok(if unknown { chosen.unknown() } else { chosen })
}

fn empty(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(is_empty(arguments.any(0))))
}

fn coalesce(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut unknown = false;
    for value in &arguments.0 {
        unknown |= executor.is_planning() && value.truth_is_unknown();
        if !is_empty(value) {
            return Ok(if unknown { value.clone().unknown() } else { value.clone() });
        }
    }
    Ok(if unknown { Value::Nil.unknown() } else { Value::Nil })
}

fn all(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(!arguments.0.iter().any(is_empty)))
}

fn any(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(!arguments.0.iter().all(is_empty)))
}

fn required(executor: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let value = arguments.take(1);
    let missing = match value.known() {
        Value::Nil => true,
        Value::Text(text) => text.without_marks().is_empty(),
        _ => false,
    };
    // What is not known yet may well be there in the end.
    if missing && !value.is_unknown() && !executor.is_uncertain() {
        return Err(Failure::said(arguments.text(0).as_str()));
    }
    Ok(value)
}

fn fail(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    if executor.is_uncertain() {
        return Ok(Value::text("").unknown());
    }
    Err(Failure::said(arguments.text(0).as_str()))
}

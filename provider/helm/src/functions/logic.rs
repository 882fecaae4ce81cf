//! `and`, `or`, `not` and `ternary`.

use super::{Arguments, Failure, Function, Outcome, Type, handles, shallow};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    handles("and", &[Type::Any, Type::Any], by_the_executor).variadic(),
    handles("or", &[Type::Any, Type::Any], by_the_executor).variadic(),
    handles("not", &[Type::Any], not),
    handles("ternary", &[Type::Any, Type::Any, Type::Bool], ternary),
    shallow("call", &[Type::Any, Type::Any], call).variadic(),
];

/// The executor evaluates these itself, because they may leave arguments unevaluated.
fn by_the_executor(_: &mut Executor<'_>, _: Arguments) -> Outcome {
    Err(Failure::new("evaluated without its arguments"))
}

fn not(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let value = arguments.any(0);
    let result = Value::Bool(!value.is_true());
    Ok(if executor.is_planning() && value.truth_is_unknown() { result.unknown() } else { result })
}

fn ternary(_: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let unknown = arguments.any(2).is_unknown();
    let chosen = arguments.take(if arguments.bool(2) { 0 } else { 1 });
    Ok(if unknown { chosen.unknown() } else { chosen })
}

/// There are no functions among the values of a chart. The executor says first how the chart writes what it calls.
fn call(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    match arguments.any(1) {
        Value::Nil => Err(Failure::new("call of nil")),
        value => {
            let (name, type_name) = (arguments.any(0), value.type_name());
            let name = String::from_utf8_lossy(&super::format::print(name)).into_owned();
            Err(Failure::new(format!("non-function {name} of type {type_name}")))
        }
    }
}

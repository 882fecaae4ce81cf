//! What type a value has.

use super::{Arguments, Function, Outcome, Type, shallow};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    shallow("typeOf", &[Type::Any], type_of),
    shallow("typeIs", &[Type::Text, Type::Any], type_is),
    shallow("typeIsLike", &[Type::Text, Type::Any], type_is_like),
    shallow("kindOf", &[Type::Any], kind_of),
    shallow("kindIs", &[Type::Text, Type::Any], kind_is),
];

fn type_of(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(arguments.any(0).type_name()))
}

fn type_is(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.text(0).as_str() == arguments.any(1).type_name()))
}

fn type_is_like(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (wanted, found) = (arguments.text(0), arguments.any(1).type_name());
    let wanted = wanted.as_str();
    Ok(Value::Bool(wanted == found || format!("*{wanted}") == found))
}

fn kind_of(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(arguments.any(0).kind_name()))
}

fn kind_is(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.text(0).as_str() == arguments.any(1).kind_name()))
}

//! Calls functions: evaluates and checks their arguments, and says what of the result is known in a plan.

use super::{Executor, Failure, Frame, Operand, Place, Run};
use crate::bounds;
use crate::functions::{Arguments, Certainty, Function, Outcome, Type};
use crate::template::Argument;
use crate::value::{DEPTH, List, Map, Value};

impl Executor<'_> {
    pub(super) fn call<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        function: &'static Function,
        place: Place<'t>,
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        self.check_count(frame, function, arguments.len(), last.is_some())?;
        if matches!(function.name, "and" | "or") {
            return self.short_circuit(frame, dot, function.name == "or", arguments, last);
        }
        let mut values = Vec::with_capacity(arguments.len() + 1);
        let mut guessed = false;
        for (index, argument) in arguments.iter().enumerate() {
            let value = match self.argument(frame, dot, function.parameter(index), argument) {
                Ok(value) => value,
                Err(failure) => self.forgive_type(frame, dot, argument, failure, &mut guessed)?,
            };
            values.push(value);
        }
        if let Some(last) = last {
            let expected = function.parameter(values.len());
            let unknown = self.planning && last.value.is_unknown();
            match self.check(frame, last, expected) {
                Ok(value) => values.push(value),
                Err(_) if unknown => guessed = true,
                Err(failure) => return Err(failure),
            }
        }
        if guessed {
            return Ok(Operand::plain(Value::anything()));
        }
        if function.name == "call" {
            let callee = match arguments.first() {
                Some(argument) => Value::text(argument.to_string()),
                None => callee(&values),
            };
            values.insert(0, callee);
        }
        let result = handed_over(&values).and_then(|()| self.invoke(function, values));
        match result.and_then(paid) {
            Ok(value) => Ok(Operand::plain(value)),
            Err(failure) => {
                frame.at = place;
                Err(failure.wrapped(|| {
                    format!("{}error calling {}: ", self.location(frame), function.name)
                }))
            }
        }
    }

    fn check_count(
        &self,
        frame: &Frame<'_>,
        function: &Function,
        arguments: usize,
        has_last: bool,
    ) -> Run<()> {
        let given = arguments + usize::from(has_last);
        let wanted = function.parameters.len();
        if function.variadic {
            if given < wanted - 1 {
                let message = format!(
                    "wrong number of args for {}: want at least {} got {arguments}",
                    function.name,
                    wanted - 1
                );
                return Err(self.error(frame, message));
            }
        } else if given != wanted {
            let message =
                format!("wrong number of args for {}: want {wanted} got {given}", function.name);
            return Err(self.error(frame, message));
        }
        Ok(())
    }

    /// In a plan an argument of the wrong type may only be a stand-in for one of the right type.
    fn forgive_type<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        argument: &'t Argument,
        failure: Failure,
        guessed: &mut bool,
    ) -> Run<Value> {
        if !self.planning {
            return Err(failure);
        }
        match self.operand(frame, dot, argument) {
            Ok(operand) if operand.value.is_unknown() => {
                *guessed = true;
                Ok(operand.value)
            }
            _ => Err(failure),
        }
    }

    /// `and` and `or` evaluate no more arguments than it takes to decide.
    fn short_circuit<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        wanted: bool,
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        let mut value = Value::Nil;
        let mut unknown = false;
        for argument in arguments {
            value = self.argument(frame, dot, Type::Any, argument)?;
            if self.planning && value.truth_is_unknown() {
                unknown = true;
            } else if value.is_true() == wanted {
                return Ok(Operand::plain(if unknown { value.unknown() } else { value }));
            }
            // What is not known may decide as well as not; its stand-in says how the run goes on.
            if unknown && value.is_true() == wanted {
                return Ok(Operand::plain(value.unknown()));
            }
        }
        if let Some(last) = last {
            value = self.check(frame, last, Type::Any)?;
        }
        Ok(Operand::plain(if unknown { value.unknown() } else { value }))
    }

    fn invoke(&mut self, function: &'static Function, values: Vec<Value>) -> Outcome {
        if !self.planning {
            return (function.call)(self, Arguments(values));
        }
        let unknown = match function.certainty {
            Certainty::Handles => return (function.call)(self, Arguments(values)),
            Certainty::Marks => {
                // A number, a flag or a map that is not known leaves no mark in a text.
                let plain = |(index, value): (usize, &Value)| {
                    value.is_unknown()
                        && !matches!(function.parameter(index), Type::Any | Type::Text)
                };
                if !values.iter().enumerate().any(plain) {
                    return (function.call)(self, Arguments(values));
                }
                true
            }
            Certainty::Opaque => values.iter().any(Value::contains_unknown),
            Certainty::Shallow => values.iter().any(Value::is_unknown),
            Certainty::Volatile => {
                let result = crate::functions::stand_in(self, function, Arguments(values));
                return result.map(Value::unknown);
            }
        };
        if !unknown {
            return (function.call)(self, Arguments(values));
        }
        let shallow = function.certainty == Certainty::Shallow;
        let standing_in = values
            .iter()
            .map(|value| if shallow { bare(value) } else { strip(value, DEPTH) })
            .collect();
        match (function.call)(self, Arguments(standing_in)) {
            Ok(value) => Ok(value.unknown()),
            Err(_) => Ok(Value::anything()),
        }
    }
}

/// Pays for arguments, since a function may look at all of a text or list whatever it makes of it.
pub(super) fn handed_over(arguments: &[Value]) -> Result<(), Failure> {
    let size = |argument: &Value| match argument.known() {
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.items().len(),
        _ => 0,
    };
    let size = arguments.iter().map(size).fold(0, usize::saturating_add);
    if bounds::pay(size) { Ok(()) } else { Err(Failure::new(bounds::TOO_MUCH)) }
}

/// A result that has been paid for.
pub(super) fn paid(value: Value) -> Outcome {
    let size = match value.known() {
        Value::Text(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => size_of_val(list.items()),
        _ => 0,
    };
    if bounds::pay(size) { Ok(value) } else { Err(Failure::new(bounds::TOO_MUCH)) }
}

/// How Go calls a callee that comes from the pipeline.
fn callee(values: &[Value]) -> Value {
    match values.first() {
        Some(text @ Value::Text(_)) => text.clone(),
        Some(value) => Value::text(format!("<{} Value>", value.type_name())),
        None => Value::text("<invalid Value>"),
    }
}

impl Function {
    /// The type of the parameter an argument is for.
    fn parameter(&self, index: usize) -> Type {
        self.parameters.get(index).or(self.parameters.last()).copied().unwrap_or(Type::Any)
    }
}

/// A value whose own uncertainty is taken away; what it contains keeps it.
fn bare(value: &Value) -> Value {
    match value.known() {
        Value::Text(text) => Value::Text(text.without_marks()),
        value => value.clone(),
    }
}

/// A value in which nothing is marked as unknown. Only what holds something unknown is copied.
fn strip(value: &Value, depth: usize) -> Value {
    if depth == 0 || bounds::is_exhausted() || !value.contains_unknown() {
        return value.clone();
    }
    match value.known() {
        Value::Text(text) => Value::Text(text.without_marks()),
        Value::List(list) => Value::List(List::new(
            list.kind(),
            list.items().iter().map(|item| strip(item, depth - 1)).collect(),
        )),
        Value::Map(map) => {
            let entries =
                map.entries().into_iter().map(|(key, value)| (key, strip(&value, depth - 1)));
            Value::Map(Map::new(map.kind(), entries))
        }
        value => value.clone(),
    }
}

//! Evaluates pipelines, commands and arguments.

use std::rc::Rc;

use super::{Executor, Failure, Frame, Operand, Place, Run};
use crate::bounds;
use crate::functions::Type;
use crate::template::{Argument, Command, Number, Pipe};
use crate::value::{Text, Value};

impl Executor<'_> {
    /// An error at the current place.
    pub(super) fn error(&self, frame: &Frame<'_>, message: impl AsRef<str>) -> Failure {
        Failure::new(format!("{}{}", self.location(frame), message.as_ref()))
    }

    /// Where the run is, as errors start.
    pub(super) fn location(&self, frame: &Frame<'_>) -> String {
        let (position, shown) = match frame.at {
            Place::Nowhere => return format!("template: {}: ", frame.template.name),
            Place::Pipe(pipe) => (pipe.position, pipe.to_string()),
            Place::Command(command) => (command.position, command.to_string()),
            Place::Argument(argument) => (argument.position(), argument.to_string()),
            Place::Template { position, name, pipe } => {
                let pipe = pipe.map(|pipe| format!(" {pipe}")).unwrap_or_default();
                (position, format!("{{{{template {name:?}{pipe}}}}}"))
            }
        };
        let location = frame.template.source.location(position);
        format!("template: {location}: executing {:?} at <{shown}>: ", frame.template.name)
    }

    pub(super) fn pipeline<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        pipe: Option<&'t Pipe>,
    ) -> Run<Operand> {
        let Some(pipe) = pipe else { return Ok(Operand::default()) };
        frame.at = Place::Pipe(pipe);
        let mut last = None;
        for command in &pipe.commands {
            let operand = self.command(frame, dot, command, last)?;
            last = Some(Operand::plain(operand.value));
        }
        let operand = last.unwrap_or_default();
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(frame, name, operand.clone())?;
            } else {
                frame.variables.push((name.clone(), operand.clone()));
            }
        }
        Ok(operand)
    }

    /// Sets a variable that exists. What is set where it is not known whether the run gets there is not known.
    pub(super) fn assign(
        &mut self,
        frame: &mut Frame<'_>,
        name: &Rc<str>,
        operand: Operand,
    ) -> Run<()> {
        let uncertain = self.is_uncertain();
        match frame.variable(name) {
            Some(variable) if uncertain => *variable = Operand::plain(operand.value.unknown()),
            Some(variable) => *variable = operand,
            None => return Err(self.error(frame, format!("undefined variable: {name}"))),
        }
        Ok(())
    }

    fn command<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        command: &'t Command,
        last: Option<Operand>,
    ) -> Run<Operand> {
        let first = &command.arguments[0];
        let arguments = &command.arguments[1..];
        if !bounds::pay(bounds::PART * command.arguments.len()) {
            return Err(self.error(frame, bounds::TOO_MUCH));
        }
        match first {
            Argument::Field { names, .. } => {
                frame.at = Place::Argument(first);
                return self.fields(frame, dot, dot, names, arguments, last);
            }
            Argument::Chain { .. } => return self.chain(frame, dot, first, arguments, last),
            Argument::Identifier { function, .. } => {
                frame.at = Place::Argument(first);
                return self.call(frame, dot, function, Place::Command(command), arguments, last);
            }
            Argument::Pipe(pipe) => {
                self.refuse_arguments(frame, command, &last)?;
                return self.pipeline(frame, dot, Some(pipe));
            }
            Argument::Variable { .. } => return self.variable(frame, dot, first, command, last),
            _ => {}
        }
        frame.at = Place::Argument(first);
        self.refuse_arguments(frame, command, &last)?;
        match first {
            Argument::Dot { .. } => Ok(dot.clone()),
            Argument::Nil { .. } => Err(self.error(frame, "nil is not a command")),
            first => self.constant(frame, first),
        }
    }

    fn refuse_arguments(
        &self,
        frame: &Frame<'_>,
        command: &Command,
        last: &Option<Operand>,
    ) -> Run<()> {
        if command.arguments.len() > 1 || last.is_some() {
            let first = &command.arguments[0];
            return Err(self.error(frame, format!("can't give argument to non-function {first}")));
        }
        Ok(())
    }

    /// A literal whose type nothing else decides.
    fn constant(&self, frame: &Frame<'_>, argument: &Argument) -> Run<Operand> {
        let value = match argument {
            Argument::Bool { value, .. } => Value::Bool(*value),
            Argument::Text { value, .. } => Value::Text(value.clone()),
            Argument::Number { number, .. } => match ideal(number) {
                Some(value) => value,
                None => return Err(self.error(frame, format!("{} overflows int", number.literal))),
            },
            _ => Value::Nil,
        };
        Ok(Operand::plain(value))
    }

    fn chain<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        chain: &'t Argument,
        arguments: &'t [Argument],
        last: Option<Operand>,
    ) -> Run<Operand> {
        let Argument::Chain { of, names, .. } = chain else { return Ok(Operand::default()) };
        frame.at = Place::Argument(chain);
        if matches!(**of, Argument::Nil { .. }) {
            return Err(self.error(frame, format!("indirection through explicit nil in {chain}")));
        }
        let receiver = self.operand(frame, dot, of)?;
        self.fields(frame, dot, &receiver, names, arguments, last)
    }

    fn variable<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        variable: &'t Argument,
        command: &'t Command,
        last: Option<Operand>,
    ) -> Run<Operand> {
        let Argument::Variable { fields, .. } = variable else { return Ok(Operand::default()) };
        frame.at = Place::Argument(variable);
        let receiver = self.variable_value(frame, variable)?;
        if fields.is_empty() {
            self.refuse_arguments(frame, command, &last)?;
            return Ok(receiver);
        }
        self.fields(frame, dot, &receiver, fields, &command.arguments[1..], last)
    }

    fn variable_value(&self, frame: &mut Frame<'_>, variable: &Argument) -> Run<Operand> {
        let Argument::Variable { name, .. } = variable else { return Ok(Operand::default()) };
        match frame.variable(name) {
            Some(operand) => Ok(operand.clone()),
            None => Err(self.error(frame, format!("undefined variable: {name}"))),
        }
    }

    /// An argument with whatever type it has.
    pub(super) fn operand<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        argument: &'t Argument,
    ) -> Run<Operand> {
        frame.at = Place::Argument(argument);
        match argument {
            Argument::Dot { .. } => Ok(dot.clone()),
            Argument::Field { names, .. } => self.fields(frame, dot, dot, names, &[], None),
            Argument::Variable { fields, .. } => {
                let receiver = self.variable_value(frame, argument)?;
                if fields.is_empty() {
                    return Ok(receiver);
                }
                self.fields(frame, dot, &receiver, fields, &[], None)
            }
            Argument::Pipe(pipe) => self.pipeline(frame, dot, Some(pipe)),
            Argument::Identifier { function, .. } => {
                self.call(frame, dot, function, Place::Argument(argument), &[], None)
            }
            Argument::Chain { .. } => self.chain(frame, dot, argument, &[], None),
            argument => self.constant(frame, argument),
        }
    }

    /// An argument for a parameter of a type.
    pub(super) fn argument<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        expected: Type,
        argument: &'t Argument,
    ) -> Run<Value> {
        frame.at = Place::Argument(argument);
        let shown = expected.go_name();
        match argument {
            Argument::Nil { .. } if expected.can_be_nil() => Ok(Value::Nil),
            Argument::Nil { .. } => Err(self.error(frame, format!("cannot assign nil to {shown}"))),
            Argument::Bool { .. } | Argument::Number { .. } | Argument::Text { .. } => {
                self.literal(frame, expected, argument)
            }
            argument => {
                let operand = self.operand(frame, dot, argument)?;
                self.check(frame, operand, expected)
            }
        }
    }

    /// A literal for a parameter of a type, which decides what the literal may be.
    fn literal(&self, frame: &Frame<'_>, expected: Type, argument: &Argument) -> Run<Value> {
        let found = match (expected, argument) {
            (Type::Any, argument) => {
                return self.constant(frame, argument).map(|operand| operand.value);
            }
            (Type::Text, Argument::Text { value, .. }) => Some(Value::Text(value.clone())),
            (Type::Bool, Argument::Bool { value, .. }) => Some(Value::Bool(*value)),
            (Type::Int, Argument::Number { number, .. }) => number.integer.map(Value::Int),
            (Type::Uint, Argument::Number { number, .. }) => number.unsigned.map(Value::Uint),
            (Type::Float, Argument::Number { number, .. }) => number.float.map(Value::Float),
            _ => None,
        };
        found.ok_or_else(|| {
            let message = match expected {
                Type::Text => format!("expected string; found {argument}"),
                Type::Bool => format!("expected bool; found {argument}"),
                Type::Int => format!("expected integer; found {argument}"),
                Type::Uint => format!("expected unsigned integer; found {argument}"),
                Type::Float => format!("expected float; found {argument}"),
                other => format!("can't handle {argument} for arg of type {}", other.go_name()),
            };
            self.error(frame, message)
        })
    }

    /// Makes sure that a value may be given for a parameter.
    pub(super) fn check(&self, frame: &Frame<'_>, operand: Operand, expected: Type) -> Run<Value> {
        if operand.is_missing() {
            if expected.can_be_nil() {
                return Ok(Value::Nil);
            }
            return Err(
                self.error(frame, format!("invalid value; expected {}", expected.go_name()))
            );
        }
        if expected.accepts(operand.value.known()) {
            return Ok(operand.value);
        }
        let found = match operand.value.known() {
            Value::Nil => "interface {}",
            value => value.type_name(),
        };
        let message = format!("wrong type for value; expected {}; got {found}", expected.go_name());
        Err(self.error(frame, message))
    }
}

/// The type the syntax of a number gives it; none where it does not fit.
fn ideal(number: &Number) -> Option<Value> {
    let literal = &*number.literal;
    let hexadecimal = literal.len() > 2
        && literal[..2].eq_ignore_ascii_case("0x")
        && !literal.contains(['p', 'P']);
    let character = literal.starts_with('\'');
    if !hexadecimal && !character && literal.contains(['.', 'e', 'E', 'p', 'P']) {
        return number.float.map(Value::Float);
    }
    number.integer.map(Value::Int)
}

impl Type {
    fn go_name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::Text => "string",
            Type::Int => "int",
            Type::Uint => "uint32",
            Type::Float => "float64",
            Type::Bool => "bool",
            Type::Map => "map[string]interface {}",
            Type::List => "[]interface {}",
            Type::Time => "time.Time",
            Type::Certificate => "sprig.certificate",
        }
    }

    fn can_be_nil(self) -> bool {
        matches!(self, Type::Any | Type::Map | Type::List)
    }

    fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Type::Any, _)
            | (Type::Text, Value::Text(_))
            | (Type::Int, Value::Int(_))
            | (Type::Uint, Value::Uint(_))
            | (Type::Float, Value::Float(_))
            | (Type::Bool, Value::Bool(_)) => true,
            (Type::Map, Value::Map(map)) => map.kind() != crate::value::MapKind::Texts,
            (Type::List, Value::List(list)) => !list.is_typed(),
            (Type::Time, value) => value.type_name() == "time.Time",
            (Type::Certificate, value) => value.type_name() == "sprig.certificate",
            _ => false,
        }
    }
}

/// The name of a template that an `include` names by a literal.
pub(super) fn literal_text(argument: &Argument) -> Option<&Text> {
    match argument {
        Argument::Text { value, .. } => Some(value),
        _ => None,
    }
}

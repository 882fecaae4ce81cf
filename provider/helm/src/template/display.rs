//! Nodes as Go writes them out in errors.

use std::fmt::{Display, Formatter, Result};

use super::ast::{Argument, Command, Pipe};

impl Display for Pipe {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(formatter, "{} {sign} ", self.variables.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            let separator = if index > 0 { " | " } else { "" };
            write!(formatter, "{separator}{command}")?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            let separator = if index > 0 { " " } else { "" };
            match argument {
                Argument::Pipe(pipe) => write!(formatter, "{separator}({pipe})")?,
                argument => write!(formatter, "{separator}{argument}")?,
            }
        }
        Ok(())
    }
}

impl Display for Argument {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Argument::Identifier { function, .. } => formatter.write_str(function.name),
            Argument::Field { names, .. } => {
                names.iter().try_for_each(|name| write!(formatter, ".{name}"))
            }
            Argument::Chain { of, names, .. } => {
                match &**of {
                    Argument::Pipe(pipe) => write!(formatter, "({pipe})")?,
                    argument => write!(formatter, "{argument}")?,
                }
                names.iter().try_for_each(|name| write!(formatter, ".{name}"))
            }
            Argument::Variable { name, fields, .. } => {
                formatter.write_str(name)?;
                fields.iter().try_for_each(|field| write!(formatter, ".{field}"))
            }
            Argument::Dot { .. } => formatter.write_str("."),
            Argument::Nil { .. } => formatter.write_str("nil"),
            Argument::Bool { value, .. } => write!(formatter, "{value}"),
            Argument::Number { number, .. } => formatter.write_str(&number.literal),
            Argument::Text { literal, .. } => formatter.write_str(literal),
            Argument::Pipe(pipe) => write!(formatter, "{pipe}"),
        }
    }
}

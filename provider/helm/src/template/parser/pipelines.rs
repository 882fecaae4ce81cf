//! Pipelines: commands, their arguments, and the variables they declare.

use std::rc::Rc;

use super::super::ast::{Argument, Command, Number, Pipe};
use super::super::lexer::{Item, Keyword, Kind};
use super::{Parsed, Parser};
use crate::bounds;
use crate::functions::{self, quote};
use crate::number;

/// Parentheses nest no deeper than this.
const DEEPEST_EXPRESSION: usize = 1_000;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let position = self.peek_non_space().position;
        let mut pipe =
            Pipe { position, assigns: false, variables: Vec::new(), commands: Vec::new() };
        self.declarations(context, &mut pipe)?;
        loop {
            let item = self.next_non_space();
            match item.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharacterConstant
                | Kind::Complex
                | Kind::Keyword(Keyword::Dot | Keyword::Nil)
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.backup();
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(item, context),
            }
        }
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            let executable = matches!(
                command.arguments[0],
                Argument::Identifier { .. }
                    | Argument::Field { .. }
                    | Argument::Chain { .. }
                    | Argument::Variable { .. }
                    | Argument::Pipe(_)
            );
            if !executable {
                return self
                    .error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(pipe)
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Parsed<()> {
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            let before = self.at;
            self.next_non_space();
            let next = self.peek_non_space();
            let comma = next.kind == Kind::Character && next.text == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.at = before;
                return Ok(());
            }
            self.next_non_space();
            pipe.variables.push(variable.text.into());
            self.variables.push(variable.text.to_owned());
            if !comma {
                pipe.assigns = next.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.variables.len() >= 2 {
                return self.error(format!("too many declarations in {context}"));
            }
            let follows = self.peek_non_space().kind;
            if !matches!(follows, Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis) {
                return self.error("range can only initialize variables");
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let position = self.peek_non_space().position;
        let mut command = Command { position, arguments: Vec::new() };
        loop {
            self.peek_non_space();
            if let Some(argument) = self.operand()? {
                self.pay()?;
                command.arguments.push(argument);
            }
            let item = self.next();
            match item.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParenthesis => self.backup(),
                Kind::PipeSymbol => {}
                _ => return self.unexpected(item, "operand"),
            }
            break;
        }
        if command.arguments.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    /// A term and the fields that follow it.
    fn operand(&mut self) -> Parsed<Option<Argument>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let chain = self.peek();
        if chain.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut more = Vec::new();
        while self.peek().kind == Kind::Field {
            more.push(Rc::from(&self.next().text[1..]));
        }
        // Errors point to the second of several fields.
        let position = chain.position;
        Ok(Some(match term {
            Argument::Field { mut names, .. } => {
                names.extend(more);
                Argument::Field { position, names }
            }
            Argument::Variable { name, .. } => Argument::Variable { position, name, fields: more },
            Argument::Bool { .. }
            | Argument::Text { .. }
            | Argument::Number { .. }
            | Argument::Nil { .. }
            | Argument::Dot { .. } => {
                let term = term.to_string();
                return self.error(format!("unexpected . after term {term:?}"));
            }
            of => Argument::Chain { position, of: Box::new(of), names: more },
        }))
    }

    fn term(&mut self) -> Parsed<Option<Argument>> {
        let item = self.next_non_space();
        let position = item.position;
        let term = match item.kind {
            Kind::Identifier => match functions::find(item.text) {
                Some(function) => Argument::Identifier { position, function },
                None => return self.error(format!("function {:?} not defined", item.text)),
            },
            Kind::Keyword(Keyword::Dot) => Argument::Dot { position },
            Kind::Keyword(Keyword::Nil) => Argument::Nil { position },
            Kind::Variable => {
                let past = self.variables.iter().rev().position(|name| name == item.text);
                bounds::pay(past.unwrap_or(self.variables.len()));
                if past.is_none() {
                    return self.error(format!("undefined variable {:?}", item.text));
                }
                Argument::Variable { position, name: item.text.into(), fields: Vec::new() }
            }
            Kind::Field => Argument::Field { position, names: vec![item.text[1..].into()] },
            Kind::Bool => Argument::Bool { position, value: item.text == "true" },
            Kind::CharacterConstant | Kind::Complex | Kind::Number => {
                let number = self.number(item)?;
                Argument::Number { position, number }
            }
            Kind::LeftParenthesis => {
                if self.expression_depth >= DEEPEST_EXPRESSION {
                    return self.error("max expression depth exceeded");
                }
                self.expression_depth += 1;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParenthesis)?;
                self.expression_depth -= 1;
                Argument::Pipe(pipe)
            }
            Kind::String | Kind::RawString => {
                let value = self.unquote(item.text)?.into();
                Argument::Text { position, literal: item.text.into(), value }
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        };
        Ok(Some(term))
    }

    fn number(&self, item: Item<'_>) -> Parsed<Number> {
        let literal: Rc<str> = item.text.into();
        if item.kind == Kind::CharacterConstant {
            let Some(character) = quote::go_unquote_rune(item.text) else {
                return self.error(format!("malformed character constant: {literal}"));
            };
            let code = u32::from(character);
            return Ok(Number {
                literal,
                integer: Some(code.into()),
                unsigned: Some(code.into()),
                float: Some(code.into()),
            });
        }
        if item.kind == Kind::Complex || item.text.ends_with('i') {
            return self.error(format!("illegal number syntax: {:?}", item.text));
        }
        let (mut integer, mut unsigned) = match number::parse_integer(item.text) {
            Some(number::Integer::Signed(value)) => (Some(value), u64::try_from(value).ok()),
            Some(number::Integer::Unsigned(value)) => (None, Some(value)),
            None => (None, None),
        };
        #[expect(clippy::cast_precision_loss, reason = "Go converts the literal the same way")]
        let float = match (integer, unsigned) {
            (Some(value), _) => Some(value as f64),
            (None, Some(value)) => Some(value as f64),
            (None, None) => number::parse_float(item.text),
        };
        let Some(value) = float else {
            return self.error(format!("illegal number syntax: {:?}", item.text));
        };
        if integer.is_none() && unsigned.is_none() {
            // Without a fraction or an exponent it was meant to be an integer, and did not fit.
            if !item.text.contains(['.', 'e', 'E', 'p', 'P']) {
                return self.error(format!("integer overflow: {:?}", item.text));
            }
            if value.fract() == 0.0 && value.abs() < 9.2e18 {
                #[expect(clippy::cast_possible_truncation, reason = "a whole number in range")]
                let whole = value as i64;
                integer = Some(whole);
                unsigned = u64::try_from(whole).ok();
            }
        }
        Ok(Number { literal, integer, unsigned, float })
    }

    pub(super) fn unquote(&self, literal: &str) -> Parsed<Vec<u8>> {
        match quote::go_unquote(literal) {
            Some(text) => Ok(text),
            None => self.error("invalid syntax"),
        }
    }
}

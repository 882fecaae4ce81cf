//! Builds the syntax trees of a template and of those it defines, with Go's rules and complaints.

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{Argument, Branch, Command, List, Node, Number, Pipe, Source, Template};
use super::lexer::{Item, Keyword, Kind, lex};
use crate::bounds;
use crate::functions::{self, quote};
use crate::number;
use crate::value::Text;

/// Parentheses nest no deeper than this.
const DEEPEST_EXPRESSION: usize = 1_000;

/// Why a template could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// The name of the template and the line.
    pub(crate) location: String,
    pub(crate) message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "template: {}: {}", self.location, self.message)
    }
}

/// Parses a template and what it defines; the template itself comes last.
pub(crate) fn parse(name: &str, text: &Text) -> Result<Vec<Template>, ParseError> {
    let name: Rc<str> = name.into();
    if !bounds::allow(text.len().saturating_mul(size_of::<Item<'_>>())) {
        let message = bounds::TOO_MUCH.to_owned();
        return Err(ParseError { location: format!("{name}:1"), message });
    }
    let utf8 = text.as_str();
    let (items, lexer_error) = lex(&utf8);
    let source = Rc::new(Source { name: name.clone(), text: text.clone() });
    let mut parser = Parser {
        source,
        items,
        lexer_error,
        at: 0,
        furthest: 0,
        variables: vec!["$".to_owned()],
        range_depth: 0,
        expression_depth: 0,
        action_line: 0,
        defined: Vec::new(),
        places: HashMap::new(),
    };
    let root = parser.file()?;
    parser.add(name, root)?;
    Ok(parser.defined)
}

struct Parser<'a> {
    source: Rc<Source>,
    items: Vec<Item<'a>>,
    lexer_error: Option<String>,
    at: usize,
    /// The last item looked at, whose line errors name.
    furthest: usize,
    variables: Vec<String>,
    range_depth: usize,
    expression_depth: usize,
    action_line: usize,
    defined: Vec<Template>,
    /// Where each template stands among those that are defined.
    places: HashMap<Rc<str>, usize>,
}

type Parsed<T> = Result<T, ParseError>;

/// What ends a list.
#[derive(Clone, Copy)]
enum Ending {
    End,
    Else,
}

/// An action, or the end of a list.
enum Action {
    Node(Node),
    Ending(Ending),
}

impl<'a> Parser<'a> {
    // Items.

    fn next(&mut self) -> Item<'a> {
        let index = self.at.min(self.items.len() - 1);
        self.furthest = self.furthest.max(index);
        self.at = index + 1;
        self.items[index]
    }

    fn backup(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    fn peek(&mut self) -> Item<'a> {
        let item = self.next();
        self.at = self.at.min(self.items.len());
        self.backup();
        item
    }

    fn next_non_space(&mut self) -> Item<'a> {
        loop {
            let item = self.next();
            if item.kind != Kind::Space {
                return item;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item<'a> {
        let item = self.next_non_space();
        self.backup();
        item
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let line = self.items[self.furthest].line;
        Err(ParseError {
            location: format!("{}:{line}", self.source.name),
            message: message.into(),
        })
    }

    fn unexpected<T>(&self, item: Item<'_>, context: &str) -> Parsed<T> {
        if item.kind == Kind::Error {
            let message = self.lexer_error.clone().unwrap_or_default();
            if self.action_line == 0 || self.action_line == item.line {
                return self.error(message);
            }
            let place = format!(" started at {}:{}", self.source.name, self.action_line);
            let in_action = if message.ends_with(" action") { "" } else { " in action" };
            return self.error(format!("{message}{in_action}{place}"));
        }
        self.error(format!("unexpected {} in {context}", describe(item)))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Item<'a>> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { self.unexpected(item, context) }
    }

    /// Pays for a part of the tree.
    fn pay(&self) -> Parsed<()> {
        if bounds::pay(bounds::NEW_VALUE) { Ok(()) } else { self.error(bounds::TOO_MUCH) }
    }

    // Lists and actions.

    /// The whole file: like a list, but with definitions, and only the end of the text ends it.
    fn file(&mut self) -> Parsed<List> {
        let mut root = List::default();
        while self.peek().kind != Kind::End {
            if self.peek().kind == Kind::LeftDelimiter {
                let before = self.at;
                self.next();
                if self.next_non_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.at = before;
            }
            match self.text_or_action()? {
                Action::Node(node) => root.nodes.push(node),
                Action::Ending(ending) => {
                    return self.error(format!("unexpected {}", show_ending(ending)));
                }
            }
        }
        Ok(root)
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let name = self.next_non_space();
        let name = self.template_name(name, CONTEXT)?;
        self.expect(Kind::RightDelimiter, CONTEXT)?;
        self.body(&name, CONTEXT)
    }

    /// The body of a definition or a block, with variables of its own.
    fn body(&mut self, name: &str, context: &str) -> Parsed<()> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let action_line = std::mem::take(&mut self.action_line);
        let (root, ending) = self.list()?;
        if let Ending::Else = ending {
            return self.error(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.variables = variables;
        self.range_depth = range_depth;
        self.action_line = action_line;
        self.add(name.into(), root)
    }

    /// Adds a template. One of blanks only gives way to another of its name.
    fn add(&mut self, name: Rc<str>, root: List) -> Parsed<()> {
        let template = Template { name, source: self.source.clone(), root };
        match self.places.get(&template.name).copied() {
            None => {
                self.places.insert(template.name.clone(), self.defined.len());
                self.defined.push(template);
            }
            Some(index) if self.defined[index].root.is_blank() => self.defined[index] = template,
            Some(_) if template.root.is_blank() => {}
            Some(_) => {
                return self.error(format!(
                    "template: multiple definition of template {:?}",
                    template.name
                ));
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Parsed<(List, Ending)> {
        let mut list = List::default();
        while self.peek_non_space().kind != Kind::End {
            match self.text_or_action()? {
                Action::Node(node) => list.nodes.push(node),
                Action::Ending(ending) => return Ok((list, ending)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Action> {
        self.pay()?;
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => {
                // The item is a part of the source, unless that is not UTF-8.
                let text = match self
                    .source
                    .text
                    .as_bytes()
                    .get(item.position..item.position + item.text.len())
                {
                    Some(bytes) if bytes == item.text.as_bytes() => self.source.text.part(bytes),
                    _ => Text::from(item.text),
                };
                Ok(Action::Node(Node::Text(text)))
            }
            Kind::LeftDelimiter => {
                self.action_line = item.line;
                let action = self.action()?;
                self.action_line = 0;
                Ok(action)
            }
            _ => self.unexpected(item, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Action> {
        let item = self.next_non_space();
        let Kind::Keyword(keyword) = item.kind else {
            self.backup();
            return self.plain_action();
        };
        let node = match keyword {
            Keyword::Block => self.block()?,
            Keyword::Break | Keyword::Continue => self.jump(keyword)?,
            Keyword::Else => {
                // `{{else if` and `{{else with` leave their second word to whoever reads the list.
                let peeked = self.peek_non_space().kind;
                if !matches!(peeked, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Action::Ending(Ending::Else));
            }
            Keyword::EndOfBlock => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Action::Ending(Ending::End));
            }
            Keyword::If => Node::If(Box::new(self.control(Keyword::If)?)),
            Keyword::Range => Node::Range(Box::new(self.control(Keyword::Range)?)),
            Keyword::With => Node::With(Box::new(self.control(Keyword::With)?)),
            Keyword::Template => self.template_call()?,
            Keyword::Dot | Keyword::Nil | Keyword::Define => {
                self.backup();
                return self.plain_action();
            }
        };
        Ok(Action::Node(node))
    }

    fn plain_action(&mut self) -> Parsed<Action> {
        Ok(Action::Node(Node::Action(self.pipeline("command", Kind::RightDelimiter)?)))
    }

    fn jump(&mut self, keyword: Keyword) -> Parsed<Node> {
        let (name, node) = if keyword == Keyword::Break {
            ("break", Node::Break)
        } else {
            ("continue", Node::Continue)
        };
        let item = self.next_non_space();
        if item.kind != Kind::RightDelimiter {
            return self.unexpected(item, &format!("{{{{{name}}}}}"));
        }
        if self.range_depth == 0 {
            return self.error(format!("{{{{{name}}}}} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, keyword: Keyword) -> Parsed<Branch> {
        let context = match keyword {
            Keyword::Range => "range",
            Keyword::With => "with",
            _ => "if",
        };
        if bounds::is_stack_low() {
            return self.error(bounds::TOO_DEEP);
        }
        let variables = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        self.range_depth += usize::from(keyword == Keyword::Range);
        let (list, ending) = self.list()?;
        self.range_depth -= usize::from(keyword == Keyword::Range);
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else
                if keyword != Keyword::Range && self.peek().kind == Kind::Keyword(keyword) =>
            {
                self.next();
                let branch = Box::new(self.control(keyword)?);
                let node =
                    if keyword == Keyword::With { Node::With(branch) } else { Node::If(branch) };
                Some(List { nodes: vec![node] })
            }
            Ending::Else => {
                let (list, ending) = self.list()?;
                if let Ending::Else = ending {
                    return self.error("expected end; found {{else}}");
                }
                Some(list)
            }
        };
        self.variables.truncate(variables);
        Ok(Branch { pipe, list, otherwise })
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let item = self.next_non_space();
        let name = self.template_name(item, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        self.body(&name, CONTEXT)?;
        Ok(Node::Template { position: item.position, name: name.into(), pipe: Some(pipe) })
    }

    fn template_call(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let item = self.next_non_space();
        let name = self.template_name(item, CONTEXT)?.into();
        let pipe = if self.next_non_space().kind == Kind::RightDelimiter {
            None
        } else {
            self.backup();
            Some(self.pipeline(CONTEXT, Kind::RightDelimiter)?)
        };
        Ok(Node::Template { position: item.position, name, pipe })
    }

    fn template_name(&mut self, item: Item<'_>, context: &str) -> Parsed<String> {
        match item.kind {
            Kind::String | Kind::RawString => {
                Ok(String::from_utf8_lossy(&self.unquote(item.text)?).into_owned())
            }
            _ => self.unexpected(item, context),
        }
    }

    fn unquote(&self, literal: &str) -> Parsed<Vec<u8>> {
        match quote::go_unquote(literal) {
            Some(text) => Ok(text),
            None => self.error("invalid syntax"),
        }
    }

    // Pipelines.

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
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
}

fn show_ending(ending: Ending) -> &'static str {
    match ending {
        Ending::End => "{{end}}",
        Ending::Else => "{{else}}",
    }
}

/// An item as errors show it.
fn describe(item: Item<'_>) -> String {
    match item.kind {
        Kind::End => "EOF".to_owned(),
        Kind::Keyword(_) => format!("<{}>", item.text),
        _ if item.text.len() > 10 => {
            let short: String = item.text.chars().take(10).collect();
            format!("{}...", String::from_utf8_lossy(&quote::go_quote(short.as_bytes())))
        }
        _ => String::from_utf8_lossy(&quote::go_quote(item.text.as_bytes())).into_owned(),
    }
}

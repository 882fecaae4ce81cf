//! Builds the syntax trees of a template and of those it defines, with Go's rules and complaints.

mod actions;
mod pipelines;

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{List, Source, Template};
use super::lexer::{Item, Keyword, Kind, lex};
use crate::bounds;
use crate::functions::quote;
use crate::value::Text;
use actions::{Action, Ending, show_ending};

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

impl<'a> Parser<'a> {
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

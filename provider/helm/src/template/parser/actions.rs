//! Lists and the actions in them: conditions, loops, jumps, and calls of other templates.

use super::super::ast::{Branch, List, Node};
use super::super::lexer::{Item, Keyword, Kind};
use super::{Parsed, Parser};
use crate::bounds;
use crate::value::Text;

/// What ends a list.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    End,
    Else,
}

/// An action, or the end of a list.
pub(super) enum Action {
    Node(Node),
    Ending(Ending),
}

impl Parser<'_> {
    pub(super) fn list(&mut self) -> Parsed<(List, Ending)> {
        let mut list = List::default();
        while self.peek_non_space().kind != Kind::End {
            match self.text_or_action()? {
                Action::Node(node) => list.nodes.push(node),
                Action::Ending(ending) => return Ok((list, ending)),
            }
        }
        self.error("unexpected EOF")
    }

    pub(super) fn text_or_action(&mut self) -> Parsed<Action> {
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

    pub(super) fn template_name(&mut self, item: Item<'_>, context: &str) -> Parsed<String> {
        match item.kind {
            Kind::String | Kind::RawString => {
                Ok(String::from_utf8_lossy(&self.unquote(item.text)?).into_owned())
            }
            _ => self.unexpected(item, context),
        }
    }
}

pub(super) fn show_ending(ending: Ending) -> &'static str {
    match ending {
        Ending::End => "{{end}}",
        Ending::Else => "{{else}}",
    }
}

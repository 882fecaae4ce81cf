//! The syntax tree of a template.

use std::rc::Rc;

use crate::bounds;
use crate::functions::Function;
use crate::value::Text;

/// A template: a file, or a part of one that has a name.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Rc<str>,
    /// The text it was parsed from, which tells where a node stands.
    pub(crate) source: Rc<Source>,
    pub(crate) root: List,
}

/// The text of a file or of a `tpl` call, with the name errors give it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Rc<str>,
    pub(crate) text: Text,
}

impl Source {
    /// The place of a position as `name:line:column`.
    pub(crate) fn location(&self, position: usize) -> String {
        let before = &self.text.as_bytes()[..position.min(self.text.len())];
        // A plan may try ways that fail many times over.
        bounds::pay(before.len() / 8);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        format!("{}:{line}:{column}", self.name)
    }
}

/// Nodes in their order.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) nodes: Vec<Node>,
}

/// A node. Positions count in bytes from the start of the source.
#[derive(Debug)]
pub(crate) enum Node {
    Text(Text),
    Action(Pipe),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template { position: usize, name: Rc<str>, pipe: Option<Pipe> },
    Break,
    Continue,
}

/// A condition or a loop.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: List,
    pub(crate) otherwise: Option<List>,
}

/// Commands of which each gets the result of the one before, and the variables that get the last one.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: usize,
    /// Whether variables are assigned to rather than declared.
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Rc<str>>,
    pub(crate) commands: Vec<Command>,
}

/// A function or value with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: usize,
    pub(crate) arguments: Vec<Argument>,
}

/// A part of a command.
#[derive(Debug)]
pub(crate) enum Argument {
    Identifier {
        position: usize,
        function: &'static Function,
    },
    Field {
        position: usize,
        names: Vec<Rc<str>>,
    },
    /// Fields of something in parentheses.
    Chain {
        position: usize,
        of: Box<Argument>,
        names: Vec<Rc<str>>,
    },
    /// A variable, whose name starts with `$`, and fields of it.
    Variable {
        position: usize,
        name: Rc<str>,
        fields: Vec<Rc<str>>,
    },
    Dot {
        position: usize,
    },
    Nil {
        position: usize,
    },
    Bool {
        position: usize,
        value: bool,
    },
    Number {
        position: usize,
        number: Number,
    },
    Text {
        position: usize,
        literal: Rc<str>,
        value: Text,
    },
    Pipe(Pipe),
}

/// A number with every type it can have.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) literal: Rc<str>,
    pub(crate) integer: Option<i64>,
    pub(crate) unsigned: Option<u64>,
    pub(crate) float: Option<f64>,
}

impl Argument {
    pub(crate) fn position(&self) -> usize {
        match self {
            Argument::Identifier { position, .. }
            | Argument::Field { position, .. }
            | Argument::Chain { position, .. }
            | Argument::Variable { position, .. }
            | Argument::Dot { position }
            | Argument::Nil { position }
            | Argument::Bool { position, .. }
            | Argument::Number { position, .. }
            | Argument::Text { position, .. } => *position,
            Argument::Pipe(pipe) => pipe.position,
        }
    }
}

impl List {
    /// Whether there is nothing but blanks, so that the template does not replace another of its name.
    pub(crate) fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Text(text) => text.as_str().trim().is_empty(),
            _ => false,
        })
    }
}

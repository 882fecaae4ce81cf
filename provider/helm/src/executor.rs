//! Runs templates: walks their nodes, evaluates pipelines, calls functions, and says where something went wrong.

mod call;
mod failure;
mod field;
mod pipeline;
mod scope;
mod uncertain;
mod walk;

use std::collections::HashMap;
use std::rc::Rc;

pub(crate) use failure::Failure;
pub(crate) use scope::Scope;

use crate::bounds;
use crate::functions::text_bytes;
use crate::template::{Argument, Command, Pipe, Template};
use crate::value::{Text, Value};

/// Looks objects up in the cluster, for the function `lookup`.
pub trait Lookup: Sync {
    /// The object of that name as a JSON object, or, where the name is empty, the list of all of them in the namespace
    /// (in all namespaces where that is empty too). None where there is no such object.
    ///
    /// # Errors
    /// Why the cluster could not be asked.
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, String>;
}

/// Templates may include themselves and each other this deep.
const DEEPEST_INCLUDE: usize = 1_000;
/// All includes, and all texts rendered by `tpl`, may nest this deep together.
const DEEPEST_NESTING: usize = 10_000;
/// `{{ template }}` may nest this deep.
const DEEPEST_TEMPLATE: usize = 10_000;
/// What it costs to ask the cluster.
const LOOKUP: usize = 5 * bounds::MILLISECOND;
/// What one file renders to is no longer than this, in bytes.
const LARGEST_OUTPUT: usize = 256 << 20;

/// Runs templates with one set of definitions.
pub(crate) struct Executor<'e> {
    /// The templates there are; `tpl` adds to them for its own time.
    scope: Rc<Scope>,
    lookup: Option<&'e dyn Lookup>,
    /// Whether what an apply would find out stays unknown.
    planning: bool,
    /// How many conditions lead here of which it is not known whether they hold.
    uncertain: usize,
    /// How many of these conditions stay open until the end of the loop they are in.
    unclosed: usize,
    include_depths: HashMap<Text, usize>,
    nesting: usize,
    /// What `tpl` was given before, parsed.
    parsed: HashMap<Text, Rc<Vec<Rc<Template>>>>,
    pub(crate) regexes: crate::functions::RegexCache,
}

/// A value with what Go knows of it statically.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    /// Whether it was read from where any type may stand, so that its static type is an interface. An unboxed nil is no
    /// value at all.
    pub(crate) boxed: bool,
}

impl Operand {
    fn plain(value: Value) -> Self {
        Operand { value, boxed: false }
    }

    fn boxed(value: Value) -> Self {
        Operand { value, boxed: true }
    }

    /// Whether there is no value, not even a nil one.
    fn is_missing(&self) -> bool {
        !self.boxed && matches!(self.value, Value::Nil)
    }

    /// The static type, as errors name it.
    fn type_name(&self) -> &'static str {
        if self.boxed { "interface {}" } else { self.value.type_name() }
    }
}

/// The run of one template.
struct Frame<'t> {
    template: &'t Template,
    variables: Vec<(Rc<str>, Operand)>,
    /// Where the run is, for errors.
    at: Place<'t>,
    depth: usize,
}

impl Frame<'_> {
    /// The innermost variable of a name. Looking past many others is paid for.
    fn variable(&mut self, name: &str) -> Option<&mut Operand> {
        let past = self.variables.iter().rev().position(|(other, _)| **other == *name)?;
        bounds::pay(past);
        let index = self.variables.len() - 1 - past;
        Some(&mut self.variables[index].1)
    }
}

/// A part of the syntax tree that errors may point to.
#[derive(Clone, Copy)]
enum Place<'t> {
    Nowhere,
    Pipe(&'t Pipe),
    Command(&'t Command),
    Argument(&'t Argument),
    Template { position: usize, name: &'t str, pipe: Option<&'t Pipe> },
}

/// What a node asks of the loop around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Run<T> = Result<T, Failure>;

impl<'e> Executor<'e> {
    pub(crate) fn new(scope: Scope, lookup: Option<&'e dyn Lookup>, planning: bool) -> Self {
        Executor {
            scope: Rc::new(scope),
            lookup,
            planning,
            uncertain: 0,
            unclosed: 0,
            include_depths: HashMap::new(),
            nesting: 0,
            parsed: HashMap::new(),
            regexes: crate::functions::RegexCache::default(),
        }
    }

    /// Renders a template by name. What Go prints for a missing value is left out, as Helm leaves it out.
    pub(crate) fn render(&mut self, name: &str, data: &Value) -> Run<Text> {
        let output = self.execute(name, data)?;
        if !bounds::pay(output.len()) {
            return Err(Failure::new(bounds::TOO_MUCH));
        }
        Ok(without_missing_values(output))
    }

    /// Runs a template by name.
    fn execute(&mut self, name: &str, data: &Value) -> Run<Vec<u8>> {
        let Some(template) = self.scope.find(name) else {
            let root = self.scope.name();
            return Err(Failure::new(format!(
                "template: no template {name:?} associated with template {root:?}"
            )));
        };
        self.run(&template, data)
    }

    fn run(&mut self, template: &Template, data: &Value) -> Run<Vec<u8>> {
        let dot = Operand::plain(data.clone());
        let variables = vec![(Rc::from("$"), dot.clone())];
        let mut frame = Frame { template, variables, at: Place::Nowhere, depth: 0 };
        let mut output = Vec::new();
        self.list(&mut frame, &dot, &template.root, &mut output)?;
        Ok(output)
    }

    /// `include`.
    pub(crate) fn include(&mut self, name: &Text, data: &Value) -> Run<Value> {
        let depth = self.include_depths.entry(name.clone()).or_insert(0);
        if *depth > DEEPEST_INCLUDE {
            return Err(Failure::new(format!(
                "rendering template has a nested reference name: {}: unable to execute template",
                name.as_str()
            )));
        }
        *depth += 1;
        let result = self.nested(|executor| executor.execute(&name.as_str(), data));
        if let Some(depth) = self.include_depths.get_mut(name) {
            *depth -= 1;
        }
        Ok(Value::text(result?))
    }

    /// Runs a template within another one. Templates that each include the next one nest deep even where none of them
    /// includes itself often.
    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        if self.nesting >= DEEPEST_NESTING {
            return Err(Failure::new(bounds::TOO_DEEP));
        }
        self.nesting += 1;
        let result = run(self);
        self.nesting -= 1;
        result
    }

    /// `tpl`: renders a text as a template that sees all others, and whose definitions only it sees.
    pub(crate) fn template_text(&mut self, text: &Text, data: &Value) -> Run<Value> {
        let shown = || {
            String::from_utf8_lossy(&crate::functions::quote::go_quote(text.as_bytes()))
                .into_owned()
        };
        let name = self.scope.name();
        let templates = match self.parsed.get(text) {
            Some(templates) => templates.clone(),
            None => {
                let parsed = crate::template::parse(&name, text).map_err(|error| {
                    Failure::new(format!("cannot parse template {}: {error}", shown()))
                })?;
                let parsed = Rc::new(parsed.into_iter().map(Rc::new).collect::<Vec<_>>());
                self.parsed.insert(text.clone(), parsed.clone());
                parsed
            }
        };
        let scope = Scope::within(self.scope.clone(), &templates);
        let outer = std::mem::replace(&mut self.scope, Rc::new(scope));
        let result = match templates.last() {
            Some(template) => self.nested(|executor| executor.run(template, data)),
            None => Ok(Vec::new()),
        };
        self.scope = outer;
        let output = result.map_err(|failure| {
            failure.wrapped(|| format!("error during tpl function execution for {}: ", shown()))
        })?;
        Ok(Value::Text(without_missing_values(output)))
    }

    /// `lookup`. Without a cluster there is nothing; in a plan it is not known what there is.
    pub(crate) fn look_up(&self, arguments: [&str; 4]) -> Run<Value> {
        let [api_version, kind, namespace, name] = arguments;
        let Some(lookup) = self.lookup else { return Ok(Value::Map(crate::value::Map::empty())) };
        if !bounds::pay(LOOKUP) {
            return Err(Failure::new(bounds::TOO_MUCH));
        }
        let found = lookup.lookup(api_version, kind, namespace, name).map_err(Failure::new)?;
        Ok(match found {
            Some(object) => Value::from_object(&object),
            None => Value::Map(crate::value::Map::empty()),
        })
    }

    pub(crate) fn is_planning(&self) -> bool {
        self.planning
    }

    /// Whether it is not known that the run gets here.
    pub(crate) fn is_uncertain(&self) -> bool {
        self.uncertain > 0
    }
}

fn without_missing_values(output: Vec<u8>) -> Text {
    const MISSING: &[u8] = b"<no value>";
    if memchr::memmem::find(&output, MISSING).is_none() {
        return output.into();
    }
    text_bytes::replace(&output, MISSING, b"").into()
}

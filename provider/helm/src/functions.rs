//! The functions templates may call: Go's own, Sprig's as Helm keeps them, and Helm's.

mod cast;
mod collections;
mod compare;
mod crypto;
pub(crate) mod date;
mod defaults;
mod dictionaries;
mod encoding;
mod escape;
mod files;
pub(crate) mod format;
mod go_regex;
mod helm;
mod lists;
mod logic;
mod math;
mod paths;
pub(crate) mod quote;
mod random;
mod reflection;
mod regexes;
mod serialization;
mod strings;
pub(crate) mod text_bytes;
mod toml;
mod urls;
mod versions;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::executor::Executor;
pub(crate) use crate::executor::Failure;
use crate::value::{Certificate, List, Map, Native, Text, Value};

pub(crate) use files::method as files_method;
pub(crate) use paths::{path_base, path_clean, path_ext};
pub(crate) use regexes::RegexCache;

/// What Go's reflection says where a function asks for the type of nil.
const TYPE_OF_NIL: &str = "reflect: call of reflect.Value.Type on zero Value";

/// A function with what Go's reflection would know of it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Type],
    /// Whether the last parameter may be given any number of times, or not at all.
    pub(crate) variadic: bool,
    /// How a function treats what is not known in a plan.
    pub(crate) certainty: Certainty,
    pub(crate) call: Call,
}

pub(crate) type Call = fn(&mut Executor<'_>, Arguments) -> Outcome;
pub(crate) type Outcome = Result<Value, Failure>;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    Text,
    Int,
    Uint,
    Float,
    Bool,
    Map,
    List,
    Time,
    Certificate,
}

/// How the result of a function depends on arguments that are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// It is unknown as soon as anything in an argument is.
    Opaque,
    /// It is unknown where an argument itself is; what an argument contains does not count.
    Shallow,
    /// The function keeps the marks of its text arguments in place.
    Marks,
    /// The function deals with unknown values itself.
    Handles,
    /// It is never known in a plan.
    Volatile,
}

impl Function {
    const fn new(
        name: &'static str,
        parameters: &'static [Type],
        certainty: Certainty,
        call: Call,
    ) -> Self {
        Function { name, parameters, variadic: false, certainty, call }
    }

    const fn variadic(self) -> Self {
        Function { variadic: true, ..self }
    }
}

const fn opaque(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function::new(name, parameters, Certainty::Opaque, call)
}

const fn shallow(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function::new(name, parameters, Certainty::Shallow, call)
}

const fn marks(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function::new(name, parameters, Certainty::Marks, call)
}

const fn handles(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function::new(name, parameters, Certainty::Handles, call)
}

const fn volatile(name: &'static str, parameters: &'static [Type], call: Call) -> Function {
    Function::new(name, parameters, Certainty::Volatile, call)
}

/// All functions, by the family they are of.
fn families() -> [&'static [Function]; 22] {
    [
        collections::FUNCTIONS,
        compare::FUNCTIONS,
        crypto::FUNCTIONS,
        date::FUNCTIONS,
        defaults::FUNCTIONS,
        dictionaries::FUNCTIONS,
        encoding::FUNCTIONS,
        escape::FUNCTIONS,
        helm::FUNCTIONS,
        lists::FUNCTIONS,
        logic::FUNCTIONS,
        math::FUNCTIONS,
        paths::FUNCTIONS,
        random::FUNCTIONS,
        reflection::FUNCTIONS,
        regexes::FUNCTIONS,
        serialization::FUNCTIONS,
        strings::FUNCTIONS,
        toml::FUNCTIONS,
        urls::FUNCTIONS,
        versions::FUNCTIONS,
        words::FUNCTIONS,
    ]
}

/// The function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
        families().into_iter().flatten().map(|function| (function.name, function)).collect()
    });
    BY_NAME.get(name).copied()
}

/// The arguments of a call, which have the types of the parameters.
#[derive(Debug)]
pub(crate) struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn any(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Nil)
    }

    pub(crate) fn take(&mut self, index: usize) -> Value {
        self.0.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    /// The arguments from an index on.
    pub(crate) fn rest(&self, index: usize) -> &[Value] {
        self.0.get(index..).unwrap_or_default()
    }

    pub(crate) fn text(&self, index: usize) -> Text {
        match self.any(index).known() {
            Value::Text(text) => text.clone(),
            _ => Text::default(),
        }
    }

    pub(crate) fn int(&self, index: usize) -> i64 {
        match self.any(index).known() {
            Value::Int(value) => *value,
            _ => 0,
        }
    }

    pub(crate) fn float(&self, index: usize) -> f64 {
        match self.any(index).known() {
            Value::Float(value) => *value,
            _ => 0.0,
        }
    }

    pub(crate) fn bool(&self, index: usize) -> bool {
        matches!(self.any(index).known(), Value::Bool(true))
    }

    /// A map; nil is an empty one.
    pub(crate) fn map(&self, index: usize) -> Map {
        as_map(self.any(index))
    }

    pub(crate) fn list(&self, index: usize) -> Option<List> {
        match self.any(index).known() {
            Value::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    pub(crate) fn certificate(&self, index: usize) -> Option<Certificate> {
        match self.any(index).known() {
            Value::Native(native) => match &**native {
                Native::Certificate(certificate) => Some(certificate.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What stands in for the result of a function whose result is not known in a plan.
pub(crate) fn stand_in(
    executor: &mut Executor<'_>,
    function: &Function,
    arguments: Arguments,
) -> Outcome {
    match (function.name, crypto::stand_in(function.name)) {
        (_, Some(value)) => Ok(value),
        // What is in the cluster may be asked for, but what is there now need not be there then.
        ("lookup", None) => Ok(Value::Map(Map::empty())),
        _ => (function.call)(executor, arguments),
    }
}

/// The map of a value that was checked to be one or nil.
fn as_map(value: &Value) -> Map {
    match value.known() {
        Value::Map(map) => map.clone(),
        _ => Map::nil(crate::value::MapKind::Any),
    }
}

/// A value as text, the way Sprig makes text of anything.
pub(crate) fn to_text(value: &Value) -> Text {
    match value {
        Value::Text(text) | Value::Bytes(text) => text.clone(),
        value => Text::from(format::print(value)),
    }
}

#[cfg(test)]
mod tests;

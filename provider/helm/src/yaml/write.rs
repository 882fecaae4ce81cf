//! Writes values as YAML, equal to the byte to what Helm's `toYaml` and `toYamlPretty` write.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::resolve::{self, Scalar};
use super::style::{Analysis, Style};
use crate::bounds;
use crate::json;
use crate::number;
use crate::tree::Tree;
use crate::value::{DEPTH, List, Map, Value};

/// A value that YAML cannot hold: NaN, an infinity, or a map inside itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error marshaling into JSON: {0}")]
pub struct WriteError(String);

/// Writes a tree as `toYaml` writes it, which has no other numbers than floats. The last line has its break.
///
/// # Errors
/// The tree holds what YAML has no text for.
pub fn write(tree: &Tree) -> Result<String, WriteError> {
    to_yaml(&Value::from_tree(tree))
}

/// The same as `toYamlPretty` writes it.
///
/// # Errors
/// The tree is too deep.
pub fn write_pretty(tree: &Tree) -> Result<String, WriteError> {
    to_pretty_yaml(&Value::from_tree(tree))
}

/// What `toYaml` writes: the value is taken through JSON, lines are folded at 80 columns, lists stand at the level of
/// their key.
pub(crate) fn to_yaml(value: &Value) -> Result<String, WriteError> {
    let mut emitter = Emitter::new(Dialect::Helm);
    emitter.root(value)?;
    Ok(emitter.output)
}

/// What `toYamlPretty` writes: lines are not folded, lists are indented.
pub(crate) fn to_pretty_yaml(value: &Value) -> Result<String, WriteError> {
    let mut emitter = Emitter::new(Dialect::Pretty);
    emitter.root(value)?;
    Ok(emitter.output)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Helm,
    Pretty,
}

/// A key longer than this is written with `? `.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Sequence,
    MappingValue,
    SimpleKey,
    ComplexKey,
}

pub(super) struct Emitter {
    pub(super) output: String,
    pub(super) dialect: Dialect,
    /// In characters.
    pub(super) column: usize,
    /// The indentation of the current collection; none at the root.
    pub(super) indent: Option<usize>,
    /// Whether the last character was a blank that separates.
    pub(super) whitespace: bool,
    /// Whether the line so far is only indentation.
    pub(super) indention: bool,
    depth: usize,
}

impl Emitter {
    fn new(dialect: Dialect) -> Self {
        Emitter {
            output: String::new(),
            dialect,
            column: 0,
            indent: None,
            whitespace: true,
            indention: true,
            depth: DEPTH,
        }
    }

    fn root(&mut self, value: &Value) -> Result<(), WriteError> {
        self.node(value, Context::Root)?;
        self.write_indent();
        Ok(())
    }

    fn node(&mut self, value: &Value, context: Context) -> Result<(), WriteError> {
        if !bounds::pay(bounds::STEP) || !bounds::allow(self.output.len()) {
            return Err(WriteError(bounds::TOO_MUCH.to_owned()));
        }
        match value {
            Value::Nil => self.plain("null", context),
            Value::Bool(value) => self.plain(if *value { "true" } else { "false" }, context),
            Value::Int(value) | Value::Int64(value) => self.plain(&value.to_string(), context),
            Value::Uint(value) => self.plain(&value.to_string(), context),
            Value::Float(value) => {
                let text = self.float(*value)?;
                self.plain(&text, context);
            }
            Value::Text(text) => self.text(&text.as_str(), context),
            Value::Bytes(bytes) => self.text(&json::encode_bytes(bytes), context),
            Value::List(list) => return self.list(list, context),
            Value::Map(map) => return self.map(map, context),
            Value::Native(native) => return self.node(&native.json(), context),
            Value::Unknown(_) => return self.node(&json::marked(value), context),
        }
        Ok(())
    }

    /// A number as YAML reads back what JSON writes of it: whole numbers become integers.
    fn float(&self, value: f64) -> Result<String, WriteError> {
        if self.dialect == Dialect::Pretty {
            return Ok(super::read::yaml_float(number::format_general(value)));
        }
        let Some(text) = number::format_json(value) else {
            return Err(WriteError(format!(
                "json: unsupported value: {}",
                number::format_general(value)
            )));
        };
        Ok(match resolve::resolve_plain(&text) {
            Scalar::Int(value) => value.to_string(),
            Scalar::Uint(value) => value.to_string(),
            _ => number::format_general(value),
        })
    }

    fn list(&mut self, list: &List, context: Context) -> Result<(), WriteError> {
        if list.is_nil() && self.dialect == Dialect::Helm {
            self.plain("null", context);
            return Ok(());
        }
        if list.items().is_empty() {
            self.empty_collection("[", "]");
            return Ok(());
        }
        self.descend()?;
        let outer = self.indent;
        let indentless =
            context == Context::MappingValue && !self.indention && self.dialect == Dialect::Helm;
        if !indentless {
            self.increase_indent(false);
        }
        for item in list.items() {
            self.write_indent();
            self.write_indicator("-", true, true);
            self.node(item, Context::Sequence)?;
        }
        self.indent = outer;
        self.depth += 1;
        Ok(())
    }

    fn map(&mut self, map: &Map, context: Context) -> Result<(), WriteError> {
        let entries = map.entries();
        if map.is_nil() && self.dialect == Dialect::Helm {
            self.plain("null", context);
            return Ok(());
        }
        if entries.is_empty() {
            self.empty_collection("{", "}");
            return Ok(());
        }
        self.descend()?;
        let outer = self.indent;
        self.increase_indent(false);
        let mut entries: Vec<(Cow<'_, str>, &Value)> =
            entries.iter().map(|(key, value)| (Cow::Borrowed(&**key), value)).collect();
        entries.sort_by(|(left, _), (right, _)| compare_keys(left, right, self.dialect));
        for (key, value) in entries {
            self.write_indent();
            if self.is_simple_key(&key) {
                self.text(&key, Context::SimpleKey);
                self.write_indicator(":", false, false);
            } else {
                self.write_indicator("?", true, true);
                self.text(&key, Context::ComplexKey);
                self.write_indent();
                self.write_indicator(":", true, true);
            }
            self.node(value, Context::MappingValue)?;
        }
        self.indent = outer;
        self.depth += 1;
        Ok(())
    }

    fn descend(&mut self) -> Result<(), WriteError> {
        self.depth = match self.depth.checked_sub(1) {
            Some(depth) => depth,
            None => {
                return Err(WriteError("json: unsupported value: encountered a cycle".to_owned()));
            }
        };
        Ok(())
    }

    fn is_simple_key(&self, key: &str) -> bool {
        key.len() <= LONGEST_SIMPLE_KEY && !key.contains(super::style::is_break)
    }

    fn empty_collection(&mut self, open: &str, close: &str) {
        self.write_indicator(open, true, false);
        self.whitespace = true;
        self.write_indicator(close, false, false);
    }

    fn plain(&mut self, text: &str, context: Context) {
        self.scalar(text, Style::Plain, context);
    }

    fn text(&mut self, text: &str, context: Context) {
        let needs_quotes = match self.dialect {
            Dialect::Helm => !resolve::is_text(text) || resolve::is_base_60(text),
            Dialect::Pretty => resolve::needs_quotes_in_version_3(text),
        };
        let style = if text.contains('\n') {
            Style::Literal
        } else if needs_quotes {
            Style::DoubleQuoted
        } else {
            Style::Plain
        };
        self.scalar(text, style, context);
    }

    fn scalar(&mut self, text: &str, wanted: Style, context: Context) {
        let analysis = Analysis::of(text, self.dialect);
        let style = analysis.select(wanted, context == Context::SimpleKey);
        let outer = self.indent;
        self.increase_indent(true);
        let may_break = context != Context::SimpleKey;
        match style {
            Style::Plain => self.write_plain(text, may_break),
            Style::SingleQuoted => self.write_single_quoted(text, may_break),
            Style::DoubleQuoted => self.write_double_quoted(text, may_break),
            Style::Literal => self.write_literal(text),
        }
        self.indent = outer;
    }

    /// One level deeper. A scalar at the root is indented as well, a collection there is not.
    fn increase_indent(&mut self, scalar: bool) {
        self.indent = Some(match self.indent {
            Some(indent) => indent + INDENT,
            None if scalar => INDENT,
            None => 0,
        });
    }
}

/// Spaces of one level.
pub(super) const INDENT: usize = 2;

/// The natural order of keys: letters by code, after everything else, and digits by the number they form.
fn compare_keys(left: &str, right: &str, dialect: Dialect) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut after_digit = false;
    for (index, (&a, &b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            after_digit = a.is_numeric();
            continue;
        }
        let (a_letter, b_letter) = (a.is_alphabetic(), b.is_alphabetic());
        if a_letter && b_letter {
            return a.cmp(&b);
        }
        if a_letter || b_letter {
            let first = if after_digit && dialect == Dialect::Pretty { a_letter } else { b_letter };
            return if first { Ordering::Less } else { Ordering::Greater };
        }
        return compare_numbers(&left, &right, index);
    }
    left.len().cmp(&right.len())
}

/// Compares from the first character in which two keys differ, neither being a letter.
fn compare_numbers(left: &[char], right: &[char], index: usize) -> Ordering {
    // Zeros count only where a digit other than zero precedes them.
    let mut lead = 0;
    if left[index] == '0' || right[index] == '0' {
        let preceding =
            left[..index].iter().rev().take_while(|character| character.is_ascii_digit());
        lead = i64::from(preceding.into_iter().any(|character| *character != '0'));
    }
    let number = |characters: &[char]| {
        let digits = characters[index..].iter().map_while(|character| character.to_digit(10));
        digits.fold((lead, index), |(value, end), digit| {
            (value.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1)
        })
    };
    let (left_number, right_number) = (number(left), number(right));
    left_number.cmp(&right_number).then_with(|| left[index].cmp(&right[index]))
}

#[cfg(test)]
mod tests;

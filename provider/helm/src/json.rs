//! JSON as Go writes it, and as it complains about what is none.

mod syntax;

use std::fmt::Write;

use base64::Engine;

use crate::bounds;
use crate::number;
use crate::value::{DEPTH, Text, Value};

pub(crate) use syntax::syntax_error;

/// A value that JSON cannot hold, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("json: unsupported value: {0}")]
pub(crate) struct JsonError(String);

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Whether `<`, `>` and `&` are escaped.
    pub(crate) escape_html: bool,
    /// Whether it is spread over lines with two spaces for each level.
    pub(crate) pretty: bool,
}

/// `json.Marshal`.
pub(crate) const COMPACT: Layout = Layout { escape_html: true, pretty: false };

/// A value as JSON.
pub(crate) fn to_json(value: &Value, layout: Layout) -> Result<String, JsonError> {
    let mut writer = Writer { output: String::new(), layout, level: 0 };
    writer.value(value)?;
    Ok(writer.output)
}

/// Bytes as base64, which is what JSON makes of them.
pub(crate) fn encode_bytes(bytes: &Text) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes())
}

/// What text formats make of an unknown value: the text of its stand-in, marked, unless that is a collection whose
/// leaves are to be marked.
pub(crate) fn marked(value: &Value) -> Value {
    mark(value, false, DEPTH)
}

fn mark(value: &Value, unknown: bool, depth: usize) -> Value {
    if depth == 0 || !bounds::pay(bounds::NEW_VALUE) {
        return Value::Nil;
    }
    match value {
        Value::Unknown(value) => mark(value, true, depth - 1),
        Value::List(list) if !list.items().is_empty() => {
            Value::list(list.items().iter().map(|item| mark(item, unknown, depth - 1)).collect())
        }
        Value::Map(map) if map.len() > 0 => Value::map(
            map.entries().into_iter().map(|(key, value)| (key, mark(&value, unknown, depth - 1))),
        ),
        value if unknown => {
            Value::Text(Text::from(crate::functions::format::print(value)).tainted())
        }
        value => value.clone(),
    }
}

struct Writer {
    output: String,
    layout: Layout,
    level: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), JsonError> {
        if !bounds::pay(bounds::STEP) || !bounds::allow(self.output.len()) {
            return Err(JsonError(bounds::TOO_MUCH.to_owned()));
        }
        match value {
            Value::Nil => self.output.push_str("null"),
            Value::Bool(value) => self.output.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) | Value::Int64(value) => self.display(value),
            Value::Uint(value) => self.display(value),
            Value::Float(value) => match number::format_json(*value) {
                Some(text) => self.output.push_str(&text),
                None => return Err(JsonError(number::format_general(*value))),
            },
            Value::Text(text) => self.text(&text.as_str()),
            Value::Bytes(bytes) => self.text(&encode_bytes(bytes)),
            Value::List(list) if list.is_nil() => self.output.push_str("null"),
            Value::List(list) => {
                self.items('[', ']', list.items(), |writer, item| writer.value(item))?
            }
            Value::Map(map) if map.is_nil() => self.output.push_str("null"),
            Value::Map(map) => self.items('{', '}', &map.entries(), Writer::entry)?,
            Value::Native(native) => match native.json_fields() {
                Some(fields) => self.items('{', '}', &fields, Writer::entry)?,
                None => self.value(&native.json())?,
            },
            Value::Unknown(_) => self.value(&marked(value))?,
        }
        Ok(())
    }

    fn entry(&mut self, (key, value): &(impl AsRef<str>, Value)) -> Result<(), JsonError> {
        self.text(key.as_ref());
        self.output.push_str(if self.layout.pretty { ": " } else { ":" });
        self.value(value)
    }

    fn display(&mut self, value: &impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.output, "{value}");
    }

    fn items<T>(
        &mut self,
        open: char,
        close: char,
        items: &[T],
        mut write: impl FnMut(&mut Self, &T) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.level >= DEPTH {
            return Err(JsonError("encountered a cycle".to_owned()));
        }
        self.output.push(open);
        self.level += 1;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.output.push(',');
            }
            self.line();
            write(self, item)?;
        }
        self.level -= 1;
        if !items.is_empty() {
            self.line();
        }
        self.output.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if self.layout.pretty {
            self.output.push('\n');
            self.output.extend(std::iter::repeat_n("  ", self.level));
        }
    }

    fn text(&mut self, text: &str) {
        self.output.push('"');
        for character in text.chars() {
            match character {
                '"' => self.output.push_str("\\\""),
                '\\' => self.output.push_str("\\\\"),
                '\n' => self.output.push_str("\\n"),
                '\r' => self.output.push_str("\\r"),
                '\t' => self.output.push_str("\\t"),
                '\u{8}' => self.output.push_str("\\b"),
                '\u{c}' => self.output.push_str("\\f"),
                '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => self.escape(character),
                '<' | '>' | '&' if self.layout.escape_html => self.escape(character),
                character => self.output.push(character),
            }
        }
        self.output.push('"');
    }

    fn escape(&mut self, character: char) {
        let _ = write!(self.output, "\\u{:04x}", u32::from(character));
    }
}

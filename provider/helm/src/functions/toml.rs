//! TOML, written as the library Helm uses writes it, and read.

use super::{Arguments, Failure, Function, Outcome, Type, marks, opaque};
use crate::bounds;
use crate::executor::Executor;
use crate::json;
use crate::number;
use crate::value::{DEPTH, List, Map, Value, print_bytes};

pub(super) const FUNCTIONS: &[Function] = &[
    marks("toToml", &[Type::Any], to_toml),
    marks("mustToToml", &[Type::Any], must_to_toml),
    opaque("fromToml", &[Type::Text], from_toml),
];

/// A value that cannot be written leaves the error, except for nil.
fn to_toml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    if matches!(arguments.any(0), Value::Nil) {
        return Err(Failure::new(super::TYPE_OF_NIL));
    }
    Ok(Value::text(write(arguments.any(0)).unwrap_or_else(|error| error)))
}

fn must_to_toml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    if matches!(arguments.any(0), Value::Nil) {
        return Err(Failure::new(super::TYPE_OF_NIL));
    }
    write(arguments.any(0)).map(Value::text).map_err(Failure::new)
}

fn write(value: &Value) -> Result<String, String> {
    let mut writer = Writer { output: String::new() };
    match value {
        Value::Map(map) => writer.table(&mut Vec::new(), map)?,
        Value::Native(native) => match native.json() {
            Value::Map(map) => writer.table(&mut Vec::new(), &map)?,
            other => writer.element(&other, DEPTH)?,
        },
        value if is_array_of_tables(value)? => {
            return Err("toml: top-level values must be Go maps or structs".to_owned());
        }
        value => writer.element(value, DEPTH)?,
    }
    Ok(writer.output)
}

struct Writer {
    output: String,
}

type Written = Result<(), String>;

impl Writer {
    /// The entries of a table: plain ones first, then tables.
    fn table(&mut self, path: &mut Vec<String>, map: &Map) -> Written {
        if path.len() > DEPTH {
            return Err("toml: cannot encode a map within itself".to_owned());
        }
        let length: usize = path.iter().map(String::len).sum();
        if !bounds::pay(bounds::STEP + length) || !bounds::allow(self.output.len()) {
            return Err(bounds::TOO_MUCH.to_owned());
        }
        let entries = map.entries();
        for tables in [false, true] {
            for (key, value) in &entries {
                if is_nil(value) || is_table(value)? != tables {
                    continue;
                }
                path.push(quoted_key(key));
                self.entry(path, value)?;
                path.pop();
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &mut Vec<String>, value: &Value) -> Written {
        let indent = "  ".repeat(path.len() - 1);
        match value {
            Value::Map(map) => {
                if path.len() == 1 {
                    self.new_line();
                }
                self.output.push_str(&format!("{indent}[{}]\n", path.join(".")));
                self.table(path, map)
            }
            Value::List(list) if is_array_of_tables(value)? => {
                for item in list.items() {
                    if let Value::Map(map) = item.known() {
                        self.new_line();
                        self.output.push_str(&format!("{indent}[[{}]]\n", path.join(".")));
                        self.table(path, map)?;
                    }
                }
                Ok(())
            }
            value => {
                let key = path.last().map(String::as_str).unwrap_or_default();
                self.output.push_str(&format!("{indent}{key} = "));
                self.element(value, DEPTH)?;
                self.output.push('\n');
                Ok(())
            }
        }
    }

    fn new_line(&mut self) {
        if !self.output.is_empty() {
            self.output.push('\n');
        }
    }

    fn element(&mut self, value: &Value, depth: usize) -> Written {
        if depth == 0 {
            return Err("toml: cannot encode a list within itself".to_owned());
        }
        if !bounds::pay(bounds::STEP) || !bounds::allow(self.output.len()) {
            return Err(bounds::TOO_MUCH.to_owned());
        }
        match value {
            Value::Nil => return Err("toml: cannot encode a nil value".to_owned()),
            Value::Bool(value) => self.output.push_str(&value.to_string()),
            Value::Int(value) | Value::Int64(value) => self.output.push_str(&value.to_string()),
            Value::Uint(value) => self.output.push_str(&value.to_string()),
            Value::Float(value) => self.output.push_str(&float(*value)),
            Value::Text(text) => self.text(&text.as_str()),
            Value::Bytes(bytes) => {
                let numbers = print_bytes(bytes.as_bytes()).replace(' ', ", ");
                self.output.push_str(&numbers);
            }
            Value::List(list) => self.list(list, depth)?,
            Value::Map(map) => self.inline_table(map, depth)?,
            Value::Native(native) => self.element(&native.json(), depth - 1)?,
            Value::Unknown(_) => self.element(&json::marked(value), depth - 1)?,
        }
        Ok(())
    }

    fn list(&mut self, list: &List, depth: usize) -> Written {
        self.output.push('[');
        for (index, item) in list.items().iter().enumerate() {
            if index > 0 {
                self.output.push_str(", ");
            }
            self.element(item, depth - 1)?;
        }
        self.output.push(']');
        Ok(())
    }

    fn inline_table(&mut self, map: &Map, depth: usize) -> Written {
        self.output.push('{');
        let mut first = true;
        let entries = map.entries();
        for tables in [false, true] {
            for (key, value) in &entries {
                if is_nil(value) || is_table(value)? != tables {
                    continue;
                }
                if !std::mem::replace(&mut first, false) {
                    self.output.push_str(", ");
                }
                self.output.push_str(&format!("{} = ", quoted_key(key)));
                self.element(value, depth - 1)?;
            }
        }
        self.output.push('}');
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.output.push('"');
        self.output.push_str(&escape(text));
        self.output.push('"');
    }
}

fn float(value: f64) -> String {
    let text = number::format_general(value);
    match text.as_str() {
        "NaN" => "nan".to_owned(),
        "+Inf" => "inf".to_owned(),
        "-Inf" => "-inf".to_owned(),
        _ if text.contains(['e', '.']) => text,
        _ => format!("{text}.0"),
    }
}

fn quoted_key(key: &str) -> String {
    let bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare && !key.is_empty() { key.to_owned() } else { format!("\"{}\"", escape(key)) }
}

fn escape(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\u{8}' => output.push_str("\\b"),
            '\t' => output.push_str("\\t"),
            '\n' => output.push_str("\\n"),
            '\u{c}' => output.push_str("\\f"),
            '\r' => output.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                output.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            character => output.push(character),
        }
    }
    output
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn is_table(value: &Value) -> Result<bool, String> {
    Ok(matches!(value, Value::Map(_)) || is_array_of_tables(value)?)
}

/// Whether a value is a list of nothing but tables.
fn is_array_of_tables(value: &Value) -> Result<bool, String> {
    let Value::List(list) = value else { return Ok(false) };
    if list.items().iter().any(is_nil) {
        return Err("toml: cannot encode array with nil element".to_owned());
    }
    Ok(!list.items().is_empty() && list.items().iter().all(|item| matches!(item, Value::Map(_))))
}

fn from_toml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    if !bounds::allow(arguments.text(0).len().saturating_mul(bounds::STEP)) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    Ok(match toml::from_str::<toml::Table>(&arguments.text(0).as_str()) {
        Ok(table) => from_table(&table),
        Err(error) => Value::map([("Error", Value::text(format!("toml: {}", error.message())))]),
    })
}

fn from_table(table: &toml::Table) -> Value {
    Value::map(table.iter().map(|(key, value)| (key.as_str(), from_value(value))))
}

fn from_value(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::text(text.as_str()),
        toml::Value::Integer(value) => Value::Int64(*value),
        toml::Value::Float(value) => Value::Float(*value),
        toml::Value::Boolean(value) => Value::Bool(*value),
        toml::Value::Datetime(time) => Value::text(time.to_string()),
        toml::Value::Array(items) => Value::list(items.iter().map(from_value).collect()),
        toml::Value::Table(table) => from_table(table),
    }
}

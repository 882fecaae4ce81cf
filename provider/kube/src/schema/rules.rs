//! What a schema says of a single value: its type, its bounds, and how it is written.

use std::cmp::Ordering;
use std::collections::HashMap;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use regex::Regex;
use serde_json::Value;

use crate::document::type_name;

/// Values longer than this, in bytes, are not quoted.
const LONGEST_QUOTED_BYTES: usize = 64;

/// As Kubernetes reads it: with padding, whatever the bits that count no more.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Whether a value has one of the types of a schema; any has where the schema names none.
pub(super) fn fits_type(schema: &Value, value: &Value) -> bool {
    let mut types = types_of(schema).peekable();
    types.peek().is_none() || types.any(|name| is_of(name, value))
}

fn is_of(type_name: &str, value: &Value) -> bool {
    match type_name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => whole_number(value).is_some(),
        _ => true,
    }
}

fn types_of(schema: &Value) -> impl Iterator<Item = &str> {
    let both: &[&str] = match schema["x-kubernetes-int-or-string"] == true {
        true => &["integer", "string"],
        false => &[],
    };
    let one = schema["type"].as_str().filter(|_| both.is_empty());
    let several = schema["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    both.iter().copied().chain(one).chain(several)
}

/// A number that is whole, also if it is written as 1.0.
fn whole_number(value: &Value) -> Option<i128> {
    let number = value.as_number()?;
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let float = || number.as_f64().filter(|it| it.fract() == 0.0).map(|it| it as i128);
    whole.or_else(float)
}

/// What a schema expects, in words.
pub(super) fn expectation(schema: &Value) -> String {
    let words = types_of(schema).map(|name| match name {
        "object" => "an object",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        other => other,
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// What was found, in words: short values as they are, unless they are secret. A text that would have to be escaped is
/// not quoted: whoever hides secrets in what is told would not find them.
pub(super) fn found(value: &Value, is_secret: bool) -> String {
    let is_plain = match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => {
            text.len() <= LONGEST_QUOTED_BYTES && value.to_string().len() == text.len() + 2
        }
        _ => false,
    };
    if is_plain && !is_secret { value.to_string() } else { type_name(value).to_owned() }
}

/// Checks values, with the patterns that were read before.
#[derive(Default)]
pub(super) struct Rules<'s> {
    patterns: HashMap<&'s str, Option<Regex>>,
}

impl<'s> Rules<'s> {
    /// What a value of the right type breaks, in words.
    pub(super) fn broken(
        &mut self,
        schema: &'s Value,
        value: &Value,
        is_secret: bool,
    ) -> Vec<String> {
        let mut broken = Vec::new();
        match value {
            Value::String(text) => self.check_text(schema, text, &mut broken),
            Value::Number(_) => check_number(schema, value, &mut broken),
            Value::Array(list) => {
                check_size(schema, ["minItems", "maxItems"], list.len(), "items", &mut broken)
            }
            Value::Object(object) => {
                let keywords = ["minProperties", "maxProperties"];
                check_size(schema, keywords, object.len(), "fields", &mut broken);
            }
            _ => {}
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            broken.push(format!("expected one of {}", allowed.join(", ")));
        }
        let found = found(value, is_secret);
        broken.into_iter().map(|reason| format!("{reason}, found {found}")).collect()
    }

    fn check_text(&mut self, schema: &'s Value, text: &str, broken: &mut Vec<String>) {
        let length = text.chars().count();
        check_size(schema, ["minLength", "maxLength"], length, "characters", broken);
        if let Some(pattern) = schema["pattern"].as_str() {
            // The cluster refuses definitions with patterns that are none.
            let read = self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern).ok());
            if read.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
                broken.push(format!("expected a string that matches {pattern}"));
            }
        }
        if schema["format"] == "byte" {
            let code: String = text.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
            if BASE64.decode(code).is_err() {
                broken.push("expected base64".to_owned());
            }
        }
    }
}

fn check_number(schema: &Value, value: &Value, broken: &mut Vec<String>) {
    let whole = whole_number(value);
    if schema["format"] == "int32" && whole.is_some_and(|it| i32::try_from(it).is_err()) {
        broken.push("expected a number of 32 bits".to_owned());
    }
    if schema["format"] == "int64" && whole.is_some_and(|it| i64::try_from(it).is_err()) {
        broken.push("expected a number of 64 bits".to_owned());
    }
    let bounds = [
        ("minimum", "exclusiveMinimum", Ordering::Less, ["at least", "more than"]),
        ("maximum", "exclusiveMaximum", Ordering::Greater, ["at most", "less than"]),
    ];
    for (keyword, exclusive, beyond, [within, inside]) in bounds {
        let Some(bound) = schema[keyword].as_f64() else { continue };
        let is_exclusive = schema[exclusive] == true;
        let order = value.as_f64().and_then(|number| number.partial_cmp(&bound));
        if order == Some(beyond) || (is_exclusive && order == Some(Ordering::Equal)) {
            let words = if is_exclusive { inside } else { within };
            broken.push(format!("expected {words} {bound}"));
        }
    }
    if let (Some(step), Some(whole)) = (whole_number(&schema["multipleOf"]), whole)
        && step != 0
        && whole % step != 0
    {
        broken.push(format!("expected a multiple of {step}"));
    }
}

fn check_size(
    schema: &Value,
    [least, most]: [&str; 2],
    size: usize,
    unit: &str,
    broken: &mut Vec<String>,
) {
    let bound =
        |keyword: &str| whole_number(&schema[keyword]).and_then(|it| usize::try_from(it).ok());
    if let Some(least) = bound(least).filter(|least| size < *least) {
        broken.push(format!("expected at least {least} {unit}"));
    }
    if let Some(most) = bound(most).filter(|most| size > *most) {
        broken.push(format!("expected at most {most} {unit}"));
    }
}

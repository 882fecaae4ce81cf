//! Go's escaping functions: HTML, JavaScript and URL queries.

use super::{Arguments, Function, Outcome, Type, format, opaque, quote, text_bytes};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("html", &[Type::Any], html).variadic(),
    opaque("js", &[Type::Any], javascript).variadic(),
    opaque("urlquery", &[Type::Any], url_query).variadic(),
];

/// The operands as one text. A lone nil is what the language prints for it.
fn printed(arguments: &Arguments) -> Vec<u8> {
    let named = |value: &Value| match value {
        Value::Nil => Value::text("<no value>"),
        value => value.clone(),
    };
    format::sprint(&arguments.0.iter().map(named).collect::<Vec<_>>())
}

fn html(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut output = Vec::new();
    for byte in printed(&arguments) {
        let escaped: &[u8] = match byte {
            0 => "\u{fffd}".as_bytes(),
            b'"' => b"&#34;",
            b'\'' => b"&#39;",
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            _ => {
                output.push(byte);
                continue;
            }
        };
        output.extend_from_slice(escaped);
    }
    Ok(Value::text(output))
}

fn javascript(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = printed(&arguments);
    let mut output = Vec::new();
    for character in String::from_utf8_lossy(&text).chars() {
        match character {
            '\\' | '\'' | '"' => output.extend([b'\\', character as u8]),
            '<' | '>' | '&' | '=' => {
                output.extend(format!("\\u{:04X}", u32::from(character)).bytes())
            }
            '\0'..='\u{1f}' => output.extend(format!("\\u{:04X}", u32::from(character)).bytes()),
            _ if character.is_ascii() || quote::is_print(character) => {
                text_bytes::push(&mut output, character)
            }
            _ => output.extend(format!("\\u{:04X}", u32::from(character)).bytes()),
        }
    }
    Ok(Value::text(output))
}

fn url_query(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut output = Vec::new();
    for byte in printed(&arguments) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                output.push(byte)
            }
            b' ' => output.push(b'+'),
            _ => output.extend(format!("%{byte:02X}").bytes()),
        }
    }
    Ok(Value::text(output))
}

//! Go's `fmt`: how values print, and `printf` with its verbs, flags, widths and complaints.

use std::fmt::Write;

use crate::bounds;
use crate::number;
use crate::value::{DEPTH, Native, Text, Value};

use super::quote::{go_quote, go_quote_rune, is_print};
use super::text_bytes;

/// What `%v` prints. Unknown values print marked.
pub(crate) fn print(value: &Value) -> Vec<u8> {
    let mut output = Vec::new();
    print_to(value, &mut output, DEPTH);
    output
}

fn print_to(value: &Value, output: &mut Vec<u8>, depth: usize) {
    if depth == 0 || !bounds::pay(bounds::STEP) || !bounds::allow(output.len()) {
        return;
    }
    match value {
        Value::Nil => output.extend_from_slice(b"<nil>"),
        Value::Bool(value) => output.extend_from_slice(value.to_string().as_bytes()),
        Value::Int(value) | Value::Int64(value) => {
            output.extend_from_slice(value.to_string().as_bytes())
        }
        Value::Uint(value) => output.extend_from_slice(value.to_string().as_bytes()),
        Value::Float(value) => output.extend_from_slice(number::format_general(*value).as_bytes()),
        Value::Text(text) => output.extend_from_slice(text.as_bytes()),
        Value::Bytes(bytes) => {
            output.extend_from_slice(crate::value::print_bytes(bytes.as_bytes()).as_bytes())
        }
        Value::List(list) => {
            output.push(b'[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    output.push(b' ');
                }
                print_to(item, output, depth - 1);
            }
            output.push(b']');
        }
        Value::Map(map) => {
            output.extend_from_slice(b"map[");
            for (index, (key, value)) in map.entries().iter().enumerate() {
                if index > 0 {
                    output.push(b' ');
                }
                output.extend_from_slice(key.as_bytes());
                output.push(b':');
                print_to(value, output, depth - 1);
            }
            output.push(b']');
        }
        Value::Native(native) => output.extend_from_slice(native.print().as_bytes()),
        Value::Unknown(value) => {
            text_bytes::marked(output, |output| print_to(value, output, depth - 1))
        }
    }
}

/// `fmt.Sprint`: a space between operands where neither is text.
pub(crate) fn sprint(values: &[Value]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut after_text = true;
    for (index, value) in values.iter().enumerate() {
        let text = matches!(value, Value::Text(_));
        if index > 0 && !text && !after_text {
            output.push(b' ');
        }
        output.extend(print(value));
        after_text = text;
        if !bounds::allow(output.len()) {
            break;
        }
    }
    output
}

/// `fmt.Sprintln`: a space between all operands, and a line break.
pub(crate) fn sprintln(values: &[Value]) -> Vec<u8> {
    let mut output = Vec::new();
    for value in values {
        output.extend(print(value));
        output.push(b' ');
        if !bounds::allow(output.len()) {
            break;
        }
    }
    // The last space is the line break.
    output.pop();
    output.push(b'\n');
    output
}

/// `fmt.Sprintf`.
pub(crate) fn sprintf(format: &[u8], values: &[Value]) -> Vec<u8> {
    let mut printer =
        Printer { format, at: 0, values, next: 0, reordered: false, output: Vec::new() };
    printer.run();
    printer.output
}

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'a> {
    format: &'a [u8],
    at: usize,
    values: &'a [Value],
    next: usize,
    /// Whether an explicit index was used, after which surplus operands are not reported.
    reordered: bool,
    output: Vec<u8>,
}

/// Wider fields and longer fractions are refused.
const LARGEST_NUMBER: usize = 1_000_000;

impl Printer<'_> {
    fn run(&mut self) {
        while self.at < self.format.len() && bounds::allow(self.output.len()) {
            let rest = &self.format[self.at..];
            let text = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
            self.output.extend_from_slice(&rest[..text]);
            self.at += text;
            if self.at < self.format.len() {
                self.at += 1;
                self.verb();
            }
        }
        if !self.reordered && self.next < self.values.len() {
            self.output.extend_from_slice(b"%!(EXTRA ");
            for (index, value) in self.values[self.next..].iter().enumerate() {
                if index > 0 {
                    self.output.extend_from_slice(b", ");
                }
                self.output.extend_from_slice(value.type_name().as_bytes());
                if !matches!(value, Value::Nil) {
                    self.output.push(b'=');
                    self.output.extend(print(value));
                }
                if !bounds::allow(self.output.len()) {
                    break;
                }
            }
            self.output.push(b')');
        }
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn verb(&mut self) {
        let mut spec = self.flags();
        let mut good_index = self.index();
        spec.width = self.star_or_number(&mut spec, &mut good_index, true);
        if self.peek() == Some(b'.') {
            self.at += 1;
            good_index &= self.index();
            spec.precision =
                Some(self.star_or_number(&mut spec, &mut good_index, false).unwrap_or(0));
        }
        good_index &= self.index();
        let Some(verb) = self.take_character() else {
            self.output.extend_from_slice(b"%!(NOVERB)");
            return;
        };
        if verb == '%' {
            self.output.push(b'%');
        } else if !good_index {
            self.complain(verb, "BADINDEX");
        } else if let Some(value) = self.values.get(self.next) {
            self.next += 1;
            self.output.extend(format_value(value, verb, spec, DEPTH));
        } else {
            self.complain(verb, "MISSING");
        }
    }

    fn complain(&mut self, verb: char, what: &str) {
        self.output.extend_from_slice(format!("%!{verb}({what})").as_bytes());
    }

    fn take_character(&mut self) -> Option<char> {
        let text =
            String::from_utf8_lossy(&self.format[self.at..(self.at + 4).min(self.format.len())]);
        let character = text.chars().next()?;
        self.at += if character == char::REPLACEMENT_CHARACTER { 1 } else { character.len_utf8() };
        Some(character)
    }

    fn flags(&mut self) -> Spec {
        let mut spec = Spec::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'+' => spec.plus = true,
                b'-' => {
                    spec.minus = true;
                    spec.zero = false;
                }
                b'#' => spec.sharp = true,
                b' ' => spec.space = true,
                b'0' => spec.zero = !spec.minus,
                _ => break,
            }
            self.at += 1;
        }
        spec
    }

    /// An explicit operand such as `[2]`. False where it names none.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return true;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b']') else {
            self.at += 1;
            return false;
        };
        self.at += end + 1;
        let index =
            std::str::from_utf8(&rest[1..end]).ok().and_then(|digits| digits.parse::<usize>().ok());
        match index {
            Some(index) if (1..=self.values.len()).contains(&index) => {
                self.next = index - 1;
                true
            }
            _ => false,
        }
    }

    fn star_or_number(
        &mut self,
        spec: &mut Spec,
        good_index: &mut bool,
        width: bool,
    ) -> Option<usize> {
        if self.peek() != Some(b'*') {
            let digits =
                self.format[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number =
                std::str::from_utf8(&self.format[self.at..self.at + digits]).ok()?.parse().ok();
            self.at += digits;
            return number.filter(|number| *number <= LARGEST_NUMBER);
        }
        self.at += 1;
        let value = self.values.get(self.next);
        self.next += 1;
        let number = match value.map(Value::known) {
            Some(Value::Int(number) | Value::Int64(number)) => Some(*number),
            _ => None,
        };
        let Some(number) = number.filter(|number| number.unsigned_abs() <= LARGEST_NUMBER as u64)
        else {
            self.output.extend_from_slice(if width { b"%!(BADWIDTH)" } else { b"%!(BADPREC)" });
            return None;
        };
        if number < 0 {
            if !width {
                self.output.extend_from_slice(b"%!(BADPREC)");
                return None;
            }
            spec.minus = true;
            spec.zero = false;
        }
        *good_index &= self.index();
        usize::try_from(number.unsigned_abs()).ok()
    }
}

fn format_value(value: &Value, verb: char, spec: Spec, depth: usize) -> Vec<u8> {
    if depth == 0 || !bounds::pay(bounds::STEP) {
        return Vec::new();
    }
    match (verb, value) {
        ('T', value) => pad(value.type_name().as_bytes().to_vec(), spec),
        ('v', Value::Nil) => pad(b"<nil>".to_vec(), spec),
        (_, Value::Unknown(value)) => {
            let mut output = Vec::new();
            text_bytes::marked(&mut output, |output| {
                output.extend(format_value(value, verb, spec, depth - 1))
            });
            output
        }
        (_, Value::Bool(value)) if matches!(verb, 'v' | 't') => {
            pad(value.to_string().into_bytes(), spec)
        }
        (_, Value::Int(number) | Value::Int64(number)) => {
            format_integer(*number < 0, number.unsigned_abs(), verb, spec)
                .unwrap_or_else(|| bad_verb(value, verb))
        }
        (_, Value::Uint(number)) => {
            format_integer(false, *number, verb, spec).unwrap_or_else(|| bad_verb(value, verb))
        }
        (_, Value::Float(number)) => {
            format_float(*number, verb, spec).unwrap_or_else(|| bad_verb(value, verb))
        }
        (_, Value::Text(text)) => {
            format_text(text.as_bytes(), verb, spec).unwrap_or_else(|| bad_verb(value, verb))
        }
        (_, Value::Bytes(bytes)) => format_bytes(bytes, verb, spec),
        (_, Value::Native(native)) => match &**native {
            Native::Semver(_) | Native::Time(_) => {
                format_text(native.print().as_bytes(), verb, spec)
                    .unwrap_or_else(|| bad_verb(value, verb))
            }
            _ => native.print().into_bytes(),
        },
        (_, Value::List(list)) => {
            let (open, separator, close) = if verb == 'v' && spec.sharp {
                (format!("{}{{", value.type_name()), ", ", "}")
            } else {
                ("[".to_owned(), " ", "]")
            };
            let items = list.items().iter().map(|item| format_inner(item, verb, spec, depth - 1));
            join(&open, separator, close, items)
        }
        (_, Value::Map(map)) => {
            let (open, separator, close) = if verb == 'v' && spec.sharp {
                (format!("{}{{", value.type_name()), ", ", "}")
            } else {
                ("map[".to_owned(), " ", "]")
            };
            let entries = map.entries();
            let items = entries.iter().map(|(key, value)| {
                let mut item = format_value(&Value::text(&**key), verb, spec, depth - 1);
                item.push(b':');
                item.extend(format_inner(value, verb, spec, depth - 1));
                item
            });
            join(&open, separator, close, items)
        }
        (_, value) => bad_verb(value, verb),
    }
}

/// A value inside of a collection, where nil fits every verb.
fn format_inner(value: &Value, verb: char, spec: Spec, depth: usize) -> Vec<u8> {
    match value {
        Value::Nil if verb == 'v' && spec.sharp => b"interface {}(nil)".to_vec(),
        Value::Nil => b"<nil>".to_vec(),
        value => format_value(value, verb, spec, depth),
    }
}

fn join(open: &str, separator: &str, close: &str, items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut output = open.as_bytes().to_vec();
    for (index, item) in items.enumerate() {
        if index > 0 {
            output.extend_from_slice(separator.as_bytes());
        }
        output.extend(item);
        if !bounds::allow(output.len()) {
            break;
        }
    }
    output.extend_from_slice(close.as_bytes());
    output
}

fn bad_verb(value: &Value, verb: char) -> Vec<u8> {
    let mut output = format!("%!{verb}(").into_bytes();
    if matches!(value, Value::Nil) {
        output.extend_from_slice(b"<nil>");
    } else {
        output.extend_from_slice(value.type_name().as_bytes());
        output.push(b'=');
        output.extend(print(value));
    }
    output.push(b')');
    output
}

fn format_bytes(bytes: &Text, verb: char, spec: Spec) -> Vec<u8> {
    match verb {
        'v' | 'd' => crate::value::print_bytes(bytes.as_bytes()).into_bytes(),
        _ => format_text(bytes.as_bytes(), verb, spec)
            .unwrap_or_else(|| bad_verb(&Value::Bytes(bytes.clone()), verb)),
    }
}

fn format_text(text: &[u8], verb: char, spec: Spec) -> Option<Vec<u8>> {
    let cut = |text: &[u8]| match spec.precision {
        Some(precision) => text_bytes::first_characters(text, precision).to_vec(),
        None => text.to_vec(),
    };
    match verb {
        'v' if spec.sharp => Some(pad(go_quote(text), spec)),
        'v' | 's' => Some(pad(cut(text), spec)),
        'q' => {
            let text = cut(text);
            let raw = spec.sharp
                && text.iter().all(|byte| *byte != b'`' && (*byte >= b' ' || *byte == b'\t'));
            Some(pad(if raw { [b"`", &*text, b"`"].concat() } else { go_quote(&text) }, spec))
        }
        'x' | 'X' => {
            let length = spec.precision.unwrap_or(text.len()).min(text.len());
            let mut output = String::with_capacity(length * 2);
            for (index, byte) in text[..length].iter().enumerate() {
                if index > 0 && spec.space {
                    output.push(' ');
                }
                // Writing to a string cannot fail.
                let _ = match verb {
                    'x' => write!(output, "{byte:02x}"),
                    _ => write!(output, "{byte:02X}"),
                };
            }
            Some(pad(output.into_bytes(), spec))
        }
        _ => None,
    }
}

fn format_integer(negative: bool, magnitude: u64, verb: char, spec: Spec) -> Option<Vec<u8>> {
    let digits = match verb {
        'v' | 'd' => magnitude.to_string(),
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        'c' => return Some(pad(character(negative, magnitude).to_string().into_bytes(), spec)),
        'q' => return Some(pad(go_quote_rune(character(negative, magnitude)).into_bytes(), spec)),
        'U' => {
            let character = char::from_u32(u32::try_from(magnitude).unwrap_or(u32::MAX));
            let shown = character.filter(|character| spec.sharp && is_print(*character));
            let shown = shown.map(|character| format!(" '{character}'")).unwrap_or_default();
            return Some(pad(format!("U+{magnitude:04X}{shown}").into_bytes(), spec));
        }
        _ => return None,
    };
    let prefix = match verb {
        'O' => "0o",
        'b' if spec.sharp => "0b",
        'o' if spec.sharp && !digits.starts_with('0') => "0",
        'x' if spec.sharp => "0x",
        'X' if spec.sharp => "0X",
        _ => "",
    };
    let sign = sign(negative, spec);
    let least = match (spec.precision, spec.width) {
        (Some(0), _) if magnitude == 0 => {
            return Some(pad(Vec::new(), Spec { zero: false, ..spec }));
        }
        (Some(precision), _) => precision,
        (None, Some(width)) if spec.zero => width.saturating_sub(sign.len()),
        _ => 0,
    };
    let zeros = zeros(least.saturating_sub(digits.len()));
    Some(pad(format!("{sign}{prefix}{zeros}{digits}").into_bytes(), Spec { zero: false, ..spec }))
}

/// So many zeros; what the standard library fills up to is no longer than 65,535.
fn zeros(count: usize) -> String {
    "0".repeat(count)
}

fn character(negative: bool, code: u64) -> char {
    u32::try_from(code)
        .ok()
        .filter(|_| !negative)
        .and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn sign(negative: bool, spec: Spec) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn format_float(value: f64, verb: char, spec: Spec) -> Option<Vec<u8>> {
    let size = value.abs();
    let body = match (verb, spec.precision) {
        _ if !matches!(verb, 'v' | 'g' | 'G' | 'e' | 'E' | 'f' | 'F') => return None,
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => "Inf".to_owned(),
        ('v' | 'g' | 'G', None) => number::format_general(size),
        ('v' | 'g' | 'G', Some(precision)) => general_with_precision(size, precision),
        ('e' | 'E', precision) => scientific(size, precision.unwrap_or(6)),
        (_, precision) => fixed(size, precision.unwrap_or(6)),
    };
    let body = if verb.is_ascii_uppercase() && verb != 'F' { body.to_uppercase() } else { body };
    let sign = sign(value.is_sign_negative() && !value.is_nan(), spec);
    let finite = value.is_finite();
    let least = if spec.zero && finite { spec.width.unwrap_or(0) } else { 0 };
    let zeros = zeros(least.saturating_sub(sign.len() + body.len()));
    Some(pad(format!("{sign}{zeros}{body}").into_bytes(), Spec { zero: false, ..spec }))
}

/// No float has more digits than this; what is asked for beyond them are zeros.
const MOST_DIGITS: usize = 1_100;

/// So many digits after the point.
fn fixed(value: f64, precision: usize) -> String {
    let digits = precision.min(MOST_DIGITS);
    format!("{value:.digits$}{}", zeros(precision - digits))
}

fn scientific(value: f64, precision: usize) -> String {
    let digits = precision.min(MOST_DIGITS);
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{}e{sign}{:02}", zeros(precision - digits), exponent.unsigned_abs())
}

/// `%.Ng`: N significant digits, without trailing zeros.
fn general_with_precision(value: f64, precision: usize) -> String {
    let precision = precision.max(1);
    let text = scientific(value, precision - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= i32::try_from(precision).unwrap_or(i32::MAX) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.unsigned_abs());
    }
    let decimals =
        usize::try_from(i32::try_from(precision).unwrap_or(i32::MAX) - 1 - exponent).unwrap_or(0);
    trim(&fixed(value, decimals))
}

/// Fills up to the width, counted in characters.
fn pad(text: Vec<u8>, spec: Spec) -> Vec<u8> {
    let missing = spec.width.unwrap_or(0).saturating_sub(text_bytes::count_characters(&text));
    if missing == 0 {
        return text;
    }
    if spec.minus {
        let mut text = text;
        text.extend(std::iter::repeat_n(b' ', missing));
        return text;
    }
    let mut padded = vec![if spec.zero { b'0' } else { b' ' }; missing];
    padded.extend(text);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printf_prints_what_go_prints() {
        let check = |format: &str, values: &[Value], expected: &str| {
            assert_eq!(
                String::from_utf8_lossy(&sprintf(format.as_bytes(), values)),
                expected,
                "{format}"
            );
        };
        let text = |text: &str| Value::text(text);
        check("%d %v %s", &[Value::Int(5), Value::Float(1e6), text("x")], "5 1e+06 x");
        check("%s %d", &[Value::Int(5), text("x")], "%!s(int=5) %!d(string=x)");
        check("%v %s %d", &[Value::Nil, Value::Nil, Value::Nil], "<nil> %!s(<nil>) %!d(<nil>)");
        check("%d", &[], "%!d(MISSING)");
        check("%d", &[Value::Int(1), Value::Int(2)], "1%!(EXTRA int=2)");
        check("%", &[], "%!(NOVERB)");
        check(
            "%05d|%-5d|%+d|%x|%X|%o|%b|%c|%U",
            &[const { Value::Int(42) }; 9],
            "00042|42   |+42|2a|2A|52|101010|*|U+002A",
        );
        check(
            "%6.2f|%.0f|%e|%g|%.3g",
            &[const { Value::Float(1_234_567.891) }; 5],
            "1234567.89|1234568|1.234568e+06|1.234567891e+06|1.23e+06",
        );
        check(
            "%5s|%-5s|%.2s|%q|%x",
            &[text("abc"), text("abc"), text("abc"), text("a\"b"), text("abc")],
            "  abc|abc  |ab|\"a\\\"b\"|616263",
        );
        check("%t %v", &[Value::Bool(true), Value::Bool(false)], "true false");
        check("%[2]s %[1]s", &[text("a"), text("b")], "b a");
        check("%*d", &[Value::Int(4), Value::Int(7)], "   7");
        check("100%%", &[], "100%");
        let wide = |value, fill: &str| format!("{}{value}", fill.repeat(70_000 - 1));
        check("%070000d", &[Value::Int(7)], &wide(7, "0"));
        check("%70000d", &[Value::Int(7)], &wide(7, " "));
        check("%.70000d", &[Value::Int(7)], &wide(7, "0"));
        check("%.70000f", &[Value::Float(0.5)], &format!("0.5{}", "0".repeat(69_999)));
        check("%.70000e", &[Value::Float(5.0)], &format!("5.{}e+00", "0".repeat(70_000)));
        check("%.70000g", &[Value::Float(0.5)], "0.5");
        check("%T %T %T", &[Value::Int(1), Value::Float(1.0), Value::Nil], "int float64 <nil>");
        check(
            "%s %v",
            &[Value::list(vec![text("a"), Value::Int(1)]), Value::map([("k", Value::Nil)])],
            "[a %!s(int=1)] map[k:<nil>]",
        );
    }
}

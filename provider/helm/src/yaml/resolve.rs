//! What a plain scalar means: the implicit types of YAML 1.1 as go-yaml 2 knows them, and those of go-yaml 3.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine;
use regex::Regex;

use crate::number::{self, Integer};

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// A date or time, which stays text when read but is quoted when written.
    Timestamp(&'a str),
    Merge,
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    fn tag(&self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) | Scalar::Uint(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Timestamp(_) => "!!timestamp",
            Scalar::Merge => "!!merge",
            Scalar::Text(_) => "!!str",
        }
    }
}

static FLOAT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").ok());

pub(crate) const STANDARD_PREFIX: &str = "tag:yaml.org,2002:";

/// The type of an untagged plain scalar.
pub(crate) fn resolve_plain(text: &str) -> Scalar<'_> {
    let Some(first) = text.chars().next() else { return Scalar::Null };
    match first {
        'y' | 'Y' | 'n' | 'N' | 't' | 'T' | 'f' | 'F' | 'o' | 'O' | '~' => named(text),
        '.' => match named(text) {
            Scalar::Text(_) => number::parse_float(&text.replace('_', ""))
                .filter(|_| !text.contains('_'))
                .map_or(Scalar::Text(text.into()), Scalar::Float),
            scalar => scalar,
        },
        '+' | '-' | '0'..='9' => match named(text) {
            Scalar::Text(_) => numeric(text),
            scalar => scalar,
        },
        '<' if text == "<<" => Scalar::Merge,
        _ => Scalar::Text(text.into()),
    }
}

/// The words that stand for a value.
fn named(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => Scalar::Text(text.into()),
    }
}

fn numeric(text: &str) -> Scalar<'_> {
    if is_timestamp(text) {
        return Scalar::Timestamp(text);
    }
    let plain = text.replace('_', "");
    if let Some(integer) = number::parse_integer(&plain) {
        return integer_scalar(integer);
    }
    if FLOAT.as_ref().is_some_and(|pattern| pattern.is_match(&plain))
        && let Some(value) = number::parse_float(&plain)
    {
        return Scalar::Float(value);
    }
    Scalar::Text(text.into())
}

fn integer_scalar(integer: Integer) -> Scalar<'static> {
    match integer {
        Integer::Signed(value) => Scalar::Int(value),
        Integer::Unsigned(value) => Scalar::Uint(value),
    }
}

/// The value of a scalar that may carry a tag. The error is the text of go-yaml's.
pub(crate) fn resolve_tagged<'a>(tag: &str, text: &'a str) -> Result<Scalar<'a>, String> {
    let Some(short) = tag.strip_prefix(STANDARD_PREFIX) else {
        return Ok(Scalar::Text(text.into()));
    };
    let resolved = match short {
        "binary" => return decode_binary(text),
        "str" => return Ok(Scalar::Text(text.into())),
        "bool" | "int" | "float" | "null" => match resolve_plain(text) {
            // Only an untagged scalar may be a timestamp.
            Scalar::Timestamp(text) => Scalar::Text(text.into()),
            resolved => resolved,
        },
        "timestamp" => resolve_plain(text),
        _ => return Ok(Scalar::Text(text.into())),
    };
    match (short, &resolved) {
        #[expect(clippy::cast_precision_loss, reason = "go-yaml converts an integer the same way")]
        ("float", Scalar::Int(value)) => Ok(Scalar::Float(*value as f64)),
        _ if resolved.tag().trim_start_matches('!') == short => Ok(resolved),
        _ => Err(format!("cannot decode {} `{text}` as a !!{short}", resolved.tag())),
    }
}

fn decode_binary(text: &str) -> Result<Scalar<'_>, String> {
    let compact: String =
        text.chars().filter(|character| !matches!(character, '\n' | '\r')).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .map_err(|_| "!!binary value contains invalid base64 data".to_owned())?;
    Ok(Scalar::Text(String::from_utf8_lossy(&bytes).into_owned().into()))
}

/// Whether a text is a date or a time in one of the forms go-yaml knows.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let mut reader = TimeReader { rest: &bytes[5..] };
    let Some((month, day)) = reader.date() else { return false };
    let year = text[..4].parse().unwrap_or(0);
    if month == 0 || month > 12 || day == 0 || day > days_in_month(year, month) {
        return false;
    }
    match reader.next() {
        None => true,
        Some(b'T' | b't') => reader.time().is_some() && reader.zone(),
        Some(b' ') => reader.time().is_some() && reader.rest.is_empty(),
        Some(_) => false,
    }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Reads the parts of a time after its year.
struct TimeReader<'a> {
    rest: &'a [u8],
}

impl TimeReader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        let length = self.rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn date(&mut self) -> Option<(u32, u32)> {
        let month = self.number()?;
        self.expect(b'-')?;
        Some((month, self.number()?))
    }

    fn time(&mut self) -> Option<()> {
        // Go accepts two digits of an hour, and one or two of minutes and seconds.
        let hour = self.number()?;
        self.expect(b':')?;
        let minute = self.number()?;
        self.expect(b':')?;
        let second = self.number()?;
        if matches!(self.rest.first(), Some(b'.' | b',')) {
            let digits = self.rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            self.rest = &self.rest[1 + digits..];
        }
        (hour < 24 && minute < 60 && second < 60).then_some(())
    }

    /// `Z` or an offset, to the end of the text.
    fn zone(&mut self) -> bool {
        match self.rest {
            b"Z" => true,
            [b'+' | b'-', h1, h2, b':', m1, m2] => {
                [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        }
    }
}

/// Whether a text could be a base 60 number in YAML 1.1, which is quoted for other readers' sake.
pub(crate) fn is_base_60(text: &str) -> bool {
    static PATTERN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$").ok());
    text.contains(':') && PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether go-yaml 3 quotes a text, because it would read it as something else or because YAML 1.1 would.
pub(crate) fn needs_quotes_in_version_3(text: &str) -> bool {
    let old_bool = matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    );
    old_bool || is_base_60(text) || !is_text(text)
}

/// Whether a text without quotes is read as that text. The sign for merging is one wherever it merges nothing.
pub(crate) fn is_text(text: &str) -> bool {
    matches!(resolve_plain(text), Scalar::Text(_) | Scalar::Merge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_types_of_yaml_1_1() {
        let check =
            |text: &str, expected: Scalar<'_>| assert_eq!(resolve_plain(text), expected, "{text}");
        check("", Scalar::Null);
        check("~", Scalar::Null);
        check("yes", Scalar::Bool(true));
        check("Off", Scalar::Bool(false));
        check("oFF", Scalar::Text("oFF".into()));
        check("0755", Scalar::Int(493));
        check("0o7", Scalar::Int(7));
        check("1_000", Scalar::Int(1000));
        check("0x1F", Scalar::Int(31));
        check("18446744073709551615", Scalar::Uint(u64::MAX));
        check("1.10", Scalar::Float(1.1));
        check("1e3", Scalar::Float(1000.0));
        check(".5", Scalar::Float(0.5));
        check("-.inf", Scalar::Float(f64::NEG_INFINITY));
        check("1.2.3", Scalar::Text("1.2.3".into()));
        check("08", Scalar::Float(8.0));
        check("2020-01-02", Scalar::Timestamp("2020-01-02"));
        check("2020-13-02", Scalar::Text("2020-13-02".into()));
        check("2020-01-02T03:04:05Z", Scalar::Timestamp("2020-01-02T03:04:05Z"));
        check("12:30:45", Scalar::Text("12:30:45".into()));
        check("<<", Scalar::Merge);
        assert!(is_base_60("12:30:45"));
    }
}

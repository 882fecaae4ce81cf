//! Sprig's functions on text: cutting, trimming, quoting, indenting, replacing.

use super::quote::go_quote;
use super::{
    Arguments, Failure, Function, Outcome, Type, format, handles, marks, opaque, text_bytes,
    to_text,
};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{List, ListKind, Map, MapKind, Text, Value, mark};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("abbrev", &[Type::Int, Type::Text], abbrev),
    opaque("abbrevboth", &[Type::Int, Type::Int, Type::Text], abbrev_both),
    marks("cat", &[Type::Any], cat).variadic(),
    opaque("contains", &[Type::Text, Type::Text], contains),
    opaque("hasPrefix", &[Type::Text, Type::Text], has_prefix),
    opaque("hasSuffix", &[Type::Text, Type::Text], has_suffix),
    handles("hello", &[], hello),
    marks("indent", &[Type::Int, Type::Text], indent),
    marks("nindent", &[Type::Int, Type::Text], nindent),
    marks("join", &[Type::Text, Type::Any], join),
    opaque("lower", &[Type::Text], lower),
    opaque("upper", &[Type::Text], upper),
    opaque("plural", &[Type::Text, Type::Text, Type::Int], plural),
    marks("quote", &[Type::Any], quote).variadic(),
    marks("squote", &[Type::Any], squote).variadic(),
    opaque("repeat", &[Type::Int, Type::Text], repeat),
    marks("replace", &[Type::Text, Type::Text, Type::Text], replace),
    opaque("sortAlpha", &[Type::Any], sort_alpha),
    opaque("split", &[Type::Text, Type::Text], split),
    opaque("splitList", &[Type::Text, Type::Text], split_list),
    opaque("splitn", &[Type::Text, Type::Int, Type::Text], split_n),
    opaque("substr", &[Type::Int, Type::Int, Type::Text], substr),
    marks("toString", &[Type::Any], to_string),
    marks("toStrings", &[Type::Any], to_strings),
    marks("trim", &[Type::Text], trim),
    opaque("trimAll", &[Type::Text, Type::Text], trim_all),
    opaque("trimall", &[Type::Text, Type::Text], trim_all),
    opaque("trimPrefix", &[Type::Text, Type::Text], trim_prefix),
    opaque("trimSuffix", &[Type::Text, Type::Text], trim_suffix),
    opaque("trunc", &[Type::Int, Type::Text], trunc),
];

fn hello(_: &mut Executor<'_>, _: Arguments) -> Outcome {
    Ok(Value::text("Hello!"))
}

/// The length or position of a Go integer; none where it is negative.
fn size(value: i64) -> Option<usize> {
    usize::try_from(value).ok()
}

// Cutting.

fn trunc(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (count, text) = (arguments.int(0), arguments.text(1));
    let from_end = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(Value::Text(match size(count) {
        Some(count) if text.len() > count => text.slice(..count),
        None if text.len() > from_end => text.slice(text.len() - from_end..),
        _ => text,
    }))
}

fn substr(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (start, end, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (start, end) = match (start, end) {
        (start, end) if start < 0 => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        range => range,
    };
    let range =
        size(start).zip(size(end)).filter(|(start, end)| start <= end && *end <= text.len());
    if let Some((start, end)) = range {
        return Ok(Value::Text(text.slice(start..end)));
    }
    let problem = match (start, end) {
        (_, end) if end < 0 => format!("[:{end}]"),
        (_, end) if end > length => format!("[:{end}] with length {length}"),
        (start, end) => format!("[{start}:{end}]"),
    };
    Err(Failure::new(format!("runtime error: slice bounds out of range {problem}")))
}

fn abbreviate(text: &Text, offset: usize, width: usize) -> Text {
    const DOTS: &[u8] = b"...";
    let bytes = text.as_bytes();
    if bytes.len() <= width || width < 4 {
        return if width < 4 { Text::default() } else { text.clone() };
    }
    let kept = width - 3;
    let mut offset = offset.min(bytes.len());
    if bytes.len() - offset < kept {
        offset = bytes.len() - kept;
    }
    if offset <= 4 {
        return Text::from([&bytes[..kept], DOTS].concat());
    }
    if width < 7 {
        return Text::default();
    }
    if offset + kept < bytes.len() {
        let rest = abbreviate(&text.slice(offset..), 0, kept);
        return Text::from([DOTS, rest.as_bytes()].concat());
    }
    Text::from([DOTS, &bytes[bytes.len() - kept..]].concat())
}

fn abbrev(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(1);
    Ok(Value::Text(match size(arguments.int(0)) {
        Some(width) if width >= 4 => abbreviate(&text, 0, width),
        _ => text,
    }))
}

fn abbrev_both(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (left, right, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
    if right < 4 || (left > 0 && right < 7) {
        return Ok(Value::Text(text));
    }
    Ok(Value::Text(abbreviate(&text, size(left).unwrap_or(0), size(right).unwrap_or(0))))
}

// Trimming.

fn is_trimmed(character: char) -> bool {
    character.is_whitespace()
}

/// Blanks at the ends go; marks there stay, and blanks behind them go as well.
fn trim(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    if text.is_tainted() {
        let utf8 = text.as_str();
        let inner =
            utf8.trim_matches(|character| is_trimmed(character) || mark::is_mark(character));
        let start = inner.as_ptr() as usize - utf8.as_ptr() as usize;
        let ends = [&utf8[..start], &utf8[start + inner.len()..]];
        let [before, after] = ends.map(|end| {
            end.chars().filter(|character| mark::is_mark(*character)).collect::<String>()
        });
        return Ok(Value::text(format!("{before}{inner}{after}")));
    }
    match std::str::from_utf8(text.as_bytes()) {
        Ok(utf8) => Ok(Value::Text(text.part(utf8.trim_matches(is_trimmed).as_bytes()))),
        Err(_) => Ok(Value::Text(text.part(text.as_bytes().trim_ascii()))),
    }
}

fn trim_all(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (cut, text) = (arguments.text(0), arguments.text(1));
    let cut: Vec<char> = cut.as_str().chars().collect();
    Ok(Value::text(text.as_str().trim_matches(&cut[..])))
}

fn trim_prefix(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (prefix, text) = (arguments.text(0), arguments.text(1));
    Ok(Value::Text(match text.as_bytes().strip_prefix(prefix.as_bytes()) {
        Some(rest) => text.part(rest),
        None => text,
    }))
}

fn trim_suffix(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (suffix, text) = (arguments.text(0), arguments.text(1));
    Ok(Value::Text(match text.as_bytes().strip_suffix(suffix.as_bytes()) {
        Some(rest) => text.part(rest),
        None => text,
    }))
}

// Testing and changing.

fn contains(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (part, text) = (arguments.text(0), arguments.text(1));
    Ok(Value::Bool(memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()))
}

fn has_prefix(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.text(1).as_bytes().starts_with(arguments.text(0).as_bytes())))
}

fn has_suffix(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.text(1).as_bytes().ends_with(arguments.text(0).as_bytes())))
}

fn lower(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    // One character becomes one character, unlike in Rust's own conversion.
    let lower = |character: char| character.to_lowercase().next().unwrap_or(character);
    Ok(Value::text(arguments.text(0).as_str().chars().map(lower).collect::<String>()))
}

fn upper(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(
        arguments.text(0).as_str().chars().map(super::words::to_upper).collect::<String>(),
    ))
}

fn repeat(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    const LARGEST: usize = 64 << 20;
    let text = arguments.text(1);
    let Some(count) = size(arguments.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    let length = text.len().saturating_mul(count);
    if length > LARGEST {
        return Err(Failure::new("strings: Repeat output length overflow"));
    }
    if !bounds::allow(length) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    Ok(Value::text(text.as_bytes().repeat(count)))
}

fn replace(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (find, with, text) = (arguments.text(0), arguments.text(1), arguments.text(2));
    Ok(Value::text(text_bytes::replace(text.as_bytes(), find.as_bytes(), with.as_bytes())))
}

fn plural(_: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    Ok(arguments.take(if arguments.int(2) == 1 { 0 } else { 1 }))
}

/// Every line indented; `nindent` starts on a line of its own.
fn indented(arguments: &Arguments, new_line: bool) -> Outcome {
    let text = arguments.text(1);
    let Some(spaces) = size(arguments.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    let bytes = text.as_bytes();
    let lines = 1 + memchr::memchr_iter(b'\n', bytes).count();
    let length = bytes.len().saturating_add(spaces.saturating_mul(lines)).saturating_add(1);
    if !bounds::allow(length) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    let mut output = Vec::with_capacity(length);
    if new_line {
        output.push(b'\n');
    }
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            output.push(b'\n');
        }
        output.extend(std::iter::repeat_n(b' ', spaces));
        output.extend_from_slice(line);
    }
    Ok(Value::text(output))
}

fn indent(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    indented(&arguments, false)
}

fn nindent(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    indented(&arguments, true)
}

// Quoting and joining.

fn quote(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    spaced(present(&arguments.0).map(|value| go_quote(to_text(value).as_bytes())))
}

fn squote(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    spaced(present(&arguments.0).map(|value| [b"'", &*format::print(value), b"'"].concat()))
}

/// Pieces with spaces between them.
fn spaced(pieces: impl Iterator<Item = Vec<u8>>) -> Outcome {
    let mut output = Vec::new();
    for (index, piece) in pieces.enumerate() {
        if index > 0 {
            output.push(b' ');
        }
        output.extend(piece);
        if !bounds::allow(output.len()) {
            return Err(Failure::new(bounds::TOO_MUCH));
        }
    }
    Ok(Value::text(output))
}

/// The values that are not nil.
fn present(values: &[Value]) -> impl Iterator<Item = &Value> {
    values.iter().filter(|value| !matches!(value, Value::Nil))
}

fn cat(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    spaced(present(&arguments.0).map(format::print))
}

fn to_string(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Text(to_text(arguments.any(0))))
}

/// A value as a list of texts: the elements of a list but for nil ones, or the value itself.
pub(super) fn text_list(value: &Value) -> Vec<Text> {
    match value {
        Value::Nil => Vec::new(),
        Value::List(list) => present(list.items()).map(to_text).collect(),
        Value::Bytes(bytes) if !bounds::allow(bytes.len() * bounds::NEW_VALUE) => Vec::new(),
        Value::Bytes(bytes) => {
            bytes.as_bytes().iter().map(|byte| Text::from(byte.to_string())).collect()
        }
        Value::Unknown(inner) => text_list(inner).iter().map(Text::tainted).collect(),
        value => vec![to_text(value)],
    }
}

fn to_strings(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::texts(text_list(arguments.any(0))))
}

fn join(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let separator = arguments.text(0);
    let texts = text_list(arguments.any(1));
    let parts: Vec<&[u8]> = texts.iter().map(Text::as_bytes).collect();
    let length = parts.iter().map(|part| part.len() + separator.len());
    if !bounds::allow(length.fold(0, usize::saturating_add)) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    Ok(Value::text(parts.join(separator.as_bytes())))
}

fn sort_alpha(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let value = arguments.any(0);
    if matches!(value, Value::Nil) {
        return Ok(Value::texts(["<nil>"]));
    }
    let mut texts = text_list(value);
    let length = texts.iter().map(Text::len).fold(0, usize::saturating_add);
    if !bounds::pay(length.saturating_mul(1 + texts.len().checked_ilog2().unwrap_or(0) as usize)) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    texts.sort();
    Ok(Value::texts(texts))
}

// Splitting.

/// The pieces as a map of `_0`, `_1` and so on.
fn numbered(text: &Text, pieces: Vec<&[u8]>) -> Value {
    bounds::pay(pieces.len().saturating_mul(bounds::NEW_VALUE));
    let entry =
        |(index, piece): (usize, &[u8])| (format!("_{index}"), Value::Text(text.part(piece)));
    Value::Map(Map::new(MapKind::Texts, pieces.into_iter().enumerate().map(entry)))
}

fn split(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (separator, text) = (arguments.text(0), arguments.text(1));
    Ok(numbered(&text, text_bytes::split(text.as_bytes(), separator.as_bytes(), None)))
}

fn split_n(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (separator, text) = (arguments.text(0), arguments.text(2));
    let pieces = match arguments.int(1) {
        0 => Vec::new(),
        most => text_bytes::split(text.as_bytes(), separator.as_bytes(), size(most)),
    };
    Ok(numbered(&text, pieces))
}

fn split_list(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (separator, text) = (arguments.text(0), arguments.text(1));
    let pieces = text_bytes::split(text.as_bytes(), separator.as_bytes(), None);
    let items = pieces.into_iter().map(|piece| Value::Text(text.part(piece))).collect();
    Ok(Value::List(List::new(ListKind::Texts, items)))
}

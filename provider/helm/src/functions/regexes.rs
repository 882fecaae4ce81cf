//! Regular expressions.

use std::collections::HashMap;

use regex::bytes::{Captures, Match, Regex, RegexBuilder};

use super::{Arguments, Failure, Function, Outcome, Type, go_regex, opaque};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{List, ListKind, Text, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("regexMatch", &[Type::Text, Type::Text], matches),
    opaque("mustRegexMatch", &[Type::Text, Type::Text], must_match),
    opaque("regexFindAll", &[Type::Text, Type::Text, Type::Int], find_all),
    opaque("mustRegexFindAll", &[Type::Text, Type::Text, Type::Int], must_find_all),
    opaque("regexFind", &[Type::Text, Type::Text], find),
    opaque("mustRegexFind", &[Type::Text, Type::Text], must_find),
    opaque("regexReplaceAll", &[Type::Text, Type::Text, Type::Text], replace_all),
    opaque("mustRegexReplaceAll", &[Type::Text, Type::Text, Type::Text], must_replace_all),
    opaque("regexReplaceAllLiteral", &[Type::Text, Type::Text, Type::Text], replace_all_literal),
    opaque(
        "mustRegexReplaceAllLiteral",
        &[Type::Text, Type::Text, Type::Text],
        must_replace_all_literal,
    ),
    opaque("regexSplit", &[Type::Text, Type::Text, Type::Int], split),
    opaque("mustRegexSplit", &[Type::Text, Type::Text, Type::Int], must_split),
    opaque("regexQuoteMeta", &[Type::Text], quote_meta),
];

/// A compiled expression may not be larger than this, in bytes.
const LARGEST_EXPRESSION: usize = 16 << 20;

/// Expressions that were compiled before.
#[derive(Default)]
pub(crate) struct RegexCache(HashMap<Text, Result<Regex, String>>);

impl RegexCache {
    fn get(&mut self, expression: &Text) -> Result<Regex, String> {
        if let Some(known) = self.0.get(expression) {
            return known.clone();
        }
        let compiled = compile(&expression.as_str());
        self.0.insert(expression.clone(), compiled.clone());
        compiled
    }
}

fn compile(expression: &str) -> Result<Regex, String> {
    let rewritten = go_regex::rewrite(expression)?;
    RegexBuilder::new(&rewritten)
        .size_limit(LARGEST_EXPRESSION)
        .build()
        .map_err(|_| format!("error parsing regexp: expression too large: `{expression}`"))
}

/// The expression, or the error of a function that reports errors.
fn strict(executor: &mut Executor<'_>, arguments: &Arguments) -> Result<Regex, Failure> {
    executor.regexes.get(&arguments.text(0)).map_err(Failure::new)
}

/// The expression, or the fault of a function that takes it to be good.
fn trusted(executor: &mut Executor<'_>, arguments: &Arguments) -> Result<Regex, Failure> {
    let expression = arguments.text(0);
    executor.regexes.get(&expression).map_err(|error| {
        let text = expression.as_str();
        let shown = if text.contains('`') {
            String::from_utf8_lossy(&super::quote::go_quote(expression.as_bytes())).into_owned()
        } else {
            format!("`{text}`")
        };
        Failure::new(format!("regexp: Compile({shown}): {error}"))
    })
}

/// An expression that is none matches nothing.
fn matches(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let pattern = executor.regexes.get(&arguments.text(0));
    Ok(Value::Bool(pattern.is_ok_and(|pattern| pattern.is_match(arguments.text(1).as_bytes()))))
}

fn must_match(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(strict(executor, &arguments)?.is_match(arguments.text(1).as_bytes())))
}

/// How many matches are wanted; a negative number means all.
fn limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// All matches. An empty one between the bytes of a character is none, as Go goes from character to character.
fn all<'t>(pattern: &Regex, text: &'t [u8]) -> impl Iterator<Item = Match<'t>> {
    pattern.find_iter(text).filter(|found| !found.is_empty() || is_boundary(text, found.start()))
}

fn is_boundary(text: &[u8], at: usize) -> bool {
    let is_continuation = |byte: &u8| matches!(byte, 0x80..=0xbf);
    if !text.get(at).is_some_and(is_continuation) {
        return true;
    }
    let Some(back) = text[..at].iter().rev().take(3).position(|byte| !is_continuation(byte)) else {
        return true;
    };
    let start = at - back - 1;
    let rest = &text[start..text.len().min(start + 4)];
    let valid = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().is_none_or(|character| start + character.len_utf8() <= at)
}

fn found(pattern: &Regex, arguments: &Arguments) -> Value {
    let text = arguments.text(1);
    let items: Vec<Value> = all(pattern, text.as_bytes())
        .take(limit(arguments.int(2)))
        .map(|found| Value::Text(text.part(found.as_bytes())))
        .collect();
    Value::List(if items.is_empty() {
        List::nil(ListKind::Texts)
    } else {
        List::new(ListKind::Texts, items)
    })
}

fn find_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(found(&trusted(executor, &arguments)?, &arguments))
}

fn must_find_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(found(&strict(executor, &arguments)?, &arguments))
}

fn first(pattern: &Regex, arguments: &Arguments) -> Value {
    let text = arguments.text(1);
    let found = pattern.find(text.as_bytes()).map(|found| text.part(found.as_bytes()));
    Value::Text(found.unwrap_or_default())
}

fn find(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(first(&trusted(executor, &arguments)?, &arguments))
}

fn must_find(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(first(&strict(executor, &arguments)?, &arguments))
}

fn replaced_by(
    pattern: &Regex,
    arguments: &Arguments,
    write: impl Fn(&Captures<'_>, &[u8], &mut Vec<u8>),
) -> Value {
    let (text, with) = (arguments.text(1), arguments.text(2));
    let (text, with) = (text.as_bytes(), with.as_bytes());
    let mut output = Vec::with_capacity(text.len());
    let mut end = 0;
    for captures in pattern.captures_iter(text) {
        let Some(found) = captures.get(0) else { continue };
        if found.is_empty() && !is_boundary(text, found.start()) {
            continue;
        }
        output.extend_from_slice(&text[end..found.start()]);
        write(&captures, with, &mut output);
        if !bounds::allow(output.len()) {
            break;
        }
        end = found.end();
    }
    output.extend_from_slice(&text[end..]);
    Value::text(output)
}

fn replaced(pattern: &Regex, arguments: &Arguments) -> Value {
    replaced_by(pattern, arguments, |captures, with, output| captures.expand(with, output))
}

fn replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&trusted(executor, &arguments)?, &arguments))
}

fn must_replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&strict(executor, &arguments)?, &arguments))
}

fn replaced_literally(pattern: &Regex, arguments: &Arguments) -> Value {
    replaced_by(pattern, arguments, |_, with, output| output.extend_from_slice(with))
}

fn replace_all_literal(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced_literally(&trusted(executor, &arguments)?, &arguments))
}

fn must_replace_all_literal(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced_literally(&strict(executor, &arguments)?, &arguments))
}

/// Go's `Split`: at most so many pieces, and no empty one before a match at the very start that is empty.
fn pieces(pattern: &Regex, arguments: &Arguments) -> Value {
    let (text, count) = (arguments.text(1), arguments.int(2));
    let kind = ListKind::Texts;
    if count == 0 {
        return Value::List(List::nil(kind));
    }
    if text.is_empty() && !arguments.text(0).is_empty() {
        return Value::texts([""]);
    }
    let bytes = text.as_bytes();
    let mut items = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in all(pattern, bytes) {
        if count > 0 && items.len() + 1 >= limit(count) {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            items.push(Value::Text(text.slice(start..end)));
        }
        start = found.end();
    }
    if end != bytes.len() {
        items.push(Value::Text(text.slice(start..)));
    }
    Value::List(List::new(kind, items))
}

fn split(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(pieces(&trusted(executor, &arguments)?, &arguments))
}

fn must_split(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(pieces(&strict(executor, &arguments)?, &arguments))
}

fn quote_meta(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut output = Vec::new();
    for byte in arguments.text(0).as_bytes() {
        if br"\.+*?()|[]{}^$".contains(byte) {
            output.push(b'\\');
        }
        output.push(*byte);
    }
    Ok(Value::text(output))
}

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

/// How large a compiled expression may be, in bytes. What it takes to compile and to run is paid for by size, so that
/// the least that will do is tried first.
const SIZES: [usize; 3] = [16 << 10, 256 << 10, 16 << 20];
/// What a character of an expression may stand for while it is compiled, such as all letters there are, in bytes.
const LARGEST_CHARACTER: usize = 4 << 10;
/// So many expressions are kept, since each may gather memory while it runs.
const MOST_EXPRESSIONS: usize = 256;

/// Expressions that were compiled before.
#[derive(Default)]
pub(crate) struct RegexCache(HashMap<Text, Result<Pattern, String>>);

impl RegexCache {
    fn get(&mut self, expression: &Text) -> Result<Pattern, String> {
        if let Some(known) = self.0.get(expression) {
            return known.clone();
        }
        if self.0.len() >= MOST_EXPRESSIONS {
            self.0.clear();
        }
        let compiled = Pattern::compile(&expression.as_str());
        self.0.insert(expression.clone(), compiled.clone());
        compiled
    }
}

/// A compiled expression.
#[derive(Clone)]
struct Pattern {
    regex: Regex,
    /// What it costs to look at a byte of text.
    weight: usize,
}

impl Pattern {
    fn compile(expression: &str) -> Result<Self, String> {
        if !bounds::allow(expression.len().saturating_mul(LARGEST_CHARACTER)) {
            return Err(bounds::TOO_MUCH.to_owned());
        }
        let rewritten = go_regex::rewrite(expression)?;
        for size in SIZES {
            if !bounds::pay(size) {
                return Err(bounds::TOO_MUCH.to_owned());
            }
            if let Ok(regex) = RegexBuilder::new(&rewritten).size_limit(size).build() {
                return Ok(Pattern { regex, weight: size >> 11 });
            }
        }
        Err(format!("error parsing regexp: expression too large: `{expression}`"))
    }

    /// The expression, once looking through a text is paid for.
    fn on(&self, text: &[u8]) -> &Regex {
        bounds::pay(text.len().saturating_mul(self.weight));
        &self.regex
    }

    /// Pays for a match and for the search of the next one, which may look at all that is left; it rarely does.
    fn go_on(&self, left: usize) -> bool {
        bounds::pay(bounds::STEP.saturating_add((left >> 6).saturating_mul(self.weight)))
    }
}

/// The expression, or the error of a function that reports errors.
fn strict(executor: &mut Executor<'_>, arguments: &Arguments) -> Result<Pattern, Failure> {
    executor.regexes.get(&arguments.text(0)).map_err(Failure::new)
}

/// The expression, or the fault of a function that takes it to be good.
fn trusted(executor: &mut Executor<'_>, arguments: &Arguments) -> Result<Pattern, Failure> {
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
    Ok(Value::Bool(pattern.is_ok_and(|pattern| is_match(&pattern, &arguments))))
}

fn is_match(pattern: &Pattern, arguments: &Arguments) -> bool {
    let text = arguments.text(1);
    pattern.on(text.as_bytes()).is_match(text.as_bytes())
}

fn must_match(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(is_match(&strict(executor, &arguments)?, &arguments)))
}

/// How many matches are wanted; a negative number means all.
fn limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// All matches. An empty one between the bytes of a character is none, as Go goes from character to character.
fn all<'t>(pattern: &Pattern, text: &'t [u8]) -> impl Iterator<Item = Match<'t>> {
    pattern
        .on(text)
        .find_iter(text)
        .take_while(move |found| pattern.go_on(text.len() - found.end()))
        .filter(move |found| !found.is_empty() || is_boundary(text, found.start()))
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

fn found(pattern: &Pattern, arguments: &Arguments) -> Value {
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

fn first(pattern: &Pattern, arguments: &Arguments) -> Value {
    let text = arguments.text(1);
    let found = pattern.on(text.as_bytes()).find(text.as_bytes());
    let found = found.map(|found| text.part(found.as_bytes()));
    Value::Text(found.unwrap_or_default())
}

fn find(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(first(&trusted(executor, &arguments)?, &arguments))
}

fn must_find(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(first(&strict(executor, &arguments)?, &arguments))
}

fn replaced_by(
    pattern: &Pattern,
    arguments: &Arguments,
    write: impl Fn(&Captures<'_>, &[u8], &mut Vec<u8>),
) -> Value {
    let (text, with) = (arguments.text(1), arguments.text(2));
    let (text, with) = (text.as_bytes(), with.as_bytes());
    let mut output = Vec::with_capacity(text.len());
    let mut end = 0;
    for captures in pattern.on(text).captures_iter(text) {
        let Some(found) = captures.get(0) else { continue };
        if found.is_empty() && !is_boundary(text, found.start()) {
            continue;
        }
        output.extend_from_slice(&text[end..found.start()]);
        write(&captures, with, &mut output);
        if !pattern.go_on(text.len() - found.end()) || !bounds::allow(output.len()) {
            break;
        }
        end = found.end();
    }
    output.extend_from_slice(&text[end..]);
    Value::text(output)
}

fn replaced(pattern: &Pattern, arguments: &Arguments) -> Value {
    replaced_by(pattern, arguments, |captures, with, output| captures.expand(with, output))
}

fn replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&trusted(executor, &arguments)?, &arguments))
}

fn must_replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&strict(executor, &arguments)?, &arguments))
}

fn replaced_literally(pattern: &Pattern, arguments: &Arguments) -> Value {
    replaced_by(pattern, arguments, |_, with, output| output.extend_from_slice(with))
}

fn replace_all_literal(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced_literally(&trusted(executor, &arguments)?, &arguments))
}

fn must_replace_all_literal(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced_literally(&strict(executor, &arguments)?, &arguments))
}

/// Go's `Split`: at most so many pieces, and no empty one before a match at the very start that is empty.
fn pieces(pattern: &Pattern, arguments: &Arguments) -> Value {
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

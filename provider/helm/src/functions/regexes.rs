//! Regular expressions.

use std::collections::HashMap;

use regex::bytes::{NoExpand, Regex, RegexBuilder};

use super::{Arguments, Failure, Function, Outcome, Type, go_regex, opaque};
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

fn found(pattern: &Regex, arguments: &Arguments) -> Value {
    let text = arguments.text(1);
    let items: Vec<Value> = pattern
        .find_iter(text.as_bytes())
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

fn replaced(pattern: &Regex, arguments: &Arguments) -> Value {
    let (text, with) = (arguments.text(1), arguments.text(2));
    Value::text(pattern.replace_all(text.as_bytes(), with.as_bytes()).into_owned())
}

fn replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&trusted(executor, &arguments)?, &arguments))
}

fn must_replace_all(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(replaced(&strict(executor, &arguments)?, &arguments))
}

fn replaced_literally(pattern: &Regex, arguments: &Arguments) -> Value {
    let (text, with) = (arguments.text(1), arguments.text(2));
    Value::text(pattern.replace_all(text.as_bytes(), NoExpand(with.as_bytes())).into_owned())
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
    for found in pattern.find_iter(bytes) {
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

//! The methods of `.Files`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::paths::path_base;
use crate::bounds;
use crate::json::encode_bytes;
use crate::value::{List, ListKind, Map, MapKind, Native, Text, Value};
use crate::yaml;

type Files = BTreeMap<Rc<str>, Text>;

/// A method of `.Files` by name; those that want none ignore the argument.
pub(crate) fn method(files: &Files, name: &str, argument: &str) -> Value {
    let content = || files.get(argument).cloned().unwrap_or_default();
    match name {
        "Get" => Value::Text(content()),
        "GetBytes" => Value::Bytes(content()),
        "Glob" => {
            bounds::pay(files.len().saturating_mul(bounds::STEP));
            let matching = files.iter().filter(|(name, _)| glob_matches(argument, name));
            Value::native(Native::Files(
                matching.map(|(name, data)| (name.clone(), data.clone())).collect(),
            ))
        }
        "Lines" => Value::List(lines(&content())),
        "AsConfig" => as_yaml(files, |data| Value::Text(data.clone())),
        _ => as_yaml(files, |data| Value::text(encode_bytes(data))),
    }
}

fn lines(content: &Text) -> List {
    let bytes = content.as_bytes();
    if bytes.is_empty() {
        return List::new(ListKind::Texts, Vec::new());
    }
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    List::new(
        ListKind::Texts,
        body.split(|byte| *byte == b'\n').map(|line| Value::Text(content.part(line))).collect(),
    )
}

/// The files as the data of a ConfigMap or a Secret, by their names without folders.
fn as_yaml(files: &Files, value: impl Fn(&Text) -> Value) -> Value {
    let entries = files.iter().map(|(name, data)| (path_base(name), value(data)));
    let mut text =
        yaml::to_yaml(&Value::Map(Map::new(MapKind::Texts, entries))).unwrap_or_default();
    if text.ends_with('\n') {
        text.pop();
    }
    Value::text(text)
}

/// Whether a path matches a pattern: `*` and `?` stay within a folder, `**` crosses them, `[a-z]`, `[!a]`, `{a,b}`.
/// A pattern that is none matches everything, as in Helm.
pub(crate) fn glob_matches(pattern: &str, path: &str) -> bool {
    const LONGEST_PATTERN: usize = 4_096;
    if pattern.len() > LONGEST_PATTERN {
        return true;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    matches(&pattern, &path, &mut 100_000).unwrap_or(true)
}

/// None where the pattern is malformed. The budget bounds the work a hostile pattern can cause.
fn matches(pattern: &[char], path: &[char], budget: &mut u32) -> Option<bool> {
    *budget = budget.checked_sub(1)?;
    let Some((first, rest)) = pattern.split_first() else { return Some(path.is_empty()) };
    match first {
        '*' => {
            let (crosses, rest) = match rest.split_first() {
                Some(('*', rest)) => (true, rest),
                _ => (false, rest),
            };
            let end = if crosses {
                path.len()
            } else {
                path.iter().position(|character| *character == '/').unwrap_or(path.len())
            };
            for length in 0..=end {
                if matches(rest, &path[length..], budget)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        '?' => match path.split_first() {
            Some((next, path)) if *next != '/' => matches(rest, path, budget),
            _ => Some(false),
        },
        '[' => {
            let close = rest.iter().position(|character| *character == ']')?;
            let (set, rest) = (&rest[..close], &rest[close + 1..]);
            match path.split_first() {
                Some((next, path)) if in_set(set, *next)? => matches(rest, path, budget),
                _ => Some(false),
            }
        }
        '{' => {
            let (alternatives, rest) = alternatives(rest)?;
            for alternative in alternatives {
                let whole: Vec<char> = alternative.iter().chain(rest).copied().collect();
                if matches(&whole, path, budget)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        '\\' => {
            let (literal, rest) = rest.split_first()?;
            match path.split_first() {
                Some((next, path)) if next == literal => matches(rest, path, budget),
                _ => Some(false),
            }
        }
        literal => match path.split_first() {
            Some((next, path)) if next == literal => matches(rest, path, budget),
            _ => Some(false),
        },
    }
}

fn in_set(set: &[char], character: char) -> Option<bool> {
    let (negative, set) = match set.split_first() {
        Some(('!', set)) => (true, set),
        _ => (false, set),
    };
    let found = match set {
        [] => return None,
        [low, '-', high] => (*low..=*high).contains(&character),
        set => set.contains(&character),
    };
    Some(found != negative)
}

/// The alternatives up to the closing brace, and what follows it.
fn alternatives(pattern: &[char]) -> Option<(Vec<&[char]>, &[char])> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (index, character) in pattern.iter().enumerate() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&pattern[start..index]);
                return Some((found, &pattern[index + 1..]));
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&pattern[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_helm() {
        let check = |pattern: &str, path: &str, expected: bool| {
            assert_eq!(glob_matches(pattern, path), expected, "{pattern} {path}");
        };
        check("data/*", "data/a.txt", true);
        check("data/*", "data/sub/a.txt", false);
        check("data/**", "data/sub/a.txt", true);
        check("data/**.txt", "data/sub/a.txt", true);
        check("**.yaml", "x/y.yaml", true);
        check("*.{yaml,json}", "a.json", true);
        check("a?c", "abc", true);
        check("a?c", "a/c", false);
        check("[a-c]x", "bx", true);
        check("[!a-c]x", "bx", false);
        check("a[", "anything", true);
        check(r"a\*", "a*", true);
        check(r"a\*", "ab", false);
    }
}

//! Sprig's functions on words: their case, their first letters, wrapping them.

use super::{Arguments, Function, Outcome, Type, opaque};
use crate::bounds;
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("title", &[Type::Text], title),
    opaque("untitle", &[Type::Text], untitle),
    opaque("initials", &[Type::Text], initials),
    opaque("nospace", &[Type::Text], nospace),
    opaque("swapcase", &[Type::Text], swapcase),
    opaque("snakecase", &[Type::Text], snakecase),
    opaque("camelcase", &[Type::Text], camelcase),
    opaque("kebabcase", &[Type::Text], kebabcase),
    opaque("wrap", &[Type::Int, Type::Text], wrap),
    opaque("wrapWith", &[Type::Int, Type::Text, Type::Text], wrap_with),
];

/// One character in upper case, as one character.
pub(super) fn to_upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

fn to_lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// Applies a change to every character, which is told whether a word starts with it.
fn at_starts(text: &str, separates: fn(char) -> bool, change: fn(char, bool) -> char) -> String {
    let mut starts = true;
    text.chars()
        .map(|character| {
            let changed = change(character, starts);
            starts = separates(character);
            changed
        })
        .collect()
}

fn title(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let separates = |character: char| {
        let in_word = character.is_alphanumeric() || character == '_';
        !in_word && (character.is_ascii() || character.is_whitespace())
    };
    let change = |character, starts| if starts { to_upper(character) } else { character };
    Ok(Value::text(at_starts(&arguments.text(0).as_str(), separates, change)))
}

fn untitle(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let change = |character, starts| if starts { to_lower(character) } else { character };
    Ok(Value::text(at_starts(&arguments.text(0).as_str(), char::is_whitespace, change)))
}

/// The first characters of words, where the library takes every byte for a character.
fn initials(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let characters = text.as_bytes().iter().map(|byte| char::from(*byte));
    let mut after_blank = true;
    let mut output = String::new();
    for character in characters {
        let blank = character.is_whitespace();
        if after_blank && !blank {
            output.push(character);
        }
        after_blank = blank;
    }
    Ok(Value::text(output))
}

/// Without blanks. Where there are any, the library takes every byte for a character.
fn nospace(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let characters: Vec<char> = text.as_bytes().iter().map(|byte| char::from(*byte)).collect();
    if !characters.iter().any(|character| character.is_whitespace()) {
        return Ok(Value::Text(text));
    }
    Ok(Value::text(
        characters.into_iter().filter(|character| !character.is_whitespace()).collect::<String>(),
    ))
}

fn swapcase(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let swap = |character: char| {
        if character.is_uppercase() {
            to_lower(character)
        } else if character.is_lowercase() {
            to_upper(character)
        } else {
            character
        }
    };
    Ok(Value::text(arguments.text(0).as_str().chars().map(swap).collect::<String>()))
}

fn is_connector(character: char) -> bool {
    matches!(character, '-' | '_') || character.is_whitespace()
}

fn camelcase(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(to_pascal_case(&arguments.text(0).as_str())))
}

/// `some_words` as `SomeWords`; a first word in capitals keeps only its first one.
fn to_pascal_case(text: &str) -> String {
    let mut output = String::new();
    let mut characters = text.chars();
    let mut current = loop {
        match characters.next() {
            Some(character) if is_connector(character) => output.push(character),
            Some(character) => break character,
            // Where there is nothing else, the library writes the last one twice.
            None => {
                output.extend(text.chars().next_back());
                return output;
            }
        }
    };
    let mut in_capitals = current.is_uppercase();
    current = to_upper(current);
    for next in characters {
        let previous = std::mem::replace(&mut current, next);
        match (is_connector(current), is_connector(previous)) {
            (true, true) => output.push(previous),
            (_, true) => {
                in_capitals = current.is_uppercase();
                current = to_upper(current);
            }
            (_, false) => {
                if in_capitals {
                    if current.is_uppercase() {
                        current = to_lower(current);
                    } else {
                        in_capitals = false;
                    }
                }
                output.push(previous);
            }
        }
    }
    output.push(current);
    output
}

fn snakecase(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(to_lower_case_words(&arguments.text(0).as_str(), '_')))
}

fn kebabcase(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(to_lower_case_words(&arguments.text(0).as_str(), '-')))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordKind {
    End,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        && !matches!(character, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
}

/// The first word of a text and what follows it.
fn next_word(text: &str) -> (WordKind, &str, &str) {
    let Some(first) = text.chars().next() else { return (WordKind::End, "", "") };
    let run =
        |test: &dyn Fn(char) -> bool| text.find(|character| !test(character)).unwrap_or(text.len());
    let lower = |character: char| character.is_alphabetic() && !character.is_uppercase();
    let (kind, length) = if is_connector(first) {
        (WordKind::Connector, run(&is_connector))
    } else if is_punctuation(first) {
        (WordKind::Punctuation, run(&is_punctuation))
    } else if first.is_uppercase() {
        (WordKind::Upper, upper_word(text, first))
    } else if first.is_alphabetic() {
        (WordKind::Letters, run(&lower))
    } else if first.is_numeric() {
        (WordKind::Number, run(&char::is_numeric))
    } else {
        let other = |character: char| {
            !(is_connector(character) || character.is_alphanumeric() || is_punctuation(character))
        };
        (WordKind::Other, run(&other))
    };
    let (word, rest) = text.split_at(length);
    (kind, word, rest)
}

/// `Word`, or the capitals of `ABCWord` up to the one that starts the next word.
fn upper_word(text: &str, first: char) -> usize {
    let after = &text[first.len_utf8()..];
    let capitals = after.find(|character: char| !character.is_uppercase()).unwrap_or(after.len());
    let rest = &after[capitals..];
    let letters =
        rest.find(|character: char| !character.is_alphabetic() || character.is_uppercase());
    let letters = letters.unwrap_or(rest.len());
    if capitals == 0 {
        return first.len_utf8() + letters;
    }
    let last = after[..capitals].chars().next_back().map_or(0, char::len_utf8);
    first.len_utf8() + capitals - if letters > 0 { last } else { 0 }
}

/// Words in lower case between connectors; digits stay with the letters that follow them.
fn to_lower_case_words(text: &str, connector: char) -> String {
    let mut output = String::new();
    let write = |output: &mut String, kind: WordKind, word: &str| match kind {
        WordKind::Upper | WordKind::Connector => {
            output.extend(word.chars().map(|character| {
                if is_connector(character) { connector } else { to_lower(character) }
            }));
        }
        _ => output.push_str(word),
    };
    let separates =
        |kind| !matches!(kind, WordKind::End | WordKind::Connector | WordKind::Punctuation);
    let joins = |kind| matches!(kind, WordKind::Letters | WordKind::Number);
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != WordKind::Connector {
            write(&mut output, kind, word);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            WordKind::Number => {
                while joins(kind) {
                    write(&mut output, kind, word);
                    (kind, word, rest) = next_word(rest);
                }
                if separates(kind) {
                    output.push(connector);
                }
            }
            WordKind::Connector => write(&mut output, previous, last),
            WordKind::Punctuation => {}
            _ if kind != WordKind::Number => {
                if separates(kind) {
                    output.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind == WordKind::Letters {
                    output.push(connector);
                    output.push_str(number);
                    while joins(kind) {
                        write(&mut output, kind, word);
                        (kind, word, rest) = next_word(rest);
                    }
                } else {
                    output.push_str(number);
                }
                if separates(kind) {
                    output.push(connector);
                }
            }
        }
    }
    write(&mut output, kind, word);
    output
}

fn wrap(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(wrapped(arguments.text(1).as_bytes(), arguments.int(0), b"\n", false)))
}

fn wrap_with(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let separator = arguments.text(1);
    let separator = if separator.is_empty() { b"\n" } else { separator.as_bytes() };
    Ok(Value::text(wrapped(arguments.text(2).as_bytes(), arguments.int(0), separator, true)))
}

/// Breaks a line at spaces, and long words too where asked.
fn wrapped(text: &[u8], width: i64, separator: &[u8], long_words: bool) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let mut output = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let (end, skipped) = match rest[..=width].iter().rposition(|byte| *byte == b' ') {
            Some(space) => (space, 1),
            None if long_words => (width, 0),
            None => match rest[width..].iter().position(|byte| *byte == b' ') {
                Some(space) => (width + space, 1),
                None => break,
            },
        };
        output.extend_from_slice(&rest[..end]);
        output.extend_from_slice(separator);
        if !bounds::allow(output.len()) {
            break;
        }
        rest = &rest[end + skipped..];
    }
    output.extend_from_slice(rest);
    output
}

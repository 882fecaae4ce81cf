//! Go's quoted strings: writing them, and reading the ones in templates.

use std::fmt::Write;

use super::text_bytes;
use crate::value::mark;

/// `strconv.Quote`. Marks stay as they are.
pub(crate) fn go_quote(text: &[u8]) -> Vec<u8> {
    let mut output = String::with_capacity(text.len() + 2);
    output.push('"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut output, character, '"');
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(output, "\\x{byte:02x}");
        }
    }
    output.push('"');
    output.into_bytes()
}

/// `strconv.QuoteRune`.
pub(crate) fn go_quote_rune(character: char) -> String {
    let mut output = String::from("'");
    push_escaped(&mut output, character, '\'');
    output.push('\'');
    output
}

fn push_escaped(output: &mut String, character: char, quote: char) {
    let short = match character {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        '\\' => '\\',
        _ if character == quote => quote,
        _ if is_print(character) || mark::is_mark(character) => {
            output.push(character);
            return;
        }
        _ => {
            let code = u32::from(character);
            let _ = match code {
                0..=0x1f | 0x7f => write!(output, "\\x{code:02x}"),
                0x80..=0xffff => write!(output, "\\u{code:04x}"),
                _ => write!(output, "\\U{code:08x}"),
            };
            return;
        }
    };
    output.push('\\');
    output.push(short);
}

/// Whether Go prints a character as it is: letters, marks, numbers, punctuation, symbols, and the space.
pub(crate) fn is_print(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    // The standard library knows the same categories, but escapes combining marks unless something precedes them.
    let text: String = ['a', character].iter().collect();
    text.escape_debug().nth(1) == Some(character)
}

/// `strconv.Unquote` for the literals of templates: double quotes with escapes, back quotes without.
pub(crate) fn go_unquote(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return Some(raw.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let body = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut output = Vec::with_capacity(body.len());
    let mut characters = body.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            unescape(&mut characters, '"', &mut output)?;
        } else if character == '\n' {
            return None;
        } else {
            text_bytes::push(&mut output, character);
        }
    }
    Some(output)
}

/// The code of a character literal such as `'a'`.
pub(crate) fn go_unquote_rune(literal: &str) -> Option<char> {
    let body = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut characters = body.chars();
    let character = match characters.next()? {
        '\\' => {
            let mut bytes = Vec::new();
            unescape(&mut characters, '\'', &mut bytes)?;
            match std::str::from_utf8(&bytes) {
                Ok(text) => text.chars().next()?,
                Err(_) => char::from(*bytes.first()?),
            }
        }
        '\'' => return None,
        character => character,
    };
    characters.next().is_none().then_some(character)
}

fn unescape(characters: &mut std::str::Chars<'_>, quote: char, output: &mut Vec<u8>) -> Option<()> {
    let escape = characters.next()?;
    let mut number = |count, radix, first| read_number(characters, count, radix, first);
    let character = match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        _ if escape == quote => quote,
        'x' => {
            output.push(u8::try_from(number(2, 16, None)?).ok()?);
            return Some(());
        }
        '0'..='7' => {
            output.push(u8::try_from(number(2, 8, Some(escape))?).ok()?);
            return Some(());
        }
        'u' => char::from_u32(number(4, 16, None)?)?,
        'U' => char::from_u32(number(8, 16, None)?)?,
        _ => return None,
    };
    text_bytes::push(output, character);
    Some(())
}

fn read_number(
    characters: &mut std::str::Chars<'_>,
    count: usize,
    radix: u32,
    first: Option<char>,
) -> Option<u32> {
    let mut code = first.map_or(Some(0), |digit| digit.to_digit(radix))?;
    for _ in 0..count {
        code = code.checked_mul(radix)?.checked_add(characters.next()?.to_digit(radix)?)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_gos() {
        let check = |text: &[u8], expected: &str| {
            assert_eq!(String::from_utf8_lossy(&go_quote(text)), expected);
        };
        check(b"a\tb\n\"\\", r#""a\tb\n\"\\""#);
        check("é\u{a0}\u{301}\u{200b}\u{1f600}".as_bytes(), "\"é\\u00a0\u{301}\\u200b\u{1f600}\"");
        check(b"\x00\x7f\xff", r#""\x00\x7f\xff""#);
        assert_eq!(go_quote_rune('\''), r"'\''");
    }

    #[test]
    fn literals_are_read() {
        let check = |literal: &str, expected: Option<&[u8]>| {
            assert_eq!(go_unquote(literal).as_deref(), expected, "{literal}")
        };
        check(r#""a\tb""#, Some(b"a\tb"));
        check(r#""\x41\101\u00e9""#, Some("AAé".as_bytes()));
        check(r#""\xff""#, Some(b"\xff"));
        check("`a\\n`", Some(b"a\\n"));
        check(r#""\q""#, None);
        check(r#""\'""#, None);
        assert_eq!(go_unquote_rune("'a'"), Some('a'));
        assert_eq!(go_unquote_rune(r"'\n'"), Some('\n'));
        assert_eq!(go_unquote_rune("'ab'"), None);
    }
}

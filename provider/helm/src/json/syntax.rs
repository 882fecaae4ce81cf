//! What Go's JSON decoder says about text that is no JSON.

use crate::functions::quote::{go_quote, go_quote_rune};

/// The error of Go's decoder for a text that is not JSON; another decoder's, should Go have nothing to say.
pub(crate) fn syntax_error(text: &str, otherwise: &serde_json::Error) -> String {
    let mut checker = Checker { text, at: 0 };
    match checker.document() {
        Err(message) => message,
        Ok(()) => otherwise.to_string(),
    }
}

struct Checker<'a> {
    text: &'a str,
    at: usize,
}

type Checked = Result<(), String>;

const DEEPEST: usize = 1_000;

impl Checker<'_> {
    fn document(&mut self) -> Checked {
        self.value(DEEPEST)?;
        self.skip_blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.invalid("after top-level value"),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }

    fn invalid(&self, context: &str) -> Checked {
        let shown = match self.peek() {
            None => return Err("unexpected end of JSON input".to_owned()),
            Some('\'') => r"'\''".to_owned(),
            Some('"') => "'\"'".to_owned(),
            Some(character) => {
                // Go shows the first byte of what is not ASCII.
                let byte = self.text.as_bytes()[self.at];
                if character.is_ascii() {
                    go_quote_rune(character)
                } else {
                    let quoted = go_quote(char::from(byte).to_string().as_bytes());
                    let quoted = String::from_utf8_lossy(&quoted).into_owned();
                    format!("'{}'", quoted.trim_matches('"'))
                }
            }
        };
        Err(format!("invalid character {shown} {context}"))
    }

    fn value(&mut self, depth: usize) -> Checked {
        if depth == 0 {
            return Err("exceeded max depth".to_owned());
        }
        self.skip_blanks();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.string(),
            Some('-' | '0'..='9') => self.number(),
            Some('t') => self.literal("true"),
            Some('f') => self.literal("false"),
            Some('n') => self.literal("null"),
            _ => self.invalid("looking for beginning of value"),
        }
    }

    fn object(&mut self, depth: usize) -> Checked {
        self.at += 1;
        let mut first = true;
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('}') if first => break,
                Some('"') => self.string()?,
                _ => return self.invalid("looking for beginning of object key string"),
            }
            first = false;
            self.skip_blanks();
            if self.peek() != Some(':') {
                return self.invalid("after object key");
            }
            self.at += 1;
            self.value(depth - 1)?;
            self.skip_blanks();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => break,
                _ => return self.invalid("after object key:value pair"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Checked {
        self.at += 1;
        self.skip_blanks();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth - 1)?;
            self.skip_blanks();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(']') => break,
                _ => return self.invalid("after array element"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Checked {
        self.at += 1;
        loop {
            match self.peek() {
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                Some('\0'..='\u{1f}') | None => return self.invalid("in string literal"),
                Some(character) => self.at += character.len_utf8(),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Checked {
        match self.peek() {
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.at += 1,
            Some('u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                        return self.invalid("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.invalid("in string escape code"),
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Checked {
        if self.peek() == Some('-') {
            self.at += 1;
        }
        match self.peek() {
            Some('0') => self.at += 1,
            Some('1'..='9') => {
                self.digits();
            }
            _ => return self.invalid("in numeric literal"),
        }
        if self.peek() == Some('.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.invalid("after decimal point in numeric literal");
            }
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.invalid("in exponent of numeric literal");
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Checked {
        for expected in word.chars() {
            if self.peek() != Some(expected) {
                return self.invalid(&format!("in literal {word} (expecting '{expected}')"));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_gos() {
        let check = |text: &str, expected: &str| {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            assert_eq!(syntax_error(text, &error), expected, "{text}");
        };
        check("{bad", "invalid character 'b' looking for beginning of object key string");
        check("", "unexpected end of JSON input");
        check("[1", "unexpected end of JSON input");
        check("[1 2]", "invalid character '2' after array element");
        check("{\"a\" 1}", "invalid character '1' after object key");
        check("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair");
        check("truth", "invalid character 't' in literal true (expecting 'e')");
        check("1.x", "invalid character 'x' after decimal point in numeric literal");
        check("1 x", "invalid character 'x' after top-level value");
        check("'a'", r"invalid character '\'' looking for beginning of value");
    }
}

//! Scalars of every style: plain, quoted, literal and folded.

use std::borrow::Cow;

use super::node::Mark;
use super::scanner::{Scan, Scanner};

/// What happens to the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Scan<String> {
        let start = self.mark;
        self.skip();
        let (chomping, increment) = self.scan_block_header(start)?;
        let mut indent = match increment {
            0 => 0,
            increment => usize::try_from(self.indent).unwrap_or(0) + increment,
        };
        let mut value = String::new();
        let mut leading_break = "";
        let mut trailing_breaks = self.scan_block_breaks(&mut indent, start)?;
        let mut leading_blank = false;
        while self.mark.column == indent && self.at(0) != 0 {
            let trailing_blank = self.is_blank(0);
            if !literal && leading_break == "\n" && !leading_blank && !trailing_blank {
                if trailing_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(leading_break);
            }
            value.push_str(&trailing_breaks);
            leading_blank = self.is_blank(0);
            value.push_str(self.skip_line_content());
            leading_break = self.skip_break();
            trailing_breaks = self.scan_block_breaks(&mut indent, start)?;
        }
        if chomping != Chomping::Strip {
            value.push_str(leading_break);
        }
        if chomping == Chomping::Keep {
            value.push_str(&trailing_breaks);
        }
        Ok(value)
    }

    /// The chomping and indentation indicators, in either order, and the rest of the line.
    fn scan_block_header(&mut self, start: Mark) -> Scan<(Chomping, usize)> {
        let mut chomping = self.scan_chomping();
        let mut increment = 0;
        if self.at(0).is_ascii_digit() {
            if self.at(0) == b'0' {
                return Err(self.problem("found an indentation indicator equal to 0", start));
            }
            increment = usize::from(self.at(0) - b'0');
            self.skip();
            if chomping.is_none() {
                chomping = self.scan_chomping();
            }
        }
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_line_content();
        }
        if !self.is_break_or_end(0) {
            return Err(self.problem("did not find expected comment or line break", start));
        }
        self.skip_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn scan_chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.at(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.skip();
        Some(chomping)
    }

    /// Steps over indentation and empty lines. The first time it finds out how deep the scalar is indented.
    fn scan_block_breaks(&mut self, indent: &mut usize, start: Mark) -> Scan<String> {
        let mut breaks = String::new();
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == b' ' {
                self.skip();
            }
            deepest = deepest.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == b'\t' {
                return Err(self.problem(
                    "found a tab character where an indentation space is expected",
                    start,
                ));
            }
            if !self.is_break(0) {
                break;
            }
            breaks.push_str(self.skip_break());
        }
        if *indent == 0 {
            let least = usize::try_from(self.indent + 1).unwrap_or(0);
            *indent = deepest.max(least).max(1);
        }
        Ok(breaks)
    }

    pub(super) fn scan_flow_scalar(&mut self, single: bool) -> Scan<Cow<'a, str>> {
        let start = self.mark;
        self.skip();
        if let Some(value) = self.scan_simple_quoted(single) {
            return Ok(Cow::Borrowed(value));
        }
        let quote = if single { b'\'' } else { b'"' };
        let mut value = String::new();
        loop {
            if self.is_document_indicator(b'-') || self.is_document_indicator(b'.') {
                return Err(self.problem("found unexpected document indicator", start));
            }
            if self.at(0) == 0 {
                return Err(self.problem("found unexpected end of stream", start));
            }
            let after_escaped_break = self.scan_quoted_word(single, &mut value, start)?;
            if self.at(0) == quote {
                break;
            }
            self.scan_quoted_blanks(after_escaped_break, &mut value);
        }
        self.skip();
        Ok(Cow::Owned(value))
    }

    /// The common case: quoted text on one line, with nothing to unescape.
    fn scan_simple_quoted(&mut self, single: bool) -> Option<&'a str> {
        let rest = &self.text[self.mark.offset..];
        let special: &[char] = &['\'', '"', '\\', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
        let mut length = 0;
        loop {
            length += rest[length..].find(special)?;
            match (rest.as_bytes()[length], single) {
                (b'\'', false) | (b'"' | b'\\', true) => length += 1,
                (b'\'', true) if rest.as_bytes().get(length + 1) == Some(&b'\'') => return None,
                (b'\'', true) | (b'"', false) => break,
                _ => return None,
            }
        }
        let value = &rest[..length];
        self.skip_many(value.chars().count() + 1);
        Some(value)
    }

    /// Text up to the next blank or the closing quote. Tells whether it ended with an escaped line break.
    fn scan_quoted_word(&mut self, single: bool, value: &mut String, start: Mark) -> Scan<bool> {
        while !self.is_blank_or_end(0) {
            match self.at(0) {
                b'\'' if single && self.at(1) == b'\'' => {
                    value.push('\'');
                    self.skip_many(2);
                }
                b'\'' if single => return Ok(false),
                b'"' if !single => return Ok(false),
                b'\\' if !single && self.is_break(1) => {
                    self.skip();
                    self.skip_break();
                    return Ok(true);
                }
                b'\\' if !single => self.scan_escape(value, start)?,
                _ => {
                    let from = self.mark.offset;
                    self.skip();
                    value.push_str(&self.text[from..self.mark.offset]);
                }
            }
        }
        Ok(false)
    }

    fn scan_escape(&mut self, value: &mut String, start: Mark) -> Scan<()> {
        let length = match self.at(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            escape => {
                let character = match escape {
                    b'0' => '\0',
                    b'a' => '\u{7}',
                    b'b' => '\u{8}',
                    b't' | b'\t' => '\t',
                    b'n' => '\n',
                    b'v' => '\u{b}',
                    b'f' => '\u{c}',
                    b'r' => '\r',
                    b'e' => '\u{1b}',
                    b' ' | b'"' | b'\'' | b'\\' => char::from(escape),
                    b'N' => '\u{85}',
                    b'_' => '\u{a0}',
                    b'L' => '\u{2028}',
                    b'P' => '\u{2029}',
                    _ => return Err(self.problem("found unknown escape character", start)),
                };
                value.push(character);
                self.skip_many(2);
                return Ok(());
            }
        };
        self.skip_many(2);
        let mut code = 0_u32;
        for ahead in 0..length {
            let Some(digit) = char::from(self.at(ahead)).to_digit(16) else {
                return Err(self.problem("did not find expected hexdecimal number", start));
            };
            code = code << 4 | digit;
        }
        let Some(character) = char::from_u32(code) else {
            return Err(self.problem("found invalid Unicode character escape code", start));
        };
        value.push(character);
        self.skip_many(length);
        Ok(())
    }

    /// Blanks and line breaks inside quotes, joined or folded onto the value.
    fn scan_quoted_blanks(&mut self, mut leading_blanks: bool, value: &mut String) {
        let (mut whitespace, mut leading_break, mut trailing_breaks) =
            (String::new(), "", String::new());
        while self.is_blank(0) || self.is_break(0) {
            if self.is_break(0) {
                let line_break = self.skip_break();
                if leading_blanks {
                    trailing_breaks.push_str(line_break);
                } else {
                    leading_break = line_break;
                    leading_blanks = true;
                }
            } else {
                if !leading_blanks {
                    whitespace.push(char::from(self.at(0)));
                }
                self.skip();
            }
        }
        if leading_blanks {
            fold(value, leading_break, &trailing_breaks);
        } else {
            value.push_str(&whitespace);
        }
    }

    /// A plain scalar and where it ends, which is before the blanks that follow it.
    pub(super) fn scan_plain_scalar(&mut self) -> Scan<(Cow<'a, str>, Mark)> {
        let start = self.mark;
        let mut end = start;
        let mut value = Cow::Borrowed("");
        let indent = self.indent + 1;
        let mut blanks: Option<Blanks<'a>> = None;
        loop {
            if self.is_document_indicator(b'-')
                || self.is_document_indicator(b'.')
                || self.at(0) == b'#'
            {
                break;
            }
            let word = self.skip_plain_word();
            if !word.is_empty() {
                let blanks = blanks.take();
                match &mut value {
                    // All on one line stands in the text as it is.
                    Cow::Borrowed(_) if !blanks.as_ref().is_some_and(|blanks| blanks.leading) => {
                        value = Cow::Borrowed(&self.text[start.offset..self.mark.offset]);
                    }
                    value => {
                        let value = value.to_mut();
                        if let Some(blanks) = blanks {
                            blanks.join(value);
                        }
                        value.push_str(word);
                    }
                }
                end = self.mark;
            }
            if !self.is_blank(0) && !self.is_break(0) {
                break;
            }
            let mut found = blanks.take().unwrap_or_default();
            self.scan_plain_blanks(&mut found, indent, start)?;
            blanks = Some(found);
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if blanks.is_some_and(|blanks| blanks.leading) {
            self.simple_key_allowed = true;
        }
        Ok((value, end))
    }

    /// The characters of a plain scalar up to a blank or an indicator that ends it.
    fn skip_plain_word(&mut self) -> &'a str {
        let from = self.mark.offset;
        loop {
            let ends = match self.at(0) {
                _ if self.is_blank_or_end(0) => true,
                b':' => self.is_blank_or_end(1),
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow_level > 0,
                _ => false,
            };
            if ends {
                break;
            }
            self.skip();
            self.skip_ascii(|byte| {
                byte.is_ascii_graphic()
                    && !matches!(byte, b':' | b',' | b'?' | b'[' | b']' | b'{' | b'}')
            });
        }
        &self.text[from..self.mark.offset]
    }

    fn scan_plain_blanks(
        &mut self,
        blanks: &mut Blanks<'a>,
        indent: isize,
        start: Mark,
    ) -> Scan<()> {
        while self.is_blank(0) || self.is_break(0) {
            if self.is_break(0) {
                let line_break = self.skip_break();
                if blanks.leading {
                    blanks.trailing_breaks.push_str(line_break);
                } else {
                    blanks.whitespace = "";
                    blanks.leading_break = line_break;
                    blanks.leading = true;
                }
                continue;
            }
            if blanks.leading && self.column() < indent && self.at(0) == b'\t' {
                return Err(self.problem("found a tab character that violates indentation", start));
            }
            let from = self.mark.offset;
            self.skip_blanks_unless_tab_violates(blanks.leading, indent);
            if !blanks.leading {
                blanks.whitespace = &self.text[from..self.mark.offset];
            }
        }
        Ok(())
    }

    fn skip_blanks_unless_tab_violates(&mut self, leading: bool, indent: isize) {
        while self.is_blank(0) && !(leading && self.at(0) == b'\t' && self.column() < indent) {
            self.skip();
        }
    }
}

/// What lies between two words of a plain scalar.
#[derive(Default)]
struct Blanks<'a> {
    whitespace: &'a str,
    leading: bool,
    leading_break: &'a str,
    trailing_breaks: String,
}

impl Blanks<'_> {
    fn join(&self, value: &mut String) {
        if self.leading {
            fold(value, self.leading_break, &self.trailing_breaks);
        } else {
            value.push_str(self.whitespace);
        }
    }
}

/// Folds line breaks: a single one becomes a space, of several the first is dropped. LS and PS are kept.
fn fold(value: &mut String, leading_break: &str, trailing_breaks: &str) {
    if leading_break != "\n" {
        value.push_str(leading_break);
    } else if trailing_breaks.is_empty() {
        value.push(' ');
    }
    value.push_str(trailing_breaks);
}

//! Directives, anchors and tags.

use super::node::Mark;
use super::scanner::{Scan, Scanner, TokenKind};

impl<'a> Scanner<'a> {
    pub(super) fn scan_directive(&mut self) -> Scan<TokenKind<'a>> {
        let start = self.mark;
        self.skip();
        let name = self.skip_word();
        if name.is_empty() {
            return Err(self.problem("could not find expected directive name", start));
        }
        if !self.is_blank_or_end(0) {
            return Err(self.problem("found unexpected non-alphabetical character", start));
        }
        let kind = match name {
            "YAML" => self.scan_version_directive(start)?,
            "TAG" => self.scan_tag_directive(start)?,
            _ => return Err(self.problem("found unknown directive name", start)),
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_line_content();
        }
        if !self.is_break_or_end(0) {
            return Err(self.problem("did not find expected comment or line break", start));
        }
        self.skip_break();
        Ok(kind)
    }

    fn scan_version_directive(&mut self, start: Mark) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let major = self.scan_version_number(start)?;
        if self.at(0) != b'.' {
            return Err(self.problem("did not find expected digit or '.' character", start));
        }
        self.skip();
        let minor = self.scan_version_number(start)?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    fn scan_version_number(&mut self, start: Mark) -> Scan<u8> {
        let mut value = 0;
        let mut length = 0;
        while self.at(0).is_ascii_digit() {
            length += 1;
            if length > 2 {
                return Err(self.problem("found extremely long version number", start));
            }
            value = value * 10 + (self.at(0) - b'0');
            self.skip();
        }
        if length == 0 {
            return Err(self.problem("did not find expected version number", start));
        }
        Ok(value)
    }

    fn scan_tag_directive(&mut self, start: Mark) -> Scan<TokenKind<'a>> {
        self.skip_blanks();
        let handle = self.scan_tag_handle(true, start)?;
        if !self.is_blank(0) {
            return Err(self.problem("did not find expected whitespace", start));
        }
        self.skip_blanks();
        let prefix = self.scan_tag_uri("", start)?;
        if !self.is_blank_or_end(0) {
            return Err(self.problem("did not find expected whitespace or line break", start));
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    pub(super) fn scan_anchor(&mut self) -> Scan<&'a str> {
        let start = self.mark;
        self.skip();
        let name = self.skip_word();
        let ends = self.is_blank_or_end(0)
            || matches!(self.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return Err(
                self.problem("did not find expected alphabetic or numeric character", start)
            );
        }
        Ok(name)
    }

    /// A tag as handle and suffix. Without a handle the suffix is the whole tag.
    pub(super) fn scan_tag(&mut self) -> Scan<(&'a str, String)> {
        let start = self.mark;
        let tag = if self.at(1) == b'<' {
            self.skip_many(2);
            let suffix = self.scan_tag_uri("", start)?;
            if self.at(0) != b'>' {
                return Err(self.problem("did not find the expected '>'", start));
            }
            self.skip();
            ("", suffix)
        } else {
            let handle = self.scan_tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                (handle, self.scan_tag_uri("", start)?)
            } else {
                let suffix = self.scan_tag_uri(handle, start)?;
                if suffix.is_empty() { ("", "!".to_owned()) } else { ("!", suffix) }
            }
        };
        if !self.is_blank_or_end(0) {
            return Err(self.problem("did not find expected whitespace or line break", start));
        }
        Ok(tag)
    }

    fn scan_tag_handle(&mut self, directive: bool, start: Mark) -> Scan<&'a str> {
        let from = self.mark.offset;
        if self.at(0) != b'!' {
            return Err(self.problem("did not find expected '!'", start));
        }
        self.skip();
        self.skip_word();
        if self.at(0) == b'!' {
            self.skip();
        } else if directive && self.mark.offset - from > 1 {
            return Err(self.problem("did not find expected '!'", start));
        }
        Ok(&self.text[from..self.mark.offset])
    }

    /// The URI of a tag, to which a handle that turned out to be none belongs without its `!`.
    fn scan_tag_uri(&mut self, head: &str, start: Mark) -> Scan<String> {
        let mut bytes = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        loop {
            let word = self.skip_word();
            found |= !word.is_empty();
            bytes.extend_from_slice(word.as_bytes());
            match self.at(0) {
                b'%' => bytes.push(self.scan_uri_escape(start)?),
                byte @ (b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b','
                | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'[' | b']') => {
                    self.skip();
                    bytes.push(byte);
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return Err(self.problem("did not find expected tag URI", start));
        }
        String::from_utf8(bytes)
            .map_err(|_| self.problem("found an incorrect trailing UTF-8 octet", start))
    }

    fn scan_uri_escape(&mut self, start: Mark) -> Scan<u8> {
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(self.at(1)), digit(self.at(2))) else {
            return Err(self.problem("did not find URI escaped octet", start));
        };
        self.skip_many(3);
        Ok(high << 4 | low)
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }
}

//! Moving over YAML text: what stands at the cursor, and stepping over characters and line breaks.

use super::scanner::Scanner;

impl<'a> Scanner<'a> {
    /// The byte so far ahead of the cursor, zero past the end.
    pub(super) fn at(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.mark.offset + ahead).copied().unwrap_or(0)
    }

    pub(super) fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.at(ahead), b' ' | b'\t')
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        self.break_length(ahead) > 0
    }

    /// The length in bytes of one line break character: CR, LF, NEL, LS or PS. CR LF counts as two.
    fn break_length(&self, ahead: usize) -> usize {
        match self.at(ahead) {
            b'\r' | b'\n' => 1,
            0xc2 if self.at(ahead + 1) == 0x85 => 2,
            0xe2 if self.at(ahead + 1) == 0x80 && matches!(self.at(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.at(ahead) == 0 || self.is_break(ahead)
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Whether a line starts with three of a character and then nothing else that would join them.
    pub(super) fn is_document_indicator(&self, character: u8) -> bool {
        self.mark.column == 0
            && (0..3).all(|ahead| self.at(ahead) == character)
            && self.is_blank_or_end(3)
    }

    /// Steps over one character.
    pub(super) fn skip(&mut self) {
        let width = match self.at(0) {
            0 if self.mark.offset >= self.text.len() => return,
            0..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        self.mark.offset += width;
        self.mark.characters += 1;
        self.mark.column += 1;
    }

    /// Steps over the ASCII characters of a kind that stand here. The kind has no line breaks.
    pub(super) fn skip_ascii(&mut self, is_kind: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.mark.offset..];
        let ends = |byte: &u8| !byte.is_ascii() || !is_kind(*byte);
        let count = rest.iter().position(ends).unwrap_or(rest.len());
        self.mark.offset += count;
        self.mark.characters += count;
        self.mark.column += count;
    }

    pub(super) fn skip_many(&mut self, count: usize) {
        for _ in 0..count {
            self.skip();
        }
    }

    /// Steps to the end of the line and gives what was stepped over.
    pub(super) fn skip_line_content(&mut self) -> &'a str {
        let start = self.mark.offset;
        loop {
            self.skip_ascii(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            if self.is_break_or_end(0) {
                break;
            }
            self.skip();
        }
        &self.text[start..self.mark.offset]
    }

    /// Steps over a line break and gives what it contributes to a scalar: LS and PS stay, all others become LF.
    pub(super) fn skip_break(&mut self) -> &'a str {
        let start = self.mark.offset;
        let (bytes, characters) = match (self.at(0), self.at(1)) {
            (b'\r', b'\n') => (2, 2),
            _ => (self.break_length(0), 1),
        };
        if bytes == 0 {
            return "";
        }
        self.mark.offset += bytes;
        self.mark.characters += characters;
        self.mark.column = 0;
        self.mark.line += 1;
        if bytes == 3 { &self.text[start..self.mark.offset] } else { "\n" }
    }

    /// Steps over letters, digits, underscores and dashes.
    pub(super) fn skip_word(&mut self) -> &'a str {
        let start = self.mark.offset;
        self.skip_ascii(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        &self.text[start..self.mark.offset]
    }
}

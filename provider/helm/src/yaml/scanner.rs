//! Turns YAML text into tokens, with libyaml's rules for simple keys and indentation.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::node::Mark;

/// Collections nest no deeper than this, in flow or in block style.
const MAXIMUM_DEPTH: usize = 1_000;
/// A key without `?` ends within this many characters.
const MAXIMUM_SIMPLE_KEY: usize = 1_024;

/// What is wrong with a text, and where, in libyaml's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: Cow<'static, str>,
    /// The line as go-yaml prints it, if it prints one.
    pub(crate) line: Option<usize>,
}

impl Problem {
    /// The scanner's line counts from one; where it found the problem on the first line, go-yaml falls back on the
    /// line of the context, and prints that from zero.
    fn scanner(message: impl Into<Cow<'static, str>>, mark: Mark, context: Mark) -> Self {
        let line = match (mark.line, context.line) {
            (0, 0) => None,
            (0, line) => Some(line),
            (line, _) => Some(line + 1),
        };
        Problem { message: message.into(), line }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "yaml: line {line}: {}", self.message),
            None => write!(formatter, "yaml: {}", self.message),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind<'a> {
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: &'a str, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag { handle: &'a str, suffix: String },
    Scalar { value: Cow<'a, str>, plain: bool },
}

#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) mark: Mark,
    tokens: VecDeque<Token<'a>>,
    tokens_taken: usize,
    ended: bool,
    /// The column of the current block collection, -1 outside any.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) flow_level: usize,
    pub(super) simple_key_allowed: bool,
    simple_keys: Vec<SimpleKey>,
}

pub(super) type Scan<T> = Result<T, Problem>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner {
            text,
            mark: Mark::default(),
            tokens: VecDeque::new(),
            tokens_taken: 0,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
        }
    }

    /// The next token, which stays in the queue. After the end of the stream that token stays for good.
    pub(super) fn peek(&mut self) -> Scan<&Token<'a>> {
        while self.needs_more_tokens()? {
            self.fetch_next_token()?;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the token that was peeked.
    pub(super) fn take(&mut self) -> Scan<Token<'a>> {
        self.peek()?;
        if matches!(self.tokens[0].kind, TokenKind::StreamEnd) {
            return Ok(self.tokens[0].clone());
        }
        self.tokens_taken += 1;
        // The queue is never empty after a peek.
        Ok(self.tokens.pop_front().unwrap_or(Token {
            kind: TokenKind::StreamEnd,
            start: self.mark,
            end: self.mark,
        }))
    }

    /// A token is final once no simple key may turn out to start at it.
    fn needs_more_tokens(&mut self) -> Scan<bool> {
        if self.tokens.is_empty() {
            return Ok(true);
        }
        let first = self.simple_keys.partition_point(|key| key.token_number < self.tokens_taken);
        for index in first..self.simple_keys.len() {
            let key = self.simple_keys[index];
            if key.token_number != self.tokens_taken {
                break;
            }
            if key.possible {
                return self.simple_key_is_valid(index);
            }
        }
        Ok(false)
    }

    fn fetch_next_token(&mut self) -> Scan<()> {
        self.skip_to_next_token();
        self.unroll_indent(self.column());
        let next = self.at(0);
        if next == 0 {
            return if self.ended { Ok(()) } else { self.fetch_stream_end() };
        }
        if self.mark.column == 0 {
            if next == b'%' {
                return self.fetch_directive();
            }
            if self.is_document_indicator(b'-') {
                return self.fetch_document_indicator(TokenKind::DocumentStart);
            }
            if self.is_document_indicator(b'.') {
                return self.fetch_document_indicator(TokenKind::DocumentEnd);
            }
        }
        let blank_follows = self.is_blank_or_end(1);
        match next {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if blank_follows => self.fetch_block_entry(),
            b'?' if self.flow_level > 0 || blank_follows => self.fetch_key(),
            b':' if self.flow_level > 0 || blank_follows => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(next == b'*'),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if self.flow_level == 0 => self.fetch_block_scalar(next == b'|'),
            b'\'' | b'"' => self.fetch_flow_scalar(next == b'\''),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => {
                Err(self.problem("found character that cannot start any token", self.mark))
            }
            _ => self.fetch_plain_scalar(),
        }
    }

    fn skip_to_next_token(&mut self) {
        loop {
            if self.mark.column == 0 && self.text[self.mark.offset..].starts_with('\u{feff}') {
                self.skip();
            }
            let tabs_allowed = self.flow_level > 0 || !self.simple_key_allowed;
            self.skip_ascii(|byte| byte == b' ' || (byte == b'\t' && tabs_allowed));
            if self.at(0) == b'#' {
                self.skip_line_content();
            }
            if !self.is_break(0) {
                return;
            }
            self.skip_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    // Simple keys and indentation.

    fn simple_key_is_valid(&mut self, index: usize) -> Scan<bool> {
        let key = self.simple_keys[index];
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.mark.line
            || key.mark.characters + MAXIMUM_SIMPLE_KEY < self.mark.characters
        {
            if key.required {
                return Err(self.problem("could not find expected ':'", key.mark));
            }
            self.simple_keys[index].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_simple_key(&mut self) -> Scan<()> {
        if self.simple_key_allowed {
            let required = self.flow_level == 0 && self.indent == self.column();
            let key = SimpleKey {
                possible: true,
                required,
                token_number: self.next_token_number(),
                mark: self.mark,
            };
            self.remove_simple_key()?;
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Scan<()> {
        if let Some(key) = self.simple_keys.last_mut()
            && key.possible
        {
            key.possible = false;
            if key.required {
                let context = key.mark;
                return Err(self.problem("could not find expected ':'", context));
            }
        }
        Ok(())
    }

    fn next_token_number(&self) -> usize {
        self.tokens_taken + self.tokens.len()
    }

    /// Opens a block collection where the column lies deeper than the current one. `number` is the token before which
    /// its start belongs; without one it is appended.
    fn roll_indent(
        &mut self,
        column: isize,
        number: Option<usize>,
        kind: TokenKind<'a>,
        mark: Mark,
    ) -> Scan<()> {
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAXIMUM_DEPTH {
            return Err(self.problem(format!("exceeded max depth of {MAXIMUM_DEPTH}"), mark));
        }
        let token = Token { kind, start: mark, end: mark };
        match number {
            Some(number) => self.tokens.insert(number - self.tokens_taken, token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // Fetching one token of each kind.

    fn fetch_stream_end(&mut self) -> Scan<()> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.ended = true;
        self.push(TokenKind::StreamEnd, self.mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        let kind = self.scan_directive()?;
        self.push(kind, start);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        self.skip_many(3);
        self.push(kind, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            token_number: self.next_token_number(),
            mark: self.mark,
            ..SimpleKey::default()
        });
        self.flow_level += 1;
        if self.flow_level > MAXIMUM_DEPTH {
            return Err(self.problem(format!("exceeded max depth of {MAXIMUM_DEPTH}"), self.mark));
        }
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Scan<()> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Scan<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self
                    .problem("block sequence entries are not allowed in this context", self.mark));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.problem("mapping keys are not allowed in this context", self.mark));
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scan<()> {
        let last = self.simple_keys.len() - 1;
        if self.simple_key_is_valid(last)? {
            let key = self.simple_keys[last];
            let token = Token { kind: TokenKind::Key, start: key.mark, end: key.mark };
            self.tokens.insert(key.token_number - self.tokens_taken, token);
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll_indent(
                column,
                Some(key.token_number),
                TokenKind::BlockMappingStart,
                key.mark,
            )?;
            self.simple_keys[last].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(
                        self.problem("mapping values are not allowed in this context", self.mark)
                    );
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, alias: bool) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        let name = self.scan_anchor()?;
        self.push(if alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) }, start);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        let (handle, suffix) = self.scan_tag()?;
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Scan<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.mark;
        let value = Cow::Owned(self.scan_block_scalar(literal)?);
        self.push(TokenKind::Scalar { value, plain: false }, start);
        Ok(())
    }

    fn fetch_flow_scalar(&mut self, single: bool) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        let value = self.scan_flow_scalar(single)?;
        self.push(TokenKind::Scalar { value, plain: false }, start);
        Ok(())
    }

    fn fetch_plain_scalar(&mut self) -> Scan<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark;
        let (value, end) = self.scan_plain_scalar()?;
        self.tokens.push_back(Token { kind: TokenKind::Scalar { value, plain: true }, start, end });
        Ok(())
    }

    fn push(&mut self, kind: TokenKind<'a>, start: Mark) {
        self.tokens.push_back(Token { kind, start, end: self.mark });
    }

    fn push_indicator(&mut self, kind: TokenKind<'a>) {
        let start = self.mark;
        self.skip();
        self.push(kind, start);
    }

    pub(super) fn problem(&self, message: impl Into<Cow<'static, str>>, context: Mark) -> Problem {
        Problem::scanner(message, self.mark, context)
    }
}

//! Cuts a template into items: text, and inside actions what the language is made of.

/// A piece of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) kind: Kind,
    /// In bytes from the start of the template.
    pub(super) position: usize,
    pub(super) text: &'a str,
    /// Counted from one.
    pub(super) line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    /// A printable character without a meaning of its own, such as the comma.
    Character,
    CharacterConstant,
    Complex,
    Assign,
    Declare,
    End,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParenthesis,
    Number,
    PipeSymbol,
    RawString,
    RightDelimiter,
    RightParenthesis,
    Space,
    String,
    Text,
    Variable,
    Keyword(Keyword),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    EndOfBlock,
    If,
    Nil,
    Range,
    Template,
    With,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: &[char] = &[' ', '\t', '\r', '\n'];

/// All items of a template; the last one is the end or an error, whose message is then the second result.
pub(super) fn lex(text: &str) -> (Vec<Item<'_>>, Option<String>) {
    let mut lexer = Lexer { text, at: 0, line: 1, parentheses: 0, items: Vec::new() };
    let error = lexer.run().err();
    let kind = if error.is_some() { Kind::Error } else { Kind::End };
    let end = Item { kind, position: lexer.at, text: "", line: lexer.line };
    lexer.items.push(end);
    (lexer.items, error)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    parentheses: usize,
    items: Vec<Item<'a>>,
}

type Lexed = Result<(), String>;

fn is_space(character: char) -> bool {
    SPACES.contains(&character)
}

fn is_alphanumeric(character: char) -> bool {
    character == '_' || character.is_alphabetic() || character.is_numeric()
}

/// Whether an action opens with a marker that trims the text before it.
fn trims_left(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Lexed {
        while self.at < self.text.len() {
            self.outside()?;
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Emits the next so many bytes as one item.
    fn emit(&mut self, kind: Kind, length: usize) {
        let text = &self.rest()[..length];
        self.items.push(Item { kind, position: self.at, text, line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        self.line += self.rest()[..length].bytes().filter(|byte| *byte == b'\n').count();
        self.at += length;
    }

    fn outside(&mut self) -> Lexed {
        let rest = self.rest();
        let Some(length) = rest.find(LEFT) else {
            self.emit(Kind::Text, rest.len());
            return Ok(());
        };
        let text = &rest[..length];
        let after = &rest[length + LEFT.len()..];
        let kept = if trims_left(after) { text.trim_end_matches(SPACES).len() } else { length };
        if kept > 0 {
            self.emit(Kind::Text, kept);
        }
        self.skip(length - kept);
        let marker = if trims_left(after) { 2 } else { 0 };
        if after[marker..].starts_with("/*") {
            self.skip(LEFT.len() + marker);
            return self.comment();
        }
        self.emit(Kind::LeftDelimiter, LEFT.len());
        self.skip(marker);
        self.parentheses = 0;
        self.action()
    }

    fn comment(&mut self) -> Lexed {
        let Some(end) = self.rest().get(2..).and_then(|rest| rest.find("*/")) else {
            return Err("unclosed comment".to_owned());
        };
        let length = end + 4;
        let Some((delimiter, trims)) = right_delimiter(&self.rest()[length..]) else {
            return Err("comment ends before closing delimiter".to_owned());
        };
        self.skip(length + delimiter);
        if trims {
            self.skip_spaces();
        }
        Ok(())
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches(SPACES).len());
    }

    /// Everything up to the closing delimiter.
    fn action(&mut self) -> Lexed {
        loop {
            if let Some((delimiter, trims)) = right_delimiter(self.rest()) {
                if self.parentheses > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                self.skip(delimiter - RIGHT.len());
                self.emit(Kind::RightDelimiter, RIGHT.len());
                if trims {
                    self.skip_spaces();
                }
                return Ok(());
            }
            self.inside()?;
        }
    }

    fn inside(&mut self) -> Lexed {
        let Some(next) = self.peek() else { return Err("unclosed action".to_owned()) };
        let second = self.rest()[next.len_utf8()..].chars().next();
        match next {
            _ if is_space(next) => self.spaces(),
            '=' => self.emit(Kind::Assign, 1),
            ':' if second == Some('=') => self.emit(Kind::Declare, 2),
            ':' => return Err("expected :=".to_owned()),
            '|' => self.emit(Kind::PipeSymbol, 1),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => {
                return self.quoted(
                    '\'',
                    Kind::CharacterConstant,
                    "unterminated character constant",
                );
            }
            '`' => match self.rest()[1..].find('`') {
                Some(end) => self.emit(Kind::RawString, end + 2),
                None => return Err("unterminated raw quoted string".to_owned()),
            },
            '$' => return self.field_or_variable(Kind::Variable),
            '.' if !second.is_some_and(|second| second.is_ascii_digit()) => {
                return self.field_or_variable(Kind::Field);
            }
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            _ if is_alphanumeric(next) => return self.word(),
            '(' => {
                self.parentheses += 1;
                self.emit(Kind::LeftParenthesis, 1);
            }
            ')' => {
                let Some(parentheses) = self.parentheses.checked_sub(1) else {
                    return Err("unexpected right paren".to_owned());
                };
                self.parentheses = parentheses;
                self.emit(Kind::RightParenthesis, 1);
            }
            _ if matches!(next, ' '..='~') => self.emit(Kind::Character, 1),
            _ => return Err(format!("unrecognized character in action: {}", describe(next))),
        }
        Ok(())
    }

    /// A run of spaces; the last one may belong to a closing delimiter that trims.
    fn spaces(&mut self) {
        let rest = self.rest();
        let mut length = rest.len() - rest.trim_start_matches(SPACES).len();
        if right_delimiter(&rest[length - 1..]).is_some_and(|(_, trims)| trims) {
            length -= 1;
        }
        if length > 0 {
            self.emit(Kind::Space, length);
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, error: &str) -> Lexed {
        let mut escaped = false;
        for (offset, character) in self.rest().char_indices().skip(1) {
            match character {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if character == quote => {
                    self.emit(kind, offset + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(error.to_owned())
    }

    fn word_length(&self, from: usize) -> usize {
        let rest = &self.rest()[from..];
        from + rest.find(|character| !is_alphanumeric(character)).unwrap_or(rest.len())
    }

    fn field_or_variable(&mut self, kind: Kind) -> Lexed {
        let length = self.word_length(1);
        self.check_terminator(length)?;
        let kind =
            if length == 1 && kind == Kind::Field { Kind::Keyword(Keyword::Dot) } else { kind };
        self.emit(kind, length);
        Ok(())
    }

    fn word(&mut self) -> Lexed {
        let length = self.word_length(0);
        self.check_terminator(length)?;
        let kind = match &self.rest()[..length] {
            "true" | "false" => Kind::Bool,
            "block" => Kind::Keyword(Keyword::Block),
            "break" => Kind::Keyword(Keyword::Break),
            "continue" => Kind::Keyword(Keyword::Continue),
            "define" => Kind::Keyword(Keyword::Define),
            "else" => Kind::Keyword(Keyword::Else),
            "end" => Kind::Keyword(Keyword::EndOfBlock),
            "if" => Kind::Keyword(Keyword::If),
            "nil" => Kind::Keyword(Keyword::Nil),
            "range" => Kind::Keyword(Keyword::Range),
            "template" => Kind::Keyword(Keyword::Template),
            "with" => Kind::Keyword(Keyword::With),
            _ => Kind::Identifier,
        };
        self.emit(kind, length);
        Ok(())
    }

    /// A word must be followed by something that ends it.
    fn check_terminator(&self, length: usize) -> Lexed {
        let rest = &self.rest()[length..];
        match rest.chars().next() {
            None => Ok(()),
            Some(next) if is_space(next) || matches!(next, '.' | ',' | '|' | ':' | ')' | '(') => {
                Ok(())
            }
            Some(_) if rest.starts_with(RIGHT) => Ok(()),
            Some(next) => Err(format!("bad character {}", describe(next))),
        }
    }

    fn number(&mut self) -> Lexed {
        let rest = self.rest();
        let bad = |length: usize| {
            let shown = rest[length..]
                .chars()
                .next()
                .filter(|next| is_alphanumeric(*next))
                .map_or(0, char::len_utf8);
            Err(format!("bad number syntax: {:?}", &rest[..length + shown]))
        };
        let (length, good) = scan_number(rest);
        if !good {
            return bad(length);
        }
        if !rest[length..].starts_with(['+', '-']) {
            self.emit(Kind::Number, length);
            return Ok(());
        }
        let (imaginary, good) = scan_number(&rest[length..]);
        let length = length + imaginary;
        if !good || !rest[..length].ends_with('i') {
            return bad(length);
        }
        self.emit(Kind::Complex, length);
        Ok(())
    }
}

/// The length of a number at the start of a text, and whether nothing alphanumeric follows it.
fn scan_number(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let accept = |at: &mut usize, valid: &[u8]| {
        let found = bytes.get(*at).is_some_and(|byte| valid.contains(byte));
        *at += usize::from(found);
        found
    };
    accept(&mut at, b"+-");
    let mut digits: &[u8] = b"0123456789_";
    if accept(&mut at, b"0") {
        if accept(&mut at, b"xX") {
            digits = b"0123456789abcdefABCDEF_";
        } else if accept(&mut at, b"oO") {
            digits = b"01234567_";
        } else if accept(&mut at, b"bB") {
            digits = b"01_";
        }
    }
    while accept(&mut at, digits) {}
    if accept(&mut at, b".") {
        while accept(&mut at, digits) {}
    }
    let exponent: &[u8] = match digits.len() {
        11 => b"eE",
        23 => b"pP",
        _ => b"",
    };
    if accept(&mut at, exponent) {
        accept(&mut at, b"+-");
        while accept(&mut at, b"0123456789_") {}
    }
    accept(&mut at, b"i");
    (at, !text[at..].starts_with(is_alphanumeric))
}

/// The length of a closing delimiter with its trim marker, and whether it has one.
fn right_delimiter(text: &str) -> Option<(usize, bool)> {
    if text.starts_with(is_space) && text[1..].starts_with("-}}") {
        return Some((4, true));
    }
    text.starts_with(RIGHT).then_some((2, false))
}

/// A character as Go's `%#U` shows it.
fn describe(character: char) -> String {
    let code = u32::from(character);
    if crate::functions::quote::is_print(character) {
        format!("U+{code:04X} '{character}'")
    } else {
        format!("U+{code:04X}")
    }
}

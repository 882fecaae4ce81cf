//! Which styles a scalar may be written in, and writing it in each.

use super::write::{Dialect, Emitter, INDENT};

/// Text is folded at the first blank beyond this column.
const BEST_WIDTH: usize = 80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// What the characters of a scalar allow.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    multiline: bool,
    plain: bool,
    single_quoted: bool,
    literal: bool,
    empty: bool,
}

pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml writes as it is. Characters beyond the first plane are not among it.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

impl Analysis {
    pub(super) fn of(text: &str, dialect: Dialect) -> Self {
        let Some(first) = text.chars().next() else {
            return Analysis {
                plain: true,
                single_quoted: true,
                empty: true,
                ..Analysis::default()
            };
        };
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut breaks, mut special, mut tabs) = (false, false, false);
        let (mut break_then_space, mut space_then_break) = (false, false);
        let (mut after_blank, mut after_space, mut after_break) = (true, false, false);
        let mut characters = text.chars().peekable();
        let mut at_start = true;
        while let Some(character) = characters.next() {
            let before_blank = characters.peek().is_none_or(|next| is_blank(*next));
            indicators |= match character {
                '#' if after_blank => true,
                ':' => before_blank,
                '?' | '-' => at_start && before_blank,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => at_start,
                _ => false,
            };
            if character == '\t' && dialect == Dialect::Pretty {
                tabs = true;
            } else if !is_printable(character) {
                special = true;
            }
            breaks |= is_break(character);
            break_then_space |= character == ' ' && after_break;
            space_then_break |= is_break(character) && after_space;
            after_space = character == ' ';
            after_break = is_break(character);
            after_blank = is_blank(character) || is_break(character) || character == '\0';
            at_start = false;
        }
        let last = text.chars().next_back().unwrap_or(first);
        let edges = [first, last].iter().any(|edge| *edge == ' ' || is_break(*edge));
        let unsafe_unquoted = space_then_break || special || tabs || break_then_space;
        Analysis {
            multiline: breaks,
            plain: !(indicators || edges || breaks || unsafe_unquoted),
            single_quoted: !unsafe_unquoted,
            literal: !(last == ' ' || space_then_break || special),
            empty: false,
        }
    }

    /// The style that is used where another one was wanted.
    pub(super) fn select(&self, wanted: Style, simple_key: bool) -> Style {
        let mut style = wanted;
        if simple_key && self.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && (!self.plain || (self.empty && simple_key)) {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !self.single_quoted {
            style = Style::DoubleQuoted;
        }
        if style == Style::Literal && (!self.literal || simple_key) {
            style = Style::DoubleQuoted;
        }
        style
    }
}

impl Emitter {
    fn is_too_wide(&self) -> bool {
        self.dialect == Dialect::Helm && self.column > BEST_WIDTH
    }

    fn put(&mut self, character: char) {
        self.output.push(character);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.output.push('\n');
        self.column = 0;
        if self.dialect == Dialect::Pretty {
            self.indention = true;
        }
    }

    /// Writes a line break of the text. Only LF is turned into the break of the document, which it is anyway.
    fn write_break(&mut self, character: char) {
        if character == '\n' {
            self.put_break();
        } else {
            self.output.push(character);
            self.column = 0;
        }
    }

    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    pub(super) fn write_indicator(
        &mut self,
        indicator: &str,
        need_whitespace: bool,
        indention: bool,
    ) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.output.push_str(indicator);
        self.column += indicator.len();
        self.whitespace = false;
        self.indention = self.indention && indention;
    }

    pub(super) fn write_plain(&mut self, text: &str, may_break: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut after_space = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let space = character == ' ';
            if space
                && may_break
                && !after_space
                && self.is_too_wide()
                && characters.peek() != Some(&' ')
            {
                self.write_indent();
            } else {
                self.put(character);
            }
            if !space {
                self.indention = false;
            }
            after_space = space;
        }
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn write_single_quoted(&mut self, text: &str, may_break: bool) {
        self.write_indicator("'", true, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut characters = text.chars().peekable();
        let mut at_start = true;
        while let Some(character) = characters.next() {
            let foldable = !at_start && characters.peek().is_some_and(|next| *next != ' ');
            at_start = false;
            if character == ' ' {
                if may_break && !after_space && self.is_too_wide() && foldable {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else if is_break(character) {
                if !after_break && character == '\n' {
                    self.put_break();
                }
                self.write_break(character);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                if character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        self.write_indicator("'", false, false);
    }

    pub(super) fn write_double_quoted(&mut self, text: &str, may_break: bool) {
        self.write_indicator("\"", true, false);
        let escape_all_boms = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut at_start = true;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let first = std::mem::replace(&mut at_start, false);
            if !is_printable(character)
                || is_break(character)
                || matches!(character, '"' | '\\')
                || escape_all_boms
            {
                self.write_escape(character);
                after_space = false;
            } else if character == ' ' {
                if may_break
                    && !after_space
                    && self.is_too_wide()
                    && !first
                    && characters.peek().is_some()
                {
                    self.write_indent();
                    if characters.peek() == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(character);
                after_space = false;
            }
        }
        self.write_indicator("\"", false, false);
    }

    fn write_escape(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                let escaped = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.column += escaped.len();
                self.output.push_str(&escaped);
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    pub(super) fn write_literal(&mut self, text: &str) {
        self.write_indicator("|", true, false);
        if text.starts_with(|character| character == ' ' || is_break(character)) {
            self.write_indicator(&INDENT.to_string(), false, false);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.write_indicator("-", false, false),
            (true, None) => self.write_indicator("+", false, false),
            (true, Some(previous)) if is_break(previous) => self.write_indicator("+", false, false),
            (true, Some(_)) => {}
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        for character in text.chars() {
            if is_break(character) {
                self.write_break(character);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                self.put(character);
                self.indention = false;
                after_break = false;
            }
        }
    }
}

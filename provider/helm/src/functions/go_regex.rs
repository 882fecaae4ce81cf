//! Go's regular expressions, rewritten for the engine used here.
//!
//! Both languages descend from RE2 and match the same way, but differ in what they take for granted: classes such as
//! `\d` are ASCII in Go, sets have no operations, a brace or dash may stand for itself, and errors read differently.

/// Repetition counts are no larger than this.
const LARGEST_COUNT: u32 = 1_000;
const DIGITS: &str = "0-9";
const SPACES: &str = r"\t\n\x0C\r ";
const WORDS: &str = "0-9A-Za-z_";

/// Rewrites an expression, or says what is wrong with it in Go's words.
pub(super) fn rewrite(expression: &str) -> Result<String, String> {
    let mut rewriter = Rewriter {
        whole: expression,
        at: 0,
        output: String::new(),
        open: 0,
        repeatable: false,
        repeated: None,
    };
    rewriter
        .run()
        .map_err(|(problem, part)| format!("error parsing regexp: {problem}: `{part}`"))?;
    Ok(rewriter.output)
}

type Problem<'a> = (&'static str, &'a str);
type Step<'a> = Result<(), Problem<'a>>;

struct Rewriter<'a> {
    whole: &'a str,
    at: usize,
    output: String,
    open: usize,
    /// Whether something precedes that can be repeated.
    repeatable: bool,
    /// Where the repetition that directly precedes starts.
    repeated: Option<usize>,
}

impl<'a> Rewriter<'a> {
    fn rest(&self) -> &'a str {
        &self.whole[self.at..]
    }

    fn run(&mut self) -> Step<'a> {
        while let Some(next) = self.rest().chars().next() {
            match next {
                '(' => self.group()?,
                ')' => {
                    if self.open == 0 {
                        return Err(("unexpected )", self.whole));
                    }
                    self.open -= 1;
                    self.copy(1, true);
                }
                '|' => self.copy(1, false),
                '^' | '$' | '.' => self.copy(1, true),
                '[' => self.set()?,
                '*' | '+' | '?' => self.repeat(1)?,
                '{' => match count_length(self.rest()) {
                    Some((length, true)) => self.repeat(length)?,
                    Some((length, false)) => {
                        return Err(("invalid repeat count", &self.rest()[..length]));
                    }
                    None => self.literal(next),
                },
                '\\' => self.escape()?,
                _ => self.literal(next),
            }
        }
        if self.open > 0 { Err(("missing closing )", self.whole)) } else { Ok(()) }
    }

    fn copy(&mut self, length: usize, repeatable: bool) {
        self.output.push_str(&self.rest()[..length]);
        self.advance(length, repeatable);
    }

    fn advance(&mut self, length: usize, repeatable: bool) {
        self.at += length;
        self.repeatable = repeatable;
        self.repeated = None;
    }

    fn literal(&mut self, character: char) {
        push_literal(&mut self.output, character);
        self.advance(character.len_utf8(), true);
    }

    fn repeat(&mut self, length: usize) -> Step<'a> {
        let lazy = usize::from(self.rest()[length..].starts_with('?'));
        let operator = &self.rest()[..length + lazy];
        if let Some(start) = self.repeated {
            return Err((
                "invalid nested repetition operator",
                &self.whole[start..self.at + length + lazy],
            ));
        }
        if !self.repeatable {
            return Err(("missing argument to repetition operator", operator));
        }
        let start = self.at;
        self.copy(length + lazy, true);
        self.repeated = Some(start);
        Ok(())
    }

    fn group(&mut self) -> Step<'a> {
        self.open += 1;
        let rest = self.rest();
        if !rest.starts_with("(?") {
            self.copy(1, false);
            return Ok(());
        }
        if rest.starts_with("(?P<") || rest.starts_with("(?<") {
            let name_start = if rest.starts_with("(?P<") { 4 } else { 3 };
            let Some(end) = rest.find('>') else { return Err(("invalid named capture", rest)) };
            let name = &rest[name_start..end];
            let valid = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !valid {
                return Err(("invalid named capture", &rest[..=end]));
            }
            self.copy(end + 1, false);
            return Ok(());
        }
        self.flags()
    }

    /// `(?i:` opens a group, `(?i)` only sets flags.
    fn flags(&mut self) -> Step<'a> {
        let rest = self.rest();
        let (mut negative, mut any) = (false, false);
        for (offset, character) in rest.char_indices().skip(2) {
            match character {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => {
                    negative = true;
                    any = false;
                }
                ':' | ')' if !negative || any => {
                    if character == ')' {
                        self.open -= 1;
                    }
                    self.copy(offset + 1, false);
                    return Ok(());
                }
                _ => {
                    let end = offset + character.len_utf8();
                    return Err(("invalid or unsupported Perl syntax", &rest[..end]));
                }
            }
        }
        Err(("missing closing )", self.whole))
    }

    fn escape(&mut self) -> Step<'a> {
        let rest = self.rest();
        let mut characters = rest.chars();
        characters.next();
        let Some(escape) = characters.next() else {
            return Err(("trailing backslash at end of expression", ""));
        };
        let class = match escape {
            'd' => format!("[{DIGITS}]"),
            'D' => format!("[^{DIGITS}]"),
            's' => format!("[{SPACES}]"),
            'S' => format!("[^{SPACES}]"),
            'w' => format!("[{WORDS}]"),
            'W' => format!("[^{WORDS}]"),
            'b' => r"(?-u:\b)".to_owned(),
            'B' => r"(?-u:\B)".to_owned(),
            'A' => r"\A".to_owned(),
            'z' => r"\z".to_owned(),
            'C' => r"(?s-u:.)".to_owned(),
            'Q' => {
                let quoted = &rest[2..];
                let end = quoted.find("\\E").unwrap_or(quoted.len());
                quoted[..end]
                    .chars()
                    .for_each(|character| push_literal(&mut self.output, character));
                let close = if end < quoted.len() { 2 } else { 0 };
                self.advance(2 + end + close, end > 0);
                return Ok(());
            }
            'p' | 'P' => {
                let (class, length) = property(rest)?;
                self.output.push_str(&class);
                self.advance(length, true);
                return Ok(());
            }
            _ => {
                let (character, length) = escaped_character(rest)?;
                push_literal(&mut self.output, character);
                self.advance(length, true);
                return Ok(());
            }
        };
        self.output.push_str(&class);
        self.advance(2, true);
        Ok(())
    }

    /// `[...]`, in which a dash may stand anywhere.
    fn set(&mut self) -> Step<'a> {
        let whole = self.rest();
        let missing = ("missing closing ]", whole);
        let mut rest = &whole[1..];
        self.output.push('[');
        if let Some(after) = rest.strip_prefix('^') {
            self.output.push('^');
            rest = after;
        }
        let mut first = true;
        loop {
            if rest.is_empty() {
                return Err(missing);
            }
            if rest.starts_with(']') && !first {
                break;
            }
            first = false;
            if let Some(length) = named_class(rest) {
                if !is_known_class(&rest[..length]) {
                    return Err(("invalid character class range", &rest[..length]));
                }
                self.output.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            }
            if let Some((class, length)) = perl_class(rest)? {
                self.output.push_str(&class);
                rest = &rest[length..];
                continue;
            }
            rest = self.range(rest, missing)?;
        }
        self.output.push(']');
        self.advance(whole.len() - rest.len() + 1, true);
        Ok(())
    }

    /// One character of a set, or a range of them.
    fn range(&mut self, text: &'a str, missing: Problem<'a>) -> Result<&'a str, Problem<'a>> {
        let (low, after) = set_character(text, missing)?;
        push_literal(&mut self.output, low);
        let is_range =
            after.strip_prefix('-').is_some_and(|next| !next.is_empty() && !next.starts_with(']'));
        if !is_range {
            return Ok(after);
        }
        let (high, end) = set_character(&after[1..], missing)?;
        if high < low {
            return Err(("invalid character class range", &text[..text.len() - end.len()]));
        }
        self.output.push('-');
        push_literal(&mut self.output, high);
        Ok(end)
    }
}

/// A character that stands for itself, wherever it stands.
fn push_literal(output: &mut String, character: char) {
    if character.is_ascii() && !character.is_ascii_alphanumeric() {
        output.push_str(&format!("\\x{:02X}", u32::from(character)));
    } else {
        output.push(character);
    }
}

/// The length of `{n}`, `{n,}` or `{n,m}`, and whether the counts are in range.
fn count_length(text: &str) -> Option<(usize, bool)> {
    let end = text.find('}')?;
    let (least, most) = match text[1..end].split_once(',') {
        Some((least, most)) => (least, Some(most)),
        None => (&text[1..end], None),
    };
    let is_number = |text: &str| {
        let canonical = text == "0" || !text.starts_with('0');
        !text.is_empty() && canonical && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(least) || !most.is_none_or(|most| most.is_empty() || is_number(most)) {
        return None;
    }
    let number = |text: &str| text.parse().ok().filter(|count: &u32| *count <= LARGEST_COUNT);
    let valid = match (number(least), most) {
        (Some(_), None | Some("")) => true,
        (Some(least), Some(most)) => number(most).is_some_and(|most| most >= least),
        (None, _) => false,
    };
    Some((end + 1, valid))
}

/// The character an escape at the start of a text stands for, and its length.
fn escaped_character(text: &str) -> Result<(char, usize), Problem<'_>> {
    let invalid = |length: usize| ("invalid escape sequence", &text[..length.min(text.len())]);
    let mut characters = text[1..].chars();
    let Some(escape) = characters.next() else {
        return Err(("trailing backslash at end of expression", ""));
    };
    let end = 1 + escape.len_utf8();
    let character = match escape {
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '0'..='7' => {
            // A single digit other than zero would be a reference to a group, which there is not.
            let digits =
                text[1..].bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            if escape != '0' && digits < 2 {
                return Err(invalid(end));
            }
            let code = u32::from_str_radix(&text[1..=digits], 8).ok().and_then(char::from_u32);
            return code.map(|code| (code, 1 + digits)).ok_or_else(|| invalid(end));
        }
        'x' => {
            let (digits, length) = match text[2..].strip_prefix('{') {
                Some(rest) => match rest.find('}') {
                    Some(close) => (&rest[..close], 4 + close),
                    None => return Err(invalid(text.len())),
                },
                None => (text.get(2..4).ok_or_else(|| invalid(text.len()))?, 4),
            };
            let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            return code.map(|code| (code, length)).ok_or_else(|| invalid(length));
        }
        _ if escape.is_ascii() && !escape.is_ascii_alphanumeric() => escape,
        _ => return Err(invalid(end)),
    };
    Ok((character, end))
}

/// `\pL`, `\p{Greek}`, `\P{^Greek}`.
fn property(text: &str) -> Result<(String, usize), Problem<'_>> {
    let invalid =
        |length: usize| ("invalid character class range", &text[..length.min(text.len())]);
    let mut negative = text.starts_with("\\P");
    let (name, length) = match text[2..].chars().next() {
        Some('{') => {
            let Some(close) = text.find('}') else { return Err(invalid(text.len())) };
            (&text[3..close], close + 1)
        }
        Some(name) => (&text[2..2 + name.len_utf8()], 2 + name.len_utf8()),
        None => return Err(invalid(2)),
    };
    let name = match name.strip_prefix('^') {
        Some(name) => {
            negative = !negative;
            name
        }
        None => name,
    };
    if name == "Any" {
        return Ok((
            (if negative { r"[^\x{0}-\x{10FFFF}]" } else { r"[\x{0}-\x{10FFFF}]" }).to_owned(),
            length,
        ));
    }
    Ok((format!("\\{}{{{name}}}", if negative { 'P' } else { 'p' }), length))
}

/// The length of `[:name:]`.
fn named_class(text: &str) -> Option<usize> {
    text.strip_prefix("[:")?.find(":]").map(|end| end + 4)
}

fn is_known_class(class: &str) -> bool {
    let name = class.trim_start_matches("[:").trim_end_matches(":]").trim_start_matches('^');
    matches!(
        name,
        "alnum"
            | "alpha"
            | "ascii"
            | "blank"
            | "cntrl"
            | "digit"
            | "graph"
            | "lower"
            | "print"
            | "punct"
            | "space"
            | "upper"
            | "word"
            | "xdigit"
    )
}

/// `\d` and its like, and properties, inside a set.
fn perl_class(text: &str) -> Result<Option<(String, usize)>, Problem<'_>> {
    let class = match text.get(..2) {
        Some(r"\d") => DIGITS.to_owned(),
        Some(r"\D") => format!("[^{DIGITS}]"),
        Some(r"\s") => SPACES.to_owned(),
        Some(r"\S") => format!("[^{SPACES}]"),
        Some(r"\w") => WORDS.to_owned(),
        Some(r"\W") => format!("[^{WORDS}]"),
        Some(r"\p" | r"\P") => return property(text).map(Some),
        _ => return Ok(None),
    };
    Ok(Some((class, 2)))
}

/// A character of a set and what follows it.
fn set_character<'a>(text: &'a str, missing: Problem<'a>) -> Result<(char, &'a str), Problem<'a>> {
    match text.chars().next() {
        None => Err(missing),
        Some('\\') => {
            escaped_character(text).map(|(character, length)| (character, &text[length..]))
        }
        Some(character) => Ok((character, &text[character.len_utf8()..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_what_go_matches() {
        let check = |expression: &str, text: &str, expected: &[&str]| {
            let pattern = regex::bytes::Regex::new(&rewrite(expression).unwrap()).unwrap();
            let found: Vec<_> = pattern
                .find_iter(text.as_bytes())
                .map(|found| std::str::from_utf8(found.as_bytes()).unwrap())
                .collect();
            assert_eq!(found, expected, "{expression}");
        };
        check(r"[\w-\.]+", "a-b.c d", &["a-b.c", "d"]);
        check(r"[^a-zA-Z0-9\-]", "a_b-c", &["_"]);
        check(r"\d+", "12 ٣", &["12"]);
        check(r"[a[&&b]", "[&", &["[", "&"]);
        check(r"a{,2}", "a{,2}", &["a{,2}"]);
        check(r"a{2}", "aaa", &["aa"]);
        check(r"\Qa.b\E+", "a.bb axb", &["a.bb"]);
        check(r"(?i)HE", "he", &["he"]);
        check(r"\x41\x{42}\103", "ABC", &["ABC"]);
        check(r"[[:alpha:]_]+", "ab_1", &["ab_"]);
        check(r"\bfoo\b", "foo foobar", &["foo"]);
        check(r"[]a]+", "]a", &["]a"]);
        check(r"\/\-\_", "/-_", &["/-_"]);
    }

    #[test]
    fn errors_are_gos() {
        let check = |expression: &str, expected: &str| {
            assert_eq!(
                rewrite(expression),
                Err(format!("error parsing regexp: {expected}")),
                "{expression}"
            );
        };
        check("a(", "missing closing ): `a(`");
        check("a)", "unexpected ): `a)`");
        check("[a", "missing closing ]: `[a`");
        check("*a", "missing argument to repetition operator: `*`");
        check("a**", "invalid nested repetition operator: `**`");
        check(r"\y", r"invalid escape sequence: `\y`");
        check("a\\", "trailing backslash at end of expression: ``");
        check("a{1001}", "invalid repeat count: `{1001}`");
        check("[z-a]", "invalid character class range: `z-a`");
        check("(?!a)", "invalid or unsupported Perl syntax: `(?!`");
    }
}

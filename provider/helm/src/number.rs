//! Numbers as Go writes and reads them: `strconv.FormatFloat`, `encoding/json` and `strconv.ParseInt` with base 0.

/// The shortest digits that read back as the same float, and the decimal exponent of the first digit.
struct Shortest {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Shortest {
    /// Takes what Rust prints in scientific notation, which is the shortest form.
    fn of(scientific: &str) -> Self {
        let (negative, text) = match scientific.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, scientific),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Shortest {
            negative,
            digits: mantissa.chars().filter(|character| *character != '.').collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{sign}{:02}", self.sign(), self.exponent.unsigned_abs())
    }

    fn plain(&self) -> String {
        let count = i32::try_from(self.digits.len()).unwrap_or(i32::MAX);
        let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
        let body = if self.exponent < 0 {
            format!("0.{}{}", zeros(-self.exponent - 1), self.digits)
        } else if self.exponent + 1 >= count {
            format!("{}{}", self.digits, zeros(self.exponent + 1 - count))
        } else {
            let (whole, fraction) =
                self.digits.split_at(usize::try_from(self.exponent + 1).unwrap_or(0));
            format!("{whole}.{fraction}")
        };
        format!("{}{body}", self.sign())
    }

    /// The general form: an exponent where it is below -4, or at 6 or above.
    fn general(&self) -> String {
        if self.exponent < -4 || self.exponent >= 6 { self.scientific() } else { self.plain() }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 64)`, which is also what `%v` prints.
pub(crate) fn format_general(value: f64) -> String {
    special(value).map_or_else(|| Shortest::of(&format!("{value:e}")).general(), str::to_owned)
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`, as YAML's map keys are written.
pub(crate) fn format_general_single(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the precision is lost on purpose, as go-yaml does"
    )]
    let single = value as f32;
    special(f64::from(single))
        .map_or_else(|| Shortest::of(&format!("{single:e}")).general(), str::to_owned)
}

/// `strconv.FormatFloat(value, 'e', -1, 64)`.
pub(crate) fn format_scientific(value: f64) -> String {
    special(value).map_or_else(|| Shortest::of(&format!("{value:e}")).scientific(), str::to_owned)
}

/// `strconv.FormatFloat(value, 'f', -1, 64)`.
pub(crate) fn format_plain(value: f64) -> String {
    special(value).map_or_else(|| Shortest::of(&format!("{value:e}")).plain(), str::to_owned)
}

/// A float as `encoding/json` writes it; none for NaN and the infinities, which it refuses.
pub(crate) fn format_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format_scientific(value);
        return Some(text.replace("e-0", "e-"));
    }
    Some(format_plain(value))
}

/// The integer a text means to `strconv.ParseInt(text, 0, 64)` or else `strconv.ParseUint(text, 0, 64)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integer {
    Signed(i64),
    Unsigned(u64),
}

/// Reads an integer with Go's prefixes: `0x`, `0o`, `0b`, and a bare `0` for octal. Underscores may separate digits
/// after a prefix or between digits.
pub(crate) fn parse_integer(text: &str) -> Option<Integer> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = split_radix(body);
    let magnitude = parse_digits(digits, radix, radix != 10 || body.len() != digits.len())?;
    if negative {
        let value = i128::from(magnitude).checked_neg()?;
        return i64::try_from(value).ok().map(Integer::Signed);
    }
    match i64::try_from(magnitude) {
        Ok(value) => Some(Integer::Signed(value)),
        // ParseUint takes no sign at all.
        Err(_) if body.len() == text.len() => Some(Integer::Unsigned(magnitude)),
        Err(_) => None,
    }
}

fn split_radix(body: &str) -> (u32, &str) {
    let lower = |index: usize| body.as_bytes().get(index).map(u8::to_ascii_lowercase);
    match (lower(0), lower(1)) {
        (Some(b'0'), Some(b'x')) if body.len() > 2 => (16, &body[2..]),
        (Some(b'0'), Some(b'o')) if body.len() > 2 => (8, &body[2..]),
        (Some(b'0'), Some(b'b')) if body.len() > 2 => (2, &body[2..]),
        (Some(b'0'), Some(_)) => (8, &body[1..]),
        _ => (10, body),
    }
}

/// Digits of a radix. An underscore stands only between digits, or between the prefix and a digit.
fn parse_digits(digits: &str, radix: u32, after_prefix: bool) -> Option<u64> {
    let mut value: u64 = 0;
    let mut previous_is_digit = after_prefix;
    let mut seen = false;
    for character in digits.chars() {
        if character == '_' {
            if !previous_is_digit {
                return None;
            }
            previous_is_digit = false;
            continue;
        }
        let digit = character.to_digit(radix)?;
        value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
        previous_is_digit = true;
        seen = true;
    }
    (seen && previous_is_digit).then_some(value)
}

/// Reads a float as `strconv.ParseFloat(text, 64)`: decimal, hexadecimal with `p`, `inf`, `infinity` and `nan`.
/// Out of range is refused, as Go reports an error for it.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.len() > 2
        && unsigned.as_bytes()[0] == b'0'
        && unsigned.as_bytes()[1].eq_ignore_ascii_case(&b'x')
    {
        return parse_hexadecimal_float(&unsigned[2..])
            .map(|value| if text.starts_with('-') { -value } else { value });
    }
    let first = unsigned.chars().next()?;
    if first.is_ascii_alphabetic() {
        let lower = unsigned.to_ascii_lowercase();
        let value = match lower.as_str() {
            "inf" | "infinity" => f64::INFINITY,
            "nan" => return Some(f64::NAN),
            _ => return None,
        };
        return Some(if text.starts_with('-') { -value } else { value });
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(value)
}

fn parse_hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut scale = 1.0 / 16.0;
    for digit in fraction.chars() {
        value += f64::from(digit.to_digit(16)?) * scale;
        scale /= 16.0;
    }
    Some(value * 2.0_f64.powi(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let check = |value: f64, general: &str, json: &str| {
            assert_eq!(format_general(value), general);
            assert_eq!(format_json(value).as_deref(), Some(json));
        };
        check(1_000_000.0, "1e+06", "1000000");
        check(123_456.0, "123456", "123456");
        check(1_234_567.5, "1.2345675e+06", "1234567.5");
        check(0.1, "0.1", "0.1");
        check(1e20, "1e+20", "100000000000000000000");
        check(1e21, "1e+21", "1e+21");
        check(0.0001, "0.0001", "0.0001");
        check(0.000_01, "1e-05", "0.00001");
        check(1e-7, "1e-07", "1e-7");
        check(-0.0, "-0", "-0");
        check(-1.5, "-1.5", "-1.5");
        assert_eq!(format_general(f64::NEG_INFINITY), "-Inf");
        assert_eq!(format_json(f64::NAN), None);
    }

    #[test]
    fn integers_are_read_with_base_zero() {
        let check = |text: &str, expected: Option<Integer>| {
            assert_eq!(parse_integer(text), expected, "{text}")
        };
        check("5", Some(Integer::Signed(5)));
        check("-7", Some(Integer::Signed(-7)));
        check("+7", Some(Integer::Signed(7)));
        check("0755", Some(Integer::Signed(493)));
        check("0o17", Some(Integer::Signed(15)));
        check("0x1F", Some(Integer::Signed(31)));
        check("0b101", Some(Integer::Signed(5)));
        check("08", None);
        check("1_000", None.or(Some(Integer::Signed(1000))));
        check("18446744073709551615", Some(Integer::Unsigned(u64::MAX)));
        check("-9223372036854775808", Some(Integer::Signed(i64::MIN)));
        check("18446744073709551616", None);
        check("", None);
        check("0x", None);
        check("1.0", None);
    }
}

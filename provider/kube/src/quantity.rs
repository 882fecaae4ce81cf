//! Kubernetes quantities ("1500m", "1Gi"), compared by what they amount to.
//!
//! Format: `k8s.io/apimachinery/pkg/api/resource`: a decimal with a binary suffix (Ki … Ei), a decimal suffix (n … E) or
//! an exponent.

/// Whether two texts are quantities of the same amount.
pub(crate) fn same_amount(one: &str, other: &str) -> bool {
    match (amount(one), amount(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// An amount as digits times powers of two and ten, in lowest terms: exact, whatever the size.
#[derive(Debug, PartialEq, Eq)]
struct Amount {
    is_negative: bool,
    /// Decimal digits without leading or trailing zeros; empty for nothing at all.
    digits: String,
    /// The power of ten the digits are times.
    tens: i64,
}

/// More digits than this are no amount anybody means.
const LONGEST: usize = 64;

fn amount(text: &str) -> Option<Amount> {
    let (is_negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end =
        rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.len() > LONGEST || fraction.contains('.') || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let (twos, tens) = scale(suffix)?;
    let mut digits: Vec<u8> =
        whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    for _ in 0..twos / 10 {
        multiply(&mut digits, 1024);
    }
    let mut tens = tens - i64::try_from(fraction.len()).ok()?;
    while digits.last() == Some(&0) {
        digits.pop();
        tens += 1;
    }
    let digits: String = digits
        .iter()
        .skip_while(|digit| **digit == 0)
        .map(|digit| char::from(b'0' + digit))
        .collect();
    if digits.is_empty() {
        return Some(Amount { is_negative: false, digits, tens: 0 });
    }
    Some(Amount { is_negative, digits, tens })
}

/// The powers of two and of ten a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i64)> {
    let scale = match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            let power: i64 = digits.parse().ok()?;
            (0, (-100..=100).contains(&power).then_some(power)?)
        }
    };
    Some(scale)
}

/// Multiplies decimal digits, the most significant first.
fn multiply(digits: &mut Vec<u8>, factor: u32) {
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        let product = u32::from(*digit) * factor + carry;
        *digit = u8::try_from(product % 10).unwrap_or_default();
        carry = product / 10;
    }
    while carry > 0 {
        digits.insert(0, u8::try_from(carry % 10).unwrap_or_default());
        carry /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_not_texts() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!(same_amount(one, other), expected, "{one} and {other}");
            assert_eq!(same_amount(other, one), expected, "{other} and {one}");
        };
        check("1000m", "1", true);
        check("0.5", "500m", true);
        check(".5", "500m", true);
        check("1Gi", "1024Mi", true);
        check("1.5Gi", "1536Mi", true);
        check("1Ei", "1152921504606846976", true);
        check("1G", "1Gi", false);
        check("1e3", "1k", true);
        check("1E3", "1000", true);
        check("1E", "1000P", true);
        check("12e6", "12M", true);
        check("0", "0Gi", true);
        check("-0", "0", true);
        check("-1", "1", false);
        check("+1", "1", true);
        check("100m", "0.1", true);
        check("100u", "0.0001", true);
        check("1", "2", false);
        check("1.2.3", "1.2.3", false);
        check("v1", "v1", false);
        check("", "", false);
        check("1kb", "1kb", false);
        check("1e999999999999", "1e999999999999", false);
        check("07", "7", true);
    }
}

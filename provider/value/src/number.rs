//! Numbers of any precision, as Terraform has them.

use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive};

/// The most digits that a number may have when it is written out without an exponent. Terraform
/// itself keeps about 155 significant ones; without a limit, `1e999999999` would fill the memory.
const DIGITS_MAX: u64 = 10_000;

/// A decimal number of any precision; `1`, `1.0` and `1e0` are the same number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

impl Number {
    /// The number as an `i64`, if it is a whole number that fits one.
    pub fn as_i64(&self) -> Option<i64> {
        if self.is_integer() { self.0.to_i64() } else { None }
    }

    /// The number as the nearest `f64`.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.to_f64()
    }

    /// The number as an `f64`, if one holds it exactly.
    pub fn as_exact_f64(&self) -> Option<f64> {
        let nearest: f64 = self.0.to_scientific_notation().parse().ok()?;
        let exact = Self::from_exact_f64(nearest)?;
        (exact == *self).then_some(nearest)
    }

    /// Whether the number has no fractional part.
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// The number for a finite `f64`, by its shortest decimal form; none for infinities and NaN.
    pub fn from_f64(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        Self::from_str(&format!("{number:e}")).ok()
    }

    /// The number for a finite `f64`, with every digit that its bits stand for; none for
    /// infinities and NaN. This is what Terraform means by a float on the wire.
    pub fn from_exact_f64(number: f64) -> Option<Self> {
        BigDecimal::try_from(number).ok().map(|number| Self(number.normalized()))
    }
}

impl FromStr for Number {
    type Err = bigdecimal::ParseBigDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Reading takes quadratic time, so that the text is measured first, and the exponent after.
        if text.len() as u64 > DIGITS_MAX + 32 {
            return Err(too_long());
        }
        let number = BigDecimal::from_str(text)?;
        let scale = number.fractional_digit_count();
        if scale.unsigned_abs().saturating_add(number.digits()) > DIGITS_MAX + 32 {
            return Err(too_long());
        }
        Ok(Self(number.normalized()))
    }
}

fn too_long() -> bigdecimal::ParseBigDecimalError {
    bigdecimal::ParseBigDecimalError::Other(format!("more than {DIGITS_MAX} digits"))
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(BigDecimal::from(number).normalized())
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(BigDecimal::from(number).normalized())
    }
}

impl From<BigInt> for Number {
    fn from(number: BigInt) -> Self {
        Self(BigDecimal::from(number).normalized())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_plain_string())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_digits_as_given() {
        for (text, printed, integer) in [
            ("0", "0", Some(0)),
            ("1.50", "1.5", None),
            ("1e3", "1000", Some(1000)),
            ("-0.1", "-0.1", None),
            ("18446744073709551615", "18446744073709551615", None),
            (
                "0.01000000000000000000000000000000000001",
                "0.01000000000000000000000000000000000001",
                None,
            ),
        ] {
            let number: Number = text.parse().unwrap();
            assert_eq!(number.to_string(), printed);
            assert_eq!(number.as_i64(), integer, "{text}");
        }
    }

    #[test]
    fn refuses_numbers_that_would_fill_the_memory() {
        for text in ["1e999999999", "1e-999999999", "1e99999999999999999999", &"9".repeat(20_000)] {
            assert!(text.parse::<Number>().is_err(), "{text:.20}");
        }
        assert_eq!("1e5000".parse::<Number>().unwrap().to_string().len(), 5001);
    }

    #[test]
    fn knows_which_numbers_a_float_holds() {
        for (text, exact) in [
            ("0.5", Some(0.5)),
            ("0.1", None),
            ("0", Some(0.0)),
            ("-2.25", Some(-2.25)),
            ("9.31322574615478515625e-10", Some(2f64.powi(-30))),
            ("9.313225746154785e-10", None),
            ("1e400", None),
        ] {
            let number: Number = text.parse().unwrap();
            assert_eq!(number.as_exact_f64(), exact, "{text}");
            if let Some(float) = exact {
                assert_eq!(Number::from_exact_f64(float), Some(number));
            }
        }
    }

    #[test]
    fn floats_become_their_shortest_decimal() {
        assert_eq!(Number::from_f64(0.1).unwrap(), "0.1".parse().unwrap());
        assert_eq!(Number::from_f64(f64::NAN), None);
    }
}

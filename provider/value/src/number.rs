//! Numbers of any precision, as Terraform has them.

use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive};

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
}

impl FromStr for Number {
    type Err = bigdecimal::ParseBigDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BigDecimal::from_str(text).map(|number| Self(number.normalized()))
    }
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
    fn floats_become_their_shortest_decimal() {
        assert_eq!(Number::from_f64(0.1).unwrap(), "0.1".parse().unwrap());
        assert_eq!(Number::from_f64(f64::NAN), None);
    }
}

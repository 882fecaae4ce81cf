//! Sprig's casts: a number of anything, zero of what is none.

use crate::number::{self, Integer};
use crate::value::Value;

/// `int64` of a value.
pub(super) fn to_int(value: &Value) -> i64 {
    match value.known() {
        Value::Int(value) | Value::Int64(value) => *value,
        #[expect(clippy::cast_possible_wrap, reason = "Go wraps as well")]
        Value::Uint(value) => *value as i64,
        Value::Float(value) => truncate(*value),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => match number::parse_integer(without_zero_fraction(&text.as_str())) {
            Some(Integer::Signed(value)) => value,
            _ => 0,
        },
        _ => 0,
    }
}

/// `float64` of a value.
#[expect(clippy::cast_precision_loss, reason = "Go converts integers the same way")]
pub(super) fn to_float(value: &Value) -> f64 {
    match value.known() {
        Value::Int(value) | Value::Int64(value) => *value as f64,
        Value::Uint(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => number::parse_float(&text.as_str()).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// A float without its fraction. What does not fit becomes the smallest integer, as on Go's usual machines.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn truncate(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { value as i64 } else { i64::MIN }
}

/// `12.00` without its fraction of zeros.
fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction))
            if !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0') =>
        {
            whole
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_becomes_a_number() {
        let check = |value: Value, int: i64, float: f64| {
            assert_eq!(to_int(&value), int, "{value:?}");
            assert!((to_float(&value) - float).abs() < 1e-9, "{value:?}");
        };
        check(Value::Float(2.9), 2, 2.9);
        check(Value::Float(-2.9), -2, -2.9);
        check(Value::text("12.0"), 12, 12.0);
        check(Value::text("12.5"), 0, 12.5);
        check(Value::text("0755"), 493, 755.0);
        check(Value::text("x"), 0, 0.0);
        check(Value::Bool(true), 1, 1.0);
        check(Value::Nil, 0, 0.0);
        check(Value::Float(1e30), i64::MIN, 1e30);
    }
}

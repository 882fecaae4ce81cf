//! How long CloudWatch Logs can keep records.

use travel_value::{Number, Value};

/// The numbers of days that can be set (CloudWatch Logs API reference, PutRetentionPolicy); 0
/// stands for ever.
const DAYS: [i64; 23] = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The rule of an attribute that holds a number of days.
pub fn is_retention(value: &Value) -> Result<(), String> {
    let days = value.as_number().and_then(Number::as_i64);
    if days.is_some_and(|days| DAYS.contains(&days)) {
        return Ok(());
    }
    let allowed: Vec<String> = DAYS.iter().map(ToString::to_string).collect();
    Err(format!("one of {} (0 keeps them for ever)", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_days() {
        for (days, is) in [(0, true), (90, true), (91, false), (-1, false)] {
            assert_eq!(is_retention(&days.into()).is_ok(), is, "{days}");
        }
    }
}

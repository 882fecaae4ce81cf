//! The `timeouts` block and the attributes that the framework keeps for every object.

use std::time::Duration;

use travel_value::Value;

use crate::Model;
use crate::resource::Timeouts;

/// How long each operation may take, as Go writes durations (`90s`, `30m`, `1h30m`).
#[derive(Clone, Debug, Default, Model)]
pub struct TimeoutsBlock {
    /// How long a create may take.
    #[model(optional, config_only, rule = is_duration)]
    pub create: Option<String>,
    /// How long an update may take.
    #[model(optional, config_only, rule = is_duration)]
    pub update: Option<String>,
    /// How long a delete may take.
    #[model(optional, config_only, rule = is_duration)]
    pub delete: Option<String>,
}

/// What the framework keeps in the state of every object.
#[derive(Clone, Debug, Default, Model)]
pub struct Lifecycle {
    /// `ready` once the object is complete; `incomplete` while its creation was cut off.
    #[model(computed)]
    pub status: Option<String>,
    /// Which create or adoption of the resource this object is: a delete touches no other.
    #[model(computed)]
    pub generation: Option<String>,
    /// How long each operation may take.
    #[model(block)]
    pub timeouts: Option<TimeoutsBlock>,
}

/// The status of an object that is all there.
pub const READY: &str = "ready";
/// The status of an object whose creation was cut off.
pub const INCOMPLETE: &str = "incomplete";

impl Timeouts {
    /// These times, with those that a planned object or state sets in their place.
    #[must_use]
    pub fn overridden(self, object: &Value) -> Self {
        let set = object.get("timeouts");
        let pick = |name: &str, otherwise| {
            set.get(name).as_str().and_then(|text| parse(text).ok()).unwrap_or(otherwise)
        };
        Self {
            create: pick("create", self.create),
            update: pick("update", self.update),
            delete: pick("delete", self.delete),
        }
    }
}

fn is_duration(value: &Value) -> Result<(), String> {
    value.as_str().map_or(Ok(()), |text| parse(text).map(drop))
}

/// Reads a duration as Go writes it, whole numbers of hours, minutes and seconds.
fn parse(text: &str) -> Result<Duration, String> {
    let requirement = || "a duration such as 90s, 30m or 1h30m".to_owned();
    let mut seconds: u64 = 0;
    let mut digits = String::new();
    for character in text.chars() {
        let unit = match character {
            '0'..='9' => {
                digits.push(character);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(requirement()),
        };
        let number: u64 = digits.parse().map_err(|_| requirement())?;
        digits.clear();
        seconds = number
            .checked_mul(unit)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(requirement)?;
    }
    if !digits.is_empty() || seconds == 0 {
        return Err(requirement());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_as_go_writes_them() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("1h30m", Some(5400)),
            ("10", None),
            ("", None),
            ("m", None),
            ("5 m", None),
            ("0s", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(parse(text).ok().map(|duration| duration.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn the_configuration_overrides_the_default() {
        let object = Value::object([("timeouts", Value::object([("create", "1m".into())]))]);
        let timeouts = Timeouts::minutes(20).overridden(&object);
        assert_eq!(timeouts.create, Duration::from_secs(60));
        assert_eq!(timeouts.delete, Duration::from_secs(1200));
    }
}

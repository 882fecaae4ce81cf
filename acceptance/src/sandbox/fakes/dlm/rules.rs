//! What a policy's details mean: when its schedules are due, and how long what they make is kept.

use chrono::{DateTime, Days, Months, NaiveTime, TimeDelta, Utc};
use serde_json::Value;

use super::cron::Cron;

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Timetable {
    /// By an expression.
    Cron(Cron),
    /// Every so many hours, from a time of day on.
    Interval {
        /// The hours between.
        hours: u32,
        /// The time of day.
        from: NaiveTime,
    },
}

impl Timetable {
    /// The timetable of a schedule's create rule.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn of(rule: &Value) -> Result<Self, String> {
        if let Some(expression) = rule["CronExpression"].as_str() {
            return Cron::parse(expression).map(Self::Cron);
        }
        let hours = rule["Interval"].as_u64().and_then(|hours| u32::try_from(hours).ok());
        let hours = hours.ok_or("a CreateRule needs a CronExpression or an Interval")?;
        let from = rule["Times"][0].as_str().unwrap_or("09:00");
        let from = NaiveTime::parse_from_str(from, "%H:%M").map_err(|error| error.to_string())?;
        Ok(Self::Interval { hours, from })
    }

    /// The first time after another.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(cron) => cron.next_after(after),
            Self::Interval { hours, from } => {
                // The hours divide a day, so that counting from its start hits each day's time again.
                let step = TimeDelta::hours(i64::from(*hours));
                let mut time = after.date_naive().and_time(*from).and_utc() - TimeDelta::days(1);
                while time <= after {
                    time += step;
                }
                Some(time)
            }
        }
    }
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many of the newest.
    Count(usize),
    /// Until some time after it was made.
    Age(u32, Unit),
    /// For good.
    Forever,
}

/// A unit of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Months of the calendar.
    Months,
    /// Years of the calendar.
    Years,
}

impl Keep {
    /// What a retain rule says; one that is absent keeps for good.
    pub fn of(rule: &Value) -> Self {
        let count = rule["Count"].as_u64().and_then(|count| usize::try_from(count).ok());
        if let Some(count) = count.filter(|count| *count > 0) {
            return Self::Count(count);
        }
        age(&rule["Interval"], &rule["IntervalUnit"])
            .map_or(Self::Forever, |(number, unit)| Self::Age(number, unit))
    }

    /// When something made at a time is to go; `None` where its age does not decide.
    pub fn end(self, made: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Age(number, unit) => later(made, number, unit),
            Self::Count(_) | Self::Forever => None,
        }
    }
}

/// A number with its unit, `None` where there is none.
pub fn age(number: &Value, unit: &Value) -> Option<(u32, Unit)> {
    let number = number.as_u64().and_then(|number| u32::try_from(number).ok())?;
    let unit = match unit.as_str()? {
        "DAYS" => Unit::Days,
        "WEEKS" => Unit::Weeks,
        "MONTHS" => Unit::Months,
        "YEARS" => Unit::Years,
        _ => return None,
    };
    (number > 0).then_some((number, unit))
}

/// A time some units later.
pub fn later(time: DateTime<Utc>, number: u32, unit: Unit) -> Option<DateTime<Utc>> {
    match unit {
        Unit::Days => time.checked_add_days(Days::new(number.into())),
        Unit::Weeks => time.checked_add_days(Days::new(u64::from(number) * 7)),
        Unit::Months => time.checked_add_months(Months::new(number)),
        Unit::Years => time.checked_add_months(Months::new(number * 12)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_next(rule: Value, expected: &[&str]) {
        let timetable = Timetable::of(&rule).unwrap();
        let mut time: DateTime<Utc> = "2026-11-21T08:30:00Z".parse().unwrap();
        for expected in expected {
            time = timetable.next_after(time).unwrap();
            assert_eq!(time.format("%dT%H:%M").to_string(), *expected, "{rule}");
        }
    }

    #[test]
    fn schedules_are_due_by_interval_or_expression() {
        check_next(json!({"Interval": 24, "Times": ["05:00"]}), &["22T05:00", "23T05:00"]);
        check_next(
            json!({"Interval": 8, "Times": ["23:30"]}),
            &["21T15:30", "21T23:30", "22T07:30"],
        );
        check_next(json!({"Interval": 1, "Times": ["00:15"]}), &["21T09:15", "21T10:15"]);
        check_next(json!({"CronExpression": "cron(0 12 * * ? *)"}), &["21T12:00", "22T12:00"]);
        assert!(Timetable::of(&json!({})).is_err());
    }

    fn check_keep(rule: Value, keep: Keep, end: Option<&str>) {
        let made: DateTime<Utc> = "2026-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(Keep::of(&rule), keep, "{rule}");
        let found = keep.end(made).map(|end| end.format("%Y-%m-%d").to_string());
        assert_eq!(found.as_deref(), end, "{rule}");
    }

    #[test]
    fn retention_goes_by_count_or_age() {
        let of = |number: u32, unit: &str| json!({"Interval": number, "IntervalUnit": unit});
        check_keep(json!({"Count": 3}), Keep::Count(3), None);
        check_keep(of(2, "DAYS"), Keep::Age(2, Unit::Days), Some("2026-02-02"));
        check_keep(of(2, "WEEKS"), Keep::Age(2, Unit::Weeks), Some("2026-02-14"));
        check_keep(of(1, "MONTHS"), Keep::Age(1, Unit::Months), Some("2026-02-28"));
        check_keep(of(1, "YEARS"), Keep::Age(1, Unit::Years), Some("2027-01-31"));
        check_keep(Value::Null, Keep::Forever, None);
    }
}

//! Cron expressions of AWS: `cron(minutes hours day-of-month month day-of-week year)`.
//!
//! Follows "Cron expressions reference" of the Amazon EventBridge User Guide, with `L`, `W` and `#`.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Utc};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// How far ahead a next time is looked for.
const LONGEST_DAYS: u32 = 366 * 9;

/// An expression. Times are in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<Day>,
    months: Vec<u32>,
    years: Vec<u32>,
}

/// A day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Any,
    OfMonth(u32),
    Last,
    WeekdayNear(u32),
    LastWeekday,
    /// From 1, Sunday.
    OfWeek(u32),
    LastOfWeek(u32),
    Nth(u32, u32),
}

impl Cron {
    /// Parses `cron(0 5 * * ? *)`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
        let inner = inner.ok_or_else(|| format!("{text:?} is not cron(…)"))?;
        let fields: Vec<&str> = inner.split_whitespace().collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err(format!("{text:?} does not have six fields"));
        };
        if (*of_month == "?") == (*of_week == "?") {
            return Err(format!("one of the two fields for days of {text:?} must be ?"));
        }
        let days = if *of_week == "?" {
            parse_list(of_month, day_of_month)?
        } else {
            parse_list(of_week, day_of_week)?
        };
        Ok(Self {
            minutes: numbers(minutes, 0, 59, &[])?,
            hours: numbers(hours, 0, 23, &[])?,
            days,
            months: numbers(months, 1, 12, &MONTHS)?,
            years: numbers(years, 1970, 2199, &[])?,
        })
    }

    /// The first time after another; `None` where there is none for years.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut date = after.date_naive();
        for _ in 0..LONGEST_DAYS {
            if self.covers(date) {
                let times = self.hours.iter().flat_map(|hour| {
                    self.minutes
                        .iter()
                        .filter_map(move |minute| date.and_hms_opt(*hour, *minute, 0))
                });
                let next =
                    times.map(|time: NaiveDateTime| time.and_utc()).find(|time| *time > after);
                if next.is_some() {
                    return next;
                }
            }
            date = date.checked_add_days(Days::new(1))?;
        }
        None
    }

    fn covers(&self, date: NaiveDate) -> bool {
        let year = u32::try_from(date.year()).unwrap_or_default();
        self.years.contains(&year)
            && self.months.contains(&date.month())
            && self.days.iter().any(|day| day.is(date))
    }
}

impl Day {
    fn is(self, date: NaiveDate) -> bool {
        let last = u32::from(date.num_days_in_month());
        let week_day = date.weekday().number_from_sunday();
        match self {
            Self::Any => true,
            Self::OfMonth(day) => date.day() == day,
            Self::Last => date.day() == last,
            Self::WeekdayNear(day) => date.day() == weekday_near(date, day.min(last)),
            Self::LastWeekday => date.day() == weekday_near(date, last),
            Self::OfWeek(day) => week_day == day,
            Self::LastOfWeek(day) => week_day == day && date.day() + 7 > last,
            Self::Nth(day, nth) => week_day == day && date.day().div_ceil(7) == nth,
        }
    }
}

/// The day from Monday to Friday that is nearest to a day, in the same month.
fn weekday_near(date: NaiveDate, day: u32) -> u32 {
    let last = u32::from(date.num_days_in_month());
    let week_day = date.with_day(day).map(|date| date.weekday().number_from_sunday());
    match week_day {
        Some(7) if day > 1 => day - 1,
        Some(7) => day + 2,
        Some(1) if day < last => day + 1,
        Some(1) => day - 2,
        _ => day,
    }
}

fn parse_list<T>(
    field: &str,
    parse: impl Fn(&str) -> Result<Vec<T>, String>,
) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for part in field.split(',') {
        all.extend(parse(part)?);
    }
    Ok(all)
}

fn day_of_month(part: &str) -> Result<Vec<Day>, String> {
    Ok(match part {
        "*" => vec![Day::Any],
        "L" => vec![Day::Last],
        "LW" => vec![Day::LastWeekday],
        _ => match part.strip_suffix('W') {
            Some(day) => vec![Day::WeekdayNear(number(day, 1, 31, &[])?)],
            None => numbers(part, 1, 31, &[])?.into_iter().map(Day::OfMonth).collect(),
        },
    })
}

fn day_of_week(part: &str) -> Result<Vec<Day>, String> {
    let day = |text: &str| number(text, 1, 7, &DAYS);
    if part == "*" {
        return Ok(vec![Day::Any]);
    }
    if part == "L" {
        return Ok(vec![Day::OfWeek(7)]);
    }
    if let Some((text, nth)) = part.split_once('#') {
        return Ok(vec![Day::Nth(day(text)?, number(nth, 1, 5, &[])?)]);
    }
    if let Some(text) = part.strip_suffix('L') {
        return Ok(vec![Day::LastOfWeek(day(text)?)]);
    }
    Ok(numbers(part, 1, 7, &DAYS)?.into_iter().map(Day::OfWeek).collect())
}

/// The numbers of a field: `*`, `3`, `1-5`, `0/15`, `MON-FRI`, or a list of these.
fn numbers(field: &str, least: u32, most: u32, names: &[&str]) -> Result<Vec<u32>, String> {
    let mut all = parse_list(field, |part| {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, 1, most, &[])?)),
            None => (part, None),
        };
        let (start, end) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((start, end)) => {
                (number(start, least, most, names)?, number(end, least, most, names)?)
            }
            // A start with a step goes on to the end.
            None => {
                let start = number(range, least, most, names)?;
                (start, if step.is_some() { most } else { start })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(1);
        Ok((start..=end).step_by(step).collect())
    })?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn number(text: &str, least: u32, most: u32, names: &[&str]) -> Result<u32, String> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
    named
        .or_else(|| text.parse().ok())
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{text:?} is not from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, after: &str, expected: Option<&str>) {
        let cron = Cron::parse(expression).unwrap();
        let after: DateTime<Utc> = after.parse().unwrap();
        let next = cron.next_after(after).map(|time| time.format("%Y-%m-%dT%H:%MZ").to_string());
        assert_eq!(next.as_deref(), expected, "{expression}");
    }

    #[test]
    fn the_next_time_is_found() {
        let saturday = "2026-11-21T08:30:00Z";
        check("cron(0 5 * * ? *)", saturday, Some("2026-11-22T05:00Z"));
        check("cron(30 8 * * ? *)", saturday, Some("2026-11-22T08:30Z"));
        check("cron(0/15 * * * ? *)", saturday, Some("2026-11-21T08:45Z"));
        check("cron(0 0 ? * MON-FRI *)", saturday, Some("2026-11-23T00:00Z"));
        check("cron(0 0 ? * 1 *)", saturday, Some("2026-11-22T00:00Z"));
        check("cron(0 1 1 JAN,JUL ? *)", saturday, Some("2027-01-01T01:00Z"));
        check("cron(0 1 L * ? *)", saturday, Some("2026-11-30T01:00Z"));
        check("cron(0 1 ? * 6L *)", saturday, Some("2026-11-27T01:00Z"));
        check("cron(0 1 ? * TUE#2 *)", saturday, Some("2026-12-08T01:00Z"));
        check("cron(0 1 21W * ? *)", "2026-11-01T00:00:00Z", Some("2026-11-20T01:00Z"));
        check("cron(0 1 LW * ? *)", "2027-01-30T00:00:00Z", Some("2027-02-26T01:00Z"));
        check("cron(0 1 29 2 ? *)", saturday, Some("2028-02-29T01:00Z"));
        check("cron(0 1 1 1 ? 2020)", saturday, None);
        check("cron(0 8,20 * * ? 2026-2027)", saturday, Some("2026-11-21T20:00Z"));
    }

    fn refused(expression: &str, part: &str) {
        let error = Cron::parse(expression).unwrap_err();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn nonsense_is_refused() {
        refused("0 5 * * ? *", "is not cron(…)");
        refused("cron(0 5 * * ?)", "six fields");
        refused("cron(0 5 * * * *)", "must be ?");
        refused("cron(60 5 * * ? *)", "\"60\" is not from 0 to 59");
        refused("cron(0 5 ? * XYZ *)", "\"XYZ\" is not from 1 to 7");
        refused("cron(0/0 5 * * ? *)", "\"0\" is not from 1");
    }
}

//! Cron expressions as AWS writes them, and how far apart the times they name are.
//!
//! Follows the cron reference of the Amazon EventBridge User Guide:
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MINUTES_PER_DAY: u32 = 24 * 60;
/// The first year that gaps are looked for in, and how many: every leap year's pattern of
/// weekdays near it comes up.
const FIRST_YEAR: i32 = 2024;
const YEARS: u64 = 12;

/// A cron expression: `cron(minutes hours day-of-month month day-of-week year)`, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes_of_day: BTreeSet<u32>,
    months: BTreeSet<u32>,
    days: BTreeSet<Day>,
}

/// A day that an expression names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Day {
    Every,
    OfMonth(u32),
    LastOfMonth,
    LastWorkdayOfMonth,
    WorkdayNearest(u32),
    OfWeek(u32),
    /// A day of the week, the how-manieth in its month.
    Nth(u32, u32),
    LastOfWeek(u32),
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// What it must be, as in "must be …".
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
        let fields: Vec<&str> = inner.unwrap_or_default().split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
            return Err("cron(…) with six fields: minutes, hours, day of month, month, day of \
                        week, year"
                .to_owned());
        };
        if *year != "*" {
            return Err(
                "a cron expression whose year is *, so that the policy does not end".to_owned()
            );
        }
        let days = match (*day_of_month, *day_of_week) {
            ("?", "?") | ("*", "*") => None,
            ("?", days) => Some(list(days, &|item| day_of_week_item(item))?),
            (days, "?") => Some(list(days, &|item| day_of_month_item(item))?),
            _ => None,
        };
        let days = days.ok_or("a cron expression with ? for day of month or day of week")?;
        let numbers = |field: &str, least, most, names| {
            list(field, &|item| numbers(item, least, most, names))
        };
        let hours = numbers(hours, 0, 23, &[])?;
        let minutes = numbers(minutes, 0, 59, &[])?;
        Ok(Self {
            minutes_of_day: hours
                .iter()
                .flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute))
                .collect(),
            months: numbers(month, 1, 12, &MONTHS)?,
            days,
        })
    }

    /// The shortest and the longest time between two times in a row, in minutes; none where there
    /// are no two.
    pub fn gaps(&self) -> Option<(u64, u64)> {
        let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1)?;
        let (mut before, mut gaps) = (None, None::<(u64, u64)>);
        for number in 0..YEARS * 366 {
            let date = first.checked_add_days(Days::new(number))?;
            if !self.fits(date) {
                continue;
            }
            for minute in &self.minutes_of_day {
                let time = number * u64::from(MINUTES_PER_DAY) + u64::from(*minute);
                if let Some(before) = before {
                    let gap: u64 = time - before;
                    let (shortest, longest) = gaps.unwrap_or((gap, gap));
                    gaps = Some((shortest.min(gap), longest.max(gap)));
                }
                before = Some(time);
            }
        }
        gaps
    }

    fn fits(&self, date: NaiveDate) -> bool {
        self.months.contains(&date.month()) && self.days.iter().any(|day| day.fits(date))
    }
}

impl Day {
    fn fits(self, date: NaiveDate) -> bool {
        let weekday = date.weekday().number_from_sunday();
        let last = last_of_month(date);
        match self {
            Self::Every => true,
            Self::OfMonth(day) => date.day() == day,
            Self::LastOfMonth => date.day() == last,
            Self::LastWorkdayOfMonth => workday_nearest(date, last) == Some(date),
            Self::WorkdayNearest(day) => workday_nearest(date, day) == Some(date),
            Self::OfWeek(day) => weekday == day,
            Self::Nth(day, number) => weekday == day && date.day().div_ceil(7) == number,
            Self::LastOfWeek(day) => weekday == day && date.day() + 7 > last,
        }
    }
}

fn last_of_month(date: NaiveDate) -> u32 {
    (28..=31).rev().find(|day| date.with_day(*day).is_some()).unwrap_or(28)
}

/// The day from Monday to Friday that is nearest to a day of a date's month, in that month.
fn workday_nearest(date: NaiveDate, day: u32) -> Option<NaiveDate> {
    let day = date.with_day(day)?;
    match day.weekday() {
        Weekday::Sat if day.day() == 1 => day.checked_add_days(Days::new(2)),
        Weekday::Sat => day.checked_sub_days(Days::new(1)),
        Weekday::Sun if day.day() == last_of_month(day) => day.checked_sub_days(Days::new(2)),
        Weekday::Sun => day.checked_add_days(Days::new(1)),
        _ => Some(day),
    }
}

/// The items of a list, taken together.
fn list<T: Ord>(
    field: &str,
    item: &dyn Fn(&str) -> Result<Vec<T>, String>,
) -> Result<BTreeSet<T>, String> {
    let mut found = BTreeSet::new();
    for part in field.split(',') {
        found.extend(item(part)?);
    }
    Ok(found)
}

fn day_of_month_item(item: &str) -> Result<Vec<Day>, String> {
    let workday = item.strip_suffix('W').and_then(|day| day.parse::<u32>().ok());
    match (item, workday) {
        ("*", _) => Ok(vec![Day::Every]),
        ("L", _) => Ok(vec![Day::LastOfMonth]),
        ("LW", _) => Ok(vec![Day::LastWorkdayOfMonth]),
        (_, Some(day @ 1..=31)) => Ok(vec![Day::WorkdayNearest(day)]),
        _ => Ok(numbers(item, 1, 31, &[])?.into_iter().map(Day::OfMonth).collect()),
    }
}

fn day_of_week_item(item: &str) -> Result<Vec<Day>, String> {
    let weekday = |text: &str| number(text, 1, 7, &WEEKDAYS);
    if item == "*" {
        return Ok(vec![Day::Every]);
    }
    if item == "L" {
        return Ok(vec![Day::OfWeek(7)]);
    }
    if let Some((day, nth)) = item.split_once('#') {
        return match nth.parse() {
            Ok(nth @ 1..=5) => Ok(vec![Day::Nth(weekday(day)?, nth)]),
            _ => Err(misfit(item)),
        };
    }
    if let Some(day) = item.strip_suffix('L') {
        return Ok(vec![Day::LastOfWeek(weekday(day)?)]);
    }
    Ok(numbers(item, 1, 7, &WEEKDAYS)?.into_iter().map(Day::OfWeek).collect())
}

/// The numbers that `*`, `5`, `1-5`, `*/2`, `0/15` or `1-10/3` mean.
fn numbers(item: &str, least: u32, most: u32, names: &[&str]) -> Result<Vec<u32>, String> {
    let (range, step) = match item.split_once('/') {
        None => (item, None),
        Some((range, step)) => match step.parse::<usize>() {
            Ok(step) if step > 0 => (range, Some(step)),
            _ => return Err(misfit(item)),
        },
    };
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (least, most),
        Some((from, to)) => (number(from, least, most, names)?, number(to, least, most, names)?),
        None => {
            let from = number(range, least, most, names)?;
            (from, if step.is_some() { most } else { from })
        }
    };
    let step = step.unwrap_or(1);
    if from <= to {
        return Ok((from..=to).step_by(step).collect());
    }
    // A range may go past the end, as in 22-2 or FRI-MON.
    Ok((from..=most).chain(least..=to).step_by(step).collect())
}

fn number(text: &str, least: u32, most: u32, names: &[&str]) -> Result<u32, String> {
    let named = names.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(text));
    let number = named.map(|(_, number)| number).or_else(|| text.parse().ok());
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| misfit(text))
}

fn misfit(item: &str) -> String {
    format!("a cron expression of AWS, which {item:?} has no place in")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &str, expected: Option<(u64, u64)>) {
        assert_eq!(Cron::parse(&format!("cron({fields})")).unwrap().gaps(), expected, "{fields}");
    }

    #[test]
    fn gaps_lie_between_the_times() {
        let days = |days: u64| days * 24 * 60;
        check("0 5 * * ? *", Some((days(1), days(1))));
        check("0 0/6 * * ? *", Some((360, 360)));
        check("30 8,20 ? * * *", Some((720, 720)));
        check("0 22-2 * * ? *", Some((60, 20 * 60)));
        check("0 5 ? * MON-FRI *", Some((days(1), days(3))));
        check("0 5 ? * FRI-MON *", Some((days(1), days(4))));
        check("0 5 1 * ? *", Some((days(28), days(31))));
        check("0 5 L * ? *", Some((days(28), days(31))));
        check("0 5 1W * ? *", Some((days(28), days(33))));
        check("0 5 LW * ? *", Some((days(28), days(33))));
        check("0 5 ? * 2#1 *", Some((days(28), days(35))));
        check("0 5 ? * 6L *", Some((days(28), days(35))));
        check("0 5 1 1 ? *", Some((days(365), days(366))));
        check("0 5 29 2 ? *", Some((days(1461), days(1461))));
        check("0 5 31 2 ? *", None);
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for (text, part) in [
            ("0 5 * * ? *", "six fields"),
            ("cron(0 5 * * ?)", "six fields"),
            ("cron(0 5 * * * *)", "with ?"),
            ("cron(0 5 ? * ? *)", "with ?"),
            ("cron(0 5 1 * MON *)", "with ?"),
            ("cron(60 5 * * ? *)", "\"60\""),
            ("cron(0 5 * JANUARY ? *)", "\"JANUARY\""),
            ("cron(0 5 ? * 2#6 *)", "\"2#6\""),
            ("cron(0 5/0 * * ? *)", "\"5/0\""),
            ("cron(0 5 * * ? 2027)", "year"),
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

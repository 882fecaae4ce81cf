//! Go's layouts, in which a date is described by how one certain moment would be written.

use jiff::Zoned;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use crate::bounds;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A part of a layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperNoon,
    LowerNoon,
    ZoneName,
    Zone { utc_as_z: bool, style: ZoneStyle },
    Fraction { separator: char, digits: usize, trimmed: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ZoneStyle {
    Hours,
    Minutes,
    ColonMinutes,
    Seconds,
    ColonSeconds,
}

/// Longer texts come before those they start with.
const FIXED: &[(&str, Part<'static>)] = &[
    ("January", Part::LongMonth),
    ("Monday", Part::LongWeekday),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumberMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperNoon),
    ("pm", Part::LowerNoon),
    ("-070000", Part::Zone { utc_as_z: false, style: ZoneStyle::Seconds }),
    ("-07:00:00", Part::Zone { utc_as_z: false, style: ZoneStyle::ColonSeconds }),
    ("-0700", Part::Zone { utc_as_z: false, style: ZoneStyle::Minutes }),
    ("-07:00", Part::Zone { utc_as_z: false, style: ZoneStyle::ColonMinutes }),
    ("-07", Part::Zone { utc_as_z: false, style: ZoneStyle::Hours }),
    ("Z070000", Part::Zone { utc_as_z: true, style: ZoneStyle::Seconds }),
    ("Z07:00:00", Part::Zone { utc_as_z: true, style: ZoneStyle::ColonSeconds }),
    ("Z0700", Part::Zone { utc_as_z: true, style: ZoneStyle::Minutes }),
    ("Z07:00", Part::Zone { utc_as_z: true, style: ZoneStyle::ColonMinutes }),
    ("Z07", Part::Zone { utc_as_z: true, style: ZoneStyle::Hours }),
];

/// The part a text starts with and its length.
fn part_at(text: &str) -> Option<(Part<'static>, usize)> {
    for (pattern, part) in [("Jan", Part::Month), ("Mon", Part::Weekday)] {
        let long = text.starts_with("January") || text.starts_with("Monday");
        let followed_by_lower = text.as_bytes().get(3).is_some_and(u8::is_ascii_lowercase);
        if text.starts_with(pattern) && !long && !followed_by_lower {
            return Some((part, 3));
        }
    }
    // `_2006` is an underscore and a year, not a day.
    if text.starts_with("_2006") {
        return None;
    }
    if let Some((pattern, part)) = FIXED.iter().find(|(pattern, _)| text.starts_with(pattern)) {
        return Some((*part, pattern.len()));
    }
    fraction_at(text)
}

fn fraction_at(text: &str) -> Option<(Part<'static>, usize)> {
    let mut characters = text.chars();
    let separator = characters.next().filter(|character| matches!(character, '.' | ','))?;
    let digit = characters.next().filter(|character| matches!(character, '0' | '9'))?;
    let digits = text[1..].chars().take_while(|character| *character == digit).count();
    if text[1 + digits..].starts_with(|character: char| character.is_ascii_digit()) {
        return None;
    }
    Some((Part::Fraction { separator, digits, trimmed: digit == '9' }, 1 + digits))
}

/// The parts of a layout, each as the layout writes it.
pub(super) fn parts(layout: &str) -> Vec<(Part<'_>, &str)> {
    let mut parts = Vec::new();
    if !bounds::allow(layout.len().saturating_mul(bounds::STEP)) {
        return parts;
    }
    let (mut text_start, mut at) = (0, 0);
    while at < layout.len() {
        if let Some((part, length)) = part_at(&layout[at..]) {
            if text_start < at {
                let text = &layout[text_start..at];
                parts.push((Part::Text(text), text));
            }
            parts.push((part, &layout[at..at + length]));
            at += length;
            text_start = at;
        } else {
            at += layout[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    if text_start < layout.len() {
        let text = &layout[text_start..];
        parts.push((Part::Text(text), text));
    }
    parts
}

/// `time.Time.Format`.
pub(super) fn format(time: &Zoned, layout: &str) -> String {
    parts(layout).into_iter().map(|(part, _)| format_part(time, part)).collect()
}

fn format_part(time: &Zoned, part: Part<'_>) -> String {
    let month_name = MONTHS[usize::try_from(time.month() - 1).unwrap_or(0)];
    let day_name = DAYS[usize::try_from(time.weekday().to_sunday_zero_offset()).unwrap_or(0)];
    let hour12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match part {
        Part::Text(text) => text.to_owned(),
        Part::LongMonth => month_name.to_owned(),
        Part::Month => month_name[..3].to_owned(),
        Part::NumberMonth => time.month().to_string(),
        Part::ZeroMonth => format!("{:02}", time.month()),
        Part::LongWeekday => day_name.to_owned(),
        Part::Weekday => day_name[..3].to_owned(),
        Part::Day => time.day().to_string(),
        Part::UnderDay => format!("{:2}", time.day()),
        Part::ZeroDay => format!("{:02}", time.day()),
        Part::UnderYearDay => format!("{:3}", time.day_of_year()),
        Part::ZeroYearDay => format!("{:03}", time.day_of_year()),
        Part::Hour => format!("{:02}", time.hour()),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroHour12 => format!("{hour12:02}"),
        Part::Minute => time.minute().to_string(),
        Part::ZeroMinute => format!("{:02}", time.minute()),
        Part::Second => time.second().to_string(),
        Part::ZeroSecond => format!("{:02}", time.second()),
        Part::LongYear => format!("{:04}", time.year()),
        Part::Year => format!("{:02}", time.year().rem_euclid(100)),
        Part::UpperNoon => (if time.hour() >= 12 { "PM" } else { "AM" }).to_owned(),
        Part::LowerNoon => (if time.hour() >= 12 { "pm" } else { "am" }).to_owned(),
        Part::ZoneName => zone_name(time),
        Part::Zone { utc_as_z, style } => format_zone(time.offset(), utc_as_z, style),
        Part::Fraction { separator, digits, trimmed } => {
            let nanoseconds = format!("{:09}", time.subsec_nanosecond());
            let fraction = &nanoseconds[..digits.min(9)];
            let fraction = if trimmed { fraction.trim_end_matches('0') } else { fraction };
            if fraction.is_empty() { String::new() } else { format!("{separator}{fraction}") }
        }
    }
}

fn zone_name(time: &Zoned) -> String {
    if *time.time_zone() == TimeZone::UTC {
        return "UTC".to_owned();
    }
    time.time_zone().to_offset_info(time.timestamp()).abbreviation().to_owned()
}

fn format_zone(offset: Offset, utc_as_z: bool, style: ZoneStyle) -> String {
    let seconds = offset.seconds();
    if utc_as_z && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.unsigned_abs();
    let (hours, minutes, rest) = (size / 3600, size / 60 % 60, size % 60);
    match style {
        ZoneStyle::Hours => format!("{sign}{hours:02}"),
        ZoneStyle::Minutes => format!("{sign}{hours:02}{minutes:02}"),
        ZoneStyle::ColonMinutes => format!("{sign}{hours:02}:{minutes:02}"),
        ZoneStyle::Seconds => format!("{sign}{hours:02}{minutes:02}{rest:02}"),
        ZoneStyle::ColonSeconds => format!("{sign}{hours:02}:{minutes:02}:{rest:02}"),
    }
}

/// A time in JSON.
pub(crate) fn format_rfc3339(time: &Zoned) -> String {
    format(time, "2006-01-02T15:04:05.999999999Z07:00")
}

/// A time as it prints.
pub(crate) fn print_time(time: &Zoned) -> String {
    format(time, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// What Go's zero time is.
pub(super) fn zero_time() -> Zoned {
    DateTime::from_parts(Date::constant(1, 1, 1), Time::midnight())
        .to_zoned(TimeZone::UTC)
        .unwrap_or_else(|_| Zoned::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_write_and_read_times() {
        let time =
            DateTime::constant(2024, 3, 5, 14, 7, 9, 120_000_000).to_zoned(TimeZone::UTC).unwrap();
        let check =
            |layout: &str, expected: &str| assert_eq!(format(&time, layout), expected, "{layout}");
        check("2006-01-02T15:04:05Z07:00", "2024-03-05T14:07:09Z");
        check("Mon Jan _2 3:04PM 2006", "Tue Mar  5 2:07PM 2024");
        check("Monday, January 2 06 -0700 MST", "Tuesday, March 5 24 +0000 UTC");
        check("20060102150405", "20240305140709");
        check("05.000 .999", "09.120 .12");
        check("002 Month", "065 Month");
    }
}

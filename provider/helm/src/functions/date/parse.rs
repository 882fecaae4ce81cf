//! Reading times by Go's layouts.

use jiff::Zoned;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::layout::{DAYS, MONTHS, Part, ZoneStyle, parts};

/// What has been read of a time.
#[derive(Default)]
struct Parsed {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

/// Why a part cannot be read.
enum Problem {
    /// The text is something else.
    Bad,
    /// The number is too large or too small for what it stands for.
    Range(&'static str),
}

type Read<'t> = Result<&'t str, Problem>;

/// `time.ParseInLocation` with the local zone, with Go's errors.
pub(super) fn parse(layout: &str, text: &str) -> Result<Zoned, String> {
    let fail = |problem: String| Err(format!("parsing time {}{problem}", quote(text)));
    let cannot = |rest: &str, part: &str| {
        fail(format!(" as {}: cannot parse {} as {}", quote(layout), quote(rest), quote(part)))
    };
    let mut parsed = Parsed::default();
    let mut rest = text;
    let mut parts = parts(layout).into_iter().peekable();
    while let Some((part, source)) = parts.next() {
        if let Part::Text(prefix) = part {
            match skip(rest, prefix) {
                Ok(after) => rest = after,
                Err(left) => return cannot(left, source),
            }
            continue;
        }
        match parse_part(part, rest, &mut parsed) {
            Ok(after) => rest = after,
            Err(Problem::Bad) => return cannot(rest, source),
            Err(Problem::Range(what)) => return fail(format!(": {what} out of range")),
        }
        // A fraction of seconds is accepted even where the layout has none.
        let is_second = matches!(part, Part::Second | Part::ZeroSecond);
        if is_second && !matches!(parts.peek(), Some((Part::Fraction { .. }, _))) {
            rest = fraction(rest, &mut parsed).unwrap_or(rest);
        }
    }
    if !rest.is_empty() {
        return fail(format!(": extra text: {}", quote(rest)));
    }
    parsed.time().or_else(|problem| fail(format!(": {problem}")))
}

impl Parsed {
    fn time(&self) -> Result<Zoned, &'static str> {
        const DAY: &str = "day out of range";
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let mut date = Date::new(self.year, month, day).map_err(|_| DAY)?;
        if let Some(year_day) = self.year_day {
            date = date
                .with()
                .day_of_year(year_day)
                .build()
                .map_err(|_| "day-of-year out of range")?;
            if self.month.is_some_and(|month| month != date.month()) {
                return Err("day-of-year does not match month");
            }
            if self.day.is_some_and(|day| day != date.day()) {
                return Err("day-of-year does not match day");
            }
        }
        let time = Time::new(hour, self.minute, self.second, self.nanosecond).map_err(|_| DAY)?;
        let zone = self.offset.map_or_else(TimeZone::system, TimeZone::fixed);
        DateTime::from_parts(date, time).to_zoned(zone).map_err(|_| DAY)
    }
}

/// Reads one part and gives what follows it.
fn parse_part<'t>(part: Part<'_>, text: &'t str, parsed: &mut Parsed) -> Read<'t> {
    match part {
        Part::Text(_) => Ok(text),
        Part::LongMonth | Part::Month => {
            let (index, rest) = name(text, &MONTHS, part == Part::Month)?;
            parsed.month = Some(index + 1);
            Ok(rest)
        }
        Part::LongWeekday | Part::Weekday => Ok(name(text, &DAYS, part == Part::Weekday)?.1),
        Part::NumberMonth | Part::ZeroMonth => {
            let (month, rest) = number(text, part == Part::ZeroMonth, 1, 12, "month")?;
            parsed.month = Some(month);
            Ok(rest)
        }
        Part::Day | Part::UnderDay | Part::ZeroDay => {
            let text =
                if part == Part::UnderDay { text.strip_prefix(' ').unwrap_or(text) } else { text };
            let (day, rest) = number(text, part == Part::ZeroDay, 0, 99, "day")?;
            parsed.day = Some(day);
            Ok(rest)
        }
        Part::UnderYearDay | Part::ZeroYearDay => year_day(text, part, parsed),
        Part::Hour => into(&mut parsed.hour, number(text, false, 0, 23, "hour")?),
        Part::Hour12 | Part::ZeroHour12 => {
            into(&mut parsed.hour, number(text, part == Part::ZeroHour12, 0, 12, "hour")?)
        }
        Part::Minute | Part::ZeroMinute => {
            into(&mut parsed.minute, number(text, part == Part::ZeroMinute, 0, 59, "minute")?)
        }
        Part::Second | Part::ZeroSecond => {
            let fixed = part == Part::ZeroSecond;
            into(&mut parsed.second, number(text, fixed, 0, 59, "second")?)
        }
        Part::LongYear => year(text, 4, parsed),
        Part::Year => {
            let rest = year(text, 2, parsed)?;
            parsed.year += if parsed.year >= 69 { 1900 } else { 2000 };
            Ok(rest)
        }
        Part::UpperNoon | Part::LowerNoon => {
            let (am, pm) = if part == Part::UpperNoon { ("AM", "PM") } else { ("am", "pm") };
            let afternoon = text.strip_prefix(pm).map(|rest| (true, rest));
            let (afternoon, rest) =
                afternoon.or_else(|| Some((false, text.strip_prefix(am)?))).ok_or(Problem::Bad)?;
            parsed.afternoon = Some(afternoon);
            Ok(rest)
        }
        Part::ZoneName => zone_name(text, parsed),
        Part::Zone { utc_as_z, style } => zone(text, utc_as_z, style, parsed),
        Part::Fraction { digits, trimmed: false, .. } => {
            let (head, rest) = text.split_at_checked(1 + digits).ok_or(Problem::Bad)?;
            match fraction(head, parsed) {
                Some("") => Ok(rest),
                _ => Err(Problem::Bad),
            }
        }
        Part::Fraction { .. } => Ok(fraction(text, parsed).unwrap_or(text)),
    }
}

fn into<'t>(field: &mut i8, (number, rest): (i8, &'t str)) -> Read<'t> {
    *field = number;
    Ok(rest)
}

fn name<'t>(text: &'t str, names: &[&str], short: bool) -> Result<(i8, &'t str), Problem> {
    (0..)
        .zip(names)
        .find_map(|(index, name)| {
            let name = if short { &name[..3] } else { name };
            let head = text.get(..name.len())?;
            head.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
        })
        .ok_or(Problem::Bad)
}

/// One or two digits; exactly two where they are fixed.
fn number<'t>(
    text: &'t str,
    fixed: bool,
    least: i8,
    most: i8,
    what: &'static str,
) -> Result<(i8, &'t str), Problem> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits < 2) {
        return Err(Problem::Bad);
    }
    let number = text[..digits].parse().map_err(|_| Problem::Bad)?;
    if (least..=most).contains(&number) {
        Ok((number, &text[digits..]))
    } else {
        Err(Problem::Range(what))
    }
}

fn year<'t>(text: &'t str, digits: usize, parsed: &mut Parsed) -> Read<'t> {
    let (head, rest) = text.split_at_checked(digits).ok_or(Problem::Bad)?;
    if !head.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Bad);
    }
    parsed.year = head.parse().map_err(|_| Problem::Bad)?;
    Ok(rest)
}

fn year_day<'t>(text: &'t str, part: Part<'_>, parsed: &mut Parsed) -> Read<'t> {
    let fixed = part == Part::ZeroYearDay;
    let spaces =
        if fixed { 0 } else { text.bytes().take(2).take_while(|byte| *byte == b' ').count() };
    let text = &text[spaces..];
    let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits < 3) {
        return Err(Problem::Bad);
    }
    parsed.year_day = Some(text[..digits].parse().map_err(|_| Problem::Bad)?);
    Ok(&text[digits..])
}

fn fraction<'t>(text: &'t str, parsed: &mut Parsed) -> Option<&'t str> {
    let digits = text.strip_prefix(['.', ','])?;
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    parsed.nanosecond = format!("{:0<9}", &digits[..length.min(9)]).parse().ok()?;
    Some(&digits[length..])
}

/// An abbreviation such as `CEST`. Only UTC says what it means.
fn zone_name<'t>(text: &'t str, parsed: &mut Parsed) -> Read<'t> {
    if let Some(rest) = text.strip_prefix("UTC") {
        parsed.offset = Some(Offset::UTC);
        return Ok(rest);
    }
    let upper = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    let is_zone = match upper {
        3 => true,
        4 => text.as_bytes()[3] == b'T' || text.starts_with("WITA"),
        5 => text.as_bytes()[4] == b'T',
        _ => false,
    };
    if !is_zone {
        return Err(Problem::Bad);
    }
    if text.starts_with("GMT") {
        parsed.offset = Some(Offset::UTC);
    }
    Ok(&text[upper..])
}

fn zone<'t>(text: &'t str, utc_as_z: bool, style: ZoneStyle, parsed: &mut Parsed) -> Read<'t> {
    if utc_as_z && let Some(rest) = text.strip_prefix('Z') {
        parsed.offset = Some(Offset::UTC);
        return Ok(rest);
    }
    let (length, colons): (usize, &[usize]) = match style {
        ZoneStyle::Hours => (3, &[]),
        ZoneStyle::Minutes => (5, &[]),
        ZoneStyle::ColonMinutes => (6, &[3]),
        ZoneStyle::Seconds => (7, &[]),
        ZoneStyle::ColonSeconds => (9, &[3, 6]),
    };
    let (head, rest) = text.split_at_checked(length).ok_or(Problem::Bad)?;
    if colons.iter().any(|colon| head.as_bytes()[*colon] != b':') {
        return Err(Problem::Bad);
    }
    let mut digits = head.get(1..).ok_or(Problem::Bad)?.to_owned();
    digits.retain(|character| character != ':');
    let mut pair = |most: i8, what| {
        if digits.is_empty() {
            return Ok(0);
        }
        let (number, rest) = number(&digits, true, 0, most, what)?;
        digits = rest.to_owned();
        Ok(i32::from(number))
    };
    let hours = pair(24, "time zone offset hour")?;
    let minutes = pair(60, "time zone offset minute")?;
    let seconds = hours * 3600 + minutes * 60 + pair(60, "time zone offset second")?;
    let sign = match head.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return Err(Problem::Bad),
    };
    parsed.offset = Some(Offset::from_seconds(sign * seconds).map_err(|_| Problem::Bad)?);
    Ok(rest)
}

/// Takes a prefix off, where a run of spaces stands for any other; else gives what is left where they part.
fn skip<'t>(text: &'t str, prefix: &str) -> Result<&'t str, &'t str> {
    let mut rest = text;
    let mut prefix = prefix;
    while let Some(expected) = prefix.chars().next() {
        if expected == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return Err(rest);
            }
            prefix = prefix.trim_start_matches(' ');
            rest = rest.trim_start_matches(' ');
            continue;
        }
        rest = rest.strip_prefix(expected).ok_or(rest)?;
        prefix = &prefix[expected.len_utf8()..];
    }
    Ok(rest)
}

/// How Go's errors quote times: all but printable ASCII byte by byte.
fn quote(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::date::layout::format;

    #[test]
    fn times_are_read_by_layout() {
        let check = |layout: &str, text: &str| {
            assert_eq!(format(&parse(layout, text).unwrap(), layout), text, "{layout}");
        };
        check("2006-01-02T15:04:05Z07:00", "2024-03-05T14:07:09Z");
        check("Jan 2, 2006 at 3:04pm -0700", "Mar 5, 2024 at 2:07pm +0100");
        check("06-002 05.000", "24-060 09.120");
        let fractional = parse("15:04:05 MST", "14:07:09.5 UTC").unwrap();
        assert_eq!(fractional.subsec_nanosecond(), 500_000_000);
    }

    #[test]
    fn errors_are_gos() {
        let check = |layout: &str, text: &str, expected: &str| {
            assert_eq!(parse(layout, text).unwrap_err(), format!("parsing time {expected}"));
        };
        check("2006-01-02", "2024-02-30", r#""2024-02-30": day out of range"#);
        check("2006-01-02", "2024-13-01", r#""2024-13-01": month out of range"#);
        check("2006-01-02", "x", r#""x" as "2006-01-02": cannot parse "x" as "2006""#);
        check("2006-01-02", "2024/01", r#""2024/01" as "2006-01-02": cannot parse "/01" as "-""#);
        check("2006", "2024é", r#""2024\xc3\xa9": extra text: "\xc3\xa9""#);
    }
}

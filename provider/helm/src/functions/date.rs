//! Dates: Go's layouts and durations, and Sprig's functions on them.

mod duration;
mod layout;
mod parse;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Arguments, Failure, Function, Outcome, Type, opaque, volatile};
use crate::executor::Executor;
use crate::value::{Native, Value};

pub(crate) use layout::{format_rfc3339, print_time};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("ago", &[Type::Any], ago),
    opaque("date", &[Type::Text, Type::Any], date),
    opaque("date_in_zone", &[Type::Text, Type::Any, Type::Text], date_in_zone),
    opaque("dateInZone", &[Type::Text, Type::Any, Type::Text], date_in_zone),
    opaque("date_modify", &[Type::Text, Type::Time], date_modify),
    opaque("dateModify", &[Type::Text, Type::Time], date_modify),
    opaque("must_date_modify", &[Type::Text, Type::Time], must_date_modify),
    opaque("mustDateModify", &[Type::Text, Type::Time], must_date_modify),
    opaque("duration", &[Type::Any], format_duration),
    opaque("durationRound", &[Type::Any], round_duration),
    opaque("htmlDate", &[Type::Any], html_date),
    opaque("htmlDateInZone", &[Type::Any, Type::Text], html_date_in_zone),
    volatile("now", &[], now),
    opaque("toDate", &[Type::Text, Type::Text], to_date),
    opaque("mustToDate", &[Type::Text, Type::Text], must_to_date),
    opaque("unixEpoch", &[Type::Time], unix_epoch),
];

fn time_value(time: Zoned) -> Value {
    Value::native(Native::Time(time))
}

fn now(_: &mut Executor<'_>, _: Arguments) -> Outcome {
    Ok(time_value(Zoned::now()))
}

/// The moment a value means; what is neither a time nor a number of seconds means now.
fn moment(value: &Value) -> Timestamp {
    match value {
        Value::Native(native) => match &**native {
            Native::Time(time) => time.timestamp(),
            _ => Timestamp::now(),
        },
        Value::Int(seconds) | Value::Int64(seconds) => {
            Timestamp::from_second(*seconds).unwrap_or_default()
        }
        _ => Timestamp::now(),
    }
}

/// A zone by name; an unknown one is UTC.
fn zone(name: &str) -> TimeZone {
    match name {
        "Local" => TimeZone::system(),
        "" => TimeZone::UTC,
        name => TimeZone::get(name).unwrap_or(TimeZone::UTC),
    }
}

fn format_in(layout: &str, value: &Value, zone_name: &str) -> Value {
    Value::text(layout::format(&moment(value).to_zoned(zone(zone_name)), layout))
}

fn date(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(format_in(&arguments.text(0).as_str(), arguments.any(1), "Local"))
}

fn date_in_zone(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(format_in(&arguments.text(0).as_str(), arguments.any(1), &arguments.text(2).as_str()))
}

fn html_date(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(format_in("2006-01-02", arguments.any(0), "Local"))
}

fn html_date_in_zone(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(format_in("2006-01-02", arguments.any(0), &arguments.text(1).as_str()))
}

fn time_argument(arguments: &Arguments, index: usize) -> Result<Zoned, Failure> {
    match arguments.any(index) {
        Value::Native(native) => match &**native {
            Native::Time(time) => Ok(time.clone()),
            _ => Err(Failure::new("not a time")),
        },
        _ => Err(Failure::new("not a time")),
    }
}

fn shifted(time: &Zoned, nanoseconds: i64) -> Zoned {
    time.checked_add(SignedDuration::from_nanos(nanoseconds)).unwrap_or_else(|_| time.clone())
}

fn date_modify(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let time = time_argument(&arguments, 1)?;
    let shift = duration::parse(&arguments.text(0).as_str()).unwrap_or(0);
    Ok(time_value(shifted(&time, shift)))
}

fn must_date_modify(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let time = time_argument(&arguments, 1)?;
    let shift = duration::parse(&arguments.text(0).as_str()).map_err(Failure::new)?;
    Ok(time_value(shifted(&time, shift)))
}

fn ago(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let elapsed = Timestamp::now().duration_since(moment(arguments.any(0)));
    let seconds = (elapsed.as_secs_f64()).round();
    #[expect(clippy::cast_possible_truncation, reason = "spans of time are far below 2^63 seconds")]
    Ok(Value::text(duration::format((seconds as i64).saturating_mul(duration::SECOND))))
}

fn format_duration(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let seconds = match arguments.any(0) {
        Value::Int64(seconds) => *seconds,
        Value::Text(text) => text.as_str().parse().unwrap_or(0),
        _ => 0,
    };
    Ok(Value::text(duration::format(seconds.wrapping_mul(duration::SECOND))))
}

fn round_duration(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let nanoseconds = match arguments.any(0) {
        Value::Int64(nanoseconds) => *nanoseconds,
        Value::Text(text) => duration::parse(&text.as_str()).unwrap_or(0),
        Value::Native(native) if matches!(&**native, Native::Time(_)) => {
            let elapsed = Timestamp::now().duration_since(moment(arguments.any(0)));
            i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX)
        }
        _ => 0,
    };
    Ok(Value::text(duration::round(nanoseconds)))
}

fn to_date(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let parsed = parse::parse(&arguments.text(0).as_str(), &arguments.text(1).as_str());
    Ok(time_value(parsed.unwrap_or_else(|_| layout::zero_time())))
}

fn must_to_date(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let parsed = parse::parse(&arguments.text(0).as_str(), &arguments.text(1).as_str());
    parsed.map(time_value).map_err(Failure::new)
}

fn unix_epoch(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(time_argument(&arguments, 0)?.timestamp().as_second().to_string()))
}

/// Methods of a time that charts use.
pub(crate) fn method(time: &Zoned, name: &str) -> Option<Value> {
    let number = |number: i64| Some(Value::Int(number));
    match name {
        "Unix" => Some(Value::Int64(time.timestamp().as_second())),
        "UnixMilli" => Some(Value::Int64(time.timestamp().as_millisecond())),
        "UnixNano" => {
            Some(Value::Int64(i64::try_from(time.timestamp().as_nanosecond()).unwrap_or(i64::MAX)))
        }
        "Year" => number(time.year().into()),
        "Day" => number(time.day().into()),
        "Hour" => number(time.hour().into()),
        "Minute" => number(time.minute().into()),
        "Second" => number(time.second().into()),
        "Nanosecond" => number(time.subsec_nanosecond().into()),
        "YearDay" => number(time.day_of_year().into()),
        "Month" => Some(Value::text(layout::format(time, "January"))),
        "Weekday" => Some(Value::text(layout::format(time, "Monday"))),
        "UTC" => Some(time_value(time.with_time_zone(TimeZone::UTC))),
        "Local" => Some(time_value(time.with_time_zone(TimeZone::system()))),
        "String" => Some(Value::text(print_time(time))),
        _ => None,
    }
}

/// `Format`, the one method of a time with an argument that charts use.
pub(crate) fn format_method(time: &Zoned, layout: &str) -> Value {
    Value::text(layout::format(time, layout))
}

//! Sprig's arithmetic.

use bigdecimal::{BigDecimal, FromPrimitive, RoundingMode, ToPrimitive};

use super::cast::{to_float, to_int};
use super::{Arguments, Failure, Function, Outcome, Type, format, opaque};
use crate::bounds::{self, LONGEST_SEQUENCE};
use crate::executor::Executor;
use crate::value::{List, ListKind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("int", &[Type::Any], int),
    opaque("int64", &[Type::Any], int64),
    opaque("float64", &[Type::Any], float64),
    opaque("atoi", &[Type::Text], atoi),
    opaque("toDecimal", &[Type::Any], to_decimal),
    opaque("add1", &[Type::Any], add1),
    opaque("add", &[Type::Any], add).variadic(),
    opaque("sub", &[Type::Any, Type::Any], sub),
    opaque("div", &[Type::Any, Type::Any], div),
    opaque("mod", &[Type::Any, Type::Any], modulo),
    opaque("mul", &[Type::Any, Type::Any], mul).variadic(),
    opaque("add1f", &[Type::Any], add1f),
    opaque("addf", &[Type::Any], addf).variadic(),
    opaque("subf", &[Type::Any, Type::Any], subf).variadic(),
    opaque("divf", &[Type::Any, Type::Any], divf).variadic(),
    opaque("mulf", &[Type::Any, Type::Any], mulf).variadic(),
    opaque("biggest", &[Type::Any, Type::Any], max).variadic(),
    opaque("max", &[Type::Any, Type::Any], max).variadic(),
    opaque("min", &[Type::Any, Type::Any], min).variadic(),
    opaque("maxf", &[Type::Any, Type::Any], maxf).variadic(),
    opaque("minf", &[Type::Any, Type::Any], minf).variadic(),
    opaque("ceil", &[Type::Any], ceil),
    opaque("floor", &[Type::Any], floor),
    opaque("round", &[Type::Any, Type::Int, Type::Float], round).variadic(),
    opaque("until", &[Type::Int], until),
    opaque("untilStep", &[Type::Int, Type::Int, Type::Int], until_step),
    opaque("seq", &[Type::Int], seq).variadic(),
];

fn int(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int(to_int(arguments.any(0))))
}

fn int64(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(to_int(arguments.any(0))))
}

fn float64(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Float(to_float(arguments.any(0))))
}

fn atoi(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int(arguments.text(0).as_str().parse().unwrap_or(0)))
}

/// Reads octal digits, which is what this function of Sprig's does.
fn to_decimal(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = format::print(arguments.any(0));
    let number = std::str::from_utf8(&text).ok().and_then(|text| i64::from_str_radix(text, 8).ok());
    Ok(Value::Int64(number.unwrap_or(0)))
}

// Integers wrap around, as Go's do.

fn add1(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_add(1)))
}

fn add(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(arguments.0.iter().map(to_int).fold(0, i64::wrapping_add)))
}

fn sub(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_sub(to_int(arguments.any(1)))))
}

fn mul(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(arguments.0.iter().map(to_int).fold(1, i64::wrapping_mul)))
}

fn divisor(arguments: &Arguments) -> Result<i64, Failure> {
    match to_int(arguments.any(1)) {
        0 => Err(Failure::new("runtime error: integer divide by zero")),
        divisor => Ok(divisor),
    }
}

fn div(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_div(divisor(&arguments)?)))
}

fn modulo(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(to_int(arguments.any(0)).wrapping_rem(divisor(&arguments)?)))
}

fn max(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(arguments.0.iter().map(to_int).max().unwrap_or(0)))
}

fn min(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Int64(arguments.0.iter().map(to_int).min().unwrap_or(0)))
}

// Floats are added and multiplied as decimals, so that 0.1 and 0.2 make 0.3.

fn decimal(value: &Value) -> Result<BigDecimal, Failure> {
    let float = to_float(value);
    // The shortest decimal that reads back as the float, and not all its binary digits.
    let shortest = crate::number::format_scientific(float).parse().ok();
    shortest.or_else(|| BigDecimal::from_f64(float)).ok_or_else(|| {
        let shown = crate::number::format_general(float);
        Failure::new(format!("Cannot create a Decimal from {shown}"))
    })
}

type Operation = fn(BigDecimal, BigDecimal) -> Result<BigDecimal, Failure>;

fn decimals(first: BigDecimal, others: &[Value], operation: Operation) -> Outcome {
    let mut result = first;
    for (index, other) in others.iter().enumerate() {
        // A product has as many digits as its factors together.
        if !bounds::pay(index.saturating_mul(bounds::PART)) {
            return Err(Failure::new(bounds::TOO_MUCH));
        }
        result = operation(result, decimal(other)?)?;
    }
    Ok(Value::Float(result.to_f64().unwrap_or(0.0)))
}

fn add1f(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    decimals(decimal(arguments.any(0))?, &[Value::Int(1)], |left, right| Ok(left + right))
}

fn addf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    decimals(BigDecimal::from(0), &arguments.0, |left, right| Ok(left + right))
}

fn subf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    decimals(decimal(arguments.any(0))?, arguments.rest(1), |left, right| Ok(left - right))
}

fn mulf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    decimals(decimal(arguments.any(0))?, arguments.rest(1), |left, right| Ok(left * right))
}

/// Quotients have 16 digits after the point.
fn divf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    decimals(decimal(arguments.any(0))?, arguments.rest(1), |left, right| {
        if right == 0 {
            return Err(Failure::new("decimal division by 0"));
        }
        Ok((left / right).with_scale_round(16, RoundingMode::HalfUp))
    })
}

fn maxf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Float(arguments.0.iter().map(to_float).fold(f64::NEG_INFINITY, f64::max)))
}

fn minf(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Float(arguments.0.iter().map(to_float).fold(f64::INFINITY, f64::min)))
}

fn ceil(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Float(to_float(arguments.any(0)).ceil()))
}

fn floor(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Float(to_float(arguments.any(0)).floor()))
}

fn round(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let round_on = if arguments.len() > 2 { arguments.float(2) } else { 0.5 };
    #[expect(clippy::cast_precision_loss, reason = "numbers of places are small")]
    let power = 10.0_f64.powf(arguments.int(1) as f64);
    let digits = power * to_float(arguments.any(0));
    let rounded = if digits.fract() >= round_on { digits.ceil() } else { digits.floor() };
    Ok(Value::Float(rounded / power))
}

// Sequences.

fn sequence(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let forward = stop >= start;
    if step == 0 || (step > 0) != forward {
        return Ok(Vec::new());
    }
    if stop.abs_diff(start) / step.unsigned_abs() > LONGEST_SEQUENCE {
        return Err(Failure::new("sequence is too long"));
    }
    let next = |value: &i64| value.checked_add(step);
    Ok(std::iter::successors(Some(start), next)
        .take_while(|value| if forward { *value < stop } else { *value > stop })
        .collect())
}

fn ints(values: Vec<i64>) -> Value {
    Value::List(List::new(ListKind::Ints, values.into_iter().map(Value::Int).collect()))
}

fn until(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let count = arguments.int(0);
    Ok(ints(sequence(0, count, if count < 0 { -1 } else { 1 })?))
}

fn until_step(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(ints(sequence(arguments.int(0), arguments.int(1), arguments.int(2))?))
}

fn seq(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let number = |index| arguments.int(index);
    let (start, step, end) = match arguments.len() {
        1 => (1, None, number(0)),
        2 => (number(0), None, number(1)),
        3 => (number(0), Some(number(1)), number(2)),
        _ => return Ok(Value::text("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok(Value::text(""));
    }
    let values = sequence(start, end.saturating_add(direction), step.unwrap_or(direction))?;
    Ok(Value::text(values.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")))
}

//! The functions that the configurations of cases call.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use travel_value::{Number, Value, json};

/// Calls a function.
///
/// # Errors
/// Where there is none of that name here, or it does not take the arguments.
pub fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    match name {
        "jsonencode" => {
            let argument = only(name, arguments)?;
            if !argument.is_wholly_known() {
                return Ok(Value::unknown());
            }
            Ok(json::encode(argument, &super::convert::type_of(argument))?.into())
        }
        "length" => length(only(name, arguments)?),
        "merge" => merge(arguments),
        "range" => range(only(name, arguments)?),
        "split" => split(arguments),
        _ => bail!("the harness's core knows no function {name}"),
    }
}

fn only<'a>(name: &str, arguments: &'a [Value]) -> Result<&'a Value> {
    ensure!(arguments.len() == 1, "{name} takes one argument, not {}", arguments.len());
    arguments.first().context("there is no argument")
}

fn length(argument: &Value) -> Result<Value> {
    // Elements of a set that are not known may turn out to be the same.
    let is_open = matches!(argument, Value::Set(_)) && !argument.is_wholly_known();
    if argument.is_unknown() || is_open {
        return Ok(Value::unknown());
    }
    let entries = argument.entries().map(BTreeMap::len);
    let length = entries.or(argument.elements().map(<[Value]>::len));
    let length = length.with_context(|| format!("{} has no length", argument.kind()))?;
    Ok(i64::try_from(length)?.into())
}

fn range(limit: &Value) -> Result<Value> {
    if limit.is_unknown() {
        return Ok(Value::unknown());
    }
    let limit = limit.as_number().and_then(Number::as_i64).context("a range ends at a number")?;
    Ok(Value::List((0..limit).map(Value::from).collect()))
}

fn split(arguments: &[Value]) -> Result<Value> {
    let [separator, text] = arguments else {
        bail!("split takes two arguments, not {}", arguments.len());
    };
    if separator.is_unknown() || text.is_unknown() {
        return Ok(Value::unknown());
    }
    let both = separator.as_str().zip(text.as_str());
    let (separator, text) = both.context("only text is split")?;
    Ok(Value::List(text.split(separator).map(Value::from).collect()))
}

fn merge(arguments: &[Value]) -> Result<Value> {
    let mut merged = BTreeMap::new();
    for argument in arguments {
        if argument.is_unknown() {
            return Ok(Value::unknown());
        }
        if argument.is_null() {
            continue;
        }
        let entries = argument.entries();
        let entries = entries.with_context(|| format!("{} cannot be merged", argument.kind()))?;
        merged.extend(entries.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Ok(Value::Object(merged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_what_cases_call() {
        let check = |name: &str, arguments: &[Value], expected: Option<Value>| {
            assert_eq!(call(name, arguments).ok(), expected, "{name} {arguments:?}");
        };
        let object = |name: &str, value: Value| Value::object([(name, value)]);
        let one = || object("a", 1.into());
        check("jsonencode", &[one()], Some("{\"a\":1}".into()));
        check("jsonencode", &[object("a", Value::unknown())], Some(Value::unknown()));
        check("jsonencode", &[one(), one()], None);
        check("length", &[one()], Some(1.into()));
        check("length", &[Value::Tuple(vec![Value::unknown()])], Some(1.into()));
        check("length", &[Value::set([Value::unknown()])], Some(Value::unknown()));
        check("length", &[1.into()], None);
        let both = Value::object([("a", 2.into()), ("b", Value::unknown())]);
        check("merge", &[one(), Value::Null, both.clone()], Some(both));
        check("merge", &[one(), Value::unknown()], Some(Value::unknown()));
        check("merge", &["a".into()], None);
        check(
            "split",
            &["/".into(), "a/b".into()],
            Some(Value::List(vec!["a".into(), "b".into()])),
        );
        check("split", &["/".into(), Value::unknown()], Some(Value::unknown()));
        check("split", &["/".into(), 1.into()], None);
        check("split", &["/".into()], None);
        check("upper", &["a".into()], None);
    }
}

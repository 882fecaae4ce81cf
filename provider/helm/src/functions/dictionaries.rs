//! Sprig's functions on maps. Several change their first argument in place, as in Go.

use super::{Arguments, Failure, Function, Outcome, Type, as_map, handles, shallow, to_text};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{Map, MapKind, Value, deep_copy};

pub(super) const FUNCTIONS: &[Function] = &[
    handles("dict", &[Type::Any], dict).variadic(),
    shallow("get", &[Type::Map, Type::Text], get),
    handles("set", &[Type::Map, Type::Text, Type::Any], set),
    handles("unset", &[Type::Map, Type::Text], unset),
    shallow("hasKey", &[Type::Map, Type::Text], has_key),
    shallow("pluck", &[Type::Text, Type::Map], pluck).variadic(),
    shallow("keys", &[Type::Map], keys).variadic(),
    shallow("pick", &[Type::Map, Type::Text], pick).variadic(),
    shallow("omit", &[Type::Map, Type::Text], omit).variadic(),
    shallow("values", &[Type::Map], values),
    handles("merge", &[Type::Map, Type::Map], merge).variadic(),
    handles("mustMerge", &[Type::Map, Type::Map], merge).variadic(),
    handles("mergeOverwrite", &[Type::Map, Type::Map], merge_overwrite).variadic(),
    handles("mustMergeOverwrite", &[Type::Map, Type::Map], merge_overwrite).variadic(),
    handles("deepCopy", &[Type::Any], copy),
    handles("mustDeepCopy", &[Type::Any], copy),
    shallow("dig", &[Type::Any], dig).variadic(),
];

fn dict(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let map = Map::empty();
    for pair in arguments.0.chunks(2) {
        let key = to_text(&pair[0]).without_marks();
        map.insert(&*key.as_str(), pair.get(1).cloned().unwrap_or_else(|| Value::text("")));
        if pair[0].is_unknown() {
            map.make_uncertain();
        }
    }
    Ok(Value::Map(map))
}

fn get(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let value = arguments.map(0).get(&arguments.text(1).as_str());
    Ok(value.unwrap_or_else(|| Value::text("")))
}

/// The map that is changed. What is changed where it is not known whether the run gets there becomes uncertain.
fn changed_map(executor: &Executor<'_>, arguments: &Arguments) -> Result<Map, Failure> {
    let map = arguments.map(0);
    if map.is_nil() {
        return Err(Failure::new("assignment to entry in nil map"));
    }
    if executor.is_uncertain() {
        map.make_uncertain();
    }
    Ok(map)
}

/// The changed map as the result, unknown where it was given so.
fn result(arguments: &Arguments, map: Map) -> Value {
    let value = Value::Map(map);
    if matches!(arguments.any(0), Value::Unknown(_)) { value.unknown() } else { value }
}

fn set(executor: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let map = changed_map(executor, &arguments)?;
    let value = arguments.take(2);
    let key = arguments.text(1);
    if key.is_tainted() {
        map.make_uncertain();
    }
    map.insert(&*key.without_marks().as_str(), value);
    Ok(result(&arguments, map))
}

fn unset(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let map = arguments.map(0);
    if executor.is_uncertain() || arguments.any(1).is_unknown() {
        map.make_uncertain();
    }
    map.remove(&arguments.text(1).without_marks().as_str());
    Ok(result(&arguments, map))
}

fn has_key(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::Bool(arguments.map(0).contains(&arguments.text(1).as_str())))
}

fn pluck(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let key = arguments.text(0);
    let found = arguments.rest(1).iter().filter_map(|map| as_map(map).get(&key.as_str()));
    Ok(Value::list(found.collect()))
}

/// The keys of maps. Go gives them in no order; here they are sorted.
fn keys(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::texts(arguments.0.iter().flat_map(|map| as_map(map).keys())))
}

fn values(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::list(arguments.map(0).entries().into_iter().map(|(_, value)| value).collect()))
}

fn pick(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let map = arguments.map(0);
    let picked = Map::empty();
    for index in 1..arguments.len() {
        let key = arguments.text(index);
        if let Some(value) = map.get(&key.as_str()) {
            picked.insert(&*key.as_str(), value);
        }
    }
    Ok(Value::Map(picked))
}

fn omit(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let map = arguments.map(0);
    if !bounds::pay(map.len().saturating_mul(bounds::NEW_VALUE)) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    let kept = Map::new(MapKind::Any, map.entries());
    for index in 1..arguments.len() {
        kept.remove(&arguments.text(index).as_str());
    }
    Ok(Value::Map(kept))
}

fn copy(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    match arguments.any(0) {
        Value::Nil => Err(Failure::new(super::TYPE_OF_NIL)),
        value => Ok(deep_copy(value)),
    }
}

fn merge(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    merge_all(executor, &arguments, false)
}

fn merge_overwrite(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    merge_all(executor, &arguments, true)
}

fn merge_all(executor: &Executor<'_>, arguments: &Arguments, overwrite: bool) -> Outcome {
    let mut target = arguments.map(0);
    if executor.is_uncertain() || arguments.rest(1).iter().any(Value::is_unknown) {
        target.make_uncertain();
    }
    for source in arguments.rest(1) {
        let source = as_map(source);
        if target.is_nil() && !source.is_nil() {
            target = Map::empty();
        }
        merge_into(&target, &source, overwrite, crate::value::DEPTH);
    }
    Ok(result(arguments, target))
}

/// Merges as the library Sprig uses: what is there stays, unless it is empty or is to be overwritten; maps are merged
/// in place; lists are taken whole; nil only overwrites.
fn merge_into(target: &Map, source: &Map, overwrite: bool, depth: usize) {
    if depth == 0 || target.is_same(source) {
        return;
    }
    for (key, value) in source.entries() {
        if !bounds::pay(bounds::STEP) {
            return;
        }
        if is_nil(&value) {
            if overwrite {
                target.insert(key, value);
            }
            continue;
        }
        let present = target.get(&key);
        if let (Some(Value::Map(target)), Value::Map(source)) =
            (present.as_ref().map(Value::known), value.known())
            && !target.is_nil()
        {
            merge_into(target, source, overwrite, depth - 1);
            if target.len() > 0 {
                continue;
            }
        }
        let replaces = overwrite || present.as_ref().is_none_or(super::defaults::is_empty);
        if replaces {
            target.insert(key, value);
        }
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

/// `dig "a" "b" default map`.
fn dig(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let [keys @ .., default, map] = &arguments.0[..] else {
        return Err(Failure::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Failure::new("dig needs at least three arguments"));
    }
    let conversion = |value: &Value, wanted: &str| {
        let problem = if matches!(value, Value::Nil) {
            format!("interface conversion: interface {{}} is nil, not {wanted}")
        } else {
            format!("interface conversion: interface {{}} is {}, not {wanted}", value.type_name())
        };
        Failure::new(problem)
    };
    let as_plain_map = |value: &Value| match value {
        Value::Map(map) if map.kind() == MapKind::Any => Ok(map.clone()),
        value => Err(conversion(value, "map[string]interface {}")),
    };
    let mut map = as_plain_map(map.known())?;
    for (index, key) in keys.iter().enumerate() {
        let Value::Text(key) = key else { return Err(conversion(key, "string")) };
        let Some(value) = map.get(&key.as_str()) else { return Ok(default.clone()) };
        if index + 1 == keys.len() {
            return Ok(value);
        }
        map = match value {
            Value::Unknown(_) => return Ok(Value::anything()),
            value => as_plain_map(&value)?,
        };
    }
    Ok(default.clone())
}

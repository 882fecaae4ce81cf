//! Sprig's functions on lists.

use super::{
    Arguments, Failure, Function, Outcome, Type, cast, defaults, handles, opaque, shallow,
};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{List, ListKind, Value, deep_equal};

pub(super) const FUNCTIONS: &[Function] = &[
    handles("list", &[Type::Any], list).variadic(),
    handles("tuple", &[Type::Any], list).variadic(),
    handles("append", &[Type::Any, Type::Any], append),
    handles("push", &[Type::Any, Type::Any], append),
    handles("mustAppend", &[Type::Any, Type::Any], append),
    handles("mustPush", &[Type::Any, Type::Any], append),
    handles("prepend", &[Type::Any, Type::Any], prepend),
    handles("mustPrepend", &[Type::Any, Type::Any], prepend),
    shallow("first", &[Type::Any], first),
    shallow("mustFirst", &[Type::Any], first),
    shallow("last", &[Type::Any], last),
    shallow("mustLast", &[Type::Any], last),
    shallow("rest", &[Type::Any], rest),
    shallow("mustRest", &[Type::Any], rest),
    shallow("initial", &[Type::Any], initial),
    shallow("mustInitial", &[Type::Any], initial),
    shallow("reverse", &[Type::Any], reverse),
    shallow("mustReverse", &[Type::Any], reverse),
    opaque("uniq", &[Type::Any], uniq),
    opaque("mustUniq", &[Type::Any], uniq),
    opaque("without", &[Type::Any, Type::Any], without).variadic(),
    opaque("mustWithout", &[Type::Any, Type::Any], without).variadic(),
    handles("has", &[Type::Any, Type::Any], has),
    handles("mustHas", &[Type::Any, Type::Any], has),
    opaque("compact", &[Type::Any], compact),
    opaque("mustCompact", &[Type::Any], compact),
    shallow("slice", &[Type::Any, Type::Any], slice).variadic(),
    shallow("mustSlice", &[Type::Any, Type::Any], slice).variadic(),
    handles("concat", &[Type::Any], concat).variadic(),
    shallow("chunk", &[Type::Int, Type::Any], chunk),
    shallow("mustChunk", &[Type::Int, Type::Any], chunk),
];

fn list(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::list(arguments.0))
}

/// The elements of any list, or why there are none.
fn elements(value: &Value, problem: &str) -> Result<Vec<Value>, Failure> {
    match value.known() {
        Value::List(list) => Ok(list.items().to_vec()),
        Value::Bytes(bytes) if !bounds::allow(bytes.len() * size_of::<Value>()) => {
            Err(Failure::new(bounds::TOO_MUCH))
        }
        Value::Bytes(bytes) => {
            Ok(bytes.as_bytes().iter().map(|byte| Value::Uint(u64::from(*byte))).collect())
        }
        // Asking nil for its type is a fault in Go.
        Value::Nil => {
            Err(Failure::new("runtime error: invalid memory address or nil pointer dereference"))
        }
        value => Err(Failure::new(format!("{problem} {}", value.kind_name()))),
    }
}

/// The result of putting something into a list that may not be known.
fn filled(arguments: &Arguments, items: Vec<Value>) -> Value {
    let list = Value::list(items);
    if matches!(arguments.any(0), Value::Unknown(_)) { list.unknown() } else { list }
}

fn append(_: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let mut items = elements(arguments.any(0), "Cannot push on type")?;
    items.push(arguments.take(1));
    Ok(filled(&arguments, items))
}

fn prepend(_: &mut Executor<'_>, mut arguments: Arguments) -> Outcome {
    let mut items = elements(arguments.any(0), "Cannot prepend on type")?;
    items.insert(0, arguments.take(1));
    Ok(filled(&arguments, items))
}

fn first(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(elements(arguments.any(0), "Cannot find first on type")?
        .into_iter()
        .next()
        .unwrap_or_default())
}

fn last(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(elements(arguments.any(0), "Cannot find last on type")?.pop().unwrap_or_default())
}

/// An empty list has no rest, not even an empty one.
fn rest(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let items = elements(arguments.any(0), "Cannot find rest on type")?;
    Ok(match items.split_first() {
        Some((_, rest)) => Value::list(rest.to_vec()),
        None => Value::List(List::nil(ListKind::Any)),
    })
}

fn initial(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let items = elements(arguments.any(0), "Cannot find initial on type")?;
    Ok(match items.split_last() {
        Some((_, initial)) => Value::list(initial.to_vec()),
        None => Value::List(List::nil(ListKind::Any)),
    })
}

fn reverse(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut items = elements(arguments.any(0), "Cannot find reverse on type")?;
    items.reverse();
    Ok(Value::list(items))
}

fn contains(items: &[Value], wanted: &Value) -> bool {
    items.iter().any(|item| deep_equal(item, wanted))
}

fn uniq(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut found = Vec::new();
    for item in elements(arguments.any(0), "Cannot find uniq on type")? {
        if !contains(&found, &item) {
            found.push(item);
        }
    }
    Ok(Value::list(found))
}

fn without(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut items = elements(arguments.any(0), "Cannot find without on type")?;
    items.retain(|item| !contains(arguments.rest(1), item));
    Ok(Value::list(items))
}

fn has(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (wanted, list) = (arguments.any(0), arguments.any(1));
    let found = match list.known() {
        Value::Nil => false,
        list => contains(&elements(list, "Cannot find has on type")?, wanted),
    };
    let known_to_hold = found && !list.is_unknown();
    let certain = if known_to_hold {
        !wanted.is_unknown()
    } else {
        !list.contains_unknown() && !wanted.contains_unknown()
    };
    // A version that is known to be there is there, whatever others there may be.
    let some_versions = matches!(list, Value::List(list) if list.kind() == ListKind::SomeVersions);
    let result = Value::Bool(found);
    Ok(if certain || (some_versions && found && !wanted.is_unknown()) {
        result
    } else {
        result.unknown()
    })
}

fn compact(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut items = elements(arguments.any(0), "Cannot compact on type")?;
    items.retain(|item| !defaults::is_empty(item));
    Ok(Value::list(items))
}

/// The part of a list from one index to another. Texts are cut in Go's own function of that name, which Sprig hides.
fn slice(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let list = arguments.any(0);
    let items = elements(list, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |index: usize, default: usize| match arguments.0.get(index) {
        Some(value) => usize::try_from(cast::to_int(value)).ok(),
        None => Some(default),
    };
    let part =
        bound(1, 0).zip(bound(2, items.len())).and_then(|(start, end)| items.get(start..end));
    let Some(part) = part else {
        return Err(Failure::new("reflect.Value.Slice: slice index out of bounds"));
    };
    let kind = match list.known() {
        Value::List(list) => list.kind(),
        _ => ListKind::Any,
    };
    Ok(Value::List(List::new(kind, part.to_vec())))
}

fn concat(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut items = Vec::new();
    for list in &arguments.0 {
        match list.known() {
            Value::List(list) => {
                items.extend_from_slice(list.items());
                if !bounds::allow(size_of_val(&items[..])) {
                    return Err(Failure::new(bounds::TOO_MUCH));
                }
            }
            Value::Nil => {
                return Err(Failure::new(
                    "runtime error: invalid memory address or nil pointer dereference",
                ));
            }
            other => {
                return Err(Failure::new(format!(
                    "Cannot concat type {} as list",
                    other.kind_name()
                )));
            }
        }
    }
    let unknown = arguments.0.iter().any(|list| matches!(list, Value::Unknown(_)));
    let list =
        if items.is_empty() { Value::List(List::nil(ListKind::Any)) } else { Value::list(items) };
    Ok(if unknown { list.unknown() } else { list })
}

fn chunk(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let items = elements(arguments.any(1), "Cannot chunk type")?;
    let size = arguments.int(0);
    let width = usize::try_from(size.unsigned_abs()).unwrap_or(usize::MAX);
    if !bounds::pay(items.len().div_ceil(width.max(1)) * bounds::NEW_VALUE) {
        return Err(Failure::new(bounds::TOO_MUCH));
    }
    let chunks = match size {
        1.. => items.chunks(width).map(|chunk| Value::list(chunk.to_vec())).collect(),
        // For some lengths the library computes that a negative size makes no chunks at all.
        ..=-1 if items.len() > 1 && items.len() - 1 <= width => Vec::new(),
        _ => return Err(Failure::new("runtime error: makeslice: len out of range")),
    };
    Ok(Value::List(List::new(ListKind::Lists, chunks)))
}

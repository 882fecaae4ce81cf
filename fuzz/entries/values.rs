//! Values as core sends them and as a state file has them: whatever comes is read or refused, and
//! what was read is written and read again as the same.

use travel_value::json::{self, UnknownAttributes};
use travel_value::{Type, Value, msgpack};

/// The types that an input can be of, by its first byte.
pub fn kinds() -> Vec<Type> {
    let object = || Type::object([("name", Type::String), ("size", Type::Number)]);
    vec![
        Type::String,
        Type::Number,
        Type::Bool,
        Type::Dynamic,
        Type::list(Type::String),
        Type::set(Type::Number),
        Type::map(Type::Dynamic),
        object(),
        Type::list(object()),
        Type::set(object()),
        Type::Tuple(vec![Type::Bool, Type::Dynamic]),
        Type::object([("values", Type::Dynamic), ("rules", Type::set(object()))]),
    ]
}

/// Valid inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let object = || Value::object([("name", "x".into()), ("size", Value::from(7))]);
    let dynamic = |kind, value| Value::Dynamic(Box::new(kind), Box::new(value));
    let values = [
        "text".into(),
        Value::Number("123456789012345678901234567890.5".parse().unwrap_or(7_i64.into())),
        Value::Bool(true),
        dynamic(Type::list(Type::Bool), Value::List(vec![Value::Bool(false), Value::Null])),
        Value::List(vec!["a".into(), Value::unknown()]),
        Value::set([Value::from(1), Value::from(-2)]),
        Value::map([("k", dynamic(Type::String, "v".into()))]),
        object(),
        Value::List(vec![object(), Value::Null]),
        Value::set([object()]),
        Value::List(vec![Value::Bool(true), Value::Null]),
        Value::object([("values", Value::Null), ("rules", Value::set([object()]))]),
    ];
    let mut seeds = Vec::new();
    for (choice, (kind, value)) in (0..).zip(kinds().into_iter().zip(values)) {
        let packed = msgpack::encode(&value, &kind).unwrap_or_default();
        let text = json::encode(&value, &kind).unwrap_or_default().into_bytes();
        for mut seed in [packed, text, kind.to_json().into_bytes()] {
            seed.insert(0, choice);
            seeds.push(seed);
        }
    }
    seeds
}

/// Reads an input in every way there is, and says in how many it can be read.
pub fn run(input: &[u8]) -> usize {
    let Some((&choice, data)) = input.split_first() else { return 0 };
    let mut read = 0;
    let kinds = kinds();
    let kind = &kinds[usize::from(choice) % kinds.len()];
    if let Ok(value) = msgpack::decode(data, kind) {
        read += 1;
        let written = msgpack::encode(&value, kind);
        let again = written.as_ref().map(|written| msgpack::decode(written, kind));
        assert!(matches!(&again, Ok(Ok(again)) if *again == value), "{kind}: {value:?} {again:?}");
    }
    if let Ok(value) = json::decode(data, kind, UnknownAttributes::Ignore) {
        read += 1;
        let written = json::encode(&value, kind);
        let again =
            written.as_ref().map(|it| json::decode(it.as_bytes(), kind, UnknownAttributes::Refuse));
        assert!(matches!(&again, Ok(Ok(again)) if *again == value), "{kind}: {value:?} {again:?}");
    }
    if let Ok(kind) = Type::from_json(data) {
        read += 1;
        let again = Type::from_json(kind.to_json().as_bytes());
        assert!(again.as_ref().is_ok_and(|again| *again == kind), "{kind} {again:?}");
    }
    read
}

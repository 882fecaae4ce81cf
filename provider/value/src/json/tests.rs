//! What stands in a state file for each value, and what is refused.

use super::*;

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn object() -> Type {
    Type::object([
        ("name", Type::String),
        ("sizes", Type::list(Type::Number)),
        ("tags", Type::map(Type::String)),
        ("values", Type::Dynamic),
    ])
}

/// This text is this value, and this value is this text.
#[track_caller]
fn check(kind: &Type, text: &str, value: &Value) {
    assert_eq!(decode(text.as_bytes(), kind, UnknownAttributes::Refuse).unwrap(), *value);
    assert_eq!(encode(value, kind).unwrap(), text);
}

#[track_caller]
fn refused(kind: &Type, text: &str, message: &str) {
    let error = decode(text.as_bytes(), kind, UnknownAttributes::Refuse).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn every_kind_of_value() {
    check(&Type::Bool, "true", &true.into());
    check(&Type::String, "null", &Value::Null);
    check(&Type::String, r#""a\"\n\u0001ü""#, &"a\"\n\u{1}ü".into());
    for digits in ["7", "-0.1", "9223372036854775808", "18446744073709551615", &"9".repeat(155)] {
        check(&Type::Number, digits, &number(digits));
    }
    check(&Type::set(Type::Number), "[1,2]", &Value::set([2.into(), 1.into()]));
    check(
        &Type::Tuple(vec![Type::Bool, Type::Number]),
        "[true,0.1]",
        &Value::Tuple(vec![true.into(), number("0.1")]),
    );
    let values = Value::Dynamic(
        Box::new(Type::object([("a", Type::Number)])),
        Box::new(Value::object([("a", number("0.10"))])),
    );
    check(
        &object(),
        concat!(
            r#"{"name":"x","sizes":[1,2],"tags":{"a b":"c"},"#,
            r#""values":{"value":{"a":0.1},"type":["object",{"a":"number"}]}}"#
        ),
        &Value::object([
            ("name", "x".into()),
            ("sizes", Value::List(vec![1.into(), 2.into()])),
            ("tags", Value::map([("a b", "c".into())])),
            ("values", values),
        ]),
    );
}

#[test]
fn raw_state_may_lack_attributes_and_have_others() {
    let text = br#" { "name" : "x", "gone": {"a": [1e400]}, "sizes": null } "#;
    let value = decode(text, &object(), UnknownAttributes::Ignore).unwrap();
    let expected = Value::object([
        ("name", "x".into()),
        ("sizes", Value::Null),
        ("tags", Value::Null),
        ("values", Value::Null),
    ]);
    assert_eq!(value, expected);
    refused(&object(), r#"{"gone": 1}"#, r#"there is no attribute "gone""#);
}

#[test]
fn scalars_of_another_type_count_by_their_text() {
    for (kind, text, value) in [
        (Type::Number, r#""0.1""#, number("0.1")),
        (Type::Number, "1e2", number("100")),
        (Type::Bool, r#""true""#, true.into()),
        (Type::Bool, r#""0""#, false.into()),
        (Type::String, "true", "true".into()),
        (Type::String, "0.10", "0.10".into()),
    ] {
        let read = decode(text.as_bytes(), &kind, UnknownAttributes::Refuse).unwrap();
        assert_eq!(read, value, "{text}");
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    let text = r#"{"tags": {"a": ["b"]}}"#;
    refused(&object(), text, r#"tags["a"]: expected a string, found an array"#);
    refused(&object(), r#"{"sizes": [1, true]}"#, "sizes[1]: expected a number, found a bool");
    refused(&Type::Bool, "1", "expected a bool, found a number");
    refused(
        &Type::Number,
        r#""x""#,
        "not a number that can be kept: it is infinite, malformed or has too many digits",
    );
    refused(
        &Type::Number,
        "1e99999999999",
        "not a number that can be kept: it is infinite, malformed or has too many digits",
    );
    refused(&Type::list(Type::Bool), "{}", "expected a list, found an object");
    refused(&object(), r#"{"values": {"value": 1}}"#, "values: the type of the value is malformed");
    refused(&Type::Bool, "{", "malformed JSON");
    refused(&Type::Bool, "true false", "malformed JSON");
    assert_eq!(decode(b" ", &Type::Bool, UnknownAttributes::Refuse).unwrap(), Value::Null);
    let error = encode(&Value::List(vec![Value::unknown()]), &Type::list(Type::Bool)).unwrap_err();
    assert_eq!(error.to_string(), "[0]: the value is unknown, which this format cannot say");
}

#[test]
fn survives_deep_texts() {
    let mut text = "null".to_owned();
    for _ in 0..2_000 {
        text = format!(r#"{{"type":"dynamic","value":{text}}}"#);
    }
    assert!(decode(text.as_bytes(), &Type::Dynamic, UnknownAttributes::Refuse).is_err());
    let brackets = "[".repeat(100_000);
    assert!(decode(brackets.as_bytes(), &Type::Dynamic, UnknownAttributes::Refuse).is_err());
}

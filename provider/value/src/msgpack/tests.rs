//! What is on the wire for each value, seen from both sides, and what is refused.

use super::*;
use crate::{Bound, Number, Refinements, Type, Value};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn refined(refinements: Refinements) -> Value {
    Value::Unknown(Box::new(refinements))
}

fn dynamic(kind: Type, value: Value) -> Value {
    Value::Dynamic(Box::new(kind), Box::new(value))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The MessagePack of a text under 32 bytes or of any longer one, as hex.
fn text(text: &str) -> String {
    let head = match text.len() {
        length @ 0..32 => format!("{:02x}", 0xa0 + length),
        length => format!("d9{length:02x}"),
    };
    head + &text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()
}

/// These bytes are this value, and this value is these bytes.
#[track_caller]
fn check(kind: &Type, hex: &str, value: &Value) {
    assert_eq!(decode(&bytes(hex), kind).unwrap(), *value);
    assert_eq!(encode(value, kind).unwrap(), bytes(hex), "{value:?}");
}

/// These bytes are not of this type, and that is said so.
#[track_caller]
fn refused(kind: &Type, hex: &str, message: &str) {
    assert_eq!(decode(&bytes(hex), kind).unwrap_err().to_string(), message);
}

#[test]
fn scalars() {
    check(&Type::Bool, "c3", &true.into());
    check(&Type::Bool, "c2", &false.into());
    check(&Type::String, "c0", &Value::Null);
    check(&Type::String, "a0", &"".into());
    check(&Type::String, "a4 c3bc c39f", &"üß".into());
    check(&Type::String, &text(&"x".repeat(40)), &"x".repeat(40).into());
}

#[test]
fn numbers_of_any_precision() {
    // 155 digits, as Terraform sends for `1 - 0.99`.
    let long = format!("0.0{}", "1".repeat(154));
    for (digits, hex) in [
        ("0", "00".to_owned()),
        ("127", "7f".to_owned()),
        ("128", "cc80".to_owned()),
        ("-1", "ff".to_owned()),
        ("-33", "d0df".to_owned()),
        ("65536", "ce00010000".to_owned()),
        ("9223372036854775807", "cf7fffffffffffffff".to_owned()),
        ("-9223372036854775808", "d38000000000000000".to_owned()),
        ("9223372036854775808", text("9223372036854775808")),
        ("18446744073709551615", text("18446744073709551615")),
        ("0.5", "cb3fe0000000000000".to_owned()),
        ("-2.25", "cbc002000000000000".to_owned()),
        ("0.1", text("0.1")),
        ("9.31322574615478515625e-10", "cb3e10000000000000".to_owned()),
        (long.as_str(), format!("d99d{}", &text(&long)[4..])),
        ("1e30", text("1000000000000000000000000000000")),
    ] {
        check(&Type::Number, &hex, &number(digits));
    }
}

#[test]
fn numbers_in_other_forms_are_read_too() {
    for (hex, digits) in [
        ("cc07", "7"),
        ("cd0007", "7"),
        ("cf8000000000000000", "9223372036854775808"),
        ("d1ffff", "-1"),
        ("d2ffffffff", "-1"),
        ("ca3f000000", "0.5"),
        ("cb3fb999999999999a", "0.1000000000000000055511151231257827021181583404541015625"),
        ("cb4024000000000000", "10"),
    ] {
        assert_eq!(decode(&bytes(hex), &Type::Number).unwrap(), number(digits), "{hex}");
    }
}

#[test]
fn collections() {
    check(
        &Type::list(Type::Number),
        "93 01 c0 02",
        &Value::List(vec![1.into(), Value::Null, 2.into()]),
    );
    check(&Type::list(Type::Number), "90", &Value::List(vec![]));
    check(&Type::set(Type::String), "92 a161 a162", &Value::set(["b".into(), "a".into()]));
    check(
        &Type::map(Type::Bool),
        "82 a161 c3 a162 c2",
        &Value::map([("b", false.into()), ("a", true.into())]),
    );
    check(
        &Type::Tuple(vec![Type::String, Type::Number]),
        "92 a161 07",
        &Value::Tuple(vec!["a".into(), 7.into()]),
    );
    check(
        &Type::object([("a", Type::String), ("b", Type::list(Type::Bool))]),
        "82 a161 c0 a162 91 c3",
        &Value::object([("a", Value::Null), ("b", Value::List(vec![true.into()]))]),
    );
    let many = Value::List((0..70_000).map(|_| Value::Bool(true)).collect());
    let kind = Type::list(Type::Bool);
    assert_eq!(decode(&encode(&many, &kind).unwrap(), &kind).unwrap(), many);
}

#[test]
fn sets_have_one_order() {
    let kind = Type::set(Type::String);
    let one = decode(&bytes("92 a162 a161"), &kind).unwrap();
    assert_eq!(one, decode(&bytes("93 a161 a162 a161"), &kind).unwrap());
}

#[test]
fn unknown_values() {
    check(&Type::String, "d40000", &Value::unknown());
    check(&Type::Dynamic, "d40000", &Value::unknown());
    check(
        &Type::list(Type::String),
        "92 d40000 a161",
        &Value::List(vec![Value::unknown(), "a".into()]),
    );
    check(&Type::Bool, "c7030c 8101c2", &refined(Refinements::not_null()));
    check(
        &Type::String,
        "c7090c 8201c202 a4 7072652d",
        &refined(Refinements { prefix: Some("pre-".into()), ..Refinements::not_null() }),
    );
    check(
        &Type::Number,
        "c70a0c 8201c2 03 92 a3302e31 c3",
        &refined(Refinements {
            number_min: Some(Bound { number: "0.1".parse().unwrap(), inclusive: true }),
            ..Refinements::not_null()
        }),
    );
    check(
        &Type::Number,
        "c7070c 8201c2 04 9205c2",
        &refined(Refinements {
            number_max: Some(Bound { number: 5i64.into(), inclusive: false }),
            ..Refinements::not_null()
        }),
    );
    check(
        &Type::set(Type::String),
        "c7050c 8205010603",
        &refined(Refinements {
            length_min: Some(1),
            length_max: Some(3),
            ..Refinements::default()
        }),
    );
}

#[test]
fn any_extension_is_unknown() {
    for hex in ["d4ff00", "d5050102", "c70003", "c7000c", "d40c00", "c9000000020700ff"] {
        assert_eq!(decode(&bytes(hex), &Type::String).unwrap(), Value::unknown(), "{hex}");
    }
    // Key 9 belongs to some later protocol.
    let later = decode(&bytes("c70a0c 8209 9281a161c0c3 01c2"), &Type::String).unwrap();
    assert_eq!(later, refined(Refinements::not_null()));
}

#[test]
fn refinements_that_do_not_fit_the_type_are_not_sent() {
    let all = Refinements {
        null: Some(false),
        prefix: Some("p".into()),
        number_min: Some(Bound { number: 1i64.into(), inclusive: true }),
        number_max: None,
        length_min: Some(1),
        length_max: None,
    };
    for (kind, hex) in [
        (Type::Dynamic, "d40000"),
        (Type::Bool, "c7030c 8101c2"),
        (Type::String, "c7060c 8201c202a170"),
        (Type::Number, "c7070c 8201c203 9201c3"),
        (Type::map(Type::Bool), "c7050c 8201c20501"),
        (Type::Tuple(vec![]), "c7030c 8101c2"),
    ] {
        assert_eq!(encode(&refined(all.clone()), &kind).unwrap(), bytes(hex), "{kind}");
    }
    let prefix = Refinements { prefix: Some("ü".repeat(400)), ..Refinements::default() };
    let sent = encode(&refined(prefix), &Type::String).unwrap();
    let expected = Refinements { prefix: Some("ü".repeat(128)), ..Refinements::default() };
    assert_eq!(decode(&sent, &Type::String).unwrap(), refined(expected));
}

#[test]
fn dynamic_values() {
    check(&Type::Dynamic, "c0", &Value::Null);
    check(&Type::Dynamic, "92 c408 22737472696e6722 a161", &dynamic(Type::String, "a".into()));
    check(&Type::Dynamic, "92 c408 22737472696e6722 c0", &dynamic(Type::String, Value::Null));
    check(
        &Type::Dynamic,
        "92 c408 22737472696e6722 d40000",
        &dynamic(Type::String, Value::unknown()),
    );
    let inner = Type::object([("a", Type::Number), ("b", Type::Dynamic)]);
    let value = Value::object([("a", 1.into()), ("b", dynamic(Type::Bool, true.into()))]);
    let kind = Type::object([("values", Type::Dynamic)]);
    let whole = Value::object([("values", dynamic(inner, value))]);
    assert_eq!(decode(&encode(&whole, &kind).unwrap(), &kind).unwrap(), whole);
}

#[test]
fn says_where_a_value_is_wrong() {
    let object = Type::object([("a", Type::list(Type::map(Type::Number)))]);
    refused(&object, "81 a161 92 80 81 a16b c3", r#"a[1]["k"]: expected a number, found a bool"#);
    refused(&object, "80", r#"attribute "a" is missing"#);
    refused(&object, "82 a161 c0 a162 c0", r#"there is no attribute "b""#);
    refused(&object, "82 a161 c0 a161 c0", r#""a" is given twice"#);
    refused(&Type::set(Type::Bool), "91 01", "expected a bool, found a number");
    refused(&Type::Tuple(vec![Type::Bool]), "92 c3 c3", "expected 1 elements, found 2");
    refused(&Type::String, "a2 ffff", "the text is not UTF-8");
    refused(&Type::String, "a161 00", "there are 1 bytes behind the value");
    refused(&Type::Dynamic, "92 a3 666f6f c0", "malformed JSON");
    refused(&Type::Dynamic, "92 a5 22666f6f22 c0", "the type of the value is malformed");
    // Infinity, not a number, and texts that are none.
    for hex in ["cb7ff0000000000000", "cb7ff8000000000000", "a36e616e", "a0", "a7 31653939393939"] {
        assert!(decode(&bytes(hex), &Type::Number).is_err(), "{hex}");
    }
    let mut error = encode(&Value::List(vec!["a".into(), 1.into()]), &Type::list(Type::String));
    assert_eq!(error.unwrap_err().to_string(), "[1]: expected a string, found a number");
    error = encode(&Value::object([("a", 1.into())]), &Type::object([("b", Type::Number)]));
    assert_eq!(error.unwrap_err().to_string(), r#"there is no attribute "a""#);
    error = encode(&"a".into(), &Type::Dynamic);
    assert_eq!(error.unwrap_err().to_string(), "expected a value with its type, found a string");
}

#[test]
fn no_bytes_are_null() {
    assert_eq!(decode(&[], &Type::String).unwrap(), Value::Null);
}

#[test]
fn survives_hostile_bytes() {
    let list = Type::list(Type::Dynamic);
    for hex in ["dd ffffffff", "df ffffffff", "db ffffffff", "c9 ffffffff 0c", "d9", "92", "c1"] {
        for kind in [&list, &Type::map(Type::Bool), &Type::String, &Type::Dynamic] {
            assert!(decode(&bytes(hex), kind).is_err(), "{hex}");
        }
    }
    let nested = format!("92 c409 {} ", "2264796e616d696322").repeat(100_000) + "c0";
    refused(&Type::Dynamic, &nested, "values are nested too deep");
    let skipped = format!("c9 {:08x} 0c 8109 {} c0", 100_003, "91".repeat(100_000));
    assert_eq!(decode(&bytes(&skipped), &Type::String).unwrap(), Value::unknown());
}

/// Every prefix of a good text, and every text with one byte changed, is read without a panic;
/// what it is read as can be written again.
#[test]
fn survives_damaged_bytes() {
    let kind = Type::object([
        ("dynamic", Type::Dynamic),
        ("numbers", Type::list(Type::Number)),
        ("set", Type::set(Type::object([("a", Type::String)]))),
    ]);
    let value = Value::object([
        ("dynamic", dynamic(Type::map(Type::Bool), Value::map([("k", true.into())]))),
        ("numbers", Value::List(vec![number("0.1"), 300.into(), refined(Refinements::not_null())])),
        ("set", Value::set([Value::object([("a", "x".into())])])),
    ]);
    let good = encode(&value, &kind).unwrap();
    for length in 1..good.len() {
        assert!(decode(&good[..length], &kind).is_err());
    }
    for position in 0..good.len() {
        for byte in 0..=u8::MAX {
            let mut damaged = good.clone();
            damaged[position] = byte;
            if let Ok(value) = decode(&damaged, &kind) {
                encode(&value, &kind).unwrap();
            }
        }
    }
}

#[test]
fn floats_that_fit_no_decimal_text_are_kept_exactly() {
    let smallest = Value::Number(Number::from_exact_f64(f64::from_bits(1)).unwrap());
    let sent = encode(&smallest, &Type::Number).unwrap();
    assert_eq!(sent.len(), 9);
    assert_eq!(decode(&sent, &Type::Number).unwrap(), smallest);
}

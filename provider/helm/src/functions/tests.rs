//! What is true of every function.

use std::collections::BTreeSet;

use super::*;
use crate::bounds::{self, Bounds};
use crate::executor::Scope;
use crate::semver::Version;
use crate::value::{ListKind, MapKind};

#[test]
fn every_function_has_a_name_of_its_own() {
    let functions = families().into_iter().flatten();
    let mut names = BTreeSet::new();
    for function in functions {
        assert!(names.insert(function.name), "{} stands there twice", function.name);
        assert_eq!(find(function.name).map(|it| it.name), Some(function.name));
    }
    // Helm takes these away from charts.
    for name in ["env", "expandenv"] {
        assert!(find(name).is_none(), "{name}");
    }
}

#[test]
fn what_differs_with_each_call_is_never_known_in_a_plan() {
    let is_volatile = |function: &&Function| function.certainty == Certainty::Volatile;
    let functions = families().into_iter().flatten().filter(is_volatile);
    let names: BTreeSet<_> = functions.map(|function| function.name).collect();
    let expected = BTreeSet::from([
        "bcrypt",
        "encryptAES",
        "genCA",
        "genCAWithKey",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "htpasswd",
        "lookup",
        "now",
        "randAlpha",
        "randAlphaNum",
        "randAscii",
        "randBytes",
        "randInt",
        "randNumeric",
        "shuffle",
        "uuidv4",
    ]);
    assert_eq!(names, expected);
}

/// Values of a type that are at an end of what there is of it.
fn odd(kind: Type) -> Vec<Value> {
    let texts = [
        "",
        "a",
        "é\u{fdd0}",
        "1.2.3-a",
        "%[9]*.*d%!",
        "(a*)*b",
        "{{ . }}",
        "a: [",
        "-9223372036854775808",
        "2006-01-02",
        "\0",
        "99999999999999999999h",
    ];
    let map = || Map::new(MapKind::Any, [("a", Value::Int(1)), ("", Value::Nil)]);
    let lists = || {
        let inner = Value::list(vec![Value::Nil, Value::Float(f64::NAN)]);
        [
            Value::list(Vec::new()),
            Value::List(List::nil(ListKind::Texts)),
            Value::texts(["b", "a", "a"]),
            Value::list(vec![inner.clone(), Value::text("x"), Value::Map(map()), inner]),
        ]
    };
    match kind {
        Type::Text => texts.into_iter().map(Value::text).collect(),
        Type::Int => [0, 1, -1, 70_000, i64::MAX, i64::MIN].map(Value::Int).to_vec(),
        Type::Uint => [0, 1, 70_000, u64::MAX].map(Value::Uint).to_vec(),
        Type::Float => [0.0, -1.5, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
            .map(Value::Float)
            .to_vec(),
        Type::Bool => [true, false].map(Value::Bool).to_vec(),
        Type::Map => vec![
            Value::Map(Map::empty()),
            Value::Map(map()),
            Value::Map(Map::nil(MapKind::Any)),
            Value::map([("a", Value::Map(map()))]),
        ],
        Type::List => lists().to_vec(),
        Type::Time => {
            let odd = [jiff::Timestamp::MIN, jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX];
            let time = |at: jiff::Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC);
            odd.into_iter().map(|at| Value::native(Native::Time(time(at)))).collect()
        }
        Type::Certificate => {
            let part = || Text::from("-----BEGIN X-----");
            let certificate = Certificate { certificate: part(), key: part() };
            vec![Value::native(Native::Certificate(certificate))]
        }
        Type::Any => {
            let mut all: Vec<Value> =
                vec![Value::Nil, Value::Bool(true), Value::Int64(i64::MIN), Value::Uint(u64::MAX)];
            all.extend(odd(Type::Float));
            all.extend(odd(Type::Text));
            all.extend(lists());
            all.extend(odd(Type::Map));
            all.extend(odd(Type::Time));
            all.push(Value::Bytes(Text::from("\u{7f}")));
            all.push(Value::native(Native::HelmVersion));
            all.extend(
                Version::parse("1.2.3").map(|version| Value::native(Native::Semver(version))),
            );
            let inside = Map::empty();
            inside.insert("self", Value::Map(inside.clone()));
            all.push(Value::Map(inside));
            all
        }
    }
}

/// What takes longest, and is given nothing but texts.
const LEFT_OUT: &str = "derivePassword";

#[test]
fn no_function_panics_whatever_it_is_given() {
    /// How often each is called; the numbers of odd values have few common divisors with what they are counted by.
    const CALLS: usize = 60;
    let call_all = || {
        let kept = |function: &&Function| function.name != LEFT_OUT;
        for function in families().into_iter().flatten().filter(kept) {
            let is_slow = function.certainty == Certainty::Volatile;
            for call in 0..if is_slow { 6 } else { CALLS } {
                bounds::start(Bounds { work: 16 << 20, ..Bounds::default() });
                let mut executor = Executor::new(Scope::new(), None, false);
                let more = if function.variadic { call % 4 } else { 0 };
                let last = function.parameters.last().copied();
                let types =
                    function.parameters.iter().copied().chain((0..more).filter_map(|_| last));
                let pick = |(place, kind): (usize, Type)| {
                    let mut values = odd(kind);
                    let index =
                        (call * (2 * place + 1) + call / values.len() * place) % values.len();
                    values.swap_remove(index)
                };
                let arguments: Vec<Value> = types.enumerate().map(pick).collect();
                // Whether it fails does not matter here; what it makes is printed, as an action would.
                if let Ok(value) = (function.call)(&mut executor, Arguments(arguments)) {
                    format::print(&value);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(Bounds::default().stack_bytes);
        thread.spawn_scoped(scope, call_all).unwrap().join().unwrap();
    });
}

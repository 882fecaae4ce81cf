//! How Helm 4.2.4 writes what could be read as something else.

use super::*;
use crate::Tree;
use crate::yaml::read;

fn written(value: &Value) -> (String, String) {
    (to_yaml(value).unwrap(), to_pretty_yaml(value).unwrap())
}

#[test]
fn texts_are_quoted_as_helm_quotes_them() {
    let check = |text: &str, expected: &str| {
        let expected = format!("{expected}\n");
        let found = written(&Value::text(text));
        assert_eq!(found, (expected.clone(), expected), "{text:?}");
        assert_eq!(read(&found.0).unwrap(), Tree::Text(text.into()), "{text:?}");
    };
    for other in [
        "",
        "yes",
        "Off",
        "N",
        "y",
        "null",
        "~",
        "1",
        "0x1f",
        "0o17",
        "017",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        "2001-01-01",
        "12:30",
    ] {
        check(other, &format!("\"{other}\""));
    }
    for plain in ["=", "<<", "it's", "a]", ":a", "é", "a:b", "a#b"] {
        check(plain, plain);
    }
    for special in [
        "- a", "-", "a: b", "a:", "a #b", "#a", " a", "a ", "\"q\"", "@a", "%a", "!a", "&a", "*a",
        "{a", "[a", "|", "?", "? a", "{{ x }}", "---", "...", "--- a", "\u{2028}",
    ] {
        check(special, &format!("'{special}'"));
    }
    check("'", "''''");
    check("a\tb", r#""a\tb""#);
    check("\ta", r#""\ta""#);
    check("\u{1}", r#""\x01""#);
    check("😀", r#""\U0001F600""#);
}

#[test]
fn texts_of_several_lines_are_blocks() {
    let check = |text: &str, expected: &str| {
        let found = written(&Value::text(text));
        assert_eq!(found, (expected.to_owned(), expected.to_owned()), "{text:?}");
    };
    check("a\nb", "|-\n  a\n  b\n");
    check("a\nb\n", "|\n  a\n  b\n");
    check("a\n\nb\n\n", "|+\n  a\n\n  b\n\n");
    check("a\n b\n", "|\n  a\n   b\n");
    check("  a\nb", "|2-\n    a\n  b\n");
}

#[test]
fn only_plain_yaml_folds_lines_and_leaves_lists_at_their_key() {
    let words = format!("{}end", "w ".repeat(45));
    let (folded, whole) = written(&Value::text(words.as_str()));
    assert_eq!(folded, format!("{}w\n  w w w w end\n", "w ".repeat(40)));
    assert_eq!(whole, format!("{words}\n"));
    let unbroken = "x".repeat(100);
    assert_eq!(written(&Value::text(unbroken.as_str())).0, format!("{unbroken}\n"));
    let map = Value::map([("b", Value::texts(["x", "y"])), ("a", Value::map([("c", Value::Nil)]))]);
    let (plain, pretty) = written(&map);
    assert_eq!(plain, "a:\n  c: null\nb:\n- x\n- \"y\"\n");
    assert_eq!(pretty, "a:\n  c: null\nb:\n  - x\n  - \"y\"\n");
}

#[test]
fn what_yaml_has_no_text_for_is_refused() {
    let message = |value: f64| to_yaml(&Value::Float(value)).unwrap_err().to_string();
    assert_eq!(message(f64::NAN), "error marshaling into JSON: json: unsupported value: NaN");
    assert_eq!(
        message(f64::NEG_INFINITY),
        "error marshaling into JSON: json: unsupported value: -Inf"
    );
    let map = Map::empty();
    map.insert("self", Value::Map(map.clone()));
    assert!(to_yaml(&Value::Map(map.clone())).is_err());
    map.remove("self");
}

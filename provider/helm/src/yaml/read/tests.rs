//! What is read of a document, and what of it is refused.

use super::*;

fn json(text: &str) -> String {
    read(text).unwrap().to_json().to_string()
}

#[test]
fn a_document_is_read_into_what_json_can_say() {
    let check = |text: &str, expected: &str| assert_eq!(json(text), expected, "{text:?}");
    check("", "null");
    check("# nothing\n", "null");
    check("a: 1\nb: [yes, ~, 1.5, x]\n", r#"{"a":1,"b":[true,null,1.5,"x"]}"#);
    check("1: a\ntrue: b\n1.5: d\n", r#"{"1":"a","1.5":"d","true":"b"}"#);
    check("a: <<\n", r#"{"a":"<<"}"#);
    check("a: !!str 1\nb: !!binary aGk=\n", r#"{"a":"1","b":"hi"}"#);
    check("a: |\n  x\n   y\n\nb: >-\n  x\n  y\n", r#"{"a":"x\n y\n","b":"x y"}"#);
}

#[test]
fn of_a_map_and_what_it_merges_the_later_one_counts() {
    let text = "a: &a {w: 1, x: 2}\nb: &b {x: 3}\nc: {x: 4, <<: [*a, *b]}\nd: {<<: *a, x: 5}\n";
    let found = read(text).unwrap();
    let of = |name: &str| found.get(name).unwrap().to_json().to_string();
    assert_eq!(of("c"), r#"{"w":1,"x":2}"#);
    assert_eq!(of("d"), r#"{"w":1,"x":5}"#);
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let check = |text: &str, words: &str| {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    };
    check("a: [1\nb: 2\n", "yaml: line 1: did not find expected ',' or ']'");
    check("a: 1\n b: 2\n", "yaml: line 2: mapping values are not allowed in this context");
    check("a:\n\t- b\n", "found character that cannot start any token");
    check("a: *b\n", "yaml: unknown anchor 'b' referenced");
    check("~: a\n", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"a\"");
    check("a: &a [*a]\n", "yaml: anchor 'a' value contains itself");
}

#[test]
fn a_stream_is_split_at_its_separators() {
    let documents = read_documents("a: 1\n---\n---\n# none\n---\nb: 2\n").unwrap();
    let documents: Vec<_> = documents.iter().map(|it| it.to_json().to_string()).collect();
    assert_eq!(documents, [r#"{"a":1}"#, r#"{"b":2}"#]);
    let error = read_documents("a: 1\n---b: 2\n").unwrap_err().to_string();
    assert_eq!(error, "invalid Yaml document separator: b: 2");
}

fn refused(text: &str, words: &str) {
    let error = read(text).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn aliases_nest_no_deeper_than_collections() {
    // Each of these is deep, and holds the one before.
    let deep = |index: usize| {
        let (open, close) = ("[".repeat(900), "]".repeat(900));
        format!("a{}: &a{} {open}*a{index}{close}\n", index + 1, index + 1)
    };
    let plain = "- 1\n".repeat(10_000);
    let chain: String = (0..5).map(deep).collect();
    refused(&format!("plain:\n{plain}a0: &a0 x\n{chain}"), "exceeded max depth");
    let merged = |index: usize| format!("m{}: &m{} {{<<: *m{index}}}\n", index + 1, index + 1);
    let chain: String = (0..1_100).map(merged).collect();
    refused(&format!("plain:\n{}m0: &m0 {{}}\n{chain}", plain.repeat(20)), "exceeded max depth");
    let flow = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    assert!(read(&flow).is_ok());
}

#[test]
fn what_aliases_repeat_is_counted() {
    let long = "x".repeat(1 << 20);
    refused(&format!("a: &a {long}\nb: [{}]", ["*a"; 20].join(", ")), "excessive aliasing");
    assert!(read(&format!("a: &a {long}\nb: [*a, *a]")).is_ok());
}

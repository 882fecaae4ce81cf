use travel_framework::value::Value;

use super::*;

/// The breaks from one contract to another, each written as a line.
fn check(before: &str, after: &str, expected: &[&str]) {
    let frame = |lines: &str| {
        let text = format!("resource t version=1\nresource t.name string required\n{lines}");
        Contract::parse(&text).unwrap()
    };
    let found: Vec<String> =
        frame(after).breaks(&frame(before)).iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{before} -> {after}");
}

#[test]
fn additions_break_nothing() {
    for after in [
        "resource t.a string optional",
        "resource t.a string computed",
        "resource t.a attributes optional\nresource t.a.b string required",
        "resource t.b block-list\nresource t.b.c string required",
        "resource u version=0\nresource u.a string required",
        "function f (string)string",
    ] {
        check("", after, &[]);
    }
    for (before, after) in [
        ("string required", "string optional"),
        ("string required", "string optional computed"),
        ("string optional", "string optional computed"),
        ("string computed", "string optional computed"),
        ("string optional replace", "string optional"),
        ("string optional", "string optional deprecated"),
    ] {
        check(&format!("resource t.a {before}"), &format!("resource t.a {after}"), &[]);
    }
}

#[test]
fn what_takes_something_away_breaks() {
    for (before, after, expected) in [
        (
            "string optional",
            "number optional",
            "type changed from string to number, under the same version",
        ),
        (
            "string computed",
            "number computed",
            "type changed from string to number, under the same version",
        ),
        (
            "attributes-set optional",
            "attributes-map optional",
            "type changed from attributes-set to attributes-map, under the same version",
        ),
        (
            "block-list",
            "block-map",
            "type changed from block-list to block-map, under the same version",
        ),
        ("string optional", "string required", "became required"),
        ("string optional computed", "string optional", "no longer computed"),
        ("string optional computed", "string required", "became required"),
        ("string optional computed", "string computed", "cannot be set any more"),
        ("string optional", "string optional replace", "a change now needs another object"),
        ("string optional", "string optional sensitive", "became sensitive"),
        ("string optional sensitive", "string optional", "no longer sensitive"),
        ("string optional", "string optional write_only", "write-only or no longer"),
        ("string optional write_only", "string optional", "write-only or no longer"),
        (
            "string optional computed default=a",
            "string optional computed default=b",
            "from default=a to default=b",
        ),
        (
            "string optional computed",
            "string optional computed default=b",
            "from no default to default=b",
        ),
    ] {
        let expected = format!("resource t.a: {expected}");
        check(&format!("resource t.a {before}"), &format!("resource t.a {after}"), &[&expected]);
    }
}

#[test]
fn what_is_gone_is_told_once() {
    check("resource t.a string optional", "", &["resource t.a: removed"]);
    let nested = "resource t.a attributes optional\nresource t.a.b string optional";
    check(nested, "", &["resource t.a: removed"]);
    check(nested, "resource t.a attributes optional", &["resource t.a.b: removed"]);
    check("data d version=0\ndata d.a string computed", "", &["data d: removed"]);
    check("function f (string)string", "", &["function f: removed"]);
    let changed =
        "function f: type changed from (string)string to (number)string, under the same version";
    check("function f (string)string", "function f (number)string", &[changed]);
}

#[test]
fn what_is_new_and_required_breaks_where_it_stands_in_something_old() {
    check("", "resource t.a string required", &["resource t.a: new, and required"]);
    let before = "resource t.a attributes optional";
    let after = format!("{before}\nresource t.a.b string required");
    check(before, &after, &["resource t.a.b: new, and required"]);
}

#[test]
fn a_version_only_rises_and_mends_only_the_state() {
    let contract = |version: i64, line: &str| {
        Contract::parse(&format!("resource t version={version}\nresource t.a {line}")).unwrap()
    };
    for (before, after, expected) in [
        ((1, "string computed"), (2, "number computed"), vec![]),
        (
            (1, "string optional"),
            (2, "number optional"),
            vec!["resource t.a: type changed from string to number"],
        ),
        (
            (1, "string computed"),
            (0, "string computed"),
            vec!["resource t: version lowered from 1 to 0"],
        ),
    ] {
        let (before, after) = (contract(before.0, before.1), contract(after.0, after.1));
        let found: Vec<String> = after.breaks(&before).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn breaks_are_acknowledged_one_by_one_and_with_a_reason() {
    let breaks =
        || vec![Break::new("resource t.a", "removed"), Break::new("resource t.b", "removed")];
    let left = |acknowledged: &str| unacknowledged(breaks(), acknowledged);
    assert_eq!(left("# nothing\n").unwrap(), breaks());
    assert_eq!(left("resource t.a: removed -- it never did anything\n").unwrap(), breaks()[1..]);
    assert_eq!(left("resource t.a: became required -- other\n").unwrap(), breaks());
    for line in ["resource t.a: removed", "resource t.a: removed -- "] {
        assert!(left(line).unwrap_err().to_string().contains("has no reason"));
    }
}

#[test]
fn a_contract_is_written_and_read_again() {
    let attribute = |name: &str| Attribute { name: name.to_owned(), ..Attribute::default() };
    let inner = Attribute {
        kind: AttributeKind::Plain(Type::map(Type::Number)),
        required: true,
        ..attribute("inner")
    };
    let kind = AttributeKind::Nested { nesting: Nesting::Map, attributes: vec![inner] };
    let nested = Attribute { kind, computed: true, ..attribute("nested") };
    let text = Attribute {
        kind: AttributeKind::Plain(Type::String),
        optional: true,
        computed: true,
        default: Some(Value::from("a b")),
        ..attribute("text")
    };
    let block = NestedBlock {
        name: "block".to_owned(),
        nesting: BlockNesting::Set,
        block: Block { attributes: vec![attribute("any")], ..Block::default() },
    };
    let block = Block { attributes: vec![text, nested], blocks: vec![block], ..Block::default() };
    let schema = Schema { version: 3, block };
    let schemas = Schemas { resources: [("t".to_owned(), schema)].into(), ..Schemas::default() };
    let contract = Contract::of(&schemas);
    let written = contract.to_string();
    for line in [
        "resource t version=3",
        "resource t.nested attributes-map computed",
        "resource t.nested.inner map(number) required",
        "resource t.block block-set",
        "resource t.block.any any",
    ] {
        assert!(written.lines().any(|it| it == line), "{line} is not in:\n{written}");
    }
    assert_eq!(Contract::parse(&written).unwrap(), contract);
    assert!(contract.breaks(&contract).is_empty());
}

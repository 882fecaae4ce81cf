use std::collections::BTreeMap;

use super::*;
use crate::Model;
use crate::model::Model as _;

#[derive(Clone, Debug, Model)]
struct Subnet {
    /// Addresses.
    #[model(required, replace)]
    cidr: String,
    /// Id.
    #[model(computed)]
    id: Option<String>,
    /// Public.
    #[model(optional, default)]
    public: bool,
}

#[derive(Clone, Debug, Model)]
struct Thing {
    /// Name.
    #[model(required, replace)]
    name: String,
    /// Size.
    #[model(optional, default = 3)]
    size: i64,
    /// Policy.
    #[model(optional, same = same_without_spaces)]
    policy: Option<String>,
    /// Subnets.
    #[model(optional)]
    subnets: Option<BTreeMap<String, Subnet>>,
    /// Id.
    #[model(computed)]
    id: Option<String>,
    /// Revision.
    #[model(computed, volatile)]
    revision: Option<i64>,
    /// Secret.
    #[model(optional, write_only)]
    secret: Option<String>,
    /// Force.
    #[model(optional, config_only, default)]
    force: bool,
}

fn same_without_spaces(one: &Value, other: &Value) -> bool {
    let squeeze = |value: &Value| value.as_str().map(|text| text.replace(' ', ""));
    squeeze(one) == squeeze(other)
}

fn config(more: &[(&str, Value)]) -> Value {
    let mut value = Value::object(
        ["size", "policy", "subnets", "id", "revision", "secret", "force"]
            .map(|name| (name, Value::Null)),
    );
    value.set_attribute("name", "a".into());
    for (name, attribute) in more {
        value.set_attribute(name, attribute.clone());
    }
    value
}

fn subnet(cidr: &str, id: Option<&str>, public: Option<bool>) -> Value {
    Value::object([
        ("cidr", cidr.into()),
        ("id", id.map_or(Value::Null, Value::from)),
        ("public", public.map_or(Value::Null, Value::from)),
    ])
}

fn prior(more: &[(&str, Value)]) -> Value {
    let mut value = config(&[
        ("size", 3.into()),
        ("id", "id-1".into()),
        ("revision", 7.into()),
        ("force", false.into()),
    ]);
    for (name, attribute) in more {
        value.set_attribute(name, attribute.clone());
    }
    value
}

const APPLIED: Computed = Computed::Applied { resumed: false };

fn check(prior: &Value, config: &Value, computed: Computed, expected: &[(&str, Value)]) {
    let planned = plan_by_schema(&Thing::block(), prior, config, computed);
    for (name, value) in expected {
        assert_eq!(planned.get(name), value, "{name}");
    }
}

#[test]
fn a_create_leaves_unknown_what_only_the_service_can_say() {
    check(
        &Value::Null,
        &config(&[("secret", "s".into())]),
        APPLIED,
        &[
            ("name", "a".into()),
            ("size", 3.into()),
            ("policy", Value::Null),
            ("id", Value::unknown()),
            ("revision", Value::unknown()),
            ("secret", Value::Null),
        ],
    );
}

#[test]
fn an_update_keeps_what_it_does_not_touch() {
    check(
        &prior(&[]),
        &config(&[("size", 4.into())]),
        APPLIED,
        &[("size", 4.into()), ("id", "id-1".into()), ("revision", Value::unknown())],
    );
}

#[test]
fn nothing_changed_is_nothing_planned() {
    let prior = prior(&[("policy", "{ }".into())]);
    let planned = plan_by_schema(
        &Thing::block(),
        &prior,
        &config(&[("policy", "{}".into())]),
        Computed::Kept,
    );
    assert_eq!(planned, prior);
}

#[test]
fn what_an_unfinished_create_left_null_is_still_to_come() {
    check(
        &prior(&[("id", Value::Null)]),
        &config(&[]),
        Computed::Applied { resumed: true },
        &[("id", Value::unknown())],
    );
}

#[test]
fn nested_objects_keep_their_computed_attributes_by_key() {
    let prior = prior(&[(
        "subnets",
        Value::map([("a", subnet("10.0.0.0/24", Some("subnet-1"), Some(false)))]),
    )]);
    let wanted = Value::map([
        ("a", subnet("10.0.0.0/24", None, Some(true))),
        ("b", subnet("10.0.1.0/24", None, None)),
    ]);
    let mut new = subnet("10.0.1.0/24", None, Some(false));
    new.set_attribute("id", Value::unknown());
    let expected =
        Value::map([("a", subnet("10.0.0.0/24", Some("subnet-1"), Some(true))), ("b", new)]);
    check(&prior, &config(&[("subnets", wanted)]), APPLIED, &[("subnets", expected)]);
}

#[test]
fn finds_what_needs_another_object() {
    let block = Thing::block();
    let subnets = |cidr| ("subnets", Value::map([("a", subnet(cidr, None, Some(false)))]));
    let before = prior(&[subnets("10.0.0.0/24")]);
    for (after, expected) in [
        (prior(&[subnets("10.0.0.0/24"), ("size", 9.into())]), vec![]),
        (prior(&[subnets("10.0.0.0/24"), ("name", "b".into())]), vec!["name"]),
        (prior(&[subnets("10.9.0.0/24")]), vec![r#"subnets["a"].cidr"#]),
        (prior(&[]), vec![]),
    ] {
        let found: Vec<String> =
            replacements(&block, &before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn what_only_the_provider_reads_is_not_effective() {
    let block = Thing::block();
    assert_eq!(
        effective(&block, &prior(&[("force", true.into())])),
        effective(&block, &prior(&[])),
    );
}

#[test]
fn write_only_values_come_from_the_configuration() {
    let planned = prior(&[]);
    let full = with_write_only(&Thing::block(), &planned, &config(&[("secret", "s".into())]));
    assert_eq!(full.get("secret"), &"s".into());
}

#[test]
fn write_only_values_of_blocks_come_from_the_configuration_and_never_stay() {
    #[derive(Clone, Debug, Model)]
    struct Outer {
        /// Things, by their labels.
        #[model(block(map))]
        things: BTreeMap<String, Thing>,
        /// Others.
        #[model(block(list))]
        others: Vec<Thing>,
    }
    let outer = |secret: &str| {
        let secret = if secret.is_empty() { Value::Null } else { secret.into() };
        let thing = prior(&[("secret", secret)]);
        Value::object([
            ("things", Value::map([("a".to_owned(), thing.clone())])),
            ("others", Value::List(vec![thing])),
        ])
    };
    let block = Outer::block();
    assert_eq!(with_write_only(&block, &outer(""), &outer("s")), outer("s"));
    assert_eq!(with_write_only(&block, &outer("s"), &Value::Null), outer(""));
    // A block that the configuration no longer has keeps nothing of it either.
    let without =
        Value::object([("things", Value::Map(BTreeMap::new())), ("others", Value::List(vec![]))]);
    assert_eq!(with_write_only(&block, &outer("s"), &without), outer(""));
}

#[test]
fn a_read_that_means_the_same_changes_nothing() {
    let before = prior(&[("policy", "{ }".into())]);
    let read = prior(&[("policy", "{}".into())]);
    assert_eq!(settle(&Thing::block(), &before, &read), before);
}

use super::*;

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn claim() -> Claim {
    Claim {
        deployment: "dev/keys".into(),
        previous_deployments: Vec::new(),
        resource: "travel_kms_key/main".into(),
        generation: "7".into(),
    }
}

fn settings() -> TagSettings {
    let ignored = IgnoredTags {
        keys: Some(["owner".to_owned()].into()),
        key_prefixes: Some(["k8s/".to_owned()].into()),
    };
    TagSettings::new(Setting::Known(tags(&[("team", "core"), ("env", "dev")])), ignored)
}

fn tagging(own: Option<&[(&str, &str)]>, all: &[(&str, &str)]) -> Tagging {
    Tagging { tags: own.map(tags), tags_all: Some(tags(all)) }
}

#[test]
fn reads_back_what_was_planned() {
    let mark = [
        ("travel:deployment", "dev/keys"),
        ("travel:resource", "travel_kms_key/main"),
        ("travel:generation", "7"),
    ];
    for (state, cloud, expected) in [
        // Only defaults: no tags of its own.
        (None, vec![("team", "core"), ("env", "dev")], None),
        // An own tag stays one, also where a default says the same.
        (
            Some(tags(&[("env", "dev")])),
            vec![("team", "core"), ("env", "dev")],
            Some(tags(&[("env", "dev")])),
        ),
        // A foreign tag and a changed default show; ignored and reserved ones do not.
        (
            None,
            vec![("team", "other"), ("x", "y"), ("owner", "z"), ("k8s/a", "b"), ("aws:cf", "c")],
            Some(tags(&[("team", "other"), ("x", "y")])),
        ),
        // An empty map is not the same as none.
        (Some(Tags::new()), vec![("team", "core")], Some(Tags::new())),
    ] {
        let state = Tagging { tags: state, tags_all: None };
        let cloud = cloud.into_iter().chain(mark);
        let (read, found) = Tagging::read(cloud, &state, &settings());
        assert_eq!(read.tags, expected);
        assert_eq!(found.map(|mark| mark.generation).as_deref(), Some("7"));
        assert!(read.tags_all.unwrap().keys().all(|key| !key.contains(':') && key != "owner"));
    }
}

#[test]
fn changes_only_what_differs() {
    let mark: Vec<(String, String)> = claim().tags().into();
    for (before, after, marked_with, set, remove, marks) in [
        (vec![("a", "1")], vec![("a", "1")], Some("7"), vec![], vec![], false),
        (
            vec![("a", "1")],
            vec![("a", "2"), ("b", "3")],
            Some("7"),
            vec![("a", "2"), ("b", "3")],
            vec![],
            true,
        ),
        (vec![("a", "1"), ("b", "2")], vec![("b", "2")], Some("7"), vec![], vec!["a"], true),
        (vec![("a", "1")], vec![("a", "1")], None, vec![], vec![], true),
        (vec![("a", "1")], vec![("a", "1")], Some("6"), vec![], vec![], true),
    ] {
        let changes = tagging(None, &after).changes(&tagging(None, &before), marked_with, &claim());
        let mut expected = tags(&set);
        if marks {
            expected.extend(mark.clone());
        }
        assert_eq!(changes.set, expected);
        assert_eq!(changes.remove, remove);
        assert_eq!(changes.is_empty(), !marks);
    }
}

fn planned(own: Value, settings: &TagSettings) -> (Value, Vec<String>) {
    let config = Value::object([("tags", own), ("tags_all", Value::Null)]);
    let mut plan = Plan::new(&config, &Value::Null, config.clone());
    super::plan(&mut plan, settings);
    let errors = plan.diagnostics.iter().map(|error| error.summary.clone()).collect();
    (plan.planned.get("tags_all").clone(), errors)
}

#[test]
fn plans_all_tags() {
    let own = Value::map([("env", "test".into()), ("later", Value::unknown())]);
    let expected =
        Value::map([("env", "test".into()), ("later", Value::unknown()), ("team", "core".into())]);
    assert_eq!(planned(own, &settings()), (expected, vec![]));
    assert!(planned(Value::unknown(), &settings()).0.is_unknown());
    let later = TagSettings::new(Setting::Unknown, IgnoredTags::default());
    assert!(planned(Value::Null, &later).0.is_unknown());
    assert_eq!(planned(Value::Null, &TagSettings::default()).0, Value::Map(BTreeMap::new()));
}

#[test]
fn refuses_what_cannot_be_set() {
    for (own, error) in [
        (Value::map([("owner", "me".into())]), "tag \"owner\" is ignored"),
        (Value::map([("a", Value::Null)]), "no value for tag \"a\""),
        (Value::map((0..48).map(|it| (it.to_string(), "".into()))), "too many tags"),
    ] {
        assert_eq!(planned(own, &settings()).1, [error]);
    }
    for (key, value, allowed) in [
        ("team", "", true),
        ("aws:x", "", false),
        ("AWS:x", "", false),
        ("travel:owner", "", false),
        ("", "x", false),
        (&"k".repeat(129), "x", false),
        ("k", &"v".repeat(257), false),
    ] {
        let tags = Value::map([(key, value.into())]);
        assert_eq!(are_allowed(&tags).is_ok(), allowed, "{key}");
    }
}

#[test]
fn changes_lead_to_what_is_wanted_and_leave_what_others_added() {
    for (wanted, there, before, set, remove) in [
        (vec![("a", "1")], vec![("a", "1"), ("x", "y")], vec![], vec![], vec![]),
        (
            vec![("a", "2"), ("b", "1")],
            vec![("a", "1")],
            vec!["a"],
            vec![("a", "2"), ("b", "1")],
            vec![],
        ),
        // Only what was its own goes, once, and never a mark.
        (
            vec![],
            vec![("a", "1"), ("x", "y"), ("travel:part", "p")],
            vec!["a", "a", "gone", "travel:part"],
            vec![],
            vec!["a"],
        ),
    ] {
        let before: Vec<String> = before.into_iter().map(str::to_owned).collect();
        let (wanted, there) = (tags(&wanted), tags(&there));
        let changes = TagChanges::toward(wanted.clone(), &there, &before);
        assert_eq!(
            (&changes.set, changes.remove.clone()),
            (&tags(&set), remove.iter().map(ToString::to_string).collect::<Vec<_>>())
        );
        let after = changes.applied(&there);
        assert!(wanted.iter().all(|(key, value)| after.get(key) == Some(value)), "{after:?}");
        assert!(!after.contains_key("a") || wanted.contains_key("a"), "{after:?}");
        assert!(TagChanges::toward(wanted, &after, &before).is_empty());
    }
}

use super::*;

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: b}}\n")
}

fn texts<const N: usize>(texts: [&str; N]) -> Value {
    Value::List(texts.map(Into::into).to_vec())
}

/// A list of objects as core sends it: with its type.
fn objects(elements: Vec<(Type, Value)>) -> Value {
    let (kinds, values) = elements.into_iter().unzip();
    Value::Dynamic(Box::new(Type::Tuple(kinds)), Box::new(Value::Tuple(values)))
}

/// A ConfigMap with one entry of data, of a type.
fn object(name: Value, kind: Type, data: Value) -> (Type, Value) {
    let metadata = Type::object([("name", Type::String)]);
    let kind = Type::object([
        ("apiVersion", Type::String),
        ("kind", Type::String),
        ("metadata", metadata),
        ("data", Type::object([("a", kind), ("b", Type::String)])),
    ]);
    let value = Value::object([
        ("apiVersion", "v1".into()),
        ("kind", "ConfigMap".into()),
        ("metadata", Value::object([("name", name)])),
        ("data", Value::object([("a", data), ("b", "known".into())])),
    ]);
    (kind, value)
}

fn read(attributes: &[(&str, Value)]) -> Result<Source, Vec<Diagnostic>> {
    let attributes = attributes.iter().map(|(name, value)| (*name, value.clone()));
    Source::of(&Value::object(attributes))
}

fn names(source: &Source) -> Vec<String> {
    source.items.iter().map(Item::name).collect()
}

#[test]
fn documents_come_from_texts_and_objects_and_are_put_in_their_places() {
    let both = format!(
        "{}---\n# nothing\n---\n{}",
        config_map("a"),
        "kind: Namespace\napiVersion: v1\nmetadata: {name: shop}\n"
    );
    let source = read(&[
        ("yaml", texts([&both])),
        ("secret_yaml", texts([&config_map("c")])),
        ("objects", objects(vec![object("b".into(), Type::String, "x".into())])),
        ("namespace", "shop".into()),
    ])
    .unwrap();
    let expected =
        ["v1/ConfigMap/shop/a", "v1/Namespace//shop", "v1/ConfigMap/shop/c", "v1/ConfigMap/shop/b"];
    assert_eq!(names(&source), expected);
    let paths: Vec<String> = source.items.iter().map(|item| item.path.to_string()).collect();
    assert_eq!(paths, ["yaml[0]", "yaml[0]", "secret_yaml[0]", "objects[0]"]);
    assert!(source.is_complete);
}

#[test]
fn lists_are_taken_apart_and_what_the_cluster_writes_is_left_out() {
    let list = "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a, uid: x, resourceVersion: '7'}, status: {}}\n";
    let source = read(&[("yaml", texts([list]))]).unwrap();
    assert_eq!(names(&source), ["v1/Secret/default/a"]);
    assert_eq!(source.items[0].document.resource_version(), None);
    assert!(source.items[0].document.value().get("status").is_none());
}

fn refused(attributes: &[(&str, Value)]) -> Vec<(String, String)> {
    let errors = read(attributes).map(|_| ()).unwrap_err().into_iter();
    errors.map(|it| (it.path.unwrap_or_default().to_string(), it.detail)).collect()
}

#[test]
fn what_is_no_document_is_refused_where_it_stands() {
    let check = |attributes: &[(&str, Value)], path: &str, words: &str| {
        let refused = refused(attributes);
        let [(at, detail)] = refused.as_slice() else { panic!("{refused:?}") };
        assert_eq!(at, path, "{detail}");
        assert!(detail.contains(words), "{detail}");
    };
    check(&[("yaml", texts([&config_map("a"), "a: ["]))], "yaml[1]", "cannot be read");
    check(&[("yaml", texts(["kind: ConfigMap\napiVersion: v1"]))], "yaml[0]", "no metadata.name");
    let secret = "a: [hunter2";
    let found = refused(&[("secret_yaml", texts([secret]))]);
    assert!(found.iter().all(|(_, detail)| !detail.contains("hunter2")), "{found:?}");
    let twins = [("yaml", texts([&config_map("a"), &config_map("a")]))];
    check(&twins, "yaml[1]", "yaml[0] and yaml[1] both describe v1/ConfigMap/default/a");
    let nameless = objects(vec![(
        Type::object([("kind", Type::String)]),
        Value::object([("kind", "A".into())]),
    )]);
    check(&[("objects", nameless)], "objects[0]", "no apiVersion");
}

#[test]
fn what_is_not_known_leaves_the_rest_known() {
    let unknown_of = |kind: Type, value: Value| {
        let source = read(&[("objects", objects(vec![object("a".into(), kind, value)]))]).unwrap();
        assert!(source.is_complete);
        source.items[0].clone()
    };
    assert_eq!(unknown_of(Type::String, "x".into()).unknown, Unknown::Nothing);
    let leaf = unknown_of(Type::String, Value::unknown());
    let fields = leaf.fields(None).unwrap();
    assert_eq!(fields["data.a"], None);
    assert_eq!(fields["data.b"].as_deref(), Some("known"));
    assert!(!leaf.is_known("data.a") && leaf.is_known("data.b"));
    let number = unknown_of(Type::Number, Value::unknown());
    assert_eq!(number.unknown, Unknown::Fields(["data.a".to_owned()].into()));
    // An object may have any fields.
    assert_eq!(unknown_of(Type::Dynamic, Value::unknown()).fields(None), None);
}

#[test]
fn what_decides_on_a_name_leaves_nobody_knowing_which_documents_there_are() {
    let check = |attributes: &[(&str, Value)], expected: bool| {
        assert_eq!(read(attributes).unwrap().is_complete, expected);
    };
    check(&[("yaml", Value::List(vec![Value::unknown()]))], false);
    check(&[("yaml", Value::unknown())], false);
    check(&[("objects", Value::unknown())], false);
    let name = objects(vec![object(Value::unknown(), Type::String, "x".into())]);
    check(&[("objects", name)], false);
    check(&[("objects", objects(vec![(Type::Dynamic, Value::unknown())]))], false);
    let map = texts([&config_map("a")]);
    check(&[("yaml", map.clone()), ("namespace", Value::unknown())], false);
    let role = "kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: a}";
    check(&[("yaml", texts([role])), ("namespace", Value::unknown())], true);
    check(&[("yaml", map), ("objects", Value::Null)], true);
}

#[test]
fn nothing_is_shown_or_quoted_of_what_is_secret() {
    let text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: plain}\ndata: {a: hunter2}\n";
    let source = read(&[("secret_yaml", texts([text]))]).unwrap();
    let key = SecretKey::read_or_make(&mut String::new());
    let fields = source.items[0].fields(Some(&key)).unwrap();
    assert!(fields["data.a"].as_deref().unwrap().starts_with("hmac:"));
    assert_eq!(source.items[0].fields(None).unwrap()["data.a"], None);
    let said = source.secrets().hidden_in("plain: hunter2 is wrong");
    assert_eq!(said, "plain: (secret) is wrong");
}

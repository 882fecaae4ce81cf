use std::path::Path as FilePath;
use std::sync::LazyLock;

use super::*;
use crate::release::memory::Memory;

const TEMPLATES: &str = "\
kind: ConfigMap
apiVersion: v1
metadata: {name: {{ .Release.Name }}}
data: {greeting: {{ .Values.greeting }}}
---
kind: Secret
apiVersion: v1
metadata: {name: {{ .Release.Name }}}
data: {token: {{ randAlphaNum 20 | b64enc }}}
";
const DEFINITION: &str = "\
kind: CustomResourceDefinition
apiVersion: apiextensions.k8s.io/v1
metadata: {name: widgets.a.b}
spec: {group: a.b, scope: Namespaced, names: {kind: Widget}, versions: [{name: v1, served: true}]}
";

/// A folder with a chart in it.
fn chart() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0, appVersion: '2.0'}");
    write("values.yaml", "greeting: hello");
    write("values.schema.json", r#"{"properties": {"greeting": {"type": "string"}}}"#);
    write("templates/a.yaml", TEMPLATES);
    write("crds/widgets.yaml", DEFINITION);
    folder
}

fn object(chart: &FilePath, values: Value) -> Value {
    Value::object([
        ("chart", chart.display().to_string().into()),
        ("namespace", "shop".into()),
        ("skip_crds", false.into()),
        ("values", values),
    ])
}

fn greeting(greeting: impl Into<Value>) -> Value {
    Value::object([("greeting", greeting.into())])
}

/// What is remembered of a release, and the key.
type Kept<'a> = Option<(&'a ReleaseMemory, &'a SecretKey)>;

fn ask(planned: &Value, prior: &Value, kept: Kept<'_>) -> Answer {
    ask_for("cart", planned, prior, kept)
}

fn ask_for(name: &str, planned: &Value, prior: &Value, kept: Kept<'_>) -> Answer {
    let (memory, key) = (kept.map(|(memory, _)| memory), kept.map(|(_, key)| key));
    plan(&Question { prior, name: Some(name), memory, key, ..question(planned) })
}

/// What is known of a release that is to be made.
fn question(planned: &Value) -> Question<'_> {
    static NOTHING: LazyLock<Brought> = LazyLock::new(Brought::default);
    static CHARTS: LazyLock<Charts> = LazyLock::new(Charts::default);
    Question {
        planned,
        password: Value::Null,
        prior: &Value::Null,
        name: Some("cart"),
        name_path: Path::attribute("name"),
        path: Path::root(),
        charts: &CHARTS,
        memory: None,
        key: None,
        brought: &NOTHING,
    }
}

fn attribute(answer: &Answer, name: &str) -> Value {
    let found = answer.attributes.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| unreachable!("{name} is decided: {:?}", answer.diagnostics)).1.clone()
}

fn refused_at(answer: &Answer) -> Option<String> {
    let error = answer.diagnostics.iter().find(|diagnostic| diagnostic.is_error())?;
    error.path.as_ref().map(Path::to_string)
}

#[test]
fn a_create_knows_what_can_be_known() {
    let folder = chart();
    let answer = ask(&object(folder.path(), greeting("hi")), &Value::Null, None);
    assert_eq!(refused_at(&answer), None, "{:?}", answer.diagnostics);
    let documents = attribute(&answer, "documents");
    let config = documents.get("v1/ConfigMap/shop/cart");
    assert_eq!(config.get("data.greeting").as_str(), Some("hi"));
    assert!(documents.get("v1/Secret/shop/cart").is_unknown());
    let definition = "apiextensions.k8s.io/v1/CustomResourceDefinition//widgets.a.b";
    assert!(documents.get(definition).is_wholly_known());
    assert_eq!(attribute(&answer, "app_version").as_str(), Some("2.0"));
    assert!(attribute(&answer, "chart_digest").as_str().is_some());
    assert!(attribute(&answer, "values_digest").is_unknown());
    assert_eq!(answer.brought.api_versions, ["a.b/v1", "a.b/v1/Widget"]);
}

#[test]
fn a_chart_that_is_not_signed_is_refused_where_it_must_be() {
    let folder = chart();
    let mut planned = object(folder.path(), greeting("hi"));
    planned.set_attribute("keyring", "/nowhere".into());
    for (verify, refused) in
        [(Value::Null, None), (false.into(), None), (true.into(), Some("verify"))]
    {
        planned.set_attribute("verify", verify);
        let answer = ask(&planned, &Value::Null, None);
        assert_eq!(refused_at(&answer).as_deref(), refused, "{:?}", answer.diagnostics);
        assert!(
            refused.is_none() || answer.attributes.iter().all(|(name, _)| *name != "documents")
        );
    }
    // While that is not known, the chart may not be looked into.
    planned.set_attribute("verify", Value::unknown());
    let answer = ask(&planned, &Value::Null, None);
    assert_eq!(refused_at(&answer), None, "{:?}", answer.diagnostics);
    assert!(attribute(&answer, "documents").is_unknown());
}

#[test]
fn definitions_are_those_that_the_apply_will_make() {
    let folder = chart();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "Chart.yaml",
        "{apiVersion: v2, name: c, version: 1.0.0, \
         dependencies: [{name: sub, version: 1.0.0, condition: sub.enabled}]}",
    );
    write("charts/sub/Chart.yaml", "{apiVersion: v2, name: sub, version: 1.0.0}");
    write("charts/sub/crds/gadgets.yaml", &DEFINITION.replace("idget", "adget"));
    // A chart sees the cluster as it is once its definitions are there.
    write(
        "templates/a.yaml",
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, \
         data: {has: '{{ .Capabilities.APIVersions.Has \"a.b/v1/Wadget\" }}'}}",
    );
    let check = |values: Value, skip: bool, expected: &[&str], has: Option<&str>| {
        let mut planned = object(folder.path(), values);
        planned.set_attribute("skip_crds", skip.into());
        let kept = ReleaseMemory {
            kube_version: "v1.35.0".into(),
            api_versions: Some(vec!["v1".into()]),
            ..ReleaseMemory::default()
        };
        let key = Memory::default().own_secret_key();
        let answer = ask(&planned, &Value::Null, Some((&kept, &key)));
        assert_eq!(refused_at(&answer), None, "{:?}", answer.diagnostics);
        assert_eq!(answer.brought.api_versions, expected);
        let documents = attribute(&answer, "documents");
        assert_eq!(documents.is_unknown(), has.is_none());
        if let Some(has) = has {
            let shown = documents.get("v1/ConfigMap/shop/a").get("data.has");
            assert_eq!(shown.as_str(), Some(has));
            let definition = "apiextensions.k8s.io/v1/CustomResourceDefinition//wadgets.a.b";
            assert_eq!(documents.get(definition).is_null(), has == "\"false\"");
        }
    };
    let enabled = |enabled: Value| Value::object([("sub", Value::object([("enabled", enabled)]))]);
    let own = ["a.b/v1", "a.b/v1/Widget"];
    let all = ["a.b/v1", "a.b/v1/Wadget", "a.b/v1/Widget"];
    check(enabled(true.into()), false, &all, Some("\"true\""));
    check(enabled(false.into()), false, &own, Some("\"false\""));
    check(enabled(true.into()), true, &[], Some("\"false\""));
    check(enabled(Value::unknown()), false, &own, None);
    check(Value::unknown(), false, &own, None);
}

#[test]
fn both_plans_of_an_apply_say_the_same() {
    let folder = chart();
    let planned = object(folder.path(), greeting("hi"));
    let (one, other) = (ask(&planned, &Value::Null, None), ask(&planned, &Value::Null, None));
    assert_eq!(one.attributes, other.attributes);
}

#[test]
fn what_is_not_known_stays_unknown_and_no_more() {
    let folder = chart();
    let leaf = ask(&object(folder.path(), greeting(Value::unknown())), &Value::Null, None);
    let documents = attribute(&leaf, "documents");
    assert!(documents.get("v1/ConfigMap/shop/cart").is_unknown());
    assert!(!documents.is_unknown());

    let all = ask(&object(folder.path(), Value::unknown()), &Value::Null, None);
    assert!(attribute(&all, "documents").is_unknown());
    assert!(attribute(&all, "chart_digest").is_wholly_known());

    let mut chart = object(folder.path(), Value::Null);
    chart.set_attribute("chart", Value::unknown());
    for name in DECIDED {
        assert!(attribute(&ask(&chart, &Value::Null, None), name).is_unknown(), "{name}");
    }
}

#[test]
fn nothing_changed_is_nothing_planned_however_random_the_chart() {
    let folder = chart();
    let planned = object(folder.path(), greeting("hi"));
    let key = Memory::default().own_secret_key();
    let identity = Identity { name: "cart", namespace: "shop" };
    let Values::Given(values) = values::merged(&planned, &Path::root()).unwrap() else {
        unreachable!("they are known")
    };
    let digest = charts::digest(&travel_helm::chart::Chart::load(folder.path()).unwrap().chart);
    let mut memory = ReleaseMemory { kube_version: "v1.35.0".into(), ..ReleaseMemory::default() };
    memory.inputs = inputs(&key, &planned, identity, &digest, &values, &memory);
    let secret = "v1/Secret/shop/cart";
    let applied = Documents::from([
        (secret.to_owned(), [("data.token".to_owned(), "hmac:1".to_owned())].into()),
        ("v1/ConfigMap/shop/cart".to_owned(), [("data.greeting".into(), "hi".into())].into()),
    ]);
    let mut seen = applied.clone();
    let prior = |seen: &Documents| {
        Value::object([
            ("documents", documents_value(seen)),
            ("revision", 1.into()),
            ("release_status", "deployed".into()),
            ("chart_digest", digest.as_str().into()),
        ])
    };
    let answer = ask(&planned, &prior(&seen), Some((&memory, &key)));
    assert_eq!(attribute(&answer, "documents"), documents_value(&applied));

    // What was changed in the cluster is planned to be as it was applied.
    seen.insert(secret.to_owned(), [("data.token".to_owned(), "hmac:2".to_owned())].into());
    memory.drifted.insert(secret.to_owned(), applied[secret].clone());
    let answer = ask(&planned, &prior(&seen), Some((&memory, &key)));
    assert_eq!(attribute(&answer, "documents"), documents_value(&applied));

    // Other values are another outcome, of which the secret is not known.
    let other = object(folder.path(), greeting("hello"));
    let answer = ask(&other, &prior(&seen), Some((&memory, &key)));
    let documents = attribute(&answer, "documents");
    assert!(documents.get(secret).is_unknown());
    let config = documents.get("v1/ConfigMap/shop/cart");
    assert_eq!(config.get("data.greeting").as_str(), Some("hello"));
    assert_eq!(
        attribute(&answer, "values_digest").as_str(),
        Some(key.code(r#"{"greeting":"hello"}"#).as_str())
    );
}

#[test]
fn what_somebody_else_made_alike_is_left_alone() {
    let prior = |digest: Value, version: &str| {
        let documents = documents_value(&Documents::new());
        Value::object([
            ("documents", documents),
            ("chart_digest", digest),
            ("chart_version", version.into()),
        ])
    };
    let known = documents_value(&Documents::new());
    let check = |prior: Value, documents: &Value, expected: Value| {
        assert_eq!(
            digest_to_plan(&prior, &BTreeSet::new(), "1.0.0", "sha256:1", documents),
            expected
        );
    };
    check(prior(Value::Null, "1.0.0"), &known, Value::Null);
    check(prior(Value::Null, "2.0.0"), &known, "sha256:1".into());
    check(prior(Value::Null, "1.0.0"), &Value::unknown(), "sha256:1".into());
    check(prior("sha256:0".into(), "1.0.0"), &known, "sha256:1".into());
    check(Value::Null, &known, "sha256:1".into());
}

/// An import cannot tell whether definitions were left out.
#[test]
fn what_is_imported_stays_whether_or_not_definitions_are_left_out() {
    let folder = chart();
    std::fs::write(
        folder.path().join("templates/a.yaml"),
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}}",
    )
    .unwrap();
    let key = Memory::default().own_secret_key();
    let kept = ReleaseMemory { kube_version: "v1.35.0".into(), ..ReleaseMemory::default() };
    let mut planned = object(folder.path(), greeting("hi"));
    let made = ask(&planned, &Value::Null, Some((&kept, &key)));
    let mut prior = Value::object(DECIDED.map(|name| (name, attribute(&made, name))));
    prior.set_attribute("revision", 3.into());
    prior.set_attribute("release_status", "deployed".into());
    let digest = prior.get("chart_digest").clone();
    for (skip_crds, chart_digest, is_kept, count) in [
        (false, Value::Null, true, 2),
        (true, Value::Null, true, 1),
        (false, digest.clone(), true, 2),
        // Of our own it is known.
        (true, digest.clone(), false, 1),
        (true, "sha256:0".into(), false, 1),
    ] {
        planned.set_attribute("skip_crds", skip_crds.into());
        prior.set_attribute("chart_digest", chart_digest.clone());
        let answer = ask(&planned, &prior, Some((&kept, &key)));
        let mut block = planned.clone();
        block.set_attribute("revision", Value::unknown());
        for (name, value) in answer.attributes {
            block.set_attribute(name, value);
        }
        keep_seen(&mut block, &prior);
        let case = format!("{skip_crds} {chart_digest:?}");
        assert_eq!(block.get("revision") == &3.into(), is_kept, "{case}");
        let expected = if chart_digest.is_null() { &Value::Null } else { &digest };
        assert_eq!(block.get("chart_digest"), expected, "{case}");
        assert_eq!(block.get("documents").entries().map(|it| it.len()), Some(count), "{case}");
        let seen = |object: &Value| {
            let seen = |name: &str| object.get(name).as_str().map(str::to_owned);
            let documents = super::seen(object);
            let (chart_digest, values_digest) = (seen("chart_digest"), seen("values_digest"));
            let release_status = seen("release_status");
            Seen { documents, chart_digest, values_digest, release_status, ..Seen::default() }
        };
        let is = crate::release::Settings { seen: seen(&prior), ..Default::default() };
        let wanted = crate::release::Settings { skip_crds, seen: seen(&block), ..is.clone() };
        assert_eq!(is.is_as(&wanted), is_kept, "{case}");
        assert!(!is_kept || is.configured_as(&wanted).seen == wanted.seen, "{case}");
    }
}

#[test]
fn a_chart_that_was_published_anew_is_told_of() {
    let folder = chart();
    let chart = travel_helm::chart::Chart::load(folder.path()).unwrap().chart;
    let digest = charts::digest(&chart);
    let prior = |digest: &str, version: &str| {
        Value::object([
            ("chart_digest", digest.into()),
            ("chart_version", version.into()),
            ("chart_archive_digest", "sha256:1".into()),
        ])
    };
    let origin = Origin {
        archive_digest: Some("sha256:2".to_owned()),
        manifest_digest: Some("sha256:3".to_owned()),
    };
    let told = |prior: &Value| changed_content(prior, &chart, &digest, &origin, &Path::root());
    let warning = told(&prior("sha256:0", "1.0.0")).unwrap();
    assert!(!warning.is_error());
    assert_eq!(warning.path.as_ref().unwrap().to_string(), "chart");
    assert_eq!(warning.summary, "the chart c 1.0.0 is not the one that was deployed");
    for words in
        ["The archive was sha256:1, and is sha256:2 now.", "was not recorded, and is sha256:3"]
    {
        assert!(warning.detail.contains(words), "{warning}");
    }
    // The same content, another version, and what others have made.
    assert!(told(&prior(&digest, "1.0.0")).is_none());
    assert!(told(&prior("sha256:0", "0.9.0")).is_none());
    assert!(told(&Value::object([("chart_version", "1.0.0".into())])).is_none());
    assert!(told(&Value::Null).is_none());
}

/// A folder is worked on: that its content changes is what the plan shows, and no surprise.
#[test]
fn a_folder_that_changes_is_not_warned_of() {
    let folder = chart();
    let planned = object(folder.path(), greeting("hi"));
    let mut prior = Value::object([("chart_version", "1.0.0".into()), ("revision", 1.into())]);
    prior.set_attribute("chart_digest", "sha256:0".into());
    let answer = ask(&planned, &prior, None);
    assert!(answer.diagnostics.iter().next().is_none(), "{:?}", answer.diagnostics);
    assert_ne!(attribute(&answer, "chart_digest"), "sha256:0".into());
    assert!(attribute(&answer, "chart_archive_digest").is_null());
    assert!(attribute(&answer, "chart_manifest_digest").is_null());
}

#[test]
fn refusals_stand_at_their_attribute() {
    let folder = chart();
    let check = |name: &str, object: Value, expected: &str| {
        let answer = ask_for(name, &object, &Value::Null, None);
        assert_eq!(refused_at(&answer).as_deref(), Some(expected), "{:?}", answer.diagnostics);
    };
    check("cart", object(folder.path(), greeting(5)), "values");
    check("cart", object(&folder.path().join("none"), Value::Null), "chart");
    check("Cart", object(folder.path(), Value::Null), "name");
    let with = |name: &str, value: Value| {
        let mut object = object(folder.path(), Value::Null);
        object.set_attribute(name, value);
        object
    };
    check("cart", with("chart", "cart".into()), "chart");
    check("cart", with("version", "~2".into()), "chart");
    check("cart", with("values_yaml", Value::List(vec!["- a".into()])), "values_yaml[0]");
    check("cart", with("kube_version", "five".into()), "kube_version");
}

#[test]
fn only_a_release_that_stood_is_upgraded() {
    let check = |revision: Value, status: &str, expected: bool| {
        let prior = Value::object([("revision", revision), ("release_status", status.into())]);
        assert_eq!(is_upgrade(&prior), expected, "{status}");
    };
    check(1.into(), "deployed", true);
    check(1.into(), "failed", false);
    check(1.into(), "pending-install", false);
    check(2.into(), "failed", true);
    check(Value::Null, "deployed", false);
}

/// A folder with a chart whose only template this is.
fn chart_of(template: &str) -> tempfile::TempDir {
    let folder = chart();
    std::fs::write(folder.path().join("templates/a.yaml"), template).unwrap();
    folder
}

/// What is said of a release of a template under a version of Kubernetes: whether it is an error,
/// where, and in what words.
fn said(template: &str, values: Value, kube_version: Option<&str>) -> Vec<(bool, String, String)> {
    let folder = chart_of(template);
    let mut planned = object(folder.path(), values);
    planned.set_attribute("secret_values", Value::object([("token", "hunter2".into())]));
    if let Some(version) = kube_version {
        planned.set_attribute("kube_version", version.into());
    }
    let path = Path::attribute("release").key("cart");
    let answer = plan(&Question { path, ..question(&planned) });
    let diagnostics = answer.diagnostics.iter();
    let told = diagnostics.map(|it| {
        let path = it.path.as_ref().map(Path::to_string).unwrap_or_default();
        (it.is_error(), path, it.detail.clone())
    });
    told.collect()
}

#[test]
fn a_misspelt_field_is_refused_at_the_release() {
    const TEMPLATE: &str = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: cart}
spec: {replica: 2}
";
    let check = |kube_version: Option<&str>, is_refused: bool| {
        let said = said(TEMPLATE, Value::Null, kube_version);
        let [(is_error, path, detail)] = &said[..] else { panic!("{said:?}") };
        assert_eq!(*is_error, is_refused, "{detail}");
        assert_eq!(path, "release[\"cart\"]");
        assert!(detail.contains("apps/v1/Deployment/shop/cart"), "{detail}");
        let problem = "spec.replica: no field \"replica\"; did you mean \"replicas\"?";
        assert!(detail.contains(problem), "{detail}");
    };
    check(Some("1.36"), true);
    check(Some("v1.37.2-eks-1"), true);
    // A newer version may have the field.
    check(Some("1.99"), false);
    check(None, false);
}

#[test]
fn what_is_not_known_is_not_checked() {
    const TEMPLATE: &str = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: cart}
spec: {replicas: {{ .Values.greeting }}}
";
    assert_eq!(said(TEMPLATE, greeting(Value::unknown()), Some("1.36")), []);
    let known = said(TEMPLATE, greeting("two"), None);
    assert!(matches!(&known[..], [(true, _, detail)] if detail.contains("found \"two\"")));
}

#[test]
fn hooks_are_checked_but_not_tests_and_no_secret_is_quoted() {
    let template = |hook: &str, value: &str| {
        format!(
            "kind: Pod\napiVersion: v1\nmetadata: {{name: a, annotations: {{helm.sh/hook: {hook}}}}}\n\
             spec: {{priority: {value}}}\n"
        )
    };
    let wrong = said(&template("pre-install", "{{ .Values.token }}"), Value::Null, None);
    let [(true, _, detail)] = &wrong[..] else { panic!("{wrong:?}") };
    assert!(
        detail.contains("spec.priority: expected a whole number, found \"(secret)\""),
        "{detail}"
    );
    assert_eq!(said(&template("test", "high"), Value::Null, None), []);
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\ndata: {a: letmein, b: '?'}\n";
    let wrong = said(secret, Value::Null, None);
    let [(true, _, detail)] = &wrong[..] else { panic!("{wrong:?}") };
    assert!(!detail.contains("letmein") && detail.contains("data.b: expected base64"), "{detail}");
}

#[test]
fn not_all_is_told_of_a_document() {
    let fields: Vec<String> = (0..12).map(|number| format!("wrong{number}: 1")).collect();
    let template = format!(
        "kind: Service\napiVersion: v1\nmetadata: {{name: a}}\nspec: {{{}}}\n",
        fields.join(", ")
    );
    let said = said(&template, Value::Null, Some("1.36"));
    let [(true, _, detail)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(detail.matches("no field").count(), 10, "{detail}");
    assert!(detail.contains("  - and 2 more\n"), "{detail}");
}

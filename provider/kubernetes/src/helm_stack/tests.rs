use std::sync::Arc;

use travel_framework::plan::{Computed, plan_by_schema};
use travel_framework::platform::Platform;
use travel_value::Value;

use super::*;
use crate::clusters::{ClusterReference, Clusters, Reached};

struct NoClusters;

#[async_trait]
impl Clusters for NoClusters {
    async fn reach(&self, _: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
        Ok(None)
    }
}

fn platform() -> Kubernetes {
    let platform = Kubernetes::new(Arc::new(NoClusters));
    platform.configure(&Value::object([("chart_mirror", Value::Null)]), "1.11.0");
    platform
}

/// A release block: its `after`, and further attributes.
fn block(after: &[&str], further: &[(&str, Value)]) -> Value {
    let mut block = Value::object([
        ("chart", "./none".into()),
        ("after", Value::set(after.iter().map(|label| (*label).into()))),
    ]);
    further.iter().for_each(|(name, value)| block.set_attribute(name, value.clone()));
    block
}

fn config<const N: usize>(blocks: [(&str, Value); N]) -> Value {
    Value::object([
        ("name", "base".into()),
        ("cluster", Value::object([("name", "dev".into())])),
        ("kubeconfig", Value::Null),
        ("release", Value::map(blocks)),
    ])
}

fn check<const N: usize>(blocks: [(&str, Value); N], expected: Option<&str>) {
    let config = config(blocks);
    let mut plan = Plan::new(&config, &Value::Null, config.clone());
    HelmStack::validate(&mut plan);
    let error = plan.diagnostics.iter().next();
    let path = error.and_then(|error| error.path.as_ref()).map(Path::to_string);
    assert_eq!(path.as_deref(), expected, "{error:?}");
}

#[test]
fn releases_are_distinct_and_wait_only_for_others_of_the_stack() {
    check([("a", block(&[], &[])), ("b", block(&["a"], &[]))], None);
    check([("a", block(&["none"], &[]))], Some(r#"release["a"].after"#));
    check([("a", block(&["a"], &[]))], Some(r#"release["a"].after"#));
    let circle = [
        ("a", block(&["c"], &[])),
        ("b", block(&["a"], &[])),
        ("c", block(&["b"], &[])),
        ("d", block(&[], &[])),
    ];
    check(circle, Some(r#"release["a"].after"#));
    let named = |name: &str| block(&[], &[("name", name.into())]);
    check([("a", block(&[], &[])), ("b", named("a"))], Some(r#"release["b"]"#));
    let elsewhere = block(&[], &[("name", "a".into()), ("namespace", "other".into())]);
    check([("a", block(&[], &[])), ("b", elsewhere)], None);
}

/// A folder with a chart that asks whether the widgets of another one are there.
fn charts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("widgets/Chart.yaml", "{apiVersion: v2, name: widgets, version: 1.0.0}");
    write(
        "widgets/crds/widgets.yaml",
        "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\n\
         metadata: {name: widgets.a.b}\nspec: {group: a.b, names: {kind: Widget}, \
         versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: object, properties: \
         {spec: {type: object, properties: {size: {type: integer}}}}}}}]}\n",
    );
    write("uses/Chart.yaml", "{apiVersion: v2, name: uses, version: 1.0.0}");
    write(
        "uses/templates/a.yaml",
        "kind: Widget\napiVersion: a.b/v1\nmetadata: {name: a}\nspec: {size: many}\n",
    );
    write("asks/Chart.yaml", "{apiVersion: v2, name: asks, version: 1.0.0}");
    write(
        "asks/templates/a.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\n\
         data: {widgets: '{{ .Capabilities.APIVersions.Has \"a.b/v1/Widget\" }}'}\n",
    );
    folder
}

fn planned(config: &Value) -> Plan<'_> {
    planned_after(config, &Value::Null, travel_framework::call::Memory::default())
}

fn planned_after<'a>(
    config: &'a Value,
    prior: &'a Value,
    remembered: travel_framework::call::Memory,
) -> Plan<'a> {
    let block = <HelmStack as travel_framework::model::Model>::block();
    let applied = Computed::Applied { resumed: false };
    let by_schema = plan_by_schema(&block, prior, config, applied);
    let mut plan = Plan::new(config, prior, by_schema);
    plan.remembered = remembered;
    HelmStack::plan_on(&platform(), &mut plan);
    plan
}

#[test]
fn a_release_under_another_label_is_planned_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    let chart = "{apiVersion: v2, name: tells, version: 1.0.0}";
    std::fs::write(folder.path().join("Chart.yaml"), chart).unwrap();
    let template = "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: \
                    {text: '{{ .Release.Revision }} on {{ .Capabilities.KubeVersion.Version }}'}}";
    std::fs::write(folder.path().join("templates/a.yaml"), template).unwrap();
    let chart: Value = folder.path().display().to_string().into();
    let before = [
        ("chart", chart.clone()),
        ("revision", 3.into()),
        ("release_status", "deployed".into()),
        ("first_deployed", "2026-01-01".into()),
    ];
    let prior = config([("a", block(&[], &before))]);
    let kept = serde_json::json!({"releases": {"a": {"kube_version": "v1.35.2"}}});
    let remembered = travel_framework::call::Memory::from_iter([("releases".to_owned(), kept)]);
    let check = |label: &str, name: Value, expected: Option<&str>| {
        let config = config([(label, block(&[], &[("chart", chart.clone()), ("name", name)]))]);
        let plan = planned_after(&config, &prior, remembered.clone());
        assert!(!plan.diagnostics.has_error(), "{:?}", plan.diagnostics);
        let planned = plan.planned.get("release").get(label);
        let shown = planned.get("documents").get("v1/ConfigMap/default/a").get("data.text");
        assert_eq!(shown.as_str(), expected, "{label}");
        let since = expected.map(|_| "2026-01-01");
        assert_eq!(planned.get("first_deployed").as_str(), since, "{label}");
    };
    check("a", Value::Null, Some("4 on v1.35.2"));
    check("cart", "a".into(), Some("4 on v1.35.2"));
    check("cart", Value::Null, None);
    check("a", "cart".into(), None);
}

#[test]
fn a_release_is_told_what_those_before_it_bring_about() {
    let folder = charts();
    let chart = |name: &str| folder.path().join(name).display().to_string().into();
    let release = |name: &str, after: &[&str]| block(after, &[("chart", chart(name))]);
    let config = config([
        ("widgets", release("widgets", &[])),
        ("between", release("asks", &["widgets"])),
        ("after", release("asks", &["between"])),
        ("beside", release("asks", &[])),
    ]);
    let plan = planned(&config);
    assert!(!plan.diagnostics.has_error(), "{:?}", plan.diagnostics);
    let told = |label: &str| {
        let documents = plan.planned.get("release").get(label).get("documents").clone();
        documents.get(&format!("v1/ConfigMap/default/{label}")).clone()
    };
    assert_eq!(told("between").get("data.widgets").as_str(), Some("\"true\""));
    assert_eq!(told("after").get("data.widgets").as_str(), Some("\"true\""));
    // Nobody knows whether the cluster has them already.
    assert!(told("beside").is_unknown());
}

#[test]
fn custom_resources_are_held_against_the_definitions_before_them() {
    let folder = charts();
    let chart = |name: &str| folder.path().join(name).display().to_string().into();
    let release = |name: &str, after: &[&str], further: &[(&str, Value)]| {
        let mut block = block(after, further);
        block.set_attribute("chart", chart(name));
        block
    };
    let check = |further: &[(&str, Value)], expected: &[&str]| {
        let config = config([
            ("widgets", release("widgets", &[], further)),
            ("between", release("asks", &["widgets"], &[])),
            ("after", release("uses", &["between"], &[])),
            ("beside", release("uses", &[], &[])),
        ]);
        let plan = planned(&config);
        let errors = plan.diagnostics.iter().map(|it| it.to_string().replace('\n', " "));
        assert_eq!(errors.collect::<Vec<_>>(), expected);
    };
    let error = "release[\"after\"]: Widget \"a\" would be refused: a.b/v1/Widget//a does not fit \
                 the schema of its kind:   - spec.size: expected a whole number, found \"many\" \
                 Correct the values, or the chart.";
    check(&[], &[error]);
    // Definitions that are left out may be any where they are.
    check(&[("skip_crds", true.into())], &[]);
}

#[test]
fn errors_stand_at_the_release_they_are_about() {
    let config = config([("a", block(&[], &[])), ("B", block(&[], &[]))]);
    let plan = planned(&config);
    let paths: Vec<String> =
        plan.diagnostics.iter().filter_map(|it| it.path.as_ref()).map(Path::to_string).collect();
    assert_eq!(paths, [r#"release["B"]"#, r#"release["a"].chart"#]);
}

#[test]
fn an_id_names_the_stack_and_its_releases() {
    let check = |id: &str, expected: Option<(&str, &str, &[&str])>| {
        let imported = HelmStack::import(id).ok();
        let found = imported.as_ref().map(|stack| {
            let cluster = stack.placement.cluster.as_ref().map_or("", |it| it.name.as_str());
            let releases = stack.release.iter();
            let named = releases.map(|(label, it)| format!("{}:{label}", it.settings.namespace));
            (cluster.to_owned(), stack.name.clone(), named.collect::<Vec<_>>())
        });
        let expected = expected.map(|(cluster, name, releases)| {
            let releases = releases.iter().map(|it| (*it).to_owned()).collect();
            (cluster.to_owned(), name.to_owned(), releases)
        });
        assert_eq!(found, expected, "{id}");
    };
    check("dev/base/shop:cart,shop:pay", Some(("dev", "base", &["shop:cart", "shop:pay"])));
    check("base/shop:cart", Some(("", "base", &["shop:cart"])));
    check("dev/base", Some(("dev", "base", &[])));
    check("base", Some(("", "base", &[])));
    check("dev/base/cart", None);
    check("dev/base/a:x,b:x", None);
    check("dev/base/:x", None);
    check("dev/", None);
    check("shop:cart", None);
}

/// Blocks as `NAMESPACE:NAME` by label.
fn blocks(text: &[(&str, &str)]) -> BTreeMap<String, StackRelease> {
    let block = |(label, identity): &(&str, &str)| {
        let (namespace, name) = identity.split_once(':').unwrap();
        ((*label).to_owned(), StackRelease::known_only_by(Some(name), namespace))
    };
    text.iter().map(block).collect()
}

fn check_labels(before: &[(&str, &str)], planned: &[(&str, &str)], expected: &[(&str, &str)]) {
    let (before, planned) = (blocks(before), blocks(planned));
    let relabelled = relabelled(&before, &new_labels(&named(&before), &named(&planned)));
    let found: Vec<(String, String)> = relabelled
        .iter()
        .map(|(label, it)| (label.clone(), format!("{}:{}", it.settings.namespace, it.name(label))))
        .collect();
    let expected: Vec<(String, String)> =
        expected.iter().map(|(label, it)| ((*label).to_owned(), (*it).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_release_under_another_label_is_the_same_release() {
    let (a, b) = ("shop:a", "shop:b");
    check_labels(&[("a", a), ("b", b)], &[("a", a)], &[("a", a), ("b", b)]);
    check_labels(&[("a", a)], &[("cart", a)], &[("cart", a)]);
    check_labels(&[("a", a), ("b", b)], &[("b", a), ("a", b)], &[("a", b), ("b", a)]);
    check_labels(&[("a", a), ("b", b)], &[("a", b)], &[("a", b), ("shop/a", a)]);
}

#[test]
fn a_release_that_was_found_gets_a_label_of_its_own() {
    let release = |name: &str, namespace: &str| Release {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Release::default()
    };
    let found = [release("a", "shop"), release("a", "other"), release("b", "shop")];
    let known = blocks(&[("cart", "shop:a")]);
    let labels: Vec<String> = found.iter().fold(known, with_release).into_keys().collect();
    assert_eq!(labels, ["a", "b", "cart"]);
}

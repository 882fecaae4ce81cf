use serde_json::json;
use travel_framework::call::Memory as PageMemory;

use super::*;
use crate::secrets::SecretKey;

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:VERSION'}]}}}
";
const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.a.b}
spec:
  group: a.b
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
";

fn config(texts: &[&str]) -> Value {
    let texts = texts.iter().map(|&text| text.into()).collect();
    Value::object([
        ("name", "base".into()),
        ("namespace", "default".into()),
        ("yaml", Value::List(texts)),
        ("objects", Value::Null),
        ("secret_yaml", Value::Null),
    ])
}

/// What is planned for a configuration, beside what is there.
fn planned_on<'a>(config: &'a Value, prior: &'a Value, memory: Option<&Memory>) -> Plan<'a> {
    let mut plan = Plan::new(config, prior, config.clone());
    if let Some(memory) = memory {
        let kept = serde_json::to_value(memory).unwrap();
        plan.remembered = PageMemory::from_iter([("manifests".to_owned(), kept)]);
    }
    validate(&mut plan);
    super::plan(&mut plan);
    plan
}

fn said(plan: &Plan<'_>) -> Vec<(bool, String, String)> {
    let said = plan.diagnostics.iter();
    said.map(|it| (it.is_error(), it.path.clone().unwrap_or_default().to_string(), it.to_string()))
        .collect()
}

/// The one thing that a plan says.
fn check(plan: &Plan<'_>, is_error: bool, path: &str, words: &str) {
    let said = said(plan);
    let [(error, at, text)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!((*error, at.as_str()), (is_error, path), "{text}");
    assert!(text.contains(words), "{text}");
}

fn prior(planned: &Plan<'_>) -> Value {
    planned.planned.clone()
}

#[test]
fn documents_are_shown_by_field_and_ids_are_known() {
    let config = config(&["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: z}\n"]);
    let plan = planned_on(&config, &Value::Null, None);
    assert!(plan.diagnostics.is_empty(), "{:?}", said(&plan));
    let documents = plan.planned.get("documents");
    assert_eq!(documents.get("v1/ConfigMap/default/a").get("data.x").as_str(), Some("z"));
    assert_eq!(plan.planned.get("applyset_id").as_str(), Some(Inventory::of("base").id().as_str()));
    assert_eq!(plan.planned.get("ready").as_bool(), Some(true));
}

#[test]
fn a_configuration_says_at_least_where_documents_are() {
    let mut config = config(&[]);
    config.set_attribute("yaml", Value::Null);
    check(&planned_on(&config, &Value::Null, None), true, "objects", "no documents");
}

#[test]
fn secrets_are_codes_once_there_is_a_key() {
    let config =
        config(&["apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: hunter2}\n"]);
    let field = |plan: &Plan<'_>| {
        plan.planned.get("documents").get("v1/Secret/default/a").get("data.p").clone()
    };
    assert!(field(&planned_on(&config, &Value::Null, None)).is_unknown());
    let mut memory = Memory::default();
    SecretKey::read_or_make(&mut memory.key);
    let shown = field(&planned_on(&config, &Value::Null, Some(&memory)));
    assert!(shown.as_str().is_some_and(|it| it.starts_with("hmac:")), "{shown:?}");
}

#[test]
fn documents_are_held_against_their_kinds_where_they_stand() {
    let widget = "apiVersion: a.b/v1\nkind: Widget\nmetadata: {name: a, namespace: shop}\nspec: {size: big}\n";
    let config_of = config(&[DEFINITION, widget]);
    check(&planned_on(&config_of, &Value::Null, None), true, "yaml[1]", "spec.size");
    let typo = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndate: {x: z}\n";
    let config_of = config(&[typo]);
    // A version of Kubernetes that is not known here may have it.
    check(&planned_on(&config_of, &Value::Null, None), false, "yaml[0]", "date");
    let memory = Memory { kube_version: "v1.35.0".to_owned(), ..Memory::default() };
    check(&planned_on(&config_of, &Value::Null, Some(&memory)), true, "yaml[0]", "date");
}

#[test]
fn what_cannot_be_changed_is_refused_or_announced() {
    let (old, new) = (JOB.replace("VERSION", "1"), JOB.replace("VERSION", "2"));
    let before = config(&[&old]);
    let before = prior(&planned_on(&before, &Value::Null, None));
    let mut after = config(&[&new]);
    let plan = planned_on(&after, &before, None);
    check(&plan, true, "yaml[0]", "add \"Job.batch\" to recreate");
    after.set_attribute("recreate", Value::Set(vec!["Job".into()]));
    let plan = planned_on(&after, &before, None);
    check(&plan, false, "yaml[0]", "spec.template.spec.containers[name=a].image");
    let unchanged = config(&[&old]);
    assert!(planned_on(&unchanged, &before, None).diagnostics.is_empty());
}

#[test]
fn what_another_keeps_is_refused() {
    let tracked = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {argocd.argoproj.io/tracking-id: x}}\n";
    let config = config(&[tracked]);
    check(
        &planned_on(&config, &Value::Null, None),
        true,
        "yaml[0]",
        "argocd.argoproj.io/tracking-id",
    );
}

#[test]
fn what_was_brought_in_is_as_the_cluster_writes_it() {
    let written = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {
        "hostNetwork": false,
        "containers": [{"name": "a", "image": "i", "resources": {"limits": {"cpu": "1000m"}}}],
    }});
    let config = config(&[&written.to_string()]);
    let name = "v1/Pod/default/a".to_owned();
    let found: Fields = [
        ("spec.containers[name=a].name", "a"),
        ("spec.containers[name=a].image", "i"),
        ("spec.containers[name=a].resources.limits.cpu", "\"1\""),
    ]
    .map(|(path, value)| (path.to_owned(), value.to_owned()))
    .into();
    let seen = Documents::from([(name.clone(), found)]);
    let mut before = config.clone();
    before.set_attribute("documents", crate::documents::documents_value(&seen));
    let memory = Memory { inferred: [name].into(), ..Memory::default() };
    let plan = planned_on(&config, &before, Some(&memory));
    assert_eq!(plan.planned.get("documents"), before.get("documents"));
    let plan = planned_on(&config, &before, None);
    assert_ne!(plan.planned.get("documents"), before.get("documents"));
}

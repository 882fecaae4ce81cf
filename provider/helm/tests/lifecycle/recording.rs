//! Our records are the ones Helm itself writes.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::Value;
use travel_kube::Cluster;

use crate::helm::Helm;
use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, values, wanted};

pub async fn all(cluster: &Cluster, helm: &Helm) {
    records_are_as_helm_writes_them(cluster, helm).await;
}

const VALUES: &str =
    "colour: red\nnothing: null\nwhole: 3\nbroken: 1.5\nlist: [1, {a: b}]\nfruit: {kind: apple}\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {colour: {{ .Values.colour | default .Values.kind }}}\n";
const HOOKS: &str = "---
apiVersion: batch/v1
kind: Job
metadata:
  name: b-job
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-weight: \"3\"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: \"a:1\"}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: z-hook, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a-hook, annotations: {helm.sh/hook: test}}
";

async fn records_are_as_helm_writes_them(cluster: &Cluster, helm: &Helm) {
    let (ours, theirs) = (Place::new(cluster, "recorded"), Place::new(cluster, "recorded-by-helm"));
    let _kubelets = [Kubelet::of(cluster, ours.namespace), Kubelet::of(cluster, theirs.namespace)];
    let metadata = "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: \"7\"\ndescription: A shop.\ntype: application\n\
                    icon: https://a.example/icon.png\nhome: https://a.example\nsources: [https://b.example]\n\
                    keywords: [shop]\nmaintainers: [{name: A, email: a@a.example}]\nannotations: {a.example/b: c}\n\
                    kubeVersion: \">=1.20.0-0\"\ndependencies: [{name: fruit, version: 0.1.0, repository: \"\", \
                    condition: fruit.enabled, alias: \"\"}]\n";
    let folder = ChartFolder::new(&[
        ("Chart.yaml", metadata),
        ("Chart.lock", "dependencies: []\ndigest: sha256:0\ngenerated: \"2024-01-01T00:00:00Z\"\n"),
        ("values.yaml", VALUES),
        ("values.schema.json", "{\"type\": \"object\"}"),
        ("README.md", "# Shop\n"),
        (".helmignore", "ignored\n"),
        ("ignored", "x"),
        ("files/data.txt", "data"),
        ("crds/none.md", "no definition"),
        ("templates/_helpers.tpl", "{{ define \"a\" }}a{{ end }}"),
        ("templates/map.yaml", &MAP.replace("NAME", "map")),
        ("templates/hooks.yaml", HOOKS),
        ("templates/NOTES.txt", "Thanks for {{ .Release.Name }}.\n"),
        ("charts/fruit/Chart.yaml", "apiVersion: v2\nname: fruit\nversion: 0.1.0\n"),
        ("charts/fruit/values.yaml", "kind: plum\n"),
        ("charts/fruit/templates/map.yaml", &MAP.replace("NAME", "fruit")),
    ]);
    let given = "{colour: blue, fruit: {extra: [true, null]}, big: 12345678, empty: {}}";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), given).unwrap();
    let with_values =
        ["--values", file.path().to_str().unwrap(), "--create-namespace", "--labels", "unit=tests"];
    let arguments =
        |verb: &'static str| [&[verb, "shop", folder.path()], &with_values[..]].concat();
    let (chart, given) = (folder.load(), values(given));
    helm.run(theirs.namespace, &arguments("install"));
    ours.install(&wanted(&chart, &given)).await.unwrap();
    helm.run(theirs.namespace, &arguments("upgrade")[..5]);
    ours.upgrade(&wanted(&chart, &given)).await.unwrap();
    for revision in [1, 2] {
        let (our_record, our_labels) = record(&ours, revision).await;
        let (their_record, their_labels) = record(&theirs, revision).await;
        assert_eq!(our_record, their_record, "revision {revision}");
        assert_eq!(our_labels, their_labels);
    }
    helm.run(ours.namespace, &["get", "all", "shop"]);
    assert!(helm.run(ours.namespace, &["status", "shop"]).contains("Thanks for shop."));
}

/// A record and the labels of its Secret, without times and the namespace.
async fn record(place: &Place<'_>, revision: u64) -> (Value, Value) {
    let name = format!("sh.helm.release.v1.shop.v{revision}");
    let secret = place.cluster.get(&place.key("v1", "Secret", &name)).await.unwrap().unwrap();
    assert_eq!(secret.value()["type"], "helm.sh/release.v1");
    let data = STANDARD.decode(secret.value()["data"]["release"].as_str().unwrap()).unwrap();
    let mut text = String::new();
    GzDecoder::new(STANDARD.decode(data).unwrap().as_slice()).read_to_string(&mut text).unwrap();
    let mut record: Value =
        serde_json::from_str(&text.replace(place.namespace, "NAMESPACE")).unwrap();
    let mut labels = secret.value()["metadata"]["labels"].clone();
    for time in ["createdAt", "modifiedAt"] {
        if let Some(time) = labels.get_mut(time) {
            *time = "a time".into();
        }
    }
    blot_times(&mut record, "");
    (record, labels)
}

fn blot_times(value: &mut Value, name: &str) {
    let is_time =
        ["first_deployed", "last_deployed", "started_at", "completed_at", "schemamodtime"];
    match value {
        Value::String(text) if is_time.contains(&name) => {
            assert!(text.parse::<jiff::Timestamp>().is_ok(), "{name}: {text}");
            *value = "a time".into();
        }
        Value::Object(fields) => {
            // When files were changed says nothing of what is in them, and would make every record another one.
            fields.remove("modtime");
            fields.iter_mut().for_each(|(name, value)| blot_times(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| blot_times(item, "")),
        _ => {}
    }
}

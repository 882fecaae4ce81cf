//! Failures: told with what is the matter, marked in the history, and undone where that is asked for.

use serde_json::json;
use travel_helm::lifecycle::{history, install};
use travel_helm::release::Status;
use travel_kube::Cluster;
use travel_kube::cluster::objects::Propagation;

use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, SECONDS, namespace, values, wanted};

pub async fn all(cluster: &Cluster) {
    failed_upgrades_are_rolled_back(cluster).await;
    failed_installs_are_uninstalled(cluster).await;
    failures_are_gone_on_from(cluster).await;
    nothing_is_changed_before_all_is_checked(cluster).await;
    histories_are_bounded(cluster).await;
    immutable_fields_are_explained(cluster).await;
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: {{ .Values.value | quote }}}\n";
const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: \"pre-upgrade,post-install\"}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {outcome: {{ .Values.outcome | default \"succeeds\" }}}}
    spec: {restartPolicy: Never, containers: [{name: migrate, image: \"shop:1\"}]}
";
const DEPLOYMENT: &str = "{{- if .Values.deployment }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  progressDeadlineSeconds: 1
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop, outcome: fails}}
    spec: {containers: [{name: shop, image: \"shop:1\"}]}
{{- end }}
";

fn folder() -> ChartFolder {
    let files =
        [("templates/a.yaml", MAP), ("templates/job.yaml", JOB), ("templates/d.yaml", DEPLOYMENT)];
    ChartFolder::new(&files)
}

async fn failed_upgrades_are_rolled_back(cluster: &Cluster) {
    let place = Place::new(cluster, "rolled-back");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let folder = folder();
    let (chart, one) = (folder.load(), values("value: 1"));
    place.install(&wanted(&chart, &one)).await.unwrap();
    let two = values("{value: 2, deployment: true}");
    let mut undoing = wanted(&chart, &two);
    undoing.labels.insert("generation".to_owned(), "two".to_owned());
    undoing.conduct.rollback_on_failure = true;
    undoing.conduct.rules.failure_grace = std::time::Duration::ZERO;
    let error = place.upgrade(&undoing).await.unwrap_err();
    let expected = "upgrade the release shop in the namespace rolled-back: revision 1 was brought back; what it failed of: ";
    assert!(error.starts_with(expected), "{error}");
    assert!(error.contains("apps/v1/Deployment/rolled-back/shop: "), "{error}");
    let statuses = [(1, Status::Superseded), (2, Status::Failed), (3, Status::Deployed)];
    assert_eq!(place.history().await, statuses);
    assert_eq!(place.data("a").await, Some(json!({"value": "1"})));
    assert!(place.names("apps/v1", "Deployment").await.is_empty());
    // The release stays that of who took it over last.
    let releases = place.with(SECONDS, async |target| history(target).await).await.unwrap();
    let labels = &releases.last().unwrap().labels;
    assert_eq!(labels.get("generation").map(String::as_str), Some("two"), "{labels:?}");
    assert_eq!(labels.get("unit").map(String::as_str), Some("tests"), "{labels:?}");
}

async fn failed_installs_are_uninstalled(cluster: &Cluster) {
    let place = Place::new(cluster, "undone-install");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let folder = folder();
    let (chart, failing) = (folder.load(), values("{value: 1, outcome: fails}"));
    let mut undoing = wanted(&chart, &failing);
    undoing.conduct.rollback_on_failure = true;
    let error = place.install(&undoing).await.unwrap_err();
    let expected = "install the release shop in the namespace undone-install: it was uninstalled; what it failed of: run \
                    the post-install hook shop/templates/job.yaml (Job migrate): failed:\nbatch/v1/Job/undone-install/migrate: ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(place.history().await, []);
    assert!(place.data("a").await.is_none());
    assert!(place.names("batch/v1", "Job").await.is_empty());
}

async fn failures_are_gone_on_from(cluster: &Cluster) {
    let place = Place::new(cluster, "gone-on");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let folder = folder();
    let (chart, failing) = (folder.load(), values("{value: 1, outcome: fails}"));
    place.install(&wanted(&chart, &failing)).await.unwrap_err();
    assert_eq!(place.history().await, [(1, Status::Failed)]);
    // It never stood, so the install hook runs again, also by an upgrade.
    let two = values("value: 2");
    let release = place.upgrade(&wanted(&chart, &two)).await.unwrap();
    assert_eq!(release.info.description, "Install complete");
    assert_eq!(place.history().await, [(1, Status::Failed), (2, Status::Deployed)]);
    // What fails before anything is applied leaves the former one as it was.
    let three = values("{value: 3, outcome: fails}");
    let error = place.upgrade(&wanted(&chart, &three)).await.unwrap_err();
    assert!(
        error.contains("run the pre-upgrade hook shop/templates/job.yaml (Job migrate)"),
        "{error}"
    );
    assert_eq!(place.data("a").await, Some(json!({"value": "2"})));
    let statuses = [(1, Status::Failed), (2, Status::Deployed), (3, Status::Failed)];
    assert_eq!(place.history().await, statuses);
}

async fn nothing_is_changed_before_all_is_checked(cluster: &Cluster) {
    let place = Place::new(cluster, "unchanged");
    namespace(cluster, place.namespace).await;
    let check = async |files: &[(&str, &str)], text: &str, expected: &str| {
        let mut all = vec![("templates/a.yaml", MAP)];
        all.extend(files);
        let chart = ChartFolder::new(&all).load();
        let values = values(text);
        let error = place
            .with(SECONDS, async |target| install(target, &wanted(&chart, &values)).await)
            .await;
        let error = error.unwrap_err().report();
        assert!(
            error.starts_with("install the release shop in the namespace unchanged: "),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
        assert_eq!(place.history().await, []);
        assert_eq!(place.data("a").await, None);
    };
    let kind = "{apiVersion: nobody.example/v1, kind: Thing, metadata: {name: x}}";
    check(&[("templates/k.yaml", kind)], "", "does not serve Thing of nobody.example/v1").await;
    check(&[("templates/f.yaml", "{{ fail \"no\" }}")], "", "(shop/templates/f.yaml:1:3): no")
        .await;
    check(
        &[("templates/n.yaml", "{apiVersion: v1, kind: Secret}")],
        "",
        "Secret has no metadata.name",
    )
    .await;
    let hook = "{apiVersion: v1, kind: Pod, metadata: {annotations: {helm.sh/hook: pre-install}}}";
    check(&[("templates/h.yaml", hook)], "", "read a document of ").await;
    // Text that cannot be packed.
    let mut seed = 1_u64;
    let letter = |_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b'!' + (seed % 90) as u8)
    };
    let noise: String = (0..1_500_000).map(letter).collect();
    check(&[("noise.txt", &noise)], "", "the chart has too many or too large files").await;
    let schema = "{\"properties\": {\"value\": {\"type\": \"string\"}}}";
    check(&[("values.schema.json", schema)], "value: 1", "got number, want string").await;
}

async fn histories_are_bounded(cluster: &Cluster) {
    let place = Place::new(cluster, "bounded");
    let chart = ChartFolder::new(&[("templates/a.yaml", MAP)]).load();
    let none = values("");
    let mut bounded = wanted(&chart, &none);
    bounded.conduct.history_limit = 2;
    place.install(&bounded).await.unwrap();
    for _ in 0..3 {
        place.upgrade(&bounded).await.unwrap();
    }
    assert_eq!(place.history().await, [(3, Status::Superseded), (4, Status::Deployed)]);
    assert_eq!(place.current().await, [(4, Status::Deployed)]);
    // Where somebody has taken away the youngest record, an older one is the last.
    let youngest = place.key("v1", "Secret", "sh.helm.release.v1.shop.v4");
    cluster.delete(&youngest, None, Propagation::Background).await.unwrap();
    assert_eq!(place.current().await, [(3, Status::Superseded)]);
}

async fn immutable_fields_are_explained(cluster: &Cluster) {
    let place = Place::new(cluster, "immutable");
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: a}, immutable: true, stringData: {word: \"{{ .Values.word }}\"}}\n";
    let chart = ChartFolder::new(&[("templates/a.yaml", secret)]).load();
    place.install(&wanted(&chart, &values("word: sesame"))).await.unwrap();
    let error = place.upgrade(&wanted(&chart, &values("word: mustard"))).await.unwrap_err();
    let expected = "upgrade the release shop in the namespace immutable: apply 1 of 1 documents\nv1/Secret/immutable/a: ";
    assert!(error.starts_with(expected), "{error}");
    assert!(error.ends_with("need the object made anew: delete it, and run this again"), "{error}");
    assert!(!error.contains("mustard") && !error.contains("sesame"), "{error}");
}

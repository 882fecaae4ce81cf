//! Install, upgrade and rollback, by us and by Helm in turns.

use serde_json::json;
use travel_helm::lifecycle::{Conduct, Definitions, Wanted, rollback};
use travel_helm::release::Status;
use travel_helm::yaml;
use travel_kube::apply::Adopt;
use travel_kube::cluster::objects::{Propagation, Selection};
use travel_kube::{Cluster, DocumentKey};

use crate::helm::Helm;
use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, SECONDS, values, wanted};

pub async fn all(cluster: &Cluster, helm: &Helm) {
    releases_are_installed_and_upgraded(cluster, helm).await;
    helm_goes_on_with_our_releases(cluster, helm).await;
    we_go_on_with_helms_releases(cluster, helm).await;
    foreign_objects_are_refused(cluster).await;
    charts_see_the_cluster(cluster).await;
    definitions_are_treated_as_asked(cluster).await;
    definitions_are_those_of_the_chosen_subcharts(cluster, helm).await;
    definitions_may_move(cluster).await;
    namespaces_are_asked_for(cluster).await;
}

const SETTINGS: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: {{ .Values.colour }}
  {{- with .Values.extra }}
  extra: {{ . }}
  {{- end }}
  revision: \"{{ .Release.Revision }} {{ .Release.IsUpgrade }}\"
";

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 2
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - {name: shop, image: \"shop:1\"}
";

fn config_map(name: &str, annotations: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\n"
    )
}

fn definition(field: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: tours.shop.example}}
spec:
  group: shop.example
  scope: Namespaced
  names: {{kind: Tour, plural: tours}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            {field}: {{type: string}}
"
    )
}

async fn releases_are_installed_and_upgraded(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "living");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let folder = ChartFolder::new(&[
        ("values.yaml", "colour: red\n"),
        ("crds/tours.yaml", &definition("to")),
        ("templates/settings.yaml", SETTINGS),
        ("templates/deployment.yaml", DEPLOYMENT),
        ("templates/old.yaml", &config_map("old", "")),
        ("templates/kept.yaml", &config_map("kept", "helm.sh/resource-policy: keep")),
        (
            "templates/tour.yaml",
            "{apiVersion: shop.example/v1, kind: Tour, metadata: {name: rome}, to: Rome}\n",
        ),
        ("templates/NOTES.txt", "Bought in {{ .Values.colour }}."),
    ]);
    let (chart, none) = (folder.load(), values(""));
    let installed = place.install(&wanted(&chart, &none)).await.unwrap();
    assert_eq!((installed.version, installed.info.status), (1, Status::Deployed));
    assert_eq!(installed.info.notes, "Bought in red.");
    assert_eq!(place.data("settings").await, Some(json!({"colour": "red", "revision": "1 false"})));
    let deployment =
        cluster.get(&place.key("apps/v1", "Deployment", "shop")).await.unwrap().unwrap();
    assert_eq!(deployment.value()["status"]["readyReplicas"], 2);
    assert_eq!(deployment.label("app.kubernetes.io/managed-by"), Some("Helm"));
    assert_eq!(deployment.annotation("meta.helm.sh/release-name"), Some("shop"));
    let again = place.install(&wanted(&chart, &none)).await.unwrap_err();
    let expected =
        "install the release shop in the namespace living: revision 1 is deployed under this name";
    assert!(again.starts_with(expected), "{again}");

    folder.write("templates/old.yaml", "");
    folder.write("templates/kept.yaml", "");
    folder.write("crds/tours.yaml", &definition("from"));
    folder.write(
        "templates/tour.yaml",
        "{apiVersion: shop.example/v1, kind: Tour, metadata: {name: rome}, from: Oslo}\n",
    );
    let (chart, blue) = (folder.load(), values("colour: blue\nextra: x"));
    let upgraded = place.upgrade(&wanted(&chart, &blue)).await.unwrap();
    assert_eq!((upgraded.version, upgraded.info.status), (2, Status::Deployed));
    let data = json!({"colour": "blue", "extra": "x", "revision": "2 true"});
    assert_eq!(place.data("settings").await, Some(data));
    assert_eq!(place.data("old").await, None);
    assert!(place.data("kept").await.is_some());
    let tour = cluster.get(&place.key("shop.example/v1", "Tour", "rome")).await.unwrap().unwrap();
    assert_eq!(tour.value()["from"], "Oslo");

    let descriptions: Vec<_> = helm.history(place.namespace, "shop");
    let line = |revision: u64, status: &str, description: &str| {
        (revision, status.to_owned(), description.to_owned())
    };
    let expected =
        [line(1, "superseded", "Install complete"), line(2, "deployed", "Upgrade complete")];
    assert_eq!(descriptions, expected);
    assert_eq!(helm.list(place.namespace), [("shop".to_owned(), "deployed".to_owned())]);
    assert_eq!(
        helm.run(place.namespace, &["get", "manifest", "shop"]).trim(),
        upgraded.manifest.trim()
    );
    let given = helm.run(place.namespace, &["get", "values", "shop", "--output", "yaml"]);
    assert_eq!(yaml::read(&given).unwrap().to_json(), json!({"colour": "blue", "extra": "x"}));
}

async fn helm_goes_on_with_our_releases(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "helm-goes-on");
    let folder = ChartFolder::new(&[
        ("values.yaml", "colour: red\n"),
        ("templates/settings.yaml", SETTINGS),
        ("templates/old.yaml", &config_map("old", "")),
    ]);
    let (chart, extra) = (folder.load(), values("extra: x"));
    place.install(&wanted(&chart, &extra)).await.unwrap();
    folder.write("templates/old.yaml", "");
    helm.run(
        place.namespace,
        &["upgrade", "shop", folder.path(), "--set", "colour=green", "--reset-values"],
    );
    assert_eq!(
        place.data("settings").await,
        Some(json!({"colour": "green", "revision": "2 true"}))
    );
    assert_eq!(place.data("old").await, None);
    helm.run(place.namespace, &["rollback", "shop", "1"]);
    let first = json!({"colour": "red", "extra": "x", "revision": "1 false"});
    assert_eq!(place.data("settings").await, Some(first.clone()));
    assert!(place.data("old").await.is_some());
    // The labels of our record went from revision to revision.
    let history = place
        .with(SECONDS, async |target| travel_helm::lifecycle::history(target).await)
        .await
        .unwrap();
    let labels: Vec<_> =
        history.iter().map(|release| release.labels.get("unit").map(String::as_str)).collect();
    assert_eq!(labels, [Some("tests"); 3]);

    let (chart, black) = (folder.load(), values("colour: black"));
    place.upgrade(&wanted(&chart, &black)).await.unwrap();
    assert_eq!(place.data("old").await, None);
    let back = async |revision| {
        place
            .with(SECONDS, async |target| rollback(target, revision, &Conduct::default()).await)
            .await
    };
    let release = back(Some(1)).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (5, "Rollback to 1"));
    assert_eq!(place.data("settings").await, Some(first));
    assert!(place.data("old").await.is_some());
    back(None).await.unwrap();
    assert_eq!(
        place.data("settings").await,
        Some(json!({"colour": "black", "revision": "4 true"}))
    );
    let error = back(Some(99)).await.unwrap_err().report();
    assert!(
        error.contains("there is no revision 99 to roll back to; there are: 1, 2, 3, 4, 5, 6"),
        "{error}"
    );
    let statuses: Vec<String> =
        helm.history(place.namespace, "shop").into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(
        statuses,
        ["superseded", "superseded", "superseded", "superseded", "superseded", "deployed"]
    );
}

async fn we_go_on_with_helms_releases(cluster: &Cluster, helm: &Helm) {
    for (namespace, mode) in [("we-go-on", "true"), ("we-go-on-old", "false")] {
        let place = Place::new(cluster, namespace);
        let folder = ChartFolder::new(&[
            ("values.yaml", "colour: red\n"),
            ("templates/settings.yaml", SETTINGS),
            ("templates/old.yaml", &config_map("old", "")),
        ]);
        let arguments =
            ["install", "shop", folder.path(), "--create-namespace", "--set", "extra=x"];
        helm.run(namespace, &[&arguments[..], &[&format!("--server-side={mode}")]].concat());
        folder.write("templates/old.yaml", "");
        let (chart, blue) = (folder.load(), values("colour: blue"));
        let upgraded = place.upgrade(&wanted(&chart, &blue)).await.unwrap();
        assert_eq!(upgraded.version, 2);
        // The field that is no longer there goes, also where it was not applied by the server.
        assert_eq!(
            place.data("settings").await,
            Some(json!({"colour": "blue", "revision": "2 true"}))
        );
        assert_eq!(place.data("old").await, None);
        helm.run(namespace, &["rollback", "shop"]);
        assert_eq!(place.data("settings").await.unwrap()["colour"], "red");
        assert!(place.data("old").await.is_some());
    }
}

async fn foreign_objects_are_refused(cluster: &Cluster) {
    let place = Place::new(cluster, "foreign");
    let folder = ChartFolder::new(&[("templates/settings.yaml", SETTINGS)]);
    let (chart, red) = (folder.load(), values("colour: red"));
    crate::world::namespace(cluster, place.namespace).await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "foreign", "name": "settings"}});
    let theirs = travel_kube::Document::new(theirs).unwrap();
    cluster.create(&theirs, "someone").await.unwrap();
    let error = place.install(&wanted(&chart, &red)).await.unwrap_err();
    let expected = "v1/ConfigMap/foreign/settings: it bears no mark of the release; to have the release take it, allow \
                    adopting it, or set its label app.kubernetes.io/managed-by to Helm and its annotations \
                    meta.helm.sh/release-name to shop and meta.helm.sh/release-namespace to foreign";
    assert!(error.contains(expected), "{error}");
    assert_eq!(place.history().await, []);
    let mut adopting = wanted(&chart, &red);
    adopting.adopt = Adopt::Unmarked;
    place.install(&adopting).await.unwrap();
    assert_eq!(place.data("settings").await.unwrap()["colour"], "red");
    let elsewhere = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "other"}}});
    cluster.merge_patch(theirs.key(), &elsewhere, "someone").await.unwrap();
    let error = place.upgrade(&adopting).await.unwrap_err();
    assert!(error.contains("it bears meta.helm.sh/release-name = \"other\""), "{error}");
    assert_eq!(place.history().await, [(1, Status::Deployed)]);
}

async fn charts_see_the_cluster(cluster: &Cluster) {
    let place = Place::new(cluster, "seeing");
    let template = "apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data:
  apps: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}
  trips: {{ .Capabilities.APIVersions.Has \"seen.example/v1/Trip\" | quote }}
  minor: {{ .Capabilities.KubeVersion.Minor | quote }}
  system: {{ (lookup \"v1\" \"Namespace\" \"\" \"kube-system\").metadata.name }}
  absent: {{ lookup \"v1\" \"Secret\" .Release.Namespace \"absent\" | len | quote }}
  systems: {{ (lookup \"v1\" \"Namespace\" \"\" \"\").items | len | lt 1 | quote }}
";
    let trips = definition("to")
        .replace("shop.example", "seen.example")
        .replace("Tour", "Trip")
        .replace("tours", "trips");
    let folder =
        ChartFolder::new(&[("templates/seen.yaml", template), ("crds/trips.yaml", &trips)]);
    let (chart, none) = (folder.load(), values(""));
    place.install(&wanted(&chart, &none)).await.unwrap();
    let minor = cluster.version().await.unwrap().minor;
    let expected = json!({"apps": "true", "trips": "true", "minor": minor, "system": "kube-system",
        "absent": "0", "systems": "true"});
    assert_eq!(place.data("seen").await, Some(expected));
}

async fn definitions_are_treated_as_asked(cluster: &Cluster) {
    let place = Place::new(cluster, "defining");
    let of = |field: &str| {
        definition(field)
            .replace("shop.example", "def.example")
            .replace("Tour", "Def")
            .replace("tours", "defs")
    };
    let folder = ChartFolder::new(&[("crds/defs.yaml", &of("one"))]);
    let key: DocumentKey =
        "apiextensions.k8s.io/v1/CustomResourceDefinition//defs.def.example".parse().unwrap();
    let field = async || {
        let found = cluster.get(&key).await.unwrap()?;
        let schema = &found.value()["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let fields = schema["properties"].as_object().unwrap().keys().cloned();
        Some(fields.collect::<Vec<_>>().join(","))
    };
    let none = values("");
    let bring = async |policy: Definitions| {
        let chart = folder.load();
        let wanted = Wanted { definitions: policy, ..wanted(&chart, &none) };
        match place.history().await.is_empty() {
            true => place.install(&wanted).await.unwrap(),
            false => place.upgrade(&wanted).await.unwrap(),
        };
        field().await
    };
    assert_eq!(bring(Definitions::Skip).await, None);
    assert_eq!(bring(Definitions::Upgrade).await.as_deref(), Some("one"));
    folder.write("crds/defs.yaml", &of("two"));
    assert_eq!(bring(Definitions::Skip).await.as_deref(), Some("one"));
    assert_eq!(bring(Definitions::Upgrade).await.as_deref(), Some("two"));
    folder.write("crds/defs.yaml", &of("three"));
    let theirs = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "root"}}});
    cluster.merge_patch(&key, &theirs, "someone").await.unwrap();
    place.told();
    assert_eq!(bring(Definitions::Upgrade).await.as_deref(), Some("two"));
    let told = place.told();
    assert!(
        told.iter().any(|text| text.contains("belongs to another: it bears argocd")),
        "{told:?}"
    );
}

/// As Helm has it: only the chosen subcharts' definitions are made, of two with one name the last.
async fn definitions_are_those_of_the_chosen_subcharts(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "choosing");
    let of = |kind: &str, field: &str| {
        definition(field)
            .replace("shop.example", "chosen.example")
            .replace("Tour", kind)
            .replace("tours", &format!("{}s", kind.to_lowercase()))
    };
    let parent = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n\
                  - {name: left, version: 1.0.0, condition: left.enabled}\n- {name: taken, version: 1.0.0}\n";
    let subchart = |name: &str| format!("{{apiVersion: v2, name: {name}, version: 1.0.0}}");
    let folder = ChartFolder::new(&[
        ("crds/first.yaml", &of("First", "own")),
        ("charts/left/Chart.yaml", &subchart("left")),
        ("charts/left/crds/left.yaml", &of("Left", "a")),
        ("charts/taken/Chart.yaml", &subchart("taken")),
        ("charts/taken/crds/first.yaml", &of("First", "copied")),
        ("charts/taken/crds/taken.yaml", &of("Taken", "a")),
    ]);
    folder.write("Chart.yaml", parent);
    let (chart, off) = (folder.load(), values("left: {enabled: false}"));
    let resource =
        cluster.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition").await.unwrap();
    // Takes away what it finds, for the next to begin anew.
    let take = async || {
        let mut found = Vec::new();
        for crd in cluster.list(&resource, &Selection::default()).await.unwrap() {
            if !crd.name().ends_with(".chosen.example") {
                continue;
            }
            let schema = &crd.value()["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            let fields = schema["properties"].as_object().unwrap().keys().cloned();
            found.push(format!("{}: {}", crd.name(), fields.collect::<Vec<_>>().join(",")));
            cluster.delete(crd.key(), crd.uid(), Propagation::Background).await.unwrap();
            while cluster.get(crd.key()).await.unwrap().is_some() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        found
    };
    place.install(&wanted(&chart, &off)).await.unwrap();
    let ours = take().await;
    assert_eq!(ours, ["firsts.chosen.example: copied", "takens.chosen.example: a"]);
    let arguments = ["install", "real", folder.path(), "--set", "left.enabled=false"];
    helm.run(place.namespace, &arguments);
    assert_eq!(take().await, ours);
}

async fn definitions_may_move(cluster: &Cluster) {
    let place = Place::new(cluster, "moving");
    let crd = definition("to").replace("shop.example", "moved.example");
    let tour = "{apiVersion: moved.example/v1, kind: Tour, metadata: {name: rome}, to: Rome}";
    let folder = ChartFolder::new(&[("templates/crd.yaml", &crd), ("templates/tour.yaml", tour)]);
    let none = values("");
    place.install(&wanted(&folder.load(), &none)).await.unwrap();
    let uid = async || {
        let found = cluster.get(&place.key("moved.example/v1", "Tour", "rome")).await.unwrap();
        found.and_then(|found| found.uid().map(str::to_owned))
    };
    let before = uid().await;
    folder.write("templates/crd.yaml", "");
    folder.write("crds/crd.yaml", &crd);
    place.upgrade(&wanted(&folder.load(), &none)).await.unwrap();
    assert!(before.is_some() && uid().await == before);
}

async fn namespaces_are_asked_for(cluster: &Cluster) {
    let place = Place::new(cluster, "absent");
    let crds = definition("to").replace("shop.example", "absent.example");
    let folder = ChartFolder::new(&[("templates/settings.yaml", SETTINGS), ("crds/x.yaml", &crds)]);
    let (chart, red) = (folder.load(), values("colour: red"));
    let error = place.install(&Wanted::new(&chart, &red)).await.unwrap_err();
    assert!(
        error.contains("there is no namespace absent; create it first, or have it created"),
        "{error}"
    );
    let crd =
        "apiextensions.k8s.io/v1/CustomResourceDefinition//tours.absent.example".parse().unwrap();
    assert!(cluster.get(&crd).await.unwrap().is_none());
    let labelled =
        Wanted { labels: [("owner".to_owned(), "x".to_owned())].into(), ..wanted(&chart, &red) };
    let error = place.install(&labelled).await.unwrap_err();
    assert!(error.contains("the label owner is Helm's own"), "{error}");
}

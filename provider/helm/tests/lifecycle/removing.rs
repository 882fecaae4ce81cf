//! Uninstalling leaves nothing but what it lists.

use serde_json::json;
use travel_helm::lifecycle::{Removal, Uninstalled, uninstall};
use travel_helm::release::Status;
use travel_kube::Cluster;
use travel_kube::cluster::objects::Propagation;

use crate::helm::Helm;
use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, SECONDS, values, wanted};

pub async fn all(cluster: &Cluster, helm: &Helm) {
    nothing_is_left(cluster).await;
    helms_releases_are_removed(cluster, helm).await;
    failures_are_gone_on_from(cluster).await;
    definitions_stay_and_are_told(cluster).await;
}

const OBJECTS: &str = "---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {word: sesame}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
---
apiVersion: v1
kind: Service
metadata: {name: plain}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: balanced}
spec: {type: LoadBalancer, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: \"shop:1\"}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: shop-of-the-tests}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: asked, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: farewell, annotations: {helm.sh/hook: \"pre-delete,post-delete\"}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {outcome: {{ .Values.farewell | default \"succeeds\" }}}}
    spec: {restartPolicy: Never, containers: [{name: a, image: \"a:1\"}]}
";

async fn remove(place: &Place<'_>, removal: &Removal<'_>) -> Result<Uninstalled, String> {
    let removed = place.with(SECONDS, async |target| uninstall(target, removal).await).await;
    removed.map_err(|error| error.report())
}

/// What is in a namespace beside what every namespace has.
async fn left(place: &Place<'_>) -> Vec<String> {
    let mut left = Vec::new();
    let kinds = [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
        ("v1", "Pod"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
    ];
    for (api_version, kind) in kinds {
        let names = place.names(api_version, kind).await.into_iter();
        let own = names.filter(|name| !matches!(name.as_str(), "default" | "kube-root-ca.crt"));
        left.extend(own.map(|name| format!("{kind} {name}")));
    }
    left
}

async fn nothing_is_left(cluster: &Cluster) {
    let place = Place::new(cluster, "left");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let folder = ChartFolder::new(&[("templates/objects.yaml", OBJECTS)]);
    let (chart, none) = (folder.load(), values(""));
    let mut made = wanted(&chart, &none);
    // Nobody gives the service a load balancer here.
    made.conduct.rules.ignored_kinds = vec!["Service".to_owned()];
    place.install(&made).await.unwrap();
    assert_eq!(left(&place).await.len(), 10, "{:?}", left(&place).await);
    place.told();
    let drains = ["Service".parse().unwrap(), "NodePool.karpenter.sh".parse().unwrap()];
    let removal = Removal { drains: &drains, ..Removal::default() };
    let removed = remove(&place, &removal).await.unwrap();
    let kept: Vec<String> = removed.kept.iter().map(|(key, why)| format!("{key}: {why}")).collect();
    let expected = [
        "v1/ConfigMap/left/kept: its annotation helm.sh/resource-policy keeps it",
        "v1/ConfigMap/left/asked: a hook made it",
    ];
    assert_eq!(kept, expected);
    assert_eq!(left(&place).await, ["ConfigMap asked", "ConfigMap kept"]);
    let role = "rbac.authorization.k8s.io/v1/ClusterRole//shop-of-the-tests".parse().unwrap();
    assert!(cluster.get(&role).await.unwrap().is_none());
    let told = place.told();
    let expected = [
        "draining all of Service, NodePool.karpenter.sh",
        "drained 1 objects",
        "running the pre-delete hook Job farewell",
    ];
    assert_eq!(told[..3], expected);
    assert_eq!(remove(&place, &removal).await, Ok(Uninstalled::default()));
}

async fn helms_releases_are_removed(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "helms");
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: NAME}}\n";
    let folder = ChartFolder::new(&[("templates/a.yaml", &map.replace("NAME", "a"))]);
    helm.run(place.namespace, &["install", "shop", folder.path(), "--create-namespace"]);
    let theirs = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "other"}}});
    folder.write("templates/b.yaml", &map.replace("NAME", "b"));
    helm.run(place.namespace, &["upgrade", "shop", folder.path()]);
    cluster.merge_patch(&place.key("v1", "ConfigMap", "b"), &theirs, "someone").await.unwrap();
    let removed = remove(&place, &Removal::default()).await.unwrap();
    let why = "it bears meta.helm.sh/release-name = \"other\"".to_owned();
    assert_eq!(removed.kept, [(place.key("v1", "ConfigMap", "b"), why)]);
    assert_eq!(left(&place).await, ["ConfigMap b"]);
    assert!(helm.list(place.namespace).is_empty());
    // One that Helm uninstalled, keeping its history.
    folder.write("templates/b.yaml", "");
    helm.run(place.namespace, &["install", "shop", folder.path()]);
    helm.run(place.namespace, &["uninstall", "shop", "--keep-history"]);
    assert_eq!(place.history().await, [(1, Status::Uninstalled)]);
    assert_eq!(remove(&place, &Removal::default()).await, Ok(Uninstalled::default()));
    assert_eq!(left(&place).await, ["ConfigMap b"]);
}

async fn failures_are_gone_on_from(cluster: &Cluster) {
    let place = Place::new(cluster, "stuck");
    let kubelet = Kubelet::of(cluster, place.namespace);
    let folder = ChartFolder::new(&[("templates/objects.yaml", OBJECTS)]);
    let (chart, failing) = (folder.load(), values("farewell: fails"));
    let mut made = wanted(&chart, &failing);
    made.conduct.rules.ignored_kinds = vec!["Service".to_owned()];
    place.install(&made).await.unwrap();
    let error = remove(&place, &Removal::default()).await.unwrap_err();
    let expected = "uninstall the release shop in the namespace stuck: run the pre-delete hook shop/templates/objects.yaml \
                    (Job farewell): ";
    assert!(error.starts_with(expected), "{error}");
    assert!(!error.contains("sesame"), "{error}");
    assert_eq!(place.history().await, [(1, Status::Uninstalling)]);
    assert!(place.names("apps/v1", "Deployment").await.contains(&"shop".to_owned()));
    drop(kubelet);
    remove(&place, &Removal { run_hooks: false, ..Removal::default() }).await.unwrap();
    assert_eq!(left(&place).await, ["ConfigMap asked", "ConfigMap kept"]);
}

async fn definitions_stay_and_are_told(cluster: &Cluster) {
    let place = Place::new(cluster, "definitions");
    let schema = "{type: object, x-kubernetes-preserve-unknown-fields: true}";
    let definition = |kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        format!(
            "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {plural}.gone.example}}\n\
             spec: {{group: gone.example, scope: Namespaced, names: {{kind: {kind}, plural: {plural}}}, versions: [{{name: v1, \
             served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}]}}\n"
        )
    };
    let folder = ChartFolder::new(&[
        ("crds/all.yaml", &format!("{}{}", definition("Used"), definition("Unused"))),
        (
            "templates/unused.yaml",
            "{apiVersion: gone.example/v1, kind: Unused, metadata: {name: a}}",
        ),
    ]);
    let (chart, none) = (folder.load(), values(""));
    let key = |plural: &str| {
        format!("apiextensions.k8s.io/v1/CustomResourceDefinition//{plural}.gone.example")
            .parse()
            .unwrap()
    };
    place.install(&wanted(&chart, &none)).await.unwrap();
    let left = remove(&place, &Removal::default()).await.unwrap();
    assert_eq!(left.definitions, [key("unuseds"), key("useds")]);
    place.install(&wanted(&chart, &none)).await.unwrap();
    let other = json!({"apiVersion": "gone.example/v1", "kind": "Used", "metadata": {"name": "b", "namespace": "definitions"}});
    let other = travel_kube::Document::new(other).unwrap();
    cluster.create(&other, "someone").await.unwrap();
    let unused = cluster.get(&key("unuseds")).await.unwrap().unwrap();
    cluster.delete(&key("unuseds"), unused.uid(), Propagation::Background).await.unwrap();
    while cluster.get(&key("unuseds")).await.unwrap().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let left = remove(&place, &Removal::default()).await.unwrap();
    assert_eq!(left.definitions, [key("useds")]);
    assert!(cluster.get(other.key()).await.unwrap().is_some());
}

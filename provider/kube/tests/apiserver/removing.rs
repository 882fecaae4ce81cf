//! Pruning and draining.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use travel_kube::apply::{ApplyOptions, apply};
use travel_kube::cluster::objects::Propagation;
use travel_kube::drain::{DrainError, drain};
use travel_kube::gone::Stays;
use travel_kube::ownership::Ownership;
use travel_kube::poll::{Patience, Progress};
use travel_kube::prune::{PruneObstacle, PruneOptions, prune};
use travel_kube::{Cluster, Document, DocumentKey};

use crate::applying::trip;
use crate::{config_map, document, namespace, never, options, patience};

pub async fn all(cluster: &Cluster) {
    only_ours_is_removed(cluster).await;
    finalizers_are_awaited_and_named(cluster).await;
    namespaces_go_last(cluster).await;
    load_balancers_and_volumes_are_drained(cluster).await;
}

fn keys(documents: &[Document]) -> Vec<DocumentKey> {
    documents.iter().map(|document| document.key().clone()).collect()
}

async fn only_ours_is_removed(cluster: &Cluster) {
    namespace(cluster, "prune").await;
    let of = |unit: &str| Ownership {
        labels: [("unit".to_owned(), unit.to_owned())].into(),
        ..Ownership::default()
    };
    let owned = |unit: &str| ApplyOptions { ownership: Some(of(unit)), ..options() };
    let ours = [config_map("prune", "ours", "1")];
    let theirs = [config_map("prune", "theirs", "1")];
    let nobodys = [config_map("prune", "nobodys", "1")];
    apply(cluster, &ours, &owned("a"), patience(30)).await.unwrap();
    apply(cluster, &theirs, &owned("b"), patience(30)).await.unwrap();
    apply(cluster, &nobodys, &options(), patience(30)).await.unwrap();
    let all: Vec<DocumentKey> = [&ours, &theirs, &nobodys, &[config_map("prune", "absent", "1")]]
        .into_iter()
        .flat_map(|set| keys(set))
        .collect();
    let prune_options = PruneOptions { ownership: Some(of("a")), ..PruneOptions::default() };
    let pruned = prune(cluster, &all, &prune_options, patience(30)).await.unwrap();
    assert_eq!(pruned.removed, keys(&ours));
    assert_eq!(pruned.absent, keys(&[config_map("prune", "absent", "1")]));
    let kept: Vec<&str> = pruned.kept.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(kept, ["it bears no mark of ours", "it bears unit = \"b\""]);
    let lenient = PruneOptions { unmarked: true, ..prune_options.clone() };
    assert_eq!(prune(cluster, &all, &lenient, patience(30)).await.unwrap().removed, keys(&nobodys));
    let keep = |object: &Document| object.uid().map(|uid| format!("it is {uid}"));
    let mistaken = PruneOptions { keep: &keep, ..PruneOptions::default() };
    let pruned = prune(cluster, &keys(&theirs), &mistaken, patience(30)).await.unwrap();
    assert!(pruned.removed.is_empty() && pruned.kept[0].1.starts_with("it is "), "{pruned:?}");
}

async fn finalizers_are_awaited_and_named(cluster: &Cluster) {
    namespace(cluster, "finalizers").await;
    let held = trip("finalizers", "held", json!({"finalizers": ["travel.example/keep"]}));
    let after = config_map("finalizers", "after", "1");
    apply(cluster, &[held.clone(), after.clone()], &options(), patience(30)).await.unwrap();
    let all = keys(&[held.clone(), after.clone()]);
    let background =
        PruneOptions { propagation: Propagation::Background, ..PruneOptions::default() };
    let error = prune(cluster, &all, &background, patience(1)).await.unwrap_err();
    let PruneObstacle::Stays(Stays::Timeout { waiting, .. }) = &error.reason else {
        panic!("{error:?}")
    };
    assert_eq!(
        waiting[0].to_string(),
        "travel.example/v1/Trip/finalizers/held: finalizers travel.example/keep"
    );
    // What comes later in the order is still there.
    assert!(cluster.get(after.key()).await.unwrap().is_some());
    // An apply onto what is on its way out waits, too.
    let ending =
        apply(cluster, std::slice::from_ref(&held), &options(), patience(1)).await.unwrap_err();
    assert!(ending.to_string().contains("it is being deleted and does not go"), "{ending}");
    let told = Mutex::new(Vec::new());
    let progress = |progress: &Progress| told.lock().unwrap().push(progress.waiting.len());
    let patience =
        Patience { timeout: Duration::from_secs(30), cancel: never(), progress: &progress };
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster
            .merge_patch(held.key(), &json!({"metadata": {"finalizers": null}}), "test")
            .await
            .unwrap();
    };
    let (pruned, ()) = tokio::join!(prune(cluster, &all, &background, patience), release);
    assert_eq!(pruned.unwrap().removed, all);
}

async fn namespaces_go_last(cluster: &Cluster) {
    let place =
        document(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "whole"}}));
    let labels = json!({"app": "cart"});
    let deployment = document(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "whole", "name": "cart"},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "cart", "image": "cart:1"}]},
        }},
    }));
    let set = [place.clone(), deployment, config_map("whole", "a", "1")];
    apply(cluster, &set, &options(), patience(30)).await.unwrap();
    let pruned = prune(cluster, &keys(&set), &PruneOptions::default(), patience(60)).await.unwrap();
    assert_eq!(pruned.removed.last(), Some(place.key()));
    assert_eq!(pruned.removed.len(), 3);
    // Foreground deletion leaves no pod behind either.
    assert!(cluster.get(place.key()).await.unwrap().is_none());
}

async fn load_balancers_and_volumes_are_drained(cluster: &Cluster) {
    namespace(cluster, "drain").await;
    let service = |name: &str, kind: &str, finalizers: &[&str]| {
        document(json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": "drain", "name": name, "finalizers": finalizers},
            "spec": {"type": kind, "ports": [{"port": 80}]}}))
    };
    let balanced =
        service("balanced", "LoadBalancer", &["service.kubernetes.io/load-balancer-cleanup"]);
    let plain = service("plain", "ClusterIP", &[]);
    let source = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "x"});
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "drain", "name": "data"}, "spec": source});
    claim["spec"]["resources"] = json!({"requests": {"storage": "1Gi"}});
    claim["spec"]["volumeName"] = "data".into();
    let mut volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "data"}, "spec": source});
    volume["spec"]["capacity"] = json!({"storage": "1Gi"});
    volume["spec"]["csi"] = json!({"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"});
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
    let (claim, volume) = (document(claim), document(volume));
    let set = [balanced.clone(), plain.clone(), claim.clone(), volume.clone()];
    apply(cluster, &set, &options(), patience(30)).await.unwrap();
    let kinds: Vec<_> = ["Service", "PersistentVolumeClaim", "NodePool.karpenter.sh"]
        .iter()
        .map(|kind| kind.parse().unwrap())
        .collect();
    let error = drain(cluster, &kinds, None, patience(1)).await.unwrap_err();
    let DrainError::Stays(Stays::Timeout { waiting, .. }) = &error else { panic!("{error}") };
    let waiting: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    assert!(
        waiting.iter().any(|line| line.contains("Service/drain/balanced: ")
            && line.contains("load-balancer-cleanup"))
    );
    assert!(
        waiting.iter().any(|line| line.starts_with("v1/PersistentVolume//data: ")),
        "{waiting:?}"
    );
    // What the controllers would do.
    let controllers = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.delete(volume.key(), None, Propagation::Background).await.unwrap();
        for key in [balanced.key(), volume.key(), claim.key()] {
            let found = cluster.get(key).await.unwrap();
            if found.is_some() {
                let none = json!({"metadata": {"finalizers": null}});
                cluster.merge_patch(key, &none, "test").await.unwrap();
            }
        }
    };
    let namespaces = ["drain".to_owned()];
    let (drained, ()) =
        tokio::join!(drain(cluster, &kinds, Some(&namespaces), patience(30)), controllers);
    assert!(drained.unwrap().contains(balanced.key()));
    assert!(cluster.get(plain.key()).await.unwrap().is_some());
    let unserved = ["NodePool.karpenter.sh".parse().unwrap()];
    assert_eq!(drain(cluster, &unserved, None, patience(5)).await.unwrap(), []);
}

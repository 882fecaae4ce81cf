//! Finding drift, with and without the right to ask by dry runs.

use serde_json::{Value, json};
use travel_kube::apply::{ApplyOptions, apply};
use travel_kube::drift::{DriftOptions, DriftState, Ignore, Mode, as_found, drift};
use travel_kube::fields::Summary;
use travel_kube::ownership::Ownership;
use travel_kube::{Cluster, Document};

use crate::control_plane::{ControlPlane, READER};
use crate::{document, namespace, options, patience};

pub async fn all(plane: &ControlPlane, cluster: &Cluster) {
    namespace(cluster, "drift").await;
    let reader = reader(plane, cluster).await;
    apply(cluster, &documents(), &options(), patience(30)).await.unwrap();
    same_means_same(cluster, &reader).await;
    changes_are_found(cluster, &reader).await;
    marks_do_not_count(cluster).await;
    absent_objects_are_found(cluster).await;
}

/// Someone who may get and list everything, and no more.
async fn reader(plane: &ControlPlane, cluster: &Cluster) -> Cluster {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "readers"}]});
    apply(cluster, &[document(role), document(binding)], &options(), patience(30)).await.unwrap();
    plane.cluster(READER).await
}

/// Documents written in the many ways a server stores otherwise than they are written.
fn documents() -> Vec<Document> {
    let labels = json!({"app": "cart"});
    let values = [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "creationTimestamp": null,
                "labels": {"size": "1000m"}, "annotations": {}},
            "spec": {"replicas": 0, "paused": false, "selector": {"matchLabels": labels}, "strategy": {},
                "template": {"metadata": {"labels": labels, "creationTimestamp": null}, "spec": {
                    "automountServiceAccountToken": false, "hostNetwork": false, "nodeSelector": null,
                    "securityContext": {}, "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1024Mi"}}],
                    "tolerations": [], "containers": [
                        {"name": "cart", "image": "cart:1", "args": ["1000m", ""], "securityContext": {"privileged": false},
                         "resources": {"requests": {"cpu": "1000m", "memory": "1.5Gi"}, "limits": {"cpu": 2, "memory": "2048Mi"}},
                         "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                         "env": [{"name": "EMPTY", "value": ""}, {"name": "SIZE", "value": "1000m"}],
                         "volumeMounts": [{"name": "tmp", "mountPath": "/tmp", "readOnly": false}]},
                        {"name": "side", "image": "side:1"},
                    ],
                }}}, "status": {}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart"},
            "spec": {"type": "ClusterIP", "selector": labels, "ports": [{"port": 80, "targetPort": "web", "name": "web"}]}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cart"},
            "stringData": {"password": "sesame", "empty": ""}, "data": {"folded": "c2Vz\nYW1l"}}),
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"},
            "spec": {"hard": {"cpu": "2000m", "requests.memory": "2048Mi", "pods": 10}}}),
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "all"},
            "spec": {"limits": [{"type": "Container", "default": {"cpu": "0.5"}}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "none"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [
                {"ports": [{"port": 53, "protocol": "UDP"}]}]}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "cart"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "cart", "namespace": "drift"}]}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "cart", "labels": labels}, "automountServiceAccountToken": false}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cart", "finalizers": ["travel.example/keep"]},
            "data": {"a": "1", "long": "x".repeat(200)}, "binaryData": {}}),
        json!({"apiVersion": "travel.example/v1", "kind": "Trip", "metadata": {"name": "cart"},
            "spec": {"off": false, "none": 0, "text": "", "list": [], "map": {}, "stops": ["a", "b"]}}),
    ];
    let placed = values.into_iter().map(|mut value| {
        value["metadata"]["namespace"] = "drift".into();
        document(value)
    });
    placed.collect()
}

fn drift_options(mode: Mode) -> DriftOptions {
    DriftOptions { field_manager: "travel".into(), ownership: None, ignores: Vec::new(), mode }
}

async fn same_means_same(cluster: &Cluster, reader: &Cluster) {
    for (who, mode) in [
        (cluster, Mode::Suspects),
        (cluster, Mode::All),
        (cluster, Mode::ReadOnly),
        (reader, Mode::Suspects),
        (reader, Mode::All),
    ] {
        for drift in drift(who, &documents(), &drift_options(mode)).await.unwrap() {
            assert_eq!(drift.state, DriftState::Same, "{} with {mode:?}", drift.key);
        }
    }
}

/// Each change from outside, by the document it is made to, and the paths that then differ.
async fn changes_are_found(cluster: &Cluster, reader: &Cluster) {
    let deployment = "apps/v1/Deployment/drift/cart";
    let cases: Vec<(&str, Value, &[&str])> = vec![
        (deployment, json!({"spec": {"replicas": 3}}), &["spec.replicas"]),
        (deployment, json!({"metadata": {"labels": {"size": "1"}}}), &["metadata.labels.size"]),
        (
            deployment,
            json!({"metadata": {"labels": {"theirs": "1"}, "annotations": {"theirs": "1"}}}),
            &[],
        ),
        (
            deployment,
            json!({"spec": {"template": {"spec": {"automountServiceAccountToken": null}}}}),
            &["spec.template.spec.automountServiceAccountToken"],
        ),
        (deployment, json!({"spec": {"revisionHistoryLimit": 3}}), &[]),
        (
            "v1/Service/drift/cart",
            json!({"spec": {"selector": {"app": "other"}}}),
            &["spec.selector.app"],
        ),
        (
            "v1/Service/drift/cart",
            json!({"spec": {"selector": {"more": "1"}}}),
            &["spec.selector.more"],
        ),
        ("v1/Service/drift/cart", json!({"spec": {"sessionAffinity": "ClientIP"}}), &[]),
        ("v1/Secret/drift/cart", json!({"data": {"password": "b3Blbg=="}}), &["data.password"]),
        ("v1/Secret/drift/cart", json!({"data": {"theirs": "b3Blbg=="}}), &[]),
        ("v1/Secret/drift/cart", json!({"data": {"empty": null}}), &["data.empty"]),
        ("v1/ResourceQuota/drift/all", json!({"spec": {"hard": {"cpu": "3"}}}), &["spec.hard.cpu"]),
        (
            "networking.k8s.io/v1/NetworkPolicy/drift/none",
            json!({"spec": {"ingress": [{}]}}),
            &["spec.ingress"],
        ),
        (
            "networking.k8s.io/v1/NetworkPolicy/drift/none",
            json!({"spec": {"podSelector": {"matchLabels": {"a": "b"}}}}),
            &["spec.podSelector"],
        ),
        (
            "networking.k8s.io/v1/NetworkPolicy/drift/none",
            json!({"spec": {"egress": null}}),
            &[
                "spec.egress[0].ports[port=53,protocol=UDP].port",
                "spec.egress[0].ports[port=53,protocol=UDP].protocol",
            ],
        ),
        (
            "rbac.authorization.k8s.io/v1/RoleBinding/drift/cart",
            json!({"subjects": [{"kind": "ServiceAccount", "name": "cart", "namespace": "drift"},
                {"kind": "ServiceAccount", "name": "thief", "namespace": "drift"}]}),
            &["subjects[name=thief]"],
        ),
        (
            "v1/ServiceAccount/drift/cart",
            json!({"automountServiceAccountToken": true}),
            &["automountServiceAccountToken"],
        ),
        (
            "v1/ServiceAccount/drift/cart",
            json!({"automountServiceAccountToken": null}),
            &["automountServiceAccountToken"],
        ),
        (
            "v1/ConfigMap/drift/cart",
            json!({"metadata": {"finalizers": ["travel.example/keep", "travel.example/more"]}}),
            &[],
        ),
        (
            "v1/ConfigMap/drift/cart",
            json!({"metadata": {"finalizers": null}}),
            &["metadata.finalizers[0]"],
        ),
        ("travel.example/v1/Trip/drift/cart", json!({"spec": {"off": true}}), &["spec.off"]),
        ("travel.example/v1/Trip/drift/cart", json!({"spec": {"off": null}}), &["spec.off"]),
        (
            "travel.example/v1/Trip/drift/cart",
            json!({"spec": {"stops": ["a", "b", "c"]}}),
            &["spec.stops[2]"],
        ),
        (
            "travel.example/v1/Trip/drift/cart",
            json!({"spec": {"stops": ["b", "a"]}}),
            &["spec.stops[0]", "spec.stops[1]"],
        ),
    ];
    let forced = ApplyOptions { force: true, ..options() };
    for (key, patch, expected) in cases {
        let wanted =
            documents().into_iter().find(|document| document.key().to_string() == key).unwrap();
        cluster.merge_patch(wanted.key(), &patch, "kubectl-edit").await.unwrap();
        for (who, mode) in [
            (cluster, Mode::Suspects),
            (cluster, Mode::All),
            (cluster, Mode::ReadOnly),
            (reader, Mode::All),
        ] {
            let found =
                drift(who, std::slice::from_ref(&wanted), &drift_options(mode)).await.unwrap();
            let found = match &found[0].state {
                DriftState::Same => Vec::new(),
                DriftState::Differs(differences) => {
                    let summary = Summary::new(Some(b"key"));
                    let shown = summary.fields(&as_found(&wanted, differences));
                    assert_ne!(shown, summary.fields(&wanted), "{key} {patch}");
                    differences.iter().map(|difference| difference.path.to_string()).collect()
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{key} after {patch} with {mode:?}");
        }
        let ignores = expected
            .iter()
            .map(|_| Ignore::of_kind(wanted.kind(), "/spec".parse().unwrap()))
            .collect();
        let ignoring = DriftOptions { ignores, ..drift_options(Mode::Suspects) };
        let found = drift(cluster, std::slice::from_ref(&wanted), &ignoring).await.unwrap();
        let is_in_spec = expected.iter().all(|path| path.starts_with("spec"));
        assert_eq!(found[0].state == DriftState::Same, is_in_spec, "{key} after {patch}, ignored");
        restore(cluster, &wanted, &forced).await;
    }
}

/// Puts an object back as it was, whoever owns what by now.
async fn restore(cluster: &Cluster, wanted: &Document, forced: &ApplyOptions) {
    let none = json!({"metadata": {"finalizers": null}});
    cluster.merge_patch(wanted.key(), &none, "kubectl-edit").await.unwrap();
    cluster.delete(wanted.key(), None, Default::default()).await.unwrap();
    travel_kube::gone::wait_gone(cluster, &[(wanted.key().clone(), None)], patience(30))
        .await
        .unwrap();
    apply(cluster, std::slice::from_ref(wanted), forced, patience(30)).await.unwrap();
}

/// An object that real Helm stripped of our marks means what it meant; one with another's is another's.
async fn marks_do_not_count(cluster: &Cluster) {
    let ownership = |unit: &str| {
        Some(Ownership {
            labels: [("travel.example/unit".to_owned(), unit.to_owned())].into(),
            ..Ownership::default()
        })
    };
    let wanted = [crate::config_map("drift", "marked", "1")];
    let marking = ApplyOptions { ownership: ownership("a"), ..options() };
    apply(cluster, &wanted, &marking, patience(30)).await.unwrap();
    for (patch, expected) in [
        (json!({}), DriftState::Same),
        (json!({"metadata": {"labels": {"travel.example/unit": null}}}), DriftState::Same),
        (
            json!({"metadata": {"labels": {"travel.example/unit": "b"}}}),
            DriftState::Foreign { mark: "travel.example/unit".into(), value: "b".into() },
        ),
    ] {
        cluster.merge_patch(wanted[0].key(), &patch, "kubectl-edit").await.unwrap();
        for mode in [Mode::Suspects, Mode::All, Mode::ReadOnly] {
            let options = DriftOptions { ownership: ownership("a"), ..drift_options(mode) };
            let found = drift(cluster, &wanted, &options).await.unwrap();
            assert_eq!(found[0].state, expected, "after {patch} with {mode:?}");
        }
    }
}

async fn absent_objects_are_found(cluster: &Cluster) {
    let absent = crate::config_map("drift", "never", "1");
    let other =
        document(json!({"apiVersion": "no.example/v1", "kind": "Odd", "metadata": {"name": "x"}}));
    for drift in drift(cluster, &[absent, other], &drift_options(Mode::Suspects)).await.unwrap() {
        assert_eq!(drift.state, DriftState::Absent);
    }
}

//! Sets of manifests against a real API server: etcd, kube-apiserver and kube-controller-manager. Left
//! out where `make tools` has not been run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test, what is not as it must be ends it"
)]

#[path = "../../../kube/tests/apiserver/control_plane.rs"]
#[expect(dead_code, reason = "not every test needs every kind of caller")]
mod control_plane;

mod applying;
mod core;
mod drifting;
mod owning;
mod removing;

use control_plane::{ADMINISTRATOR, ControlPlane, tools};
use serde_json::{Value as Json, json};
use travel_framework::Diagnostics;
use travel_kube::cluster::objects::Propagation;
use travel_kube::{Cluster, Document, DocumentKey};

/// What every scenario works with.
pub struct World {
    /// The cluster, for looking at it from outside.
    pub cluster: Cluster,
    /// How the provider reaches it.
    pub kubeconfig: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn against_a_real_api_server() {
    let Some(programs) = tools() else {
        println!("left out: needs make tools (etcd, kube-apiserver, kube-controller-manager)");
        return;
    };
    let plane = ControlPlane::start(&programs).await;
    let cluster = plane.cluster(ADMINISTRATOR).await;
    let world = World { cluster, kubeconfig: plane.kubeconfig(ADMINISTRATOR) };
    applying::all(&world).await;
    drifting::all(&world).await;
    owning::all(&world).await;
    removing::all(&world).await;
}

impl World {
    /// An object, if it is there.
    pub async fn get(&self, key: &str) -> Option<Json> {
        let key: DocumentKey = key.parse().unwrap();
        self.cluster.get(&key).await.unwrap().map(Document::into_value)
    }

    /// Makes an object as somebody else.
    pub async fn make(&self, object: Json) {
        let document = Document::new(object).unwrap();
        self.cluster.create(&document, "somebody").await.unwrap();
    }

    /// Changes an object as somebody else.
    pub async fn change(&self, key: &str, patch: Json) {
        let key: DocumentKey = key.parse().unwrap();
        self.cluster.merge_patch(&key, &patch, "somebody").await.unwrap();
    }

    /// Deletes an object as somebody else.
    pub async fn delete(&self, key: &str) {
        let key: DocumentKey = key.parse().unwrap();
        self.cluster.delete(&key, None, Propagation::Background).await.unwrap();
    }
}

/// A namespace.
pub fn namespace(name: &str) -> Json {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A config map with one value.
pub fn config_map(namespace: &str, name: &str, value: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"value": value},
    })
}

/// A definition of the kind `Part` of a group.
pub fn definition(group: &str) -> Json {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("parts.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Part", "plural": "parts", "singular": "part", "listKind": "PartList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

/// An object of that kind.
pub fn part(group: &str, namespace: &str, name: &str) -> Json {
    json!({
        "apiVersion": format!("{group}/v1"), "kind": "Part",
        "metadata": {"name": name, "namespace": namespace}, "spec": {"size": 1},
    })
}

/// Plays a scenario, which may take a while but not for ever.
pub async fn step(name: &str, scenario: impl Future<Output = ()>) {
    println!("{name}");
    let played = tokio::time::timeout(std::time::Duration::from_secs(120), scenario).await;
    played.unwrap_or_else(|_| panic!("{name} does not end"));
}

/// Checks that an error, or a warning, says this.
pub fn said(diagnostics: &Diagnostics, words: &str) -> String {
    let texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    let found = texts.iter().find(|text| text.contains(words));
    found.unwrap_or_else(|| panic!("nobody says {words:?}: {texts:?}")).clone()
}

//! A stand-in for the kubelet: pods get ready, or end, as soon as they are seen.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use travel_kube::cluster::Call;
use travel_kube::cluster::objects::Selection;
use travel_kube::{Cluster, Document};

/// Works until it is dropped.
pub struct Kubelet(JoinHandle<()>);

impl Kubelet {
    /// Brings the pods of a namespace where they belong: those with the label `outcome: fails` fail, those that do
    /// not always restart succeed, others become ready.
    pub fn of(cluster: &Cluster, namespace: &str) -> Self {
        let (cluster, namespace) = (cluster.clone(), namespace.to_owned());
        Kubelet(tokio::spawn(async move {
            loop {
                look_after(&cluster, &namespace).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }))
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn look_after(cluster: &Cluster, namespace: &str) {
    let pods = cluster.resource("v1", "Pod").await.unwrap();
    let selection = Selection { namespace: Some(namespace.to_owned()), ..Selection::default() };
    for pod in cluster.list(&pods, &selection).await.unwrap() {
        if pod.is_being_deleted() || pod.value()["status"]["phase"] != "Pending" {
            continue;
        }
        let path = format!("{}/status", pods.object_path(pod.namespace(), pod.name()));
        let call = Call::new("play the kubelet", Method::PATCH, path)
            .with_body("application/merge-patch+json", &json!({ "status": status(&pod) }));
        match cluster.json(&call).await {
            Err(error) if !error.is_not_found() => panic!("{}", error.report()),
            _ => {}
        }
    }
}

fn status(pod: &Document) -> Value {
    if pod.label("outcome") == Some("fails") {
        return json!({"phase": "Failed", "message": "it was told to fail"});
    }
    if pod.value()["spec"]["restartPolicy"] != "Always" {
        return json!({"phase": "Succeeded"});
    }
    let time = "2026-01-01T00:00:00Z";
    let conditions = json!([{"type": "Ready", "status": "True", "lastTransitionTime": time}]);
    json!({"phase": "Running", "conditions": conditions})
}

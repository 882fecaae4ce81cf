//! Draining nodes: their pods are evicted, as disruption budgets allow.
//!
//! Follows "API-initiated Eviction" of the Kubernetes documentation.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::nodes::Node;
use crate::sandbox::fakes::control_plane::client::ApiClient;

/// How long a pod's eviction may be refused, or a pod may take to end; EKS waits for 15 minutes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Drains nodes. `force` deletes what cannot be evicted.
///
/// # Errors
/// The pods that could not be evicted, or what the API server answered.
pub async fn drain(client: &ApiClient, nodes: &[Node], force: bool) -> anyhow::Result<()> {
    for node in nodes {
        cordon(client, &node.name, true).await?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut left = Vec::new();
        for node in nodes {
            for pod in pods(client, &node.name).await? {
                evict(client, &pod).await?;
                left.push(pod);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            if !force {
                anyhow::bail!(
                    "Reached max retries while trying to evict pods: {}",
                    left.join(", ")
                );
            }
            for pod in &left {
                let grace = json!({"gracePeriodSeconds": 0});
                client.ask(Method::DELETE, pod, Some(("application/json", &grace))).await?;
            }
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Marks nodes as ready for pods again.
///
/// # Errors
/// What the API server answered.
pub async fn uncordon(client: &ApiClient, nodes: &[Node]) -> anyhow::Result<()> {
    for node in nodes {
        cordon(client, &node.name, false).await?;
    }
    Ok(())
}

async fn cordon(client: &ApiClient, node: &str, on: bool) -> anyhow::Result<()> {
    let patch = json!({"spec": {"unschedulable": on}});
    let path = format!("/api/v1/nodes/{node}");
    client.ask(Method::PATCH, &path, Some(("application/merge-patch+json", &patch))).await?;
    Ok(())
}

/// The paths of a node's pods, other than those of daemon sets.
async fn pods(client: &ApiClient, node: &str) -> anyhow::Result<Vec<String>> {
    let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}");
    let list = client.get(&path).await?.unwrap_or_default();
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items.iter().filter(|pod| !of_daemon_set(pod)).map(path_of_pod).collect())
}

fn of_daemon_set(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array().map(Vec::as_slice);
    owners.unwrap_or_default().iter().any(|owner| owner["kind"] == "DaemonSet")
}

fn path_of_pod(pod: &Value) -> String {
    let text = |name: &str| pod["metadata"][name].as_str().unwrap_or_default();
    format!("/api/v1/namespaces/{}/pods/{}", text("namespace"), text("name"))
}

/// Asks for a pod's eviction; a refusal by a disruption budget is no error, and asked again later.
async fn evict(client: &ApiClient, pod: &str) -> anyhow::Result<()> {
    let parts: Vec<&str> = pod.split('/').collect();
    let eviction = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"namespace": parts.get(4), "name": parts.get(6)},
    });
    let path = format!("{pod}/eviction");
    let answer = client.ask(Method::POST, &path, Some(("application/json", &eviction))).await?;
    match answer.status {
        StatusCode::NOT_FOUND | StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT => Ok(()),
        status if status.is_success() => Ok(()),
        status => anyhow::bail!("the API server answered {status} to the eviction of {pod}"),
    }
}

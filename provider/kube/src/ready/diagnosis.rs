//! What a cluster tells of objects that are not ready: events, states of their pods, last log lines.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::Value;

use super::workloads::container_trouble;
use super::{State, status};
use crate::cluster::Cluster;
use crate::cluster::objects::Selection;
use crate::document::{Document, DocumentKey};
use crate::error::Error;
use crate::poll::Waiting;

/// How many objects are looked into, how many of the pods of each, and how many events are shown of each.
const OBJECTS: usize = 5;
const PODS: usize = 2;
const EVENTS: usize = 3;
/// The longest log line shown, in characters.
const LINE: usize = 300;

/// Adds to the reasons what the cluster tells. What it does not tell, or forbids to ask, is left out: the reasons
/// themselves stand already, and an error of the explanation must not hide them.
pub(super) async fn explain(
    cluster: &Cluster,
    found: &BTreeMap<DocumentKey, Option<Document>>,
    waiting: &mut [Waiting],
) {
    let explanations = waiting.iter().take(OBJECTS).map(|waiting| async {
        let document = found.get(&waiting.key)?.as_ref()?;
        Some(about(cluster, document).await)
    });
    let explanations = join_all(explanations).await;
    for (waiting, explanation) in waiting.iter_mut().zip(explanations) {
        for line in explanation.unwrap_or_default() {
            waiting.reason.push_str("\n    ");
            waiting.reason.push_str(&line);
        }
    }
}

async fn about(cluster: &Cluster, document: &Document) -> Vec<String> {
    let namespace = document.namespace().unwrap_or_default();
    let mut lines = told(events(cluster, namespace, document.uid()).await);
    let pods = match pods_of(cluster, document).await {
        Ok(pods) => pods,
        Err(error) => {
            tracing::debug!(
                reason = error.report(),
                "the pods of an object that is not ready cannot be read"
            );
            Vec::new()
        }
    };
    let unready = pods.iter().filter(|pod| status(pod.value()).state != State::Ready);
    for pod in unready.take(PODS) {
        lines.push(format!("pod {}: {}", pod.name(), status(pod.value()).message));
        if pod.key() != document.key() {
            lines.extend(told(events(cluster, namespace, pod.uid()).await));
        }
        lines.extend(last_log_line(cluster, pod).await);
    }
    lines
}

fn told(events: Result<Vec<String>, Error>) -> Vec<String> {
    events.unwrap_or_else(|error| {
        tracing::debug!(
            reason = error.report(),
            "the events of an object that is not ready cannot be read"
        );
        Vec::new()
    })
}

/// The last warnings about an object, oldest first.
async fn events(
    cluster: &Cluster,
    namespace: &str,
    uid: Option<&str>,
) -> Result<Vec<String>, Error> {
    let Some(uid) = uid else { return Ok(Vec::new()) };
    let resource = cluster.resource("v1", "Event").await?;
    let selection = Selection {
        // Events of objects of the whole cluster lie in the default namespace.
        namespace: Some(if namespace.is_empty() { "default" } else { namespace }.to_owned()),
        fields: Some(format!("involvedObject.uid={uid},type=Warning")),
        ..Selection::default()
    };
    let mut events = cluster.list(&resource, &selection).await?;
    events.sort_by(|one, other| event_time(one).cmp(event_time(other)));
    let texts = events.iter().rev().take(EVENTS).rev().map(|event| {
        let text = |field: &str| event.value()[field].as_str().unwrap_or_default();
        format!("event {}: {}", text("reason"), shortened(text("message")))
    });
    Ok(texts.collect())
}

fn event_time(event: &Document) -> &str {
    let value = event.value();
    let times =
        [&value["lastTimestamp"], &value["series"]["lastObservedTime"], &value["eventTime"]];
    times.into_iter().find_map(Value::as_str).unwrap_or_default()
}

/// The pods an object stands for, found by its selector.
async fn pods_of(cluster: &Cluster, document: &Document) -> Result<Vec<Document>, Error> {
    if document.kind() == "Pod" {
        return Ok(vec![document.clone()]);
    }
    let Some(labels) = pod_selector(document) else { return Ok(Vec::new()) };
    let resource = cluster.resource("v1", "Pod").await?;
    let namespace = document.namespace().map(str::to_owned);
    let mut pods = cluster
        .list(&resource, &Selection { namespace, labels: Some(labels), fields: None })
        .await?;
    // The youngest tell of the latest change.
    pods.sort_by(|one, other| {
        let time = |pod: &Document| {
            pod.value()["metadata"]["creationTimestamp"].as_str().map(str::to_owned)
        };
        time(other).cmp(&time(one))
    });
    Ok(pods)
}

/// The label selector of the pods an object stands for; expressions other than exact labels are left out, which at
/// worst shows a pod too many.
fn pod_selector(document: &Document) -> Option<String> {
    let selector = &document.value()["spec"]["selector"];
    let labels = match document.kind() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "Rollout" => {
            &selector["matchLabels"]
        }
        "ReplicationController" => selector,
        _ => return None,
    };
    let pairs = labels
        .as_object()?
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)));
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

/// The last line the first troubled container of a pod wrote, from its previous run where it was restarted.
async fn last_log_line(cluster: &Cluster, pod: &Document) -> Option<String> {
    container_trouble(pod.value())?;
    let of = |field: &str| pod.value()["status"][field].as_array().into_iter().flatten();
    let container =
        of("initContainerStatuses").chain(of("containerStatuses")).find(|container| {
            container["lastState"]["terminated"].is_object()
                || container["state"]["terminated"]["exitCode"].as_i64() > Some(0)
        })?;
    let name = container["name"].as_str()?;
    let previous = container["state"]["terminated"].is_null();
    let log = cluster.log_tail(pod.namespace()?, pod.name(), name, 10, previous).await;
    match log {
        Ok(log) => {
            let line = log.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
            Some(format!("last log line of {name}: {}", shortened(line)))
        }
        Err(error) => {
            tracing::debug!(
                reason = error.report(),
                "the log of a pod that is not ready cannot be read"
            );
            None
        }
    }
}

fn shortened(text: &str) -> String {
    let line = text.split('\n').next().unwrap_or_default();
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

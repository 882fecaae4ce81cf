//! Whether an object is ready, read from the object alone, by the rules kstatus and the API conventions give.
//!
//! Model: sigs.k8s.io/cli-utils, pkg/kstatus, and the "typical status properties" of the Kubernetes API conventions.
//! [`wait::wait_ready`] waits for many, and says what is the matter with those that do not become ready.

pub mod wait;

mod diagnosis;
mod workloads;

use serde_json::Value;

use crate::document::group_of;

/// Whether an object is ready, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How it stands.
    pub state: State,
    /// Why, for people; empty where nothing needs saying.
    pub message: String,
}

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// What the document asks for is so.
    Ready,
    /// It is on its way.
    InProgress,
    /// It went wrong, and will not come right by itself soon.
    Failed,
    /// It is being deleted.
    Terminating,
}

/// How an object as the cluster shows it stands.
pub fn status(object: &Value) -> Status {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Status { state: State::Terminating, message: "it is being deleted".to_owned() };
    }
    if let Some(behind) = not_observed(object) {
        return behind;
    }
    if let Some(condition) =
        condition(object, "Stalled").filter(|condition| condition["status"] == "True")
    {
        return failed(words(condition, "it is stalled"));
    }
    if let Some(condition) =
        condition(object, "Reconciling").filter(|condition| condition["status"] == "True")
    {
        return in_progress(words(condition, "it is being reconciled"));
    }
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    match (group_of(api_version), kind) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => workloads::pod(object),
        ("argoproj.io", "Rollout") => workloads::rollout(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Service") => service(object),
        ("", "Namespace") => namespace(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => needs_condition(object, "Available"),
        _ => generic(object),
    }
}

/// An object whose controller has not yet seen its latest change.
fn not_observed(object: &Value) -> Option<Status> {
    let number = |value: &Value| match value {
        // Argo Rollouts writes the number as a string.
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    let generation = number(&object["metadata"]["generation"])?;
    let observed = number(&object["status"]["observedGeneration"])?;
    (observed < generation)
        .then(|| in_progress("its controller has not yet seen the latest change"))
}

/// Objects no rule names: their Ready condition decides, and without one they are ready as soon as they exist.
fn generic(object: &Value) -> Status {
    match condition(object, "Ready") {
        Some(condition) if condition["status"] == "True" => ready(),
        Some(condition) => in_progress(words(condition, "it is not ready")),
        None => ready(),
    }
}

/// An object that is ready only once a condition is true, and has not been so from the start.
pub(crate) fn needs_condition(object: &Value, name: &str) -> Status {
    match condition(object, name) {
        Some(condition) if condition["status"] == "True" => ready(),
        Some(condition) => {
            in_progress(words(condition, &format!("its condition {name} is not true")))
        }
        None => in_progress(format!("it has no condition {name} yet")),
    }
}

fn claim(object: &Value) -> Status {
    match object["status"]["phase"].as_str() {
        Some("Bound") => ready(),
        Some("Lost") => failed("its volume is lost"),
        Some(phase) => in_progress(format!("its phase is {phase}, not Bound")),
        None => in_progress("it is not bound yet"),
    }
}

fn service(object: &Value) -> Status {
    if object["spec"]["type"] != "LoadBalancer" {
        return ready();
    }
    let addresses = object["status"]["loadBalancer"]["ingress"].as_array();
    if addresses.is_some_and(|addresses| !addresses.is_empty()) {
        return ready();
    }
    in_progress("its load balancer has no address yet")
}

fn namespace(object: &Value) -> Status {
    match object["status"]["phase"].as_str() {
        Some("Terminating") => {
            Status { state: State::Terminating, message: "it is being deleted".to_owned() }
        }
        _ => ready(),
    }
}

fn definition(object: &Value) -> Status {
    if let Some(names) =
        condition(object, "NamesAccepted").filter(|condition| condition["status"] == "False")
    {
        return failed(words(names, "its names are taken"));
    }
    match condition(object, "Established") {
        Some(established) if established["status"] == "True" => ready(),
        Some(established)
            if established["status"] == "False" && established["reason"] != "Installing" =>
        {
            failed(words(established, "it is not established"))
        }
        _ => in_progress("it is not established yet"),
    }
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == name)
}

/// What a condition says: its message, else its reason, else the words given.
fn words(condition: &Value, otherwise: &str) -> String {
    let text = |field: &str| condition[field].as_str().filter(|text| !text.is_empty());
    match (text("message"), text("reason")) {
        (Some(message), Some(reason)) => format!("{message} ({reason})"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => otherwise.to_owned(),
    }
}

fn ready() -> Status {
    Status { state: State::Ready, message: String::new() }
}

fn in_progress(message: impl Into<String>) -> Status {
    Status { state: State::InProgress, message: message.into() }
}

fn failed(message: impl Into<String>) -> Status {
    Status { state: State::Failed, message: message.into() }
}

#[cfg(test)]
mod tests;

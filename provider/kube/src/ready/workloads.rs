//! Readiness of what runs pods.

use serde_json::Value;

use super::{Status, condition, failed, in_progress, ready, words};

pub(super) fn deployment(object: &Value) -> Status {
    let progressing = condition(object, "Progressing");
    if let Some(condition) = progressing
        && condition["reason"] == "ProgressDeadlineExceeded"
    {
        return failed(words(condition, "its progress deadline has passed"));
    }
    if is_unobserved(object) {
        return in_progress("its controller has not yet looked at it");
    }
    let wanted = wanted_replicas(object);
    let status = |field: &str| count(object, field);
    let paused = if object["spec"]["paused"] == true { " (it is paused)" } else { "" };
    if status("updatedReplicas") < wanted {
        // Why no pod can be made stands in the events of its set alone, and here.
        let refused = condition(object, "ReplicaFailure").filter(|it| it["status"] == "True");
        let refused = refused.map(|it| format!(": {}", words(it, "a pod cannot be made")));
        return in_progress(format!(
            "{} of {wanted} replicas are up to date{paused}{}",
            status("updatedReplicas"),
            refused.unwrap_or_default(),
        ));
    }
    if status("replicas") > status("updatedReplicas") {
        let old = status("replicas") - status("updatedReplicas");
        return in_progress(format!("{old} old replicas are still to end"));
    }
    if status("availableReplicas") < status("updatedReplicas") {
        let (available, updated) = (status("availableReplicas"), status("updatedReplicas"));
        return in_progress(format!("{available} of {updated} updated replicas are available"));
    }
    if let Some(condition) =
        condition(object, "Available").filter(|condition| condition["status"] == "False")
    {
        return in_progress(words(condition, "it is not available"));
    }
    ready()
}

pub(super) fn stateful_set(object: &Value) -> Status {
    let strategy = object["spec"]["updateStrategy"]["type"].as_str().unwrap_or("RollingUpdate");
    if is_unobserved(object) {
        return in_progress("its controller has not yet looked at it");
    }
    let wanted = wanted_replicas(object);
    let status = |field: &str| count(object, field);
    if status("replicas") > wanted {
        return in_progress(format!("{} replicas are still to end", status("replicas") - wanted));
    }
    if status("readyReplicas") < wanted {
        return in_progress(format!("{} of {wanted} replicas are ready", status("readyReplicas")));
    }
    if strategy == "OnDelete" {
        return ready();
    }
    let partition =
        object["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64().unwrap_or(0);
    if partition > 0 {
        // Replicas below the partition keep the old revision on purpose.
        let to_update = wanted.saturating_sub(partition);
        if status("updatedReplicas") < to_update {
            return in_progress(format!(
                "{} of {to_update} replicas are up to date",
                status("updatedReplicas")
            ));
        }
        return ready();
    }
    let revision = |field: &str| object["status"][field].as_str().unwrap_or_default();
    if revision("updateRevision") != revision("currentRevision")
        && status("updatedReplicas") < wanted
    {
        return in_progress(format!(
            "{} of {wanted} replicas are up to date",
            status("updatedReplicas")
        ));
    }
    ready()
}

pub(super) fn daemon_set(object: &Value) -> Status {
    if is_unobserved(object) {
        return in_progress("its controller has not yet looked at it");
    }
    let status = |field: &str| count(object, field);
    let wanted = status("desiredNumberScheduled");
    let is_rolling = object["spec"]["updateStrategy"]["type"] != "OnDelete";
    for (field, what) in [
        ("currentNumberScheduled", "scheduled"),
        ("updatedNumberScheduled", "up to date"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ] {
        if field == "updatedNumberScheduled" && !is_rolling {
            continue;
        }
        if status(field) < wanted {
            return in_progress(format!("{} of {wanted} pods are {what}", status(field)));
        }
    }
    ready()
}

pub(super) fn replica_set(object: &Value) -> Status {
    if let Some(failure) =
        condition(object, "ReplicaFailure").filter(|condition| condition["status"] == "True")
    {
        return in_progress(words(failure, "its pods cannot be created"));
    }
    if is_unobserved(object) {
        return in_progress("its controller has not yet looked at it");
    }
    let wanted = wanted_replicas(object);
    let status = |field: &str| count(object, field);
    if status("replicas") > wanted {
        return in_progress(format!("{} replicas are still to end", status("replicas") - wanted));
    }
    for (field, what) in [
        ("fullyLabeledReplicas", "there"),
        ("readyReplicas", "ready"),
        ("availableReplicas", "available"),
    ] {
        if status(field) < wanted {
            return in_progress(format!("{} of {wanted} replicas are {what}", status(field)));
        }
    }
    ready()
}

pub(super) fn job(object: &Value) -> Status {
    let is_true =
        |name: &str| condition(object, name).filter(|condition| condition["status"] == "True");
    if let Some(condition) = is_true("Failed") {
        return failed(words(condition, "it failed"));
    }
    if is_true("Complete").is_some() {
        return ready();
    }
    if is_true("Suspended").is_some() {
        return in_progress("it is suspended");
    }
    let wanted = object["spec"]["completions"].as_u64().unwrap_or(1);
    let (succeeded, unsuccessful) = (count(object, "succeeded"), count(object, "failed"));
    let mut message = format!("{succeeded} of {wanted} runs have succeeded");
    if unsuccessful > 0 {
        message.push_str(&format!(", {unsuccessful} failed"));
    }
    in_progress(message)
}

pub(super) fn pod(object: &Value) -> Status {
    let phase = object["status"]["phase"].as_str().unwrap_or("Pending");
    match phase {
        "Succeeded" => return ready(),
        "Failed" => {
            let message =
                object["status"]["message"].as_str().or(object["status"]["reason"].as_str());
            return failed(message.unwrap_or("its containers failed"));
        }
        _ => {}
    }
    if condition(object, "Ready").is_some_and(|condition| condition["status"] == "True") {
        return ready();
    }
    if let Some(trouble) = container_trouble(object) {
        let is_crashing = trouble.contains("CrashLoopBackOff");
        return if is_crashing { failed(trouble) } else { in_progress(trouble) };
    }
    let scheduled =
        condition(object, "PodScheduled").filter(|condition| condition["status"] == "False");
    match scheduled {
        Some(condition) => in_progress(words(condition, "it is not scheduled")),
        None if phase == "Running" => in_progress("it runs but is not ready"),
        None => in_progress(format!("its phase is {phase}")),
    }
}

/// What the first container that waits for a reason, or that ended badly, has to say.
pub(super) fn container_trouble(pod: &Value) -> Option<String> {
    let of = |field: &str| pod["status"][field].as_array().into_iter().flatten();
    for container in of("initContainerStatuses").chain(of("containerStatuses")) {
        let name = container["name"].as_str().unwrap_or_default();
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().unwrap_or_default();
        if !matches!(reason, "" | "ContainerCreating" | "PodInitializing") {
            let last = &container["lastState"]["terminated"];
            let ended = match (last["exitCode"].as_i64(), last["reason"].as_str()) {
                (Some(code), Some(reason)) => format!(", after it ended with {code} ({reason})"),
                (Some(code), None) => format!(", after it ended with {code}"),
                _ => String::new(),
            };
            return Some(format!("container {name}: {}{ended}", words(waiting, reason)));
        }
        let terminated = &container["state"]["terminated"];
        if terminated["exitCode"].as_i64().is_some_and(|code| code != 0) {
            let code = terminated["exitCode"].as_i64().unwrap_or_default();
            return Some(format!(
                "container {name} ended with {code}: {}",
                words(terminated, "no reason given")
            ));
        }
    }
    None
}

/// Argo Rollouts says itself how it stands, in `status.phase`.
pub(super) fn rollout(object: &Value) -> Status {
    let message = object["status"]["message"].as_str().filter(|message| !message.is_empty());
    match object["status"]["phase"].as_str() {
        Some("Healthy") => ready(),
        Some("Degraded") => failed(message.unwrap_or("it is degraded")),
        // A canary that waits for a person has done all it can do alone.
        Some("Paused") => ready(),
        Some(phase) => {
            in_progress(message.map_or_else(|| format!("its phase is {phase}"), str::to_owned))
        }
        None => in_progress("its controller has not yet looked at it"),
    }
}

/// Whether the controller has never written the status. [`super::status`] sees one that is merely behind.
fn is_unobserved(object: &Value) -> bool {
    object["status"]["observedGeneration"].is_null()
}

fn wanted_replicas(object: &Value) -> u64 {
    object["spec"]["replicas"].as_u64().unwrap_or(1)
}

fn count(object: &Value, field: &str) -> u64 {
    object["status"][field].as_u64().unwrap_or(0)
}

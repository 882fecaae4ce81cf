//! How objects stand, kind by kind.

use serde_json::{Value, json};

use super::*;

fn check(api_version: &str, kind: &str, object: Value, state: State, message: &str) {
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
    value.as_object_mut().unwrap().extend(object.as_object().unwrap().clone());
    let expected = Status { state, message: message.to_owned() };
    assert_eq!(status(&value), expected, "{value}");
}

fn condition(name: &str, truth: &str, reason: &str, message: &str) -> Value {
    json!({"type": name, "status": truth, "reason": reason, "message": message})
}

#[test]
fn any_kind() {
    let check = |object: Value, state: State, message: &str| {
        check("travel.example/v1", "Trip", object, state, message)
    };
    check(json!({}), State::Ready, "");
    check(json!({"status": {}}), State::Ready, "");
    check(
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
        State::Terminating,
        "it is being deleted",
    );
    let behind = "its controller has not yet seen the latest change";
    check(
        json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
        State::InProgress,
        behind,
    );
    check(
        json!({"metadata": {"generation": 2}, "status": {"observedGeneration": "1"}}),
        State::InProgress,
        behind,
    );
    check(
        json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 2}}),
        State::Ready,
        "",
    );
    let with = |conditions: Value| json!({"status": {"conditions": conditions}});
    check(with(json!([condition("Ready", "True", "", "")])), State::Ready, "");
    check(
        with(json!([condition("Ready", "False", "NoRoom", "full")])),
        State::InProgress,
        "full (NoRoom)",
    );
    check(
        with(json!([condition("Ready", "Unknown", "Thinking", "")])),
        State::InProgress,
        "Thinking",
    );
    check(with(json!([condition("Ready", "False", "", "")])), State::InProgress, "it is not ready");
    check(
        with(json!([condition("Stalled", "True", "Broken", "no way")])),
        State::Failed,
        "no way (Broken)",
    );
    check(
        with(json!([condition("Stalled", "False", "", ""), condition("Ready", "True", "", "")])),
        State::Ready,
        "",
    );
    check(
        with(json!([condition("Reconciling", "True", "", ""), condition("Ready", "True", "", "")])),
        State::InProgress,
        "it is being reconciled",
    );
}

#[test]
fn deployments() {
    let check = |replicas: Value, status: Value, state: State, message: &str| {
        check(
            "apps/v1",
            "Deployment",
            json!({"spec": {"replicas": replicas}, "status": status}),
            state,
            message,
        );
    };
    let status = |replicas: u32, updated: u32, available: u32| json!({"observedGeneration": 1, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available});
    check(json!(1), json!({}), State::InProgress, "its controller has not yet looked at it");
    check(Value::Null, status(1, 1, 1), State::Ready, "");
    check(json!(0), status(0, 0, 0), State::Ready, "");
    check(json!(3), status(3, 2, 2), State::InProgress, "2 of 3 replicas are up to date");
    check(json!(3), status(4, 3, 3), State::InProgress, "1 old replicas are still to end");
    check(json!(3), status(3, 3, 1), State::InProgress, "1 of 3 updated replicas are available");
    check(json!(3), status(3, 3, 3), State::Ready, "");
    let mut late = status(1, 1, 0);
    late["conditions"] =
        json!([condition("Progressing", "False", "ProgressDeadlineExceeded", "too slow")]);
    check(json!(1), late, State::Failed, "too slow (ProgressDeadlineExceeded)");
    let mut refused = status(0, 0, 0);
    refused["conditions"] =
        json!([condition("ReplicaFailure", "True", "FailedCreate", "no such account")]);
    let message = "0 of 1 replicas are up to date: no such account (FailedCreate)";
    check(json!(1), refused, State::InProgress, message);
    let mut unavailable = status(1, 1, 1);
    unavailable["conditions"] =
        json!([condition("Available", "False", "MinimumReplicasUnavailable", "")]);
    check(json!(1), unavailable, State::InProgress, "MinimumReplicasUnavailable");
}

#[test]
fn stateful_sets() {
    let check = |strategy: Value, status: Value, state: State, message: &str| {
        let mut object =
            json!({"spec": {"replicas": 3, "updateStrategy": strategy}, "status": status});
        if !object["status"].as_object().unwrap().is_empty() {
            object["status"]["observedGeneration"] = 1.into();
        }
        check("apps/v1", "StatefulSet", object, state, message);
    };
    let rolling = json!({"type": "RollingUpdate"});
    check(rolling.clone(), json!({}), State::InProgress, "its controller has not yet looked at it");
    check(
        rolling.clone(),
        json!({"replicas": 3, "readyReplicas": 2}),
        State::InProgress,
        "2 of 3 replicas are ready",
    );
    check(
        rolling.clone(),
        json!({"replicas": 5, "readyReplicas": 5}),
        State::InProgress,
        "2 replicas are still to end",
    );
    let mixed = json!({"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"});
    check(rolling.clone(), mixed.clone(), State::InProgress, "1 of 3 replicas are up to date");
    check(json!({"type": "OnDelete"}), mixed.clone(), State::Ready, "");
    let partition =
        |number: u32| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": number}});
    check(partition(2), mixed.clone(), State::Ready, "");
    check(partition(1), mixed, State::InProgress, "1 of 2 replicas are up to date");
    let done = json!({"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "currentRevision": "b", "updateRevision": "b"});
    check(rolling, done, State::Ready, "");
}

#[test]
fn daemon_and_replica_sets() {
    let daemons = |strategy: &str, status: Value, state: State, message: &str| {
        let spec = json!({"updateStrategy": {"type": strategy}});
        check("apps/v1", "DaemonSet", json!({"spec": spec, "status": status}), state, message);
    };
    let status = |scheduled: u32, updated: u32, available: u32| {
        json!({"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": scheduled,
            "updatedNumberScheduled": updated, "numberAvailable": available, "numberReady": available})
    };
    daemons(
        "RollingUpdate",
        json!({}),
        State::InProgress,
        "its controller has not yet looked at it",
    );
    daemons("RollingUpdate", status(1, 1, 1), State::InProgress, "1 of 2 pods are scheduled");
    daemons("RollingUpdate", status(2, 1, 1), State::InProgress, "1 of 2 pods are up to date");
    daemons("OnDelete", status(2, 1, 2), State::Ready, "");
    daemons("RollingUpdate", status(2, 2, 1), State::InProgress, "1 of 2 pods are available");
    daemons("RollingUpdate", status(2, 2, 2), State::Ready, "");
    let replicas = |status: Value, state: State, message: &str| {
        check(
            "apps/v1",
            "ReplicaSet",
            json!({"spec": {"replicas": 2}, "status": status}),
            state,
            message,
        );
    };
    let full = json!({"observedGeneration": 1, "replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2});
    replicas(full.clone(), State::Ready, "");
    replicas(json!({}), State::InProgress, "its controller has not yet looked at it");
    replicas(
        json!({"observedGeneration": 1, "replicas": 1, "fullyLabeledReplicas": 1}),
        State::InProgress,
        "1 of 2 replicas are there",
    );
    let mut refused = full;
    refused["conditions"] =
        json!([condition("ReplicaFailure", "True", "FailedCreate", "quota exceeded")]);
    replicas(refused, State::InProgress, "quota exceeded (FailedCreate)");
}

#[test]
fn jobs_and_pods() {
    let jobs = |status: Value, state: State, message: &str| {
        check(
            "batch/v1",
            "Job",
            json!({"spec": {"completions": 2}, "status": status}),
            state,
            message,
        );
    };
    jobs(json!({}), State::InProgress, "0 of 2 runs have succeeded");
    jobs(
        json!({"succeeded": 1, "failed": 3}),
        State::InProgress,
        "1 of 2 runs have succeeded, 3 failed",
    );
    jobs(json!({"conditions": [condition("Complete", "True", "", "")]}), State::Ready, "");
    jobs(
        json!({"conditions": [condition("Suspended", "True", "", "")]}),
        State::InProgress,
        "it is suspended",
    );
    let failure = condition("Failed", "True", "BackoffLimitExceeded", "it failed too often");
    jobs(
        json!({"conditions": [failure]}),
        State::Failed,
        "it failed too often (BackoffLimitExceeded)",
    );
    check("batch/v1", "CronJob", json!({}), State::Ready, "");

    let pods = |status: Value, state: State, message: &str| {
        check("v1", "Pod", json!({"status": status}), state, message)
    };
    pods(json!({}), State::InProgress, "its phase is Pending");
    pods(json!({"phase": "Succeeded"}), State::Ready, "");
    pods(json!({"phase": "Failed", "reason": "Evicted"}), State::Failed, "Evicted");
    pods(
        json!({"phase": "Running", "conditions": [condition("Ready", "True", "", "")]}),
        State::Ready,
        "",
    );
    pods(json!({"phase": "Running"}), State::InProgress, "it runs but is not ready");
    let unscheduled =
        condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available");
    pods(
        json!({"phase": "Pending", "conditions": [unscheduled]}),
        State::InProgress,
        "0/3 nodes are available (Unschedulable)",
    );
    let waiting = |reason: &str| json!({"name": "app", "state": {"waiting": {"reason": reason}}});
    pods(
        json!({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}),
        State::InProgress,
        "its phase is Pending",
    );
    pods(
        json!({"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}),
        State::InProgress,
        "container app: ImagePullBackOff",
    );
    let mut crashing = waiting("CrashLoopBackOff");
    crashing["lastState"] = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    pods(
        json!({"phase": "Running", "containerStatuses": [crashing]}),
        State::Failed,
        "container app: CrashLoopBackOff, after it ended with 137 (OOMKilled)",
    );
    let ended =
        json!({"name": "setup", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}});
    pods(
        json!({"phase": "Pending", "initContainerStatuses": [ended]}),
        State::InProgress,
        "container setup ended with 2: Error",
    );
}

#[test]
fn the_rest_of_the_kinds() {
    check("v1", "PersistentVolumeClaim", json!({"status": {"phase": "Bound"}}), State::Ready, "");
    check(
        "v1",
        "PersistentVolumeClaim",
        json!({"status": {"phase": "Pending"}}),
        State::InProgress,
        "its phase is Pending, not Bound",
    );
    check("v1", "PersistentVolumeClaim", json!({}), State::InProgress, "it is not bound yet");
    check(
        "v1",
        "PersistentVolumeClaim",
        json!({"status": {"phase": "Lost"}}),
        State::Failed,
        "its volume is lost",
    );

    check("v1", "Service", json!({"spec": {"type": "ClusterIP"}}), State::Ready, "");
    let balanced = |ingress: Value| json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": ingress}}});
    check(
        "v1",
        "Service",
        balanced(json!([])),
        State::InProgress,
        "its load balancer has no address yet",
    );
    check("v1", "Service", balanced(json!([{"hostname": "a.elb"}])), State::Ready, "");
    check(
        "serving.knative.dev/v1",
        "Service",
        json!({"spec": {"type": "LoadBalancer"}}),
        State::Ready,
        "",
    );

    check("v1", "Namespace", json!({"status": {"phase": "Active"}}), State::Ready, "");
    check(
        "v1",
        "Namespace",
        json!({"status": {"phase": "Terminating"}}),
        State::Terminating,
        "it is being deleted",
    );

    let definition = |conditions: Value, state: State, message: &str| {
        let object = json!({"status": {"conditions": conditions}});
        check("apiextensions.k8s.io/v1", "CustomResourceDefinition", object, state, message);
    };
    definition(json!([]), State::InProgress, "it is not established yet");
    definition(json!([condition("Established", "True", "", "")]), State::Ready, "");
    definition(
        json!([condition("Established", "False", "Installing", "")]),
        State::InProgress,
        "it is not established yet",
    );
    definition(
        json!([condition("Established", "False", "NotAccepted", "")]),
        State::Failed,
        "NotAccepted",
    );
    definition(
        json!([condition("NamesAccepted", "False", "ListKindConflict", "taken")]),
        State::Failed,
        "taken (ListKindConflict)",
    );

    let service = |conditions: Value, state: State, message: &str| {
        check(
            "apiregistration.k8s.io/v1",
            "APIService",
            json!({"status": {"conditions": conditions}}),
            state,
            message,
        );
    };
    service(json!([]), State::InProgress, "it has no condition Available yet");
    service(
        json!([condition("Available", "False", "MissingEndpoints", "")]),
        State::InProgress,
        "MissingEndpoints",
    );
    service(json!([condition("Available", "True", "Passed", "")]), State::Ready, "");

    let rollout = |status: Value, state: State, message: &str| {
        check("argoproj.io/v1alpha1", "Rollout", json!({"status": status}), state, message);
    };
    rollout(json!({}), State::InProgress, "its controller has not yet looked at it");
    rollout(json!({"phase": "Healthy"}), State::Ready, "");
    rollout(json!({"phase": "Paused", "message": "CanaryPauseStep"}), State::Ready, "");
    rollout(
        json!({"phase": "Progressing", "message": "more replicas"}),
        State::InProgress,
        "more replicas",
    );
    rollout(json!({"phase": "Degraded"}), State::Failed, "it is degraded");
}

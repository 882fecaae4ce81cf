//! Waiting for documents and explaining them, against a cluster without a network and with a paused clock.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::poll::Progress;
use crate::testing::{Received, Reply, cluster, lines, refusal};

const DEPLOYMENT: &str = "apps/v1/Deployment/shop/cart";
const JOB: &str = "batch/v1/Job/shop/cart";

fn object(key: &str, spec: Value, status: Value) -> Value {
    let key: DocumentKey = key.parse().unwrap();
    json!({"apiVersion": key.api_version, "kind": key.kind,
        "metadata": {"namespace": "shop", "name": key.name, "uid": "u1"}, "spec": spec, "status": status})
}

/// Waits for one object, whose looks are given in turn, the last one again and again. Gives the outcome in words.
async fn check(
    key: &str,
    rules: Rules,
    seconds: u64,
    looks: Vec<Value>,
    expected: Result<(), &str>,
) {
    let mut turn = 0;
    let (cluster, _) = cluster(move |call| {
        if !call.line.starts_with("GET /apis/") {
            return explanation(call);
        }
        let look = looks[turn.min(looks.len() - 1)].clone();
        turn += 1;
        if look.is_null() { refusal(404, "NotFound", "no") } else { Reply::Json(200, look) }
    });
    let never = CancellationToken::new();
    let patience = Patience {
        timeout: Duration::from_secs(seconds),
        cancel: &never,
        progress: &crate::poll::silent,
    };
    let outcome = wait_ready(&cluster, [&key.parse().unwrap()], &rules, patience).await;
    assert_eq!(outcome.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
}

/// What the cluster tells of objects that are not ready.
fn explanation(call: &Received) -> Reply {
    let pod = json!({"metadata": {"name": "cart-1", "namespace": "shop", "uid": "u2"}, "status": {"phase": "Running",
        "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1}}}]}});
    let event = |reason: &str, time: &str| {
        json!({"metadata": {"name": reason}, "reason": reason, "message": "why\nmore",
        "lastTimestamp": time})
    };
    match call.line.as_str() {
        line if line.contains("/pods/cart-1/log?") => {
            assert!(line.contains("container=app") && line.contains("previous=true"), "{line}");
            Reply::Text(200, "first\nthe database is not there\n\n")
        }
        line if line.contains("/pods?") => {
            assert!(line.contains("labelSelector=app%3Dcart"), "{line}");
            Reply::Json(200, json!({"items": [pod]}))
        }
        line if line.contains("/events?") && line.contains("u1") => Reply::Json(
            200,
            json!({"items": [event("Second", "2026-01-02"), event("First", "2026-01-01")]}),
        ),
        line if line.contains("/events?") => {
            Reply::Json(200, json!({"items": [event("BackOff", "2026-01-03")]}))
        }
        _ => refusal(403, "Forbidden", "no"),
    }
}

fn deployment(updated: u32, conditions: Value) -> Value {
    let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": "cart"}}});
    let counts = json!({"observedGeneration": 1, "replicas": updated, "updatedReplicas": updated,
        "availableReplicas": updated, "conditions": conditions});
    object(DEPLOYMENT, spec, counts)
}

const EXPLAINED: &str = "\n    event First: why\n    event Second: why\n    pod cart-1: container app: CrashLoopBackOff, \
                         after it ended with 1\n    event BackOff: why\n    last log line of app: the database is not there";

#[tokio::test(start_paused = true)]
async fn what_becomes_ready_is_waited_for() {
    let rules = Rules::default;
    check(
        DEPLOYMENT,
        rules(),
        60,
        vec![Value::Null, deployment(0, json!([])), deployment(1, json!([]))],
        Ok(()),
    )
    .await;
    let ignored = Rules { ignored_kinds: vec!["Deployment.apps".to_owned()], ..Rules::default() };
    check(DEPLOYMENT, ignored, 1, vec![Value::Null], Ok(())).await;
}

#[tokio::test(start_paused = true)]
async fn what_does_not_become_ready_is_explained() {
    let late =
        format!("not ready after 5 s:\n{DEPLOYMENT}: 0 of 1 replicas are up to date{EXPLAINED}");
    check(DEPLOYMENT, Rules::default(), 5, vec![deployment(0, json!([]))], Err(&late)).await;
    let absent = format!("not ready after 5 s:\n{DEPLOYMENT}: it does not exist");
    check(DEPLOYMENT, Rules::default(), 5, vec![Value::Null], Err(&absent)).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_lasts_ends_the_wait() {
    let exceeded =
        json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    let failed = format!("failed:\n{DEPLOYMENT}: ProgressDeadlineExceeded{EXPLAINED}");
    check(DEPLOYMENT, Rules::default(), 600, vec![deployment(0, exceeded.clone())], Err(&failed))
        .await;
    // One that passes does not.
    let looks = vec![deployment(0, exceeded), deployment(0, json!([])), deployment(1, json!([]))];
    check(DEPLOYMENT, Rules::default(), 600, looks, Ok(())).await;
}

#[tokio::test(start_paused = true)]
async fn jobs_are_waited_for_as_the_rules_say() {
    let job = |status: Value| object(JOB, json!({}), status);
    let complete = || Rules { jobs_complete: true, ..Rules::default() };
    let running = "not ready after 5 s:\nbatch/v1/Job/shop/cart: 0 of 1 runs have succeeded\n    event First: why\n    \
                   event Second: why";
    check(JOB, Rules::default(), 5, vec![job(json!({}))], Ok(())).await;
    check(JOB, complete(), 5, vec![job(json!({}))], Err(running)).await;
    let failed = job(
        json!({"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}),
    );
    let text = "failed:\nbatch/v1/Job/shop/cart: DeadlineExceeded\n    event First: why\n    event Second: why";
    check(JOB, Rules::default(), 600, vec![failed], Err(text)).await;
}

#[test]
fn pods_end_where_the_rules_ask_for_it() {
    let check = |pods_complete: bool, phase: &str, expected: State| {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "cart"},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]}});
        let pod = Document::new(pod).unwrap();
        let rules = Rules { pods_complete, ..Rules::default() };
        assert_eq!(rules.status(pod.key(), Some(&pod)).state, expected, "{phase}");
    };
    check(false, "Running", State::Ready);
    check(true, "Running", State::InProgress);
    check(true, "Succeeded", State::Ready);
    check(true, "Failed", State::Failed);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_and_cancelling_heard() {
    let (cluster, log) = cluster(|call| match call.line.as_str() {
        line if line.contains("deployments/done") => Reply::Json(200, deployment(1, json!([]))),
        _ => Reply::Json(200, deployment(0, json!([]))),
    });
    let told = Mutex::new(Vec::new());
    let cancel = CancellationToken::new();
    let progress = |progress: &Progress| {
        told.lock().unwrap().push((progress.total, progress.waiting.len()));
        if told.lock().unwrap().len() == 3 {
            cancel.cancel();
        }
    };
    let patience =
        Patience { timeout: Duration::from_secs(600), cancel: &cancel, progress: &progress };
    let keys: Vec<DocumentKey> = ["apps/v1/Deployment/shop/done", DEPLOYMENT]
        .iter()
        .map(|key| key.parse().unwrap())
        .collect();
    let error = wait_ready(&cluster, &keys, &Rules::default(), patience).await.unwrap_err();
    assert!(matches!(error, NotReady::Cancelled { .. }), "{error}");
    assert_eq!(*told.lock().unwrap(), [(2, 1); 3]);
    // What is ready is not read again.
    assert_eq!(lines(&log).iter().filter(|line| line.ends_with("/done")).count(), 1);
}

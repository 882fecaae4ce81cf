//! What applying does where a server hesitates. What it does where one does not is in the tests against a real one.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::cluster::connect::Settings;
use crate::testing::{Received, Reply, cluster, cluster_with, lines, refusal, served};

fn document(key: &str) -> Document {
    let key: DocumentKey = key.parse().unwrap();
    let mut value =
        json!({"apiVersion": key.api_version, "kind": key.kind, "metadata": {"name": key.name}});
    if let Some(namespace) = &key.namespace {
        value["metadata"]["namespace"] = namespace.as_str().into();
    }
    Document::new(value).unwrap()
}

/// The object of a call: what was sent, or something of that name.
fn echo(call: &Received, status: u16) -> Reply {
    Reply::Json(status, call.body.clone())
}

async fn run(
    cluster: &Cluster,
    documents: &[Document],
    options: ApplyOptions,
) -> Result<Vec<Applied>, String> {
    let never = CancellationToken::new();
    let patience = Patience {
        timeout: Duration::from_secs(30),
        cancel: &never,
        progress: &crate::poll::silent,
    };
    apply(cluster, documents, &options, patience).await.map_err(|error| error.to_string())
}

fn absent(call: &Received) -> bool {
    call.line.starts_with("GET")
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_is_only_starting_is_waited_for() {
    async fn check(refusals: u32, expected: Result<usize, &str>) {
        let mut turn = 0;
        let (cluster, _) = cluster(move |call| {
            if absent(call) {
                return refusal(404, "NotFound", "no");
            }
            turn += 1;
            let message = "Internal error occurred: failed calling webhook \"a.b\": connect: connection refused";
            if turn <= refusals { refusal(500, "InternalError", message) } else { echo(call, 201) }
        });
        let result = run(
            &cluster,
            &[document("travel.example/v1/Trip/shop/a")],
            ApplyOptions::new("travel"),
        )
        .await;
        assert_eq!(result.map(|applied| applied.len()), expected.map_err(str::to_owned));
    }
    check(0, Ok(1)).await;
    check(9, Ok(1)).await;
    check(
        u32::MAX,
        Err("apply 1 of 1 documents\ntravel.example/v1/Trip/shop/a: apply travel.example/v1/Trip/shop/a: the cluster \
             answered 500 to each of 7 attempts: Internal error occurred: failed calling webhook \"a.b\": connect: \
             connection refused"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_new_kind_is_waited_for_until_it_is_served() {
    let definition = Document::new(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "stops.new.example"},
        "spec": {"group": "new.example", "names": {"kind": "Stop"}, "versions": [
            {"name": "v1", "served": true}, {"name": "v0", "served": false}]},
    }))
    .unwrap();
    let (mut looks, mut reads) = (0, 0);
    let (cluster, log) = cluster_with(Settings::default(), false, move |call| {
        match call.line.as_str() {
            "GET /api" => Reply::Json(200, served(false)),
            "GET /apis" => {
                looks += 1;
                let mut groups = served(true);
                if looks > 4 {
                    let resource = json!({"resource": "stops", "responseKind": {"kind": "Stop"}, "scope": "Namespaced"});
                    let group = json!({"metadata": {"name": "new.example"}, "versions": [{"version": "v1", "resources": [resource]}]});
                    groups["items"].as_array_mut().unwrap().push(group);
                }
                Reply::Json(200, groups)
            }
            line if line.starts_with("GET") => {
                reads += 1;
                let established = json!({"type": "Established", "status": if reads > 3 { "True" } else { "False" }, "reason": "Installing"});
                match reads {
                    1 => refusal(404, "NotFound", "no"),
                    _ => Reply::Json(
                        200,
                        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                    "metadata": {"name": "stops.new.example"}, "status": {"conditions": [established]}}),
                    ),
                }
            }
            _ => echo(call, 201),
        }
    });
    let documents = [document("new.example/v1/Stop/shop/a"), definition];
    let applied = run(&cluster, &documents, ApplyOptions::new("travel")).await.unwrap();
    assert_eq!(applied.len(), 2);
    let patches: Vec<String> =
        lines(&log).into_iter().filter(|line| line.starts_with("PATCH")).collect();
    assert!(patches[0].contains("customresourcedefinitions/stops.new.example"));
    assert!(patches[1].starts_with(
        "PATCH /apis/new.example/v1/namespaces/shop/stops/a?fieldManager=travel&force=false"
    ));
}

#[tokio::test(start_paused = true)]
async fn the_options_reach_the_cluster() {
    async fn check(options: ApplyOptions, expected: &str) {
        let (cluster, log) =
            cluster(
                |call| if absent(call) { refusal(404, "NotFound", "no") } else { echo(call, 201) },
            );
        run(&cluster, &[document("v1/ConfigMap/shop/a")], options).await.unwrap();
        let patch = lines(&log).into_iter().find(|line| line.starts_with("PATCH")).unwrap();
        assert_eq!(patch.split_once('?').unwrap().1, expected);
    }
    let options = || ApplyOptions::new("a manager");
    check(options(), "fieldManager=a%20manager&force=false&fieldValidation=Warn").await;
    check(
        ApplyOptions { force: true, unknown_fields: UnknownFields::Ignore, ..options() },
        "fieldManager=a%20manager&force=true&fieldValidation=Ignore",
    )
    .await;
    check(
        ApplyOptions { dry_run: true, unknown_fields: UnknownFields::Refuse, ..options() },
        "fieldManager=a%20manager&force=false&fieldValidation=Strict&dryRun=All",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_it_after_its_phase_with_what_was_done() {
    let (cluster, log) = cluster(|call| {
        if absent(call) {
            refusal(404, "NotFound", "no")
        } else if call.line.contains("configmaps/bad") {
            refusal(422, "Invalid", "bad is bad")
        } else {
            echo(call, 201)
        }
    });
    let documents: Vec<Document> = [
        "apps/v1/Deployment/shop/after",
        "v1/ConfigMap/shop/bad",
        "v1/ConfigMap/shop/good",
        "v1/Namespace//shop",
    ]
    .into_iter()
    .map(document)
    .collect();
    let never = CancellationToken::new();
    let patience = Patience {
        timeout: Duration::from_secs(30),
        cancel: &never,
        progress: &crate::poll::silent,
    };
    let error =
        apply(&cluster, &documents, &ApplyOptions::new("travel"), patience).await.unwrap_err();
    let applied: Vec<&str> = error.applied.iter().map(|applied| applied.live.name()).collect();
    assert_eq!(applied, ["shop", "good"]);
    assert_eq!(error.failures.len(), 1);
    assert!(lines(&log).iter().all(|line| !line.contains("deployments/after?")));
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let patience = Patience { cancel: &cancelled, ..patience };
    let error =
        apply(&cluster, &documents, &ApplyOptions::new("travel"), patience).await.unwrap_err();
    assert!(matches!(error.failures[0].reason, Refusal::Cancelled));
}

#[tokio::test]
async fn nothing_to_apply_takes_no_call() {
    let (cluster, log) =
        cluster_with(Settings::default(), false, |_| Reply::Json(500, Value::Null));
    assert_eq!(run(&cluster, &[], ApplyOptions::new("travel")).await.unwrap(), []);
    assert!(lines(&log).is_empty());
}

//! In which order objects are removed, and what happens where the cluster refuses. What a real server does with
//! finalizers is in the tests against one.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::{Received, Reply, cluster, lines, refusal};

fn object(line: &str) -> serde_json::Value {
    let name = line.rsplit('/').next().unwrap_or_default();
    let (api_version, kind) = match name {
        "a" => ("v1", "ConfigMap"),
        "b" => ("travel.example/v1", "Trip"),
        "c" => ("apps/v1", "Deployment"),
        _ => ("v1", "Namespace"),
    };
    let mut value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "uid": format!("uid-{name}")}});
    if kind != "Namespace" {
        value["metadata"]["namespace"] = "shop".into();
    }
    value
}

/// Removes an object of each of several kinds, with deletions answered by `answer`.
async fn run(answer: fn(&Received) -> Reply) -> (Result<Pruned, PruneError>, Vec<String>) {
    let (cluster, log) = cluster(move |call| match call.line.split(' ').next() {
        Some("GET") => Reply::Json(200, object(&call.line)),
        _ => answer(call),
    });
    let keys: Vec<DocumentKey> = [
        "v1/Namespace//shop",
        "v1/ConfigMap/shop/a",
        "travel.example/v1/Trip/shop/b",
        "apps/v1/Deployment/shop/c",
    ]
    .iter()
    .map(|key| key.parse().unwrap())
    .collect();
    let never = CancellationToken::new();
    let patience = Patience {
        timeout: Duration::from_secs(5),
        cancel: &never,
        progress: &crate::poll::silent,
    };
    let result = prune(&cluster, &keys, &PruneOptions::default(), patience).await;
    (result, lines(&log).into_iter().filter(|line| line.starts_with("DELETE")).collect())
}

#[tokio::test(start_paused = true)]
async fn what_others_need_goes_last() {
    let (pruned, deletions) = run(|call| {
        assert_eq!(call.body["propagationPolicy"], "Foreground");
        assert!(call.body["preconditions"]["uid"].as_str().unwrap().starts_with("uid-"));
        Reply::Json(200, json!({"kind": "Status", "status": "Success"}))
    })
    .await;
    assert_eq!(pruned.unwrap().removed.len(), 4);
    assert_eq!(
        deletions,
        [
            "DELETE /apis/travel.example/v1/namespaces/shop/trips/b",
            "DELETE /apis/apps/v1/namespaces/shop/deployments/c",
            "DELETE /api/v1/namespaces/shop/configmaps/a",
            "DELETE /api/v1/namespaces/shop",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_gathers_rules_is_gone_before_those_it_takes_them_from() {
    let (cluster, log) = cluster(|call| match call.line.split(' ').next() {
        Some("GET") => {
            let name = call.line.rsplit('/').next().unwrap_or_default();
            let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": name, "uid": name}, "rules": []});
            if name == "z-all" {
                role["aggregationRule"] = json!({"clusterRoleSelectors": []});
            }
            Reply::Json(200, role)
        }
        _ => Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
    });
    let key = |name: &str| format!("rbac.authorization.k8s.io/v1/ClusterRole//{name}").parse();
    let keys: Vec<DocumentKey> = ["a-part", "z-all"].map(|name| key(name).unwrap()).to_vec();
    let never = CancellationToken::new();
    let patience = Patience {
        timeout: Duration::from_secs(5),
        cancel: &never,
        progress: &crate::poll::silent,
    };
    prune(&cluster, &keys, &PruneOptions::default(), patience).await.unwrap();
    let lines = lines(&log);
    let deleted: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("DELETE ")).collect();
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    assert_eq!(deleted, [format!("{path}/z-all"), format!("{path}/a-part")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_ends_it_with_what_was_done() {
    let (pruned, deletions) = run(|call| {
        if call.line.contains("deployments") {
            refusal(403, "Forbidden", "not you")
        } else {
            Reply::Json(200, json!({"kind": "Status", "status": "Success"}))
        }
    })
    .await;
    let error = pruned.unwrap_err();
    assert_eq!(error.pruned.removed.len(), 1);
    assert_eq!(
        crate::error::chain(&error),
        "remove all objects (1 removed): delete apps/v1/Deployment/shop/c: forbidden (403): not you"
    );
    assert_eq!(deletions.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_or_was_made_anew_counts_as_gone() {
    let (pruned, _) = run(|call| {
        if call.line.contains("trips") {
            refusal(404, "NotFound", "gone")
        } else {
            refusal(
                409,
                "Conflict",
                "Precondition failed: UID in precondition: uid-a, UID in object meta: other",
            )
        }
    })
    .await;
    assert_eq!(pruned.unwrap().removed.len(), 4);
}

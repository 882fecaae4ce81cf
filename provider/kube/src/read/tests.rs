//! How many calls reading takes, and what is read where not everything is allowed or there.

use serde_json::{Value, json};

use super::*;
use crate::testing::{Received, Reply, cluster, lines, refusal};

fn keys(prefix: &str, count: usize) -> Vec<DocumentKey> {
    (0..count).map(|number| format!("{prefix}/n{number}").parse().unwrap()).collect()
}

fn item(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}})
}

/// A cluster that has n0, n1 and n2 of every kind.
fn answer(call: &Received) -> Reply {
    let name = call.line.rsplit('/').next().unwrap_or_default();
    if call.line.contains("limit=") {
        return Reply::Json(
            200,
            json!({"items": [item("n0"), item("n1"), item("n2"), item("other")]}),
        );
    }
    let mut value = item(name);
    value["apiVersion"] = "v1".into();
    value["kind"] = "ConfigMap".into();
    if matches!(name, "n0" | "n1" | "n2") {
        Reply::Json(200, value)
    } else {
        refusal(404, "NotFound", "no")
    }
}

#[tokio::test]
async fn many_are_read_by_one_list() {
    async fn check(keys: Vec<DocumentKey>, calls: &[&str], expected: usize) {
        let (cluster, log) = cluster(answer);
        let found = read(&cluster, &keys).await.unwrap();
        assert_eq!(found.len(), keys.len());
        assert_eq!(found.values().flatten().count(), expected);
        for (key, document) in &found {
            assert!(document.as_ref().is_none_or(|document| document.name() == key.name));
        }
        let mut lines = lines(&log);
        lines.sort();
        assert_eq!(lines, calls);
    }
    let prefix = "GET /api/v1/namespaces/shop/configmaps";
    check(Vec::new(), &[], 0).await;
    check(keys("v1/ConfigMap/shop", 2), &[&format!("{prefix}/n0"), &format!("{prefix}/n1")], 2)
        .await;
    check(keys("v1/ConfigMap/shop", 9), &[&format!("{prefix}?limit=500")], 3).await;
    // Kinds that are not served have no objects.
    check(keys("odd.example/v1/Odd/shop", 9), &[], 0).await;
    let mut both = keys("v1/ConfigMap/shop", 4);
    both.extend(keys("v1/Secret/shop", 4));
    check(
        both,
        &[&format!("{prefix}?limit=500"), "GET /api/v1/namespaces/shop/secrets?limit=500"],
        6,
    )
    .await;
}

#[tokio::test]
async fn where_lists_are_forbidden_each_is_read() {
    let (cluster, log) = cluster(|call| {
        if call.line.contains("limit=") {
            refusal(403, "Forbidden", "no lists")
        } else {
            answer(call)
        }
    });
    let found = read(&cluster, &keys("v1/ConfigMap/shop", 5)).await.unwrap();
    assert_eq!((found.values().flatten().count(), lines(&log).len()), (3, 6));
}

#[tokio::test]
async fn nothing_is_taken_for_absent_that_cannot_be_asked() {
    let (forbidden, _) = cluster(|_| refusal(403, "Forbidden", "no"));
    assert!(read(&forbidden, &keys("v1/ConfigMap/shop", 5)).await.unwrap_err().is_forbidden());
    let (stale, _) = cluster(answer);
    let error = read(&stale, &keys("metrics.k8s.io/v1beta1/PodMetrics/shop", 1)).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::UnavailableGroup { .. }));
    let placeless = read(&stale, &keys("v1/ConfigMap/", 1)).await.unwrap_err();
    assert!(
        placeless.report().contains("lies in a namespace, and the document names none"),
        "{}",
        placeless.report()
    );
}

#[tokio::test]
async fn lists_are_read_to_their_end_and_begun_anew_when_too_old() {
    let mut turn = 0;
    let (cluster, log) = cluster(move |_| {
        turn += 1;
        let page = |name: &str, next: &str| {
            Reply::Json(200, json!({"metadata": {"continue": next}, "items": [item(name)]}))
        };
        match turn {
            1 => page("n0", "two"),
            2 => refusal(410, "Expired", "too old"),
            3 => page("n0", "two"),
            _ => page("n1", ""),
        }
    });
    let found = read(&cluster, &keys("v1/ConfigMap/shop", 5)).await.unwrap();
    assert_eq!(found.values().flatten().count(), 2);
    assert_eq!(lines(&log)[3], "GET /api/v1/namespaces/shop/configmaps?limit=500&continue=two");
    assert_eq!(lines(&log).len(), 4);
}

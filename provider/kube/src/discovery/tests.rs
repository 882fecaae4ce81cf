//! Reading what a cluster says it serves.

use serde_json::json;

use super::*;
use crate::testing::served;

fn discovery() -> Discovery {
    let mut discovery = Discovery::default();
    discovery.add(&served(false));
    discovery.add(&served(true));
    discovery
}

#[test]
fn paths_follow_group_and_scope() {
    let check = |api_version: &str, kind: &str, namespace: Option<&str>, expected: &str| {
        let discovery = discovery();
        let resource = discovery.require(api_version, kind).unwrap();
        assert_eq!(resource.object_path(namespace, "x"), expected);
    };
    check("v1", "ConfigMap", Some("shop"), "/api/v1/namespaces/shop/configmaps/x");
    check("v1", "Namespace", None, "/api/v1/namespaces/x");
    check("v1", "Namespace", Some("shop"), "/api/v1/namespaces/x");
    check(
        "apps/v1",
        "Deployment",
        Some("a/b?c"),
        "/apis/apps/v1/namespaces/a%2Fb%3Fc/deployments/x",
    );
    let discovery = discovery();
    let deployment = discovery.require("apps/v1", "Deployment").unwrap();
    assert_eq!(deployment.collection_path(None), "/apis/apps/v1/deployments");
    assert!(deployment.has_verb("patch") && !deployment.has_verb("watch"));
    assert_eq!(deployment.key(Some("shop"), "x").to_string(), "apps/v1/Deployment/shop/x");
}

#[test]
fn what_is_not_known_is_told_apart_from_what_is_not_served() {
    let discovery = discovery();
    assert!(matches!(
        discovery.require("v1", "Odd").unwrap_err().kind,
        ErrorKind::UnknownKind { .. }
    ));
    let stale = discovery.require("metrics.k8s.io/v1beta1", "PodMetrics").unwrap_err();
    assert!(matches!(stale.kind, ErrorKind::UnavailableGroup { .. }));
    assert!(discovery.is_stale("metrics.k8s.io/v1beta1") && !discovery.is_stale("v1"));
}

#[test]
fn the_preferred_version_comes_first() {
    let resource = |kind: &str| json!({"resource": "trips", "responseKind": {"kind": kind}, "scope": "Cluster"});
    let versions = json!([
        {"version": "v2", "resources": [resource("Trip")]},
        {"version": "v1", "resources": [resource("Trip"), resource("Old")]},
    ]);
    let mut discovery = Discovery::default();
    discovery
        .add(&json!({"items": [{"metadata": {"name": "travel.example"}, "versions": versions}]}));
    let check = |kind: &str, expected: Option<&str>| {
        let found = discovery
            .preferred("travel.example", kind)
            .map(|resource| resource.api_version.as_str());
        assert_eq!(found, expected, "{kind}");
    };
    check("Trip", Some("travel.example/v2"));
    check("Old", Some("travel.example/v1"));
    check("None", None);
    assert_eq!(discovery.preferred("", "Trip"), None);
    assert_eq!(discovery.api_versions(), ["travel.example/v2", "travel.example/v1"]);
}

#[tokio::test]
async fn a_cluster_without_aggregated_discovery_is_refused() {
    let settings = crate::cluster::connect::Settings::default();
    let (cluster, _) = crate::testing::cluster_with(settings, false, |_| {
        crate::testing::Reply::Json(200, json!({"kind": "APIGroupList", "groups": []}))
    });
    let error = Discovery::read(&cluster).await.unwrap_err();
    assert!(error.report().contains("Kubernetes 1.27 or newer"), "{}", error.report());
}

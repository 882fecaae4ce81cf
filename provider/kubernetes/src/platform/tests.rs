use std::sync::atomic::{AtomicUsize, Ordering};

use travel_kube::cluster::connect::{Access, ClusterConfig, Settings};

use super::*;
use crate::clusters::Reached;

/// A cloud with one cluster, `dev`, of the incarnation `one`.
#[derive(Default)]
struct Cloud {
    asked: AtomicUsize,
}

#[async_trait]
impl Clusters for Cloud {
    async fn reach(&self, cluster: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match cluster.name.as_str() {
            "dev" => {}
            "making" => return Err(Diagnostic::error("cluster making cannot be called", "")),
            _ => return Ok(None),
        }
        let access = Access::Endpoint {
            url: "https://127.0.0.1:1".into(),
            certificate_authority: None,
            tls_server_name: None,
            token: None,
        };
        let reference = ClusterReference {
            region: Some("eu-central-1".into()),
            incarnation: Some("one".into()),
            ..cluster.clone()
        };
        let config = ClusterConfig { access, proxy_url: None, settings: Settings::default() };
        Ok(Some(Reached { config, version: "1.35".into(), reference }))
    }
}

fn object(name: &str, incarnation: Option<&str>) -> Value {
    let incarnation = incarnation.map_or(Value::Null, Into::into);
    let cluster = Value::object([("name", name.into()), ("incarnation", incarnation)]);
    Value::object([("cluster", cluster), ("kubeconfig", Value::Null)])
}

#[tokio::test]
async fn only_the_cluster_that_is_meant_is_reached() {
    let platform = Kubernetes::new(Arc::new(Cloud::default()));
    for (name, incarnation, expected) in [
        ("dev", None, Ok(true)),
        ("dev", Some("one"), Ok(true)),
        ("dev", Some("an earlier one"), Ok(false)),
        ("none", None, Ok(false)),
        ("making", None, Err("cluster making cannot be called".to_owned())),
    ] {
        let scope = platform.scope(&object(name, incarnation)).await;
        let found = scope.map(|it| it.connected.is_some()).map_err(|error| error.summary);
        assert_eq!(found, expected, "{name} {incarnation:?}");
    }
}

#[tokio::test]
async fn a_cluster_is_asked_for_once_and_known_from_then_on() {
    let cloud = Arc::new(Cloud::default());
    let platform = Kubernetes::new(Arc::clone(&cloud) as Arc<dyn Clusters>);
    for _ in 0..3 {
        let scope = platform.scope(&object("dev", None)).await.unwrap();
        let mut state = object("dev", None);
        platform.place(&scope, &mut state);
        assert_eq!(state.get("cluster").get("incarnation").as_str(), Some("one"));
    }
    assert_eq!(cloud.asked.load(Ordering::Relaxed), 1);
    // A new configuration may mean another cloud.
    platform.configure(&Value::object([("chart_mirror", "/mirror".into())]), "1.11.0");
    assert_eq!(platform.mirror(), Mirror::At("/mirror".into()));
    platform.scope(&object("dev", None)).await.unwrap();
    assert_eq!(cloud.asked.load(Ordering::Relaxed), 2);
    platform.configure(&Value::object([("chart_mirror", Value::unknown())]), "1.11.0");
    assert_eq!(platform.mirror(), Mirror::Unknown);
}

#[tokio::test]
async fn a_kubeconfig_that_is_none_is_refused_where_it_stands() {
    let platform = Kubernetes::new(Arc::new(Cloud::default()));
    let kubeconfig = Value::object([("content", "{token: hunter2".into())]);
    let object = Value::object([("cluster", Value::Null), ("kubeconfig", kubeconfig)]);
    let error = platform.scope(&object).await.unwrap_err();
    assert_eq!(error.path.as_ref().unwrap().to_string(), "kubeconfig");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

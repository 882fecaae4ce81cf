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
    let dev = object("dev", None);
    let scopes = [platform.scope(&dev), platform.scope(&dev), platform.scope(&dev)];
    for scope in futures::future::join_all(scopes).await {
        let scope = scope.unwrap();
        let mut state = object("dev", None);
        platform.place(&scope, &mut state);
        assert_eq!(state.get("cluster").get("incarnation").as_str(), Some("one"));
    }
    assert_eq!(cloud.asked.load(Ordering::Relaxed), 1);
    // A new configuration may mean another cloud.
    platform.configure(&Value::object([("chart_mirror", "/mirror".into())]), "1.11.0");
    assert_eq!(platform.charts().mirror, Mirror::At("/mirror".into()));
    platform.scope(&object("dev", None)).await.unwrap();
    assert_eq!(cloud.asked.load(Ordering::Relaxed), 2);
    platform.configure(&Value::object([("chart_mirror", Value::unknown())]), "1.11.0");
    assert_eq!(platform.charts().mirror, Mirror::Unknown);
}

#[test]
fn charts_are_kept_where_the_environment_says() {
    let user = || Some(PathBuf::from("/home/me/.cache"));
    assert_eq!(cache(None, user()), Some(Cache::at("/home/me/.cache/travel/charts".into())));
    assert_eq!(cache(None, None), None);
    assert_eq!(cache(Some("/kept".into()), user()), Some(Cache::at("/kept".into())));
    assert_eq!(cache(Some("off".into()), user()), None);
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

#[tokio::test]
async fn only_a_cluster_found_by_reference_is_waited_for() {
    let platform = Kubernetes::new(Arc::new(Cloud::default()));
    let cancel = CancellationToken::new();
    // No call is made to this one.
    let content = "{clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}], \
                   contexts: [{name: a, context: {cluster: a, user: a}}], \
                   users: [{name: a, user: {}}], current-context: a}";
    let kubeconfig = Value::object([("content", content.into())]);
    let by_kubeconfig = Value::object([("cluster", Value::Null), ("kubeconfig", kubeconfig)]);
    for (object, expected) in [
        (by_kubeconfig, None),
        (object("dev", None), Some("cluster")),
        (object("none", None), Some("cluster")),
    ] {
        let scope = platform.scope(&object).await.unwrap();
        let reached = scope.young_cluster(Instant::now(), &cancel).await;
        let path = reached.err().and_then(|error| error.into_diagnostic().path);
        assert_eq!(path.map(|path| path.to_string()).as_deref(), expected);
    }
}

#[tokio::test]
async fn a_kubeconfig_is_read_again_once_its_file_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let write = |server: &str, seconds: u64| {
        let text = format!(
            "{{clusters: [{{name: a, cluster: {{server: '{server}'}}}}], current-context: a, \
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}], users: [{{name: a, user: {{}}}}]}}"
        );
        std::fs::write(&path, text).unwrap();
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        std::fs::File::open(&path).unwrap().set_modified(changed).unwrap();
    };
    let platform = Kubernetes::new(Arc::new(Cloud::default()));
    let kubeconfig = Value::object([("path", path.display().to_string().into())]);
    let object = Value::object([("cluster", Value::Null), ("kubeconfig", kubeconfig)]);
    let endpoint = async || {
        let scope = platform.scope(&object).await.unwrap();
        scope.cluster().unwrap().cluster.endpoint().trim_end_matches('/').to_owned()
    };
    write("https://127.0.0.1:1", 1);
    assert_eq!(endpoint().await, "https://127.0.0.1:1");
    // Not looked at as long as it is as old.
    write("https://127.0.0.1:2", 1);
    assert_eq!(endpoint().await, "https://127.0.0.1:1");
    write("https://127.0.0.1:2", 2);
    assert_eq!(endpoint().await, "https://127.0.0.1:2");
}

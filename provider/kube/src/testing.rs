//! A cluster that answers as a test tells it to, without a network.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::cluster::connect::Settings;

/// A call as it reaches the cluster.
pub(crate) struct Received {
    /// "GET /api/v1/pods?limit=500".
    pub(crate) line: String,
    /// The body, null where it is no JSON.
    pub(crate) body: Value,
    /// The Authorization header, empty where there is none.
    pub(crate) authorization: String,
}

/// What the cluster does with a call.
pub(crate) enum Reply {
    /// Answers with a status and JSON.
    Json(u16, Value),
    /// The same with a header.
    WithHeader(u16, &'static str, &'static str, Value),
    /// Answers with a status and text.
    Text(u16, &'static str),
    /// Breaks the connection.
    Broken(std::io::ErrorKind),
    /// Never answers.
    Silence,
}

pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// A cluster whose calls `answer` answers, and the lines of the calls it got. Discovery is answered with [`served`]
/// and not in the log, unless `answer` is to be asked about it.
pub(crate) fn cluster(answer: impl FnMut(&Received) -> Reply + Send + 'static) -> (Cluster, Log) {
    cluster_with(Settings::default(), true, answer)
}

pub(crate) fn cluster_with(
    settings: Settings,
    is_discovery_answered: bool,
    mut answer: impl FnMut(&Received) -> Reply + Send + 'static,
) -> (Cluster, Log) {
    let (service, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let log = Log::default();
    let calls = Arc::clone(&log);
    tokio::spawn(async move {
        let mut unanswered = Vec::new();
        while let Some((request, send)) = handle.next_request().await {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let authorization = head.headers.get(http::header::AUTHORIZATION);
            let received = Received {
                line: format!("{} {}", head.method, head.uri),
                body: serde_json::from_slice(&body).unwrap_or_default(),
                authorization: authorization
                    .map(|value| value.to_str().unwrap().to_owned())
                    .unwrap_or_default(),
            };
            if is_discovery_answered
                && (received.line == "GET /api" || received.line == "GET /apis")
            {
                send.send_response(response(
                    200,
                    None,
                    served(received.line == "GET /apis").to_string(),
                ));
                continue;
            }
            calls.lock().unwrap().push(received.line.clone());
            match answer(&received) {
                Reply::Json(status, value) => {
                    send.send_response(response(status, None, value.to_string()))
                }
                Reply::WithHeader(status, name, value, body) => {
                    send.send_response(response(status, Some((name, value)), body.to_string()));
                }
                Reply::Text(status, text) => {
                    send.send_response(response(status, None, text.to_owned()))
                }
                Reply::Broken(kind) => send.send_error(std::io::Error::from(kind)),
                Reply::Silence => unanswered.push(send),
            }
        }
    });
    (Cluster::with_client(Client::new(service, "default"), settings), log)
}

fn response(status: u16, header: Option<(&str, &str)>, body: String) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(Body::from(body.into_bytes())).unwrap()
}

/// The calls so far.
pub(crate) fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

/// A refusal as an API server writes it.
pub(crate) fn refusal(code: u16, reason: &str, message: &str) -> Reply {
    Reply::Json(
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}),
    )
}

/// What the cluster serves: the core group's kinds, or those of some groups.
pub(crate) fn served(groups: bool) -> Value {
    let resource = |kind: &str, plural: &str, scope: &str| {
        json!({"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "singularResource": "",
            "verbs": ["create", "delete", "get", "list", "patch"]})
    };
    let group = |name: &str, version: &str, resources: Vec<Value>| {
        let freshness = if resources.is_empty() { "Stale" } else { "Current" };
        json!({"metadata": {"name": name}, "versions": [{"version": version, "freshness": freshness, "resources": resources}]})
    };
    let core = vec![
        resource("Namespace", "namespaces", "Cluster"),
        resource("ConfigMap", "configmaps", "Namespaced"),
        resource("Secret", "secrets", "Namespaced"),
        resource("Service", "services", "Namespaced"),
        resource("Pod", "pods", "Namespaced"),
        resource("Event", "events", "Namespaced"),
        resource("PersistentVolume", "persistentvolumes", "Cluster"),
        resource("PersistentVolumeClaim", "persistentvolumeclaims", "Namespaced"),
    ];
    let items = if groups {
        vec![
            group("apps", "v1", vec![resource("Deployment", "deployments", "Namespaced")]),
            group("batch", "v1", vec![resource("Job", "jobs", "Namespaced")]),
            group(
                "apiextensions.k8s.io",
                "v1",
                vec![resource("CustomResourceDefinition", "customresourcedefinitions", "Cluster")],
            ),
            group(
                "rbac.authorization.k8s.io",
                "v1",
                vec![resource("ClusterRole", "clusterroles", "Cluster")],
            ),
            group("travel.example", "v1", vec![resource("Trip", "trips", "Namespaced")]),
            group("metrics.k8s.io", "v1beta1", Vec::new()),
        ]
    } else {
        vec![group("", "v1", core)]
    };
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
}

//! How calls are tried again, with tokens, time and errors; the clock is paused, so nothing here takes time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::cluster::connect::Settings;
use crate::cluster::token::Token;
use crate::testing::{Reply, cluster, cluster_with, lines, refusal};

/// Makes one call that is answered by the replies in turn, the last one again and again. Gives how often it was tried,
/// and the outcome in words.
async fn check(method: Method, replies: Vec<fn() -> Reply>, attempts: usize, expected: &str) {
    let mut turn = 0;
    let (cluster, log) = cluster(move |_| {
        let reply = replies[turn.min(replies.len() - 1)]();
        turn += 1;
        reply
    });
    let outcome = match cluster.json(&Call::new("try", method, "/x")).await {
        Ok(value) => value.to_string(),
        Err(error) => error.report(),
    };
    assert_eq!((outcome.as_str(), lines(&log).len()), (expected, attempts));
}

fn fine() -> Reply {
    Reply::Json(200, json!("fine"))
}

fn down() -> Reply {
    refusal(503, "ServiceUnavailable", "down")
}

fn broken() -> Reply {
    Reply::Broken(std::io::ErrorKind::ConnectionReset)
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    check(Method::GET, vec![fine], 1, "\"fine\"").await;
    check(Method::GET, vec![down, down, fine], 3, "\"fine\"").await;
    check(Method::PATCH, vec![|| refusal(500, "InternalError", "etcd"), fine], 2, "\"fine\"").await;
    check(Method::POST, vec![|| refusal(429, "TooManyRequests", "slow"), fine], 2, "\"fine\"")
        .await;
    check(Method::GET, vec![broken, broken, fine], 3, "\"fine\"").await;
    check(Method::GET, vec![down], 7, "try: the cluster answered 503 to each of 7 attempts: down")
        .await;
    check(Method::GET, vec![|| Reply::Silence, fine], 2, "\"fine\"").await;
    let changed = || {
        let message = "Operation cannot be fulfilled on x \"a\": the object has been modified; please apply your \
                       changes to the latest version and try again";
        refusal(409, "Conflict", message)
    };
    check(Method::PATCH, vec![changed, fine], 2, "\"fine\"").await;
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_told_at_once() {
    check(Method::GET, vec![|| refusal(404, "NotFound", "no x")], 1, "try: not found (404): no x")
        .await;
    check(Method::GET, vec![|| refusal(403, "Forbidden", "no")], 1, "try: forbidden (403): no")
        .await;
    let verdict = || {
        refusal(
            500,
            "",
            "failed to create typed patch object (a/b; /v1, Kind=Pod): .spec.x: field not declared",
        )
    };
    let told = "try: the cluster finds the document invalid: failed to create typed patch object (a/b; /v1, Kind=Pod): \
                .spec.x: field not declared";
    check(Method::PATCH, vec![verdict], 1, told).await;
    let once = "try: the cluster answered 503 to each of 1 attempts: down";
    check(Method::POST, vec![down], 1, once).await;
    let place = "try: the cluster at the given client cannot be reached: ";
    check(
        Method::POST,
        vec![broken],
        1,
        &format!("{place}the connection broke: ServiceError: connection reset"),
    )
    .await;
    check(
        Method::GET,
        vec![|| Reply::Silence],
        2,
        &format!("{place}the answer did not come in time"),
    )
    .await;
    let nowhere: fn() -> Reply = || Reply::Broken(std::io::ErrorKind::ConnectionRefused);
    let refused = format!("{place}the connection was refused: ServiceError: connection refused");
    check(Method::GET, vec![nowhere], 3, &refused).await;
    check(Method::POST, vec![nowhere], 3, &refused).await;
    let text = "try: the answer cannot be understood: 5 bytes that are no JSON (expected value at line 1 column 1)";
    check(Method::GET, vec![|| Reply::Text(200, "hello")], 1, text).await;
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let mut turn = 0;
    let (cluster, _) = cluster(move |_| {
        turn += 1;
        if turn == 1 { Reply::WithHeader(429, "retry-after", "20", json!({})) } else { fine() }
    });
    let started = tokio::time::Instant::now();
    cluster.json(&Call::get("try", "/x")).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(20));
}

#[derive(Debug, Default)]
struct Numbered(AtomicUsize);

#[async_trait::async_trait]
impl TokenSource for Numbered {
    async fn token(&self) -> Result<Token, BoxError> {
        Ok(Token::new(format!("t{}", self.0.fetch_add(1, Ordering::SeqCst)), None))
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once() {
    async fn check(accepted: &'static str, expected_calls: usize, is_fine: bool) {
        let (cluster, log) = cluster(move |call| {
            if call.authorization == accepted {
                fine()
            } else {
                refusal(401, "Unauthorized", "Unauthorized")
            }
        });
        let inner = Inner {
            client: cluster.inner.client.clone(),
            endpoint: String::new(),
            token: Some(TokenCache::new(Arc::new(Numbered::default()))),
            settings: Settings::default(),
            permits: Semaphore::new(1),
            discovery: Mutex::new(None),
            version: OnceCell::new(),
        };
        let cluster = Cluster { inner: Arc::new(inner) };
        assert_eq!(cluster.json(&Call::get("try", "/x")).await.is_ok(), is_fine);
        assert_eq!(lines(&log).len(), expected_calls);
    }
    check("Bearer t0", 1, true).await;
    check("Bearer t1", 2, true).await;
    check("Bearer t2", 2, false).await;
}

#[tokio::test(start_paused = true)]
async fn a_young_cluster_is_waited_for() {
    let mut turn = 0;
    let (young, _) = cluster_with(Settings::default(), false, move |call| {
        turn += 1;
        match (call.line.as_str(), turn) {
            (_, 1..=4) => Reply::Broken(std::io::ErrorKind::ConnectionRefused),
            (_, 5..=6) => refusal(401, "Unauthorized", "Unauthorized"),
            ("GET /version", _) => Reply::Json(
                200,
                json!({"major": "1", "minor": "33+", "gitVersion": "v1.33.4-eks-1"}),
            ),
            _ => Reply::Json(200, json!({})),
        }
    });
    let never = CancellationToken::new();
    let version = young.wait_reachable(Duration::from_secs(60), &never).await.unwrap();
    assert_eq!((version.minor.as_str(), version.git_version.as_str()), ("33", "v1.33.4-eks-1"));
    let (closed, _) =
        cluster_with(Settings::default(), false, |_| refusal(401, "Unauthorized", "Unauthorized"));
    let error = closed.wait_reachable(Duration::from_secs(5), &never).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unauthorized { .. }));
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert!(
        closed.wait_reachable(Duration::from_secs(5), &cancelled).await.unwrap_err().is_cancelled()
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_allowed() {
    let settings =
        Settings { concurrency: 2, request_timeout: Duration::from_secs(5), ..Settings::default() };
    let (cluster, log) = cluster_with(settings, true, |_| Reply::Silence);
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let cluster = cluster.clone();
            tokio::spawn(async move { cluster.json(&Call::new("try", Method::POST, "/x")).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(lines(&log).len(), 2);
    for call in calls {
        assert!(call.await.unwrap().unwrap_err().is_unreachable());
    }
    assert_eq!(lines(&log).len(), 6);
}

#[tokio::test]
async fn queries_are_encoded() {
    let (cluster, log) = cluster(|_| fine());
    let call = Call::get("try", "/x")
        .with_query("labelSelector", "a in (b, c),d=e/f")
        .with_query("limit", "5");
    cluster.json(&call).await.unwrap();
    assert_eq!(lines(&log), ["GET /x?labelSelector=a%20in%20%28b%2C%20c%29%2Cd%3De%2Ff&limit=5"]);
}

#[tokio::test]
async fn kinds_served_since_the_last_look_are_found() {
    let mut looks = 0;
    let (cluster, _) = cluster_with(Settings::default(), false, move |call| {
        let is_groups = call.line == "GET /apis";
        let mut served = crate::testing::served(is_groups);
        if is_groups {
            looks += 1;
            if looks == 1 {
                served["items"] = json!([]);
            }
        }
        Reply::Json(200, served)
    });
    assert!(cluster.discovery().await.unwrap().resource("apps/v1", "Deployment").is_none());
    assert_eq!(cluster.resource("apps/v1", "Deployment").await.unwrap().plural, "deployments");
    let unknown = cluster.resource("apps/v1", "Odd").await.unwrap_err();
    assert!(matches!(unknown.kind, ErrorKind::UnknownKind { .. }));
    let stale = cluster.resource("metrics.k8s.io/v1beta1", "PodMetrics").await.unwrap_err();
    assert!(matches!(stale.kind, ErrorKind::UnavailableGroup { .. }));
}

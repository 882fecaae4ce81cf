use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::error;

/// A configuration that leads to one endpoint through the real pool.
fn config(endpoint: &str) -> SdkConfig {
    let pool = Pool::new(user_agent(Some("dev/network"), None), None).unwrap();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_millis(50))
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .http_client(SharedHttpClient::new(pool))
        .timeout_config(timeouts)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(10)
                .with_initial_backoff(Duration::from_millis(1))
                .with_max_backoff(Duration::from_millis(2)),
        )
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .endpoint_url(endpoint)
        .build()
}

/// The summary of what a call to the endpoint fails with.
async fn failure(endpoint: &str) -> String {
    let answer = aws_sdk_sts::Client::new(&config(endpoint)).get_caller_identity().send().await;
    error::diagnostic(&answer.unwrap_err(), "here").summary
}

#[tokio::test]
async fn gives_up_soon_on_an_endpoint_that_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let attempts = tokio::spawn(async move {
        let mut open = Vec::new();
        for _ in 0..ATTEMPTS_WITHOUT_ANSWER {
            open.push(listener.accept().await.unwrap());
        }
        listener
    });
    assert_eq!(failure(&endpoint).await, format!("no answer from {endpoint}"));
    drop(attempts.await.unwrap());
    assert_eq!(failure(&endpoint).await, format!("no connection to {endpoint}"));
}

#[tokio::test]
async fn calls_under_our_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 16 * 1024];
        let length = stream.read(&mut request).await.unwrap();
        let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    failure(&endpoint).await;
    let request = served.await.unwrap();
    let line = request.lines().find(|line| line.starts_with("user-agent: aws-sdk-rust/")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(line.ends_with(&format!(" travel/{version} deployment/dev%2Fnetwork")), "{line}");
}

#[test]
fn names_the_deployment() {
    for (deployment, appended, expected) in [
        (None, None, ""),
        (Some("dev/network"), None, " deployment/dev%2Fnetwork"),
        (Some("a(b) \u{e9}"), Some(" ci/7\r\n"), " deployment/a%28b%29%20%C3%A9 ci/7"),
    ] {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(user_agent(deployment, appended), format!("travel/{version}{expected}"));
    }
}

#[test]
fn keeps_path_and_query_out_of_the_endpoint() {
    assert_eq!(endpoint("http://127.0.0.1:4566/?Action=X"), "http://127.0.0.1:4566");
    assert_eq!(endpoint("https://kms.eu-west-1.amazonaws.com"), {
        "https://kms.eu-west-1.amazonaws.com"
    });
}

#[test]
fn refuses_certificates_that_are_none() {
    assert!(Pool::new(String::new(), Some(b"no".to_vec())).is_err());
}

/// A second TLS or HTTP stack would double the binary and its start; default features of an
/// AWS crate bring one in unseen.
#[test]
fn there_is_one_tls_and_one_http_stack() {
    let lock = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    for (name, version) in [
        ("rustls", "0.23."),
        ("hyper", "1."),
        ("hyper-rustls", "0.27."),
        ("h2", "0.4."),
        ("http", "1."),
        ("http-body", "1."),
    ] {
        let found: Vec<&str> = lock
            .split("[[package]]")
            .filter(|package| package.contains(&format!("\nname = \"{name}\"\n")))
            .filter_map(|package| package.split("version = \"").nth(1))
            .collect();
        assert_eq!(found.len(), 1, "versions of {name}");
        assert!(found[0].starts_with(version), "{name} {}", found[0]);
    }
}

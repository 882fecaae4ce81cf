//! Reaching the cluster, and what is said where it cannot be.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use travel_kube::cluster::connect::{Access, ClusterConfig, Settings};
use travel_kube::cluster::token::StaticToken;
use travel_kube::error::{ErrorKind, Unreachable};
use travel_kube::scope::{Scope, Scopes};
use travel_kube::{Cluster, Error};

use crate::control_plane::{ADMINISTRATOR, ControlPlane, READER, STRANGER};

pub async fn all(plane: &ControlPlane, cluster: &Cluster) {
    versions_are_read(cluster).await;
    scopes_agree_with_discovery(cluster).await;
    kubeconfigs_are_followed(plane).await;
    proxies_are_gone_through(plane).await;
    obstacles_are_told_apart(plane).await;
}

async fn versions_are_read(cluster: &Cluster) {
    let version = cluster.version().await.unwrap();
    assert_eq!(version.major, "1");
    assert!(version.minor.parse::<u32>().unwrap() >= 30, "{version:?}");
    assert!(version.git_version.starts_with("v1."));
}

/// The table of built-in scopes says what a cluster says, for every kind that the cluster serves.
async fn scopes_agree_with_discovery(cluster: &Cluster) {
    let discovery = cluster.discovery().await.unwrap();
    let scopes = Scopes::built_in();
    for resource in discovery.resources() {
        let scope = if resource.is_namespaced { Scope::Namespaced } else { Scope::Cluster };
        assert_eq!(scopes.of(&resource.api_version, &resource.kind), Some(scope), "{resource:?}");
    }
    assert!(discovery.resources().count() > 50);
}

async fn kubeconfigs_are_followed(plane: &ControlPlane) {
    let text = plane.kubeconfig(ADMINISTRATOR);
    let access = |context: Option<&str>| Access::KubeconfigText {
        text: text.clone(),
        context: context.map(str::to_owned),
    };
    assert!(plane.connect(access(None)).await.version().await.is_ok());
    let elsewhere = plane.connect(access(Some("elsewhere"))).await;
    assert!(elsewhere.version().await.unwrap_err().is_unreachable());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &text).unwrap();
    let from_file = Access::Kubeconfig { path: Some(file.path().to_owned()), context: None };
    assert!(plane.connect(from_file).await.version().await.is_ok());
}

/// A proxy that connects once, and from then on refuses.
async fn proxies_are_gone_through(plane: &ControlPlane) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://user:pass%40word@{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(client.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        assert!(
            request.to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnzqhdvcmq="),
            "{request}"
        );
        let target =
            request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        }
    });
    let connect = async || {
        let access =
            Access::KubeconfigText { text: plane.kubeconfig(ADMINISTRATOR), context: None };
        let config =
            ClusterConfig { access, proxy_url: Some(proxy.clone()), settings: Settings::default() };
        Cluster::connect(&config).await.unwrap()
    };
    let cluster = connect().await;
    assert!(cluster.version().await.is_ok());
    drop(cluster);
    let error = connect().await.version().await.unwrap_err();
    assert!(
        matches!(error.kind, ErrorKind::Unreachable { cause: Unreachable::Proxy, .. }),
        "{}",
        error.report()
    );
    assert!(!error.report().contains("pass"), "{}", error.report());
    serving.abort();
}

async fn obstacles_are_told_apart(plane: &ControlPlane) {
    let endpoint = |url: &str, authority: Option<Vec<u8>>| Access::Endpoint {
        url: url.to_owned(),
        certificate_authority: authority,
        tls_server_name: None,
        token: Some(Arc::new(StaticToken::new(READER))),
    };
    let authority = Some(plane.certificate_authority.clone().into_bytes());
    let cause = |error: Error| match error.kind {
        ErrorKind::Unreachable { cause, .. } => cause,
        other => panic!("not unreachable: {other}"),
    };
    let fails = async |access: Access| plane.connect(access).await.version().await.unwrap_err();
    let refused = fails(endpoint("https://127.0.0.1:1", authority.clone())).await;
    assert_eq!(cause(refused), Unreachable::Refused);
    let unknown = fails(endpoint("https://cluster.invalid", authority.clone())).await;
    assert_eq!(cause(unknown), Unreachable::Dns);
    let untrusted = fails(endpoint(&plane.url, None)).await;
    assert_eq!(cause(untrusted), Unreachable::Tls);
    let misnamed = fails(endpoint(&plane.url.replace("127.0.0.1", "127.0.0.2"), authority)).await;
    assert!(matches!(cause(misnamed), Unreachable::Refused | Unreachable::Tls));
    let stranger =
        plane.cluster(STRANGER).await.json(&travel_kube::cluster::Call::get("look", "/api")).await;
    assert!(matches!(stranger.unwrap_err().kind, ErrorKind::Unauthorized { .. }));
    let key = "v1/Secret/kube-system/x".parse().unwrap();
    let reader = plane.cluster(READER).await.get(&key).await.unwrap_err();
    assert!(reader.is_forbidden(), "{}", reader.report());
}

//! Reaching the cluster, and what is said where it cannot be.

use std::sync::Arc;

use travel_kube::cluster::connect::Access;
use travel_kube::cluster::token::StaticToken;
use travel_kube::error::{ErrorKind, Unreachable};
use travel_kube::scope::{Scope, Scopes};
use travel_kube::{Cluster, Error};

use crate::control_plane::{ADMINISTRATOR, ControlPlane, READER, STRANGER};

pub async fn all(plane: &ControlPlane, cluster: &Cluster) {
    versions_are_read(cluster).await;
    scopes_agree_with_discovery(cluster).await;
    kubeconfigs_are_followed(plane).await;
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

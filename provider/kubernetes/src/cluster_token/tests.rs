use std::sync::Arc;
use std::time::Duration;

use travel_framework::platform::Platform as _;
use travel_kube::cluster::connect::{ClusterConfig, Settings};
use travel_kube::cluster::token::{Token, TokenSource};
use travel_value::Value;

use super::*;
use crate::clusters::{Clusters, Reached};

/// A cloud with one cluster, `dev`, whose tokens are good until a fixed time; `mute` gives none.
struct Cloud;

#[derive(Debug)]
struct Tokens;

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<Token, Box<dyn std::error::Error + Send + Sync>> {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_840);
        Ok(Token::new("k8s-aws-v1.sesame", Some(end)))
    }
}

#[async_trait]
impl Clusters for Cloud {
    async fn reach(&self, cluster: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
        if cluster.name == "none" {
            return Ok(None);
        }
        let access = Access::Endpoint {
            url: "https://127.0.0.1:1".into(),
            certificate_authority: None,
            tls_server_name: None,
            token: (cluster.name == "dev").then(|| Arc::new(Tokens) as Arc<dyn TokenSource>),
        };
        let config = ClusterConfig { access, proxy_url: None, settings: Settings::default() };
        Ok(Some(Reached { config, version: "1.35".into(), reference: cluster.clone() }))
    }
}

#[tokio::test]
async fn a_token_is_granted_with_its_end() {
    let platform = Kubernetes::new(Arc::new(Cloud));
    for (name, expected) in [
        ("dev", Ok("k8s-aws-v1.sesame")),
        ("mute", Err("the cluster gives no tokens")),
        ("none", Err("no such cluster")),
    ] {
        let cluster = Value::object([("name", name.into())]);
        let scope = platform.scope(&Value::object([("cluster", cluster)])).await.unwrap();
        let granted = grant(&scope).await.map_err(|failure| failure.into_diagnostic().summary);
        let token = granted.as_ref().map(|it| it.token.as_str()).map_err(String::as_str);
        assert_eq!(token, expected);
        if let Ok(granted) = granted {
            let end = granted.expires_at.map(timestamp);
            assert_eq!(end.as_deref(), Some("2027-01-15T08:14:00Z"));
            assert_eq!(granted.endpoint, "https://127.0.0.1:1");
        }
    }
}

use std::time::Duration;

use aws_types::region::Region;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{Fake, REGION, Reply as Answered, call};

fn described(status: &str, more: Json) -> Json {
    let mut cluster = json!({
        "name": "main",
        "status": status,
        "version": "1.35",
        "endpoint": "https://abc.eks.amazonaws.com",
        "certificateAuthority": {"data": STANDARD.encode("PEM")},
        "identity": {"oidc": {"issuer": "https://oidc.eks/id/ABC"}},
    });
    for (name, value) in more.as_object().unwrap() {
        cluster[name] = value.clone();
    }
    json!({ "cluster": cluster })
}

async fn reached(answer: Answered) -> Result<Option<ClusterAccess>, String> {
    let fake = Fake::new(move |_| answer.clone());
    let call = call(&fake).await;
    reach(&call.scope, "main").await.map_err(|failure| failure.into_diagnostic().to_string())
}

#[tokio::test]
async fn tells_gone_from_not_ready_from_unreachable() {
    let found = reached(Answered::json(described("UPDATING", json!({})))).await.unwrap().unwrap();
    assert_eq!(found.certificate_authority, b"PEM");
    assert_eq!(
        (found.version.as_str(), found.incarnation.as_str()),
        ("1.35", "https://oidc.eks/id/ABC")
    );
    let gone = reached(Answered::error("ResourceNotFoundException", "No cluster found")).await;
    assert!(gone.unwrap().is_none());
    for (answer, words) in [
        (Answered::error("AccessDeniedException", "no"), "not allowed to call eks:DescribeCluster"),
        (
            Answered::json(described("CREATING", json!({}))),
            "cluster main cannot be called: It is CREATING",
        ),
        (Answered::json(described("DELETING", json!({}))), "It is DELETING"),
        (Answered::json(described("ACTIVE", json!({"endpoint": null}))), "cannot be called"),
        (
            Answered::json(described("ACTIVE", json!({"certificateAuthority": {"data": "-"}}))),
            "not in base64",
        ),
    ] {
        let error = reached(answer).await.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

/// The parts of a signed address: what comes before the query, and the query's fields.
async fn signed(config: SdkConfig) -> (String, Vec<(String, String)>) {
    let tokens = EksTokens { cluster: "main".to_owned(), config };
    let (url, _) =
        tokens.url(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)).await.unwrap();
    let (base, query) = url.split_once('?').unwrap();
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (base.to_owned(), fields)
}

#[tokio::test]
async fn signs_what_a_cluster_wants() {
    let (base, fields) = signed(Fake::new(|_| Answered::json(json!({}))).config()).await;
    assert_eq!(base, format!("https://sts.{REGION}.amazonaws.com/"));
    let field =
        |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(field("Action"), Some("GetCallerIdentity"));
    assert_eq!(field("X-Amz-Expires"), Some("60"));
    assert_eq!(field("X-Amz-SignedHeaders"), Some("host%3Bx-k8s-aws-id"));
    assert_eq!(field("X-Amz-Date"), Some("20270115T080000Z"));
    assert!(field("X-Amz-Credential").unwrap().contains(REGION));
    assert!(field("X-Amz-Signature").is_some());
}

#[tokio::test]
async fn signs_for_the_sts_of_partition_and_environment() {
    for (region, endpoint, fips, base) in [
        ("cn-north-1", None, false, "https://sts.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", None, false, "https://sts.us-gov-west-1.amazonaws.com/"),
        ("us-east-2", None, true, "https://sts-fips.us-east-2.amazonaws.com/"),
        ("eu-west-1", Some("http://127.0.0.1:4566"), false, "http://127.0.0.1:4566/"),
    ] {
        let mut config = Fake::new(|_| Answered::json(json!({}))).config().to_builder();
        config.set_region(Region::new(region));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        config.set_use_fips(Some(fips));
        assert_eq!(signed(config.build()).await.0, base);
    }
}

#[tokio::test]
async fn a_token_holds_the_address_and_shows_nothing() {
    let fake = Fake::new(|_| Answered::json(json!({})));
    let call = call(&fake).await;
    let tokens = EksTokens::new(&call.scope, "main");
    let token = tokens.token().await.unwrap();
    assert!(!format!("{token:?} {tokens:?}").contains("X-Amz-Signature"));
}

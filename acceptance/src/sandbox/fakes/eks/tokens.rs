//! Login to a cluster: bearer tokens that hold a signed STS URL, and who their signers are inside.
//!
//! Follows the token format of AWS IAM Authenticator and "Grant IAM users access to Kubernetes with EKS access
//! entries" of the EKS User Guide.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Inner;
use super::state::{AccessEntry, Cluster};
use crate::sandbox::accounts::Caller;
use crate::sandbox::fakes::input::texts;
use crate::sandbox::sts;
use crate::sandbox::world::World;

const PREFIX: &str = "k8s-aws-v1.";

/// The group that stands for one access entry, for its access policies to be bound to.
pub fn group_of(principal: &str) -> String {
    format!("sandbox:access-entry:{principal}")
}

/// Answers a TokenReview of the API server of the cluster with this incarnation.
pub async fn review(eks: &Inner, incarnation: &str, request: &Value, world: &Arc<World>) -> Value {
    let token = request["spec"]["token"].as_str().unwrap_or_default();
    let status = match login(eks, incarnation, token, world).await {
        Ok(user) => json!({"authenticated": true, "user": user}),
        Err(reason) => {
            tracing::debug!("a login to a cluster was refused: {reason}");
            json!({"authenticated": false, "error": reason})
        }
    };
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
}

async fn login(
    eks: &Inner,
    incarnation: &str,
    token: &str,
    world: &Arc<World>,
) -> Result<Value, String> {
    let encoded = token.strip_prefix(PREFIX).ok_or("the token is none of EKS")?;
    // Padding is not wanted, and some clients send it.
    let decoded = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('='));
    let url = decoded.map_err(|error| format!("the token is not in base64: {error}"))?;
    let url = String::from_utf8(url).map_err(|_| "the token holds no text")?;
    check_host(&url, world)?;
    let state = eks.state.lock().await;
    let cluster = state
        .clusters
        .values()
        .find(|cluster| cluster.runtime.incarnation == incarnation)
        .ok_or("the cluster is gone")?;
    let caller = sts::identify(&url, &[("x-k8s-aws-id", &cluster.key.name)], world)?;
    user(cluster, &caller)
}

/// A token must lead to STS: a URL signed for another service would prove nothing.
fn check_host(url: &str, world: &World) -> Result<(), String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("the token holds no URL: {error}"))?;
    let host = uri.host().unwrap_or_default();
    let aws = host.starts_with("sts.")
        && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
    let own = uri.port_u16() == Some(world.port) && matches!(host, "127.0.0.1" | "localhost");
    if aws || own { Ok(()) } else { Err(format!("the token's URL leads to {host}, not to STS")) }
}

/// The user that a caller is in a cluster.
fn user(cluster: &Cluster, caller: &Caller) -> Result<Value, String> {
    let principal = caller.role_arn.as_deref().unwrap_or(&caller.arn);
    let extra = json!({
        "accessKeyId": [caller.access_key],
        "arn": [caller.arn],
        "canonicalArn": [principal],
        "principalId": [caller.user_id],
    });
    let id = format!("aws-iam-authenticator:{}:{}", caller.account, caller.user_id);
    let mode = cluster.shape["accessConfig"]["authenticationMode"].as_str().unwrap_or_default();
    if mode != "API" && cluster.creator.as_deref() == Some(principal) {
        let groups = json!(["system:masters"]);
        return Ok(
            json!({"username": "kubernetes-admin", "uid": id, "groups": groups, "extra": extra}),
        );
    }
    let entry = cluster.access.get(principal).filter(|_| mode != "CONFIG_MAP");
    let entry = entry.ok_or_else(|| {
        format!("there is no access entry for {principal} in cluster {}", cluster.key.name)
    })?;
    let mut groups = groups(entry);
    groups.push(group_of(principal));
    Ok(json!({
        "username": username(entry, caller),
        "uid": id,
        "groups": groups,
        "extra": extra,
    }))
}

fn groups(entry: &AccessEntry) -> Vec<String> {
    match entry.shape["type"].as_str() {
        Some("EC2_LINUX" | "EC2_WINDOWS") => vec!["system:nodes".to_owned()],
        _ => texts(&entry.shape["kubernetesGroups"]),
    }
}

/// The entry's user name with what its placeholders stand for.
fn username(entry: &AccessEntry, caller: &Caller) -> String {
    let session = caller.arn.rsplit('/').next().unwrap_or_default();
    entry.shape["username"]
        .as_str()
        .unwrap_or_default()
        .replace("{{SessionNameRaw}}", session)
        .replace("{{SessionName}}", &session.replace('@', "-"))
        .replace("{{AccountID}}", &caller.account)
}

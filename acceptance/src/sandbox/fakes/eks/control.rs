//! What a test may ask of EKS beyond its API, below `/services/eks/` of the control API.
//!
//! | request | does |
//! |---|---|
//! | `GET clusters` | every cluster: key, endpoint, whether its control plane runs, its memory, a kubeconfig |
//! | `POST clusters/ACCOUNT/REGION/NAME/start` | starts the control plane, which else starts at the first request |
//! | `POST clusters/ACCOUNT/REGION/NAME/insights {"name", "status"}` | what an insight is to find |
//! | `POST failures {"operation", "cluster", "code", "message"}` | the next such creation or update fails asynchronously |
//! | `POST token-review/INCARNATION` | what API servers ask: whose token it is |

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Inner;
use super::insights;
use super::state::{Cluster, Key};
use super::tokens;
use crate::sandbox::world::World;

/// Something that is to fail once it is under way.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// `CreateCluster`, `CreateNodegroup`, `CreateAddon`, or the type of an update: `VersionUpdate`.
    pub operation: String,
    /// Only in the cluster of this name; empty for any.
    #[serde(default)]
    pub cluster: String,
    /// The code of the health issue or the update's error.
    pub code: String,
    /// Its sentence.
    #[serde(default)]
    pub message: String,
}

/// Answers a request of the control API; `None` where there is no such thing.
pub async fn answer(
    eks: &Arc<Inner>,
    method: &str,
    path: &[&str],
    body: Value,
    world: &Arc<World>,
) -> Option<Result<Value, String>> {
    Some(match (method, path) {
        ("POST", ["token-review", incarnation]) => {
            Ok(tokens::review(eks, incarnation, &body, world).await)
        }
        ("GET", ["clusters"]) => {
            let state = eks.state.lock().await;
            Ok(state.clusters.values().map(summary).collect())
        }
        ("POST", ["failures"]) => match serde_json::from_value(body) {
            Ok(failure) => {
                eks.failures.lock().await.push(failure);
                Ok(json!({}))
            }
            Err(error) => Err(error.to_string()),
        },
        ("POST", ["clusters", account, region, name, action]) => {
            let key = Key {
                account: (*account).to_owned(),
                region: (*region).to_owned(),
                name: (*name).to_owned(),
            };
            match *action {
                "start" => start(eks, &key, world).await,
                "insights" => set_insight(eks, &key, &body).await,
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn summary(cluster: &Cluster) -> Value {
    let running = cluster.runtime.running();
    json!({
        "account": cluster.key.account,
        "region": cluster.key.region,
        "name": cluster.key.name,
        "status": cluster.status(),
        "endpoint": cluster.runtime.endpoint,
        "running": running.is_some(),
        "resident_bytes": running.map(|plane| plane.resident_bytes()),
        "kubeconfig": cluster.runtime.kubeconfig(),
    })
}

async fn start(eks: &Arc<Inner>, key: &Key, world: &Arc<World>) -> Result<Value, String> {
    let runtime = {
        let mut state = eks.state.lock().await;
        let cluster = state.cluster(key).map_err(|error| error.to_string())?;
        Arc::clone(&cluster.runtime)
    };
    let began = Instant::now();
    runtime.plane(eks, world).await.map_err(|error| format!("{error:#}"))?;
    let mut state = eks.state.lock().await;
    let cluster = state.cluster(key).map_err(|error| error.to_string())?;
    let mut answer = summary(cluster);
    answer["start_seconds"] = began.elapsed().as_secs_f64().into();
    Ok(answer)
}

async fn set_insight(eks: &Inner, key: &Key, body: &Value) -> Result<Value, String> {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (name, status) = (text("name"), text("status"));
    if !insights::is_known(&name) {
        return Err(format!("there is no insight {name:?}"));
    }
    let mut state = eks.state.lock().await;
    let cluster = state.cluster(key).map_err(|error| error.to_string())?;
    cluster.insights.insert(name, status);
    Ok(json!({}))
}

//! Everything that only a real API server can say: apply, conflicts, drift, pruning and draining against etcd,
//! kube-apiserver and kube-controller-manager. Left out where `make tools` has not been run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test, what is not as it must be ends it"
)]

mod applying;
mod checking;
mod control_plane;
mod drifting;
mod reaching;
mod removing;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use travel_kube::apply::ApplyOptions;
use travel_kube::poll::{Patience, silent};
use travel_kube::{Cluster, Document};

use control_plane::{ADMINISTRATOR, ControlPlane, tools};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn against_a_real_api_server() {
    let Some(programs) = tools() else {
        println!("left out: needs make tools (etcd, kube-apiserver, kube-controller-manager)");
        return;
    };
    let plane = ControlPlane::start(&programs).await;
    let cluster = plane.cluster(ADMINISTRATOR).await;
    reaching::all(&plane, &cluster).await;
    applying::all(&cluster).await;
    checking::all(&cluster).await;
    drifting::all(&plane, &cluster).await;
    removing::all(&cluster).await;
}

/// A token nobody cancels.
fn never() -> &'static CancellationToken {
    static TOKEN: OnceLock<CancellationToken> = OnceLock::new();
    TOKEN.get_or_init(CancellationToken::new)
}

/// Waits so many seconds.
fn patience(seconds: u64) -> Patience<'static> {
    Patience { timeout: Duration::from_secs(seconds), cancel: never(), progress: &silent }
}

fn options() -> ApplyOptions {
    ApplyOptions::new("travel")
}

fn document(value: Value) -> Document {
    Document::new(value).unwrap()
}

/// A config map with one value.
fn config_map(namespace: &str, name: &str, value: &str) -> Document {
    document(serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": {"value": value},
    }))
}

/// Makes a namespace for one scenario.
async fn namespace(cluster: &Cluster, name: &str) {
    let value =
        serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    travel_kube::apply::apply(cluster, &[document(value)], &options(), patience(30)).await.unwrap();
}

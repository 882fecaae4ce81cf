//! Releases against a real API server, and hand in hand with the real Helm: etcd, kube-apiserver,
//! kube-controller-manager, and a stand-in for the kubelet. Left out where `make test-tools` has not been run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test, what is not as it must be ends it"
)]

#[path = "../../../kube/tests/apiserver/control_plane.rs"]
#[expect(dead_code, reason = "not every test needs every kind of caller")]
mod control_plane;

mod failing;
mod helm;
mod hooking;
mod killing;
mod kubelet;
mod living;
mod recording;
mod recovering;
mod removing;
mod world;

use control_plane::{ADMINISTRATOR, ControlPlane, tools};
use helm::Helm;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn against_a_real_api_server() {
    let Some(programs) = tools().filter(|programs| programs.join("helm").is_file()) else {
        println!(
            "left out: needs make test-tools (etcd, kube-apiserver, kube-controller-manager, helm)"
        );
        return;
    };
    let plane = ControlPlane::start(&programs).await;
    let cluster = plane.cluster(ADMINISTRATOR).await;
    let helm = Helm::new(&programs, &plane.kubeconfig(ADMINISTRATOR));
    recording::all(&cluster, &helm).await;
    living::all(&cluster, &helm).await;
    recovering::all(&cluster, &helm).await;
    killing::all(&cluster).await;
    failing::all(&cluster).await;
    hooking::all(&cluster).await;
    removing::all(&cluster, &helm).await;
}

//! Killed at any step, an operation is gone on from by the next one: nothing is lost, doubled or left.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;
use travel_helm::lifecycle::{LifecycleError, Removal, Target, install, uninstall, upgrade};
use travel_helm::release::Status;
use travel_kube::Cluster;

use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, SECONDS, values, wanted};

pub async fn all(cluster: &Cluster) {
    operations_survive_a_kill_at_every_step(cluster).await;
}

const OBJECTS: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {value: {{ .Values.value | quote }}}
{{- range .Values.more }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ . }}}
{{- end }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: work
  annotations: {helm.sh/hook: \"pre-install,post-upgrade,pre-delete\", helm.sh/hook-delete-policy: hook-succeeded}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: \"a:1\"}]}}}
";

/// Runs an operation and kills it at its step of that number. Whether it came to an end before that.
async fn killed<T>(
    place: &Place<'_>,
    step: usize,
    operation: impl AsyncFnOnce(&Target<'_>) -> Result<T, LifecycleError>,
) -> bool {
    let (steps, kill) = (AtomicUsize::new(0), Notify::new());
    let progress = |_: &str| {
        if steps.fetch_add(1, Ordering::SeqCst) + 1 == step {
            kill.notify_one();
        }
    };
    let target = Target {
        cluster: place.cluster,
        namespace: place.namespace,
        name: "shop",
        timeout: Duration::from_secs(SECONDS),
        cancel: &place.cancel,
        progress: &progress,
    };
    // A step is under way for a moment before the kill, another one for each step.
    let moment = Duration::from_millis(7 * step as u64);
    tokio::select! {
        ended = operation(&target) => {
            ended.map_err(|error| error.report()).unwrap();
            true
        }
        () = async { kill.notified().await; tokio::time::sleep(moment).await } => false,
    }
}

async fn operations_survive_a_kill_at_every_step(cluster: &Cluster) {
    let place = Place::new(cluster, "killed");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let chart = ChartFolder::new(&[("templates/objects.yaml", OBJECTS)]).load();
    let (one, two) = (values("{value: 1, more: [a, b]}"), values("{value: 2, more: [b, c]}"));
    let maps = async || {
        let names = place.names("v1", "ConfigMap").await;
        names.into_iter().filter(|name| name != "kube-root-ca.crt").collect::<Vec<_>>()
    };
    for step in 1.. {
        let installed =
            killed(&place, step, async |target| install(target, &wanted(&chart, &one)).await).await;
        if !installed
            && !place.history().await.iter().any(|(_, status)| *status == Status::Deployed)
        {
            place.install(&wanted(&chart, &one)).await.unwrap();
        }
        assert_eq!(maps().await, ["a", "b", "settings"], "step {step}");
        let upgraded =
            killed(&place, step, async |target| upgrade(target, &wanted(&chart, &two)).await).await;
        if !upgraded {
            place.upgrade(&wanted(&chart, &two)).await.unwrap();
        }
        assert_eq!(maps().await, ["b", "c", "settings"], "step {step}");
        assert_eq!(place.data("settings").await, Some(json!({"value": "2"})));
        let history = place.history().await;
        let deployed = history.iter().filter(|(_, status)| *status == Status::Deployed);
        assert_eq!(deployed.count(), 1, "step {step}: {history:?}");
        assert_eq!(history.last().unwrap().1, Status::Deployed, "step {step}: {history:?}");
        let removal = Removal::default();
        let removed = killed(&place, step, async |target| uninstall(target, &removal).await).await;
        if !removed {
            place.with(SECONDS, async |target| uninstall(target, &removal).await).await.unwrap();
        }
        assert_eq!(place.history().await, []);
        assert!(maps().await.is_empty(), "step {step}");
        assert!(place.names("batch/v1", "Job").await.is_empty(), "step {step}");
        if installed && upgraded && removed {
            assert!(step > 4, "only {step} steps");
            return;
        }
    }
}

//! `travel_restart_workload`: an action that restarts what runs in a cluster, and waits until it is
//! ready again.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;
use travel_framework::action::{Action, Progress};
use travel_framework::{Call, Diagnostic, Failure, Model, Plan};
use travel_kube::Cluster;
use travel_kube::document::{Document, DocumentKey};
use travel_kube::poll::{self, Patience};
use travel_kube::ready::wait::{NotReady, Rules, wait_ready};

use crate::clusters::{self, Placement};
use crate::failure;
use crate::platform::Kubernetes;

/// The annotation of a pod template that a restart changes: the one that `kubectl rollout restart`
/// changes, so that both leave the same trace.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
const FIELD_MANAGER: &str = "travel-restart";
const DEFAULT_MINUTES: u32 = 10;

/// Restarts a workload, as `kubectl rollout restart` does: its pods are replaced by its own strategy,
/// without a gap where that allows it. Waits until the new pods are ready.
///
/// For what reads its configuration or certificates only at its start. Fails where the workload does
/// not become ready in time, and tells what its pods say; a rollout that has begun goes on.
#[derive(Clone, Debug, Default, Model)]
pub struct RestartWorkload {
    /// In which cluster it is.
    #[model(flatten)]
    pub placement: Placement,
    /// What it is: `Deployment`, `StatefulSet` or `DaemonSet`.
    #[model(required, one_of("Deployment", "StatefulSet", "DaemonSet"))]
    pub kind: String,
    /// Its name.
    #[model(required, length(1, 253))]
    pub name: String,
    /// Its namespace.
    #[model(optional, default = "default", length(1, 63))]
    pub namespace: String,
    /// How many minutes it may take to become ready.
    #[model(optional, default = DEFAULT_MINUTES, range(1, 1440))]
    pub timeout_minutes: u32,
}

#[async_trait]
impl Action for RestartWorkload {
    type Platform = Kubernetes;

    const TYPE_NAME: &'static str = "travel_restart_workload";

    const TIMEOUT: Duration = Duration::from_secs(60 * DEFAULT_MINUTES as u64);

    fn validate(plan: &mut Plan<'_>) {
        clusters::validate(plan);
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.timeout_minutes))
    }

    async fn invoke(&self, call: &Call<Kubernetes>, progress: &Progress) -> Result<(), Failure> {
        let cluster = &call.scope.cluster()?.cluster;
        let key = self.key();
        let found = cluster.get(&key).await.map_err(|error| failure::of_call(&error))?;
        refuse(&key, found.as_ref())?;
        call.proceed()?;
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        let template = json!({ "metadata": { "annotations": { RESTARTED_AT: now } } });
        let patch = json!({ "spec": { "template": template } });
        let restarted = cluster.merge_patch(&key, &patch, FIELD_MANAGER).await;
        restarted.map_err(|error| failure::of_call(&error))?;
        progress.tell(format!("{key} restarts"));
        self.wait(call, cluster, &key, progress).await?;
        progress.tell(format!("{key} is ready"));
        Ok(())
    }
}

impl RestartWorkload {
    fn key(&self) -> DocumentKey {
        DocumentKey {
            api_version: "apps/v1".to_owned(),
            kind: self.kind.clone(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        }
    }

    async fn wait(
        &self,
        call: &Call<Kubernetes>,
        cluster: &Cluster,
        key: &DocumentKey,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let tell = |so_far: &poll::Progress| {
            for waiting in &so_far.waiting {
                progress.tell(format!("{} s: {waiting}", so_far.elapsed.as_secs()));
            }
        };
        let timeout = call.deadline.saturating_duration_since(Instant::now());
        let patience = Patience { timeout, cancel: &call.cancel, progress: &tell };
        match wait_ready(cluster, [key], &Rules::default(), patience).await {
            Ok(()) => Ok(()),
            Err(NotReady::Cancelled { .. }) => Err(Failure::Interrupted),
            Err(NotReady::Call(error)) => Err(failure::of_call(&error)),
            Err(error @ (NotReady::Timeout { .. } | NotReady::Failed { .. })) => {
                Err(Diagnostic::error(
                    format!("{key} was restarted, but is not ready"),
                    format!(
                        "{error}\nThe rollout goes on in the cluster. If it only needs longer, \
                         raise timeout_minutes; else mend what keeps it, or undo its last change."
                    ),
                )
                .into())
            }
        }
    }
}

/// Refuses what a restart would not restart.
fn refuse(key: &DocumentKey, found: Option<&Document>) -> Result<(), Diagnostic> {
    let Some(found) = found else {
        let detail = "Check kind, name and namespace, and which cluster is meant.";
        return Err(Diagnostic::error(format!("there is no {key}"), detail).at_attribute("name"));
    };
    let spec: &Value = &found.value()["spec"];
    if found.is_being_deleted() {
        let detail = "It is on its way out, so that nothing of it starts again.";
        return Err(Diagnostic::error(format!("{key} is being deleted"), detail));
    }
    if spec["paused"] == true {
        let detail = "Its rollouts are paused: the restart would come only once they are resumed \
                      (`kubectl rollout resume`).";
        return Err(Diagnostic::error(format!("{key} is paused"), detail));
    }
    if spec["updateStrategy"]["type"] == "OnDelete" {
        let detail = "Its update strategy is OnDelete: pods are replaced only as somebody deletes \
                      them.";
        return Err(Diagnostic::error(format!("{key} does not restart by itself"), detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(more: Value, expected: Option<&str>) {
        let mut object = json!({
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {},
        });
        for (path, value) in more.as_object().unwrap() {
            *object.pointer_mut(path).unwrap() = value.clone();
        }
        let document = Document::new(object).unwrap();
        let refused = refuse(document.key(), Some(&document)).err();
        let summary = refused.map(|error| error.summary);
        assert_eq!(summary.is_some(), expected.is_some());
        assert!(summary.unwrap_or_default().ends_with(expected.unwrap_or_default()));
    }

    #[test]
    fn what_would_not_restart_is_refused() {
        check(json!({}), None);
        check(json!({"/spec": {"updateStrategy": {"type": "RollingUpdate"}}}), None);
        check(
            json!({"/spec": {"updateStrategy": {"type": "OnDelete"}}}),
            Some("does not restart by itself"),
        );
        check(json!({"/spec": {"paused": true}}), Some("is paused"));
        let going = json!({"name": "db", "namespace": "shop", "deletionTimestamp": "2026-01-01"});
        check(json!({"/metadata": going}), Some("is being deleted"));
        let key = RestartWorkload { kind: "DaemonSet".into(), ..RestartWorkload::default() }.key();
        let error = refuse(&key, None).unwrap_err();
        assert!(error.summary.starts_with("there is no "), "{error}");
    }
}

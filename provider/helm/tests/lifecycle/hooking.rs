//! Hooks: their order, their policies, and what is recorded of them.

use travel_helm::release::HookPhase;
use travel_kube::Cluster;

use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, values, wanted};

pub async fn all(cluster: &Cluster) {
    hooks_run_in_order(cluster).await;
    policies_are_followed(cluster).await;
}

/// A hook that is a config map.
fn map(name: &str, annotations: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\n"
    )
}

/// A hook that runs.
fn job(name: &str, annotations: &str) -> String {
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\nspec:
  backoffLimit: 0
  template:
    metadata: {{labels: {{outcome: {{{{ .Values.outcome | default \"succeeds\" }}}}}}}}
    spec: {{restartPolicy: Never, containers: [{{name: a, image: \"a:1\"}}]}}\n"
    )
}

async fn hooks_run_in_order(cluster: &Cluster) {
    let place = Place::new(cluster, "hooks");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let hooks = [
        job("second", "helm.sh/hook: pre-install, helm.sh/hook-weight: \"1\""),
        map("third", "helm.sh/hook: \"pre-install,pre-upgrade\", helm.sh/hook-weight: \"2\""),
        map("first", "helm.sh/hook: pre-install, helm.sh/hook-weight: \"-5\""),
        map("afterwards", "helm.sh/hook: post-install"),
        map("upgraded", "helm.sh/hook: post-upgrade"),
        map("tested", "helm.sh/hook: test"),
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: pod, annotations: {helm.sh/hook: post-upgrade, \
         helm.sh/hook-weight: \"9\"}}\nspec: {restartPolicy: Never, containers: [{name: a, image: \"a:1\"}]}\n"
            .to_owned(),
    ];
    let folder = ChartFolder::new(&[
        ("templates/hooks.yaml", &hooks.concat()),
        ("templates/m.yaml", &map("own", "")),
    ]);
    let (chart, none) = (folder.load(), values(""));
    let steps = |place: &Place<'_>| {
        let told = place.told().into_iter();
        told.filter(|text| text.starts_with("running") || text.starts_with("applying"))
            .collect::<Vec<_>>()
    };
    let installed = place.install(&wanted(&chart, &none)).await.unwrap();
    let expected = [
        "running the pre-install hook ConfigMap first",
        "running the pre-install hook Job second",
        "running the pre-install hook ConfigMap third",
        "applying 1 objects",
        "running the post-install hook ConfigMap afterwards",
    ];
    assert_eq!(steps(&place), expected);
    let phase = |name: &str| {
        let found = installed.hooks.iter().find(|hook| hook.name == name).unwrap();
        (
            found.last_run.phase,
            found.last_run.started_at.is_some(),
            found.last_run.completed_at.is_some(),
        )
    };
    assert_eq!(phase("second"), (HookPhase::Succeeded, true, true));
    assert_eq!(phase("upgraded"), (HookPhase::Never, false, false));
    place.upgrade(&wanted(&chart, &none)).await.unwrap();
    let expected = [
        "running the pre-upgrade hook ConfigMap third",
        "applying 1 objects",
        "running the post-upgrade hook ConfigMap upgraded",
        "running the post-upgrade hook Pod pod",
    ];
    assert_eq!(steps(&place), expected);
    let mut without = wanted(&chart, &none);
    without.conduct.run_hooks = false;
    place.upgrade(&without).await.unwrap();
    assert_eq!(steps(&place), ["applying 1 objects"]);
}

async fn policies_are_followed(cluster: &Cluster) {
    let place = Place::new(cluster, "policies");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    let with = |policy: &str| {
        format!(
            "helm.sh/hook: \"pre-install,pre-upgrade\", helm.sh/hook-delete-policy: \"{policy}\""
        )
    };
    let hooks = [
        job("stays", "helm.sh/hook: \"pre-install,pre-upgrade\""),
        map("succeeds", &format!("{}, helm.sh/hook-weight: \"-1\"", with("hook-succeeded"))),
        job("succeeds", &with("before-hook-creation,hook-succeeded")),
        job(
            "withers",
            &format!("{}, helm.sh/hook-weight: \"-2\"", with("before-hook-creation,hook-failed")),
        ),
    ];
    let folder = ChartFolder::new(&[("templates/hooks.yaml", &hooks.concat())]);
    let (chart, none, failing) = (folder.load(), values(""), values("outcome: fails"));
    place.install(&wanted(&chart, &none)).await.unwrap();
    assert_eq!(place.names("batch/v1", "Job").await, ["stays", "withers"]);
    assert_eq!(place.data("succeeds").await, None);
    // Jobs cannot be changed, so each is made anew.
    place.upgrade(&wanted(&chart, &none)).await.unwrap();
    let error = place.upgrade(&wanted(&chart, &failing)).await.unwrap_err();
    assert!(error.contains("(Job withers)"), "{error}");
    assert_eq!(place.names("batch/v1", "Job").await, ["stays"]);
}

//! Charts of others in a cluster: each is planned, installed, waited for, upgraded with another value,
//! and removed with nothing left. They are not in this repository: `make helm-install CHARTS=folder`
//! plays all that are under a folder, each with its defaults or else the first of its own values files
//! that it can be rendered with, or else with the name of a cluster. Without them the test plays a chart of
//! ours.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod change;
mod definitions;
mod finalizers;
#[path = "../../../provider/helm/examples/differential/find.rs"]
#[expect(dead_code, reason = "nothing is compared with Helm here")]
mod find;
mod leftovers;
mod play;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use travel_acceptance::sandbox::repository;
use travel_acceptance::stage;
use travel_helm::chart::Chart;

use self::definitions::Definitions;
use self::play::{CLUSTER, Report, World};

/// Where the charts are, in the environment.
const CHARTS: &str = "CHARTS";
/// What a platform on EKS is usually made of.
const PLATFORM: [&str; 44] = [
    "alloy",
    "argo-cd",
    "argo-rollouts",
    "argocd-apps",
    "argocd-image-updater",
    "aws-ebs-csi-driver",
    "aws-load-balancer-controller",
    "backstage",
    "base",
    "cert-manager",
    "cloudnative-pg",
    "cni",
    "crossplane",
    "external-dns",
    "external-secrets",
    "falco",
    "gatekeeper",
    "gateway",
    "grafana",
    "istiod",
    "k6-operator",
    "karpenter",
    "karpenter-crd",
    "kube-prometheus-stack",
    "kube-state-metrics",
    "kyverno",
    "kyverno-policies",
    "litmus",
    "loki",
    "metrics-server",
    "opencost",
    "opentelemetry-collector",
    "opentelemetry-operator",
    "policy-controller",
    "prometheus-node-exporter",
    "prometheus-operator-crds",
    "promtail",
    "sealed-secrets",
    "snapshot-controller",
    "strimzi-kafka-operator",
    "tempo",
    "valkey",
    "velero",
    "ztunnel",
];

#[tokio::test(flavor = "multi_thread")]
async fn charts_of_others_come_and_go() {
    if stage::left_out(Some(CLUSTER)) {
        return;
    }
    let folder = std::env::var_os(CHARTS).map(PathBuf::from);
    let charts = charts(folder.as_deref().unwrap_or(&repository().join("acceptance/charts")));
    assert!(!charts.is_empty(), "there are no charts");
    let names: BTreeSet<&str> = charts.values().map(String::as_str).collect();
    let missing: Vec<&str> = PLATFORM.into_iter().filter(|it| !names.contains(it)).collect();
    if !missing.is_empty() {
        eprintln!("left out: {} charts that are not here: {}", missing.len(), missing.join(", "));
    }
    let world = World::start(Definitions::of(charts.keys())).await.unwrap();
    let mut failed = Vec::new();
    for folder in charts.keys() {
        let report: Report = world.play(folder).await;
        println!("{report}");
        if report.has_failed() {
            failed.push(report.name);
        }
    }
    assert!(failed.is_empty(), "{} of {}: {}", failed.len(), charts.len(), failed.join(", "));
}

/// The charts under a folder that can be installed, by their folders, with their names.
fn charts(folder: &Path) -> BTreeMap<PathBuf, String> {
    let folders: BTreeSet<PathBuf> =
        find::cases(folder).unwrap().into_iter().map(|case| case.chart).collect();
    let installable = folders.into_iter().filter_map(|folder| {
        let metadata = Chart::load(&folder).ok()?.chart.metadata;
        let is_installable = matches!(metadata.kind.as_str(), "" | "application");
        is_installable.then_some((folder, metadata.name))
    });
    installable.collect()
}

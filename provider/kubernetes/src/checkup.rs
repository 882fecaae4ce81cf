//! What an apply needs of clusters and charts, looked at before it. Nothing is changed.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use travel_framework::Diagnostic;
use travel_framework::finding::Finding;
use travel_helm::chart::source::{self, ChartReference};
use travel_kube::Cluster;

use crate::failure;
use crate::platform::{Connected, Kubernetes, Mirror};
use crate::survey::Wanted;

const CLUSTER: &str = "cluster";
const CHART: &str = "chart";
/// What an apply creates in a cluster, by group: without the first no release can be recorded, the
/// others only some charts have.
const CREATED: [(&str, &str); 5] = [
    ("", "secrets"),
    ("", "namespaces"),
    ("apps", "deployments"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("rbac.authorization.k8s.io", "clusterroles"),
];

impl Kubernetes {
    /// Looks whether a cluster answers, accepts the caller, and lets it create what an apply does.
    pub async fn check_cluster(&self, name: &str, wanted: &Wanted) -> Vec<Finding> {
        let connected = match self.reach(wanted).await {
            Ok(Some(connected)) => connected,
            Ok(None) => {
                let remedy = "Name its account and region too, or make it first.";
                return vec![Finding::failed(CLUSTER, name, "there is no such cluster", remedy)];
            }
            Err(error) => return vec![Finding::of(CLUSTER, name, error)],
        };
        let Connected { cluster, .. } = connected;
        let answered = cluster.wait_reachable(Duration::ZERO, &CancellationToken::new()).await;
        let version = match answered {
            Ok(version) => version.git_version,
            Err(error) => return vec![of_call(name, &error)],
        };
        let message = format!("{} answers ({version}) and accepts the token", cluster.endpoint());
        let mut findings = vec![Finding::ok(CLUSTER, name, message)];
        findings.extend(rights(name, &cluster).await);
        findings
    }

    /// Looks whether a chart, or a mirror of charts, can be read: a folder, an archive, a URL or a
    /// chart in a registry.
    pub async fn check_chart(&self, place: &str) -> Finding {
        let is_web = ["http://", "https://"].iter().any(|scheme| place.starts_with(scheme))
            && !place.ends_with(".tgz");
        let found = if is_web || Path::new(place).join("index.yaml").is_file() {
            source::names(place).await.map(|names| match names.as_slice() {
                [] => "a mirror without charts".to_owned(),
                names => format!("a mirror of {} charts", names.len()),
            })
        } else {
            let chart = place.to_owned();
            let reference = ChartReference { chart, ..ChartReference::default() };
            source::find(&reference, self.charts().cache.as_ref()).await.map(|loaded| {
                let metadata = &loaded.chart.metadata;
                format!("the chart {} {}", metadata.name, metadata.version)
            })
        };
        match found {
            Ok(message) => Finding::ok(CHART, place, message),
            Err(error) => {
                let finding = Finding::failed(
                    CHART,
                    place,
                    format!("failed to {}", travel_kube::error::chain(&error)),
                    "Name the folder or archive of a chart, a folder or URL with an index.yaml, or \
                     oci://HOST/PATH of a chart.",
                );
                // A registry that stands for a mirror has charts below its path, and nothing tells which.
                let is_registry = place.starts_with("oci://");
                let is_mirror = self.mirror().as_deref() == Some(place);
                if is_registry && is_mirror { finding.lenient() } else { finding }
            }
        }
    }

    /// The mirror of charts that the environment names, if it names one.
    pub fn mirror(&self) -> Option<String> {
        match &self.charts().mirror {
            Mirror::At(place) => Some(place.clone()),
            Mirror::None | Mirror::Unknown => None,
        }
    }
}

async fn rights(name: &str, cluster: &Cluster) -> Vec<Finding> {
    match cluster.may("*", "*", "*").await {
        Ok(true) => return vec![Finding::ok(CLUSTER, name, "everything may be changed in it")],
        Ok(false) => {}
        Err(error) => return vec![of_call(name, &error).lenient()],
    }
    let mut findings = Vec::new();
    for (group, resource) in CREATED {
        let finding = match cluster.may("create", group, resource).await {
            Ok(true) => Finding::ok(CLUSTER, name, format!("{resource} may be created")),
            Ok(false) => {
                let message = format!("{resource} may not be created in all namespaces");
                let remedy = "Give the caller an access entry with a policy that allows it.";
                let finding = Finding::failed(CLUSTER, name, message, remedy);
                if resource == CREATED[0].1 { finding } else { finding.lenient() }
            }
            Err(error) => of_call(name, &error).lenient(),
        };
        findings.push(finding);
    }
    findings
}

fn of_call(name: &str, error: &travel_kube::Error) -> Finding {
    let error: Diagnostic = failure::of_call(error).into_diagnostic();
    Finding::of(CLUSTER, name, error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use travel_framework::finding::Verdict;

    use super::*;
    use crate::clusters::{ClusterReference, Clusters, Reached};

    struct Nowhere;

    #[async_trait::async_trait]
    impl Clusters for Nowhere {
        async fn reach(&self, _: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn charts_are_read_where_they_are() {
        let kubernetes = Kubernetes::new(Arc::new(Nowhere));
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.2.3\n");
        write("mirror/index.yaml", "apiVersion: v1\nentries: {cart: [], pay: []}\n");
        write("broken/index.yaml", "entries: {}\n");
        for (name, verdict, words) in [
            ("cart", Verdict::Ok, "the chart cart 1.2.3"),
            ("mirror", Verdict::Ok, "a mirror of 2 charts"),
            ("broken", Verdict::Failed, "no apiVersion"),
            ("nowhere", Verdict::Failed, "there is no chart at"),
        ] {
            let place = folder.path().join(name).display().to_string();
            let found = kubernetes.check_chart(&place).await;
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert!(found.message.contains(words), "{found:?}");
        }
        assert_eq!(kubernetes.check_chart("oci://x").await.verdict, Verdict::Failed);
    }

    #[tokio::test]
    async fn a_cluster_that_is_not_there_fails() {
        let kubernetes = Kubernetes::new(Arc::new(Nowhere));
        let found = kubernetes.check_cluster("dev", &Wanted::Reference(Default::default())).await;
        assert_eq!(found[0].verdict, Verdict::Failed);
    }
}

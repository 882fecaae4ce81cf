//! What the scenarios share: charts written down as files, targets, and looks into the cluster.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use travel_helm::chart::Chart;
use travel_helm::lifecycle::{Target, Wanted, current, install_or_upgrade};
use travel_helm::release::{Release, Status};
use travel_helm::{TreeMap, read_values};
use travel_kube::cluster::objects::Selection;
use travel_kube::{Cluster, DocumentKey};

/// How long an operation may take, in seconds: far longer than any does.
pub const SECONDS: u64 = 300;

/// A chart in a folder.
pub struct ChartFolder {
    folder: TempDir,
}

impl ChartFolder {
    /// A chart of the name `shop` with further files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let chart = ChartFolder { folder };
        chart.write("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
        for (name, text) in files {
            chart.write(name, text);
        }
        chart
    }

    /// Writes a file; an empty text removes it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if text.is_empty() {
            std::fs::remove_file(path).unwrap();
        } else {
            std::fs::write(path, text).unwrap();
        }
    }

    pub fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub fn load(&self) -> Chart {
        Chart::load(self.folder.path()).unwrap().chart
    }
}

/// A namespace in which one scenario plays, and what its operations told.
pub struct Place<'a> {
    pub cluster: &'a Cluster,
    pub namespace: &'static str,
    pub cancel: CancellationToken,
    pub told: Mutex<Vec<String>>,
}

impl<'a> Place<'a> {
    pub fn new(cluster: &'a Cluster, namespace: &'static str) -> Self {
        let (cancel, told) = (CancellationToken::new(), Mutex::default());
        Place { cluster, namespace, cancel, told }
    }

    /// Calls an operation on the release `shop` here, which may take so many seconds.
    pub async fn with<T>(&self, seconds: u64, operation: impl AsyncFnOnce(&Target<'_>) -> T) -> T {
        let progress = |text: &str| self.told.lock().unwrap().push(text.to_owned());
        let target = Target {
            cluster: self.cluster,
            namespace: self.namespace,
            name: "shop",
            timeout: Duration::from_secs(seconds),
            cancel: &self.cancel,
            progress: &progress,
        };
        operation(&target).await
    }

    /// Installs a chart.
    pub async fn install(&self, wanted: &Wanted<'_>) -> Result<Release, String> {
        let installed = self
            .with(SECONDS, async |target| travel_helm::lifecycle::install(target, wanted).await);
        installed.await.map_err(|error| error.report())
    }

    /// Upgrades to a chart.
    pub async fn upgrade(&self, wanted: &Wanted<'_>) -> Result<Release, String> {
        let upgraded = self
            .with(SECONDS, async |target| travel_helm::lifecycle::upgrade(target, wanted).await);
        upgraded.await.map_err(|error| error.report())
    }

    /// Installs a chart or upgrades to it.
    pub async fn bring(&self, wanted: &Wanted<'_>) -> Result<Release, String> {
        let brought = self.with(SECONDS, async |target| install_or_upgrade(target, wanted).await);
        brought.await.map_err(|error| error.report())
    }

    /// The revisions that say how the release stands, with their statuses.
    pub async fn current(&self) -> Vec<(u64, Status)> {
        let current = self.with(SECONDS, async |target| current(target).await).await.unwrap();
        current.iter().map(|release| (release.version, release.info.status)).collect()
    }

    /// The revisions with their statuses.
    pub async fn history(&self) -> Vec<(u64, Status)> {
        let history =
            self.with(SECONDS, async |target| travel_helm::lifecycle::history(target).await);
        let history = history.await.unwrap();
        history.iter().map(|release| (release.version, release.info.status)).collect()
    }

    /// The fields under `data` of a config map here; none where there is no such map.
    pub async fn data(&self, name: &str) -> Option<Value> {
        let key = self.key("v1", "ConfigMap", name);
        Some(self.cluster.get(&key).await.unwrap()?.value()["data"].clone())
    }

    pub fn key(&self, api_version: &str, kind: &str, name: &str) -> DocumentKey {
        format!("{api_version}/{kind}/{}/{name}", self.namespace).parse().unwrap()
    }

    /// The names of the objects of a kind here.
    pub async fn names(&self, api_version: &str, kind: &str) -> Vec<String> {
        let resource = self.cluster.resource(api_version, kind).await.unwrap();
        let namespace = Some(self.namespace.to_owned());
        let selection = Selection { namespace, ..Selection::default() };
        let found = self.cluster.list(&resource, &selection).await.unwrap();
        found.iter().map(|object| object.name().to_owned()).collect()
    }

    /// What was told since this was last asked.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

/// A chart with values, which makes its namespace.
pub fn wanted<'a>(chart: &'a Chart, values: &'a TreeMap) -> Wanted<'a> {
    Wanted {
        create_namespace: true,
        labels: BTreeMap::from([("unit".to_owned(), "tests".to_owned())]),
        is_left_behind: &|release| release.labels.contains_key("unit"),
        ..Wanted::new(chart, values)
    }
}

pub fn values(text: &str) -> TreeMap {
    read_values(text).unwrap()
}

/// Makes a namespace.
pub async fn namespace(cluster: &Cluster, name: &str) {
    let value =
        serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let namespace = travel_kube::Document::new(value).unwrap();
    cluster.create(&namespace, "tests").await.unwrap();
}

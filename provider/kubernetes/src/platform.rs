//! Kubernetes as the framework sees it: its part of the provider's configuration, and which
//! cluster the calls of a resource go to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use travel_framework::model::Field as _;
use travel_framework::platform::Platform;
use travel_framework::{Diagnostic, Diagnostics, Failure, Model, Plan};
use travel_helm::chart::source::Cache;
use travel_kube::Cluster;
use travel_kube::cluster::connect::ClusterConfig;
use travel_value::{Path, Value};

use crate::clusters::{self, ClusterReference, Clusters, Kubeconfig};
use crate::failure;
use crate::release::charts::Charts;
use crate::release::repository::{Registries, Registry};

/// Where charts are looked for that are named without a path, where nothing else says so.
const MIRROR_VARIABLE: &str = "TRAVEL_CHART_MIRROR";
/// Where archives of charts are kept between runs, if not in the user's folder for caches.
const CACHE_VARIABLE: &str = "TRAVEL_CHART_CACHE";
/// What stands in that variable where nothing is to be kept.
const NO_CACHE: &str = "off";
/// The folder in the user's folder for caches.
const CACHE_FOLDER: &str = "travel/charts";
/// How long a cluster that was found is taken to be there. Whoever knows its incarnation notices
/// another one at once.
const FOUND_FOR: Duration = Duration::from_secs(60);
/// How long a cluster that was found, but may be young, is waited for to answer.
const YOUNG_FOR: Duration = Duration::from_secs(5 * 60);

/// The Kubernetes part of the provider's configuration.
#[derive(Clone, Debug, Default, Model)]
pub struct Config {
    /// Where charts are that are named without a path: a folder or an http(s) URL with an
    /// `index.yaml`, or `oci://HOST/PATH` of a registry. By default that of the environment
    /// (`TRAVEL_CHART_MIRROR`). Archives are kept between runs in the user's folder for caches, or
    /// where `TRAVEL_CHART_CACHE` says, which may be `off`.
    #[model(optional, length(1, 2048))]
    pub chart_mirror: Option<String>,
    /// How registries and repositories of charts are asked, for all releases that do not say it
    /// themselves: the place for a token that ends soon. Without an entry a registry is asked as
    /// `helm registry login` and `docker login` have left it.
    #[model(optional)]
    pub chart_registries: Option<Vec<Registry>>,
}

/// Where charts are looked for, as far as the provider's configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mirror {
    /// Nowhere.
    #[default]
    None,
    /// In a folder or at a URL.
    At(String),
    /// It is not known yet.
    Unknown,
}

/// The Kubernetes platform.
pub struct Kubernetes {
    clusters: Arc<dyn Clusters>,
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    charts: Arc<Charts>,
    clusters: HashMap<ClusterKey, Arc<Slot>>,
}

/// What leads to a cluster.
#[derive(PartialEq, Eq, Hash)]
enum ClusterKey {
    Reference(ClusterReference),
    /// A kubeconfig, with when each of its files was changed last.
    Kubeconfig(Kubeconfig, Vec<Option<SystemTime>>),
}

/// A cluster, and since when it is known; locked while it is looked for, so that others who want it
/// wait instead of looking, too.
type Slot = tokio::sync::Mutex<Option<(Instant, Connected)>>;

/// Where the calls of a resource go.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The cluster; none where there is no such cluster, or no longer.
    pub connected: Option<Connected>,
    /// Where charts come from.
    pub charts: Arc<Charts>,
}

/// A cluster that can be called.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The handle.
    pub cluster: Cluster,
    /// The version of Kubernetes, where others know it better than the cluster does.
    pub version: Option<String>,
    /// The cluster, where it was found by reference.
    pub reference: Option<ClusterReference>,
    /// How it is called: for those who are to call it themselves.
    pub config: ClusterConfig,
}

impl Kubernetes {
    /// The platform, not yet configured, with those who find clusters.
    pub fn new(clusters: Arc<dyn Clusters>) -> Self {
        Self { clusters, session: Mutex::default() }
    }

    /// Where charts come from.
    pub fn charts(&self) -> Arc<Charts> {
        Arc::clone(&self.session().charts)
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, key: ClusterKey) -> Arc<Slot> {
        Arc::clone(self.session().clusters.entry(key).or_default())
    }

    /// The cluster of a reference; none where there is none, or only a later one of its name.
    async fn find(&self, wanted: &ClusterReference) -> Result<Option<Connected>, Diagnostic> {
        let slot = self.slot(ClusterKey::Reference(wanted.clone()));
        let mut known = slot.lock().await;
        if let Some((at, connected)) = &*known
            && at.elapsed() < FOUND_FOR
        {
            return Ok(Some(connected.clone()));
        }
        let before = known.take().map(|(_, connected)| connected);
        let Some(reached) = self.clusters.reach(wanted).await? else { return Ok(None) };
        if wanted.incarnation.is_some() && wanted.incarnation != reached.reference.incarnation {
            tracing::info!("cluster {} is not the one it was: it was made anew", wanted.name);
            return Ok(None);
        }
        let mut cluster =
            Cluster::connect(&reached.config).await.map_err(|error| unusable(&error))?;
        let reference = Some(reached.reference);
        // The same one keeps its connections, and what is known of what it serves.
        if let Some(before) = before
            && before.reference == reference
            && before.cluster.endpoint() == cluster.endpoint()
        {
            cluster = before.cluster;
        }
        let version = Some(reached.version).filter(|version| !version.is_empty());
        let connected = Connected { cluster, version, reference, config: reached.config };
        *known = Some((Instant::now(), connected.clone()));
        Ok(Some(connected))
    }

    /// The cluster of a kubeconfig, connected once as long as its files stay as they are.
    async fn open(&self, kubeconfig: &Kubeconfig) -> Result<Connected, Diagnostic> {
        let changed = |file: &PathBuf| std::fs::metadata(file).and_then(|it| it.modified()).ok();
        let changed = kubeconfig.files().iter().map(changed).collect();
        let slot = self.slot(ClusterKey::Kubeconfig(kubeconfig.clone(), changed));
        let mut known = slot.lock().await;
        if let Some((_, connected)) = &*known {
            return Ok(connected.clone());
        }
        let config = kubeconfig.config();
        let cluster = Cluster::connect(&config).await;
        let cluster = cluster.map_err(|error| unusable(&error).at_attribute("kubeconfig"))?;
        let connected = Connected { cluster, version: None, reference: None, config };
        *known = Some((Instant::now(), connected.clone()));
        Ok(connected)
    }
}

/// Where archives of charts are kept: where the environment says, or in the user's folder for caches.
fn cache(variable: Option<OsString>, user_folder: Option<PathBuf>) -> Option<Cache> {
    match variable {
        Some(folder) if folder == NO_CACHE => None,
        Some(folder) => Some(Cache::at(folder.into())),
        None => user_folder.map(|folder| Cache::at(folder.join(CACHE_FOLDER))),
    }
}

fn unusable(error: &travel_kube::Error) -> Diagnostic {
    Diagnostic::error("failed to connect to the cluster", format!("{}.", error.report()))
        .at_attribute("cluster")
}

impl Scope {
    /// The cluster.
    ///
    /// # Errors
    /// Where there is none.
    pub fn cluster(&self) -> Result<&Connected, Diagnostic> {
        self.connected.as_ref().ok_or_else(|| {
            Diagnostic::error(
                "no such cluster",
                "There is no cluster of this name and incarnation in its account and region. \
                 Check the name; if the cluster was made anew since this was planned, plan again.",
            )
            .at_attribute("cluster")
        })
    }

    /// The cluster, once it answers. One that was found by reference may have been made in the same
    /// apply: then its name does not resolve at once, and its access entries take a while to count.
    ///
    /// # Errors
    /// Where there is none, or it does not answer in time.
    pub async fn young_cluster(
        &self,
        deadline: Instant,
        cancel: &CancellationToken,
    ) -> Result<&Connected, Failure> {
        let connected = self.cluster()?;
        if connected.reference.is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            let reached = connected.cluster.wait_reachable(left.min(YOUNG_FOR), cancel).await;
            reached.map_err(|error| failure::of_call(&error).at_attribute("cluster"))?;
        }
        Ok(connected)
    }
}

#[async_trait]
impl Platform for Kubernetes {
    type Config = Config;
    type Scope = Scope;

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    fn configure(&self, config: &Value, _core_version: &str) -> Diagnostics {
        let configured = config.get("chart_mirror");
        let mirror = match (configured.is_unknown(), configured.as_str()) {
            (true, _) => Mirror::Unknown,
            (false, Some(mirror)) => Mirror::At(mirror.to_owned()),
            (false, None) => match std::env::var(MIRROR_VARIABLE) {
                Ok(mirror) if !mirror.is_empty() => Mirror::At(mirror),
                _ => Mirror::None,
            },
        };
        let variable = std::env::var_os(CACHE_VARIABLE).filter(|it| !it.is_empty());
        let charts = Arc::new(Charts::new(
            mirror,
            cache(variable, Cache::user_folder()),
            Registries::of(config),
        ));
        *self.session() = Session { charts, ..Session::default() };
        Diagnostics::new()
    }

    fn plan(&self, _plan: &mut Plan<'_>) {}

    async fn scope(&self, object: &Value) -> Result<Scope, Diagnostic> {
        let reference = object.get("cluster");
        let ways = ["cluster", "kubeconfig"];
        let connected =
            if object.entries().is_some_and(|it| ways.iter().all(|way| !it.contains_key(*way))) {
                // What has no place for a cluster needs none.
                None
            } else if reference.is_null() {
                let kubeconfig = object.get("kubeconfig");
                let kubeconfig = if kubeconfig.is_null() {
                    Kubeconfig::default()
                } else {
                    Kubeconfig::from_value(kubeconfig, &Path::attribute("kubeconfig"))?
                };
                Some(self.open(&kubeconfig).await?)
            } else {
                let path = Path::attribute("cluster");
                self.find(&ClusterReference::from_value(reference, &path)?).await?
            };
        Ok(Scope { connected, charts: self.charts() })
    }

    fn outlasted(&self, needed: Duration) -> Option<Diagnostic> {
        self.clusters.outlasted(needed)
    }

    fn place(&self, scope: &Scope, state: &mut Value) {
        let connected = scope.connected.as_ref();
        if let Some(known) = connected.and_then(|connected| connected.reference.as_ref()) {
            clusters::note(known, state);
        }
    }
}

#[cfg(test)]
mod tests;

//! Kubernetes as the framework sees it: its part of the provider's configuration, and which
//! cluster the calls of a resource go to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use travel_framework::model::Field as _;
use travel_framework::platform::Platform;
use travel_framework::{Diagnostic, Diagnostics, Model, Plan};
use travel_kube::Cluster;
use travel_value::{Path, Value};

use crate::clusters::{self, ClusterReference, Clusters, Kubeconfig};

/// Where charts are looked for that are named without a path, where nothing else says so.
const MIRROR_VARIABLE: &str = "TRAVEL_CHART_MIRROR";
/// How long a cluster that was found is taken to be there. Whoever knows its incarnation notices
/// another one at once.
const FOUND_FOR: Duration = Duration::from_secs(60);

/// The Kubernetes part of the provider's configuration.
#[derive(Clone, Debug, Default, Model)]
pub struct Config {
    /// Where charts are that are named without a path: a folder or an http(s) URL with an
    /// `index.yaml`. By default that of the environment (`TRAVEL_CHART_MIRROR`).
    #[model(optional, length(1, 2048))]
    pub chart_mirror: Option<String>,
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
    mirror: Mirror,
    found: HashMap<String, (Instant, Connected)>,
}

/// Where the calls of a resource go.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The cluster; none where there is no such cluster, or no longer.
    pub connected: Option<Connected>,
    /// Where charts are looked for.
    pub mirror: Mirror,
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
}

impl Kubernetes {
    /// The platform, not yet configured, with those who find clusters.
    pub fn new(clusters: Arc<dyn Clusters>) -> Self {
        Self { clusters, session: Mutex::default() }
    }

    /// Where charts are looked for where a resource does not say.
    pub fn mirror(&self) -> Mirror {
        self.session().mirror.clone()
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cluster of a reference; none where there is none, or only a later one of its name.
    async fn find(&self, wanted: &ClusterReference) -> Result<Option<Connected>, Diagnostic> {
        let key = format!("{wanted:?}");
        if let Some((at, connected)) = self.session().found.get(&key)
            && at.elapsed() < FOUND_FOR
        {
            return Ok(Some(connected.clone()));
        }
        let Some(reached) = self.clusters.reach(wanted).await? else { return Ok(None) };
        if wanted.incarnation.is_some() && wanted.incarnation != reached.reference.incarnation {
            tracing::info!("cluster {} is not the one it was: it was made anew", wanted.name);
            return Ok(None);
        }
        let connected = Connected {
            cluster: Cluster::connect(&reached.config).await.map_err(|error| unusable(&error))?,
            version: Some(reached.version).filter(|version| !version.is_empty()),
            reference: Some(reached.reference),
        };
        self.session().found.insert(key, (Instant::now(), connected.clone()));
        Ok(Some(connected))
    }

    async fn open(&self, kubeconfig: &Kubeconfig) -> Result<Connected, Diagnostic> {
        let cluster = Cluster::connect(&kubeconfig.config()).await;
        let cluster = cluster.map_err(|error| unusable(&error).at_attribute("kubeconfig"))?;
        Ok(Connected { cluster, version: None, reference: None })
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
        *self.session() = Session { mirror, ..Session::default() };
        Diagnostics::new()
    }

    fn plan(&self, _plan: &mut Plan<'_>) {}

    async fn scope(&self, object: &Value) -> Result<Scope, Diagnostic> {
        let reference = object.get("cluster");
        let connected = if reference.is_null() {
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
        Ok(Scope { connected, mirror: self.mirror() })
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

//! What a chart is told of a real cluster: its version, what it serves, and what templates look up in it.

use serde_json::{Value as Json, json};
use tokio::runtime::Handle;
use travel_kube::Cluster;
use travel_kube::cluster::objects::Selection;
use travel_kube::error::ErrorKind;

use crate::capabilities::{Capabilities, KubeVersion};
use crate::executor::Lookup;

/// What a cluster says of itself: its version, and every API version and kind it serves.
///
/// # Errors
/// As [`Cluster::send`]; [`ErrorKind::Answer`] where the version is none.
pub async fn capabilities(cluster: &Cluster) -> Result<Capabilities, travel_kube::Error> {
    let version = cluster.version().await?;
    let kube_version = KubeVersion::parse(&version.git_version).map_err(|error| {
        let kind = ErrorKind::Answer(error.to_string());
        travel_kube::Error::new("read the cluster's version", kind)
    })?;
    // Controllers may have brought definitions since it was last asked.
    let discovery = cluster.refresh_discovery().await?;
    let mut api_versions: Vec<String> = discovery.api_versions().to_vec();
    let kinds = discovery.resources();
    api_versions.extend(kinds.map(|served| format!("{}/{}", served.api_version, served.kind)));
    Ok(Capabilities {
        kube_version,
        kube_version_declared: true,
        api_versions,
        api_versions_complete: true,
    })
}

/// Looks objects up for templates. Renders run on threads of their own, from where the runtime is asked to call.
pub struct ClusterLookup {
    cluster: Cluster,
    runtime: Handle,
}

impl ClusterLookup {
    /// Looks into a cluster by means of the runtime this is called on. Must be used from outside that runtime's
    /// threads, as [`crate::render`] does.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        ClusterLookup { cluster: cluster.clone(), runtime: Handle::current() }
    }

    async fn look(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Json>, travel_kube::Error> {
        let discovery = self.cluster.discovery().await?;
        let Some(resource) = discovery.resource(api_version, kind) else {
            // A kind the cluster does not serve has no objects, unless the cluster cannot tell.
            return match discovery.require(api_version, kind) {
                Err(error) if matches!(error.kind, ErrorKind::UnavailableGroup { .. }) => {
                    Err(error)
                }
                _ => Ok(None),
            };
        };
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        if !name.is_empty() {
            if resource.is_namespaced && namespace.is_none() {
                return Ok(None);
            }
            let found = self.cluster.get(&resource.key(namespace, name)).await?;
            return Ok(found.map(travel_kube::Document::into_value));
        }
        let namespace = namespace.filter(|_| resource.is_namespaced).map(str::to_owned);
        let found =
            self.cluster.list(resource, &Selection { namespace, ..Selection::default() }).await?;
        let items: Vec<Json> = found.into_iter().map(travel_kube::Document::into_value).collect();
        let list = format!("{kind}List");
        Ok(Some(json!({"apiVersion": api_version, "kind": list, "metadata": {}, "items": items})))
    }
}

impl Lookup for ClusterLookup {
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Json>, String> {
        let looking = self.look(api_version, kind, namespace, name);
        self.runtime.block_on(looking).map_err(|error| error.report())
    }
}

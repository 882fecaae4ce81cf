//! What a cluster serves: its kinds, their paths and scopes, read by aggregated discovery in two calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cluster::{Call, Cluster, encode};
use crate::document::{DocumentKey, group_of};
use crate::error::{Error, ErrorKind};

/// What a cluster serves at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    resources: BTreeMap<(String, String), Resource>,
    /// Group and version in the cluster's order of preference.
    api_versions: Vec<String>,
    stale: BTreeSet<String>,
}

/// How a kind is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Group and version.
    pub api_version: String,
    /// The kind ("NetworkPolicy").
    pub kind: String,
    /// Its name in paths ("networkpolicies").
    pub plural: String,
    /// Whether its objects lie in namespaces.
    pub is_namespaced: bool,
    /// What can be done with it ("get", "list", "patch").
    pub verbs: Vec<String>,
}

const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                      application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

impl Discovery {
    /// Reads what the cluster serves now.
    ///
    /// # Errors
    /// As [`Cluster::send`]; [`ErrorKind::Answer`] where the cluster knows no aggregated discovery (before 1.27).
    pub async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let call = |path: &str| {
            let mut call = Call::get("discover what the cluster serves", path);
            call.accept = ACCEPT;
            call
        };
        let (core, groups) = (call("/api"), call("/apis"));
        let (core, groups) = futures::try_join!(cluster.json(&core), cluster.json(&groups))?;
        let mut discovery = Discovery::default();
        for list in [core, groups] {
            if list["kind"] != "APIGroupDiscoveryList" {
                let message =
                    "the cluster knows no aggregated discovery; Kubernetes 1.27 or newer is needed";
                return Err(Error::new(
                    "discover what the cluster serves",
                    ErrorKind::Answer(message.to_owned()),
                ));
            }
            discovery.add(&list);
        }
        Ok(discovery)
    }

    /// How a kind is served, where the cluster serves it.
    pub fn resource(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.resources.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// How a kind is served.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKind`], or [`ErrorKind::UnavailableGroup`] where the cluster cannot tell at the moment.
    pub fn require(&self, api_version: &str, kind: &str) -> Result<&Resource, Error> {
        let resource = self.resource(api_version, kind);
        resource.ok_or_else(|| {
            let (api_version, kind) = (api_version.to_owned(), kind.to_owned());
            let action = format!("find {kind} of {api_version}");
            let reason = if self.stale.contains(&api_version) {
                ErrorKind::UnavailableGroup { api_version, kind }
            } else {
                ErrorKind::UnknownKind { api_version, kind }
            };
            Error::new(action, reason)
        })
    }

    /// The preferred version of a kind of a group (the empty group is the core group).
    pub fn preferred(&self, group: &str, kind: &str) -> Option<&Resource> {
        let versions = self.api_versions.iter().filter(|version| group_of(version) == group);
        versions.filter_map(|version| self.resource(version, kind)).next()
    }

    /// Whether the API service behind a group and version does not answer, so that its kinds are not known.
    pub fn is_stale(&self, api_version: &str) -> bool {
        self.stale.contains(api_version)
    }

    /// Groups and versions in the cluster's order of preference.
    pub fn api_versions(&self) -> &[String] {
        &self.api_versions
    }

    /// Every kind that is served.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// Takes up an APIGroupDiscoveryList (apidiscovery.k8s.io/v2).
    fn add(&mut self, list: &Value) {
        for group in array(&list["items"]) {
            let group_name = group["metadata"]["name"].as_str().unwrap_or_default();
            for version in array(&group["versions"]) {
                let version_name = version["version"].as_str().unwrap_or_default();
                let api_version = match group_name {
                    "" => version_name.to_owned(),
                    group => format!("{group}/{version_name}"),
                };
                if version["freshness"] == "Stale" {
                    self.stale.insert(api_version.clone());
                }
                for resource in array(&version["resources"]) {
                    self.add_resource(&api_version, resource);
                }
                self.api_versions.push(api_version);
            }
        }
    }

    fn add_resource(&mut self, api_version: &str, resource: &Value) {
        let kind = resource["responseKind"]["kind"].as_str().unwrap_or_default();
        let plural = resource["resource"].as_str().unwrap_or_default();
        if kind.is_empty() || plural.is_empty() {
            return;
        }
        let resource = Resource {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            is_namespaced: resource["scope"] == "Namespaced",
            verbs: array(&resource["verbs"]).filter_map(Value::as_str).map(str::to_owned).collect(),
        };
        self.resources.insert((api_version.to_owned(), kind.to_owned()), resource);
    }
}

impl Resource {
    /// The path of all objects, of one namespace or of the whole cluster.
    pub fn collection_path(&self, namespace: Option<&str>) -> String {
        let root = if self.api_version.contains('/') { "/apis" } else { "/api" };
        let namespace = namespace.filter(|_| self.is_namespaced);
        let within = namespace
            .map(|namespace| format!("/namespaces/{}", encode(namespace)))
            .unwrap_or_default();
        format!("{root}/{}{within}/{}", self.api_version, self.plural)
    }

    /// The path of one object.
    pub fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection_path(namespace), encode(name))
    }

    /// The key of an object of this kind.
    pub fn key(&self, namespace: Option<&str>, name: &str) -> DocumentKey {
        DocumentKey {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: namespace.filter(|_| self.is_namespaced).map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// Whether something can be done with it.
    pub fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
pub(crate) mod tests;

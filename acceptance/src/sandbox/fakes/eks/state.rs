//! What the EKS fake knows: clusters, and all that belongs to each.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::Failure;
use super::errors;
use super::nodes::Node;
use super::runtime::Runtime;
use crate::sandbox::fakes::neighbours::partition;
use crate::sandbox::wire::ServiceError;

/// What tells one cluster from all others of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The twelve digits of its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The ARN of something of this cluster: `cluster/NAME`, `nodegroup/NAME/…`.
    pub fn arn(&self, resource: &str) -> String {
        let partition = partition(&self.region);
        format!("arn:{partition}:eks:{}:{}:{resource}", self.region, self.account)
    }
}

/// How many times something is still described as it was before it is shown as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks(pub u32);

impl Looks {
    /// Whether this look finds it still under way.
    pub fn look(&mut self) -> bool {
        let under_way = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        under_way
    }

    /// Whether it is still under way, without looking.
    pub fn under_way(self) -> bool {
        self.0 > 0
    }
}

/// What an update is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The cluster itself.
    Cluster,
    /// A node group.
    Nodegroup(String),
    /// An add-on.
    Addon(String),
}

/// An asynchronous update.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its id.
    pub id: String,
    /// What of.
    pub target: Target,
    /// As DescribeUpdate shows it.
    pub shape: Value,
    /// How long it is in progress.
    pub looks: Looks,
    /// What of its target's shape it changes at its end: a JSON merge patch.
    pub change: Value,
    /// What it ends with instead, as a test wants it.
    pub failure: Option<Failure>,
}

impl Update {
    /// An update in progress; `parameters` are pairs of a type and a value.
    pub fn new(
        target: Target,
        kind: &str,
        parameters: &[(&str, String)],
        change: Value,
        looks: Looks,
        now: DateTime<Utc>,
    ) -> Self {
        let id = Uuid::new_v4().to_string();
        let params: Vec<Value> =
            parameters.iter().map(|(name, value)| json!({"type": name, "value": value})).collect();
        let shape = json!({
            "id": id,
            "status": "InProgress",
            "type": kind,
            "params": params,
            "createdAt": seconds(now),
            "errors": [],
        });
        Self { id, target, shape, looks, change, failure: None }
    }

    /// Whether it is in progress.
    pub fn in_progress(&self) -> bool {
        self.shape["status"] == "InProgress"
    }

    /// Ends it as failed.
    pub fn fail(&mut self, code: &str, message: &str, resources: &[String]) {
        self.shape["status"] = "Failed".into();
        self.shape["errors"] =
            json!([{"errorCode": code, "errorMessage": message, "resourceIds": resources}]);
    }
}

/// A node group.
#[derive(Clone, Debug)]
pub struct Nodegroup {
    /// As DescribeNodegroup shows it, but for its status.
    pub shape: Value,
    /// How long it is being created.
    pub creation: Looks,
    /// How long it is being deleted, once it is.
    pub deletion: Option<Looks>,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Whether its creation failed.
    pub failed: bool,
    /// The request that made it, for its token.
    pub request: Value,
}

/// An add-on.
#[derive(Clone, Debug)]
pub struct Addon {
    /// As DescribeAddon shows it, but for its status.
    pub shape: Value,
    /// How long it is being created.
    pub creation: Looks,
    /// How long it is being deleted, once it is.
    pub deletion: Option<Looks>,
    /// Whether its creation failed.
    pub failed: bool,
    /// Whether its pods have run before.
    pub settled: bool,
}

/// An access entry.
#[derive(Clone, Debug)]
pub struct AccessEntry {
    /// As DescribeAccessEntry shows it.
    pub shape: Value,
    /// The access policies associated with it, as ListAssociatedAccessPolicies shows them, by ARN.
    pub policies: BTreeMap<String, Value>,
}

/// A cluster.
pub struct Cluster {
    /// What names it.
    pub key: Key,
    /// As DescribeCluster shows it, but for its status and what an unfinished cluster does not show.
    pub shape: Value,
    /// The request that made it, for its token.
    pub request: Value,
    /// How long it is being created.
    pub creation: Looks,
    /// How long it is being deleted, once it is.
    pub deletion: Option<Looks>,
    /// Whether its creation failed.
    pub failed: bool,
    /// Its updates and those of what belongs to it, oldest first.
    pub updates: Vec<Update>,
    /// Its node groups by name.
    pub nodegroups: BTreeMap<String, Nodegroup>,
    /// Its add-ons by name.
    pub addons: BTreeMap<String, Addon>,
    /// Its access entries by the principal's ARN.
    pub access: BTreeMap<String, AccessEntry>,
    /// Its Pod Identity associations by id, as DescribePodIdentityAssociation shows them.
    pub associations: BTreeMap<String, Value>,
    /// The status of insights that a test has set, by the insight's name.
    pub insights: BTreeMap<String, String>,
    /// The add-ons that run in it and that nobody manages, with their versions.
    pub self_managed: BTreeMap<String, String>,
    /// Who made it: administrator under the authentication mode CONFIG_MAP.
    pub creator: Option<String>,
    /// The network interfaces of its control plane.
    pub interfaces: Vec<String>,
    /// The address of the first of them.
    pub address: String,
    /// The grant on the key that encrypts its secrets: the key, and the grant's id.
    pub grant: Option<(String, String)>,
    /// Its control plane.
    pub runtime: Arc<Runtime>,
}

impl Cluster {
    /// Its status at this moment.
    pub fn status(&self) -> &'static str {
        if self.deletion.is_some() {
            "DELETING"
        } else if self.creation.under_way() {
            "CREATING"
        } else if self.failed {
            "FAILED"
        } else if self.update_in_progress(&Target::Cluster).is_some() {
            "UPDATING"
        } else {
            "ACTIVE"
        }
    }

    /// The Kubernetes version.
    pub fn version(&self) -> &str {
        self.shape["version"].as_str().unwrap_or_default()
    }

    /// The update of a target that is in progress.
    pub fn update_in_progress(&self, target: &Target) -> Option<&Update> {
        self.updates.iter().find(|update| update.target == *target && update.in_progress())
    }

    /// Refuses an operation while the cluster is not there for it.
    ///
    /// # Errors
    /// `ResourceInUseException` while it is deleted, `InvalidRequestException` while it is created.
    pub fn must_be_ready(&self) -> Result<(), ServiceError> {
        let name = &self.key.name;
        match self.status() {
            "DELETING" => Err(errors::in_use(format!("Cluster {name} is being deleted"))
                .with_member("clusterName", name.clone())),
            "CREATING" => Err(errors::request(format!("Cluster '{name}' is not in ACTIVE status"))
                .with_member("clusterName", name.clone())),
            "FAILED" => Err(errors::request(format!("Cluster '{name}' is in FAILED status"))
                .with_member("clusterName", name.clone())),
            _ => Ok(()),
        }
    }

    /// Takes an update in; it shows in the list and in the target's status until it is done.
    pub fn begin(&mut self, update: Update) -> Value {
        let shape = update.shape.clone();
        self.updates.push(update);
        shape
    }
}

/// All clusters.
#[derive(Default)]
pub struct State {
    /// By what names them.
    pub clusters: BTreeMap<Key, Cluster>,
}

impl State {
    /// The cluster of a key.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn cluster(&mut self, key: &Key) -> Result<&mut Cluster, ServiceError> {
        self.clusters.get_mut(key).ok_or_else(|| errors::no_cluster(&key.name))
    }

    /// The cluster of a key, to change something of it.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, or as [`Cluster::must_be_ready`].
    pub fn ready_cluster(&mut self, key: &Key) -> Result<&mut Cluster, ServiceError> {
        let cluster = self.cluster(key)?;
        cluster.must_be_ready()?;
        Ok(cluster)
    }
}

/// A time as the rest-json protocol writes it.
pub fn seconds(time: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
    let milliseconds = time.timestamp_millis() as f64;
    milliseconds / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_run_out() {
        let mut looks = Looks(2);
        assert_eq!([looks.look(), looks.look(), looks.look()], [true, true, false]);
    }
}

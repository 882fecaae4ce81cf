//! EKS: clusters with real control planes behind them, and all that belongs to a cluster.
//!
//! Follows the Amazon EKS API Reference, version 2017-11-01; requests and answers are checked by the service's model.

mod access;
mod access_policies;
mod addon_catalog;
mod addon_workloads;
mod addons;
mod clusters;
mod control;
mod drain;
mod errors;
mod insights;
mod network;
mod node_objects;
mod nodegroup_updates;
mod nodegroups;
mod nodes;
mod pod_identity;
mod runtime;
mod state;
mod tags;
mod tokens;
mod updates;
mod versions;
mod volumes;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::control::Failure;
use self::runtime::Runtime;
use self::state::{Key, Looks, State, Target, Update};
use super::control_plane::client::ApiClient;
use super::input::Input;
use super::neighbours::Neighbours;
use super::shapes::Shapes;
use crate::sandbox::accounts::Caller;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// The backend of EKS.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Eks(Arc::default()))
}

struct Eks(Arc<Inner>);

/// What lives as long as the sandbox.
#[derive(Default)]
struct Inner {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
    /// Held by operations that change more than the state: one at a time.
    changes: Mutex<()>,
    /// What a test wants to fail.
    failures: Mutex<Vec<Failure>>,
}

/// One call with all that its operation needs.
struct Context<'a> {
    eks: &'a Arc<Inner>,
    world: &'a Arc<World>,
    caller: &'a Caller,
    region: &'a str,
    input: Input,
}

#[async_trait]
impl Backend for Eks {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async { Shapes::load(&world.models, "eks").map_err(ServiceError::internal) };
        let shapes = self.0.shapes.get_or_try_init(load).await?;
        let input = shapes.input(&call).map_err(|misfit| errors::misfit(&misfit))?;
        let context =
            Context { eks: &self.0, world, caller: &call.caller, region: &call.region, input };
        let output = perform(&context, &call.operation).await?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, world: &Arc<World>) -> Result<(), String> {
        let clusters = std::mem::take(&mut self.0.state.lock().await.clusters);
        for cluster in clusters.values() {
            cluster.runtime.close(world);
        }
        self.0.failures.lock().await.clear();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        tags::all(&*self.0.state.lock().await, account, region)
    }

    async fn control(
        &self,
        method: &str,
        path: &[&str],
        body: Value,
        world: &Arc<World>,
    ) -> Option<Result<Value, String>> {
        control::answer(&self.0, method, path, body, world).await
    }
}

async fn perform(context: &Context<'_>, operation: &str) -> Result<Value, ServiceError> {
    match operation {
        "CreateCluster" => clusters::create(context).await,
        "DescribeCluster" => clusters::describe(context).await,
        "ListClusters" => clusters::list(context).await,
        "DeleteCluster" => clusters::delete(context).await,
        "DescribeClusterVersions" => versions::describe(&context.input, context.world.clock.now()),
        "UpdateClusterConfig" => updates::update_config(context).await,
        "UpdateClusterVersion" => updates::update_version(context).await,
        "AssociateEncryptionConfig" => updates::associate_encryption(context).await,
        "DescribeUpdate" => updates::describe(context).await,
        "ListUpdates" => updates::list(context).await,
        "CreateNodegroup" => nodegroups::create(context).await,
        "DescribeNodegroup" => nodegroups::describe(context).await,
        "ListNodegroups" => nodegroups::list(context).await,
        "DeleteNodegroup" => nodegroups::delete(context).await,
        "UpdateNodegroupConfig" => nodegroup_updates::update_config(context).await,
        "UpdateNodegroupVersion" => nodegroup_updates::update_version(context).await,
        "CreateAddon" => addons::create(context).await,
        "DescribeAddon" => addons::describe(context).await,
        "ListAddons" => addons::list(context).await,
        "UpdateAddon" => addons::update(context).await,
        "DeleteAddon" => addons::delete(context).await,
        "DescribeAddonVersions" => addon_catalog::describe_versions(&context.input),
        "DescribeAddonConfiguration" => addon_catalog::describe_configuration(&context.input),
        "CreateAccessEntry" => access::create(context).await,
        "DescribeAccessEntry" => access::describe(context).await,
        "ListAccessEntries" => access::list(context).await,
        "UpdateAccessEntry" => access::update(context).await,
        "DeleteAccessEntry" => access::delete(context).await,
        "AssociateAccessPolicy" => access::associate(context).await,
        "DisassociateAccessPolicy" => access::disassociate(context).await,
        "ListAssociatedAccessPolicies" => access::list_associated(context).await,
        "ListAccessPolicies" => access::list_policies(context),
        "CreatePodIdentityAssociation" => pod_identity::create(context).await,
        "DescribePodIdentityAssociation" => pod_identity::describe(context).await,
        "ListPodIdentityAssociations" => pod_identity::list(context).await,
        "UpdatePodIdentityAssociation" => pod_identity::update(context).await,
        "DeletePodIdentityAssociation" => pod_identity::delete(context).await,
        "ListInsights" => insights::list(context).await,
        "DescribeInsight" => insights::describe(context).await,
        "StartInsightsRefresh" => insights::refresh(context).await,
        "DescribeInsightsRefresh" => insights::describe_refresh(context).await,
        "TagResource" => tags::tag(context).await,
        "UntagResource" => tags::untag(context).await,
        "ListTagsForResource" => tags::list(context).await,
        // Nothing here makes any of these, so there are none.
        "ListFargateProfiles" => context.none("fargateProfileNames").await,
        "ListIdentityProviderConfigs" => context.none("identityProviderConfigs").await,
        "ListCapabilities" => context.none("capabilities").await,
        _ => {
            let message = format!("the sandbox's EKS does not have {operation}");
            Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
        }
    }
}

impl<'a> Context<'a> {
    /// The key of the cluster that the request names.
    fn key(&self) -> Key {
        let name = self.input.optional_text("clusterName");
        Key {
            account: self.caller.account.clone(),
            region: self.region.to_owned(),
            name: name.unwrap_or(self.input.text("name")).to_owned(),
        }
    }

    /// How long something that begins now is under way.
    fn looks(&self) -> Looks {
        Looks(self.world.settings.get().pending_describes)
    }

    /// The failure that a test wants of the operation at this call.
    async fn planned_failure(&self, operation: &str) -> Option<Failure> {
        let mut failures = self.eks.failures.lock().await;
        let cluster = self.key().name;
        let at = failures.iter().position(|failure| {
            failure.operation == operation
                && (failure.cluster.is_empty() || failure.cluster == cluster)
        })?;
        Some(failures.remove(at))
    }

    /// An update that begins now.
    async fn update(
        &self,
        target: Target,
        kind: &str,
        parameters: &[(&str, String)],
        change: Value,
    ) -> Update {
        let now = self.world.clock.now();
        let mut update = Update::new(target, kind, parameters, change, self.looks(), now);
        update.failure = self.planned_failure(kind).await;
        update
    }

    /// The present time as answers write it.
    fn now(&self) -> f64 {
        state::seconds(self.world.clock.now())
    }

    /// The other services of the caller's account.
    fn neighbours(&self) -> Neighbours<'a> {
        Neighbours::new(self.world, &self.caller.account, self.region)
    }

    /// Brings Kubernetes to what EKS has just decided.
    async fn sync(&self, runtime: &Runtime) -> Result<(), ServiceError> {
        runtime
            .sync(self.eks)
            .await
            .map_err(|error| ServiceError::internal(format!("the control plane: {error:#}")))
    }

    /// An empty list of what a cluster has none of.
    async fn none(&self, name: &str) -> Result<Value, ServiceError> {
        self.eks.state.lock().await.cluster(&self.key())?;
        Ok(json!({name: []}))
    }
}

impl Inner {
    /// What EKS keeps inside a cluster: roles and their bindings, nodes, add-ons.
    async fn wishes(&self, key: &Key, client: &ApiClient) -> anyhow::Result<Vec<Value>> {
        let namespaces = client.get("/api/v1/namespaces").await?.unwrap_or_default();
        let items = namespaces["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespaces: Vec<(String, String)> = items
            .iter()
            .map(|item| (text(&item["metadata"]["name"]), text(&item["metadata"]["uid"])))
            .collect();
        let mut state = self.state.lock().await;
        let cluster = state.cluster(key)?;
        let mut wishes = addon_workloads::base();
        wishes.extend(access_policies::roles());
        wishes.extend(access_policies::bindings(cluster, &namespaces));
        wishes.extend(node_objects::of(cluster));
        wishes.extend(addon_workloads::of(cluster));
        Ok(wishes)
    }

    /// Where the API server of an incarnation has its tokens reviewed.
    fn token_review_url(&self, world: &World, incarnation: &str) -> String {
        format!("http://127.0.0.1:{}/services/eks/token-review/{incarnation}", world.control_port)
    }
}

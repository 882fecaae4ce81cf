//! `travel_helm_stack`: several releases that are brought about one after another, each once those
//! it needs are ready.

mod planning;
mod release_part;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::parts::{Graph, Part};
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_helm::release::Status;
use travel_value::Path;

use self::release_part::{ReleasePart, Shared, observe, work};
use crate::clusters::{self, Placement};
use crate::platform::{Connected, Kubernetes};
use crate::release::memory::Memory;
use crate::release::{Settings, ownership};

type Call = travel_framework::Call<Kubernetes>;

/// Releases of Helm charts that belong together, such as the base of a platform: each is made once
/// those in its `after` are ready, and removed before them.
///
/// Those that do not depend on each other are worked on side by side. Where one fails, what is
/// under way is ended and kept; the next apply goes on from there.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_helm_stack",
    proof = tags,
    id = "id",
    key = "cluster.name/kubeconfig.context/name",
    refresh = "1 to EKS where the cluster is named by reference; to the cluster 2 + releases * (2 + kinds of documents)"
)]
pub struct HelmStack {
    /// The name of the stack within the deployment.
    #[model(
        required,
        replace,
        pattern("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "lower-case letters, digits and hyphens")
    )]
    pub name: String,
    /// The cluster it is in.
    #[model(flatten)]
    pub placement: Placement,
    /// What `terraform import` wants: `CLUSTER/NAME/NAMESPACE:RELEASE,…`, without `CLUSTER/` for
    /// the cluster of the environment's kubeconfig; here without the releases.
    #[model(computed)]
    pub id: Option<String>,
    /// A release.
    #[model(block(map))]
    pub release: BTreeMap<String, StackRelease>,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// A release of the stack. The block's label tells it from the others.
#[derive(Clone, Debug, Model)]
pub struct StackRelease {
    /// The name of the release; by default the block's label.
    #[model(optional, length(1, 53))]
    pub name: Option<String>,
    /// The labels of the releases that must be ready before this one.
    #[model(optional, config_only)]
    pub after: Option<BTreeSet<String>>,
    /// The release.
    #[model(flatten)]
    pub settings: Settings,
}

impl StackRelease {
    /// The release's name.
    pub fn name<'a>(&'a self, label: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(label)
    }

    /// Whether both are the same release in the cluster.
    fn is_same_release(&self, other: &Self, label: &str) -> bool {
        self.name(label) == other.name(label) && self.settings.namespace == other.settings.namespace
    }
}

#[async_trait]
impl Resource for HelmStack {
    type Platform = Kubernetes;

    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    fn validate(plan: &mut Plan<'_>) {
        clusters::validate(plan);
        planning::validate(plan);
    }

    fn plan_on(platform: &Kubernetes, plan: &mut Plan<'_>) {
        planning::plan(platform, plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        let mut memory = Memory::of(call)?;
        let read = observe(call, connected, &state.release, &mut memory).await?;
        memory.keep(call);
        if read.is_empty() && !state.release.is_empty() {
            return Ok(None);
        }
        let id = Some(state.import_id());
        Ok(Some(Self { release: read, id, ..state.clone() }))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let connected = call.scope.cluster()?;
        let left = ownership::marked_releases(&connected.cluster, &call.claim).await;
        let left = left.map_err(|error| crate::release::failure::of_call(&error))?;
        let Some(mark) = left.iter().find_map(|release| ownership::mark(release, &call.claim))
        else {
            return Ok(Vec::new());
        };
        let mut blocks = BTreeMap::new();
        for release in &left {
            let identity = (release.name.as_str(), release.namespace.as_str());
            let planned = plan.release.iter().find(|(label, block)| {
                (block.name(label), block.settings.namespace.as_str()) == identity
            });
            // What is no longer planned was not finished, and is removed.
            let (label, mut block) = match planned {
                Some((label, block)) => (label.clone(), block.clone()),
                None => left_over(identity),
            };
            block.settings.forget();
            blocks.insert(label, block);
        }
        let mut memory = Memory::of(call)?;
        let release = observe(call, connected, &blocks, &mut memory).await?;
        memory.keep(call);
        let complete = plan.release.keys().all(|label| release.contains_key(label))
            && left.iter().all(|release| release.info.status == Status::Deployed);
        let label = plan.import_id();
        let object = Self { release, id: Some(label.clone()), ..plan.clone() };
        Ok(vec![Found { object, mark: Some(mark), complete, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.release.clear();
        state.id = None;
        let prior = state.clone();
        state.bring(call, &prior, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        state.bring(call, prior, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(()) };
        let shared = Shared::new(call, connected, &prior.release)?;
        let graph = graph(&prior.release, |_, _| true)?;
        graph.remove(&shared, &call.cancel).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        for (label, block) in &state.release {
            let history = work(call, connected, label, block).history().await?;
            if let Some(mark) = history.last().and_then(|it| ownership::mark(it, &call.claim)) {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (cluster, name, releases) = match id.split('/').collect::<Vec<_>>()[..] {
            [cluster, name, releases] if !cluster.is_empty() => (cluster, name, releases),
            [name, releases] => ("", name, releases),
            _ => return Err(wrong_id(id)),
        };
        let mut blocks = BTreeMap::new();
        for release in releases.split(',') {
            let Some((namespace, name)) = release.split_once(':') else { return Err(wrong_id(id)) };
            let (_, block) = left_over((name, namespace));
            let is_new = blocks.insert(name.to_owned(), block).is_none();
            if namespace.is_empty() || name.is_empty() || !is_new {
                return Err(wrong_id(id));
            }
        }
        // A release is named by its label here, as by default.
        blocks.values_mut().for_each(|block| block.name = None);
        Ok(Self {
            name: name.to_owned(),
            placement: clusters::imported(cluster),
            id: None,
            release: blocks,
            lifecycle: Lifecycle::default(),
        })
    }
}

/// A block for a release of which only name and namespace are known, with a label that no block of
/// a configuration has.
fn left_over((name, namespace): (&str, &str)) -> (String, StackRelease) {
    let settings = Settings { namespace: namespace.to_owned(), ..Settings::default() };
    let block = StackRelease { name: Some(name.to_owned()), after: None, settings };
    (format!("{namespace}/{name}"), block)
}

fn wrong_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no stack"),
        "The id of a stack is CLUSTER/NAME/NAMESPACE:RELEASE,NAMESPACE:RELEASE, without CLUSTER/ \
         for the cluster of the environment's kubeconfig. Its releases get blocks labelled with \
         their names, so that each name is there once.",
    )
}

/// Those of the releases that are meant, as parts.
fn graph<'a>(
    releases: &BTreeMap<String, StackRelease>,
    is_meant: impl Fn(&str, &StackRelease) -> bool,
) -> Result<Graph<Shared<'a>>, Diagnostic> {
    let meant = releases.iter().filter(|(label, block)| is_meant(label, block));
    let parts = meant.map(|(label, block)| {
        let part = ReleasePart { label: label.clone(), block: block.clone() };
        Box::new(part) as Box<dyn Part<Shared<'a>>>
    });
    Graph::new(parts)
}

impl HelmStack {
    fn import_id(&self) -> String {
        let cluster = self.placement.cluster.as_ref().map(|it| format!("{}/", it.name));
        format!("{}{}", cluster.unwrap_or_default(), self.name)
    }

    /// Removes the releases that are no longer planned, and brings the others about. This follows.
    async fn bring(&mut self, call: &Call, prior: &Self, plan: &Self) -> Result<(), Failure> {
        let connected: &Connected = call.scope.cluster()?;
        let shared = Shared::new(call, connected, &prior.release)?;
        let brought = Self::brought(call, &shared, prior, plan).await;
        let (mut release, memory) = shared.into_parts();
        memory.keep(call);
        let made = !release.is_empty();
        for (label, block) in &mut release {
            // What failed says what it was made of before.
            if let (Some(planned), Ok(())) = (plan.release.get(label), &brought) {
                let settings = block.settings.configured_as(&planned.settings);
                *block = StackRelease { settings, ..planned.clone() };
            }
        }
        let id = (made || brought.is_ok()).then(|| plan.import_id());
        *self = Self { release, id, ..plan.clone() };
        brought
    }

    async fn brought(
        call: &Call,
        shared: &Shared<'_>,
        prior: &Self,
        plan: &Self,
    ) -> Result<(), Failure> {
        let obsolete = graph(&prior.release, |label, block| {
            let planned = plan.release.get(label);
            let stays = planned.is_some_and(|planned| planned.is_same_release(block, label));
            !stays
        })?;
        obsolete.remove(shared, &call.cancel).await?;
        graph(&plan.release, |_, _| true)?.ensure(shared, &call.cancel).await
    }
}

/// Where a release's block stands in the configuration.
fn path_of(label: &str) -> Path {
    Path::attribute("release").key(label)
}

#[cfg(test)]
mod tests;

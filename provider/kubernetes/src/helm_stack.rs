//! `travel_helm_stack`: several releases that are brought about one after another, each once those
//! it needs are ready.

mod labels;
mod planning;
mod release_part;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::parts::Graph;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_helm::release::{Release, Status};
use travel_value::Path;

use self::labels::{named, new_labels, relabelled, with_release};
use self::release_part::{ReleasePart, Shared, observe, work};
use crate::clusters::{self, Placement};
use crate::platform::{Connected, Kubernetes};
use crate::release::memory::Memory;
use crate::release::{Seen, Settings, ownership};

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
    identity("cluster.name", "name"),
    keeps(
        "definitions of custom resources from the charts' crds/",
        "namespaces, also those that were made for a release"
    ),
    refresh = "1 to EKS where the cluster is named by reference; to the cluster 3 when it is first used, releases * (1 + up to 3 * kinds and namespaces of documents), and 1 for each document that looks changed"
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
    /// What `terraform import` wants: `CLUSTER/NAME`, without `CLUSTER/` for the cluster of the
    /// environment's kubeconfig. That finds the releases which the stack has made;
    /// `/NAMESPACE:RELEASE,…` after it names others to take over.
    #[model(computed)]
    pub id: Option<String>,
    /// The passwords of the users that releases name in `repository_username`, or tokens that stand
    /// for them, by the labels of the releases. They stand in no plan and in no state.
    #[model(optional, write_only, length(1, 1000))]
    pub repository_passwords: Option<BTreeMap<String, String>>,
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

    /// A block for a release of which only name and namespace are known.
    fn known_only_by(name: Option<&str>, namespace: &str) -> Self {
        let settings = Settings { namespace: namespace.to_owned(), ..Settings::default() };
        Self { name: name.map(str::to_owned), after: None, settings }
    }

    /// Whether this block, under its label, is about the release of that namespace and name.
    fn is_of(&self, label: &str, namespace: &str, name: &str) -> bool {
        self.name(label) == name && self.settings.namespace == namespace
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
        let mut blocks = state.release.clone();
        if blocks.is_empty() {
            // An import that names no releases means those which the stack has made.
            let marked = marked_releases(call, connected).await?;
            blocks = marked.iter().fold(blocks, with_release);
        }
        let read = observe(call, connected, &blocks, &mut memory).await?;
        memory.keep(call);
        let is_import = state.id.is_none();
        if read.is_empty() && (is_import || !state.release.is_empty()) {
            return Ok(None);
        }
        let id = Some(state.import_id());
        Ok(Some(Self { release: read, id, ..state.clone() }))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let connected = call.scope.young_cluster(call.deadline, &call.cancel).await?;
        let marked = marked_releases(call, connected).await?;
        let Some(mark) = marked.iter().find_map(|release| ownership::mark(release, &call.claim))
        else {
            return Ok(Vec::new());
        };
        let is_there = |label: &str, block: &StackRelease| {
            marked.iter().any(|release| block.is_of(label, &release.namespace, &release.name))
        };
        let mut blocks = plan.release.clone();
        blocks.retain(|label, block| is_there(label, block));
        blocks.values_mut().for_each(|block| block.settings.seen = Seen::default());
        // What is no longer planned was not finished, and is removed.
        let blocks = marked.iter().fold(blocks, with_release);
        let mut memory = Memory::of(call)?;
        let release = observe(call, connected, &blocks, &mut memory).await?;
        memory.keep(call);
        let complete = plan.release.keys().all(|label| release.contains_key(label))
            && marked.iter().all(|release| release.info.status == Status::Deployed);
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
        let shared = Shared::new(call, connected, &prior.release, Memory::of(call)?);
        let graph = graph(&prior.release, None, |_, _| true)?;
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
        let mut parts: Vec<&str> = id.split('/').collect();
        let releases = parts.pop_if(|last| last.contains(':')).unwrap_or_default();
        let (cluster, name) = match parts[..] {
            [cluster, name] if !cluster.is_empty() && !name.is_empty() => (cluster, name),
            [name] if !name.is_empty() => ("", name),
            _ => return Err(wrong_id(id)),
        };
        let mut blocks = BTreeMap::new();
        for release in releases.split(',').filter(|_| !releases.is_empty()) {
            let Some((namespace, name)) = release.split_once(':') else { return Err(wrong_id(id)) };
            // A release is named by its label here, as by default.
            let block = StackRelease::known_only_by(None, namespace);
            let is_new = blocks.insert(name.to_owned(), block).is_none();
            if namespace.is_empty() || name.is_empty() || !is_new {
                return Err(wrong_id(id));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            placement: clusters::imported(cluster),
            id: None,
            repository_passwords: None,
            release: blocks,
            lifecycle: Lifecycle::default(),
        })
    }
}

/// The releases that are marked as the stack's own.
async fn marked_releases(call: &Call, connected: &Connected) -> Result<Vec<Release>, Failure> {
    let marked = ownership::marked_releases(&connected.cluster, &call.claim).await;
    marked.map_err(|error| crate::failure::of_call(&error))
}

fn wrong_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no stack"),
        "The id of a stack is CLUSTER/NAME, without CLUSTER/ for the cluster of the environment's \
         kubeconfig; or, to take over releases that it has not made, \
         CLUSTER/NAME/NAMESPACE:RELEASE,NAMESPACE:RELEASE. Releases get blocks labelled with \
         their names, so that each name is there once.",
    )
}

/// Those of the releases that are meant, as parts.
fn graph<'a>(
    releases: &BTreeMap<String, StackRelease>,
    passwords: Option<&BTreeMap<String, String>>,
    is_meant: impl Fn(&str, &StackRelease) -> bool,
) -> Result<Graph<Shared<'a>>, Diagnostic> {
    let meant = releases.iter().filter(|(label, block)| is_meant(label, block));
    Graph::new(meant.map(|(label, block)| {
        let password = passwords.and_then(|passwords| passwords.get(label));
        ReleasePart::ordered(label, block, password)
    }))
}

impl HelmStack {
    fn import_id(&self) -> String {
        let cluster = self.placement.cluster.as_ref().map(|it| format!("{}/", it.name));
        format!("{}{}", cluster.unwrap_or_default(), self.name)
    }

    /// Removes the releases that are no longer planned, and brings the others about. This follows.
    async fn bring(&mut self, call: &Call, prior: &Self, plan: &Self) -> Result<(), Failure> {
        let connected: &Connected = call.scope.cluster()?;
        let labels = new_labels(&named(&prior.release), &named(&plan.release));
        let before = relabelled(&prior.release, &labels);
        let shared = Shared::new(call, connected, &before, Memory::of(call)?.relabelled(&labels));
        let brought = Self::brought(call, &shared, &before, plan).await;
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
        before: &BTreeMap<String, StackRelease>,
        plan: &Self,
    ) -> Result<(), Failure> {
        let obsolete = graph(before, None, |label, _| !plan.release.contains_key(label))?;
        obsolete.remove(shared, &call.cancel).await?;
        let passwords = plan.repository_passwords.as_ref();
        graph(&plan.release, passwords, |_, _| true)?.ensure(shared, &call.cancel).await
    }
}

/// Where a release's block stands in the configuration.
fn path_of(label: &str) -> Path {
    Path::attribute("release").key(label)
}

#[cfg(test)]
mod tests;

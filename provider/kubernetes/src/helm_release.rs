//! `travel_helm_release`: a chart, installed.

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_helm::release::{Release, Status};
use travel_value::Path;

use crate::clusters::{self, Placement};
use crate::platform::{Connected, Kubernetes};
use crate::release::changing::Work;
use crate::release::charts;
use crate::release::memory::Memory;
use crate::release::planning::{self, Brought, Question};
use crate::release::{Identity, Seen, Settings, ownership};

type Call = travel_framework::Call<Kubernetes>;

/// What is remembered of the only release stands under no name.
const ONLY: &str = "";

/// A release of a Helm chart, rendered in the plan: what is created, changed by field and deleted
/// is seen before it happens, and what was changed in the cluster since.
///
/// It is recorded as Helm records releases, so that `helm list`, `helm history` and
/// `helm rollback` know it.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_helm_release",
    proof = tags,
    id = "id",
    key = "cluster.name/kubeconfig.context/namespace/name",
    identity("cluster.name", "namespace", "name"),
    keeps(
        "definitions of custom resources from the chart's crds/",
        "the namespace, also where it was made for the release"
    ),
    refresh = "1 to EKS where the cluster is named by reference; to the cluster 3 when it is first used, 1 + up to 3 * kinds and namespaces of documents, and 1 for each document that looks changed"
)]
pub struct HelmRelease {
    /// The name of the release.
    #[model(required, replace, length(1, 53))]
    pub name: String,
    /// The release.
    #[model(flatten)]
    pub settings: Settings,
    /// The password of the user that `repository_username` names, or a token that stands for one. It
    /// stands in no plan and in no state.
    #[model(optional, write_only, length(1, 65536))]
    pub repository_password: Option<String>,
    /// The cluster it is in.
    #[model(flatten)]
    pub placement: Placement,
    /// What `terraform import` wants: `CLUSTER/NAMESPACE/NAME`, or `NAMESPACE/NAME` for the
    /// cluster of the environment's kubeconfig.
    #[model(computed)]
    pub id: Option<String>,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for HelmRelease {
    type Platform = Kubernetes;

    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

    fn validate(plan: &mut Plan<'_>) {
        clusters::validate(plan);
    }

    fn plan_on(platform: &Kubernetes, plan: &mut Plan<'_>) {
        if plan.is_destroy() {
            return;
        }
        let memory = match Memory::read(&plan.remembered) {
            Ok(memory) => memory,
            Err(error) => return plan.diagnostics.push(error),
        };
        let answer = planning::plan(&Question {
            planned: &plan.planned,
            password: plan.config.get("repository_password").clone(),
            prior: plan.prior,
            name: plan.planned.get("name").as_str(),
            name_path: Path::attribute("name"),
            path: Path::root(),
            charts: &platform.charts(),
            memory: memory.releases.get(ONLY),
            key: memory.secret_key().as_ref(),
            brought: &Brought::default(),
        });
        plan.diagnostics.extend(answer.diagnostics);
        for (name, value) in answer.attributes {
            plan.set(name, value);
        }
        planning::keep_seen(&mut plan.planned, plan.prior);
        let kept = charts::at_prior_place(&plan.planned, plan.prior);
        if kept == *plan.prior {
            plan.planned = kept;
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        let mut read = state.clone();
        let history = state.work(call, connected).history().await?;
        let is_there = read.observe(call, connected, &history).await?;
        Ok(is_there.then_some(read))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let connected = call.scope.young_cluster(call.deadline, &call.cancel).await?;
        let history = plan.work(call, connected).history().await?;
        let mut object = plan.clone();
        object.settings.seen = Seen::default();
        if !object.observe(call, connected, &history).await? {
            return Ok(Vec::new());
        }
        let last = history.last();
        let mark = last.and_then(|last| ownership::mark(last, &call.claim));
        let complete = last.is_some_and(|last| last.info.status == Status::Deployed);
        let label = object.import_id();
        Ok(vec![Found { object, mark, complete, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.settings.seen = Seen::default();
        state.id = None;
        state.deploy(call, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        if prior.settings.is_as(&plan.settings) {
            let settings = prior.settings.configured_as(&plan.settings);
            *state = Self { settings, id: prior.id.clone(), ..plan.clone() };
            return Ok(());
        }
        state.deploy(call, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(()) };
        let told = prior.work(call, connected).remove(&prior.settings).await?;
        told.into_iter().for_each(|warning| call.warn(warning));
        Ok(())
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        let history = state.work(call, connected).history().await?;
        Ok(history.last().and_then(|last| ownership::mark(last, &call.claim)))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (cluster, namespace, name) = match id.split('/').collect::<Vec<_>>()[..] {
            [cluster, namespace, name] if !cluster.is_empty() => (cluster, namespace, name),
            [namespace, name] => ("", namespace, name),
            _ => return Err(wrong_id(id)),
        };
        if namespace.is_empty() || name.is_empty() {
            return Err(wrong_id(id));
        }
        Ok(Self {
            name: name.to_owned(),
            settings: Settings { namespace: namespace.to_owned(), ..Settings::default() },
            repository_password: None,
            placement: clusters::imported(cluster),
            id: None,
            lifecycle: Lifecycle::default(),
        })
    }
}

fn wrong_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no release"),
        "The id of a release is CLUSTER/NAMESPACE/NAME, or NAMESPACE/NAME for the cluster of the \
         environment's kubeconfig.",
    )
}

impl HelmRelease {
    fn work<'a>(&'a self, call: &'a Call, connected: &'a Connected) -> Work<'a> {
        Work {
            connected,
            identity: Identity { name: &self.name, namespace: &self.settings.namespace },
            path: Path::root(),
            charts: &call.scope.charts,
            password: self.repository_password.as_deref(),
            claim: &call.claim,
            deadline: call.deadline,
            cancel: &call.cancel,
        }
    }

    fn import_id(&self) -> String {
        let cluster = self.placement.cluster.as_ref().map(|it| format!("{}/", it.name));
        format!("{}{}/{}", cluster.unwrap_or_default(), self.settings.namespace, self.name)
    }

    /// Brings this up to what the cluster has of it, by its revisions; false where it has no such
    /// release.
    async fn observe(
        &mut self,
        call: &Call,
        connected: &Connected,
        history: &[Release],
    ) -> Result<bool, Failure> {
        let mut memory = Memory::of(call)?;
        let key = memory.own_secret_key();
        let mut settings = self.settings.clone();
        let work = self.work(call, connected);
        let is_there = work.compare(history, &mut settings, memory.release(ONLY), &key).await?;
        self.settings = settings;
        self.id = is_there.then(|| self.import_id());
        memory.keep(call);
        Ok(is_there)
    }

    /// Installs or upgrades what is planned; this follows.
    async fn deploy(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        let connected = call.scope.cluster()?;
        let mut memory = Memory::of(call)?;
        let key = memory.own_secret_key();
        let mut settings = self.settings.clone();
        let work = plan.work(call, connected);
        let deployed = work.deploy(&plan.settings, &mut settings, memory.release(ONLY), &key).await;
        memory.keep(call);
        let id = settings.seen.revision.map(|_| plan.import_id());
        *self = Self { settings, id, ..plan.clone() };
        deployed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected: Option<(&str, &str, &str)>) {
        let imported = HelmRelease::import(id).ok();
        let found = imported.as_ref().map(|release| {
            let cluster = release.placement.cluster.as_ref().map_or("", |it| it.name.as_str());
            (cluster, release.settings.namespace.as_str(), release.name.as_str())
        });
        assert_eq!(found, expected, "{id}");
        if let Some(release) = &imported {
            assert_eq!(release.import_id(), id);
        }
    }

    #[test]
    fn an_id_names_cluster_namespace_and_release() {
        check("dev/shop/cart", Some(("dev", "shop", "cart")));
        check("shop/cart", Some(("", "shop", "cart")));
        check("cart", None);
        check("a/b/c/d", None);
        check("/shop/cart", None);
        check("dev//cart", None);
    }
}

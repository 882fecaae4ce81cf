//! `travel_manifests`: Kubernetes documents that are kept together.

mod applying;
mod containers;
mod immutable;
pub mod inventory;
mod memory;
mod observing;
mod planning;
mod removing;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use self::inventory::Inventory;
use self::observing::Standing;
use crate::clusters::{self, Placement};
use crate::documents::Documents;
use crate::ignored::Ignored;
use crate::platform::Kubernetes;
use crate::readiness::{Readiness, are_kinds};

type Call = travel_framework::Call<Kubernetes>;

/// Kubernetes documents, from YAML or HCL, that are kept together: made in the order they need each
/// other, shown in the plan field by field, and removed when they leave the configuration.
///
/// The plan needs no cluster, which may be made in the same apply; definitions of custom resources
/// may stand beside objects of their kinds. Every object bears the label
/// `applyset.kubernetes.io/part-of` of a Kubernetes ApplySet, whose parent, the ConfigMap
/// `travel-manifests.NAME` in `kube-system`, says of which kinds and in which namespaces they are.
/// So whatever was made is found again, also after an apply that was cut off, and kubectl lists it:
/// `kubectl get all -A -l applyset.kubernetes.io/part-of=ID`.
///
/// What is in the cluster already is not touched unless `adopt` says so, and never if it bears the
/// mark of a Helm release, of Argo CD or of another set. What others add to the objects is theirs.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_manifests",
    proof = tags,
    id = "id",
    key = "cluster.name/kubeconfig.context/name",
    identity("cluster.name", "name"),
    keeps(
        "namespaces and definitions of custom resources that hold what others have made, unless force_destroy is set"
    ),
    refresh = "1 to EKS where the cluster is named by reference; to the cluster 3 when it is first used, 1 + kinds of documents, and 1 for each document that is missing or looks changed"
)]
pub struct Manifests {
    /// The name of the set, which no other set of its cluster has.
    #[model(
        required,
        replace,
        pattern("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "lower-case letters, digits and hyphens")
    )]
    pub name: String,
    /// The cluster it is in.
    #[model(flatten)]
    pub placement: Placement,
    /// The namespace of documents that need one and name none. It is not made. Of custom resources
    /// whose definition is not in this set nobody knows in a plan whether they need one: name it in
    /// them.
    #[model(
        optional,
        default = "default",
        config_only,
        pattern(
            "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
            "a DNS label: up to 63 lower-case letters, digits and hyphens"
        )
    )]
    pub namespace: String,
    /// Documents in YAML, such as `[for path in fileset(path.module, "*.yaml") : file(path)]`; each
    /// text may hold several, separated by `---`. While one of them is not known, no document is.
    #[model(optional, config_only, not_imported)]
    pub yaml: Option<Vec<String>>,
    /// Documents as a list of objects of any shape, in which a field that is not known yet leaves
    /// all others known. Fields that are null are left out.
    #[model(optional, config_only, not_imported, rule = source::are_objects)]
    pub objects: Option<Value>,
    /// Documents in YAML of which plans show no value, for secrets outside of Secret objects.
    #[model(optional, config_only, not_imported, sensitive)]
    pub secret_yaml: Option<Vec<String>>,
    /// The version of Kubernetes that the documents are checked for. By default that of the cluster,
    /// which a plan knows only once the set is there: until then fields that no known version has
    /// are only warned of, since a newer one may have them.
    #[model(
        optional,
        config_only,
        pattern("^v?1\\.[0-9]+(\\.[0-9]+)?$", "a version such as 1.35")
    )]
    pub kube_version: Option<String>,
    /// Fields that others may change without it being drift, beside those that are known: the
    /// replicas of what an autoscaler of this set scales, certificate bundles and failure policies of
    /// webhooks, the weights of rollouts. Better still, leave such fields out of the document.
    #[model(optional, config_only)]
    pub ignore: Option<Vec<Ignored>>,
    /// Kinds, as `Kind` or `Kind.group`, whose objects are deleted and made anew where a field
    /// changes that cannot be changed in place, such as the template of a Job. The plan says of each
    /// that it will be. For other kinds the plan refuses such a change.
    #[model(optional, default, config_only, rule = are_kinds)]
    pub recreate: BTreeSet<String>,
    /// Whether objects are taken over that are there already and bear nobody's mark. They then belong
    /// to the set, and go with it.
    #[model(optional, default = false, config_only)]
    pub adopt: bool,
    /// Whether fields are taken that other programs have set since. Otherwise an apply fails where
    /// they have another value, and names field and program.
    #[model(optional, default = true, config_only)]
    pub force_conflicts: bool,
    /// What is waited for.
    #[model(flatten)]
    pub readiness: Readiness,
    /// Whether a namespace that goes takes along what others have in it, and a definition of custom
    /// resources everybody's objects of its kind. Otherwise it stays as long as there are any, with a
    /// warning that names them.
    #[model(optional, default = false, config_only)]
    pub force_destroy: bool,
    /// What the set consists of: for each document, as `apiVersion/kind/namespace/name`, its fields
    /// with their values. A plan refuses those that do not fit the schemas of Kubernetes' own kinds,
    /// or of the definitions in this set. Long values and definitions show as digest and size, secret
    /// ones as a code that tells only whether they change. A field that was changed in the cluster
    /// shows what it is there, and what is in the set without a document is shown to go.
    #[model(computed, volatile)]
    pub documents: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Whether everything that was applied became ready. False after an apply that ended before; the
    /// next one waits again.
    #[model(computed)]
    pub ready: Option<bool>,
    /// The id of the ApplySet, which the label `applyset.kubernetes.io/part-of` of its objects holds.
    #[model(computed)]
    pub applyset_id: Option<String>,
    /// What `terraform import` wants: `CLUSTER/NAME`, or `NAME` for the cluster of the environment's
    /// kubeconfig.
    #[model(computed)]
    pub id: Option<String>,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for Manifests {
    type Platform = Kubernetes;

    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

    fn validate(plan: &mut Plan<'_>) {
        clusters::validate(plan);
        planning::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        let standing = observing::observe(call, connected, state).await?;
        Ok(standing.map(|standing| state.standing(&standing)))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let connected = call.scope.young_cluster(call.deadline, &call.cancel).await?;
        let Some(standing) = observing::observe(call, connected, plan).await? else {
            return Ok(Vec::new());
        };
        let complete = standing.is_complete;
        let mark = inventory::mark_on(&standing.parent);
        let object = plan.standing(&standing);
        Ok(vec![Found { object, mark, complete, label: plan.import_id() }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.documents = None;
        state.ready = None;
        state.id = None;
        let nothing = state.clone();
        applying::bring(call, &nothing, plan, state).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        applying::bring(call, prior, plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(()) };
        removing::remove_all(call, connected, prior).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(connected) = &call.scope.connected else { return Ok(None) };
        let parent = state.inventory().parent(&connected.cluster).await?;
        Ok(parent.as_ref().and_then(inventory::mark_on))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (cluster, name) = match id.split('/').collect::<Vec<_>>()[..] {
            [cluster, name] if !cluster.is_empty() => (cluster, name),
            [name] => ("", name),
            _ => return Err(wrong_id(id)),
        };
        if name.is_empty() {
            return Err(wrong_id(id));
        }
        Ok(Self::named(name, clusters::imported(cluster)))
    }
}

fn wrong_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no set of manifests"),
        "The id of a set is CLUSTER/NAME, or NAME for the cluster of the environment's kubeconfig. \
         Objects that are in no set yet are taken over by a configuration with adopt = true.",
    )
}

impl Manifests {
    /// A set of which only name and place are known.
    fn named(name: &str, placement: Placement) -> Self {
        Self {
            name: name.to_owned(),
            placement,
            namespace: "default".to_owned(),
            yaml: None,
            objects: None,
            secret_yaml: None,
            kube_version: None,
            ignore: None,
            recreate: BTreeSet::new(),
            adopt: false,
            force_conflicts: true,
            readiness: Readiness::default(),
            force_destroy: false,
            documents: None,
            ready: None,
            applyset_id: None,
            id: None,
            lifecycle: Lifecycle::default(),
        }
    }

    fn inventory(&self) -> Inventory {
        Inventory::of(&self.name)
    }

    fn import_id(&self) -> String {
        let cluster = self.placement.cluster.as_ref().map(|it| format!("{}/", it.name));
        format!("{}{}", cluster.unwrap_or_default(), self.name)
    }

    /// This, as it stands in the cluster.
    fn standing(&self, standing: &Standing) -> Self {
        Self {
            documents: Some(standing.documents.clone()),
            ready: Some(standing.is_ready),
            applyset_id: Some(self.inventory().id()),
            id: Some(self.import_id()),
            ..self.clone()
        }
    }

    fn seen(&self) -> &Documents {
        static NOTHING: Documents = Documents::new();
        self.documents.as_ref().unwrap_or(&NOTHING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_cluster_and_set() {
        let check = |id: &str, expected: Option<(&str, &str)>| {
            let imported = Manifests::import(id).ok();
            let found = imported.as_ref().map(|set| {
                let cluster = set.placement.cluster.as_ref().map_or("", |it| it.name.as_str());
                (cluster, set.name.as_str())
            });
            assert_eq!(found, expected, "{id}");
            if let Some(set) = &imported {
                assert_eq!(set.import_id(), id);
            }
        };
        check("dev/base", Some(("dev", "base")));
        check("base", Some(("", "base")));
        check("", None);
        check("/base", None);
        check("dev/", None);
        check("a/b/c", None);
    }
}

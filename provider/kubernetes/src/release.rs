//! One release, on whichever page it stands: what a configuration says of it, how it is planned,
//! seen in the cluster, and changed there.

pub mod changing;
pub mod charts;
pub mod documents;
pub mod failure;
pub mod memory;
pub mod observing;
pub mod ownership;
pub mod planning;
pub mod repository;
pub mod template;
pub mod values;
pub mod verification;

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Model;
use travel_kube::drain::DrainKind;
use travel_value::Value;

use self::documents::is_definition;
use self::repository::ChartSource;
use crate::ignored::Ignored;
use crate::readiness::Readiness;
use crate::secrets::Secrets;

/// What is said of one release, and what it is.
///
/// Chart and values only say where the content comes from: what counts is `documents`,
/// `chart_digest` and `values_digest`, so that another way to the same content changes nothing.
#[derive(Clone, Debug, Model)]
pub struct Settings {
    /// Its chart.
    #[model(flatten)]
    pub source: ChartSource,
    /// The namespace of the release.
    #[model(
        optional,
        default = "default",
        replace,
        pattern(
            "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
            "a DNS label: up to 63 lower-case letters, digits and hyphens"
        )
    )]
    pub namespace: String,
    /// Whether the namespace is made if it is not there. It stays when the release goes.
    #[model(optional, default = false, config_only)]
    pub create_namespace: bool,
    /// Values for the chart, as an object of any shape. What is not known yet makes only those
    /// documents unknown that use it.
    #[model(optional, config_only, rule = values::is_map)]
    pub values: Option<Value>,
    /// Values that are secret, over all others. Plans hide them, and every field of a document that
    /// a text of them (of four letters or more) gets into, also in base64.
    #[model(optional, config_only, sensitive, rule = values::is_map)]
    pub secret_values: Option<Value>,
    /// Values in YAML, such as `[file("values.yaml")]`; later ones win, and `values` over all of
    /// them. What is not known of one of them makes all documents unknown.
    #[model(optional, config_only)]
    pub values_yaml: Option<Vec<String>>,
    /// The version of Kubernetes that the chart is told. By default that of the cluster, which a
    /// plan knows only once the release is there.
    #[model(
        optional,
        config_only,
        pattern("^v?1\\.[0-9]+(\\.[0-9]+)?$", "a version such as 1.35")
    )]
    pub kube_version: Option<String>,
    /// API versions (`group/version` or `group/version/Kind`) that the chart is told the cluster
    /// has, beside those it has when the release is made.
    #[model(optional, config_only)]
    pub api_versions: Option<BTreeSet<String>>,
    /// Whether the chart's definitions in `crds/` are left out. Otherwise they are made, and
    /// upgraded with the chart.
    #[model(optional, default = false, config_only)]
    pub skip_crds: bool,
    /// Kinds, such as `Service`, `PersistentVolumeClaim` or `NodePool.karpenter.sh`, whose objects
    /// are deleted in the whole cluster before the release goes, and awaited: what lets go of
    /// their load balancers, volumes and machines is in this release.
    #[model(optional, default, config_only, rule = are_drain_kinds)]
    pub drains: BTreeSet<String>,
    /// Fields that others may change without it being drift, beside those that are known: the
    /// replicas of what an autoscaler scales, certificate bundles and failure policies of
    /// webhooks, the weights of rollouts.
    #[model(optional, config_only)]
    pub ignore: Option<Vec<Ignored>>,
    /// Whether a failed upgrade is rolled back, and a failed install removed.
    #[model(optional, default = true, config_only)]
    pub rollback_on_failure: bool,
    /// What is waited for.
    #[model(flatten)]
    pub readiness: Readiness,
    /// Whether fields are taken that other programs have set since.
    #[model(optional, default = true, config_only)]
    pub force_conflicts: bool,
    /// How many revisions are kept; 0 keeps all.
    #[model(optional, default = 10, range(0, 1000), config_only)]
    pub history_limit: u32,
    /// What the release is.
    #[model(flatten)]
    pub seen: Seen,
}

/// What a release is: what only its rendering or the cluster can say of it.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Seen {
    /// What the release consists of: for each document, as `apiVersion/kind/namespace/name`, its
    /// fields with their values. A plan refuses those that do not fit the schemas of Kubernetes' own
    /// kinds, or of the definitions that come with this release or, in a stack, with those before
    /// it. Long values and definitions show as digest and size, secret ones
    /// as a code that tells only whether they change. A field that was changed in the cluster
    /// shows what it is there.
    #[model(computed, volatile)]
    pub documents: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// The digest of the chart's content; none of a revision that something else has made, of
    /// which nobody knows what chart it was made of.
    #[model(computed, volatile, not_imported)]
    pub chart_digest: Option<String>,
    /// The SHA-256 digest of the archive that the chart came in; none of a folder.
    #[model(computed, volatile, not_imported)]
    pub chart_archive_digest: Option<String>,
    /// The digest of what the registry had under the chart's tag; none of other places.
    #[model(computed, volatile, not_imported)]
    pub chart_manifest_digest: Option<String>,
    /// The version of the chart.
    #[model(computed, volatile)]
    pub chart_version: Option<String>,
    /// The version of what the chart installs.
    #[model(computed, volatile)]
    pub app_version: Option<String>,
    /// A code that tells only whether the values change.
    #[model(computed, volatile)]
    pub values_digest: Option<String>,
    /// The revision, as `helm history` counts.
    #[model(computed, volatile)]
    pub revision: Option<i64>,
    /// How the revision stands, as Helm says it: `deployed`, `failed`, `pending-upgrade`.
    #[model(computed)]
    pub release_status: Option<String>,
    /// When the first revision was made.
    #[model(computed)]
    pub first_deployed: Option<String>,
    /// When this revision was made.
    #[model(computed, volatile)]
    pub last_deployed: Option<String>,
}

/// What names a release in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            source: ChartSource::default(),
            namespace: "default".to_owned(),
            create_namespace: false,
            values: None,
            secret_values: None,
            values_yaml: None,
            kube_version: None,
            api_versions: None,
            skip_crds: false,
            drains: BTreeSet::new(),
            ignore: None,
            rollback_on_failure: true,
            readiness: Readiness::default(),
            force_conflicts: true,
            history_limit: 10,
            seen: Seen::default(),
        }
    }
}

impl Settings {
    /// The kinds to drain. What is no kind was refused when the configuration was checked.
    pub fn drain_kinds(&self) -> Vec<DrainKind> {
        self.drains.iter().filter_map(|kind| kind.parse().ok()).collect()
    }

    /// Whether the release is to become nothing but what it is.
    pub fn is_as(&self, planned: &Self) -> bool {
        let seen = self.seen_as(planned);
        self.namespace == planned.namespace && seen.effective() == planned.seen.effective()
    }

    /// What a configuration says, and what the cluster says as it stands here.
    #[must_use]
    pub fn configured_as(&self, planned: &Self) -> Self {
        Self { seen: self.seen_as(planned), ..planned.clone() }
    }

    /// What the release is in the view of a plan. Of one that was made by others nobody knows
    /// whether the chart's definitions were left out: where they are to be, they are none of it.
    fn seen_as(&self, planned: &Self) -> Seen {
        let mut seen = self.seen.clone();
        if planned.skip_crds
            && planned.seen.chart_digest.is_none()
            && let (Some(documents), Some(planned)) = (&mut seen.documents, &planned.seen.documents)
        {
            documents.retain(|name, _| !is_definition(name) || planned.contains_key(name));
        }
        seen
    }

    /// What plans hide.
    pub fn secrets(&self) -> Secrets {
        Secrets::of(self.secret_values.as_ref().unwrap_or(&Value::Null))
    }
}

impl Seen {
    /// The attributes that tell whether a release is what it is planned to be.
    pub const EFFECTIVE: [&'static str; 4] =
        ["documents", "chart_digest", "values_digest", "release_status"];

    /// The names of all attributes.
    pub fn names() -> Vec<String> {
        let attributes = <Self as travel_framework::model::Model>::block().attributes.into_iter();
        attributes.map(|attribute| attribute.name).collect()
    }

    fn effective(&self) -> Value {
        let seen = travel_framework::model::Model::to_value(self);
        Value::object(Self::EFFECTIVE.map(|name| (name, seen.get(name).clone())))
    }
}

fn are_drain_kinds(value: &Value) -> Result<(), String> {
    let kinds = value.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    for kind in kinds {
        kind.parse::<DrainKind>().map_err(|_| {
            format!(
                "kinds such as Service, PersistentVolumeClaim or NodePool.karpenter.sh, not {kind:?}"
            )
        })?;
    }
    Ok(())
}

//! The life of a release in a cluster: installed, upgraded, rolled back, uninstalled, as Helm 4 does it, and with
//! records that Helm itself goes on with.
//!
//! Beyond what Helm does, a chart's definitions of custom resources are upgraded, a release that a killed process left
//! pending is taken up again, and what earlier attempts made is pruned also where they failed.

mod capabilities;
mod definitions;
mod deploy;
mod error;
mod hooks;
mod objects;
mod prepare;
mod records;
mod run;
mod standing;
mod uninstall;
mod unwanted;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use travel_kube::Cluster;
use travel_kube::apply::Adopt;
use travel_kube::drain::DrainKind;
use travel_kube::ready::wait::Rules;

use crate::capabilities::Capabilities;
use crate::chart::Chart;
use crate::release::Release;
use crate::tree::TreeMap;

pub use capabilities::{ClusterLookup, capabilities};
pub use definitions::{definitions, recorded_definitions};
pub use deploy::{install, install_or_upgrade, rollback, upgrade};
pub use error::{ForeignObject, LifecycleError, Obstacle};
pub use objects::{ObjectError, marks, objects_of, objects_of_manifest};
pub use records::{current, history};
pub use uninstall::{Uninstalled, uninstall};

/// Which release in which cluster, and who waits for how long.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The namespace of the release and its record.
    pub namespace: &'a str,
    /// The name of the release.
    pub name: &'a str,
    /// How long an operation may take as a whole. A rollback after a failure has the same time again.
    pub timeout: Duration,
    /// Ends an operation at the next step, or at once while it waits.
    pub cancel: &'a CancellationToken,
    /// Hears in words what is done and waited for.
    pub progress: &'a (dyn Fn(&str) + Send + Sync),
}

/// What a release is to become.
#[derive(Clone)]
pub struct Wanted<'a> {
    /// The chart.
    pub chart: &'a Chart,
    /// The values beside the chart's own. Earlier revisions' values are not taken over.
    pub values: &'a TreeMap,
    /// Labels of the record's Secret beside Helm's own. They stay from revision to revision, also where real Helm
    /// makes one.
    pub labels: BTreeMap<String, String>,
    /// Whether a revision that is on its way was left by a process that has surely ended, by its record. Any other counts
    /// as left once it has not changed for as long as an operation may take.
    pub is_left_behind: &'a (dyn Fn(&Release) -> bool + Sync),
    /// Whether to make the namespace where it is not there. It stays when the release is uninstalled.
    pub create_namespace: bool,
    /// What to do with the chart's definitions in crds/.
    pub definitions: Definitions,
    /// What to do with objects that exist and bear no mark of this release.
    pub adopt: Adopt,
    /// What the chart is told of the cluster; none asks the cluster.
    pub capabilities: Option<Capabilities>,
    /// How to go about it.
    pub conduct: Conduct,
}

/// What to do with a chart's definitions of custom resources in crds/.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Definitions {
    /// Make those that are not there and bring the others to the chart's version. What another release or tool has
    /// marked as its own is left alone.
    #[default]
    Upgrade,
    /// Leave them out.
    Skip,
}

/// How an operation is gone about.
#[derive(Debug, Clone)]
pub struct Conduct {
    /// Whether to wait until the objects are ready. Hooks are waited for in any case.
    pub wait: bool,
    /// What counts as ready.
    pub rules: Rules,
    /// Whether to run hooks.
    pub run_hooks: bool,
    /// Whether to take fields that other managers hold.
    pub force_conflicts: bool,
    /// How many revisions are kept at most; 0 keeps all. The deployed one is kept in any case.
    pub history_limit: u32,
    /// Whether a failed upgrade is rolled back to the last revision that stood, and a failed install is uninstalled.
    pub rollback_on_failure: bool,
}

/// How a release is removed.
#[derive(Debug, Clone)]
pub struct Removal<'a> {
    /// Kinds whose objects are deleted and awaited in the whole cluster before anything else, while the release's
    /// controllers still do what their finalizers ask for.
    pub drains: &'a [DrainKind],
    /// Whether to run hooks.
    pub run_hooks: bool,
}

impl<'a> Wanted<'a> {
    /// A chart with values, and otherwise what Helm does by default.
    #[must_use]
    pub fn new(chart: &'a Chart, values: &'a TreeMap) -> Self {
        Wanted {
            chart,
            values,
            labels: BTreeMap::new(),
            is_left_behind: &|_| false,
            create_namespace: false,
            definitions: Definitions::default(),
            adopt: Adopt::Never,
            capabilities: None,
            conduct: Conduct::default(),
        }
    }
}

impl Default for Conduct {
    fn default() -> Self {
        Conduct {
            wait: true,
            rules: Rules::default(),
            run_hooks: true,
            force_conflicts: false,
            history_limit: 10,
            rollback_on_failure: false,
        }
    }
}

impl Default for Removal<'_> {
    fn default() -> Self {
        Removal { drains: &[], run_hooks: true }
    }
}

//! One chart's life in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use travel_acceptance::case::PROVIDER;
use travel_acceptance::cluster::kubectl;
use travel_acceptance::conformance::provider_start;
use travel_acceptance::core::{Change, Configuration, Core, State};
use travel_acceptance::sandbox::Sandbox;
use travel_acceptance::stage;
use travel_helm::{Document, Rendering, Tree, TreeMap, read_values};
use travel_value::Value;

use super::definitions::Definitions;
use super::{change, finalizers, find, leftovers};

/// The cluster.
pub const CLUSTER: &str = "upstream";
/// The namespace of the release.
pub const NAMESPACE: &str = "upstream";
/// The release.
pub const RELEASE: &str = "upstream";

/// What makes a class the one of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class=true";
/// What a chart for EKS cannot have a default for.
const ASKED: &str = "{clusterName: upstream, settings: {clusterName: upstream}}";

/// A sandbox with a cluster.
pub struct World {
    sandbox: Sandbox,
    core: Core,
    /// What is in the cluster without any of the charts.
    before: BTreeSet<String>,
    definitions: Definitions,
}

/// How far a chart came.
pub struct Report {
    /// The chart's folder.
    pub name: String,
    /// The steps that were tried: their names, and what went wrong.
    steps: Vec<(&'static str, Option<String>)>,
}

/// What a release is made with.
struct Wanted<'a> {
    chart: &'a Path,
    /// Values as YAML, the later over the earlier.
    values: Vec<String>,
    wait: bool,
}

impl Report {
    /// Whether a step failed. Not to become ready is none where no node can be simulated that far.
    pub fn has_failed(&self) -> bool {
        self.steps.iter().any(|(step, wrong)| *step != "ready" && wrong.is_some())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.name)?;
        for (step, wrong) in &self.steps {
            match wrong {
                None => write!(out, " {step}")?,
                Some(wrong) => write!(out, " NOT {step} ({wrong})")?,
            }
        }
        Ok(())
    }
}

impl World {
    /// Starts a sandbox with a cluster.
    ///
    /// # Errors
    /// As [`stage::start`], and where the cluster refuses a namespace.
    pub async fn start(definitions: Definitions) -> Result<Self> {
        let sandbox = stage::start(Some(CLUSTER)).await?;
        let core = Core::new(provider_start(sandbox.environment())?);
        definitions.make_namespaces(&sandbox.client()).await?;
        // EKS leaves it to its users which class their claims have by default.
        let default = ["annotate", "storageclass", "gp2", DEFAULT_CLASS].map(str::to_owned);
        kubectl(&sandbox.client(), CLUSTER, &default).await?;
        let before = leftovers::objects(&sandbox.client()).await?;
        Ok(Self { sandbox, core, before, definitions })
    }

    /// Plays a chart, as far as it goes, and leaves the cluster as it was.
    pub async fn play(&self, chart: &Path) -> Report {
        let mut steps = Vec::new();
        if let Err(error) = self.play_steps(chart, &mut steps).await {
            steps.push(("played", Some(short(&error))));
        }
        if let Err(error) = leftovers::sweep(&self.sandbox.client(), &self.before).await {
            steps.push(("swept", Some(short(&error))));
        }
        let name = chart.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Report { name, steps }
    }

    async fn play_steps(
        &self,
        chart: &Path,
        steps: &mut Vec<(&'static str, Option<String>)>,
    ) -> Result<()> {
        let mut note = |step: &'static str, result: &Result<()>| {
            steps.push((step, result.as_ref().err().map(short)));
        };
        let mut state = State::default();
        let mut tried = Vec::new();
        for (values, rendering) in renderable(chart)? {
            self.definitions.make_for(&rendering, &self.sandbox.client()).await?;
            let wanted = Wanted { chart, values: values.into_iter().collect(), wait: true };
            let plan = self.core.plan(&wanted.configuration()?, &state).await;
            let is_planned = plan.is_ok();
            tried.push((wanted, rendering, plan));
            if is_planned {
                break;
            }
        }
        // With none of its values: what is wrong with its defaults is told.
        let at = tried.iter().position(|(_, _, plan)| plan.is_ok()).unwrap_or_default();
        let (mut wanted, rendering, first) = tried.swap_remove(at);
        note("planned", &first.as_ref().map(drop).map_err(|error| anyhow::anyhow!("{error:#}")));
        let Ok(first) = first else { return Ok(()) };
        if rendering.manifests.iter().any(is_remote_api) {
            note("left out: the sandbox has no programs that could serve an API", &Ok(()));
            return Ok(());
        }
        let ready = self.core.carry_out(&wanted.configuration()?, &first, &mut state).await;
        note("ready", &ready);
        if ready.is_err() {
            wanted.wait = false;
        }
        let installed = self.bring(&wanted, &mut state).await;
        note("installed", &installed);
        if installed.is_ok()
            && let Some(other) = change::find(chart, &wanted.merged()?)
        {
            wanted.values.push(Tree::Map(other).to_json().to_string());
            note("upgraded", &self.bring(&wanted, &mut state).await);
        }
        let (configuration, client) = (wanted.configuration()?, self.sandbox.client());
        let removed = tokio::select! {
            removed = self.core.destroy(&configuration, &mut state) => removed,
            error = finalizers::take_off(&rendering, &client) => Err(error),
        };
        let left = leftovers::left(&client, &self.before, Some(&rendering)).await?;
        let gone = removed.and_then(|()| {
            ensure!(left.is_empty(), "there is still {}", left.join(", "));
            Ok(())
        });
        note("removed", &gone);
        Ok(())
    }

    /// Applies, after which a plan has nothing left to do.
    async fn bring(&self, wanted: &Wanted<'_>, state: &mut State) -> Result<()> {
        let configuration = wanted.configuration()?;
        self.core.apply(&configuration, state).await?;
        let again = self.core.plan(&configuration, state).await?;
        let summary = again.summary();
        let documents: Vec<String> = again.changes.values().flat_map(changed_documents).collect();
        ensure!(
            summary.is_empty(),
            "the plan after it has {:?}, of {}",
            summary.changes,
            documents.join(", ")
        );
        Ok(())
    }
}

impl Wanted<'_> {
    fn configuration(&self) -> Result<Configuration> {
        let Self { chart, wait, .. } = self;
        let text = format!(
            r#"{PROVIDER}
variable "values" {{ type = any }}

resource "travel_helm_release" "this" {{
  name             = "{RELEASE}"
  namespace        = "{NAMESPACE}"
  create_namespace = true
  cluster          = {{ name = "{CLUSTER}" }}
  chart            = "{}"
  values_yaml      = var.values
  wait             = {wait}

  timeouts {{
    create = "2m"
    update = "2m"
    delete = "3m"
  }}
}}
"#,
            chart.display()
        );
        let values = Value::List(self.values.iter().map(|it| it.as_str().into()).collect());
        Configuration::read(&text, BTreeMap::from([("values".to_owned(), values)]))
    }

    fn merged(&self) -> Result<TreeMap> {
        let mut merged = TreeMap::new();
        for text in &self.values {
            travel_helm::merge_values(&mut merged, read_values(text)?);
        }
        Ok(merged)
    }
}

/// Which documents a plan changes, and what of them before and after.
fn changed_documents(change: &Change) -> Vec<String> {
    let documents = |object: &Value| object.get("documents").entries().cloned().unwrap_or_default();
    let (prior, planned) = (documents(&change.prior), documents(&change.planned));
    let names: BTreeSet<&String> = prior.keys().chain(planned.keys()).collect();
    let differs = |name: &&&String| prior.get(**name) != planned.get(**name);
    let words = |name: &String| format!("{name}: {:?} to {:?}", prior.get(name), planned.get(name));
    names.iter().filter(differs).map(|name| words(name)).collect()
}

/// Whether a document has an API of the cluster served by a program in it.
fn is_remote_api(document: &Document) -> bool {
    document.kind() == "APIService"
        && document
            .tree()
            .is_ok_and(|tree| tree.path(&["spec", "service"]).is_some_and(|it| *it != Tree::Null))
}

/// The values that a chart can be rendered with, none for its defaults, and what it renders to; at least
/// one of them.
fn renderable(chart: &Path) -> Result<Vec<(Option<String>, Rendering)>> {
    let of_chart = find::cases(chart)?.into_iter().filter(|case| case.chart == chart);
    let files: Vec<Option<PathBuf>> = of_chart.map(|case| case.values).collect();
    let mut found = Vec::new();
    let texts = files.into_iter().map(|file| file.map(std::fs::read_to_string).transpose());
    for text in texts.chain([Ok(Some(ASKED.to_owned()))]) {
        let text = text?;
        let Ok(values) = read_values(text.as_deref().unwrap_or_default()) else { continue };
        if let Some(rendering) = change::rendered(chart, &values) {
            found.push((text, rendering));
        }
    }
    ensure!(
        !found.is_empty(),
        "it renders to something neither with its own values nor with the name of a cluster"
    );
    Ok(found)
}

/// An error in a line: of a long one its beginning, and the reason at its end.
fn short(error: &anyhow::Error) -> String {
    const PART: usize = 250;
    let text = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
    let count = text.chars().count();
    if count <= 2 * PART {
        return text;
    }
    let part = |skipped| text.chars().skip(skipped).take(PART).collect::<String>();
    format!("{} … {}", part(0), part(count - PART))
}

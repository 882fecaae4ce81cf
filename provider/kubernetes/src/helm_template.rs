//! `travel_helm_template`: what a chart renders to, without a cluster.

use std::collections::BTreeMap;

use async_trait::async_trait;
use travel_framework::data::DataSource;
use travel_framework::model::Model as _;
use travel_framework::{Call, Diagnostic, Failure, Model, Plan};
use travel_helm::chart::Loaded;
use travel_helm::{Document, KubeVersion};
use travel_value::{Path, Value};

use crate::platform::Kubernetes;
use crate::release::charts::{self, Wanted};
use crate::release::planning;
use crate::release::repository::ChartSource;
use crate::release::template::{Outcome, Told, template};
use crate::release::values::{self, Values};
use crate::secrets::Secrets;

/// What a chart renders to, as `helm template` prints it: to be applied by something else, or to
/// look at. No cluster is asked: `lookup` finds nothing, and templates are told of the version and
/// the APIs of Kubernetes that are named here.
///
/// To install a chart use `travel_helm_release` or `travel_helm_stack`, which plan it by field,
/// make up passwords and certificates once, and run hooks. A data source is read in each plan and
/// each apply: what a chart makes up is another each time, and a warning says of which templates.
/// The state keeps everything that is read, in the clear.
#[derive(Clone, Debug, Default, Model)]
pub struct HelmTemplate {
    /// The name of the release that templates are told.
    #[model(required, length(1, 53))]
    pub name: String,
    /// The namespace that templates are told.
    #[model(
        optional,
        default = "default",
        pattern(
            "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
            "a DNS label: up to 63 lower-case letters, digits and hyphens"
        )
    )]
    pub namespace: String,
    /// Its chart.
    #[model(flatten)]
    pub source: ChartSource,
    /// Values for the chart, as an object of any shape.
    #[model(optional, rule = values::is_map)]
    pub values: Option<Value>,
    /// Values that are secret, over all others. Documents that a text of them (of four letters or
    /// more) gets into, also in base64, are among `secret_manifests`. They stand in the state.
    #[model(optional, sensitive, rule = values::is_map)]
    pub secret_values: Option<Value>,
    /// Values in YAML, such as `[file("values.yaml")]`; later ones win, and `values` over all of
    /// them.
    #[model(optional)]
    pub values_yaml: Option<Vec<String>>,
    /// The version of Kubernetes that the chart is told. By default the one that Helm assumes.
    #[model(optional, pattern("^v?1\\.[0-9]+(\\.[0-9]+)?$", "a version such as 1.35"))]
    pub kube_version: Option<String>,
    /// API versions (`group/version` or `group/version/Kind`) that the chart is told the cluster
    /// has, beside those that Helm knows of.
    #[model(optional)]
    pub api_versions: Option<Vec<String>>,
    /// Whether the chart's definitions in `crds/` are left out.
    #[model(optional, default = false)]
    pub skip_crds: bool,
    /// Whether templates are told that there is an earlier revision of the release.
    #[model(optional, default = false)]
    pub is_upgrade: bool,
    /// Everything, as `helm template` prints it: definitions, documents and hooks.
    #[model(computed, sensitive)]
    pub manifest: Option<String>,
    /// The documents that hold no secrets, by the path of their template, such as
    /// `cart/templates/service.yaml`: definitions, but no hooks.
    #[model(computed)]
    pub manifests: Option<BTreeMap<String, String>>,
    /// The Secrets, and what else a text of `secret_values` gets into, by the path of their template.
    #[model(computed, sensitive)]
    pub secret_manifests: Option<BTreeMap<String, String>>,
    /// The hooks, tests among them, by the path of their template.
    #[model(computed, sensitive)]
    pub hooks: Option<BTreeMap<String, String>>,
    /// What the chart tells its user.
    #[model(computed, sensitive)]
    pub notes: Option<String>,
    /// The digest of the chart's content.
    #[model(computed)]
    pub chart_digest: Option<String>,
    /// The SHA-256 digest of the archive that the chart came in; none of a folder.
    #[model(computed)]
    pub chart_archive_digest: Option<String>,
    /// The digest of what the registry had under the chart's tag; none of other places.
    #[model(computed)]
    pub chart_manifest_digest: Option<String>,
    /// The version of the chart.
    #[model(computed)]
    pub chart_version: Option<String>,
    /// The version of what the chart installs.
    #[model(computed)]
    pub app_version: Option<String>,
}

#[async_trait]
impl DataSource for HelmTemplate {
    type Platform = Kubernetes;

    const TYPE_NAME: &'static str = "travel_helm_template";

    fn validate(plan: &mut Plan<'_>) {
        if !plan.config.get("repository_username").is_null() {
            plan.refuse(
                "repository_username",
                "a user without a password",
                "A password would stand in the state, which keeps all that data sources are told. \
                 Name the user and the password of this place in chart_registries of the provider.",
            );
        }
    }

    async fn read(&mut self, call: &Call<Kubernetes>) -> Result<(), Failure> {
        let object = self.to_value();
        let secrets = Secrets::of(object.get("secret_values"));
        tokio::select! {
            read = self.render(&object, &secrets, call) => {
                read.map_err(|failure| secrets.hidden_from_failure(failure))
            }
            () = call.cancel.cancelled() => Err(Failure::Interrupted),
        }
    }
}

impl HelmTemplate {
    async fn render(
        &mut self,
        object: &Value,
        secrets: &Secrets,
        call: &Call<Kubernetes>,
    ) -> Result<(), Failure> {
        let path = Path::root();
        planning::check_name(&self.name, &path.field("name"))?;
        let kube_version = match &self.kube_version {
            Some(version) => planning::kube_version(version, &path)?,
            None => KubeVersion::default(),
        };
        let Values::Given(values) = values::merged(object, &path)? else {
            return Err(undecided("values_yaml", "They are").into());
        };
        let charts = &call.scope.charts;
        let Wanted::Known(reference) = charts::wanted(object, &path, charts)? else {
            return Err(
                undecided("chart", "The provider's chart_mirror or chart_registries is").into()
            );
        };
        let Loaded { chart, warnings, origin } = charts.find(&reference, &path).await?;
        self.chart_digest = Some(charts::digest(&chart));
        self.chart_archive_digest = origin.archive_digest;
        self.chart_manifest_digest = origin.manifest_digest;
        self.chart_version = Some(chart.metadata.version.clone());
        self.app_version = Some(chart.metadata.app_version.clone()).filter(|it| !it.is_empty());
        let told = Told {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            is_upgrade: self.is_upgrade,
            kube_version,
            api_versions: self.api_versions.clone().unwrap_or_default(),
        };
        let rendered = tokio::task::spawn_blocking(move || template(&chart, &values, &told)).await;
        let outcome = match rendered.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(outcome) => outcome?,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => return Err(Failure::Interrupted),
        };
        for warning in warnings.iter().chain(&outcome.rendering.warnings) {
            let warning = Diagnostic::warning("the chart has something odd about it", warning);
            call.warn(secrets.hidden_from(warning.at(path.field("chart"))));
        }
        if !outcome.uncertain.is_empty() {
            call.warn(otherwise_each_time(&outcome).at(path.field("chart")));
        }
        self.tell(&outcome, secrets);
        Ok(())
    }

    /// Says what a chart renders to.
    fn tell(&mut self, Outcome { rendering, .. }: &Outcome, secrets: &Secrets) {
        let mut manifests = BTreeMap::new();
        let mut secret_manifests = BTreeMap::new();
        let mut hooks = BTreeMap::new();
        if !self.skip_crds {
            for (path, file) in rendering.custom_resource_definitions() {
                add(&mut manifests, &path, &String::from_utf8_lossy(&file.data));
            }
        }
        for document in &rendering.manifests {
            let is_secret = document.kind() == "Secret" || secrets.are_in(&document.content);
            let into = if is_secret { &mut secret_manifests } else { &mut manifests };
            add(into, &document.path, &document.content);
        }
        for Document { path, content, .. } in rendering.hooks.iter().map(|hook| &hook.document) {
            add(&mut hooks, path, content);
        }
        self.manifest = Some(rendering.template_output(!self.skip_crds));
        self.notes = Some(rendering.notes.clone());
        self.manifests = Some(manifests);
        self.secret_manifests = Some(secret_manifests);
        self.hooks = Some(hooks);
    }
}

/// Adds a document to those of its template.
fn add(documents: &mut BTreeMap<String, String>, path: &str, content: &str) {
    let text = documents.entry(path.to_owned()).or_default();
    text.push_str("---\n");
    text.push_str(content.trim_end());
    text.push('\n');
}

fn otherwise_each_time(outcome: &Outcome) -> Diagnostic {
    let templates: Vec<&str> = outcome.uncertain.iter().map(String::as_str).collect();
    Diagnostic::warning(
        "the chart renders otherwise each time",
        format!(
            "Some of it is made up anew (random values, certificates, the time), or is for a \
             cluster to say, and none is asked here: {}. Set the values that it is made up in place \
             of, or install the chart with travel_helm_release, which keeps what was made up.",
            templates.join(", ")
        ),
    )
}

fn undecided(attribute: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{attribute} is not known yet"),
        format!(
            "{what} decided by what is made in the same apply. Write a value that is known, or \
             apply first what it comes from (-target)."
        ),
    )
    .at_attribute(attribute)
}

#[cfg(test)]
mod tests;

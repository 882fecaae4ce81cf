//! A chart rendered for whoever wants to see it, with no cluster behind it: what `helm template`
//! prints.

use std::collections::BTreeSet;

use travel_framework::Diagnostic;
use travel_helm::chart::Chart;
use travel_helm::{
    Capabilities, Document, KubeVersion, ReleaseContext, RenderOptions, Rendering, TreeMap, render,
};
use travel_value::Path;

use super::planning;

/// What templates are told beside the values.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The name of the release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether there is an earlier revision.
    pub is_upgrade: bool,
    /// The version of Kubernetes.
    pub kube_version: KubeVersion,
    /// The API versions that there are beside those that Helm knows of.
    pub api_versions: Vec<String>,
}

/// What a chart renders to.
#[derive(Debug)]
pub struct Outcome {
    /// The documents.
    pub rendering: Rendering,
    /// What is otherwise another time, or in a cluster that answers: templates, or what about them.
    pub uncertain: BTreeSet<String>,
}

/// Renders a chart.
///
/// # Errors
/// Why it cannot be rendered, at the attribute that it is about; may quote the values.
pub fn template(chart: &Chart, values: &TreeMap, told: &Told) -> Result<Outcome, Diagnostic> {
    let Told { name, namespace, is_upgrade, kube_version, api_versions } = told;
    let declared = Capabilities::declared(kube_version.clone(), api_versions.iter().cloned());
    let options = |planning| RenderOptions {
        release: ReleaseContext {
            name: name.clone(),
            namespace: namespace.clone(),
            // Helm counts no further where it only renders.
            revision: 1,
            is_upgrade: *is_upgrade,
        },
        capabilities: Capabilities { api_versions_complete: true, ..declared.clone() },
        lookup: None,
        planning,
        skip_schema_validation: false,
    };
    let rendered = |planning| {
        render(chart.clone(), values, &options(planning))
            .map_err(|error| planning::refusal(&error, &Path::root()))
    };
    // A plan is the one who tells what is made up.
    let planned = rendered(true)?;
    let mut uncertain: BTreeSet<String> = documents(&planned)
        .filter(|document| document.unknown)
        .map(|document| document.path.clone())
        .collect();
    uncertain.extend(planned.unknown.clone());
    let rendering = if uncertain.is_empty() { planned } else { rendered(false)? };
    Ok(Outcome { rendering, uncertain })
}

/// All documents of a rendering, with hooks.
fn documents(rendering: &Rendering) -> impl Iterator<Item = &Document> {
    rendering.manifests.iter().chain(rendering.hooks.iter().map(|hook| &hook.document))
}

//! Renders a chart: from its templates and a user's values to the documents of a release.

mod context;

use std::borrow::Cow;
use std::rc::Rc;

use crate::bounds::{self, Bounds};
use crate::capabilities::Capabilities;
use crate::chart::dependencies::{self, Notes};
use crate::chart::schema::{self, SchemaError};
use crate::chart::values::{Coalescer, Mode, ValuesError};
use crate::chart::{Chart, File};
use crate::documents::{Document, DocumentError, Documents, Hook};
use crate::executor::{Executor, Lookup, Scope};
use crate::functions::path_base;
use crate::semver::is_compatible;
use crate::template;
use crate::tree::TreeMap;
use crate::value::Text;

/// A release has no longer name.
const LONGEST_RELEASE_NAME: usize = 53;
const NOTES: &str = "NOTES.txt";

/// What templates are told of the release they render.
#[derive(Debug, Clone)]
pub struct ReleaseContext {
    /// The name of the release.
    pub name: String,
    /// The namespace of the release.
    pub namespace: String,
    /// The revision that is made, counted from one.
    pub revision: u64,
    /// Whether there is an earlier revision that is replaced.
    pub is_upgrade: bool,
}

/// How a chart is rendered.
#[derive(Clone)]
pub struct RenderOptions<'a> {
    /// The release.
    pub release: ReleaseContext,
    /// What is known of the cluster.
    pub capabilities: Capabilities,
    /// The cluster, for templates that look into it. Without one there is nothing in it.
    pub lookup: Option<&'a dyn Lookup>,
    /// Whether to plan: values may then be unknown, and what an apply could find otherwise (random values, the time, the
    /// cluster, capabilities nobody declared) is unknown as well.
    pub planning: bool,
    /// Whether to leave out checking values against the chart's schema.
    pub skip_schema_validation: bool,
}

/// What a chart renders to.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The chart with its subcharts chosen and their values imported, as a release records it.
    pub chart: Chart,
    /// The documents, in the order in which they are installed.
    pub manifests: Vec<Document>,
    /// The hooks, in the order of their kinds.
    pub hooks: Vec<Hook>,
    /// What the chart tells its user.
    pub notes: String,
    /// In a plan, why it is not known which documents there are, if it is not.
    pub unknown: Option<String>,
    /// What Helm would warn of.
    pub warnings: Vec<String>,
}

/// Why a chart cannot be rendered, in Helm's words.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A library, or something else that is not to be installed.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// Chart.yaml names subcharts that are not there.
    #[error(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch \
         missing dependencies: found in Chart.yaml, but missing in charts/ directory: {0}"
    )]
    MissingDependencies(String),
    /// A release cannot be called so.
    #[error(
        "release name check failed: release name {0:?}: invalid release name, must match regex \
         ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    )]
    ReleaseName(String),
    /// A release without a name.
    #[error("release name check failed: no name provided")]
    NoReleaseName,
    /// The values of subcharts cannot be brought together with those of their parent.
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(#[source] ValuesError),
    /// The values cannot be brought together.
    #[error(transparent)]
    Values(ValuesError),
    /// The values are not what the chart accepts.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The cluster is not what the chart is for.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}")]
    KubeVersion {
        /// The versions the chart is for.
        wanted: String,
        /// The version of the cluster.
        found: String,
    },
    /// A template failed.
    #[error("{0}")]
    Template(String),
    /// A document cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no thread to render on.
    #[error("cannot start rendering: {0}")]
    Thread(#[source] std::io::Error),
}

impl RenderError {
    /// Whether the error arose from the templates, so that Helm could show what they rendered to.
    #[must_use]
    pub fn is_of_templates(&self) -> bool {
        matches!(
            self,
            RenderError::KubeVersion { .. } | RenderError::Template(_) | RenderError::Document(_)
        )
    }
}

/// Renders a chart with a user's values, which in a plan may hold unknown leaves.
///
/// # Errors
/// Why the chart cannot be rendered.
pub fn render(
    chart: Chart,
    values: &TreeMap,
    options: &RenderOptions<'_>,
) -> Result<Rendering, RenderError> {
    render_within(chart, values, options, Bounds::default())
}

/// Renders a chart that may take more or less than others.
///
/// # Errors
/// Why the chart cannot be rendered.
pub fn render_within(
    chart: Chart,
    values: &TreeMap,
    options: &RenderOptions<'_>,
    bounds: Bounds,
) -> Result<Rendering, RenderError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("helm-render".to_owned())
            .stack_size(bounds.stack_bytes);
        let handle = thread
            .spawn_scoped(scope, || {
                bounds::start(bounds);
                render_here(chart, values, options)
            })
            .map_err(RenderError::Thread)?;
        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn render_here(
    mut chart: Chart,
    values: &TreeMap,
    options: &RenderOptions<'_>,
) -> Result<Rendering, RenderError> {
    check_installable(&chart)?;
    check_release_name(&options.release.name)?;
    let mut notes = Notes::default();
    match dependencies::process(&mut chart, values, &mut notes) {
        Ok(()) => {}
        Err(ValuesError::Unknown(name)) if options.planning => {
            return Ok(unknown_rendering(chart, notes, &name));
        }
        Err(error) => return Err(RenderError::Dependencies(error)),
    }
    let mut coalescer = Coalescer { mode: Mode::Coalesce, warnings: &mut notes.warnings };
    let coalesced = coalescer.coalesce(&chart, values.clone()).map_err(RenderError::Values)?;
    if !options.skip_schema_validation {
        schema::validate(&chart, &coalesced, &mut notes.warnings)?;
    }
    check_kube_version(&chart, options)?;
    let rendered = render_templates(&chart, &coalesced, options)?;
    let notes_path = format!("{}/templates/{NOTES}", chart.name());
    let notes_text = rendered.iter().find(|(path, _)| *path == notes_path);
    let notes_text =
        notes_text.map(|(_, text)| text.without_marks().as_str().into_owned()).unwrap_or_default();
    let files = rendered.into_iter().filter(|(path, _)| !path.ends_with(NOTES)).collect();
    let documents = Documents::read(files, options.planning)?;
    // What stopped where it could not fail has left something out.
    if bounds::is_exhausted() {
        return Err(RenderError::Template(bounds::TOO_MUCH.to_owned()));
    }
    let unknown_condition = notes
        .unknown
        .first()
        .map(|path| format!("{path} is not known, which decides on a subchart"));
    Ok(Rendering {
        chart,
        manifests: documents.manifests,
        hooks: documents.hooks,
        notes: notes_text,
        unknown: unknown_condition.or(documents.unknown),
        warnings: notes.warnings,
    })
}

fn unknown_rendering(chart: Chart, notes: Notes, name: &str) -> Rendering {
    Rendering {
        chart,
        manifests: Vec::new(),
        hooks: Vec::new(),
        notes: String::new(),
        unknown: Some(format!("the values of the subchart {name} are not known")),
        warnings: notes.warnings,
    }
}

fn check_installable(chart: &Chart) -> Result<(), RenderError> {
    if !matches!(chart.metadata.kind.as_str(), "" | "application") {
        return Err(RenderError::NotInstallable(chart.metadata.kind.clone()));
    }
    let missing = dependencies::missing(chart);
    if !missing.is_empty() {
        return Err(RenderError::MissingDependencies(missing.join(", ")));
    }
    Ok(())
}

/// Checks a name against the rules for releases.
///
/// # Errors
/// The name is empty, too long, or no DNS name.
pub fn check_release_name(name: &str) -> Result<(), RenderError> {
    if name.is_empty() {
        return Err(RenderError::NoReleaseName);
    }
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = |byte: Option<&u8>| byte.is_some_and(|byte| inner(*byte));
        let bytes = label.as_bytes();
        ends(bytes.first())
            && ends(bytes.last())
            && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    };
    if name.len() > LONGEST_RELEASE_NAME || !name.split('.').all(is_label) {
        return Err(RenderError::ReleaseName(name.to_owned()));
    }
    Ok(())
}

fn check_kube_version(chart: &Chart, options: &RenderOptions<'_>) -> Result<(), RenderError> {
    let wanted = &chart.metadata.kube_version;
    let version = &options.capabilities.kube_version;
    // In a plan without a version nothing is wrong yet.
    let assumed = options.planning && !options.capabilities.kube_version_declared;
    if wanted.is_empty() || assumed || is_compatible(wanted, &version.normalized) {
        return Ok(());
    }
    Err(RenderError::KubeVersion { wanted: wanted.clone(), found: version.version.clone() })
}

/// Renders all templates but partial ones, each under its path.
fn render_templates(
    chart: &Chart,
    values: &TreeMap,
    options: &RenderOptions<'_>,
) -> Result<Vec<(String, Text)>, RenderError> {
    let mut sources = context::sources(chart, values, options);
    // The deepest paths come first, so that what is defined further up replaces what is defined below.
    let depth = |path: &str| path.matches('/').count();
    sources.sort_by(|left, right| {
        (depth(&right.path), &right.path).cmp(&(depth(&left.path), &left.path))
    });
    let scope = Scope::new();
    for source in &sources {
        let templates = template::parse(&source.path, &source.text)
            .map_err(|error| RenderError::Template(parse_report(&error.to_string())))?;
        for template in templates {
            scope.add(Rc::new(template));
        }
    }
    let mut executor = Executor::new(scope, options.lookup, options.planning);
    let mut rendered = Vec::new();
    for source in &sources {
        if path_base(&source.path).starts_with('_') {
            continue;
        }
        let data = source.data();
        let text = executor
            .render(&source.path, &data)
            .map_err(|failure| RenderError::Template(failure.report()))?;
        rendered.push((source.path.clone(), text));
    }
    Ok(rendered)
}

/// An error of the parser as Helm prints it: the place, and what follows the last colon.
fn parse_report(error: &str) -> String {
    let parts: Vec<&str> = error.split(": ").collect();
    match parts[..] {
        [_, location, .., message] => format!("parse error at ({location}): {message}"),
        _ => format!("parse error in: {error}"),
    }
}

impl Rendering {
    /// The files with definitions of custom resources: their paths and contents.
    #[must_use]
    pub fn custom_resource_definitions(&self) -> Vec<(String, &File)> {
        self.chart.custom_resource_definitions()
    }

    /// The text a release records as its manifest: every document with the template it comes from.
    #[must_use]
    pub fn manifest(&self, include_definitions: bool) -> String {
        self.sources(include_definitions).iter().map(|(path, text)| source(path, text)).collect()
    }

    /// The documents of the manifest, each with the template it comes from.
    fn sources(&self, include_definitions: bool) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let definitions =
            if include_definitions { self.custom_resource_definitions() } else { Vec::new() };
        let definitions = definitions
            .into_iter()
            .map(|(path, file)| (path.into(), String::from_utf8_lossy(&file.data)));
        let manifests =
            self.manifests.iter().map(|it| (it.path.as_str().into(), it.content.as_str().into()));
        definitions.chain(manifests).collect()
    }

    /// What `helm template` prints: the manifest without blanks at its ends, then the hooks.
    #[must_use]
    pub fn template_output(&self, include_definitions: bool) -> String {
        self.template_parts(include_definitions).collect()
    }

    /// What `helm template` prints, in parts, so that it need not be held as a whole.
    pub fn template_parts(&self, include_definitions: bool) -> impl Iterator<Item = String> {
        let sources = self.sources(include_definitions);
        let nothing = sources.is_empty().then(|| "\n".to_owned());
        let last = sources.len().saturating_sub(1);
        let manifests = sources.into_iter().enumerate().map(move |(index, (path, text))| {
            let source = source(&path, &text);
            if index == last { format!("{}\n", source.trim_end()) } else { source }
        });
        let hooks = self.hooks.iter().map(|hook| &hook.document);
        let hooks = hooks.map(|document| source(&document.path, &document.content));
        nothing.into_iter().chain(manifests).chain(hooks)
    }
}

/// A document with the template it comes from.
fn source(path: &str, content: &str) -> String {
    format!("---\n# Source: {path}\n{content}\n")
}

#[cfg(test)]
mod tests;

//! Planning a release: its chart rendered, as far as everything is known that it is rendered from.
//! A pure function of what a plan is given.

use std::collections::BTreeSet;

use travel_framework::{Diagnostic, Diagnostics};
use travel_helm::chart::{Chart, Loaded, Origin};
use travel_helm::lifecycle;
use travel_helm::{
    Capabilities, KubeVersion, ReleaseContext, RenderError, RenderOptions, TreeMap, render,
};
use travel_kube::Document;
use travel_kube::schema::Schemas;
use travel_value::{Path, Value};

use super::charts::{self, Charts, Wanted};
use super::documents;
use super::memory::ReleaseMemory;
use super::values::{self, Values};
use super::{Identity, Seen, failure, repository};
use crate::checking::Check;
use crate::documents::{Documents, documents_value, seen};
use crate::secrets::{SecretKey, Secrets};

/// What is known of a release when it is planned.
pub struct Question<'a> {
    /// The release as planned so far: configuration and defaults.
    pub planned: &'a Value,
    /// The password of the chart's repository, which stands in no plan.
    pub password: Value,
    /// The release as it was; null where it is to be made.
    pub prior: &'a Value,
    /// Its name; none while it is not known.
    pub name: Option<&'a str>,
    /// Where its name stands in the configuration.
    pub name_path: Path,
    /// Where it stands in the configuration.
    pub path: Path,
    /// Where charts come from.
    pub charts: &'a Charts,
    /// What is remembered of it.
    pub memory: Option<&'a ReleaseMemory>,
    /// The key under which secret values are told apart; none before there is one.
    pub key: Option<&'a SecretKey>,
    /// What will be there when it is made.
    pub brought: &'a Brought,
}

/// What releases bring to a cluster for those that come after them.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// API versions that their definitions bring about.
    pub api_versions: Vec<String>,
    /// The schemas of the kinds that they define.
    pub schemas: Schemas,
}

/// What a plan says of a release beyond the configuration.
#[derive(Debug, Default)]
pub struct Answer {
    /// The computed attributes that are decided here.
    pub attributes: Vec<(&'static str, Value)>,
    /// What it brings to the cluster.
    pub brought: Brought,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// The computed attributes that a plan decides.
const DECIDED: [&str; 7] = [
    "documents",
    "chart_digest",
    "chart_archive_digest",
    "chart_manifest_digest",
    "chart_version",
    "app_version",
    "values_digest",
];
/// What a cluster of any supported version of Kubernetes serves.
const ALWAYS_SERVED: [&str; 18] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "certificates.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "storage.k8s.io/v1",
];

impl Brought {
    /// Adds what another release brings.
    pub fn extend(&mut self, other: &Self) {
        self.api_versions.extend_from_slice(&other.api_versions);
        self.schemas.extend(&other.schemas);
    }
}

/// Plans a release.
pub fn plan(question: &Question<'_>) -> Answer {
    let mut answer = Answer::default();
    answer.attributes.push(("release_status", "deployed".into()));
    match decide(question, &mut answer) {
        Ok(true) => {}
        Ok(false) => {
            answer.attributes.extend(DECIDED.map(|name| (name, Value::unknown())));
        }
        Err(error) => answer.diagnostics.push(error),
    }
    // A chart may well quote its values where it fails or warns.
    let secrets = Secrets::of(question.planned.get("secret_values"));
    let said = std::mem::take(&mut answer.diagnostics);
    answer.diagnostics.extend(said.into_iter().map(|it| secrets.hidden_from(it)));
    answer
}

/// Decides what is known of the chart, its values and its documents; false where it is not even
/// known which chart it is, or how it is called.
fn decide(question: &Question<'_>, answer: &mut Answer) -> Result<bool, Diagnostic> {
    let Question { planned, path, name, .. } = question;
    if let Some(name) = name {
        check_name(name, &question.name_path)?;
    }
    // Values are checked whatever else is known.
    let values = values::merged(planned, path)?;
    let named = repository::with_password(planned, question.password.clone());
    let Wanted::Known(reference) = charts::wanted(&named, path, question.charts)? else {
        return Ok(false);
    };
    let Loaded { chart, warnings, origin } = question.charts.find_now(&reference, path)?;
    warn(answer, path, warnings);
    let namespace = planned.get("namespace").as_str().unwrap_or("default");
    let definitions = match planned.get("skip_crds").as_bool() {
        Some(false) => lifecycle::definitions(&chart, values.given(), namespace)
            .map_err(|obstacle| failure::of_definitions(&obstacle, path))?,
        _ => Vec::new(),
    };
    answer.brought.api_versions =
        travel_helm::defined_api_versions(&definitions).into_iter().collect();
    answer.brought.schemas.add_definitions(&definitions);
    let settled = ["namespace", "kube_version", "api_versions", "skip_crds"];
    let is_settled = settled.iter().all(|name| planned.get(name).is_wholly_known());
    let (Some(name), true) = (name, is_settled) else { return Ok(false) };
    let identity = Identity { name, namespace };
    let digest = charts::digest(&chart);
    let version = chart.metadata.version.clone();
    let app_version = Some(chart.metadata.app_version.clone()).filter(|it| !it.is_empty());
    if !reference.is_local() {
        answer.diagnostics.extend(changed_content(question.prior, &chart, &digest, &origin, path));
    }
    let left_out = left_out(planned, &chart, namespace);
    let chart = OwnChart { chart, digest: &digest, definitions: &definitions, left_out: &left_out };
    let documents = documents(question, answer, identity, chart, &values)?;
    let known_values = values.wholly_known();
    let values_digest = question.key.zip(known_values).map(|(key, values)| code(key, values));
    let digest = digest_to_plan(question.prior, &left_out, &version, &digest, &documents);
    // Of a release that is left to those who made it nobody says what it came in.
    let came_in =
        |it: Option<String>| it.filter(|_| !digest.is_null()).map_or(Value::Null, Into::into);
    answer.attributes.extend([
        ("documents", documents),
        ("chart_archive_digest", came_in(origin.archive_digest)),
        ("chart_manifest_digest", came_in(origin.manifest_digest)),
        ("chart_digest", digest),
        ("chart_version", version.into()),
        ("app_version", app_version.map_or(Value::Null, Into::into)),
        ("values_digest", values_digest.map_or_else(Value::unknown, Into::into)),
    ]);
    Ok(true)
}

/// What is to be said of a chart that was published anew under the version it had before.
fn changed_content(
    prior: &Value,
    chart: &Chart,
    digest: &str,
    origin: &Origin,
    path: &Path,
) -> Option<Diagnostic> {
    let (name, version) = (&chart.metadata.name, chart.metadata.version.as_str());
    let before = prior.get("chart_digest").as_str()?;
    if before == digest || prior.get("chart_version").as_str() != Some(version) {
        return None;
    }
    let came_in = |attribute: &str, what: &str, now: &Option<String>| {
        let before = prior.get(attribute).as_str().unwrap_or("not recorded");
        let now = now.as_deref().filter(|now| *now != before)?;
        Some(format!(" The {what} was {before}, and is {now} now."))
    };
    let archive = came_in("chart_archive_digest", "archive", &origin.archive_digest);
    let manifest = came_in("chart_manifest_digest", "manifest", &origin.manifest_digest);
    let digests = archive.unwrap_or_default() + &manifest.unwrap_or_default();
    let warning = Diagnostic::warning(
        format!("the chart {name} {version} is not the one that was deployed"),
        format!(
            "Its content has changed, and its version has not: somebody has published another one \
             under it.{digests} See what changes in documents before this is applied. In a registry \
             a digest names a chart that nobody can exchange: oci://HOST/PATH@sha256:DIGEST."
        ),
    );
    Some(warning.at(path.field("chart")))
}

/// The code of a release's values.
pub fn code(key: &SecretKey, values: &TreeMap) -> String {
    key.code(&charts::canonical_values(values))
}

/// A code of everything that the documents of a release are made of.
pub fn inputs(
    key: &SecretKey,
    planned: &Value,
    identity: Identity<'_>,
    digest: &str,
    values: &TreeMap,
    memory: &ReleaseMemory,
) -> String {
    let ReleaseMemory { kube_version, api_versions, .. } = memory;
    let parts = serde_json::json!([
        identity.name,
        identity.namespace,
        digest,
        charts::canonical_values(values),
        kube_version,
        api_versions,
        planned.get("skip_crds").as_bool(),
    ]);
    key.code(&parts.to_string())
}

/// The chart of a release, with what was found out of it.
struct OwnChart<'a> {
    chart: Chart,
    digest: &'a str,
    /// The definitions in its `crds/` and those of its subcharts that are made.
    definitions: &'a [Document],
    /// The names of those in its `crds/` that are left out.
    left_out: &'a BTreeSet<String>,
}

/// The names of the definitions in a chart's `crds/` that the configuration leaves out. One that
/// cannot be read is in no record either.
fn left_out(planned: &Value, chart: &Chart, namespace: &str) -> BTreeSet<String> {
    if planned.get("skip_crds").as_bool() != Some(true) {
        return BTreeSet::new();
    }
    let definitions = lifecycle::definitions(chart, None, namespace).unwrap_or_default();
    definitions.iter().map(|definition| definition.key().to_string()).collect()
}

fn documents(
    question: &Question<'_>,
    answer: &mut Answer,
    identity: Identity<'_>,
    OwnChart { chart, digest, definitions, left_out }: OwnChart<'_>,
    values: &Values,
) -> Result<Value, Diagnostic> {
    let Some(values_given) = values.given() else { return Ok(Value::unknown()) };
    let Question { planned, prior, path, memory, key, .. } = question;
    let told = told(planned, *memory);
    // Where everything is as it was, so is the outcome, also of what a chart makes up anew each
    // time; and a chart may render otherwise when it is upgraded.
    if let (Some(known), Some(key), Some(memory)) = (values.wholly_known(), key, &told)
        && !memory.inputs.is_empty()
        && inputs(key, planned, identity, digest, known, memory) == memory.inputs
        && let Some(seen) = seen(prior)
    {
        return Ok(documents_value(&documents::restored(&seen, &memory.drifted)));
    }
    let version = chart.metadata.version.clone();
    let capabilities = capabilities(question, told.as_ref(), definitions)?;
    let declared = capabilities.kube_version_declared.then(|| capabilities.kube_version.clone());
    let options = RenderOptions {
        release: release_context(identity, prior),
        capabilities,
        lookup: None,
        planning: true,
        skip_schema_validation: false,
    };
    let rendering = render(chart, values_given, &options).map_err(|error| refusal(&error, path))?;
    let objects = documents::rendered(&rendering, definitions, identity.namespace);
    let objects = objects.map_err(|error| {
        Diagnostic::error(
            "the chart does not render to Kubernetes objects",
            format!("{}.", travel_kube::error::chain(&error)),
        )
        .at(path.field("chart"))
    })?;
    warn(answer, path, rendering.warnings);
    let Some(objects) = objects else { return Ok(Value::unknown()) };
    let secrets = Secrets::of(planned.get("secret_values"));
    let known = objects.iter().filter(|it| it.is_known).map(|it| &it.object);
    answer.brought.schemas.add_definitions(known.clone());
    let found = documents::planned(&objects, *key, &secrets);
    let is_known_alike = is_made_by_others(prior)
        && prior.get("chart_version").as_str() == Some(version.as_str())
        && values.wholly_known().zip(*key).is_some_and(|(values, key)| {
            prior.get("values_digest").as_str() == Some(code(key, values).as_str())
        });
    if is_known_alike && let Some(seen) = seen_without(prior, left_out) {
        let drifted = memory.map(|memory| memory.drifted.clone()).unwrap_or_default();
        let restored = documents::restored(&seen, &drifted);
        if found.may_be(&restored) {
            return Ok(documents_value(&restored));
        }
    }
    let mut schemas = question.brought.schemas.clone();
    schemas.extend(&answer.brought.schemas);
    let check = Check {
        schemas: &schemas,
        kube_version: declared.as_ref(),
        secrets: &secrets,
        remedy: "Correct the values, or the chart.",
    };
    let wrong = check.diagnostics(known).into_iter();
    answer.diagnostics.extend(wrong.map(|diagnostic| diagnostic.at(path.clone())));
    Ok((&found).into())
}

fn release_context(identity: Identity<'_>, prior: &Value) -> ReleaseContext {
    let is_upgrade = is_upgrade(prior);
    let revision = prior.get("revision").as_number().and_then(|it| it.as_i64()).unwrap_or(0);
    ReleaseContext {
        name: identity.name.to_owned(),
        namespace: identity.namespace.to_owned(),
        revision: if is_upgrade { revision.unsigned_abs() + 1 } else { 1 },
        is_upgrade,
    }
}

/// Whether a release is there of which nobody here knows what chart it was made of.
fn is_made_by_others(prior: &Value) -> bool {
    !prior.is_null() && prior.get("chart_digest").is_null()
}

/// Whether a release that is there is upgraded, and not installed once more.
pub fn is_upgrade(prior: &Value) -> bool {
    let revision = prior.get("revision").as_number().and_then(|it| it.as_i64());
    let is_first = revision.is_none_or(|revision| revision <= 1);
    revision.is_some() && !(is_first && prior.get("release_status").as_str() != Some("deployed"))
}

/// What the chart was told of the cluster, with what the configuration says now; none where it
/// was not told anything yet.
pub fn told(planned: &Value, memory: Option<&ReleaseMemory>) -> Option<ReleaseMemory> {
    let mut memory = memory.filter(|memory| !memory.kube_version.is_empty())?.clone();
    if let Some(version) = planned.get("kube_version").as_str() {
        // One that cannot be read is refused where it is used.
        memory.kube_version =
            KubeVersion::parse(version).map_or_else(|_| version.to_owned(), |it| it.version);
    }
    if let Some(known) = &mut memory.api_versions {
        let declared = declared_api_versions(planned);
        known.extend(declared.into_iter().filter(|it| !known.contains(it)).collect::<Vec<_>>());
    }
    Some(memory)
}

/// The API versions that a configuration declares.
pub fn declared_api_versions(planned: &Value) -> Vec<String> {
    let declared = planned.get("api_versions").elements().unwrap_or_default().iter();
    declared.filter_map(|version| version.as_str().map(str::to_owned)).collect()
}

/// What a chart is told of the cluster in a plan: as it will be once its definitions are there.
fn capabilities(
    question: &Question<'_>,
    told: Option<&ReleaseMemory>,
    definitions: &[Document],
) -> Result<Capabilities, Diagnostic> {
    let Question { planned, path, brought, .. } = question;
    let version = match told {
        Some(told) => Some(told.kube_version.as_str()),
        None => planned.get("kube_version").as_str(),
    };
    let known = told.and_then(|told| told.api_versions.clone());
    let is_complete = known.is_some();
    let known = known.unwrap_or_else(|| {
        let mut known: Vec<String> = ALWAYS_SERVED.map(str::to_owned).to_vec();
        known.extend(declared_api_versions(planned));
        known.extend_from_slice(&brought.api_versions);
        known
    });
    let mut capabilities = Capabilities {
        kube_version: version
            .map_or_else(|| Ok(KubeVersion::default()), |it| kube_version(it, path))?,
        kube_version_declared: version.is_some(),
        api_versions: known,
        api_versions_complete: is_complete,
    };
    capabilities.add(travel_helm::defined_api_versions(definitions));
    Ok(capabilities)
}

/// Reads a version of Kubernetes.
///
/// # Errors
/// Where it is none, at `kube_version`.
pub fn kube_version(text: &str, path: &Path) -> Result<KubeVersion, Diagnostic> {
    KubeVersion::parse(text).map_err(|error| {
        Diagnostic::error("no version of Kubernetes", format!("{error}."))
            .at(path.field("kube_version"))
    })
}

/// A release that somebody else has made may have been made of another chart with the same
/// outcome: then nothing is to be done about it.
fn digest_to_plan(
    prior: &Value,
    left_out: &BTreeSet<String>,
    version: &str,
    digest: &str,
    documents: &Value,
) -> Value {
    let before = || seen_without(prior, left_out).map(|seen| documents_value(&seen));
    let is_equal = prior.get("chart_version").as_str() == Some(version)
        && documents.is_wholly_known()
        && before().as_ref() == Some(documents);
    if is_made_by_others(prior) && is_equal { Value::Null } else { digest.into() }
}

/// Leaves what is seen of a release as it was, where the plan found nothing to do about it.
pub fn keep_seen(planned: &mut Value, prior: &Value) {
    // Such a plan of what others have made may only leave out definitions, which shows nowhere else.
    let is_left_alone = planned.get("chart_digest").is_null();
    let is_kept = |name: &&str| {
        planned.get(name) == prior.get(name) || (is_left_alone && *name == "documents")
    };
    if prior.is_null() || !Seen::EFFECTIVE.iter().all(is_kept) {
        return;
    }
    for name in Seen::names().iter().filter(|name| *name != "documents") {
        planned.set_attribute(name, prior.get(name).clone());
    }
}

/// The documents in a state, without definitions that are left out. Of what others have made
/// nobody knows whether they were left out then, too.
fn seen_without(state: &Value, left_out: &BTreeSet<String>) -> Option<Documents> {
    let mut documents = seen(state)?;
    documents.retain(|name, _| !left_out.contains(name));
    Some(documents)
}

/// Checks the name of a release.
///
/// # Errors
/// Where it is none, at `path`.
pub fn check_name(name: &str, path: &Path) -> Result<(), Diagnostic> {
    travel_helm::check_release_name(name).map_err(|_| {
        Diagnostic::error(
            format!("invalid name {name:?}"),
            "A release's name has 1 to 53 characters: lower-case letters, digits, hyphens and \
             dots, each part between dots beginning and ending with a letter or digit.",
        )
        .at(path.clone())
    })
}

/// An error of rendering, at the attribute that it is about. It may quote values.
pub fn refusal(error: &RenderError, path: &Path) -> Diagnostic {
    let (attribute, summary) = match error {
        RenderError::Values(_) | RenderError::Dependencies(_) | RenderError::Schema(_) => {
            ("values", "the chart does not accept these values")
        }
        RenderError::Template(_) | RenderError::Document(_) => {
            ("values", "the chart cannot be rendered with these values")
        }
        RenderError::KubeVersion { .. } => {
            ("chart", "the chart is for other versions of Kubernetes")
        }
        _ => ("chart", "the chart cannot be installed"),
    };
    let reasons = travel_kube::error::chain(error);
    Diagnostic::error(summary, format!("{}.", reasons.trim_end().trim_end_matches('.')))
        .at(path.field(attribute))
}

fn warn(answer: &mut Answer, path: &Path, warnings: Vec<String>) {
    for warning in warnings {
        let warning = Diagnostic::warning("the chart has something odd about it", warning);
        answer.diagnostics.push(warning.at(path.field("chart")));
    }
}

#[cfg(test)]
mod tests;

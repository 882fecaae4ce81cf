//! The chart of a release: which one is meant, and what tells one content from another.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use travel_framework::Diagnostic;
use travel_helm::chart::source::{self, Access, Cache, ChartReference, SourceError};
use travel_helm::chart::{Chart, File, Loaded};
use travel_helm::{Tree, TreeMap};
use travel_value::{Path, Value};

use super::repository::{Registries, access};
use super::verification;
use crate::platform::Mirror;

/// Which chart a release is of, as far as that is known.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Known(Box<ChartReference>),
    /// That is not known yet.
    Unknown,
}

/// The charts of one configuration of the provider: where they are looked for, and those from mirrors
/// that were found, so that everything done under it sees one content of them.
#[derive(Default)]
pub struct Charts {
    /// Where charts are looked for where a resource does not say.
    pub mirror: Mirror,
    /// Where archives are kept between runs.
    pub cache: Option<Cache>,
    /// How registries are asked where a resource does not say.
    pub registries: Registries,
    found: Mutex<HashMap<ChartReference, Arc<OnceCell<Loaded>>>>,
}

/// Shows no chart.
impl fmt::Debug for Charts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Charts").finish_non_exhaustive()
    }
}

impl Charts {
    /// Charts that are looked for there, and kept here.
    pub fn new(mirror: Mirror, cache: Option<Cache>, registries: Registries) -> Self {
        Self { mirror, cache, registries, found: Mutex::default() }
    }

    /// A chart at a place that is asked as the resource says, or else as the provider's
    /// configuration does.
    fn asked(&self, reference: ChartReference) -> Wanted {
        if reference.access != Access::default() {
            return Wanted::Known(Box::new(reference));
        }
        let place = reference.mirror.as_deref().unwrap_or(&reference.chart);
        match self.registries.access(place) {
            Some(access) => Wanted::Known(Box::new(ChartReference { access, ..reference })),
            None if is_url(place) => Wanted::Unknown,
            None => Wanted::Known(Box::new(reference)),
        }
    }

    /// Finds and loads a chart. One of another place is got once; a folder or an archive is always
    /// read.
    ///
    /// # Errors
    /// Where there is none, at `chart`; says what there is instead.
    pub async fn find(
        &self,
        reference: &ChartReference,
        path: &Path,
    ) -> Result<Loaded, Diagnostic> {
        let look = async || {
            let found = source::find(reference, self.cache.as_ref()).await;
            found.map_err(|error| not_found(reference, path, &error))
        };
        if reference.is_local() {
            return look().await;
        }
        let cell = {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(found.entry(reference.clone()).or_default())
        };
        cell.get_or_try_init(look).await.cloned()
    }

    /// Finds and loads a chart from where nothing can be awaited: planning.
    ///
    /// # Errors
    /// As [`Charts::find`].
    pub fn find_now(&self, reference: &ChartReference, path: &Path) -> Result<Loaded, Diagnostic> {
        let no_thread = |error: std::io::Error| {
            Diagnostic::error(
                "failed to look for the chart",
                format!("There is no thread: {error}."),
            )
            .at(path.field("chart"))
        };
        std::thread::scope(|scope| {
            let looking = std::thread::Builder::new().spawn_scoped(scope, || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map_err(no_thread)?.block_on(self.find(reference, path))
            });
            match looking.map_err(no_thread)?.join() {
                Ok(found) => found,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// Which chart an object, whose own path is `path`, names. The object has its password, too.
///
/// # Errors
/// Where it names one without a path, and there is no mirror; and where it names two places.
pub fn wanted(object: &Value, path: &Path, charts: &Charts) -> Result<Wanted, Diagnostic> {
    let text = |name: &str| object.get(name).as_str().map(str::to_owned);
    let is_unknown = |name: &str| object.get(name).is_unknown();
    let is_open = ["chart", "version", "repository"].into_iter().any(is_unknown);
    if is_open || verification::is_unknown(object) {
        return Ok(Wanted::Unknown);
    }
    let (chart, version) = (text("chart").unwrap_or_default(), text("version"));
    let repository = text("repository");
    refuse_two_places(object, path, &chart, repository.is_some())?;
    let keyring = verification::keyring(object, path)?;
    let Some(access) = access(object, path)? else { return Ok(Wanted::Unknown) };
    let reference = ChartReference { chart, version, mirror: repository, access, keyring };
    if reference.mirror.is_some() || is_url(&reference.chart) {
        return Ok(charts.asked(reference));
    }
    if is_path(&reference.chart) {
        return Ok(Wanted::Known(Box::new(ChartReference {
            access: Access::default(),
            ..reference
        })));
    }
    let mirror = match (text("chart_mirror"), &charts.mirror) {
        _ if is_unknown("chart_mirror") => return Ok(Wanted::Unknown),
        (Some(own), _) => own,
        (None, Mirror::At(mirror)) => mirror.clone(),
        (None, Mirror::Unknown) => return Ok(Wanted::Unknown),
        (None, Mirror::None) => {
            let chart = &reference.chart;
            return Err(Diagnostic::error(
                format!("no chart {chart:?}"),
                format!(
                    "{chart:?} is a name and not a path, and there is no repository to look for \
                     it in. Write the path of a folder or archive (./{chart}), or set repository \
                     here, or chart_mirror here, in the provider block or by TRAVEL_CHART_MIRROR."
                ),
            )
            .at(path.field("chart")));
        }
    };
    Ok(charts.asked(ChartReference { mirror: Some(mirror), ..reference }))
}

/// A chart is looked for in one place.
fn refuse_two_places(
    object: &Value,
    path: &Path,
    chart: &str,
    has_repository: bool,
) -> Result<(), Diagnostic> {
    let refusal = |name: &str, reason: String| {
        Err(Diagnostic::error("two places for one chart", reason).at(path.field(name)))
    };
    if !has_repository {
        return Ok(());
    }
    if !object.get("chart_mirror").is_null() {
        let reason = "The chart would be looked for in repository or in chart_mirror: set one.";
        return refusal("chart_mirror", reason.to_owned());
    }
    if is_url(chart) || chart.starts_with(['.', '/']) || chart.ends_with(".tgz") {
        let reason = format!("{chart:?} is no name in a repository: leave repository out.");
        return refusal("repository", reason);
    }
    Ok(())
}

/// Whether a chart is named by where it is in a registry or on a web server.
fn is_url(chart: &str) -> bool {
    ["oci://", "https://", "http://"].iter().any(|scheme| chart.starts_with(scheme))
}

/// Whether a chart is named by a path and not by a name in a mirror.
fn is_path(chart: &str) -> bool {
    chart.contains('/') || chart.contains('\\') || chart.starts_with('.') || chart.ends_with(".tgz")
}

/// A release as planned, with the place of its chart as the state has it: the folder of a checkout
/// is another one on each machine. To be planned only where nothing else changes.
pub fn at_prior_place(planned: &Value, prior: &Value) -> Value {
    let mut kept = planned.clone();
    for name in ["chart", "chart_mirror"] {
        if !planned.get(name).is_null() && !prior.get(name).is_null() {
            kept.set_attribute(name, prior.get(name).clone());
        }
    }
    kept
}

fn not_found(reference: &ChartReference, path: &Path, error: &SourceError) -> Diagnostic {
    if let Some(refusal) = verification::refusal(reference, path, error) {
        return refusal;
    }
    let version = reference.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    Diagnostic::error(
        format!("no chart {:?}{version}", reference.chart),
        format!("{}.", travel_kube::error::chain(error)),
    )
    .at(path.field("chart"))
}

/// The digest of everything in a chart, whatever it came in.
pub fn digest(chart: &Chart) -> String {
    let mut state = Sha256::new();
    feed(&mut state, chart);
    let digits: String = state.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

fn feed(state: &mut Sha256, chart: &Chart) {
    let mut part = |name: &str, bytes: &[u8]| {
        // With their lengths, so that nothing can move from one part to the next unnoticed.
        for piece in [name.as_bytes(), bytes] {
            state.update(piece.len().to_le_bytes());
            state.update(piece);
        }
    };
    // What cannot be written as JSON is not there: Chart.yaml is read from what JSON can say.
    let metadata = serde_json::to_value(&chart.metadata).unwrap_or_default();
    part("Chart.yaml", canonical(&metadata).as_bytes());
    part("values.yaml", canonical_values(&chart.values).as_bytes());
    part("values.schema.json", chart.schema.as_deref().unwrap_or_default());
    let mut files: Vec<&File> = chart.templates.iter().chain(&chart.files).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    for file in files {
        part(&file.name, &file.data);
    }
    let mut subcharts: Vec<&Chart> = chart.dependencies.iter().collect();
    subcharts.sort_by(|one, other| one.metadata.name.cmp(&other.metadata.name));
    part("charts", &subcharts.len().to_le_bytes());
    for subchart in subcharts {
        feed(state, subchart);
    }
}

/// Whether a chart asks what the cluster can do.
pub fn asks_for_capabilities(chart: &Chart) -> bool {
    let asks = |file: &File| String::from_utf8_lossy(&file.data).contains("Capabilities");
    chart.templates.iter().any(asks) || chart.dependencies.iter().any(asks_for_capabilities)
}

/// Values as a text that is the same for values that mean the same.
pub fn canonical_values(values: &TreeMap) -> String {
    canonical(&Tree::Map(values.clone()).to_json())
}

/// JSON with sorted keys, and with numbers that are written alike where they are alike.
pub fn canonical(value: &Json) -> String {
    match value {
        Json::Object(object) => {
            let sorted: std::collections::BTreeMap<&String, &Json> = object.iter().collect();
            let entries = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Json::from(key.as_str()), canonical(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        // Helm has every number of values as a float.
        Json::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |float| float.to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reference(chart: &str, own: Value, mirror: &Mirror) -> Result<Wanted, Diagnostic> {
        let object = Value::object([("chart", chart.into()), ("chart_mirror", own)]);
        let charts = Charts::new(mirror.clone(), None, Registries::default());
        wanted(&object, &Path::root(), &charts)
    }

    fn check(chart: &str, own: Value, mirror: &Mirror, expected: Option<Option<&str>>) {
        let found = match reference(chart, own, mirror).unwrap() {
            Wanted::Known(reference) => Some(reference.mirror),
            Wanted::Unknown => None,
        };
        assert_eq!(found, expected.map(|mirror| mirror.map(str::to_owned)), "{chart}");
    }

    #[test]
    fn a_path_is_no_name_in_a_mirror() {
        let mirror = Mirror::At("/mirror".to_owned());
        check("./charts/cart", Value::Null, &mirror, Some(None));
        check("cart-1.0.0.tgz", Value::Null, &Mirror::Unknown, Some(None));
        check("cart", Value::Null, &mirror, Some(Some("/mirror")));
        check("cart", "/other".into(), &mirror, Some(Some("/other")));
        check("cart", Value::unknown(), &mirror, None);
        check("cart", Value::Null, &Mirror::Unknown, None);
        let error = reference("cart", Value::Null, &Mirror::None).err().unwrap();
        assert_eq!(error.path.unwrap().to_string(), "chart");
    }

    #[test]
    fn a_chart_is_looked_for_in_one_place() {
        let check = |attributes: &[(&'static str, Value)], expected: Result<Option<&str>, &str>| {
            let object = Value::object(attributes.iter().cloned());
            let mirror = Mirror::At("/mirror".to_owned());
            let charts = Charts::new(mirror, None, Registries::default());
            let found = wanted(&object, &Path::root(), &charts);
            let found = found.map(|wanted| match wanted {
                Wanted::Known(reference) => {
                    Some(format!("{} in {}", reference.chart, reference.mirror.unwrap_or_default()))
                }
                Wanted::Unknown => None,
            });
            let found = found.map_err(|error| error.path.unwrap().to_string());
            assert_eq!(
                found.as_ref().map(Option::as_deref).map_err(String::as_str),
                expected,
                "{attributes:?}"
            );
        };
        let cart = || ("chart", Value::from("cart"));
        let repository = || ("repository", Value::from("oci://a.example/b"));
        check(&[cart(), repository()], Ok(Some("cart in oci://a.example/b")));
        let inner = ("chart", Value::from("shop/cart"));
        check(&[inner, repository()], Ok(Some("shop/cart in oci://a.example/b")));
        let full = || ("chart", Value::from("oci://a.example/cart:1.0.0"));
        check(&[full()], Ok(Some("oci://a.example/cart:1.0.0 in ")));
        check(
            &[("chart", "https://a.example/cart.tgz".into())],
            Ok(Some("https://a.example/cart.tgz in ")),
        );
        check(&[full(), repository()], Err("repository"));
        check(&[("chart", "./cart".into()), repository()], Err("repository"));
        check(&[cart(), repository(), ("chart_mirror", "/x".into())], Err("chart_mirror"));
        check(&[cart(), ("repository", Value::unknown())], Ok(None));
        check(&[full(), ("repository_password", Value::unknown())], Ok(None));
        check(&[full(), ("repository_cert_file", "a.pem".into())], Err("repository_key_file"));
    }

    #[test]
    fn a_registry_is_asked_as_the_release_says_or_else_as_the_provider_does() {
        let user = |name: &str| Access { username: Some(name.to_owned()), ..Access::default() };
        let known = Registries::Known(vec![("oci://a.example".to_owned(), user("provider"))]);
        let check = |registries: &Registries, own: Value, expected: Option<Access>| {
            let mirror = Mirror::At("oci://a.example/charts".to_owned());
            let charts = Charts::new(mirror, None, registries.clone());
            for chart in ["oci://a.example/cart", "cart"] {
                let object =
                    Value::object([("chart", chart.into()), ("repository_username", own.clone())]);
                let found = match wanted(&object, &Path::root(), &charts).unwrap() {
                    Wanted::Known(reference) => Some(reference.access),
                    Wanted::Unknown => None,
                };
                assert_eq!(found, expected, "{chart} {own:?}");
            }
        };
        check(&known, Value::Null, Some(user("provider")));
        check(&known, "own".into(), Some(user("own")));
        check(&Registries::default(), Value::Null, Some(Access::default()));
        check(&Registries::Unknown, Value::Null, None);
        check(&Registries::Unknown, "own".into(), Some(user("own")));
        // What is on this machine is asked by nobody.
        let charts = Charts::new(Mirror::At("/mirror".to_owned()), None, Registries::Unknown);
        let object = Value::object([("chart", "cart".into())]);
        let found = wanted(&object, &Path::root(), &charts).unwrap();
        assert!(matches!(found, Wanted::Known(_)));
    }

    #[test]
    fn the_digest_is_of_the_content_alone() {
        let file =
            |name: &str, text: &str| File { name: name.into(), data: text.to_owned().into() };
        let chart = |templates: Vec<File>| Chart { templates, ..Chart::default() };
        let one = digest(&chart(vec![file("a", "x"), file("b", "y")]));
        assert_eq!(one, digest(&chart(vec![file("b", "y"), file("a", "x")])));
        assert_ne!(one, digest(&chart(vec![file("a", "xb"), file("b", "y")])));
        assert_ne!(one, digest(&chart(vec![file("a", "x")])));
    }

    #[test]
    fn values_that_mean_the_same_are_written_alike() {
        for (one, other) in [
            (json!({"a": 1, "b": [1.5, null]}), json!({"b": [1.5, null], "a": 1.0})),
            (json!(1_000_000), json!(1e6)),
        ] {
            assert_eq!(canonical(&one), canonical(&other));
        }
        assert_ne!(canonical(&json!("1")), canonical(&json!(1)));
    }
}

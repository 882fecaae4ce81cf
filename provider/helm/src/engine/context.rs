//! What templates see: `.Values`, `.Chart`, `.Release`, `.Capabilities`, `.Files`, `.Subcharts` and `.Template`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::RenderOptions;
use crate::chart::{Chart, Metadata};
use crate::functions::path_base;
use crate::tree::{Tree, TreeMap};
use crate::value::{Map, MapKind, Native, Text, Value};

/// A template of a chart with what it sees.
pub(super) struct Source {
    /// The path from the outermost chart.
    pub(super) path: String,
    pub(super) text: Text,
    context: Map,
    base_path: Rc<str>,
}

impl Source {
    /// What the template sees now. All templates of a chart share it but for their own name.
    pub(super) fn data(&self) -> Value {
        let entries = [
            ("Name", Value::text(self.path.as_str())),
            ("BasePath", Value::text(&*self.base_path)),
        ];
        self.context.insert("Template", Value::Map(Map::new(MapKind::Values, entries)));
        Value::Map(self.context.clone())
    }
}

/// The templates of a chart and its subcharts.
pub(super) fn sources(chart: &Chart, values: &TreeMap, options: &RenderOptions<'_>) -> Vec<Source> {
    let release = &options.release;
    let release = Value::map([
        ("Name", Value::text(release.name.as_str())),
        ("Namespace", Value::text(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Revision", Value::Int(i64::try_from(release.revision).unwrap_or(i64::MAX))),
        ("Service", Value::text("Helm")),
    ]);
    let capabilities = Value::native(Native::Capabilities {
        capabilities: Rc::new(options.capabilities.clone()),
        planning: options.planning,
    });
    let values = match Value::from_tree(&Tree::Map(values.clone())) {
        Value::Map(map) => map,
        _ => Map::empty(),
    };
    let mut collector = Collector { release, capabilities, sources: BTreeMap::new() };
    collector.collect(chart, chart.name(), values.as_kind(MapKind::Values), true);
    collector.sources.into_values().collect()
}

struct Collector {
    release: Value,
    capabilities: Value,
    sources: BTreeMap<String, Source>,
}

impl Collector {
    fn collect(&mut self, chart: &Chart, path: &str, values: Map, is_root: bool) -> Map {
        let files = chart
            .files
            .iter()
            .map(|file| (Rc::from(file.name.as_str()), Text::from(file.data.clone())));
        let subcharts = Map::empty();
        let context = Map::new(
            MapKind::Values,
            [
                ("Chart", metadata(&chart.metadata, is_root)),
                ("Files", Value::native(Native::Files(files.collect()))),
                ("Release", self.release.clone()),
                ("Capabilities", self.capabilities.clone()),
                ("Values", Value::Map(values.clone())),
                ("Subcharts", Value::Map(subcharts.clone())),
            ],
        );
        for subchart in &chart.dependencies {
            let own = match values.get(subchart.name()) {
                Some(Value::Map(own)) => own.as_kind(MapKind::Values),
                _ => Map::new(MapKind::Values, std::iter::empty::<(Rc<str>, Value)>()),
            };
            let inner =
                self.collect(subchart, &format!("{path}/charts/{}", subchart.name()), own, false);
            subcharts.insert(subchart.name(), Value::Map(inner.as_kind(MapKind::Any)));
        }
        let base_path: Rc<str> = format!("{path}/templates").into();
        for template in &chart.templates {
            if chart.is_library() && !path_base(&template.name).starts_with('_') {
                continue;
            }
            let path = format!("{path}/{}", template.name);
            let text = Text::from(template.data.clone());
            let source = Source {
                path: path.clone(),
                text,
                context: context.clone(),
                base_path: base_path.clone(),
            };
            self.sources.insert(path, source);
        }
        context
    }
}

fn texts(items: &[String]) -> Value {
    Value::list(items.iter().map(|item| Value::text(item.as_str())).collect())
}

/// Chart.yaml under the names of Go's structure.
fn metadata(metadata: &Metadata, is_root: bool) -> Value {
    let text = |text: &String| Value::text(text.as_str());
    let maintainers = metadata.maintainers.iter().map(|maintainer| {
        Value::map([
            ("Name", text(&maintainer.name)),
            ("Email", text(&maintainer.email)),
            ("URL", text(&maintainer.url)),
        ])
    });
    let dependencies = metadata.dependencies.iter().map(|dependency| {
        let imports =
            dependency.import_values.iter().map(|import| Value::from_tree(&Tree::from(import)));
        Value::map([
            ("Name", text(&dependency.name)),
            ("Version", text(&dependency.version)),
            ("Repository", text(&dependency.repository)),
            ("Condition", text(&dependency.condition)),
            ("Tags", texts(&dependency.tags)),
            ("Enabled", Value::Bool(dependency.enabled)),
            ("ImportValues", Value::list(imports.collect())),
            ("Alias", text(&dependency.alias)),
        ])
    });
    let annotations = if metadata.annotations.is_empty() {
        Map::nil(MapKind::Texts)
    } else {
        let entries = metadata.annotations.iter().map(|(key, value)| (key.as_str(), text(value)));
        Map::new(MapKind::Texts, entries)
    };
    Value::map([
        ("Name", text(&metadata.name)),
        ("Home", text(&metadata.home)),
        ("Sources", texts(&metadata.sources)),
        ("Version", text(&metadata.version)),
        ("Description", text(&metadata.description)),
        ("Keywords", texts(&metadata.keywords)),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Icon", text(&metadata.icon)),
        ("APIVersion", text(&metadata.api_version)),
        ("Condition", text(&metadata.condition)),
        ("Tags", text(&metadata.tags)),
        ("AppVersion", text(&metadata.app_version)),
        ("Deprecated", Value::Bool(metadata.deprecated)),
        ("Annotations", Value::Map(annotations)),
        ("KubeVersion", text(&metadata.kube_version)),
        ("Dependencies", Value::list(dependencies.collect())),
        ("Type", text(&metadata.kind)),
        ("IsRoot", Value::Bool(is_root)),
    ])
}

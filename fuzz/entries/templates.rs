//! Charts of any templates and values: they are rendered or refused, within bounds, and what a plan takes for
//! known comes out the same in the apply.

use travel_helm::chart::{Chart, File, Metadata};
use travel_helm::{
    Bounds, Capabilities, Document, KubeVersion, ReleaseContext, RenderOptions, Rendering, Tree,
    TreeMap, read_values, render_within,
};

use crate::files;

/// Enough for every part of the language, and so little that an input takes no more than milliseconds.
const BOUNDS: Bounds = Bounds { stack_bytes: 40 << 20, work: 4 << 20 };
/// The value that is not known in the plan.
const UNKNOWN: &str = "unknown";
/// The characters that mark what is not known start so. A chart that writes them itself marks what it likes.
const MARK: &[u8] = b"\xef\xb7";

/// Renders an input twice, for a plan and for the apply, and says whether it can be applied.
pub fn run(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let (chart, values) = chart(&text);
    let mut planned = values.clone();
    if let Some(value) = planned.get_mut(UNKNOWN).filter(|value| **value != Tree::Null) {
        *value = Tree::Unknown;
    }
    let plan = render_within(chart.clone(), &planned, &options(true), BOUNDS);
    let applied = render_within(chart, &values, &options(false), BOUNDS);
    if let (Ok(plan), Ok(applied)) = (&plan, &applied)
        && plan.unknown.is_none()
        && !input.windows(MARK.len()).any(|bytes| bytes == MARK)
    {
        compare(plan, applied);
    }
    applied.is_ok()
}

/// The chart that an input stands for, and the values it is rendered with. A file without a name is a template.
fn chart(input: &str) -> (Chart, TreeMap) {
    let metadata = Metadata {
        name: "chart".to_owned(),
        version: "1.0.0".to_owned(),
        api_version: "v2".to_owned(),
        ..Metadata::default()
    };
    let mut chart = Chart { metadata, ..Chart::default() };
    let mut values = TreeMap::new();
    for (name, content) in files::split(input) {
        let data = content.to_owned().into();
        match name {
            "" => chart.templates.push(File { name: "templates/a.yaml".to_owned(), data }),
            "values.yaml" => values = read_values(content).unwrap_or_default(),
            "values.schema.json" => chart.schema = Some(data),
            name if name.starts_with("templates/") => {
                chart.templates.push(File { name: name.to_owned(), data });
            }
            name => chart.files.push(File { name: name.to_owned(), data }),
        }
    }
    (chart, values)
}

fn options(planning: bool) -> RenderOptions<'static> {
    RenderOptions {
        release: ReleaseContext {
            name: "release".to_owned(),
            namespace: "namespace".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: Capabilities::declared(KubeVersion::default(), []),
        lookup: None,
        planning,
        skip_schema_validation: false,
    }
}

fn compare(plan: &Rendering, applied: &Rendering) {
    let hooks = |rendering: &Rendering| -> Vec<Document> {
        rendering.hooks.iter().map(|hook| hook.document.clone()).collect()
    };
    compare_documents(&plan.manifests, &applied.manifests);
    compare_documents(&hooks(plan), &hooks(applied));
}

fn compare_documents(plan: &[Document], applied: &[Document]) {
    assert_eq!(plan.len(), applied.len(), "the plan has other documents: {plan:?} {applied:?}");
    fn called(it: &Document) -> [&str; 5] {
        [&it.path, it.api_version(), it.kind(), it.namespace(), it.name()]
    }
    for (plan, applied) in plan.iter().zip(applied) {
        assert_eq!(called(plan), called(applied));
        assert!(plan.unknown || plan.content == applied.content, "{plan:?} {applied:?}");
    }
}

//! Which value of a chart to change, so that an upgrade has something to do.

use std::path::Path;

use travel_helm::chart::Chart;
use travel_helm::{
    Capabilities, KubeVersion, ReleaseContext, RenderOptions, Rendering, Tree, TreeMap,
    merge_values, render,
};

/// How many values are tried.
const MOST: usize = 60;

/// Renders a chart of a folder as a plan does; none where it cannot be rendered, or to nothing.
pub fn rendered(folder: &Path, values: &TreeMap) -> Option<Rendering> {
    let chart = Chart::load(folder).ok()?.chart;
    let options = RenderOptions {
        release: ReleaseContext {
            name: super::play::RELEASE.to_owned(),
            namespace: super::play::NAMESPACE.to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: Capabilities::declared(KubeVersion::parse("1.34.0").ok()?, []),
        lookup: None,
        planning: true,
        skip_schema_validation: false,
    };
    let rendering = render(chart, values, &options).ok()?;
    let is_something =
        !rendering.manifests.is_empty() || !rendering.custom_resource_definitions().is_empty();
    is_something.then_some(rendering)
}

/// Values to lay over the given ones, with which other documents come out; none where no such is found.
pub fn find(folder: &Path, given: &TreeMap) -> Option<TreeMap> {
    let rendered_before = rendered(folder, given)?;
    let before = known(&rendered_before);
    let mut values = Chart::load(folder).ok()?.chart.values;
    merge_values(&mut values, given.clone());
    let mut candidates = Vec::new();
    collect(&Tree::Map(values), &mut Vec::new(), &mut candidates);
    candidates.sort_by_key(|(rank, _)| *rank);
    candidates.into_iter().take(MOST).map(|(_, overlay)| overlay).find(|overlay| {
        let mut changed = given.clone();
        merge_values(&mut changed, overlay.clone());
        rendered(folder, &changed).is_some_and(|after| known(&after) != before)
    })
}

/// The documents whose content is the same each time.
fn known(rendering: &Rendering) -> Vec<&str> {
    let documents = rendering.manifests.iter().filter(|document| !document.unknown);
    documents.map(|document| document.content.as_str()).collect()
}

/// Collects changes of one value each, the more harmless of a lower rank.
fn collect(tree: &Tree, path: &mut Vec<String>, into: &mut Vec<(usize, TreeMap)>) {
    if let Some((rank, value)) = path.last().and_then(|name| changed(name, tree)) {
        into.push((rank * 10 + path.len(), overlay(path, value)));
    }
    for (name, value) in tree.as_map().into_iter().flatten() {
        path.push(name.clone());
        collect(value, path, into);
        path.pop();
    }
}

/// Another value in place of one, and its rank.
fn changed(name: &str, value: &Tree) -> Option<(usize, Tree)> {
    let name = name.to_lowercase();
    let more = || match value {
        Tree::Int(number) => Some(Tree::Int(number + 1)),
        Tree::Float(number) => Some(Tree::Float(number + 1.0)),
        _ => None,
    };
    let is_empty = matches!(value, Tree::Map(map) if map.is_empty());
    let mark = || Tree::from([("travelsources.com/changed", Tree::from("yes"))]);
    match name.as_str() {
        "replicas" | "replicacount" => more().map(|it| (0, it)),
        _ if name.ends_with("annotations") && is_empty => Some((1, mark())),
        "tag" => Some((2, Tree::from("changed"))),
        _ if name.ends_with("labels") && is_empty => Some((3, mark())),
        _ => more().map(|it| (4, it)),
    }
}

fn overlay(path: &[String], value: Tree) -> TreeMap {
    let whole = path
        .iter()
        .rev()
        .fold(value, |inner, name| Tree::Map(TreeMap::from([(name.clone(), inner)])));
    match whole {
        Tree::Map(map) => map,
        _ => TreeMap::new(),
    }
}

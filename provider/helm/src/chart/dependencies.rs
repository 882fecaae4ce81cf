//! Subcharts: which ones are used, under which names, and which of their values go to their parent.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::values::{Coalescer, Mode, ValuesError, table};
use super::{Chart, Dependency};
use crate::bounds;
use crate::semver::is_compatible;
use crate::tree::{self, Tree, TreeMap};

/// Values are imported to a path of no more parts than this.
const DEEPEST_PATH: usize = 100;

/// The names of dependencies that Chart.yaml names and charts/ lacks.
pub(crate) fn missing(chart: &Chart) -> Vec<&str> {
    let present: HashSet<&str> = chart.dependencies.iter().map(Chart::name).collect();
    let wanted = chart.metadata.dependencies.iter().map(|wanted| wanted.name.as_str());
    wanted.filter(|name| !present.contains(name)).collect()
}

/// What processing has noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) warnings: Vec<String>,
    /// Conditions and tags whose values are not known, so that it is not known which subcharts are used.
    pub(crate) unknown: Vec<String>,
}

/// Leaves out the subcharts that are not used, renames the others, and imports their values.
pub(crate) fn process(
    chart: &mut Chart,
    values: &TreeMap,
    notes: &mut Notes,
) -> Result<(), ValuesError> {
    enable(chart, values, "", notes)?;
    import(chart, notes)
}

fn enable(
    chart: &mut Chart,
    values: &TreeMap,
    path: &str,
    notes: &mut Notes,
) -> Result<(), ValuesError> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    pay(tree::size_of_map(values), bounds::PART)?;
    resolve(chart)?;
    let mut coalescer = Coalescer { mode: Mode::Coalesce, warnings: &mut notes.warnings };
    let coalesced = coalescer.coalesce(chart, values.clone())?;
    // What coalescing warns of is said again when the values are brought together for good.
    notes.warnings.clear();
    let wanted = &mut chart.metadata.dependencies;
    for dependency in wanted.iter_mut() {
        dependency.enabled = true;
    }
    apply_tags(wanted, &coalesced, notes);
    apply_conditions(wanted, &coalesced, path, notes);
    let disabled: Vec<String> = wanted
        .iter()
        .filter(|dependency| !dependency.enabled)
        .map(|dependency| dependency.name.clone())
        .collect();
    wanted.retain(|dependency| !disabled.contains(&dependency.name));
    chart.dependencies.retain(|subchart| !disabled.iter().any(|name| name == subchart.name()));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.metadata.name);
        enable(subchart, &coalesced, &path, notes)?;
    }
    Ok(())
}

/// Gives every named dependency the subchart that fits, once for each of its names. A subchart that nothing names
/// stays as it is.
fn resolve(chart: &mut Chart) -> Result<(), ValuesError> {
    let count = chart.metadata.dependencies.len() + chart.dependencies.len();
    pay(count, count)?;
    let fits = |subchart: &Chart, wanted: &Dependency| {
        subchart.name() == wanted.name && is_compatible(&wanted.version, &subchart.metadata.version)
    };
    let wanted = &chart.metadata.dependencies;
    let unnamed = |subchart: &&Chart| !wanted.iter().any(|wanted| fits(subchart, wanted));
    let mut resolved: Vec<Chart> = chart.dependencies.iter().filter(unnamed).cloned().collect();
    for wanted in wanted {
        if let Some(subchart) = chart.dependencies.iter().find(|subchart| fits(subchart, wanted)) {
            pay(weight(subchart), bounds::NEW_VALUE)?;
            let mut subchart = subchart.clone();
            subchart.metadata.name = wanted.key();
            resolved.push(subchart);
        }
    }
    chart.dependencies = resolved;
    for wanted in &mut chart.metadata.dependencies {
        wanted.name = wanted.key();
    }
    Ok(())
}

/// Pays for so many things of so much each. Charts that go by two names each, in each other, are many.
fn pay(count: usize, each: usize) -> Result<(), ValuesError> {
    if bounds::pay(count.saturating_mul(each)) { Ok(()) } else { Err(ValuesError::TooMuch) }
}

/// How many values and files there are in a chart.
fn weight(chart: &Chart) -> usize {
    let files = chart.templates.len() + chart.files.len() + chart.metadata.dependencies.len();
    files + tree::size_of_map(&chart.values) + chart.dependencies.iter().map(weight).sum::<usize>()
}

fn apply_tags(wanted: &mut [Dependency], values: &TreeMap, notes: &mut Notes) {
    let Some(tags) = table(values, "tags") else { return };
    for dependency in wanted {
        let (mut any_true, mut any_false) = (false, false);
        for tag in &dependency.tags {
            match tags.get(tag) {
                None => {}
                Some(Tree::Bool(true)) => any_true = true,
                Some(Tree::Bool(false)) => any_false = true,
                Some(Tree::Unknown) => notes.unknown.push(format!("tags.{tag}")),
                Some(_) => {
                    notes.warnings.push(format!("tag {tag} of {} is no boolean", dependency.name))
                }
            }
        }
        dependency.enabled = any_true || !any_false;
    }
}

/// The first condition that has a value decides.
fn apply_conditions(wanted: &mut [Dependency], values: &TreeMap, path: &str, notes: &mut Notes) {
    for dependency in wanted {
        for condition in
            dependency.condition.trim().split(',').filter(|condition| !condition.is_empty())
        {
            let full = format!("{path}{condition}");
            match lookup(values, &full) {
                Some(Tree::Bool(value)) => {
                    dependency.enabled = *value;
                    break;
                }
                Some(Tree::Unknown) => {
                    notes.unknown.push(full);
                    break;
                }
                Some(_) => notes
                    .warnings
                    .push(format!("condition {condition} of {} is no boolean", dependency.name)),
                None => {}
            }
        }
    }
}

/// The value at the end of a path with dots, unless that is a table.
fn lookup<'t>(values: &'t TreeMap, path: &str) -> Option<&'t Tree> {
    let (tables, key) = match path.rsplit_once('.') {
        Some((tables, key)) => (Some(tables), key),
        None => (None, path),
    };
    let mut current = values;
    for name in tables.iter().flat_map(|tables| tables.split('.')) {
        match current.get(name)? {
            Tree::Map(map) => current = map,
            unknown @ Tree::Unknown => return Some(unknown),
            _ => return None,
        }
    }
    current.get(key).filter(|value| !matches!(value, Tree::Map(_)))
}

/// Imports values of subcharts into the defaults of their parents, the innermost first.
fn import(chart: &mut Chart, notes: &mut Notes) -> Result<(), ValuesError> {
    for subchart in &mut chart.dependencies {
        import(subchart, notes)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let mut ignored = Vec::new();
    let mut coalescer = Coalescer { mode: Mode::Merge, warnings: &mut ignored };
    let mut values = coalescer.coalesce(chart, TreeMap::new())?;
    let mut imported = TreeMap::new();
    for dependency in &mut chart.metadata.dependencies {
        let mut processed = Vec::new();
        for wanted in &dependency.import_values {
            let (child, parent) = match wanted {
                Json::String(name) => (format!("exports.{name}"), ".".to_owned()),
                Json::Object(paths) => {
                    (path_text(paths.get("child")), path_text(paths.get("parent")))
                }
                _ => continue,
            };
            if parent.split('.').count() > DEEPEST_PATH {
                return Err(ValuesError::TooMuch);
            }
            processed.push(json!({ "child": child, "parent": parent }));
            match table(&values, &format!("{}.{child}", dependency.name)) {
                Some(table) => {
                    pay(tree::size_of_map(table), bounds::NEW_VALUE)?;
                    let table = at_path(&parent, table.clone());
                    coalescer.tables(&mut imported, table, "", Mode::Merge);
                }
                None => {
                    let name = &dependency.name;
                    notes.warnings.push(format!("import-values: {name} has no table {child}"));
                }
            }
        }
        dependency.import_values = processed;
    }
    coalescer.tables(&mut values, imported, "", Mode::Merge);
    chart.values = values;
    Ok(())
}

fn path_text(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "<nil>".to_owned(),
    }
}

/// A table put at the end of a path with dots; a single dot is no path.
fn at_path(path: &str, table: TreeMap) -> TreeMap {
    if path == "." {
        return table;
    }
    path.rsplit('.').fold(table, |table, key| TreeMap::from([(key.to_owned(), Tree::Map(table))]))
}

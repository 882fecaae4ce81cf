//! Values: reading them, merging them, and bringing defaults, a parent's values and a user's together.

use std::collections::BTreeSet;

use super::Chart;
use crate::bounds;
use crate::tree::{Tree, TreeMap};
use crate::yaml::{self, ReadError, type_name};

/// The key whose values every subchart sees.
const GLOBAL: &str = "global";

/// Why values cannot be used, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// The text is not YAML.
    #[error("cannot unmarshal yaml document: {0}")]
    Syntax(#[from] ReadError),
    /// The text cannot be split into documents.
    #[error("error reading yaml document: {0}")]
    Stream(ReadError),
    /// What a subchart's values should be is something else.
    #[error("type mismatch on {0}: {1}")]
    Mismatch(String, String),
    /// All values of a subchart are unknown.
    #[error("the values of {0} are not known")]
    Unknown(String),
    /// Bringing them together takes more than it may.
    #[error("{}", bounds::TOO_MUCH)]
    TooMuch,
}

/// Reads the documents of a values file and merges them; later ones win.
///
/// # Errors
/// The text is not YAML, or something else than a map.
pub fn read_values(text: &str) -> Result<TreeMap, ValuesError> {
    let mut values = TreeMap::new();
    for document in yaml::split_documents(text).map_err(ValuesError::Stream)? {
        match yaml::read(document)? {
            Tree::Null => {}
            Tree::Map(map) => merge_values(&mut values, map),
            other => {
                let found = type_name(&other);
                let problem = format!(
                    "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
                );
                return Err(ReadError::Shape(problem).into());
            }
        }
    }
    Ok(values)
}

/// Merges maps, recursively where both sides are maps; the second one wins.
pub fn merge_values(into: &mut TreeMap, from: TreeMap) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Tree::Map(into)), Tree::Map(from)) => merge_values(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// How nulls are treated when values come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A null deletes a default, and nulls of defaults are left out.
    Coalesce,
    /// Nulls stay.
    Merge,
}

/// Brings the values of a user together with the defaults of a chart and its subcharts.
pub(crate) struct Coalescer<'w> {
    pub(crate) mode: Mode,
    pub(crate) warnings: &'w mut Vec<String>,
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

impl Coalescer<'_> {
    /// The values a chart is rendered with.
    pub(crate) fn coalesce(
        &mut self,
        chart: &Chart,
        values: TreeMap,
    ) -> Result<TreeMap, ValuesError> {
        let mut values = values;
        self.chart(chart, &mut values, "")?;
        Ok(values)
    }

    fn chart(
        &mut self,
        chart: &Chart,
        values: &mut TreeMap,
        prefix: &str,
    ) -> Result<(), ValuesError> {
        self.defaults(chart, values, prefix);
        let prefix = join(prefix, chart.name());
        for subchart in &chart.dependencies {
            let globals = values.get(GLOBAL);
            if !bounds::pay(globals.map_or(0, Tree::size).saturating_mul(bounds::NEW_VALUE)) {
                return Err(ValuesError::TooMuch);
            }
            let globals = globals.cloned();
            let name = subchart.name();
            match values.entry(name.to_owned()).or_insert_with(Tree::empty_map) {
                Tree::Map(own) => {
                    self.globals(own, globals.as_ref(), &prefix);
                    self.chart(subchart, own, &prefix)?;
                }
                Tree::Unknown => return Err(ValuesError::Unknown(name.to_owned())),
                other => {
                    return Err(ValuesError::Mismatch(name.to_owned(), go_boolean_verb(other)));
                }
            }
        }
        Ok(())
    }

    /// Hands the parent's globals down; they win over the subchart's own.
    fn globals(&mut self, own: &mut TreeMap, parents: Option<&Tree>, prefix: &str) {
        let skipped = |side: &str| {
            format!("warning: skipping globals because {side} {GLOBAL} is not a table.")
        };
        let mut target = match own.get(GLOBAL) {
            None => TreeMap::new(),
            Some(Tree::Map(map)) => map.clone(),
            Some(_) => {
                self.warnings.push(skipped("destination"));
                return;
            }
        };
        let empty = TreeMap::new();
        let source = match parents {
            None => &empty,
            Some(Tree::Map(map)) => map,
            Some(_) => {
                self.warnings.push(skipped("source"));
                return;
            }
        };
        for (key, value) in source {
            match (value, target.get_mut(key)) {
                (Tree::Map(from), Some(Tree::Map(present))) => {
                    let mut merged = from.clone();
                    let merge = Mode::Merge;
                    self.tables(&mut merged, std::mem::take(present), &join(prefix, key), merge);
                    *present = merged;
                }
                (Tree::Map(_), Some(_)) => {
                    self.warnings.push(format!(
                        "Conflict: cannot merge map onto non-map for {key:?}. Skipping."
                    ));
                }
                (_, Some(Tree::Map(_))) => {
                    self.warnings.push(format!("key {key} is table. Skipping"))
                }
                (value, _) => {
                    target.insert(key.clone(), value.clone());
                }
            }
        }
        own.insert(GLOBAL.to_owned(), Tree::Map(target));
    }

    /// Adds a chart's own defaults.
    fn defaults(&mut self, chart: &Chart, values: &mut TreeMap, prefix: &str) {
        let prefix = join(prefix, chart.name());
        for (key, default) in &chart.values {
            let mut default = default.clone();
            match values.get_mut(key) {
                None => {
                    if self.mode == Mode::Coalesce {
                        if default == Tree::Null {
                            continue;
                        }
                        remove_nulls(&mut default);
                    }
                    values.insert(key.clone(), default);
                }
                Some(Tree::Null) if self.mode == Mode::Coalesce => {
                    values.remove(key);
                }
                Some(Tree::Map(own)) => {
                    bounds::pay(chart.dependencies.len());
                    let of_subchart =
                        chart.dependencies.iter().any(|subchart| subchart.name() == key);
                    let mode = if of_subchart { Mode::Merge } else { self.mode };
                    if mode == Mode::Coalesce {
                        remove_nulls(&mut default);
                    }
                    match default {
                        Tree::Map(default) => self.tables(own, default, &join(&prefix, key), mode),
                        Tree::Null => {}
                        _ => self.warnings.push(format!(
                            "warning: skipped value for {prefix}.{key}: Not a table."
                        )),
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Adds what a table lacks from another one.
    pub(crate) fn tables(&mut self, into: &mut TreeMap, from: TreeMap, prefix: &str, mode: Mode) {
        let nullified: BTreeSet<String> = into
            .iter()
            .filter(|(_, value)| **value == Tree::Null)
            .map(|(key, _)| key.clone())
            .collect();
        for (key, value) in from {
            let full = join(prefix, &key);
            if nullified.contains(&key) {
                // A null of the user's takes a default away; where there is none to take away it stays.
                if mode == Mode::Coalesce && value != Tree::Null {
                    into.remove(&key);
                }
                continue;
            }
            match (into.get_mut(&key), value) {
                (None, value) => {
                    into.insert(key, value);
                }
                (Some(Tree::Map(own)), Tree::Map(from)) => self.tables(own, from, &full, mode),
                (Some(Tree::Unknown), _) | (Some(Tree::Map(_)), Tree::Null) => {}
                (Some(_), value @ Tree::Map(_)) => {
                    let shown = print(&value);
                    self.warnings.push(format!(
                        "warning: cannot overwrite table with non table for {full} ({shown})"
                    ));
                }
                (Some(Tree::Map(_)), value) => {
                    let shown = print(&value);
                    self.warnings.push(format!(
                        "warning: destination for {full} is a table. Ignoring non-table value ({shown})"
                    ));
                }
                (Some(_), _) => {}
            }
        }
    }
}

fn remove_nulls(tree: &mut Tree) {
    if let Tree::Map(map) = tree {
        map.retain(|_, value| *value != Tree::Null);
        map.values_mut().for_each(remove_nulls);
    }
}

fn print(tree: &Tree) -> String {
    let value = crate::value::Value::from_tree(tree);
    String::from_utf8_lossy(&crate::functions::format::print(&value)).into_owned()
}

/// A value printed with Go's verb for booleans, which Helm's message uses by mistake.
fn go_boolean_verb(tree: &Tree) -> String {
    let value = crate::value::Value::from_tree(tree);
    String::from_utf8_lossy(&crate::functions::format::sprintf(b"%t", &[value])).into_owned()
}

/// The table at the end of a path with dots.
pub(crate) fn table<'t>(values: &'t TreeMap, path: &str) -> Option<&'t TreeMap> {
    path.split('.').try_fold(values, |table, key| table.get(key)?.as_map())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> TreeMap {
        read_values(text).unwrap()
    }

    fn chart(name: &str, defaults: &str, dependencies: Vec<Chart>) -> Chart {
        let mut chart = Chart { values: values(defaults), dependencies, ..Chart::default() };
        chart.metadata.name = name.to_owned();
        chart
    }

    #[test]
    fn values_come_together() {
        let check = |chart: &Chart, user: &str, expected: &str| {
            let mut warnings = Vec::new();
            let coalesced = Coalescer { mode: Mode::Coalesce, warnings: &mut warnings }
                .coalesce(chart, values(user));
            assert_eq!(coalesced.unwrap(), values(expected), "{user}");
        };
        let child = chart("child", "a: 1\nm: {x: 1, y: 2}\nglobal: {g: child, own: 1}", vec![]);
        let parent =
            chart("parent", "p: 1\nnone: null\nchild: {a: 2}\nglobal: {g: parent}", vec![child]);
        check(
            &parent,
            "{}",
            "p: 1\nchild: {a: 2, m: {x: 1, y: 2}, global: {g: parent, own: 1}}\nglobal: {g: parent}",
        );
        check(
            &parent,
            "p: null\nchild: {m: {x: null}}\nextra: null",
            "child: {a: 2, m: {y: 2}, global: {g: parent, own: 1}}\nglobal: {g: parent}\nextra: null",
        );
    }

    #[test]
    fn documents_of_a_values_file_are_merged() {
        assert_eq!(values("a: {x: 1}\n---\na: {y: 2}\n"), values("a: {x: 1, y: 2}"));
        let error = read_values("- 1").unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal \
             array into Go value of type map[string]interface {}"
        );
    }
}

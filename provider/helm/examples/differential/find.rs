//! Finds charts, and the values files that come with each.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Where no values file is looked for: other charts, and what a chart renders.
const NO_VALUES: [&str; 3] = ["charts", "templates", "crds"];

/// One rendering: a chart with its default values, or with those of a file besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// The chart's folder.
    pub chart: PathBuf,
    /// The values file.
    pub values: Option<PathBuf>,
}

impl Case {
    /// The arguments of `helm template` for it.
    pub fn arguments(&self) -> Vec<String> {
        let chart = self.chart.display().to_string();
        let mut arguments = ["release", &chart, "--namespace", "namespace", "--kube-version"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(["1.33.0".to_owned(), "--include-crds".to_owned()]);
        if let Some(values) = &self.values {
            arguments.extend(["--values".to_owned(), values.display().to_string()]);
        }
        arguments
    }
}

/// Every chart under a folder, with its defaults first and then with each of its values files.
///
/// # Errors
/// A folder that cannot be read.
pub fn cases(folder: &Path) -> io::Result<Vec<Case>> {
    let mut charts = Vec::new();
    find_charts(folder, &mut charts)?;
    let mut cases = Vec::new();
    for chart in charts {
        let mut values = Vec::new();
        find_values(&chart, false, &mut values)?;
        let root = chart.join("values.yaml");
        let values = values.into_iter().filter(|path| *path != root).map(Some);
        cases.extend(
            std::iter::once(None).chain(values).map(|values| Case { chart: chart.clone(), values }),
        );
    }
    Ok(cases)
}

/// A folder with a Chart.yaml is a chart. What is in its `charts` is part of it.
fn find_charts(folder: &Path, charts: &mut Vec<PathBuf>) -> io::Result<()> {
    let is_chart = is_chart(folder);
    if is_chart {
        charts.push(folder.to_owned());
    }
    for (path, is_folder) in entries(folder)? {
        if is_folder && !(is_chart && is_named(&path, "charts")) {
            find_charts(&path, charts)?;
        }
    }
    Ok(())
}

/// Below `ci` everything is a values file; elsewhere what says so in its name.
fn find_values(folder: &Path, in_ci: bool, values: &mut Vec<PathBuf>) -> io::Result<()> {
    for (path, is_folder) in entries(folder)? {
        if is_folder {
            if !is_chart(&path) && !NO_VALUES.iter().any(|name| is_named(&path, name)) {
                find_values(&path, in_ci || is_named(&path, "ci"), values)?;
            }
            continue;
        }
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let says_values = path
            .file_stem()
            .is_some_and(|stem| stem.to_string_lossy().to_lowercase().contains("values"));
        if is_yaml && (in_ci || says_values) {
            values.push(path);
        }
    }
    Ok(())
}

/// What is in a folder, by name, and whether it is a folder. Hidden entries and links are left out: links may lead in
/// circles.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && (kind.is_dir() || kind.is_file()) {
            entries.push((entry.path(), kind.is_dir()));
        }
    }
    entries.sort();
    Ok(entries)
}

fn is_chart(folder: &Path) -> bool {
    folder.join("Chart.yaml").is_file()
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_name() == Some(OsStr::new(name))
}

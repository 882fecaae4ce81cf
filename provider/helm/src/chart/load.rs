//! Loads charts from folders and archives, within limits that a hostile chart cannot exceed.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::GzDecoder;

use super::ignore::{IgnoreError, Rules};
use super::metadata::{Lock, Metadata, MetadataError};
use super::source::Digest;
use super::{Chart, File, values};
use crate::bounds;
use crate::functions::{path_clean, path_ext};
use crate::yaml;

/// A chart is no larger than this when unpacked, in bytes.
const LARGEST_CHART: u64 = 100 << 20;
/// A file of a chart is no larger than this, in bytes.
const LARGEST_FILE: u64 = 5 << 20;
/// All archives of a chart unpack to no more than this together, in bytes, with what they say of their files.
const LARGEST_ARCHIVES: u64 = 256 << 20;
/// Charts hold charts no deeper than this.
const DEEPEST: usize = 32;
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// Why a chart cannot be loaded, in Helm's words.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A folder or file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which one.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without Chart.yaml.
    #[error("unable to detect chart at {path}: open {path}: no such file or directory")]
    NoChart {
        /// Where Chart.yaml should be.
        path: String,
    },
    /// .helmignore cannot be used.
    #[error(transparent)]
    Ignore(#[from] IgnoreError),
    /// A link, device or socket, where a file should be.
    #[error("cannot load irregular file {0} as it has file mode type bits set")]
    Irregular(String),
    /// A file that is too large.
    #[error("chart file {0:?} is larger than the maximum file size {LARGEST_FILE}")]
    FileTooLarge(String),
    /// Something else than a gzipped archive.
    #[error("file '{0}' does not appear to be a gzipped archive; got '{1}'")]
    NoArchive(String, &'static str),
    /// An archive that cannot be unpacked, or must not be.
    #[error("unable to load chart archive: {0}")]
    Archive(String),
    /// A file of the chart that cannot be read as what it should be.
    #[error("cannot load {file}: {problem}")]
    File {
        /// Which one.
        file: &'static str,
        /// Why.
        problem: String,
    },
    /// There is no Chart.yaml.
    #[error("Chart.yaml file is missing")]
    Missing,
    /// A chart of a format this crate does not know.
    #[error("unsupported chart version")]
    Unsupported,
    /// Chart.yaml says what it must not.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// A subchart cannot be loaded.
    #[error("error unpacking subchart {name} in {parent}: {source}")]
    Subchart {
        /// The folder or archive of the subchart.
        name: String,
        /// The chart it is in.
        parent: String,
        /// Why.
        source: Box<ChartError>,
    },
    /// A subchart's archive under another name than its file.
    #[error("error unpacking subchart tar in {parent}: expected {expected}, got {found}")]
    SubchartName {
        /// The chart it is in.
        parent: String,
        /// The name of the archive.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Charts within charts without end.
    #[error("subcharts are nested deeper than {DEEPEST}")]
    TooDeep,
}

/// A chart with what was odd about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The chart.
    pub chart: Chart,
    /// What Helm would warn of.
    pub warnings: Vec<String>,
    /// What it came in.
    pub origin: Origin,
}

/// What tells the very bytes of a chart from others, and not only its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The SHA-256 digest of the archive, as `sha256:` and hexadecimal digits; none of a folder.
    pub archive_digest: Option<String>,
    /// The digest of what a registry has under the tag: the manifest, or an index of manifests.
    pub manifest_digest: Option<String>,
}

impl Chart {
    /// Loads a chart from a folder or an archive.
    ///
    /// # Errors
    /// Why there is no chart at the path, or none that can be used.
    pub fn load(path: &Path) -> Result<Loaded, ChartError> {
        if path.is_dir() { Chart::load_folder(path) } else { Chart::load_archive_file(path) }
    }

    fn load_folder(path: &Path) -> Result<Loaded, ChartError> {
        let manifest = path.join("Chart.yaml");
        if !manifest.exists() {
            return Err(ChartError::NoChart { path: manifest.display().to_string() });
        }
        let mut loader = Loader::new();
        let files = read_folder(path)?;
        let chart = loader.top(files)?;
        Ok(Loaded { chart, warnings: loader.warnings, origin: Origin::default() })
    }

    fn load_archive_file(path: &Path) -> Result<Loaded, ChartError> {
        let shown = path.display().to_string();
        let data = std::fs::read(path)
            .map_err(|source| ChartError::Read { path: shown.clone(), source })?;
        if !data.starts_with(&[0x1f, 0x8b]) {
            let text = std::str::from_utf8(&data).is_ok_and(|text| !text.contains('\0'));
            let kind = if text { "text/plain; charset=utf-8" } else { "application/octet-stream" };
            return Err(ChartError::NoArchive(shown, kind));
        }
        Chart::load_archive(&data)
    }

    /// Loads a chart from the bytes of an archive.
    ///
    /// # Errors
    /// Why the bytes are no chart, or none that can be used.
    pub fn load_archive(data: &[u8]) -> Result<Loaded, ChartError> {
        let mut loader = Loader::new();
        let files = loader.unpack(data)?;
        let chart = loader.top(files)?;
        let archive_digest = Some(Digest::of(data).to_string());
        let origin = Origin { archive_digest, manifest_digest: None };
        Ok(Loaded { chart, warnings: loader.warnings, origin })
    }
}

fn read_folder(root: &Path) -> Result<Vec<File>, ChartError> {
    let rules = match std::fs::read(root.join(".helmignore")) {
        Ok(data) => Rules::parse(&String::from_utf8_lossy(&data))?,
        Err(_) => Rules::parse("")?,
    };
    let mut files = Vec::new();
    walk(root, "", &rules, 0, &mut files)?;
    Ok(files)
}

/// Reads a folder in the order of names, following links.
fn walk(
    folder: &Path,
    prefix: &str,
    rules: &Rules,
    depth: usize,
    files: &mut Vec<File>,
) -> Result<(), ChartError> {
    let read = |path: &Path, source| ChartError::Read { path: path.display().to_string(), source };
    if depth > DEEPEST * 4 {
        return Err(ChartError::TooDeep);
    }
    let entries = std::fs::read_dir(folder).map_err(|source| read(folder, source))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(|source| read(folder, source))?.file_name());
    }
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let relative = format!("{prefix}{}", name.to_string_lossy());
        let details = std::fs::metadata(&path).map_err(|source| read(&path, source))?;
        if rules.ignores(&relative, details.is_dir()) {
            continue;
        }
        if details.is_dir() {
            walk(&path, &format!("{relative}/"), rules, depth + 1, files)?;
        } else if !details.is_file() {
            return Err(ChartError::Irregular(path.display().to_string()));
        } else if details.len() > LARGEST_FILE {
            return Err(ChartError::FileTooLarge(name.to_string_lossy().into_owned()));
        } else {
            let data = std::fs::read(&path).map_err(|source| read(&path, source))?;
            files.push(File { name: relative, data: without_mark(data.into()) });
        }
    }
    Ok(())
}

fn without_mark(data: Bytes) -> Bytes {
    if data.starts_with(BYTE_ORDER_MARK) { data.slice(BYTE_ORDER_MARK.len()..) } else { data }
}

/// What loading a chart with its subcharts has used and noted so far.
struct Loader {
    unpacked: u64,
    /// What is left of what archives may unpack to.
    left: u64,
    depth: usize,
    warnings: Vec<String>,
}

impl Loader {
    fn new() -> Self {
        Loader { unpacked: 0, left: LARGEST_ARCHIVES, depth: 0, warnings: Vec::new() }
    }

    /// The chart itself must have a format this crate knows.
    fn top(&mut self, files: Vec<File>) -> Result<Chart, ChartError> {
        let chart = bounds::limited(|| self.chart(files))?;
        match chart.metadata.api_version.as_str() {
            "v1" | "v2" => Ok(chart),
            _ => Err(ChartError::Unsupported),
        }
    }

    /// The files of an archive, whose first folder is the chart.
    fn unpack(&mut self, data: &[u8]) -> Result<Vec<File>, ChartError> {
        let mut archive = tar::Archive::new(GzDecoder::new(data).take(self.left));
        let files = self.entries(&mut archive);
        self.left = archive.into_inner().limit();
        if self.left == 0 {
            let message = format!("the archives unpack to more than {LARGEST_ARCHIVES}");
            return Err(ChartError::Archive(message));
        }
        files
    }

    fn entries<R: Read>(&mut self, archive: &mut tar::Archive<R>) -> Result<Vec<File>, ChartError> {
        let archive_error = |error: std::io::Error| ChartError::Archive(error.to_string());
        let mut files = Vec::new();
        for entry in archive.entries().map_err(archive_error)? {
            let mut entry = entry.map_err(archive_error)?;
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
                continue;
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = path_in_chart(&name)?;
            let size = entry.size();
            if size > LARGEST_CHART - self.unpacked {
                let message =
                    format!("decompressed chart is larger than the maximum size {LARGEST_CHART}");
                return Err(ChartError::Archive(message));
            }
            if size > LARGEST_FILE {
                return Err(ChartError::Archive(format!(
                    "decompressed chart file {name:?} is larger than the maximum file size {LARGEST_FILE}"
                )));
            }
            self.unpacked += size;
            let mut data = Vec::new();
            entry.by_ref().take(size).read_to_end(&mut data).map_err(archive_error)?;
            files.push(File { name: path, data: without_mark(data.into()) });
        }
        if files.is_empty() {
            return Err(ChartError::Archive("no files in chart archive".to_owned()));
        }
        Ok(files)
    }

    fn chart(&mut self, files: Vec<File>) -> Result<Chart, ChartError> {
        if self.depth > DEEPEST {
            return Err(ChartError::TooDeep);
        }
        let mut chart = Chart::default();
        let Some(manifest) = files.iter().find(|file| file.name == "Chart.yaml") else {
            return Err(ChartError::Missing);
        };
        update_metadata(&mut chart.metadata, manifest, "Chart.yaml")?;
        if chart.metadata.api_version.is_empty() {
            chart.metadata.api_version = "v1".to_owned();
        }
        let mut subcharts: Vec<(String, Vec<File>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for file in files {
            match file.name.as_str() {
                "Chart.yaml" => {}
                "Chart.lock" => chart.lock = Some(read_lock(&file, "Chart.lock")?),
                "values.yaml" => {
                    let text = String::from_utf8_lossy(&file.data);
                    chart.values = values::read_values(&text).map_err(|error| {
                        ChartError::File { file: "values.yaml", problem: error.to_string() }
                    })?;
                }
                "values.schema.json" => chart.schema = Some(file.data),
                "requirements.yaml" => {
                    update_metadata(&mut chart.metadata, &file, "requirements.yaml")?;
                    self.keep_old_file(&mut chart, file, "Dependencies are handled in Chart.yaml");
                }
                "requirements.lock" => {
                    chart.lock = Some(read_lock(&file, "requirements.lock")?);
                    self.keep_old_file(
                        &mut chart,
                        file,
                        "Dependency locking is handled in Chart.lock",
                    );
                }
                name if name.starts_with("templates/") => chart.templates.push(file),
                name if name.starts_with("charts/") && path_ext(name) != ".prov" => {
                    let inner = name["charts/".len()..].to_owned();
                    let group = inner.split('/').next().unwrap_or_default().to_owned();
                    let file = File { name: inner, data: file.data };
                    let place = *places.entry(group).or_insert_with_key(|group| {
                        subcharts.push((group.clone(), Vec::new()));
                        subcharts.len() - 1
                    });
                    subcharts[place].1.push(file);
                }
                _ => chart.files.push(file),
            }
        }
        chart.metadata.validate()?;
        for (name, files) in subcharts {
            self.subchart(&mut chart, name, files)?;
        }
        Ok(chart)
    }

    /// Version 1 charts keep these files as such, later ones should not have them.
    fn keep_old_file(&mut self, chart: &mut Chart, file: File, reason: &str) {
        if chart.metadata.api_version == "v1" {
            chart.files.push(file);
        } else {
            self.warnings.push(format!("Warning: {reason} since apiVersion \"v2\""));
        }
    }

    fn subchart(
        &mut self,
        parent: &mut Chart,
        name: String,
        files: Vec<File>,
    ) -> Result<(), ChartError> {
        if name.starts_with(['_', '.']) {
            return Ok(());
        }
        self.depth += 1;
        let loaded = if path_ext(&name) == ".tgz" {
            match files.first() {
                Some(file) if file.name == name => {
                    self.unpack(&file.data).and_then(|files| self.chart(files))
                }
                found => {
                    let found = found.map(|file| file.name.clone()).unwrap_or_default();
                    return Err(ChartError::SubchartName {
                        parent: parent.name().to_owned(),
                        expected: name,
                        found,
                    });
                }
            }
        } else {
            let inner = |file: File| {
                let (_, path) = file.name.split_once('/')?;
                Some(File { name: path.to_owned(), data: file.data })
            };
            self.chart(files.into_iter().filter_map(inner).collect())
        };
        self.depth -= 1;
        let subchart = loaded.map_err(|source| ChartError::Subchart {
            name,
            parent: parent.name().to_owned(),
            source: Box::new(source),
        })?;
        parent.dependencies.push(subchart);
        Ok(())
    }
}

fn read_tree(file: &File, name: &'static str) -> Result<crate::tree::Tree, ChartError> {
    yaml::read(&String::from_utf8_lossy(&file.data))
        .map_err(|error| ChartError::File { file: name, problem: error.to_string() })
}

fn field_error(name: &'static str) -> impl Fn(String) -> ChartError {
    move |problem| ChartError::File {
        file: name,
        problem: format!("error unmarshaling JSON: while decoding JSON: {problem}"),
    }
}

fn update_metadata(
    metadata: &mut Metadata,
    file: &File,
    name: &'static str,
) -> Result<(), ChartError> {
    metadata.update(&read_tree(file, name)?).map_err(field_error(name))
}

fn read_lock(file: &File, name: &'static str) -> Result<Lock, ChartError> {
    Lock::read(&read_tree(file, name)?).map_err(field_error(name))
}

/// The path of an archive's entry without its first folder. What would lead out of the chart is refused.
fn path_in_chart(name: &str) -> Result<String, ChartError> {
    let refuse = |message: &str| Err(ChartError::Archive(message.to_owned()));
    let delimiter = if name.contains('\\') { '\\' } else { '/' };
    let (first, rest) = name.split_once(delimiter).unwrap_or((name, ""));
    let path = rest.replace(delimiter, "/");
    if path.starts_with('/') {
        return refuse("chart illegally contains absolute paths");
    }
    let path = path_clean(&path);
    if path == "." {
        return refuse(&format!(
            "chart illegally contains content outside the base directory: {name:?}"
        ));
    }
    if path.starts_with("..") {
        return refuse("chart illegally references parent directory");
    }
    let drive = path.as_bytes();
    if drive.len() > 2 && drive[0].is_ascii_alphabetic() && &drive[1..3] == b":/" {
        return refuse("chart contains illegally named files");
    }
    if first == "Chart.yaml" {
        return refuse("chart yaml not in base directory");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// An archive of so many files without content.
    fn archive(files: usize) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for index in 0..files {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            archive.append_data(&mut header, format!("chart/files/{index}"), &[][..]).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn what_archives_say_of_their_files_is_counted() {
        let archive = archive(100);
        let mut loader = Loader { left: 200 << 10, ..Loader::new() };
        // The headers of a hundred files, and the end.
        assert_eq!(loader.unpack(&archive).unwrap().len(), 100);
        assert!(loader.left < 150 << 10, "{} are left", loader.left);
        loader.unpack(&archive).unwrap();
        loader.unpack(&archive).unwrap();
        let error = loader.unpack(&archive).unwrap_err().to_string();
        assert!(error.contains("the archives unpack to more than"), "{error}");
    }

    #[test]
    fn paths_stay_in_the_chart() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(path_in_chart(name).ok().as_deref(), expected, "{name}");
        };
        check("chart/templates/a.yaml", Some("templates/a.yaml"));
        check("chart\\templates\\a.yaml", Some("templates/a.yaml"));
        check("chart/./a/../b", Some("b"));
        check("chart//etc/passwd", None);
        check("chart/../../etc/passwd", None);
        check("Chart.yaml", None);
        check("chart/c:/windows", None);
    }
}

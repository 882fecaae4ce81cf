//! Where charts come from: a folder, an archive, or a mirror, that is a folder or a web server with an index.yaml.

mod index;
mod web;

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Chart, ChartError, Loaded};
use crate::semver::{Constraint, SemverError, Version};
use index::{Entry, Index};

pub use web::WebError;

/// An index is no larger than this, in bytes.
const LARGEST_INDEX: usize = 128 << 20;
/// An archive is no larger than this, in bytes.
const LARGEST_ARCHIVE: usize = 100 << 20;
const INDEX: &str = "index.yaml";

/// Which chart, and where it is looked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChartReference {
    /// The path of a folder or of an archive; with a mirror, the name the index has for it.
    pub chart: String,
    /// The version: an exact one, or a constraint of which the newest that fits is taken. None takes the newest that is
    /// no pre-release. Of a folder or an archive it must be what the chart says.
    pub version: Option<String>,
    /// The mirror: a folder, or an http(s) URL, with an index.yaml. A URL may hold a name and a password, which are sent
    /// to that host only.
    pub mirror: Option<String>,
}

/// Why a chart was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// What was found is no chart, or there is nothing at the path.
    #[error("load the chart at {place}")]
    Load {
        /// The path or address.
        place: String,
        /// Why it cannot be loaded.
        #[source]
        source: ChartError,
    },
    /// There is nothing at the path.
    #[error(
        "there is no chart at {0:?}: it must be a folder with a Chart.yaml or a .tgz file, or else a mirror must be named"
    )]
    NoPath(String),
    /// A registry, which is another kind of mirror.
    #[error(
        "{0:?} is in an OCI registry; copy the chart into a mirror with an index.yaml, or name a folder or .tgz file"
    )]
    Registry(String),
    /// The mirror is neither a folder nor a URL.
    #[error("the mirror {0:?} is neither a folder nor an http:// or https:// URL")]
    Mirror(String),
    /// A file of the mirror cannot be read.
    #[error("read {path}")]
    Read {
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the mirror is too large.
    #[error("{place} is larger than {limit} bytes")]
    TooLarge {
        /// The path or address.
        place: String,
        /// The most bytes.
        limit: usize,
    },
    /// The web server did not give it.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The index is none.
    #[error("{place} is no index of charts: {problem}")]
    Index {
        /// The path or address.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The mirror has no such chart.
    #[error("the mirror {mirror} has no chart {chart:?}; it has: {known}")]
    NoChart {
        /// The mirror.
        mirror: String,
        /// The name asked for.
        chart: String,
        /// The names there are.
        known: String,
    },
    /// The version is neither a version nor a constraint.
    #[error("{text:?} is neither a version nor a constraint of versions")]
    Constraint {
        /// What was given.
        text: String,
        /// Why.
        #[source]
        source: SemverError,
    },
    /// The chart is not there in that version.
    #[error("{place} has no version {wanted} of the chart {chart}; it has: {known}")]
    NoVersion {
        /// The path, or the mirror.
        place: String,
        /// The chart.
        chart: String,
        /// The version or constraint.
        wanted: String,
        /// The versions there are.
        known: String,
    },
    /// The index names an archive that lies elsewhere than in the mirror's folder.
    #[error(
        "the index of {mirror} says that {chart} lies at {url:?}, which is outside of the mirror's folder"
    )]
    Outside {
        /// The mirror.
        mirror: String,
        /// The chart.
        chart: String,
        /// What the index says.
        url: String,
    },
    /// The archive is not the one the index speaks of.
    #[error(
        "{place} has the SHA-256 digest {found}, and the index says {expected}; it is damaged or was exchanged"
    )]
    Digest {
        /// The path or address.
        place: String,
        /// What the index says.
        expected: String,
        /// What it has.
        found: String,
    },
    /// The archive holds another chart than the index says.
    #[error("{place} holds {found}, and the index says that it is {expected}")]
    Other {
        /// The path or address.
        place: String,
        /// Name and version in the index.
        expected: String,
        /// Name and version in the archive.
        found: String,
    },
    /// Reading ended early.
    #[error("an inner task ended early")]
    Task(#[from] tokio::task::JoinError),
}

/// Finds and loads a chart.
///
/// # Errors
/// [`SourceError`], which lists what there is where the chart or the version is not.
pub async fn find(reference: &ChartReference) -> Result<Loaded, SourceError> {
    let Some(mirror) = &reference.mirror else { return at_path(reference).await };
    let mirror = Mirror::of(mirror)?;
    let place = mirror.to_string();
    let text = mirror.read(INDEX, LARGEST_INDEX).await?;
    let wanted = reference.clone();
    let entry = tokio::task::spawn_blocking(move || {
        let index = Index::read(&text)
            .map_err(|problem| SourceError::Index { place: place.clone(), problem })?;
        index.choose(&place, &wanted.chart, wanted.version.as_deref())
    });
    let entry = entry.await??;
    let data = mirror.read(&entry.url, LARGEST_ARCHIVE).await?;
    let place = mirror.place(&entry.url);
    tokio::task::spawn_blocking(move || unpack(&entry, &data, place)).await?
}

/// The names of the charts that a mirror has.
///
/// # Errors
/// [`SourceError`], where it is none or does not answer.
pub async fn names(mirror: &str) -> Result<Vec<String>, SourceError> {
    let mirror = Mirror::of(mirror)?;
    let place = mirror.to_string();
    let text = mirror.read(INDEX, LARGEST_INDEX).await?;
    let read = tokio::task::spawn_blocking(move || Index::read(&text).map(|index| index.names()));
    read.await?.map_err(|problem| SourceError::Index { place, problem })
}

/// Loads a chart from a folder or an archive.
async fn at_path(reference: &ChartReference) -> Result<Loaded, SourceError> {
    let place = reference.chart.clone();
    if place.starts_with("oci://") {
        return Err(SourceError::Registry(place));
    }
    let path = PathBuf::from(place.strip_prefix("file://").unwrap_or(&place));
    let loaded = tokio::task::spawn_blocking(move || path.exists().then(|| Chart::load(&path)));
    let Some(loaded) = loaded.await? else { return Err(SourceError::NoPath(place)) };
    let loaded = loaded.map_err(|source| SourceError::Load { place: place.clone(), source })?;
    let metadata = &loaded.chart.metadata;
    if let Some(wanted) = &reference.version
        && wanted != &metadata.version
        && !accepts(wanted, &metadata.version)?
    {
        return Err(SourceError::NoVersion {
            place,
            chart: metadata.name.clone(),
            wanted: wanted.clone(),
            known: metadata.version.clone(),
        });
    }
    Ok(loaded)
}

/// Whether a version is one that a version or constraint asks for.
fn accepts(wanted: &str, version: &str) -> Result<bool, SourceError> {
    let constraint = Constraint::parse(wanted)
        .map_err(|source| SourceError::Constraint { text: wanted.to_owned(), source })?;
    Ok(Version::parse(version).is_ok_and(|version| constraint.accepts(&version)))
}

/// Loads an archive that is what the index says.
fn unpack(entry: &Entry, data: &[u8], place: String) -> Result<Loaded, SourceError> {
    if let Some(expected) = &entry.digest {
        let found: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
        if !expected.eq_ignore_ascii_case(&found) {
            return Err(SourceError::Digest { place, expected: expected.clone(), found });
        }
    }
    let loaded = Chart::load_archive(data)
        .map_err(|source| SourceError::Load { place: place.clone(), source })?;
    let metadata = &loaded.chart.metadata;
    let (expected, found) = (
        format!("{} {}", entry.name, entry.version),
        format!("{} {}", metadata.name, metadata.version),
    );
    if expected != found {
        return Err(SourceError::Other { place, expected, found });
    }
    Ok(loaded)
}

/// A place with an index.yaml.
enum Mirror {
    Folder(PathBuf),
    Web(web::Site),
}

impl Mirror {
    fn of(text: &str) -> Result<Self, SourceError> {
        if text.starts_with("oci://") {
            return Err(SourceError::Registry(text.to_owned()));
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Mirror::Web(web::Site::parse(text)?));
        }
        let folder = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
        if !folder.is_dir() {
            return Err(SourceError::Mirror(text.to_owned()));
        }
        Ok(Mirror::Folder(folder))
    }

    /// Where the mirror has a file, for people.
    fn place(&self, name: &str) -> String {
        match self {
            _ if is_address(name) => web::without_credentials(name),
            Mirror::Folder(folder) => folder.join(name).display().to_string(),
            Mirror::Web(site) => site.place(name),
        }
    }

    /// Reads a file by its path in the mirror, or by an address of its own.
    async fn read(&self, name: &str, limit: usize) -> Result<Bytes, SourceError> {
        match self {
            Mirror::Web(site) => Ok(site.get(name, limit).await?),
            Mirror::Folder(_) if is_address(name) => {
                Ok(web::Site::parse(name)?.get(name, limit).await?)
            }
            Mirror::Folder(folder) => {
                let (path, place) = (folder.join(name), self.place(name));
                let inside = Path::new(name).components().all(|part| {
                    matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)
                });
                if !inside {
                    let (mirror, chart) = (self.to_string(), name.to_owned());
                    return Err(SourceError::Outside { mirror, chart: chart.clone(), url: chart });
                }
                let data = tokio::fs::read(path).await;
                let data =
                    data.map_err(|source| SourceError::Read { path: place.clone(), source })?;
                if data.len() > limit {
                    return Err(SourceError::TooLarge { place, limit });
                }
                Ok(data.into())
            }
        }
    }
}

fn is_address(name: &str) -> bool {
    name.starts_with("http://") || name.starts_with("https://")
}

impl fmt::Display for Mirror {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mirror::Folder(folder) => write!(out, "{}", folder.display()),
            Mirror::Web(site) => write!(out, "{}", site.place("")),
        }
    }
}

/// Shows no credentials.
impl fmt::Debug for ChartReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ChartReference")
            .field("chart", &self.chart)
            .field("version", &self.version)
            .field("mirror", &self.mirror.as_deref().map(web::without_credentials))
            .finish()
    }
}

#[cfg(test)]
mod tests;

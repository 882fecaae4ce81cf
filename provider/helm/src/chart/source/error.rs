//! Why a chart was not found.

use super::super::ChartError;
use super::super::provenance::ProvenanceError;
use super::client::WebError;
use super::oci::RegistryError;
use crate::semver::SemverError;

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
    /// The registry did not give it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A registry cannot tell which charts it has.
    #[error("{0:?} is in an OCI registry, which has no index of its charts: name one of them")]
    NoIndex(String),
    /// The mirror is neither a folder nor a URL.
    #[error("the mirror {0:?} is neither a folder nor an http://, https:// or oci:// URL")]
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
    /// The archive is not what somebody trusted has signed.
    #[error("verify {place}")]
    Unverified {
        /// The path or address.
        place: String,
        /// Why not.
        #[source]
        source: ProvenanceError,
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

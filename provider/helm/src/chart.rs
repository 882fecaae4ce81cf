//! Charts: what they consist of.

pub(crate) mod dependencies;
mod fields;
mod ignore;
mod load;
mod metadata;
pub mod provenance;
pub(crate) mod schema;
pub mod source;
pub(crate) mod values;

use bytes::Bytes;

use crate::functions::path_ext;
use crate::tree::TreeMap;

pub use load::{ChartError, Loaded, Origin};
pub use metadata::{Dependency, Lock, Maintainer, Metadata, MetadataError};

/// A chart with its subcharts.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// What Chart.yaml says.
    pub metadata: Metadata,
    /// What Chart.lock says.
    pub lock: Option<Lock>,
    /// The default values.
    pub values: TreeMap,
    /// The JSON schema of the values.
    pub schema: Option<Bytes>,
    /// The files under templates/.
    pub templates: Vec<File>,
    /// All other files but those that have a meaning of their own.
    pub files: Vec<File>,
    /// The subcharts.
    pub dependencies: Vec<Chart>,
}

/// A file of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path from the chart's folder, with slashes.
    pub name: String,
    /// The content.
    pub data: Bytes,
}

impl Chart {
    /// The name of the chart.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether the chart only lends templates to others.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// The paths and contents of all files with definitions of custom resources, those of subcharts last.
    #[must_use]
    pub fn custom_resource_definitions(&self) -> Vec<(String, &File)> {
        let mut found = Vec::new();
        self.collect_definitions(self.name(), &mut found);
        found
    }

    fn collect_definitions<'c>(&'c self, path: &str, found: &mut Vec<(String, &'c File)>) {
        let own = self.files.iter().filter(|file| is_definitions_file(&file.name));
        found.extend(own.map(|file| (format!("{path}/{}", file.name), file)));
        for dependency in &self.dependencies {
            dependency.collect_definitions(&format!("{path}/charts/{}", dependency.name()), found);
        }
    }
}

/// Whether a chart's file holds definitions of custom resources, by its path.
pub(crate) fn is_definitions_file(name: &str) -> bool {
    let extension = path_ext(name);
    let is_manifest =
        [".yaml", ".yml", ".json"].iter().any(|known| extension.eq_ignore_ascii_case(known));
    name.starts_with("crds/") && is_manifest
}

//! Helm 4 semantics as a plain library: charts, templates, releases.

mod bounds;
mod capabilities;
pub mod chart;
mod documents;
mod engine;
mod executor;
mod functions;
mod json;
pub mod lifecycle;
mod number;
pub mod release;
mod semver;
mod template;
mod tree;
mod value;
pub mod yaml;

pub use bounds::Bounds;
pub use capabilities::{
    Capabilities, HELM_VERSION, KubeVersion, KubeVersionError, defined_api_versions,
};
pub use chart::values::{ValuesError, merge_values, read_values};
pub use documents::{
    Document, DocumentError, Hook, HookDeletePolicy, HookEvent, compare_for_install,
    compare_for_uninstall,
};
pub use engine::{
    ReleaseContext, RenderError, RenderOptions, Rendering, check_release_name, render,
    render_within,
};
pub use executor::Lookup;
pub use semver::{Constraint, SemverError, Version, is_compatible};
pub use tree::{Tree, TreeMap};

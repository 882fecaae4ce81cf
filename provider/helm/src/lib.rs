//! Helm 4 semantics as a plain library: templates, charts, releases.

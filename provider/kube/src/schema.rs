//! Whether documents fit the schemas of their kinds, said without asking a cluster: those of Kubernetes' own kinds, and
//! those that definitions of custom resources bring.
//!
//! What a cluster's server-side apply accepts is never refused here: whole numbers may be written as 1.0, quantities as
//! numbers, and in Kubernetes' own kinds null is as good as absent. What only the cluster can tell is left to it: the
//! rules of its admission, and which fields of its own kinds are required.

mod built_in;
mod rules;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::document::Document;
use crate::path::FieldPath;

pub use built_in::KUBERNETES;

/// The schemas that documents are held against.
#[derive(Clone, Default)]
pub struct Schemas {
    /// Those of custom resources, by API version and kind.
    custom: BTreeMap<(String, String), Arc<Value>>,
}

/// Something in a document that does not fit the schema of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub path: FieldPath,
    /// What is wrong, as a fragment: `no field "replica"; did you mean "replicas"?`.
    pub reason: String,
    /// Whether a version of Kubernetes newer than [`KUBERNETES`] may think otherwise.
    pub may_be_newer: bool,
}

impl Schemas {
    /// Only those of Kubernetes' own kinds, in stable versions.
    pub fn built_in() -> Self {
        Schemas::default()
    }

    /// Adds those of the versions that custom resource definitions among the documents serve.
    pub fn add_definitions<'a>(&mut self, documents: impl IntoIterator<Item = &'a Document>) {
        for definition in documents.into_iter().filter(|document| is_definition(document)) {
            let spec = &definition.value()["spec"];
            let (Some(group), Some(kind)) =
                (spec["group"].as_str(), spec["names"]["kind"].as_str())
            else {
                continue;
            };
            for version in spec["versions"].as_array().into_iter().flatten() {
                if let (Some(name), true) = (version["name"].as_str(), version["served"] == true) {
                    let schema = version["schema"]["openAPIV3Schema"].clone();
                    let key = (format!("{group}/{name}"), kind.to_owned());
                    self.custom.insert(key, Arc::new(schema));
                }
            }
        }
    }

    /// Adds all that others have; theirs count where both know a kind.
    pub fn extend(&mut self, others: &Self) {
        let others = others.custom.iter();
        self.custom.extend(others.map(|(kind, schema)| (kind.clone(), Arc::clone(schema))));
    }

    /// What does not fit in a document, in the order of its fields; nothing where its kind is not known. Values of a
    /// Secret are never quoted.
    pub fn problems(&self, document: &Document) -> Vec<Problem> {
        let (api_version, kind) = (document.api_version(), document.kind());
        let value = document.value();
        let is_secret = kind == "Secret" && api_version == "v1";
        if let Some(schema) = built_in::schema(api_version, kind) {
            return walk::built_in(schema, value, is_secret);
        }
        let schema = self.custom.get(&(api_version.to_owned(), kind.to_owned()));
        schema.map(|schema| walk::custom(schema, value)).unwrap_or_default()
    }
}

/// Definitions of v1 only: no cluster has served others for long, and those need not have schemas.
fn is_definition(document: &Document) -> bool {
    document.kind() == "CustomResourceDefinition"
        && document.api_version() == "apiextensions.k8s.io/v1"
}

/// As it is found and put into words.
impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.0.is_empty() {
            return out.write_str(&self.reason);
        }
        write!(out, "{}: {}", self.path, self.reason)
    }
}

/// Says nothing of the schemas: they are long.
impl std::fmt::Debug for Schemas {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.custom.keys()).finish()
    }
}

#[cfg(test)]
mod tests;

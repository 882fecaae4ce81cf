//! A Kubernetes document: JSON that is known to say what it is, and the key that names it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A Kubernetes object as JSON: an object with `apiVersion`, `kind` and `metadata.name`.
///
/// Whoever holds one need not check these again.
#[derive(Clone, PartialEq)]
pub struct Document {
    value: Value,
    key: DocumentKey,
}

/// Why JSON is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text or value is no JSON object.
    #[error("a Kubernetes document must be an object, and this is {0}")]
    NotAnObject(&'static str),
    /// A field every document has is absent, empty or no string.
    #[error("{subject} has no {field}")]
    Missing {
        /// As much as is known of the document.
        subject: String,
        /// The field's path.
        field: &'static str,
    },
    /// The document leaves its name to the cluster.
    #[error(
        "{subject} has metadata.generateName: a document needs a name of its own, or it could not be found again"
    )]
    GeneratedName {
        /// As much as is known of the document.
        subject: String,
    },
    /// A part of the document has the wrong type.
    #[error("{field} of {subject} must be {expected}")]
    WrongType {
        /// As much as is known of the document.
        subject: String,
        /// The field's path.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

/// What names an object within a cluster; written `apiVersion/kind/namespace/name`, with an empty namespace for objects
/// of the whole cluster.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentKey {
    /// Group and version ("apps/v1", or "v1" for the core group).
    pub api_version: String,
    /// The kind ("Deployment").
    pub kind: String,
    /// The namespace; none for objects of the whole cluster.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl Document {
    /// Takes a JSON value for a document.
    ///
    /// # Errors
    /// [`DocumentError`] where `apiVersion`, `kind` or `metadata.name` is absent or something has the wrong type.
    pub fn new(value: Value) -> Result<Self, DocumentError> {
        let key = key_of(&value)?;
        Ok(Document { value, key })
    }

    /// Takes a JSON value for a document or a `List` of documents; `null` is none.
    ///
    /// # Errors
    /// As [`Document::new`], for the first that is none.
    pub fn many(value: Value) -> Result<Vec<Self>, DocumentError> {
        if value.is_null() {
            return Ok(Vec::new());
        }
        // A `List` may have a name that nobody asks for; what is called so otherwise and has a name is an object.
        let is_plain = value["kind"] == "List" && value["apiVersion"] == "v1";
        let is_nameless = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"))
            && value["metadata"]["name"].is_null();
        let is_list = value["items"].is_array() && (is_plain || is_nameless);
        if !is_list {
            return Ok(vec![Document::new(value)?]);
        }
        let Value::Object(mut list) = value else { return Ok(Vec::new()) };
        let Some(Value::Array(items)) = list.remove("items") else { return Ok(Vec::new()) };
        let mut documents = Vec::with_capacity(items.len());
        for item in items {
            documents.extend(Document::many(item)?);
        }
        Ok(documents)
    }

    /// What names it.
    pub fn key(&self) -> &DocumentKey {
        &self.key
    }

    /// The JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The JSON, given away.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Group and version.
    pub fn api_version(&self) -> &str {
        &self.key.api_version
    }

    /// The group; empty for the core group.
    pub fn group(&self) -> &str {
        self.key.group()
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.key.kind
    }

    /// Whether it defines a kind of custom resources.
    pub fn is_definition(&self) -> bool {
        self.key.is_definition()
    }

    /// The kinds that it defines, each as API version and kind: one for each version that is served. None where it is
    /// no definition of custom resources, or not a whole one.
    pub fn defined_kinds(&self) -> Vec<(String, String)> {
        let spec = &self.value["spec"];
        let (Some(group), Some(kind), true) =
            (spec["group"].as_str(), spec["names"]["kind"].as_str(), self.is_definition())
        else {
            return Vec::new();
        };
        let versions = spec["versions"].as_array().into_iter().flatten();
        let served = versions.filter(|version| version["served"] == true);
        let names = served.filter_map(|version| version["name"].as_str());
        names.map(|version| (format!("{group}/{version}"), kind.to_owned())).collect()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The namespace, where the document names one.
    pub fn namespace(&self) -> Option<&str> {
        self.key.namespace.as_deref()
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.value["metadata"]["labels"][name].as_str()
    }

    /// An annotation's value.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.value["metadata"]["annotations"][name].as_str()
    }

    /// The identity the cluster gave this very object; none on documents that do not come from a cluster.
    pub fn uid(&self) -> Option<&str> {
        self.value["metadata"]["uid"].as_str()
    }

    /// The object's version in the cluster; none on documents that do not come from a cluster.
    pub fn resource_version(&self) -> Option<&str> {
        self.value["metadata"]["resourceVersion"].as_str()
    }

    /// Whether the object is on its way out.
    pub fn is_being_deleted(&self) -> bool {
        self.value["metadata"]["deletionTimestamp"].is_string()
    }

    /// What keeps the object from going, once deleted.
    pub fn finalizers(&self) -> Vec<&str> {
        let finalizers = self.value["metadata"]["finalizers"].as_array();
        finalizers.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Sets or removes the namespace.
    pub fn set_namespace(&mut self, namespace: Option<&str>) {
        self.key.namespace = namespace.map(str::to_owned);
        self.change_metadata(|metadata| match namespace {
            Some(namespace) => drop(metadata.insert("namespace".to_owned(), namespace.into())),
            None => drop(metadata.remove("namespace")),
        });
    }

    /// Sets a label.
    pub fn set_label(&mut self, name: &str, value: &str) {
        self.set_in_metadata("labels", name, value);
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, name: &str, value: &str) {
        self.set_in_metadata("annotations", name, value);
    }

    /// Removes what only a cluster writes (uid, resourceVersion, managedFields and the like, and the status), so that
    /// the rest can be applied.
    pub fn strip_server_fields(&mut self) {
        self.change_metadata(|metadata| {
            metadata.retain(|field, _| !SERVER_METADATA.contains(&field.as_str()))
        });
        if let Value::Object(object) = &mut self.value {
            object.remove("status");
        }
    }

    /// Moves the texts of a Secret's `stringData` into `data`, as the cluster does on writing. Does nothing to other
    /// kinds.
    pub fn encode_secret_texts(&mut self) {
        if self.kind() != "Secret" || !self.group().is_empty() {
            return;
        }
        let Value::Object(object) = &mut self.value else { return };
        let Some(Value::Object(texts)) = object.get_mut("stringData") else { return };
        // What is no text stays, for the cluster to refuse.
        let mut encoded = Map::new();
        texts.retain(|name, text| match text.as_str() {
            Some(text) => {
                encoded.insert(name.clone(), STANDARD.encode(text).into());
                false
            }
            None => true,
        });
        if texts.is_empty() {
            object.remove("stringData");
        }
        match object.get_mut("data") {
            Some(Value::Object(data)) => data.extend(encoded),
            _ if encoded.is_empty() => {}
            _ => {
                object.insert("data".to_owned(), Value::Object(encoded));
            }
        }
    }

    fn set_in_metadata(&mut self, field: &str, name: &str, value: &str) {
        self.change_metadata(|metadata| {
            let entry = metadata.entry(field).or_insert(Value::Null);
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            entry[name] = value.into();
        });
    }

    fn change_metadata(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Value::Object(metadata) = &mut self.value["metadata"] {
            change(metadata);
        }
    }
}

/// Fields of `metadata` that only a cluster writes.
pub(crate) const SERVER_METADATA: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

fn key_of(value: &Value) -> Result<DocumentKey, DocumentError> {
    let Value::Object(object) = value else {
        return Err(DocumentError::NotAnObject(type_name(value)));
    };
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let name = metadata["name"].as_str().unwrap_or_default();
    let subject = match (kind, name) {
        ("", "") => "a document".to_owned(),
        ("", name) => format!("a document named {name:?}"),
        (kind, "") => format!("a document of kind {kind}"),
        (kind, name) => format!("{kind} {name:?}"),
    };
    let missing = |field| DocumentError::Missing { subject: subject.clone(), field };
    let api_version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if api_version.is_empty() {
        return Err(missing("apiVersion"));
    }
    if kind.is_empty() {
        return Err(missing("kind"));
    }
    if !metadata.is_object() && !metadata.is_null() {
        return Err(DocumentError::WrongType { subject, field: "metadata", expected: "an object" });
    }
    if name.is_empty() {
        if metadata["generateName"].is_string() {
            return Err(DocumentError::GeneratedName { subject });
        }
        return Err(missing("metadata.name"));
    }
    for (field, path) in [("labels", "metadata.labels"), ("annotations", "metadata.annotations")] {
        if !metadata[field].is_object() && !metadata[field].is_null() {
            return Err(DocumentError::WrongType {
                subject,
                field: path,
                expected: "a map of strings",
            });
        }
    }
    let namespace = match &metadata["namespace"] {
        Value::Null => None,
        Value::String(namespace) if namespace.is_empty() => None,
        Value::String(namespace) => Some(namespace.clone()),
        _ => {
            return Err(DocumentError::WrongType {
                subject,
                field: "metadata.namespace",
                expected: "a string",
            });
        }
    };
    Ok(DocumentKey {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace,
        name: name.to_owned(),
    })
}

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl DocumentKey {
    /// The group; empty for the core group.
    pub fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// Whether it names a definition of custom resources.
    pub fn is_definition(&self) -> bool {
        self.kind == "CustomResourceDefinition" && self.group() == "apiextensions.k8s.io"
    }
}

/// The group in "group/version"; empty for the core group's "v1".
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Shows the key, never the content: that may be secret.
impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Document({})", self.key)
    }
}

impl fmt::Debug for DocumentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        write!(out, "{}/{}/{namespace}/{}", self.api_version, self.kind, self.name)
    }
}

impl From<DocumentKey> for String {
    fn from(key: DocumentKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for DocumentKey {
    type Error = DocumentKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is no document's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key of a document: it is written apiVersion/kind/namespace/name")]
pub struct DocumentKeyError(String);

impl FromStr for DocumentKey {
    type Err = DocumentKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.rsplitn(4, '/');
        let parts = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(name), Some(namespace), Some(kind), Some(api_version)) = parts else {
            return Err(DocumentKeyError(text.to_owned()));
        };
        if name.is_empty()
            || kind.is_empty()
            || api_version.is_empty()
            || api_version.matches('/').count() > 1
        {
            return Err(DocumentKeyError(text.to_owned()));
        }
        Ok(DocumentKey {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()).map(str::to_owned),
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;

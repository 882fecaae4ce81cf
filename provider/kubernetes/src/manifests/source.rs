//! From what a configuration says to documents, as far as it is known.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number as JsonNumber, Value as Json};
use travel_framework::Diagnostic;
use travel_helm::yaml;
use travel_kube::scope::{Scope, Scopes};
use travel_kube::{Document, DocumentKey};
use travel_value::{Number, Path, Type, Value};

use crate::documents::shown;
use crate::secrets::{SecretKey, Secrets};

/// The documents of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Those that are known at least by name.
    pub items: Vec<Item>,
    /// Whether these are all.
    pub is_complete: bool,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Item {
    /// The document, named as plans name it: a kind's place does not depend on what a cluster serves,
    /// which a plan could not ask. What is not known of it stands for itself by some value.
    pub document: Document,
    /// Where it stands in the configuration.
    pub path: Path,
    /// Whether no value of it is shown.
    pub is_hidden: bool,
    /// What of it is not known.
    pub unknown: Unknown,
}

/// What of a document is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing.
    Nothing,
    /// The values of these fields, by their paths.
    Fields(BTreeSet<String>),
    /// Which fields it has.
    Content,
}

/// The attributes with texts, and whether plans show no value of their documents.
const TEXTS: [(&str, bool); 2] = [("yaml", false), ("secret_yaml", true)];
/// Where documents go that name no namespace and need one, where nothing else is said.
const DEFAULT_NAMESPACE: &str = "default";

impl Source {
    /// The documents of a configuration, a plan or a state.
    ///
    /// # Errors
    /// What is no document, or stands there twice: at its place. Never quotes a value.
    pub fn of(object: &Value) -> Result<Self, Vec<Diagnostic>> {
        let mut reading = Reading { is_complete: true, ..Reading::default() };
        for (name, is_hidden) in TEXTS {
            reading.texts(object.get(name), &Path::attribute(name), is_hidden);
        }
        reading.objects(object.get("objects"), &Path::attribute("objects"));
        reading.place(object.get("namespace"));
        reading.refuse_twins();
        if reading.errors.is_empty() {
            Ok(Self { items: reading.items, is_complete: reading.is_complete })
        } else {
            Err(reading.errors)
        }
    }

    /// The documents, without what only a plan wants to know.
    pub fn documents(&self) -> Vec<Document> {
        self.items.iter().map(|item| item.document.clone()).collect()
    }

    /// What no error quotes.
    pub fn secrets(&self) -> Secrets {
        let mut texts = Vec::new();
        for item in self.items.iter().filter(|item| item.is_hidden) {
            let fields = item.document.value().as_object().into_iter().flatten();
            let said = ["apiVersion", "kind", "metadata"];
            let secret = fields.filter(|(name, _)| !said.contains(&name.as_str()));
            secret.for_each(|(_, value)| collect_texts(value, &mut texts));
        }
        Secrets::from_texts(texts)
    }
}

impl Item {
    /// Its fields as plans show them, none for one whose value is not known; nothing where it is not
    /// known which there are.
    pub fn fields(&self, key: Option<&SecretKey>) -> Option<BTreeMap<String, Option<String>>> {
        let mut fields = match &self.unknown {
            Unknown::Content => return None,
            _ => shown(&self.document, key, &self.hidden()),
        };
        if let Unknown::Fields(unknown) = &self.unknown {
            let of_unknown = fields.iter_mut().filter(|(path, _)| unknown.contains(*path));
            of_unknown.for_each(|(_, value)| *value = None);
        }
        Some(fields)
    }

    /// What plans hide of it, beside what a Secret holds.
    pub fn hidden(&self) -> Secrets {
        if self.is_hidden { Secrets::everything() } else { Secrets::default() }
    }

    /// Whether the field at a path is known.
    pub fn is_known(&self, path: &str) -> bool {
        match &self.unknown {
            Unknown::Nothing => true,
            Unknown::Fields(unknown) => !unknown.contains(path),
            Unknown::Content => false,
        }
    }

    /// What it is called in plans.
    pub fn name(&self) -> String {
        self.document.key().to_string()
    }
}

#[derive(Default)]
struct Reading {
    items: Vec<Item>,
    is_complete: bool,
    errors: Vec<Diagnostic>,
}

impl Reading {
    fn texts(&mut self, texts: &Value, path: &Path, is_hidden: bool) {
        self.is_complete &= !texts.is_unknown();
        for (index, text) in texts.elements().unwrap_or_default().iter().enumerate() {
            let path = path.index(index);
            match text.as_str() {
                Some(text) => self.text(text, &path, is_hidden),
                None => self.is_complete &= !text.is_unknown(),
            }
        }
    }

    fn text(&mut self, text: &str, path: &Path, is_hidden: bool) {
        let trees = match yaml::read_documents(text) {
            Ok(trees) => trees,
            Err(error) => {
                // The reader quotes what it stumbles over.
                let what =
                    if is_hidden { "it is not shown where".to_owned() } else { error.to_string() };
                let detail = format!("{path} cannot be read: {what}.");
                return self.errors.push(Diagnostic::error("no YAML", detail).at(path.clone()));
            }
        };
        for (place, tree) in trees.iter().enumerate() {
            match Document::many(tree.to_json()) {
                Ok(documents) => {
                    let items = documents.into_iter().map(|document| Item {
                        document,
                        path: path.clone(),
                        is_hidden,
                        unknown: Unknown::Nothing,
                    });
                    self.items.extend(items);
                }
                Err(error) => {
                    let detail = format!("Document {} of {path}: {error}.", place + 1);
                    self.errors.push(no_document(&detail, path));
                }
            }
        }
    }

    fn objects(&mut self, objects: &Value, path: &Path) {
        let (objects, kind) = match objects {
            Value::Dynamic(kind, inner) => (inner.as_ref(), kind.as_ref()),
            other => (other, &Type::Dynamic),
        };
        self.is_complete &= !objects.is_unknown();
        for (index, object) in objects.elements().unwrap_or_default().iter().enumerate() {
            if !object.is_null() {
                self.object(object, element_type(kind, index), &path.index(index));
            }
        }
    }

    /// One object: read twice, with different values for what is not known. What then differs is not
    /// known of the document.
    fn object(&mut self, object: &Value, kind: &Type, path: &Path) {
        let mut is_whole = true;
        let mut read = |variant| assumed(object, kind, variant, &mut is_whole);
        let (one, other) = (read(Variant::One), read(Variant::Other));
        // What may be an object or a list may be a document, or hold several.
        let read = |json: Json| match is_whole {
            true => Document::many(json),
            false => Document::new(json).map(|document| vec![document]),
        };
        let (one, other) = match (read(one), read(other)) {
            (Ok(one), Ok(other)) => (one, other),
            _ if !is_whole => {
                self.is_complete = false;
                return;
            }
            (Err(error), _) | (_, Err(error)) => {
                let detail = format!("{path}: {error}.");
                return self.errors.push(no_document(&detail, path));
            }
        };
        let is_certain = one.len() == other.len()
            && one.iter().zip(&other).all(|(one, other)| one.key() == other.key());
        if !is_certain {
            return self.is_complete = false;
        }
        for (document, other) in one.into_iter().zip(other) {
            let unknown = if is_whole { difference(&document, &other) } else { Unknown::Content };
            self.items.push(Item { document, path: path.clone(), is_hidden: false, unknown });
        }
    }

    /// Puts documents where they belong. What only a cluster writes is none of theirs.
    fn place(&mut self, namespace: &Value) {
        let definitions: Vec<Document> =
            self.items.iter().map(|item| item.document.clone()).collect();
        let scopes = Scopes::built_in().with_definitions(&definitions);
        let known = match namespace {
            Value::Null => Some(DEFAULT_NAMESPACE),
            other => other.as_str(),
        };
        let before = self.items.len();
        self.items.retain_mut(|item| {
            let DocumentKey { api_version, kind, namespace, .. } = item.document.key();
            let is_placed =
                namespace.is_some() || scopes.of(api_version, kind) != Some(Scope::Namespaced);
            if known.is_none() && !is_placed {
                return false;
            }
            scopes.place(&mut item.document, known.unwrap_or_default());
            item.document.strip_server_fields();
            true
        });
        self.is_complete &= self.items.len() == before;
    }

    /// Refuses a document whose object another one is about, too, be it in another version.
    fn refuse_twins(&mut self) {
        let mut seen: BTreeMap<(&str, &str, Option<&str>, &str), &Path> = BTreeMap::new();
        for Item { document, path, .. } in &self.items {
            let key = document.key();
            let identity =
                (key.group(), key.kind.as_str(), key.namespace.as_deref(), key.name.as_str());
            if let Some(first) = seen.insert(identity, path) {
                let detail = format!(
                    "{first} and {path} both describe {key}. An object is described once: leave one \
                     of them out, or give it another name.",
                );
                let error = Diagnostic::error("two documents for one object", detail);
                self.errors.push(error.at(path.clone()));
            }
        }
    }
}

fn no_document(detail: &str, path: &Path) -> Diagnostic {
    Diagnostic::error("no Kubernetes document", detail).at(path.clone())
}

/// What is not known of a document that was read in two ways.
fn difference(one: &Document, other: &Document) -> Unknown {
    if one == other {
        return Unknown::Nothing;
    }
    let mut any_key = String::new();
    let key = SecretKey::read_or_make(&mut any_key);
    let fields = |document| shown(document, Some(&key), &Secrets::default());
    let (one, other) = (fields(one), fields(other));
    if !one.keys().eq(other.keys()) {
        return Unknown::Content;
    }
    let differing = one.iter().zip(&other).filter(|((_, one), (_, other))| one != other);
    Unknown::Fields(differing.map(|((path, _), _)| path.clone()).collect())
}

/// In which of two ways the unknown is filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    One,
    Other,
}

/// A value as JSON, with a value of its type for what is not known. `is_whole` ends where such a value
/// may be an object or a list.
fn assumed(value: &Value, kind: &Type, variant: Variant, is_whole: &mut bool) -> Json {
    let is_one = variant == Variant::One;
    match value {
        Value::Dynamic(kind, value) => assumed(value, kind, variant, is_whole),
        Value::Unknown(_) => match kind {
            Type::String => Json::from(if is_one { "unknown-1" } else { "unknown-2" }),
            Type::Number => Json::from(if is_one { 1 } else { 2 }),
            Type::Bool => Json::from(is_one),
            _ => {
                *is_whole = false;
                Json::Null
            }
        },
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::from(*truth),
        Value::Number(number) => json_number(number),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| assumed(item, element_type(kind, index), variant, is_whole))
                .collect()
        }
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| {
                (name.clone(), assumed(value, attribute_type(kind, name), variant, is_whole))
            });
            Json::Object(entries.collect())
        }
    }
}

fn json_number(number: &Number) -> Json {
    if let Some(whole) = number.as_i64() {
        return whole.into();
    }
    // What no number of JSON can hold is refused by the schema of its kind, or by the cluster.
    number.as_f64().and_then(JsonNumber::from_f64).map_or(Json::Null, Json::Number)
}

fn element_type(kind: &Type, index: usize) -> &Type {
    match kind {
        Type::List(element) | Type::Set(element) => element,
        Type::Tuple(elements) => elements.get(index).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    }
}

fn attribute_type<'a>(kind: &'a Type, name: &str) -> &'a Type {
    match kind {
        Type::Map(element) => element,
        Type::Object { attributes, .. } => attributes.get(name).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    }
}

fn collect_texts(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Json::Object(fields) => fields.values().for_each(|field| collect_texts(field, texts)),
        _ => {}
    }
}

/// Refuses what is no list of objects.
pub fn are_objects(value: &Value) -> Result<(), String> {
    let is_object = |it: &Value| it.is_null() || it.is_unknown() || it.entries().is_some();
    match value.elements() {
        Some(elements) if elements.iter().all(is_object) => Ok(()),
        _ => Err("a list of objects, as in [{ apiVersion = \"v1\", kind = \"ConfigMap\", … }]"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests;

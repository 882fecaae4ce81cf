//! A document as a map of field path to short value, as a plan's summary shows it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::document::{Document, SERVER_METADATA};
use crate::path::{FieldPath, Step, item_key, item_keys};

/// Values longer than this, in bytes, are shown as digest and size.
pub const LONGEST_SHOWN_BYTES: usize = 128;

/// Shows documents without their secrets.
#[derive(Clone, Copy)]
pub struct Summary<'a> {
    secret_key: Option<&'a [u8]>,
    is_secret_text: &'a (dyn Fn(&str) -> bool + Sync),
}

impl<'a> Summary<'a> {
    /// A summary that tells changes of secret values apart by their codes under `secret_key`; without one it says
    /// nothing of them.
    pub fn new(secret_key: Option<&'a [u8]>) -> Self {
        Summary { secret_key, is_secret_text: &|_| false }
    }

    /// Takes for secret, beside what a Secret holds, every field whose whole text this says to be.
    #[must_use]
    pub fn hiding(self, is_secret_text: &'a (dyn Fn(&str) -> bool + Sync)) -> Self {
        Summary { is_secret_text, ..self }
    }

    /// Each field of a document with its short value, none for secret values without a key.
    ///
    /// Strings stand as they are, unless they could be taken for a number, a boolean or null: those are quoted, so that
    /// `80` and `"80"` differ. What only a cluster writes is left out. The `spec` of a custom resource definition is
    /// one value.
    pub fn fields(&self, document: &Document) -> BTreeMap<String, Option<String>> {
        let value = normalized(document);
        let mut fields = BTreeMap::new();
        walk(&value, &FieldPath::default(), document.is_definition(), &mut |path, value| {
            fields.insert(path.to_string(), self.shown(document, path, value));
        });
        fields
    }

    /// The short value of one field of a document; none for a secret value without a key.
    pub fn shown(&self, document: &Document, path: &FieldPath, value: &Value) -> Option<String> {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(canonical(other)),
        };
        if is_secret(document, path) {
            // The same content is the same secret, however its base64 is written.
            let content = STANDARD.decode(&*text).unwrap_or_else(|_| text.as_bytes().to_vec());
            return self.secret_key.map(|key| secret_code(key, &content));
        }
        // Asked before anything is shortened: a digest without a key can be guessed at.
        if (self.is_secret_text)(&text) {
            return self.secret_key.map(|key| secret_code(key, text.as_bytes()));
        }
        Some(match value {
            _ if text.len() > LONGEST_SHOWN_BYTES => digest(text.as_bytes()),
            Value::String(text) if is_ambiguous(text) => Value::from(text.as_str()).to_string(),
            _ => text.into_owned(),
        })
    }
}

/// A code of a secret content, its HMAC-SHA-256 under a key, which tells nothing but whether it is the same.
#[expect(clippy::unwrap_used, reason = "HMAC takes keys of any length")]
pub fn secret_code(key: &[u8], content: &[u8]) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap();
    code.update(content);
    format!("hmac:{}", hexadecimal(&code.finalize().into_bytes()[..16]))
}

/// Says nothing of the key.
impl std::fmt::Debug for Summary<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Summary").field("has_key", &self.secret_key.is_some()).finish()
    }
}

/// A document as a cluster would store it, as far as that is known without asking: without nulls, without what only a
/// cluster writes, a Secret's `stringData` as `data`.
pub(crate) fn normalized(document: &Document) -> Value {
    let mut document = document.clone();
    document.encode_secret_texts();
    let is_secret = document.kind() == "Secret" && document.group().is_empty();
    let mut value = document.into_value();
    if let Value::Object(object) = &mut value {
        object.remove("status");
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            for field in SERVER_METADATA {
                metadata.remove(*field);
            }
        }
        // Base64 may be folded into lines, which the cluster does not keep.
        if let Some(Value::Object(data)) = object.get_mut("data").filter(|_| is_secret) {
            for value in data.values_mut() {
                if let Value::String(text) = value {
                    text.retain(|letter| !letter.is_ascii_whitespace());
                }
            }
        }
    }
    remove_nulls(&mut value);
    value
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, child| !child.is_null());
            object.values_mut().for_each(remove_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

/// Visits every leaf: scalars, and objects and lists that are empty. With `is_opaque` the `spec` is a leaf.
pub(crate) fn walk(
    value: &Value,
    path: &FieldPath,
    is_opaque: bool,
    visit: &mut impl FnMut(&FieldPath, &Value),
) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (name, child) in object {
                let path = path.field(name);
                if is_opaque && path.0.len() == 1 && name == "spec" {
                    visit(&path, child);
                } else {
                    walk(child, &path, is_opaque, visit);
                }
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let keys = item_keys(&[list]);
            for (place, item) in list.iter().enumerate() {
                walk(item, &path.with(item_step(keys, place, item)), is_opaque, visit);
            }
        }
        leaf => visit(path, leaf),
    }
}

/// The step to an item of a list whose items are told apart by `keys`, or by place.
pub(crate) fn item_step(keys: Option<&[&str]>, place: usize, item: &Value) -> Step {
    keys.and_then(|keys| item_key(item, keys)).map_or(Step::Index(place), Step::Item)
}

/// Whether a field of a document is secret.
fn is_secret(document: &Document, path: &FieldPath) -> bool {
    let first = match path.0.first() {
        Some(Step::Field(name)) => name.as_str(),
        _ => "",
    };
    if document.kind() != "Secret" || !document.group().is_empty() {
        return false;
    }
    // kubectl leaves a copy of the whole object in this annotation.
    matches!(first, "data" | "stringData")
        || path
            .0
            .contains(&Step::Field("kubectl.kubernetes.io/last-applied-configuration".to_owned()))
}

/// Whether a string looks like another type of JSON value, or like the way one of ours is shown.
fn is_ambiguous(text: &str) -> bool {
    text.is_empty() || text.starts_with('"') || serde_json::from_str::<Value>(text).is_ok()
}

/// JSON with sorted keys, so that the order a document was written in does not count.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<&String, &Value> = object.iter().collect();
            let fields = sorted.into_iter().map(|(name, child)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(child))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{} ({} bytes)", hexadecimal(&Sha256::digest(bytes)[..8]), bytes.len())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

//! A document as a map of field path to short value, as a plan's summary shows it.

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
#[derive(Clone)]
pub struct Summary {
    secret_key: Option<Vec<u8>>,
}

impl Summary {
    /// A summary that tells changes of secret values apart by their HMAC-SHA-256 under `secret_key`; without one it
    /// says nothing of them.
    pub fn new(secret_key: Option<&[u8]>) -> Self {
        Summary { secret_key: secret_key.map(<[u8]>::to_vec) }
    }

    /// Each field of a document with its short value, none for secret values without a key.
    ///
    /// Strings stand as they are, unless they could be taken for a number, a boolean or null: those are quoted, so that
    /// `80` and `"80"` differ. What only a cluster writes is left out. The `spec` of a custom resource definition is
    /// one value.
    pub fn fields(&self, document: &Document) -> BTreeMap<String, Option<String>> {
        let value = normalized(document);
        let mut fields = BTreeMap::new();
        walk(&value, &FieldPath::default(), is_definition(document), &mut |path, value| {
            fields.insert(path.to_string(), self.shown(document, path, value));
        });
        fields
    }

    /// The short value of one field of a document; none for a secret value without a key.
    pub fn shown(&self, document: &Document, path: &FieldPath, value: &Value) -> Option<String> {
        if is_secret(document, path) {
            return self.digest_of_secret(value);
        }
        Some(match value {
            Value::String(text) if text.len() > LONGEST_SHOWN_BYTES => digest(text.as_bytes()),
            Value::String(text) if is_ambiguous(text) => Value::from(text.as_str()).to_string(),
            Value::String(text) => text.clone(),
            other => {
                let text = canonical(other);
                if text.len() > LONGEST_SHOWN_BYTES { digest(text.as_bytes()) } else { text }
            }
        })
    }

    fn digest_of_secret(&self, value: &Value) -> Option<String> {
        let mut code = Hmac::<Sha256>::new_from_slice(self.secret_key.as_deref()?).ok()?;
        match value {
            // The same content is the same secret, however its base64 is written.
            Value::String(text) => match STANDARD.decode(text) {
                Ok(bytes) => code.update(&bytes),
                Err(_) => code.update(text.as_bytes()),
            },
            other => code.update(canonical(other).as_bytes()),
        }
        Some(format!("hmac:{}", hexadecimal(&code.finalize().into_bytes()[..16])))
    }
}

/// Says nothing of the key.
impl std::fmt::Debug for Summary {
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

fn is_definition(document: &Document) -> bool {
    document.kind() == "CustomResourceDefinition" && document.group() == "apiextensions.k8s.io"
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

//! Provenance: what a publisher has signed of a chart's archive, in a `.prov` file beside it.
//!
//! The file is an OpenPGP message in clear text, whose text holds the chart's metadata, a line `...`, and under `files`
//! the name and the SHA-256 digest of the archive. It is judged as Helm judges it, and more strictly where that costs
//! nobody anything:
//!
//! - a key that has expired or was revoked has signed nothing, whenever it did; so does Helm. A revocation counts also
//!   where its own signature cannot be checked: whoever can add one could as well take the key away;
//! - a signature over an MD5, SHA-1 or RIPEMD-160 hash counts for nothing, where Helm takes SHA-1. What a key says of
//!   itself may still be over SHA-1, as many keys have it;
//! - before the message and among its text there is nothing that could be taken for a part of it.
//!
//! The crate pgp reads packets and checks single signatures. What a key is good for it leaves to its users: that is
//! decided here. The armour is read here, too, because the reader of that crate panics where it is asked on after an
//! error.

mod armor;
mod error;
mod key;
mod keyring;
mod message;
mod packets;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::source::Digest;
use crate::tree::Tree;
use crate::yaml;
use message::Message;

pub use error::ProvenanceError;
pub use keyring::{Keyring, KeyringError};

/// A provenance file is no larger than this, in bytes: it repeats the chart's metadata.
pub(super) const LARGEST: usize = 8 << 20;

/// Who has signed a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the key, in hexadecimal digits.
    pub fingerprint: String,
    /// The name on the key, where it has one.
    pub name: Option<String>,
}

/// Checks that a key of a keyring has signed an archive under the name of a file; where none is given, under any.
///
/// # Errors
/// [`ProvenanceError`], which says what of that is not so.
pub fn verify(
    archive: &[u8],
    file: Option<&str>,
    provenance: &[u8],
    keyring: &Keyring,
) -> Result<Signer, ProvenanceError> {
    let message = Message::read(provenance)?;
    let signer = keyring.judge(&message, now())?;
    let files = files(message.text())?;
    let found = Digest::of(archive).to_string();
    let names = || files.keys().cloned().collect::<Vec<_>>().join(", ");
    let Some(file) = file else {
        return match files.values().any(|digest| *digest == found) {
            true => Ok(signer),
            false => Err(ProvenanceError::OtherArchive { found, names: names() }),
        };
    };
    match files.get(file) {
        Some(digest) if *digest == found => Ok(signer),
        Some(digest) => {
            let (file, expected) = (file.to_owned(), digest.clone());
            Err(ProvenanceError::Digest { file, expected, found })
        }
        None => Err(ProvenanceError::OtherFile { file: file.to_owned(), names: names() }),
    }
}

/// The digests of files in the text of a message, by their names.
fn files(text: &str) -> Result<BTreeMap<String, String>, ProvenanceError> {
    let wrong = |problem: &str| ProvenanceError::Text(problem.to_owned());
    let part = text.split("\n...\n").nth(1).ok_or_else(|| wrong("it has no line of three dots"))?;
    let tree = yaml::read(part).map_err(|error| wrong(&error.to_string()))?;
    let files = tree.get("files").and_then(Tree::as_map);
    let files = files.ok_or_else(|| wrong("it lists no files"))?.iter();
    Ok(files
        .filter_map(|(name, digest)| Some((name.clone(), digest.as_text()?.to_owned())))
        .collect())
}

/// The seconds since 1970.
fn now() -> u64 {
    // A clock that stands before that is one that nothing was signed by.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl fmt::Display for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(out, "{name} ({})", self.fingerprint),
            None => write!(out, "{}", self.fingerprint),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

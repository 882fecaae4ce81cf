//! Keyrings: files with the public keys of those who are trusted.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

use pgp::types::Tag;

use super::Signer;
use super::armor;
use super::error::ProvenanceError;
use super::key::{self, Key};
use super::message::Message;
use super::packets::{Found, packets};

/// A keyring is no larger than this, in bytes.
const LARGEST: u64 = 64 << 20;
/// What the files of GnuPG's keyboxes have after their first eight bytes.
const KEYBOX: &[u8] = b"KBXf";

/// Why there are no keys to judge a signature by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The file cannot be read.
    #[error("read the keyring {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Error,
    },
    /// There are no public keys in the file.
    #[error("there is no public key in the keyring {path}: {reason}")]
    NoKeys {
        /// The file.
        path: String,
        /// What is there instead.
        reason: &'static str,
    },
}

/// The keys of those who are trusted.
#[derive(Debug)]
pub struct Keyring {
    place: String,
    keys: Vec<Key>,
}

impl Keyring {
    /// The keyring that GnuPG kept before its version 2.1, and that Helm takes where it is told no other: in the folder
    /// that `GNUPGHOME` names, or in the user's own; none where there is no home.
    #[must_use]
    pub fn default_path() -> Option<PathBuf> {
        let folder = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let folder = folder("GNUPGHOME").or_else(|| Some(folder("HOME")?.join(".gnupg")));
        Some(folder?.join("pubring.gpg"))
    }

    /// Reads a file with public keys, as `gpg --export` writes it, also with `--armor`. Blocks.
    ///
    /// # Errors
    /// [`KeyringError`], also where no key is in it.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let place = path.display().to_string();
        let data =
            read(path).map_err(|source| KeyringError::Read { path: place.clone(), source })?;
        match keys(&data) {
            Ok(keys) => Ok(Keyring { place, keys }),
            Err(reason) => Err(KeyringError::NoKeys { path: place, reason }),
        }
    }

    /// Who of them has signed a message, as of a time in seconds since 1970. As in Helm, the first signature by a known
    /// key counts.
    pub(super) fn judge(&self, message: &Message, now: u64) -> Result<Signer, ProvenanceError> {
        let signed = message.signed();
        for signature in message.signatures() {
            let mut refusal = None;
            for key in &self.keys {
                match key.judge(signature, &signed, now) {
                    None => {}
                    Some(Ok(())) => return Ok(key.signer()),
                    // Two keys may have the same id.
                    Some(Err(error)) => refusal = Some(error),
                }
            }
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
        }
        let names: Vec<String> = message.signatures().iter().map(key::name_of_issuer).collect();
        Err(ProvenanceError::UnknownKey { key: names.join(", "), keyring: self.place.clone() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut data = Vec::new();
    let length = File::open(path)?.take(LARGEST + 1).read_to_end(&mut data)?;
    match u64::try_from(length) {
        Ok(length) if length <= LARGEST => Ok(data),
        _ => Err(Error::new(ErrorKind::FileTooLarge, "it is larger than a keyring is")),
    }
}

/// The keys in a file, or what is there instead.
fn keys(data: &[u8]) -> Result<Vec<Key>, &'static str> {
    if data.get(8..12) == Some(KEYBOX) {
        return Err("it is a keybox of GnuPG, of which gpg --export writes out the keys");
    }
    let is_binary = data.first().is_some_and(|first| first & 0x80 != 0);
    let data = match is_binary {
        true => data.to_vec(),
        false => {
            let text = std::str::from_utf8(data).map_err(|_| "it is no keyring")?;
            armor::blocks(text, "PUBLIC KEY BLOCK")?.concat()
        }
    };
    let mut keys: Vec<Vec<Found>> = Vec::new();
    for (tag, packet) in packets(&data).ok_or("it is damaged")? {
        match keys.last_mut() {
            Some(key) if !matches!(tag, Tag::PublicKey | Tag::SecretKey) => {
                key.push((tag, packet));
            }
            _ => keys.push(vec![(tag, packet)]),
        }
    }
    let is_secret = keys.iter().flatten().any(|(tag, _)| *tag == Tag::SecretKey);
    let keys: Vec<Key> = keys.into_iter().filter_map(Key::read).collect();
    match (keys.is_empty(), is_secret) {
        (false, _) => Ok(keys),
        (true, true) => {
            Err("its keys are secret ones, and gpg --export writes out the public ones")
        }
        (true, false) => Err("it holds none that can be read"),
    }
}

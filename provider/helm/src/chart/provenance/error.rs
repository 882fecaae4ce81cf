//! Why an archive is not taken for what somebody trusted has signed.

use super::keyring::KeyringError;

/// Why an archive is not taken for what somebody trusted has signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvenanceError {
    /// There is nothing beside the archive.
    #[error("there is no {0}, which would say who has signed the chart")]
    Absent(String),
    /// The registry has nothing beside the archive.
    #[error(
        "its manifest has no layer of the type {0}, which would say who has signed the chart: it was pushed without one"
    )]
    NoLayer(&'static str),
    /// What is there is no archive.
    #[error("it is a folder, and only archives are signed")]
    Folder,
    /// There are no keys to judge it by.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The provenance cannot be read.
    #[error("its provenance is no message that was signed in clear text: {0}")]
    Message(&'static str),
    /// The key is not in the keyring.
    #[error("it is signed by the key {key}, which is not in the keyring {keyring}")]
    UnknownKey {
        /// The fingerprint or the id of the key, as the signature has it.
        key: String,
        /// The path of the keyring.
        keyring: String,
    },
    /// The key is in the keyring, but may not sign, or no longer.
    #[error("it is signed by the key {key}, which {reason}")]
    UnusableKey {
        /// The fingerprint or the id of the key, as the signature has it.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signature does not hold.
    #[error("the signature in its provenance, by the key {key}, {reason}")]
    Signature {
        /// The fingerprint or the id of the key, as the signature has it.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text was signed, but is none about files.
    #[error("what was signed says nothing of files: {0}")]
    Text(String),
    /// What was signed is about other files.
    #[error("what was signed is about {names}, and not about {file}")]
    OtherFile {
        /// The name of the archive's file.
        file: String,
        /// The names of the files that were signed.
        names: String,
    },
    /// What was signed is about other archives.
    #[error("what was signed is about {names}, and about no archive with the digest {found}")]
    OtherArchive {
        /// The digest of the archive.
        found: String,
        /// The names of the files that were signed.
        names: String,
    },
    /// The archive is not the one that was signed.
    #[error(
        "{file} has the digest {found}, and {expected} was signed; it is damaged or was exchanged"
    )]
    Digest {
        /// The name of the archive's file.
        file: String,
        /// The digest that was signed.
        expected: String,
        /// The digest of the archive.
        found: String,
    },
}

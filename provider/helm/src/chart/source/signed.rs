//! Charts that must be signed: where what was signed of an archive is found, and the check before it is unpacked.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::super::ChartError;
use super::super::provenance::{self, Keyring, ProvenanceError};
use super::SourceError;
use super::address::{is_address, shown};
use super::client::WebError;
use super::mirror::Mirror;
use super::oci::{self, Pulled};

/// What the name of an archive's file has at its end where it is that of what was signed.
const EXTENSION: &str = ".prov";

/// What an archive must be.
pub(super) struct Signed {
    keyring: PathBuf,
    provenance: Bytes,
    /// The name of the archive's file; none where nobody calls it by one.
    file: Option<String>,
}

impl Signed {
    /// Gets what is beside an archive, by the archive's path in a mirror or its own address. It is fetched each time: no
    /// digest tells whether it is still the same.
    pub(super) async fn fetch(
        keyring: &Path,
        mirror: &Mirror,
        url: &str,
    ) -> Result<Self, SourceError> {
        let (path, query) = parts(url);
        let beside = format!("{path}{EXTENSION}{query}");
        let provenance = match mirror.read(&beside, provenance::LARGEST).await {
            Ok(provenance) => provenance,
            Err(error) if is_absent(&error) => {
                let absent = mirror.place(&format!("{path}{EXTENSION}"));
                return Err(unverified(mirror.place(path), ProvenanceError::Absent(absent)));
            }
            Err(error) => return Err(error),
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let file = Some(percent_decode_str(name).decode_utf8_lossy().into_owned());
        Ok(Signed { keyring: keyring.to_owned(), provenance, file })
    }

    /// Reads an archive, and what is beside it. Blocks.
    pub(super) fn read(
        keyring: PathBuf,
        path: &Path,
        place: &str,
    ) -> Result<(Self, Vec<u8>), SourceError> {
        if path.is_dir() {
            return Err(unverified(place.to_owned(), ProvenanceError::Folder));
        }
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| {
                let source = ChartError::Read { path: path.display().to_string(), source };
                SourceError::Load { place: place.to_owned(), source }
            })
        };
        let mut beside = OsString::from(path);
        beside.push(EXTENSION);
        let beside = PathBuf::from(beside);
        if !beside.exists() {
            let absent = ProvenanceError::Absent(beside.display().to_string());
            return Err(unverified(place.to_owned(), absent));
        }
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok((Signed { keyring, provenance: read(&beside)?.into(), file }, read(path)?))
    }

    /// What a registry has beside an archive.
    pub(super) fn pulled(keyring: &Path, pulled: &Pulled) -> Result<Self, SourceError> {
        let Pulled { provenance, file, place, .. } = pulled;
        let Some(provenance) = provenance.clone() else {
            return Err(unverified(place.clone(), ProvenanceError::NoLayer(oci::PROVENANCE)));
        };
        Ok(Signed { keyring: keyring.to_owned(), provenance, file: file.clone() })
    }

    /// Refuses an archive that is not what a key of the keyring has signed. Blocks.
    pub(super) fn check(&self, archive: &[u8], place: &str) -> Result<(), SourceError> {
        let place = if is_address(place) { shown(place) } else { place.to_owned() };
        let signer = Keyring::read(&self.keyring)
            .map_err(ProvenanceError::from)
            .and_then(|keys| {
                provenance::verify(archive, self.file.as_deref(), &self.provenance, &keys)
            })
            .map_err(|source| unverified(place.clone(), source))?;
        tracing::info!("{place} is signed by {signer}");
        Ok(())
    }
}

fn unverified(place: String, source: ProvenanceError) -> SourceError {
    SourceError::Unverified { place, source }
}

/// The path of an address, or of a file in a mirror, and what comes after it, which is no part of a file's name.
fn parts(url: &str) -> (&str, &str) {
    url.split_at(url.find(['?', '#']).unwrap_or(url.len()))
}

/// Whether an error says that there is no such file.
fn is_absent(error: &SourceError) -> bool {
    match error {
        SourceError::Web(WebError::Status { status, .. }) => *status == StatusCode::NOT_FOUND,
        SourceError::Read { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

//! Where charts come from: a folder, an archive, an OCI registry, or a repository, that is a folder or a web server with
//! an index.yaml.

mod access;
mod address;
mod cache;
mod client;
mod digest;
mod error;
mod index;
mod mirror;
mod oci;
mod signed;
mod tls;
mod web;

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Chart, Loaded};
use crate::semver::{Constraint, Version};
use address::{is_address, without_credentials};
use index::{Entry, Index};
use mirror::Mirror;
use oci::{Keychain, Reference, is_reference};
use signed::Signed;

pub use access::Access;
pub use cache::Cache;
pub use client::WebError;
pub(super) use digest::Digest;
pub use error::SourceError;
pub use oci::{KeychainError, RegistryError};
pub use tls::TlsError;

/// An index is no larger than this, in bytes.
const LARGEST_INDEX: usize = 128 << 20;
/// An archive is no larger than this, in bytes.
const LARGEST_ARCHIVE: usize = 100 << 20;
const INDEX: &str = "index.yaml";

/// Which chart, and where it is looked for.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ChartReference {
    /// The path of a folder or of an archive, the http(s) URL of an archive, or `oci://HOST/PATH[:TAG][@DIGEST]`; with a
    /// mirror, the name the index has for it, or its path below the registry's.
    pub chart: String,
    /// The version: an exact one, or a constraint of which the newest that fits is taken. None takes the newest that is
    /// no pre-release. Of a folder, an archive or a digest it must be what the chart says.
    pub version: Option<String>,
    /// The repository: a folder, or an http(s) URL, with an index.yaml; or `oci://HOST/PATH`. A URL may hold a name and
    /// a password, which are sent to that host only.
    pub mirror: Option<String>,
    /// How it is asked.
    pub access: Access,
    /// The keyring with the key that must have signed the archive, by a `.prov` file beside it. None takes charts that
    /// nobody has signed, too.
    pub keyring: Option<PathBuf>,
}

impl ChartReference {
    /// Whether the chart is a folder or an archive of this machine, which may change at any time.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.mirror.is_none() && !is_reference(&self.chart) && !is_address(&self.chart)
    }
}

/// Finds and loads a chart. What the cache has under the digest that is wanted is not fetched again; which digest that
/// is, of a tag or in an index, is asked each time. Who has signed it is checked each time, too, wherever it is from, and
/// before it is unpacked.
///
/// # Errors
/// [`SourceError`], which lists what there is where the chart or the version is not.
pub async fn find(
    reference: &ChartReference,
    cache: Option<&Cache>,
) -> Result<Loaded, SourceError> {
    let keychain = Keychain::of_environment();
    let (access, keyring) = (&reference.access, reference.keyring.as_deref());
    Finder { access, cache, keychain: &keychain, keyring }.find(reference).await
}

/// The names of the charts that a mirror has.
///
/// # Errors
/// [`SourceError`], where it is none or does not answer.
pub async fn names(mirror: &str) -> Result<Vec<String>, SourceError> {
    if is_reference(mirror) {
        return Err(SourceError::NoIndex(mirror.to_owned()));
    }
    let mirror = Mirror::of(mirror, &Access::default())?;
    let place = mirror.to_string();
    let text = mirror.read(INDEX, LARGEST_INDEX).await?;
    let read = tokio::task::spawn_blocking(move || Index::read(&text).map(|index| index.names()));
    read.await?.map_err(|problem| SourceError::Index { place, problem })
}

/// What charts are looked for with.
struct Finder<'a> {
    access: &'a Access,
    cache: Option<&'a Cache>,
    keychain: &'a Keychain,
    keyring: Option<&'a Path>,
}

impl Finder<'_> {
    async fn find(&self, reference: &ChartReference) -> Result<Loaded, SourceError> {
        let (chart, version) = (reference.chart.as_str(), reference.version.as_deref());
        match &reference.mirror {
            None if is_reference(chart) => self.in_registry(chart, version).await,
            None if is_address(chart) => self.at_address(chart, version).await,
            None => self.at_path(chart, version).await,
            Some(mirror) if is_reference(mirror) => {
                let path = format!("{}/{}", mirror.trim_end_matches('/'), chart.trim_matches('/'));
                self.in_registry(&path, version).await
            }
            Some(mirror) => self.in_repository(mirror, chart, version).await,
        }
    }

    /// A chart of a place with an index.
    async fn in_repository(
        &self,
        mirror: &str,
        chart: &str,
        version: Option<&str>,
    ) -> Result<Loaded, SourceError> {
        let mirror = Mirror::of(mirror, self.access)?;
        let place = mirror.to_string();
        let text = mirror.read(INDEX, LARGEST_INDEX).await?;
        let (chart, version) = (chart.to_owned(), version.map(str::to_owned));
        let entry = tokio::task::spawn_blocking(move || {
            let index = Index::read(&text)
                .map_err(|problem| SourceError::Index { place: place.clone(), problem })?;
            index.choose(&place, &chart, version.as_deref())
        });
        let entry = entry.await??;
        if is_reference(&entry.url) {
            return self.named_by_index(&mirror, entry).await;
        }
        let place = mirror.place(&entry.url);
        let signed = self.signed_in(&mirror, &entry.url).await?;
        let digest = entry.digest.as_deref().and_then(Digest::parse);
        let cache = self.cache.filter(|_| mirror.is_far(&entry.url)).cloned();
        if let (Some(cache), Some(digest)) = (cache.clone(), digest.clone()) {
            let kept = tokio::task::spawn_blocking(move || cache.get(&digest, LARGEST_ARCHIVE));
            if let Some(data) = kept.await? {
                let unpack = move || unpack(&entry, &data, place, signed.as_ref());
                return tokio::task::spawn_blocking(unpack).await?;
            }
        }
        let data = mirror.read(&entry.url, LARGEST_ARCHIVE).await?;
        tokio::task::spawn_blocking(move || {
            let loaded = unpack(&entry, &data, place, signed.as_ref())?;
            if let (Some(cache), Some(digest)) = (cache, digest) {
                cache.put(&digest, &data);
            }
            Ok(loaded)
        })
        .await?
    }

    /// A chart of an index that says that it lies in a registry. The registry is another host: it gets the credentials
    /// that are kept for it.
    async fn named_by_index(&self, mirror: &Mirror, entry: Entry) -> Result<Loaded, SourceError> {
        let access = match self.access.pass_credentials {
            true => self.access.clone(),
            false => Access { ca_file: self.access.ca_file.clone(), ..Access::default() },
        };
        let (access, mirror) = (&access, mirror.to_string());
        let version = entry.version.clone();
        let reference = Reference::parse(&entry.url)?;
        let version = Some(version.as_str()).filter(|_| !reference.is_complete());
        let pulled = self.pull(&reference, version, access).await?;
        // Some indexes tell the digest of the archive here, others that of the manifest.
        let expected = entry.digest.as_deref().and_then(Digest::parse);
        if let Some(expected) =
            expected.filter(|it| *it != pulled.manifest && !it.is_of(&pulled.archive))
        {
            return Err(SourceError::Digest {
                place: pulled.place,
                expected: expected.to_string(),
                found: Digest::of(&pulled.archive).to_string(),
            });
        }
        let loaded = self.load_pulled(pulled, None).await?;
        tracing::debug!("the index of {mirror} names a chart in {}", reference);
        expect_named(&entry, loaded, reference.to_string())
    }

    /// A chart in a registry.
    async fn in_registry(
        &self,
        reference: &str,
        version: Option<&str>,
    ) -> Result<Loaded, SourceError> {
        let reference = Reference::parse(reference)?;
        let pulled = self.pull(&reference, version, self.access).await?;
        self.load_pulled(pulled, version.map(str::to_owned)).await
    }

    async fn pull(
        &self,
        reference: &Reference,
        version: Option<&str>,
        access: &Access,
    ) -> Result<oci::Pulled, SourceError> {
        let parts = if self.keyring.is_some() { oci::Parts::Signed } else { oci::Parts::Archive };
        Ok(oci::pull(reference, version, access, self.cache, self.keychain, parts).await?)
    }

    /// An archive on a web server.
    async fn at_address(
        &self,
        address: &str,
        version: Option<&str>,
    ) -> Result<Loaded, SourceError> {
        let place = without_credentials(address);
        let mirror = Mirror::of(address, self.access)?;
        let signed = self.signed_in(&mirror, &place).await?;
        let data = mirror.read(&place, LARGEST_ARCHIVE).await?;
        let version = version.map(str::to_owned);
        tokio::task::spawn_blocking(move || {
            let loaded = load_archive(&data, &place, signed.as_ref())?;
            expect_version(loaded, version.as_deref(), place)
        })
        .await?
    }

    /// A folder or an archive.
    async fn at_path(&self, place: &str, version: Option<&str>) -> Result<Loaded, SourceError> {
        let (place, version) = (place.to_owned(), version.map(str::to_owned));
        let keyring = self.keyring.map(Path::to_owned);
        tokio::task::spawn_blocking(move || {
            let path = PathBuf::from(place.strip_prefix("file://").unwrap_or(&place));
            if !path.exists() {
                return Err(SourceError::NoPath(place));
            }
            let failed = |source| SourceError::Load { place: place.clone(), source };
            let loaded = match keyring {
                None => Chart::load(&path).map_err(failed)?,
                Some(keyring) => {
                    let (signed, data) = Signed::read(keyring, &path, &place)?;
                    load_archive(&data, &place, Some(&signed))?
                }
            };
            expect_version(loaded, version.as_deref(), place)
        })
        .await?
    }

    /// What an archive at a path in a mirror must be signed by, where it must.
    async fn signed_in(&self, mirror: &Mirror, url: &str) -> Result<Option<Signed>, SourceError> {
        match self.keyring {
            Some(keyring) => Signed::fetch(keyring, mirror, url).await.map(Some),
            None => Ok(None),
        }
    }

    /// Loads what a registry gave.
    async fn load_pulled(
        &self,
        pulled: oci::Pulled,
        wanted: Option<String>,
    ) -> Result<Loaded, SourceError> {
        let keyring = self.keyring;
        let signed = keyring.map(|keyring| Signed::pulled(keyring, &pulled)).transpose()?;
        tokio::task::spawn_blocking(move || load_pulled(pulled, wanted, signed.as_ref())).await?
    }
}

fn load_pulled(
    pulled: oci::Pulled,
    wanted: Option<String>,
    signed: Option<&Signed>,
) -> Result<Loaded, SourceError> {
    let oci::Pulled { archive, manifest, place, version, warnings, .. } = pulled;
    let mut loaded = load_archive(&archive, &place, signed)?;
    loaded.origin.manifest_digest = Some(manifest.to_string());
    loaded.warnings.extend(warnings);
    let found = loaded.chart.metadata.version.clone();
    match version {
        // Helm takes whatever a tag holds, too.
        Some(tagged) if tagged != found && Version::parse(&tagged).is_ok() => {
            let warning = format!("{place} holds the version {found}");
            loaded.warnings.push(warning);
            Ok(loaded)
        }
        Some(_) => Ok(loaded),
        None => expect_version(loaded, wanted.as_deref(), place),
    }
}

/// Loads an archive, which must first be what was signed, where it must be.
fn load_archive(data: &[u8], place: &str, signed: Option<&Signed>) -> Result<Loaded, SourceError> {
    if let Some(signed) = signed {
        signed.check(data, place)?;
    }
    Chart::load_archive(data)
        .map_err(|source| SourceError::Load { place: place.to_owned(), source })
}

/// Refuses a chart of another version than was asked for.
fn expect_version(
    loaded: Loaded,
    wanted: Option<&str>,
    place: String,
) -> Result<Loaded, SourceError> {
    let metadata = &loaded.chart.metadata;
    if let Some(wanted) = wanted
        && wanted != metadata.version
        && !accepts(wanted, &metadata.version)?
    {
        return Err(SourceError::NoVersion {
            place,
            chart: metadata.name.clone(),
            wanted: wanted.to_owned(),
            known: metadata.version.clone(),
        });
    }
    Ok(loaded)
}

/// Whether a version is one that a version or constraint asks for.
fn accepts(wanted: &str, version: &str) -> Result<bool, SourceError> {
    let constraint = Constraint::parse(wanted)
        .map_err(|source| SourceError::Constraint { text: wanted.to_owned(), source })?;
    Ok(Version::parse(version).is_ok_and(|version| constraint.accepts(&version)))
}

/// Loads an archive that is what the index says.
fn unpack(
    entry: &Entry,
    data: &[u8],
    place: String,
    signed: Option<&Signed>,
) -> Result<Loaded, SourceError> {
    if let Some(expected) = &entry.digest {
        let found = Digest::of(data);
        if Digest::parse(expected).as_ref() != Some(&found) {
            let (expected, found) = (expected.clone(), found.parts().1.to_owned());
            return Err(SourceError::Digest { place, expected, found });
        }
    }
    expect_named(entry, load_archive(data, &place, signed)?, place)
}

/// Refuses another chart than the index says.
fn expect_named(entry: &Entry, loaded: Loaded, place: String) -> Result<Loaded, SourceError> {
    let metadata = &loaded.chart.metadata;
    let (expected, found) = (
        format!("{} {}", entry.name, entry.version),
        format!("{} {}", metadata.name, metadata.version),
    );
    if expected != found {
        return Err(SourceError::Other { place, expected, found });
    }
    Ok(loaded)
}

/// Shows no credentials.
impl fmt::Debug for ChartReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ChartReference")
            .field("chart", &without_credentials(&self.chart))
            .field("version", &self.version)
            .field("mirror", &self.mirror.as_deref().map(without_credentials))
            .field("access", &self.access)
            .field("keyring", &self.keyring)
            .finish()
    }
}

#[cfg(test)]
mod tests;

//! Charts in OCI registries, by the OCI distribution specification 1.1, as Helm keeps them there.
//!
//! The client is our own, on the HTTP client of all sources: the crate oci-client brings a second one, reads no
//! configuration of Helm or Docker, waits for no Retry-After, and sets no limits to what it reads.

mod challenge;
mod error;
mod keychain;
mod login;
mod manifest;
mod reference;
mod session;

use bytes::Bytes;

use super::super::provenance;
use super::LARGEST_ARCHIVE;
use super::access::Access;
use super::cache::Cache;
use super::digest::Digest;
use super::index::listed;
use crate::semver::{Constraint, Version};
use manifest::{Descriptor, Manifest};
use session::Session;

pub use error::RegistryError;
pub(super) use keychain::Keychain;
pub use keychain::KeychainError;
pub(super) use manifest::PROVENANCE;
pub(super) use reference::{Reference, is_reference};

/// A manifest is no larger than this, in bytes: registries must take no larger ones.
const LARGEST_MANIFEST: usize = 4 << 20;
/// A page of tags is no larger than this, in bytes.
const LARGEST_PAGE: usize = 16 << 20;
const MOST_PAGES: usize = 1000;
/// An index of manifests is searched this far for a chart.
const MOST_MANIFESTS: usize = 32;

/// What of a chart is got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    Archive,
    /// With what its publisher has signed of it.
    Signed,
}

/// A chart's archive, as a registry has it.
pub(super) struct Pulled {
    /// The archive.
    pub(super) archive: Bytes,
    /// What its publisher has signed of it, where that was asked for and is there.
    pub(super) provenance: Option<Bytes>,
    /// What Helm would call the archive's file; none where a digest was asked for.
    pub(super) file: Option<String>,
    /// The digest of the manifest, or of the index of manifests, that the reference means.
    pub(super) manifest: Digest,
    /// The reference with the tag that was found, or with the digest.
    pub(super) place: String,
    /// The version that the tag stands for; none where a digest was asked for.
    pub(super) version: Option<String>,
    /// What Helm would warn of.
    pub(super) warnings: Vec<String>,
}

/// Gets the archive of a chart.
///
/// A digest in the reference wins. Without one an exact version is a tag, and of a constraint the newest tag that fits
/// is taken: tags are asked for anew each time.
pub(super) async fn pull(
    reference: &Reference,
    version: Option<&str>,
    access: &Access,
    cache: Option<&Cache>,
    keychain: &Keychain,
    parts: Parts,
) -> Result<Pulled, RegistryError> {
    let mut puller = Puller { session: Session::new(reference, access, keychain), cache };
    let tag = match &reference.digest {
        Some(_) => None,
        None => Some(puller.tag(reference, version).await?),
    };
    let (manifest, digest) = puller.manifest(reference, tag.as_deref()).await?;
    let place = match &tag {
        Some(tag) => format!("{reference}:{tag}"),
        None => format!("{reference}@{digest}"),
    };
    let (layer, warnings) = manifest.chart(&place)?;
    let archive = puller.blob(&place, "archive", layer, LARGEST_ARCHIVE).await?;
    let provenance = match manifest.provenance().filter(|_| parts == Parts::Signed) {
        Some(layer) => Some(puller.blob(&place, "provenance", layer, provenance::LARGEST).await?),
        None => None,
    };
    let version = tag.map(|tag| tag.replace('_', "+"));
    let file = version.as_deref().map(|version| format!("{}-{version}.tgz", reference.name()));
    Ok(Pulled { archive, provenance, file, manifest: digest, place, version, warnings })
}

struct Puller<'a> {
    session: Session<'a>,
    cache: Option<&'a Cache>,
}

impl Puller<'_> {
    /// The tag of a version.
    async fn tag(
        &mut self,
        reference: &Reference,
        version: Option<&str>,
    ) -> Result<String, RegistryError> {
        let wanted = version.map(|version| version.replace('+', "_"));
        match (&reference.tag, wanted) {
            (Some(tag), Some(wanted)) if *tag != wanted => Err(RegistryError::Contradiction {
                reference: format!("{reference}:{tag}"),
                version: version.unwrap_or_default().to_owned(),
            }),
            (Some(tag), _) => Ok(tag.clone()),
            (None, Some(wanted)) if version.is_some_and(|it| Version::parse(it).is_ok()) => {
                Ok(wanted)
            }
            (None, _) => self.newest(reference, version.unwrap_or("*")).await,
        }
    }

    /// The newest of the tags that a constraint accepts.
    async fn newest(
        &mut self,
        reference: &Reference,
        wanted: &str,
    ) -> Result<String, RegistryError> {
        let constraint = Constraint::parse(wanted)
            .map_err(|source| RegistryError::Constraint { text: wanted.to_owned(), source })?;
        let versions = versions(&self.tags(reference).await?);
        let fitting = versions.iter().find(|version| constraint.accepts(version));
        match fitting {
            Some(version) => Ok(version.original.replace('+', "_")),
            None => Err(no_version(reference, wanted, &versions)),
        }
    }

    /// All tags, page by page.
    async fn tags(&mut self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        let mut tags = Vec::new();
        let mut page = Some("tags/list".to_owned());
        for _ in 0..MOST_PAGES {
            let Some(path) = page else { return Ok(tags) };
            let what = format!("list the tags of {reference}");
            let answer = self.session.get("ListTags", &what, &path, None, LARGEST_PAGE).await?;
            tags.extend(manifest::tags(&what, &answer.body)?);
            page = challenge::next_page(&answer.headers, &answer.address);
        }
        Err(RegistryError::Endless(reference.to_string()))
    }

    /// The manifest of a chart, and the digest it was asked for by, or has.
    async fn manifest(
        &mut self,
        reference: &Reference,
        tag: Option<&str>,
    ) -> Result<(Manifest, Digest), RegistryError> {
        let (place, found) = match (tag, &reference.digest) {
            (Some(tag), _) => (format!("{reference}:{tag}"), self.tagged(reference, tag).await?),
            (None, Some(digest)) => {
                (format!("{reference}@{digest}"), self.by_digest(reference, digest).await?)
            }
            (None, None) => return Err(RegistryError::Endless(reference.to_string())),
        };
        let digest = reference.digest.clone().filter(|_| tag.is_none());
        let digest = digest.unwrap_or_else(|| Digest::of(&found));
        let manifest = Manifest::read(&place, &found)?;
        let Some(inner) = manifest.inner() else { return Ok((manifest, digest)) };
        // An index may hold charts beside images.
        for descriptor in inner.iter().take(MOST_MANIFESTS) {
            let found = self.by_digest(reference, &descriptor.digest(&place)?).await?;
            let inner = Manifest::read(&place, &found)?;
            if inner.is_chart() {
                return Ok((inner, digest));
            }
        }
        Ok((manifest, digest))
    }

    /// The manifest that a tag means now.
    async fn tagged(&mut self, reference: &Reference, tag: &str) -> Result<Bytes, RegistryError> {
        let what = format!("get the manifest of {reference}:{tag}");
        let path = format!("manifests/{tag}");
        let accept = Some(manifest::ACCEPTED);
        let answer = self.session.get("GetManifest", &what, &path, accept, LARGEST_MANIFEST).await;
        let answer = match answer {
            Err(error) if error.is_not_found() => {
                return Err(self.instead(reference, tag, error).await);
            }
            answer => answer?,
        };
        let told = answer.headers.get("docker-content-digest").and_then(|it| it.to_str().ok());
        if let Some(told) = told {
            let told = Digest::parse(told).ok_or_else(|| RegistryError::Content {
                what: what.clone(),
                problem: format!("{told:?} is no digest"),
            })?;
            check(&format!("{reference}:{tag}"), "the registry", &told, &answer.body)?;
        }
        Ok(answer.body)
    }

    /// Why a tag is not there: because others are, or because nothing is.
    async fn instead(
        &mut self,
        reference: &Reference,
        tag: &str,
        error: RegistryError,
    ) -> RegistryError {
        match self.tags(reference).await {
            Ok(tags) => no_version(reference, &tag.replace('_', "+"), &versions(&tags)),
            Err(_) => error,
        }
    }

    /// A manifest, which nothing can change.
    async fn by_digest(
        &mut self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Bytes, RegistryError> {
        if let Some(kept) = self.kept(digest, LARGEST_MANIFEST).await? {
            return Ok(kept);
        }
        let what = format!("get the manifest of {reference}@{digest}");
        let (path, accept) = (format!("manifests/{digest}"), Some(manifest::ACCEPTED));
        let answer = self.session.get("GetManifest", &what, &path, accept, LARGEST_MANIFEST);
        let data = answer.await?.body;
        check(&format!("{reference}@{digest}"), "the reference", digest, &data)?;
        self.keep(digest, &data).await?;
        Ok(data)
    }

    /// What a manifest names.
    async fn blob(
        &mut self,
        place: &str,
        kind: &str,
        layer: &Descriptor,
        limit: usize,
    ) -> Result<Bytes, RegistryError> {
        let digest = layer.digest(place)?;
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if size > limit {
            let what = format!("get {place}");
            let problem = format!("its {kind} is larger than {limit} bytes");
            return Err(RegistryError::Content { what, problem });
        }
        if let Some(kept) = self.kept(&digest, limit).await? {
            return Ok(kept);
        }
        let what = format!("get the {kind} {digest} of {place}");
        let path = format!("blobs/{digest}");
        let data = self.session.get("GetBlob", &what, &path, None, limit).await?.body;
        if data.len() != size {
            let problem = format!("it has {} bytes, and its manifest says {size}", data.len());
            return Err(RegistryError::Content { what, problem });
        }
        check(place, "its manifest", &digest, &data)?;
        self.keep(&digest, &data).await?;
        Ok(data)
    }

    async fn kept(&self, digest: &Digest, limit: usize) -> Result<Option<Bytes>, RegistryError> {
        let Some(cache) = self.cache.cloned() else { return Ok(None) };
        let digest = digest.clone();
        Ok(tokio::task::spawn_blocking(move || cache.get(&digest, limit)).await?)
    }

    async fn keep(&self, digest: &Digest, data: &Bytes) -> Result<(), RegistryError> {
        let Some(cache) = self.cache.cloned() else { return Ok(()) };
        let (digest, data) = (digest.clone(), data.clone());
        Ok(tokio::task::spawn_blocking(move || cache.put(&digest, &data)).await?)
    }
}

/// The versions among tags, newest first. As in Helm, `v1.2.3` and `1.2` are none: such a tag must be named.
fn versions(tags: &[String]) -> Vec<Version> {
    let version = |tag: &String| {
        let text = tag.replace('_', "+");
        let version = Version::parse(&text).ok()?;
        (version.to_string() == text).then_some(version)
    };
    let mut versions: Vec<Version> = tags.iter().filter_map(version).collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions
}

fn no_version(reference: &Reference, wanted: &str, versions: &[Version]) -> RegistryError {
    let known: Vec<String> = versions.iter().map(|version| version.original.clone()).collect();
    let (place, wanted) = (reference.to_string(), wanted.to_owned());
    RegistryError::NoVersion { place, wanted, known: listed(known.iter()) }
}

/// Refuses content that does not have a digest.
fn check(
    place: &str,
    who: &'static str,
    digest: &Digest,
    data: &[u8],
) -> Result<(), RegistryError> {
    if digest.is_of(data) {
        return Ok(());
    }
    Err(RegistryError::Digest {
        place: place.to_owned(),
        who,
        expected: digest.to_string(),
        found: digest.same_of(data).to_string(),
    })
}

#[cfg(test)]
pub(super) mod tests;

//! What registries say of charts: manifests, indexes of them, and lists of tags (OCI image specification 1.1).

use serde::Deserialize;

use super::super::digest::Digest;
use super::RegistryError;
use super::reference::is_tag;

/// The media types of manifests. Those of images are asked for, too, so that an image can be told from nothing.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// What a chart's publisher has signed of it.
pub(in super::super) const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// What Helm called charts before version 3.7.
const LEGACY_CHART: &str = "application/tar+gzip";

/// A manifest, or an index of manifests.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u64,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    manifests: Option<Vec<Descriptor>>,
}

/// What content there is, by its digest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    media_type: String,
    digest: String,
    /// In bytes.
    pub(super) size: u64,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

/// Reads a page of a list of tags.
pub(super) fn tags(what: &str, data: &[u8]) -> Result<Vec<String>, RegistryError> {
    let list: Tags = serde_json::from_slice(data).map_err(|error| RegistryError::Content {
        what: what.to_owned(),
        problem: format!("it is no list of tags: {error}"),
    })?;
    let mut tags = list.tags.unwrap_or_default();
    tags.retain(|tag| is_tag(tag));
    Ok(tags)
}

impl Manifest {
    pub(super) fn read(place: &str, data: &[u8]) -> Result<Self, RegistryError> {
        let wrong =
            |problem: String| RegistryError::Content { what: format!("read {place}"), problem };
        let manifest: Manifest = serde_json::from_slice(data)
            .map_err(|error| wrong(format!("it has no manifest: {error}")))?;
        if manifest.schema_version != 2 {
            let version = manifest.schema_version;
            return Err(wrong(format!("its manifest is of version {version}, not 2")));
        }
        Ok(manifest)
    }

    /// The manifests in an index; none where this is a manifest itself.
    pub(super) fn inner(&self) -> Option<&[Descriptor]> {
        self.manifests.as_deref()
    }

    pub(super) fn is_chart(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.media_type == CONFIG)
    }

    /// The layer with the chart, and what is to be said of it.
    pub(super) fn chart(&self, place: &str) -> Result<(&Descriptor, Vec<String>), RegistryError> {
        if !self.is_chart() {
            let what = match (&self.config, self.inner()) {
                (Some(config), _) => config.media_type.clone(),
                (None, Some(_)) => "an index without a chart".to_owned(),
                (None, None) => "something without a configuration".to_owned(),
            };
            return Err(RegistryError::NoChart { place: place.to_owned(), what });
        }
        if let Some(layer) = self.layer(CHART) {
            return Ok((layer, Vec::new()));
        }
        let warning = format!("chart media type {LEGACY_CHART} is deprecated");
        let what = || format!("a chart without a layer of the type {CHART}");
        match self.layer(LEGACY_CHART) {
            Some(layer) => Ok((layer, vec![warning])),
            None => Err(RegistryError::NoChart { place: place.to_owned(), what: what() }),
        }
    }

    /// The layer with what the chart's publisher has signed.
    pub(super) fn provenance(&self) -> Option<&Descriptor> {
        self.layer(PROVENANCE)
    }

    fn layer(&self, media_type: &str) -> Option<&Descriptor> {
        self.layers.iter().find(|layer| layer.media_type == media_type)
    }
}

impl Descriptor {
    /// The digest, which is part of paths from here on.
    pub(super) fn digest(&self, place: &str) -> Result<Digest, RegistryError> {
        let digest = self.digest.contains(':').then(|| Digest::parse(&self.digest)).flatten();
        digest.ok_or_else(|| RegistryError::Content {
            what: format!("read {place}"),
            problem: format!("{:?} in its manifest is no digest", self.digest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<u64, &str>) {
        let found = Manifest::read("p", text.as_bytes())
            .and_then(|manifest| manifest.chart("p").map(|(layer, _)| layer.size));
        let found = found.map_err(|error| error.to_string());
        match expected {
            Ok(size) => assert_eq!(found, Ok(size), "{text}"),
            Err(words) => assert!(found.as_ref().unwrap_err().contains(words), "{found:?}"),
        }
    }

    fn manifest(config: &str, layers: &[(&str, u64)]) -> String {
        let layers: Vec<serde_json::Value> = layers
            .iter()
            .map(|(kind, size)| serde_json::json!({"mediaType": kind, "digest": "sha256:x", "size": size}))
            .collect();
        let config = serde_json::json!({"mediaType": config, "digest": "sha256:x", "size": 2});
        serde_json::json!({"schemaVersion": 2, "config": config, "layers": layers}).to_string()
    }

    #[test]
    fn the_layer_of_the_chart_is_found() {
        check(&manifest(CONFIG, &[(PROVENANCE, 1), (CHART, 2)]), Ok(2));
        check(&manifest(CONFIG, &[(LEGACY_CHART, 1), (CHART, 2)]), Ok(2));
        check(&manifest(CONFIG, &[(LEGACY_CHART, 1)]), Ok(1));
        check(&manifest(CONFIG, &[(PROVENANCE, 1)]), Err("a chart without a layer"));
        let image = "application/vnd.oci.image.config.v1+json";
        check(&manifest(image, &[(CHART, 1)]), Err(image));
        check(r#"{"schemaVersion": 2, "manifests": []}"#, Err("an index without a chart"));
        check(r#"{"schemaVersion": 1}"#, Err("of version 1, not 2"));
        check("<html>", Err("it has no manifest"));
    }

    #[test]
    fn what_is_no_tag_is_left_out() {
        let found = tags("w", br#"{"name": "a", "tags": ["1.0.0", "../x", ""]}"#).unwrap();
        assert_eq!(found, ["1.0.0"]);
        assert!(tags("w", br#"{"tags": null}"#).unwrap().is_empty());
        assert!(tags("w", b"[").is_err());
    }
}

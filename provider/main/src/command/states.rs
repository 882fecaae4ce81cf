//! State files of terraform and OpenTofu: which objects of ours they hold. One that cannot be read
//! is an error, since what it holds would be taken for lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value as Json;
use travel_aws::Aws;
use travel_framework::orphan::Held;

/// The version of the format that both write since 2018.
const VERSION: u64 = 4;
/// What our types begin with.
const OURS: &str = "travel_";
/// Where terraform notes which backend it uses, in a file that is named like a state.
const DATA_FOLDER: &str = ".terraform";

/// Where states are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a folder and those below it, in files that end in `.tfstate`; or one such file.
    Folder(PathBuf),
    /// In a bucket, in all objects whose keys begin so.
    Bucket {
        /// The bucket.
        bucket: String,
        /// What their keys begin with.
        prefix: String,
    },
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.split_once("://") {
                Some((scheme, _)) => Err(format!("a folder or s3://BUCKET/PREFIX, not {scheme}:")),
                None => Ok(Self::Folder(text.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        match bucket {
            "" => Err("s3:// is followed by the name of a bucket".to_owned()),
            bucket => Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() }),
        }
    }
}

/// What states hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// The files that were read.
    pub files: Vec<String>,
    /// The objects of ours in them.
    pub held: Vec<Held>,
}

/// Reads all states of these places. `keys` has the attributes that name the objects of each type.
///
/// # Errors
/// Where a place or a state cannot be read.
pub async fn read(sources: &[Source], aws: &Aws, keys: &BTreeMap<&str, &str>) -> Result<States> {
    let mut states = States::default();
    for source in sources {
        let files = match source {
            Source::Folder(path) => files_below(path)?,
            Source::Bucket { bucket, prefix } => {
                let objects = aws.objects_of(bucket, prefix).await;
                let objects =
                    objects.map_err(travel_framework::Failure::into_diagnostic)?.into_iter();
                objects.map(|(key, text)| (format!("s3://{bucket}/{key}"), text)).collect()
            }
        };
        for (file, text) in files {
            let held = held_in(&file, &text, keys);
            states.held.extend(held.with_context(|| format!("failed to read the state {file}"))?);
            states.files.push(file);
        }
    }
    Ok(states)
}

/// The files below a folder that are named like states, with what stands in them.
fn files_below(place: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut left = vec![place.to_owned()];
    while let Some(path) = left.pop() {
        let failed = || format!("failed to read {}", path.display());
        let is_named = path == place;
        // Links below are not followed: they may lead round in a circle.
        let kind = match is_named {
            true => std::fs::metadata(&path).with_context(failed)?,
            false => std::fs::symlink_metadata(&path).with_context(failed)?,
        };
        if kind.is_dir() {
            if path.file_name().is_some_and(|name| name == DATA_FOLDER) && !is_named {
                continue;
            }
            for entry in std::fs::read_dir(&path).with_context(failed)? {
                left.push(entry.with_context(failed)?.path());
            }
        } else if is_named || path.extension().is_some_and(|extension| extension == "tfstate") {
            files.push((path.display().to_string(), std::fs::read(&path).with_context(failed)?));
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Deserialize)]
struct StateFile {
    version: u64,
    encrypted_data: Option<Json>,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    mode: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    attributes: Option<Json>,
}

/// The objects of ours in a state, those that are tainted or about to be replaced included.
fn held_in(file: &str, text: &[u8], keys: &BTreeMap<&str, &str>) -> Result<Vec<Held>> {
    // What terraform makes before it has anything to write.
    if text.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let state: Json = serde_json::from_slice(text)
        .context("it is no JSON: name only states, or remove what is none of them")?;
    ensure!(
        state.get("encrypted_data").is_none(),
        "it is encrypted: give a decrypted copy of it (tofu state pull > FOLDER/NAME.tfstate) in \
         a folder of its own"
    );
    let state: StateFile =
        serde_json::from_value(state).context("it is no state: name only states")?;
    ensure!(
        state.encrypted_data.is_none() && state.version == VERSION,
        "its format has version {}, and only {VERSION} can be read: apply once with a current \
         terraform or OpenTofu",
        state.version,
    );
    let ours = state.resources.into_iter();
    let ours = ours.filter(|it| it.mode == "managed" && it.type_name.starts_with(OURS));
    let mut held = Vec::new();
    for Resource { type_name, instances, .. } in ours {
        for Instance { attributes } in instances {
            let Some(attributes) = attributes else {
                bail!("an object of {type_name} has no attributes in it: apply once more")
            };
            // An import that was not applied since has no mark in the cloud either.
            let Some(generation) = attributes["generation"].as_str() else { continue };
            let name = keys.get(type_name.as_str()).map(|key| name_of(key, &attributes));
            held.push(Held {
                resource: format!("{type_name}/{}", name.unwrap_or_default()),
                generation: generation.to_owned(),
                state: file.to_owned(),
            });
        }
    }
    Ok(held)
}

/// What names an object, by the attributes that do; those that are missing are empty.
fn name_of(key: &str, attributes: &Json) -> String {
    let at = |path: &str| {
        let value = path.split('.').fold(attributes, |value, name| &value[name]);
        value.as_str().unwrap_or_default().to_owned()
    };
    key.split('/').map(at).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            ("travel_network", "name"),
            ("travel_helm_release", "cluster.name/kubeconfig.context/namespace/name"),
        ])
    }

    fn held(text: &str) -> Result<Vec<String>, String> {
        let held = held_in("s", text.as_bytes(), &keys()).map_err(|error| format!("{error:#}"))?;
        Ok(held.into_iter().map(|it| format!("{} {}", it.resource, it.generation)).collect())
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(held(text).unwrap(), expected, "{text}");
    }

    fn check_refused(text: &str, words: &str) {
        let error = held(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }

    #[test]
    fn objects_of_ours_are_held_whatever_their_status() {
        let state = json!({ "version": 4, "resources": [
            {"mode": "managed", "type": "travel_network", "instances": [
                {"attributes": {"name": "main", "generation": "1"}, "status": "tainted"},
                {"attributes": {"name": "main", "generation": "2"}, "deposed": "0a1b"},
                {"attributes": {"name": "imported", "generation": null}},
            ]},
            {"mode": "managed", "type": "travel_helm_release", "instances": [
                {"attributes": {
                    "name": "cart", "namespace": "shop", "generation": "3",
                    "cluster": {"name": "dev"}, "kubeconfig": null,
                }},
            ]},
            {"mode": "managed", "type": "aws_vpc", "instances": [{"attributes": {"id": "v"}}]},
            {"mode": "data", "type": "travel_zones", "instances": [{"attributes": {}}]},
            {"mode": "managed", "type": "travel_newer", "instances": [
                {"attributes": {"generation": "4"}},
            ]},
        ]});
        let expected = [
            "travel_network/main 1",
            "travel_network/main 2",
            "travel_helm_release/dev//shop/cart 3",
            "travel_newer/ 4",
        ];
        check(&state.to_string(), &expected);
        check("", &[]);
        check(r#"{"version": 4}"#, &[]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        check_refused(r#"{"encrypted_data": "x", "encryption_version": "v0"}"#, "encrypted");
        check_refused(r#"{"version": 3, "modules": []}"#, "version 3");
        check_refused("nonsense", "no JSON");
        check_refused(r#"{"plan": 1}"#, "no state");
        let flat = json!({ "version": 4, "resources": [{
            "mode": "managed", "type": "travel_network", "instances": [{"attributes_flat": {}}],
        }]});
        check_refused(&flat.to_string(), "no attributes");
    }

    #[test]
    fn places_have_two_forms() {
        let bucket = |bucket: &str, prefix: &str| {
            Ok(Source::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        };
        for (text, expected) in [
            ("live/dev", Ok(Source::Folder("live/dev".into()))),
            ("s3://states", bucket("states", "")),
            ("s3://states/dev/network", bucket("states", "dev/network")),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        assert!("s3://".parse::<Source>().is_err());
        assert!("https://example.com/x".parse::<Source>().is_err());
    }

    #[test]
    fn states_are_found_below_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("terraform.tfstate", "{}"),
            ("a/b/terraform.tfstate", "{}"),
            ("a/terraform.tfstate.backup", "{}"),
            ("a/.terraform/terraform.tfstate", "{}"),
            ("a/main.tf", ""),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = files_below(folder.path()).unwrap();
        let names =
            found.iter().map(|(name, _)| Path::new(name).strip_prefix(folder.path()).unwrap());
        let names: Vec<String> = names.map(|name| name.display().to_string()).collect();
        assert_eq!(names, ["a/b/terraform.tfstate", "terraform.tfstate"]);
        assert!(files_below(&folder.path().join("nowhere")).is_err());
    }
}

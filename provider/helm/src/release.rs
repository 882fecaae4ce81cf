//! Records of releases, as Helm keeps them: JSON, gzipped and in base64, in a Secret of the release's namespace.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::chart::{Chart, File};
use crate::documents::Hook;
use crate::tree::{Tree, TreeMap};

/// The type of the Secrets that hold records.
pub const SECRET_TYPE: &str = "helm.sh/release.v1";
/// A Secret holds no more than this, in bytes.
pub const LARGEST_RECORD: usize = 1 << 20;
/// What no record is larger than when unpacked, in bytes.
const LARGEST_UNPACKED: u64 = 64 << 20;
/// Labels that Helm itself sets.
pub const SYSTEM_LABELS: [&str; 6] =
    ["name", "owner", "status", "version", "createdAt", "modifiedAt"];
/// The only field of the Secret.
const DATA_KEY: &str = "release";
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// One revision of a release.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// The name of the release.
    pub name: String,
    /// How it came about and where it stands.
    pub info: Info,
    /// The chart, as the record holds it: with the metadata of subcharts but without their files.
    pub chart: Json,
    /// The values given beside the chart's own.
    #[serde(skip_serializing_if = "is_nothing")]
    pub config: Json,
    /// The documents but for hooks and for the definitions in crds/.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// The hooks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookRecord>,
    /// The revision, counted from one.
    pub version: u64,
    /// The namespace of the release.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// How the documents are applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply_method: Option<String>,
    /// Fields of other versions of Helm.
    #[serde(flatten)]
    pub other: Map<String, Json>,
    /// Labels of the Secret beside Helm's own. They are no part of the JSON.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// When the Secret was last written, in seconds since 1970, where its labels say so. No part of the JSON.
    #[serde(skip)]
    pub changed_at_seconds: Option<i64>,
}

/// How a revision came about and where it stands. Times are in RFC 3339.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// When the first revision was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_deployed: Option<String>,
    /// When this revision was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_deployed: Option<String>,
    /// When the release was uninstalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// What happened, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where the revision stands.
    pub status: Status,
    /// What the chart tells its user.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Fields of other versions of Helm.
    #[serde(flatten)]
    pub other: Map<String, Json>,
}

/// Where a revision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// What the cluster holds.
    Deployed,
    /// Replaced by a later revision.
    Superseded,
    /// It did not come to stand.
    Failed,
    /// Uninstalled, with its record kept.
    Uninstalled,
    /// Being uninstalled.
    Uninstalling,
    /// Being installed.
    PendingInstall,
    /// Being upgraded to.
    PendingUpgrade,
    /// Being rolled back to.
    PendingRollback,
    /// Anything else.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A hook with how it last ran.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HookRecord {
    /// The name of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The kind of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The template it was rendered from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// When it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// How it last ran.
    pub last_run: HookRun,
    /// Hooks run in the order of their weights.
    #[serde(skip_serializing_if = "is_zero")]
    pub weight: i64,
    /// When its object is deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delete_policies: Vec<String>,
    /// When its logs are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_log_policies: Vec<String>,
    /// Fields of other versions of Helm.
    #[serde(flatten)]
    pub other: Map<String, Json>,
}

/// How a hook last ran. Times are in RFC 3339.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HookRun {
    /// When it was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// How it went.
    pub phase: HookPhase,
}

/// How a run of a hook went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum HookPhase {
    /// It runs.
    Running,
    /// It has succeeded.
    Succeeded,
    /// It has failed.
    Failed,
    /// It never ran.
    #[serde(rename = "")]
    Never,
    /// Anything else.
    #[default]
    #[serde(other)]
    Unknown,
}

fn is_nothing(value: &Json) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Why a record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The Secret has no record in it.
    #[error("the Secret {0} holds no record of a release")]
    Missing(String),
    /// The Secret holds something that is no record.
    #[error("the Secret {secret} holds no readable record of a release: {problem}")]
    Unreadable {
        /// Which one.
        secret: String,
        /// Why.
        problem: String,
    },
    /// The record does not fit into a Secret.
    #[error(
        "the record of release {name} has {bytes} bytes where a Secret holds {LARGEST_RECORD}; the chart has too many or \
         too large files and documents: keep what is no part of it out with .helmignore"
    )]
    TooLarge {
        /// The release.
        name: String,
        /// How many bytes the record has.
        bytes: usize,
    },
    /// The record cannot be written as JSON.
    #[error("the record of release {name} cannot be written")]
    Unwritable {
        /// The release.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Shows which revision it is and how it stands, never values and documents: these may be secret.
impl fmt::Debug for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release { name, namespace, version, info, .. } = self;
        write!(out, "Release({namespace}/{name} v{version}, {})", info.status)
    }
}

/// Shows which hook it is, never the document.
impl fmt::Debug for HookRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HookRecord({} {} of {})", self.kind, self.name, self.path)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Status {
    /// Whether a revision is on its way.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback)
    }

    /// The status as Helm writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Deployed => "deployed",
            Status::Superseded => "superseded",
            Status::Failed => "failed",
            Status::Uninstalled => "uninstalled",
            Status::Uninstalling => "uninstalling",
            Status::PendingInstall => "pending-install",
            Status::PendingUpgrade => "pending-upgrade",
            Status::PendingRollback => "pending-rollback",
            Status::Unknown => "unknown",
        }
    }
}

impl Release {
    /// The name of the Secret that holds the record.
    #[must_use]
    pub fn secret_name(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.name, self.version)
    }

    /// Whether the documents were applied by the server, as Helm 4 does by default.
    #[must_use]
    pub fn is_server_side(&self) -> bool {
        self.apply_method.as_deref() == Some("ssa")
    }

    /// The values given beside the chart's own.
    #[must_use]
    pub fn values(&self) -> TreeMap {
        match Tree::from(&self.config) {
            Tree::Map(map) => map,
            _ => TreeMap::new(),
        }
    }

    /// The version of the chart.
    #[must_use]
    pub fn chart_version(&self) -> &str {
        self.chart["metadata"]["version"].as_str().unwrap_or_default()
    }

    /// The Secret that holds the record, with the time of the change in seconds since 1970 under the given label.
    ///
    /// # Errors
    /// The record is too large for a Secret.
    pub fn to_secret(&self, time_label: &str, seconds: i64) -> Result<Json, RecordError> {
        let payload = self.encode()?;
        if payload.len() > LARGEST_RECORD {
            return Err(RecordError::TooLarge { name: self.name.clone(), bytes: payload.len() });
        }
        let mut labels = self.labels.clone();
        let own = [
            (time_label, seconds.to_string()),
            ("name", self.name.clone()),
            ("owner", "helm".to_owned()),
            ("status", self.info.status.as_str().to_owned()),
            ("version", self.version.to_string()),
        ];
        labels.extend(own.map(|(label, value)| (label.to_owned(), value)));
        Ok(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": SECRET_TYPE,
            "metadata": {"name": self.secret_name(), "namespace": self.namespace, "labels": labels},
            "data": {DATA_KEY: STANDARD.encode(payload)},
        }))
    }

    /// Reads the record from a Secret.
    ///
    /// # Errors
    /// The Secret holds no record that can be read.
    pub fn from_secret(secret: &Json) -> Result<Self, RecordError> {
        let metadata = &secret["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default().to_owned();
        let Some(data) = secret["data"][DATA_KEY].as_str() else {
            return Err(RecordError::Missing(name));
        };
        let mut release = STANDARD
            .decode(data)
            .map_err(|error| error.to_string())
            .and_then(|payload| Release::decode(&payload))
            .map_err(|problem| RecordError::Unreadable { secret: name, problem })?;
        let time =
            ["modifiedAt", "createdAt"].iter().find_map(|label| metadata["labels"][label].as_str());
        release.changed_at_seconds = time.and_then(|seconds| seconds.parse().ok());
        let labels = metadata["labels"].as_object().into_iter().flatten();
        let labels = labels.filter(|(label, _)| !SYSTEM_LABELS.contains(&label.as_str()));
        release.labels = labels
            .filter_map(|(label, value)| Some((label.clone(), value.as_str()?.to_owned())))
            .collect();
        if release.namespace.is_empty() {
            release.namespace = metadata["namespace"].as_str().unwrap_or_default().to_owned();
        }
        Ok(release)
    }

    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let write = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            serde_json::to_writer(&mut encoder, self)?;
            encoder.flush()?;
            encoder.finish()
        };
        let packed = write()
            .map_err(|source| RecordError::Unwritable { name: self.name.clone(), source })?;
        Ok(STANDARD.encode(packed).into_bytes())
    }

    fn decode(payload: &[u8]) -> Result<Self, String> {
        let packed = STANDARD.decode(payload).map_err(|error| error.to_string())?;
        let mut unpacked = Vec::new();
        // Helm's first releases were not packed.
        if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
            let mut decoder = GzDecoder::new(packed.as_slice()).take(LARGEST_UNPACKED + 1);
            decoder.read_to_end(&mut unpacked).map_err(|error| error.to_string())?;
            if unpacked.len() as u64 > LARGEST_UNPACKED {
                return Err(format!("it is larger than {LARGEST_UNPACKED} bytes when unpacked"));
            }
        } else {
            unpacked = packed;
        }
        // The parser names a place and a type, never the content, which may be secret.
        serde_json::from_slice(&unpacked).map_err(|error| {
            format!(
                "it is no JSON of a release, at line {} column {}",
                error.line(),
                error.column()
            )
        })
    }
}

impl HookRecord {
    /// The record of a hook that has not run yet.
    #[must_use]
    pub fn new(hook: &Hook) -> Self {
        HookRecord {
            name: hook.document.name().to_owned(),
            kind: hook.document.kind().to_owned(),
            path: hook.document.path.clone(),
            manifest: hook.document.content.clone(),
            events: hook.events.iter().map(|event| event.as_str().to_owned()).collect(),
            last_run: HookRun { phase: HookPhase::Never, ..HookRun::default() },
            weight: hook.weight,
            delete_policies: hook.delete_policies.clone(),
            output_log_policies: hook.output_log_policies.clone(),
            other: Map::new(),
        }
    }
}

/// A chart as records hold it.
#[must_use]
pub fn chart_record(chart: &Chart) -> Json {
    let files = |files: &[File]| {
        let file = |file: &File| json!({"name": file.name, "data": STANDARD.encode(&file.data)});
        files.iter().map(file).collect::<Json>()
    };
    let lock = chart.lock.as_ref().map(|lock| {
        let generated = if lock.generated.is_empty() { ZERO_TIME } else { &lock.generated };
        json!({"generated": generated, "digest": lock.digest, "dependencies": lock.dependencies})
    });
    json!({
        "metadata": chart.metadata,
        "lock": lock,
        "templates": files(&chart.templates),
        "values": Tree::Map(chart.values.clone()).to_json(),
        "schema": chart.schema.as_ref().map(|schema| STANDARD.encode(schema)),
        "schemamodtime": ZERO_TIME,
        "files": files(&chart.files),
    })
}

/// The present time, as records hold it.
#[must_use]
pub fn now() -> String {
    jiff::Timestamp::now().to_string()
}

#[cfg(test)]
mod tests;

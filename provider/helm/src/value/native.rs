//! The structures of Go that charts meet: what their fields are and how they print.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

use jiff::Zoned;

use super::{List, ListKind, Text, Value};
use crate::bounds;
use crate::capabilities::{Capabilities, HELM_VERSION, KubeVersion};
use crate::semver::Version;

/// The version of Go that Helm reports to be built with.
const GO_VERSION: &str = "go1.26.8";
/// The version of the Kubernetes client that Helm reports.
const KUBE_CLIENT_VERSION: &str = "v1.36";

/// A structure with fields and methods.
#[derive(Debug)]
pub(crate) enum Native {
    /// What `.Capabilities` is. In a plan, what nobody declared is not known.
    Capabilities {
        capabilities: Rc<Capabilities>,
        planning: bool,
    },
    KubeVersion(KubeVersion),
    HelmVersion,
    /// The files of a chart, by name.
    Files(BTreeMap<Rc<str>, Text>),
    Semver(Version),
    Time(Zoned),
    Certificate(Certificate),
}

/// A certificate with its key, both in PEM.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Certificate {
    pub(crate) certificate: Text,
    pub(crate) key: Text,
}

impl Native {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Native::Capabilities { .. } => "*common.Capabilities",
            Native::KubeVersion(_) => "common.KubeVersion",
            Native::HelmVersion => "version.BuildInfo",
            Native::Files(_) => "engine.files",
            Native::Semver(_) => "*semver.Version",
            Native::Time(_) => "time.Time",
            Native::Certificate(_) => "sprig.certificate",
        }
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Native::Capabilities { .. } | Native::Semver(_) => "ptr",
            Native::Files(_) => "map",
            _ => "struct",
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Native::Files(files) => !files.is_empty(),
            _ => true,
        }
    }

    /// A field of the structure.
    pub(crate) fn field(&self, name: &str) -> Option<Value> {
        let value = match (self, name) {
            (Native::Capabilities { capabilities, planning }, "KubeVersion") => {
                let version = Value::native(Native::KubeVersion(capabilities.kube_version.clone()));
                if *planning && !capabilities.kube_version_declared {
                    version.unknown()
                } else {
                    version
                }
            }
            (Native::Capabilities { capabilities, planning }, "APIVersions") => {
                let complete = capabilities.api_versions_complete || !planning;
                let kind = if complete { ListKind::Versions } else { ListKind::SomeVersions };
                let versions =
                    capabilities.api_versions.iter().map(|version| Value::text(version.as_str()));
                Value::List(List::new(kind, versions.collect()))
            }
            (Native::Capabilities { .. }, "HelmVersion") => Value::native(Native::HelmVersion),
            (Native::KubeVersion(version), "Version") => Value::text(version.version.as_str()),
            (Native::KubeVersion(version), "Major") => Value::text(version.major.as_str()),
            (Native::KubeVersion(version), "Minor") => Value::text(version.minor.as_str()),
            (Native::HelmVersion, "Version") => Value::text(HELM_VERSION),
            (Native::HelmVersion, "GitCommit" | "GitTreeState") => Value::text(""),
            (Native::HelmVersion, "GoVersion") => Value::text(GO_VERSION),
            (Native::HelmVersion, "KubeClientVersion") => Value::text(KUBE_CLIENT_VERSION),
            (Native::Certificate(certificate), "Cert") => {
                Value::Text(certificate.certificate.clone())
            }
            (Native::Certificate(certificate), "Key") => Value::Text(certificate.key.clone()),
            _ => return None,
        };
        Some(value)
    }

    /// The fields that JSON has of the structure, in their order. None for what is no object.
    pub(crate) fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let names: &[(&str, &str)] = match self {
            Native::Capabilities { .. } => &[
                ("KubeVersion", "KubeVersion"),
                ("APIVersions", "APIVersions"),
                ("HelmVersion", "HelmVersion"),
            ],
            Native::KubeVersion(_) => {
                &[("Version", "Version"), ("Major", "Major"), ("Minor", "Minor")]
            }
            Native::HelmVersion => &[
                ("version", "Version"),
                ("go_version", "GoVersion"),
                ("kube_client_version", "KubeClientVersion"),
            ],
            Native::Certificate(_) => &[("Cert", "Cert"), ("Key", "Key")],
            _ => return None,
        };
        let field =
            |(json, name): &(&'static str, &str)| (*json, self.field(name).unwrap_or_default());
        Some(names.iter().map(field).collect())
    }

    /// What JSON makes of the structure, where the order of fields does not matter.
    pub(crate) fn json(&self) -> Value {
        match self {
            Native::Files(files) => Value::map(
                files.iter().map(|(name, data)| (name.clone(), Value::Bytes(data.clone()))),
            ),
            Native::Semver(version) => Value::text(version.to_string()),
            Native::Time(time) => Value::text(crate::functions::date::format_rfc3339(time)),
            _ => Value::map(self.json_fields().unwrap_or_default()),
        }
    }

    /// What `%v` prints.
    pub(crate) fn print(&self) -> String {
        let field = |name: &str| self.field(name).unwrap_or_default();
        let text = |name: &str| match field(name).known() {
            Value::Text(text) => text.as_str().into_owned(),
            Value::Native(native) => native.print(),
            _ => String::new(),
        };
        match self {
            Native::Capabilities { capabilities, .. } => {
                let version = &capabilities.kube_version;
                format!(
                    "{{{{{} {} {} {}}} [{}] {}}}",
                    version.version,
                    version.normalized,
                    version.major,
                    version.minor,
                    capabilities.api_versions.join(" "),
                    text("HelmVersion"),
                )
            }
            Native::KubeVersion(version) => {
                format!(
                    "{{{} {} {} {}}}",
                    version.version, version.normalized, version.major, version.minor
                )
            }
            Native::HelmVersion => {
                format!("{{{HELM_VERSION}   {GO_VERSION} {KUBE_CLIENT_VERSION}}}")
            }
            Native::Files(files) if !may_print(files.values().map(Text::len).sum()) => {
                String::new()
            }
            Native::Files(files) => {
                let print = |(name, data): (&Rc<str>, &Text)| {
                    format!("{name}:{}", print_bytes(data.as_bytes()))
                };
                format!("map[{}]", files.iter().map(print).collect::<Vec<_>>().join(" "))
            }
            Native::Semver(version) => version.to_string(),
            Native::Time(time) => crate::functions::date::print_time(time),
            Native::Certificate(_) => format!("{{{} {}}}", text("Cert"), text("Key")),
        }
    }

    pub(crate) fn equal(left: &Native, right: &Native) -> bool {
        match (left, right) {
            (Native::KubeVersion(left), Native::KubeVersion(right)) => left == right,
            (Native::Semver(left), Native::Semver(right)) => left.original == right.original,
            (Native::Time(left), Native::Time(right)) => left == right,
            (Native::Certificate(left), Native::Certificate(right)) => left == right,
            (Native::Files(left), Native::Files(right)) => left == right,
            (Native::HelmVersion, Native::HelmVersion) => true,
            (left, right) => std::ptr::eq(left, right),
        }
    }
}

/// Bytes as `%v` prints them: their numbers in brackets.
pub(crate) fn print_bytes(bytes: &[u8]) -> String {
    if !may_print(bytes.len()) {
        return String::new();
    }
    let mut output = "[".to_owned();
    for (index, byte) in bytes.iter().enumerate() {
        let separator = if index > 0 { " " } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(output, "{separator}{byte}");
    }
    output.push(']');
    output
}

/// Whether there may be as much text as it takes to print so many bytes.
fn may_print(bytes: usize) -> bool {
    bounds::allow(bytes.saturating_mul(4))
}

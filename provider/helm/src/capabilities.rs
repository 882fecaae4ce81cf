//! What charts may ask about the cluster and about Helm.

use std::collections::BTreeSet;
use std::fmt;

/// The version of Helm whose behaviour this crate has, as charts see it.
pub const HELM_VERSION: &str = "v4.2.4";
/// The version of Kubernetes a chart sees where none is named.
pub const DEFAULT_KUBE_VERSION: &str = "v1.36.0";

/// What is known of the cluster a release is for.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// The version of Kubernetes.
    pub kube_version: KubeVersion,
    /// Whether someone named that version. Where nobody did, what depends on it is not known in a plan.
    pub kube_version_declared: bool,
    /// The API versions (`group/version`, and `group/version/Kind`) that are there.
    pub api_versions: Vec<String>,
    /// Whether these are all. Where they are not, it is not known in a plan that another is missing.
    pub api_versions_complete: bool,
}

impl Default for Capabilities {
    /// What `helm template` assumes.
    fn default() -> Self {
        Capabilities {
            kube_version: KubeVersion::default(),
            kube_version_declared: false,
            api_versions: KNOWN_API_VERSIONS.iter().map(|version| (*version).to_owned()).collect(),
            api_versions_complete: false,
        }
    }
}

impl Capabilities {
    /// The capabilities `helm template --kube-version --api-versions` assumes.
    #[must_use]
    pub fn declared(
        kube_version: KubeVersion,
        api_versions: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut capabilities =
            Capabilities { kube_version, kube_version_declared: true, ..Capabilities::default() };
        capabilities.api_versions.extend(api_versions);
        capabilities
    }

    /// Adds API versions, as far as they are not there yet.
    pub fn add(&mut self, api_versions: impl IntoIterator<Item = String>) {
        for version in api_versions {
            if !self.api_versions.contains(&version) {
                self.api_versions.push(version);
            }
        }
    }
}

/// The API versions that definitions of custom resources bring about, as charts ask for them.
pub fn defined_api_versions<'d>(
    definitions: impl IntoIterator<Item = &'d travel_kube::Document>,
) -> BTreeSet<String> {
    let kinds = definitions.into_iter().flat_map(travel_kube::Document::defined_kinds);
    let named = |(version, kind): (String, String)| [format!("{version}/{kind}"), version];
    kinds.flat_map(named).collect()
}

/// A version of Kubernetes, as given and in the short form that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeVersion {
    /// The version as the cluster reports it, such as `v1.33.4-eks-abc`.
    pub version: String,
    /// The version without what a vendor appends, such as `v1.33.4`.
    pub normalized: String,
    /// The first number.
    pub major: String,
    /// The second number.
    pub minor: String,
}

/// A text that is no version of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not parse {0:?} as version")]
pub struct KubeVersionError(String);

impl Default for KubeVersion {
    fn default() -> Self {
        KubeVersion {
            version: DEFAULT_KUBE_VERSION.to_owned(),
            normalized: DEFAULT_KUBE_VERSION.to_owned(),
            major: "1".to_owned(),
            minor: "36".to_owned(),
        }
    }
}

impl KubeVersion {
    /// Reads a version of at least two numbers, with or without `v`, whatever follows them.
    ///
    /// # Errors
    /// The text is no such version.
    pub fn parse(text: &str) -> Result<Self, KubeVersionError> {
        let error = || KubeVersionError(text.to_owned());
        let body = text.trim().trim_start_matches('v');
        let end = body
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(body.len());
        let numbers = body[..end].trim_end_matches('.');
        let parts: Vec<u64> =
            numbers.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| error())?;
        let [major, minor, ..] = parts[..] else { return Err(error()) };
        let written: Vec<String> = parts.iter().map(u64::to_string).collect();
        Ok(KubeVersion {
            version: if text.starts_with('v') { text.to_owned() } else { format!("v{text}") },
            normalized: format!("v{}", written.join(".")),
            major: major.to_string(),
            minor: minor.to_string(),
        })
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.normalized)
    }
}

/// The API versions Helm knows without asking a cluster.
const KNOWN_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_kubernetes_are_normalized() {
        let check = |text: &str, expected: Option<(&str, &str, &str)>| {
            let actual = KubeVersion::parse(text).ok();
            let actual = actual.as_ref().map(|version| {
                (version.version.as_str(), version.normalized.as_str(), version.minor.as_str())
            });
            assert_eq!(actual, expected, "{text}");
        };
        check("1.33.0", Some(("v1.33.0", "v1.33.0", "33")));
        check("v1.33.4-eks-abc", Some(("v1.33.4-eks-abc", "v1.33.4", "33")));
        check("1.33", Some(("v1.33", "v1.33", "33")));
        check("1", None);
        check("x", None);
        check("", None);
    }
}

//! The add-ons EKS has: DescribeAddonVersions and DescribeAddonConfiguration.
//!
//! Names, namespaces, service accounts and policies follow "AWS add-ons" of the EKS User Guide; the versions are of
//! its kind and order.

use serde_json::{Map, Value, json};

use super::clusters::with_token;
use super::errors;
use super::versions::{self, paged};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// An add-on.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    kind: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// A service account that needs AWS permissions, and the policy that gives them.
    service_account: Option<(&'static str, &'static str)>,
    /// What runs it.
    pub workloads: &'static [Workload],
    /// The names a configuration may have at its top.
    options: &'static [&'static str],
    /// Newest first, with the minor versions of Kubernetes it is for. None for kube-proxy, which has Kubernetes' own.
    versions: &'static [(&'static str, u32, u32)],
}

/// A Deployment with its replicas, or a DaemonSet.
#[derive(Clone, Copy, Debug)]
pub enum Workload {
    /// A Deployment of a name, with replicas.
    Deployment(&'static str, u32),
    /// A DaemonSet of a name.
    DaemonSet(&'static str),
}

use Workload::{DaemonSet, Deployment};

const ALL: &[Entry] = &[
    Entry {
        name: "vpc-cni",
        kind: "networking",
        namespace: "kube-system",
        service_account: Some(("aws-node", "AmazonEKS_CNI_Policy")),
        workloads: &[DaemonSet("aws-node")],
        options: &[
            "enableNetworkPolicy",
            "env",
            "eniConfig",
            "init",
            "nodeAgent",
            "resources",
            "tolerations",
            "affinity",
            "podAnnotations",
            "podLabels",
            "enableWindowsIpam",
            "enableWindowsPrefixDelegation",
        ],
        versions: &[
            ("v1.21.1-eksbuild.3", 31, 36),
            ("v1.20.4-eksbuild.2", 30, 36),
            ("v1.19.6-eksbuild.7", 30, 35),
        ],
    },
    Entry {
        name: "coredns",
        kind: "networking",
        namespace: "kube-system",
        service_account: None,
        workloads: &[Deployment("coredns", 2)],
        options: &[
            "replicaCount",
            "autoScaling",
            "resources",
            "tolerations",
            "affinity",
            "corefile",
            "computeType",
            "nodeSelector",
            "podAnnotations",
            "podDisruptionBudget",
            "podLabels",
            "topologySpreadConstraints",
        ],
        versions: &[
            ("v1.13.2-eksbuild.4", 34, 36),
            ("v1.13.1-eksbuild.1", 34, 36),
            ("v1.12.4-eksbuild.6", 32, 35),
            ("v1.12.3-eksbuild.1", 32, 34),
            ("v1.11.4-eksbuild.28", 30, 33),
            ("v1.11.4-eksbuild.24", 30, 32),
        ],
    },
    Entry {
        name: "kube-proxy",
        kind: "networking",
        namespace: "kube-system",
        service_account: None,
        workloads: &[DaemonSet("kube-proxy")],
        options: &["ipvs", "mode", "resources", "podAnnotations", "podLabels"],
        versions: &[],
    },
    Entry {
        name: "eks-pod-identity-agent",
        kind: "security",
        namespace: "kube-system",
        service_account: None,
        workloads: &[DaemonSet("eks-pod-identity-agent")],
        options: &["agent", "affinity", "resources", "tolerations", "priorityClassName"],
        versions: &[
            ("v1.3.10-eksbuild.2", 30, 36),
            ("v1.3.9-eksbuild.3", 30, 36),
            ("v1.3.8-eksbuild.2", 30, 35),
        ],
    },
    Entry {
        name: "aws-ebs-csi-driver",
        kind: "storage",
        namespace: "kube-system",
        service_account: Some(("ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicy")),
        workloads: &[Deployment("ebs-csi-controller", 2), DaemonSet("ebs-csi-node")],
        options: &[
            "controller",
            "node",
            "defaultStorageClass",
            "sidecars",
            "image",
            "additionalDaemonSets",
        ],
        versions: &[
            ("v1.53.0-eksbuild.1", 30, 36),
            ("v1.51.1-eksbuild.1", 30, 36),
            ("v1.48.0-eksbuild.2", 30, 35),
        ],
    },
    Entry {
        name: "aws-efs-csi-driver",
        kind: "storage",
        namespace: "kube-system",
        service_account: Some(("efs-csi-controller-sa", "AmazonEFSCSIDriverPolicy")),
        workloads: &[Deployment("efs-csi-controller", 2), DaemonSet("efs-csi-node")],
        options: &["controller", "node", "sidecars", "useFIPS"],
        versions: &[("v2.1.13-eksbuild.1", 30, 36), ("v2.1.11-eksbuild.1", 30, 36)],
    },
    Entry {
        name: "snapshot-controller",
        kind: "storage",
        namespace: "kube-system",
        service_account: None,
        workloads: &[Deployment("snapshot-controller", 2)],
        options: &["replicaCount", "resources", "tolerations", "affinity"],
        versions: &[("v8.3.0-eksbuild.1", 30, 36), ("v8.2.0-eksbuild.1", 30, 36)],
    },
    Entry {
        name: "metrics-server",
        kind: "observability",
        namespace: "kube-system",
        service_account: None,
        workloads: &[Deployment("metrics-server", 2)],
        options: &["replicas", "resources", "tolerations", "affinity"],
        versions: &[("v0.8.0-eksbuild.6", 30, 36), ("v0.8.0-eksbuild.2", 30, 36)],
    },
    Entry {
        name: "eks-node-monitoring-agent",
        kind: "observability",
        namespace: "kube-system",
        service_account: None,
        workloads: &[DaemonSet("eks-node-monitoring-agent")],
        options: &["monitoringAgent", "dcgmAgent"],
        versions: &[("v1.4.2-eksbuild.1", 30, 36), ("v1.4.1-eksbuild.1", 30, 36)],
    },
    Entry {
        name: "amazon-cloudwatch-observability",
        kind: "observability",
        namespace: "amazon-cloudwatch",
        service_account: Some(("cloudwatch-agent", "CloudWatchAgentServerPolicy")),
        workloads: &[
            Deployment("amazon-cloudwatch-observability-controller-manager", 1),
            DaemonSet("cloudwatch-agent"),
        ],
        options: &["agent", "containerLogs", "manager", "tolerations"],
        versions: &[("v4.7.0-eksbuild.1", 30, 36), ("v4.6.0-eksbuild.1", 30, 36)],
    },
];

impl Entry {
    /// The versions for a minor version of Kubernetes, newest first.
    pub fn versions_for(&self, kubernetes: &str) -> Vec<String> {
        let minor = versions::minor(kubernetes);
        if self.name == "kube-proxy" {
            let own = versions::ALL.iter().find(|version| version.name == kubernetes);
            return own.map_or_else(Vec::new, |version| kube_proxy_versions(version.patch));
        }
        self.versions
            .iter()
            .filter(|(_, least, most)| (*least..=*most).contains(&minor))
            .map(|(version, ..)| (*version).to_owned())
            .collect()
    }

    /// The version that comes where none is asked for: rarely the newest.
    pub fn default_for(&self, kubernetes: &str) -> Option<String> {
        let versions = self.versions_for(kubernetes);
        versions.get(1).or(versions.first()).cloned()
    }

    /// Every version with the Kubernetes versions it is for.
    fn all_versions(&self) -> Vec<(String, Vec<&'static str>)> {
        let mut all: Vec<(String, Vec<&'static str>)> = Vec::new();
        for kubernetes in versions::ALL.iter().rev() {
            for version in self.versions_for(kubernetes.name) {
                match all.iter_mut().find(|(known, _)| *known == version) {
                    Some((_, compatible)) => compatible.push(kubernetes.name),
                    None => all.push((version, vec![kubernetes.name])),
                }
            }
        }
        all
    }

    /// Checks a configuration and reads it where it is JSON.
    ///
    /// # Errors
    /// `InvalidParameterException`, when it is neither JSON nor YAML, or names what the schema does not have.
    pub fn check_configuration(&self, text: &str) -> Result<Map<String, Value>, ServiceError> {
        let malformed =
            || errors::parameter("ConfigurationValue is not in valid JSON or YAML format.");
        let trimmed = text.trim();
        let (names, values) = if trimmed.starts_with('{') {
            let values: Map<String, Value> =
                serde_json::from_str(trimmed).map_err(|_| malformed())?;
            (values.keys().cloned().collect(), values)
        } else {
            (top_names(trimmed).ok_or_else(malformed)?, Map::new())
        };
        match names.iter().find(|name: &&String| !self.options.contains(&name.as_str())) {
            None => Ok(values),
            Some(name) => Err(errors::parameter(format!(
                "ConfigurationValue provided in request is not supported: Json schema validation failed with error: [$.{name}: is not defined in the schema and the schema does not allow additional properties]"
            ))),
        }
    }
}

fn kube_proxy_versions(patch: &str) -> Vec<String> {
    [8, 2].map(|build| format!("v{patch}-eksbuild.{build}")).to_vec()
}

/// The names at the top of a YAML mapping in block style; `None` where a line at its margin begins none.
fn top_names(text: &str) -> Option<Vec<String>> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with([' ', '#', '-']))
        .map(|line| line.split_once(':').map(|(name, _)| name.trim_matches('"').to_owned()))
        .collect()
}

/// The add-on of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// `DescribeAddonVersions`.
///
/// # Errors
/// `InvalidParameterException`, when there is no such add-on.
pub fn describe_versions(input: &Input) -> Result<Value, ServiceError> {
    let (kubernetes, name) =
        (input.optional_text("kubernetesVersion"), input.optional_text("addonName"));
    if let Some(name) = name
        && find(name).is_none()
    {
        return Err(errors::parameter(format!("Addon {name} specified is not supported"))
            .with_member("addonName", name));
    }
    let (kinds, owners) = (input.texts("types"), input.texts("owners"));
    let chosen = ALL.iter().filter(|entry| {
        name.is_none_or(|name| name == entry.name)
            && (kinds.is_empty() || kinds.iter().any(|kind| kind == entry.kind))
            && (owners.is_empty() || owners.iter().any(|owner| owner == "aws"))
    });
    let shapes = chosen
        .map(|entry| shape(entry, kubernetes))
        .filter(|shape| shape["addonVersions"].as_array().is_some_and(|list| !list.is_empty()));
    let (shapes, next) = paged(shapes.collect(), input)?;
    Ok(with_token(json!({"addons": shapes}), next))
}

fn shape(entry: &Entry, kubernetes: Option<&str>) -> Value {
    let versions: Vec<Value> = entry
        .all_versions()
        .into_iter()
        .filter(|(_, compatible)| kubernetes.is_none_or(|wanted| compatible.contains(&wanted)))
        .map(|(version, compatible)| {
            let compatibilities: Vec<Value> = compatible
                .into_iter()
                .filter(|name| kubernetes.is_none_or(|wanted| wanted == *name))
                .map(|name| {
                    let default = entry.default_for(name).as_deref() == Some(version.as_str());
                    json!({"clusterVersion": name, "platformVersions": ["*"], "defaultVersion": default})
                })
                .collect();
            json!({
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "computeTypes": ["ec2", "auto"],
                "compatibilities": compatibilities,
                "requiresConfiguration": false,
                "requiresIamPermissions": entry.service_account.is_some(),
            })
        })
        .collect();
    json!({
        "addonName": entry.name,
        "type": entry.kind,
        "addonVersions": versions,
        "publisher": "eks",
        "owner": "aws",
        "defaultNamespace": entry.namespace,
    })
}

/// `DescribeAddonConfiguration`.
///
/// # Errors
/// `ResourceNotFoundException`, when there is no such version of such an add-on.
pub fn describe_configuration(input: &Input) -> Result<Value, ServiceError> {
    let (name, version) = (input.text("addonName"), input.text("addonVersion"));
    let entry = find(name)
        .filter(|entry| entry.all_versions().iter().any(|(known, _)| known == version))
        .ok_or_else(|| {
            errors::not_found(format!("Addon {name} {version} is not supported"))
                .with_member("addonName", name)
        })?;
    let properties: Map<String, Value> =
        entry.options.iter().map(|option| ((*option).to_owned(), json!({}))).collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "type": "object",
        "title": entry.name,
        "additionalProperties": false,
        "properties": properties,
    });
    let mut answer = json!({
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": schema.to_string(),
    });
    if let Some((account, policy)) = entry.service_account {
        let arn = format!("arn:aws:iam::aws:policy/service-role/{policy}");
        answer["podIdentityConfiguration"] =
            json!([{"serviceAccount": account, "recommendedManagedPolicies": [arn]}]);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kubernetes_version_has_every_add_on() {
        for entry in ALL {
            for kubernetes in versions::ALL {
                let known = entry.versions_for(kubernetes.name);
                assert!(known.len() > 1, "{} for {}: {known:?}", entry.name, kubernetes.name);
                assert_ne!(entry.default_for(kubernetes.name), known.first().cloned());
            }
        }
    }

    #[test]
    fn configurations_are_checked() {
        let coredns = find("coredns").unwrap();
        let check = |text: &str, problem: Option<&str>| match problem {
            None => assert!(coredns.check_configuration(text).is_ok(), "{text}"),
            Some(part) => {
                let message = coredns.check_configuration(text).unwrap_err().message;
                assert!(message.contains(part), "{message}");
            }
        };
        check(r#"{"replicaCount": 3}"#, None);
        check("replicaCount: 3\nresources:\n  limits:\n    cpu: 1\n", None);
        check("", None);
        check(r#"{"replicas": 3}"#, Some("$.replicas"));
        check("replicas: 3", Some("$.replicas"));
        check(r#"{"replicaCount": "#, Some("valid JSON or YAML"));
        check("nonsense", Some("valid JSON or YAML"));
    }
}

//! In which order documents are applied, and in reverse removed: what others need comes first.
//!
//! The order within the built-in kinds is the one Helm installs in, with neighbours that need nothing of one another
//! put into one phase, so that they can be applied at once.

use std::collections::BTreeMap;

use crate::document::{DocumentKey, group_of};

/// A step of applying: everything in it may be applied at once, after everything before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Namespaces.
    Namespaces,
    /// Custom resource definitions.
    Definitions,
    /// What bounds or ranks what comes: quotas, limits, network policies, priority classes.
    Bounds,
    /// Service accounts.
    Identities,
    /// Secrets, configuration, storage.
    Configuration,
    /// Roles.
    Roles,
    /// Bindings of roles.
    Bindings,
    /// Services.
    Services,
    /// What runs.
    Workloads,
    /// What scales, protects and exposes what runs.
    Entrances,
    /// Aggregated APIs.
    ApiServices,
    /// Admission webhooks and policies.
    Webhooks,
    /// Custom resources and whatever else no table names.
    Custom,
}

/// The step a kind belongs to.
pub fn phase(api_version: &str, kind: &str) -> Phase {
    if !is_built_in(group_of(api_version)) {
        return Phase::Custom;
    }
    match kind {
        "Namespace" => Phase::Namespaces,
        "CustomResourceDefinition" => Phase::Definitions,
        "PriorityClass"
        | "RuntimeClass"
        | "NetworkPolicy"
        | "ResourceQuota"
        | "LimitRange"
        | "FlowSchema"
        | "PriorityLevelConfiguration" => Phase::Bounds,
        "ServiceAccount" => Phase::Identities,
        "Secret"
        | "ConfigMap"
        | "StorageClass"
        | "VolumeAttributesClass"
        | "CSIDriver"
        | "PersistentVolume"
        | "PersistentVolumeClaim" => Phase::Configuration,
        "ClusterRole" | "Role" => Phase::Roles,
        "ClusterRoleBinding" | "RoleBinding" => Phase::Bindings,
        "Service" | "Endpoints" | "EndpointSlice" => Phase::Services,
        "DaemonSet"
        | "Pod"
        | "ReplicationController"
        | "ReplicaSet"
        | "Deployment"
        | "StatefulSet"
        | "Job"
        | "CronJob" => Phase::Workloads,
        "HorizontalPodAutoscaler" | "PodDisruptionBudget" | "IngressClass" | "Ingress" => {
            Phase::Entrances
        }
        "APIService" => Phase::ApiServices,
        "MutatingWebhookConfiguration"
        | "ValidatingWebhookConfiguration"
        | "MutatingAdmissionPolicy"
        | "MutatingAdmissionPolicyBinding"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding" => Phase::Webhooks,
        _ => Phase::Custom,
    }
}

/// The groups Kubernetes itself serves.
pub fn is_built_in(group: &str) -> bool {
    matches!(
        group,
        "" | "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "apps"
            | "authentication.k8s.io"
            | "authorization.k8s.io"
            | "autoscaling"
            | "batch"
            | "certificates.k8s.io"
            | "coordination.k8s.io"
            | "discovery.k8s.io"
            | "events.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "internal.apiserver.k8s.io"
            | "networking.k8s.io"
            | "node.k8s.io"
            | "policy"
            | "rbac.authorization.k8s.io"
            | "resource.k8s.io"
            | "scheduling.k8s.io"
            | "storage.k8s.io"
            | "storagemigration.k8s.io"
    )
}

/// Groups items into phases, each in the given order within.
pub fn phases<Item>(
    items: impl IntoIterator<Item = Item>,
    key: impl Fn(&Item) -> &DocumentKey,
) -> BTreeMap<Phase, Vec<Item>> {
    let mut phases: BTreeMap<Phase, Vec<Item>> = BTreeMap::new();
    for item in items {
        let DocumentKey { api_version, kind, .. } = key(&item);
        phases.entry(phase(api_version, kind)).or_default().push(item);
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first() {
        let check = |kinds: &[&str]| {
            let kinds: Vec<(String, String)> = kinds
                .iter()
                .filter_map(|kind| kind.rsplit_once('/'))
                .map(|(api_version, kind)| (api_version.to_owned(), kind.to_owned()))
                .collect();
            for pair in kinds.windows(2) {
                let [first, second] = pair else { continue };
                assert!(
                    phase(&first.0, &first.1) < phase(&second.0, &second.1),
                    "{first:?} before {second:?}"
                );
            }
        };
        check(&[
            "v1/Namespace",
            "apiextensions.k8s.io/v1/CustomResourceDefinition",
            "v1/ResourceQuota",
            "apps/v1/Deployment",
        ]);
        check(&["v1/ServiceAccount", "v1/Secret", "rbac.authorization.k8s.io/v1/Role"]);
        check(&[
            "rbac.authorization.k8s.io/v1/ClusterRole",
            "rbac.authorization.k8s.io/v1/RoleBinding",
            "batch/v1/Job",
        ]);
        check(&[
            "v1/Service",
            "apps/v1/StatefulSet",
            "autoscaling/v2/HorizontalPodAutoscaler",
            "cert-manager.io/v1/Issuer",
        ]);
        check(&[
            "networking.k8s.io/v1/Ingress",
            "apiregistration.k8s.io/v1/APIService",
            "argoproj.io/v1alpha1/Rollout",
        ]);
        // A custom kind that is called like a built-in one is custom all the same.
        check(&["v1/Service", "serving.knative.dev/v1/Service"]);
    }

    #[test]
    fn the_given_order_is_kept_within_a_phase() {
        let keys: Vec<DocumentKey> = [
            "apps/v1/Deployment/a/z",
            "v1/Namespace//a",
            "batch/v1/Job/a/b",
            "apps/v1/Deployment/a/a",
        ]
        .iter()
        .map(|key| key.parse().unwrap())
        .collect();
        let phases = phases(&keys, |key| key);
        let names: Vec<Vec<&str>> = phases
            .values()
            .map(|keys| keys.iter().map(|key| key.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a"], vec!["z", "b", "a"]]);
    }
}

//! Access policies of EKS as RBAC inside a cluster.
//!
//! Follows "Review access policy permissions" of the EKS User Guide; what Kubernetes' own roles admin, edit and view
//! allow stands for the policies of those names.

use serde_json::{Value, json};

use super::errors;
use super::state::Cluster;
use super::tokens::group_of;
use crate::sandbox::fakes::input::texts;
use crate::sandbox::record::wildcard;
use crate::sandbox::wire::ServiceError;

/// A policy, and the cluster role that stands for it; those without one are for EKS itself.
struct Policy {
    name: &'static str,
    role: Option<&'static str>,
}

const fn policy(name: &'static str, role: Option<&'static str>) -> Policy {
    Policy { name, role }
}

const POLICIES: &[Policy] = &[
    policy("AmazonEKSAdminPolicy", Some("admin")),
    policy("AmazonEKSAdminViewPolicy", Some("eks:sandbox:admin-view")),
    policy("AmazonEKSAutoNodePolicy", None),
    policy("AmazonEKSBlockStorageClusterPolicy", None),
    policy("AmazonEKSBlockStoragePolicy", None),
    policy("AmazonEKSClusterAdminPolicy", Some("cluster-admin")),
    policy("AmazonEKSClusterInsightsPolicy", None),
    policy("AmazonEKSComputeClusterPolicy", None),
    policy("AmazonEKSComputePolicy", None),
    policy("AmazonEKSEditPolicy", Some("edit")),
    policy("AmazonEKSEventPolicy", None),
    policy("AmazonEKSHybridPolicy", None),
    policy("AmazonEKSLoadBalancingClusterPolicy", None),
    policy("AmazonEKSLoadBalancingPolicy", None),
    policy("AmazonEKSNetworkingClusterPolicy", None),
    policy("AmazonEKSNetworkingPolicy", None),
    policy("AmazonEKSSecretReaderPolicy", Some("eks:sandbox:secret-reader")),
    policy("AmazonEKSViewPolicy", Some("view")),
];

/// The policies as ListAccessPolicies shows them.
pub fn list(partition: &str) -> Vec<Value> {
    POLICIES
        .iter()
        .map(|policy| json!({"name": policy.name, "arn": arn(partition, policy.name)}))
        .collect()
}

/// The ARN of a policy.
pub fn arn(partition: &str, name: &str) -> String {
    format!("arn:{partition}:eks::aws:cluster-access-policy/{name}")
}

/// Checks that a policy exists.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check(policy_arn: &str) -> Result<(), ServiceError> {
    if find(policy_arn).is_some() {
        return Ok(());
    }
    Err(errors::parameter(format!("The policyArn parameter format is not valid: {policy_arn}")))
}

fn find(policy_arn: &str) -> Option<&'static Policy> {
    let (start, name) = policy_arn.rsplit_once('/')?;
    let proper = start.starts_with("arn:aws") && start.ends_with(":eks::aws:cluster-access-policy");
    POLICIES.iter().find(|policy| proper && policy.name == name)
}

/// The cluster roles that Kubernetes does not bring.
pub fn roles() -> Vec<Value> {
    let role = |name: &str, rules: Value| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        })
    };
    let read = json!(["get", "list", "watch"]);
    vec![
        role(
            "eks:sandbox:admin-view",
            json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": read}]),
        ),
        role(
            "eks:sandbox:secret-reader",
            json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": read}]),
        ),
    ]
}

/// The bindings of a cluster's access entries; those in namespaces for each that is there, given by name and uid.
pub fn bindings(cluster: &Cluster, namespaces: &[(String, String)]) -> Vec<Value> {
    let mut bindings = Vec::new();
    for (principal, entry) in &cluster.access {
        for (policy_arn, associated) in &entry.policies {
            let Some(role) = find(policy_arn).and_then(|policy| policy.role) else { continue };
            // A name in RBAC has no slash.
            let name = format!("eks:{}:{role}", principal.replace('/', ":"));
            let scope = &associated["accessScope"];
            if scope["type"] == "cluster" {
                bindings.push(binding("ClusterRoleBinding", &name, role, principal));
                continue;
            }
            let patterns = texts(&scope["namespaces"]);
            for (namespace, uid) in namespaces {
                if patterns.iter().any(|pattern| wildcard(pattern, namespace)) {
                    let mut binding = binding("RoleBinding", &name, role, principal);
                    binding["metadata"]["namespace"] = namespace.clone().into();
                    // In a namespace made anew it has to be made anew too.
                    binding["metadata"]["annotations"] = json!({"sandbox/namespace": uid});
                    bindings.push(binding);
                }
            }
        }
    }
    bindings
}

fn binding(kind: &str, name: &str, role: &str, principal: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group_of(principal)}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_policy(arn: &str, expected: bool) {
        assert_eq!(check(arn).is_ok(), expected, "{arn}");
    }

    #[test]
    fn policies_are_known_by_their_whole_arn() {
        check_policy("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", true);
        check_policy("arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", true);
        check_policy("arn:aws:eks::aws:cluster-access-policy/NoSuchPolicy", false);
        check_policy("arn:aws:iam::aws:policy/AmazonEKSClusterAdminPolicy", false);
        check_policy("AmazonEKSClusterAdminPolicy", false);
    }
}

//! Whether a kind's objects lie in namespaces, known without a cluster where it can be, and putting documents where
//! they belong.

use std::collections::BTreeMap;

use crate::discovery::Discovery;
use crate::document::{Document, group_of};
use crate::order::is_built_in;

/// What is known of kinds' scopes: the built-in kinds always, custom ones from definitions and from a cluster.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    known: BTreeMap<(String, String), Scope>,
}

/// Where a kind's objects lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In namespaces.
    Namespaced,
    /// In the cluster as a whole.
    Cluster,
}

impl Scopes {
    /// Only the built-in kinds.
    pub fn built_in() -> Self {
        Scopes::default()
    }

    /// Further the kinds that custom resource definitions among the documents define, by group: all versions of a kind
    /// have one scope.
    pub fn with_definitions<'a>(
        mut self,
        documents: impl IntoIterator<Item = &'a Document>,
    ) -> Self {
        for document in documents {
            let is_wide = document.value()["spec"]["scope"] == "Cluster";
            let scope = if is_wide { Scope::Cluster } else { Scope::Namespaced };
            for (api_version, kind) in document.defined_kinds() {
                self.known.insert((group_of(&api_version).to_owned(), kind), scope);
            }
        }
        self
    }

    /// Further the kinds a cluster serves; definitions that were named before count more.
    pub fn with_discovery(mut self, discovery: &Discovery) -> Self {
        for resource in discovery.resources() {
            let scope = if resource.is_namespaced { Scope::Namespaced } else { Scope::Cluster };
            let key = (group_of(&resource.api_version).to_owned(), resource.kind.clone());
            self.known.entry(key).or_insert(scope);
        }
        self
    }

    /// Where objects of a kind lie; none where nothing is known of the kind.
    pub fn of(&self, api_version: &str, kind: &str) -> Option<Scope> {
        let group = group_of(api_version);
        if is_built_in(group) {
            return Some(if is_of_the_cluster(group, kind) {
                Scope::Cluster
            } else {
                Scope::Namespaced
            });
        }
        self.known.get(&(group.to_owned(), kind.to_owned())).copied()
    }

    /// Puts a document where it belongs: into the namespace it names, else into `default_namespace`; into none where
    /// its kind is one of the whole cluster. A document of an unknown kind stays as it is.
    pub fn place(&self, document: &mut Document, default_namespace: &str) {
        match self.of(document.api_version(), document.kind()) {
            Some(Scope::Cluster) if document.namespace().is_some() => document.set_namespace(None),
            Some(Scope::Namespaced) if document.namespace().is_none() => {
                document.set_namespace(Some(default_namespace))
            }
            _ => {}
        }
    }
}

/// The built-in kinds that lie in the cluster as a whole (Kubernetes 1.36; unchanged for years but for additions).
fn is_of_the_cluster(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("", "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus")
            | ("admissionregistration.k8s.io", _)
            | ("apiextensions.k8s.io", _)
            | ("apiregistration.k8s.io", _)
            | ("authentication.k8s.io", _)
            | (
                "authorization.k8s.io",
                "SelfSubjectAccessReview" | "SelfSubjectRulesReview" | "SubjectAccessReview"
            )
            | ("certificates.k8s.io", "CertificateSigningRequest" | "ClusterTrustBundle")
            | ("flowcontrol.apiserver.k8s.io", _)
            | ("internal.apiserver.k8s.io", _)
            | ("networking.k8s.io", "IngressClass" | "IPAddress" | "ServiceCIDR")
            | ("node.k8s.io", _)
            | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
            | ("resource.k8s.io", "DeviceClass" | "ResourceSlice" | "DeviceTaintRule")
            | ("scheduling.k8s.io", "PriorityClass")
            | (
                "storage.k8s.io",
                "StorageClass"
                    | "VolumeAttachment"
                    | "CSINode"
                    | "CSIDriver"
                    | "VolumeAttributesClass"
            )
            | ("storagemigration.k8s.io", _)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(group: &str, kind: &str, scope: &str) -> Document {
        let versions = json!([{"name": "v1", "served": true}]);
        let spec =
            json!({"group": group, "names": {"kind": kind}, "scope": scope, "versions": versions});
        let value = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "x"}, "spec": spec});
        Document::new(value).unwrap()
    }

    #[test]
    fn scopes_are_known() {
        let definitions =
            [definition("a.io", "Wide", "Cluster"), definition("a.io", "Narrow", "Namespaced")];
        let scopes = Scopes::built_in().with_definitions(&definitions);
        let check = |api_version: &str, kind: &str, expected: Option<Scope>| {
            assert_eq!(scopes.of(api_version, kind), expected, "{kind}");
        };
        check("v1", "Namespace", Some(Scope::Cluster));
        check("v1", "Pod", Some(Scope::Namespaced));
        check("rbac.authorization.k8s.io/v1", "Role", Some(Scope::Namespaced));
        check("rbac.authorization.k8s.io/v1", "ClusterRole", Some(Scope::Cluster));
        check("storage.k8s.io/v1", "CSIStorageCapacity", Some(Scope::Namespaced));
        check("a.io/v1", "Wide", Some(Scope::Cluster));
        check("a.io/v2", "Narrow", Some(Scope::Namespaced));
        check("b.io/v1", "Wide", None);
    }

    #[test]
    fn documents_are_put_where_they_belong() {
        let check =
            |api_version: &str, kind: &str, namespace: Option<&str>, expected: Option<&str>| {
                let mut value =
                    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
                if let Some(namespace) = namespace {
                    value["metadata"]["namespace"] = namespace.into();
                }
                let mut document = Document::new(value).unwrap();
                Scopes::built_in().place(&mut document, "here");
                assert_eq!(document.namespace(), expected, "{kind} in {namespace:?}");
                assert_eq!(document.value()["metadata"]["namespace"].as_str(), expected);
            };
        check("v1", "Pod", None, Some("here"));
        check("v1", "Pod", Some("there"), Some("there"));
        check("v1", "Namespace", Some("there"), None);
        check("b.io/v1", "Wide", None, None);
        check("b.io/v1", "Wide", Some("there"), Some("there"));
    }
}

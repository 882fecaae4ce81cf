//! What runs inside a cluster because EKS put it there: add-ons, the default storage class, the sandbox's own rules.

use serde_json::{Map, Value, json};

use super::addon_catalog::{self, Entry, Workload};
use super::state::Cluster;

/// What every cluster has.
pub fn base() -> Vec<Value> {
    let name = "sandbox-refuses-remote-api-services";
    let storage_class = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "gp2"},
        "provisioner": "kubernetes.io/aws-ebs",
        "parameters": {"type": "gp2", "fsType": "ext4"},
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    // One that is not available blocks the deletion of every namespace, and here none ever is.
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["apiregistration.k8s.io"],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["apiservices"],
            }]},
            "validations": [{
                "expression": "!has(object.spec.service)",
                "message": "the sandbox runs no pods, so an API of one would never be available",
            }],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    vec![storage_class, policy, binding]
}

/// The objects of a cluster's add-ons, and of the default ones that nobody manages.
pub fn of(cluster: &Cluster) -> Vec<Value> {
    let managed =
        cluster.addons.iter().filter(|(_, addon)| !addon.failed && addon.deletion.is_none());
    let managed = managed.map(|(name, addon)| {
        let text = |member: &str| addon.shape[member].as_str().unwrap_or_default().to_owned();
        (name.as_str(), text("addonVersion"), text("configurationValues"))
    });
    let own = cluster.self_managed.iter();
    let own = own.map(|(name, version)| (name.as_str(), version.clone(), String::new()));
    let mut objects = Vec::new();
    for (name, version, configuration) in managed.chain(own) {
        let Some(entry) = addon_catalog::find(name) else { continue };
        // It was checked when it came, and YAML changes nothing here.
        let values = entry.check_configuration(&configuration).unwrap_or_default();
        objects.extend(workloads(entry, &version, &values, &cluster.key.region));
    }
    if objects.iter().any(|object| object["metadata"]["name"] == "coredns") {
        objects.push(cluster_dns(cluster));
    }
    objects
}

fn workloads(
    entry: &Entry,
    version: &str,
    values: &Map<String, Value>,
    region: &str,
) -> Vec<Value> {
    let mut objects = Vec::new();
    if entry.namespace != "kube-system" {
        objects.push(json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": entry.namespace},
        }));
    }
    if entry.name == "aws-ebs-csi-driver" {
        objects.push(json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": "ebs.csi.aws.com"},
            "spec": {"attachRequired": true, "podInfoOnMount": false},
        }));
    }
    for workload in entry.workloads {
        let (name, kind, replicas) = match workload {
            Workload::Deployment(name, replicas) => (name, "Deployment", Some(*replicas)),
            Workload::DaemonSet(name) => (name, "DaemonSet", None),
        };
        objects.push(json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": entry.namespace},
        }));
        let image =
            format!("602401143452.dkr.ecr.{region}.amazonaws.com/eks/{}:{version}", entry.name);
        let mut object = workload_object(entry, name, kind, &image);
        if let Some(replicas) = replicas {
            let wanted = values.get("replicaCount").or(values.get("replicas"));
            object["spec"]["replicas"] = wanted.cloned().unwrap_or(replicas.into());
        }
        if values.get("enableNetworkPolicy").is_some_and(|on| on == "true" || *on == true) {
            let agent = json!({
                "name": "aws-eks-nodeagent",
                "image": image,
                "args": ["--enable-network-policy=true"],
            });
            if let Some(containers) =
                object["spec"]["template"]["spec"]["containers"].as_array_mut()
            {
                containers.push(agent);
            }
        }
        objects.push(object);
    }
    objects
}

fn workload_object(entry: &Entry, name: &str, kind: &str, image: &str) -> Value {
    let labels = json!({"k8s-app": if name == "coredns" { "kube-dns" } else { name }});
    let mut metadata_labels = labels.clone();
    metadata_labels["app.kubernetes.io/managed-by"] = "EKS".into();
    json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": entry.namespace, "labels": metadata_labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": name,
                    "priorityClassName": "system-cluster-critical",
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [{
                        "name": name,
                        "image": image,
                        "resources": {"requests": {"cpu": "25m", "memory": "32Mi"}},
                    }],
                },
            },
        },
    })
}

/// The service that CoreDNS has in every cluster, at the tenth address of the service range.
fn cluster_dns(cluster: &Cluster) -> Value {
    let range = cluster.shape["kubernetesNetworkConfig"]["serviceIpv4Cidr"].as_str();
    let first = super::network::range(range.unwrap_or_default()).map_or(0, |(first, _)| first);
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {
            "clusterIP": std::net::Ipv4Addr::from_bits(first + 10).to_string(),
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
            ],
        },
    })
}

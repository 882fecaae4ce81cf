//! Nodes as Kubernetes objects, with the labels that EKS and its kubelets give them.

use serde_json::{Map, Value, json};

use super::nodes::Node;
use super::state::{Cluster, Nodegroup};

/// The nodes of a cluster.
pub fn of(cluster: &Cluster) -> Vec<Value> {
    let groups = cluster.nodegroups.values();
    groups
        .flat_map(|group| group.nodes.iter().map(|node| object(node, group, &cluster.key.region)))
        .collect()
}

fn object(node: &Node, group: &Nodegroup, region: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "labels": labels(node, group, region),
        },
        "spec": {
            "providerID": format!("aws:///{}/{}", node.zone, node.instance),
            "taints": taints(&group.shape["taints"]),
        },
        "status": status(node),
    })
}

fn labels(node: &Node, group: &Nodegroup, region: &str) -> Map<String, Value> {
    let shape = &group.shape;
    let architecture = if node.kind.arm { "arm64" } else { "amd64" };
    let mut labels = Map::new();
    for (name, value) in [
        ("kubernetes.io/hostname", node.name.as_str()),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", architecture),
        ("beta.kubernetes.io/os", "linux"),
        ("beta.kubernetes.io/arch", architecture),
        ("node.kubernetes.io/instance-type", &node.kind.name),
        ("beta.kubernetes.io/instance-type", &node.kind.name),
        ("topology.kubernetes.io/region", region),
        ("topology.kubernetes.io/zone", &node.zone),
        ("failure-domain.beta.kubernetes.io/region", region),
        ("failure-domain.beta.kubernetes.io/zone", &node.zone),
        ("topology.k8s.aws/zone-id", &node.zone_id),
        ("k8s.io/cloud-provider-aws", "sandbox"),
        ("eks.amazonaws.com/nodegroup", text(&shape["nodegroupName"])),
        ("eks.amazonaws.com/nodegroup-image", "ami-0e150000000000001"),
        ("eks.amazonaws.com/capacityType", text(&shape["capacityType"])),
    ] {
        labels.insert(name.to_owned(), value.into());
    }
    labels.extend(shape["labels"].as_object().cloned().unwrap_or_default());
    labels
}

fn taints(taints: &Value) -> Vec<Value> {
    let taints = taints.as_array().map(Vec::as_slice).unwrap_or_default();
    taints
        .iter()
        .map(|taint| {
            let effect = match text(&taint["effect"]) {
                "NO_SCHEDULE" => "NoSchedule",
                "PREFER_NO_SCHEDULE" => "PreferNoSchedule",
                _ => "NoExecute",
            };
            json!({"key": taint["key"], "value": text(&taint["value"]), "effect": effect})
        })
        .collect()
}

/// What the node has and what it keeps for pods, as the kubelet of an EKS image reckons it.
fn status(node: &Node) -> Value {
    let kind = &node.kind;
    let reserved_mebibytes = 11 * kind.pods + 255 + 100;
    let memory = kind.memory_mebibytes.saturating_sub(reserved_mebibytes);
    // 6% of the first processor, 1% of the second, half a percent of the next two, a quarter of all others.
    let reserved_millis: u32 = (0..kind.processors)
        .map(|index| match index {
            0 => 600,
            1 => 100,
            2 | 3 => 50,
            _ => 25,
        })
        .sum::<u32>()
        / 10;
    let sizes = |millis: u32, memory: u32| {
        json!({
            "cpu": format!("{millis}m"),
            "memory": format!("{memory}Mi"),
            "pods": kind.pods.to_string(),
            "ephemeral-storage": "20Gi",
        })
    };
    json!({
        "capacity": sizes(kind.processors * 1000, kind.memory_mebibytes),
        "allocatable": sizes(kind.processors * 1000 - reserved_millis, memory),
        "addresses": [
            {"type": "InternalIP", "address": node.address},
            {"type": "InternalDNS", "address": node.name},
            {"type": "Hostname", "address": node.name},
        ],
        "nodeInfo": {
            "architecture": if kind.arm { "arm64" } else { "amd64" },
            "bootID": node.instance,
            "containerRuntimeVersion": "containerd://2.1.5",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": format!("v{}-eks-sandbox", node.kubelet),
            "machineID": node.instance,
            "operatingSystem": "linux",
            "osImage": "Amazon Linux 2023",
            "systemUUID": node.instance,
        },
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::nodes::InstanceType;
    use super::*;

    #[test]
    fn a_node_keeps_some_for_itself() {
        let kind = InstanceType {
            name: "m6i.large".to_owned(),
            processors: 2,
            memory_mebibytes: 8192,
            arm: false,
            pods: 29,
        };
        let node = Node {
            name: "ip-10-0-1-4".to_owned(),
            instance: "i-1".to_owned(),
            interface: String::new(),
            address: "10.0.1.4".to_owned(),
            zone: "eu-central-1a".to_owned(),
            zone_id: "euc1-az2".to_owned(),
            kind,
            kubelet: "1.34.7".to_owned(),
        };
        let status = status(&node);
        assert_eq!(status["capacity"]["cpu"], "2000m");
        assert_eq!(status["allocatable"]["cpu"], "1930m");
        assert_eq!(status["allocatable"]["memory"], "7518Mi");
    }

    #[test]
    fn taints_are_written_as_kubernetes_does() {
        let written = taints(
            &json!([{"key": "a", "effect": "NO_EXECUTE"}, {"key": "b", "value": "c", "effect": "NO_SCHEDULE"}]),
        );
        assert_eq!(written[0], json!({"key": "a", "value": "", "effect": "NoExecute"}));
        assert_eq!(written[1], json!({"key": "b", "value": "c", "effect": "NoSchedule"}));
    }
}

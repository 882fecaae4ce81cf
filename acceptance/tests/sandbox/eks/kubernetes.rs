//! What is inside a cluster: workloads, nodes, upgrades.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use travel_acceptance::sandbox::process::Process;

use super::{Ground, Kubectl, run_with_control_planes};
use crate::shared;

const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.com/web:1", resources: {requests: {cpu: 100m}}}]
"#;

const BUDGET: &str = r#"
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  maxUnavailable: 0
  selector: {matchLabels: {app: web}}
"#;

const JOB: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: "example.com/once:1"}]
"#;

const CLAIMS: &str = r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: now}
provisioner: ebs.csi.aws.com
parameters: {tagSpecification_1: "backup={{ .PVCName }}"}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: shared}
provisioner: efs.csi.aws.com
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
spec: {accessModes: [ReadWriteMany], storageClassName: shared, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: early}
spec: {accessModes: [ReadWriteOnce], storageClassName: now, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: none}
spec: {accessModes: [ReadWriteOnce], storageClassName: missing, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: data}
spec:
  serviceName: data
  selector: {matchLabels: {app: data}}
  template:
    metadata: {labels: {app: data}}
    spec:
      containers: [{name: data, image: "example.com/data:1"}]
  volumeClaimTemplates:
  - metadata: {name: disk}
    spec: {accessModes: [ReadWriteOnce], storageClassName: gp2, resources: {requests: {storage: 2Gi}}}
"#;

const SERVICE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
"#;

const REMOTE_API: &str = r#"
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system}
"#;

const WEBHOOK: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: closed}
webhooks:
- name: closed.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  clientConfig: {service: {name: nobody, namespace: default}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [configmaps]}]
"#;

/// A cluster with nodes, and its administrator's kubectl.
async fn cluster_with_nodes(ground: &Ground, name: &str, nodes: u32) -> Kubectl {
    let (admin, client) = ground.person("admin").await;
    let cluster = ground.active_cluster(ground.cluster(name)).await;
    ground.admit(name, &admin, "AmazonEKSClusterAdminPolicy", &[]).await;
    let request = json!({
        "nodegroupName": "general",
        "subnets": ground.subnets,
        "nodeRole": ground.node_role,
        "scalingConfig": {"minSize": 0, "maxSize": 3, "desiredSize": nodes},
        "labels": {"pool": "general"},
    });
    ground.post(&format!("/clusters/{name}/node-groups"), request).await;
    ground.wait(&format!("/clusters/{name}/node-groups/general"), "nodegroup", "ACTIVE").await;
    let kubectl = Kubectl::new(&cluster, &client);
    let began = Instant::now();
    kubectl.ok(&["get", "namespaces"], "").await;
    println!("the control plane of {name} answered after {:.1} s", began.elapsed().as_secs_f64());
    kubectl.ok(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=5m"], "").await;
    kubectl
}

#[test]
fn a_cluster_runs_workloads() {
    run_with_control_planes(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "kubernetes-workloads").await;
        let kubectl = cluster_with_nodes(&ground, "work", 2).await;
        check_nodes(&ground, &kubectl).await;
        let version = kubectl.ok(&["get", "--raw", "/version"], "").await;
        assert!(version.contains("v1.34.0-eks-sandbox"), "{version}");

        kubectl
            .ok(&["apply", "--server-side", "-f", "-"], &format!("{DEPLOYMENT}---{JOB}---{CLAIMS}"))
            .await;
        kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=5m"], "").await;
        kubectl.ok(&["rollout", "status", "statefulset/data", "--timeout=5m"], "").await;
        kubectl.ok(&["wait", "--for=condition=complete", "job/once", "--timeout=5m"], "").await;
        let bound = "--for=jsonpath={.status.phase}=Bound";
        kubectl
            .ok(&["wait", bound, "pvc/early", "pvc/disk-data-0", "pvc/shared", "--timeout=5m"], "")
            .await;
        assert_eq!(kubectl.get(&["pvc", "none"]).await["status"]["phase"], "Pending");
        check_volumes(&ground, &kubectl).await;
        kubectl.ok(&["apply", "-f", "-"], SERVICE).await;
        let address = "--for=jsonpath={.status.loadBalancer.ingress[0].hostname}";
        kubectl.ok(&["wait", address, "service/web", "--timeout=5m"], "").await;

        let refused = kubectl.refused(&["apply", "-f", "-"], REMOTE_API).await;
        assert!(refused.contains("the sandbox runs no pods"), "{refused}");
        kubectl.ok(&["apply", "-f", "-"], WEBHOOK).await;
        // A webhook that nobody answers would refuse this; and the content is a big one.
        let big = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"},
            "data": {"text": "x".repeat(900_000)},
        });
        kubectl.ok(&["create", "-f", "-"], &big.to_string()).await;
        let read = kubectl.get(&["configmap", "big"]).await;
        assert_eq!(read["data"]["text"].as_str().map(str::len), Some(900_000));

        kubectl.ok(&["create", "namespace", "gone"], "").await;
        kubectl.ok(&["-n", "gone", "apply", "-f", "-"], DEPLOYMENT).await;
        kubectl.ok(&["delete", "namespace", "gone", "--timeout=5m"], "").await;
        ground.remove_cluster("work").await;
    });
}

/// Claims have EBS volumes, in the zone of their pod, and free them in the end.
async fn check_volumes(ground: &Ground, kubectl: &Kubectl) {
    let volumes = async |tag: &str, value: &str| {
        let filter = [("Filter.1.Name", tag), ("Filter.1.Value.1", value)];
        let found = ground.client.query("ec2", "DescribeVolumes", &filter).await.unwrap();
        found.items("volumeSet").to_vec()
    };
    let claim = "tag:kubernetes.io/created-for/pvc/name";
    let disk = volumes(claim, "disk-data-0").await;
    assert_eq!((disk.len(), disk[0].text_at("size")), (1, "2"));
    let pod = kubectl.get(&["pod", "data-0"]).await;
    let node = kubectl.get(&["node", pod["spec"]["nodeName"].as_str().unwrap()]).await;
    let zone = &node["metadata"]["labels"]["topology.kubernetes.io/zone"];
    assert_eq!(disk[0].text_at("availabilityZone"), zone.as_str().unwrap());
    assert_eq!(volumes("tag:backup", "early").await.len(), 1);
    for claim in ["early", "shared"] {
        let volume = kubectl.get(&["pvc", claim]).await["spec"]["volumeName"].clone();
        let volume = format!("pv/{}", volume.as_str().unwrap());
        kubectl.ok(&["delete", "pvc", claim, "--timeout=5m"], "").await;
        kubectl.ok(&["wait", "--for=delete", &volume, "--timeout=5m"], "").await;
    }
    assert_eq!(volumes("tag:backup", "early").await.len(), 0);
}

async fn check_nodes(ground: &Ground, kubectl: &Kubectl) {
    let nodes = kubectl.get(&["nodes", "-l", "pool=general"]).await;
    let nodes = nodes["items"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    let mut zones: Vec<&Value> = Vec::new();
    for node in nodes {
        let labels = &node["metadata"]["labels"];
        assert_eq!(labels["eks.amazonaws.com/nodegroup"], "general");
        assert_eq!(labels["node.kubernetes.io/instance-type"], "t3.medium");
        assert_eq!(node["status"]["capacity"]["cpu"], "2");
        assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.7-eks-sandbox");
        zones.push(&labels["topology.kubernetes.io/zone"]);
        let instance = node["spec"]["providerID"].as_str().unwrap().rsplit('/').next().unwrap();
        let asked = [("InstanceId.1", instance)];
        let described = ground.client.query("ec2", "DescribeInstances", &asked).await.unwrap();
        assert_eq!(
            Some(node["metadata"]["name"].as_str().unwrap()),
            described.find("privateDnsName").map(|name| name.content.as_str())
        );
    }
    zones.sort_by_key(|zone| zone.to_string());
    zones.dedup();
    assert_eq!(zones.len(), 2, "the nodes are in one zone");
}

/// How many pods of the deployment `web` run on which of the nodes.
async fn nodes_of_web(kubectl: &Kubectl) -> Vec<String> {
    let pods = kubectl.get(&["pods", "-l", "app=web"]).await;
    let pods = pods["items"].as_array().unwrap().clone();
    let running = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let mut nodes: Vec<String> =
        running.filter_map(|pod| pod["spec"]["nodeName"].as_str().map(str::to_owned)).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

#[test]
fn nodes_come_and_go_with_their_group() {
    run_with_control_planes(async {
        let ground = Ground::new(shared().await, "kubernetes-nodes").await;
        let kubectl = cluster_with_nodes(&ground, "nodes", 1).await;
        kubectl.ok(&["apply", "-f", "-"], DEPLOYMENT).await;
        kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=5m"], "").await;
        let group = "/clusters/nodes/node-groups/general";

        let change = json!({
            "scalingConfig": {"desiredSize": 2},
            "labels": {"addOrUpdateLabels": {"pool": "other"}},
            "taints": {"addOrUpdateTaints": [{"key": "only", "value": "web", "effect": "PREFER_NO_SCHEDULE"}]},
        });
        ground.post(&format!("{group}/update-config"), change).await;
        ground.wait(group, "nodegroup", "ACTIVE").await;
        let nodes = kubectl.get(&["nodes", "-l", "pool=other"]).await;
        assert_eq!(nodes["items"].as_array().unwrap().len(), 2);
        assert_eq!(nodes["items"][1]["spec"]["taints"][0]["key"], "only");

        let first = nodes_of_web(&kubectl).await;
        ground
            .post(&format!("{group}/update-config"), json!({"scalingConfig": {"desiredSize": 1}}))
            .await;
        ground.wait(group, "nodegroup", "ACTIVE").await;
        kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=5m"], "").await;
        assert_eq!(nodes_of_web(&kubectl).await, first);

        ground.delete(group).await;
        ground.gone(group).await;
        assert_eq!(kubectl.get(&["nodes"]).await["items"], json!([]));
        let filter = [("Filter.1.Name", "instance-state-name"), ("Filter.1.Value.1", "running")];
        let left = ground.client.query("ec2", "DescribeInstances", &filter).await.unwrap();
        assert_eq!(left.items("reservationSet").len(), 0);
        let interfaces =
            [("Filter.1.Name", "description"), ("Filter.1.Value.1", "Primary network interface")];
        let left =
            ground.client.query("ec2", "DescribeNetworkInterfaces", &interfaces).await.unwrap();
        assert_eq!(left.items("networkInterfaceSet").len(), 0);
        ground.remove_cluster("nodes").await;
    });
}

#[test]
fn upgrades_replace_the_control_plane_and_the_nodes() {
    run_with_control_planes(async {
        let ground = Ground::new(shared().await, "kubernetes-upgrade").await;
        let kubectl = cluster_with_nodes(&ground, "upgrade", 2).await;
        kubectl.ok(&["apply", "-f", "-"], &format!("{DEPLOYMENT}---{BUDGET}")).await;
        kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=5m"], "").await;

        ground.post("/clusters/upgrade/updates", json!({"version": "1.35"})).await;
        let cluster = ground.wait("/clusters/upgrade", "cluster", "ACTIVE").await;
        assert_eq!(cluster["version"], "1.35");
        let version = kubectl.ok(&["get", "--raw", "/version"], "").await;
        assert!(version.contains("v1.35.0-eks-sandbox"), "{version}");
        assert_eq!(nodes_of_web(&kubectl).await.len(), 2);

        // The budget lets no pod be evicted.
        let group = "/clusters/upgrade/node-groups/general";
        let path = format!("{group}/update-version");
        let update = ground.post(&path, json!({"version": "1.35"})).await;
        let id = update["update"]["id"].as_str().unwrap().to_owned();
        let described = format!("/clusters/upgrade/updates/{id}?nodegroupName=general");
        let failed = ground.wait(&described, "update", "Failed").await;
        assert_eq!(failed["errors"][0]["errorCode"], "PodEvictionFailure");
        let kept = kubectl.get(&["nodes"]).await;
        assert_eq!(kept["items"].as_array().unwrap().len(), 2);
        assert_eq!(kept["items"][0]["spec"]["unschedulable"], Value::Null);

        ground.post(&path, json!({"version": "1.35", "force": true})).await;
        let shape = ground.wait(group, "nodegroup", "ACTIVE").await;
        assert_eq!(shape["version"], "1.35");
        let nodes = kubectl.get(&["nodes"]).await;
        for node in nodes["items"].as_array().unwrap() {
            assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.35.4-eks-sandbox");
        }
        kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=5m"], "").await;
        ground.remove_cluster("upgrade").await;
    });
}

#[test]
fn a_deleted_cluster_leaves_nothing_but_its_logs() {
    run_with_control_planes(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "kubernetes-deletion").await;
        let mut request = ground.cluster("short");
        request["logging"] = json!({"clusterLogging": [{"types": ["audit"], "enabled": true}]});
        let cluster = ground.active_cluster(request.clone()).await;
        let group =
            cluster["resourcesVpcConfig"]["clusterSecurityGroupId"].as_str().unwrap().to_owned();
        let path =
            format!("clusters/{}/{}/short/start", ground.account, sandbox.connection().region);
        let started = sandbox.service(Method::POST, "eks", &path, None).await.unwrap();
        println!("started in {} s: {} bytes", started["start_seconds"], started["resident_bytes"]);
        assert_eq!(started["running"], true);
        let kubeconfig = started["kubeconfig"].as_str().unwrap().to_owned();
        assert!(started["resident_bytes"].as_u64().unwrap() > 100_000_000);
        let processes = processes(sandbox.status().await.unwrap(), "cluster-short-");
        assert_eq!(processes.len(), 5);

        ground.delete("/clusters/short").await;
        ground.gone("/clusters/short").await;
        for process in processes {
            process.wait_until_gone(Duration::from_secs(60)).await.unwrap();
        }
        assert!(!std::path::Path::new(&kubeconfig).exists());
        let error =
            ground.client.query("ec2", "DescribeSecurityGroups", &[("GroupId.1", &group)]).await;
        assert_eq!(error.unwrap_err().code, "InvalidGroup.NotFound");
        let of_vpc = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", ground.vpc.as_str())];
        let left = ground.client.query("ec2", "DescribeNetworkInterfaces", &of_vpc).await.unwrap();
        assert_eq!(left.items("networkInterfaceSet").len(), 0);
        let logs = ground.client.json("logs", "DescribeLogGroups", &json!({})).await.unwrap();
        assert_eq!(logs["logGroups"][0]["logGroupName"], "/aws/eks/short/cluster");

        // The same name again is another cluster.
        let again = ground.active_cluster(request).await;
        assert_ne!(again["identity"], cluster["identity"]);
        assert_ne!(again["certificateAuthority"], cluster["certificateAuthority"]);
    });
}

fn processes(status: Value, start: &str) -> Vec<Process> {
    let all = status["processes"].as_array().unwrap().clone();
    let own = all.iter().filter(|process| process["name"].as_str().unwrap().starts_with(start));
    own.map(|process| {
        Process::of(i32::try_from(process["process_id"].as_i64().unwrap()).unwrap()).unwrap()
    })
    .collect()
}

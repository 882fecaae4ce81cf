//! Add-ons as EKS shows them.

use http::Method;
use serde_json::json;

use super::{Ground, Kubectl, role, run_with_control_planes};
use crate::{run, shared};

#[test]
fn add_ons_are_installed_updated_and_removed() {
    run(async {
        let ground = Ground::new(shared().await, "addons").await;
        ground.active_cluster(ground.cluster("plain")).await;
        let path = "/clusters/plain/addons";
        let invalid = "InvalidParameterException";
        ground
            .check_refused(
                path,
                json!({"addonName": "nonsense"}),
                &[invalid, "is not supported in 1.34"],
            )
            .await;
        let version = json!({"addonName": "vpc-cni", "addonVersion": "v0.0.1-eksbuild.1"});
        ground
            .check_refused(path, version, &[invalid, "Addon version specified is not supported"])
            .await;
        let values = json!({"addonName": "vpc-cni", "configurationValues": "{\"nonsense\": 1}"});
        ground.check_refused(path, values, &[invalid, "$.nonsense"]).await;

        let offered =
            ground.get("/addons/supported-versions?addonName=vpc-cni&kubernetesVersion=1.34").await;
        let versions = offered["addons"][0]["addonVersions"].as_array().unwrap().clone();
        let newest = versions[0]["addonVersion"].as_str().unwrap().to_owned();
        let default =
            versions.iter().find(|version| version["compatibilities"][0]["defaultVersion"] == true);
        let default = default.unwrap()["addonVersion"].clone();
        let query = format!("addonName=vpc-cni&addonVersion={newest}");
        let schema = ground.get(&format!("/addons/configuration-schemas?{query}")).await;
        assert!(schema["configurationSchema"].as_str().unwrap().contains("enableNetworkPolicy"));

        let made = ground.post(path, json!({"addonName": "vpc-cni"})).await;
        assert_eq!(made["addon"]["status"], "CREATING");
        let addon = ground.wait(&format!("{path}/vpc-cni"), "addon", "ACTIVE").await;
        assert_eq!(addon["addonVersion"], default);
        let exists = ["ResourceInUseException", "Addon already exists"];
        ground.check_refused(path, json!({"addonName": "vpc-cni"}), &exists).await;
        let change = json!({"addonVersion": newest, "configurationValues": "{\"enableNetworkPolicy\": \"true\"}"});
        ground.post(&format!("{path}/vpc-cni/update"), change.clone()).await;
        let in_use = ["ResourceInUseException", "currently has update"];
        ground.check_refused(&format!("{path}/vpc-cni/update"), change.clone(), &in_use).await;
        let addon = ground.wait(&format!("{path}/vpc-cni"), "addon", "ACTIVE").await;
        assert_eq!(
            (&addon["addonVersion"], &addon["configurationValues"]),
            (&json!(newest), &change["configurationValues"])
        );
        // What an update does not name: a role goes, a version stays.
        let update = format!("{path}/vpc-cni/update");
        let role = role(&ground.client, "cni", "pods.eks.amazonaws.com").await;
        for (change, expected) in [
            (json!({"serviceAccountRoleArn": role}), json!(role)),
            (json!({"resolveConflicts": "OVERWRITE"}), json!(null)),
        ] {
            ground.post(&update, change).await;
            let addon = ground.wait(&format!("{path}/vpc-cni"), "addon", "ACTIVE").await;
            assert_eq!(addon["serviceAccountRoleArn"], expected);
            assert_eq!(addon["addonVersion"], newest);
        }
        let empty = [invalid, "serviceAccountRoleArn", "at least 1"];
        ground.check_refused(&update, json!({"serviceAccountRoleArn": ""}), &empty).await;
        ground.delete(&format!("{path}/vpc-cni")).await;
        ground.gone(&format!("{path}/vpc-cni")).await;
        assert_eq!(ground.get(path).await, json!({"addons": []}));
        ground.delete("/clusters/plain").await;
    });
}

#[test]
fn deployments_of_add_ons_need_nodes() {
    run_with_control_planes(async {
        let ground = Ground::new(shared().await, "addons-nodes").await;
        let cluster = ground.active_cluster(ground.cluster("empty")).await;
        let (admin, client) = ground.person("admin").await;
        ground.admit("empty", &admin, "AmazonEKSClusterAdminPolicy", &[]).await;
        for name in ["coredns", "kube-proxy"] {
            ground.post("/clusters/empty/addons", json!({"addonName": name})).await;
        }
        let coredns = "/clusters/empty/addons/coredns";
        let addon = ground.wait(coredns, "addon", "DEGRADED").await;
        assert_eq!(addon["health"]["issues"][0]["code"], "InsufficientNumberOfReplicas");
        ground.wait("/clusters/empty/addons/kube-proxy", "addon", "ACTIVE").await;

        let kubectl = Kubectl::new(&cluster, &client);
        let service = kubectl.get(&["-n", "kube-system", "service", "kube-dns"]).await;
        assert_eq!(service["spec"]["clusterIP"], "172.20.0.10");
        ground.wait(coredns, "addon", "DEGRADED").await;
        let request = json!({
            "nodegroupName": "general",
            "subnets": ground.subnets,
            "nodeRole": ground.node_role,
            "scalingConfig": {"minSize": 1, "maxSize": 1, "desiredSize": 1},
        });
        ground.post("/clusters/empty/node-groups", request).await;
        let rollout = ["-n", "kube-system", "rollout", "status"];
        for workload in ["deployment/coredns", "daemonset/kube-proxy"] {
            let arguments = [&rollout[..], &[workload, "--timeout=5m"]].concat();
            kubectl.ok(&arguments, "").await;
        }
        ground.wait(coredns, "addon", "ACTIVE").await;

        // Preserved, its deployment stays; removed, it goes.
        ground.delete(&format!("{coredns}?preserve=true")).await;
        ground.gone(coredns).await;
        kubectl.get(&["-n", "kube-system", "deployment", "coredns"]).await;
        ground.delete("/clusters/empty/addons/kube-proxy").await;
        ground.gone("/clusters/empty/addons/kube-proxy").await;
        let left = kubectl.get(&["-n", "kube-system", "daemonsets"]).await;
        assert_eq!(left["items"], json!([]));
        ground.delete("/clusters/empty/node-groups/general").await;
        ground.gone("/clusters/empty/node-groups/general").await;
        ground.delete("/clusters/empty").await;
    });
}

#[test]
fn default_add_ons_are_overwritten_only_on_request() {
    run(async {
        let ground = Ground::new(shared().await, "addons-conflict").await;
        let mut request = ground.cluster("default");
        request["bootstrapSelfManagedAddons"] = true.into();
        ground.active_cluster(request).await;
        let path = "/clusters/default/addons";
        let values = "{\"replicaCount\": 3}";
        ground.post(path, json!({"addonName": "coredns", "configurationValues": values})).await;
        let coredns = format!("{path}/coredns");
        let addon = ground.wait(&coredns, "addon", "CREATE_FAILED").await;
        assert_eq!(addon["health"]["issues"][0]["code"], "ConfigurationConflict");
        let repair = json!({"configurationValues": values, "resolveConflicts": "OVERWRITE"});
        ground.post(&format!("{coredns}/update"), repair).await;
        ground.wait(&coredns, "addon", "DEGRADED").await;
        let overwrite = json!({"addonName": "kube-proxy", "resolveConflicts": "OVERWRITE"});
        ground.post(path, overwrite).await;
        ground.wait(&format!("{path}/kube-proxy"), "addon", "ACTIVE").await;
        ground.delete("/clusters/default").await;
    });
}

#[test]
fn add_ons_own_their_pod_identities() {
    run(async {
        let ground = Ground::new(shared().await, "addons-identity").await;
        ground.active_cluster(ground.cluster("owned")).await;
        let role = role(&ground.client, "ebs", "pods.eks.amazonaws.com").await;
        let wanted = json!([{"serviceAccount": "ebs-csi-controller-sa", "roleArn": role}]);
        let request = json!({"addonName": "aws-ebs-csi-driver", "podIdentityAssociations": wanted});
        let made = ground.post("/clusters/owned/addons", request).await;
        let arn = made["addon"]["podIdentityAssociations"][0].as_str().unwrap();
        let id = arn.rsplit('/').next().unwrap();
        let association = format!("/clusters/owned/pod-identity-associations/{id}");
        let shape = ground.get(&association).await["association"].clone();
        assert_eq!(
            (&shape["ownerArn"], &shape["namespace"]),
            (&made["addon"]["addonArn"], &json!("kube-system"))
        );
        let error = ground.refused(Method::DELETE, &association, None).await;
        assert!(error.starts_with("InvalidRequestException"), "{error}");
        ground.delete("/clusters/owned/addons/aws-ebs-csi-driver").await;
        let error = ground.refused(Method::GET, &association, None).await;
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
        ground.delete("/clusters/owned").await;
    });
}

//! Access entries and Pod Identity associations as EKS shows them.

use http::Method;
use serde_json::{Value, json};

use super::{Ground, encoded, role};
use crate::{run, shared};

#[test]
fn access_entries_are_checked_and_kept() {
    run(async {
        let ground = Ground::new(shared().await, "access-api").await;
        ground.active_cluster(ground.cluster("entries")).await;
        let (person, _) = ground.person("person").await;
        let path = "/clusters/entries/access-entries";
        let invalid = "InvalidParameterException";
        let check = async |change: Value, part: &str| {
            let mut request = json!({"principalArn": person});
            for (name, value) in change.as_object().unwrap() {
                request[name] = value.clone();
            }
            ground.check_refused(path, request, &[invalid, part]).await;
        };
        check(json!({"principalArn": format!("{person}-none")}), "invalid principal").await;
        check(json!({"kubernetesGroups": ["system:masters"]}), "cannot start with system:").await;
        check(json!({"username": "aws:x"}), "cannot start with aws:").await;
        check(json!({"type": "EC2_LINUX", "kubernetesGroups": ["x"]}), "cannot be specified").await;

        let made =
            ground.post(path, json!({"principalArn": person, "kubernetesGroups": ["team"]})).await;
        let entry = &made["accessEntry"];
        let name =
            format!("arn:aws:sts::{}:assumed-role/person/{{{{SessionName}}}}", ground.account);
        assert_eq!((&entry["username"], &entry["type"]), (&json!(name), &json!("STANDARD")));
        let in_use = ["ResourceInUseException", "already in use"];
        ground
            .check_refused(
                path,
                json!({"principalArn": person, "kubernetesGroups": ["b"]}),
                &in_use,
            )
            .await;
        let one = format!("{path}/{}", encoded(&person));
        ground.post(&one, json!({"kubernetesGroups": ["others"]})).await;
        assert_eq!(ground.get(&one).await["accessEntry"]["kubernetesGroups"], json!(["others"]));

        let policies = format!("{one}/access-policies");
        let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
        let associate =
            |policy: &str, scope: Value| json!({"policyArn": policy, "accessScope": scope});
        let everywhere = json!({"type": "cluster"});
        let unknown = policy.replace("View", "Nonsense");
        ground
            .check_refused(
                &policies,
                associate(&unknown, everywhere.clone()),
                &[invalid, "policyArn"],
            )
            .await;
        let nowhere = json!({"type": "namespace"});
        ground
            .check_refused(
                &policies,
                associate(policy, nowhere),
                &[invalid, "at least one namespace"],
            )
            .await;
        ground.post(&policies, associate(policy, everywhere)).await;
        ground
            .post(&policies, associate(policy, json!({"type": "namespace", "namespaces": ["a"]})))
            .await;
        let listed = ground.get(&policies).await["associatedAccessPolicies"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["accessScope"], json!({"type": "namespace", "namespaces": ["a"]}));
        let by_policy =
            ground.get(&format!("{path}?associatedPolicyArn={}", encoded(policy))).await;
        assert_eq!(by_policy["accessEntries"], json!([person]));
        let gone = format!("{policies}/{}", encoded(policy));
        ground.delete(&gone).await;
        let error = ground.refused(Method::DELETE, &gone, None).await;
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
        ground.delete(&one).await;
        let error = ground.refused(Method::GET, &one, None).await;
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
        let all = ground.get("/access-policies").await;
        assert!(all["accessPolicies"].as_array().unwrap().len() > 5);
        ground.delete("/clusters/entries").await;
    });
}

#[test]
fn modes_decide_about_access_entries() {
    run(async {
        let ground = Ground::new(shared().await, "access-modes").await;
        let (person, client) = ground.person("creator").await;
        let mut request = ground.cluster("modes");
        request["accessConfig"] = json!({"authenticationMode": "CONFIG_MAP"});
        client.rest_json("eks", Method::POST, "/clusters", Some(&request)).await.unwrap();
        ground.wait("/clusters/modes", "cluster", "ACTIVE").await;
        let path = "/clusters/modes/access-entries";
        let error = ground.refused(Method::GET, path, None).await;
        assert!(
            error.contains("authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"),
            "{error}"
        );
        let mode = json!({"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}});
        ground.post("/clusters/modes/update-config", mode).await;
        ground.wait("/clusters/modes", "cluster", "ACTIVE").await;
        ground.post(path, json!({"principalArn": person})).await;
        ground.delete("/clusters/modes").await;
        ground.gone("/clusters/modes").await;

        request["accessConfig"] = json!({"authenticationMode": "API"});
        client.rest_json("eks", Method::POST, "/clusters", Some(&request)).await.unwrap();
        ground.wait("/clusters/modes", "cluster", "ACTIVE").await;
        let policies = format!("{path}/{}/access-policies", encoded(&person));
        let listed = ground.get(&policies).await["associatedAccessPolicies"].clone();
        let admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
        assert_eq!(listed[0]["policyArn"], admin);
        ground.delete("/clusters/modes").await;
    });
}

#[test]
fn pod_identity_associations_are_checked_and_kept() {
    run(async {
        let ground = Ground::new(shared().await, "pod-identity").await;
        ground.active_cluster(ground.cluster("pods")).await;
        let pods = role(&ground.client, "pods", "pods.eks.amazonaws.com").await;
        let path = "/clusters/pods/pod-identity-associations";
        let request =
            |role: &str| json!({"namespace": "a", "serviceAccount": "b", "roleArn": role});
        let invalid = "InvalidParameterException";
        ground.check_refused(path, request(&ground.role), &[invalid, "Trust policy"]).await;
        ground
            .check_refused(
                path,
                request("arn:aws:iam::999999999999:role/x"),
                &[invalid, "of the account"],
            )
            .await;
        let made = ground.post(path, request(&pods)).await["association"].clone();
        ground
            .check_refused(path, request(&pods), &["ResourceInUseException", "already exists"])
            .await;
        let one = format!("{path}/{}", made["associationId"].as_str().unwrap());
        let target = format!("arn:aws:iam::{}:role/target", ground.account);
        let updated =
            ground.post(&one, json!({"targetRoleArn": target})).await["association"].clone();
        assert!(updated["externalId"].is_string());
        let listed =
            ground.get(&format!("{path}?namespace=a&serviceAccount=b")).await["associations"]
                .clone();
        assert_eq!(listed[0]["associationArn"], made["associationArn"]);
        assert_eq!(ground.get(&format!("{path}?namespace=none")).await["associations"], json!([]));
        ground.delete(&one).await;
        let error = ground.refused(Method::GET, &one, None).await;
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
        ground.delete("/clusters/pods").await;
    });
}

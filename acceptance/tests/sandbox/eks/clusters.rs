//! Clusters as EKS shows them: creation, updates, deletion, insights, tags, versions.

use http::Method;
use serde_json::{Value, json};

use super::{Ground, encoded};
use crate::{ask, run, shared};

#[test]
fn a_cluster_is_checked_before_it_is_made() {
    run(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "eks-checks").await;
        let check = async |change: Value, parts: &[&str]| {
            let mut request = ground.cluster("checked");
            for (name, value) in change.as_object().unwrap() {
                request[name] = value.clone();
            }
            ground.check_refused("/clusters", request, parts).await;
        };
        let invalid = "InvalidParameterException";
        check(json!({"name": "-dev"}), &[invalid, "name must match"]).await;
        check(json!({"name": null}), &[invalid, "name is required"]).await;
        check(json!({"version": "1.99"}), &[invalid, "unsupported Kubernetes version"]).await;
        let role = format!("arn:aws:iam::{}:role/none", ground.account);
        check(json!({"roleArn": role}), &[invalid, "could not be assumed"]).await;
        check(json!({"roleArn": ground.node_role}), &[invalid, "could not be assumed"]).await;
        let one = &ground.subnets[..1];
        let config = |value: Value| json!({"resourcesVpcConfig": value});
        check(config(json!({"subnetIds": one})), &[invalid, "at least two different AZs"]).await;
        check(config(json!({"subnetIds": []})), &[invalid, "cannot be empty"]).await;
        let unknown = config(json!({"subnetIds": ["subnet-0123456789abcdef0"]}));
        check(unknown, &[invalid, "subnet-0123456789abcdef0"]).await;
        let groups =
            json!({"subnetIds": ground.subnets, "securityGroupIds": ["sg-0123456789abcdef0"]});
        check(config(groups), &[invalid, "sg-0123456789abcdef0"]).await;
        let closed = json!({"subnetIds": ground.subnets, "endpointPublicAccess": false});
        check(config(closed), &[invalid, "endpoint access cannot be false"]).await;
        let range = json!({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.0.0/16"}});
        check(range, &[invalid, "overlaps with 10.0.0.0/16"]).await;
        let mode = json!({"accessConfig": {"authenticationMode": "MAYBE"}});
        check(mode, &[invalid, "accessConfig.authenticationMode must be one of"]).await;
        let key = format!("arn:aws:kms:eu-central-1:{}:key/none", ground.account);
        let encryption = json!([{"resources": ["secrets"], "provider": {"keyArn": key}}]);
        check(json!({"encryptionConfig": encryption}), &[invalid, "KeyArn in encryptionConfig"])
            .await;
        let automatic = json!({"computeConfig": {"enabled": true}});
        check(automatic, &["SandboxNotImplemented", "EKS Auto Mode"]).await;
        assert_eq!(ground.get("/clusters").await, json!({"clusters": []}));
        let groups = ground.client.query("ec2", "DescribeSecurityGroups", &[]).await.unwrap();
        let of_eks = |name: &str| name.starts_with("eks-cluster-sg");
        let left = groups
            .items("securityGroupInfo")
            .iter()
            .filter(|item| of_eks(item.text_at("groupName")));
        assert_eq!(left.count(), 0);
    });
}

#[test]
fn a_cluster_comes_in_its_time_and_once() {
    run(async {
        let ground = Ground::new(shared().await, "eks-life").await;
        let mut request = ground.cluster("life");
        request["clientRequestToken"] = "token-1".into();
        request["tags"] = json!({"team": "platform"});
        let made = ground.post("/clusters", request.clone()).await["cluster"].clone();
        assert_eq!(made["status"], "CREATING");
        assert_eq!((&made["endpoint"], &made["identity"]), (&Value::Null, &Value::Null));
        // The same request is answered with the same cluster, another one of its name refused.
        let again = ground.post("/clusters", request.clone()).await["cluster"].clone();
        assert_eq!(again["createdAt"], made["createdAt"]);
        request["clientRequestToken"] = "token-2".into();
        let exists = ["ResourceInUseException", "already exists with name: life"];
        ground.check_refused("/clusters", request, &exists).await;
        let early =
            json!({"nodegroupName": "x", "subnets": ground.subnets, "nodeRole": ground.node_role});
        let not_yet = ["InvalidRequestException", "not in ACTIVE status"];
        ground.check_refused("/clusters/life/node-groups", early, &not_yet).await;

        let cluster = ground.wait("/clusters/life", "cluster", "ACTIVE").await;
        assert_eq!(
            cluster["arn"],
            format!("arn:aws:eks:eu-central-1:{}:cluster/life", ground.account)
        );
        assert_eq!(
            (&cluster["version"], &cluster["tags"]),
            (&json!("1.34"), &json!({"team": "platform"}))
        );
        assert!(cluster["endpoint"].as_str().unwrap().starts_with("https://127.0.0.1:"));
        let config = &cluster["resourcesVpcConfig"];
        assert_eq!(config["vpcId"], ground.vpc);
        let group = config["clusterSecurityGroupId"].as_str().unwrap();
        let path = "securityGroupInfo/item/tagSet";
        let found = ground
            .client
            .query("ec2", "DescribeSecurityGroups", &[("GroupId.1", group)])
            .await
            .unwrap();
        let tags: Vec<&str> = found.items(path).iter().map(|tag| tag.text_at("key")).collect();
        assert!(tags.contains(&"aws:eks:cluster-name"), "{tags:?}");
        let filter = [("Filter.1.Name", "description"), ("Filter.1.Value.1", "Amazon EKS life")];
        let found = ground.client.query("ec2", "DescribeNetworkInterfaces", &filter).await.unwrap();
        assert_eq!(found.items("networkInterfaceSet").len(), 2);

        ground.delete("/clusters/life").await;
        let deleting = ground.get("/clusters/life").await;
        assert_eq!(deleting["cluster"]["status"], "DELETING");
        ground.gone("/clusters/life").await;
    });
}

#[test]
fn updates_come_one_at_a_time() {
    run(async {
        let ground = Ground::new(shared().await, "eks-updates").await;
        ground.active_cluster(ground.cluster("update")).await;
        let path = "/clusters/update/update-config";
        let logging = json!({"clusterLogging": [{"types": ["audit", "api"], "enabled": true}]});
        let both = json!({"logging": logging, "deletionProtection": true});
        let invalid = "InvalidParameterException";
        ground
            .check_refused(path, both, &[invalid, "Only one type of update can be allowed"])
            .await;
        ground.check_refused(path, json!({}), &[invalid, "No changes needed"]).await;

        let update = ground.post(path, json!({"logging": logging})).await["update"].clone();
        assert_eq!(
            (&update["status"], &update["type"]),
            (&json!("InProgress"), &json!("LoggingUpdate"))
        );
        let in_use = ["ResourceInUseException", "currently has update"];
        ground.check_refused(path, json!({"deletionProtection": true}), &in_use).await;
        ground.check_refused("/clusters/update/updates", json!({"version": "1.35"}), &in_use).await;
        let id = update["id"].as_str().unwrap();
        ground.wait(&format!("/clusters/update/updates/{id}"), "update", "Successful").await;
        let cluster = ground.get("/clusters/update").await["cluster"].clone();
        let setups = &cluster["logging"]["clusterLogging"];
        assert_eq!(setups[0], json!({"types": ["api", "audit"], "enabled": true}));
        let logs = ground.client.json("logs", "DescribeLogGroups", &json!({})).await.unwrap();
        assert_eq!(logs["logGroups"][0]["logGroupName"], "/aws/eks/update/cluster");
        ground
            .check_refused(
                path,
                json!({"logging": logging}),
                &[invalid, "No changes needed for the logging"],
            )
            .await;

        let change = async |change: Value| {
            ground.post(path, change).await;
            ground.wait("/clusters/update", "cluster", "ACTIVE").await
        };
        let access = json!({"endpointPrivateAccess": true, "publicAccessCidrs": ["192.0.2.0/24"]});
        let cluster = change(json!({"resourcesVpcConfig": access})).await;
        assert_eq!(cluster["resourcesVpcConfig"]["endpointPrivateAccess"], true);
        assert_eq!(cluster["resourcesVpcConfig"]["publicAccessCidrs"], json!(["192.0.2.0/24"]));
        ground
            .check_refused(
                path,
                json!({"resourcesVpcConfig": access}),
                &[invalid, "already at the desired"],
            )
            .await;
        let parameters =
            [("GroupName", "more"), ("GroupDescription", "more"), ("VpcId", ground.vpc.as_str())];
        let group = ask(&ground.client, "CreateSecurityGroup", &parameters, "groupId").await;
        let cluster = change(json!({"resourcesVpcConfig": {"securityGroupIds": [group]}})).await;
        assert_eq!(cluster["resourcesVpcConfig"]["securityGroupIds"], json!([group]));
        let cluster = change(json!({"upgradePolicy": {"supportType": "STANDARD"}})).await;
        assert_eq!(cluster["upgradePolicy"]["supportType"], "STANDARD");
        let back = json!({"accessConfig": {"authenticationMode": "CONFIG_MAP"}});
        ground
            .check_refused(path, back, &[invalid, "Unsupported authentication mode update"])
            .await;

        let cluster = change(json!({"deletionProtection": true})).await;
        assert_eq!(cluster["deletionProtection"], true);
        let error = ground.refused(Method::DELETE, "/clusters/update", None).await;
        assert!(error.starts_with("InvalidRequestException"), "{error}");
        change(json!({"deletionProtection": false})).await;
        let all = ground.get("/clusters/update/updates").await;
        assert_eq!(all["updateIds"].as_array().unwrap().len(), 6);
        ground.delete("/clusters/update").await;
    });
}

#[test]
fn versions_rise_one_by_one() {
    run(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "eks-versions").await;
        ground.active_cluster(ground.cluster("rise")).await;
        let path = "/clusters/rise/updates";
        let invalid = "InvalidParameterException";
        let skip = "Unsupported Kubernetes minor version update from 1.34 to";
        ground.check_refused(path, json!({"version": "1.36"}), &[invalid, skip]).await;
        ground.check_refused(path, json!({"version": "1.33"}), &[invalid, skip]).await;
        ground.check_refused(path, json!({"version": "1.34"}), &[invalid, "already at"]).await;

        let region = &sandbox.connection().region;
        let insights = format!("clusters/{}/{region}/rise/insights", ground.account);
        let bad = json!({"name": "Deprecated APIs removed in the next version", "status": "ERROR"});
        sandbox.service(Method::POST, "eks", &insights, Some(&bad)).await.unwrap();
        let listed = ground
            .post("/clusters/rise/insights", json!({"filter": {"statuses": ["ERROR"]}}))
            .await;
        let id = listed["insights"][0]["id"].as_str().unwrap();
        let insight = ground.get(&format!("/clusters/rise/insights/{id}")).await["insight"].clone();
        assert_eq!(
            (&insight["name"], &insight["kubernetesVersion"]),
            (&bad["name"], &json!("1.35"))
        );
        let blocked = ["InvalidStateException", "upgrade readiness issues"];
        ground.check_refused(path, json!({"version": "1.35"}), &blocked).await;

        // An update that fails changes nothing.
        let failure = json!({"operation": "VersionUpdate", "cluster": "rise", "code": "InsufficientFreeAddresses", "message": "none left"});
        sandbox.service(Method::POST, "eks", "failures", Some(&failure)).await.unwrap();
        let update = ground.post(path, json!({"version": "1.35", "force": true})).await;
        let described = format!("{path}/{}", update["update"]["id"].as_str().unwrap());
        let failed = ground.wait(&described, "update", "Failed").await;
        assert_eq!(failed["errors"][0]["errorCode"], "InsufficientFreeAddresses");
        assert_eq!(ground.get("/clusters/rise").await["cluster"]["version"], "1.34");

        ground.post(path, json!({"version": "1.35", "force": true})).await;
        let cluster = ground.wait("/clusters/rise", "cluster", "ACTIVE").await;
        assert_eq!(cluster["version"], "1.35");
        ground.delete("/clusters/rise").await;
    });
}

#[test]
fn secrets_are_encrypted_by_a_grant() {
    run(async {
        let ground = Ground::new(shared().await, "eks-encryption").await;
        let made = ground.client.json("kms", "CreateKey", &json!({})).await.unwrap();
        let key = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        let grants = async || {
            let listed =
                ground.client.json("kms", "ListGrants", &json!({"KeyId": key})).await.unwrap();
            listed["Grants"].as_array().unwrap().len()
        };
        let encryption = json!([{"resources": ["secrets"], "provider": {"keyArn": key}}]);
        let mut request = ground.cluster("secret");
        request["encryptionConfig"] = encryption.clone();
        let cluster = ground.active_cluster(request).await;
        assert_eq!((&cluster["encryptionConfig"], grants().await), (&encryption, 1));
        ground.delete("/clusters/secret").await;
        ground.gone("/clusters/secret").await;
        assert_eq!(grants().await, 0);

        ground.active_cluster(ground.cluster("later")).await;
        let path = "/clusters/later/encryption-config/associate";
        ground.post(path, json!({"encryptionConfig": encryption})).await;
        let cluster = ground.wait("/clusters/later", "cluster", "ACTIVE").await;
        assert_eq!((&cluster["encryptionConfig"], grants().await), (&encryption, 1));
        let again = json!({"encryptionConfig": encryption});
        ground.check_refused(path, again, &["InvalidParameterException", "already enabled"]).await;
        ground.delete("/clusters/later").await;
    });
}

#[test]
fn everything_with_an_arn_has_tags() {
    run(async {
        let ground = Ground::new(shared().await, "eks-tags").await;
        let cluster = ground.active_cluster(ground.cluster("tagged")).await;
        let path = format!("/tags/{}", encoded(cluster["arn"].as_str().unwrap()));
        ground.post(&path, json!({"tags": {"a": "1", "b": "2"}})).await;
        let removed = format!("{path}?tagKeys=a");
        ground.delete(&removed).await;
        assert_eq!(ground.get(&path).await, json!({"tags": {"b": "2"}}));
        ground
            .check_refused(&path, json!({"tags": {"aws:x": "y"}}), &["BadRequestException"])
            .await;
        let wanted = json!({"TagFilters": [{"Key": "b"}], "ResourceTypeFilters": ["eks:cluster"]});
        let found = ground.client.json("resourcegroupstaggingapi", "GetResources", &wanted).await;
        let found = found.unwrap()["ResourceTagMappingList"].clone();
        assert_eq!(found[0]["ResourceARN"], cluster["arn"]);
        let none = path.replace("tagged", "none");
        let error = ground.refused(Method::GET, &none, None).await;
        assert!(error.starts_with("NotFoundException"), "{error}");
        ground.delete("/clusters/tagged").await;
    });
}

#[test]
fn lists_come_in_pages_and_by_region() {
    run(async {
        let ground = Ground::new(shared().await, "eks-pages").await;
        for name in ["a", "b", "c"] {
            ground.post("/clusters", ground.cluster(name)).await;
        }
        let first = ground.get("/clusters?maxResults=2").await;
        assert_eq!(first["clusters"], json!(["a", "b"]));
        let token = first["nextToken"].as_str().unwrap();
        let second = ground.get(&format!("/clusters?maxResults=2&nextToken={token}")).await;
        assert_eq!(second, json!({"clusters": ["c"]}));
        let error = ground.refused(Method::GET, "/clusters?nextToken=x", None).await;
        assert!(error.starts_with("InvalidParameterException"), "{error}");
        let elsewhere = ground.client.clone().in_region("eu-west-1");
        let none = elsewhere.rest_json("eks", Method::GET, "/clusters", None).await.unwrap();
        assert_eq!(none, json!({"clusters": []}));
        let standard = ground.get("/cluster-versions?versionStatus=STANDARD_SUPPORT").await;
        assert!(!standard["clusterVersions"].as_array().unwrap().is_empty());
    });
}

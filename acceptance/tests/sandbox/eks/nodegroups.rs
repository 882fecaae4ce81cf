//! Node groups as EKS shows them.

use http::Method;
use serde_json::{Value, json};

use super::Ground;
use crate::{ask, run, shared};

fn request(ground: &Ground, change: &Value) -> Value {
    let mut request = json!({
        "nodegroupName": "general",
        "subnets": ground.subnets,
        "nodeRole": ground.node_role,
        "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 1},
    });
    for (name, value) in change.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_node_group_is_checked_before_it_is_made() {
    run(async {
        let ground = Ground::new(shared().await, "nodegroup-checks").await;
        ground.active_cluster(ground.cluster("groups")).await;
        let path = "/clusters/groups/node-groups";
        let check = async |change: Value, part: &str| {
            ground
                .check_refused(
                    path,
                    request(&ground, &change),
                    &["InvalidParameterException", part],
                )
                .await;
        };
        check(json!({"nodegroupName": "a b"}), "must start with a letter or digit").await;
        check(json!({"scalingConfig": {"minSize": 3, "maxSize": 2}}), "greater than maximum size")
            .await;
        check(
            json!({"scalingConfig": {"minSize": -1, "maxSize": 2}}),
            "scalingConfig.minSize must be at least 0",
        )
        .await;
        check(json!({"version": "1.33"}), "does not match the cluster's version").await;
        check(
            json!({"releaseVersion": "1.33.1-20260101"}),
            "not valid for kubernetes version 1.34",
        )
        .await;
        check(json!({"nodeRole": ground.role}), "ec2.amazonaws.com").await;
        check(json!({"instanceTypes": ["m99.large"]}), "do not exist: [m99.large]").await;
        check(
            json!({"instanceTypes": ["m7g.large"]}),
            "not a valid instance type for requested amiType",
        )
        .await;
        check(
            json!({"taints": [{"key": "a", "effect": "MAYBE"}]}),
            "taints[0].effect must be one of",
        )
        .await;
        check(json!({"launchTemplate": {"id": "lt-0123456789abcdef0"}}), "lt-0123456789abcdef0")
            .await;
        let vpc =
            ask(&ground.client, "CreateVpc", &[("CidrBlock", "10.1.0.0/16")], "vpc/vpcId").await;
        let parameters = [("VpcId", vpc.as_str()), ("CidrBlock", "10.1.0.0/24")];
        let subnet = ask(&ground.client, "CreateSubnet", &parameters, "subnet/subnetId").await;
        check(json!({"subnets": [subnet]}), "is not in the VPC").await;
        let error = ground
            .refused(Method::POST, "/clusters/none/node-groups", Some(request(&ground, &json!({}))))
            .await;
        assert!(
            error.contains("ResourceNotFoundException: No cluster found for name: none"),
            "{error}"
        );
    });
}

#[test]
fn node_groups_have_instances_and_hold_their_cluster() {
    run(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "nodegroup-life").await;
        ground.active_cluster(ground.cluster("held")).await;
        let path = "/clusters/held/node-groups";
        let made =
            ground.post(path, request(&ground, &json!({"instanceTypes": ["m6i.large"]}))).await;
        assert_eq!(made["nodegroup"]["status"], "CREATING");
        let exists = ["ResourceInUseException", "NodeGroup already exists with name general"];
        ground.check_refused(path, request(&ground, &json!({})), &exists).await;
        let group = format!("{path}/general");
        let shape = ground.wait(&group, "nodegroup", "ACTIVE").await;
        assert_eq!((&shape["version"], &shape["diskSize"]), (&json!("1.34"), &json!(20)));
        assert_eq!(shape["amiType"], "AL2023_x86_64_STANDARD");
        let tag = [("Filter.1.Name", "tag:eks:nodegroup-name"), ("Filter.1.Value.1", "general")];
        let instances = async || {
            let found = ground.client.query("ec2", "DescribeInstances", &tag).await.unwrap();
            let items =
                found.items("reservationSet").iter().flat_map(|item| item.items("instancesSet"));
            items.filter(|item| item.text_at("instanceState/name") == "running").count()
        };
        assert_eq!(instances().await, 1);
        // The nodes' role is let in by an entry that nobody asked for.
        let entries = ground.get("/clusters/held/access-entries").await["accessEntries"].clone();
        assert!(entries.as_array().unwrap().contains(&json!(ground.node_role)), "{entries}");

        let error = ground.refused(Method::DELETE, "/clusters/held", None).await;
        assert_eq!(error, "ResourceInUseException: Cluster has nodegroups attached");
        ground.post("/clusters/held/updates", json!({"version": "1.35"})).await;
        ground.wait("/clusters/held", "cluster", "ACTIVE").await;
        let behind = ["InvalidRequestException", "must be updated to match cluster version"];
        ground.check_refused("/clusters/held/updates", json!({"version": "1.36"}), &behind).await;

        let config = format!("{group}/update-config");
        let update = ground.post(&config, json!({"scalingConfig": {"desiredSize": 2}})).await;
        let in_use = ["ResourceInUseException", "currently has update"];
        ground
            .check_refused(&config, json!({"labels": {"addOrUpdateLabels": {"a": "b"}}}), &in_use)
            .await;
        let error = ground.refused(Method::DELETE, &group, None).await;
        assert!(error.starts_with("ResourceInUseException"), "{error}");
        let id = update["update"]["id"].as_str().unwrap();
        let described = format!("/clusters/held/updates/{id}?nodegroupName=general");
        ground.wait(&described, "update", "Successful").await;
        assert_eq!(instances().await, 2);
        let too_many = ["InvalidParameterException", "greater than max size"];
        ground
            .check_refused(&config, json!({"scalingConfig": {"desiredSize": 3}}), &too_many)
            .await;

        let version = format!("{group}/update-version");
        let newer = ["InvalidParameterException", "newer than the cluster's"];
        ground.check_refused(&version, json!({"version": "1.36"}), &newer).await;
        ground.post(&version, json!({"version": "1.35"})).await;
        let shape = ground.wait(&group, "nodegroup", "ACTIVE").await;
        assert_eq!((&shape["version"], instances().await), (&json!("1.35"), 2));

        ground.delete(&group).await;
        ground.gone(&group).await;
        assert_eq!(instances().await, 0);
        let entries = ground.get("/clusters/held/access-entries").await["accessEntries"].clone();
        assert!(!entries.as_array().unwrap().contains(&json!(ground.node_role)), "{entries}");
        ground.delete("/clusters/held").await;
    });
}

#[test]
fn a_launch_template_goes_with_its_group() {
    run(async {
        let ground = Ground::new(shared().await, "nodegroup-template").await;
        ground.active_cluster(ground.cluster("template")).await;
        let parameters =
            [("LaunchTemplateName", "nodes"), ("LaunchTemplateData.UserData", "dHJhdmVs")];
        let path = "launchTemplate/launchTemplateId";
        let id = ask(&ground.client, "CreateLaunchTemplate", &parameters, path).await;
        let change = json!({"launchTemplate": {"name": "nodes"}});
        let mut disk = request(&ground, &change);
        disk["diskSize"] = 50.into();
        let together = ["InvalidParameterException", "diskSize cannot be specified"];
        ground.check_refused("/clusters/template/node-groups", disk, &together).await;
        ground.post("/clusters/template/node-groups", request(&ground, &change)).await;
        let group = "/clusters/template/node-groups/general";
        let shape = ground.wait(group, "nodegroup", "ACTIVE").await;
        assert_eq!(shape["launchTemplate"], json!({"id": id, "name": "nodes", "version": "1"}));
        let parameters =
            [("LaunchTemplateId", id.as_str()), ("LaunchTemplateData.UserData", "c2FuZGJveA==")];
        ask(&ground.client, "CreateLaunchTemplateVersion", &parameters, "launchTemplateVersion")
            .await;
        let path = format!("{group}/update-version");
        let other = json!({"launchTemplate": {"name": "others", "version": "2"}});
        let created_with = ["InvalidParameterException", "it was created with"];
        ground.check_refused(&path, other, &created_with).await;
        ground.post(&path, json!({"launchTemplate": {"name": "nodes", "version": "2"}})).await;
        let shape = ground.wait(group, "nodegroup", "ACTIVE").await;
        assert_eq!(shape["launchTemplate"]["version"], "2");
        ground.delete(group).await;
    });
}

#[test]
fn a_node_group_can_fail() {
    run(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "nodegroup-failure").await;
        ground.active_cluster(ground.cluster("fails")).await;
        let failure = json!({"operation": "CreateNodegroup", "cluster": "fails", "code": "NodeCreationFailure", "message": "did not join"});
        sandbox.service(Method::POST, "eks", "failures", Some(&failure)).await.unwrap();
        ground.post("/clusters/fails/node-groups", request(&ground, &json!({}))).await;
        let group = "/clusters/fails/node-groups/general";
        let shape = ground.wait(group, "nodegroup", "CREATE_FAILED").await;
        assert_eq!(shape["health"]["issues"][0]["code"], "NodeCreationFailure");
        ground.delete(group).await;
        ground.gone(group).await;
        ground.delete("/clusters/fails").await;
    });
}

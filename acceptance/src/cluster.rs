//! A cluster of the sandbox for what is tested inside one, with nodes, made by its EKS.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::sandbox::client::Client;
use crate::sandbox::{Sandbox, tools_folder};

/// How often a status is looked at before it is given up; in a sandbox a few looks suffice.
const LOOKS: u32 = 400;

/// Makes a cluster with three nodes, over which replicas can be spread, whose administrator is whoever the sandbox's
/// environment is.
///
/// # Errors
/// Where the sandbox refuses, or the cluster does not become active.
pub async fn make(sandbox: &Sandbox, name: &str) -> Result<()> {
    let client = sandbox.client();
    let region = &sandbox.connection().region;
    let vpc = ec2(&client, "CreateVpc", &[("CidrBlock", "10.99.0.0/16")], "vpc/vpcId").await?;
    let mut subnets = Vec::new();
    for (zone, range) in [("a", "10.99.0.0/24"), ("b", "10.99.1.0/24")] {
        let zone = format!("{region}{zone}");
        let parameters =
            [("VpcId", vpc.as_str()), ("CidrBlock", range), ("AvailabilityZone", &zone)];
        subnets.push(ec2(&client, "CreateSubnet", &parameters, "subnet/subnetId").await?);
    }
    let role_name = format!("{name}-cluster");
    let role = role(&client, &role_name, "eks.amazonaws.com").await?;
    let policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    let parameters = [("RoleName", role_name.as_str()), ("PolicyArn", policy)];
    let attached = client.query("iam", "AttachRolePolicy", &parameters).await;
    attached.map_err(|error| anyhow::anyhow!("AttachRolePolicy: {error}"))?;
    let cluster = json!({
        "name": name,
        "roleArn": role,
        "version": "1.34",
        "resourcesVpcConfig": {"subnetIds": subnets},
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": true,
        },
        "bootstrapSelfManagedAddons": false,
    });
    let path = format!("/clusters/{name}");
    eks(&client, Method::POST, "/clusters", Some(cluster)).await?;
    active(&client, &path, "cluster").await?;
    let node_role = self::role(&client, &format!("{name}-node"), "ec2.amazonaws.com").await?;
    let group = json!({
        "nodegroupName": "nodes",
        "subnets": subnets,
        "nodeRole": node_role,
        // Charts of others ask for ten gibibytes for one cache.
        "instanceTypes": ["m6i.4xlarge"],
        "scalingConfig": {"minSize": 3, "maxSize": 3, "desiredSize": 3},
    });
    eks(&client, Method::POST, &format!("{path}/node-groups"), Some(group)).await?;
    active(&client, &format!("{path}/node-groups/nodes"), "nodegroup").await
}

/// Runs kubectl in a cluster, and returns what it printed.
///
/// # Errors
/// Where it cannot be run, or fails; with what it said.
pub async fn kubectl(client: &Client, name: &str, arguments: &[String]) -> Result<String> {
    let kubeconfig = kubeconfig(client, name).await?;
    let file = tempfile::NamedTempFile::new().context("failed to make a kubeconfig")?;
    std::fs::write(file.path(), kubeconfig.to_string()).context("failed to write a kubeconfig")?;
    let output = Command::new(tools_folder().join("bin/kubectl"))
        .arg("--kubeconfig")
        .arg(file.path())
        .args(arguments)
        .output()
        .await
        .context("failed to run kubectl")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "kubectl {} failed: {said}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The kubeconfig that leads to a cluster, for as long as its token holds.
///
/// # Errors
/// Where there is no such cluster.
pub async fn kubeconfig(client: &Client, name: &str) -> Result<Value> {
    let described = eks(client, Method::GET, &format!("/clusters/{name}"), None).await?;
    let cluster = &described["cluster"];
    let token = client.cluster_token(name, Utc::now());
    let token = token.map_err(|error| anyhow::anyhow!("there is no token for {name}: {error}"))?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {
            "server": cluster["endpoint"],
            "certificate-authority-data": cluster["certificateAuthority"]["data"],
        }}],
        "users": [{"name": name, "user": {"token": token}}],
    }))
}

async fn ec2(
    client: &Client,
    operation: &str,
    parameters: &[(&str, &str)],
    path: &str,
) -> Result<String> {
    let answer = client.query("ec2", operation, parameters).await;
    let answer = answer.map_err(|error| anyhow::anyhow!("{operation}: {error}"))?;
    Ok(answer.text_at(path).to_owned())
}

async fn role(client: &Client, name: &str, service: &str) -> Result<String> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }]});
    let trust = trust.to_string();
    let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", trust.as_str())];
    let made = client.query("iam", "CreateRole", &parameters).await;
    let made = made.map_err(|error| anyhow::anyhow!("CreateRole: {error}"))?;
    Ok(made.find("Arn").context("CreateRole told no ARN")?.content.clone())
}

async fn eks(client: &Client, method: Method, path: &str, input: Option<Value>) -> Result<Value> {
    let answer = client.rest_json("eks", method, path, input.as_ref()).await;
    answer.map_err(|error| anyhow::anyhow!("{path}: {error}"))
}

async fn active(client: &Client, path: &str, member: &str) -> Result<()> {
    let mut status = Value::Null;
    for _ in 0..LOOKS {
        status = eks(client, Method::GET, path, None).await?[member]["status"].clone();
        if status == "ACTIVE" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(status == "ACTIVE", "{path} is {status}");
    Ok(())
}

//! EKS with real control planes behind it.

mod access;
mod addons;
mod botocore;
mod clusters;
mod kubernetes;
mod nodegroups;
mod principals;

use std::process::Output;
use std::time::Duration;

use chrono::Utc;
use http::Method;
use serde_json::{Value, json};
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::fakes::control_plane::missing_program;
use travel_acceptance::sandbox::wire::ServiceError;
use travel_acceptance::sandbox::{Sandbox, tools_folder};

use crate::{account, ask};

/// Runs a test that needs control planes, or says that it is left out where their programs are not installed.
fn run_with_control_planes(test: impl Future<Output = ()> + Send + 'static) {
    let kubectl = Some(tools_folder().join("bin/kubectl")).filter(|path| !path.exists());
    match missing_program(&tools_folder()).or(kubectl) {
        Some(missing) => println!("left out: {} is missing", missing.display()),
        None => crate::run(test),
    }
}

/// An account with what a cluster needs.
pub struct Ground {
    /// Its administrator.
    pub client: Client,
    /// Its twelve digits.
    pub account: String,
    /// Two subnets in two zones.
    pub subnets: Vec<String>,
    /// The network.
    pub vpc: String,
    /// A role that EKS may assume.
    pub role: String,
    /// A role that instances may assume.
    pub node_role: String,
}

impl Ground {
    pub async fn new(sandbox: &Sandbox, name: &str) -> Self {
        let client = account(sandbox, name).await;
        let identity = client.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        let vpc = ask(&client, "CreateVpc", &[("CidrBlock", "10.0.0.0/16")], "vpc/vpcId").await;
        let mut subnets = Vec::new();
        for (zone, range) in [("a", "10.0.0.0/24"), ("b", "10.0.1.0/24")] {
            let zone = format!("{}{zone}", sandbox.connection().region);
            let parameters =
                [("VpcId", vpc.as_str()), ("CidrBlock", range), ("AvailabilityZone", &zone)];
            subnets.push(ask(&client, "CreateSubnet", &parameters, "subnet/subnetId").await);
        }
        Self {
            role: role(&client, "cluster", "eks.amazonaws.com").await,
            node_role: role(&client, "node", "ec2.amazonaws.com").await,
            account: identity.find("Account").unwrap().content.clone(),
            client,
            subnets,
            vpc,
        }
    }

    /// Calls an operation of EKS.
    pub async fn eks(
        &self,
        method: Method,
        path: &str,
        input: Option<Value>,
    ) -> Result<Value, ServiceError> {
        self.client.rest_json("eks", method, path, input.as_ref()).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.eks(Method::GET, path, None).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub async fn post(&self, path: &str, input: Value) -> Value {
        let answer = self.eks(Method::POST, path, Some(input)).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.eks(Method::DELETE, path, None).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Deletes a cluster with its node groups, so that its control plane does not outlive its test.
    pub async fn remove_cluster(&self, name: &str) {
        let groups = format!("/clusters/{name}/node-groups");
        for group in self.get(&groups).await["nodegroups"].as_array().unwrap() {
            let path = format!("{groups}/{}", group.as_str().unwrap());
            self.delete(&path).await;
            self.gone(&path).await;
        }
        self.delete(&format!("/clusters/{name}")).await;
    }

    /// The error that a request must meet, as code and sentence.
    pub async fn refused(&self, method: Method, path: &str, input: Option<Value>) -> String {
        match self.eks(method.clone(), path, input.clone()).await {
            Ok(_) => panic!("{method} {path} {input:?} was not refused"),
            Err(error) => error.to_string(),
        }
    }

    /// Checks that a request meets an error with these parts.
    pub async fn check_refused(&self, path: &str, input: Value, parts: &[&str]) {
        let error = self.refused(Method::POST, path, Some(input.clone())).await;
        for part in parts {
            assert!(error.contains(part), "{path} {input}: {error}");
        }
    }

    /// The request for a cluster of access entries whose creator is no administrator.
    pub fn cluster(&self, name: &str) -> Value {
        json!({
            "name": name,
            "roleArn": self.role,
            "version": "1.34",
            "resourcesVpcConfig": {"subnetIds": self.subnets},
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": false,
            },
            "bootstrapSelfManagedAddons": false,
        })
    }

    /// Makes a cluster and waits until it is active.
    pub async fn active_cluster(&self, request: Value) -> Value {
        let name = request["name"].as_str().unwrap().to_owned();
        self.post("/clusters", request).await;
        self.wait(&format!("/clusters/{name}"), "cluster", "ACTIVE").await
    }

    /// Looks until something has a status; in a sandbox a few looks suffice.
    pub async fn wait(&self, path: &str, member: &str, status: &str) -> Value {
        let mut shape = Value::Null;
        for _ in 0..200 {
            shape = self.get(path).await[member].clone();
            if shape["status"] == status {
                return shape;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} did not become {status}: {shape}");
    }

    /// Looks until something is not there any more.
    pub async fn gone(&self, path: &str) {
        for _ in 0..200 {
            if let Err(error) = self.eks(Method::GET, path, None).await {
                assert_eq!(error.code, "ResourceNotFoundException");
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} is still there");
    }

    /// A role of the account that may be assumed by it, and a client in it.
    pub async fn person(&self, name: &str) -> (String, Client) {
        let trust = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{}:root", self.account)},
            "Action": "sts:AssumeRole",
        }]});
        let arn = make_role(&self.client, name, &trust).await;
        let client = self.client.assume_role(&arn).await.unwrap();
        (arn, client)
    }

    /// Gives a principal an access entry, with a policy in the whole cluster or in namespaces.
    pub async fn admit(&self, cluster: &str, principal: &str, policy: &str, namespaces: &[&str]) {
        let entries = format!("/clusters/{cluster}/access-entries");
        self.post(&entries, json!({"principalArn": principal})).await;
        let kind = if namespaces.is_empty() { "cluster" } else { "namespace" };
        let path = format!("{entries}/{}/access-policies", encoded(principal));
        self.post(
            &path,
            json!({
                "policyArn": format!("arn:aws:eks::aws:cluster-access-policy/{policy}"),
                "accessScope": {"type": kind, "namespaces": namespaces},
            }),
        )
        .await;
    }
}

/// An ARN as it stands in a path.
pub fn encoded(arn: &str) -> String {
    arn.replace(':', "%3A").replace('/', "%2F")
}

/// A role that a service may assume; for EKS with what it must be allowed.
pub async fn role(client: &Client, name: &str, service: &str) -> String {
    let trust = json!({"Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }]});
    let arn = make_role(client, name, &trust).await;
    if service == "eks.amazonaws.com" {
        let policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
        let parameters = [("RoleName", name), ("PolicyArn", policy)];
        client.query("iam", "AttachRolePolicy", &parameters).await.unwrap();
    }
    arn
}

/// A role that may do nothing yet.
async fn make_role(client: &Client, name: &str, trust: &Value) -> String {
    let trust = trust.to_string();
    let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", trust.as_str())];
    let made = client.query("iam", "CreateRole", &parameters).await.unwrap();
    made.find("Arn").unwrap().content.clone()
}

/// kubectl as somebody: at a cluster's endpoint, with a token.
pub struct Kubectl {
    /// The program, kubectl where a test does not change it.
    pub program: std::path::PathBuf,
    /// The bearer token.
    pub token: String,
    server: String,
    authority: tempfile::NamedTempFile,
}

impl Kubectl {
    pub fn new(cluster: &Value, client: &Client) -> Self {
        use base64::Engine;
        let data = cluster["certificateAuthority"]["data"].as_str().unwrap();
        let authority = tempfile::NamedTempFile::new().unwrap();
        let pem = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        std::fs::write(authority.path(), pem).unwrap();
        Self {
            program: tools_folder().join("bin/kubectl"),
            server: cluster["endpoint"].as_str().unwrap().to_owned(),
            token: client.cluster_token(cluster["name"].as_str().unwrap(), Utc::now()).unwrap(),
            authority,
        }
    }

    /// Runs it with arguments and what it reads.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Output {
        use tokio::io::AsyncWriteExt;
        let mut child = tokio::process::Command::new(&self.program)
            .arg(format!("--server={}", self.server))
            .arg(format!("--certificate-authority={}", self.authority.path().display()))
            .arg(format!("--token={}", self.token))
            .args(arguments)
            .env("KUBECONFIG", "/dev/null")
            .env("HOME", self.authority.path().parent().unwrap())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        child.wait_with_output().await.unwrap()
    }

    /// What it prints, once it succeeds.
    pub async fn ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The error it ends with.
    pub async fn refused(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert!(!output.status.success(), "kubectl {arguments:?} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Objects as JSON.
    pub async fn get(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["get", "-o", "json"];
        all.extend(arguments);
        serde_json::from_str(&self.ok(&all, "").await).unwrap()
    }
}

//! The five programs of a control plane with their arguments and files.
//!
//! The arguments follow the command line references of etcd, Kubernetes and kwok.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::authority::Authority;
use super::{Blueprint, Ports, emulated};
use crate::sandbox::children::Command;

/// What kwok plays of others than Kubernetes: the drivers of volumes, and the cloud's load balancers.
const OWN_STAGES: [&str; 2] =
    [include_str!("volume-stages.yaml"), include_str!("service-stages.yaml")];

/// The stages that kwok brings itself, below its folder in the tools.
const KWOK_STAGES: [&str; 5] = [
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
];

/// The files that the programs read.
#[derive(Debug)]
pub struct Files {
    authority: PathBuf,
    server: (PathBuf, PathBuf),
    service_accounts: (PathBuf, PathBuf),
    token_review: PathBuf,
    stages: PathBuf,
    /// The administrator's kubeconfig.
    pub administrator: PathBuf,
}

impl Files {
    /// Writes all of them.
    ///
    /// # Errors
    /// When they cannot be written, or kwok's stages are not installed.
    pub fn write(blueprint: &Blueprint, authority: &Authority, port: u16) -> anyhow::Result<Self> {
        let folder = &blueprint.folder;
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to make the folder {}", folder.display()))?;
        let names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];
        let server = authority.server(&names)?.write(folder, "apiserver")?;
        let service_accounts =
            authority.client("service-accounts", "")?.write(folder, "service-accounts")?;
        let write = |name: &str, text: &str| -> anyhow::Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, text)
                .with_context(|| format!("failed to write {}", path.display()))?;
            Ok(path)
        };
        let administrator = authority.client("sandbox", "system:masters")?;
        let address = format!("https://127.0.0.1:{port}");
        let review = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "review", "cluster": {"server": blueprint.token_review_url}}],
            "users": [{"name": "api-server"}],
            "contexts": [{"name": "review", "context": {"cluster": "review", "user": "api-server"}}],
            "current-context": "review",
        });
        Ok(Self {
            authority: write("ca.crt", authority.pem())?,
            server,
            service_accounts,
            token_review: write("token-review.json", &review.to_string())?,
            stages: write("stages.yaml", &stages(&blueprint.tools)?)?,
            administrator: write(
                "kubeconfig.json",
                &authority.kubeconfig(&address, &administrator),
            )?,
        })
    }
}

fn stages(tools: &Path) -> anyhow::Result<String> {
    let folder = tools.join("kwok/stage");
    let mut stages = OWN_STAGES.join("---\n");
    for name in KWOK_STAGES {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("failed to read {}: run `make tools` to install kwok", path.display())
        })?;
        stages.push_str("---\n");
        stages.push_str(&text);
    }
    Ok(stages)
}

pub fn etcd(blueprint: &Blueprint, ports: Ports) -> Command {
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let (client, peer) = (url(ports.etcd), url(ports.etcd_peer));
    command(
        blueprint,
        "etcd",
        &[
            ("data-dir", &blueprint.folder.join("etcd").display().to_string()),
            ("listen-client-urls", &client),
            ("advertise-client-urls", &client),
            ("listen-peer-urls", &peer),
            ("initial-advertise-peer-urls", &peer),
            ("initial-cluster", &format!("default={peer}")),
            // What it holds ends with the sandbox, so nothing need survive a loss of power.
            ("unsafe-no-fsync", "true"),
            ("log-level", "warn"),
        ],
    )
}

pub fn api_server(blueprint: &Blueprint, files: &Files, ports: Ports) -> Command {
    let path = |path: &Path| path.display().to_string();
    command(
        blueprint,
        "kube-apiserver",
        &[
            ("etcd-servers", &format!("http://127.0.0.1:{}", ports.etcd)),
            ("bind-address", "127.0.0.1"),
            ("secure-port", &ports.api.to_string()),
            ("advertise-address", &blueprint.address.to_string()),
            ("tls-cert-file", &path(&files.server.0)),
            ("tls-private-key-file", &path(&files.server.1)),
            ("client-ca-file", &path(&files.authority)),
            ("service-account-issuer", &blueprint.issuer),
            ("service-account-key-file", &path(&files.service_accounts.0)),
            ("service-account-signing-key-file", &path(&files.service_accounts.1)),
            ("service-cluster-ip-range", &blueprint.service_range),
            ("authorization-mode", "Node,RBAC"),
            ("authentication-token-webhook-config-file", &path(&files.token_review)),
            ("authentication-token-webhook-version", "v1"),
            // A change of access must be felt at once, and the review costs nothing here.
            ("authentication-token-webhook-cache-ttl", "0s"),
            // Their pods do not run.
            ("disable-admission-plugins", "MutatingAdmissionWebhook,ValidatingAdmissionWebhook"),
            ("allow-privileged", "true"),
            ("profiling", "false"),
            ("emulated-version", &format!("kube={}", emulated(&blueprint.version))),
        ],
    )
}

pub fn controller_manager(blueprint: &Blueprint, files: &Files) -> Command {
    command(
        blueprint,
        "kube-controller-manager",
        &[
            ("kubeconfig", &files.administrator.display().to_string()),
            ("secure-port", "0"),
            ("leader-elect", "false"),
            ("service-account-private-key-file", &files.service_accounts.1.display().to_string()),
            ("root-ca-file", &files.authority.display().to_string()),
            // Its node lifecycle controller stays: without it nodes keep their taint "not ready".
            ("controllers", "*"),
            ("kube-api-qps", "200"),
            ("kube-api-burst", "400"),
        ],
    )
}

pub fn scheduler(blueprint: &Blueprint, files: &Files) -> Command {
    command(
        blueprint,
        "kube-scheduler",
        &[
            ("kubeconfig", &files.administrator.display().to_string()),
            ("secure-port", "0"),
            ("leader-elect", "false"),
        ],
    )
}

pub fn kwok(blueprint: &Blueprint, files: &Files) -> Command {
    command(
        blueprint,
        "kwok",
        &[
            ("kubeconfig", &files.administrator.display().to_string()),
            ("config", &files.stages.display().to_string()),
            ("manage-all-nodes", "true"),
            ("node-lease-duration-seconds", "40"),
            ("cidr", "100.64.0.0/16"),
        ],
    )
}

fn command(blueprint: &Blueprint, program: &str, options: &[(&str, &str)]) -> Command {
    Command {
        name: format!("{}-{program}", blueprint.name),
        program: blueprint.tools.join("bin").join(program),
        arguments: options.iter().map(|(name, value)| format!("--{name}={value}")).collect(),
        environment: vec![("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned())],
    }
}

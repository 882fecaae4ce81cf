//! A real Kubernetes control plane: etcd, API server, controller manager, scheduler, and kwok for the nodes.

pub mod authority;
pub mod client;
mod commands;
pub mod operation;
pub mod proxy;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use http::{Method, StatusCode};
use tokio::sync::watch;

use self::authority::Authority;
use self::client::ApiClient;
use self::commands::Files;
use crate::sandbox::children::{Child, Children, Command};
use crate::sandbox::emulator::free_port;

/// How long a process of it may take to become ready.
const START_SECONDS: u64 = 90;

/// What the API server makes by itself, and what an active cluster has.
const SYSTEM_NAMESPACES: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// How many times a start is tried.
const TRIES: u32 = 3;

/// The programs it consists of.
const PROGRAMS: [&str; 5] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];

/// The oldest minor version of Kubernetes 1 that the installed API server can behave as.
const OLDEST_MINOR: u32 = 33;

/// What a control plane is to be.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The start of its processes' names and log files.
    pub name: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// The folder of installed tools.
    pub tools: PathBuf,
    /// The Kubernetes version it behaves as, `1.34`.
    pub version: String,
    /// The issuer of service account tokens.
    pub issuer: String,
    /// The address range of services, `172.20.0.0/16`.
    pub service_range: String,
    /// The address that the service `kubernetes` leads to.
    pub address: Ipv4Addr,
    /// Where bearer tokens are reviewed, by the TokenReview API.
    pub token_review_url: String,
}

/// A running control plane. [`ControlPlane::end`] ends its processes.
pub struct ControlPlane {
    blueprint: Mutex<Blueprint>,
    files: Files,
    ports: Ports,
    administrator: ApiClient,
    guest: ApiClient,
    processes: Mutex<Vec<Arc<Child>>>,
    serving: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    api: u16,
    etcd: u16,
    etcd_peer: u16,
}

impl ControlPlane {
    /// Starts one and returns when its API server is ready.
    ///
    /// # Errors
    /// When a program is missing, ends at its start, or does not become ready.
    pub async fn start(
        children: &Children,
        blueprint: Blueprint,
        authority: &Authority,
    ) -> anyhow::Result<Self> {
        if let Some(missing) = missing_program(&blueprint.tools) {
            bail!("{} is missing: run `make tools`", missing.display());
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(children, blueprint.clone(), authority).await {
                // Somebody else has taken a port between its choice and its use.
                Err(error) if tries < TRIES && format!("{error:#}").contains("already in use") => {
                    tracing::info!("a control plane is started again: {error:#}");
                }
                started => return started,
            }
        }
    }

    async fn try_start(
        children: &Children,
        blueprint: Blueprint,
        authority: &Authority,
    ) -> anyhow::Result<Self> {
        let ports = Ports {
            api: free_port().await?,
            etcd: free_port().await?,
            etcd_peer: free_port().await?,
        };
        let files = Files::write(&blueprint, authority, ports.api)?;
        let administrator = authority.client("sandbox", "system:masters")?;
        let plane = Self {
            administrator: ApiClient::new(authority.client_tls(Some(&administrator))?, ports.api),
            guest: ApiClient::new(authority.client_tls(None)?, ports.api),
            blueprint: Mutex::new(blueprint),
            files,
            ports,
            processes: Mutex::default(),
            serving: watch::Sender::new(false),
        };
        if let Err(error) = plane.run(children).await {
            plane.end(children);
            return Err(error);
        }
        Ok(plane)
    }

    async fn run(&self, children: &Children) -> anyhow::Result<()> {
        let blueprint = self.blueprint();
        let etcd = self.spawn(children, commands::etcd(&blueprint, self.ports)).await?;
        tokio::select! {
            started = self.start_api_server(children) => started?,
            end = etcd.exited() => bail!("{} ended at its start ({end}):\n{}", etcd.name, etcd.last_lines(8)),
        }
        for command in [
            commands::controller_manager(&blueprint, &self.files),
            commands::scheduler(&blueprint, &self.files),
            commands::kwok(&blueprint, &self.files),
        ] {
            self.spawn(children, command).await?;
        }
        Ok(())
    }

    async fn start_api_server(&self, children: &Children) -> anyhow::Result<()> {
        let command = commands::api_server(&self.blueprint(), &self.files, self.ports);
        let name = command.name.clone();
        let server = self.spawn(children, command).await?;
        tokio::select! {
            ready = tokio::time::timeout(Duration::from_secs(START_SECONDS), self.wait_until_ready()) => {
                ready.with_context(|| format!("{name} was not ready in {START_SECONDS} s; its log is in the folder {}", children.folder().join("logs").display()))?;
            }
            end = server.exited() => bail!("{name} ended at its start ({end}):\n{}", server.last_lines(8)),
        }
        self.serving.send_replace(true);
        Ok(())
    }

    async fn spawn(&self, children: &Children, command: Command) -> anyhow::Result<Arc<Child>> {
        let child = Arc::new(children.spawn(command).await?);
        self.processes().push(Arc::clone(&child));
        Ok(child)
    }

    // The API server makes the system's namespaces after it calls itself ready.
    async fn wait_until_ready(&self) {
        self.wait_until_there("/readyz").await;
        for namespace in SYSTEM_NAMESPACES {
            self.wait_until_there(&format!("/api/v1/namespaces/{namespace}")).await;
        }
    }

    async fn wait_until_there(&self, path: &str) {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let asked = self.administrator.ask(Method::GET, path, None).await;
            if asked.is_ok_and(|answer| answer.status == StatusCode::OK) {
                return;
            }
        }
    }

    /// The API server as its administrator sees it.
    pub fn administrator(&self) -> &ApiClient {
        &self.administrator
    }

    /// The API server as somebody sees it who brings his own credentials. Waits while it is being replaced.
    pub async fn guest(&self) -> &ApiClient {
        // The sender lives as long as this, so the wait can only end well.
        let _ = self.serving.subscribe().wait_for(|serving| *serving).await;
        &self.guest
    }

    /// A kubeconfig file of the administrator, straight to the API server.
    pub fn kubeconfig(&self) -> &PathBuf {
        &self.files.administrator
    }

    /// The Kubernetes version it behaves as.
    pub fn version(&self) -> String {
        self.blueprint().version
    }

    /// Puts an API server of another version in the place of the running one. Requests wait meanwhile.
    ///
    /// # Errors
    /// When the new one does not become ready.
    pub async fn replace(&self, children: &Children, version: &str) -> anyhow::Result<()> {
        self.blueprint.lock().unwrap_or_else(PoisonError::into_inner).version = version.to_owned();
        self.serving.send_replace(false);
        let name = commands::api_server(&self.blueprint(), &self.files, self.ports).name;
        let old = {
            let mut processes = self.processes();
            let at = processes.iter().position(|child| child.name == name);
            at.map(|at| processes.remove(at))
        };
        if let Some(old) = old {
            children.end(&old);
            old.exited().await;
        }
        self.start_api_server(children).await
    }

    /// The resident memory of all its processes in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.processes().iter().map(|child| child.process.resident_bytes()).sum()
    }

    /// Ends its processes and removes its files.
    pub fn end(&self, children: &Children) {
        for child in self.processes().drain(..) {
            children.end(&child);
        }
        if let Err(error) = std::fs::remove_dir_all(&self.blueprint().folder) {
            tracing::debug!("failed to remove the files of a control plane: {error}");
        }
    }

    fn blueprint(&self) -> Blueprint {
        self.blueprint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn processes(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Child>>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program that is not installed in a folder of tools; `None` where all are.
pub fn missing_program(tools: &Path) -> Option<PathBuf> {
    PROGRAMS.iter().map(|name| tools.join("bin").join(name)).find(|program| !program.exists())
}

/// The Kubernetes version that an API server of ours behaves as for a cluster of `version`: the nearest it can.
fn emulated(version: &str) -> String {
    let minor = version.split_once('.').and_then(|(_, minor)| minor.parse::<u32>().ok());
    format!("1.{}", minor.unwrap_or(OLDEST_MINOR).max(OLDEST_MINOR))
}

#[cfg(test)]
mod tests;

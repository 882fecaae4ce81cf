//! A Kubernetes control plane for one test: etcd, API server and controller manager on free ports of the loopback
//! address, with their files in a temporary folder. It ends with the value.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use travel_kube::Cluster;
use travel_kube::cluster::connect::{Access, ClusterConfig, Settings};
use travel_kube::cluster::token::StaticToken;

/// A running control plane.
pub struct ControlPlane {
    pub url: String,
    pub certificate_authority: String,
    processes: Vec<Child>,
    _folder: TempDir,
}

/// Who may do everything, who may get and list, and who is not known at all.
pub const ADMINISTRATOR: &str = "administrator-token";
pub const READER: &str = "reader-token";
pub const STRANGER: &str = "stranger-token";

/// The folder of the programs, where all of them are there.
pub fn tools() -> Option<PathBuf> {
    let folder = match std::env::var_os("TRAVEL_TOOLS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools"),
    };
    let programs = folder.join("bin");
    let needed = ["etcd", "kube-apiserver", "kube-controller-manager"];
    needed.iter().all(|name| programs.join(name).is_file()).then_some(programs)
}

impl ControlPlane {
    /// Starts one and waits until it answers.
    pub async fn start(programs: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let certificate_authority = write_certificates(folder.path());
        let tokens =
            format!("{ADMINISTRATOR},administrator,1,system:masters\n{READER},reader,2,readers\n");
        fs::write(path("tokens.csv"), tokens).unwrap();
        let [client, peer, secure] = free_ports();
        let etcd = format!("http://127.0.0.1:{client}");
        let url = format!("https://127.0.0.1:{secure}");
        let peers = format!("http://127.0.0.1:{peer}");
        let start = |name: &str, arguments: Vec<String>| {
            let log = fs::File::create(path(&format!("{name}.log"))).unwrap();
            let mut command = Command::new(programs.join(name));
            command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
            command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
        };
        let etcd_process = start(
            "etcd",
            vec![
                format!("--data-dir={}", path("etcd")),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls={peers}"),
                format!("--initial-advertise-peer-urls={peers}"),
                format!("--initial-cluster=default={peers}"),
                "--unsafe-no-fsync=true".to_owned(),
            ],
        );
        let server_process = start(
            "kube-apiserver",
            vec![
                format!("--etcd-servers={etcd}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={secure}"),
                format!("--tls-cert-file={}", path("server.crt")),
                format!("--tls-private-key-file={}", path("server.key")),
                format!("--service-account-key-file={}", path("accounts.pub")),
                format!("--service-account-signing-key-file={}", path("accounts.key")),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--token-auth-file={}", path("tokens.csv")),
                "--authorization-mode=RBAC".to_owned(),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            ],
        );
        let processes = vec![server_process, etcd_process];
        let mut plane = ControlPlane { url, certificate_authority, processes, _folder: folder };
        let administrator = plane.cluster(ADMINISTRATOR).await;
        let reached =
            administrator.wait_reachable(Duration::from_secs(120), &CancellationToken::new()).await;
        if let Err(error) = reached {
            let log = fs::read_to_string(plane._folder.path().join("kube-apiserver.log"))
                .unwrap_or_default();
            panic!("the control plane does not answer: {}\n{log}", error.report());
        }
        wait_for_system_namespaces(&administrator).await;
        let kubeconfig = plane._folder.path().join("kubeconfig");
        fs::write(&kubeconfig, plane.kubeconfig(ADMINISTRATOR)).unwrap();
        let log = fs::File::create(plane._folder.path().join("manager.log")).unwrap();
        let mut manager = Command::new(programs.join("kube-controller-manager"));
        manager
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg("--leader-elect=false")
            .arg("--secure-port=0")
            .arg(
                "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,\
                 deployment-controller,replicaset-controller,job-controller",
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        plane.processes.insert(0, manager.spawn().unwrap());
        plane
    }

    /// A handle for whoever has the token.
    pub async fn cluster(&self, token: &str) -> Cluster {
        let access = Access::Endpoint {
            url: self.url.clone(),
            certificate_authority: Some(self.certificate_authority.clone().into_bytes()),
            tls_server_name: None,
            token: Some(Arc::new(StaticToken::new(token))),
        };
        self.connect(access).await
    }

    /// A handle by any access.
    pub async fn connect(&self, access: Access) -> Cluster {
        let config = ClusterConfig { access, proxy_url: None, settings: Settings::default() };
        Cluster::connect(&config).await.unwrap()
    }

    /// A kubeconfig with two contexts, of which the first is current and the second leads nowhere.
    pub fn kubeconfig(&self, token: &str) -> String {
        use base64::Engine;
        let authority =
            base64::engine::general_purpose::STANDARD.encode(&self.certificate_authority);
        let url = &self.url;
        format!(
            "apiVersion: v1
kind: Config
current-context: here
clusters:
- name: plane
  cluster: {{server: \"{url}\", certificate-authority-data: {authority}}}
- name: nowhere
  cluster: {{server: \"https://127.0.0.1:1\"}}
users:
- name: someone
  user: {{token: {token}}}
contexts:
- name: here
  context: {{cluster: plane, user: someone}}
- name: elsewhere
  context: {{cluster: nowhere, user: someone}}
"
        )
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

// The API server makes them after it calls itself ready; on a busy machine a test would come before them.
async fn wait_for_system_namespaces(administrator: &Cluster) {
    let wait = async {
        for name in ["kube-system", "kube-public", "kube-node-lease", "default"] {
            let namespace = format!("v1/Namespace//{name}").parse().unwrap();
            while administrator.get(&namespace).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
    waited.unwrap_or_else(|_| panic!("the API server has not made the system's namespaces"));
}

/// Writes the server's certificate and key and the key of service accounts; gives the authority's certificate.
fn write_certificates(folder: &Path) -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
    let key = KeyPair::generate().unwrap();
    let certificate = server.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("server.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
    let accounts = KeyPair::generate().unwrap();
    fs::write(folder.join("accounts.key"), accounts.serialize_pem()).unwrap();
    fs::write(folder.join("accounts.pub"), accounts.public_key_pem()).unwrap();
    authority.pem()
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

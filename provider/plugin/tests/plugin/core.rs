//! A small core: starts the fake provider, shakes hands as go-plugin does, and calls it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SignatureScheme, sign};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;
use travel_proto::plugin::Empty;
use travel_proto::plugin::grpc_controller_client::GrpcControllerClient;
use travel_proto::tfplugin6::provider_client::ProviderClient;

/// Far longer than anything here takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Says that a Terraform starts the provider.
pub const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The fake provider, not started yet, in an environment with nothing but what a test puts there.
pub fn fake() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).unwrap().join("examples/fake");
    assert!(path.exists(), "run the tests of the whole crate, so that its examples are built");
    let mut command = Command::new(path);
    command
        .env_clear()
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// How to start and meet the provider.
#[derive(Default)]
pub struct Terms {
    /// Offer no certificate, and expect none.
    pub plaintext: bool,
    /// More variables for the provider's environment.
    pub variables: Vec<(&'static str, &'static str)>,
}

/// A started provider and the way to it.
pub struct Core {
    pub process: Child,
    pub output: BufReader<ChildStdout>,
    pub folder: TempDir,
    pub line: Vec<String>,
    pub channel: Channel,
    /// The certificate that the provider takes from its caller.
    pub certificate: Option<CertificateDer<'static>>,
}

impl Core {
    /// Starts a provider as Terraform does.
    pub async fn start() -> Self {
        Self::start_on(Terms::default()).await
    }

    /// Starts a provider on these terms.
    pub async fn start_on(terms: Terms) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = (!terms.plaintext).then(certificate);
        let mut command = fake();
        command
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_UNIX_SOCKET_DIR", folder.path())
            .envs(terms.variables);
        if let Some(client) = &client {
            command.env("PLUGIN_CLIENT_CERT", client.cert.pem());
        }
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        timeout(PATIENCE, output.read_line(&mut line)).await.unwrap().unwrap();
        let line: Vec<String> = line.trim_end().split('|').map(str::to_owned).collect();
        assert_eq!(line[..3], ["1", "6", "unix"]);
        let tls = client.as_ref().map(|client| tls(client, &line[5]));
        let channel = connect(Path::new(&line[3]), tls).await.unwrap();
        let certificate = client.map(|client| client.cert.der().clone());
        Self { process, output, folder, line, channel, certificate }
    }

    /// The path of the provider's socket.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(&self.line[3])
    }

    /// The provider's own service.
    pub fn provider(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel.clone())
    }

    /// Tells the provider to end; what it printed and logged since the start.
    pub async fn shut_down(mut self) -> (String, String) {
        let mut controller = GrpcControllerClient::new(self.channel.clone());
        controller.shutdown(Empty {}).await.unwrap();
        drop((controller, self.channel));
        let status = timeout(PATIENCE, self.process.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}");
        let (mut printed, mut logged) = (String::new(), String::new());
        self.output.read_to_string(&mut printed).await.unwrap();
        self.process.stderr.unwrap().read_to_string(&mut logged).await.unwrap();
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        (printed, logged)
    }
}

/// A certificate like the one that Terraform makes for each provider it starts.
pub fn certificate() -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedKey { cert: parameters.self_signed(&signing_key).unwrap(), signing_key }
}

/// The TLS of a client that trusts the provider's certificate, as the handshake line gave it.
pub fn tls(client: &CertifiedKey<KeyPair>, provider: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(STANDARD_NO_PAD.decode(provider).unwrap())).unwrap();
    let key = PrivatePkcs8KeyDer::from(client.signing_key.serialize_der());
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![client.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// What a client shows of itself, whatever that is worth: a certificate, and a key that need not be
/// its own.
#[derive(Default)]
pub struct Shown(pub Option<(CertificateDer<'static>, CertifiedKey<KeyPair>)>);

#[derive(Debug)]
struct Always(Option<Arc<sign::CertifiedKey>>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<sign::CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// The TLS of a client that shows this, and trusts the provider's certificate.
pub fn tls_with(provider: &str, shown: &Shown) -> ClientConfig {
    let always = shown.0.as_ref().map(|(certificate, key)| {
        let der = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
        let key = aws_lc_rs::sign::any_ecdsa_type(&der.into()).unwrap();
        Arc::new(sign::CertifiedKey::new(vec![certificate.clone()], key))
    });
    let mut config = tls(&self::certificate(), provider);
    config.client_auth_cert_resolver = Arc::new(Always(always));
    config
}

/// Connects to a socket, in plaintext if no TLS is given.
pub async fn connect(
    socket: &Path,
    tls: Option<ClientConfig>,
) -> Result<Channel, tonic::transport::Error> {
    let socket = socket.to_path_buf();
    let tls = tls.map(Arc::new);
    Endpoint::from_static("http://localhost")
        .connect_with_connector(service_fn(move |_| {
            let (socket, tls) = (socket.clone(), tls.clone());
            async move {
                let stream = UnixStream::connect(socket).await?;
                let stream: Box<dyn Duplex> = match tls {
                    Some(tls) => {
                        let name = ServerName::try_from("localhost").unwrap();
                        Box::new(TlsConnector::from(tls).connect(name, stream).await?)
                    }
                    None => Box::new(stream),
                };
                Ok::<_, std::io::Error>(TokioIo::new(stream))
            }
        }))
        .await
}

trait Duplex: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Duplex for T {}

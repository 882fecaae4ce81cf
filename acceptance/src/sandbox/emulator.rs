//! The two emulators behind the gateway: starting them, and handing calls on with the caller's account.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;

use super::backend::Backend;
use super::call::{Body, BoxError, Call, Reply};
use super::children::{Child, Children, Command};
use super::signature::rewrite_access_key;
use super::wire::{Protocol, ServiceError};
use super::world::World;

/// How long a start may take before it is given up.
const START_SECONDS: u64 = 180;
/// How moto's server is started.
const MOTO: &str = include_str!("moto.py");

/// Which emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// LocalStack in its community edition.
    LocalStack,
    /// moto's server.
    Moto,
}

impl Kind {
    /// Its name, also of its virtual environment in the folder of tools.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalStack => "localstack",
            Self::Moto => "moto",
        }
    }

    fn health_path(self) -> &'static str {
        match self {
            Self::LocalStack => "/_localstack/health",
            Self::Moto => "/moto-api/",
        }
    }

    /// Its Python under the folder of tools.
    pub fn python(self, tools: &Path) -> PathBuf {
        tools.join(self.name()).join("bin/python")
    }

    fn command(self, tools: &Path, folder: &Path, port: u16, gateway: u16) -> Command {
        let own = folder.join(self.name());
        let arguments = match self {
            Self::LocalStack => ["-m", "localstack.runtime.main"].map(str::to_owned).to_vec(),
            Self::Moto => {
                let port = port.to_string();
                ["-c", MOTO, "-H", "127.0.0.1", "-p", &port].map(str::to_owned).to_vec()
            }
        };
        let path = |name: &str| own.join(name).display().to_string();
        let mut environment = vec![
            ("HOME", path("home")),
            ("TMPDIR", path("tmp")),
            ("XDG_CACHE_HOME", path("cache")),
            ("PYTHONUNBUFFERED", "1".to_owned()),
        ];
        if self == Self::LocalStack {
            environment.extend([
                ("GATEWAY_LISTEN", format!("127.0.0.1:{port}")),
                // The addresses it puts into answers, such as those of queues, lead to the gateway.
                ("LOCALSTACK_HOST", format!("127.0.0.1:{gateway}")),
                ("SQS_ENDPOINT_STRATEGY", "path".to_owned()),
                // In a container it would take folders of the whole machine, where those who start side by side
                // overwrite each other's certificate.
                ("OVERRIDE_IN_DOCKER", "0".to_owned()),
                ("FILESYSTEM_ROOT", own.display().to_string()),
                ("EAGER_SERVICE_LOADING", "0".to_owned()),
                ("SKIP_SSL_CERT_DOWNLOAD", "1".to_owned()),
                ("DISABLE_EVENTS", "1".to_owned()),
                ("PERSISTENCE", "0".to_owned()),
                ("DNS_ADDRESS", "0".to_owned()),
                // Keys that look like those of AWS.
                ("PARITY_AWS_ACCESS_KEY_ID", "1".to_owned()),
            ]);
        }
        Command {
            name: self.name().to_owned(),
            program: self.python(tools),
            arguments,
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}

/// How far an emulator is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not ready yet.
    Starting,
    /// It answers on this port of 127.0.0.1.
    Ready(u16),
    /// It did not start, or has ended.
    Failed(String),
}

/// An emulator. Calls that come before it is ready wait for it.
#[derive(Debug)]
pub struct Emulator {
    kind: Kind,
    status: watch::Sender<Status>,
    child: Mutex<Option<Arc<Child>>>,
    client: Client<HttpConnector, BoxBody<Bytes, BoxError>>,
}

impl Emulator {
    /// An emulator that [`Emulator::start`] has yet to start.
    pub fn new(kind: Kind) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { kind, status: watch::Sender::new(Status::Starting), child: Mutex::default(), client }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Waits until it answers and returns its port.
    ///
    /// # Errors
    /// When it did not start, or has ended.
    pub async fn ready(&self) -> anyhow::Result<u16> {
        self.port().await.map_err(|error| anyhow::anyhow!(error.message))
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Starts it and returns when it answers; from then on it is watched.
    ///
    /// # Errors
    /// When its virtual environment is missing, or it ends or stays silent at its start.
    pub async fn start(
        self: &Arc<Self>,
        children: &Children,
        tools: &Path,
        gateway: u16,
    ) -> anyhow::Result<()> {
        let started = self.run(children, tools, gateway).await;
        let status = match &started {
            Ok((port, _)) => Status::Ready(*port),
            Err(error) => Status::Failed(format!("{error:#}")),
        };
        self.status.send_replace(status);
        let child = Arc::new(started?.1);
        *self.child() = Some(Arc::clone(&child));
        let emulator = Arc::clone(self);
        tokio::spawn(async move {
            let end = child.exited().await;
            let current = emulator.child().clone();
            if current.is_some_and(|current| Arc::ptr_eq(&current, &child)) {
                let name = emulator.kind.name();
                let message = format!("{name} has ended ({end}):\n{}", child.last_lines(20));
                tracing::error!("{message}");
                emulator.status.send_replace(Status::Failed(message));
            }
        });
        Ok(())
    }

    /// Starts it afresh: what it held is gone.
    ///
    /// # Errors
    /// As [`Emulator::start`].
    pub async fn restart(
        self: &Arc<Self>,
        children: &Children,
        tools: &Path,
        gateway: u16,
    ) -> anyhow::Result<()> {
        self.status.send_replace(Status::Starting);
        let child = self.child().take();
        if let Some(child) = child {
            children.end(&child);
            child.exited().await;
        }
        self.start(children, tools, gateway).await
    }

    /// Forgets all it holds. moto can; LocalStack's community edition cannot and is started afresh, which takes a
    /// second or two.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn clear(self: &Arc<Self>, world: &World) -> anyhow::Result<()> {
        if self.kind == Kind::LocalStack {
            return self.restart(&world.children, &world.tools, world.port).await;
        }
        let port = self.port().await?;
        let asked = self.request_own("POST", port, "/moto-api/reset").await;
        let (status, _) = asked.map_err(|error| anyhow::anyhow!("moto did not answer: {error}"))?;
        if !status.is_success() {
            bail!("moto answered {status} to its reset");
        }
        Ok(())
    }

    fn child(&self) -> MutexGuard<'_, Option<Arc<Child>>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(
        &self,
        children: &Children,
        tools: &Path,
        gateway: u16,
    ) -> anyhow::Result<(u16, Child)> {
        let name = self.kind.name();
        let python = self.kind.python(tools);
        if !python.exists() {
            bail!("{} is missing: run `make tools` to install {name}", python.display());
        }
        for part in ["home", "tmp", "cache"] {
            let folder = children.folder().join(name).join(part);
            std::fs::create_dir_all(&folder).context("failed to make an emulator's folder")?;
        }
        if self.kind == Kind::LocalStack {
            lend_index(tools, &children.folder().join(name))
                .context("failed to give LocalStack its index of services")?;
        }
        let port = free_port().await?;
        let child =
            children.spawn(self.kind.command(tools, children.folder(), port, gateway)).await?;
        let ready = self.wait_until_ready(port);
        let limit = Duration::from_secs(START_SECONDS);
        tokio::select! {
            ready = tokio::time::timeout(limit, ready) => {
                ready.with_context(|| format!("{name} did not answer in {START_SECONDS} s:\n{}", child.last_lines(20)))?;
            }
            end = child.exited() => bail!("{name} ended at its start ({end}):\n{}", child.last_lines(20)),
        }
        Ok((port, child))
    }

    async fn wait_until_ready(&self, port: u16) {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            let asked = self.request_own("GET", port, self.kind.health_path()).await;
            if asked.is_ok_and(|(status, _)| status == StatusCode::OK) {
                return;
            }
        }
    }

    async fn request_own(
        &self,
        method: &str,
        port: u16,
        path: &str,
    ) -> Result<(StatusCode, Bytes), BoxError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{path}"))
            .body(Body::empty().boxed())?;
        let response = self.client.request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    async fn port(&self) -> Result<u16, ServiceError> {
        let mut status = self.status.subscribe();
        let settled = status.wait_for(|status| *status != Status::Starting).await;
        match settled.as_deref() {
            Ok(Status::Ready(port)) => Ok(*port),
            Ok(Status::Failed(message)) => Err(ServiceError::internal(message.clone())),
            Ok(Status::Starting) | Err(_) => Err(ServiceError::internal("the sandbox has ended")),
        }
    }

    fn request(
        &self,
        port: u16,
        call: Call,
    ) -> Result<Request<BoxBody<Bytes, BoxError>>, ServiceError> {
        let (account, access_key) = (call.caller.account, call.caller.access_key);
        let (mut uri, mut headers) = (call.uri, call.headers);
        for name in [
            header::CONNECTION,
            header::EXPECT,
            header::TRANSFER_ENCODING,
            header::ACCEPT_ENCODING,
            HeaderName::from_static("keep-alive"),
        ] {
            headers.remove(name);
        }
        match self.kind {
            Kind::LocalStack => rewrite_access_key(&account, &access_key, &mut uri, &mut headers),
            Kind::Moto => {
                let value = HeaderValue::from_str(&account);
                let value = value.map_err(|error| ServiceError::internal(error.to_string()))?;
                headers.insert("x-moto-account-id", value);
            }
        }
        if let Body::Whole(bytes) = &call.body {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let uri: Uri = format!("http://127.0.0.1:{port}{path}")
            .parse()
            .map_err(|error| ServiceError::internal(format!("{error}")))?;
        let mut request = Request::new(call.body.boxed());
        *request.method_mut() = call.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

#[async_trait]
impl Backend for Emulator {
    async fn answer(&self, call: Call, _world: &Arc<World>) -> Result<Reply, ServiceError> {
        let (service, operation) = (call.service.name, call.operation.clone());
        let streams = call.protocol == Protocol::S3;
        let request = self.request(self.port().await?, call)?;
        let unreachable = |error: BoxError| {
            ServiceError::internal(format!("{} did not answer: {error}", self.kind.name()))
        };
        let response =
            self.client.request(request).await.map_err(|error| unreachable(error.into()))?;
        let (head, body) = response.into_parts();
        if is_page(head.status, &head.headers) {
            // A page for people instead of an answer: the emulator lacks the operation or broke on it.
            let message = format!(
                "{} cannot answer {operation} of {service}; its log says why",
                self.kind.name()
            );
            return Err(ServiceError::new("SandboxNotImplemented", message).with_status(501));
        }
        let body = if streams {
            Body::Stream(body.map_err(BoxError::from).boxed())
        } else {
            let whole = body.collect().await.map_err(|error| unreachable(error.into()))?;
            Body::Whole(whole.to_bytes())
        };
        let mut headers = head.headers;
        for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::SERVER, header::DATE] {
            headers.remove(name);
        }
        Ok(Reply { status: head.status, headers, body })
    }
}

fn is_page(status: StatusCode, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    !status.is_success() && kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Puts the index of services, which was built as LocalStack was installed, where the LocalStack of a folder reads it.
fn lend_index(tools: &Path, own: &Path) -> std::io::Result<()> {
    let libraries = own.join("usr/lib");
    std::fs::create_dir_all(&libraries)?;
    let built = tools.join("localstack/filesystem/usr/lib/localstack");
    match std::os::unix::fs::symlink(built, libraries.join("localstack")) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Where the ports begin that servers are given. From 32768 the system takes them for connections that
/// go out, and could take one between the moment it was found free and that of its use.
const FIRST_PORT: u32 = 20_000;
const PORTS: u32 = 12_000;

/// A port of 127.0.0.1 that is free at the moment, and that this process has not given away before.
///
/// # Errors
/// When there is none.
pub async fn free_port() -> anyhow::Result<u16> {
    static NEXT: std::sync::OnceLock<AtomicU32> = std::sync::OnceLock::new();
    // Sandboxes side by side begin at different places.
    let next = NEXT.get_or_init(|| AtomicU32::new(std::process::id().wrapping_mul(97)));
    for _ in 0..PORTS {
        let port = FIRST_PORT + next.fetch_add(1, Ordering::Relaxed) % PORTS;
        let port = u16::try_from(port).context("a port that is none")?;
        if tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return Ok(port);
        }
    }
    bail!("failed to find a free port")
}

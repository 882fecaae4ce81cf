//! The provider's process: started and met as go-plugin does it, in plaintext.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use travel_proto::tfplugin6 as wire;
use travel_proto::tfplugin6::provider_client::ProviderClient;
use travel_value::{Type, Value, msgpack};

use super::schema::Schemas;

/// Says that a core starts the provider.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// How long a provider may take to say where it is: it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest message, as terraform allows.
const LARGEST: usize = 256 << 20;

/// How to start a provider.
#[derive(Clone, Debug)]
pub struct Start {
    /// The program.
    pub program: std::path::PathBuf,
    /// Its environment, and nothing else.
    pub environment: BTreeMap<String, String>,
    /// Where the log of every process goes that is started like this.
    pub log: Log,
}

/// What providers have logged.
#[derive(Clone, Debug, Default)]
pub struct Log {
    logged: Arc<Mutex<Logged>>,
    /// Held by all who still read what a process writes.
    readers: Arc<RwLock<()>>,
}

#[derive(Debug, Default)]
struct Logged {
    lines: String,
    calls: BTreeSet<LoggedCall>,
    changes: BTreeMap<(u32, u64), LoggedChange>,
}

/// What a line says of the request it is part of, where that changes an object.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "tf_req_id")]
    id: u64,
    change: String,
}

/// What a provider has called to make or remove an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedChange {
    /// The type of the resource.
    pub type_name: String,
    /// `create`, `update` or `delete`.
    pub change: String,
    /// The calls, as `service:Operation`.
    pub calls: BTreeSet<String>,
}

/// A kind of call that a provider has logged, which it does from level debug on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct LoggedCall {
    /// The request of terraform it was made for, such as `ReadResource`.
    #[serde(rename = "tf_rpc", default)]
    pub request: String,
    /// The type of the resource that was about.
    #[serde(rename = "tf_resource_type", default)]
    pub type_name: String,
    /// The service by its name in IAM's actions, or `kubernetes`.
    pub service: String,
    /// The operation.
    pub operation: String,
}

impl Log {
    /// What was called to change objects so far, request by request, once the processes have all ended.
    pub async fn changes(&self) -> Vec<LoggedChange> {
        drop(self.readers.write().await);
        self.logged().changes.values().cloned().collect()
    }

    /// All lines since the last call. Those that a process has just written may come with the next.
    pub fn take(&self) -> String {
        std::mem::take(&mut self.logged().lines)
    }

    /// The kinds of calls that were made by the processes so far, once they have all ended.
    pub async fn calls(&self) -> BTreeSet<LoggedCall> {
        drop(self.readers.write().await);
        self.logged().calls.clone()
    }

    fn add(&self, line: &str, process: u32) {
        let mut logged = self.logged();
        logged.lines.push_str(line);
        logged.lines.push('\n');
        if !line.contains("\"operation\":") {
            return;
        }
        let Ok(call) = serde_json::from_str::<LoggedCall>(line) else { return };
        if let Ok(Request { id, change }) = serde_json::from_str(line) {
            let entry = logged.changes.entry((process, id)).or_insert_with(|| LoggedChange {
                type_name: call.type_name.clone(),
                change,
                ..LoggedChange::default()
            });
            entry.calls.insert(format!("{}:{}", call.service, call.operation));
        }
        logged.calls.insert(call);
    }

    fn logged(&self) -> MutexGuard<'_, Logged> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A started provider. It ends with this.
pub struct Provider {
    /// What it serves.
    pub schemas: Arc<Schemas>,
    client: ProviderClient<Channel>,
    _process: Child,
    _folder: tempfile::TempDir,
}

/// What a provider says beside its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Errors, each as `summary: detail`, with the attribute's path in front where there is one.
    pub errors: Vec<String>,
    /// Warnings, likewise.
    pub warnings: Vec<String>,
}

impl Said {
    /// Reads an answer's diagnostics.
    pub fn read(diagnostics: &[wire::Diagnostic]) -> Self {
        let mut said = Self::default();
        for diagnostic in diagnostics {
            let place = diagnostic.attribute.as_ref().map(place).unwrap_or_default();
            let text = format!("{place}{}: {}", diagnostic.summary, diagnostic.detail);
            match diagnostic.severity() {
                wire::diagnostic::Severity::Warning => said.warnings.push(text),
                _ => said.errors.push(text),
            }
        }
        said
    }

    /// Nothing, unless there are errors.
    ///
    /// # Errors
    /// Those that were said.
    pub fn check(&self) -> Result<()> {
        ensure!(self.errors.is_empty(), "{}", self.errors.join("\n"));
        Ok(())
    }
}

fn place(path: &wire::AttributePath) -> String {
    use wire::attribute_path::step::Selector;
    let mut text = String::new();
    for step in &path.steps {
        match &step.selector {
            Some(Selector::AttributeName(name)) if text.is_empty() => text.push_str(name),
            Some(Selector::AttributeName(name)) => text.push_str(&format!(".{name}")),
            Some(Selector::ElementKeyString(key)) => text.push_str(&format!("[{key:?}]")),
            Some(Selector::ElementKeyInt(at)) => text.push_str(&format!("[{at}]")),
            None => {}
        }
    }
    text.push_str(": ");
    text
}

impl Provider {
    /// Starts a provider and asks for its schemas.
    ///
    /// # Errors
    /// Where it does not start, or breaks the protocol.
    pub async fn start(start: &Start) -> Result<Self> {
        let folder = tempfile::tempdir().context("failed to make a folder for the socket")?;
        let mut process = Command::new(&start.program)
            .env_clear()
            .envs(&start.environment)
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6")
            .env("PLUGIN_UNIX_SOCKET_DIR", folder.path())
            .env("TF_DISABLE_PLUGIN_TLS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start {}", start.program.display()))?;
        let log = process.stderr.take().context("the provider has no log")?;
        let reader = Arc::clone(&start.log.readers).read_owned().await;
        let id = process.id().unwrap_or_default();
        tokio::spawn(keep(log, start.log.clone(), id, reader));
        let printed = process.stdout.take().context("the provider prints nothing")?;
        let mut lines = BufReader::new(printed).lines();
        let line =
            timeout(PATIENCE, lines.next_line()).await.context("the provider is silent")??;
        let line = line.with_context(|| format!("the provider ended: {}", start.log.take()))?;
        let parts: Vec<&str> = line.split('|').collect();
        let ["1", "6", "unix", socket, "grpc", ..] = parts[..] else {
            bail!("the provider says {line:?}");
        };
        let channel = connect(Path::new(socket)).await?;
        let mut client = ProviderClient::new(channel)
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        let schema = client.get_provider_schema(wire::get_provider_schema::Request {}).await?;
        let schema = schema.into_inner();
        Said::read(&schema.diagnostics).check()?;
        let identities = client
            .get_resource_identity_schemas(wire::get_resource_identity_schemas::Request {})
            .await?
            .into_inner();
        let schemas = Arc::new(Schemas::read(&schema, &identities)?);
        Ok(Self { schemas, client, _process: process, _folder: folder })
    }

    /// The provider's service.
    pub fn client(&self) -> ProviderClient<Channel> {
        self.client.clone()
    }

    /// Hands the provider its configuration.
    ///
    /// # Errors
    /// What it says against that.
    pub async fn configure(&self, config: &Value) -> Result<Said> {
        let request = wire::configure_provider::Request {
            terraform_version: "1.12.0".to_owned(),
            config: Some(message(config, &self.schemas.provider.kind())?),
            client_capabilities: None,
        };
        let answer = self.client().configure_provider(request).await?.into_inner();
        let said = Said::read(&answer.diagnostics);
        said.check().context("failed to configure the provider")?;
        Ok(said)
    }
}

/// A value as a message.
///
/// # Errors
/// Where it is not of the type.
pub fn message(value: &Value, kind: &Type) -> Result<wire::DynamicValue> {
    Ok(wire::DynamicValue { msgpack: msgpack::encode(value, kind)?, json: Vec::new() })
}

/// The value of a message; null where there is none.
///
/// # Errors
/// Where it is not of the type.
pub fn value(message: Option<&wire::DynamicValue>, kind: &Type) -> Result<Value> {
    match message {
        None => Ok(Value::Null),
        Some(message) => Ok(msgpack::decode(&message.msgpack, kind)?),
    }
}

async fn keep(
    written: impl AsyncRead + Unpin,
    log: Log,
    process: u32,
    _reader: OwnedRwLockReadGuard<()>,
) {
    let mut lines = BufReader::new(written).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        log.add(&line, process);
    }
}

async fn connect(socket: &Path) -> Result<Channel> {
    let socket = socket.to_path_buf();
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost").connect_with_connector(connector).await;
    channel.context("failed to connect to the provider")
}

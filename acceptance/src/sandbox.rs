//! The sandbox: everything that acceptance tests and the demo talk to, on this machine.
//!
//! A [`gateway`] speaks for every AWS endpoint at one URL. It keeps accounts apart, records every call, injects faults
//! and has each service answered by LocalStack, by moto or by a [`backend`] of our own, as [`routing`] says. A test
//! starts a [`Sandbox`] in its own process; `travel-sandbox up` starts one in the background.

pub mod accounts;
pub mod backend;
pub mod call;
pub mod children;
pub mod client;
pub mod clock;
pub mod control;
pub mod daemon;
mod ec2;
pub mod emulator;
pub mod fakes;
pub mod faults;
pub mod form;
pub mod gate;
pub mod gateway;
pub mod handle;
mod iam;
pub mod intake;
mod kms;
pub mod lag;
mod listen;
pub mod model;
mod organizations;
pub mod peer;
pub mod process;
pub mod quotas;
pub mod recent;
pub mod record;
pub mod routing;
mod s3;
pub mod settings;
pub mod signature;
mod socket_table;
mod ssm;
mod sso;
pub mod sts;
mod tagging;
pub mod trouble;
pub mod trust;
pub mod wire;
pub mod world;
pub mod xml;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use accounts::Accounts;
use children::Children;
use faults::Faults;
use gate::Gate;
use handle::{Connection, FILE, Handle};
use process::Process;
use record::Record;
use world::World;

/// The file that marks a folder as a sandbox's own.
pub const MARK: &str = ".travel-sandbox";

/// The file in a sandbox's folder in which one in the background says what it does.
pub const LOG: &str = "daemon.log";

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of all its files, removed at the end; a new one where none is given. An existing folder must be
    /// empty.
    pub folder: Option<PathBuf>,
    /// The folder of installed third-party tools.
    pub tools: PathBuf,
    /// The default region.
    pub region: String,
    /// The twelve digits of the management account.
    pub management_account: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            folder: None,
            tools: tools_folder(),
            region: "eu-central-1".to_owned(),
            management_account: "111122223333".to_owned(),
        }
    }
}

/// The folder of installed third-party tools: `TRAVEL_TOOLS_DIR`, else `.tools` of this repository.
pub fn tools_folder() -> PathBuf {
    std::env::var_os("TRAVEL_TOOLS_DIR").map_or_else(|| repository().join(".tools"), PathBuf::from)
}

/// The root of this repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// What of the tools the sandbox lacks, as a sentence that says what to do; `None` where nothing is missing.
pub fn missing_tools(tools: &Path) -> Option<String> {
    let kinds = [emulator::Kind::LocalStack, emulator::Kind::Moto];
    let missing = kinds.into_iter().find(|kind| !kind.python(tools).exists())?;
    let (name, path) = (missing.name(), missing.python(tools));
    Some(format!("{name} is not installed ({} is missing): run `make tools`", path.display()))
}

/// Whether a test that needs a sandbox is left out, since this machine lacks its tools; says so where it is.
pub fn left_out() -> bool {
    let missing = missing_tools(&tools_folder());
    if let Some(missing) = &missing {
        eprintln!("left out: {missing}");
    }
    missing.is_some()
}

/// A sandbox of this process. It ends, and nothing is left of it, when this is dropped or the process ends.
#[derive(Debug)]
pub struct Sandbox {
    handle: Handle,
    world: Arc<World>,
    // Dropped, and so ended, with the sandbox.
    _servers: JoinSet<std::convert::Infallible>,
}

impl Sandbox {
    /// Starts a sandbox and returns when all of it answers.
    ///
    /// # Errors
    /// When the folder is not empty, the tools are missing, or something does not start.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let sandbox = Self::open(options).await?;
        sandbox.ready().await?;
        Ok(sandbox)
    }

    /// Opens the gateway and the control API and starts the emulators; calls that come before they are ready wait.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub async fn open(options: Options) -> anyhow::Result<Self> {
        if let Some(missing) = missing_tools(&options.tools) {
            bail!(missing);
        }
        let sandbox = Self::bare(options).await?;
        for emulator in [&sandbox.world.localstack, &sandbox.world.moto] {
            let (emulator, world) = (Arc::clone(emulator), Arc::clone(&sandbox.world));
            tokio::spawn(async move {
                let started = emulator.start(&world.children, &world.tools, world.port).await;
                if let Err(error) = started {
                    tracing::error!("{error:#}");
                }
            });
        }
        Ok(sandbox)
    }

    /// Opens the gateway and the control API alone. Backends of our own answer; calls that need an emulator wait.
    ///
    /// # Errors
    /// When the folder is not empty.
    pub async fn bare(options: Options) -> anyhow::Result<Self> {
        let folder = make_folder(options.folder)?;
        let children = Children::new(&folder)?;
        let record = Record::new(&folder.join("calls.jsonl"))
            .with_context(|| format!("failed to make the call record in {}", folder.display()))?;
        let gate = Gate { faults: Faults::default(), record };
        let (gateway, control) =
            (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let accounts = Accounts::new(&options.management_account);
        let key = accounts.issue_key(&options.management_account, "sandbox");
        let (port, control_port) = (gateway.local_addr()?.port(), control.local_addr()?.port());
        let world =
            World::new(port, control_port, options.region, options.tools, accounts, gate, children);
        let world = Arc::new(world);
        let connection = Connection {
            endpoint: world.endpoint(),
            control: format!("http://127.0.0.1:{control_port}"),
            region: world.region.clone(),
            management_account: options.management_account,
            access_key_id: key.access_key_id,
            secret_access_key: key.secret_access_key,
            folder,
            process: Process::current().context("failed to read /proc: the sandbox needs Linux")?,
        };
        write_connection(&connection)?;
        let mut servers = JoinSet::new();
        servers.spawn(gateway::serve(gateway, Arc::clone(&world)));
        servers.spawn(control::serve(control, Arc::clone(&world)));
        Ok(Self { handle: Handle::new(connection), world, _servers: servers })
    }

    /// Waits until all of it answers.
    ///
    /// # Errors
    /// When an emulator does not start.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let wait = async |emulator: &emulator::Emulator| {
            let port = emulator.ready().await?;
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!("{} is at 127.0.0.1:{port} ({seconds:.1} s)", emulator.name());
            anyhow::Ok(())
        };
        tokio::try_join!(wait(&self.world.localstack), wait(&self.world.moto))?;
        Ok(())
    }

    /// The sandbox from inside, for what the control API does not offer.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Ends when somebody asks for the end through the control API.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.world.shutdown
    }
}

impl Deref for Sandbox {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Tasks of calls under way may hold the world for a while yet; the processes end now.
        self.world.children.end_all();
    }
}

/// Makes the folder of a sandbox, which it may remove in the end.
fn make_folder(folder: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match folder {
        Some(folder) if folder.join(MARK).exists() && !folder.join(FILE).exists() => Ok(folder),
        Some(folder) => claim(&folder),
        None => {
            let made = tempfile::Builder::new().prefix("travel-sandbox-").tempdir();
            Ok(made.context("failed to make the sandbox's folder")?.keep())
        }
    }
}

/// Makes a folder a sandbox's own, and returns its full path.
///
/// # Errors
/// When it cannot be made, or holds anything.
pub fn claim(folder: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    if std::fs::read_dir(&folder)?.next().is_some() {
        bail!(
            "the folder {} is not empty: a sandbox removes its folder in the end, so give it one of its own",
            folder.display()
        );
    }
    std::fs::write(
        folder.join(MARK),
        "This folder is a sandbox's, which removes it in the end.\n",
    )?;
    Ok(folder)
}

/// Writes where the sandbox is, readable only to its owner.
fn write_connection(connection: &Connection) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = connection.folder.join(FILE);
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(serde_json::to_string_pretty(connection)?.as_bytes())?;
    Ok(())
}

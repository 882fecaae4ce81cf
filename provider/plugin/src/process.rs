//! The life of the plugin's process: how it is started, what ends it, and how it ends.

use std::env;
use std::io::{self, Write};
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tracing::level_filters::LevelFilter;
use tracing::{debug, info, warn};
use travel_framework::server::Server;
use travel_proto::health::health_server::HealthServer;
use travel_proto::plugin::grpc_broker_server::GrpcBrokerServer;
use travel_proto::plugin::grpc_controller_server::GrpcControllerServer;
use travel_proto::plugin::grpc_stdio_server::GrpcStdioServer;
use travel_proto::tfplugin6::provider_server::ProviderServer;

use crate::PluginInfo;
use crate::connection::accept;
use crate::controller::Controller;
use crate::handshake::{Answer, Invitation, PROTOCOL_VERSION};
use crate::listener::{ListenError, Listener};
use crate::service::ProviderService;
use crate::tls::{MutualTls, TlsError};
use crate::{guard, log};

/// The most bytes of a message either way. A large state is one message.
const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How many bytes may be under way on a stream before the other side has read them.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// How long connections may take to close at the end. The caller kills after two seconds.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long requests under way may take to keep what they have made, when a signal ends the
/// process.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How often to see whether the caller still lives.
const CALLER_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The most threads that serve requests; nearly all they do is wait for services.
const THREADS_MAX: usize = 4;

/// The size of a thread's stack: nested values and templates recurse.
const THREAD_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Why the plugin could not serve.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// There is no socket to listen on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Mutual TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system refused something the process needs.
    #[error("failed to {action}")]
    System {
        /// What it refused.
        action: &'static str,
        /// What it says.
        #[source]
        source: io::Error,
    },
    /// The protocol cannot be described to those who ask.
    #[error("failed to set up reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The connections could not be served.
    #[error("failed to serve connections")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves a provider to the Terraform or OpenTofu that started this process, and returns when
/// that tells it to end. What keeps it from serving is told on standard error.
///
/// With `--debug` it waits for one that is pointed at it by `TF_REATTACH_PROVIDERS` instead, until
/// it is interrupted. Started by hand, it says what it is.
pub fn serve(server: impl Server, info: PluginInfo) -> ExitCode {
    match start(server, info) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("failed to serve the {} provider: {}", info.name, log::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(server: impl Server, info: PluginInfo) -> Result<ExitCode, ServeError> {
    let caller = parent_id();
    let invitation = Invitation::read(variable);
    let mode = match env::args().nth(1).as_deref() {
        Some("--debug" | "-debug") => Mode::Debug,
        Some("--version" | "-version") => {
            print(&format!("{} v{}", info.source, info.version))?;
            return Ok(ExitCode::SUCCESS);
        }
        _ if invitation.invited => Mode::Plugin { caller },
        _ => {
            explain(&info);
            return Ok(ExitCode::FAILURE);
        }
    };

    let unasked = if mode == Mode::Debug { LevelFilter::INFO } else { LevelFilter::OFF };
    log::install(log::level(info.name, variable).unwrap_or(unasked));
    guard::install_panic_hook();
    if !invitation.speaks_our_protocol() {
        warn!(asked = ?invitation.protocol_versions, "the caller does not speak protocol 6");
    }

    let threads = available_parallelism().map_or(THREADS_MAX, usize::from).min(THREADS_MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_stack_size(THREAD_STACK_BYTES)
        .enable_all()
        .build()
        .map_err(system("start threads"))?;
    let served = runtime.block_on(run(server, info, mode, &invitation));
    // Work that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    served.map(|()| ExitCode::SUCCESS)
}

/// How the process was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// By a Terraform, for itself.
    Plugin {
        /// The process number of that Terraform.
        caller: u32,
    },
    /// By a person, for any Terraform that is pointed at it.
    Debug,
}

async fn run(
    server: impl Server,
    info: PluginInfo,
    mode: Mode,
    invitation: &Invitation,
) -> Result<(), ServeError> {
    let folder = invitation.socket_folder.as_deref();
    let listener = Listener::bind(folder, invitation.socket_group.as_deref())?;
    let certificate = invitation.client_certificate.as_deref().filter(|_| mode != Mode::Debug);
    let tls = certificate.map(MutualTls::with_client).transpose()?;
    let line = match mode {
        Mode::Plugin { .. } => Answer {
            socket: listener.path(),
            certificate: tls.as_ref().map(|tls| &tls.certificate),
            tells_multiplexing: invitation.asks_multiplexing,
        }
        .to_string(),
        Mode::Debug => reattachment(&info, listener.path()),
    };
    // The socket's file goes when this function returns, however it does.
    let (socket, _path) = listener.into_async().map_err(system("watch the socket"))?;

    let server = Arc::new(server);
    let shutdown = CancellationToken::new();
    let mut signals = Signals::watch(mode).map_err(system("watch for signals"))?;
    let connections = accept(socket, tls.map(|tls| TlsAcceptor::from(tls.config)));
    let routes = routes(Arc::clone(&server), info, mode, &shutdown)?;
    print(&line)?;
    info!(version = info.version, "serving");

    let serving = tonic::transport::Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .add_routes(routes)
        .serve_with_incoming_shutdown(connections, shutdown.clone().cancelled_owned());
    let ended = async {
        let grace = tokio::select! {
            () = shutdown.cancelled() => CLOSE_TIMEOUT,
            () = caller_gone(mode) => CLOSE_TIMEOUT,
            () = signals.told_to_end() => {
                server.stop();
                STOP_TIMEOUT
            }
        };
        shutdown.cancel();
        tokio::select! {
            () = tokio::time::sleep(grace) => {}
            () = signals.told_to_end() => {}
        }
    };
    tokio::select! {
        served = serving => served?,
        () = ended => warn!("ending with connections still open"),
    }
    debug!("ended");
    Ok(())
}

fn routes<S: Server>(
    server: Arc<S>,
    info: PluginInfo,
    mode: Mode,
    shutdown: &CancellationToken,
) -> Result<Routes, ServeError> {
    let controller = Controller::new(shutdown.clone());
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(
            ProviderServer::new(ProviderService::new(server, info))
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(GrpcControllerServer::new(controller.clone()))
        .add_service(GrpcStdioServer::new(controller.clone()))
        .add_service(GrpcBrokerServer::new(controller.clone()))
        .add_service(HealthServer::new(controller));
    // Reflection is for people with a gRPC client, whom mutual TLS would not let in.
    if mode == Mode::Debug {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(travel_proto::DESCRIPTORS);
        routes.add_service(reflection.build_v1()?);
    }
    Ok(routes.routes())
}

/// The signals that may end the process.
struct Signals {
    mode: Mode,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals over: from now on they do not kill the process by themselves.
    fn watch(mode: Mode) -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { mode, interrupt, terminate })
    }

    /// Returns when a signal asks the process to end. An interrupt that a person sends to
    /// Terraform reaches its plugins as well, but those must live to finish: Terraform then asks
    /// them to stop.
    async fn told_to_end(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => match self.mode {
                    Mode::Debug => return,
                    Mode::Plugin { .. } => debug!("an interrupt is ignored: the caller says when to stop"),
                },
                _ = self.terminate.recv() => return,
            }
        }
    }
}

/// Returns when the Terraform that started this process has died: nobody will ask for anything any
/// more, nor tell this process to end. A process started by hand has none.
async fn caller_gone(mode: Mode) {
    let Mode::Plugin { caller } = mode else { return std::future::pending().await };
    while parent_id() == caller {
        tokio::time::sleep(CALLER_CHECK_INTERVAL).await;
    }
    warn!("the caller is gone");
}

/// What to set so that a Terraform uses this process.
fn reattachment(info: &PluginInfo, socket: &str) -> String {
    let attachment = json!({
        info.source: {
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL_VERSION,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": "unix", "String": socket },
        }
    });
    format!(
        "{name} v{version} waits for a Terraform. In another terminal, set\n\n\
         \tTF_REATTACH_PROVIDERS='{attachment}'\n\n\
         and run Terraform there. An interrupt ends the provider.",
        name = info.name,
        version = info.version,
    )
}

/// What a person who starts the provider by hand should know.
fn explain(info: &PluginInfo) {
    let PluginInfo { name, source, version } = info;
    eprintln!(
        "This program is the {name} provider, version {version}, for Terraform and OpenTofu. They \
         start it\nthemselves where a configuration names it:\n\n\
         \tterraform {{\n\
         \t  required_providers {{\n\
         \t    {name} = {{ source = \"{source}\" }}\n\
         \t  }}\n\
         \t}}\n\n\
         With --debug it waits for a Terraform in another terminal, with --version it prints its \
         version."
    );
}

fn print(line: &str) -> Result<(), ServeError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(system("tell the caller where the plugin listens"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn system(action: &'static str) -> impl FnOnce(io::Error) -> ServeError {
    move |source| ServeError::System { action, source }
}

//! The command `travel-sandbox`: starts, shows and ends a sandbox in the background.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use travel_acceptance::sandbox::daemon;
use travel_acceptance::sandbox::handle::Handle;
use travel_acceptance::sandbox::record::Query;

/// AWS accounts and Kubernetes clusters on this machine, for tests and the demo.
#[derive(Debug, Parser)]
#[command(name = "travel-sandbox", version)]
struct Arguments {
    /// The folder of the sandbox's files; .sandbox in the repository where none is named.
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start it, wait until it answers, and print the environment in which AWS programs work in it.
    Up,
    /// End it and remove everything it has made.
    Down,
    /// Show how far it is, its processes and accounts.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the environment in which AWS programs work in it, for a shell's eval.
    Env,
    /// Print the number of AWS calls by unit.
    Calls {
        /// Only calls after the one of this number.
        #[arg(long, default_value_t = 0)]
        since: u64,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run it in this process; what `up` starts.
    #[command(hide = true)]
    Daemon,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("TRAVEL_SANDBOX_LOG");
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("warn,travel_acceptance=info")))
        .with_writer(std::io::stderr)
        .init();
    let folder = arguments.folder.unwrap_or_else(daemon::default_folder);
    let running = || -> anyhow::Result<Option<Handle>> {
        let running = Handle::attach(&folder)?;
        if running.is_none() {
            eprintln!("sandbox: not up: start it with `travel-sandbox up`");
        }
        Ok(running)
    };
    match arguments.command {
        Command::Up => print_environment(&daemon::up(&folder).await?),
        Command::Down => {
            let was_there = daemon::down(&folder).await?;
            eprintln!("sandbox: {}", if was_there { "ended" } else { "not up" });
        }
        Command::Daemon => daemon::run(&folder).await?,
        Command::Env => match running()? {
            Some(running) => print_environment(&running),
            None => return Ok(ExitCode::FAILURE),
        },
        Command::Status { json } => match running()? {
            Some(running) => print_status(&running, json).await?,
            None => return Ok(ExitCode::FAILURE),
        },
        Command::Calls { since, json } => match running()? {
            Some(running) => print_calls(&running, since, json).await?,
            None => return Ok(ExitCode::FAILURE),
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn print_environment(running: &Handle) {
    for (name, value) in running.environment() {
        println!("export {name}='{value}'");
    }
}

async fn print_status(running: &Handle, json: bool) -> anyhow::Result<()> {
    let status = running.status().await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&status)?);
        return Ok(());
    }
    let text = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let seconds = status["up_seconds"].as_f64().unwrap_or_default();
    println!("gateway     {}  up {seconds:.0} s, {} calls", running.endpoint(), status["calls"]);
    println!("control     {}", running.connection().control);
    println!("folder      {}", running.connection().folder.display());
    for (name, emulator) in status["emulators"].as_object().into_iter().flatten() {
        println!("{name:<11} {} {}", text(&emulator["state"]), text(&emulator["detail"]));
    }
    for process in status["processes"].as_array().into_iter().flatten() {
        let megabytes = process["resident_bytes"].as_u64().unwrap_or_default() / 1_000_000;
        let (name, pid) = (text(&process["name"]), &process["process_id"]);
        println!("process     {pid:<8} {name:<24} {megabytes} MB");
    }
    for account in status["accounts"].as_array().into_iter().flatten() {
        let closed = if account["open"] == true { "" } else { " (closed)" };
        println!("account     {} {}{closed}", text(&account["id"]), text(&account["name"]));
    }
    Ok(())
}

async fn print_calls(running: &Handle, since: u64, json: bool) -> anyhow::Result<()> {
    let counts = running.counts(&Query { since, ..Query::default() }).await?;
    if json {
        println!("{}", serde_json::to_string(&counts)?);
        return Ok(());
    }
    for (unit, count) in counts {
        println!("{count:>8} {unit}");
    }
    Ok(())
}

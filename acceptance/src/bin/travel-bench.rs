//! The command `travel-bench`: what the provider weighs and takes, beside a Terraform that has no provider at all.
//!
//! Figures of one machine mean little on another, so each stands beside a peer on the same machine, or counts what does
//! not vary: bytes, API calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use travel_acceptance::live::Live;
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::{self, Options, Sandbox, repository};
use travel_acceptance::terraform::{Core, Workspace};

const NAMESPACE: &str = "registry.terraform.io/travelsources";
const PLAIN: &str = "terraform {}\n";
const REATTACH: &str = "TF_REATTACH_PROVIDERS=";

/// What the provider weighs and takes.
#[derive(Debug, Parser)]
#[command(name = "travel-bench", version)]
struct Arguments {
    /// The provider that is measured, as it is released.
    #[arg(long)]
    provider: PathBuf,
    /// The CLI configuration that leads to it.
    #[arg(long)]
    configuration: PathBuf,
    /// A provider of nothing, built the same way: what any plugin costs.
    #[arg(long)]
    nothing: PathBuf,
    /// What plans and applies.
    #[arg(long, default_value = "terraform")]
    core: Core,
    /// How often each start is timed.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Leave out what needs the sandbox: the empty plan.
    #[arg(long)]
    without_plan: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let core = arguments.core;
    let size = std::fs::metadata(&arguments.provider)
        .with_context(|| format!("failed to look at {}", arguments.provider.display()))?
        .len();
    println!("{:<44} {:>10.1} MB", "binary", megabytes(size));
    schema(&arguments, core).await?;
    println!(
        "{:<44} {:>10.1} MB",
        "resident memory at most, schema",
        megabytes(memory(&arguments, core).await?)
    );
    if !arguments.without_plan {
        empty_plan(&arguments, core).await?;
    }
    Ok(())
}

/// Times `providers schema` with the provider, with one of nothing, and without any, in turns, so that all see the
/// same machine.
async fn schema(arguments: &Arguments, core: Core) -> Result<()> {
    let mirror = tempfile::tempdir().context("failed to make a folder")?;
    let alone = workspace(arguments, core, PLAIN)?;
    let mut nothing = workspace(arguments, core, &requirement("fake"))?;
    nothing.set("TF_CLI_CONFIG_FILE", text(&publish_nothing(arguments, mirror.path())?)?);
    let provider = workspace(arguments, core, &requirement("travel"))?;
    let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
    let workspaces = [alone, nothing, provider];
    for workspace in &workspaces {
        workspace.init().await?;
    }
    for _ in 0..arguments.rounds.max(1) {
        for (workspace, seconds) in workspaces.iter().zip(&mut seconds) {
            seconds.push(timed(workspace).await?);
        }
    }
    let [alone, nothing, provider] = seconds.map(|mut seconds| median(&mut seconds));
    let program = core.program();
    println!("{:<44} {alone:>10.3} s", format!("schema, {program} alone"));
    for (what, seconds) in [("a provider of nothing", nothing), ("the provider", provider)] {
        println!(
            "{:<44} {seconds:>10.3} s   {:.2} times, {:+.3} s",
            format!("schema, {program} with {what}"),
            seconds / alone,
            seconds - alone
        );
    }
    Ok(())
}

/// Puts the provider of nothing into a mirror, and gives the CLI configuration that leads there.
fn publish_nothing(arguments: &Arguments, folder: &Path) -> Result<PathBuf> {
    use std::env::consts::{ARCH, OS};
    let machine = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mirror = folder.join("mirror");
    let place = mirror.join(format!("{NAMESPACE}/fake/1.0.0/{OS}_{machine}"));
    std::fs::create_dir_all(&place).context("failed to make a mirror")?;
    std::fs::copy(&arguments.nothing, place.join("terraform-provider-fake_v1.0.0"))
        .with_context(|| format!("failed to copy {}", arguments.nothing.display()))?;
    let configuration = folder.join("terraform.rc");
    let words = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        text(&mirror)?
    );
    std::fs::write(&configuration, words).context("failed to write a CLI configuration")?;
    Ok(configuration)
}

async fn timed(workspace: &Workspace) -> Result<f64> {
    let began = Instant::now();
    workspace.run(&["providers", "schema", "-json"]).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// The most memory that the provider ever held while it served its schema, in bytes. It is attached to, as in a
/// debugger, so that it is still there to be asked.
async fn memory(arguments: &Arguments, core: Core) -> Result<u64> {
    let mut provider = Command::new(&arguments.provider)
        .arg("--debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("failed to start the provider")?;
    let attachment = attachment(&mut provider).await?;
    let mut workspace = workspace(arguments, core, &requirement("travel"))?;
    workspace.init().await?;
    workspace.set("TF_REATTACH_PROVIDERS", attachment);
    workspace.run(&["providers", "schema", "-json"]).await?;
    let id = provider.id().context("the provider has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))
        .context("failed to read how much memory the provider holds")?;
    peak(&status).context("the system does not say how much memory the provider held")
}

async fn attachment(provider: &mut Child) -> Result<String> {
    let output = provider.stdout.take().context("the provider has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(value) = line.trim().strip_prefix(REATTACH) {
            return Ok(value.trim_matches('\'').to_owned());
        }
    }
    bail!("the provider ended before it said how to attach to it")
}

/// Raises the organization and dev, and plans dev again.
async fn empty_plan(arguments: &Arguments, core: Core) -> Result<()> {
    if let Some(missing) = sandbox::missing_tools(&sandbox::tools_folder()) {
        bail!("{missing}");
    }
    let sandbox = Sandbox::start(Options::default()).await?;
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let mut environment: BTreeMap<String, String> = sandbox.environment().into_iter().collect();
    environment.insert("TF_CLI_CONFIG_FILE".to_owned(), text(&arguments.configuration)?);
    let live = Live::new(&repository(), folder.path(), core, environment)?;
    eprintln!("bench: applying organization and dev");
    let command = ["apply", "-input=false"];
    let applied = live.run_all("apply", &["organization", "dev"], &command, |_| {}).await?;
    if let Some(trouble) = applied.trouble() {
        bail!("the apply {trouble}");
    }
    eprintln!("bench: planning dev");
    let since = sandbox.last_call().await?;
    let (planned, plans) = live.plan_all("plan", &["dev"], |_| {}).await?;
    if let Some(trouble) = planned.trouble() {
        bail!("the plan {trouble}");
    }
    for (unit, plan) in &plans {
        ensure!(plan.is_empty(), "the plan of {unit} is not empty: {:?}", plan.lines());
    }
    let query = Query { since, ..Query::default() };
    let calls: u64 = sandbox.counts(&query).await?.values().sum();
    let resources: usize = plans.values().map(|plan| plan.resources).sum();
    println!(
        "{:<44} {:>10.1} s   {calls} API calls, {resources} resources in {} units",
        "empty plan of live/dev",
        planned.seconds,
        plans.len()
    );
    Ok(())
}

fn workspace(arguments: &Arguments, core: Core, configuration: &str) -> Result<Workspace> {
    let mut workspace = Workspace::new(core, [])?;
    workspace.set("TF_CLI_CONFIG_FILE", text(&arguments.configuration)?);
    workspace.write("main.tf", configuration)?;
    Ok(workspace)
}

fn requirement(name: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    {name} = {{ source = \"{NAMESPACE}/{name}\" }}\n  }}\n}}\n"
    )
}

fn text(path: &Path) -> Result<String> {
    let path = path.canonicalize().with_context(|| format!("failed to find {}", path.display()))?;
    Ok(path.to_str().context("a path that is not text")?.to_owned())
}

/// The high-water mark in the text of /proc/PID/status, in bytes.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "for people, to a tenth of a megabyte")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_high_water_mark() {
        assert_eq!(peak("VmPeak:\t 9 kB\nVmHWM:\t   24120 kB\nVmRSS:\t 1 kB\n"), Some(24_698_880));
        assert_eq!(peak("VmRSS:\t 1 kB\n"), None);
    }

    #[test]
    fn takes_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}

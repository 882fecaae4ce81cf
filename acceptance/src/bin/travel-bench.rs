//! The command `travel-bench`: what the provider weighs and takes, beside a Terraform that has no provider at all.
//!
//! Figures of one machine mean little on another, so each stands beside a peer on the same machine, or counts what does
//! not vary: bytes, API calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use travel_acceptance::live::Live;
use travel_acceptance::load;
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::{self, Options, Sandbox, repository};
use travel_acceptance::terraform::{Core, Workspace};

const NAMESPACE: &str = "registry.terraform.io/travelsources";
const PLAIN: &str = "terraform {}\n";
const REATTACH: &str = "TF_REATTACH_PROVIDERS=";
const REATTACH_VARIABLE: &str = "TF_REATTACH_PROVIDERS";
/// How many calls a second the service takes that throttles.
const LIMIT: f64 = 20.0;
/// In how many accounts one provider works.
const ACCOUNTS: usize = 5;

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
    /// Leave out what needs the sandbox: the plans.
    #[arg(long)]
    without_plan: bool,
    /// The page that what was measured is written to.
    #[arg(long)]
    page: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Default)]
struct Figures(Vec<[String; 3]>);

impl Figures {
    /// Takes a figure in, and says it: what it is of, the figure with its unit, and what else there is to say.
    fn add(&mut self, what: impl Into<String>, figure: String, more: impl Into<String>) {
        let (what, more) = (what.into(), more.into());
        println!("{what:<52} {figure:>12}   {more}");
        self.0.push([what, figure, more]);
    }

    /// The page with all of them.
    fn page(&self) -> String {
        let mut page = PAGE.to_owned();
        for [what, figure, more] in &self.0 {
            page.push_str(&format!("| {what} | {figure} | {more} |\n"));
        }
        page
    }
}

/// How the page begins.
const PAGE: &str = "\
# Performance

Written by `make bench`, which builds the provider as it is released and measures it beside a terraform \
without a provider and one with a provider of nothing, and in sandboxes of its own. Seconds are those of \
one machine; bytes and calls mean the same on all. Memory is the most that the provider's process was \
ever resident with. Plans are empty ones, of what was applied just before; calls are those to AWS and \
Kubernetes; those of live/dev include what reads the state, those of its units are the provider's alone.

Parameters that are read at the same time share all calls but that for their tags. Where a service \
throttles, a plan starts knowing nothing of its limit, learns it from what is refused, and keeps to it in \
all it does there.

| what | figure | more |
|---|--:|---|
";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let core = arguments.core;
    let size = std::fs::metadata(&arguments.provider)
        .with_context(|| format!("failed to look at {}", arguments.provider.display()))?
        .len();
    let mut figures = Figures::default();
    figures.add("binary", in_megabytes(size), "");
    schema(&arguments, core, &mut figures).await?;
    let serving = memory(&arguments, core).await?;
    figures.add("memory while serving the schema", in_megabytes(serving), "");
    if !arguments.without_plan {
        if let Some(missing) = sandbox::missing_tools(&sandbox::tools_folder()) {
            bail!("{missing}");
        }
        many(&arguments, core, &mut figures).await?;
        everywhere(&arguments, core, &mut figures).await?;
        empty_plan(&arguments, core, &mut figures).await?;
    }
    if let Some(page) = &arguments.page {
        std::fs::write(page, figures.page())
            .with_context(|| format!("failed to write {}", page.display()))?;
    }
    Ok(())
}

/// Times `providers schema` with the provider, with one of nothing, and without any, in turns, so that all see the
/// same machine.
async fn schema(arguments: &Arguments, core: Core, figures: &mut Figures) -> Result<()> {
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
    figures.add(format!("schema, {program} alone"), format!("{alone:.3} s"), "");
    for (what, seconds) in [("a provider of nothing", nothing), ("the provider", provider)] {
        figures.add(
            format!("schema, {program} with {what}"),
            format!("{seconds:.3} s"),
            format!("{:.2} times, {:+.3} s", seconds / alone, seconds - alone),
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

/// The most memory that the provider ever held while it served its schema, in bytes.
async fn memory(arguments: &Arguments, core: Core) -> Result<u64> {
    let provider = Attached::start(arguments, []).await?;
    let mut workspace = workspace(arguments, core, &requirement("travel"))?;
    workspace.init().await?;
    workspace.set(REATTACH_VARIABLE, &provider.attachment);
    workspace.run(&["providers", "schema", "-json"]).await?;
    provider.memory()
}

/// A provider that is attached to, as in a debugger, so that it is still there to be asked.
struct Attached {
    process: Child,
    attachment: String,
    /// Kept open: the provider may have more to say than where it is.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Attached {
    async fn start(
        arguments: &Arguments,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let mut process = Command::new(&arguments.provider)
            .arg("--debug")
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start the provider")?;
        let output = process.stdout.take().context("the provider has no output")?;
        let mut output = BufReader::new(output).lines();
        let attachment = attachment(&mut output).await?;
        Ok(Self { process, attachment, _output: output })
    }

    /// The most memory that it ever held, in bytes.
    fn memory(&self) -> Result<u64> {
        let id = self.process.id().context("the provider has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))
            .context("failed to read how much memory the provider holds")?;
        peak(&status).context("the system does not say how much memory the provider held")
    }
}

/// Plans 10, 100 and 1,000 parameters, and the last again while the service takes so many calls a second.
async fn many(arguments: &Arguments, core: Core, figures: &mut Figures) -> Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let mut workspace = Workspace::new(core, sandbox.environment())?;
    workspace.set("TF_CLI_CONFIG_FILE", text(&arguments.configuration)?);
    for count in [10, 100, 1000] {
        workspace.write("main.tf", &load::parameters(count))?;
        if count == 10 {
            workspace.init().await?;
        }
        eprintln!("bench: applying {count} parameters");
        workspace.apply(&[]).await?;
        let (plan, memory) = planned(arguments, &sandbox, &mut workspace, None).await?;
        figures.add(
            format!("plan of {count} parameters"),
            format!("{:.1} s", plan.seconds),
            format!("{} calls, {} of memory", plan.calls, in_megabytes(memory)),
        );
    }
    let (plan, memory) = planned(arguments, &sandbox, &mut workspace, Some(LIMIT)).await?;
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    let least = (plan.calls - plan.throttled) as f64 / LIMIT - 1.0;
    figures.add(
        format!("plan of 1000 parameters, {LIMIT} calls a second allowed"),
        format!("{:.1} s", plan.seconds),
        format!(
            "{} calls, {} of them throttled ({:.1} %); {:.2} times what the limit allows; {} of memory",
            plan.calls,
            plan.throttled,
            plan.share() * 100.0,
            plan.seconds / least,
            in_megabytes(memory),
        ),
    );
    Ok(())
}

/// Plans once, through a provider of its own, and gives what came of it and the memory that it took.
async fn planned(
    arguments: &Arguments,
    sandbox: &Sandbox,
    workspace: &mut Workspace,
    per_second: Option<f64>,
) -> Result<(load::Plan, u64)> {
    let provider = Attached::start(arguments, sandbox.environment()).await?;
    workspace.set(REATTACH_VARIABLE, &provider.attachment);
    let plan = load::plan_limited(sandbox, workspace, per_second).await;
    workspace.unset(REATTACH_VARIABLE);
    Ok((plan?, provider.memory()?))
}

/// Plans a parameter in every region of every account through one provider.
async fn everywhere(arguments: &Arguments, core: Core, figures: &mut Figures) -> Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let client = sandbox.client();
    client
        .json("organizations", "CreateOrganization", &json!({"FeatureSet": "ALL"}))
        .await
        .context("failed to make an organization")?;
    let mut accounts = Vec::new();
    for number in 1..=ACCOUNTS {
        let name = format!("load-{number}");
        let input = json!({"AccountName": name, "Email": format!("{name}@example.com")});
        let asked = client.json("organizations", "CreateAccount", &input).await?;
        let mut status = asked["CreateAccountStatus"].clone();
        while status["State"] == "IN_PROGRESS" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let input = json!({"CreateAccountRequestId": status["Id"]});
            let answer =
                client.json("organizations", "DescribeCreateAccountStatus", &input).await?;
            status = answer["CreateAccountStatus"].clone();
        }
        let id = status["AccountId"].as_str().context("an account was not made")?;
        accounts.push(id.to_owned());
    }
    let mut workspace = Workspace::new(core, sandbox.environment())?;
    workspace.set("TF_CLI_CONFIG_FILE", text(&arguments.configuration)?);
    workspace.write("main.tf", &load::everywhere(&accounts))?;
    workspace.init().await?;
    eprintln!("bench: applying a parameter in each region of {ACCOUNTS} accounts");
    workspace.apply(&[]).await?;
    let (plan, memory) = planned(arguments, &sandbox, &mut workspace, None).await?;
    figures.add(
        format!("plan of {ACCOUNTS} accounts with {} regions", load::REGIONS.len()),
        format!("{:.1} s", plan.seconds),
        format!("{} calls, {} of memory", plan.calls, in_megabytes(memory)),
    );
    Ok(())
}

async fn attachment(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some(value) = line.trim().strip_prefix(REATTACH) {
            return Ok(value.trim_matches('\'').to_owned());
        }
    }
    bail!("the provider ended before it said how to attach to it")
}

/// Raises the organization and dev, and plans dev again.
async fn empty_plan(arguments: &Arguments, core: Core, figures: &mut Figures) -> Result<()> {
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
    let counts = sandbox.counts(&query).await?;
    let calls: u64 = counts.values().sum();
    let resources: usize = plans.values().map(|plan| plan.resources).sum();
    figures.add(
        "plan of live/dev",
        format!("{:.1} s", planned.seconds),
        format!("{calls} calls, {resources} resources in {} units", plans.len()),
    );
    for (unit, plan) in &plans {
        let calls = counts.get(unit).copied().unwrap_or_default();
        let resources = plan.resources;
        figures.add(
            format!("plan of {unit}"),
            format!("{calls} calls"),
            format!("{resources} resources"),
        );
    }
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

fn in_megabytes(bytes: u64) -> String {
    format!("{:.1} MB", megabytes(bytes))
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

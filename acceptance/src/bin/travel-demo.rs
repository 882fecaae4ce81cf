//! The command `travel-demo`: raises the organization and one environment in a running sandbox, shows that a second
//! plan is empty, and says what it took.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use travel_acceptance::group;
use travel_acceptance::live::{Line, Live, Run, UnitPlan, shell};
use travel_acceptance::sandbox::handle::Handle;
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::{daemon, repository};
use travel_acceptance::terraform::Core;

/// The organization and one environment, raised in the sandbox.
#[derive(Debug, Parser)]
#[command(name = "travel-demo", version)]
struct Arguments {
    /// The folder of the sandbox's files; .sandbox in the repository where none is named.
    #[arg(long, global = true)]
    sandbox: Option<PathBuf>,
    /// The folder of the demo's files; .demo in the repository where none is named.
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    /// What plans and applies.
    #[arg(long, global = true, default_value = "terraform")]
    core: Core,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply, plan again, and print what it took.
    Apply {
        /// The folders of live/ whose units are applied.
        #[arg(default_values = ["organization", "dev"])]
        folders: Vec<String>,
    },
    /// Interrupt an apply that still runs, and remove the demo's files.
    Clear,
    /// Print the environment in which Terragrunt, Terraform, kubectl and AWS programs work in the sandbox, for a
    /// shell's eval.
    Env,
}

/// How long an interrupted apply may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let work = arguments.folder.clone().unwrap_or_else(|| repository().join(".demo"));
    match &arguments.command {
        Command::Apply { folders } => {
            let (sandbox, live) = open(&arguments, &work)?;
            let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
            pass_on_interrupts(work)?;
            apply(&live, &sandbox, &folders).await
        }
        Command::Env => {
            let (sandbox, live) = open(&arguments, &work)?;
            let environment = environment(&sandbox, &live).await?;
            let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
            print!("{}", shell::script(inherited, &environment));
            Ok(ExitCode::SUCCESS)
        }
        Command::Clear => {
            if group::end(&work, PATIENCE).await {
                eprintln!("demo: an apply was under way and has been interrupted");
            }
            if work.exists() {
                std::fs::remove_dir_all(&work)
                    .with_context(|| format!("failed to remove {}", work.display()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The running sandbox, and the live tree in it.
fn open(arguments: &Arguments, work: &Path) -> Result<(Handle, Live)> {
    let folder = arguments.sandbox.clone().unwrap_or_else(daemon::default_folder);
    let sandbox = Handle::attach(&folder)?.context("the sandbox is not up: `make demo`")?;
    let live = Live::new(&repository(), work, arguments.core, sandbox.environment())?;
    Ok((sandbox, live))
}

/// The environment of a shell in the demo: Terragrunt's, the clusters', and the programs of the sandbox on its path.
async fn environment(sandbox: &Handle, live: &Live) -> Result<BTreeMap<String, String>> {
    let kubeconfig = live.work().join("kubeconfig");
    let clusters = shell::kubeconfig(sandbox).await?;
    std::fs::write(&kubeconfig, clusters.to_string())
        .with_context(|| format!("failed to write {}", kubeconfig.display()))?;
    let program = std::env::current_exe().context("failed to find this program")?;
    let programs = program.parent().context("this program is in no folder")?;
    let mut environment = live.environment().clone();
    environment.insert("KUBECONFIG".to_owned(), kubeconfig.display().to_string());
    let path = environment.entry("PATH".to_owned()).or_default();
    *path = format!("{path}:{}", programs.display());
    Ok(environment)
}

/// Has Terragrunt end in an orderly way when this process is interrupted, and this process after it.
fn pass_on_interrupts(work: PathBuf) -> Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            eprintln!("demo: interrupted; waiting for the calls under way");
            if group::interrupt(&work).is_none() {
                std::process::exit(130);
            }
        }
    });
    Ok(())
}

async fn apply(live: &Live, sandbox: &Handle, folders: &[&str]) -> Result<ExitCode> {
    live.forget()?;
    let calls = Query { since: sandbox.last_call().await?, ..Query::default() };
    eprintln!("demo: applying {}", folders.join(" and "));
    let applied = live.run_all("apply", folders, &["apply", "-input=false"], progress()).await?;
    if let Some(trouble) = applied.trouble() {
        eprintln!("demo: the apply {trouble}");
        eprintln!("demo: `make demo` goes on from here, `make demo-down` takes everything away");
        return Ok(ExitCode::FAILURE);
    }
    let apply_calls = sandbox.counts(&calls).await?;

    let calls = Query { since: sandbox.last_call().await?, ..Query::default() };
    eprintln!("demo: planning again");
    let (planned, plans) = live.plan_all("plan", folders, progress()).await?;
    if let Some(trouble) = planned.trouble() {
        eprintln!("demo: the second plan {trouble}");
        return Ok(ExitCode::FAILURE);
    }
    let plan_calls: u64 = sandbox.counts(&calls).await?.values().sum();

    print!("{}", table(&applied, &plans, &apply_calls));
    let (verdict, empty) = verdict(&plans);
    println!("\n{verdict} ({:.1} s, {plan_calls} API calls)", planned.seconds);
    Ok(if empty { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the steps of a run, each with the time that has gone by.
fn progress() -> impl FnMut(&Line) {
    let began = Instant::now();
    move |line| {
        if line.is_step() || line.is_error() {
            eprintln!("{:>6.1} s  {line}", began.elapsed().as_secs_f64());
        }
    }
}

/// A line for each unit, and the sums.
fn table(
    applied: &Run,
    plans: &BTreeMap<String, UnitPlan>,
    calls: &BTreeMap<String, u64>,
) -> String {
    let row = |unit: &str, resources: &str, seconds: &str, calls: &str| {
        format!("{unit:<36} {resources:>9} {seconds:>8} {calls:>9}\n")
    };
    let mut text = format!("\n{}", row("unit", "resources", "seconds", "API calls"));
    for (name, unit) in &applied.units {
        let resources = plans.get(name).map_or(0, |plan| plan.resources);
        let calls = calls.get(name).copied().unwrap_or_default();
        let seconds = format!("{:.1}", unit.seconds);
        text.push_str(&row(name, &resources.to_string(), &seconds, &calls.to_string()));
    }
    let resources: usize = plans.values().map(|plan| plan.resources).sum();
    let calls: u64 = applied.units.keys().filter_map(|unit| calls.get(unit)).sum();
    let seconds = format!("{:.1}", applied.seconds);
    text.push_str(&row("all", &resources.to_string(), &seconds, &calls.to_string()));
    text
}

/// What the second plan says, and whether it is empty.
fn verdict(plans: &BTreeMap<String, UnitPlan>) -> (String, bool) {
    let changing: Vec<String> = plans
        .iter()
        .flat_map(|(unit, plan)| {
            plan.lines().into_iter().map(move |line| format!("{unit}: {line}"))
        })
        .collect();
    if changing.is_empty() {
        return (format!("second plan: empty, in all {} units", plans.len()), true);
    }
    (format!("second plan: NOT empty\n  {}\n", changing.join("\n  ")), false)
}

#[cfg(test)]
mod tests {
    use travel_acceptance::live::UnitRun;
    use travel_acceptance::terraform::PlanSummary;

    use super::*;

    fn plan(changes: &[(&str, &str)]) -> UnitPlan {
        let changes =
            changes.iter().map(|(address, what)| ((*address).into(), (*what).into())).collect();
        let summary = PlanSummary { changes, ..PlanSummary::default() };
        UnitPlan { resources: 3, summary, ..UnitPlan::default() }
    }

    #[test]
    fn sums_up_what_it_took() {
        let unit = |seconds| UnitRun { result: "succeeded".into(), seconds };
        let applied = Run {
            succeeded: true,
            units: [("a/b".into(), unit(1.25)), ("a/c".into(), unit(20.0))].into(),
            seconds: 21.0,
            log: "apply.log".into(),
            errors: Vec::new(),
        };
        let plans = [("a/b".into(), plan(&[])), ("a/c".into(), plan(&[]))].into();
        let calls = [("a/b".into(), 7), ("a/c".into(), 8), ("-".into(), 100)].into();
        let table = table(&applied, &plans, &calls);
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[2], ["a/b", "3", "1.2", "7"]);
        assert_eq!(rows[4], ["all", "6", "21.0", "15"]);
    }

    #[test]
    fn tells_an_empty_plan_from_others() {
        let empty = [("a/b".to_owned(), plan(&[]))].into();
        assert_eq!(verdict(&empty), ("second plan: empty, in all 1 units".to_owned(), true));
        let other = [("a/b".to_owned(), plan(&[("x.y", "update")]))].into();
        let (text, is_empty) = verdict(&other);
        assert!(!is_empty && text.contains("a/b: update x.y"), "{text}");
    }
}

//! What is applied in a cluster, planned with nothing to do, and destroyed, and what each of these takes.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::figures::median;
use crate::sandbox::Sandbox;
use crate::sandbox::process::Process;
use crate::sandbox::record::Query;
use crate::stage;
use crate::terraform::Workspace;
use crate::{cluster, sandbox};

/// The name of the cluster that everything is applied in.
pub(super) const CLUSTER: &str = "bench";
/// How often each is applied.
const ROUNDS: usize = 3;
/// How the programs of providers are called.
const PROVIDERS: &str = "terraform-provider-";
/// How often the memory of providers is looked at. What is seen is the most until then, so only what comes right
/// before a provider's end can be missed.
const LOOK: Duration = Duration::from_millis(10);

/// What one configuration takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phases {
    pub(super) apply: Phase,
    pub(super) plan: Phase,
    pub(super) destroy: Phase,
}

/// What one command takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase {
    pub(super) seconds: f64,
    /// How many calls the provider made, to AWS and to Kubernetes.
    pub(super) calls: usize,
    /// The most memory that a process of the provider ever held.
    pub(super) peak_bytes: u64,
}

/// Starts a sandbox with a cluster that answers.
pub(super) async fn stage() -> Result<Sandbox> {
    eprintln!("bench: starting a sandbox with a cluster");
    let sandbox = stage::start(Some(CLUSTER)).await?;
    let look = ["get", "nodes", "--output=name"].map(str::to_owned);
    cluster::kubectl(&sandbox.client(), CLUSTER, &look).await?;
    Ok(sandbox)
}

/// Applies, plans and destroys a configuration several times, and gives the median of each.
pub(super) async fn measure(sandbox: &Sandbox, workspace: &Workspace) -> Result<Phases> {
    workspace.init().await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let apply = run(sandbox, workspace, &["apply", "-auto-approve"]).await?;
        // It fails where there is something to do.
        let plan = run(sandbox, workspace, &["plan", "-detailed-exitcode"]).await?;
        let destroy = run(sandbox, workspace, &["destroy", "-auto-approve"]).await?;
        rounds.push([apply, plan, destroy]);
    }
    let middle = |index: usize| {
        let phases = rounds.iter().map(|round| round[index]).collect();
        median(phases, |left: &Phase, right| left.seconds.total_cmp(&right.seconds))
            .context("nothing was measured")
    };
    Ok(Phases { apply: middle(0)?, plan: middle(1)?, destroy: middle(2)? })
}

async fn run(
    sandbox: &sandbox::handle::Handle,
    workspace: &Workspace,
    command: &[&str],
) -> Result<Phase> {
    let since = sandbox.last_call().await?;
    let all = [command, &["-input=false", "-no-color"]].concat();
    let began = Instant::now();
    let child = workspace.start(&all)?;
    let core = child.id().context("the core has ended before it was seen")?;
    let mut peak_bytes = 0;
    let mut ended = pin!(child.wait_with_output());
    let output = loop {
        tokio::select! {
            output = &mut ended => break output?,
            () = tokio::time::sleep(LOOK) => peak_bytes = peak_bytes.max(peak_of_providers(core)),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "{} ended with {}\n{}\n{}",
        all.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let query = Query { since, executable: PROVIDERS.to_owned(), ..Query::default() };
    let calls = sandbox.record(&query).await?.len();
    Ok(Phase { seconds, calls, peak_bytes })
}

/// The most memory that a provider which a core has started ever held; 0 while there is none.
fn peak_of_providers(core: u32) -> u64 {
    let processes = children(core).into_iter().filter_map(Process::of);
    let providers = processes.filter(|process| process.executable.starts_with(PROVIDERS));
    providers.filter_map(|process| process.peak_bytes()).max().unwrap_or_default()
}

/// The processes that a process has started, of whichever of its threads.
fn children(process: u32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let of_thread = |thread: std::fs::DirEntry| {
        std::fs::read_to_string(thread.path().join("children")).unwrap_or_default()
    };
    let texts = threads.into_iter().flatten().flatten().map(of_thread);
    texts.flat_map(|text| numbers(&text)).collect()
}

fn numbers(text: &str) -> Vec<i32> {
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn children_are_seen_as_long_as_they_run() {
        let mut child = tokio::process::Command::new("sleep").arg("600").spawn().unwrap();
        let id = i32::try_from(child.id().unwrap()).unwrap();
        assert!(children(std::process::id()).contains(&id));
        // It is no provider.
        assert_eq!(peak_of_providers(std::process::id()), 0);
        assert!(Process::of(id).unwrap().peak_bytes().unwrap() > 0);
        child.kill().await.unwrap();
        assert!(!children(std::process::id()).contains(&id));
    }
}

//! The binary, and what its start costs beside a terraform without a provider and one with a provider of nothing.

use std::time::Instant;

use anyhow::{Context, Result};

use super::attached::Attached;
use super::figures::{Figures, in_megabytes, median};
use super::{Arguments, mirror, text, workspace};
use crate::terraform::Workspace;

const NAMESPACE: &str = "travelsources";
const PLAIN: &str = "terraform {}\n";

pub(super) async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let size = std::fs::metadata(&arguments.provider)
        .with_context(|| format!("failed to look at {}", arguments.provider.display()))?
        .len();
    figures.add("binary", in_megabytes(size), "");
    schema(arguments, figures).await?;
    let serving = memory(arguments).await?;
    figures.add("memory while serving the schema", in_megabytes(serving), "");
    Ok(())
}

/// Times `providers schema` with the provider, with one of nothing, and without any, in turns, so that all see the
/// same machine.
async fn schema(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let alone = written(arguments, PLAIN)?;
    let mut nothing = written(arguments, &mirror::requirement(NAMESPACE, "fake"))?;
    let published = mirror::publish(&arguments.nothing, NAMESPACE, "fake", folder.path())?;
    nothing.set("TF_CLI_CONFIG_FILE", text(&published)?);
    let provider = written(arguments, &mirror::requirement(NAMESPACE, "travel"))?;
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
    let [alone, nothing, provider] =
        seconds.map(|seconds| median(seconds, f64::total_cmp).unwrap_or_default());
    let program = arguments.core.program();
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

async fn timed(workspace: &Workspace) -> Result<f64> {
    let began = Instant::now();
    workspace.run(&["providers", "schema", "-json"]).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// The most memory that the provider ever held while it served its schema, in bytes.
async fn memory(arguments: &Arguments) -> Result<u64> {
    let provider = Attached::start(arguments, []).await?;
    let mut workspace = written(arguments, &mirror::requirement(NAMESPACE, "travel"))?;
    workspace.init().await?;
    provider.attach(&mut workspace);
    workspace.run(&["providers", "schema", "-json"]).await?;
    provider.memory()
}

fn written(arguments: &Arguments, configuration: &str) -> Result<Workspace> {
    let workspace = workspace(arguments, [])?;
    workspace.write("main.tf", configuration)?;
    Ok(workspace)
}

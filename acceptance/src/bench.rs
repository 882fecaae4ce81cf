//! What the provider weighs and takes, as it is released.
//!
//! Figures of one machine mean little on another, so each stands beside a peer on the same machine, or counts what does
//! not vary: bytes, API calls.

mod applying;
mod attached;
mod figures;
mod manifests;
mod meter;
mod mirror;
mod peer;
mod plans;
mod releases;
mod rendering;
mod start;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};

use crate::stage;
use crate::terraform::{Core, Workspace};
use figures::Figures;

pub use meter::{Meter, Run};

/// What the provider weighs and takes.
#[derive(Debug, Parser)]
#[command(name = "travel-bench", version)]
pub struct Arguments {
    /// The provider that is measured, as it is released.
    #[arg(long)]
    provider: PathBuf,
    /// The CLI configuration that leads to it.
    #[arg(long)]
    configuration: PathBuf,
    /// A provider of nothing, built the same way: what any plugin costs.
    #[arg(long)]
    nothing: PathBuf,
    /// The Helm engine, as the example `template`, built the same way.
    #[arg(long)]
    engine: PathBuf,
    /// The folder with the charts that are rendered; without one, none is.
    #[arg(long, requires = "helm")]
    charts: Option<PathBuf>,
    /// The real Helm, which renders them too.
    #[arg(long)]
    helm: Option<PathBuf>,
    /// The Helm provider, which makes the same releases; without it stands what was measured elsewhere.
    #[arg(long)]
    helm_provider: Option<PathBuf>,
    /// The Kubernetes provider, which makes the same objects; without it stands what was measured elsewhere.
    #[arg(long)]
    kubernetes_provider: Option<PathBuf>,
    /// What plans and applies.
    #[arg(long, default_value = "terraform")]
    core: Core,
    /// How often each start is timed.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Measure only this; the page is not written then.
    #[arg(long, value_enum)]
    only: Vec<Subject>,
    /// The page that what was measured is written to.
    #[arg(long)]
    page: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The binary, and what its start costs.
    Start,
    /// Charts, rendered.
    Rendering,
    /// Releases of charts.
    Releases,
    /// Manifests.
    Manifests,
    /// Empty plans.
    Plans,
}

/// Measures, and says what is measured as soon as it is.
///
/// # Errors
/// Where something cannot be measured.
pub async fn run(arguments: &Arguments) -> Result<()> {
    let mut figures = Figures::default();
    for subject in Subject::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(subject) {
            continue;
        }
        match subject {
            Subject::Start => start::measure(arguments, &mut figures).await?,
            Subject::Rendering => rendering::measure(arguments, &mut figures).await?,
            Subject::Releases => releases::measure(arguments, &mut figures).await?,
            Subject::Manifests => manifests::measure(arguments, &mut figures).await?,
            Subject::Plans => plans::measure(arguments, &mut figures).await?,
        }
    }
    match &arguments.page {
        Some(page) if arguments.only.is_empty() => figures.write(page),
        _ => Ok(()),
    }
}

/// Fails where this machine lacks something for a sandbox, with a cluster of this name or without one.
fn check_tools(cluster: Option<&str>) -> Result<()> {
    match stage::missing(cluster) {
        Some(missing) => bail!("{missing}"),
        None => Ok(()),
    }
}

/// A folder whose commands find the provider that is measured.
fn workspace(
    arguments: &Arguments,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Workspace> {
    let mut workspace = Workspace::new(arguments.core, environment)?;
    workspace.set("TF_CLI_CONFIG_FILE", text(&arguments.configuration)?);
    Ok(workspace)
}

/// The full path of what is there.
fn text(path: &Path) -> Result<String> {
    let path = path.canonicalize().with_context(|| format!("failed to find {}", path.display()))?;
    Ok(path.to_str().context("a path that is not text")?.to_owned())
}

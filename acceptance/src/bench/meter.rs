//! Programs that are run to their end, each under a process of its own that tells what it took.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

/// The program `travel-meter`.
#[derive(Debug, Clone)]
pub struct Meter(PathBuf);

/// What one run of a program took.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Run {
    /// Whether it said that it succeeded.
    pub succeeded: bool,
    /// From its start to its end.
    pub seconds: f64,
    /// The most memory that it was ever resident with.
    pub peak_bytes: u64,
}

impl Meter {
    /// The meter at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The meter that was built together with this program.
    pub(super) fn beside_this() -> Result<Self> {
        let this = std::env::current_exe().context("failed to find this program")?;
        Ok(Self(this.with_file_name("travel-meter")))
    }

    /// Runs a program once, with this in its environment, and nobody reads what it prints.
    ///
    /// # Errors
    /// Where it cannot be run.
    pub async fn run(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        environment: impl IntoIterator<Item = (&str, &Path)>,
    ) -> Result<Run> {
        let output = Command::new(&self.0)
            .arg(program)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("failed to start {}", self.0.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "failed to measure {}: {said}", program.display());
        serde_json::from_slice(&output.stdout).context("failed to read what was measured")
    }
}

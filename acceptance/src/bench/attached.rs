//! A provider that is attached to, as in a debugger, so that it is still there to be asked what it holds.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Arguments;
use crate::sandbox::process::Process;
use crate::terraform::Workspace;

const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// A provider that runs.
pub(super) struct Attached {
    process: Child,
    attachment: String,
    /// Kept open: the provider may have more to say than where it is.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Attached {
    pub(super) async fn start(
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

    /// Has the commands of a workspace use it.
    pub(super) fn attach(&self, workspace: &mut Workspace) {
        workspace.set(VARIABLE, &self.attachment);
    }

    /// Has the commands of a workspace start their own again.
    pub(super) fn detach(workspace: &mut Workspace) {
        workspace.unset(VARIABLE);
    }

    /// The most memory that it ever held, in bytes.
    pub(super) fn memory(&self) -> Result<u64> {
        let id = self.process.id().context("the provider has ended")?;
        let process = i32::try_from(id).ok().and_then(Process::of);
        let peak = process.and_then(|process| process.peak_bytes());
        peak.context("the system does not say how much memory the provider held")
    }
}

async fn attachment(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some((VARIABLE, value)) = line.trim().split_once('=') {
            return Ok(value.trim_matches('\'').to_owned());
        }
    }
    bail!("the provider ended before it said how to attach to it")
}

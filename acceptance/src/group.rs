//! A command with all it starts, as one group of processes: it can be interrupted as a whole, as a terminal would do
//! it, also from another process, and it does not outlive who started it in an orderly way.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::sandbox::process::Process;

/// The file in which a group notes who leads it.
const FILE: &str = "running.json";

/// A running group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    leader: Option<Process>,
    file: PathBuf,
}

impl Group {
    /// Starts a command as the leader of a group, and notes that in a folder.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn spawn(command: &mut Command, folder: &Path) -> Result<Self> {
        let child = command.process_group(0).spawn().context("failed to start")?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = pid.and_then(Process::of);
        let group = Self { child, leader, file: folder.join(FILE) };
        std::fs::write(&group.file, serde_json::to_string(&group.leader)?)?;
        Ok(group)
    }

    /// Its standard output and error, once.
    pub fn outputs(&mut self) -> Option<(ChildStdout, ChildStderr)> {
        Some((self.child.stdout.take()?, self.child.stderr.take()?))
    }

    /// Waits for the leader's end.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = &self.leader {
            leader.kill_group();
        }
        // What is left behind is recognised as stale.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Interrupts the group that is noted in a folder, which then ends in an orderly way. Returns its leader; nothing
/// where none runs.
pub fn interrupt(folder: &Path) -> Option<Process> {
    let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
    let leader: Process = serde_json::from_str(&text).ok()?;
    let told = leader.is_alive() && killpg(Pid::from_raw(leader.pid), Signal::SIGINT).is_ok();
    told.then_some(leader)
}

/// Interrupts the group that is noted in a folder, and kills it where it has not ended after `patience`. Returns
/// whether there was one.
pub async fn end(folder: &Path, patience: Duration) -> bool {
    let Some(leader) = interrupt(folder) else { return false };
    if leader.wait_until_gone(patience).await.is_err() {
        leader.kill_group();
    }
    true
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[tokio::test]
    async fn is_interrupted_from_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!end(folder.path(), Duration::from_secs(1)).await);
        let mut group = Group::spawn(&mut shell("sleep 600; exit 3"), folder.path()).unwrap();
        let ended = tokio::join!(end(folder.path(), Duration::from_secs(30)), group.wait());
        assert!(ended.0);
        assert!(!ended.1.unwrap().success());
        drop(group);
        assert!(interrupt(folder.path()).is_none());
    }

    #[tokio::test]
    async fn is_killed_where_it_does_not_listen() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap '' INT; echo deaf; while :; do sleep 1; done";
        let mut group = Group::spawn(&mut shell(script), folder.path()).unwrap();
        let (mut stdout, _) = group.outputs().unwrap();
        let mut said = [0; 4];
        tokio::io::AsyncReadExt::read_exact(&mut stdout, &mut said).await.unwrap();
        let ended = tokio::join!(end(folder.path(), Duration::from_millis(50)), group.wait());
        assert!(ended.0 && !ended.1.unwrap().success());
    }

    #[tokio::test]
    async fn does_not_outlive_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let group = Group::spawn(&mut shell("sleep 600"), folder.path()).unwrap();
        let leader = group.leader.clone().unwrap();
        drop(group);
        leader.wait_until_gone(Duration::from_secs(5)).await.unwrap();
    }
}

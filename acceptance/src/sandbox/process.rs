//! A process of this machine, told apart from a later one with the same number by its start time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A process as /proc shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since the machine did.
    pub started_ticks: u64,
    /// The file name of its program.
    pub executable: String,
}

impl Process {
    /// The process that has a number now, `None` where there is none or this is no Linux.
    pub fn of(pid: i32) -> Option<Self> {
        let (started_ticks, state) = stat(pid)?;
        if state == 'Z' {
            return None;
        }
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        let name = program.file_name()?.to_string_lossy().into_owned();
        // The kernel marks a program whose file is gone.
        let executable = name.trim_end_matches(" (deleted)").to_owned();
        Some(Self { pid, started_ticks, executable })
    }

    /// This process.
    pub fn current() -> Option<Self> {
        Self::of(nix::unistd::getpid().as_raw())
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|(ticks, state)| ticks == self.started_ticks && state != 'Z')
    }

    /// Its resident memory in bytes, 0 where it is not known.
    pub fn resident_bytes(&self) -> u64 {
        self.status_bytes("VmRSS:").unwrap_or_default()
    }

    /// The most memory that it was ever resident with, in bytes; none where it has ended.
    pub fn peak_bytes(&self) -> Option<u64> {
        self.status_bytes("VmHWM:")
    }

    /// A size in the text of /proc/PID/status.
    fn status_bytes(&self, field: &str) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }

    /// Sends SIGKILL to this very process and waits until it is gone.
    ///
    /// # Errors
    /// A sentence, when it is not alive any more, may not be killed, or stays for over five seconds.
    pub async fn kill(&self) -> Result<(), String> {
        if !self.is_alive() {
            return Err(format!("process {} is not alive any more", self.pid));
        }
        kill(Pid::from_raw(self.pid), Signal::SIGKILL)
            .map_err(|error| format!("failed to kill process {}: {error}", self.pid))?;
        self.wait_until_gone(Duration::from_secs(5)).await
    }

    /// Waits until it is gone.
    ///
    /// # Errors
    /// A sentence, when it is still there after `longest`.
    pub async fn wait_until_gone(&self, longest: Duration) -> Result<(), String> {
        let gone = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(5));
            while self.is_alive() {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(longest, gone)
            .await
            .map_err(|_| format!("process {} did not end in {longest:?}", self.pid))
    }

    /// Sends a signal to this very process, if it still runs.
    pub fn signal(&self, signal: Signal) -> bool {
        self.is_alive() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }

    /// Sends SIGKILL to the process group this very process leads, if it still runs.
    pub fn kill_group(&self) -> bool {
        self.is_alive() && killpg(Pid::from_raw(self.pid), Signal::SIGKILL).is_ok()
    }
}

/// Start time and state letter of a process.
fn stat(pid: i32) -> Option<(u64, char)> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The second field is the command in parentheses and may hold anything.
    let rest = &text[text.rfind(')')? + 1..];
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some((fields.get(19)?.parse().ok()?, fields.first()?.chars().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn kills_the_process_it_means() {
        let mut child = tokio::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        let process = Process::of(pid).unwrap();
        assert!(process.is_alive());
        let other = Process { started_ticks: process.started_ticks + 1, ..process.clone() };
        assert!(other.kill().await.unwrap_err().contains("not alive"));
        process.kill().await.unwrap();
        assert!(!process.is_alive());
        child.wait().await.unwrap();
        assert_eq!(Process::of(pid), None);
    }

    #[test]
    fn knows_itself() {
        let process = Process::current().unwrap();
        assert!(process.is_alive() && process.resident_bytes() > 0);
        assert!(process.peak_bytes().unwrap() >= process.resident_bytes() / 2);
        assert!(process.executable.starts_with("travel_acceptance"), "{}", process.executable);
    }
}

//! The processes of the sandbox: each ends with it, also when it is killed.
//!
//! A small shell, the janitor, reads the process groups of all children from a pipe that only the sandbox holds open.
//! When the pipe ends, because the sandbox closed it or because it is dead, the janitor kills the groups and removes
//! the sandbox's folder. A child waits for a line on its own pipe until the janitor knows of it, so that there is no
//! moment in which the sandbox could die and leave it behind.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use super::process::Process;

/// `$1` is the folder to remove at the end.
const JANITOR: &str = r#"
groups=
while read -r word group; do
    case $word in
    add) groups="$groups $group" ;;
    remove)
        kept=
        for other in $groups; do
            [ "$other" = "$group" ] || kept="$kept $other"
        done
        groups=$kept
        ;;
    esac
done
for group in $groups; do
    kill -s KILL -- "-$group" 2>/dev/null
done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

/// A child waits for its start, then becomes its program.
const WAITING: &str = r#"read -r _ && exec "$@" </dev/null"#;

/// Variables of whoever starts the sandbox that would turn its processes elsewhere: their names' beginnings.
const FOREIGN: [&str; 5] = ["AWS_", "MOTO_", "LOCALSTACK_", "PYTHON", "KUBE"];

/// The file that lists the processes.
const MEMORY: &str = "processes.jsonl";

/// What to start.
#[derive(Clone, Debug)]
pub struct Command {
    /// The name people read, and of the log file.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment beside the inherited one, from which what concerns AWS is taken out.
    pub environment: Vec<(String, String)>,
}

/// All processes of one sandbox.
#[derive(Debug)]
pub struct Children {
    folder: PathBuf,
    janitor: Mutex<Option<process::Child>>,
    running: Mutex<Vec<(String, Process)>>,
}

/// One running process. It is killed, with all it started, when this is dropped or [`Children::end`] is called.
#[derive(Debug)]
pub struct Child {
    /// The name people read.
    pub name: String,
    /// The process.
    pub process: Process,
    /// Where its output goes.
    pub log: PathBuf,
    exited: watch::Receiver<Option<String>>,
}

impl Children {
    /// Starts the janitor, which removes `folder` at the end.
    ///
    /// # Errors
    /// When there is no `/bin/sh`.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let janitor = process::Command::new("/bin/sh")
            .args(["-c", JANITOR, "travel-sandbox-janitor"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // An interrupt from the terminal must not end it before the children.
            .process_group(0)
            .spawn()
            .context("failed to start /bin/sh, which watches over the sandbox's processes")?;
        let children = Self {
            folder: folder.to_owned(),
            janitor: Mutex::new(Some(janitor)),
            running: Mutex::default(),
        };
        std::fs::create_dir_all(folder).context("failed to make the sandbox's folder")?;
        if let Some(process) = children.janitor_process() {
            remember(folder, &process)?;
        }
        Ok(children)
    }

    /// The folder of the sandbox; what children write belongs there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a process.
    ///
    /// # Errors
    /// When it cannot be started. A program that is missing shows itself by [`Child::exited`].
    pub async fn spawn(&self, command: Command) -> anyhow::Result<Child> {
        let name = command.name;
        let logs = self.folder.join("logs");
        std::fs::create_dir_all(&logs).context("failed to make the folder of logs")?;
        let log = logs.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        let mut shell = tokio::process::Command::new("/bin/sh");
        for (name, _) in std::env::vars_os() {
            if FOREIGN.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                shell.env_remove(name);
            }
        }
        let mut child = shell
            .args(["-c", WAITING, &name])
            .arg(&command.program)
            .args(&command.arguments)
            .env("NO_PROXY", "127.0.0.1,localhost")
            .envs(command.environment)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("failed to start {name}"))?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let process = pid.and_then(Process::of);
        let process = process.with_context(|| format!("{name} ended as it was started"))?;
        self.tell("add", process.pid)?;
        remember(&self.folder, &process)?;
        self.running().push((name.clone(), process.clone()));
        if let Some(mut start) = child.stdin.take() {
            start.write_all(b"\n").await.with_context(|| format!("failed to start {name}"))?;
        }
        let (ended, exited) = watch::channel(None);
        tokio::spawn(async move {
            let end = match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            ended.send_replace(Some(end));
        });
        Ok(Child { name, process, log, exited })
    }

    /// Kills a child and all it started.
    pub fn end(&self, child: &Child) {
        child.process.kill_group();
        self.running().retain(|(_, process)| *process != child.process);
        if let Err(error) = self.tell("remove", child.process.pid) {
            tracing::warn!("{error}");
        }
    }

    /// The processes that run, by name.
    pub fn running_processes(&self) -> Vec<(String, Process)> {
        self.running().iter().filter(|(_, process)| process.is_alive()).cloned().collect()
    }

    /// Kills all of them and removes the folder. Waits for the janitor, which takes well under a second.
    pub fn end_all(&self) {
        for (_, process) in self.running().drain(..) {
            process.kill_group();
        }
        let janitor = self.janitor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut janitor) = janitor {
            drop(janitor.stdin.take());
            if let Err(error) = janitor.wait() {
                tracing::warn!("failed to wait for the end of the sandbox's processes: {error}");
            }
        }
    }

    fn janitor_process(&self) -> Option<Process> {
        let janitor = self.janitor.lock().unwrap_or_else(PoisonError::into_inner);
        Process::of(i32::try_from(janitor.as_ref()?.id()).ok()?)
    }

    fn tell(&self, word: &str, pid: i32) -> anyhow::Result<()> {
        let mut janitor = self.janitor.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = janitor.as_mut().and_then(|janitor| janitor.stdin.as_mut());
        let pipe = pipe.context("the sandbox has ended")?;
        writeln!(pipe, "{word} {pid}").context("the sandbox's janitor is gone")
    }

    fn running(&self) -> MutexGuard<'_, Vec<(String, Process)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a process down, for the case that both sandbox and janitor are killed.
fn remember(folder: &Path, process: &Process) -> anyhow::Result<()> {
    let mut file = File::options().create(true).append(true).open(folder.join(MEMORY))?;
    writeln!(file, "{}", serde_json::to_string(process)?)?;
    Ok(())
}

/// The processes that a sandbox with its files in `folder` has started, whether or not they still run; the janitor is
/// the first.
pub fn remembered(folder: &Path) -> Vec<Process> {
    let text = std::fs::read_to_string(folder.join(MEMORY)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Drop for Children {
    fn drop(&mut self) {
        self.end_all();
    }
}

impl Child {
    /// Waits for its end and says how it ended.
    pub async fn exited(&self) -> String {
        let mut exited = self.exited.clone();
        let ended = exited.wait_for(Option::is_some).await;
        ended.ok().and_then(|end| end.clone()).unwrap_or_else(|| "unknown".to_owned())
    }

    /// The last lines of its output, for an error.
    pub fn last_lines(&self, count: usize) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill_group();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn command(script: &str) -> Command {
        Command {
            name: "child".to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("WORD".to_owned(), "spoken".to_owned())],
        }
    }

    #[tokio::test]
    async fn children_and_grandchildren_end_with_the_sandbox() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sandbox");
        let children = Children::new(&folder).unwrap();
        let child = children
            // The number comes last: once it can be read, so can the word.
            .spawn(command("sleep 600 & echo $WORD; echo $! >grandchild; wait"))
            .await
            .unwrap();
        let grandchild = loop {
            let written = std::fs::read_to_string(folder.join("grandchild")).unwrap_or_default();
            if let Ok(pid) = written.trim().parse() {
                break Process::of(pid).unwrap();
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(child.last_lines(1), "spoken");
        assert_eq!(children.running_processes().len(), 1);
        children.end_all();
        child.process.wait_until_gone(Duration::from_secs(5)).await.unwrap();
        grandchild.wait_until_gone(Duration::from_secs(5)).await.unwrap();
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn an_early_end_is_told() {
        let root = tempfile::tempdir().unwrap();
        let children = Children::new(&root.path().join("sandbox")).unwrap();
        let child = children.spawn(command("echo sorry; exit 3")).await.unwrap();
        assert_eq!(child.exited().await, "exit status: 3");
        assert_eq!(child.last_lines(5), "sorry");
    }
}

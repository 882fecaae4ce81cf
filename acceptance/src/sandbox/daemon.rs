//! A sandbox in the background: what the commands of `travel-sandbox` do.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::handle::Handle;
use super::{LOG, MARK, Options, Sandbox, children, claim, missing_tools, repository};

/// How long an orderly end may take.
const END_SECONDS: u64 = 15;

/// The folder of the sandbox that commands mean where none is named.
pub fn default_folder() -> PathBuf {
    repository().join(".sandbox")
}

/// Starts a sandbox in the background and returns when all of it answers, printing progress to the standard error. One
/// that is up already is left as it is.
///
/// # Errors
/// When tools are missing, the folder is somebody else's, or something does not start.
pub async fn up(folder: &Path) -> anyhow::Result<Handle> {
    if let Some(running) = Handle::attach(folder)? {
        eprintln!("sandbox: already up at {}", running.endpoint());
        return Ok(running);
    }
    clean(folder)?;
    let options = Options::default();
    if let Some(missing) = missing_tools(&options.tools) {
        bail!(missing);
    }
    let folder = claim(folder)?;
    let log = folder.join(LOG);
    let output = std::fs::File::create(&log)?;
    // Open before the end of the sandbox, with which the file goes.
    let mut written = std::fs::File::open(&log)?;
    let program = std::env::current_exe().context("failed to find the program of the sandbox")?;
    let mut daemon = Command::new(program)
        .arg("daemon")
        .arg("--folder")
        .arg(&folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .current_dir("/")
        .spawn()
        .context("failed to start the sandbox in the background")?;
    let waited = tokio::select! {
        handle = wait_until_ready(&folder) => handle,
        status = daemon.wait() => {
            let status = status?;
            let mut said = String::new();
            written.read_to_string(&mut said).context("failed to read the sandbox's log")?;
            Err(anyhow::anyhow!("the sandbox ended at its start ({status}):\n{said}"))
        }
    };
    if waited.is_err() {
        down(&folder).await?;
    }
    waited
}

/// Waits until a sandbox that is starting in a folder answers, and says what is ready as it becomes so.
async fn wait_until_ready(folder: &Path) -> anyhow::Result<Handle> {
    let began = Instant::now();
    let say = |what: &str| eprintln!("sandbox: {what} ({:.1} s)", began.elapsed().as_secs_f64());
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let mut said = Vec::new();
    loop {
        ticks.tick().await;
        let Some(handle) = Handle::attach(folder).unwrap_or_default() else { continue };
        // The file is there a moment before the control API answers.
        let Ok(status) = handle.status().await else { continue };
        if said.is_empty() {
            say(&format!("gateway at {}", handle.endpoint()));
            said.push("gateway".to_owned());
        }
        for (name, emulator) in status["emulators"].as_object().into_iter().flatten() {
            if said.contains(name) {
                continue;
            }
            match emulator["state"].as_str() {
                Some("ready") => {
                    say(&format!("{name} at 127.0.0.1:{}", emulator["detail"]));
                    said.push(name.clone());
                }
                Some("failed") => {
                    bail!("{}", emulator["detail"].as_str().unwrap_or("an emulator failed"))
                }
                _ => {}
            }
        }
        if status["ready"] == Value::Bool(true) {
            return Ok(handle);
        }
    }
}

/// Runs the sandbox of a folder until it is asked to end. This is the process in the background.
///
/// # Errors
/// When something does not start.
pub async fn run(folder: &Path) -> anyhow::Result<()> {
    // The terminal it was started from may go.
    nix::unistd::setsid().context("failed to leave the terminal")?;
    if !folder.join(MARK).exists() {
        bail!("the folder {} has been taken down meanwhile", folder.display());
    }
    let options = Options { folder: Some(folder.to_owned()), ..Options::default() };
    let sandbox = Sandbox::open(options).await?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let ready = async {
        let ready = sandbox.ready().await;
        if ready.is_ok() { std::future::pending().await } else { ready }
    };
    tokio::select! {
        failed = ready => failed?,
        () = sandbox.shutdown().cancelled() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Ends the sandbox of a folder and removes all of it, also where it has crashed. Returns whether there was one.
///
/// # Errors
/// When something cannot be ended or removed.
pub async fn down(folder: &Path) -> anyhow::Result<bool> {
    let Some(running) = Handle::attach(folder)? else { return clean(folder) };
    let process = &running.connection().process;
    if let Err(error) = running.shut_down().await {
        eprintln!("sandbox: {error:#}; it is terminated");
        process.signal(Signal::SIGTERM);
    }
    if process.wait_until_gone(Duration::from_secs(END_SECONDS)).await.is_err() {
        eprintln!("sandbox: it did not end in {END_SECONDS} s and is killed");
        process.kill().await.map_err(|error| anyhow::anyhow!(error))?;
    }
    // The janitor removes the folder; it may have been killed together with the sandbox.
    let gone = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while folder.exists() {
            ticks.tick().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(END_SECONDS), gone).await.is_err() {
        clean(folder)?;
    }
    Ok(true)
}

/// Takes away what a crashed sandbox has left in a folder, its processes too. Returns whether there was something.
///
/// # Errors
/// When it cannot be removed.
fn clean(folder: &Path) -> anyhow::Result<bool> {
    if !folder.join(MARK).exists() {
        // Nothing, or nothing of ours.
        return Ok(false);
    }
    for process in children::remembered(folder) {
        if process.kill_group() {
            eprintln!("sandbox: killed process {}, which a crashed sandbox had left", process.pid);
        }
    }
    match std::fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("failed to remove {}", folder.display())),
    }
}

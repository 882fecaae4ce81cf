//! Runs a program to its end, for no longer than it may take and for no more output than it may have.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// No chart of the field renders to a hundredth of it.
const LARGEST_OUTPUT: u64 = 1 << 30;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It printed this.
    Rendered(String),
    /// It exited 1 and said this on standard error.
    Refused(String),
    /// It ended in no such way: why.
    Broken(String),
}

/// A program with its first arguments.
pub struct Program {
    path: PathBuf,
    first: Vec<String>,
    home: PathBuf,
}

impl Program {
    /// A program that keeps what it keeps in `home`, and knows of no cluster.
    pub fn new(path: &Path, first: &[&str], home: &Path) -> Self {
        let first = first.iter().map(|argument| (*argument).to_owned()).collect();
        Program { path: path.to_owned(), first, home: home.to_owned() }
    }

    /// Checks that the program is there.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn check(&self) -> std::io::Result<()> {
        let mut command = Command::new(&self.path);
        command.arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
    }

    /// Runs it with more arguments, for no longer than `bound`.
    pub fn run(&self, arguments: &[String], bound: Duration) -> Outcome {
        let mut command = Command::new(&self.path);
        command
            .args(&self.first)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("HELM_CACHE_HOME", &self.home)
            .env("HELM_CONFIG_HOME", &self.home)
            .env("HELM_DATA_HOME", &self.home)
            .env("KUBECONFIG", self.home.join("none"));
        match command.spawn() {
            Ok(child) => finish(child, bound),
            Err(problem) => Outcome::Broken(format!("it did not start: {problem}")),
        }
    }
}

fn finish(mut child: Child, bound: Duration) -> Outcome {
    let deadline = Instant::now() + bound;
    let output = collect(child.stdout.take());
    let errors = collect(child.stderr.take());
    let read = || {
        let wait = |texts: &mpsc::Receiver<std::io::Result<Vec<u8>>>| {
            texts.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
        };
        Some((wait(&output)?, wait(&errors)?))
    };
    let Some(texts) = read() else {
        return end(&mut child, format!("it did not end within {} s", bound.as_secs()));
    };
    let (output, errors) = match texts {
        (Ok(output), Ok(errors)) => (output, errors),
        (Err(problem), _) | (_, Err(problem)) => {
            return end(&mut child, format!("its output cannot be read: {problem}"));
        }
    };
    if output.len().max(errors.len()) as u64 >= LARGEST_OUTPUT {
        return end(&mut child, format!("it printed more than {LARGEST_OUTPUT} bytes"));
    }
    match child.wait() {
        Ok(status) => outcome(status, &output, &errors),
        Err(problem) => Outcome::Broken(format!("its end cannot be awaited: {problem}")),
    }
}

/// Reads to the end on a thread of its own: a full pipe would stop the program.
fn collect(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = match stream {
            Some(stream) => stream.take(LARGEST_OUTPUT).read_to_end(&mut text),
            None => Ok(0),
        };
        // Nobody waits for it any longer where the time is over.
        let _ = sender.send(read.map(|_| text));
    });
    receiver
}

fn end(child: &mut Child, why: String) -> Outcome {
    // It may have ended by itself meanwhile, which is as good.
    let _ = child.kill();
    let _ = child.wait();
    Outcome::Broken(why)
}

fn outcome(status: ExitStatus, output: &[u8], errors: &[u8]) -> Outcome {
    let errors = String::from_utf8_lossy(errors).into_owned();
    match status.code() {
        Some(0) => Outcome::Rendered(String::from_utf8_lossy(output).into_owned()),
        Some(1) => Outcome::Refused(errors),
        _ => {
            let last = errors.lines().last().unwrap_or_default();
            Outcome::Broken(format!("it ended with {status}: {last}"))
        }
    }
}

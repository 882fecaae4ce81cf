//! The command `travel-meter PROGRAM ARGUMENTS`: runs a program to its end, and prints as one line of JSON whether it
//! succeeded, how long it took, and the most memory that it was ever resident with.
//!
//! It measures one program and ends, since the system tells of all ended children together; and it is small, since a
//! child is never seen with less memory than its parent had when it started it.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("failed to start: no program is named")?;
    let mut command = Command::new(&program);
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let ended = command.status();
    let seconds = began.elapsed().as_secs_f64();
    let ended = ended.with_context(|| format!("failed to run {}", program.display()))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("failed to look at its memory")?;
    let (succeeded, peak_bytes) = (ended.success(), usage.max_rss() * 1024);
    println!(r#"{{"succeeded": {succeeded}, "seconds": {seconds}, "peak_bytes": {peak_bytes}}}"#);
    Ok(())
}

//! Renders a chart as `helm template` does, without a cluster; `command` says with which flags.

#[allow(dead_code, reason = "only tests take what is printed as a text")]
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    command::main(&arguments)
}

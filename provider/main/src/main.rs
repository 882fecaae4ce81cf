//! The provider binary: serves the registry to Terraform. Under its second name, `travel`, and
//! wherever it is given a subcommand, it is a command for people.

use std::process::ExitCode;

use terraform_provider_travel::{command, registry};
use travel_plugin::{PluginInfo, serve};

const INFO: PluginInfo = PluginInfo {
    name: "travel",
    source: "registry.terraform.io/travelsources/travel",
    version: env!("CARGO_PKG_VERSION"),
};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if command::is_meant(&arguments) {
        command::run(arguments)
    } else {
        serve(registry::provider(), INFO)
    }
}

//! The provider binary: serves the registry to Terraform.

use std::process::ExitCode;

use terraform_provider_travel::registry;
use travel_plugin::{PluginInfo, serve};

const INFO: PluginInfo = PluginInfo {
    name: "travel",
    source: "registry.terraform.io/travelsources/travel",
    version: env!("CARGO_PKG_VERSION"),
};

fn main() -> ExitCode {
    serve(registry::provider(), INFO)
}

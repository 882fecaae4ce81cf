//! A provider of nothing real, for the tests of the plugin and for trying it with a real Terraform.

mod server;

use std::process::ExitCode;

use travel_plugin::{PluginInfo, serve};

const INFO: PluginInfo = PluginInfo {
    name: "fake",
    source: "registry.terraform.io/travelsources/fake",
    version: "1.2.3",
};

fn main() -> ExitCode {
    serve(server::Fake::new(), INFO)
}

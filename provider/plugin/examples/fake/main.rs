//! Providers of nothing real, for the tests of the plugin and for trying it with a real Terraform: a
//! server written by hand, and one of the framework's pages where `FAKE=pages` is set.

mod pages;
mod server;

use std::process::ExitCode;

use travel_plugin::{PluginInfo, serve};

const INFO: PluginInfo = PluginInfo {
    name: "fake",
    source: "registry.terraform.io/travelsources/fake",
    version: "1.2.3",
};

fn main() -> ExitCode {
    match std::env::var_os("FAKE") {
        Some(what) if what == "pages" => serve(pages::provider(), INFO),
        _ => serve(server::Fake::new(), INFO),
    }
}

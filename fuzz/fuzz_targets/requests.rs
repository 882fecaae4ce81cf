//! Requests of any content, to the provider of pages that the plugin's tests use.
#![no_main]

#[path = "../../provider/plugin/examples/fake/pages.rs"]
mod pages;
#[path = "../entries/requests.rs"]
mod requests;

use std::sync::{Arc, LazyLock};

use tokio::runtime::Runtime;
use travel_framework::Provider;
use travel_plugin::{PluginInfo, ProviderService};

const INFO: PluginInfo =
    PluginInfo { name: "fake", source: "registry.terraform.io/travelsources/fake", version: "1" };

static SERVICE: LazyLock<ProviderService<Provider>> =
    LazyLock::new(|| ProviderService::new(Arc::new(pages::provider()), INFO));
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    RUNTIME.block_on(requests::run(&SERVICE, input));
});

//! Configurations of any content.
#![no_main]

#[path = "../entries/configuration.rs"]
mod configuration;

use std::sync::LazyLock;

use terraform_provider_travel::registry;
use tokio::runtime::Runtime;
use travel_framework::Provider;

static PROVIDER: LazyLock<Provider> = LazyLock::new(registry::provider);
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    RUNTIME.block_on(configuration::run(&PROVIDER, input));
});

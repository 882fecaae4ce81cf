//! What a fuzzer would try of the service, on inputs that are the same every time.

#[path = "../../../fuzz/entries/generator.rs"]
mod generator;
#[path = "../examples/fake/pages.rs"]
mod pages;
#[path = "../../../fuzz/entries/requests.rs"]
mod requests;

use std::collections::BTreeSet;
use std::sync::Arc;

use travel_framework::server::Server;
use travel_plugin::{PluginInfo, ProviderService};

const INFO: PluginInfo =
    PluginInfo { name: "fake", source: "registry.terraform.io/travelsources/fake", version: "1" };

#[test]
fn any_request_is_answered() {
    let provider = pages::provider();
    let seeds = requests::seeds(provider.schemas());
    let kinds: BTreeSet<u8> = seeds.iter().map(|seed| seed[0]).collect();
    let service = ProviderService::new(Arc::new(provider), INFO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The provider of pages has no data source, and an identity that never changed.
    assert_eq!(kinds.len(), usize::from(requests::KINDS) - 3);
    runtime.block_on(async {
        // Everything is tried as it should be first.
        for seed in &seeds {
            assert!(requests::run(&service, seed).await);
        }
        let mut answered = 0;
        for input in generator::inputs(seeds, 10_000) {
            answered += usize::from(requests::run(&service, &input).await);
        }
        assert!((1000..9900).contains(&answered), "{answered} of 10000 requests were answered");
    });
}

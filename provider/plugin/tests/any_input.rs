//! What a fuzzer would try of the service, on inputs that are the same every time.

#[path = "../../../fuzz/entries/generator.rs"]
mod generator;
#[path = "../../../fuzz/entries/kept.rs"]
mod kept;
#[path = "../examples/fake/pages.rs"]
mod pages;
#[path = "../../../fuzz/entries/requests.rs"]
mod requests;
#[path = "../../../fuzz/entries/start.rs"]
mod start;

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
        let kept = kept::inputs("requests").unwrap();
        assert!(!kept.is_empty());
        for input in kept {
            requests::run(&service, &input).await;
        }
    });
}

#[test]
fn any_environment_is_taken_or_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
    let seeds = start::seeds(&certificate);
    assert_eq!(seeds.iter().filter(|seed| start::run(seed)).count(), 2);
    let started = generator::inputs(seeds, 10_000).filter(|input| start::run(input)).count();
    assert!((500..9500).contains(&started), "{started} of 10000 environments started a plugin");
    let kept = kept::inputs("start").unwrap();
    assert!(!kept.is_empty());
    for input in kept {
        start::run(&input);
    }
}

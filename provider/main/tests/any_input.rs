//! What a fuzzer would try of configurations, on inputs that are the same every time.

#[path = "../../../fuzz/entries/configuration.rs"]
mod configuration;
#[path = "../../../fuzz/entries/generator.rs"]
mod generator;

use terraform_provider_travel::registry;

#[test]
fn any_configuration_is_refused_or_planned() {
    let provider = registry::provider();
    let mut numbers = generator::Numbers::new(7);
    let seeds: Vec<Vec<u8>> = (0..200)
        .map(|_| (0..300).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect())
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let allowed: usize = runtime.block_on(async {
        let mut allowed = 0;
        for input in generator::inputs(seeds, 10_000) {
            allowed += usize::from(configuration::run(&provider, &input).await);
        }
        allowed
    });
    assert!((100..9900).contains(&allowed), "{allowed} of 10000 configurations were allowed");
}

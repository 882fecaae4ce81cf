//! What a fuzzer would try of charts, templates and YAML, on inputs that are the same every time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../fuzz/entries/charts.rs"]
mod charts;
#[path = "../../../fuzz/entries/files.rs"]
mod files;
#[path = "../../../fuzz/entries/generator.rs"]
mod generator;
#[path = "../../../fuzz/entries/templates.rs"]
mod templates;
#[path = "../../../fuzz/entries/yaml.rs"]
mod yaml;

use std::path::Path;

/// The inputs to begin with, which are written by hand.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn any_templates_are_rendered_or_refused() {
    let seeds = seeds("templates");
    for seed in &seeds {
        assert!(templates::run(seed), "{}", String::from_utf8_lossy(seed));
    }
    let rendered = generator::inputs(seeds, 2_000).filter(|input| templates::run(input)).count();
    assert!((200..1900).contains(&rendered), "{rendered} of 2000 inputs were rendered");
}

#[test]
fn any_yaml_is_read_or_refused() {
    let seeds = seeds("yaml");
    for seed in &seeds {
        assert!(yaml::run(seed) > 0, "{}", String::from_utf8_lossy(seed));
    }
    let read = generator::inputs(seeds, 10_000).filter(|input| yaml::run(input) > 0).count();
    assert!((1000..9900).contains(&read), "{read} of 10000 inputs were read");
}

#[test]
fn any_chart_is_loaded_or_refused() {
    let seeds = seeds("charts");
    for seed in &seeds {
        assert_eq!(charts::run(seed), 2, "{}", String::from_utf8_lossy(seed));
    }
    let loaded = generator::inputs(seeds, 2_000).filter(|input| charts::run(input) > 0).count();
    assert!((200..1900).contains(&loaded), "{loaded} of 2000 charts were loaded");
}

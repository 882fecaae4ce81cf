//! YAML of any content.
#![no_main]

#[path = "../entries/yaml.rs"]
mod yaml;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    yaml::run(input);
});

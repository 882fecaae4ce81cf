//! Charts of any files.
#![no_main]

#[path = "../entries/charts.rs"]
mod charts;
#[path = "../entries/files.rs"]
mod files;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    charts::run(input);
});

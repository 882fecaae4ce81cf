//! Environments of any content.
#![no_main]

#[path = "../entries/start.rs"]
mod start;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    start::run(input);
});

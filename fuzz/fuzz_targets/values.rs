//! Values of any content.
#![no_main]

#[path = "../entries/values.rs"]
mod values;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    values::run(input);
});

//! Templates and values of any content.
#![no_main]

#[path = "../entries/files.rs"]
mod files;
#[path = "../entries/templates.rs"]
mod templates;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    templates::run(input);
});

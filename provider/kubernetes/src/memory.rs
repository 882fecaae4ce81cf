//! What pages remember beside the state, unseen by the person: each in an entry of its own.

use serde::Serialize;
use serde::de::DeserializeOwned;
use travel_framework::call::Memory as PageMemory;
use travel_framework::platform::Platform;
use travel_framework::{Call, Diagnostic};

/// What a page remembers in an entry, which is called what it is about.
///
/// # Errors
/// Where that was not written by a version of this provider.
pub fn read<T: Default + DeserializeOwned>(
    page: &PageMemory,
    entry: &str,
) -> Result<T, Diagnostic> {
    let Some(kept) = page.get(entry) else { return Ok(T::default()) };
    serde_json::from_value(kept.clone()).map_err(|error| {
        Diagnostic::error(
            "failed to read the private state",
            format!("What is remembered of the {entry} is not usable: {error}."),
        )
    })
}

/// Has the page of an operation remember this in an entry: numbers, texts, and sets and maps of them, which
/// always serialize.
pub fn keep<P: Platform>(call: &Call<P>, entry: &str, kept: &impl Serialize) {
    let mut page = call.remembered();
    page.insert(entry.to_owned(), serde_json::to_value(kept).unwrap_or_default());
    call.remember(page);
}

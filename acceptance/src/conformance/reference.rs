//! What a resource's reference page says, which is written from its code.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::sandbox::repository;

/// What a page calls an attribute that no service knows.
pub(super) const CONFIG_ONLY: &str = "read by the provider only";
/// What it says of one that another object is made for.
pub(super) const REPLACES: &str = "A change needs another object.";

/// The page of a resource.
///
/// # Errors
/// Where it has none.
pub(super) fn page_of(type_name: &str) -> Result<String> {
    let name = type_name.strip_prefix("travel_").unwrap_or(type_name);
    let path = repository().join(format!("docs/resources/{name}.md"));
    std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

/// The attributes of a resource of which its page says these words, with those of its blocks or
/// without.
///
/// # Errors
/// Where it has no page.
pub(super) fn attributes_called(
    type_name: &str,
    words: &str,
    with_blocks: bool,
) -> Result<BTreeSet<String>> {
    let page = page_of(type_name)?;
    // What nests stands behind the first anchor.
    let own = page.lines().take_while(|line| with_blocks || !line.starts_with("<a id="));
    let found = own.filter_map(|line| {
        let (name, says) = line.strip_prefix("- `")?.split_once("` (")?;
        says.contains(words).then(|| name.to_owned())
    });
    Ok(found.collect())
}

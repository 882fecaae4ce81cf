//! What a resource's reference page says, which is written from its code.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::sandbox::repository;

/// What a page calls an attribute that no service knows.
pub(super) const CONFIG_ONLY: &str = "read by the provider only";
/// What it says of one that another object is made for.
const REPLACES: &str = "A change needs another object.";

/// The page of a resource.
///
/// # Errors
/// Where it has none.
pub(super) fn page_of(type_name: &str) -> Result<String> {
    let name = type_name.strip_prefix("travel_").unwrap_or(type_name);
    let path = repository().join(format!("docs/resources/{name}.md"));
    std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

/// The attributes of a resource that its page calls so, with those of its blocks or without.
///
/// # Errors
/// Where it has no page.
pub(super) fn attributes_called(
    type_name: &str,
    words: &str,
    with_blocks: bool,
) -> Result<BTreeSet<String>> {
    attributes_where(type_name, with_blocks, |kind, _| kind.contains(words))
}

/// The attributes of a resource, without those of its blocks, that an update cannot set.
///
/// # Errors
/// Where it has no page.
pub(super) fn replacing_attributes(type_name: &str) -> Result<BTreeSet<String>> {
    attributes_where(type_name, false, |_, says| says.ends_with(REPLACES))
}

/// The attributes of which their kind, in parentheses on the page, and what else it says tell so.
fn attributes_where(
    type_name: &str,
    with_blocks: bool,
    tell: impl Fn(&str, &str) -> bool,
) -> Result<BTreeSet<String>> {
    let page = page_of(type_name)?;
    // What nests stands behind the first anchor.
    let own = page.lines().take_while(|line| with_blocks || !line.starts_with("<a id="));
    let found = own.filter_map(|line| {
        let (name, rest) = line.strip_prefix("- `")?.split_once("` (")?;
        let (kind, says) = rest.split_once(')')?;
        let says = says.split_once(" (see [below]").map_or(says, |(says, _)| says);
        tell(kind, says).then(|| name.to_owned())
    });
    Ok(found.collect())
}

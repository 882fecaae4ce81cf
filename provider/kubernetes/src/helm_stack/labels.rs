//! Under which labels a stack's releases stand: whatever its label, a release is the same as long as
//! its name and namespace are.

use std::collections::BTreeMap;

use travel_helm::release::Release;

use super::StackRelease;

/// The name and the namespace of a release.
pub type Named = (String, String);

/// For the label of each release, the one that it has from now on: that of the planned block about
/// it, and one that none has where it is no longer planned. A release of which name or namespace is
/// not known is about no other.
pub fn new_labels(
    releases: &BTreeMap<String, Option<Named>>,
    planned: &BTreeMap<String, Option<Named>>,
) -> BTreeMap<String, String> {
    let new_label = |(label, named): (&String, &Option<Named>)| {
        let same = planned.iter().find(|(_, other)| named.is_some() && *other == named);
        let new_label = match (same, named) {
            (Some((other, _)), _) => other.clone(),
            (None, Some((name, namespace))) if planned.contains_key(label) => {
                format!("{namespace}/{name}")
            }
            (None, _) => label.clone(),
        };
        (label.clone(), new_label)
    };
    releases.iter().map(new_label).collect()
}

/// The name and namespace of each block's release.
pub fn named(blocks: &BTreeMap<String, StackRelease>) -> BTreeMap<String, Option<Named>> {
    let named = |(label, block): (&String, &StackRelease)| {
        let named = (block.name(label).to_owned(), block.settings.namespace.clone());
        (label.clone(), Some(named))
    };
    blocks.iter().map(named).collect()
}

/// Releases under their new labels.
pub fn relabelled(
    releases: &BTreeMap<String, StackRelease>,
    labels: &BTreeMap<String, String>,
) -> BTreeMap<String, StackRelease> {
    let relabel = |(label, block): (&String, &StackRelease)| {
        let new_label = labels.get(label).unwrap_or(label);
        let own_name = match new_label == label {
            true => block.name.clone(),
            false => Some(block.name(label).to_owned()),
        };
        (new_label.clone(), StackRelease { name: own_name, ..block.clone() })
    };
    releases.iter().map(relabel).collect()
}

/// Blocks, and one for a release if none is about it: labelled with its name, unless another is.
pub fn with_release(
    mut blocks: BTreeMap<String, StackRelease>,
    release: &Release,
) -> BTreeMap<String, StackRelease> {
    let (name, namespace) = (release.name.as_str(), release.namespace.as_str());
    if !blocks.iter().any(|(label, block)| block.is_of(label, namespace, name)) {
        let (label, own_name) = match blocks.contains_key(name) {
            false => (name.to_owned(), None),
            true => (format!("{namespace}/{name}"), Some(name)),
        };
        blocks.insert(label, StackRelease::known_only_by(own_name, namespace));
    }
    blocks
}

//! What resources need to be allowed, as found by going through their cases (`make permissions`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use travel_framework::platform::Change;

/// What `make permissions` has found, by resource.
const FOUND: &str = include_str!("../permissions.json");

/// What a resource needs.
#[derive(Debug, Default, Deserialize)]
pub struct Needs {
    /// For a plan.
    pub plan: Allowed,
    /// For an apply, beside that.
    pub apply: Allowed,
    /// The actions of AWS that every create calls.
    #[serde(default)]
    pub create: BTreeSet<String>,
    /// The actions of AWS that every delete calls.
    #[serde(default)]
    pub delete: BTreeSet<String>,
}

/// What somebody may do.
#[derive(Debug, Default, Deserialize)]
pub struct Allowed {
    /// IAM's actions.
    #[serde(default)]
    pub aws: BTreeSet<String>,
    /// Verbs by resource, as in `deployments.apps`.
    #[serde(default)]
    pub kubernetes: BTreeMap<String, BTreeSet<String>>,
}

/// What each resource needs; nothing is known where the file is broken, which a test tells.
static ALL: LazyLock<BTreeMap<String, Needs>> =
    LazyLock::new(|| serde_json::from_str(FOUND).unwrap_or_default());

/// What a resource needs; none where nothing was found for it yet.
pub fn of(type_name: &str) -> Option<&'static Needs> {
    ALL.get(type_name)
}

/// The actions of AWS that every change of this kind calls. What an update calls turns on its attributes.
pub fn of_change(type_name: &str, change: Change) -> Vec<&'static str> {
    let Some(needs) = of(type_name) else { return Vec::new() };
    let actions = match change {
        Change::Create => &needs.create,
        Change::Delete => &needs.delete,
        Change::Update => return Vec::new(),
    };
    actions.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        serde_json::from_str::<BTreeMap<String, Needs>>(FOUND).unwrap();
        assert!(of_change("travel_kms_key", Change::Create).contains(&"kms:CreateKey"));
        assert!(of_change("travel_kms_key", Change::Delete).contains(&"kms:ScheduleKeyDeletion"));
        assert!(of_change("travel_kms_key", Change::Update).is_empty());
        assert!(of("travel_nothing").is_none());
    }
}

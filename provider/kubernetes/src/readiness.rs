//! What of documents is waited for, and what counts as ready, on whichever page they stand.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Model;
use travel_kube::ready::wait::Rules;
use travel_value::Value;

/// What is waited for once everything is applied.
#[derive(Clone, Debug, PartialEq, Model)]
pub struct Readiness {
    /// Whether to wait until everything is ready.
    #[model(optional, default = true, config_only)]
    pub wait: bool,
    /// Conditions that must be true beyond what readiness means in general, by kind (`Kind` or
    /// `Kind.group`): `{ "Certificate.cert-manager.io" = "Ready" }`.
    #[model(optional, config_only, rule = are_kinds)]
    pub wait_for: Option<BTreeMap<String, String>>,
    /// Whether jobs must have completed. Otherwise it is enough that they are there and have not
    /// failed.
    #[model(optional, default = false, config_only)]
    pub wait_for_jobs: bool,
    /// Kinds, as `Kind` or `Kind.group`, that are not waited for: what becomes ready only once
    /// something outside of the cluster is done, such as an `Ingress.networking.k8s.io`.
    #[model(optional, config_only, rule = are_kinds)]
    pub wait_ignores: Option<BTreeSet<String>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { wait: true, wait_for: None, wait_for_jobs: false, wait_ignores: None }
    }
}

impl Readiness {
    /// What counts as ready.
    pub fn rules(&self) -> Rules {
        Rules {
            jobs_complete: self.wait_for_jobs,
            conditions: self.wait_for.clone().unwrap_or_default().into_iter().collect(),
            ignored_kinds: self.wait_ignores.clone().unwrap_or_default().into_iter().collect(),
            ..Rules::default()
        }
    }
}

/// Refuses what is no kind, in a set or as the key of a map.
pub fn are_kinds(value: &Value) -> Result<(), String> {
    let elements = value.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    let keys = value.entries().into_iter().flat_map(|entries| entries.keys().map(String::as_str));
    let is_kind = |kind: &str| {
        let (kind, group) = kind.split_once('.').unwrap_or((kind, "none"));
        let is_name = |letter: char| letter.is_ascii_alphanumeric();
        kind.starts_with(|first: char| first.is_ascii_uppercase())
            && kind.chars().all(is_name)
            && !group.is_empty()
            && group.chars().all(|letter| is_name(letter) || ".-".contains(letter))
    };
    match elements.chain(keys).find(|kind| !is_kind(kind)) {
        None => Ok(()),
        Some(wrong) => {
            Err(format!("kinds such as Job or Certificate.cert-manager.io, not {wrong:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_from_what_is_none() {
        let check = |kind: &str, expected: bool| {
            let set = Value::Set(vec![kind.into()]);
            let map = Value::map([(kind, Value::from("Ready"))]);
            assert_eq!(are_kinds(&set).is_ok(), expected, "{kind}");
            assert_eq!(are_kinds(&map).is_ok(), expected, "{kind}");
        };
        check("Job", true);
        check("Certificate.cert-manager.io", true);
        check("job", false);
        check("Job.", false);
        check("apps/v1", false);
        check("", false);
    }

    #[test]
    fn what_is_written_is_what_is_waited_for() {
        assert_eq!(Readiness::default().rules(), Rules::default());
        let readiness = Readiness {
            wait_for: Some([("Certificate".to_owned(), "Ready".to_owned())].into()),
            wait_for_jobs: true,
            wait_ignores: Some(["Ingress".to_owned()].into()),
            ..Readiness::default()
        };
        let expected = Rules {
            jobs_complete: true,
            conditions: vec![("Certificate".to_owned(), "Ready".to_owned())],
            ignored_kinds: vec!["Ingress".to_owned()],
            ..Rules::default()
        };
        assert_eq!(readiness.rules(), expected);
    }
}

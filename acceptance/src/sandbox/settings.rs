//! What a test may change of the sandbox's behaviour while it runs.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// How the sandbox behaves. Every field has a default, and a change names only what it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many times a new or dying thing is described as pending or deleting before it is shown as done: NAT
    /// gateways, VPC endpoints and whatever else AWS makes asynchronously.
    pub pending_describes: u32,
    /// How many seconds lists that filter by tags stay behind.
    pub tag_lag_seconds: f64,
    /// For how many seconds calls that name what was just made do not find it.
    pub visibility_lag_seconds: f64,
    /// How long CreateAccount is in progress.
    pub account_creation_milliseconds: u64,
    /// The failure reasons of the next account creations, first to last: `ACCOUNT_LIMIT_EXCEEDED`.
    pub account_failures: Vec<String>,
    /// Whether signatures are checked.
    pub verify_signatures: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pending_describes: 1,
            tag_lag_seconds: 0.0,
            visibility_lag_seconds: 0.0,
            account_creation_milliseconds: 500,
            account_failures: Vec::new(),
            verify_signatures: true,
        }
    }
}

/// The settings in force.
#[derive(Debug, Default)]
pub struct Current(Mutex<Settings>);

impl Current {
    /// A copy of the settings.
    pub fn get(&self) -> Settings {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the settings.
    pub fn change<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the fields that a JSON object names.
    ///
    /// # Errors
    /// A sentence, when it names one that is not there or has the wrong type; nothing is changed then.
    pub fn merge(&self, patch: &serde_json::Value) -> Result<Settings, String> {
        let fields = patch.as_object().ok_or("settings are changed by a JSON object")?;
        self.change(|settings| {
            let mut merged = serde_json::to_value(&*settings).map_err(|error| error.to_string())?;
            for (name, value) in fields {
                merged[name.as_str()] = value.clone();
            }
            *settings = serde_json::from_value(merged).map_err(|error| error.to_string())?;
            Ok(settings.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merges_what_is_named_and_refuses_the_rest() {
        let current = Current::default();
        let merged = current.merge(&json!({"pending_describes": 3})).unwrap();
        assert_eq!(merged, Settings { pending_describes: 3, ..Settings::default() });
        let check = |patch, expected: &str| {
            let error = current.merge(&patch).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert_eq!(current.get().pending_describes, 3);
        };
        check(json!({"pending_describes": "x"}), "invalid type");
        check(json!({"pending": 1}), "unknown field");
        check(json!([]), "JSON object");
    }
}

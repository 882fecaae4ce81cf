//! What the provider keeps beside plan and state, unseen by the person: why a plan was made, and
//! what a page wants to remember.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;

/// What an operation that was planned is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To make the object.
    Create,
    /// To change it.
    Update,
    /// To remove it.
    Destroy,
}

/// The object that a create is for: what tells a continued create from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The resource, as type/name.
    pub resource: String,
    /// The account, as configured; none where it was not known.
    pub account: Option<String>,
    /// The region; none where it was not known.
    pub region: Option<String>,
    /// What only another object can have otherwise, as far as it was known: JSON texts by attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, String>,
}

/// The private part of a plan or a state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Private {
    /// What the plan was for; none in a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// For a create: of what, if that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What the page remembers.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub page: serde_json::Map<String, serde_json::Value>,
}

impl Private {
    /// Reads it from the bytes that core kept; no bytes are an empty one.
    ///
    /// # Errors
    /// Where the bytes are not what a version of this provider wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Diagnostic> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes).map_err(|error| {
            Diagnostic::error(
                "failed to read the private state",
                format!("The private part of the state was not written by this provider: {error}."),
            )
        })
    }

    /// The bytes for core to keep; an empty one has none.
    pub fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        // Only strings and maps with string keys are in it, which always serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What of this a state keeps.
    #[must_use]
    pub fn for_state(self) -> Self {
        Self { page: self.page, ..Self::default() }
    }
}

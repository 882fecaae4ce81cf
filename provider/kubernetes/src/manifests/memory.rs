//! What the provider remembers of a set beside the state, unseen by the person.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use travel_framework::call::Memory as PageMemory;
use travel_framework::platform::Platform;
use travel_framework::{Call, Diagnostic};

use crate::memory;
use crate::secrets::SecretKey;

/// The entry of the page's memory that holds ours.
const ENTRY: &str = "manifests";

/// What is remembered of a set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The random key, in base64, under which secret values are told apart.
    pub key: String,
    /// The version of Kubernetes that the cluster had when it was last looked at.
    pub kube_version: String,
    /// Documents that are known only as the cluster has them, and not as they were written.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub inferred: BTreeSet<String>,
}

impl Memory {
    /// What a page remembers.
    ///
    /// # Errors
    /// Where that was not written by a version of this provider.
    pub fn read(page: &PageMemory) -> Result<Self, Diagnostic> {
        memory::read(page, ENTRY)
    }

    /// What an operation's page remembers.
    ///
    /// # Errors
    /// As [`Memory::read`].
    pub fn of<P: Platform>(call: &Call<P>) -> Result<Self, Diagnostic> {
        Self::read(&call.remembered())
    }

    /// Has the page remember this.
    pub fn keep<P: Platform>(&self, call: &Call<P>) {
        memory::keep(call, ENTRY, self);
    }

    /// The key under which secret values are told apart, if there is one yet.
    pub fn secret_key(&self) -> Option<SecretKey> {
        SecretKey::read(&self.key)
    }

    /// That key, made now if there is none yet.
    pub fn own_secret_key(&mut self) -> SecretKey {
        SecretKey::read_or_make(&mut self.key)
    }
}

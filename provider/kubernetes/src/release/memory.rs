//! What the provider remembers of releases beside the state, unseen by the person: what it last
//! made of them, and how they differ from that in the cluster.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use travel_framework::call::Memory as PageMemory;
use travel_framework::platform::Platform;
use travel_framework::{Call, Diagnostic};

use crate::documents::Documents;
use crate::memory;
use crate::secrets::SecretKey;

/// The entry of the page's memory that holds ours.
const ENTRY: &str = "releases";

/// What is remembered of all releases of an object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The random key, in base64, under which secret values are told apart.
    pub key: String,
    /// The releases; that of a page with only one is the one without a name.
    pub releases: BTreeMap<String, ReleaseMemory>,
}

/// What is remembered of one release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReleaseMemory {
    /// The revision that was last seen to be as we made it.
    pub revision: u64,
    /// A code of everything the documents were made of; empty where it is not known.
    pub inputs: String,
    /// The version of Kubernetes that the chart is told.
    pub kube_version: String,
    /// The API versions that the chart is told; none where it has not asked so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_versions: Option<Vec<String>>,
    /// Documents that the cluster has otherwise than they were applied: as they were applied.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drifted: Documents,
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

    /// What is remembered of releases that have a name there, under their new names.
    #[must_use]
    pub fn relabelled(self, names: &BTreeMap<String, String>) -> Self {
        let named = |(name, it)| Some((names.get(&name)?.clone(), it));
        Self { releases: self.releases.into_iter().filter_map(named).collect(), ..self }
    }

    /// What is remembered of a release.
    pub fn release(&mut self, name: &str) -> &mut ReleaseMemory {
        self.releases.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let mut memory = Memory::default();
        assert!(memory.secret_key().is_none());
        let key = memory.own_secret_key();
        memory.release("cart").revision = 3;
        let kept = serde_json::to_value(&memory).unwrap();
        let page = PageMemory::from_iter([(ENTRY.to_owned(), kept)]);
        let mut read = Memory::read(&page).unwrap();
        assert_eq!(read.own_secret_key().bytes(), key.bytes());
        assert_eq!(read.release("cart").revision, 3);
        assert_ne!(Memory::default().own_secret_key().bytes(), key.bytes());
    }

    #[test]
    fn what_is_remembered_of_a_release_moves_with_it() {
        let mut memory = Memory { key: "x".to_owned(), ..Memory::default() };
        for (revision, name) in [(1, "a"), (2, "b"), (3, "gone")] {
            memory.release(name).revision = revision;
        }
        let names = [("a", "b"), ("b", "a")].map(|(old, new)| (old.to_owned(), new.to_owned()));
        let moved = memory.relabelled(&names.into());
        let revisions: Vec<(&str, u64)> =
            moved.releases.iter().map(|(name, it)| (name.as_str(), it.revision)).collect();
        assert_eq!((moved.key.as_str(), revisions), ("x", vec![("a", 2), ("b", 1)]));
    }
}

//! Replicas in their deletion window. KMS lists them with their key until it is over, but nothing
//! more is to be learned of them: which they are is remembered, so that a refresh need not look at
//! each. One that somebody brings back by hand shows once the window would have been over.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use serde_json::Value as Json;

use crate::consistency::Call;

/// The entry of the page's memory.
const ENTRY: &str = "leaving_replicas";

/// When the deletion windows of replicas end, in seconds since 1970, by their ARNs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leaving(BTreeMap<String, i64>);

impl Leaving {
    /// Those that are remembered, and whose window is not over.
    pub fn of(call: &Call) -> Self {
        let now = DateTime::from(SystemTime::now()).secs();
        let remembered = call.remembered();
        let ends = remembered.get(ENTRY).and_then(Json::as_object).into_iter().flatten();
        let ends = ends.filter_map(|(arn, end)| Some((arn.clone(), end.as_i64()?)));
        Self(ends.filter(|(_, end)| *end > now).collect())
    }

    /// When the window of a replica ends, if it is among them.
    pub fn end(&self, arn: &str) -> Option<i64> {
        self.0.get(arn).copied()
    }

    /// Has the page remember these, and no others.
    pub fn keep(self, call: &Call) {
        let mut memory = call.remembered();
        memory.remove(ENTRY);
        if !self.0.is_empty() {
            let ends = self.0.into_iter().map(|(arn, end)| (arn, end.into())).collect();
            memory.insert(ENTRY.to_owned(), Json::Object(ends));
        }
        call.remember(memory);
    }
}

impl FromIterator<(String, i64)> for Leaving {
    fn from_iter<I: IntoIterator<Item = (String, i64)>>(ends: I) -> Self {
        Self(ends.into_iter().collect())
    }
}

//! The record of every call: in memory, and as lines of JSON in a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// One call as it was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1 in the order of arrival. Entries are recorded when they end, so in another order.
    pub sequence: u64,
    /// When it arrived.
    pub time: DateTime<Utc>,
    /// The service by its name in the routing table, or `kubernetes`.
    pub service: String,
    /// The operation, `CreateVpc`.
    pub operation: String,
    /// The account it worked in.
    pub account: String,
    /// The region it worked in.
    pub region: String,
    /// The HTTP status; 0 where nothing was answered.
    pub status: u16,
    /// The error's code, where it failed.
    pub error: Option<String>,
    /// What the sandbox did to the call on request: the name of the fault.
    pub fault: Option<String>,
    /// The whole user agent.
    pub user_agent: String,
    /// From arrival to the answer's head.
    pub latency_milliseconds: f64,
    /// The request id of the answer.
    pub request_id: String,
    /// The calling process, where it is known.
    pub process_id: Option<i32>,
    /// The file name of its program.
    pub executable: Option<String>,
}

impl Entry {
    /// The unit that made the call, from a product `deployment/NAME` of the user agent (or `app/deployment/NAME`, or
    /// `app/deployment.NAME`), percent-decoded.
    pub fn unit(&self) -> Option<String> {
        self.user_agent.split_whitespace().find_map(|product| {
            let product = product.strip_prefix("app/").unwrap_or(product);
            let rest = product.strip_prefix("deployment")?;
            let name = rest.strip_prefix(['/', '.', ':'])?;
            Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
        })
    }
}

/// What to look for in the record; an empty field means anything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Only calls that arrived after the one of this number.
    pub since: u64,
    /// Only of this service.
    pub service: String,
    /// Only of this operation; `*` stands for any text.
    pub operation: String,
    /// Only in this account.
    pub account: String,
    /// Only with this text in the user agent.
    pub user_agent: String,
    /// Only of programs whose file name starts so.
    pub executable: String,
}

impl Query {
    fn covers(&self, entry: &Entry) -> bool {
        let executable = entry.executable.as_deref().unwrap_or_default();
        entry.sequence > self.since
            && (self.service.is_empty() || entry.service == self.service)
            && (self.operation.is_empty() || wildcard(&self.operation, &entry.operation))
            && (self.account.is_empty() || entry.account == self.account)
            && entry.user_agent.contains(&self.user_agent)
            && executable.starts_with(&self.executable)
    }
}

/// Whether a text is of a pattern in which `*` stands for any text.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// All calls of one sandbox.
#[derive(Debug)]
pub struct Record {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: u64,
    entries: Vec<Entry>,
    file: Option<File>,
}

impl Record {
    /// A record that also writes to a file, which it makes anew.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(file: &Path) -> std::io::Result<Self> {
        let file = Some(File::create(file)?);
        Ok(Self { state: Mutex::new(State { last: 0, entries: Vec::new(), file }) })
    }

    /// The number of the next call.
    pub fn number(&self) -> u64 {
        let mut state = self.state();
        state.last += 1;
        state.last
    }

    /// The number of the last call that arrived.
    pub fn last(&self) -> u64 {
        self.state().last
    }

    /// Takes in a call that has ended.
    pub fn add(&self, entry: Entry) {
        let mut state = self.state();
        if let (Some(file), Ok(line)) = (&mut state.file, serde_json::to_string(&entry))
            && let Err(error) = writeln!(file, "{line}")
        {
            tracing::warn!(
                "failed to write the call record, which goes on in memory only: {error}"
            );
            state.file = None;
        }
        state.entries.push(entry);
    }

    /// The calls a query covers, in the order of their arrival.
    pub fn find(&self, query: &Query) -> Vec<Entry> {
        let state = self.state();
        let mut found: Vec<Entry> =
            state.entries.iter().filter(|entry| query.covers(entry)).cloned().collect();
        found.sort_by_key(|entry| entry.sequence);
        found
    }

    /// How many calls each unit made, of those a query covers; calls of no unit count under `-`.
    pub fn counts(&self, query: &Query) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for entry in self.find(query) {
            *counts.entry(entry.unit().unwrap_or_else(|| "-".to_owned())).or_default() += 1;
        }
        counts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sequence: u64, service: &str, operation: &str, user_agent: &str) -> Entry {
        Entry {
            sequence,
            time: Utc::now(),
            service: service.to_owned(),
            operation: operation.to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            status: 200,
            error: None,
            fault: None,
            user_agent: user_agent.to_owned(),
            latency_milliseconds: 1.5,
            request_id: "r".to_owned(),
            process_id: None,
            executable: None,
        }
    }

    #[test]
    fn finds_and_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.jsonl");
        let record = Record::new(&path).unwrap();
        for (service, operation, agent) in [
            ("kms", "CreateKey", "aws-sdk-rust/1 deployment/dev%2Fglobal%2Fencryption lang/rust"),
            ("kms", "DescribeKey", "aws-sdk-rust/1 deployment/dev%2Fglobal%2Fencryption lang/rust"),
            ("s3", "PutObject", "APN/1.0 HashiCorp/1.0 Terraform/1.11.4"),
        ] {
            record.add(entry(record.number(), service, operation, agent));
        }
        let of = |query: Query| record.find(&query).len();
        assert_eq!(of(Query { service: "kms".into(), ..Query::default() }), 2);
        assert_eq!(of(Query { operation: "*Key".into(), since: 1, ..Query::default() }), 1);
        assert_eq!(of(Query { user_agent: "HashiCorp".into(), ..Query::default() }), 1);
        assert_eq!(of(Query { executable: "terraform".into(), ..Query::default() }), 0);
        let counts = record.counts(&Query::default());
        assert_eq!(counts["dev/global/encryption"], 2);
        assert_eq!(counts["-"], 1);
        let lines = std::fs::read_to_string(&path).unwrap();
        let first: Entry = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!((first.sequence, lines.lines().count()), (1, 3));
    }

    #[test]
    fn units_stand_in_the_user_agent() {
        let check = |agent: &str, expected: Option<&str>| {
            assert_eq!(entry(1, "kms", "X", agent).unit().as_deref(), expected, "{agent}");
        };
        check("a/1 deployment/dev%2Fnetwork b/2", Some("dev/network"));
        check("a/1 app/deployment.dev%2Fnetwork", Some("dev/network"));
        check("a/1 deployments/dev", None);
        check("", None);
    }

    #[test]
    fn stars_stand_for_any_text() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        };
        check("CreateVpc", "CreateVpc", true);
        check("CreateVpc", "CreateVpcEndpoint", false);
        check("Create*", "CreateVpcEndpoint", true);
        check("*", "", true);
        check("*Tag*s", "CreateTags", true);
        check("De*ribe*x", "DescribeVpcs", false);
    }
}

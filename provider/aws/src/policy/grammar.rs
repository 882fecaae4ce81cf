//! The grammar of policy documents: what IAM would refuse of one, told before anything is changed.
//! Parts that are not known yet pass.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM and AWS STS quotas".

mod statement;

use std::collections::BTreeSet;

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::document;

/// How long a managed policy can be, white space not counted.
const LONGEST_MANAGED: usize = 6144;
/// How long the inline policies of a role can be together.
const LONGEST_INLINE: usize = 10_240;
/// How long a trust policy can be once the account's quota is raised as far as it goes.
const LONGEST_TRUST: usize = 8192;
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// What a document is for: each has a grammar of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A managed policy: what whoever it is attached to may do.
    Managed,
    /// A policy inside a role.
    Inline,
    /// Who may assume a role.
    Trust,
    /// A policy of whatever kind, such as that of a bucket.
    Other,
}

impl Kind {
    const fn longest(self) -> Option<usize> {
        match self {
            Self::Managed => Some(LONGEST_MANAGED),
            Self::Inline => Some(LONGEST_INLINE),
            Self::Trust => Some(LONGEST_TRUST),
            Self::Other => None,
        }
    }

    /// Whether it says what its holder may do.
    const fn is_permissions(self) -> bool {
        matches!(self, Self::Managed | Self::Inline)
    }
}

/// Refuses what IAM would refuse of the document in a top-level attribute.
pub fn check(plan: &mut Plan<'_>, name: &str, kind: Kind) {
    for fault in faults(kind, plan.config.get(name)) {
        plan.diagnostics.push(refusal(&fault).at_attribute(name));
    }
}

/// The error for a fault of a document.
pub fn refusal(fault: &str) -> Diagnostic {
    Diagnostic::error("invalid policy", fault)
}

/// What IAM would refuse of a document, in sentences.
pub fn faults(kind: Kind, document: &Value) -> Vec<String> {
    if document.is_null() || document.is_unknown() {
        return Vec::new();
    }
    let tree = match document::tree(document) {
        Ok(tree) => tree,
        Err(error) => return vec![format!("The document is no JSON: {error}.")],
    };
    let mut found = Vec::new();
    whole(kind, &tree, &mut found);
    if let Some(text) = document::text(document) {
        measure(kind, &text, &mut found);
    }
    found
}

fn whole(kind: Kind, tree: &Value, found: &mut Vec<String>) {
    let Some(entries) = tree.entries() else {
        found.push("A policy is an object with a Version and a Statement.".to_owned());
        return;
    };
    for name in entries.keys().filter(|name| !["Version", "Id", "Statement"].contains(&&***name)) {
        found.push(format!("A policy has no {name:?}, only Version, Id and Statement."));
    }
    version(kind, tree.get("Version"), found);
    let statements = tree.get("Statement");
    if statements.is_unknown() {
        return;
    }
    let statements = if statements.is_null() { Vec::new() } else { many(statements) };
    if statements.is_empty() && (kind != Kind::Other || tree.get("Statement").is_null()) {
        found.push("A policy needs a Statement: an object, or a list of some.".to_owned());
    }
    let mut named = BTreeSet::new();
    for (index, statement) in statements.iter().enumerate() {
        let sid = statement.get("Sid").as_str().filter(|sid| !sid.is_empty());
        let place = match sid {
            Some(sid) => format!("Statement {sid:?}"),
            None => format!("Statement {}", index + 1),
        };
        if let Some(sid) = sid
            && kind != Kind::Other
            && !named.insert(sid)
        {
            found.push(format!("{place} is there twice: the Sid of each statement is its own."));
        }
        statement::check(kind, &place, statement, found);
    }
}

fn version(kind: Kind, version: &Value, found: &mut Vec<String>) {
    if version.is_unknown() {
        return;
    }
    let known = version.as_str().filter(|version| VERSIONS.contains(version));
    match (known, kind) {
        (Some("2012-10-17"), _) => {}
        (_, Kind::Managed) => found.push(
            "A managed policy needs Version = \"2012-10-17\"; IAM takes no older one.".to_owned(),
        ),
        (None, _) if !version.is_null() => {
            found.push("The Version of a policy is \"2012-10-17\" or \"2008-10-17\".".to_owned());
        }
        _ => {}
    }
}

fn measure(kind: Kind, text: &str, found: &mut Vec<String>) {
    if kind == Kind::Other {
        return;
    }
    let is_allowed = |it: char| matches!(it, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if let Some(character) = text.chars().find(|it| !is_allowed(*it)) {
        found.push(format!(
            "IAM takes no character like {character:?} in a policy, only those of Latin-1 (up to ÿ)."
        ));
    }
    let size = document::size(text);
    if let Some(longest) = kind.longest().filter(|longest| size > *longest) {
        let remedy = match kind {
            Kind::Managed => "Divide it into several, or say more with fewer patterns.",
            _ => "Say more with fewer patterns, or move a part into managed policies.",
        };
        found.push(format!(
            "The policy has {size} characters, white space not counted, and can have {longest}. \
             {remedy}"
        ));
    }
}

/// The elements of a list, or the one value that stands for a list of one.
fn many(value: &Value) -> Vec<&Value> {
    value.elements().map_or_else(|| vec![value], |elements| elements.iter().collect())
}

#[cfg(test)]
mod tests;

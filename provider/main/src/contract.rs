//! What the provider promises to configurations and states: everything it serves, a line each, and
//! which changes of that break what worked before.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, ensure};
use travel_framework::schema::{
    Attribute, AttributeKind, Block, BlockNesting, FunctionSignature, NestedBlock, Nesting, Schema,
};
use travel_framework::server::Schemas;
use travel_framework::value::{Type, json};

/// Everything that is served: by kind and path (`resource travel_kms_key.alias`), what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract(BTreeMap<String, Vec<String>>);

/// A change that breaks what worked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// What was changed.
    pub subject: String,
    /// How.
    pub change: String,
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.subject, self.change)
    }
}

impl Contract {
    /// What these schemas promise.
    pub fn of(schemas: &Schemas) -> Self {
        let mut contract = Self::default();
        contract.schema("provider", "travel", &schemas.provider);
        for (kind, schemas) in [
            ("resource", &schemas.resources),
            ("identity", &schemas.identities),
            ("data", &schemas.data_sources),
            ("ephemeral", &schemas.ephemeral_resources),
            ("list", &schemas.lists),
            ("action", &schemas.actions),
        ] {
            for (name, schema) in schemas {
                contract.schema(kind, name, schema);
            }
        }
        for (name, signature) in &schemas.functions {
            contract.0.insert(format!("function {name}"), vec![self::signature(signature)]);
        }
        contract
    }

    /// Reads what [`fmt::Display`] has written.
    ///
    /// # Errors
    /// Where a line is none of those.
    pub fn parse(text: &str) -> Result<Self> {
        let mut contract = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.split(' ').map(str::to_owned);
            let (kind, path) = words.next().zip(words.next()).context(line.to_owned())?;
            let twice = contract.0.insert(format!("{kind} {path}"), words.collect());
            ensure!(twice.is_none(), "{line} stands there twice");
        }
        Ok(contract)
    }

    /// The changes from an earlier contract to this one that break what worked under that.
    pub fn breaks(&self, before: &Self) -> Vec<Break> {
        let mut found = Vec::new();
        for (subject, old) in &before.0 {
            match self.0.get(subject) {
                Some(new) => {
                    let changes = changes(old, new, self.version_rose(before, subject));
                    found.extend(changes.into_iter().map(|it| Break::new(subject, it)));
                }
                None if self.has_parent(subject) => found.push(Break::new(subject, "removed")),
                None => {}
            }
        }
        for (subject, new) in &self.0 {
            let is_new = !before.0.contains_key(subject);
            let is_in_old = parent(subject).is_some_and(|parent| before.0.contains_key(parent));
            if is_new && is_in_old && has(new, "required") {
                found.push(Break::new(subject, "new, and required"));
            }
        }
        found.sort_by(|one, other| one.subject.cmp(&other.subject));
        found
    }

    /// Whether what a subject stands in is still there: otherwise that is the change.
    fn has_parent(&self, subject: &str) -> bool {
        parent(subject).is_none_or(|parent| self.0.contains_key(parent))
    }

    fn version_rose(&self, before: &Self, subject: &str) -> bool {
        let top = subject.split('.').next().unwrap_or(subject);
        let version = |contract: &Self| contract.0.get(top).and_then(|words| version(words));
        version(self) > version(before)
    }

    fn schema(&mut self, kind: &str, name: &str, schema: &Schema) {
        let words = vec![format!("version={}", schema.version)];
        self.0.insert(format!("{kind} {name}"), words);
        self.block(&format!("{kind} {name}"), &schema.block);
    }

    fn block(&mut self, within: &str, block: &Block) {
        self.attributes(within, &block.attributes);
        for NestedBlock { name, nesting, block } in &block.blocks {
            let path = format!("{within}.{name}");
            let nesting = match nesting {
                BlockNesting::Single => "block",
                BlockNesting::List => "block-list",
                BlockNesting::Set => "block-set",
                BlockNesting::Map => "block-map",
            };
            self.0.insert(path.clone(), vec![nesting.to_owned()]);
            self.block(&path, block);
        }
    }

    fn attributes(&mut self, within: &str, attributes: &[Attribute]) {
        for attribute in attributes {
            let path = format!("{within}.{}", attribute.name);
            self.0.insert(path.clone(), words(attribute));
            if let AttributeKind::Nested { attributes, .. } = &attribute.kind {
                self.attributes(&path, attributes);
            }
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "# Everything the provider serves. Written by `make docs`.")?;
        for (subject, words) in &self.0 {
            if !subject.contains('.') && words.iter().any(|word| word.starts_with("version=")) {
                writeln!(formatter)?;
            }
            writeln!(formatter, "{subject} {}", words.join(" "))?;
        }
        Ok(())
    }
}

impl Break {
    fn new(subject: &str, change: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), change: change.into() }
    }
}

/// The breaks that nobody has acknowledged. Each line of `acknowledged` that is no comment says one,
/// and after ` -- ` why it had to be.
///
/// # Errors
/// Where a line gives no reason.
pub fn unacknowledged(breaks: Vec<Break>, acknowledged: &str) -> Result<Vec<Break>> {
    let mut known = Vec::new();
    for line in acknowledged.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (said, reason) = line.split_once(" -- ").unwrap_or((line, ""));
        ensure!(!reason.trim().is_empty(), "{line:?} has no reason: write \" -- \" and why");
        known.push(said);
    }
    Ok(breaks.into_iter().filter(|it| !known.contains(&it.to_string().as_str())).collect())
}

/// How a line changed for the worse.
fn changes(old: &[String], new: &[String], version_rose: bool) -> Vec<String> {
    let mut found = Vec::new();
    if let (Some(before), Some(after)) = (version(old), version(new)) {
        if after < before {
            found.push(format!("version lowered from {before} to {after}"));
        }
        return found;
    }
    let (before, after) = (old.first(), new.first());
    let is_only_read = |words| !has(words, "required") && !has(words, "optional");
    // What only the state has, its upgrade mends; what a configuration says, nobody does.
    if before != after && !(version_rose && is_only_read(old) && is_only_read(new)) {
        let text = |word: Option<&String>| word.cloned().unwrap_or_default();
        let version = if version_rose { "" } else { ", under the same version" };
        found.push(format!("type changed from {} to {}{version}", text(before), text(after)));
    }
    let (is, was) = (|flag: &str| has(new, flag), |flag: &str| has(old, flag));
    for (is_worse, change) in [
        (is("required") && !was("required"), "became required"),
        (is_only_read(new) && !is_only_read(old), "cannot be set any more"),
        (was("computed") && !is("computed") && !is("required"), "no longer computed"),
        (is("replace") && !was("replace"), "a change now needs another object"),
        (is("sensitive") && !was("sensitive"), "became sensitive"),
        (was("sensitive") && !is("sensitive"), "no longer sensitive"),
        (is("write_only") != was("write_only"), "write-only or no longer"),
    ] {
        // A block has none of these.
        if is_worse && !before.is_some_and(|word| word.starts_with("block")) {
            found.push(change.to_owned());
        }
    }
    let default = |words: &[String]| words.iter().find(|it| it.starts_with("default=")).cloned();
    let (before, after) = (default(old), default(new));
    if before != after {
        let text = |word: Option<String>| word.unwrap_or_else(|| "no default".to_owned());
        found.push(format!("from {} to {}", text(before), text(after)));
    }
    found
}

fn has(words: &[String], flag: &str) -> bool {
    words.iter().any(|word| word == flag)
}

fn version(words: &[String]) -> Option<i64> {
    words.first()?.strip_prefix("version=")?.parse().ok()
}

/// What a subject stands in; none for what stands for itself.
fn parent(subject: &str) -> Option<&str> {
    subject.rsplit_once('.').map(|(parent, _)| parent)
}

fn words(attribute: &Attribute) -> Vec<String> {
    let kind = match &attribute.kind {
        AttributeKind::Plain(kind) => one_word(kind),
        AttributeKind::Nested { nesting, .. } => match nesting {
            Nesting::Single => "attributes",
            Nesting::List => "attributes-list",
            Nesting::Set => "attributes-set",
            Nesting::Map => "attributes-map",
        }
        .to_owned(),
    };
    let mut words = vec![kind];
    for (flag, name) in [
        (attribute.required, "required"),
        (attribute.optional, "optional"),
        (attribute.computed, "computed"),
        (attribute.replace, "replace"),
        (attribute.sensitive, "sensitive"),
        (attribute.write_only, "write_only"),
        (attribute.deprecated.is_some(), "deprecated"),
    ] {
        if flag {
            words.push(name.to_owned());
        }
    }
    if let Some(default) = &attribute.default {
        // JSON, in which a space is written so that the default is one word.
        let shown = json::encode(default, &attribute.value_type());
        let shown = shown.unwrap_or_else(|error| error.to_string());
        words.push(format!("default={}", shown.replace(' ', "\\u0020")));
    }
    words
}

fn one_word(kind: &Type) -> String {
    kind.to_string().replace(' ', "")
}

fn signature(signature: &FunctionSignature) -> String {
    let FunctionSignature { parameters, variadic, result, .. } = signature;
    let fixed = parameters.iter().map(|it| one_word(&it.kind));
    let variadic = variadic.iter().map(|it| format!("{}...", one_word(&it.kind)));
    let parameters: Vec<String> = fixed.chain(variadic).collect();
    format!("({}){}", parameters.join(","), one_word(result))
}

#[cfg(test)]
mod tests;

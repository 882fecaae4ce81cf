//! Planning a stack: its releases in the order they are made, each told what those before it bring
//! about.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Plan;
use travel_value::{Path, Value};

use super::labels::{Named, new_labels};
use super::path_of;
use crate::platform::Kubernetes;
use crate::release::Seen;
use crate::release::charts::{self, Charts};
use crate::release::memory::{Memory, ReleaseMemory};
use crate::release::planning::{self, Brought, Question};
use crate::secrets::SecretKey;

const PASSWORDS: &str = "repository_passwords";

/// Checks that releases are distinct, and wait only for others of the stack and not in a circle.
pub fn validate(plan: &mut Plan<'_>) {
    let Some(blocks) = plan.config.get("release").entries() else { return };
    let mut seen: BTreeMap<Named, &str> = BTreeMap::new();
    refuse_stray_passwords(plan, blocks);
    for (label, block) in blocks {
        for (number, other) in after(block).into_iter().enumerate() {
            if !blocks.contains_key(other) {
                let known: Vec<&str> = blocks.keys().map(String::as_str).collect();
                plan.refuse_at(
                    path_of(label).field("after"),
                    format!("no release {other:?}"),
                    format!(
                        "Entry {} of after names no release of this stack; it has: {}.",
                        number + 1,
                        known.join(", "),
                    ),
                );
            }
        }
        let Some((name, namespace)) = named(label, block) else { continue };
        let both = format!("{namespace}/{name}");
        if let Some(other) = seen.insert((name, namespace), label) {
            plan.refuse_at(
                path_of(label),
                format!("two releases {both}"),
                format!("The block {other:?} has the same name and namespace. Change one of them."),
            );
        }
    }
    let (_, circle) = in_order(blocks);
    if let Some(first) = circle.first() {
        plan.refuse_at(
            path_of(first).field("after"),
            "releases wait for each other",
            format!("None of these could be the first: {}.", circle.join(", ")),
        );
    }
}

/// Refuses passwords that are no release's.
fn refuse_stray_passwords(plan: &mut Plan<'_>, blocks: &BTreeMap<String, Value>) {
    let passwords = plan.config.get(PASSWORDS).entries();
    let strays = passwords.into_iter().flatten().filter(|(label, _)| !blocks.contains_key(*label));
    for label in strays.map(|(label, _)| label) {
        let known: Vec<&str> = blocks.keys().map(String::as_str).collect();
        plan.refuse_at(
            Path::attribute(PASSWORDS),
            format!("no release {label:?}"),
            format!("There is a password for it, but the stack has: {}.", known.join(", ")),
        );
    }
}

/// The password of a release's repository.
fn password(config: &Value, label: &str) -> Value {
    let passwords = config.get(PASSWORDS);
    if passwords.is_unknown() { Value::unknown() } else { passwords.get(label).clone() }
}

/// Plans every release.
pub fn plan(platform: &Kubernetes, plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    let memory = match Memory::read(&plan.remembered) {
        Ok(memory) => memory,
        Err(error) => return plan.diagnostics.push(error),
    };
    let Some(blocks) = plan.planned.get("release").entries().cloned() else { return };
    // The same releases, whatever their labels were.
    let named = |blocks: &BTreeMap<String, Value>| {
        blocks.iter().map(|(label, block)| (label.clone(), named(label, block))).collect()
    };
    let prior = plan.prior.get("release").entries().cloned().unwrap_or_default();
    let labels = new_labels(&named(&prior), &named(&blocks));
    let memory = memory.relabelled(&labels);
    let prior: BTreeMap<String, Value> = prior
        .into_iter()
        .filter_map(|(label, block)| Some((labels.get(&label)?.clone(), block)))
        .collect();
    let charts = platform.charts();
    let mut planned = BTreeMap::new();
    let mut brought: BTreeMap<String, Brought> = BTreeMap::new();
    for label in in_order(&blocks).0 {
        let Some(block) = blocks.get(&label) else { continue };
        let mut before = Brought::default();
        for other in after(block) {
            brought.get(other).into_iter().for_each(|other| before.extend(other));
        }
        let was = Was {
            prior: prior.get(&label).unwrap_or(&Value::Null),
            memory: memory.releases.get(&label),
            key: memory.secret_key(),
        };
        let (block, own) = plan_block(plan, &was, &charts, &label, block, &before);
        // What one brings about is there for all that come later, directly or not.
        before.extend(&own);
        brought.insert(label.clone(), before);
        planned.insert(label, block);
    }
    // Blocks in a circle were refused when the configuration was checked.
    plan.set("release", Value::Map(planned));
    keep_places(plan);
}

/// Leaves the charts where the state has them, if nothing else changes.
fn keep_places(plan: &mut Plan<'_>) {
    let (Some(planned), Some(before)) =
        (plan.planned.get("release").entries(), plan.prior.get("release").entries())
    else {
        return;
    };
    let at_place = |(label, block): (&String, &Value)| {
        let prior = before.get(label).unwrap_or(&Value::Null);
        (label.clone(), charts::at_prior_place(block, prior))
    };
    let mut kept = plan.planned.clone();
    kept.set_attribute("release", Value::Map(planned.iter().map(at_place).collect()));
    let mut prior = plan.prior.clone();
    prior.set_attribute("release", Value::Map(before.clone()));
    if kept == prior {
        plan.planned = kept;
    }
}

/// What a release was before it is planned.
struct Was<'a> {
    /// The block; null where there was none about this release.
    prior: &'a Value,
    /// What is remembered of the release.
    memory: Option<&'a ReleaseMemory>,
    /// The key under which secret values are told apart.
    key: Option<SecretKey>,
}

fn plan_block(
    plan: &mut Plan<'_>,
    was: &Was<'_>,
    charts: &Charts,
    label: &str,
    block: &Value,
    brought: &Brought,
) -> (Value, Brought) {
    let prior = was.prior;
    let seen = Seen::names();
    let mut block = block.clone();
    match prior.is_null() {
        true => seen.iter().for_each(|name| block.set_attribute(name, Value::unknown())),
        false => block.set_attribute("first_deployed", prior.get("first_deployed").clone()),
    }
    let name = match block.get("name") {
        Value::Null => Some(label),
        name => name.as_str(),
    };
    let path = path_of(label);
    let answer = planning::plan(&Question {
        planned: &block,
        password: password(plan.config, label),
        prior,
        name,
        name_path: if block.get("name").is_null() { path.clone() } else { path.field("name") },
        path,
        charts,
        memory: was.memory.filter(|_| !prior.is_null()),
        key: was.key.as_ref(),
        brought,
    });
    plan.diagnostics.extend(answer.diagnostics);
    for (name, value) in answer.attributes {
        block.set_attribute(name, value);
    }
    planning::keep_seen(&mut block, prior);
    (block, answer.brought)
}

/// Name and namespace of a block's release; none where one is not known.
fn named(label: &str, block: &Value) -> Option<Named> {
    let text = |name: &str, otherwise: &str| match block.get(name) {
        Value::Null => Some(otherwise.to_owned()),
        value => value.as_str().map(str::to_owned),
    };
    Some((text("name", label)?, text("namespace", "default")?))
}

fn after(block: &Value) -> Vec<&str> {
    block.get("after").elements().unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

/// The labels in an order in which each comes after those it waits for; and those that wait for
/// each other.
fn in_order(blocks: &BTreeMap<String, Value>) -> (Vec<String>, Vec<String>) {
    let mut ordered: Vec<String> = Vec::new();
    let mut left: BTreeSet<&String> = blocks.keys().collect();
    loop {
        let is_free = |label: &&&String| {
            let others = blocks.get(label.as_str()).map(after).unwrap_or_default();
            !others.iter().any(|other| left.iter().any(|waiting| waiting.as_str() == *other))
        };
        let Some(next) = left.iter().find(is_free).copied() else { break };
        left.remove(next);
        ordered.push(next.clone());
    }
    (ordered, left.into_iter().cloned().collect())
}

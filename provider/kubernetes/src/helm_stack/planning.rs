//! Planning a stack: its releases in the order they are made, each told what those before it bring
//! about.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Plan;
use travel_value::Value;

use super::path_of;
use crate::platform::{Kubernetes, Mirror};
use crate::release::charts;
use crate::release::memory::Memory;
use crate::release::planning::{self, Brought, Question};

/// What a plan compares to tell whether a release changes.
const EFFECTIVE: [&str; 6] =
    ["name", "namespace", "documents", "chart_digest", "values_digest", "release_status"];
/// What only the cluster can say of a release.
const COMPUTED: [&str; 9] = [
    "documents",
    "chart_digest",
    "chart_version",
    "app_version",
    "values_digest",
    "revision",
    "release_status",
    "first_deployed",
    "last_deployed",
];

/// Checks that releases are distinct, and wait only for others of the stack and not in a circle.
pub fn validate(plan: &mut Plan<'_>) {
    let Some(blocks) = plan.config.get("release").entries() else { return };
    let mut seen: BTreeMap<(String, String), &str> = BTreeMap::new();
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
        let Some(identity) = identity(label, block) else { continue };
        let named = format!("{}/{}", identity.1, identity.0);
        if let Some(other) = seen.insert(identity, label) {
            plan.refuse_at(
                path_of(label),
                format!("two releases {named}"),
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
    let mirror = platform.mirror();
    let mut planned = BTreeMap::new();
    let mut brought: BTreeMap<String, Brought> = BTreeMap::new();
    for label in in_order(&blocks).0 {
        let Some(block) = blocks.get(&label) else { continue };
        let mut before = Brought::default();
        for other in after(block) {
            brought.get(other).into_iter().for_each(|other| before.extend(other));
        }
        let (block, own) = plan_block(plan, &memory, &mirror, &label, block, &before);
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

fn plan_block(
    plan: &mut Plan<'_>,
    memory: &Memory,
    mirror: &Mirror,
    label: &str,
    block: &Value,
    brought: &Brought,
) -> (Value, Brought) {
    let prior = plan.prior.get("release").get(label);
    let is_same = identity(label, prior).is_some_and(|it| Some(it) == identity(label, block));
    let prior = if is_same { prior } else { &Value::Null };
    let mut block = block.clone();
    if prior.is_null() {
        for name in COMPUTED {
            block.set_attribute(name, Value::unknown());
        }
    }
    let name = match block.get("name") {
        Value::Null => Some(label),
        name => name.as_str(),
    };
    let path = path_of(label);
    let answer = planning::plan(&Question {
        planned: &block,
        prior,
        name,
        name_path: if block.get("name").is_null() { path.clone() } else { path.field("name") },
        path,
        mirror,
        memory: memory.releases.get(label).filter(|_| !prior.is_null()),
        key: memory.secret_key().as_ref(),
        brought,
    });
    plan.diagnostics.extend(answer.diagnostics);
    for (name, value) in answer.attributes {
        block.set_attribute(name, value);
    }
    let stays = !prior.is_null() && EFFECTIVE.iter().all(|name| block.get(name) == prior.get(name));
    if stays {
        for name in COMPUTED {
            block.set_attribute(name, prior.get(name).clone());
        }
    }
    (block, answer.brought)
}

/// Name and namespace of a block's release; none where one is not known.
fn identity(label: &str, block: &Value) -> Option<(String, String)> {
    if block.is_null() {
        return None;
    }
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

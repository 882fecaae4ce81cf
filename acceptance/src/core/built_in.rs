//! The resource that is no provider's, `terraform_data`: it keeps what it is given.

use std::collections::BTreeSet;

use anyhow::Result;
use travel_value::Value;

use super::ResourceBlock;
use super::configuration::BUILT_IN;
use super::evaluate::{Names, evaluate};
use super::walk::{Action, Change, Object};

/// Plans one: its output is its input, known once it is made.
///
/// # Errors
/// Where its input cannot be evaluated.
pub fn plan(block: &ResourceBlock, names: &Names, prior: Option<&Object>) -> Result<Change> {
    let input = block.body.attributes().find(|it| it.key.as_str() == "input");
    let input = match input {
        Some(input) => evaluate(&input.expr, names)?,
        None => Value::Null,
    };
    let prior = prior.map_or(Value::Null, |object| object.value.clone());
    let (action, output) = match () {
        () if prior.is_null() => (Action::Create, Value::unknown()),
        () if *prior.get("input") == input => (Action::Nothing, input.clone()),
        () => (Action::Update, Value::unknown()),
    };
    let id = if prior.is_null() { Value::unknown() } else { prior.get("id").clone() };
    let planned = Value::object([("input", input), ("output", output), ("id", id)]);
    let config = Value::object([("input", planned.get("input").clone())]);
    Ok(Change { action, prior, config, planned, private: Vec::new(), identity: Value::Null })
}

/// The object that comes of a plan.
pub fn made(address: &str, planned: &Value, needs: BTreeSet<String>) -> Object {
    let input = planned.get("input").clone();
    let id = Value::from(format!("id of {address}"));
    Object {
        type_name: BUILT_IN.to_owned(),
        value: Value::object([("output", input.clone()), ("input", input), ("id", id)]),
        private: Vec::new(),
        identity: Value::Null,
        tainted: false,
        needs,
    }
}

//! What a core proposes to a provider as the new state: the configuration, and what the prior state
//! has of that which only the provider sets.

use std::collections::BTreeMap;

use travel_value::Value;

use super::schema::{Attribute, Block, Nesting};

/// The proposed new state. `prior` is null for a create.
pub fn proposed(block: &Block, prior: &Value, config: &Value) -> Value {
    if config.is_null() {
        return Value::Null;
    }
    let mut object = attributes(&block.attributes, prior, config);
    for (name, nested) in &block.blocks {
        let (prior, config) = (prior.get(name), config.get(name));
        let value = match config {
            Value::Object(_) => proposed(&nested.block, prior, config),
            Value::List(all) => {
                let one = |(at, config): (usize, &Value)| {
                    let prior = prior.elements().and_then(|all| all.get(at));
                    proposed(&nested.block, prior.unwrap_or(&Value::Null), config)
                };
                Value::List(all.iter().enumerate().map(one).collect())
            }
            Value::Map(all) => {
                let one = |(key, config): (&String, &Value)| {
                    (key.clone(), proposed(&nested.block, prior.get(key), config))
                };
                Value::Map(all.iter().map(one).collect())
            }
            // Blocks of several types are proposed as they are written.
            other => other.clone(),
        };
        object.insert(name.clone(), value);
    }
    Value::Object(object)
}

fn attributes(
    schema: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
) -> BTreeMap<String, Value> {
    schema
        .iter()
        .map(|(name, attribute)| {
            let (prior, config) = (prior.get(name), config.get(name));
            let value = match &attribute.nested {
                _ if attribute.write_only => Value::Null,
                _ if attribute.computed && config.is_null() => prior.clone(),
                Some((nesting, inner)) if !config.is_null() && !config.is_unknown() => {
                    nested(*nesting, inner, prior, config)
                }
                _ => config.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

fn nested(
    nesting: Nesting,
    inner: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
) -> Value {
    let one = |prior: &Value, config: &Value| Value::Object(attributes(inner, prior, config));
    match (nesting, config) {
        (Nesting::List, Value::List(all)) => {
            let all = all.iter().enumerate().map(|(at, config)| {
                let prior = prior.elements().and_then(|all| all.get(at));
                one(prior.unwrap_or(&Value::Null), config)
            });
            Value::List(all.collect())
        }
        (Nesting::Map, Value::Map(all)) => {
            Value::Map(all.iter().map(|(key, it)| (key.clone(), one(prior.get(key), it))).collect())
        }
        (Nesting::Single, Value::Object(_)) => one(prior, config),
        _ => config.clone(),
    }
}

//! The part of a plan that follows from the schema alone: defaults, values kept, values that will
//! be known only after the apply, and attributes whose change needs another object.

use std::collections::{BTreeMap, BTreeSet};

use travel_value::{Path, Value};

use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting};

/// How computed attributes that the configuration leaves alone are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    /// As they were: to find out whether anything changes at all.
    Kept,
    /// As an apply will leave them: unknown where it may change them.
    Applied {
        /// Whether the object's create was cut off, so that what is null will still come.
        resumed: bool,
    },
}

/// Plans an object by its schema.
///
/// `config` and `prior` are objects of the block's type, or null; null configuration gives null.
pub fn plan_by_schema(block: &Block, prior: &Value, config: &Value, computed: Computed) -> Value {
    object(&block.attributes, &block.blocks, prior, config, computed)
}

/// The attributes whose planned change needs another object; none for a create or a destroy.
pub fn replacements(block: &Block, prior: &Value, planned: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    if !prior.is_null() && !planned.is_null() {
        replaced(&block.attributes, &Path::root(), prior, planned, &mut found);
    }
    found
}

/// An object without the attributes that only the provider reads (and without write-only values).
pub fn effective(block: &Block, object: &Value) -> Value {
    let Value::Object(values) = object else { return object.clone() };
    let mut values = values.clone();
    strip(&block.attributes, &block.blocks, &mut values);
    Value::Object(values)
}

/// `read`, with the prior value wherever the schema says that both mean the same.
pub fn settle(block: &Block, prior: &Value, read: &Value) -> Value {
    settle_object(&block.attributes, prior, read)
}

/// `planned`, with the values that only the configuration may hold: what an apply works with.
/// Beside a null configuration it is `planned` without such values: what a state may hold.
pub fn with_write_only(block: &Block, planned: &Value, config: &Value) -> Value {
    map_block(block, planned, config, &|attribute, value, set| {
        if attribute.write_only { set.clone() } else { value }
    })
}

/// `object`, without the values that must not be shown.
pub fn without_secrets(block: &Block, object: &Value) -> Value {
    map_attributes(&block.attributes, object, &Value::Null, &|attribute, value, _| {
        if attribute.sensitive || attribute.write_only { Value::Null } else { value }
    })
}

fn object(
    attributes: &[Attribute],
    blocks: &[NestedBlock],
    prior: &Value,
    config: &Value,
    computed: Computed,
) -> Value {
    if config.entries().is_none() {
        return config.clone();
    }
    let planned_attributes = attributes.iter().map(|attribute| {
        let (prior, config) = (prior.get(&attribute.name), config.get(&attribute.name));
        (attribute.name.clone(), self::attribute(attribute, prior, config, computed))
    });
    let new = prior.is_null();
    let planned_blocks = blocks.iter().map(|block| {
        let (prior, config) = (prior.get(&block.name), config.get(&block.name));
        (block.name.clone(), nested_block(block, prior, config, computed))
    });
    let mut planned: BTreeMap<String, Value> = planned_attributes.chain(planned_blocks).collect();
    if new && computed != Computed::Kept {
        for attribute in attributes {
            let left_alone = attribute.computed && config.get(&attribute.name).is_null();
            if left_alone && attribute.default.is_none() && !attribute.write_only {
                planned.insert(attribute.name.clone(), Value::unknown());
            }
        }
    }
    Value::Object(planned)
}

fn attribute(attribute: &Attribute, prior: &Value, config: &Value, computed: Computed) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    if config.is_null() {
        if let Some(default) = &attribute.default {
            return default.clone();
        }
        return if attribute.computed {
            left_alone(attribute, prior, computed)
        } else {
            Value::Null
        };
    }
    if let Some(same) = &attribute.same
        && !prior.is_null()
        && config.is_wholly_known()
        && (same.0)(prior, config)
    {
        return prior.clone();
    }
    match &attribute.kind {
        AttributeKind::Plain(_) => config.clone(),
        AttributeKind::Nested { nesting, attributes } => {
            let element =
                |prior: &Value, config: &Value| object(attributes, &[], prior, config, computed);
            match nesting {
                Nesting::Single => element(prior, config),
                Nesting::List => list(prior, config, element),
                Nesting::Map => map(prior, config, element),
                Nesting::Set => set(prior, config, element),
            }
        }
    }
}

fn left_alone(attribute: &Attribute, prior: &Value, computed: Computed) -> Value {
    match computed {
        Computed::Kept => prior.clone(),
        Computed::Applied { .. } if attribute.volatile => Value::unknown(),
        Computed::Applied { resumed: true } if prior.is_null() => Value::unknown(),
        Computed::Applied { .. } => prior.clone(),
    }
}

fn nested_block(block: &NestedBlock, prior: &Value, config: &Value, computed: Computed) -> Value {
    let element = |prior: &Value, config: &Value| {
        object(&block.block.attributes, &block.block.blocks, prior, config, computed)
    };
    match block.nesting {
        BlockNesting::Single => element(prior, config),
        BlockNesting::List => list(prior, config, element),
        BlockNesting::Map => map(prior, config, element),
        BlockNesting::Set => set(prior, config, element),
    }
}

fn list(prior: &Value, config: &Value, element: impl Fn(&Value, &Value) -> Value) -> Value {
    let Value::List(configured) = config else { return config.clone() };
    let before = prior.elements().unwrap_or_default();
    let pairs = configured.iter().enumerate();
    Value::List(
        pairs
            .map(|(index, config)| element(before.get(index).unwrap_or(&Value::Null), config))
            .collect(),
    )
}

fn map(prior: &Value, config: &Value, element: impl Fn(&Value, &Value) -> Value) -> Value {
    let Value::Map(configured) = config else { return config.clone() };
    Value::Map(
        configured
            .iter()
            .map(|(key, config)| (key.clone(), element(prior.get(key), config)))
            .collect(),
    )
}

/// The elements of a set have no names: an element belongs to the prior one that has everything
/// the configuration says of it.
fn set(prior: &Value, config: &Value, element: impl Fn(&Value, &Value) -> Value) -> Value {
    let Value::Set(configured) = config else { return config.clone() };
    let before = prior.elements().unwrap_or_default();
    Value::set(configured.iter().map(|config| {
        let same = before.iter().find(|prior| element(prior, config) == **prior);
        element(same.unwrap_or(&Value::Null), config)
    }))
}

fn replaced(
    attributes: &[Attribute],
    path: &Path,
    prior: &Value,
    planned: &Value,
    found: &mut BTreeSet<Path>,
) {
    for attribute in attributes {
        let path = path.field(&attribute.name);
        let (prior, planned) = (prior.get(&attribute.name), planned.get(&attribute.name));
        if prior == planned {
            continue;
        }
        if attribute.replace {
            found.insert(path);
            continue;
        }
        let AttributeKind::Nested { nesting, attributes } = &attribute.kind else { continue };
        match nesting {
            Nesting::Single if !prior.is_null() && !planned.is_null() => {
                replaced(attributes, &path, prior, planned, found);
            }
            Nesting::Map => {
                let (Some(before), Some(after)) = (prior.entries(), planned.entries()) else {
                    continue;
                };
                for (key, prior) in before {
                    if let Some(planned) = after.get(key) {
                        replaced(attributes, &path.key(key), prior, planned, found);
                    }
                }
            }
            Nesting::List => {
                let (Some(before), Some(after)) = (prior.elements(), planned.elements()) else {
                    continue;
                };
                for (index, (prior, planned)) in before.iter().zip(after).enumerate() {
                    replaced(attributes, &path.index(index), prior, planned, found);
                }
            }
            Nesting::Single | Nesting::Set => {}
        }
    }
}

fn strip(attributes: &[Attribute], blocks: &[NestedBlock], values: &mut BTreeMap<String, Value>) {
    for attribute in attributes {
        if attribute.config_only || attribute.write_only {
            values.remove(&attribute.name);
        }
    }
    for block in blocks {
        if let Some(Value::Object(inner)) = values.get_mut(&block.name) {
            strip(&block.block.attributes, &block.block.blocks, inner);
            if inner.is_empty() {
                values.remove(&block.name);
            }
        } else if let Some(Value::Map(labelled)) = values.get_mut(&block.name) {
            for value in labelled.values_mut() {
                if let Value::Object(inner) = value {
                    strip(&block.block.attributes, &block.block.blocks, inner);
                }
            }
        } else if block.block.attributes.iter().all(|attribute| attribute.config_only)
            && block.block.blocks.is_empty()
        {
            values.remove(&block.name);
        }
    }
}

fn settle_object(attributes: &[Attribute], prior: &Value, read: &Value) -> Value {
    map_attributes(attributes, read, prior, &|attribute, value, prior| match &attribute.same {
        Some(same) if !prior.is_null() && !value.is_null() && (same.0)(prior, &value) => {
            prior.clone()
        }
        _ => value,
    })
}

/// As [`map_attributes`], also inside nested blocks.
fn map_block(
    block: &Block,
    value: &Value,
    other: &Value,
    change: &impl Fn(&Attribute, Value, &Value) -> Value,
) -> Value {
    let mapped = map_attributes(&block.attributes, value, other, change);
    let Value::Object(mut values) = mapped else { return mapped };
    for NestedBlock { name, nesting, block } in &block.blocks {
        let Some(inner) = values.get(name) else { continue };
        let beside = other.get(name);
        let element = |value: &Value, other: &Value| map_block(block, value, other, change);
        let inner = match nesting {
            BlockNesting::Single => element(inner, beside),
            BlockNesting::List => list(beside, inner, |other, value| element(value, other)),
            BlockNesting::Map => map(beside, inner, |other, value| element(value, other)),
            // The blocks of a set have no names by which those of the other could be told.
            BlockNesting::Set => inner.clone(),
        };
        values.insert(name.clone(), inner);
    }
    Value::Object(values)
}

/// Rebuilds an object attribute by attribute, also inside nested ones, each beside the value of
/// the same place in `other`.
fn map_attributes(
    attributes: &[Attribute],
    value: &Value,
    other: &Value,
    change: &impl Fn(&Attribute, Value, &Value) -> Value,
) -> Value {
    let Value::Object(values) = value else { return value.clone() };
    let mut values = values.clone();
    for attribute in attributes {
        let inner = values.get(&attribute.name).unwrap_or(&Value::Null);
        let beside = other.get(&attribute.name);
        let inner = match &attribute.kind {
            AttributeKind::Plain(_) => inner.clone(),
            AttributeKind::Nested { nesting, attributes } => {
                let element =
                    |value: &Value, other: &Value| map_attributes(attributes, value, other, change);
                match nesting {
                    Nesting::Single => element(inner, beside),
                    Nesting::List => list(beside, inner, |other, value| element(value, other)),
                    Nesting::Map => map(beside, inner, |other, value| element(value, other)),
                    Nesting::Set => inner.clone(),
                }
            }
        };
        values.insert(attribute.name.clone(), change(attribute, inner, beside));
    }
    Value::Object(values)
}

#[cfg(test)]
mod tests;

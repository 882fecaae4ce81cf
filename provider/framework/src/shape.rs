//! Blocks with labels that hold values of any type: as core sends them, and as the framework has
//! them.
//!
//! Core has a map of blocks as a map only where every block has the same type. Where a block holds
//! an attribute of any type, it sends one value of dynamic type instead: an object with an
//! attribute for each label. In here it is a map all the same, in which the attributes of any type
//! carry their types themselves.

use std::collections::{BTreeMap, BTreeSet};

use travel_value::{Type, Value};

use crate::schema::{AttributeKind, Block, BlockNesting, NestedBlock};

/// Whether core sends the blocks as one value of dynamic type.
pub(crate) fn is_dynamic(nested: &NestedBlock) -> bool {
    nested.nesting == BlockNesting::Map && dynamic_attributes(&nested.block).next().is_some()
}

/// An object of the block's type as the framework has it.
pub(crate) fn inward(block: &Block, mut value: Value) -> Value {
    if let Value::Object(attributes) = &mut value {
        for nested in block.blocks.iter().filter(|nested| is_dynamic(nested)) {
            if let Some(blocks) = attributes.get_mut(&nested.name) {
                *blocks = map_of(&nested.block, std::mem::replace(blocks, Value::Null));
            }
        }
    }
    value
}

/// An object of the block's type as core has it.
pub(crate) fn outward(block: &Block, mut value: Value) -> Value {
    if let Value::Object(attributes) = &mut value {
        for nested in block.blocks.iter().filter(|nested| is_dynamic(nested)) {
            if let Some(Value::Map(blocks)) = attributes.get_mut(&nested.name) {
                let object = object_of(&nested.block, std::mem::take(blocks));
                attributes.insert(nested.name.clone(), object);
            }
        }
    }
    value
}

fn dynamic_attributes(block: &Block) -> impl Iterator<Item = &str> {
    let dynamic = |kind: &AttributeKind| matches!(kind, AttributeKind::Plain(Type::Dynamic));
    let attributes = block.attributes.iter().filter(move |attribute| dynamic(&attribute.kind));
    attributes.map(|attribute| attribute.name.as_str())
}

fn map_of(block: &Block, value: Value) -> Value {
    let (kind, value) = match value {
        Value::Dynamic(kind, value) => (*kind, *value),
        Value::Null => return Value::Map(BTreeMap::new()),
        other => return other,
    };
    let (Value::Object(blocks) | Value::Map(blocks)) = value else { return value };
    let labelled = blocks.into_iter().map(|(label, value)| {
        let kind = match &kind {
            Type::Object { attributes, .. } => attributes.get(&label),
            Type::Map(element) => Some(&**element),
            _ => None,
        };
        (label, with_types(block, value, kind))
    });
    Value::Map(labelled.collect())
}

/// A block whose attributes of any type carry the types that the block's own type gives them.
fn with_types(block: &Block, mut value: Value, kind: Option<&Type>) -> Value {
    let (Value::Object(values), Some(Type::Object { attributes, .. })) = (&mut value, kind) else {
        return value;
    };
    for name in dynamic_attributes(block) {
        if let (Some(value), Some(kind)) = (values.get_mut(name), attributes.get(name))
            && *kind != Type::Dynamic
        {
            let inner = std::mem::replace(value, Value::Null);
            *value = Value::Dynamic(Box::new(kind.clone()), Box::new(inner));
        }
    }
    value
}

fn object_of(block: &Block, blocks: BTreeMap<String, Value>) -> Value {
    let Type::Object { attributes: declared, .. } = block.value_type() else { return Value::Null };
    let mut kinds = BTreeMap::new();
    let mut values = BTreeMap::new();
    for (label, mut value) in blocks {
        let mut declared = declared.clone();
        if let Value::Object(attributes) = &mut value {
            for name in dynamic_attributes(block) {
                if let Some(Value::Dynamic(kind, inner)) = attributes.get(name).cloned() {
                    declared.insert(name.to_owned(), *kind);
                    attributes.insert(name.to_owned(), *inner);
                }
            }
        }
        kinds.insert(label.clone(), Type::Object { attributes: declared, optional: none() });
        values.insert(label, value);
    }
    let kind = Type::Object { attributes: kinds, optional: none() };
    Value::Dynamic(Box::new(kind), Box::new(Value::Object(values)))
}

const fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;

    fn block() -> Block {
        let attribute = |name: &str, kind| Attribute {
            name: name.to_owned(),
            kind: AttributeKind::Plain(kind),
            ..Attribute::default()
        };
        let inner = Block {
            attributes: vec![attribute("chart", Type::String), attribute("values", Type::Dynamic)],
            ..Block::default()
        };
        let nested =
            NestedBlock { name: "release".into(), nesting: BlockNesting::Map, block: inner };
        Block { blocks: vec![nested], ..Block::default() }
    }

    fn release(values: Value) -> Value {
        Value::object([("chart", "a".into()), ("values", values)])
    }

    fn check(sent: Value, had: Value) {
        let object = |value: &Value| Value::object([("release", value.clone())]);
        assert_eq!(inward(&block(), object(&sent)), object(&had));
        assert_eq!(outward(&block(), object(&had)), object(&sent));
    }

    #[test]
    fn labelled_blocks_of_different_types_are_a_map_in_here() {
        let typed = |values| Type::object([("chart", Type::String), ("values", values)]);
        let ports = Type::object([("port", Type::Number)]);
        let kind = Type::object([("one", typed(ports.clone())), ("two", typed(Type::Dynamic))]);
        let port = Value::object([("port", 80.into())]);
        check(
            Value::Dynamic(
                Box::new(kind),
                Box::new(Value::object([
                    ("one", release(port.clone())),
                    ("two", release(Value::Null)),
                ])),
            ),
            Value::map([
                ("one", release(Value::Dynamic(Box::new(ports), Box::new(port)))),
                ("two", release(Value::Null)),
            ]),
        );
    }

    #[test]
    fn no_blocks_are_an_empty_map() {
        let none = Type::object::<String>([]);
        let empty = Value::object::<String>([]);
        check(Value::Dynamic(Box::new(none), Box::new(empty)), Value::map::<String>([]));
        assert!(is_dynamic(&block().blocks[0]));
    }

    #[test]
    fn unknown_blocks_stay_unknown() {
        check(Value::unknown(), Value::unknown());
    }
}

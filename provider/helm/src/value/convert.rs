//! Between trees and values, and whole values compared and copied.

use std::rc::Rc;

use super::{DEPTH, List, ListKind, Map, MapKind, Native, Value};
use crate::bounds;
use crate::tree::Tree;

impl Value {
    /// A tree as a template sees it: every number is a float, as JSON has no other.
    pub(crate) fn from_tree(tree: &Tree) -> Value {
        if !bounds::pay(bounds::STEP) {
            return Value::Nil;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "Go's JSON decoder makes a float of every number"
        )]
        match tree {
            Tree::Null => Value::Nil,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Int(value) => Value::Float(*value as f64),
            Tree::Uint(value) => Value::Float(*value as f64),
            Tree::Float(value) => Value::Float(*value),
            Tree::Text(value) => Value::text(value.as_str()),
            Tree::List(items) => Value::list(items.iter().map(Value::from_tree).collect()),
            Tree::Map(map) => {
                Value::map(map.iter().map(|(key, value)| (key.as_str(), Value::from_tree(value))))
            }
            Tree::Unknown => Value::anything(),
        }
    }
}

impl Value {
    /// An object of the cluster as a template sees it: whole numbers are integers.
    pub(crate) fn from_object(object: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match object {
            Json::Number(number) => match number.as_i64() {
                Some(value) => Value::Int64(value),
                None => Value::Float(number.as_f64().unwrap_or(0.0)),
            },
            Json::Array(items) => Value::list(items.iter().map(Value::from_object).collect()),
            Json::Object(map) => {
                Value::map(map.iter().map(|(key, value)| (key.as_str(), Value::from_object(value))))
            }
            other => Value::from_tree(&Tree::from(other)),
        }
    }
}

/// A copy that shares no map with the original.
pub(crate) fn deep_copy(value: &Value) -> Value {
    copy(value, DEPTH)
}

fn copy(value: &Value, depth: usize) -> Value {
    if depth == 0 || !bounds::pay(bounds::NEW_VALUE) {
        return Value::Nil;
    }
    match value {
        Value::List(list) if list.is_nil() => value.clone(),
        Value::List(list) => Value::List(List::new(
            list.kind(),
            list.items().iter().map(|item| copy(item, depth - 1)).collect(),
        )),
        Value::Map(map) if map.is_nil() => value.clone(),
        Value::Map(map) => {
            let entries =
                map.entries().into_iter().map(|(key, value)| (key, copy(&value, depth - 1)));
            let copied = Map::new(map.kind(), entries);
            if map.is_uncertain() {
                copied.make_uncertain();
            }
            Value::Map(copied)
        }
        Value::Unknown(value) => Value::Unknown(Rc::new(copy(value, depth - 1))),
        value => value.clone(),
    }
}

/// Go's `reflect.DeepEqual`: types must be the same, not only values.
pub(crate) fn deep_equal(left: &Value, right: &Value) -> bool {
    equal(left, right, DEPTH)
}

fn equal(left: &Value, right: &Value, depth: usize) -> bool {
    if depth == 0 || !bounds::pay(bounds::STEP) {
        return true;
    }
    match (left.known(), right.known()) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => {
            left == right
        }
        (Value::Uint(left), Value::Uint(right)) => left == right,
        #[expect(clippy::float_cmp, reason = "Go compares floats exactly")]
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Text(left), Value::Text(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            bounds::pay(left.len().min(right.len()));
            left.without_marks() == right.without_marks()
        }
        (Value::List(left), Value::List(right)) => {
            same_list_type(left.kind(), right.kind())
                && left.is_nil() == right.is_nil()
                && left.items().len() == right.items().len()
                && left
                    .items()
                    .iter()
                    .zip(right.items())
                    .all(|(left, right)| equal(left, right, depth - 1))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.is_same(right) || equal_maps(left, right, depth)
        }
        (Value::Native(left), Value::Native(right)) => Native::equal(left, right),
        _ => false,
    }
}

fn same_list_type(left: ListKind, right: ListKind) -> bool {
    let versions = |kind| matches!(kind, ListKind::Versions | ListKind::SomeVersions);
    left == right || (versions(left) && versions(right))
}

fn equal_maps(left: &Map, right: &Map, depth: usize) -> bool {
    let same_type = (left.kind() == MapKind::Texts) == (right.kind() == MapKind::Texts);
    let (left, right) = (left.entries(), right.entries());
    same_type
        && left.len() == right.len()
        && left.iter().zip(&right).all(|((left_key, left), (right_key, right))| {
            left_key == right_key && equal(left, right, depth - 1)
        })
}

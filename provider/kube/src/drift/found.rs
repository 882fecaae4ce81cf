//! A document as its object was found: what a plan shows as the present state.

use serde_json::{Map, Value};

use super::Difference;
use crate::document::Document;
use crate::fields::normalized;
use crate::path::{Step, item_key};

/// The document with what differs put in, and what is missing taken out.
pub fn as_found(document: &Document, differences: &[Difference]) -> Document {
    let mut value = normalized(document);
    for Difference { path, found, .. } in differences {
        if let Some(found) = found {
            set(&mut value, &path.0, found);
        }
    }
    // From the back, so that taking an item out does not move those before it.
    for Difference { path, .. } in
        differences.iter().rev().filter(|difference| difference.found.is_none())
    {
        remove(&mut value, &path.0);
    }
    // What names the document never differs, so this cannot fail; were it to, the document itself is the best answer.
    Document::new(value).unwrap_or_else(|_| document.clone())
}

fn set(value: &mut Value, steps: &[Step], found: &Value) {
    let Some((step, rest)) = steps.split_first() else {
        *value = found.clone();
        return;
    };
    if let Step::Field(name) = step {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        set(&mut value[name.as_str()], rest, found);
        return;
    }
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    let Value::Array(list) = value else { return };
    match place_of(list, step) {
        Some(place) => set(&mut list[place], rest, found),
        None => {
            let mut item = Value::Null;
            if let (Step::Item(keys), false) = (step, rest.is_empty()) {
                item = keys
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                    .collect();
            }
            set(&mut item, rest, found);
            list.push(item);
        }
    }
}

/// Takes out a leaf, and what holds nothing else with it.
fn remove(value: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else { return };
    let is_empty = |value: &Value| matches!(value, Value::Object(object) if object.is_empty());
    match (step, value) {
        (Step::Field(name), Value::Object(object)) => {
            let Some(child) = object.get_mut(name) else { return };
            remove(child, rest);
            if rest.is_empty() || is_empty(child) || child == &Value::Array(Vec::new()) {
                object.remove(name);
            }
        }
        (step, Value::Array(list)) => {
            let Some(place) = place_of(list, step) else { return };
            remove(&mut list[place], rest);
            if rest.is_empty() || is_empty(&list[place]) {
                list.remove(place);
            }
        }
        _ => {}
    }
}

fn place_of(list: &[Value], step: &Step) -> Option<usize> {
    match step {
        Step::Index(place) => Some(*place).filter(|place| *place < list.len()),
        Step::Item(keys) => {
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            list.iter().position(|item| item_key(item, &names).as_ref() == Some(keys))
        }
        Step::Field(_) => None,
    }
}

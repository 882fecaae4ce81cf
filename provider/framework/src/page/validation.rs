//! Checking a configuration before anything else happens.

use travel_value::{Path, Step, Value};

use super::Page;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::schema::{Attribute, AttributeKind, Block};

impl<R: Resource> Page<R> {
    pub(super) fn check_configuration(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        check_rules(&self.block, config, &mut found);
        let mut plan = Plan::new(config, &Value::Null, config.clone());
        R::validate(&mut plan);
        found.extend(plan.diagnostics);
        found
    }
}

/// Checks every value in a configuration against the rules of its attribute.
pub(crate) fn check_rules(block: &Block, config: &Value, found: &mut Diagnostics) {
    check_block(block, &Path::root(), config, found);
}

fn check_block(block: &Block, path: &Path, config: &Value, found: &mut Diagnostics) {
    if config.entries().is_none() {
        return;
    }
    for attribute in &block.attributes {
        check_attribute(
            attribute,
            &path.field(&attribute.name),
            config.get(&attribute.name),
            found,
        );
    }
    for nested in &block.blocks {
        let path = path.field(&nested.name);
        for (path, value) in children(&path, config.get(&nested.name)) {
            check_block(&nested.block, &path, value, found);
        }
    }
}

fn check_attribute(attribute: &Attribute, path: &Path, value: &Value, found: &mut Diagnostics) {
    let hidden = attribute.sensitive || attribute.write_only;
    for rule in &attribute.rules {
        rule.check(path, value, hidden, found);
    }
    if let AttributeKind::Nested { attributes, .. } = &attribute.kind {
        for (path, element) in children(path, value) {
            for inner in attributes {
                check_attribute(inner, &path.field(&inner.name), element.get(&inner.name), found);
            }
        }
    }
}

/// Refuses values that core would put into plan and state, though they must never stand there.
pub(super) fn refuse_write_only(block: &Block, config: &Value, found: &mut Diagnostics) {
    refuse_write_only_in(block, &Path::root(), config, found);
}

fn refuse_write_only_in(block: &Block, path: &Path, config: &Value, found: &mut Diagnostics) {
    for attribute in block.attributes.iter().filter(|attribute| attribute.write_only) {
        let name = attribute.name.as_str();
        if !config.get(name).is_null() {
            found.push(
                Diagnostic::error(
                    format!("{name} needs a newer Terraform"),
                    "Its value must never stand in plan or state, and this one would put it there. \
                     Use Terraform 1.11, OpenTofu 1.11 or a later one of them.",
                )
                .at(path.field(name)),
            );
        }
    }
    for nested in &block.blocks {
        for (path, value) in children(&path.field(&nested.name), config.get(&nested.name)) {
            refuse_write_only_in(&nested.block, &path, value, found);
        }
    }
}

/// The objects in a value: the value itself, or the elements of a collection of objects.
fn children<'a>(path: &Path, value: &'a Value) -> Vec<(Path, &'a Value)> {
    match value {
        Value::Object(_) => vec![(path.clone(), value)],
        Value::List(elements) => {
            elements.iter().enumerate().map(|(index, value)| (path.index(index), value)).collect()
        }
        Value::Set(elements) => elements
            .iter()
            .map(|value| (path.then(Step::Element(Box::new(value.clone()))), value))
            .collect(),
        Value::Map(elements) => {
            elements.iter().map(|(key, value)| (path.key(key), value)).collect()
        }
        _ => Vec::new(),
    }
}

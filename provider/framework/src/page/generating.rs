//! Writing the configuration that makes an object of a state.

use std::collections::{BTreeMap, BTreeSet};

use travel_value::Value;

use super::Page;
use crate::plan::{Computed, effective};
use crate::private::Private;
use crate::resource::Resource;
use crate::schema::{Attribute, AttributeKind, Block};
use crate::server::PlanRequest;

impl<R: Resource> Page<R> {
    /// The configuration that a person would write for a state. What the provider comes to by itself
    /// is not in it: said aloud, it may mean something else, as the role that the provider has made
    /// is then one that it was given.
    pub(super) fn generated(&self, state: Value) -> Value {
        let mut config = configuration(&self.block, &state);
        let mut request = PlanRequest {
            type_name: R::DESCRIPTION.type_name.to_owned(),
            prior: state,
            proposed: Value::Null,
            config: Value::Null,
            private: Vec::new(),
            identity: Value::Null,
        };
        for Attribute { name, optional, computed, default, .. } in &self.block.attributes {
            if !optional || !computed || default.is_some() || config.get(name).is_null() {
                continue;
            }
            let mut without = config.clone();
            without.set_attribute(name, Value::Null);
            if self.says_the_same(&mut request, &config, &without, name) {
                config = without;
            }
        }
        config
    }

    /// Whether a configuration comes to the same value of an attribute without saying it: as a new
    /// object would have it, or, where that is not known before there is one, as this one keeps it
    /// while nothing else of it changes for that.
    fn says_the_same(
        &self,
        request: &mut PlanRequest,
        with: &Value,
        without: &Value,
        name: &str,
    ) -> bool {
        request.config = without.clone();
        let state = std::mem::replace(&mut request.prior, Value::Null);
        let applied = Computed::Applied { resumed: false };
        let created = self.plan_once(request, &Private::default(), applied);
        let value = created.planned.get(name).clone();
        let is_refused = created.diagnostics.has_error();
        request.prior = state;
        if is_refused {
            return false;
        }
        if value.is_wholly_known() {
            return value == *request.prior.get(name);
        }
        let Some(changed) = self.changed(request) else { return false };
        request.config = with.clone();
        // Several attributes may have to go together before nothing changes any more.
        let before = self.changed(request);
        !changed.contains(name) && before.is_none_or(|before| changed.is_subset(&before))
    }

    /// The attributes that a configuration would change; none where it would be refused, or need
    /// another object.
    fn changed(&self, request: &PlanRequest) -> Option<BTreeSet<String>> {
        let kept = self.plan_once(request, &Private::default(), Computed::Kept);
        if !kept.replace.is_empty() || kept.diagnostics.has_error() {
            return None;
        }
        let planned = effective(&self.block, &kept.planned);
        let prior = effective(&self.block, &request.prior);
        let names = planned.entries()?.keys();
        Some(names.filter(|name| planned.get(name) != prior.get(name)).cloned().collect())
    }
}

/// What of a state a person would write: no value that only the provider sets, none that the schema
/// gives anyway, and nothing that is to be used no more. Secrets are left out, since core writes
/// what this gives into a file.
pub fn configuration(block: &Block, state: &Value) -> Value {
    let Value::Object(values) = state else { return Value::Null };
    let mut written = written(&block.attributes, values);
    for nested in &block.blocks {
        let value = values.get(&nested.name).unwrap_or(&Value::Null);
        let value = each_object(value, &|inner| configuration(&nested.block, inner));
        written.insert(nested.name.clone(), value);
    }
    Value::Object(written)
}

fn written(attributes: &[Attribute], values: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let attribute = |attribute: &Attribute| {
        let value = values.get(&attribute.name).unwrap_or(&Value::Null);
        (attribute.name.clone(), self::attribute(attribute, value))
    };
    attributes.iter().map(attribute).collect()
}

fn attribute(attribute: &Attribute, value: &Value) -> Value {
    let is_settable = attribute.required || attribute.optional;
    let is_hidden = attribute.sensitive || attribute.write_only;
    let is_past = attribute.deprecated.is_some() && !attribute.required;
    // What an import cannot tell is for a person to write.
    let is_untold = attribute.not_imported && value.as_str() == Some("");
    let is_default = attribute.default.as_ref() == Some(value);
    if !is_settable || is_hidden || is_past || is_untold || is_default {
        return Value::Null;
    }
    match &attribute.kind {
        AttributeKind::Plain(_) => value.clone(),
        AttributeKind::Nested { attributes, .. } => each_object(value, &|inner| match inner {
            Value::Object(values) => Value::Object(written(attributes, values)),
            other => other.clone(),
        }),
    }
}

/// A value with each object in it changed: itself, or the elements of a collection.
fn each_object(value: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(_) => change(value),
        Value::List(elements) => Value::List(elements.iter().map(change).collect()),
        Value::Set(elements) => Value::set(elements.iter().map(change)),
        Value::Map(elements) => {
            Value::map(elements.iter().map(|(key, element)| (key.clone(), change(element))))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{BlockNesting, NestedBlock, Nesting};

    fn named(name: &str) -> Attribute {
        Attribute { name: name.to_owned(), ..Attribute::default() }
    }

    fn optional(name: &str) -> Attribute {
        Attribute { optional: true, ..named(name) }
    }

    fn check(attribute: Attribute, value: impl Into<Value>, expected: impl Into<Value>) {
        let block = Block { attributes: vec![attribute], ..Block::default() };
        let object = |value: Value| Value::object([("a", value)]);
        assert_eq!(configuration(&block, &object(value.into())), object(expected.into()));
    }

    #[test]
    fn only_what_a_person_would_write_is_written() {
        check(optional("a"), "x", "x");
        check(optional("a"), Value::Null, Value::Null);
        check(Attribute { required: true, ..named("a") }, "x", "x");
        check(Attribute { computed: true, ..named("a") }, "x", Value::Null);
        check(Attribute { computed: true, ..optional("a") }, "x", "x");
        let defaulted = || Attribute { default: Some("x".into()), ..optional("a") };
        check(defaulted(), "x", Value::Null);
        check(defaulted(), "y", "y");
        check(Attribute { sensitive: true, ..optional("a") }, "x", Value::Null);
        check(Attribute { write_only: true, ..optional("a") }, "x", Value::Null);
        let untold = || Attribute { not_imported: true, required: true, ..named("a") };
        check(untold(), "", Value::Null);
        check(untold(), "x", "x");
        let deprecated = || Some("use b".to_owned());
        check(Attribute { deprecated: deprecated(), ..optional("a") }, "x", Value::Null);
        let required = Attribute { required: true, ..named("a") };
        check(Attribute { deprecated: deprecated(), ..required }, "x", "x");
    }

    #[test]
    fn objects_inside_are_written_alike() {
        let inner = || vec![optional("b"), Attribute { computed: true, ..named("c") }];
        let object = |c: Value| Value::object([("b", "x".into()), ("c", c)]);
        for (nesting, wrap) in [
            (Nesting::Single, (|value| value) as fn(Value) -> Value),
            (Nesting::List, |value| Value::List(vec![value])),
            (Nesting::Set, |value| Value::set([value])),
            (Nesting::Map, |value| Value::map([("k", value)])),
        ] {
            let kind = AttributeKind::Nested { nesting, attributes: inner() };
            let attribute = Attribute { kind, ..optional("a") };
            check(attribute, wrap(object("y".into())), wrap(object(Value::Null)));
        }
    }

    #[test]
    fn blocks_are_written_alike() {
        let inner = Block { attributes: vec![optional("b")], ..Block::default() };
        let nested = |nesting| NestedBlock { name: "n".into(), nesting, block: inner.clone() };
        let blocks = vec![nested(BlockNesting::Single)];
        let block = Block { blocks, ..Block::default() };
        for value in [Value::Null, Value::object([("b", "x".into())])] {
            let state = Value::object([("n", value)]);
            assert_eq!(configuration(&block, &state), state);
        }
    }
}

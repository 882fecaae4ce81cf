//! What an apply would do: from configuration and prior state to the planned state, by the
//! schema alone, and then by what platform and page know beyond it.

mod pipeline;

use std::collections::BTreeSet;

use travel_value::{Path, Value};

use crate::call::Memory;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Field, Model, known_part};

pub use pipeline::{
    Computed, effective, plan_by_schema, replacements, settle, with_write_only, without_secrets,
};

/// A plan in the making, as platform and page see it.
pub struct Plan<'a> {
    /// The configuration; null for a destroy.
    pub config: &'a Value,
    /// The prior state; null for a create.
    pub prior: &'a Value,
    /// The planned state so far; null for a destroy.
    pub planned: Value,
    /// What to tell the person.
    pub diagnostics: Diagnostics,
    /// What the page remembers of the object; nothing for a create.
    pub remembered: Memory,
    pub(crate) replace: BTreeSet<Path>,
}

impl<'a> Plan<'a> {
    /// A plan of these values.
    pub fn new(config: &'a Value, prior: &'a Value, planned: Value) -> Self {
        Self {
            config,
            prior,
            planned,
            diagnostics: Diagnostics::new(),
            remembered: Memory::new(),
            replace: BTreeSet::new(),
        }
    }

    /// Whether the object is to be made.
    pub fn is_create(&self) -> bool {
        self.prior.is_null() && !self.planned.is_null()
    }

    /// Whether the object is to be removed.
    pub fn is_destroy(&self) -> bool {
        self.planned.is_null()
    }

    /// Whether the object exists and something of it is to change.
    pub fn is_update(&self) -> bool {
        !self.prior.is_null() && !self.planned.is_null() && *self.prior != self.planned
    }

    /// Whether a top-level attribute's planned value differs from its prior one. Always true for
    /// a create.
    pub fn changes(&self, name: &str) -> bool {
        self.prior.is_null() || self.planned.get(name) != self.prior.get(name)
    }

    /// The planned value of a top-level attribute, if it is wholly known and not null.
    pub fn known<T: Field>(&self, name: &str) -> Option<T> {
        let value = self.planned.get(name);
        if value.is_null() || !value.is_wholly_known() {
            return None;
        }
        T::from_value(value, &Path::attribute(name)).ok()
    }

    /// The prior value of a top-level attribute, if there is one.
    pub fn prior<T: Field>(&self, name: &str) -> Option<T> {
        T::from_value(self.prior.get(name), &Path::attribute(name)).ok()
    }

    /// The planned object, once everything that the configuration sets in it is known.
    pub fn model<M: Model>(&self) -> Option<M> {
        if self.planned.is_null() || !self.config.is_wholly_known() {
            return None;
        }
        M::from_value(&known_part(&self.planned), &Path::root()).ok()
    }

    /// Plans a value for a top-level attribute that the configuration leaves to the provider.
    pub fn set(&mut self, name: &str, value: Value) {
        self.planned.set_attribute(name, value);
    }

    /// Plans a computed attribute that can be known, or leaves it unknown.
    pub fn set_known<T: Field>(&mut self, name: &str, value: Option<&T>) {
        self.set(name, value.map_or_else(Value::unknown, Field::to_value));
    }

    /// Says that the change of this attribute needs another object.
    pub fn replace(&mut self, path: Path) {
        self.replace.insert(path);
    }

    /// Whether the plan so far needs another object.
    pub fn is_replacement(&self) -> bool {
        !self.prior.is_null() && !self.replace.is_empty()
    }

    /// Refuses the plan for what a top-level attribute says.
    pub fn refuse(&mut self, name: &str, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(summary, detail).at_attribute(name));
    }

    /// Refuses the plan for what stands at a path.
    pub fn refuse_at(&mut self, path: Path, summary: impl Into<String>, detail: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(summary, detail).at(path));
    }

    /// Refuses the plan if it needs another object, for what holds too much to be replaced by the
    /// way; `what` is its kind, as in "network".
    pub fn refuse_replacement(&mut self, what: &str) {
        if !self.is_replacement() {
            return;
        }
        let paths: Vec<String> = self.replace.iter().map(Path::to_string).collect();
        let first = self.replace.iter().next().cloned().unwrap_or_default();
        self.refuse_at(
            first,
            format!("this {what} would be replaced"),
            format!(
                "The change of {} needs another {what}: everything in this one would be \
                 destroyed. Undo the change, or set allow_replacement = true if that is meant.",
                paths.join(", "),
            ),
        );
    }
}

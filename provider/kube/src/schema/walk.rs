//! The way through a document along its schema: which fields it declares, of which types, and what it says of values.

use serde_json::{Map, Value};

use super::rules::{Rules, expectation, fits_type, found};
use super::{Problem, built_in};
use crate::fields::item_step;
use crate::path::{FieldPath, Step, item_keys};

/// What a resource has whatever its schema says.
const IN_EVERY_RESOURCE: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// What is wrong in a document of one of Kubernetes' own kinds.
pub(super) fn built_in(schema: &Value, document: &Value, is_secret: bool) -> Vec<Problem> {
    let mut walk = Walk { is_secret, is_built_in: true, ..Walk::default() };
    walk.check(schema, document, Undeclared::Refused);
    walk.problems
}

/// What is wrong in a custom resource, by its structural schema.
pub(super) fn custom(schema: &Value, document: &Value) -> Vec<Problem> {
    let mut walk = Walk::default();
    walk.check_as(schema, document, Undeclared::Refused, true);
    walk.problems
}

/// What becomes of fields that a schema does not declare.
#[derive(Clone, Copy, PartialEq)]
enum Undeclared {
    Refused,
    Kept,
}

/// A step into a document.
enum Place<'v> {
    Field(&'v str),
    Item(&'v [Value], usize),
}

#[derive(Default)]
struct Walk<'v> {
    is_secret: bool,
    is_built_in: bool,
    rules: Rules<'v>,
    path: Vec<Place<'v>>,
    problems: Vec<Problem>,
}

impl<'v> Walk<'v> {
    fn check(&mut self, schema: &'v Value, value: &'v Value, undeclared: Undeclared) {
        self.check_as(schema, value, undeclared, false);
    }

    /// Checks a value and all within it, which may be a resource whatever its schema says.
    fn check_as(
        &mut self,
        schema: &'v Value,
        value: &'v Value,
        undeclared: Undeclared,
        is_resource: bool,
    ) {
        let schema = built_in::resolved(schema);
        if value.is_null() && (self.is_built_in || takes_null(schema)) {
            return;
        }
        if !fits_type(schema, value) {
            let found = found(value, self.is_secret);
            return self.refuse(format!("expected {}, found {found}", expectation(schema)));
        }
        let reasons = self.rules.broken(schema, value, self.is_secret);
        reasons.into_iter().for_each(|reason| self.refuse(reason));
        let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
        let undeclared = if keeps { Undeclared::Kept } else { undeclared };
        match value {
            Value::Object(object) => {
                let is_resource = is_resource || schema["x-kubernetes-embedded-resource"] == true;
                self.check_fields(schema, object, undeclared, is_resource);
            }
            Value::Array(list) => {
                for place in 0..list.len() {
                    self.inside(Place::Item(list, place), |walk| {
                        walk.check(&schema["items"], &list[place], undeclared);
                    });
                }
            }
            _ => {}
        }
        self.check_combinations(schema, value, undeclared);
    }

    fn check_fields(
        &mut self,
        schema: &'v Value,
        object: &'v Map<String, Value>,
        undeclared: Undeclared,
        is_resource: bool,
    ) {
        let declared = schema["properties"].as_object().filter(|it| !it.is_empty());
        let others = &schema["additionalProperties"];
        // An object of which nothing is said may have any fields.
        let any = undeclared == Undeclared::Kept
            || *others == true
            || (declared.is_none() && !others.is_object());
        for (name, value) in object {
            if is_resource && IN_EVERY_RESOURCE.contains(&name.as_str()) {
                self.check_metadata(name, value);
                continue;
            }
            let inner = declared.and_then(|declared| declared.get(name));
            let inner = inner.or_else(|| Some(others).filter(|others| others.is_object()));
            self.inside(Place::Field(name), |walk| match inner {
                Some(inner) => walk.check(inner, value, undeclared),
                None if any => {}
                None => walk.refuse_field(name, declared),
            });
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            let has_default = schema["properties"][name].get("default").is_some();
            if !object.contains_key(name) && !has_default {
                self.refuse(format!("no field {name:?}, and it is required"));
            }
        }
    }

    /// Checks the metadata of a custom resource, which are those of every resource.
    fn check_metadata(&mut self, name: &'v str, value: &'v Value) {
        let Some(schema) = built_in::metadata().filter(|_| name == "metadata") else { return };
        let before = std::mem::replace(&mut self.is_built_in, true);
        self.inside(Place::Field(name), |walk| walk.check(schema, value, Undeclared::Refused));
        self.is_built_in = before;
    }

    /// What schemas are put together of says something of values, and declares nothing.
    fn check_combinations(&mut self, schema: &'v Value, value: &'v Value, undeclared: Undeclared) {
        let parts = |keyword: &str| schema[keyword].as_array().map(Vec::as_slice);
        for part in parts("allOf").unwrap_or_default() {
            self.check(part, value, Undeclared::Kept);
        }
        if let forbidden @ Value::Object(_) = &schema["not"]
            && self.tried(forbidden, value).is_empty()
        {
            self.refuse("is just what the schema excludes (not)".to_owned());
        }
        if let Some(alternatives) = parts("anyOf") {
            self.check_alternatives("anyOf", alternatives, value);
        }
        match parts("oneOf") {
            Some(types) if self.is_built_in => self.check_one_type(types, value, undeclared),
            Some(alternatives) => self.check_alternatives("oneOf", alternatives, value),
            None => {}
        }
    }

    fn check_alternatives(&mut self, keyword: &str, alternatives: &'v [Value], value: &'v Value) {
        let tried: Vec<Vec<Problem>> =
            alternatives.iter().map(|alternative| self.tried(alternative, value)).collect();
        let fitting = tried.iter().filter(|problems| problems.is_empty()).count();
        if fitting == 0 {
            let mut reasons: Vec<String> =
                tried.iter().filter_map(|it| it.first()).map(Problem::to_string).collect();
            reasons.dedup();
            self.refuse(format!("fits nothing of {keyword}: {}", reasons.join("; or ")));
        } else if fitting > 1 && keyword == "oneOf" {
            self.refuse(format!("fits {fitting} of oneOf, and may fit but one"));
        }
    }

    /// Some fields of Kubernetes' own kinds have one of several types, which are told apart by what they are in JSON.
    fn check_one_type(&mut self, types: &'v [Value], value: &'v Value, undeclared: Undeclared) {
        match types.iter().find(|it| fits_type(built_in::resolved(it), value)) {
            Some(meant) => self.check(meant, value, undeclared),
            None => {
                let words: Vec<String> =
                    types.iter().map(|it| expectation(built_in::resolved(it))).collect();
                let found = found(value, self.is_secret);
                self.refuse(format!("expected {}, found {found}", words.join(" or ")));
            }
        }
    }

    /// What would be wrong with a value by another schema.
    fn tried(&mut self, schema: &'v Value, value: &'v Value) -> Vec<Problem> {
        let before = std::mem::take(&mut self.problems);
        self.check(schema, value, Undeclared::Kept);
        std::mem::replace(&mut self.problems, before)
    }

    fn inside(&mut self, place: Place<'v>, check: impl FnOnce(&mut Self)) {
        self.path.push(place);
        check(self);
        self.path.pop();
    }

    fn refuse(&mut self, reason: String) {
        self.problems.push(Problem { path: self.field_path(), reason, may_be_newer: false });
    }

    fn refuse_field(&mut self, name: &str, declared: Option<&Map<String, Value>>) {
        let names = declared.into_iter().flat_map(|declared| declared.keys());
        let meant = closest(name, names.map(String::as_str));
        let meant = meant.map(|it| format!("; did you mean {it:?}?")).unwrap_or_default();
        let reason = format!("no field {name:?}{meant}");
        let may_be_newer = self.is_built_in;
        self.problems.push(Problem { path: self.field_path(), reason, may_be_newer });
    }

    fn field_path(&self) -> FieldPath {
        let step = |place: &Place<'_>| match place {
            Place::Field(name) => Step::Field((*name).to_owned()),
            Place::Item(list, place) => item_step(item_keys(&[list]), *place, &list[*place]),
        };
        FieldPath(self.path.iter().map(step).collect())
    }
}

/// Whether a custom resource may have null there: as such, for its default, or since anything may be.
fn takes_null(schema: &Value) -> bool {
    schema["nullable"] == true || schema.get("default").is_some() || fits_type(schema, &Value::Null)
}

/// The name that somebody most likely meant; none where none is alike.
fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let written = name.to_lowercase();
    let distance = |it: &str| strsim::osa_distance(&written, &it.to_lowercase());
    let far = (name.chars().count() / 3).clamp(1, 3);
    let near = known.map(|it| (distance(it), it)).filter(|(distance, _)| *distance <= far);
    near.min().map(|(_, it)| it)
}

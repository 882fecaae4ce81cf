//! What it takes to check values against a schema. Parts of a schema may refer to each other, so that each doubles the
//! work of the next one: this walks the same way as the check, pays for it, and stops where it is too long.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};

use super::without_fragment;
use crate::bounds;

/// What a part of a schema costs for each value it is checked against.
const PART: usize = 4 * bounds::NEW_VALUE;
/// What each step on the way there costs, which an error tells.
const WAY: usize = bounds::NEW_VALUE;
/// What it costs to match a text against a pattern, which may go back and forth for long.
const MATCH: usize = bounds::MILLISECOND;
/// What it costs to compile a pattern.
const PATTERN: usize = 256 << 10;

/// Pays for a check, and says whether it may be done.
pub(super) fn pay(schema: &Json, instance: &Json) -> bool {
    let mut walk =
        Walk { root: schema, resources: HashMap::new(), targets: HashMap::new(), open: Vec::new() };
    walk.collect(schema) && walk.visit(schema, instance)
}

struct Walk<'s> {
    root: &'s Json,
    /// The parts that have an address or an anchor, by the last part of it.
    resources: HashMap<&'s str, Vec<&'s Json>>,
    /// What references were found to mean.
    targets: HashMap<&'s str, Vec<&'s Json>>,
    /// The parts that are being checked, each with its value.
    open: Vec<(*const Json, *const Json)>,
}

impl<'s> Walk<'s> {
    /// Collects what references may mean, and pays for the patterns.
    fn collect(&mut self, schema: &'s Json) -> bool {
        match schema {
            Json::Object(entries) => {
                let patterns = match entries.get("patternProperties") {
                    Some(Json::Object(patterns)) => patterns.len(),
                    _ => 0,
                };
                let patterns = patterns + usize::from(entries.contains_key("pattern"));
                for key in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                    if let Some(Json::String(name)) = entries.get(key) {
                        self.resources.entry(last_part(name)).or_default().push(schema);
                    }
                }
                bounds::pay(patterns.saturating_mul(PATTERN))
                    && entries.values().all(|entry| self.collect(entry))
            }
            Json::Array(items) => items.iter().all(|item| self.collect(item)),
            _ => true,
        }
    }

    /// Goes wherever the check may go. False where that is too far.
    fn visit(&mut self, schema: &'s Json, instance: &Json) -> bool {
        let Json::Object(keywords) = schema else { return true };
        let place = (std::ptr::from_ref(schema), std::ptr::from_ref(instance));
        // The check goes round no circle twice.
        if self.open.contains(&place) {
            return true;
        }
        if bounds::is_stack_low() || !bounds::pay(PART + self.open.len() * WAY) {
            return false;
        }
        self.open.push(place);
        let is_bounded =
            keywords.iter().all(|(keyword, part)| self.keyword(keyword, part, instance));
        self.open.pop();
        is_bounded
    }

    fn keyword(&mut self, keyword: &str, part: &'s Json, instance: &Json) -> bool {
        match (keyword, part, instance) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", Json::String(reference), _) => {
                let targets = self.targets(reference);
                targets.into_iter().all(|target| self.visit(target, instance))
            }
            ("allOf" | "anyOf" | "oneOf", Json::Array(parts), _) => {
                parts.iter().all(|part| self.visit(part, instance))
            }
            ("not" | "if" | "then" | "else", part, _) => self.visit(part, instance),
            ("dependentSchemas" | "dependencies", Json::Object(parts), Json::Object(_)) => {
                parts.values().all(|part| self.visit(part, instance))
            }
            ("properties", Json::Object(parts), Json::Object(entries)) => {
                self.properties(parts, entries)
            }
            ("patternProperties", Json::Object(parts), Json::Object(entries)) => {
                bounds::pay(parts.len().saturating_mul(entries.len()).saturating_mul(MATCH))
                    && parts.values().all(|part| self.each(part, entries.values()))
            }
            (
                "additionalProperties" | "unevaluatedProperties" | "propertyNames",
                part,
                Json::Object(entries),
            ) => self.each(part, entries.values()),
            ("items" | "prefixItems", Json::Array(parts), Json::Array(items)) => {
                parts.iter().zip(items).all(|(part, item)| self.visit(part, item))
            }
            (
                "items" | "additionalItems" | "unevaluatedItems" | "contains",
                part,
                Json::Array(items),
            ) => self.each(part, items.iter()),
            ("pattern", _, Json::String(_)) => bounds::pay(MATCH),
            _ => true,
        }
    }

    fn properties(&mut self, parts: &'s Map<String, Json>, entries: &Map<String, Json>) -> bool {
        bounds::pay(parts.len())
            && parts
                .iter()
                .all(|(name, part)| entries.get(name).is_none_or(|entry| self.visit(part, entry)))
    }

    fn each<'i>(&mut self, part: &'s Json, mut values: impl Iterator<Item = &'i Json>) -> bool {
        values.all(|value| self.visit(part, value))
    }

    /// The parts that a reference may mean: which one it is depends on the address it is resolved against.
    fn targets(&mut self, reference: &'s str) -> Vec<&'s Json> {
        if let Some(known) = self.targets.get(reference) {
            return known.clone();
        }
        let mut targets = self.find(reference);
        targets.sort_by_key(|target| std::ptr::from_ref(*target));
        targets.dedup_by(|left, right| std::ptr::eq(*left, *right));
        self.targets.insert(reference, targets.clone());
        targets
    }

    fn find(&self, reference: &str) -> Vec<&'s Json> {
        let address = without_fragment(reference);
        let fragment = reference[address.len()..].trim_start_matches('#');
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        let named = |name: &str| self.resources.get(last_part(name)).into_iter().flatten().copied();
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return named(&fragment).collect();
        }
        let resources: Vec<&'s Json> = if address.is_empty() {
            self.resources.values().flatten().copied().chain([self.root]).collect()
        } else {
            named(address).collect()
        };
        resources.into_iter().filter_map(|resource| resource.pointer(&fragment)).collect()
    }
}

/// What follows the last slash or number sign of an address.
fn last_part(address: &str) -> &str {
    let address = address.trim_end_matches('#');
    address.rfind(['/', '#']).map_or(address, |at| &address[at + 1..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Json, instance: Json, expected: bool) {
        assert_eq!(bounds::limited(|| pay(&schema, &instance)), expected, "{schema}");
    }

    /// Schemas of which each asks twice for the next one.
    fn doubling(by: impl Fn(String) -> Json) -> Json {
        let part =
            |index: usize| (format!("d{index}"), by(format!("#/definitions/d{}", index + 1)));
        let definitions: Map<String, Json> = (0..60).map(part).collect();
        json!({"$ref": "#/definitions/d0", "definitions": definitions})
    }

    #[test]
    fn checks_without_end_are_refused() {
        check(
            doubling(|next| json!({"allOf": [{"$ref": next}, {"$ref": next}]})),
            json!({}),
            false,
        );
        check(
            doubling(|next| json!({"if": {"$ref": next}, "else": {"$ref": next}})),
            json!({}),
            false,
        );
        let nested = (0..60).fold(json!({}), |inner, _| json!({"a": inner}));
        let twice = json!({"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}});
        check(twice, nested.clone(), false);
        let named = json!({
            "$id": "https://example.invalid/a.json",
            "properties": {"a": {"allOf": [{"$ref": "a.json"}, {"$ref": "#here"}]}},
            "$anchor": "here",
        });
        check(named, nested, false);
    }

    #[test]
    fn ordinary_checks_are_done() {
        check(json!({"$ref": "#"}), json!({}), true);
        check(json!({"allOf": [{"$ref": "#"}], "not": {"$ref": "#"}}), json!({"a": 1}), true);
        let nested = (0..100).fold(json!([]), |inner, _| json!({"a": [inner]}));
        let tree = json!({
            "properties": {"a": {"items": {"$ref": "#"}}},
            "additionalProperties": {"pattern": "a+"},
        });
        check(tree, nested, true);
    }
}

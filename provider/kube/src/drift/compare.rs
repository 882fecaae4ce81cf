//! The comparison of a document with its object, field by field. Pure.

use serde_json::{Map, Value};

use super::Difference;
use crate::document::{Document, group_of};
use crate::fields::{item_step, normalized, walk};
use crate::managed::{all_fields, applied_fields, has_keys};
use crate::order::is_built_in;
use crate::path::{FieldPath, PathPattern, Step, item_key, item_keys};
use crate::quantity::same_amount;

/// Where an object differs in meaning from the document that was applied under `field_manager`.
///
/// Counts fields the document sets, and fields the manager applied that the document no longer has. Does not count
/// what others added, what the server left out because it is empty, amounts written otherwise ("1000m", "1"), the order
/// of items that have keys, and fields that match `ignores`.
pub fn differences(
    document: &Document,
    live: &Document,
    field_manager: &str,
    ignores: &[PathPattern],
) -> Vec<Difference> {
    certain(suspicions(&normalized(document), None, live.value(), field_manager, ignores))
}

/// A difference, and whether the comparison alone can be sure of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspicion {
    pub(super) difference: Difference,
    pub(super) is_certain: bool,
}

/// Those the comparison alone is sure of.
pub(super) fn certain(suspicions: Vec<Suspicion>) -> Vec<Difference> {
    suspicions
        .into_iter()
        .filter(|suspicion| suspicion.is_certain)
        .map(|suspicion| suspicion.difference)
        .collect()
}

/// Compares what is wanted with what is live in every field of `shape`, the normalized document, and in those the
/// manager applied beyond it.
///
/// The shape says which fields count and how they are called. `answer`, what the server made of the document in a dry
/// run, says what they are to be; without it the shape itself does.
pub(super) fn suspicions(
    shape: &Value,
    answer: Option<&Value>,
    live: &Value,
    field_manager: &str,
    ignores: &[PathPattern],
) -> Vec<Suspicion> {
    let ours = applied_fields(live, field_manager);
    let api_version = shape["apiVersion"].as_str().unwrap_or_default();
    let mut comparison = Comparison {
        ignores,
        omits_empty: is_built_in(group_of(api_version)),
        is_asked: answer.is_some(),
        is_owner: ours.is_some(),
        found: Vec::new(),
    };
    let wanted = answer.unwrap_or(shape);
    let owned = Owned { ours, all: all_fields(live).collect() };
    comparison.fields(&FieldPath::default(), shape, Some(wanted), Some(live), &owned);
    if let Some(ours) = ours {
        comparison.surplus(&FieldPath::default(), Some(shape), Some(wanted), live, ours);
    }
    comparison.found.sort_by(|one, other| one.difference.path.cmp(&other.difference.path));
    comparison.found
}

/// Who owns a place, by its nodes in managedFields.
struct Owned<'a> {
    /// In the fields our manager applied.
    ours: Option<&'a Value>,
    /// In everybody's.
    all: Vec<&'a Value>,
}

impl<'a> Owned<'a> {
    fn nobody() -> Self {
        Owned { ours: None, all: Vec::new() }
    }

    fn field(&self, name: &str) -> Self {
        let step = format!("f:{name}");
        self.further(|node| node.get(&step))
    }

    fn item(&self, item: &Value) -> Self {
        self.further(|node| keyed_node(node, item))
    }

    fn further(&self, find: impl Fn(&'a Value) -> Option<&'a Value>) -> Self {
        Owned {
            ours: self.ours.and_then(&find),
            all: self.all.iter().copied().filter_map(&find).collect(),
        }
    }

    /// Whether the thing is owned as one, without parts: whoever changes a part takes it over as a whole.
    fn is_whole(&self) -> bool {
        !self.all.is_empty()
            && self.all.iter().all(|node| node.as_object().is_some_and(Map::is_empty))
    }

    /// Whether the list is a set.
    fn is_set(&self) -> bool {
        self.all.iter().any(|node| {
            node.as_object().is_some_and(|steps| steps.keys().any(|step| step.starts_with("v:")))
        })
    }
}

struct Comparison<'a> {
    ignores: &'a [PathPattern],
    /// Whether the kind's server leaves empty values out, as the built-in kinds' does.
    omits_empty: bool,
    /// Whether what is wanted is the server's own answer, so that nothing is left to guess.
    is_asked: bool,
    /// Whether our manager ever applied the object.
    is_owner: bool,
    found: Vec<Suspicion>,
}

impl Comparison<'_> {
    /// Every field of the shape.
    fn fields(
        &mut self,
        path: &FieldPath,
        shape: &Value,
        wanted: Option<&Value>,
        live: Option<&Value>,
        owned: &Owned<'_>,
    ) {
        match shape {
            Value::Object(object) if !object.is_empty() => {
                for (name, child) in object {
                    if path.0.is_empty() && matches!(name.as_str(), "apiVersion" | "kind") {
                        continue;
                    }
                    let wanted = wanted.and_then(|value| value.get(name));
                    let live = live.and_then(|value| value.get(name));
                    self.fields(&path.field(name), child, wanted, live, &owned.field(name));
                }
                // A map that is owned as one thing has no room for fields of others.
                if owned.is_whole() {
                    let known = wanted.filter(|_| self.is_asked).unwrap_or(shape);
                    let extras = live.and_then(Value::as_object).into_iter().flatten();
                    for (name, extra) in extras.filter(|(name, _)| known.get(name).is_none()) {
                        self.suspect(&path.field(name), None, Some(extra), true);
                    }
                }
            }
            Value::Array(list) if !list.is_empty() => self.items(path, list, wanted, live, owned),
            leaf => self.leaf(path, leaf, wanted, live, owned),
        }
    }

    fn items(
        &mut self,
        path: &FieldPath,
        shape: &[Value],
        wanted: Option<&Value>,
        live: Option<&Value>,
        owned: &Owned<'_>,
    ) {
        let (wanted, live) = (items_of(wanted), items_of(live));
        let known = if self.is_asked { wanted } else { shape };
        if let Some(keys) = item_keys(&[shape]) {
            let find =
                |list: &[Value], key| list.iter().position(|item| item_key(item, keys) == key);
            for item in shape {
                let key = item_key(item, keys);
                let (wanted, live) = (
                    find(wanted, key.clone()).map(|at| &wanted[at]),
                    find(live, key.clone()).map(|at| &live[at]),
                );
                let path = path.with(Step::Item(key.unwrap_or_default()));
                self.fields(&path, item, wanted, live, &owned.item(item));
            }
            // A list that is owned as one thing has no room for items of others.
            let is_extra = |item: &&Value| find(known, item_key(item, keys)).is_none();
            for extra in live.iter().filter(is_extra).filter(|_| owned.is_whole()) {
                let place =
                    live.iter().position(|item| std::ptr::eq(item, extra)).unwrap_or_default();
                self.suspect(
                    &path.with(item_step(Some(keys), place, extra)),
                    None,
                    Some(extra),
                    true,
                );
            }
            return;
        }
        if owned.is_set() || path.to_string() == "metadata.finalizers" {
            for (place, item) in shape.iter().enumerate() {
                if known.contains(item) && !live.contains(item) {
                    self.suspect(&path.with(Step::Index(place)), Some(item), None, true);
                }
            }
            return;
        }
        for (place, item) in shape.iter().enumerate() {
            self.fields(
                &path.with(Step::Index(place)),
                item,
                wanted.get(place),
                live.get(place),
                &Owned::nobody(),
            );
        }
        for (place, extra) in live.iter().enumerate().skip(known.len().max(shape.len())) {
            self.suspect(&path.with(Step::Index(place)), None, Some(extra), true);
        }
    }

    fn leaf(
        &mut self,
        path: &FieldPath,
        shape: &Value,
        wanted: Option<&Value>,
        live: Option<&Value>,
        owned: &Owned<'_>,
    ) {
        let is_exact = is_exact(path);
        match (wanted, live) {
            (Some(wanted), Some(live)) if same(wanted, live, is_exact) => {}
            _ if is_empty_container(shape) => self.emptiness(path, wanted, live),
            (Some(wanted), None) if is_empty(wanted) && !self.is_asked && self.omits_empty => {
                // Either the server left the empty value out, or someone took it out: then it is no longer ours. With
                // nothing at all of ours left, only the server can tell.
                let is_by_place = path.0.iter().any(|step| matches!(step, Step::Index(_)));
                if owned.ours.is_none() && !is_by_place {
                    self.suspect(path, Some(wanted), None, self.is_owner);
                }
            }
            (None, None) => {}
            // The server drops what it takes for empty; what is live in its place is then none of ours.
            (None, Some(live)) if same(shape, live, is_exact) => {}
            (wanted, live) => self.suspect(path, wanted, live, true),
        }
    }

    /// An object or list that the document leaves empty. That says nothing of what others put into it, unless nobody
    /// else can: the server's answer then lacks what is live. Without one, lists and selectors are taken for such.
    fn emptiness(&mut self, path: &FieldPath, wanted: Option<&Value>, live: Option<&Value>) {
        let Some(live) = live else { return };
        let is_lost = match (wanted, live) {
            (Some(Value::Object(wanted)), Value::Object(live)) => {
                live.keys().any(|name| !wanted.contains_key(name))
            }
            (Some(Value::Array(wanted)), Value::Array(live)) => {
                live.iter().any(|item| !wanted.contains(item))
            }
            _ => !is_empty(live),
        };
        if is_lost {
            self.suspect(
                path,
                wanted,
                Some(live),
                self.is_asked || live.is_array() || is_selector(path),
            );
        }
    }

    /// Fields our manager applied that the shape does not have.
    fn surplus(
        &mut self,
        path: &FieldPath,
        shape: Option<&Value>,
        wanted: Option<&Value>,
        live: &Value,
        owned: &Value,
    ) {
        let is_branch = |node: &Value| {
            node.as_object().is_some_and(|steps| steps.keys().any(|step| step != "."))
        };
        for (step, node) in owned.as_object().into_iter().flatten() {
            let Some((path, shape, wanted, live)) = descend(path, step, shape, wanted, live) else {
                continue;
            };
            if is_server_written(&path) || self.is_ignored(&path) {
                continue;
            }
            if is_branch(node) {
                self.surplus(&path, shape, wanted, live, node);
            } else if shape.is_none() && !(self.is_asked && wanted.is_some()) {
                // Where the server's answer keeps the field, someone else owns it too.
                let mut leaves = Vec::new();
                walk(live, &path, false, &mut |path, value| {
                    leaves.push((path.clone(), value.clone()))
                });
                leaves.iter().for_each(|(path, value)| self.suspect(path, None, Some(value), true));
            }
        }
    }

    fn is_ignored(&self, path: &FieldPath) -> bool {
        self.ignores.iter().any(|pattern| pattern.matches(path))
    }

    fn suspect(
        &mut self,
        path: &FieldPath,
        wanted: Option<&Value>,
        found: Option<&Value>,
        is_certain: bool,
    ) {
        if self.is_ignored(path) {
            return;
        }
        let difference =
            Difference { path: path.clone(), wanted: wanted.cloned(), found: found.cloned() };
        self.found.push(Suspicion { difference, is_certain });
    }
}

type Place<'a> = (FieldPath, Option<&'a Value>, Option<&'a Value>, &'a Value);

/// One step of managedFields further in all three; none where the object has nothing there.
fn descend<'a>(
    path: &FieldPath,
    step: &str,
    shape: Option<&'a Value>,
    wanted: Option<&'a Value>,
    live: &'a Value,
) -> Option<Place<'a>> {
    let (kind, name) = step.split_once(':')?;
    match kind {
        "f" => {
            let live = live.get(name).filter(|live| !live.is_null())?;
            Some((
                path.field(name),
                shape.and_then(|shape| shape.get(name)),
                wanted.and_then(|wanted| wanted.get(name)),
                live,
            ))
        }
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(name).ok()?;
            let find =
                |list: Option<&'a Value>| items_of(list).iter().find(|item| has_keys(item, &keys));
            let (all, item) = (items_of(Some(live)), find(Some(live))?);
            let names = item_keys(&[items_of(shape)]).or_else(|| item_keys(&[all]));
            let place = all.iter().position(|other| std::ptr::eq(other, item))?;
            Some((path.with(item_step(names, place, item)), find(shape), find(wanted), item))
        }
        "v" => {
            let value: Value = serde_json::from_str(name).ok()?;
            let find = |list: Option<&'a Value>| items_of(list).iter().find(|item| **item == value);
            let item = find(Some(live))?;
            let place = items_of(Some(live)).iter().position(|other| std::ptr::eq(other, item))?;
            Some((path.with(Step::Index(place)), find(shape), find(wanted), item))
        }
        _ => None,
    }
}

fn items_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The node of an item in managedFields: the one whose keys the item has.
fn keyed_node<'a>(node: &'a Value, item: &Value) -> Option<&'a Value> {
    let mut steps =
        node.as_object()?.iter().filter_map(|(step, node)| Some((step.strip_prefix("k:")?, node)));
    let found =
        steps.find(|(keys, _)| serde_json::from_str(keys).is_ok_and(|keys| has_keys(item, &keys)));
    found.map(|(_, node)| node)
}

fn is_server_written(path: &FieldPath) -> bool {
    matches!(
        path.to_string().as_str(),
        "status" | "metadata.managedFields" | "metadata.creationTimestamp"
    )
}

/// Whether a field's text stands for itself, so that "1000m" and "1" differ.
fn is_exact(path: &FieldPath) -> bool {
    let names: Vec<&str> = path
        .0
        .iter()
        .filter_map(|step| if let Step::Field(name) = step { Some(name.as_str()) } else { None })
        .collect();
    is_exact_under(&names)
}

/// As [`is_exact`], of the field at the end of these names.
fn is_exact_under(names: &[&str]) -> bool {
    let of_texts = [
        "labels",
        "annotations",
        "matchLabels",
        "nodeSelector",
        "data",
        "binaryData",
        "env",
        "args",
        "command",
    ];
    let texts = ["name", "namespace", "image", "value", "key", "path", "port", "targetPort"];
    names.iter().any(|name| of_texts.contains(name))
        || names.last().is_some_and(|last| texts.contains(last))
}

/// Whether two values of a field mean the same, as [`crate::fields::Summary`] shows field and values: a cluster writes
/// amounts in its own way ("1000m" as "1").
pub fn means_the_same(path: &str, one: &str, other: &str) -> bool {
    let names: Vec<&str> =
        path.split(['.', '[', ']', '=', '"']).filter(|name| !name.is_empty()).collect();
    let amount = |text: &str| -> String {
        serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
    };
    one == other || (!is_exact_under(&names) && same_amount(&amount(one), &amount(other)))
}

fn is_selector(path: &FieldPath) -> bool {
    matches!(path.0.last(), Some(Step::Field(name)) if name.ends_with("elector"))
}

/// Whether two values mean the same.
fn same(one: &Value, other: &Value, is_exact: bool) -> bool {
    match (one, other) {
        _ if one == other || (is_empty_container(one) && is_empty_container(other)) => true,
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ if is_exact => false,
        (Value::String(one), Value::String(other)) => same_amount(one, other),
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => same_amount(&number.to_string(), text),
        _ => false,
    }
}

fn is_empty_container(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Whether the server's types leave a value out when they write the object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        container => is_empty_container(container),
    }
}

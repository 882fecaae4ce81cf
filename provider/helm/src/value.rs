//! Values as Go's templates see them: typed, with maps that are shared and may change, and text that may be any bytes.

mod convert;
pub(crate) mod mark;
mod native;
mod text;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::bounds;

pub(crate) use convert::{deep_copy, deep_equal};
pub(crate) use native::{Certificate, Native, print_bytes};
pub(crate) use text::{Piece, Text, pieces};

/// A value while templates run.
#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    #[default]
    Nil,
    Bool(bool),
    /// Go's `int`, the type of literals, lengths and indexes.
    Int(i64),
    /// Go's `int64`, the type arithmetic gives.
    Int64(i64),
    Uint(u64),
    /// Go's `float64`, the type of every number in values.
    Float(f64),
    Text(Text),
    /// Go's `[]byte`, the type of a file's content.
    Bytes(Text),
    List(List),
    Map(Map),
    /// A structure of Go with fields and methods.
    Native(Rc<Native>),
    /// A value that is not known yet, with one that stands in for it. What is computed from it is not known either.
    Unknown(Rc<Value>),
}

/// A list. Go's slices are never changed in place by a template, so it is shared.
#[derive(Debug, Clone)]
pub(crate) struct List {
    items: Rc<Items>,
    kind: ListKind,
    nil: bool,
}

#[derive(Debug)]
struct Items(Vec<Value>);

impl Drop for Items {
    /// What nests too deep to be freed stays where it is: freeing it would take more stack than there is.
    fn drop(&mut self) {
        if bounds::is_stack_low() {
            std::mem::forget(std::mem::take(&mut self.0));
        }
    }
}

/// The type of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListKind {
    Any,
    Texts,
    Ints,
    Lists,
    /// The API versions of the cluster, all of them.
    Versions,
    /// The API versions that are known; there may be others.
    SomeVersions,
}

/// A map, shared by reference: what one template sets, the next one sees.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    cell: Rc<MapCell>,
    kind: MapKind,
}

#[derive(Debug, Default)]
struct MapCell {
    entries: RefCell<BTreeMap<Rc<str>, Value>>,
    nil: bool,
    /// Whether an entry was set or removed where it is not known whether that happens.
    uncertain: Cell<bool>,
}

impl Drop for MapCell {
    /// As for the items of a list.
    fn drop(&mut self) {
        if bounds::is_stack_low() {
            std::mem::forget(self.entries.take());
        }
    }
}

/// The type of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapKind {
    Any,
    Texts,
    /// Helm's named type for values.
    Values,
}

impl Value {
    pub(crate) fn text(value: impl Into<Text>) -> Self {
        Value::Text(value.into())
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Value::List(List::new(ListKind::Any, items))
    }

    pub(crate) fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Value::List(List::new(ListKind::Texts, items.into_iter().map(Value::text).collect()))
    }

    pub(crate) fn map(entries: impl IntoIterator<Item = (impl Into<Rc<str>>, Value)>) -> Self {
        Value::Map(Map::new(MapKind::Any, entries))
    }

    pub(crate) fn native(native: Native) -> Self {
        Value::Native(Rc::new(native))
    }

    /// The same value, not known for certain.
    pub(crate) fn unknown(self) -> Self {
        match self {
            Value::Unknown(_) => self,
            Value::Text(text) => Value::Text(text.tainted()),
            value => Value::Unknown(Rc::new(value)),
        }
    }

    /// A value of which nothing is known.
    pub(crate) fn anything() -> Self {
        Value::Unknown(Rc::new(Value::text("unknown")))
    }

    /// The stand-in of an unknown value, or the value itself. Text keeps its marks.
    pub(crate) fn known(&self) -> &Value {
        match self {
            Value::Unknown(value) => value.known(),
            value => value,
        }
    }

    /// Whether the value itself, apart from what it contains, is not known for certain.
    pub(crate) fn is_unknown(&self) -> bool {
        match self {
            Value::Unknown(_) => true,
            Value::Text(text) => text.is_tainted(),
            Value::Map(map) => map.is_uncertain(),
            Value::List(list) => list.kind == ListKind::SomeVersions,
            _ => false,
        }
    }

    /// Whether anything in the value is not known for certain.
    pub(crate) fn contains_unknown(&self) -> bool {
        self.contains_unknown_to(DEPTH)
    }

    fn contains_unknown_to(&self, depth: usize) -> bool {
        if depth == 0 || !bounds::pay(1) {
            return false;
        }
        match self {
            Value::Text(text) => {
                // To look for marks is faster than anything else that is done to a text.
                bounds::pay(text.len() / 16);
                text.is_tainted()
            }
            Value::List(list) => {
                list.kind == ListKind::SomeVersions
                    || list.items().iter().any(|item| item.contains_unknown_to(depth - 1))
            }
            Value::Map(map) => {
                map.is_uncertain() || map.any(|value| value.contains_unknown_to(depth - 1))
            }
            value => value.is_unknown(),
        }
    }

    /// Go's truth: what is not empty, zero, nil or false.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(value) | Value::Int64(value) => *value != 0,
            Value::Uint(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.without_marks().is_empty(),
            Value::Bytes(text) => !text.is_empty(),
            Value::List(list) => !list.items().is_empty(),
            Value::Map(map) => map.len() > 0,
            Value::Native(native) => native.is_true(),
            Value::Unknown(value) => value.is_true(),
        }
    }

    /// Whether the truth of the value is itself unknown. Text with a known part is not empty whatever the rest is.
    pub(crate) fn truth_is_unknown(&self) -> bool {
        match self {
            Value::Text(text) => text.is_tainted() && !text.has_known_part(),
            value => value.is_unknown(),
        }
    }

    /// The name of the type, as `%T` prints it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::List(list) => match list.kind {
                ListKind::Any => "[]interface {}",
                ListKind::Texts => "[]string",
                ListKind::Ints => "[]int",
                ListKind::Lists => "[][]interface {}",
                ListKind::Versions | ListKind::SomeVersions => "common.VersionSet",
            },
            Value::Map(map) => match map.kind() {
                MapKind::Any => "map[string]interface {}",
                MapKind::Texts => "map[string]string",
                MapKind::Values => "common.Values",
            },
            Value::Native(native) => native.type_name(),
            Value::Unknown(value) => value.type_name(),
        }
    }

    /// The kind of the type, as Go's reflection names it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Value::Nil => "invalid",
            Value::Bytes(_) | Value::List(_) => "slice",
            Value::Map(_) => "map",
            Value::Native(native) => native.kind_name(),
            Value::Unknown(value) => value.kind_name(),
            value => value.type_name(),
        }
    }
}

/// Values nest no deeper than this when they are walked; a map may contain itself.
pub(crate) const DEPTH: usize = 1_000;

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Value::Text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::text(value)
    }
}

impl List {
    pub(crate) fn new(kind: ListKind, items: Vec<Value>) -> Self {
        List { items: Rc::new(Items(items)), kind, nil: false }
    }

    /// A list of Go's that was never made: empty, but `null` as JSON.
    pub(crate) fn nil(kind: ListKind) -> Self {
        List { items: Rc::new(Items(Vec::new())), kind, nil: true }
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.items.0
    }

    pub(crate) fn kind(&self) -> ListKind {
        self.kind
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.nil
    }

    /// Whether elements are of one fixed type, so that reading one gives that type and not an interface.
    pub(crate) fn is_typed(&self) -> bool {
        self.kind != ListKind::Any
    }
}

impl Map {
    pub(crate) fn new(
        kind: MapKind,
        entries: impl IntoIterator<Item = (impl Into<Rc<str>>, Value)>,
    ) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        let cell =
            MapCell { entries: RefCell::new(entries), nil: false, uncertain: Cell::new(false) };
        Map { cell: Rc::new(cell), kind }
    }

    pub(crate) fn empty() -> Self {
        Map::new(MapKind::Any, std::iter::empty::<(Rc<str>, Value)>())
    }

    /// A map of Go's that was never made: empty, but `null` as JSON.
    pub(crate) fn nil(kind: MapKind) -> Self {
        let cell = MapCell { entries: RefCell::default(), nil: true, uncertain: Cell::new(false) };
        Map { cell: Rc::new(cell), kind }
    }

    /// The same map under another type.
    pub(crate) fn as_kind(&self, kind: MapKind) -> Self {
        Map { cell: self.cell.clone(), kind }
    }

    pub(crate) fn kind(&self) -> MapKind {
        self.kind
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.cell.nil
    }

    pub(crate) fn len(&self) -> usize {
        self.cell.entries.borrow().len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        let value = self.cell.entries.borrow().get(key).cloned();
        if self.is_uncertain() { value.map(Value::unknown) } else { value }
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.cell.entries.borrow().contains_key(key)
    }

    pub(crate) fn insert(&self, key: impl Into<Rc<str>>, value: Value) {
        self.cell.entries.borrow_mut().insert(key.into(), value);
    }

    pub(crate) fn remove(&self, key: &str) {
        self.cell.entries.borrow_mut().remove(key);
    }

    /// The entries at this moment, in the order of their keys.
    pub(crate) fn entries(&self) -> Vec<(Rc<str>, Value)> {
        self.cell.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(crate) fn keys(&self) -> Vec<Rc<str>> {
        self.cell.entries.borrow().keys().cloned().collect()
    }

    fn any(&self, test: impl Fn(&Value) -> bool) -> bool {
        self.cell.entries.borrow().values().any(test)
    }

    pub(crate) fn is_uncertain(&self) -> bool {
        self.cell.uncertain.get()
    }

    pub(crate) fn make_uncertain(&self) {
        self.cell.uncertain.set(true);
    }

    /// The value Go gives for a key that is missing.
    pub(crate) fn zero(&self) -> Value {
        if self.kind() == MapKind::Texts { Value::text("") } else { Value::Nil }
    }

    /// Whether both are one and the same map.
    pub(crate) fn is_same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

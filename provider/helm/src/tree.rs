//! A plain tree of values: what a YAML document, a values file or Terraform hands in, and what readers give back.
//!
//! Unlike the executor's values a tree is owned, can cross threads, and has one more kind of leaf: a value that is
//! not known yet.

use std::collections::BTreeMap;

/// One value of a tree. Maps are ordered by key, as every consumer of Helm's maps sees them.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Tree {
    /// An explicit null.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer beyond `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map.
    Map(TreeMap),
    /// A value that only an apply will know. It may stand for a value of any type but null.
    Unknown,
}

/// The entries of a map.
pub type TreeMap = BTreeMap<String, Tree>;

impl Tree {
    /// An empty map.
    #[must_use]
    pub fn empty_map() -> Self {
        Tree::Map(TreeMap::new())
    }

    /// The entries, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&TreeMap> {
        match self {
            Tree::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Tree]> {
        match self {
            Tree::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of that name, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.as_map()?.get(key)
    }

    /// The value at the end of a path of map keys.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<&Tree> {
        keys.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// How many values there are, this one included.
    pub(crate) fn size(&self) -> usize {
        match self {
            Tree::List(list) => 1 + list.iter().map(Tree::size).sum::<usize>(),
            Tree::Map(map) => size_of_map(map),
            _ => 1,
        }
    }

    /// Whether any leaf is unknown.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Tree::Unknown => true,
            Tree::List(list) => list.iter().any(Tree::has_unknown),
            Tree::Map(map) => map.values().any(Tree::has_unknown),
            _ => false,
        }
    }

    /// The same value as JSON. Floats that JSON cannot hold and unknown values become null.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Tree::Null | Tree::Unknown => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Int(value) => Value::from(*value),
            Tree::Uint(value) => Value::from(*value),
            Tree::Float(value) => json_float(*value),
            Tree::Text(value) => Value::String(value.clone()),
            Tree::List(list) => Value::Array(list.iter().map(Tree::to_json).collect()),
            Tree::Map(map) => Value::Object(
                map.iter().map(|(key, value)| (key.clone(), value.to_json())).collect(),
            ),
        }
    }
}

/// How many values there are in a map, which counts as one itself.
pub(crate) fn size_of_map(map: &TreeMap) -> usize {
    1 + map.values().map(Tree::size).sum::<usize>()
}

/// A float as JSON; one without a fraction becomes an integer, as Go's encoder writes it.
fn json_float(value: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within 2^53 fits an i64 exactly"
        )]
        return serde_json::Value::from(value as i64);
    }
    serde_json::Number::from_f64(value).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

impl From<&serde_json::Value> for Tree {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Tree::Null,
            Value::Bool(value) => Tree::Bool(*value),
            Value::Number(number) => {
                if let Some(value) = number.as_i64() {
                    Tree::Int(value)
                } else if let Some(value) = number.as_u64() {
                    Tree::Uint(value)
                } else {
                    Tree::Float(number.as_f64().unwrap_or(f64::INFINITY))
                }
            }
            Value::String(value) => Tree::Text(value.clone()),
            Value::Array(list) => Tree::List(list.iter().map(Tree::from).collect()),
            Value::Object(map) => {
                Tree::Map(map.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
        }
    }
}

impl From<&str> for Tree {
    fn from(value: &str) -> Self {
        Tree::Text(value.to_owned())
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Tree::Bool(value)
    }
}

impl<const N: usize> From<[(&str, Tree); N]> for Tree {
    fn from(entries: [(&str, Tree); N]) -> Self {
        Tree::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

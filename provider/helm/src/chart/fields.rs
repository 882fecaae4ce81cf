//! Reads the fields of a structure from a tree the way Go's JSON decoder does: names match in any case, null is the
//! zero value, numbers and booleans become text where text is wanted.

use std::collections::BTreeMap;

use crate::tree::{Tree, TreeMap};
use crate::yaml::{coerce_text, type_name};

/// The fields of one structure, whose name errors give.
pub(super) struct Fields<'t> {
    structure: &'static str,
    map: &'t TreeMap,
}

/// Why a field cannot be read.
pub(super) type FieldError = String;

static NOTHING: TreeMap = TreeMap::new();

impl<'t> Fields<'t> {
    pub(super) fn of(structure: &'static str, tree: &'t Tree) -> Result<Self, FieldError> {
        match tree {
            Tree::Map(map) => Ok(Fields { structure, map }),
            Tree::Null => Ok(Fields { structure, map: &NOTHING }),
            other => Err(format!(
                "json: cannot unmarshal {} into Go value of type v2.{structure}",
                type_name(other)
            )),
        }
    }

    /// The value of a field; none where it is missing or null.
    pub(super) fn value(&self, name: &str) -> Option<&'t Tree> {
        let found = self.map.get(name).or_else(|| {
            self.map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        });
        found.filter(|value| !matches!(value, Tree::Null))
    }

    fn wrong(&self, name: &str, found: &Tree, wanted: &str) -> FieldError {
        let structure = self.structure;
        format!(
            "json: cannot unmarshal {} into Go struct field {structure}.{name} of type {wanted}",
            type_name(found)
        )
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match coerce_text(value) {
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(self.wrong(name, value, "string")),
            },
        }
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Tree::Bool(value)) => Ok(Some(*value)),
            Some(value) => Err(self.wrong(name, value, "bool")),
        }
    }

    pub(super) fn list(&self, name: &str, wanted: &str) -> Result<Option<&'t [Tree]>, FieldError> {
        match self.value(name) {
            None => Ok(None),
            Some(Tree::List(items)) => Ok(Some(items)),
            Some(value) => Err(self.wrong(name, value, wanted)),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, FieldError> {
        let Some(items) = self.list(name, "[]string")? else { return Ok(None) };
        let text = |item| {
            coerce_text(item).map(String::from).ok_or_else(|| self.wrong(name, item, "string"))
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn text_map(
        &self,
        name: &str,
    ) -> Result<Option<BTreeMap<String, String>>, FieldError> {
        let map = match self.value(name) {
            None => return Ok(None),
            Some(Tree::Map(map)) => map,
            Some(value) => return Err(self.wrong(name, value, "map[string]string")),
        };
        let entry = |(key, value): (&String, &Tree)| match coerce_text(value) {
            Some(text) => Ok((key.clone(), text.into_owned())),
            None => Err(self.wrong(name, value, "string")),
        };
        map.iter().map(entry).collect::<Result<_, _>>().map(Some)
    }
}

//! Terraform's values.

use std::collections::BTreeMap;

use crate::{Number, Path, Refinements, Step, Type};

/// A value as Terraform knows it. Equality is Terraform's: sets are kept sorted, so that their
/// order never counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// No value.
    Null,
    /// A value that will be known only later.
    Unknown(Box<Refinements>),
    /// True or false.
    Bool(bool),
    /// A number of any precision.
    Number(Number),
    /// Text.
    String(String),
    /// The elements of a list.
    List(Vec<Value>),
    /// The elements of a set, sorted and distinct: made by [`Value::set`].
    Set(Vec<Value>),
    /// The elements of a tuple.
    Tuple(Vec<Value>),
    /// The elements of a map.
    Map(BTreeMap<String, Value>),
    /// The attributes of an object.
    Object(BTreeMap<String, Value>),
    /// The value of a place whose type is dynamic, together with its type.
    Dynamic(Box<Type>, Box<Value>),
}

impl Value {
    /// A value of which nothing is known yet.
    pub fn unknown() -> Self {
        Self::Unknown(Box::default())
    }

    /// A set of these elements, in whatever order they come; elements that are alike count once.
    /// Elements with something unknown in them all stay: they may turn out to differ.
    pub fn set(elements: impl IntoIterator<Item = Value>) -> Self {
        let mut elements: Vec<Value> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|one, other| one == other && one.is_wholly_known());
        Self::Set(elements)
    }

    /// An object of these attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A map of these elements.
    pub fn map<N: Into<String>>(elements: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Map(elements.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Whether this is null, also as a dynamic value.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(_, value) => value.is_null(),
            _ => false,
        }
    }

    /// Whether the whole of this is unknown, also as a dynamic value.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Dynamic(_, value) => value.is_unknown(),
            _ => false,
        }
    }

    /// Whether nothing in this is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(elements) | Self::Object(elements) => {
                elements.values().all(Self::is_wholly_known)
            }
            Self::Dynamic(_, value) => value.is_wholly_known(),
        }
    }

    /// What kind of value this is, with its article, for errors.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Tuple(_) => "a tuple",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Dynamic(..) => "a dynamic value",
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Dynamic(_, value) => value.as_str(),
            _ => None,
        }
    }

    /// The truth, if this is a bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Dynamic(_, value) => value.as_bool(),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Dynamic(_, value) => value.as_number(),
            _ => None,
        }
    }

    /// The attributes of an object or elements of a map.
    pub fn entries(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Self::Map(entries) | Self::Object(entries) => Some(entries),
            Self::Dynamic(_, value) => value.entries(),
            _ => None,
        }
    }

    /// The elements of a list, set or tuple.
    pub fn elements(&self) -> Option<&[Value]> {
        match self {
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => Some(elements),
            Self::Dynamic(_, value) => value.elements(),
            _ => None,
        }
    }

    /// The attribute or map element of this name; null where this has none.
    pub fn get(&self, name: &str) -> &Value {
        const NULL: &Value = &Value::Null;
        self.entries().and_then(|entries| entries.get(name)).unwrap_or(NULL)
    }

    /// The value at a path, if there is one.
    pub fn at(&self, path: &Path) -> Option<&Value> {
        path.steps().iter().try_fold(self, |value, step| match step {
            Step::Attribute(name) | Step::Key(name) => value.entries()?.get(name),
            Step::Index(index) => value.elements()?.get(*index),
            Step::Element(element) => value.elements()?.iter().find(|other| *other == &**element),
        })
    }

    /// Sets an attribute of an object; does nothing to a value of another kind.
    pub fn set_attribute(&mut self, name: &str, value: Value) {
        if let Self::Object(attributes) = self {
            attributes.insert(name.to_owned(), value);
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_no_order_and_no_duplicates() {
        let one = Value::set(["b".into(), "a".into(), "b".into()]);
        assert_eq!(one, Value::set(["a".into(), "b".into()]));
        let unknown = Value::object([("a", Value::unknown())]);
        assert_eq!(Value::set([unknown.clone(), unknown]).elements().unwrap().len(), 2);
    }

    #[test]
    fn knows_what_is_unknown_inside() {
        let value = Value::object([("a", Value::List(vec![Value::unknown()])), ("b", 1.into())]);
        assert!(!value.is_unknown());
        assert!(!value.is_wholly_known());
        assert!(value.at(&Path::attribute("a").index(0)).unwrap().is_unknown());
        assert_eq!(value.at(&Path::attribute("c")), None);
        assert!(value.get("c").is_null());
    }
}

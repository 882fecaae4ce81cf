//! Rust structs as Terraform objects: the traits that `#[derive(Model)]` implements.

use std::collections::{BTreeMap, BTreeSet};

use travel_value::{Number, Path, Type, Value};

use crate::diagnostic::Diagnostic;
use crate::schema::{AttributeKind, Block, Nesting};

/// A struct that is a Terraform object: schema and conversion from one place.
pub trait Model: Sized + Clone + Send + Sync + 'static {
    /// The attributes and blocks of the object, from the struct's fields and doc comments.
    fn block() -> Block;

    /// Reads the object from a value of the block's type.
    ///
    /// # Errors
    /// Where an attribute that the struct needs is null or unknown, at that attribute.
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic>;

    /// The object as a value of the block's type; what is not there yet is null.
    fn to_value(&self) -> Value;
}

/// The type of a model's field.
pub trait Field: Sized {
    /// What Terraform is told of the attribute.
    fn kind() -> AttributeKind;

    /// Reads the field.
    ///
    /// # Errors
    /// Where the value is null or unknown and the type has no place for that, or has another type.
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic>;

    /// The field as a value.
    fn to_value(&self) -> Value;
}

/// A model, or a collection of models, written as nested blocks.
pub trait Blocks {
    /// What stands in one block.
    fn block() -> Block;
}

impl<T: Blocks> Blocks for Option<T> {
    fn block() -> Block {
        T::block()
    }
}

impl<T: Blocks> Blocks for Vec<T> {
    fn block() -> Block {
        T::block()
    }
}

impl<T: Blocks> Blocks for BTreeMap<String, T> {
    fn block() -> Block {
        T::block()
    }
}

/// A planned value without the elements that only the apply will know. Attributes stay: a field
/// says by its type whether it can do without a value.
pub fn known_part(value: &Value) -> Value {
    with_elements(value, &|element| !element.is_unknown())
}

/// The value of an object whose creation was interrupted without the elements that were never made:
/// core was told that they are null.
pub fn made_part(value: &Value) -> Value {
    with_elements(value, &|element| !element.is_unknown() && !element.is_null())
}

fn with_elements(value: &Value, keep: &dyn Fn(&Value) -> bool) -> Value {
    let kept = |elements: &[Value]| -> Vec<Value> {
        let kept = elements.iter().filter(|element| keep(element));
        kept.map(|element| with_elements(element, keep)).collect()
    };
    match value {
        Value::List(elements) => Value::List(kept(elements)),
        Value::Set(elements) => Value::set(kept(elements)),
        Value::Map(elements) => {
            let kept = elements.iter().filter(|(_, element)| keep(element));
            Value::Map(
                kept.map(|(key, element)| (key.clone(), with_elements(element, keep))).collect(),
            )
        }
        Value::Object(attributes) => {
            let attributes = attributes.iter();
            Value::Object(
                attributes.map(|(name, it)| (name.clone(), with_elements(it, keep))).collect(),
            )
        }
        _ => value.clone(),
    }
}

/// The error for a value that a field cannot take.
pub fn mismatch(expected: &str, value: &Value, path: &Path) -> Diagnostic {
    let found = match value {
        Value::Null => "there is none",
        Value::Unknown(_) => "it is not known yet",
        _ => "it has another type",
    };
    Diagnostic::error(
        format!("no usable {path}"),
        format!("{path} must be {expected}, but {found}."),
    )
    .at(path.clone())
}

/// Where unknown and null both mean that there is nothing (yet).
impl<T: Field> Field for Option<T> {
    fn kind() -> AttributeKind {
        T::kind()
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        if value.is_null() || value.is_unknown() {
            return Ok(None);
        }
        T::from_value(value, path).map(Some)
    }

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::to_value)
    }
}

impl Field for String {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::String)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        value.as_str().map(str::to_owned).ok_or_else(|| mismatch("a string", value, path))
    }

    fn to_value(&self) -> Value {
        self.as_str().into()
    }
}

impl Field for bool {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Bool)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        value.as_bool().ok_or_else(|| mismatch("true or false", value, path))
    }

    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Field for Number {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Number)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        value.as_number().cloned().ok_or_else(|| mismatch("a number", value, path))
    }

    fn to_value(&self) -> Value {
        Value::Number(self.clone())
    }
}

macro_rules! whole_number {
    ($($kind:ty),*) => {$(
        impl Field for $kind {
            fn kind() -> AttributeKind {
                AttributeKind::Plain(Type::Number)
            }

            fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
                value
                    .as_number()
                    .and_then(Number::as_i64)
                    .and_then(|number| <$kind>::try_from(number).ok())
                    .ok_or_else(|| mismatch("a whole number in range", value, path))
            }

            fn to_value(&self) -> Value {
                Value::Number(i64::from(*self).into())
            }
        }
    )*};
}

whole_number!(i64, i32, u32, u16);

/// A value whose type the configuration decides.
impl Field for Value {
    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::Dynamic)
    }

    fn from_value(value: &Value, _path: &Path) -> Result<Self, Diagnostic> {
        Ok(value.clone())
    }

    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl<T: Field> Field for Vec<T> {
    fn kind() -> AttributeKind {
        collection(T::kind(), Nesting::List)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let elements = value.elements().ok_or_else(|| mismatch("a list", value, path))?;
        elements
            .iter()
            .enumerate()
            .map(|(index, element)| T::from_value(element, &path.index(index)))
            .collect()
    }

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(Field::to_value).collect())
    }
}

impl<T: Field + Ord> Field for BTreeSet<T> {
    fn kind() -> AttributeKind {
        collection(T::kind(), Nesting::Set)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let elements = value.elements().ok_or_else(|| mismatch("a set", value, path))?;
        elements.iter().map(|element| T::from_value(element, path)).collect()
    }

    fn to_value(&self) -> Value {
        Value::set(self.iter().map(Field::to_value))
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn kind() -> AttributeKind {
        collection(T::kind(), Nesting::Map)
    }

    fn from_value(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        let entries = value.entries().ok_or_else(|| mismatch("a map", value, path))?;
        entries
            .iter()
            .map(|(key, element)| Ok((key.clone(), T::from_value(element, &path.key(key))?)))
            .collect()
    }

    fn to_value(&self) -> Value {
        Value::map(self.iter().map(|(key, element)| (key.clone(), element.to_value())))
    }
}

/// The kind of a collection: nested attributes stay such where Terraform allows it (one level of
/// objects), anything deeper is a plain type.
fn collection(element: AttributeKind, nesting: Nesting) -> AttributeKind {
    let plain = match element {
        AttributeKind::Nested { nesting: Nesting::Single, attributes } => {
            return AttributeKind::Nested { nesting, attributes };
        }
        AttributeKind::Nested { .. } => {
            let attribute = crate::schema::Attribute { kind: element, ..Default::default() };
            attribute.value_type()
        }
        AttributeKind::Plain(kind) => kind,
    };
    AttributeKind::Plain(match nesting {
        Nesting::Single => plain,
        Nesting::List => Type::list(plain),
        Nesting::Set => Type::set(plain),
        Nesting::Map => Type::map(plain),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_made_of_what_is_known() {
        let value = Value::object([
            ("arns", Value::map([("a", Value::unknown()), ("b", "arn".into())])),
            ("id", Value::unknown()),
        ]);
        let known = known_part(&value);
        let arns = BTreeMap::<String, String>::from_value(known.get("arns"), &Path::root());
        assert_eq!(arns.unwrap(), BTreeMap::from([("b".to_owned(), "arn".to_owned())]));
        assert!(known.get("id").is_unknown());
    }
}

//! Terraform's types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Text.
    String,
    /// A number of any precision.
    Number,
    /// True or false.
    Bool,
    /// Any type; each value says which.
    Dynamic,
    /// An ordered sequence of one type.
    List(Box<Type>),
    /// An unordered collection of distinct elements of one type.
    Set(Box<Type>),
    /// Elements of one type under string keys.
    Map(Box<Type>),
    /// A fixed sequence, each place with its own type.
    Tuple(Vec<Type>),
    /// Named attributes, each with its own type.
    Object {
        /// The type of each attribute.
        attributes: BTreeMap<String, Type>,
        /// The attributes a configuration may leave out.
        optional: BTreeSet<String>,
    },
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// What kind of value the type has, with its article, for errors.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Tuple(_) => "a tuple",
            Self::Object { .. } => "an object",
        }
    }

    /// An object of these attributes, none of them optional.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self::Object {
            attributes: attributes.into_iter().map(|(name, kind)| (name.into(), kind)).collect(),
            optional: BTreeSet::new(),
        }
    }
}

/// The type in the words of an HCL type expression.
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => formatter.write_str("string"),
            Self::Number => formatter.write_str("number"),
            Self::Bool => formatter.write_str("bool"),
            Self::Dynamic => formatter.write_str("any"),
            Self::List(element) => write!(formatter, "list({element})"),
            Self::Set(element) => write!(formatter, "set({element})"),
            Self::Map(element) => write!(formatter, "map({element})"),
            Self::Tuple(elements) => {
                formatter.write_str("tuple([")?;
                for (position, element) in elements.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{element}")?;
                }
                formatter.write_str("])")
            }
            Self::Object { attributes, .. } => {
                formatter.write_str("object({")?;
                for (position, (name, kind)) in attributes.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{name} = {kind}")?;
                }
                formatter.write_str("})")
            }
        }
    }
}

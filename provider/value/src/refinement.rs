//! What is known of an unknown value.

use crate::Number;

/// One end of a number's range.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bound {
    /// The number at the end of the range.
    pub number: Number,
    /// Whether the range holds that number itself.
    pub inclusive: bool,
}

/// What Terraform already knows of a value that it does not know yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinements {
    /// Whether the value will be null (`true`), will not be (`false`), or may be either.
    pub null: Option<bool>,
    /// How the string will begin.
    pub prefix: Option<String>,
    /// The least the number can be.
    pub number_min: Option<Bound>,
    /// The most the number can be.
    pub number_max: Option<Bound>,
    /// The fewest elements the collection can have.
    pub length_min: Option<u64>,
    /// The most elements the collection can have.
    pub length_max: Option<u64>,
}

impl Refinements {
    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The refinement of a value of which only that it is not null is known.
    pub fn not_null() -> Self {
        Self { null: Some(false), ..Self::default() }
    }
}

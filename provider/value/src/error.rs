//! Why bytes could not be read as a value, or a value not be written.

use std::fmt;

use crate::{Path, Step};

/// A value that could not be decoded or encoded, and where in it. Never holds the value itself,
/// which may be secret.
#[derive(Debug)]
pub struct CodecError {
    problem: Problem,
    /// The way to the place, from the inside out: each level adds itself as the error passes.
    outward: Vec<Step>,
}

/// What is wrong with a value on its way in or out.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The bytes end inside a value.
    #[error("the value ends too early")]
    Truncated,
    /// The bytes go on behind the value.
    #[error("there are {0} bytes behind the value")]
    TrailingBytes(usize),
    /// There is something else than the type asks for.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the type asks for.
        expected: &'static str,
        /// What kind of thing is there instead.
        found: &'static str,
    },
    /// A text is not UTF-8.
    #[error("the text is not UTF-8")]
    InvalidText,
    /// A number is not one, is infinite, or has far too many digits.
    #[error("not a number that can be kept: it is infinite, malformed or has too many digits")]
    InvalidNumber,
    /// An object lacks an attribute of its type.
    #[error("attribute {0:?} is missing")]
    MissingAttribute(String),
    /// An object has an attribute that its type lacks.
    #[error("there is no attribute {0:?}")]
    UnknownAttribute(String),
    /// An object or map has the same key twice.
    #[error("{0:?} is given twice")]
    DuplicateKey(String),
    /// A tuple has more or fewer elements than its type.
    #[error("expected {expected} elements, found {found}")]
    WrongLength {
        /// How many elements the type has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Values are nested deeper than any real one is.
    #[error("values are nested too deep")]
    TooDeep,
    /// A collection or text has more elements than the format can count.
    #[error("too long for the format")]
    TooLong,
    /// The type of a dynamic value is not a type.
    #[error("the type of the value is malformed")]
    InvalidType,
    /// A value that must be known, because its format has no word for unknown ones.
    #[error("the value is unknown, which this format cannot say")]
    Unknown,
    /// The text is not JSON.
    #[error("malformed JSON")]
    InvalidJson(#[source] serde_json::Error),
}

impl CodecError {
    /// The place, from the outermost value inwards. A place inside a set is that of the set.
    pub fn path(&self) -> Path {
        self.outward.iter().rev().cloned().collect()
    }

    /// What is wrong there.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same problem at this place, whatever lies further in.
    pub(crate) fn at_this_place(mut self) -> Self {
        self.outward.clear();
        self
    }

    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.outward.push(step);
        self
    }
}

impl From<Problem> for CodecError {
    fn from(problem: Problem) -> Self {
        Self { problem, outward: Vec::new() }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.outward.is_empty() {
            write!(formatter, "{}: ", self.path())?;
        }
        fmt::Display::fmt(&self.problem, formatter)
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

//! Terraform's types and values, and their msgpack and JSON codec.
//!
//! The model is that of Terraform's own type system: every value may be null or unknown, numbers
//! have any precision, sets have no order, and a dynamic value carries its type with it. Nothing
//! here knows gRPC, a schema or AWS.

mod error;
pub mod json;
pub mod msgpack;
mod number;
mod path;
mod refinement;
mod type_json;
mod types;
mod value;

pub use error::{CodecError, Problem};
pub use number::Number;
pub use path::{Path, Step};
pub use refinement::{Bound, Refinements};
pub use types::Type;
pub use value::Value;

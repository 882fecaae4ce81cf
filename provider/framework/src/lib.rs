//! What a Terraform resource is: schema, plan and apply semantics, ownership, parts, waiting and
//! diagnostics. Knows neither gRPC nor AWS.

pub mod diagnostic;
pub mod rule;
pub mod schema;
pub mod server;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use travel_derive::Model;
pub use travel_value as value;

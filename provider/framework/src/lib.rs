//! What a Terraform resource is: schema, plan and apply semantics, ownership, parts, waiting and
//! diagnostics. Knows neither gRPC nor AWS.

// The derive macro names this crate by its full name, here as elsewhere.
extern crate self as travel_framework;

pub mod action;
mod asked;
pub mod call;
pub mod data;
pub mod diagnostic;
pub mod ephemeral;
pub mod finding;
pub mod list;
pub mod model;
pub mod orphan;
pub mod ownership;
mod page;
pub mod parts;
pub mod plan;
pub mod platform;
mod private;
pub mod provider;
pub mod resource;
pub mod rule;
pub mod schema;
pub mod server;
mod shape;
mod shared;
pub mod timeouts;
pub mod wait;

pub use call::{Call, Failure};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use plan::Plan;
pub use provider::Provider;
pub use travel_derive::Model;
pub use travel_value as value;

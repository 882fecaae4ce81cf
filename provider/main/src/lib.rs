//! The provider as a whole: what it serves, and the reference pages of it.

pub mod contract;
pub mod docs;
mod eks;
pub mod registry;

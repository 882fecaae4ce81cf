//! The provider as a whole: what it serves, the reference pages of it, and the command beside it.

pub mod command;
pub mod contract;
pub mod docs;
mod eks;
mod permissions;
pub mod registry;

//! A core of our own: what terraform does with a provider between reading a configuration and
//! keeping its state, over the same protocol. Small, so that a check can run thousands of applies,
//! and strict: it refuses the answers that terraform would refuse.

mod built_in;
mod call;
mod configuration;
mod convert;
mod evaluate;
mod extension;
mod functions;
mod legal;
mod places;
mod proposed;
mod provider;
mod schema;
mod walk;

pub use configuration::{Configuration, ResourceBlock};
pub use evaluate::{Names, evaluate};
pub use extension::{Listed, generated, invoke, list, moved};
pub use legal::broken_promises;
pub use places::Place;
pub use provider::{Log, LoggedCall, LoggedChange, Provider, Said, Start};
pub use schema::{Attribute, Block, BlockNesting, Identity, NestedBlock, Nesting, Schemas};
pub use walk::{Action, Change, Core, Object, Plan, State};

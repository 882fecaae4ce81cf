//! The sandbox, the conformance harness and the acceptance tests.

pub mod bench;
pub mod case;
pub mod cluster;
pub mod conformance;
pub mod core;
pub mod group;
pub mod live;
pub mod load;
pub mod sandbox;
pub mod stage;
pub mod terraform;
pub mod tools;

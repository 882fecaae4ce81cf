//! The sandbox, the conformance harness and the acceptance tests.

pub mod sandbox;

//! Functions of the provider: pure, and without configuration.

pub mod arn;
pub mod policy;
pub mod subnets;

//! Networks, and the clusters in them.

pub mod addresses;
pub mod log_retention;
pub mod network;

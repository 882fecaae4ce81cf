//! Networks, and the clusters in them.

pub mod addresses;
pub mod eks_platform;
pub mod inspection_routes;
pub mod log_group;
pub mod log_retention;
pub mod network;
mod routes;

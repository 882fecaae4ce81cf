//! Networks, and the clusters in them.

pub mod addresses;

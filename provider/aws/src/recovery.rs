//! Snapshots, and what brings them where a disaster does not reach.

pub mod dr_snapshot_policy;

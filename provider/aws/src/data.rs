//! Data sources: what AWS says of the caller and the region.

pub mod caller;
pub mod zones;

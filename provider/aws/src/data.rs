//! Data sources: what AWS says of the caller and the region.

pub mod accounts;
pub mod caller;
pub mod organization;
pub mod partition;
pub mod zones;

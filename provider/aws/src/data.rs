//! Data sources: what AWS says of the caller and the region, and policies put together.

pub mod accounts;
pub mod caller;
pub mod organization;
pub mod partition;
pub mod policy_document;
pub mod zones;

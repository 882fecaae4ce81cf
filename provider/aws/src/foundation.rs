//! Keys, and what else everything stands on.

pub mod account;
pub mod bucket;
pub mod kms_key;
pub mod organization;
pub mod organizational_unit;
mod organizations;
pub mod parameter;

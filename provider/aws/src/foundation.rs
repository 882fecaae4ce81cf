//! Keys, and what else everything stands on.

pub mod account;
pub mod account_assignments;
mod identity_center;
pub mod identity_group;
mod identity_store;
pub mod identity_user;
pub mod kms_key;
pub mod organization;
pub mod organizational_unit;
mod organizations;
pub mod parameter;
pub mod permission_set;

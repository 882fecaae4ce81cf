//! Keys, and what else everything stands on.

pub mod access_analyzer;
pub mod account;
pub mod account_assignments;
pub mod account_contacts;
pub mod audit_trail;
pub mod bucket;
pub mod config_recorder;
pub mod delegated_administrator;
pub mod effective_policies;
mod identity_center;
pub mod identity_group;
mod identity_store;
pub mod identity_user;
pub mod kms_grant;
pub mod kms_key;
pub mod network_firewall;
pub mod oidc_provider;
pub mod organization;
pub mod organization_policy;
pub mod organizational_unit;
pub(crate) mod organizations;
pub mod parameter;
pub mod permission_set;
pub mod policy;
pub mod role;
pub mod secret;
pub mod threat_detection;

//! The services that the sandbox plays itself because neither emulator has them to the depth that is needed.

pub mod access_analyzer;
pub mod account;
pub mod cloudtrail;
pub mod config;
pub mod control_plane;
pub mod dlm;
pub mod eks;
pub mod guardduty;
pub mod identity_center;
pub mod identity_store;
pub mod input;
mod neighbours;
pub mod network_firewall;
mod organization;
mod patch;
pub mod rbin;
mod resource_policies;
pub mod shapes;

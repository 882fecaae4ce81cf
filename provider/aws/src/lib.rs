//! AWS resources, one page each, in folders named like the phases of the platform.
//!
//! What the pages stand on is in this folder: [`platform`] (what all resources share), [`scope`]
//! (clients for an account and region), [`error`] (what a failed call means), [`placement`] and
//! [`tags`] (attributes every resource has), [`consistency`] (calls that come too early),
//! [`batch`] (reads that share a call), [`passage`] (what every request passes), among it [`budget`]
//! (how many calls a service takes) and [`call_log`] (a line of the log for each request),
//! [`iam_role`] (the roles that services work as), [`preflight`] (what policies of the organization deny
//! of a plan), [`cluster_access`] (what it takes to call a
//! cluster).

pub mod batch;
pub mod budget;
pub mod call_log;
pub mod checkup;
pub mod cluster_access;
pub mod connection;
pub mod consistency;
pub mod data;
pub mod ec2;
pub mod error;
pub mod foundation;
pub mod functions;
pub mod iam_role;
pub mod network_and_cluster;
pub mod partition;
pub mod passage;
pub mod placement;
pub mod platform;
pub mod policy;
pub mod preflight;
pub mod recovery;
pub mod scope;
pub mod session;
pub mod settings;
pub mod states;
pub mod survey;
pub mod tags;

#[cfg(test)]
pub(crate) mod testing;

pub use error::Reply;
pub use placement::{GlobalPlacement, Placement};
pub use platform::Aws;
pub use scope::Scope;
pub use tags::Tagging;

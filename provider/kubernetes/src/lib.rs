//! Resources inside a cluster: releases and stacks of them; what it takes to call the cluster
//! oneself; and what is done to what runs there.
//!
//! What the pages stand on is in this folder: [`clusters`] (how a configuration names a cluster,
//! and who reaches it), [`platform`] (what all resources share), [`release`] (planning, observing
//! and changing one release, whichever page it stands on).

pub mod checkup;
pub mod cluster_token;
pub mod clusters;
pub mod helm_release;
pub mod helm_stack;
pub mod kubeconfig;
pub mod platform;
pub mod release;
pub mod restart_workload;
pub mod survey;

pub use clusters::{Clusters, Reached};
pub use platform::Kubernetes;

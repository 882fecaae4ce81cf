//! Resources inside a cluster: releases, stacks of them, and sets of manifests; what a chart renders to;
//! what it takes to call the cluster oneself; and what is done to what runs there.
//!
//! What the pages stand on is in this folder: [`clusters`] (how a configuration names a cluster,
//! and who reaches it), [`platform`] (what all resources share), [`documents`] (how they are shown),
//! [`checking`] (whether they fit their kinds), [`ignored`] (what of them others may change),
//! [`readiness`] (what is waited for), [`secrets`], [`failure`], [`memory`], and [`release`] (planning,
//! observing and changing one release, whichever page it stands on).

pub mod checking;
pub mod checkup;
pub mod cluster_token;
pub mod clusters;
pub mod documents;
pub mod failure;
pub mod functions;
pub mod helm_release;
pub mod helm_stack;
pub mod helm_template;
pub mod ignored;
pub mod kubeconfig;
pub mod manifests;
pub mod memory;
pub mod platform;
pub mod readiness;
pub mod release;
pub mod restart_workload;
pub mod secrets;
pub mod survey;

pub use clusters::{Clusters, Reached};
pub use platform::Kubernetes;

//! Reaching a Kubernetes cluster: server-side apply, readiness, pruning, draining.
//!
//! Knows neither Terraform nor any cloud: what reaching a cluster takes is given as data
//! ([`cluster::connect::ClusterConfig`]). Documents are JSON ([`document::Document`]); what the cluster serves is read
//! from it ([`discovery::Discovery`]), so custom resources are treated as built-in ones are.

pub mod apply;
pub mod applyset;
pub mod cluster;
pub mod discovery;
pub mod document;
pub mod drain;
pub mod drift;
pub mod error;
pub mod fields;
pub mod gone;
pub mod managed;
pub mod order;
pub mod ownership;
pub mod path;
pub mod poll;
pub mod prune;
pub mod read;
pub mod ready;
pub mod schema;
pub mod scope;

mod quantity;

pub use cluster::Cluster;
pub use document::{Document, DocumentKey};
pub use error::{Error, ErrorKind};

#[cfg(test)]
mod testing;

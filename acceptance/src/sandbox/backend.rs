//! What a backend of the gateway is: an emulator, or a service the sandbox plays itself.
//!
//! A new service of our own is one file with a type that implements [`Backend`], and one line in
//! [`super::routing::SERVICES`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::call::{Call, Reply};
use super::wire::ServiceError;
use super::world::World;

/// The tags of resources by their ARN.
pub type Tagged = BTreeMap<String, BTreeMap<String, String>>;

/// Something that answers the calls of a service.
///
/// One value lives as long as the sandbox and keeps its state in memory, by account and region of the calls. The
/// gateway has checked the signature and recorded the call before, and injects faults around it.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Answers a call. Calls come concurrently, and each is answered to its end even when its caller has gone.
    ///
    /// # Errors
    /// The error as the service reports it; the gateway writes it in the call's protocol.
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError>;

    /// Forgets everything, for a fresh test in the same sandbox.
    ///
    /// # Errors
    /// A sentence about what could not be taken down.
    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        Ok(())
    }

    /// The tags of what the service holds in an account and region, by ARN, for the tagging API.
    async fn tagged(&self, _account: &str, _region: &str) -> Tagged {
        Tagged::new()
    }

    /// Answers `METHOD /services/NAME/PATH…` of the control API, for what a test asks of this service only. `None`
    /// where there is no such thing.
    async fn control(
        &self,
        _method: &str,
        _path: &[&str],
        _body: Value,
        _world: &Arc<World>,
    ) -> Option<Result<Value, String>> {
        None
    }
}

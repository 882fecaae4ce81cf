//! Recycle Bin: retention rules, and their locks, which open when the sandbox's clock has passed the unlock delay.
//!
//! Follows the Recycle Bin API Reference, version 2021-06-15, and the chapter on Recycle Bin of the Amazon EBS User
//! Guide; requests and answers are checked by the service's model. Only the rules are here: nothing is retained by
//! them, so what DLM, EC2 or a test deletes is gone, whatever rules there are.

mod checks;
mod lock;
mod rules;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use self::rules::{Place, State};
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// The backend of Recycle Bin.
pub fn backend() -> Box<dyn Backend> {
    Box::<RecycleBin>::default()
}

/// What lives as long as the sandbox.
#[derive(Default)]
struct RecycleBin {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
}

#[async_trait]
impl Backend for RecycleBin {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async { Shapes::load(&world.models, "rbin").map_err(ServiceError::internal) };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes.input(&call).map_err(|misfit| checks::misfit(&misfit))?;
        let place = Place::new(call.account(), &call.region);
        let now = world.clock.now();
        let output = self.state.lock().await.perform(&place, &call.operation, &input, now)?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.state.lock().await = State::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        self.state.lock().await.tagged(&Place::new(account, region))
    }
}

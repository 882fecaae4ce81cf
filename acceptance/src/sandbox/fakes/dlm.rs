//! DLM: lifecycle policies that really take, copy, share and delete snapshots as the sandbox's clock goes on.
//!
//! Follows the Amazon Data Lifecycle Manager API Reference, version 2018-01-12; requests and answers are checked by
//! the service's model. What is due is done when the clock is moved, or by `POST /services/dlm/run` of the control
//! API, which answers with all that has been done since the last time.

mod checks;
mod copies;
mod cron;
mod policies;
mod rules;
mod work;

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use self::policies::State;
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// How long what is due waits where nobody moves the clock.
const PAUSE: Duration = Duration::from_secs(30);

/// The backend of DLM.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Dlm(Arc::default()))
}

struct Dlm(Arc<Inner>);

/// What lives as long as the sandbox.
#[derive(Default)]
struct Inner {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
    follows_clock: OnceCell<()>,
}

#[async_trait]
impl Backend for Dlm {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async { Shapes::load(&world.models, "dlm").map_err(ServiceError::internal) };
        let shapes = self.0.shapes.get_or_try_init(load).await?;
        self.0.follows_clock.get_or_init(async || follow_clock(&self.0, world)).await;
        let input = shapes
            .input(&call)
            .map_err(|misfit| checks::invalid(format!("{} {}", misfit.path, misfit.problem)))?;
        let mut state = self.0.state.lock().await;
        let output = state.perform(&call, &input, world.clock.now())?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.0.state.lock().await = State::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        self.0.state.lock().await.tagged(account, region)
    }

    async fn control(
        &self,
        method: &str,
        path: &[&str],
        _body: Value,
        world: &Arc<World>,
    ) -> Option<Result<Value, String>> {
        match (method, path) {
            ("POST", ["run"]) => {
                let mut state = self.0.state.lock().await;
                work::catch_up(&mut state, world).await;
                Some(Ok(std::mem::take(&mut state.done).into()))
            }
            _ => None,
        }
    }
}

/// Does what is due whenever the clock is moved, and now and then.
fn follow_clock(inner: &Arc<Inner>, world: &Arc<World>) {
    let mut moved = world.clock.moved();
    let (inner, world) = (Arc::downgrade(inner), Arc::downgrade(world));
    tokio::spawn(async move {
        loop {
            tokio::select! {
                changed = moved.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(PAUSE) => {}
            }
            let Some((inner, world)) = upgraded(&inner, &world) else { return };
            work::catch_up(&mut *inner.state.lock().await, &world).await;
        }
    });
}

fn upgraded(inner: &Weak<Inner>, world: &Weak<World>) -> Option<(Arc<Inner>, Arc<World>)> {
    inner.upgrade().zip(world.upgrade())
}

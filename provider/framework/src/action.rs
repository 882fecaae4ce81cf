//! What a page of the provider implements: one action, which does something and leaves no state.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use travel_value::Value;

use crate::asked::Asked;
use crate::call::{Call, Failure};
use crate::diagnostic::Diagnostics;
use crate::model::Model;
use crate::plan::Plan;
use crate::platform::Platform;
use crate::schema::Schema;
use crate::shared::Shared;

/// An action. The struct is its configuration; nothing in it is computed.
#[async_trait]
pub trait Action: Model {
    /// What its calls go through.
    type Platform: Platform;

    /// The action's type, as written in a configuration.
    const TYPE_NAME: &'static str;

    /// How long it may take, where the configuration does not say.
    const TIMEOUT: Duration;

    /// Checks combinations of attributes.
    fn validate(_plan: &mut Plan<'_>) {}

    /// How long it may take by its configuration.
    fn timeout(&self) -> Duration {
        Self::TIMEOUT
    }

    /// Does it, and tells of its progress. What a call that was cut off has left, the next one goes
    /// on with.
    async fn invoke(&self, call: &Call<Self::Platform>, progress: &Progress)
    -> Result<(), Failure>;
}

/// Takes what an action tells on its way.
pub struct Progress(Sender<String>);

impl Progress {
    /// Tells a line of progress. It is left out where core does not keep up, or does not listen.
    pub fn tell(&self, line: impl Into<String>) {
        let _ = self.0.try_send(line.into());
    }
}

/// An action, whatever its model.
#[async_trait]
pub(crate) trait Invocable: Send + Sync {
    fn schema(&self) -> Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn invoke(&self, config: Value, progress: Sender<String>) -> Diagnostics;
}

/// An action of one model.
pub(crate) struct Invoker<A: Action>(Asked<A, A::Platform>);

impl<A: Action> Invoker<A> {
    pub(crate) fn new(platform: &Arc<A::Platform>, shared: &Arc<Shared>) -> Self {
        Self(Asked::new(A::TYPE_NAME, platform, shared))
    }

    async fn invoke_with(
        &self,
        config: &Value,
        progress: &Progress,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Failure> {
        let (place, action) = self.0.completed(config)?;
        let call = self.0.call(&place, action.timeout()).await?;
        let invoked = action.invoke(&call, progress).await;
        diagnostics.extend(call.take_warnings());
        invoked
    }
}

#[async_trait]
impl<A: Action> Invocable for Invoker<A> {
    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.0.block.clone().configured() }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.0.validate(config, A::validate)
    }

    async fn invoke(&self, config: Value, progress: Sender<String>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let invoked = self.invoke_with(&config, &Progress(progress), &mut diagnostics).await;
        if let Err(failure) = invoked {
            diagnostics.push(failure.into_diagnostic());
        }
        diagnostics
    }
}

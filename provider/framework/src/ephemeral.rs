//! What a page of the provider implements: one ephemeral resource, which is opened for a run of
//! core and never stands in a plan or state.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use travel_value::json::{self, UnknownAttributes};
use travel_value::{Path, Value};

use crate::asked::Asked;
use crate::call::{Call, Failure, Memory};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::plan::{Plan, without_secrets};
use crate::platform::Platform;
use crate::schema::Schema;
use crate::server::{OpenResponse, RenewResponse};
use crate::shared::Shared;

/// How long opening, renewing or closing may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// An ephemeral resource. The struct is its model; computed attributes are what opening it gives.
///
/// Core opens it in every plan and every apply that needs it, and closes it at the end of each. Its
/// values are those of [`Ephemeral::open`] for as long as it is open: a renewal can lengthen what
/// stands behind them, but not change them.
#[async_trait]
pub trait Ephemeral: Model {
    /// What its calls go through.
    type Platform: Platform;

    /// The ephemeral resource's type, as written in a configuration.
    const TYPE_NAME: &'static str;

    /// Checks combinations of attributes.
    fn validate(_plan: &mut Plan<'_>) {}

    /// Opens it: `self` comes with what the configuration sets and goes with everything set. Gives
    /// when it must be renewed, if it must.
    async fn open(&mut self, call: &Call<Self::Platform>) -> Result<Option<SystemTime>, Failure>;

    /// Makes it last longer, and gives when that must be done again. `self` is what was opened,
    /// without its sensitive attributes.
    async fn renew(&self, _open: &Open<'_, Self>) -> Result<Option<SystemTime>, Failure> {
        Ok(None)
    }

    /// Ends it. `self` is what was opened, without its sensitive attributes.
    async fn close(&self, _open: &Open<'_, Self>) -> Result<(), Failure> {
        Ok(())
    }
}

/// An ephemeral resource that is open.
pub struct Open<'a, E: Ephemeral> {
    asked: &'a Asked<E, E::Platform>,
    opened: &'a Value,
    memory: Mutex<Memory>,
    warnings: Mutex<Vec<Diagnostic>>,
}

impl<E: Ephemeral> Open<'_, E> {
    /// Calls to where it was opened. They go on where the provider was asked to stop: what is open
    /// must be closed.
    ///
    /// # Errors
    /// Where there are no usable credentials for that place.
    pub async fn call(&self) -> Result<Call<E::Platform>, Failure> {
        self.asked.last_call(self.opened, TIMEOUT).await
    }

    /// What the page remembers since it was opened, or renewed last.
    pub fn remembered(&self) -> Memory {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what the page remembers.
    pub fn remember(&self, memory: Memory) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = memory;
    }

    /// Tells the person something, without failing. Core shows it once the resource is closed.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }
}

/// What core keeps in memory while an ephemeral resource is open.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What was opened, without secrets, as JSON.
    opened: String,
    memory: Memory,
}

/// An ephemeral resource, whatever its model.
#[async_trait]
pub(crate) trait Openable: Send + Sync {
    fn schema(&self) -> Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn open(&self, config: Value) -> OpenResponse;
    async fn renew(&self, private: Vec<u8>) -> RenewResponse;
    async fn close(&self, private: Vec<u8>) -> Diagnostics;
}

/// An ephemeral resource of one model.
pub(crate) struct Opener<E: Ephemeral>(Asked<E, E::Platform>);

impl<E: Ephemeral> Opener<E> {
    pub(crate) fn new(platform: &Arc<E::Platform>, shared: &Arc<Shared>) -> Self {
        Self(Asked::new(E::TYPE_NAME, platform, shared))
    }

    async fn open_into(
        &self,
        config: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Result<OpenResponse, Failure> {
        let (place, mut model) = self.0.completed(config)?;
        let call = self.0.call(&place, TIMEOUT).await?;
        let opened = model.open(&call).await;
        diagnostics.extend(call.take_warnings());
        let renew_at = opened?;
        let result = self.0.told(&call, &model);
        let private = self.keep(&result, call.remembered())?;
        Ok(OpenResponse { result, private, renew_at, diagnostics: Diagnostics::new() })
    }

    fn keep(&self, result: &Value, memory: Memory) -> Result<Vec<u8>, Diagnostic> {
        let shown = without_secrets(&self.0.block, result);
        let opened = json::encode(&shown, &self.0.block.value_type()).map_err(|it| unkept(&it))?;
        serde_json::to_vec(&Kept { opened, memory }).map_err(|it| unkept(&it))
    }

    fn kept(&self, private: &[u8]) -> Result<(Value, Memory), Diagnostic> {
        let Kept { opened, memory } = serde_json::from_slice(private).map_err(|it| unkept(&it))?;
        let kind = self.0.block.value_type();
        let opened = json::decode(opened.as_bytes(), &kind, UnknownAttributes::Refuse);
        Ok((opened.map_err(|it| unkept(&it))?, memory))
    }

    fn held<'a>(&'a self, opened: &'a Value, memory: Memory) -> Open<'a, E> {
        let (memory, warnings) = (Mutex::new(memory), Mutex::default());
        Open { asked: &self.0, opened, memory, warnings }
    }

    async fn renew_into(
        &self,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(Vec<u8>, Option<SystemTime>), Failure> {
        let (opened, memory) = self.kept(private)?;
        let model = E::from_value(&opened, &Path::root())?;
        let open = self.held(&opened, memory);
        let renewed = model.renew(&open).await;
        diagnostics.extend(std::mem::take(
            &mut *open.warnings.lock().unwrap_or_else(PoisonError::into_inner),
        ));
        Ok((self.keep(&opened, open.remembered())?, renewed?))
    }

    async fn close_into(
        &self,
        private: &[u8],
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Failure> {
        let (opened, memory) = self.kept(private)?;
        let model = E::from_value(&opened, &Path::root())?;
        let open = self.held(&opened, memory);
        let closed = model.close(&open).await;
        diagnostics.extend(std::mem::take(
            &mut *open.warnings.lock().unwrap_or_else(PoisonError::into_inner),
        ));
        closed
    }
}

#[async_trait]
impl<E: Ephemeral> Openable for Opener<E> {
    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.0.block.clone().stateless() }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.0.validate(config, E::validate)
    }

    async fn open(&self, config: Value) -> OpenResponse {
        let mut diagnostics = Diagnostics::new();
        match self.open_into(&config, &mut diagnostics).await {
            Ok(opened) => OpenResponse { diagnostics, ..opened },
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                OpenResponse {
                    result: Value::Null,
                    private: Vec::new(),
                    renew_at: None,
                    diagnostics,
                }
            }
        }
    }

    async fn renew(&self, private: Vec<u8>) -> RenewResponse {
        let mut diagnostics = Diagnostics::new();
        match self.renew_into(&private, &mut diagnostics).await {
            Ok((private, renew_at)) => RenewResponse { private, renew_at, diagnostics },
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                RenewResponse { private, renew_at: None, diagnostics }
            }
        }
    }

    async fn close(&self, private: Vec<u8>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        if let Err(failure) = self.close_into(&private, &mut diagnostics).await {
            diagnostics.push(failure.into_diagnostic());
        }
        diagnostics
    }
}

fn unkept(error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic::error(
        "failed to read what is kept of an open ephemeral resource",
        format!("It was not written by this provider: {error}."),
    )
}

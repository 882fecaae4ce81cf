//! What a page of the provider implements: one data source, or one function.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use travel_value::Value;

use crate::asked::Asked;
use crate::call::{Call, Failure};
use crate::diagnostic::Diagnostics;
use crate::model::Model;
use crate::plan::Plan;
use crate::platform::Platform;
use crate::schema::{FunctionSignature, Schema};
use crate::server::{DataResponse, FunctionError};
use crate::shared::Shared;

/// How long a data source may take.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A data source. The struct is its model; computed attributes are what it reads.
#[async_trait]
pub trait DataSource: Model {
    /// What its calls go through.
    type Platform: Platform;

    /// The data source's type, as written in a configuration.
    const TYPE_NAME: &'static str;

    /// Checks combinations of attributes.
    fn validate(_plan: &mut Plan<'_>) {}

    /// Reads it: `self` comes with what the configuration sets and goes with everything set.
    async fn read(&mut self, call: &Call<Self::Platform>) -> Result<(), Failure>;
}

/// A function: pure, and without configuration.
pub trait Function: Send + Sync + 'static {
    /// What Terraform is told of it.
    fn signature(&self) -> FunctionSignature;

    /// Evaluates it. Arguments have the types of the signature.
    ///
    /// # Errors
    /// Where an argument makes no sense; says which.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// A data source, whatever its model.
#[async_trait]
pub(crate) trait Readable: Send + Sync {
    fn schema(&self) -> Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn read(&self, config: Value) -> DataResponse;
}

/// A data source of one model.
pub(crate) struct Source<D: DataSource>(Asked<D, D::Platform>);

impl<D: DataSource> Source<D> {
    pub(crate) fn new(platform: &Arc<D::Platform>, shared: &Arc<Shared>) -> Self {
        Self(Asked::new(D::TYPE_NAME, platform, shared))
    }

    async fn read_into(
        &self,
        config: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Result<Value, Failure> {
        let (place, mut source) = self.0.completed(config)?;
        let call = self.0.call(&place, TIMEOUT).await?;
        let result = source.read(&call).await;
        diagnostics.extend(call.take_warnings());
        result?;
        Ok(self.0.told(&call, &source))
    }
}

#[async_trait]
impl<D: DataSource> Readable for Source<D> {
    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.0.block.clone().stateless() }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.0.validate(config, D::validate)
    }

    async fn read(&self, config: Value) -> DataResponse {
        let mut diagnostics = Diagnostics::new();
        let state = match self.read_into(&config, &mut diagnostics).await {
            Ok(state) => state,
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                Value::Null
            }
        };
        DataResponse { state, diagnostics }
    }
}

//! What a page of the provider implements: one data source, or one function.

use async_trait::async_trait;
use travel_value::Value;

use crate::call::{Call, Failure};
use crate::model::Model;
use crate::plan::Plan;
use crate::platform::Platform;
use crate::schema::FunctionSignature;
use crate::server::FunctionError;

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

//! What has a configuration but no state: data sources, ephemeral resources, lists and actions. How
//! their configuration is checked and completed, and where their calls go.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use travel_value::{Path, Value};

use crate::call::{Call, Failure};
use crate::diagnostic::Diagnostics;
use crate::model::{Model, known_part};
use crate::ownership::Claim;
use crate::page::check_rules;
use crate::plan::{Computed, Plan, plan_by_schema};
use crate::platform::Platform;
use crate::schema::Block;
use crate::shared::Shared;

/// Something of one model that is asked for by its configuration.
pub(crate) struct Asked<M, P> {
    pub(crate) block: Block,
    platform: Arc<P>,
    shared: Arc<Shared>,
    type_name: &'static str,
    model: PhantomData<fn() -> M>,
}

impl<M: Model, P: Platform> Asked<M, P> {
    pub(crate) fn new(type_name: &'static str, platform: &Arc<P>, shared: &Arc<Shared>) -> Self {
        Self {
            block: M::block(),
            platform: Arc::clone(platform),
            shared: Arc::clone(shared),
            type_name,
            model: PhantomData,
        }
    }

    /// Checks a configuration by the schema's rules, and then by the page's own.
    pub(crate) fn validate(&self, config: &Value, own: fn(&mut Plan<'_>)) -> Diagnostics {
        let mut found = Diagnostics::new();
        check_rules(&self.block, config, &mut found);
        let mut plan = Plan::new(config, &Value::Null, config.clone());
        own(&mut plan);
        found.extend(plan.diagnostics);
        found
    }

    /// The configuration with its defaults; empty where only the answer will tell.
    pub(crate) fn completed(&self, config: &Value) -> Result<(Value, M), Failure> {
        let applied = Computed::Applied { resumed: false };
        let planned = plan_by_schema(&self.block, &Value::Null, config, applied);
        let mut plan = Plan::new(config, &Value::Null, planned);
        self.platform.plan(&mut plan);
        let model = M::from_value(&known_part(&plan.planned), &Path::root())?;
        Ok((plan.planned, model))
    }

    /// Calls to where `place` says, until the provider is asked to stop.
    pub(crate) async fn call(&self, place: &Value, timeout: Duration) -> Result<Call<P>, Failure> {
        self.call_until(place, timeout, self.shared.cancel()).await
    }

    /// Calls to where `place` says, also where the provider was asked to stop: for what must still
    /// be done then.
    pub(crate) async fn last_call(
        &self,
        place: &Value,
        timeout: Duration,
    ) -> Result<Call<P>, Failure> {
        self.call_until(place, timeout, CancellationToken::new()).await
    }

    async fn call_until(
        &self,
        place: &Value,
        timeout: Duration,
        cancel: CancellationToken,
    ) -> Result<Call<P>, Failure> {
        let scope = tokio::select! {
            scope = self.platform.scope(place) => scope?,
            () = cancel.cancelled() => return Err(Failure::Interrupted),
        };
        // Nothing is made that would carry the mark, so it need not be whole.
        let resource = format!("{}/", self.type_name);
        let claim = self.shared.claim(resource.clone(), String::new());
        let claim = claim.unwrap_or_else(|_| Claim {
            deployment: String::new(),
            previous_deployments: Vec::new(),
            resource,
            generation: String::new(),
        });
        Ok(Call::new(scope, claim, cancel, timeout))
    }

    /// The whole value, as core is told of it.
    pub(crate) fn told(&self, call: &Call<P>, model: &M) -> Value {
        let mut value = model.to_value();
        self.platform.place(&call.scope, &mut value);
        value
    }
}

//! One resource as the provider serves it: the requests of the protocol, carried out by a page's
//! operations under the framework's rules for ownership, resumption and truth.

mod apply;
mod create;
mod delete;
mod planning;
mod read;
mod validation;

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use travel_value::{Path, Value};

use crate::call::{Call, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, known_part};
use crate::platform::Platform;
use crate::resource::{Description, Resource};
use crate::schema::{Attribute, Block, Schema};
use crate::server::{
    ApplyRequest, ApplyResponse, ImportRequest, ImportResponse, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
};
use crate::shared::Shared;

pub(crate) use read::decode_state;
pub(crate) use validation::check_rules;

/// A resource, whatever its model.
#[async_trait]
pub(crate) trait Managed: Send + Sync {
    fn description(&self) -> &'static Description;
    fn schema(&self) -> Schema;
    fn identity(&self) -> Option<Schema>;
    fn validate(&self, config: &Value) -> Diagnostics;
    fn upgrade(&self, request: &UpgradeRequest) -> UpgradeResponse;
    fn plan(&self, request: &PlanRequest) -> PlanResponse;
    async fn read(&self, request: ReadRequest) -> ReadResponse;
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;
    fn import(&self, request: &ImportRequest) -> ImportResponse;
}

/// A resource of one model.
pub(crate) struct Page<R: Resource> {
    platform: Arc<R::Platform>,
    shared: Arc<Shared>,
    block: Block,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Page<R> {
    pub(crate) fn new(platform: Arc<R::Platform>, shared: Arc<Shared>) -> Self {
        Self { platform, shared, block: <R as Model>::block(), resource: PhantomData }
    }

    /// The key of an object, as type/name; none where the name is not known.
    fn resource_key(&self, object: &Value) -> Option<String> {
        let name = object.get(R::DESCRIPTION.key).as_str()?;
        Some(format!("{}/{name}", R::DESCRIPTION.type_name))
    }

    fn model(&self, object: &Value) -> Result<R, Diagnostic> {
        R::from_value(&known_part(object), &Path::root())
    }

    /// The identity in an object: null while part of it is unknown or missing.
    fn identity_of(&self, object: &Value) -> Value {
        let names = R::DESCRIPTION.identity;
        let known = |name: &&str| {
            let value = object.get(name);
            !value.is_null() && value.is_wholly_known()
        };
        if names.is_empty() || !names.iter().all(known) {
            return Value::Null;
        }
        Value::object(names.iter().map(|name| (*name, object.get(name).clone())))
    }

    /// An operation on an object. Where it goes follows from the object's state, if it has one;
    /// what it marks things with, from its plan, which may give it another name.
    async fn call(
        &self,
        place: &Value,
        named: &Value,
        generation: String,
        timeout: std::time::Duration,
    ) -> Result<Call<R::Platform>, Failure> {
        let resource =
            self.resource_key(named).unwrap_or_else(|| format!("{}/", R::DESCRIPTION.type_name));
        let claim = self.shared.claim(resource, generation)?;
        let cancel = self.shared.cancel();
        // A stop must also end the search for credentials, which may wait on the network.
        let scope = tokio::select! {
            scope = self.platform.scope(place) => scope?,
            () = cancel.cancelled() => return Err(Failure::Interrupted),
        };
        Ok(Call::new(scope, claim, cancel, timeout))
    }
}

#[async_trait]
impl<R: Resource> Managed for Page<R> {
    fn description(&self) -> &'static Description {
        &R::DESCRIPTION
    }

    fn schema(&self) -> Schema {
        Schema { version: R::VERSION, block: self.block.clone() }
    }

    fn identity(&self) -> Option<Schema> {
        let names = R::DESCRIPTION.identity;
        let attributes: Vec<Attribute> = names
            .iter()
            .filter_map(|name| self.block.attribute(name))
            .map(|attribute| Attribute {
                name: attribute.name.clone(),
                kind: attribute.kind.clone(),
                description: attribute.description.clone(),
                required: true,
                ..Attribute::default()
            })
            .collect();
        let block = Block { attributes, ..Block::default() };
        (!names.is_empty()).then_some(Schema { version: 0, block })
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.check_configuration(config)
    }

    fn upgrade(&self, request: &UpgradeRequest) -> UpgradeResponse {
        self.upgrade_state(request)
    }

    fn plan(&self, request: &PlanRequest) -> PlanResponse {
        self.plan_change(request)
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        self.read_object(request).await
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        self.apply_change(request).await
    }

    fn import(&self, request: &ImportRequest) -> ImportResponse {
        self.import_object(request)
    }
}

//! One resource as the provider serves it: the requests of the protocol, carried out by a page's
//! operations under the framework's rules for ownership, resumption and truth.

mod apply;
mod create;
mod delete;
mod generating;
pub(crate) mod identity;
mod moving;
mod orphaned;
mod planning;
mod read;
mod validation;

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use travel_value::{Path, Value};

use crate::call::{Call, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, known_part, made_part};
use crate::orphan::{Marked, Removal};
use crate::ownership::Claim;
use crate::platform::Platform;
use crate::resource::{Description, Resource};
use crate::schema::{Block, Schema};
use crate::server::{
    ApplyRequest, ApplyResponse, ImportRequest, ImportResponse, MoveRequest, MoveResponse,
    PlanRequest, PlanResponse, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
};
use crate::shape;
use crate::shared::Shared;

pub(crate) use orphaned::unknown_type;
pub(crate) use read::decode_state;
pub(crate) use validation::check_rules;

/// A resource, whatever its model.
#[async_trait]
pub(crate) trait Managed: Send + Sync {
    fn description(&self) -> &'static Description;
    fn schema(&self) -> Schema;
    fn identity(&self) -> Option<Schema>;
    fn validate(&self, config: &Value, write_only_allowed: bool) -> Diagnostics;
    fn upgrade(&self, request: &UpgradeRequest) -> UpgradeResponse;
    async fn plan(&self, request: PlanRequest) -> PlanResponse;
    async fn read(&self, request: ReadRequest) -> ReadResponse;
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;
    fn import(&self, request: &ImportRequest) -> ImportResponse;
    async fn take_over(&self, request: &MoveRequest) -> MoveResponse;
    fn generate(&self, state: Value) -> Value;
    async fn remove_marked(&self, marked: &Marked) -> Result<Removal, Failure>;
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
        let name = key_of(R::DESCRIPTION.key, object)?;
        Some(format!("{}/{name}", R::DESCRIPTION.type_name))
    }

    fn model(&self, object: &Value) -> Result<R, Diagnostic> {
        let known = match apply::is_incomplete(object) {
            true => made_part(object),
            false => known_part(object),
        };
        R::from_value(&known, &Path::root())
    }

    /// The identity in an object: null while part of it is unknown or missing.
    fn identity_of(&self, object: &Value) -> Value {
        identity::of(R::DESCRIPTION.identity, object)
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
        self.call_as(place, claim, timeout).await
    }

    /// An operation on behalf of a claim.
    async fn call_as(
        &self,
        place: &Value,
        claim: Claim,
        timeout: std::time::Duration,
    ) -> Result<Call<R::Platform>, Failure> {
        let cancel = self.shared.cancel();
        // A stop must also end the search for credentials, which may wait on the network.
        let scope = tokio::select! {
            scope = self.platform.scope(place) => scope?,
            () = cancel.cancelled() => return Err(Failure::Interrupted),
        };
        Ok(Call::new(scope, claim, cancel, timeout))
    }
}

/// What names an object, by the attributes that do; none while they are not known, or where the
/// last of them is null. Others that are null are empty.
fn key_of(attributes: &str, object: &Value) -> Option<String> {
    let mut names = Vec::new();
    let last = attributes.split('/').next_back();
    for attribute in attributes.split('/') {
        let value = identity::at(object, attribute);
        match value.as_str() {
            Some(name) => names.push(name),
            None if value.is_unknown() || last == Some(attribute) => return None,
            None => names.push(""),
        }
    }
    Some(names.join("/"))
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
        identity::schema(R::DESCRIPTION.identity, &self.block)
    }

    fn validate(&self, config: &Value, write_only_allowed: bool) -> Diagnostics {
        let config = shape::inward(&self.block, config.clone());
        let mut found = self.check_configuration(&config);
        if !write_only_allowed {
            validation::refuse_write_only(&self.block, &config, &mut found);
        }
        found
    }

    fn upgrade(&self, request: &UpgradeRequest) -> UpgradeResponse {
        self.upgrade_state(request)
    }

    async fn plan(&self, mut request: PlanRequest) -> PlanResponse {
        for value in [&mut request.prior, &mut request.config] {
            *value = shape::inward(&self.block, std::mem::replace(value, Value::Null));
        }
        let mut response = self.plan_change(&request);
        self.look_ahead(&request, &mut response).await;
        PlanResponse { planned: shape::outward(&self.block, response.planned), ..response }
    }

    async fn read(&self, mut request: ReadRequest) -> ReadResponse {
        request.state = shape::inward(&self.block, request.state);
        let response = self.read_object(request).await;
        ReadResponse { state: shape::outward(&self.block, response.state), ..response }
    }

    async fn apply(&self, mut request: ApplyRequest) -> ApplyResponse {
        for value in [&mut request.prior, &mut request.planned, &mut request.config] {
            *value = shape::inward(&self.block, std::mem::replace(value, Value::Null));
        }
        let response = self.apply_change(request).await;
        ApplyResponse { state: shape::outward(&self.block, response.state), ..response }
    }

    fn import(&self, request: &ImportRequest) -> ImportResponse {
        let response = self.import_object(request);
        let state = response.state.map(|state| shape::outward(&self.block, state));
        ImportResponse { state, ..response }
    }

    async fn take_over(&self, request: &MoveRequest) -> MoveResponse {
        let response = self.move_object(request).await;
        MoveResponse { state: shape::outward(&self.block, response.state), ..response }
    }

    fn generate(&self, state: Value) -> Value {
        let state = shape::inward(&self.block, state);
        shape::outward(&self.block, self.generated(state))
    }

    async fn remove_marked(&self, marked: &Marked) -> Result<Removal, Failure> {
        Page::remove_marked(self, marked).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_by_one_attribute_or_several() {
        let object = Value::object([
            ("name", "web".into()),
            ("namespace", "shop".into()),
            ("cluster", Value::object([("name", "dev".into()), ("region", Value::unknown())])),
            ("kubeconfig", Value::Null),
            ("other", Value::unknown()),
        ]);
        for (attributes, expected) in [
            ("name", Some("web")),
            ("cluster.name/namespace/name", Some("dev/shop/web")),
            ("kubeconfig.context/name", Some("/web")),
            ("cluster.region/name", None),
            ("other.name/name", None),
            ("kubeconfig.context", None),
        ] {
            assert_eq!(key_of(attributes, &object).as_deref(), expected, "{attributes}");
        }
    }
}

//! The life of managed resources.

use travel_framework::server::{
    ApplyRequest, ImportRequest, MoveRequest, PlanRequest, ReadRequest, Server, UpgradeRequest,
};
use travel_framework::value::Value;
use travel_framework::{Diagnostic, Diagnostics};
use travel_proto::tfplugin6 as wire;

use crate::convert::{ConvertError, Values, attribute_path, diagnostics, raw_json};

/// Checks a resource's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_resource_config::Request,
) -> Result<wire::validate_resource_config::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let config = resource.state.read("configuration", request.config.as_ref())?;
    let capabilities = request.client_capabilities.unwrap_or_default();
    let write_only_allowed = capabilities.write_only_attributes_allowed;
    let told = server.validate_resource(&request.type_name, config, write_only_allowed).await;
    Ok(wire::validate_resource_config::Response { diagnostics: diagnostics(told) })
}

/// Brings a state to the current schema version.
pub async fn upgrade_state(
    server: &impl Server,
    request: wire::upgrade_resource_state::Request,
) -> Result<wire::upgrade_resource_state::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let wire::upgrade_resource_state::Request { type_name, version, raw_state } = request;
    let raw = raw_json(raw_state)?;
    let upgraded = server.upgrade_state(UpgradeRequest { type_name, version, raw }).await;
    let mut told = upgraded.diagnostics;
    let upgraded_state = resource.state.try_write("upgraded state", &upgraded.value, &mut told);
    let diagnostics = diagnostics(told);
    Ok(wire::upgrade_resource_state::Response { upgraded_state, diagnostics })
}

/// Brings an identity to the current version of its schema.
pub async fn upgrade_identity(
    server: &impl Server,
    request: wire::upgrade_resource_identity::Request,
) -> Result<wire::upgrade_resource_identity::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let wire::upgrade_resource_identity::Request { type_name, version, raw_identity } = request;
    let raw = raw_json(raw_identity)?;
    let upgraded = server.upgrade_identity(UpgradeRequest { type_name, version, raw }).await;
    let mut told = upgraded.diagnostics;
    let upgraded_identity = resource.write_identity(&upgraded.value, &mut told);
    let diagnostics = diagnostics(told);
    Ok(wire::upgrade_resource_identity::Response { upgraded_identity, diagnostics })
}

/// Reads the real object.
pub async fn read(
    server: &impl Server,
    request: wire::read_resource::Request,
) -> Result<wire::read_resource::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    if let Some(deferred) = deferred(server, request.client_capabilities) {
        return Ok(wire::read_resource::Response {
            new_state: request.current_state,
            new_identity: request.current_identity,
            private: request.private,
            deferred: Some(deferred),
            diagnostics: Vec::new(),
        });
    }
    let request = ReadRequest {
        state: resource.state.read("state", request.current_state.as_ref())?,
        identity: resource.read_identity(request.current_identity.as_ref())?,
        private: request.private,
        type_name: request.type_name,
    };
    let read = server.read(request).await;
    let mut told = read.diagnostics;
    Ok(wire::read_resource::Response {
        new_state: resource.state.try_write("state", &read.state, &mut told),
        new_identity: resource.write_identity(&read.identity, &mut told),
        private: read.private,
        diagnostics: diagnostics(told),
        deferred: None,
    })
}

/// Says what an apply would do.
pub async fn plan(
    server: &impl Server,
    request: wire::plan_resource_change::Request,
) -> Result<wire::plan_resource_change::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let deferred = deferred(server, request.client_capabilities);
    let request = PlanRequest {
        prior: resource.state.read("prior state", request.prior_state.as_ref())?,
        proposed: resource.state.read("proposed state", request.proposed_new_state.as_ref())?,
        config: resource.state.read("configuration", request.config.as_ref())?,
        identity: resource.read_identity(request.prior_identity.as_ref())?,
        private: request.prior_private,
        type_name: request.type_name,
    };
    let plan = server.plan(request).await;
    let mut told = plan.diagnostics;
    let mut requires_replace = Vec::new();
    for path in plan.requires_replace.iter().map(attribute_path) {
        // Paths into a set are cut at the set, so that several may have become one.
        if !path.steps.is_empty() && !requires_replace.contains(&path) {
            requires_replace.push(path);
        }
    }
    Ok(wire::plan_resource_change::Response {
        planned_state: resource.state.try_write("planned state", &plan.planned, &mut told),
        planned_identity: resource.write_identity(&plan.identity, &mut told),
        requires_replace,
        planned_private: plan.private,
        diagnostics: diagnostics(told),
        legacy_type_system: false,
        deferred,
    })
}

/// Carries out a plan.
pub async fn apply(
    server: &impl Server,
    request: wire::apply_resource_change::Request,
) -> Result<wire::apply_resource_change::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let request = ApplyRequest {
        prior: resource.state.read("prior state", request.prior_state.as_ref())?,
        planned: resource.state.read("planned state", request.planned_state.as_ref())?,
        config: resource.state.read("configuration", request.config.as_ref())?,
        identity: resource.read_identity(request.planned_identity.as_ref())?,
        private: request.planned_private,
        type_name: request.type_name,
    };
    let applied = server.apply(request).await;
    let mut told = applied.diagnostics;
    Ok(wire::apply_resource_change::Response {
        new_state: resource.state.try_write("new state", &applied.state, &mut told),
        new_identity: resource.write_identity(&applied.identity, &mut told),
        private: applied.private,
        diagnostics: diagnostics(told),
        legacy_type_system: false,
    })
}

/// Brings an existing object under management.
pub async fn import(
    server: &impl Server,
    request: wire::import_resource_state::Request,
) -> Result<wire::import_resource_state::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let type_name = request.type_name.clone();
    let request = ImportRequest {
        identity: resource.read_identity(request.identity.as_ref())?,
        id: request.id,
        type_name: request.type_name,
    };
    let imported = server.import(request).await;
    let mut told = imported.diagnostics;
    let state = imported
        .state
        .and_then(|state| resource.state.try_write("imported state", &state, &mut told));
    let identity = resource.write_identity(&imported.identity, &mut told);
    let imported_resources = state.map(|state| wire::import_resource_state::ImportedResource {
        type_name,
        state: Some(state),
        private: imported.private,
        identity,
    });
    if imported_resources.is_none() && !told.has_error() {
        told.push(Diagnostic::error(
            "nothing was imported",
            "The provider found no object and did not say why. This is a bug in it. Please \
             report it.",
        ));
    }
    Ok(wire::import_resource_state::Response {
        imported_resources: imported_resources.into_iter().collect(),
        diagnostics: diagnostics(told),
        deferred: None,
    })
}

/// Takes over a state that was another resource's.
pub async fn take_over(
    server: &impl Server,
    own: &str,
    request: wire::move_resource_state::Request,
) -> Result<wire::move_resource_state::Response, ConvertError> {
    let resource = Resource::of(server, &request.target_type_name)?;
    let moved = server
        .move_state(MoveRequest {
            is_own: without_host(&request.source_provider_address) == without_host(own),
            source_provider: request.source_provider_address,
            source_type: request.source_type_name,
            source_version: request.source_schema_version,
            raw: raw_json(request.source_state)?,
            private: request.source_private,
            type_name: request.target_type_name,
        })
        .await;
    let mut told = moved.diagnostics;
    let has_state = !moved.state.is_null();
    let state = has_state.then(|| resource.state.try_write("moved state", &moved.state, &mut told));
    let target_identity = resource.write_identity(&moved.identity, &mut told);
    Ok(wire::move_resource_state::Response {
        target_state: state.flatten(),
        target_identity,
        target_private: moved.private,
        diagnostics: diagnostics(told),
    })
}

/// An address without the registry, which only tells where a provider was installed from.
fn without_host(address: &str) -> &str {
    address.split_once('/').map_or(address, |(_, rest)| rest)
}

/// Writes the configuration that makes what a state says.
pub async fn generate(
    server: &impl Server,
    request: wire::generate_resource_config::Request,
) -> Result<wire::generate_resource_config::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let state = resource.state.read("state", request.state.as_ref())?;
    let generated = server.generate_config(&request.type_name, state).await;
    let mut told = generated.diagnostics;
    let config = resource.state.try_write("configuration", &generated.config, &mut told);
    Ok(wire::generate_resource_config::Response { config, diagnostics: diagnostics(told) })
}

/// That a resource must wait for the provider's configuration. Core allows it also where it would
/// not accept it (throughout an apply), so that this alone is no reason: without the rest of the
/// configuration the operation would fail.
fn deferred(
    server: &impl Server,
    capabilities: Option<wire::ClientCapabilities>,
) -> Option<wire::Deferred> {
    let is_allowed = capabilities.unwrap_or_default().deferral_allowed;
    let reason = wire::deferred::Reason::ProviderConfigUnknown.into();
    (is_allowed && server.awaits_configuration()).then_some(wire::Deferred { reason })
}

/// Reads and writes the values of one type of resource.
pub(super) struct Resource {
    pub(super) state: Values,
    identity: Option<Values>,
}

impl Resource {
    pub(super) fn of(server: &impl Server, type_name: &str) -> Result<Self, ConvertError> {
        let schemas = server.schemas();
        match schemas.resources.get(type_name) {
            Some(schema) => Ok(Self {
                state: Values::of(schema),
                identity: schemas.identities.get(type_name).map(Values::of),
            }),
            None => Err(ConvertError::NoSuch { kind: "resource", name: type_name.to_owned() }),
        }
    }

    fn read_identity(
        &self,
        message: Option<&wire::ResourceIdentityData>,
    ) -> Result<Value, ConvertError> {
        match (&self.identity, message) {
            (Some(values), Some(message)) => {
                values.read("identity", message.identity_data.as_ref())
            }
            _ => Ok(Value::Null),
        }
    }

    pub(super) fn write_identity(
        &self,
        identity: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<wire::ResourceIdentityData> {
        let values = self.identity.as_ref().filter(|_| !identity.is_null())?;
        let identity_data = Some(values.try_write("identity", identity, diagnostics)?);
        Some(wire::ResourceIdentityData { identity_data })
    }
}

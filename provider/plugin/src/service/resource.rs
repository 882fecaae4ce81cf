//! The life of managed resources.

use travel_framework::server::{
    ApplyRequest, ImportRequest, PlanRequest, ReadRequest, Server, UpgradeRequest,
};
use travel_framework::value::Value;
use travel_framework::{Diagnostic, Diagnostics};
use travel_proto::tfplugin6 as wire;

use crate::convert::{Answer, ConvertError, Values, attribute_path, diagnostics, raw_json};

/// Checks a resource's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_resource_config::Request,
) -> Result<wire::validate_resource_config::Response, ConvertError> {
    let resource = Resource::of(server, &request.type_name)?;
    let config = resource.state.read("configuration", request.config.as_ref())?;
    let told = server.validate_resource(&request.type_name, config).await;
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
        deferred: None,
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

/// Takes over no state of other types: none of this provider's resources was ever another one.
pub fn refuse_move(
    request: &wire::move_resource_state::Request,
) -> wire::move_resource_state::Response {
    let wire::move_resource_state::Request { source_type_name: from, target_type_name: to, .. } =
        request;
    wire::move_resource_state::Response::refusal(Diagnostic::error(
        format!("{from} cannot be moved to {to}"),
        format!(
            "No move between these types is known. Remove the moved block, take {from} out of \
             the state with a removed block, and bring the object in as {to} with an import block."
        ),
    ))
}

/// Reads and writes the values of one type of resource.
struct Resource {
    state: Values,
    identity: Option<Values>,
}

impl Resource {
    fn of(server: &impl Server, type_name: &str) -> Result<Self, ConvertError> {
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

    fn write_identity(
        &self,
        identity: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<wire::ResourceIdentityData> {
        let values = self.identity.as_ref().filter(|_| !identity.is_null())?;
        let identity_data = Some(values.try_write("identity", identity, diagnostics)?);
        Some(wire::ResourceIdentityData { identity_data })
    }
}

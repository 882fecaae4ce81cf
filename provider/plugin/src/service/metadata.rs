//! What the provider has: its schemas, and the names in them.

use std::collections::BTreeMap;

use travel_framework::server::Server;
use travel_proto::tfplugin6 as wire;
use wire::get_metadata as names;

use crate::convert::{function, identity_schema, schema};

/// What this provider does beyond the first release of the protocol.
const CAPABILITIES: wire::ServerCapabilities = wire::ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: true,
};

/// Every schema, and every function's signature.
pub fn provider_schema(server: &impl Server) -> wire::get_provider_schema::Response {
    let schemas = server.schemas();
    let every = |schemas: &BTreeMap<String, _>| -> BTreeMap<String, wire::Schema> {
        schemas.iter().map(|(name, one)| (name.clone(), schema(one))).collect()
    };
    wire::get_provider_schema::Response {
        provider: Some(schema(&schemas.provider)),
        resource_schemas: every(&schemas.resources),
        data_source_schemas: every(&schemas.data_sources),
        functions: functions(server).functions,
        ephemeral_resource_schemas: every(&schemas.ephemeral_resources),
        list_resource_schemas: every(&schemas.lists),
        action_schemas: every(&schemas.actions)
            .into_iter()
            .map(|(name, schema)| (name, wire::ActionSchema { schema: Some(schema) }))
            .collect(),
        server_capabilities: Some(CAPABILITIES),
        ..Default::default()
    }
}

/// The identity of every resource that has one.
pub fn identity_schemas(server: &impl Server) -> wire::get_resource_identity_schemas::Response {
    let identities = server.schemas().identities.iter();
    wire::get_resource_identity_schemas::Response {
        identity_schemas: identities
            .map(|(name, schema)| (name.clone(), identity_schema(schema)))
            .collect(),
        diagnostics: Vec::new(),
    }
}

/// Every function's signature.
pub fn functions(server: &impl Server) -> wire::get_functions::Response {
    let functions = server.schemas().functions.iter();
    wire::get_functions::Response {
        functions: functions.map(|(name, signature)| (name.clone(), function(signature))).collect(),
        diagnostics: Vec::new(),
    }
}

/// The names of everything.
pub fn names(server: &impl Server) -> wire::get_metadata::Response {
    let schemas = server.schemas();
    let resources = schemas.resources.keys().cloned();
    let data_sources = schemas.data_sources.keys().cloned();
    let functions = schemas.functions.keys().cloned();
    let ephemeral_resources = schemas.ephemeral_resources.keys().cloned();
    let lists = schemas.lists.keys().cloned();
    let actions = schemas.actions.keys().cloned();
    wire::get_metadata::Response {
        server_capabilities: Some(CAPABILITIES),
        resources: resources.map(|type_name| names::ResourceMetadata { type_name }).collect(),
        data_sources: data_sources
            .map(|type_name| names::DataSourceMetadata { type_name })
            .collect(),
        functions: functions.map(|name| names::FunctionMetadata { name }).collect(),
        ephemeral_resources: ephemeral_resources
            .map(|type_name| names::EphemeralMetadata { type_name })
            .collect(),
        list_resources: lists.map(|type_name| names::ListResourceMetadata { type_name }).collect(),
        actions: actions.map(|type_name| names::ActionMetadata { type_name }).collect(),
        ..Default::default()
    }
}

//! The life of ephemeral resources.

use travel_framework::server::Server;
use travel_proto::tfplugin6 as wire;

use crate::convert::{ConvertError, Values, diagnostics};

/// Checks an ephemeral resource's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_ephemeral_resource_config::Request,
) -> Result<wire::validate_ephemeral_resource_config::Response, ConvertError> {
    let values = values(server, &request.type_name)?;
    let config = values.read("configuration", request.config.as_ref())?;
    let told = server.validate_ephemeral(&request.type_name, config).await;
    Ok(wire::validate_ephemeral_resource_config::Response { diagnostics: diagnostics(told) })
}

/// Opens an ephemeral resource.
pub async fn open(
    server: &impl Server,
    request: wire::open_ephemeral_resource::Request,
) -> Result<wire::open_ephemeral_resource::Response, ConvertError> {
    let values = values(server, &request.type_name)?;
    let config = values.read("configuration", request.config.as_ref())?;
    let opened = server.open_ephemeral(&request.type_name, config).await;
    let mut told = opened.diagnostics;
    Ok(wire::open_ephemeral_resource::Response {
        result: values.try_write("result", &opened.result, &mut told),
        renew_at: opened.renew_at.map(Into::into),
        private: Some(opened.private),
        diagnostics: diagnostics(told),
        deferred: None,
    })
}

/// Makes an open ephemeral resource last longer.
pub async fn renew(
    server: &impl Server,
    request: wire::renew_ephemeral_resource::Request,
) -> Result<wire::renew_ephemeral_resource::Response, ConvertError> {
    values(server, &request.type_name)?;
    let private = request.private.unwrap_or_default();
    let renewed = server.renew_ephemeral(&request.type_name, private).await;
    Ok(wire::renew_ephemeral_resource::Response {
        renew_at: renewed.renew_at.map(Into::into),
        private: Some(renewed.private),
        diagnostics: diagnostics(renewed.diagnostics),
    })
}

/// Ends an ephemeral resource.
pub async fn close(
    server: &impl Server,
    request: wire::close_ephemeral_resource::Request,
) -> Result<wire::close_ephemeral_resource::Response, ConvertError> {
    values(server, &request.type_name)?;
    let private = request.private.unwrap_or_default();
    let told = server.close_ephemeral(&request.type_name, private).await;
    Ok(wire::close_ephemeral_resource::Response { diagnostics: diagnostics(told) })
}

fn values(server: &impl Server, type_name: &str) -> Result<Values, ConvertError> {
    match server.schemas().ephemeral_resources.get(type_name) {
        Some(schema) => Ok(Values::of(schema)),
        None => {
            Err(ConvertError::NoSuch { kind: "ephemeral resource", name: type_name.to_owned() })
        }
    }
}

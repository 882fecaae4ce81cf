//! The provider's own configuration.

use travel_framework::server::{ConfigureRequest, Server};
use travel_proto::tfplugin6 as wire;

use crate::convert::{ConvertError, Values, diagnostics};

/// Checks the provider's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_provider_config::Request,
) -> Result<wire::validate_provider_config::Response, ConvertError> {
    let values = Values::of(&server.schemas().provider);
    let config = values.read("provider configuration", request.config.as_ref())?;
    let told = server.validate_provider(config).await;
    Ok(wire::validate_provider_config::Response { diagnostics: diagnostics(told) })
}

/// Takes the provider's configuration.
pub async fn configure(
    server: &impl Server,
    request: wire::configure_provider::Request,
) -> Result<wire::configure_provider::Response, ConvertError> {
    let values = Values::of(&server.schemas().provider);
    let config = values.read("provider configuration", request.config.as_ref())?;
    let core_version = request.terraform_version;
    let told = server.configure(ConfigureRequest { config, core_version }).await;
    Ok(wire::configure_provider::Response { diagnostics: diagnostics(told) })
}

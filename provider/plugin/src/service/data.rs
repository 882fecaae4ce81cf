//! Data sources and functions.

use travel_framework::schema::FunctionSignature;
use travel_framework::server::{FunctionError, Server};
use travel_framework::value::Value;
use travel_proto::tfplugin6 as wire;

use crate::convert::{ConvertError, Values, diagnostics};

/// Checks a data source's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_data_resource_config::Request,
) -> Result<wire::validate_data_resource_config::Response, ConvertError> {
    let config =
        values(server, &request.type_name)?.read("configuration", request.config.as_ref())?;
    let told = server.validate_data_source(&request.type_name, config).await;
    Ok(wire::validate_data_resource_config::Response { diagnostics: diagnostics(told) })
}

/// Reads a data source.
pub async fn read(
    server: &impl Server,
    request: wire::read_data_source::Request,
) -> Result<wire::read_data_source::Response, ConvertError> {
    let values = values(server, &request.type_name)?;
    let config = values.read("configuration", request.config.as_ref())?;
    let read = server.read_data_source(&request.type_name, config).await;
    let mut told = read.diagnostics;
    Ok(wire::read_data_source::Response {
        state: values.try_write("state", &read.state, &mut told),
        diagnostics: diagnostics(told),
        deferred: None,
    })
}

/// Evaluates a function.
pub async fn call_function(
    server: &impl Server,
    request: wire::call_function::Request,
) -> Result<wire::call_function::Response, ConvertError> {
    let Some(signature) = server.schemas().functions.get(&request.name) else {
        return Err(ConvertError::NoSuch { kind: "function", name: request.name });
    };
    let arguments = match arguments(signature, &request.arguments)? {
        Ok(arguments) => arguments,
        Err(error) => return Ok(failed(error)),
    };
    match server.call_function(&request.name, arguments).await {
        Ok(value) => {
            let result = Values::of_type(signature.result.clone()).write("result", &value)?;
            Ok(wire::call_function::Response { result: Some(result), error: None })
        }
        Err(error) => Ok(failed(error)),
    }
}

/// The arguments of a call: one for each parameter, then any number for the variadic one.
fn arguments(
    signature: &FunctionSignature,
    given: &[wire::DynamicValue],
) -> Result<Result<Vec<Value>, FunctionError>, ConvertError> {
    let expected = signature.parameters.len();
    if given.len() < expected || (given.len() > expected && signature.variadic.is_none()) {
        let text = format!("expected {expected} arguments, found {}", given.len());
        return Ok(Err(FunctionError { text, argument: None }));
    }
    let parameters = signature.parameters.iter().chain(signature.variadic.iter().cycle());
    let arguments = parameters.zip(given).map(|(parameter, argument)| {
        Values::of_type(parameter.kind.clone()).read("argument", Some(argument))
    });
    arguments.collect::<Result<_, _>>().map(Ok)
}

fn failed(error: FunctionError) -> wire::call_function::Response {
    let FunctionError { text, argument } = error;
    let error = Some(wire::FunctionError { text, function_argument: argument });
    wire::call_function::Response { result: None, error }
}

fn values(server: &impl Server, type_name: &str) -> Result<Values, ConvertError> {
    match server.schemas().data_sources.get(type_name) {
        Some(schema) => Ok(Values::of(schema)),
        None => Err(ConvertError::NoSuch { kind: "data source", name: type_name.to_owned() }),
    }
}

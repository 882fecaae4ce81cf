//! Actions: what they would do, and doing it.

use std::sync::Arc;

use tokio::sync::mpsc::{Sender, channel};
use travel_framework::Diagnostics;
use travel_framework::server::Server;
use travel_proto::tfplugin6 as wire;
use wire::invoke_action::Event;
use wire::invoke_action::event::{Completed, Progress, Type};

use crate::convert::{ConvertError, Values, diagnostics};

/// How many lines of progress may wait to be read; more are left out.
const AHEAD: usize = 64;

/// Checks an action's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_action_config::Request,
) -> Result<wire::validate_action_config::Response, ConvertError> {
    let config =
        values(server, &request.type_name)?.read("configuration", request.config.as_ref())?;
    let told = server.validate_action(&request.type_name, config).await;
    Ok(wire::validate_action_config::Response { diagnostics: diagnostics(told) })
}

/// Says what stands against an action.
pub async fn plan(
    server: &impl Server,
    request: wire::plan_action::Request,
) -> Result<wire::plan_action::Response, ConvertError> {
    let config =
        values(server, &request.action_type)?.read("configuration", request.config.as_ref())?;
    let told = server.plan_action(&request.action_type, config).await;
    Ok(wire::plan_action::Response { diagnostics: diagnostics(told), deferred: None })
}

/// Carries out an action, and tells of its progress.
pub async fn invoke<S: Server>(
    server: Arc<S>,
    request: wire::invoke_action::Request,
    events: Sender<Event>,
) -> Result<(), ConvertError> {
    let config =
        values(&*server, &request.action_type)?.read("configuration", request.config.as_ref())?;
    let (progress, mut lines) = channel(AHEAD);
    let tell = async {
        while let Some(message) = lines.recv().await {
            if events.send(event(Type::Progress(Progress { message }))).await.is_err() {
                break;
            }
        }
    };
    let (told, ()) =
        tokio::join!(server.invoke_action(&request.action_type, config, progress), tell);
    // Where nobody reads any more, nobody is left to be told.
    let _ = events.send(completed(told)).await;
    Ok(())
}

/// The last event of an action.
pub fn completed(told: Diagnostics) -> Event {
    event(Type::Completed(Completed { diagnostics: diagnostics(told) }))
}

const fn event(what: Type) -> Event {
    Event { r#type: Some(what) }
}

fn values(server: &impl Server, type_name: &str) -> Result<Values, ConvertError> {
    match server.schemas().actions.get(type_name) {
        Some(schema) => Ok(Values::of(schema)),
        None => Err(ConvertError::NoSuch { kind: "action", name: type_name.to_owned() }),
    }
}

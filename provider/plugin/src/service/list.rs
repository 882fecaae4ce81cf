//! Lists of the objects that exist.

use std::sync::Arc;

use tokio::sync::mpsc::{Sender, channel};
use travel_framework::Diagnostics;
use travel_framework::server::{ListRequest, ListedObject, Server};
use travel_proto::tfplugin6 as wire;

use super::resource::Resource;
use crate::convert::{ConvertError, Values, diagnostics};

/// Checks a list's configuration.
pub async fn validate(
    server: &impl Server,
    request: wire::validate_list_resource_config::Request,
) -> Result<wire::validate_list_resource_config::Response, ConvertError> {
    let config =
        values(server, &request.type_name)?.read("configuration", request.config.as_ref())?;
    let told = server.validate_list(&request.type_name, config).await;
    Ok(wire::validate_list_resource_config::Response { diagnostics: diagnostics(told) })
}

/// Finds objects, and tells of each as it is found.
pub async fn list<S: Server>(
    server: Arc<S>,
    request: wire::list_resource::Request,
    events: Sender<wire::list_resource::Event>,
) -> Result<(), ConvertError> {
    let config =
        values(&*server, &request.type_name)?.read("configuration", request.config.as_ref())?;
    let resource = Resource::of(&*server, &request.type_name)?;
    let request = ListRequest {
        type_name: request.type_name,
        config,
        with_objects: request.include_resource_object,
        // Core asks for a hundred where nobody says otherwise; nothing or less is no limit.
        limit: usize::try_from(request.limit).ok().filter(|limit| *limit > 0),
    };
    let (found, mut objects) = channel(1);
    let tell = async move {
        while let Some(object) = objects.recv().await {
            if events.send(event(&resource, object)).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(server.list(request, found), tell);
    Ok(())
}

/// The last event of a list that failed.
pub fn failed(told: Diagnostics) -> wire::list_resource::Event {
    wire::list_resource::Event { diagnostic: diagnostics(told), ..Default::default() }
}

fn event(resource: &Resource, found: ListedObject) -> wire::list_resource::Event {
    let mut told = found.diagnostics;
    let object = found.object.as_ref();
    let resource_object =
        object.and_then(|object| resource.state.try_write("found object", object, &mut told));
    wire::list_resource::Event {
        identity: resource.write_identity(&found.identity, &mut told),
        display_name: found.display_name,
        resource_object,
        diagnostic: diagnostics(told),
    }
}

fn values(server: &impl Server, type_name: &str) -> Result<Values, ConvertError> {
    match server.schemas().lists.get(type_name) {
        Some(schema) => Ok(Values::of(schema)),
        None => Err(ConvertError::NoSuch { kind: "list of", name: type_name.to_owned() }),
    }
}

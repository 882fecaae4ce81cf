//! Requests as they come over the wire: whatever comes is answered, and no handler panics.

use futures::StreamExt;
use prost::Message;
use tonic::{Request, Response, Status};
use travel_framework::schema::Schema;
use travel_framework::server::{Schemas, Server};
use travel_framework::value::{Type, Value, msgpack};
use travel_plugin::ProviderService;
use travel_proto::tfplugin6 as wire;
use wire::provider_server::Provider;

/// What an answer complains of.
trait Complaints {
    fn complaints(&self) -> &[wire::Diagnostic];
}

/// Serves requests, each by the number of its kind in the first byte.
macro_rules! requests {
    ($($number:literal $method:ident $message:ident,)*) => {
        $(impl Complaints for wire::$message::Response {
            fn complaints(&self) -> &[wire::Diagnostic] {
                &self.diagnostics
            }
        })*

        async fn answer<S: Server>(service: &ProviderService<S>, kind: u8, data: &[u8]) -> bool {
            match kind {
                $($number => {
                    let Ok(request) = wire::$message::Request::decode(data) else { return false };
                    check(service.$method(Request::new(request)).await);
                    true
                })*
                _ => streamed(service, kind, data).await,
            }
        }

        /// How many kinds of request there are, those included whose answers come in parts.
        pub const KINDS: u8 = [$($number),*].len() as u8 + 2;
    };
}

requests! {
    0 validate_provider_config validate_provider_config,
    1 configure_provider configure_provider,
    2 validate_resource_config validate_resource_config,
    3 upgrade_resource_state upgrade_resource_state,
    4 read_resource read_resource,
    5 plan_resource_change plan_resource_change,
    6 apply_resource_change apply_resource_change,
    7 import_resource_state import_resource_state,
    8 move_resource_state move_resource_state,
    9 generate_resource_config generate_resource_config,
    10 validate_data_resource_config validate_data_resource_config,
    11 read_data_source read_data_source,
    12 validate_ephemeral_resource_config validate_ephemeral_resource_config,
    13 open_ephemeral_resource open_ephemeral_resource,
    14 renew_ephemeral_resource renew_ephemeral_resource,
    15 close_ephemeral_resource close_ephemeral_resource,
    16 validate_list_resource_config validate_list_resource_config,
    17 validate_action_config validate_action_config,
    18 plan_action plan_action,
    19 upgrade_resource_identity upgrade_resource_identity,
}

async fn streamed<S: Server>(service: &ProviderService<S>, kind: u8, data: &[u8]) -> bool {
    if kind == 20 {
        let Ok(request) = wire::list_resource::Request::decode(data) else { return false };
        let Ok(events) = service.list_resource(Request::new(request)).await else { return false };
        let mut events = events.into_inner();
        while let Some(Ok(event)) = events.next().await {
            no_panic(&event.diagnostic);
        }
    } else {
        let Ok(request) = wire::invoke_action::Request::decode(data) else { return false };
        let Ok(events) = service.invoke_action(Request::new(request)).await else { return false };
        let mut events = events.into_inner();
        while let Some(Ok(event)) = events.next().await {
            if let Some(wire::invoke_action::event::Type::Completed(completed)) = event.r#type {
                no_panic(&completed.diagnostics);
            }
        }
    }
    true
}

fn check<A: Complaints>(answer: Result<Response<A>, Status>) {
    let answer = answer.map(Response::into_inner);
    assert!(answer.is_ok(), "a request that could be read was not answered");
    no_panic(answer.as_ref().map(Complaints::complaints).unwrap_or_default());
}

fn no_panic(complaints: &[wire::Diagnostic]) {
    for complaint in complaints {
        assert!(!complaint.summary.contains("panicked"), "{}", complaint.detail);
    }
}

/// Answers an input, and says whether it could be read.
pub async fn run<S: Server>(service: &ProviderService<S>, input: &[u8]) -> bool {
    let Some((&kind, data)) = input.split_first() else { return false };
    answer(service, kind % KINDS, data).await
}

/// Valid inputs to begin with, for the provider of pages.
pub fn seeds(schemas: &Schemas) -> Vec<Vec<u8>> {
    let disk = message(
        &schemas.resources["fake_disk"],
        &[("name", "disk-3".into()), ("size", 3.into()), ("patience", 30.into())],
    );
    let nothing = message(&schemas.resources["fake_disk"], &[]);
    let raw_state =
        Some(wire::RawState { json: br#"{"name":"x"}"#.to_vec(), ..Default::default() });
    let lease = message(&schemas.ephemeral_resources["fake_lease"], &[("name", "door".into())]);
    let query = message(&schemas.lists["fake_disk"], &[("breaks_after", 2.into())]);
    let flush = message(&schemas.actions["fake_flush"], &[("name", "x".into())]);
    let configuration = message(&schemas.provider, &[("deployment", "pages".into())]);
    let type_name = || "fake_disk".to_owned();
    let lease_name = || "fake_lease".to_owned();
    let action = || "fake_flush".to_owned();
    let private = || Some(br#"{"opened":"{\"name\":\"door\"}","memory":{"left":2}}"#.to_vec());
    vec![
        seed(0, &wire::validate_provider_config::Request { config: configuration.clone() }),
        seed(1, &wire::configure_provider::Request { config: configuration, ..Default::default() }),
        seed(
            2,
            &wire::validate_resource_config::Request {
                type_name: type_name(),
                config: disk.clone(),
                ..Default::default()
            },
        ),
        seed(
            3,
            &wire::upgrade_resource_state::Request {
                type_name: type_name(),
                version: 1,
                raw_state: raw_state.clone(),
            },
        ),
        seed(
            4,
            &wire::read_resource::Request {
                type_name: type_name(),
                current_state: disk.clone(),
                ..Default::default()
            },
        ),
        seed(
            5,
            &wire::plan_resource_change::Request {
                type_name: type_name(),
                prior_state: nothing.clone(),
                proposed_new_state: disk.clone(),
                config: disk.clone(),
                ..Default::default()
            },
        ),
        seed(
            6,
            &wire::apply_resource_change::Request {
                type_name: type_name(),
                prior_state: nothing,
                planned_state: disk.clone(),
                config: disk.clone(),
                ..Default::default()
            },
        ),
        seed(
            7,
            &wire::import_resource_state::Request {
                type_name: type_name(),
                id: "disk-3".to_owned(),
                ..Default::default()
            },
        ),
        seed(
            8,
            &wire::move_resource_state::Request {
                source_provider_address: "registry.terraform.io/others/storage".to_owned(),
                source_type_name: "storage_volume".to_owned(),
                source_state: raw_state,
                target_type_name: type_name(),
                ..Default::default()
            },
        ),
        seed(9, &wire::generate_resource_config::Request { type_name: type_name(), state: disk }),
        seed(
            12,
            &wire::validate_ephemeral_resource_config::Request {
                type_name: lease_name(),
                config: lease.clone(),
            },
        ),
        seed(
            13,
            &wire::open_ephemeral_resource::Request {
                type_name: lease_name(),
                config: lease,
                ..Default::default()
            },
        ),
        seed(
            14,
            &wire::renew_ephemeral_resource::Request {
                type_name: lease_name(),
                private: private(),
            },
        ),
        seed(
            15,
            &wire::close_ephemeral_resource::Request {
                type_name: lease_name(),
                private: private(),
            },
        ),
        seed(
            16,
            &wire::validate_list_resource_config::Request {
                type_name: type_name(),
                config: query.clone(),
                ..Default::default()
            },
        ),
        seed(
            17,
            &wire::validate_action_config::Request { type_name: action(), config: flush.clone() },
        ),
        seed(
            18,
            &wire::plan_action::Request {
                action_type: action(),
                config: flush.clone(),
                ..Default::default()
            },
        ),
        seed(
            20,
            &wire::list_resource::Request {
                type_name: type_name(),
                config: query,
                include_resource_object: true,
                limit: 3,
            },
        ),
        seed(
            21,
            &wire::invoke_action::Request {
                action_type: action(),
                config: flush,
                ..Default::default()
            },
        ),
    ]
}

fn seed(kind: u8, request: &impl Message) -> Vec<u8> {
    let mut seed = vec![kind];
    seed.extend(request.encode_to_vec());
    seed
}

/// An object of a schema in which only this is set; null where nothing is.
fn message(schema: &Schema, set: &[(&str, Value)]) -> Option<wire::DynamicValue> {
    let kind = schema.value_type();
    let mut value = Value::Null;
    if let (Type::Object { attributes, .. }, false) = (&kind, set.is_empty()) {
        let given = |name: &str| set.iter().find(|it| it.0 == name).map(|it| it.1.clone());
        let value_of = |name: &String| (name.clone(), given(name).unwrap_or(Value::Null));
        value = Value::object(attributes.keys().map(value_of));
    }
    let msgpack = msgpack::encode(&value, &kind).unwrap_or_default();
    Some(wire::DynamicValue { msgpack, json: Vec::new() })
}

//! The requests that came to the protocol later, answered by the framework's pages.

use std::time::Duration;

use tonic::Streaming;
use tonic::transport::Channel;
use travel_framework::value::{Type, Value, msgpack};
use travel_proto::tfplugin6 as wire;
use wire::invoke_action::event::Type as ActionEvent;
use wire::provider_client::ProviderClient;

use crate::core::{Core, PATIENCE, Terms};
use crate::protocol::{message, told};

type Provider = ProviderClient<Channel>;

const DISK: &str = "fake_disk";

pub fn disk_type() -> Type {
    let times = ["create", "delete", "update"].map(|name| (name, Type::String));
    Type::object([
        ("generation", Type::String),
        ("id", Type::String),
        ("name", Type::String),
        ("passphrase", Type::String),
        ("patience", Type::Number),
        ("size", Type::Number),
        ("status", Type::String),
        ("timeouts", Type::object(times)),
    ])
}

fn lease_type() -> Type {
    Type::object([("key", Type::String), ("name", Type::String), ("number", Type::Number)])
}

fn provider_type() -> Type {
    Type::object([
        ("deployment", Type::String),
        ("place", Type::String),
        ("previous_deployments", Type::list(Type::String)),
    ])
}

pub fn disk(name: &str) -> Value {
    Value::object([
        ("generation", Value::Null),
        ("id", Value::Null),
        ("name", name.into()),
        ("passphrase", Value::Null),
        ("patience", Value::Null),
        ("size", Value::Null),
        ("status", Value::Null),
        ("timeouts", Value::Null),
    ])
}

pub fn decoded(message: Option<&wire::DynamicValue>, kind: &Type) -> Value {
    msgpack::decode(&message.unwrap().msgpack, kind).unwrap()
}

async fn start() -> Core {
    let terms = Terms { variables: vec![("FAKE", "pages")], ..Terms::default() };
    let core = Core::start_on(terms).await;
    configure(&core, "pages".into()).await;
    core
}

/// A configuration of the provider, with only a deployment in it.
pub fn configuration(deployment: Value) -> wire::configure_provider::Request {
    let config = Value::object([
        ("deployment", deployment),
        ("place", Value::Null),
        ("previous_deployments", Value::Null),
    ]);
    wire::configure_provider::Request {
        config: message(&config, &provider_type()),
        ..Default::default()
    }
}

async fn configure(core: &Core, deployment: Value) {
    let request = configuration(deployment);
    let answer = core.provider().configure_provider(request).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
}

#[tokio::test]
async fn all_of_it_is_told() {
    let core = start().await;
    let mut provider = core.provider();
    let request = wire::get_provider_schema::Request {};
    let schema = provider.get_provider_schema(request).await.unwrap().into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
    let key = |schema: &wire::Schema| schema.block.as_ref().unwrap().attributes[1].clone();
    let lease = key(&schema.ephemeral_resource_schemas["fake_lease"]);
    assert_eq!((lease.name.as_str(), lease.sensitive, lease.computed), ("key", true, true));
    // A list and an action have configurations, in which nothing is computed.
    let place = key(&schema.list_resource_schemas[DISK]);
    assert_eq!((place.name.as_str(), place.optional, place.computed), ("place", true, false));
    let steps = key(schema.action_schemas["fake_flush"].schema.as_ref().unwrap());
    assert_eq!((steps.name.as_str(), steps.optional, steps.computed), ("steps", true, false));
    let names = provider.get_metadata(wire::get_metadata::Request {}).await.unwrap().into_inner();
    assert_eq!(names.ephemeral_resources[0].type_name, "fake_lease");
    assert_eq!(names.list_resources[0].type_name, DISK);
    assert_eq!(names.actions[0].type_name, "fake_flush");
}

async fn open(provider: &mut Provider, name: &str) -> wire::open_ephemeral_resource::Response {
    let config =
        Value::object([("key", Value::Null), ("name", name.into()), ("number", Value::Null)]);
    let request = wire::open_ephemeral_resource::Request {
        type_name: "fake_lease".to_owned(),
        config: message(&config, &lease_type()),
        client_capabilities: None,
    };
    provider.open_ephemeral_resource(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_ephemeral_resource_is_opened_renewed_and_closed() {
    let core = start().await;
    let mut provider = core.provider();
    let type_name = || "fake_lease".to_owned();
    let opened = open(&mut provider, "door").await;
    assert_eq!(opened.diagnostics, []);
    let result = decoded(opened.result.as_ref(), &lease_type());
    assert_eq!(result.get("key").as_str(), Some("sesame"));
    assert_eq!(result.get("number"), &7.into());
    let at = opened.renew_at.unwrap();
    assert_eq!((at.seconds, at.nanos), (1_800_000_000, 500_000_000));
    let mut private = opened.private;
    assert!(!String::from_utf8_lossy(private.as_ref().unwrap()).contains("sesame"));

    for round in 1..=3 {
        let request = wire::renew_ephemeral_resource::Request { type_name: type_name(), private };
        let renewed = provider.renew_ephemeral_resource(request).await.unwrap().into_inner();
        let said = told(&renewed.diagnostics);
        if round == 3 {
            assert_eq!(said, ["error: the lease is over"]);
            assert_eq!(renewed.renew_at, None);
        } else {
            assert_eq!(said, ["warning: door Some(7) None"]);
            assert_eq!(renewed.renew_at.unwrap().seconds, 1_900_000_000);
        }
        private = renewed.private;
    }

    // What is open is closed also after core has asked for an end.
    provider.stop_provider(wire::stop_provider::Request {}).await.unwrap();
    let request = wire::close_ephemeral_resource::Request { type_name: type_name(), private };
    let closed = provider.close_ephemeral_resource(request).await.unwrap().into_inner();
    assert_eq!(closed.diagnostics, []);
}

#[tokio::test]
async fn what_goes_wrong_with_an_ephemeral_resource_is_told() {
    let core = start().await;
    let mut provider = core.provider();
    let opened = open(&mut provider, "unreachable").await;
    assert_eq!(told(&opened.diagnostics), ["error: out of reach"]);
    assert_eq!(decoded(opened.result.as_ref(), &lease_type()), Value::Null);

    let opened = open(&mut provider, "broken").await;
    for (private, expected) in [
        (opened.private, "error: the lock is stuck"),
        (Some(b"?".to_vec()), "error: failed to read what is kept of an open ephemeral resource"),
    ] {
        let type_name = "fake_lease".to_owned();
        let request = wire::close_ephemeral_resource::Request { type_name, private };
        let closed = provider.close_ephemeral_resource(request).await.unwrap().into_inner();
        assert_eq!(told(&closed.diagnostics), [expected]);
    }

    let request = wire::validate_ephemeral_resource_config::Request {
        type_name: "fake_other".to_owned(),
        config: None,
    };
    let answer = provider.validate_ephemeral_resource_config(request).await.unwrap().into_inner();
    let message = "error: the provider has no ephemeral resource \"fake_other\"";
    assert_eq!(told(&answer.diagnostics), [message]);
}

async fn list(
    provider: &mut Provider,
    limit: i64,
    include_resource_object: bool,
    breaks_after: Value,
) -> Streaming<wire::list_resource::Event> {
    let kind = Type::object([("breaks_after", Type::Number), ("place", Type::String)]);
    let config = Value::object([("breaks_after", breaks_after), ("place", Value::Null)]);
    let request = wire::list_resource::Request {
        type_name: DISK.to_owned(),
        config: message(&config, &kind),
        include_resource_object,
        limit,
    };
    provider.list_resource(request).await.unwrap().into_inner()
}

async fn all<E>(mut events: Streaming<E>) -> Vec<E> {
    let mut all = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        all.push(event);
    }
    all
}

#[tokio::test]
async fn a_list_tells_of_as_many_objects_as_are_wanted() {
    let core = start().await;
    let mut provider = core.provider();
    for (limit, expected) in [(3, 3), (0, 200), (1000, 200)] {
        let events = all(list(&mut provider, limit, false, Value::Null).await).await;
        assert_eq!(events.len(), expected);
        let named = Type::object([("name", Type::String)]);
        let identity = events[2].identity.as_ref().unwrap().identity_data.as_ref();
        assert_eq!(decoded(identity, &named).get("name").as_str(), Some("disk-3"));
        assert_eq!(events[2].display_name, "Disk 3");
        assert_eq!(events[2].resource_object, None);
    }

    let events = all(list(&mut provider, 11, true, Value::Null).await).await;
    assert_eq!(events.len(), 11);
    let object = decoded(events[2].resource_object.as_ref(), &disk_type());
    assert_eq!(object.get("size"), &3.into());
    assert_eq!(object.get("status").as_str(), Some("ready"));
    // Nobody knows it but the configuration, so that it is what the next plan will say.
    assert_eq!(object.get("patience"), &30.into());
    // One that cannot be read is no reason to end.
    assert_eq!(told(&events[9].diagnostic), ["warning: Disk 10 is left out of the list"]);
    assert_eq!((&events[9].identity, &events[9].resource_object), (&None, &None));
    assert_eq!(events[10].display_name, "Disk 11");
}

#[tokio::test]
async fn a_list_that_breaks_says_so_last() {
    let core = start().await;
    let mut provider = core.provider();
    let events = all(list(&mut provider, 100, false, 4.into()).await).await;
    assert_eq!(events.len(), 5);
    assert_eq!(told(&events[4].diagnostic), ["error: no more pages"]);
    assert_eq!(events[4].identity, None);

    let request = wire::list_resource::Request { type_name: "fake_x".into(), ..Default::default() };
    let events = all(provider.list_resource(request).await.unwrap().into_inner()).await;
    assert_eq!(told(&events[0].diagnostic), ["error: the provider has no list of \"fake_x\""]);
}

#[tokio::test]
async fn a_list_that_nobody_reads_any_more_ends() {
    let core = start().await;
    let mut provider = core.provider();
    for _ in 0..50 {
        let mut events = list(&mut provider, 200, true, Value::Null).await;
        assert_eq!(events.message().await.unwrap().unwrap().display_name, "Disk 1");
        drop(events);
    }
    assert_eq!(all(list(&mut provider, 1, false, Value::Null).await).await.len(), 1);
    core.shut_down().await;
}

fn flush_type() -> Type {
    Type::object([("name", Type::String), ("steps", Type::Number)])
}

fn flush(name: Value) -> Option<wire::DynamicValue> {
    message(&Value::object([("name", name), ("steps", Value::Null)]), &flush_type())
}

#[tokio::test]
async fn an_action_is_planned_and_invoked_with_progress() {
    let core = start().await;
    let mut provider = core.provider();
    for (name, expected) in [
        ("x".into(), vec![]),
        (Value::unknown(), vec![]),
        ("".into(), vec!["error: invalid name @ .name"]),
    ] {
        let (action_type, config) = ("fake_flush".to_owned(), flush(name));
        let request = wire::validate_action_config::Request {
            type_name: action_type.clone(),
            config: config.clone(),
        };
        let answer = provider.validate_action_config(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected);
        // Core allows a deferral, but there is no reason for one.
        let client_capabilities =
            Some(wire::ClientCapabilities { deferral_allowed: true, ..Default::default() });
        let request = wire::plan_action::Request { action_type, config, client_capabilities };
        let answer = provider.plan_action(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected);
        assert_eq!(answer.deferred, None);
    }
    let request = |name: &str| wire::invoke_action::Request {
        action_type: "fake_flush".to_owned(),
        config: flush(name.into()),
        client_capabilities: None,
    };
    let events = all(provider.invoke_action(request("x")).await.unwrap().into_inner()).await;
    let said: Vec<String> = events
        .into_iter()
        .map(|event| match event.r#type.unwrap() {
            ActionEvent::Progress(progress) => progress.message,
            ActionEvent::Completed(completed) => told(&completed.diagnostics).join(", "),
        })
        .collect();
    assert_eq!(said, ["x step 1 of 2", "x step 2 of 2", "warning: it was dirty"]);

    let mut events = provider.invoke_action(request("endless")).await.unwrap().into_inner();
    for _ in 1..=2 {
        let event = events.message().await.unwrap().unwrap();
        assert!(matches!(event.r#type, Some(ActionEvent::Progress(_))));
    }
    provider.stop_provider(wire::stop_provider::Request {}).await.unwrap();
    let last = tokio::time::timeout(PATIENCE, events.message()).await.unwrap().unwrap().unwrap();
    let Some(ActionEvent::Completed(completed)) = last.r#type else { panic!("{last:?}") };
    assert_eq!(told(&completed.diagnostics), ["error: interrupted"]);
    assert_eq!(events.message().await.unwrap(), None);
}

#[tokio::test]
async fn state_of_an_older_version_is_upgraded_and_of_a_newer_one_refused() {
    let core = start().await;
    let mut provider = core.provider();
    let older = r#"{"name": "disk-3", "bytes": 3221225472, "id": "id-3", "status": "ready"}"#;
    let current = r#"{"name": "disk-3", "size": 3, "id": "id-3", "status": "ready"}"#;
    for (version, json, size, expected) in [
        (0, older, 3.into(), vec![]),
        (1, current, 3.into(), vec![]),
        (0, current, Value::Null, vec!["error: failed to upgrade the disk"]),
        (-1, older, Value::Null, vec!["error: no way from version -1"]),
        (
            2,
            current,
            Value::Null,
            vec!["error: the state of this fake_disk is from a newer provider"],
        ),
    ] {
        let request = wire::upgrade_resource_state::Request {
            type_name: DISK.to_owned(),
            version,
            raw_state: Some(wire::RawState { json: json.into(), ..Default::default() }),
        };
        let answer = provider.upgrade_resource_state(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected, "version {version}");
        let state = decoded(answer.upgraded_state.as_ref(), &disk_type());
        assert_eq!(state.get("size"), &size, "version {version}");
        if version == 2 {
            let detail = &answer.diagnostics[0].detail;
            assert!(detail.contains("version is 2") && detail.contains("up to 1"), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_state_is_moved_where_it_stands_for_the_same_object() {
    let core = start().await;
    let mut provider = core.provider();
    let own = "registry.opentofu.org/travelsources/fake";
    let others = "registry.terraform.io/others/storage";
    let volume = r#"{"volume_name": "disk-3", "unknown": [1]}"#;
    let older = r#"{"name": "disk-3", "bytes": 3221225472, "status": "ready"}"#;
    for (source, source_type, json, expected) in [
        (own, DISK, older, vec![]),
        (others, "storage_volume", volume, vec![]),
        (others, "storage_volume", "{}", vec!["error: failed to find the object to move"]),
        (others, "storage_volume", "?", vec!["error: failed to read the state to move"]),
        (others, "storage_volume", r#"{"volume_name": "x"}"#, vec!["error: x is gone"]),
        (others, "storage_volume", r#"{"volume_name": "disk-10"}"#, vec!["error: disk on fire"]),
        (
            others,
            "storage_bucket",
            volume,
            vec!["error: storage_bucket cannot be moved to fake_disk"],
        ),
        (
            "x/else/storage",
            "storage_volume",
            volume,
            vec!["error: storage_volume cannot be moved to fake_disk"],
        ),
        (others, DISK, older, vec!["error: fake_disk cannot be moved to fake_disk"]),
    ] {
        let request = wire::move_resource_state::Request {
            source_provider_address: source.to_owned(),
            source_type_name: source_type.to_owned(),
            source_state: Some(wire::RawState { json: json.into(), ..Default::default() }),
            source_private: b"{}".to_vec(),
            target_type_name: DISK.to_owned(),
            ..Default::default()
        };
        let answer = provider.move_resource_state(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected, "{source} {source_type} {json}");
        if !expected.is_empty() {
            assert_eq!(answer.target_state, None);
            continue;
        }
        let state = decoded(answer.target_state.as_ref(), &disk_type());
        assert_eq!((state.get("name").as_str(), state.get("size")), (Some("disk-3"), &3.into()));
        assert!(answer.target_identity.is_some());
    }
}

#[tokio::test]
async fn a_configuration_is_generated_from_a_state() {
    let core = start().await;
    let mut state = disk("disk-3");
    for (name, value) in [
        ("size", Value::from(3)),
        ("patience", 30.into()),
        ("id", "id-3".into()),
        ("generation", "g".into()),
        ("status", "ready".into()),
    ] {
        state.set_attribute(name, value);
    }
    let mut expected = disk("disk-3");
    for size in [3, 1] {
        state.set_attribute("size", size.into());
        // One is the default.
        expected.set_attribute("size", if size == 1 { Value::Null } else { size.into() });
        let request = wire::generate_resource_config::Request {
            type_name: DISK.to_owned(),
            state: message(&state, &disk_type()),
        };
        let answer = core.provider().generate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(answer.diagnostics, []);
        assert_eq!(decoded(answer.config.as_ref(), &disk_type()), expected);
    }
}

#[tokio::test]
async fn a_resource_waits_for_the_configuration_only_where_it_must_and_may() {
    let core = start().await;
    let mut provider = core.provider();
    let mut state = disk("disk-3");
    state.set_attribute("size", 3.into());
    state.set_attribute("patience", 30.into());
    for (deployment, deferral_allowed, is_deferred, errors) in [
        ("pages".into(), true, false, vec![]),
        (Value::unknown(), true, true, vec![]),
        (
            Value::unknown(),
            false,
            false,
            vec!["error: no deployment in the provider's configuration"],
        ),
    ] {
        configure(&core, deployment).await;
        let client_capabilities =
            Some(wire::ClientCapabilities { deferral_allowed, ..Default::default() });
        let deferred = is_deferred.then(|| wire::Deferred {
            reason: wire::deferred::Reason::ProviderConfigUnknown.into(),
        });
        let request = wire::read_resource::Request {
            type_name: DISK.to_owned(),
            current_state: message(&state, &disk_type()),
            client_capabilities,
            ..Default::default()
        };
        let read = provider.read_resource(request).await.unwrap().into_inner();
        assert_eq!(told(&read.diagnostics), errors);
        assert_eq!(read.deferred, deferred);
        let request = wire::plan_resource_change::Request {
            type_name: DISK.to_owned(),
            prior_state: message(&Value::Null, &disk_type()),
            proposed_new_state: message(&disk("disk-3"), &disk_type()),
            config: message(&disk("disk-3"), &disk_type()),
            client_capabilities,
            ..Default::default()
        };
        let plan = provider.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(told(&plan.diagnostics), Vec::<String>::new());
        assert_eq!(plan.deferred, deferred);
        let planned = decoded(plan.planned_state.as_ref(), &disk_type());
        assert_eq!(planned.get("size"), &1.into());
    }
}

#[tokio::test]
async fn a_core_that_would_keep_write_only_values_is_refused() {
    let core = start().await;
    let mut config = disk("disk-3");
    config.set_attribute("passphrase", "open".into());
    for (write_only_attributes_allowed, expected) in
        [(true, vec![]), (false, vec!["error: passphrase needs a newer Terraform @ .passphrase"])]
    {
        let request = wire::validate_resource_config::Request {
            type_name: DISK.to_owned(),
            config: message(&config, &disk_type()),
            client_capabilities: Some(wire::ClientCapabilities {
                write_only_attributes_allowed,
                ..Default::default()
            }),
        };
        let answer = core.provider().validate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected);
    }
}

#[tokio::test]
async fn a_stopped_provider_serves_the_next_configuration() {
    let core = start().await;
    let mut provider = core.provider();
    provider.stop_provider(wire::stop_provider::Request {}).await.unwrap();
    configure(&core, "pages".into()).await;
    let events = tokio::time::timeout(
        Duration::from_secs(60),
        all(list(&mut provider, 1, true, Value::Null).await),
    );
    assert_eq!(told(&events.await.unwrap()[0].diagnostic), Vec::<String>::new());
}

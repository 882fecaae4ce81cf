//! Every request of the protocol, and its answer.

use tonic::Code;
use tonic::transport::Channel;
use travel_framework::value::{Number, Refinements, Type, Value, msgpack};
use travel_proto::tfplugin6 as wire;
use wire::provider_client::ProviderClient;

use crate::core::Core;

type Provider = ProviderClient<Channel>;

fn thing_type() -> Type {
    let named = |name: &str, kind: Type| Type::list(Type::object([(name, kind)]));
    Type::object([
        ("id", Type::String),
        ("name", Type::String),
        ("option", named("key", Type::String)),
        ("password", Type::String),
        ("rules", Type::set(Type::object([("port", Type::Number)]))),
        ("size", Type::Number),
        ("tags", Type::map(Type::String)),
        ("values", Type::Dynamic),
    ])
}

fn identity_type() -> Type {
    Type::object([("name", Type::String)])
}

fn echo_type() -> Type {
    Type::object([("configured", Type::Number), ("text", Type::String)])
}

/// A thing of this name, with a value of every kind that is hard to carry.
pub fn thing(name: &str) -> Value {
    let values = Type::object([("replicas", Type::Number)]);
    Value::object([
        ("id", Value::Null),
        ("name", name.into()),
        ("option", Value::List(vec![Value::object([("key", "k".into())])])),
        ("password", Value::Null),
        ("rules", Value::set([Value::object([("port", 443.into())])])),
        ("size", Value::Number("0.1".parse().unwrap())),
        ("tags", Value::map([("a", "b".into())])),
        (
            "values",
            Value::Dynamic(
                Box::new(values),
                Box::new(Value::object([("replicas", Value::Number(Number::from(u64::MAX)))])),
            ),
        ),
    ])
}

pub fn with_id(name: &str) -> Value {
    let mut value = thing(name);
    value.set_attribute("id", format!("thing-{name}").into());
    value
}

pub fn message(value: &Value, kind: &Type) -> Option<wire::DynamicValue> {
    let msgpack = msgpack::encode(value, kind).unwrap();
    Some(wire::DynamicValue { msgpack, json: Vec::new() })
}

pub fn sent(value: &Value) -> Option<wire::DynamicValue> {
    message(value, &thing_type())
}

/// A thing of 64 mebibytes.
pub fn large_thing() -> Value {
    let mut large = thing("x");
    large.set_attribute("tags", Value::map([("a", "x".repeat(64 * 1024 * 1024).into())]));
    large
}

/// What a plan makes of a thing that is not there yet.
pub async fn plan(provider: &mut Provider, proposed: &Value) -> Value {
    let request = wire::plan_resource_change::Request {
        type_name: name(),
        prior_state: sent(&Value::Null),
        proposed_new_state: sent(proposed),
        config: sent(proposed),
        ..Default::default()
    };
    let answer = provider.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), Vec::<String>::new());
    received(answer.planned_state)
}

fn received(message: Option<wire::DynamicValue>) -> Value {
    msgpack::decode(&message.unwrap().msgpack, &thing_type()).unwrap()
}

fn identity(name: &str) -> Option<wire::ResourceIdentityData> {
    let value = Value::object([("name", name.into())]);
    Some(wire::ResourceIdentityData { identity_data: message(&value, &identity_type()) })
}

pub fn name() -> String {
    "fake_thing".to_owned()
}

/// Each diagnostic as `gravity: summary @ path`.
pub fn told(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    use wire::attribute_path::step::Selector;

    let gravity = |diagnostic: &wire::Diagnostic| match diagnostic.severity() {
        wire::diagnostic::Severity::Error => "error",
        wire::diagnostic::Severity::Warning => "warning",
        wire::diagnostic::Severity::Invalid => "invalid",
    };
    let place = |path: &wire::AttributePath| {
        let steps = path.steps.iter().map(|step| match step.selector.as_ref().unwrap() {
            Selector::AttributeName(name) => format!(".{name}"),
            Selector::ElementKeyString(key) => format!("[{key:?}]"),
            Selector::ElementKeyInt(index) => format!("[{index}]"),
        });
        steps.collect::<String>()
    };
    diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.attribute.as_ref().map(|path| format!(" @ {}", place(path)));
            let summary = &diagnostic.summary;
            format!("{}: {summary}{}", gravity(diagnostic), place.unwrap_or_default())
        })
        .collect()
}

/// Applies a create of this thing; its state, null where there is none, and what was told.
pub async fn apply(mut provider: Provider, planned: Value) -> (Value, Vec<String>) {
    let request = wire::apply_resource_change::Request {
        type_name: name(),
        prior_state: sent(&Value::Null),
        planned_state: sent(&planned),
        config: sent(&planned),
        planned_private: b"p".to_vec(),
        ..Default::default()
    };
    let answer = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert!(!answer.legacy_type_system);
    if answer.new_state.is_some() {
        assert_eq!(answer.private, b"p applied");
        assert_eq!(answer.new_identity, identity(planned.get("name").as_str().unwrap()));
    }
    (answer.new_state.map_or(Value::Null, |state| received(Some(state))), told(&answer.diagnostics))
}

/// How often the provider has been configured, which its data source knows.
pub async fn configurations(mut provider: Provider) -> i64 {
    let config = Value::object([("configured", Value::Null), ("text", "x".into())]);
    let request = wire::read_data_source::Request {
        type_name: "fake_echo".to_owned(),
        config: message(&config, &echo_type()),
        ..Default::default()
    };
    let answer = provider.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    let state = msgpack::decode(&answer.state.unwrap().msgpack, &echo_type()).unwrap();
    assert_eq!(state.get("text").as_str(), Some("x"));
    state.get("configured").as_number().unwrap().as_i64().unwrap()
}

#[tokio::test]
async fn tells_what_it_has() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let request = wire::get_provider_schema::Request {};
    let schema = provider.get_provider_schema(request).await.unwrap().into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
    assert_eq!(schema.provider.unwrap().block.unwrap().attributes[0].name, "greeting");
    assert_eq!(schema.data_source_schemas.keys().collect::<Vec<_>>(), ["fake_echo"]);

    let thing = &schema.resource_schemas["fake_thing"];
    let block = thing.block.as_ref().unwrap();
    assert_eq!((thing.version, block.description.as_str()), (3, "a *block*"));
    assert_eq!(block.description_kind(), wire::StringKind::Markdown);
    let attribute = |name: &str| {
        block.attributes.iter().find(|attribute| attribute.name == name).unwrap().clone()
    };
    let id = attribute("id");
    assert_eq!((id.r#type.as_slice(), id.computed), (&b"\"string\""[..], true));
    let password = attribute("password");
    assert!(password.sensitive && password.write_only && password.deprecated && password.optional);
    assert_eq!(password.deprecation_message, "use a key");
    assert_eq!(attribute("tags").r#type, br#"["map","string"]"#);
    let rules = attribute("rules");
    let nested = rules.nested_type.unwrap();
    assert_eq!(rules.r#type, b"");
    assert_eq!(nested.nesting(), wire::schema::object::NestingMode::Set);
    assert!(nested.attributes[0].required);
    let option = &block.block_types[0];
    assert_eq!(option.nesting(), wire::schema::nested_block::NestingMode::List);
    assert_eq!(option.block.as_ref().unwrap().attributes[0].name, "key");

    let request = wire::get_functions::Request {};
    let functions = provider.get_functions(request).await.unwrap().into_inner().functions;
    assert_eq!(functions, schema.functions);
    let join = &functions["join"];
    assert_eq!(join.parameters[0].r#type, b"\"string\"");
    assert_eq!(join.variadic_parameter.as_ref().unwrap().name, "texts");
    assert_eq!(join.r#return.as_ref().unwrap().r#type, b"\"string\"");

    let request = wire::get_resource_identity_schemas::Request {};
    let identities = provider.get_resource_identity_schemas(request).await.unwrap().into_inner();
    let identity = &identities.identity_schemas["fake_thing"];
    assert_eq!(identity.version, 1);
    let named = &identity.identity_attributes[0];
    assert_eq!((named.name.as_str(), named.required_for_import), ("name", true));

    let names = provider.get_metadata(wire::get_metadata::Request {}).await.unwrap().into_inner();
    assert_eq!(names.server_capabilities, Some(capabilities));
    assert_eq!(names.resources[0].type_name, "fake_thing");
    assert_eq!(names.data_sources[0].type_name, "fake_echo");
    assert_eq!(names.functions[0].name, "join");
}

#[tokio::test]
async fn takes_its_configuration_as_often_as_it_comes() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let kind = Type::object([("greeting", Type::String)]);
    let config = |greeting: Value| message(&Value::object([("greeting", greeting)]), &kind);
    for (greeting, validated, configured) in [
        ("hello".into(), vec![], vec![]),
        ("bad".into(), vec!["error: bad greeting @ .greeting"], vec![]),
        (Value::unknown(), vec![], vec!["warning: greeting is unknown"]),
    ] {
        let request = wire::validate_provider_config::Request { config: config(greeting.clone()) };
        let answer = provider.validate_provider_config(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), validated);
        let request = wire::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: config(greeting),
            client_capabilities: None,
        };
        let answer = provider.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), configured);
    }
    assert_eq!(configurations(provider).await, 3);
}

#[tokio::test]
async fn validates_a_resource() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let mut unknown = thing("x");
    unknown.set_attribute("name", Value::unknown());
    for (config, expected) in [
        (thing("x"), vec![]),
        (unknown, vec![]),
        (thing("bad"), vec!["error: bad name @ .name", "warning: odd port @ .rules"]),
    ] {
        let request = wire::validate_resource_config::Request {
            type_name: name(),
            config: sent(&config),
            client_capabilities: None,
        };
        let answer = provider.validate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected);
    }
}

#[tokio::test]
async fn upgrades_state_and_identity() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let raw = |json: &str| Some(wire::RawState { json: json.into(), ..Default::default() });
    let request = |json: &str| wire::upgrade_resource_state::Request {
        type_name: name(),
        version: 2,
        raw_state: raw(json),
    };
    let json = r#"{"name": "x", "gone": 1, "size": 18446744073709551615, "option": []}"#;
    let answer = provider.upgrade_resource_state(request(json)).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    let state = received(answer.upgraded_state);
    assert_eq!(state.get("size"), &Value::Number(Number::from(u64::MAX)));

    let answer = provider.upgrade_resource_state(request("{")).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error: bad state"]);

    let flatmap =
        wire::RawState { json: Vec::new(), flatmap: [("name".to_owned(), "x".to_owned())].into() };
    let old = wire::upgrade_resource_state::Request { raw_state: Some(flatmap), ..request("") };
    let answer = provider.upgrade_resource_state(old).await.unwrap().into_inner();
    let message = "error: failed to read the state: Terraform 0.11 or older wrote it";
    assert_eq!(told(&answer.diagnostics), [message]);

    let request = wire::upgrade_resource_identity::Request {
        type_name: name(),
        version: 0,
        raw_identity: raw(r#"{"name": "x"}"#),
    };
    let answer = provider.upgrade_resource_identity(request).await.unwrap().into_inner();
    assert_eq!(answer.upgraded_identity, identity("x"));
}

#[tokio::test]
async fn reads_a_resource() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let request = |state: &Value| wire::read_resource::Request {
        type_name: name(),
        current_state: sent(state),
        private: b"p".to_vec(),
        current_identity: identity("x"),
        ..Default::default()
    };
    let answer = provider.read_resource(request(&with_id("x"))).await.unwrap().into_inner();
    assert_eq!(received(answer.new_state), with_id("x"));
    assert_eq!(answer.private, b"p read");
    assert_eq!(answer.new_identity, identity("x"));
    assert_eq!(answer.deferred, None);

    let answer = provider.read_resource(request(&with_id("gone"))).await.unwrap().into_inner();
    assert_eq!(received(answer.new_state), Value::Null);
    assert_eq!(answer.new_identity, None);
}

#[tokio::test]
async fn plans_a_create_a_change_and_a_destroy() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let request = |prior: &Value, proposed: &Value| wire::plan_resource_change::Request {
        type_name: name(),
        prior_state: sent(prior),
        proposed_new_state: sent(proposed),
        config: sent(proposed),
        prior_private: b"p".to_vec(),
        ..Default::default()
    };
    let answer = provider.plan_resource_change(request(&Value::Null, &thing("x"))).await;
    let answer = answer.unwrap().into_inner();
    let mut expected = thing("x");
    let known = Refinements { prefix: Some("thing-".into()), ..Refinements::not_null() };
    expected.set_attribute("id", Value::Unknown(Box::new(known)));
    assert_eq!(received(answer.planned_state), expected);
    assert_eq!(answer.planned_private, b"p planned");
    assert_eq!(answer.planned_identity, identity("x"));
    assert_eq!(answer.requires_replace, []);
    assert!(!answer.legacy_type_system);

    let answer = provider.plan_resource_change(request(&with_id("x"), &with_id("y"))).await;
    let places = answer.unwrap().into_inner().requires_replace;
    let names: Vec<String> = places
        .into_iter()
        .map(|place| {
            told(&[wire::Diagnostic { attribute: Some(place), ..Default::default() }]).remove(0)
        })
        .collect();
    assert_eq!(names, ["invalid:  @ .name", "invalid:  @ .rules"]);

    let answer = provider.plan_resource_change(request(&with_id("x"), &Value::Null)).await;
    assert_eq!(received(answer.unwrap().into_inner().planned_state), Value::Null);
}

#[tokio::test]
async fn applies_a_plan() {
    let core = Core::start().await;
    let mut planned = thing("x");
    planned.set_attribute("id", Value::unknown());
    assert_eq!(apply(core.provider(), planned).await, (with_id("x"), vec![]));
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_request_only() {
    let core = Core::start().await;
    for (name, shown) in [("panics", true), ("panics with a value", false)] {
        let request = wire::apply_resource_change::Request {
            type_name: self::name(),
            planned_state: sent(&thing(name)),
            ..Default::default()
        };
        let answer = core.provider().apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(answer.new_state, None);
        assert_eq!(told(&answer.diagnostics), ["error: the fake provider panicked"]);
        let detail = &answer.diagnostics[0].detail;
        assert!(detail.contains("report it") && detail.contains("server.rs:"), "{detail}");
        assert_eq!(detail.contains("this was to be expected"), shown, "{detail}");
        assert!(!detail.contains("password"), "{detail}");
    }
    let request = wire::plan_resource_change::Request {
        type_name: self::name(),
        proposed_new_state: sent(&thing("panics in the plan")),
        ..Default::default()
    };
    let answer = core.provider().plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error: the fake provider panicked"]);
    let detail = &answer.diagnostics[0].detail;
    assert!(detail.contains("server.rs:") && detail.contains("to be expected"), "{detail}");
    assert_eq!(apply(core.provider(), thing("x")).await.0, with_id("x"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_says_so_beside_the_rest() {
    let core = Core::start().await;
    let (state, told) = apply(core.provider(), thing("broken")).await;
    assert_eq!(state, Value::Null);
    let message = "error: failed to write the new state for Terraform @ .size";
    assert_eq!(told, ["warning: half done", message]);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_an_error_at_its_place() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let kind = Type::object([("name", Type::Number)]);
    let config = message(&Value::object([("name", 1.into())]), &kind);
    for (type_name, expected) in [
        ("fake_thing", "error: failed to read the configuration that Terraform sent @ .name"),
        ("fake_other", "error: the provider has no resource \"fake_other\""),
    ] {
        let request = wire::validate_resource_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
            client_capabilities: None,
        };
        let answer = provider.validate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), [expected]);
    }
    let request = wire::read_data_source::Request {
        type_name: "fake_other".to_owned(),
        ..Default::default()
    };
    let answer = provider.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(
        told(&answer.diagnostics),
        ["error: the provider has no data source \"fake_other\""]
    );
}

#[tokio::test]
async fn imports_by_id_and_by_identity() {
    let core = Core::start().await;
    let mut provider = core.provider();
    for (id, by_identity) in [("x", None), ("", identity("x"))] {
        let request = wire::import_resource_state::Request {
            type_name: name(),
            id: id.to_owned(),
            client_capabilities: None,
            identity: by_identity,
        };
        let answer = provider.import_resource_state(request).await.unwrap().into_inner();
        let [imported] = <[_; 1]>::try_from(answer.imported_resources).unwrap();
        assert_eq!(imported.type_name, "fake_thing");
        assert_eq!(received(imported.state).get("name").as_str(), Some("x"));
        assert_eq!(imported.private, b"imported");
        assert_eq!(imported.identity, identity("x"));
    }
    let request = wire::import_resource_state::Request {
        type_name: name(),
        id: "none".to_owned(),
        ..Default::default()
    };
    let answer = provider.import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(answer.imported_resources, []);
    assert_eq!(told(&answer.diagnostics), ["error: nothing was imported"]);
}

#[tokio::test]
async fn moves_a_state() {
    let core = Core::start().await;
    for (source, expected) in [
        ("registry.opentofu.org/travelsources/fake", vec![]),
        ("registry.terraform.io/hashicorp/aws", vec!["error: no move from aws_vpc"]),
    ] {
        let request = wire::move_resource_state::Request {
            source_provider_address: source.to_owned(),
            source_type_name: "aws_vpc".to_owned(),
            source_private: b"p".to_vec(),
            target_type_name: name(),
            ..Default::default()
        };
        let answer = core.provider().move_resource_state(request).await.unwrap().into_inner();
        assert_eq!(told(&answer.diagnostics), expected);
        assert_eq!(answer.target_state.is_some(), expected.is_empty());
        assert_eq!(answer.target_private, b"p");
    }
}

#[tokio::test]
async fn generates_a_configuration() {
    let core = Core::start().await;
    let request =
        wire::generate_resource_config::Request { type_name: name(), state: sent(&with_id("x")) };
    let answer = core.provider().generate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(received(answer.config), thing("x"));
}

#[tokio::test]
async fn validates_a_data_source() {
    let core = Core::start().await;
    let request = wire::validate_data_resource_config::Request {
        type_name: "fake_echo".to_owned(),
        config: None,
    };
    let answer = core.provider().validate_data_resource_config(request).await.unwrap();
    assert_eq!(told(&answer.into_inner().diagnostics), ["warning: seen"]);
}

#[tokio::test]
async fn calls_functions() {
    let core = Core::start().await;
    let mut provider = core.provider();
    for (function, arguments, expected) in [
        ("join", vec!["-", "a", "b"], Ok("a-b")),
        ("join", vec!["-"], Ok("")),
        ("join", vec!["-", "a", ""], Err(("must not be empty", Some(2)))),
        ("join", vec![], Err(("expected 1 arguments, found 0", None))),
        ("split", vec![], Err(("the provider has no function \"split\"", None))),
    ] {
        let request = wire::call_function::Request {
            name: function.to_owned(),
            arguments: arguments
                .into_iter()
                .filter_map(|text| message(&text.into(), &Type::String))
                .collect(),
        };
        let answer = provider.call_function(request).await.unwrap().into_inner();
        match expected {
            Ok(text) => {
                assert_eq!(answer.error, None);
                assert_eq!(answer.result, message(&text.into(), &Type::String));
            }
            Err((text, argument)) => {
                let error = answer.error.unwrap();
                assert!(error.text.starts_with(text), "{error:?}");
                assert_eq!((error.function_argument, answer.result), (argument, None));
            }
        }
    }
}

#[tokio::test]
async fn what_it_does_not_have_is_unimplemented() {
    let core = Core::start().await;
    let mut provider = core.provider();
    let refusals = [
        provider.get_states(wire::get_states::Request::default()).await.err(),
        provider.lock_state(wire::lock_state::Request::default()).await.err(),
        provider.delete_state(wire::delete_state::Request::default()).await.err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap().code(), Code::Unimplemented);
    }
}

#[tokio::test]
async fn carries_large_messages() {
    let core = Core::start().await;
    let large = large_thing();
    let provider =
        core.provider().max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX);
    let (state, told) = apply(provider, large.clone()).await;
    assert_eq!(told, Vec::<String>::new());
    assert!(state.get("tags") == large.get("tags"));
}

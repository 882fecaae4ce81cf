//! The protocol's calls that no plan or apply makes: lists, actions and generated configurations.

use anyhow::{Context, Result, bail, ensure};
use travel_proto::tfplugin6 as wire;
use travel_value::Value;
use wire::invoke_action::event::Type as Event;

use super::provider::{Provider, Said, message, value};
use super::schema::Block;

/// An object that a list has found.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its identity.
    pub identity: Value,
    /// What it is called.
    pub name: String,
    /// Its state, where that was asked for.
    pub object: Option<Value>,
}

/// Lists the objects of a type. A warning that stands beside none is none of them.
///
/// # Errors
/// What the provider says; and where it breaks the protocol.
pub async fn list(
    provider: &Provider,
    type_name: &str,
    config: &[(&str, Value)],
    with_objects: bool,
) -> Result<Vec<Listed>> {
    let schemas = &provider.schemas;
    let schema = schemas.lists.get(type_name).context("there is no such list")?;
    let config = Some(message(&complete(schema, config), &schema.kind())?);
    let request = wire::validate_list_resource_config::Request {
        type_name: type_name.to_owned(),
        config: config.clone(),
        ..Default::default()
    };
    let answer = provider.client().validate_list_resource_config(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let request = wire::list_resource::Request {
        type_name: type_name.to_owned(),
        config,
        include_resource_object: with_objects,
        limit: 100,
    };
    let mut events = provider.client().list_resource(request).await?.into_inner();
    let identity = schemas.identities.get(type_name).context("there is no identity")?;
    let object = schemas.resources.get(type_name).context("there is no such resource")?;
    let mut found = Vec::new();
    while let Some(event) = events.message().await? {
        let said = Said::read(&event.diagnostic);
        said.check()?;
        let Some(named) = event.identity.and_then(|it| it.identity_data) else {
            ensure!(!said.warnings.is_empty(), "a list finds nothing, and does not say why");
            continue;
        };
        let listed = Listed {
            identity: value(Some(&named), &identity.kind)?,
            name: event.display_name,
            object: event.resource_object.map(|it| value(Some(&it), &object.kind())).transpose()?,
        };
        ensure!(
            listed.object.is_some() == with_objects,
            "a list tells objects, or leaves them out"
        );
        ensure!(listed.identity.is_wholly_known() && !listed.identity.is_null(), "no identity");
        found.push(listed);
    }
    Ok(found)
}

/// Plans and invokes an action; what it told on its way.
///
/// # Errors
/// What the provider says; and where it breaks the protocol.
pub async fn invoke(
    provider: &Provider,
    type_name: &str,
    config: &[(&str, Value)],
) -> Result<Vec<String>> {
    let schema = provider.schemas.actions.get(type_name).context("there is no such action")?;
    let config = Some(message(&complete(schema, config), &schema.kind())?);
    let (action_type, client_capabilities) = (type_name.to_owned(), None);
    let request = wire::plan_action::Request {
        action_type: action_type.clone(),
        config: config.clone(),
        client_capabilities,
    };
    let answer = provider.client().plan_action(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let request = wire::invoke_action::Request { action_type, config, client_capabilities };
    let mut events = provider.client().invoke_action(request).await?.into_inner();
    let mut told = Vec::new();
    while let Some(event) = events.message().await? {
        match event.r#type.context("an action tells nothing")? {
            Event::Progress(progress) => told.push(progress.message),
            Event::Completed(completed) => {
                Said::read(&completed.diagnostics).check()?;
                return Ok(told);
            }
        }
    }
    bail!("an action ends without a word")
}

/// The configuration that the provider writes for a state.
///
/// # Errors
/// What the provider says.
pub async fn generated(provider: &Provider, type_name: &str, state: &Value) -> Result<Value> {
    let schema = provider.schemas.resources.get(type_name).context("there is no such resource")?;
    let request = wire::generate_resource_config::Request {
        type_name: type_name.to_owned(),
        state: Some(message(state, &schema.kind())?),
    };
    let answer = provider.client().generate_resource_config(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    value(answer.config.as_ref(), &schema.kind())
}

/// The state that another provider's becomes when its resource is moved.
///
/// # Errors
/// What the provider says.
pub async fn moved(
    provider: &Provider,
    (source_provider, source_type): (&str, &str),
    source: &serde_json::Value,
    type_name: &str,
) -> Result<Value> {
    let schema = provider.schemas.resources.get(type_name).context("there is no such resource")?;
    let raw = wire::RawState { json: source.to_string().into_bytes(), ..Default::default() };
    let request = wire::move_resource_state::Request {
        source_provider_address: source_provider.to_owned(),
        source_type_name: source_type.to_owned(),
        source_state: Some(raw),
        target_type_name: type_name.to_owned(),
        ..Default::default()
    };
    let answer = provider.client().move_resource_state(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    value(answer.target_state.as_ref(), &schema.kind())
}

/// A whole configuration: null where nothing is said.
fn complete(schema: &Block, said: &[(&str, Value)]) -> Value {
    fn whole(kind: &travel_value::Type, value: &Value) -> Value {
        match (kind, value) {
            (travel_value::Type::Object { attributes, .. }, Value::Object(_)) => {
                let each =
                    |(name, kind): (&String, _)| (name.clone(), whole(kind, value.get(name)));
                Value::object(attributes.iter().map(each))
            }
            _ => value.clone(),
        }
    }
    let said = Value::object(said.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    whole(&schema.kind(), &said)
}

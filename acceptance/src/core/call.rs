//! The protocol's calls for one object, with what terraform makes of the answers.

use anyhow::{Context, Result, anyhow, ensure};
use travel_proto::tfplugin6 as wire;
use travel_value::{Value, json};

use super::ResourceBlock;
use super::legal::{broken_promises, illegal_plan};
use super::proposed::proposed;
use super::provider::{Provider, Said, message, value};
use super::schema::Block;
use super::walk::{Action, Change, Object};

fn schema<'a>(provider: &'a Provider, type_name: &str) -> Result<&'a Block> {
    let found = provider.schemas.resources.get(type_name);
    found.with_context(|| format!("there is no resource {type_name}"))
}

fn identity_message(
    provider: &Provider,
    type_name: &str,
    identity: &Value,
) -> Result<Option<wire::ResourceIdentityData>> {
    let Some(schema) = provider.schemas.identities.get(type_name) else { return Ok(None) };
    if identity.is_null() {
        return Ok(None);
    }
    Ok(Some(wire::ResourceIdentityData { identity_data: Some(message(identity, &schema.kind)?) }))
}

fn identity_value(
    provider: &Provider,
    type_name: &str,
    identity: Option<&wire::ResourceIdentityData>,
) -> Result<Value> {
    let Some(schema) = provider.schemas.identities.get(type_name) else { return Ok(Value::Null) };
    value(identity.and_then(|it| it.identity_data.as_ref()), &schema.kind)
}

/// Checks a configuration.
///
/// # Errors
/// What the provider says against it.
pub async fn validate(provider: &Provider, type_name: &str, config: &Value) -> Result<()> {
    let request = wire::validate_resource_config::Request {
        type_name: type_name.to_owned(),
        config: Some(message(config, &schema(provider, type_name)?.kind())?),
        client_capabilities: Some(wire::ClientCapabilities {
            write_only_attributes_allowed: true,
            ..Default::default()
        }),
    };
    let answer = provider.client().validate_resource_config(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()
}

/// An object as it is now; none where it is gone. Its state goes through an upgrade first, as one
/// from a file does.
///
/// # Errors
/// Where the provider cannot tell.
pub async fn read(provider: &Provider, object: &Object) -> Result<Option<Object>> {
    let type_name = object.type_name.clone();
    let block = schema(provider, &type_name)?;
    let kind = block.kind();
    let raw = json::encode(&object.value, &kind)?.into_bytes();
    let request = wire::upgrade_resource_state::Request {
        type_name: type_name.clone(),
        version: block.version,
        raw_state: Some(wire::RawState { json: raw, ..Default::default() }),
    };
    let answer = provider.client().upgrade_resource_state(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let request = wire::read_resource::Request {
        type_name: type_name.clone(),
        current_state: answer.upgraded_state,
        private: object.private.clone(),
        current_identity: identity_message(provider, &type_name, &object.identity)?,
        ..Default::default()
    };
    let answer = provider.client().read_resource(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let state = value(answer.new_state.as_ref(), &kind)?;
    if state.is_null() {
        return Ok(None);
    }
    ensure!(state.is_wholly_known(), "a refresh gives unknown values");
    let identity = identity_value(provider, &type_name, answer.new_identity.as_ref())?;
    ensure!(
        object.identity.is_null() || object.identity == identity,
        "a refresh changes the identity from {:?} to {identity:?}",
        object.identity,
    );
    Ok(Some(Object { value: state, private: answer.private, identity, ..object.clone() }))
}

/// Plans a create, an update or a replacement.
///
/// # Errors
/// What the provider says against it; and where it answers what a core does not accept.
pub async fn plan(
    provider: &Provider,
    block: &ResourceBlock,
    config: &Value,
    prior: Option<&Object>,
) -> Result<Change> {
    let whole = prior.filter(|object| !object.tainted);
    let prior_value = whole.map_or(Value::Null, |object| object.value.clone());
    let private = whole.map(|object| object.private.clone()).unwrap_or_default();
    let identity = whole.map_or(Value::Null, |object| object.identity.clone());
    let type_name = &block.type_name;
    let first = request_plan(provider, type_name, &prior_value, config, private, &identity).await?;
    let replaced = |change: Answer, prior: &Object| Change {
        action: match block.create_before_destroy {
            true => Action::CreateDelete,
            false => Action::DeleteCreate,
        },
        prior: prior.value.clone(),
        config: config.clone(),
        planned: change.planned,
        private: change.private,
        identity: change.identity,
    };
    if let Some(tainted) = prior.filter(|object| object.tainted) {
        return Ok(replaced(first, tainted));
    }
    let changes = |path: &&wire::AttributePath| is_changed(path, &prior_value, &first.planned);
    if let (Some(object), true) = (whole, first.replace.iter().any(|path| changes(&path))) {
        let none = Value::Null;
        let second = request_plan(provider, type_name, &none, config, first.private, &none).await?;
        return Ok(replaced(second, object));
    }
    let action = match whole {
        None => Action::Create,
        Some(object) if object.value == first.planned => Action::Nothing,
        Some(_) => Action::Update,
    };
    let Answer { planned, private, identity, .. } = first;
    let config = config.clone();
    Ok(Change { action, prior: prior_value, config, planned, private, identity })
}

/// What a provider plans.
struct Answer {
    planned: Value,
    private: Vec<u8>,
    identity: Value,
    replace: Vec<wire::AttributePath>,
}

async fn request_plan(
    provider: &Provider,
    type_name: &str,
    prior: &Value,
    config: &Value,
    private: Vec<u8>,
    identity: &Value,
) -> Result<Answer> {
    let block = schema(provider, type_name)?;
    let kind = block.kind();
    let request = wire::plan_resource_change::Request {
        type_name: type_name.to_owned(),
        prior_state: Some(message(prior, &kind)?),
        proposed_new_state: Some(message(&proposed(block, prior, config), &kind)?),
        config: Some(message(config, &kind)?),
        prior_private: private,
        prior_identity: identity_message(provider, type_name, identity)?,
        ..Default::default()
    };
    let answer = provider.client().plan_resource_change(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    ensure!(answer.deferred.is_none(), "the provider deferred a plan, though nobody allowed it");
    ensure!(!answer.legacy_type_system, "the provider asks for the checks to be left out");
    let planned = value(answer.planned_state.as_ref(), &kind)?;
    let illegal = illegal_plan(block, prior, config, &planned);
    ensure!(illegal.is_empty(), "the provider produced an invalid plan: {}", illegal.join("; "));
    Ok(Answer {
        planned,
        private: answer.planned_private,
        identity: identity_value(provider, type_name, answer.planned_identity.as_ref())?,
        replace: answer.requires_replace,
    })
}

/// Whether the value at a path is planned to be another, or cannot be told yet.
fn is_changed(path: &wire::AttributePath, prior: &Value, planned: &Value) -> bool {
    use wire::attribute_path::step::Selector;
    let (mut before, mut after) = (prior, planned);
    for step in &path.steps {
        let place = |value: &Value, at: i64| {
            let elements = value.elements()?;
            elements.get(usize::try_from(at).ok()?).cloned()
        };
        match &step.selector {
            Some(Selector::AttributeName(name) | Selector::ElementKeyString(name)) => {
                (before, after) = (before.get(name), after.get(name));
            }
            Some(Selector::ElementKeyInt(at)) => return place(before, *at) != place(after, *at),
            None => {}
        }
    }
    before != after
}

/// Plans a removal; what the provider keeps beside that plan.
///
/// # Errors
/// What the provider says against it.
pub async fn plan_destroy(provider: &Provider, object: &Object) -> Result<Vec<u8>> {
    let type_name = object.type_name.as_str();
    let kind = schema(provider, type_name)?.kind();
    let request = wire::plan_resource_change::Request {
        type_name: type_name.to_owned(),
        prior_state: Some(message(&object.value, &kind)?),
        proposed_new_state: Some(message(&Value::Null, &kind)?),
        config: Some(message(&Value::Null, &kind)?),
        prior_private: object.private.clone(),
        prior_identity: identity_message(provider, type_name, &object.identity)?,
        ..Default::default()
    };
    let answer = provider.client().plan_resource_change(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let planned = value(answer.planned_state.as_ref(), &kind)?;
    ensure!(planned.is_null(), "a destroy plans an object");
    Ok(answer.planned_private)
}

/// Checks that what is planned in the apply is what was planned before it.
///
/// # Errors
/// Where it is not: terraform calls that an inconsistent final plan.
pub fn check_final(before: &Change, last: &Change) -> Result<()> {
    let expected = match before.action {
        Action::DeleteCreate | Action::CreateDelete => Action::Create,
        other => other,
    };
    // An update whose unknown values turn out as they were changes nothing.
    let is_as_expected =
        last.action == expected || (expected == Action::Update && last.action == Action::Nothing);
    ensure!(
        is_as_expected,
        "an inconsistent final plan: {} became {}",
        before.action.words(),
        last.action.words(),
    );
    let broken = broken_promises(&before.planned, &last.planned);
    ensure!(broken.is_empty(), "an inconsistent final plan: {}", broken.join("; "));
    Ok(())
}

/// Carries out a create or an update; the object, and why it is not as planned.
///
/// # Errors
/// Where the provider does not answer.
pub async fn apply(
    provider: &Provider,
    type_name: &str,
    config: &Value,
    prior: Option<&Object>,
    change: &Change,
) -> Result<(Option<Object>, Option<anyhow::Error>)> {
    let kind = schema(provider, type_name)?.kind();
    let prior_value = prior.map_or(Value::Null, |object| object.value.clone());
    let request = wire::apply_resource_change::Request {
        type_name: type_name.to_owned(),
        prior_state: Some(message(&prior_value, &kind)?),
        planned_state: Some(message(&change.planned, &kind)?),
        config: Some(message(config, &kind)?),
        planned_private: change.private.clone(),
        planned_identity: identity_message(provider, type_name, &change.identity)?,
        ..Default::default()
    };
    let answer = match provider.client().apply_resource_change(request).await {
        Ok(answer) => answer.into_inner(),
        // A provider that is gone leaves the state as it was.
        Err(status) => {
            return Ok((prior.cloned(), Some(anyhow!("the provider is gone: {status}"))));
        }
    };
    let said = Said::read(&answer.diagnostics);
    let state = value(answer.new_state.as_ref(), &kind)?;
    ensure!(state.is_wholly_known(), "an apply gives unknown values");
    let mut error = said.check().err();
    if error.is_none() {
        let broken = broken_promises(&change.planned, &state);
        if !broken.is_empty() {
            error = Some(anyhow!("an inconsistent result after apply: {}", broken.join("; ")));
        }
    }
    if state.is_null() {
        ensure!(error.is_some(), "an apply made nothing, and does not say why");
        return Ok((prior.cloned(), error));
    }
    let object = Object {
        type_name: type_name.to_owned(),
        value: state,
        private: answer.private,
        identity: identity_value(provider, type_name, answer.new_identity.as_ref())?,
        tainted: prior.is_none() && error.is_some(),
        needs: Default::default(),
    };
    Ok((Some(object), error))
}

/// Removes an object; what is left of it, and why.
///
/// # Errors
/// Where the provider does not answer.
pub async fn destroy(
    provider: &Provider,
    object: &Object,
    private: Vec<u8>,
) -> Result<Option<(Object, anyhow::Error)>> {
    let type_name = object.type_name.as_str();
    let kind = schema(provider, type_name)?.kind();
    let request = wire::apply_resource_change::Request {
        type_name: type_name.to_owned(),
        prior_state: Some(message(&object.value, &kind)?),
        planned_state: Some(message(&Value::Null, &kind)?),
        config: Some(message(&Value::Null, &kind)?),
        planned_private: private,
        planned_identity: identity_message(provider, type_name, &object.identity)?,
        ..Default::default()
    };
    let answer = match provider.client().apply_resource_change(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            return Ok(Some((object.clone(), anyhow!("the provider is gone: {status}"))));
        }
    };
    let said = Said::read(&answer.diagnostics);
    let state = value(answer.new_state.as_ref(), &kind)?;
    match (said.check().err(), state.is_null()) {
        (None, true) => Ok(None),
        (None, false) => Err(anyhow!("a destroy leaves an object, and does not say why")),
        (Some(error), true) => Ok(Some((object.clone(), error))),
        (Some(error), false) => {
            let left = Object { value: state, private: answer.private, ..object.clone() };
            Ok(Some((left, error)))
        }
    }
}

/// Takes an object in.
///
/// # Errors
/// Where the provider finds none.
pub async fn import(
    provider: &Provider,
    type_name: &str,
    id: &str,
    identity: &Value,
) -> Result<Object> {
    let kind = schema(provider, type_name)?.kind();
    let request = wire::import_resource_state::Request {
        type_name: type_name.to_owned(),
        id: id.to_owned(),
        identity: identity_message(provider, type_name, identity)?,
        ..Default::default()
    };
    let answer = provider.client().import_resource_state(request).await?.into_inner();
    Said::read(&answer.diagnostics).check()?;
    let [imported] = answer.imported_resources.as_slice() else {
        return Err(anyhow!("an import gives {} objects", answer.imported_resources.len()));
    };
    Ok(Object {
        type_name: imported.type_name.clone(),
        value: value(imported.state.as_ref(), &kind)?,
        private: imported.private.clone(),
        identity: identity_value(provider, type_name, imported.identity.as_ref())?,
        tainted: false,
        needs: Default::default(),
    })
}

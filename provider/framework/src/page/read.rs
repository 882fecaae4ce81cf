//! Reading the real object, upgrading its state, and importing it.

use std::collections::BTreeMap;
use std::time::Duration;

use travel_value::json::{self, UnknownAttributes};
use travel_value::{Type, Value};

use super::{Page, identity};
use crate::call::Failure;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::plan::{settle, with_write_only};
use crate::platform::Platform;
use crate::private::Private;
use crate::resource::Resource;
use crate::schema::{Attribute, Block, BlockNesting, NestedBlock};
use crate::server::{
    ImportRequest, ImportResponse, ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
};
use crate::timeouts::{INCOMPLETE, READY};

/// A read has no timeout of its own in the configuration; none takes longer than this.
const READ_TIMEOUT: Duration = Duration::from_secs(600);

impl<R: Resource> Page<R> {
    pub(super) async fn read_object(&self, request: ReadRequest) -> ReadResponse {
        let mut diagnostics = Diagnostics::new();
        let mut private = request.private.clone();
        let state = match self.observe(&request.state, &mut private, &mut diagnostics).await {
            Ok(state) => state,
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                request.state.clone()
            }
        };
        if !state.is_null() {
            self.warn_if_incomplete(&state, &mut diagnostics);
        }
        let identity = match self.identity_of(&state) {
            Value::Null => request.identity,
            identity => identity,
        };
        ReadResponse { state, private, identity, diagnostics }
    }

    /// The object as it is now, as a state; null where it is gone.
    pub(super) async fn observe(
        &self,
        state: &Value,
        private: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Value, Failure> {
        let generation = state.get("generation").as_str().unwrap_or_default().to_owned();
        let call = self.call(state, state, generation, READ_TIMEOUT).await?;
        let mut kept = Private::decode(private)?;
        call.remember(kept.page);
        let read = R::read(&call, &self.model(state)?).await;
        diagnostics.extend(call.take_warnings());
        let Some(read) = read? else { return Ok(Value::Null) };
        kept.page = call.remembered();
        *private = kept.for_state().encode();
        let mut observed = settle(&self.block, state, &<R as Model>::to_value(&read));
        self.keep_own_attributes(state, &mut observed);
        self.platform.place(&call.scope, &mut observed);
        Ok(observed)
    }

    /// Carries over what no service knows: the framework's attributes, and what only the
    /// provider reads.
    pub(super) fn keep_own_attributes(&self, from: &Value, into: &mut Value) {
        *into = with_write_only(&self.block, into, &Value::Null);
        for Attribute { name, config_only, default, .. } in &self.block.attributes {
            if *config_only {
                // An import has no value yet: the default is what the next plan will say.
                let kept = Some(from.get(name)).filter(|value| !value.is_null());
                let value = kept.or(default.as_ref()).cloned().unwrap_or(Value::Null);
                into.set_attribute(name, value);
            }
        }
        let status = Some(from.get("status").clone()).filter(|status| !status.is_null());
        into.set_attribute("status", status.unwrap_or_else(|| READY.into()));
        into.set_attribute("generation", from.get("generation").clone());
        into.set_attribute("timeouts", from.get("timeouts").clone());
    }

    fn warn_if_incomplete(&self, state: &Value, diagnostics: &mut Diagnostics) {
        if state.get("status").as_str() == Some(INCOMPLETE) {
            let name = super::key_of(R::DESCRIPTION.key, state).unwrap_or_default();
            let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
            let name = parts.join("/");
            diagnostics.push(Diagnostic::warning(
                format!("{} {name:?} is not complete", R::DESCRIPTION.type_name),
                "Its creation was cut off. The next apply continues it and destroys nothing of \
                 it, even where the plan calls that a replacement.",
            ));
        }
    }

    pub(super) fn upgrade_state(&self, request: &UpgradeRequest) -> UpgradeResponse {
        let mut diagnostics = Diagnostics::new();
        let value = match self.upgraded(request) {
            Ok(value) => value,
            Err(error) => {
                diagnostics.push(error);
                Value::Null
            }
        };
        if !value.is_null() {
            self.warn_if_incomplete(&value, &mut diagnostics);
        }
        UpgradeResponse { value, diagnostics }
    }

    fn upgraded(&self, request: &UpgradeRequest) -> Result<Value, Diagnostic> {
        let type_name = R::DESCRIPTION.type_name;
        if request.version > R::VERSION {
            return Err(Diagnostic::error(
                format!("the state of this {type_name} is from a newer provider"),
                format!(
                    "Its schema version is {}, and this provider knows versions up to {}. Use \
                     the provider version that wrote it, or a later one.",
                    request.version,
                    R::VERSION,
                ),
            ));
        }
        let raw = if request.version == R::VERSION {
            request.raw.clone()
        } else {
            let old = serde_json::from_slice(&request.raw).map_err(|error| unreadable(&error))?;
            let new = R::upgrade(request.version, old)?;
            serde_json::to_vec(&new).map_err(|error| unreadable(&error))?
        };
        let state = decode_state(&raw, &self.block.value_type())?;
        let state = with_empty_blocks(&self.block, crate::shape::inward(&self.block, state));
        Ok(crate::shape::outward(&self.block, state))
    }

    /// The object that an import would bring in by this id: its state, null where it is gone, and
    /// its identity. Unless the `whole` of it is wanted, the state is only what the id says, and
    /// nobody is asked.
    pub(crate) async fn found_by_id(
        &self,
        scope: &<R::Platform as Platform>::Scope,
        id: &str,
        whole: bool,
    ) -> Result<(Value, Value, Diagnostics), Failure> {
        let mut state = self.state_of_id(id)?;
        self.platform.place(scope, &mut state);
        let mut diagnostics = Diagnostics::new();
        if whole {
            state = self.observe(&state, &mut Vec::new(), &mut diagnostics).await?;
        }
        let identity = self.identity_of(&state);
        if identity.is_null() && !state.is_null() {
            return Err(Diagnostic::error(
                format!("{id} has no identity"),
                "Part of what names it is not set. This is a bug in the provider. Please report it.",
            )
            .into());
        }
        Ok((crate::shape::outward(&self.block, state), identity, diagnostics))
    }

    /// What an id given to an import says. What only the provider reads has no value anywhere: the
    /// default is what the next plan will say.
    pub(super) fn state_of_id(&self, id: &str) -> Result<Value, Diagnostic> {
        let mut state = <R as Model>::to_value(&R::import(id)?);
        for Attribute { name, config_only, default, .. } in &self.block.attributes {
            if let (true, Some(default)) = (config_only, default) {
                state.set_attribute(name, default.clone());
            }
        }
        Ok(state)
    }

    pub(super) fn import_object(&self, request: &ImportRequest) -> ImportResponse {
        let id = if request.identity.is_null() {
            request.id.clone()
        } else {
            identity::id(R::DESCRIPTION.identity, &request.identity)
        };
        let mut diagnostics = Diagnostics::new();
        let state = diagnostics.take(self.state_of_id(&id));
        ImportResponse {
            identity: request.identity.clone(),
            state,
            private: Vec::new(),
            diagnostics,
        }
    }
}

/// Reads a state's JSON; attributes that this schema does not know are left out.
pub(crate) fn decode_state(raw: &[u8], kind: &Type) -> Result<Value, Diagnostic> {
    json::decode(raw, kind, UnknownAttributes::Ignore).map_err(|error| unreadable(&error))
}

/// A state in which blocks that it does not mention are empty, as core wants them, and not null:
/// a state of the time before the blocks were there does not mention them.
fn with_empty_blocks(block: &Block, state: Value) -> Value {
    let Value::Object(mut attributes) = state else { return state };
    for NestedBlock { name, nesting, .. } in &block.blocks {
        let value = attributes.entry(name.clone()).or_insert(Value::Null);
        if value.is_null() {
            *value = match nesting {
                BlockNesting::Single => Value::Null,
                BlockNesting::List => Value::List(Vec::new()),
                BlockNesting::Set => Value::Set(Vec::new()),
                BlockNesting::Map => Value::Map(BTreeMap::new()),
            };
        }
    }
    Value::Object(attributes)
}

fn unreadable(error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic::error(
        "failed to read the state",
        format!("The stored state is not usable: {error}."),
    )
}

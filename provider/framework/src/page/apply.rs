//! Carrying out a plan, and telling the truth about how far it came.

use tokio::time::Instant;
use tracing::{Instrument as _, info_span};
use travel_value::Value;

use super::Page;
use crate::call::{Call, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::ownership::Claim;
use crate::plan::{effective, with_write_only};
use crate::platform::{Change, Platform};
use crate::private::Private;
use crate::resource::{Proof, Resource, Timeouts};
use crate::server::{ApplyRequest, ApplyResponse};
use crate::timeouts::{INCOMPLETE, READY};

/// Ends the error of every create that failed: what it made may outlast its state.
const ORPHANS_HINT: &str =
    "What was made and is in no state is listed by: travel orphans --state FOLDER.";

/// How an operation ended: the state it left, and what went wrong, if something did.
pub(super) struct Ended {
    pub state: Value,
    pub private: Private,
    pub diagnostics: Diagnostics,
}

impl Ended {
    pub(super) fn failed(state: Value, private: Private, failure: Failure) -> Self {
        Self { state, private, diagnostics: failure.into_diagnostic().into() }
    }
}

impl<R: Resource> Page<R> {
    pub(super) async fn apply_change(&self, request: ApplyRequest) -> ApplyResponse {
        let private = match Private::decode(&request.private) {
            Ok(private) => private,
            Err(error) => {
                return ApplyResponse {
                    state: request.prior,
                    private: request.private,
                    identity: request.identity,
                    diagnostics: error.into(),
                };
            }
        };
        if let Some(error) = self.outlasted(&request.prior, &request.planned)
            && error.is_error()
        {
            let Ended { state, private, diagnostics } =
                Ended::failed(request.prior, private.for_state(), error.into());
            let (private, identity) = (private.encode(), request.identity);
            return ApplyResponse { state, private, identity, diagnostics };
        }
        let label = self.label(&request);
        let begun = Instant::now();
        let change = Change::between(&request.prior, &request.planned);
        let work = async {
            match change {
                Change::Delete => {
                    tracing::info!("deleting {label}");
                    (self.delete_object(&request.prior, private).await, "deleted")
                }
                Change::Create => {
                    tracing::info!("creating {label}");
                    (self.create_object(&request, private).await, "created")
                }
                Change::Update => {
                    tracing::info!("updating {label}");
                    (self.update_object(&request, private).await, "updated")
                }
            }
        };
        let (ended, done) = work.instrument(info_span!("change", change = change.name())).await;
        let seconds = begun.elapsed().as_secs();
        let done = if ended.diagnostics.has_error() { "failed" } else { done };
        tracing::info!(seconds, "{label}: {done}");
        let identity = match self.identity_of(&ended.state) {
            Value::Null if ended.state.is_null() => Value::Null,
            Value::Null => request.identity,
            identity => identity,
        };
        let private = ended.private.for_state().encode();
        ApplyResponse { state: ended.state, private, identity, diagnostics: ended.diagnostics }
    }

    /// What the log calls an object: its type and name, or its id where it has none.
    fn label(&self, request: &ApplyRequest) -> String {
        let description = &R::DESCRIPTION;
        let object = if request.planned.is_null() { &request.prior } else { &request.planned };
        let name = object.get("name").as_str().or_else(|| object.get(description.id).as_str());
        format!("{} {}", description.type_name, name.unwrap_or_default()).trim_end().to_owned()
    }

    async fn update_object(&self, request: &ApplyRequest, private: Private) -> Ended {
        let ApplyRequest { prior, planned, .. } = request;
        if effective(&self.block, prior) == effective(&self.block, planned) {
            return Ended { state: planned.clone(), private, diagnostics: Diagnostics::new() };
        }
        let generation = prior.get("generation").as_str().map(str::to_owned);
        let generation = generation.unwrap_or_else(Claim::fresh_generation);
        let timeout = R::TIMEOUTS.overridden(planned).update;
        let timeout = if is_incomplete(prior) {
            timeout.max(R::TIMEOUTS.overridden(planned).create)
        } else {
            timeout
        };
        let call = match self.call(prior, planned, generation, timeout).await {
            Ok(call) => call,
            Err(failure) => return Ended::failed(prior.clone(), private, failure),
        };
        call.remember(private.page.clone());
        let mut state = match self.model(prior) {
            Ok(state) => state,
            Err(error) => return Ended::failed(prior.clone(), private, error.into()),
        };
        let result = self.change(&call, request, &mut state).await;
        let mut ended = self.end(&call, request, result, &state, private);
        if R::DESCRIPTION.proof == Proof::Tags && prior.get("generation").is_null() {
            self.claim_if_marked(&call, &state, &mut ended).await;
        }
        ended
    }

    /// An imported object has a generation once it carries that: an update that had nothing to write
    /// leaves it unclaimed, and a delete goes by its id.
    async fn claim_if_marked(&self, call: &Call<R::Platform>, state: &R, ended: &mut Ended) {
        let is_marked = match R::mark(call, state).await {
            Ok(mark) => mark.is_some_and(|mark| mark.generation == call.claim.generation),
            Err(failure) => {
                ended.diagnostics.push(failure.into_diagnostic());
                false
            }
        };
        if !is_marked {
            ended.state.set_attribute("generation", Value::Null);
        }
    }

    /// Updates the object, or goes on with a create that was cut off: then from what is really
    /// there, since the state may have fallen behind it.
    async fn change(
        &self,
        call: &Call<R::Platform>,
        request: &ApplyRequest,
        state: &mut R,
    ) -> Result<(), Failure> {
        let planned = with_write_only(&self.block, &request.planned, &request.config);
        let plan = self.model(&planned)?;
        if is_incomplete(&request.prior) {
            match R::read(call, state).await? {
                Some(observed) => *state = observed,
                None => {
                    *state = plan.clone();
                    return R::create(call, &plan, state).await;
                }
            }
        }
        let prior = state.clone();
        R::update(call, &prior, &plan, state).await
    }

    /// The end of a create or update: a success is ready; a failure tells what is there.
    pub(super) fn end(
        &self,
        call: &Call<R::Platform>,
        request: &ApplyRequest,
        result: Result<(), Failure>,
        state: &R,
        mut private: Private,
    ) -> Ended {
        let creating = request.prior.is_null();
        let mut state = <R as Model>::to_value(state);
        let made = !state.get(R::DESCRIPTION.id).is_null();
        self.keep_own_attributes(&request.planned, &mut state);
        state.set_attribute("generation", call.claim.generation.as_str().into());
        self.platform.place(&call.scope, &mut state);
        private.page = call.remembered();
        let mut diagnostics = Diagnostics::new();
        diagnostics.extend(call.take_warnings());
        let status = match result {
            Ok(()) => READY,
            Err(Failure::Interrupted) if creating && made => {
                diagnostics.push(interrupted_warning(R::DESCRIPTION.type_name));
                // What core is told without an error must be what was planned.
                state = as_planned(&request.planned, &state);
                INCOMPLETE
            }
            Err(failure) => {
                let mut error = failure.into_diagnostic();
                if creating {
                    error.detail = format!("{} {ORPHANS_HINT}", error.detail);
                }
                diagnostics.push(error);
                if creating || is_incomplete(&request.prior) { INCOMPLETE } else { READY }
            }
        };
        state.set_attribute("status", status.into());
        if creating && !made && diagnostics.has_error() {
            state = Value::Null;
        }
        Ended { state, private, diagnostics }
    }
}

pub(super) fn is_incomplete(state: &Value) -> bool {
    state.get("status").as_str() == Some(INCOMPLETE)
}

impl<R: Resource> Page<R> {
    /// The times that a planned object's operations may take.
    pub(super) fn timeouts(planned: &Value) -> Timeouts {
        R::TIMEOUTS.overridden(planned)
    }
}

/// The planned values wherever they are known, and those of the state elsewhere: null for what is
/// not there yet.
pub(super) fn as_planned(planned: &Value, state: &Value) -> Value {
    match planned {
        Value::Unknown(_) => state.clone(),
        Value::Object(planned) => Value::object(
            planned.iter().map(|(name, value)| (name.clone(), as_planned(value, state.get(name)))),
        ),
        Value::Map(planned) => Value::map(
            planned.iter().map(|(name, value)| (name.clone(), as_planned(value, state.get(name)))),
        ),
        Value::List(planned) => {
            let state = state.elements().unwrap_or_default();
            let pairs = planned.iter().zip(state.iter().chain(std::iter::repeat(&Value::Null)));
            Value::List(pairs.map(|(planned, state)| as_planned(planned, state)).collect())
        }
        Value::Set(planned) => {
            Value::Set(planned.iter().map(|value| as_planned(value, &Value::Null)).collect())
        }
        _ => planned.clone(),
    }
}

fn interrupted_warning(type_name: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("the creation of this {type_name} was interrupted"),
        "It is kept as incomplete: what depends on it may not find it usable yet. Apply again, \
         and it goes on from here.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(id: Value) -> Value {
        Value::object([("id".to_owned(), id), ("size".to_owned(), 1.into())])
    }

    #[test]
    fn what_was_planned_and_is_not_there_is_null() {
        let unknown = Value::unknown;
        for (planned, state, expected) in [
            (unknown(), "x".into(), "x".into()),
            (object(unknown()), object("x".into()), object("x".into())),
            (object(unknown()), Value::Null, object(Value::Null)),
            (
                Value::map([("a", object(unknown())), ("b", object(unknown()))]),
                Value::map([("a", object("x".into()))]),
                Value::map([("a", object("x".into())), ("b", object(Value::Null))]),
            ),
            (
                Value::List(vec![unknown(), unknown()]),
                Value::List(vec!["x".into()]),
                Value::List(vec!["x".into(), Value::Null]),
            ),
            (
                Value::Set(vec![object(unknown())]),
                Value::Null,
                Value::Set(vec![object(Value::Null)]),
            ),
            ("known".into(), "other".into(), "known".into()),
        ] {
            assert_eq!(as_planned(&planned, &state), expected, "{planned:?} of {state:?}");
        }
    }
}

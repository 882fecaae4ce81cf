//! Taking over a state that was another resource's: this type's own under another address of the
//! provider, or one of another provider's that stands for the same object.

use travel_value::Value;

use super::Page;
use crate::call::Failure;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::resource::{MoveSource, Resource};
use crate::server::{MoveRequest, MoveResponse, UpgradeRequest};

impl<R: Resource> Page<R> {
    pub(super) async fn move_object(&self, request: &MoveRequest) -> MoveResponse {
        if request.is_own && request.source_type == R::DESCRIPTION.type_name {
            return self.keep(request);
        }
        let source = R::DESCRIPTION.moves.iter().find(|source| stands_for(source, request));
        let Some(source) = source else { return refused(refusal(request)) };
        let mut diagnostics = Diagnostics::new();
        match self.read_moved(source, request, &mut diagnostics).await {
            Ok((state, private)) => {
                let identity = self.identity_of(&state);
                MoveResponse { state, private, identity, diagnostics }
            }
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                refused(diagnostics)
            }
        }
    }

    /// The state as it is: it was written by this provider under another address.
    fn keep(&self, request: &MoveRequest) -> MoveResponse {
        let upgraded = self.upgrade_state(&UpgradeRequest {
            type_name: request.type_name.clone(),
            version: request.source_version,
            raw: request.raw.clone(),
        });
        let state = crate::shape::inward(&self.block, upgraded.value);
        let identity = self.identity_of(&state);
        let private = request.private.clone();
        MoveResponse { state, private, identity, diagnostics: upgraded.diagnostics }
    }

    /// The object as an import would bring it in. It is read here, and not left to the refresh that
    /// follows, since a plan may go without one.
    async fn read_moved(
        &self,
        source: &MoveSource,
        request: &MoveRequest,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Value, Vec<u8>), Failure> {
        let MoveSource { type_name: from, id, .. } = source;
        let raw: serde_json::Value = serde_json::from_slice(&request.raw).map_err(|error| {
            let detail = format!("The state of this {from} is not usable: {error}.");
            Diagnostic::error("failed to read the state to move", detail)
        })?;
        let id = raw[id].as_str().filter(|id| !id.is_empty()).ok_or_else(|| {
            let detail = format!(
                "The state of this {from} has no {id}. Apply it once more with its own provider, \
                 or {}",
                by_import(request),
            );
            Diagnostic::error("failed to find the object to move", detail)
        })?;
        let state = self.state_of_id(id)?;
        let mut private = Vec::new();
        let observed = self.observe(&state, &mut private, diagnostics).await?;
        if observed.is_null() {
            let detail = format!(
                "It was a {from}. Take it out of the state with a removed block; the next apply \
                 makes another one, if the configuration still asks for it."
            );
            return Err(Diagnostic::error(format!("{id} is gone"), detail).into());
        }
        Ok((observed, private))
    }
}

fn stands_for(source: &MoveSource, request: &MoveRequest) -> bool {
    // The host tells only which registry it was installed from.
    let provider = request.source_provider.split_once('/').map(|(_, rest)| rest);
    provider == Some(source.provider) && source.type_name == request.source_type
}

fn refused(diagnostics: impl Into<Diagnostics>) -> MoveResponse {
    MoveResponse {
        state: Value::Null,
        private: Vec::new(),
        identity: Value::Null,
        diagnostics: diagnostics.into(),
    }
}

fn refusal(request: &MoveRequest) -> Diagnostic {
    let MoveRequest { source_type: from, type_name: to, .. } = request;
    Diagnostic::error(
        format!("{from} cannot be moved to {to}"),
        format!("No move between these types is known. Instead, {}", by_import(request)),
    )
}

fn by_import(request: &MoveRequest) -> String {
    let MoveRequest { source_type: from, type_name: to, .. } = request;
    format!(
        "remove the moved block, take {from} out of the state with a removed block, and bring the \
         object in as {to} with an import block."
    )
}

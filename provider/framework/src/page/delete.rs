//! Removing an object: only the one that the state means, and not one that a create goes on with.

use travel_value::Value;

use super::Page;
use super::apply::{Ended, is_incomplete};
use crate::call::Failure;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::private::{Private, Purpose};
use crate::resource::{Proof, Resource};

impl<R: Resource> Page<R> {
    pub(super) async fn delete_object(&self, prior: &Value, private: Private) -> Ended {
        if self.is_handed_over(prior, &private) {
            tracing::info!("keeping what is there of the object, for the create that follows");
            return gone(Diagnostics::new());
        }
        let mut diagnostics = Diagnostics::new();
        match self.delete_if_ours(prior, &private, &mut diagnostics).await {
            Ok(()) => gone(diagnostics),
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                Ended { state: prior.clone(), private, diagnostics }
            }
        }
    }

    /// Whether this delete is the first half of the replacement of an object whose create failed,
    /// and the second half will go on with it.
    fn is_handed_over(&self, prior: &Value, private: &Private) -> bool {
        is_incomplete(prior)
            && private.purpose == Some(Purpose::Create)
            && private.target.as_ref().is_some_and(|target| self.is_target(prior, target))
    }

    async fn delete_if_ours(
        &self,
        prior: &Value,
        private: &Private,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Failure> {
        let type_name = R::DESCRIPTION.type_name;
        let id = prior.get(R::DESCRIPTION.id).as_str().unwrap_or_default();
        if self.shared.was_adopted(type_name, id) {
            diagnostics.push(kept_warning(id, "this same apply has just adopted it"));
            return Ok(());
        }
        let generation = prior.get("generation").as_str();
        let timeout = Self::timeouts(prior).delete;
        let call =
            self.call(prior, prior, generation.unwrap_or_default().to_owned(), timeout).await?;
        call.remember(private.page.clone());
        let state = self.model(prior)?;
        if let (Proof::Tags, Some(generation)) = (R::DESCRIPTION.proof, generation)
            && let Some(mark) = R::mark(&call, &state).await?
            && mark.generation != generation
        {
            let owner = format!(
                "{} of deployment {:?} has adopted it since",
                mark.resource, mark.deployment,
            );
            diagnostics.push(kept_warning(id, &owner));
            return Ok(());
        }
        let result = R::delete(&call, &state).await;
        diagnostics.extend(call.take_warnings());
        result
    }
}

fn gone(diagnostics: Diagnostics) -> Ended {
    Ended { state: Value::Null, private: Private::default(), diagnostics }
}

fn kept_warning(id: &str, reason: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{id} was not deleted"),
        format!("It is no longer the object that this state made: {reason}."),
    )
}

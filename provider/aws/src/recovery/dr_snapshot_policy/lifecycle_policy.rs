//! The policies of DLM: the one that takes snapshots, and the one of the backup account that
//! copies what the first shares.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dlm::operation::create_lifecycle_policy::CreateLifecyclePolicyError;
use aws_sdk_dlm::operation::create_lifecycle_policy::builders::CreateLifecyclePolicyFluentBuilder;
use aws_sdk_dlm::types::SettablePolicyStateValues;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};

use super::details::Details;
use super::observed::{self, Policy, marked_ids};
use super::wanted::Side;
use super::work::{Purpose, Work, settled};
use crate::Scope;
use crate::consistency::{IAM, LISTED, answer_when_ready, make_once};
use crate::error::{Reply, failure, is_code, message};

/// How long to go on where it is not clear what DLM refuses.
const UNCLEAR: Duration = Duration::from_secs(20);
const INVALID: [&str; 1] = ["InvalidRequestException"];

/// A policy.
pub struct PolicyPart {
    /// Whose.
    pub side: Side,
}

/// The name of the part.
pub fn part(side: Side) -> String {
    side.part("policy")
}

#[async_trait]
impl<'a> Part<Work<'a>> for PolicyPart {
    fn name(&self) -> String {
        part(self.side)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        // Without the other policy there is nothing to wait for, so that this one cannot fit.
        let Ok(details) = self.details(work) else { return Standing::Different };
        let tagged = work.tag_changes(&self.name(), &there.tags).is_empty();
        let fits = tagged && self.is_as_wanted(work, &there, &details);
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let details = self.details(work)?;
        if self.there(work).is_none() && work.purpose != Purpose::Create {
            Box::pin(self.look_for_remains(work)).await?;
        }
        let there = match self.there(work) {
            None => Box::pin(self.make(work, &details)).await?,
            Some(there) if self.is_as_wanted(work, &there, &details) => there,
            Some(there) => {
                Box::pin(self.change(work, &there, &details)).await?;
                there
            }
        };
        Box::pin(self.mend_tags(work, &there)).await?;
        let scope = work.scope(self.side)?;
        let look = || observed::policy(scope, &there.id);
        let fits = |policy: &Policy| {
            self.is_as_wanted(work, policy, &details)
                && work.tag_changes(&self.name(), &policy.tags).is_empty()
        };
        let shown = Box::pin(settled(work.call, look, fits)).await?;
        let policy = shown.unwrap_or(there.clone());
        work.note(|observed| observed.side_mut(self.side).policy = Some(policy));
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let scope = work.scope(self.side)?;
        let request = scope.dlm().delete_lifecycle_policy().policy_id(&there.id);
        request.send().await.found(scope, &["ResourceNotFoundException"])?;
        work.note(|observed| observed.side_mut(self.side).policy = None);
        Ok(())
    }
}

impl PolicyPart {
    fn there(&self, work: &Work<'_>) -> Option<Policy> {
        work.see(|observed| observed.side(self.side).policy.clone())
    }

    fn details(&self, work: &Work<'_>) -> Result<Details, Failure> {
        match self.side {
            Side::Source => Ok(work.wanted.snapshots()),
            Side::Backup => Ok(work.wanted.copies(&work.policy_id()?)),
        }
    }

    fn is_as_wanted(&self, work: &Work<'_>, there: &Policy, details: &Details) -> bool {
        let wanted = &work.wanted;
        // A read says by an attribute that the policy for the volumes is in error.
        let told = self.side == Side::Source && work.purpose == Purpose::Read;
        let state = if wanted.enabled { "ENABLED" } else { "DISABLED" };
        there.details == *details
            && (told || there.state == state)
            && there.description == wanted.description(self.side)
            && there.role_arn == wanted.role_arn(self.side)
    }

    /// An attempt that was cut off may have made the policy where the state does not know it: that
    /// there is none is certain only once DLM would show it.
    async fn look_for_remains(&self, work: &Work<'_>) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let look = || observed::marked(work.call, scope, self.side);
        let found = work.call.find_until(work.begun + LISTED, look).await?;
        work.note(|observed| observed.side_mut(self.side).policy = found);
        Ok(())
    }

    /// Makes the policy. DLM would make another for each request, so that where it is not certain
    /// what became of one, its result is looked for before it is sent again.
    async fn make(&self, work: &Work<'_>, details: &Details) -> Result<Policy, Failure> {
        let scope = work.scope(self.side)?;
        let wanted = &work.wanted;
        let tags: HashMap<String, String> = work.tags(&self.name()).into_iter().collect();
        let request = scope
            .once()
            .dlm()
            .create_lifecycle_policy()
            .description(wanted.description(self.side))
            .state(state(work))
            .execution_role_arn(wanted.role_arn(self.side))
            .policy_details(details.to_request(None))
            .set_tags(Some(tags.clone()));
        let id = Box::pin(self.send(work, request)).await?;
        Ok(Policy {
            arn: observed::arn(scope, &id),
            id,
            state: state(work).as_str().to_owned(),
            status: String::new(),
            description: wanted.description(self.side),
            role_arn: wanted.role_arn(self.side),
            tags: tags.into_iter().collect(),
            details: details.clone(),
            parameters: None,
        })
    }

    async fn send(
        &self,
        work: &Work<'_>,
        request: CreateLifecyclePolicyFluentBuilder,
    ) -> Result<String, Failure> {
        let scope = work.scope(self.side)?;
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| made.policy_id) }
        };
        let look = || async {
            let ids = marked_ids(work.call, scope, self.side).await?;
            Ok(ids.into_iter().next())
        };
        let answer = Box::pin(make_once(work.call, patience, &[], send, look)).await?;
        answer.map_err(|error| explained(&error, scope))?.ok_or_else(|| no_id(scope))
    }

    async fn change(
        &self,
        work: &Work<'_>,
        there: &Policy,
        details: &Details,
    ) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let wanted = &work.wanted;
        let request = scope
            .dlm()
            .update_lifecycle_policy()
            .policy_id(&there.id)
            .description(wanted.description(self.side))
            .state(state(work))
            .execution_role_arn(wanted.role_arn(self.side))
            .policy_details(details.to_request(there.parameters.clone()));
        let early =
            |error: &_| is_code(error, &INVALID) && message(error).to_lowercase().contains("role");
        let answer = answer_when_ready(work.call, IAM, early, || request.clone().send()).await?;
        answer.at(scope).map(drop)
    }

    async fn mend_tags(&self, work: &Work<'_>, there: &Policy) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let changes = work.tag_changes(&self.name(), &there.tags);
        if !changes.set.is_empty() {
            let tags: HashMap<String, String> = changes.set.into_iter().collect();
            let request = scope.dlm().tag_resource().resource_arn(&there.arn);
            request.set_tags(Some(tags)).send().await.at(scope)?;
        }
        if !changes.remove.is_empty() {
            let request = scope.dlm().untag_resource().resource_arn(&there.arn);
            request.set_tag_keys(Some(changes.remove)).send().await.at(scope)?;
        }
        Ok(())
    }
}

fn state(work: &Work<'_>) -> SettablePolicyStateValues {
    if work.wanted.enabled {
        SettablePolicyStateValues::Enabled
    } else {
        SettablePolicyStateValues::Disabled
    }
}

/// How long to go on with what DLM refuses. It may only not know a new role yet, and what it then
/// says is written nowhere: whatever names no parameter may mean that, and what names the role
/// most likely does.
fn patience(error: &SdkError<CreateLifecyclePolicyError, HttpResponse>) -> Duration {
    let Some(CreateLifecyclePolicyError::InvalidRequestException(invalid)) =
        error.as_service_error()
    else {
        return Duration::ZERO;
    };
    let names = |names: &Option<Vec<String>>| names.as_ref().is_some_and(|it| !it.is_empty());
    if names(&invalid.required_parameters) || names(&invalid.mutually_exclusive_parameters) {
        Duration::ZERO
    } else if message(error).to_lowercase().contains("role") {
        IAM
    } else {
        UNCLEAR
    }
}

/// The failure to make a policy, with what DLM says besides its message.
fn explained(error: &SdkError<CreateLifecyclePolicyError, HttpResponse>, scope: &Scope) -> Failure {
    let failure = failure(error, &scope.place());
    let Some(CreateLifecyclePolicyError::InvalidRequestException(invalid)) =
        error.as_service_error()
    else {
        return failure;
    };
    let mut diagnostic = failure.into_diagnostic();
    for (what, names) in [
        ("Missing", &invalid.required_parameters),
        ("In each other's way", &invalid.mutually_exclusive_parameters),
    ] {
        if let Some(names) = names.as_ref().filter(|names| !names.is_empty()) {
            diagnostic.detail = format!("{} {what}: {}.", diagnostic.detail, names.join(", "));
        }
    }
    diagnostic.into()
}

fn no_id(scope: &Scope) -> Failure {
    Diagnostic::error(
        "dlm:CreateLifecyclePolicy got no usable answer",
        format!("It names no policy ({}). Apply again to go on with what was made.", scope.place()),
    )
    .into()
}

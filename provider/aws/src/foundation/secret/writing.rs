//! The calls that make a secret and change it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::ownership::Claim;
use travel_framework::wait::Pace;

use super::observed::{Seen, look};
use super::{ABSENT, DEFAULT_KEY, NOT_NOW, SETTLING, Secret, same_key};
use crate::consistency::{self, Call, make_once, send_when_ready};
use crate::error::{Answer, Reply, is_code, message};
use crate::policy;
use crate::tags::Tags;

const TAKEN: &str = "ResourceExistsException";
/// What says that the service does not see the key yet.
const NO_KEY: &str = "EncryptionFailure";
const REFUSED_POLICY: &str = "MalformedPolicyDocumentException";

impl Secret {
    /// Makes the secret with its value, key and tags: its ARN, and the version of the value.
    pub(super) async fn make(
        &self,
        call: &Call,
    ) -> Result<(Option<String>, Option<String>), Failure> {
        let request = call
            .scope
            .once()
            .secrets_manager()
            .create_secret()
            .name(&self.name)
            .description(&self.description)
            .set_kms_key_id(self.kms_key_id.clone())
            .set_secret_string(self.secret_value.clone())
            // The version gets this id, too.
            .client_request_token(&call.claim.generation)
            .set_tags(Some(tag_list(self.tagging.for_create(&call.claim))));
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| Some((made.arn, made.version_id))) }
        };
        // What was made by a request whose answer was lost has our mark.
        let made_before = || async {
            let seen = look(&call.scope, &self.name).await?.filter(|seen| !seen.is_going());
            let is_ours = |seen: &Seen| {
                seen.mark().is_some_and(|mark| mark.generation == call.claim.generation)
            };
            Ok(seen.filter(is_ours).map(|seen| (seen.arn().map(str::to_owned), seen.current())))
        };
        let patience = |error: &SdkError<_, _>| {
            if is_code(error, &[NO_KEY]) { SETTLING } else { Duration::ZERO }
        };
        let until = (Instant::now() + consistency::IAM).min(call.deadline);
        let mut attempt = 0;
        loop {
            let made = Box::pin(make_once(call, patience, &[TAKEN], send, made_before)).await?;
            let Err(error) = &made else { return Ok(made.at(&call.scope)?.unwrap_or_default()) };
            let seen = match is_code(error, &[TAKEN, NOT_NOW]) {
                true => look(&call.scope, &self.name).await?,
                false => None,
            };
            if let Some(refusal) = seen.and_then(|seen| seen.refusal(&call.scope.place())) {
                return Err(refusal.into());
            }
            // A name stays taken for a moment after a deletion without a recovery window.
            let said = message(error);
            let is_for_a_moment = is_code(error, &[NOT_NOW])
                && (said.contains("scheduled for deletion") || said.contains("was deleted"));
            if !is_for_a_moment || Instant::now() >= until {
                return Ok(made.at(&call.scope)?.unwrap_or_default());
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
    }

    pub(super) async fn bring_tags(
        &mut self,
        call: &Call,
        prior: &Self,
        plan: &Self,
    ) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        let service = call.scope.secrets_manager();
        if !changes.set.is_empty() {
            let tags = Some(tag_list(changes.set));
            let request = service.tag_resource().secret_id(prior.id()).set_tags(tags);
            send(call, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove);
            let request = service.untag_resource().secret_id(prior.id()).set_tag_keys(keys);
            send(call, || request.clone().send()).await?;
        }
        self.tagging = plan.tagging.clone();
        Ok(())
    }

    /// Brings description and key.
    pub(super) async fn bring_face(
        &mut self,
        call: &Call,
        prior: &Self,
        plan: &Self,
    ) -> Result<(), Failure> {
        let key = |secret: &Self| secret.kms_key_id.clone().unwrap_or(DEFAULT_KEY.to_owned());
        let same_key = same_key(&key(prior).as_str().into(), &key(plan).as_str().into());
        if prior.description == plan.description && same_key {
            return Ok(());
        }
        let request = call
            .scope
            .secrets_manager()
            .update_secret()
            .secret_id(prior.id())
            .client_request_token(Claim::fresh_generation())
            .description(&plan.description)
            .set_kms_key_id((!same_key).then(|| key(plan)));
        send(call, || request.clone().send()).await?;
        self.description.clone_from(&plan.description);
        self.kms_key_id.clone_from(&plan.kms_key_id);
        Ok(())
    }

    pub(super) async fn bring_value(
        &mut self,
        call: &Call,
        prior: &Self,
        plan: &Self,
    ) -> Result<(), Failure> {
        if let Some(value) = &plan.secret_value
            && plan.secret_value_version != prior.secret_value_version
        {
            // Under the same token the service writes the same value once.
            let request = call
                .scope
                .secrets_manager()
                .put_secret_value()
                .secret_id(prior.id())
                .secret_string(value)
                .client_request_token(Claim::fresh_generation());
            let written = send(call, || request.clone().send()).await?;
            self.version_id = written.version_id;
        }
        self.secret_value_version = plan.secret_value_version;
        Ok(())
    }

    pub(super) async fn bring_policy(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        let service = call.scope.secrets_manager();
        match (&self.policy, &plan.policy) {
            (None, None) => {}
            (Some(one), Some(other)) if policy::same(one, other) => {}
            (_, Some(policy)) => {
                let request = service
                    .put_resource_policy()
                    .secret_id(self.id())
                    .resource_policy(policy)
                    .block_public_policy(plan.block_public_policy);
                // A role that the policy names may be so new that the service does not know it yet.
                let too_early = |error: &SdkError<_, HttpResponse>| {
                    is_too_early(error)
                        || is_code(error, &[REFUSED_POLICY])
                            && message(error).to_lowercase().contains("principal")
                };
                let written =
                    send_when_ready(call, consistency::IAM, too_early, || request.clone().send());
                written.await.map_err(|failure| failure.at_attribute("policy"))?;
            }
            (Some(_), None) => {
                let request = service.delete_resource_policy().secret_id(self.id());
                send(call, || request.clone().send()).await?;
            }
        }
        self.policy.clone_from(&plan.policy);
        Ok(())
    }
}

/// Sends a call that may come too early for the service to see the secret or its key.
pub(super) async fn send<T, E, F>(call: &Call, request: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(call, SETTLING, is_too_early, request).await
}

pub(super) fn is_too_early<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &[ABSENT, NO_KEY])
}

fn tag_list(tags: Tags) -> Vec<Tag> {
    let one = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(one).collect()
}

//! `travel_kms_grant`: what a principal may do with a key, beside the key's policy.
//!
//! Source: AWS KMS API reference, CreateGrant, ListGrants and RevokeGrant; "Grants in AWS KMS" of its
//! developer guide.

mod planning;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::operation::create_grant::CreateGrantError;
use aws_sdk_kms::operation::create_grant::builders::CreateGrantFluentBuilder;
use aws_sdk_kms::types::{GrantListEntry, GrantOperation};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::planning::{Constraints, is_service};
use crate::consistency::{Call, IAM, WITHIN_SERVICE, answer_when_ready, settle};
use crate::error::{Reply, failure, is_code};
use crate::partition::Arn;
use crate::{Aws, Placement, Scope};

/// How many grants KMS lists at once, at most here. What makes volumes usable are grants too, so a
/// key may have many.
const PAGE_SIZE: i32 = 100;
/// What says that there is no such grant: the key is gone, or the grant.
const GONE: [&str; 2] = ["NotFoundException", "InvalidGrantIdException"];
/// What says that a key is not as far yet, or that something KMS asks is slow.
const NOT_YET: [&str; 2] = ["DependencyTimeoutException", "KMSInvalidStateException"];

/// A grant: what a principal may do with a key, beside what the key's policy says. It cannot be
/// changed, so everything in it means another grant. It may take some minutes until all of KMS
/// knows a new one.
///
/// Grants have no tags. One that has the name already is taken over if it is the same, and refused
/// if it is not.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_kms_grant",
    id = "id",
    key = "key_arn/name",
    proof = equality,
    refresh = "1",
    identity("key_arn", "grant_id"),
    consistency_seconds = 10
)]
pub struct KmsGrant {
    /// The grant's name, which no other grant on the key should have.
    #[model(
        required,
        replace,
        length(1, 256),
        pattern("^[a-zA-Z0-9:/_-]+$", "letters, digits or characters of :/_-")
    )]
    pub name: String,
    /// The ARN of the key, which may be another account's, if that lets this one make grants. It is
    /// in the region of the grant.
    #[model(required, replace, length(1, 2048), rule = planning::is_key)]
    pub key_arn: String,
    /// Who may use the key: the ARN of a role, a user, an account's root or a session, or a service
    /// by its principal. A service needs a `retiring_principal`, and a `source_arn` among the
    /// `constraints`. KMS shows the id of a role or user that was deleted, and the grant does not
    /// come to hold for another of that name: it is replaced then.
    #[model(required, replace, length(1, 256), rule = planning::is_principal)]
    pub grantee_principal: String,
    /// Who may retire the grant once its work is done, written in the same way. Whoever administers
    /// the key may revoke it in any case.
    #[model(optional, replace, length(1, 256), rule = planning::is_principal)]
    pub retiring_principal: Option<String>,
    /// What the grantee may do, such as `Decrypt` or `GenerateDataKey`: only what one kind of key can
    /// do.
    #[model(required, replace, length(1, 19), rule = planning::are_operations)]
    pub operations: BTreeSet<String>,
    /// What a request of the grantee must be like.
    #[model(optional, replace, rule = planning::is_constraint)]
    pub constraints: Option<Constraints>,
    /// The id that KMS gave it.
    #[model(computed)]
    pub grant_id: Option<String>,
    /// Key and grant: `KEY_ARN/GRANT_ID`.
    #[model(computed)]
    pub id: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

impl KmsGrant {
    /// Calls for a key go to its region; the account is ours, which KMS lets use another's key.
    fn scope(&self, call: &Call) -> Scope {
        match Arn::parse(&self.key_arn) {
            Some(arn) => call.scope.in_region(&arn.region),
            None => call.scope.clone(),
        }
    }

    fn note_id(&mut self, grant_id: String) {
        self.id = Some(format!("{}/{grant_id}", self.key_arn));
        self.grant_id = Some(grant_id);
    }

    /// The grant as KMS lists it. What no service keeps is as in `self`.
    fn observed(&self, grant: GrantListEntry) -> Self {
        let names = grant.operations.unwrap_or_default();
        let mut object = Self {
            name: grant.name.unwrap_or_default(),
            grantee_principal: grant
                .grantee_service_principal
                .or(grant.grantee_principal)
                .unwrap_or_default(),
            retiring_principal: grant.retiring_service_principal.or(grant.retiring_principal),
            operations: names.iter().map(|name| name.as_str().to_owned()).collect(),
            constraints: grant.constraints.and_then(Constraints::read),
            ..self.clone()
        };
        object.placement.region = Arn::parse(&self.key_arn).map(|arn| arn.region);
        object.note_id(grant.grant_id.unwrap_or_default());
        object
    }

    /// Whether both allow the same.
    fn equals(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            let principals = (it.grantee_principal.clone(), it.retiring_principal.clone());
            (it.name.clone(), principals, it.operations.clone(), it.constraints.clone())
        };
        parts(self) == parts(other)
    }

    /// The grant of this id; none where there is none any more.
    async fn look(&self, call: &Call) -> Result<Option<Self>, Failure> {
        let Some(id) = &self.grant_id else { return Ok(None) };
        let scope = self.scope(call);
        let answer = scope.kms().list_grants().key_id(&self.key_arn).grant_id(id).send().await;
        let listed = answer.found(&scope, &GONE)?.and_then(|answer| answer.grants);
        let mut listed = listed.unwrap_or_default().into_iter();
        let found = listed.find(|grant| grant.grant_id.as_ref() == Some(id));
        Ok(found.map(|grant| self.observed(grant)))
    }

    /// The grants of this name on the key.
    async fn named(&self, call: &Call) -> Result<Vec<Self>, Failure> {
        let scope = self.scope(call);
        let request = scope.kms().list_grants().key_id(&self.key_arn).into_paginator();
        let listed = request.page_size(PAGE_SIZE).items().send().try_collect().await;
        let listed = listed.found(&scope, &GONE)?.unwrap_or_default();
        let named = listed.into_iter().filter(|grant| grant.name.as_ref() == Some(&self.name));
        Ok(named.map(|grant| self.observed(grant)).collect())
    }

    fn request(&self, scope: &Scope) -> CreateGrantFluentBuilder {
        let operations = self.operations.iter().map(|name| GrantOperation::from(name.as_str()));
        let request = scope
            .kms()
            .create_grant()
            .key_id(&self.key_arn)
            .name(&self.name)
            .set_operations(Some(operations.collect()))
            .set_constraints(self.constraints.as_ref().map(Constraints::write));
        let grantee = &self.grantee_principal;
        let request = match is_service(grantee) {
            true => request.grantee_service_principal(grantee),
            false => request.grantee_principal(grantee),
        };
        match &self.retiring_principal {
            Some(retiring) if is_service(retiring) => request.retiring_service_principal(retiring),
            retiring => request.set_retiring_principal(retiring.clone()),
        }
    }

    /// The failure of a create, with what to do about it.
    fn refused(&self, error: &SdkError<CreateGrantError, HttpResponse>, scope: &Scope) -> Failure {
        let said = failure(error, &scope.place());
        let (attribute, remedy) = if is_code(error, &["InvalidArnException"]) {
            (
                "grantee_principal",
                "Name principals that exist, as grantee_principal and as retiring_principal.",
            )
        } else if is_code(error, &["LimitExceededException"]) {
            (
                "key_arn",
                "A key has so many grants at most: retire or revoke some, or let the key's policy \
                 allow what many principals do.",
            )
        } else if is_code(error, &["DisabledException"]) {
            ("key_arn", "Enable the key before it gets a grant.")
        } else if is_code(error, &["ValidationException", "ValidationError"]) {
            ("operations", "Name only what a key of this kind can do.")
        } else {
            return said;
        };
        let mut diagnostic = said.into_diagnostic();
        diagnostic.detail = format!("{} {remedy}", diagnostic.detail);
        diagnostic.at_attribute(attribute).into()
    }
}

/// For how long a refused create may have come too early: IAM may not have told of the principal yet,
/// nor KMS of the key.
fn patience(error: &SdkError<CreateGrantError, HttpResponse>) -> Duration {
    if is_code(error, &["InvalidArnException"]) {
        return IAM;
    }
    match is_code(error, &NOT_YET) || is_code(error, &["NotFoundException", "DisabledException"]) {
        true => WITHIN_SERVICE,
        false => Duration::ZERO,
    }
}

#[async_trait]
impl Resource for KmsGrant {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        state.look(call).await
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let mut named = plan.named(call).await?;
        // Nothing keeps others from grants of the same name, so one that is the same comes first.
        if named.iter().any(|grant| grant.equals(plan)) {
            named.retain(|grant| grant.equals(plan));
        }
        let found = |object: Self| {
            let id = object.grant_id.as_deref().unwrap_or_default();
            let label = format!("grant {} ({id}) on {}", object.name, object.key_arn);
            Found { object, mark: None, complete: true, label }
        };
        Ok(named.into_iter().map(found).collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        (state.id, state.grant_id) = (None, None);
        if let Some(misplaced) = planning::misplaced(&plan.key_arn, call.scope.region()) {
            return Err(misplaced.into());
        }
        let scope = plan.scope(call);
        let request = plan.request(&scope);
        let begun = Instant::now();
        let too_early = |error: &_| begun.elapsed() < patience(error);
        // The name makes it safe to ask twice: the same grant comes back.
        let answer = answer_when_ready(call, IAM, too_early, || request.clone().send()).await?;
        let made = answer.map_err(|error| plan.refused(&error, &scope))?;
        let id = made.grant_id.ok_or_else(|| {
            let detail = "KMS names no grant. Apply again to go on from here.";
            Failure::from(Diagnostic::error("kms:CreateGrant got no usable answer", detail))
        })?;
        state.note_id(id);
        let made = &*state;
        settle(call, WITHIN_SERVICE, || async { Ok(made.look(call).await?.is_some()) }).await
    }

    async fn update(
        _call: &Call,
        _prior: &Self,
        _plan: &Self,
        _state: &mut Self,
    ) -> Result<(), Failure> {
        // Another of anything is another grant.
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let Some(id) = &prior.grant_id else { return Ok(()) };
        let scope = prior.scope(call);
        let request = scope.kms().revoke_grant().key_id(&prior.key_arn).grant_id(id);
        let too_early = |error: &_| is_code(error, &NOT_YET);
        let send = || request.clone().send();
        let answer = answer_when_ready(call, WITHIN_SERVICE, too_early, send).await?;
        answer.found(&scope, &GONE)?;
        call.wait_until(&format!("the end of grant {id}"), Pace::QUICK, || async {
            Ok(match prior.look(call).await? {
                None => Look::Done(()),
                Some(_) => Look::Pending("listed".to_owned()),
            })
        })
        .await
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

#[cfg(test)]
mod tests;

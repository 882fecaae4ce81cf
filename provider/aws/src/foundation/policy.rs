//! `travel_policy`: a policy of IAM that roles and others can be given.
//!
//! Source: IAM API reference, CreatePolicy and CreatePolicyVersion; IAM User Guide, "Versioning IAM
//! policies".

mod observed;
mod planning;
mod versions;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use crate::consistency::{Call, WITHIN_SERVICE, made_here, make_once, settle};
use crate::error::{Reply, is_code, message};
use crate::iam_role::{GONE, iam_tags, is_too_early, patiently};
use crate::platform::Aws;
use crate::policy::{self, document};
use crate::tags::{self, TagChanges};
use crate::{GlobalPlacement, Tagging};

/// How long IAM may take to show what was just written.
const SETTLING: Duration = Duration::from_secs(30);
const TAKEN: &str = "EntityAlreadyExists";
/// Something still has the policy, or had it a moment ago.
const IN_USE: &str = "DeleteConflict";

/// A customer-managed policy of IAM: permissions that roles and others can be given.
///
/// IAM keeps up to five versions of a policy. Each change makes one the policy's default; where there
/// is no room, the oldest goes that is not in force.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_policy",
    proof = tags,
    id = "arn",
    refresh = "2",
    identity("path", "name"),
    moves("hashicorp/aws aws_iam_policy.arn"),
    consistency_seconds = 5
)]
pub struct Policy {
    /// The name, unique within the account whatever its letter case. Another name means another
    /// policy.
    #[model(
        required,
        replace,
        pattern(
            "^[A-Za-z0-9_+=,.@-]{1,128}$",
            "1 to 128 letters, digits or characters of _+=,.@-"
        )
    )]
    pub name: String,
    /// The path before the name in the ARN, such as `/platform/`.
    #[model(
        optional,
        default = "/",
        replace,
        length(1, 512),
        pattern(
            "^(/[A-Za-z0-9.,+@=_-]+)*/$",
            "a path of letters, digits and .,+@=_- that begins and ends with /"
        )
    )]
    pub path: String,
    /// What the policy is for. IAM cannot change it: another description means another policy.
    #[model(optional, default = "", replace, length(0, 1000))]
    pub description: String,
    /// The policy: an object in the grammar of IAM (`{ Version = "2012-10-17", Statement = […] }`),
    /// or a text in JSON. What means the same is no change.
    #[model(required, same = policy::same_values)]
    pub policy: Option<Value>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The unique id, which begins with `ANPA`.
    #[model(computed)]
    pub policy_id: Option<String>,
    /// The id of the version in force.
    #[model(computed, volatile)]
    pub default_version_id: Option<String>,
    /// The account.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for Policy {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let seen = observed::look(call, &state.arn_at(call)).await?;
        Ok(seen.map(|seen| seen.object(call, state).0))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let arn = plan.arn_at(call);
        let seen = observed::look(call, &arn).await?;
        let found = seen.map(|seen| {
            let (object, mark) = seen.object(call, plan);
            Found { object, mark, complete: true, label: arn }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let description = Some(plan.description.clone()).filter(|text| !text.is_empty());
        let request = call
            .scope
            .once()
            .iam()
            .create_policy()
            .policy_name(&plan.name)
            .path(&plan.path)
            .set_description(description)
            .policy_document(plan.document()?)
            .set_tags(Some(iam_tags(&plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async {
                let made = answer.await?.policy;
                Ok(made.map(|made| (made.arn, made.policy_id, made.default_version_id)))
            }
        };
        let look = || async {
            let made: Option<Self> = made_here(call, plan).await?;
            Ok(made.map(|made| (made.arn, made.policy_id, made.default_version_id)))
        };
        let patience = |error: &_| patience(is_too_early(error));
        let made = make_once(call, patience, &[TAKEN], send, look).await?;
        if made.as_ref().is_err_and(|error| is_code(error, &[TAKEN])) {
            return Err(taken(call, &plan.name).into());
        }
        (state.arn, state.policy_id, state.default_version_id) =
            made.at(&call.scope)?.unwrap_or_default();
        state.settle(call).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let arn = prior.arn_at(call);
        let generation = prior.lifecycle.generation.as_deref();
        retag(call, &arn, &plan.tagging.changes(&prior.tagging, generation, &call.claim)).await?;
        state.tagging = plan.tagging.clone();
        if !plan.says_the_same(prior) {
            let made = versions::make(call, &arn, &plan.document()?).await?;
            state.policy = plan.policy.clone();
            state.default_version_id = Some(made);
        }
        *state = Self {
            arn: Some(arn),
            policy_id: prior.policy_id.clone(),
            default_version_id: state.default_version_id.clone(),
            ..plan.clone()
        };
        state.settle(call).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let (arn, scope) = (prior.arn_at(call), &call.scope);
        let request = scope.iam().delete_policy().policy_arn(&arn);
        let until = Instant::now() + WITHIN_SERVICE;
        call.wait_until(&format!("the end of policy {arn}"), Pace::QUICK, || async {
            let Err(error) = request.clone().send().await else {
                return Ok(Look::Pending("there".to_owned()));
            };
            if is_code(&error, &GONE) {
                return Ok(Look::Done(()));
            }
            let patient = Instant::now() < until;
            if is_code(&error, &[IN_USE]) {
                let users = Box::pin(observed::users(scope, &arn)).await?;
                if users.is_empty() {
                    // Only the version in force goes with the policy.
                    Box::pin(versions::clear(scope, &arn)).await?;
                }
                if !patient {
                    return Err(in_use(call, &arn, &users, message(&error)).into());
                }
            } else if !(patient && is_too_early(&error)) {
                return Err(crate::error::failure(&error, &scope.place()));
            }
            Ok(Look::Pending("in use".to_owned()))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let request = call.scope.iam().get_policy().policy_arn(state.arn_at(call));
        let there = request.send().await.found(&call.scope, &GONE)?.and_then(|it| it.policy);
        Ok(there.and_then(|policy| tags::mark(&observed::tags(&policy))))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl Policy {
    /// The ARN, which account, path and name make up.
    fn arn_at(&self, call: &Call) -> String {
        let (scope, Self { path, name, .. }) = (&call.scope, self);
        let made_up =
            || scope.partition().iam_arn(scope.account_id(), &format!("policy{path}{name}"));
        self.arn.clone().unwrap_or_else(made_up)
    }

    /// The policy as IAM takes it.
    fn document(&self) -> Result<String, Failure> {
        let text = self.policy.as_ref().and_then(document::text);
        text.ok_or_else(|| {
            let detail = "Give it a policy, as an object or as a text in JSON.";
            Diagnostic::error("no policy", detail).at_attribute("policy").into()
        })
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let (one, other) = (self.policy.as_ref(), other.policy.as_ref());
        matches!((one, other), (Some(one), Some(other)) if policy::same_values(one, other))
    }

    /// Waits until IAM shows the policy as it was written.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let arn = self.arn_at(call);
        settle(call, SETTLING, || async {
            let seen = observed::look(call, &arn).await?;
            Ok(seen.is_some_and(|seen| {
                let (object, _) = seen.object(call, self);
                object.says_the_same(self) && object.tagging.tags_all == self.tagging.tags_all
            }))
        })
        .await
    }
}

/// The policies of an account that its own administrators manage.
#[derive(Clone, Debug, Default, Model)]
pub struct Policies {
    /// Only those below this path, such as `/platform/`.
    #[model(optional)]
    pub path_prefix: Option<String>,
    /// The account.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for Policy {
    type Query = Policies;

    async fn list(call: &Call, query: &Policies, found: &Finder) -> Result<(), Failure> {
        let scope = aws_sdk_iam::types::PolicyScopeType::Local;
        let request = call.scope.iam().list_policies().scope(scope);
        let request = request.set_path_prefix(query.path_prefix.clone());
        let mut pages = request.into_paginator().items().send();
        while let Some(policy) = pages.next().await {
            let policy = policy.at(&call.scope)?;
            if let (Some(arn), Some(name)) = (policy.arn(), policy.policy_name()) {
                found.tell(arn, name).await;
            }
        }
        Ok(())
    }
}

async fn retag(call: &Call, arn: &str, changes: &TagChanges) -> Result<(), Failure> {
    let (scope, client) = (&call.scope, call.scope.iam());
    if !changes.set.is_empty() {
        let request = client.tag_policy().policy_arn(arn);
        let request = request.set_tags(Some(iam_tags(&changes.set)?));
        patiently(call, scope, || request.clone().send()).await?;
    }
    if !changes.remove.is_empty() {
        let request = client.untag_policy().policy_arn(arn);
        let request = request.set_tag_keys(Some(changes.remove.clone()));
        patiently(call, scope, || request.clone().send()).await?;
    }
    Ok(())
}

const fn patience(is_too_early: bool) -> Duration {
    if is_too_early { WITHIN_SERVICE } else { Duration::ZERO }
}

fn taken(call: &Call, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("policy {name} exists already"),
        format!(
            "A name stands for one policy of an account, whatever its path and letter case ({}). \
             Give this one another name, or import the other. If this one replaces it under \
             create_before_destroy, it needs another name, too.",
            call.scope.place(),
        ),
    )
    .at_attribute("name")
}

fn in_use(call: &Call, arn: &str, users: &BTreeSet<String>, said: &str) -> Diagnostic {
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let held = match users.as_slice() {
        [] => String::new(),
        users => format!(" It is attached to, or bounds, {}.", users.join(", ")),
    };
    Diagnostic::error(
        format!("policy {arn} is still in use"),
        format!(
            "{} ({}).{held} Detach it there and apply again.",
            said.trim_end_matches('.'),
            call.scope.place(),
        ),
    )
}

#[cfg(test)]
mod tests;

//! `travel_role`: a role of IAM, with who may assume it and what it may do.
//!
//! Source: IAM API reference, CreateRole, PutRolePolicy and AttachRolePolicy.

mod changes;
mod observed;
mod planning;
mod removal;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use self::observed::Extent;
use crate::consistency::{Call, WITHIN_SERVICE, made_here, make_once, settle};
use crate::error::{Reply, is_code};
use crate::iam_role::{self, GONE, iam_tags, is_too_early};
use crate::platform::Aws;
use crate::policy::{self, document};
use crate::tags;
use crate::{GlobalPlacement, Tagging};

/// How long IAM may take to show what was just written.
const SETTLING: Duration = Duration::from_secs(30);
const TAKEN: &str = "EntityAlreadyExists";

/// A role of IAM: who may assume it, and what it may then do.
///
/// The role owns the policies that it is given here and no others: those that somebody else attaches
/// or writes into it stay, and are no drift, unless `exclusive` is set. It is done only when IAM
/// shows it. A destroy takes it out of instance profiles, too, which stay.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_role",
    proof = tags,
    id = "arn",
    refresh = "2 + inline_policies, and 1 with exclusive",
    identity("name"),
    moves("hashicorp/aws aws_iam_role.name"),
    consistency_seconds = 5
)]
pub struct Role {
    /// The name, unique within the account whatever its letter case. Another name means another role.
    #[model(
        required,
        replace,
        pattern("^[A-Za-z0-9_+=,.@-]{1,64}$", "1 to 64 letters, digits or characters of _+=,.@-")
    )]
    pub name: String,
    /// The path before the name in the ARN, such as `/ci/`.
    #[model(optional, default = "/", replace, length(1, 512), rule = planning::is_path)]
    pub path: String,
    /// What the role is for.
    #[model(optional, default = "", length(0, 1000), rule = planning::is_description)]
    pub description: String,
    /// Who may assume the role: an object in the grammar of IAM, or a text in JSON. What means the
    /// same is no change.
    #[model(required, same = policy::same_values)]
    pub trust_policy: Option<Value>,
    /// What the role may do, by name: an object whose values are policies, each an object in the
    /// grammar of IAM or a text in JSON.
    #[model(optional, same = planning::same_policies)]
    pub inline_policies: Option<Value>,
    /// The ARNs of managed policies that the role is given.
    #[model(optional, rule = planning::are_policies)]
    pub managed_policies: Option<BTreeSet<String>>,
    /// Whether the role is to have no other policies than these: what somebody else has given it
    /// then shows in the plan, and is taken from it.
    #[model(optional, default = false, config_only)]
    pub exclusive: bool,
    /// The ARN of the policy that bounds what the role can ever do.
    #[model(optional, rule = planning::is_policy)]
    pub permissions_boundary_arn: Option<String>,
    /// How long a session of the role can last.
    #[model(optional, default = 3600, range(3600, 43200))]
    pub max_session_seconds: i32,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The unique id, which begins with `AROA`.
    #[model(computed)]
    pub role_id: Option<String>,
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
impl Resource for Role {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        // What an import finds is all the role's own.
        let is_import = state.arn.is_none();
        let extent = if is_import || state.exclusive { Extent::All } else { Extent::Own };
        let seen = observed::look(&call.scope, state, extent).await?;
        Ok(seen.map(|seen| seen.object(call, state).0))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let Some(seen) = observed::look(&call.scope, plan, Extent::Own).await? else {
            return Ok(Vec::new());
        };
        let (object, mark) = seen.object(call, plan);
        let complete = object.has_policies_of(plan);
        let label = object.name.clone();
        Ok(vec![Found { object, mark, complete, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let description = Some(plan.description.clone()).filter(|text| !text.is_empty());
        let request = call
            .scope
            .once()
            .iam()
            .create_role()
            .role_name(&plan.name)
            .path(&plan.path)
            .set_description(description)
            .assume_role_policy_document(plan.trust()?)
            .max_session_duration(plan.max_session_seconds)
            .set_permissions_boundary(plan.permissions_boundary_arn.clone())
            .set_tags(Some(iam_tags(&plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async { Ok(answer.await?.role.map(|role| (Some(role.arn), Some(role.role_id)))) }
        };
        let look = || async {
            let made: Option<Self> = made_here(call, plan).await?;
            Ok(made.map(|made| (made.arn, made.role_id)))
        };
        // The boundary may be a policy that IAM does not see yet.
        let patience = |error: &_| match is_too_early(error) || is_code(error, &GONE) {
            true => WITHIN_SERVICE,
            false => Duration::ZERO,
        };
        let made = make_once(call, patience, &[TAKEN], send, look).await?;
        if made.as_ref().is_err_and(|error| is_code(error, &[TAKEN])) {
            return Err(taken(call, &plan.name).into());
        }
        (state.arn, state.role_id) = made.at(&call.scope)?.unwrap_or_default();
        let bare = Self { inline_policies: None, managed_policies: None, ..state.clone() };
        state.clone_from(&bare);
        changes::give(call, &bare, plan, state, changes::Role::Fresh).await?;
        state.finish(call, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        changes::bring(call, prior, plan, state).await?;
        changes::give(call, prior, plan, state, changes::Role::Known).await?;
        if plan.permissions_boundary_arn.is_none() {
            changes::bound(call, plan, state).await?;
        }
        state.finish(call, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        removal::remove(call, prior).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let there = iam_role::get(&call.scope, &state.name).await?;
        Ok(there.and_then(|role| tags::mark(&role.tags)))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl Role {
    fn trust(&self) -> Result<String, Failure> {
        let text = self.trust_policy.as_ref().and_then(document::text);
        text.ok_or_else(|| {
            let detail = "Say who may assume the role, as an object or as a text in JSON.";
            Diagnostic::error("no trust policy", detail).at_attribute("trust_policy").into()
        })
    }

    /// Whether it has all policies that another is to have, whatever they say.
    fn has_policies_of(&self, other: &Self) -> bool {
        let managed = |role: &Self| role.managed_policies.clone().unwrap_or_default();
        let inline = |role: &Self| planning::policies(role.inline_policies.as_ref());
        let (there, wanted) = (inline(self), inline(other));
        managed(other).is_subset(&managed(self)) && wanted.keys().all(|it| there.contains_key(it))
    }

    /// Notes that all is as planned, and waits until IAM shows it.
    async fn finish(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        *self = Self { arn: self.arn.clone(), role_id: self.role_id.clone(), ..plan.clone() };
        let wanted = &*self;
        settle(call, SETTLING, || async {
            let seen = observed::look(&call.scope, wanted, Extent::Own).await?;
            Ok(seen.is_some_and(|seen| seen.object(call, wanted).0.shows(wanted)))
        })
        .await
    }

    /// Whether a read shows the same.
    fn shows(&self, wanted: &Self) -> bool {
        let same = |one: &Option<Value>, other: &Option<Value>| match (one, other) {
            (Some(one), Some(other)) => policy::same_values(one, other),
            _ => false,
        };
        same(&self.trust_policy, &wanted.trust_policy)
            && planning::same_optional_policies(&self.inline_policies, &wanted.inline_policies)
            && self.managed_policies.clone().unwrap_or_default()
                == wanted.managed_policies.clone().unwrap_or_default()
            && self.permissions_boundary_arn == wanted.permissions_boundary_arn
            && self.description == wanted.description
            && self.max_session_seconds == wanted.max_session_seconds
            && self.tagging.tags_all == wanted.tagging.tags_all
    }
}

/// The roles of an account, without those that services keep for themselves.
#[derive(Clone, Debug, Default, Model)]
pub struct Roles {
    /// Only those below this path, such as `/ci/`.
    #[model(optional)]
    pub path_prefix: Option<String>,
    /// The account.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for Role {
    type Query = Roles;

    async fn list(call: &Call, query: &Roles, found: &Finder) -> Result<(), Failure> {
        let request = call.scope.iam().list_roles().set_path_prefix(query.path_prefix.clone());
        let mut pages = request.into_paginator().items().send();
        while let Some(role) = pages.next().await {
            let role = role.at(&call.scope)?;
            if !planning::is_reserved(&role.path) {
                found.tell(&role.role_name, &role.role_name).await;
            }
        }
        Ok(())
    }
}

fn taken(call: &Call, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("role {name} exists already"),
        format!(
            "A name stands for one role of an account, whatever its path and letter case ({}). Give \
             this one another name, or import the other. If this one replaces it under \
             create_before_destroy, it needs another name, too.",
            call.scope.place(),
        ),
    )
    .at_attribute("name")
}

#[cfg(test)]
mod tests;

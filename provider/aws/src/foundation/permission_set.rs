//! travel_permission_set: what people may do in an account, for IAM Identity Center to make a role of.
//!
//! Source: IAM Identity Center API reference, PermissionSet; its user guide, quotas.

mod content;
mod listing;
mod planning;
mod provisioning;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssoadmin::types::Tag;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::content::Content;
use super::identity_center::{ABSENT, CONFLICT, instance, is_instance, send};
use crate::consistency::{Call, answer_when_ready, made_here, make_once};
use crate::error::{Reply, incomplete, is_code};
use crate::tags::{TagChanges, Tags};
use crate::{Aws, Placement, Tagging, policy};

/// A permission set of IAM Identity Center: what those who have it may do in an account. It becomes a
/// role in every account that somebody is assigned it in.
///
/// After a change the roles are brought up to date in all of these accounts, and waited for. Accounts
/// that have fallen behind, because an apply was cut off or somebody else has changed the set, show as
/// `provisioned = false`, and the next apply brings them up to date.
///
/// Region and account are those that Identity Center is managed in: one region of the organization, in
/// the management account or the one it is delegated to.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_permission_set",
    id = "arn",
    proof = tags,
    refresh = "7",
    identity("region", "arn"),
    consistency_seconds = 5
)]
pub struct PermissionSet {
    /// The name, which is unique, and part of the roles' names. Another name means another set.
    #[model(
        required,
        replace,
        pattern("^[\\w+=,.@-]{1,32}$", "1 to 32 letters, digits or characters of _+=,.@-")
    )]
    pub name: String,
    /// What the set is for; by default its name.
    #[model(optional, computed, length(1, 700))]
    pub description: Option<String>,
    /// How long somebody stays signed in to an account, in minutes: one to twelve hours.
    #[model(optional, default = 60, range(60, 720))]
    pub session_minutes: u32,
    /// The address in the console that somebody gets to by signing in.
    #[model(
        optional,
        pattern(
            "^[a-zA-Z0-9&$@#\\\\/%?=~\\-_'\"|!:,.;*+\\[\\] (){}]{1,240}$",
            "an address of 1 to 240 characters"
        )
    )]
    pub relay_state: Option<String>,
    /// The ARNs of policies of AWS, such as `arn:aws:iam::aws:policy/ReadOnlyAccess`. With the
    /// customers' own there can be 20; IAM's quota of a role (10 unless raised) counts in each account.
    #[model(optional, default, rule = planning::are_policies_of_aws)]
    pub managed_policies: BTreeSet<String>,
    /// Policies of the accounts' own, by name and path. Each account must have them.
    #[model(optional, default)]
    pub customer_managed_policies: BTreeSet<CustomerManagedPolicy>,
    /// A policy of the set itself, in JSON: up to 10240 characters that are no white space.
    #[model(optional, rule = planning::is_inline_policy, same = policy::same_values)]
    pub inline_policy: Option<String>,
    /// The policy that bounds what the others allow.
    #[model(optional)]
    pub permissions_boundary: Option<Boundary>,
    /// The ARN of the instance of Identity Center; by default the only one here.
    #[model(optional, computed, replace, rule = is_instance)]
    pub instance_arn: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Whether every account that the set is assigned in has it as it is here.
    #[model(computed)]
    pub provisioned: Option<bool>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// A policy that each account has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct CustomerManagedPolicy {
    /// The name.
    #[model(
        required,
        pattern("^[\\w+=,.@-]{1,128}$", "1 to 128 letters, digits or characters of _+=,.@-")
    )]
    pub name: String,
    /// The path, which begins and ends with a slash.
    #[model(
        optional,
        default = "/",
        length(1, 512),
        pattern("^((/[A-Za-z0-9.,+@=_-]+)*)/$", "a path that begins and ends with /")
    )]
    pub path: String,
}

/// The policy that bounds a permission set: either one of AWS or one of the accounts' own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Boundary {
    /// The ARN of a policy of AWS.
    #[model(optional, rule = planning::is_policy_of_aws)]
    pub managed_policy: Option<String>,
    /// A policy of the accounts' own. Each account must have it.
    #[model(optional)]
    pub customer_managed_policy: Option<CustomerManagedPolicy>,
}

/// How long a set may still be held after its last assignment is gone.
const LETTING_GO: Duration = Duration::from_secs(60);

impl PermissionSet {
    fn arn(&self) -> &str {
        self.arn.as_deref().unwrap_or_default()
    }

    fn instance_arn(&self) -> &str {
        self.instance_arn.as_deref().unwrap_or_default()
    }

    fn content(&self) -> Content {
        Content {
            description: self.description.clone(),
            session_minutes: self.session_minutes,
            relay_state: self.relay_state.clone(),
            managed: self.managed_policies.clone(),
            customer_managed: self.customer_managed_policies.clone(),
            inline: self.inline_policy.clone(),
            boundary: self.permissions_boundary.clone(),
        }
    }

    fn set_content(&mut self, content: Content) {
        self.description = content.description;
        self.session_minutes = content.session_minutes;
        self.relay_state = content.relay_state;
        self.managed_policies = content.managed;
        self.customer_managed_policies = content.customer_managed;
        self.inline_policy = content.inline;
        self.permissions_boundary = content.boundary;
    }

    /// The set of this ARN, with its mark.
    async fn observe(
        call: &Call,
        instance_arn: &str,
        arn: &str,
        state: &Self,
    ) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let (seen, tags, is_behind) = futures::try_join!(
            content::observe(call, instance_arn, arn),
            tags_of(call, instance_arn, arn),
            provisioning::is_behind(call, instance_arn, arn),
        )?;
        let Some((name, content)) = seen else { return Ok(None) };
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags, &state.tagging, settings);
        let mut observed = Self {
            name,
            instance_arn: Some(instance_arn.to_owned()),
            arn: Some(arn.to_owned()),
            provisioned: Some(!is_behind),
            tagging,
            ..state.clone()
        };
        observed.set_content(content);
        Ok(Some((observed, mark)))
    }

    /// Makes the content what it is to be, and brings that to the accounts.
    async fn settle(&mut self, call: &Call, wanted: &Self) -> Result<(), Failure> {
        let (instance, arn) = (self.instance_arn().to_owned(), self.arn().to_owned());
        let mut there = self.content();
        let mended = content::mend(call, &instance, &arn, &mut there, &wanted.content()).await;
        self.set_content(there);
        self.provisioned = Some(false);
        mended?;
        provisioning::provision(call, &instance, &arn, &self.name).await?;
        self.provisioned = Some(true);
        Ok(())
    }
}

#[async_trait]
impl Resource for PermissionSet {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let observed = Self::observe(call, state.instance_arn(), state.arn(), state).await?;
        Ok(observed.map(|(set, _)| set))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let instance = instance(call, plan.instance_arn.as_deref()).await?;
        let Some(arn) = listing::by_name(&call.scope, &instance.arn, &plan.name).await? else {
            return Ok(Vec::new());
        };
        let seen = Self::observe(call, &instance.arn, &arn, plan).await?;
        let found =
            seen.map(|(object, mark)| Found { object, mark, complete: true, label: arn.clone() });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let instance = instance(call, plan.instance_arn.as_deref()).await?;
        let request = call
            .scope
            .once()
            .sso_admin()
            .create_permission_set()
            .instance_arn(&instance.arn)
            .name(&plan.name)
            .set_description(plan.description.clone())
            .session_duration(planning::duration(plan.session_minutes))
            .set_relay_state(plan.relay_state.clone())
            .set_tags(Some(tag_list(plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async { Ok(answer.await?.permission_set.and_then(|set| set.permission_set_arn)) }
        };
        let look = || async {
            let made: Option<Self> = made_here(call, plan).await?;
            Ok(made.and_then(|set| set.arn))
        };
        let made = make_once(call, |_| Duration::ZERO, &[CONFLICT], send, look).await?;
        state.arn = made.at(&call.scope)?;
        state.instance_arn = Some(instance.arn);
        state.set_content(Content {
            managed: BTreeSet::new(),
            customer_managed: BTreeSet::new(),
            inline: None,
            boundary: None,
            ..plan.content()
        });
        state.provisioned = Some(false);
        let mut there = state.content();
        let (instance, arn) = (state.instance_arn(), state.arn());
        let mended = content::mend(call, instance, arn, &mut there, &plan.content()).await;
        state.set_content(there);
        mended?;
        // Nobody has been assigned it yet.
        state.provisioned = Some(true);
        Ok(())
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        change_tags(call, prior, &changes).await?;
        state.tagging = plan.tagging.clone();
        let is_settled =
            prior.provisioned == Some(true) && content::same(&prior.content(), &plan.content());
        if !is_settled {
            state.settle(call, plan).await?;
        }
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let request = call
            .scope
            .sso_admin()
            .delete_permission_set()
            .instance_arn(prior.instance_arn())
            .permission_set_arn(prior.arn());
        let is_held = |error: &_| is_code(error, &[CONFLICT]);
        let answer =
            answer_when_ready(call, LETTING_GO, is_held, || request.clone().send()).await?;
        match answer {
            Err(error) if is_held(&error) => {
                Err(provisioning::still_assigned(call, prior).await?.into())
            }
            answer => answer.found(&call.scope, &[ABSENT]).map(drop),
        }
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = tags_of(call, state.instance_arn(), state.arn()).await?;
        Ok(crate::tags::mark(&tags))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

/// The tags of a set, none where it is gone.
async fn tags_of(call: &Call, instance_arn: &str, arn: &str) -> Result<Tags, Failure> {
    let request = call
        .scope
        .sso_admin()
        .list_tags_for_resource()
        .instance_arn(instance_arn)
        .resource_arn(arn);
    let mut pages = request.into_paginator().send();
    let mut tags = Tags::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &[ABSENT])? else { break };
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
    }
    Ok(tags)
}

async fn change_tags(
    call: &Call,
    set: &PermissionSet,
    changes: &TagChanges,
) -> Result<(), Failure> {
    let client = call.scope.sso_admin();
    if !changes.set.is_empty() {
        let request = client
            .tag_resource()
            .instance_arn(set.instance_arn())
            .resource_arn(set.arn())
            .set_tags(Some(tag_list(changes.set.clone())?));
        send(call, || request.clone().send()).await?;
    }
    if !changes.remove.is_empty() {
        let request = client
            .untag_resource()
            .instance_arn(set.instance_arn())
            .resource_arn(set.arn())
            .set_tag_keys(Some(changes.remove.clone()));
        send(call, || request.clone().send()).await?;
    }
    Ok(())
}

fn tag_list(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

#[cfg(test)]
mod tests;

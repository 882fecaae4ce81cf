//! travel_identity_group: a group of IAM Identity Center, with its members.
//!
//! Source: Identity Store API reference, Group and GroupMembership.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_identitystore::operation::create_group_membership::CreateGroupMembershipError;
use aws_sdk_identitystore::types::{ConflictExceptionReason, MemberId};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures::StreamExt;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use super::identity_center::{ABSENT, CONFLICT};
use super::identity_store::{
    by_attribute, differs, import_parts, operation, store, taken_over, text,
};
use crate::consistency::{Call, WITHIN_SERVICE, make_once, send_when_ready};
use crate::error::{Reply, is_code};
use crate::{Aws, Placement};

/// A group of IAM Identity Center's own directory, with its members.
///
/// Members that others have added stay, and are no drift, unless `exclusive` is set; a group that has
/// some is not destroyed. An import takes all members there are for the group's own.
///
/// Where users and groups come from an identity provider, they are made there, and only named here.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_identity_group",
    id = "group_id",
    proof = equality,
    refresh = "1, and 1 for each 100 members",
    identity("region", "identity_store_id", "group_id"),
    consistency_seconds = 3
)]
pub struct IdentityGroup {
    /// The name, unique in the directory, whatever the case of its letters. Can be changed in place.
    #[model(required, length(1, 1024), rule = is_name)]
    pub name: String,
    /// What the group is for.
    #[model(optional, length(1, 1024))]
    pub description: Option<String>,
    /// The ids of the users who are in it.
    #[model(optional, default)]
    pub members: BTreeSet<String>,
    /// Whether nobody else is to be in it.
    #[model(optional, default = false, config_only)]
    pub exclusive: bool,
    /// The ids of the users whom others have added.
    #[model(computed)]
    pub other_members: Option<BTreeSet<String>>,
    /// The identity store; by default that of the only instance of Identity Center here.
    #[model(optional, computed, replace, length(1, 64))]
    pub identity_store_id: Option<String>,
    /// The id of the group.
    #[model(computed)]
    pub group_id: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// How many memberships are changed side by side.
const SIDE_BY_SIDE: usize = 4;

impl IdentityGroup {
    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }

    fn store(&self) -> &str {
        self.identity_store_id.as_deref().unwrap_or_default()
    }

    /// The group of this id. Its members are those that `state` has, too; all where it is being
    /// imported.
    async fn observe(
        call: &Call,
        store: &str,
        id: &str,
        state: &Self,
    ) -> Result<Option<Self>, Failure> {
        let client = call.scope.identity_store();
        let request = client.describe_group().identity_store_id(store).group_id(id);
        let (group, memberships) = futures::join!(request.send(), memberships(call, store, id));
        let Some(group) = group.found(&call.scope, &[ABSENT])? else { return Ok(None) };
        let is_own = |id: &String| state.name.is_empty() || state.members.contains(id);
        let (members, others) = memberships?.into_keys().partition(is_own);
        Ok(Some(Self {
            name: group.display_name.unwrap_or_default(),
            description: group.description,
            members,
            other_members: Some(others),
            identity_store_id: Some(store.to_owned()),
            group_id: Some(id.to_owned()),
            ..state.clone()
        }))
    }

    /// The group of the planned name.
    async fn by_name(call: &Call, store: &str, plan: &Self) -> Result<Option<Self>, Failure> {
        let request = call
            .scope
            .identity_store()
            .get_group_id()
            .identity_store_id(store)
            .alternate_identifier(by_attribute("displayName", &plan.name)?);
        let Some(found) = request.send().await.found(&call.scope, &[ABSENT])? else {
            return Ok(None);
        };
        Self::observe(call, store, &found.group_id, plan).await
    }

    /// Makes the members what they are to be; what is done is noted here.
    async fn change_members(
        &mut self,
        call: &Call,
        wanted: &BTreeSet<String>,
        exclusive: bool,
    ) -> Result<(), Failure> {
        let (store, id) = (self.store().to_owned(), self.id().to_owned());
        let there = memberships(call, &store, &id).await?;
        let missing = wanted.iter().filter(|user| !there.contains_key(*user)).cloned();
        let joined: Vec<_> = missing.map(|user| join(call, &store, &id, user)).collect();
        let mut joined = futures::stream::iter(joined).buffer_unordered(SIDE_BY_SIDE);
        let mut failed = None;
        self.members.extend(wanted.iter().filter(|user| there.contains_key(*user)).cloned());
        while let Some(result) = joined.next().await {
            match result {
                Ok(user) => drop(self.members.insert(user)),
                Err(failure) => drop(failed.get_or_insert(failure)),
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        for (user, membership) in there {
            let is_unwanted = exclusive || self.members.contains(&user);
            if wanted.contains(&user) || !is_unwanted {
                continue;
            }
            call.proceed()?;
            let client = call.scope.identity_store();
            let request = client.delete_group_membership().identity_store_id(&store);
            let request = request.membership_id(&membership);
            send_when_ready(
                call,
                WITHIN_SERVICE,
                |error| is_code(error, &[CONFLICT]),
                || async {
                    match request.clone().send().await {
                        Err(error) if is_code(&error, &[ABSENT]) => Ok(()),
                        answer => answer.map(drop),
                    }
                },
            )
            .await?;
            self.members.remove(&user);
        }
        self.members.retain(|user| wanted.contains(user));
        Ok(())
    }
}

#[async_trait]
impl Resource for IdentityGroup {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_destroy() {
            return;
        }
        if plan.is_replacement() {
            plan.set("group_id", Value::unknown());
        }
        let is_new = plan.is_create() || plan.is_replacement();
        let others = match plan.planned.get("exclusive").as_bool() {
            None => Value::unknown(),
            Some(exclusive) if exclusive || is_new => Value::set([]),
            Some(_) => plan.prior.get("other_members").clone(),
        };
        plan.set("other_members", others);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Self::observe(call, state.store(), state.id(), state).await
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let store = store(call, plan.identity_store_id.as_deref()).await?;
        let Some(object) = Self::by_name(call, &store, plan).await? else { return Ok(Vec::new()) };
        let what = format!("group {}", plan.name);
        let label = object.id().to_owned();
        let is_same = object.name == plan.name && object.description == plan.description;
        // An apply of ours that was cut off has added nobody else.
        if !is_same || object.other_members.iter().any(|others| !others.is_empty()) {
            let id = format!("{}/{store}/{label}", call.scope.region());
            return Err(differs(&what, "travel_identity_group", &id).into());
        }
        call.warn(taken_over(&what));
        Ok(vec![Found { object, mark: None, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let store = store(call, plan.identity_store_id.as_deref()).await?;
        let request = call
            .scope
            .once()
            .identity_store()
            .create_group()
            .identity_store_id(&store)
            .display_name(&plan.name)
            .set_description(plan.description.clone());
        let send = || {
            let answer = request.clone().send();
            async { Ok(Some(answer.await?.group_id)) }
        };
        // Nobody else had one of this name a moment ago.
        let look = || async {
            let made = Self::by_name(call, &store, plan).await?;
            let made = made.filter(|it| it.description == plan.description);
            Ok(made.and_then(|it| it.group_id))
        };
        let made = make_once(call, |_| Duration::ZERO, &[CONFLICT], send, look).await?;
        state.group_id = made.at(&call.scope)?;
        state.identity_store_id = Some(store);
        state.members.clear();
        state.other_members = Some(BTreeSet::new());
        state.change_members(call, &plan.members, plan.exclusive).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let mut changes = Vec::new();
        if prior.name != plan.name {
            changes.push(operation("displayName", text(&Some(plan.name.clone())))?);
        }
        if prior.description != plan.description {
            changes.push(operation("description", text(&plan.description))?);
        }
        if !changes.is_empty() {
            let request = call
                .scope
                .identity_store()
                .update_group()
                .identity_store_id(prior.store())
                .group_id(prior.id())
                .set_operations(Some(changes));
            request.send().await.at(&call.scope)?;
            state.name.clone_from(&plan.name);
            state.description.clone_from(&plan.description);
        }
        let has_others = prior.other_members.iter().any(|others| !others.is_empty());
        if prior.members != plan.members || plan.exclusive && has_others {
            state.change_members(call, &plan.members, plan.exclusive).await?;
        }
        state.exclusive = plan.exclusive;
        state.other_members.clone_from(&plan.other_members);
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.identity_store();
        let (store, id) = (prior.store(), prior.id());
        let there = memberships(call, store, id).await?;
        let others: Vec<&String> =
            there.keys().filter(|user| !prior.members.contains(*user)).collect();
        if !prior.exclusive && !others.is_empty() {
            return Err(still_used(prior, others.len()).into());
        }
        let request = client.delete_group().identity_store_id(store).group_id(id);
        request.send().await.found(&call.scope, &[ABSENT])?;
        let what = format!("the end of group {}", prior.name);
        call.wait_until(&what, Pace::QUICK, || async {
            let request = client.describe_group().identity_store_id(store).group_id(id);
            let seen = request.send().await.found(&call.scope, &[ABSENT])?;
            Ok(seen.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
        })
        .await
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (region, store, group) = import_parts(id).ok_or_else(|| {
            Diagnostic::error(
                format!("{id:?} names no group"),
                "A group is imported by IDENTITY_STORE_ID/GROUP_ID, or with its region, \
                 REGION/IDENTITY_STORE_ID/GROUP_ID.",
            )
        })?;
        let mut state =
            Self { identity_store_id: Some(store), group_id: Some(group), ..Self::default() };
        state.placement.region = region;
        Ok(state)
    }
}

/// The memberships of a group, by user; none where it is gone.
async fn memberships(
    call: &Call,
    store: &str,
    id: &str,
) -> Result<BTreeMap<String, String>, Failure> {
    let client = call.scope.identity_store();
    let request = client.list_group_memberships().identity_store_id(store).group_id(id);
    let pages = request.max_results(100).into_paginator().items().send();
    let all = pages.try_collect().await.found(&call.scope, &[ABSENT])?;
    let by_user = all.unwrap_or_default().into_iter().filter_map(|it| match it.member_id {
        Some(MemberId::UserId(user)) => Some((user, it.membership_id)),
        _ => None,
    });
    Ok(by_user.collect())
}

/// Takes a user into a group. That it is there already is what was wanted.
async fn join(call: &Call, store: &str, id: &str, user: String) -> Result<String, Failure> {
    call.proceed()?;
    let client = call.scope.identity_store();
    let request = client
        .create_group_membership()
        .identity_store_id(store)
        .group_id(id)
        .member_id(MemberId::UserId(user.clone()));
    // A user or group that was made a moment ago may not be seen yet, and another change of the same
    // group may be under way.
    let too_early = |error: &_| is_code(error, &[ABSENT, CONFLICT]);
    send_when_ready(call, Duration::from_secs(10), too_early, || async {
        match request.clone().send().await {
            Err(error) if is_member(&error) => Ok(()),
            answer => answer.map(drop),
        }
    })
    .await
    .map_err(|failure| failure.at_attribute("members"))?;
    Ok(user)
}

/// Whether the service says that a user is in the group already.
fn is_member(error: &SdkError<CreateGroupMembershipError, HttpResponse>) -> bool {
    match error.as_service_error() {
        Some(CreateGroupMembershipError::ConflictException(conflict)) => {
            conflict.reason() == Some(&ConflictExceptionReason::UniquenessConstraintViolation)
        }
        _ => false,
    }
}

fn still_used(group: &IdentityGroup, others: usize) -> Diagnostic {
    Diagnostic::error(
        format!("group {} has members of others", group.name),
        format!(
            "There are {others} that others have added. Have them removed, take them into members, or \
             set exclusive = true and apply that first.",
        ),
    )
}

/// The rule of a group's name.
fn is_name(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some("Administrator" | "AWSAdministrators") => {
            Err("another name: Administrator and AWSAdministrators are reserved".to_owned())
        }
        _ => Ok(()),
    }
}

//! A role as IAM shows it, with its policies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Role as ServiceRole;
use travel_framework::Failure;
use travel_framework::ownership::Mark;
use travel_value::Value;

use super::{Role, planning};
use crate::Scope;
use crate::consistency::Call;
use crate::error::Reply;
use crate::iam_role::{self, GONE, decoded};
use crate::policy::document;
use crate::tags::{Tagging, Tags};

/// Which policies of a role are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that the known role has.
    Own,
    /// All that there are.
    All,
}

/// A role with its policies.
pub struct Seen {
    role: ServiceRole,
    managed: BTreeSet<String>,
    inline: BTreeMap<String, String>,
}

/// The role that `known` names, with those policies; none where there is none.
///
/// # Errors
/// As the calls fail.
pub async fn look(scope: &Scope, known: &Role, extent: Extent) -> Result<Option<Seen>, Failure> {
    let name = &known.name;
    let Some(role) = iam_role::look(scope, name).await? else { return Ok(None) };
    let mut managed = attached(scope, name).await?;
    let names = match extent {
        Extent::All => written(scope, name).await?,
        Extent::Own => {
            let own = known.managed_policies.clone().unwrap_or_default();
            managed.retain(|arn| own.contains(arn));
            planning::policies(known.inline_policies.as_ref()).into_keys().collect()
        }
    };
    let texts = names.iter().map(|policy| inline(scope, name, policy));
    let texts = futures::future::try_join_all(texts).await?;
    let inline = names.into_iter().zip(texts);
    let inline = inline.filter_map(|(name, text)| Some((name, text?))).collect();
    Ok(Some(Seen { role, managed, inline }))
}

/// The ARNs of the policies that a role is given; none where there is no such role.
///
/// # Errors
/// As the call fails.
pub async fn attached(scope: &Scope, name: &str) -> Result<BTreeSet<String>, Failure> {
    let request = scope.iam().list_attached_role_policies().role_name(name);
    let found = request.into_paginator().items().send().try_collect().await;
    let found = found.found(scope, &GONE)?.unwrap_or_default();
    Ok(found.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

/// The names of the policies inside a role; none where there is no such role.
///
/// # Errors
/// As the call fails.
pub async fn written(scope: &Scope, name: &str) -> Result<BTreeSet<String>, Failure> {
    let request = scope.iam().list_role_policies().role_name(name);
    let found = request.into_paginator().items().send().try_collect().await;
    Ok(found.found(scope, &GONE)?.unwrap_or_default().into_iter().collect())
}

/// What a policy inside a role says; none where there is none of that name.
///
/// # Errors
/// As the call fails.
pub async fn inline(scope: &Scope, name: &str, policy: &str) -> Result<Option<String>, Failure> {
    let request = scope.iam().get_role_policy().role_name(name).policy_name(policy);
    let found = request.send().await.found(scope, &GONE)?;
    Ok(found.map(|found| decoded(&found.policy_document)))
}

impl Seen {
    /// The role, and the mark on it. `state` is the last known state.
    pub fn object(self, call: &Call, state: &Role) -> (Role, Option<Mark>) {
        let Self { role, managed, inline } = self;
        let tags: Tags = role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect();
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags, &state.tagging, settings);
        let trust = decoded(role.assume_role_policy_document.as_deref().unwrap_or_default());
        let before = state.trust_policy.as_ref().unwrap_or(&Value::Null);
        let has_managed = state.managed_policies.is_some() || !managed.is_empty();
        let object = Role {
            name: role.role_name,
            path: role.path,
            description: role.description.unwrap_or_default(),
            trust_policy: Some(document::like(before, &trust)),
            inline_policies: inline_policies(state.inline_policies.as_ref(), inline),
            managed_policies: has_managed.then_some(managed),
            exclusive: state.exclusive,
            permissions_boundary_arn: role
                .permissions_boundary
                .and_then(|boundary| boundary.permissions_boundary_arn),
            max_session_seconds: role.max_session_duration.unwrap_or(3600),
            arn: Some(role.arn),
            role_id: Some(role.role_id),
            tagging,
            placement: state.placement.clone(),
            lifecycle: state.lifecycle.clone(),
        };
        (object, mark)
    }
}

/// Policies by name as an attribute, each in the form that it had before.
fn inline_policies(before: Option<&Value>, texts: BTreeMap<String, String>) -> Option<Value> {
    if before.is_none() && texts.is_empty() {
        return None;
    }
    let forms = before.unwrap_or(&Value::Null);
    let policies = texts.into_iter().map(|(name, text)| {
        let policy = document::like(forms.get(&name), &text);
        (name, policy)
    });
    Some(document::object(policies))
}

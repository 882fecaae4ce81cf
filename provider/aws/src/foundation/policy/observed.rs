//! A policy as IAM shows it.

use std::collections::BTreeSet;

use aws_sdk_iam::types::Policy as ServicePolicy;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use super::Policy;
use crate::Scope;
use crate::consistency::{Call, LISTED};
use crate::error::Reply;
use crate::iam_role::{GONE, decoded};
use crate::policy::document;
use crate::tags::{Tagging, Tags};

/// A policy with what its version in force says.
pub struct Seen {
    policy: ServicePolicy,
    document: String,
}

/// The policy of this ARN; none where there is none.
///
/// # Errors
/// As the calls fail, and where IAM shows a policy without what it says.
pub async fn look(call: &Call, arn: &str) -> Result<Option<Seen>, Failure> {
    // The version may be too new to be seen, or be another by now.
    let seen = call.find_until(Instant::now() + LISTED, || look_once(&call.scope, arn)).await?;
    seen.ok_or_else(|| {
        Diagnostic::error(
            format!("policy {arn} shows no version"),
            format!(
                "IAM knows the policy, but not the version that is in force ({}). Try again in a \
                 minute.",
                call.scope.place(),
            ),
        )
        .into()
    })
}

/// As [`look`]; nothing where the version is not seen.
async fn look_once(scope: &Scope, arn: &str) -> Result<Option<Option<Seen>>, Failure> {
    let answer = scope.iam().get_policy().policy_arn(arn).send().await.found(scope, &GONE)?;
    let Some(policy) = answer.and_then(|answer| answer.policy) else { return Ok(Some(None)) };
    let version = policy.default_version_id.clone().unwrap_or_default();
    let request = scope.iam().get_policy_version().policy_arn(arn).version_id(version);
    let answer = request.send().await.found(scope, &GONE)?;
    let document = answer.and_then(|answer| answer.policy_version?.document);
    Ok(document.map(|document| Some(Seen { policy, document: decoded(&document) })))
}

impl Seen {
    /// The policy, and the mark on it. `state` is the last known state.
    pub fn object(self, call: &Call, state: &Policy) -> (Policy, Option<Mark>) {
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags(&self.policy), &state.tagging, settings);
        let Self { policy, document } = self;
        let before = state.policy.as_ref().unwrap_or(&Value::Null);
        let object = Policy {
            name: policy.policy_name.unwrap_or_else(|| state.name.clone()),
            path: policy.path.unwrap_or_else(|| state.path.clone()),
            description: policy.description.unwrap_or_default(),
            policy: Some(document::like(before, &document)),
            arn: policy.arn,
            policy_id: policy.policy_id,
            default_version_id: policy.default_version_id,
            tagging,
            placement: state.placement.clone(),
            lifecycle: state.lifecycle.clone(),
        };
        (object, mark)
    }

    /// What the version in force says, and its id.
    pub fn version(self) -> (String, Option<String>) {
        (self.document, self.policy.default_version_id)
    }
}

/// The tags of a policy, marks included.
pub fn tags(policy: &ServicePolicy) -> Tags {
    policy.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// What a policy is attached to, or bounds.
///
/// # Errors
/// As the call fails.
pub async fn users(scope: &Scope, arn: &str) -> Result<BTreeSet<String>, Failure> {
    let mut pages = scope.iam().list_entities_for_policy().policy_arn(arn).into_paginator().send();
    let mut users = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(scope, &GONE)? else { break };
        let roles = page.policy_roles().iter().filter_map(|it| it.role_name());
        users.extend(roles.map(|name| format!("role {name}")));
        let names = page.policy_users().iter().filter_map(|it| it.user_name());
        users.extend(names.map(|name| format!("user {name}")));
        let groups = page.policy_groups().iter().filter_map(|it| it.group_name());
        users.extend(groups.map(|name| format!("group {name}")));
    }
    Ok(users)
}

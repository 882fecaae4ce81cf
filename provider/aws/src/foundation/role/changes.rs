//! What makes of a role what it is to be. What was done is noted as it is done.

use std::collections::BTreeSet;

use travel_framework::ownership;
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use super::observed;
use super::planning::policies;
use crate::consistency::Call;
use crate::error::Reply;
use crate::iam_role::{self, GONE, patiently};
use crate::policy::{self, document};

/// Whether others can have given the role something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was made just now.
    Fresh,
    /// It has been there.
    Known,
}

/// Changes the role itself: whom it trusts, what bounds it, what is said of it, and its tags.
///
/// # Errors
/// As the calls fail.
pub async fn bring(
    call: &Call,
    prior: &super::Role,
    plan: &super::Role,
    state: &mut super::Role,
) -> Result<(), Failure> {
    let (scope, name) = (&call.scope, &plan.name);
    let mut role = iam_role::Role {
        name: name.clone(),
        trust: prior.trust().unwrap_or_default(),
        ..iam_role::Role::default()
    };
    role.mend_trust(call, scope, &plan.trust()?)
        .await
        .map_err(|failure| failure.at_attribute("trust_policy"))?;
    state.trust_policy.clone_from(&plan.trust_policy);
    if plan.permissions_boundary_arn.is_some() {
        bound(call, plan, state).await?;
    }
    let told = |role: &super::Role| (role.description.clone(), role.max_session_seconds);
    if told(prior) != told(plan) {
        let request = scope.iam().update_role().role_name(name).description(&plan.description);
        let request = request.max_session_duration(plan.max_session_seconds);
        patiently(call, scope, || request.clone().send()).await?;
        (state.description, state.max_session_seconds) = told(plan);
    }
    let generation = prior.lifecycle.generation.as_deref();
    let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
    role.retag(call, scope, &changes).await?;
    state.tagging = plan.tagging.clone();
    Ok(())
}

/// Makes what bounds the role what it is to be. One that comes does so before the role is given more,
/// one that goes after something was taken from it.
///
/// # Errors
/// As the call fails.
pub async fn bound(
    call: &Call,
    plan: &super::Role,
    state: &mut super::Role,
) -> Result<(), Failure> {
    if state.permissions_boundary_arn == plan.permissions_boundary_arn {
        return Ok(());
    }
    let (scope, name) = (&call.scope, &plan.name);
    match &plan.permissions_boundary_arn {
        Some(arn) => {
            let request = scope.iam().put_role_permissions_boundary().role_name(name);
            let request = request.permissions_boundary(arn);
            let answer = patiently(call, scope, || request.clone().send()).await;
            answer.map_err(|failure| failure.at_attribute("permissions_boundary_arn"))?;
        }
        None => {
            let request = scope.iam().delete_role_permissions_boundary().role_name(name);
            request.send().await.found(scope, &GONE)?;
        }
    }
    state.permissions_boundary_arn.clone_from(&plan.permissions_boundary_arn);
    Ok(())
}

/// Gives the role the policies that it is to have, and takes those from it that it had before.
///
/// # Errors
/// As the calls fail, and where somebody else has written a policy of such a name into it.
pub async fn give(
    call: &Call,
    prior: &super::Role,
    plan: &super::Role,
    state: &mut super::Role,
    role: Role,
) -> Result<(), Failure> {
    give_managed(call, prior, plan, state).await?;
    let (before, after) =
        (policies(prior.inline_policies.as_ref()), policies(plan.inline_policies.as_ref()));
    for (name, policy) in &after {
        let known = before.get(name);
        if known.is_some_and(|known| policy::same_values(known, policy)) {
            continue;
        }
        let Some(text) = document::text(policy) else { continue };
        let there = match (known, role) {
            (None, Role::Known) => observed::inline(&call.scope, &plan.name, name).await?,
            _ => None,
        };
        match there {
            Some(there) if policy::same(&there, &text) => {}
            Some(_) if !plan.exclusive => return Err(not_ours(call, &plan.name, name).into()),
            _ => put(call, &plan.name, name, &text).await?,
        }
        note(state, name, Some(policy));
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        let request = call.scope.iam().delete_role_policy().role_name(&plan.name);
        let request = request.policy_name(name);
        request.send().await.found(&call.scope, &GONE)?;
        note(state, name, None);
    }
    Ok(())
}

async fn give_managed(
    call: &Call,
    prior: &super::Role,
    plan: &super::Role,
    state: &mut super::Role,
) -> Result<(), Failure> {
    let scope = &call.scope;
    let set = |role: &super::Role| role.managed_policies.clone().unwrap_or_default();
    let (before, after) = (set(prior), set(plan));
    // Where a role has as many as it can, one has to go before another comes.
    for arn in before.difference(&after) {
        call.proceed()?;
        let request = scope.iam().detach_role_policy().role_name(&plan.name).policy_arn(arn);
        request.send().await.found(scope, &GONE)?;
        state.managed_policies.get_or_insert_default().remove(arn);
    }
    for arn in after.difference(&before) {
        let request = scope.iam().attach_role_policy().role_name(&plan.name).policy_arn(arn);
        let attached = patiently(call, scope, || request.clone().send()).await;
        attached.map_err(|failure| failure.at_attribute("managed_policies"))?;
        state.managed_policies.get_or_insert_with(BTreeSet::new).insert(arn.clone());
    }
    Ok(())
}

async fn put(call: &Call, role: &str, name: &str, text: &str) -> Result<(), Failure> {
    let request = call.scope.iam().put_role_policy().role_name(role);
    let request = request.policy_name(name).policy_document(text);
    let answer = patiently(call, &call.scope, || request.clone().send()).await;
    answer.map(drop).map_err(|failure| failure.at_attribute("inline_policies"))
}

/// Notes that the role has this policy now, or has it no longer.
fn note(state: &mut super::Role, name: &str, policy: Option<&Value>) {
    let mut there = policies(state.inline_policies.as_ref());
    match policy {
        Some(policy) => there.insert(name.to_owned(), policy.clone()),
        None => there.remove(name),
    };
    state.inline_policies = Some(document::object(there));
}

fn not_ours(call: &Call, role: &str, policy: &str) -> Diagnostic {
    let remedy = format!(
        "Give yours another name, remove the other, or set exclusive = true, by which all policies \
         of the role are its own ({}).",
        call.scope.place(),
    );
    ownership::taken(&format!("inline policy {policy} of role {role}"), None, &remedy)
        .at_attribute("inline_policies")
}

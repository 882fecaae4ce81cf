//! The end of a role: what is its own is taken from it, then it is deleted.

use travel_framework::Failure;
use travel_framework::wait::{Look, Pace};

use super::{Role, observed, planning};
use crate::Scope;
use crate::consistency::Call;
use crate::error::Reply;
use crate::iam_role::{self, GONE};

/// Deletes a role with its own policies; with `exclusive`, with all that it has.
///
/// # Errors
/// As the calls fail, and where others have given the role policies.
pub async fn remove(call: &Call, role: &Role) -> Result<(), Failure> {
    let (scope, name) = (&call.scope, &role.name);
    let mut managed = role.managed_policies.clone().unwrap_or_default();
    let mut inline: std::collections::BTreeSet<String> =
        planning::policies(role.inline_policies.as_ref()).into_keys().collect();
    if role.exclusive {
        managed.extend(observed::attached(scope, name).await?);
        inline.extend(observed::written(scope, name).await?);
    }
    for arn in &managed {
        call.proceed()?;
        let request = scope.iam().detach_role_policy().role_name(name).policy_arn(arn);
        request.send().await.found(scope, &GONE)?;
    }
    for policy in &inline {
        call.proceed()?;
        let request = scope.iam().delete_role_policy().role_name(name).policy_name(policy);
        request.send().await.found(scope, &GONE)?;
    }
    leave_profiles(scope, name).await?;
    let taken = managed.into_iter().chain(inline).collect();
    iam_role::delete(call, scope, name, &taken).await?;
    call.wait_until(&format!("the end of role {name}"), Pace::QUICK, || async {
        let there = iam_role::look(scope, name).await?;
        Ok(there.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
    })
    .await
}

/// Takes the role out of the instance profiles that hold it.
async fn leave_profiles(scope: &Scope, name: &str) -> Result<(), Failure> {
    let request = scope.iam().list_instance_profiles_for_role().role_name(name);
    let profiles = request.into_paginator().items().send().try_collect().await;
    for profile in profiles.found(scope, &GONE)?.unwrap_or_default() {
        let request = scope.iam().remove_role_from_instance_profile().role_name(name);
        let request = request.instance_profile_name(profile.instance_profile_name);
        request.send().await.found(scope, &GONE)?;
    }
    Ok(())
}

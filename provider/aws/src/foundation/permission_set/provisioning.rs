//! Bringing a permission set to the accounts that it is assigned in.

use std::collections::BTreeSet;

use aws_sdk_ssoadmin::types::{ProvisionTargetType, ProvisioningStatus};
use travel_framework::{Diagnostic, Failure};

use super::PermissionSet;
use crate::consistency::Call;
use crate::error::Reply;
use crate::foundation::identity_center::{ABSENT, Progress, outcome, send};

/// Whether an account has the set otherwise than it is.
///
/// # Errors
/// Where the call fails.
pub async fn is_behind(call: &Call, instance: &str, arn: &str) -> Result<bool, Failure> {
    let behind = ProvisioningStatus::LatestPermissionSetNotProvisioned;
    Ok(!accounts(call, instance, arn, Some(behind)).await?.is_empty())
}

/// Brings the set to all accounts that have it, and waits for them.
///
/// # Errors
/// Where a call or the provisioning fails, with the reason that the service gives.
pub async fn provision(call: &Call, instance: &str, arn: &str, name: &str) -> Result<(), Failure> {
    if accounts(call, instance, arn, None).await?.is_empty() {
        return Ok(());
    }
    let client = call.scope.sso_admin();
    let request = client
        .provision_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn)
        .target_type(ProvisionTargetType::AllProvisionedAccounts);
    let asked = send(call, || request.clone().send()).await?.permission_set_provisioning_status;
    let id = asked.and_then(|it| it.request_id).unwrap_or_default();
    let what = format!("permission set {name} in its accounts");
    let describe = client
        .describe_permission_set_provisioning_status()
        .instance_arn(instance)
        .provision_permission_set_request_id(id);
    let look = || {
        let answer = describe.clone().send();
        async {
            let status = answer.await.at(&call.scope)?.permission_set_provisioning_status;
            let (status, reason) =
                status.map(|it| (it.status, it.failure_reason)).unwrap_or_default();
            Ok(Progress { status, reason })
        }
    };
    let Err(reason) = outcome(call, &what, look).await? else { return Ok(()) };
    let behind = ProvisioningStatus::LatestPermissionSetNotProvisioned;
    let behind = accounts(call, instance, arn, Some(behind)).await?;
    Err(Diagnostic::error(
        format!("permission set {name} was not provisioned everywhere"),
        format!(
            "It is changed, but not in {} ({reason}). A policy of the accounts' own must be there \
             in each of them, by the same name and path. Mend that and apply again.",
            in_words(&behind),
        ),
    )
    .into())
}

/// The error for a set that somebody still has.
///
/// # Errors
/// Where a call fails.
pub async fn still_assigned(call: &Call, set: &PermissionSet) -> Result<Diagnostic, Failure> {
    let accounts = accounts(call, set.instance_arn(), set.arn(), None).await?;
    Ok(Diagnostic::error(
        format!("permission set {} is still assigned", set.name),
        format!(
            "Somebody has it in {}. Remove these assignments first: what others have assigned is \
             theirs to remove.",
            in_words(&accounts),
        ),
    ))
}

fn in_words(accounts: &BTreeSet<String>) -> String {
    match accounts.len() {
        0 => "an account".to_owned(),
        1 => format!("account {}", accounts.iter().next().map_or("", String::as_str)),
        _ => {
            let ids: Vec<&str> = accounts.iter().map(String::as_str).collect();
            format!("accounts {}", ids.join(", "))
        }
    }
}

/// The accounts that have the set, as it is or otherwise; none where it is gone.
async fn accounts(
    call: &Call,
    instance: &str,
    arn: &str,
    status: Option<ProvisioningStatus>,
) -> Result<BTreeSet<String>, Failure> {
    let request = call
        .scope
        .sso_admin()
        .list_accounts_for_provisioned_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn)
        .set_provisioning_status(status);
    let mut pages = request.into_paginator().send();
    let mut accounts = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &[ABSENT])? else { break };
        accounts.extend(page.account_ids.unwrap_or_default());
    }
    Ok(accounts)
}

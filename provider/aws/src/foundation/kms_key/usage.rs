//! What a key still encrypts, as far as a bounded number of calls can tell.
//!
//! Nothing lists what a key has encrypted. What can be told: grants, which EKS, RDS, DynamoDB, EFS
//! and most services hold on the keys of what lives; encrypted volumes and snapshots; log groups.
//! What cannot: objects in buckets, queues, secrets and parameters, which use a key on behalf of
//! whoever reads them. For those there is the time of the key's last use, as a warning.

use aws_smithy_types::date_time::Format;
use travel_framework::{Diagnostic, Failure};

use super::{KmsKey, replicas};
use crate::Scope;
use crate::consistency::Call;
use crate::ec2::filter;
use crate::error::Reply;

/// How many pages of each list are read: more would make a destroy of a large account endless.
const MOST_PAGES: usize = 20;
/// How many users an error names.
const MOST_NAMED: usize = 10;

/// What a search found.
#[derive(Debug, Default)]
struct Users {
    names: Vec<String>,
    /// Lists that were longer than what was read.
    unread: Vec<&'static str>,
}

/// Refuses to delete a key, or a replica of it, that something still uses.
pub async fn refuse_if_used(call: &Call, key: &KmsKey) -> Result<(), Failure> {
    let label = key.arn.clone().unwrap_or_default();
    refuse(call, &call.scope, key.key_id()?, &label).await?;
    for region in key.replicas.iter().flatten().map(|(region, _)| region) {
        refuse_if_replica_used(call, key, region).await?;
    }
    Ok(())
}

/// Refuses to delete the replica in a region that something still uses there.
pub async fn refuse_if_replica_used(
    call: &Call,
    key: &KmsKey,
    region: &str,
) -> Result<(), Failure> {
    let scope = call.scope.in_region(region);
    refuse(call, &scope, key.key_id()?, &replicas::label(key, region)).await
}

async fn refuse(call: &Call, scope: &Scope, key: &str, label: &str) -> Result<(), Failure> {
    let users = search(scope, key).await?;
    if !users.names.is_empty() {
        let more = users.names.len().saturating_sub(MOST_NAMED);
        let mut named: Vec<String> = users.names.into_iter().take(MOST_NAMED).collect();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        return Err(Diagnostic::error(
            format!("{label} still encrypts something"),
            format!(
                "Without the key it could never be read again: {} ({}). Remove or re-encrypt it \
                 first; or set force_destroy = true, apply, and destroy: the key can be \
                 returned until its deletion window is over.",
                named.join("; "),
                scope.place(),
            ),
        )
        .at_attribute("force_destroy")
        .into());
    }
    let mut hints = users.unread;
    let used = last_used(scope, key).await;
    hints.extend(used.as_deref());
    if !hints.is_empty() {
        call.warn(Diagnostic::warning(
            format!("{label} may still be in use"),
            format!(
                "Nothing was found that it encrypts, but {}. It can be returned until its \
                 deletion window is over.",
                hints.join(", and "),
            ),
        ));
    }
    Ok(())
}

async fn search(scope: &Scope, key: &str) -> Result<Users, Failure> {
    let mut users = Users::default();
    grants(scope, key, &mut users).await?;
    volumes(scope, key, &mut users).await?;
    snapshots(scope, key, &mut users).await?;
    log_groups(scope, key, &mut users).await?;
    Ok(users)
}

async fn grants(scope: &Scope, key: &str, users: &mut Users) -> Result<(), Failure> {
    let mut pages = scope.kms().list_grants().key_id(key).limit(100).into_paginator().send();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { return Ok(()) };
        for grant in page.at(scope)?.grants.unwrap_or_default() {
            let grantee = grant.grantee_principal.or(grant.grantee_service_principal);
            let name = grant.name.filter(|name| !name.is_empty()).or(grant.grant_id);
            users.names.push(format!(
                "grant {} to {}",
                name.unwrap_or_default(),
                grantee.unwrap_or_default(),
            ));
        }
    }
    users.unread.push("it has more grants than were read");
    Ok(())
}

async fn volumes(scope: &Scope, key: &str, users: &mut Users) -> Result<(), Failure> {
    let encrypted = filter("encrypted", "true");
    let request = scope.ec2().describe_volumes().filters(encrypted).max_results(500);
    let mut pages = request.into_paginator().send();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { return Ok(()) };
        for volume in page.at(scope)?.volumes.unwrap_or_default() {
            if is_key(volume.kms_key_id.as_deref(), key) {
                users.names.push(format!("volume {}", volume.volume_id.unwrap_or_default()));
            }
        }
    }
    users.unread.push("there are more encrypted volumes than were read");
    Ok(())
}

async fn snapshots(scope: &Scope, key: &str, users: &mut Users) -> Result<(), Failure> {
    let encrypted = filter("encrypted", "true");
    let request =
        scope.ec2().describe_snapshots().owner_ids("self").filters(encrypted).max_results(1000);
    let mut pages = request.into_paginator().send();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { return Ok(()) };
        for snapshot in page.at(scope)?.snapshots.unwrap_or_default() {
            if is_key(snapshot.kms_key_id.as_deref(), key) {
                users.names.push(format!("snapshot {}", snapshot.snapshot_id.unwrap_or_default()));
            }
        }
    }
    users.unread.push("there are more encrypted snapshots than were read");
    Ok(())
}

async fn log_groups(scope: &Scope, key: &str, users: &mut Users) -> Result<(), Failure> {
    let mut pages = scope.logs().describe_log_groups().limit(50).into_paginator().send();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { return Ok(()) };
        for group in page.at(scope)?.log_groups.unwrap_or_default() {
            if is_key(group.kms_key_id.as_deref(), key) {
                users.names.push(format!("log group {}", group.log_group_name.unwrap_or_default()));
            }
        }
    }
    users.unread.push("there are more log groups than were read");
    Ok(())
}

/// Whether what a service calls its key, an id or an ARN, is this one.
fn is_key(named: Option<&str>, key: &str) -> bool {
    named.is_some_and(|named| named == key || named.ends_with(&format!(":key/{key}")))
}

/// When the key was last used, in words. It is a hint only, so that credentials that may not ask,
/// or a KMS that cannot answer, are no reason to keep the key.
async fn last_used(scope: &Scope, key: &str) -> Option<String> {
    let answer = scope.kms().get_key_last_usage().key_id(key).send().await;
    let usage = match answer.at(scope) {
        Ok(answer) => answer.key_last_usage?,
        Err(failure) => {
            tracing::debug!("the last use of key {key} is unknown: {}", failure.into_diagnostic());
            return None;
        }
    };
    let when = usage.timestamp?.fmt(Format::DateTime).ok()?;
    let what = usage.operation.as_ref().map_or("a call", |operation| operation.as_str());
    Some(format!("its last use ({what}) was at {when}"))
}

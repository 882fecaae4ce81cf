//! A secret's replicas in other regions: copies that follow it, each under a key of its region.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::types::{ReplicaRegionType, ReplicationStatusType, StatusType};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model};

use super::observed::look;
use super::writing::is_too_early;
use super::{DEFAULT_KEY, SETTLING, Secret, gone, same_key};
use crate::consistency::{Call, make_once};
use crate::error::Reply;

/// A copy of the secret in another region.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct SecretReplica {
    /// The key of that region that encrypts it: its id, ARN or alias; by default
    /// `alias/aws/secretsmanager`. Another key means another copy.
    #[model(optional, same = same_key, length(1, 2048))]
    pub kms_key_id: Option<String>,
}

impl SecretReplica {
    fn is_like(&self, status: &ReplicationStatusType) -> bool {
        let key = |key: Option<&str>| key.unwrap_or(DEFAULT_KEY).into();
        same_key(&key(self.kms_key_id.as_deref()), &key(status.kms_key_id.as_deref()))
    }
}

/// Makes and removes replicas until they are as planned, and waits until all have the value.
/// `state` follows.
pub async fn bring(call: &Call, plan: &Secret, state: &mut Secret) -> Result<(), Failure> {
    let none = BTreeMap::new();
    let wanted = plan.replicas.as_ref().unwrap_or(&none);
    if wanted.is_empty() && state.replicas.as_ref().is_none_or(BTreeMap::is_empty) {
        return Ok(());
    }
    let seen = look(&call.scope, state.id()).await?.ok_or_else(|| gone(&state.name, call))?;
    let (mut leaving, mut staying) = (Vec::new(), Vec::new());
    for replica in seen.replication() {
        let Some(region) = replica.region.clone() else { continue };
        let is_wanted = wanted.get(&region).is_some_and(|wanted| wanted.is_like(replica));
        // One that could not be made is in the way of the next attempt.
        let stays = is_wanted && replica.status != Some(StatusType::Failed);
        let list = if stays { &mut staying } else { &mut leaving };
        list.push(region);
    }
    remove(call, state, leaving.clone()).await?;
    if let Some(replicas) = &mut state.replicas {
        replicas.retain(|region, _| !leaving.contains(region));
    }
    let missing: Vec<ReplicaRegionType> = wanted
        .iter()
        .filter(|(region, _)| !staying.contains(region))
        .map(|(region, replica)| {
            let one = ReplicaRegionType::builder().region(region);
            one.set_kms_key_id(replica.kms_key_id.clone()).build()
        })
        .collect();
    if !missing.is_empty() {
        replicate(call, plan, state.id(), missing).await?;
        state.replicas = Some(wanted.clone());
    }
    let failed = wait(call, state, wanted).await?;
    if let Some((region, reason)) = failed.first() {
        if let Some(replicas) = &mut state.replicas {
            replicas.retain(|region, _| failed.iter().all(|(failed, _)| failed != region));
        }
        return Err(not_made(plan, region, reason).into());
    }
    Ok(())
}

/// Asks for replicas. Asked twice for the same, the service would refuse: after a lost answer it is
/// the secret that tells.
async fn replicate(
    call: &Call,
    plan: &Secret,
    id: &str,
    missing: Vec<ReplicaRegionType>,
) -> Result<(), Failure> {
    let regions: Vec<String> = missing.iter().filter_map(|one| one.region.clone()).collect();
    let request = call
        .scope
        .once()
        .secrets_manager()
        .replicate_secret_to_regions()
        .secret_id(id)
        .set_add_replica_regions(Some(missing))
        .force_overwrite_replica_secret(plan.force_overwrite_replicas);
    let send = || {
        let answer = request.clone().send();
        async { answer.await.map(|_| Some(())) }
    };
    let asked_before = || async {
        let there = left(call, id, &regions).await?;
        Ok((there.len() == regions.len()).then_some(()))
    };
    let patience = |error: &_| if is_too_early(error) { SETTLING } else { Duration::ZERO };
    let sent = Box::pin(make_once(call, patience, &[], send, asked_before)).await?;
    sent.at(&call.scope).map(drop).map_err(|failure| failure.at_attribute("replicas"))
}

/// Those among the regions that the secret has a replica in, be it a failed one.
async fn left(call: &Call, id: &str, regions: &[String]) -> Result<Vec<String>, Failure> {
    let seen = look(&call.scope, id).await?;
    let mut there = seen.map(|seen| seen.replica_regions()).unwrap_or_default();
    there.retain(|region| regions.contains(region));
    Ok(there)
}

/// Removes replicas, and waits until the secret has them no more.
pub async fn remove(call: &Call, secret: &Secret, regions: Vec<String>) -> Result<(), Failure> {
    if regions.is_empty() {
        return Ok(());
    }
    call.proceed()?;
    let request = call
        .scope
        .secrets_manager()
        .remove_regions_from_replication()
        .secret_id(secret.id())
        .set_remove_replica_regions(Some(regions.clone()));
    let answer = request.send().await;
    // What an earlier attempt has removed already, the service knows no more.
    if answer.is_err() && !left(call, secret.id(), &regions).await?.is_empty() {
        answer.at(&call.scope)?;
    }
    let what = format!("the end of the replicas of secret {}", secret.name);
    call.wait_until(&what, Pace::QUICK, || async {
        let there = left(call, secret.id(), &regions).await?;
        Ok(match there.is_empty() {
            true => Look::Done(()),
            false => Look::Pending(format!("there in {}", there.join(", "))),
        })
    })
    .await
}

/// Waits until each replica is made or has failed: the regions of those that have, each with why.
async fn wait(
    call: &Call,
    secret: &Secret,
    wanted: &BTreeMap<String, SecretReplica>,
) -> Result<Vec<(String, String)>, Failure> {
    let what = format!("the replicas of secret {}", secret.name);
    call.wait_until(&what, Pace::QUICK, || async {
        let seen = look(&call.scope, secret.id()).await?;
        let seen = seen.ok_or_else(|| gone(&secret.name, call))?;
        let (mut failed, mut pending) = (Vec::new(), Vec::new());
        for region in wanted.keys() {
            let mut all = seen.replication().iter();
            let replica = all.find(|replica| replica.region.as_ref() == Some(region));
            match replica.and_then(|replica| replica.status.as_ref()) {
                Some(StatusType::InSync) => {}
                Some(StatusType::Failed) => {
                    let reason = replica.and_then(|replica| replica.status_message.clone());
                    failed.push((region.clone(), reason.unwrap_or_default()));
                }
                _ => pending.push(region.as_str()),
            }
        }
        Ok(match pending.is_empty() {
            true => Look::Done(failed),
            false => Look::Pending(format!("in progress in {}", pending.join(", "))),
        })
    })
    .await
}

fn not_made(secret: &Secret, region: &str, reason: &str) -> Diagnostic {
    let remedy = match secret.force_overwrite_replicas {
        true => "Apply again once that is mended.",
        false => {
            "Where another secret has this name there, remove it, or set \
             force_overwrite_replicas = true to have it replaced."
        }
    };
    Diagnostic::error(
        format!("secret {} has no replica in {region}", secret.name),
        format!("{} {remedy}", reason.trim_end()).trim().to_owned(),
    )
    .at_attribute("replicas")
}

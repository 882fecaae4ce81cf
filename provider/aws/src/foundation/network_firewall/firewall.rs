//! The firewall itself: looking at it, its subnets, its protections, and waiting for its endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_networkfirewall::types::{
    ConfigurationSyncState, Firewall, FirewallStatus, FirewallStatusValue, IpAddressType,
    SubnetMapping,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, ownership};

use super::groups::CONTENDED;
use super::parts::{GONE, HELD, INVALID, STALE, is_own};
use super::{NetworkFirewall, tags, wire};
use crate::consistency::Call;
use crate::error::{Answer, Reply, incomplete, is_code};
use crate::tags::{Tags, mark};

/// A firewall as the service has it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What to give back with a change.
    pub token: String,
    /// What it is.
    pub firewall: Firewall,
    /// How it stands.
    pub status: FirewallStatus,
    /// Its tags.
    pub tags: Tags,
}

impl Seen {
    pub fn subnet_ids(&self) -> BTreeSet<String> {
        self.firewall.subnet_mappings.iter().map(|it| it.subnet_id.clone()).collect()
    }

    /// Where what it takes of a kind of address is not the same everywhere, that of the first subnet
    /// that differs from `usual`.
    pub fn ip_address_type(&self, usual: &str) -> String {
        let kinds = self.firewall.subnet_mappings.iter().map(kind_of);
        let mut others = kinds.filter(|kind| kind != usual);
        others.next().unwrap_or_else(|| match self.firewall.subnet_mappings.is_empty() {
            true => String::new(),
            false => usual.to_owned(),
        })
    }

    /// The ids of its endpoints by zone.
    pub fn endpoints(&self) -> BTreeMap<String, String> {
        let states = self.status.sync_states.iter().flatten();
        states
            .filter_map(|(zone, state)| {
                Some((zone.clone(), state.attachment.as_ref()?.endpoint_id.clone()?))
            })
            .collect()
    }

    /// Whether it is being deleted.
    pub fn is_going(&self) -> bool {
        self.status.status == FirewallStatusValue::Deleting
    }
}

fn kind_of(mapping: &SubnetMapping) -> String {
    mapping.ip_address_type.as_ref().map_or("IPV4", |kind| kind.as_str()).to_owned()
}

/// The firewall of this name, be it on its way out; none where it is gone.
///
/// # Errors
/// Where the call fails.
pub async fn look(call: &Call, name: &str) -> Result<Option<Seen>, Failure> {
    let request = call.scope.network_firewall().describe_firewall().firewall_name(name);
    let Some(answer) = request.send().await.found(&call.scope, &[GONE])? else { return Ok(None) };
    let (Some(firewall), Some(status)) = (answer.firewall, answer.firewall_status) else {
        return Ok(None);
    };
    let tags = tags::from_service(firewall.tags.clone());
    let token = answer.update_token.unwrap_or_default();
    Ok(Some(Seen { token, firewall, status, tags }))
}

/// Makes the firewall what it is to be, and waits until it is that.
///
/// # Errors
/// Where a call fails, or a firewall of another owner has the name.
pub async fn bring(
    call: &Call,
    wanted: &NetworkFirewall,
    policy_arn: &str,
    before: &[String],
) -> Result<(), Failure> {
    let mut there = look(call, &wanted.name).await?;
    if there.as_ref().is_some_and(Seen::is_going) {
        wait_until_gone(call, &wanted.name).await?;
        there = None;
    }
    let seen = match there {
        Some(seen) => seen,
        None => create(call, wanted, policy_arn).await?,
    };
    let mark = mark(&seen.tags);
    if !is_own(call, mark.as_ref()) {
        let remedy = "Import it, or choose another name.";
        let object = format!("firewall {}", wanted.name);
        return Err(ownership::taken(&object, mark.as_ref(), remedy).into());
    }
    let seen = wait_until_ready(call, &wanted.name).await?;
    protect(call, &seen, wanted, false).await?;
    change(call, wanted, |seen| {
        let is_there = seen.firewall.firewall_policy_arn == policy_arn;
        let client = call.scope.network_firewall();
        let request = client.associate_firewall_policy().firewall_name(&wanted.name);
        (!is_there)
            .then(|| request.firewall_policy_arn(policy_arn).update_token(&seen.token).send())
    })
    .await?;
    bring_subnets(call, wanted).await?;
    bring_face(call, wanted).await?;
    let seen = wait_until_ready(call, &wanted.name).await?;
    protect(call, &seen, wanted, true).await?;
    let arn = seen.firewall.firewall_arn.clone().unwrap_or_default();
    tags::bring(call, &arn, &seen.tags, wanted, before).await
}

async fn create(call: &Call, wanted: &NetworkFirewall, policy_arn: &str) -> Result<Seen, Failure> {
    let kind = IpAddressType::from(wanted.ip_address_type.as_str());
    let mappings = wanted.subnet_ids.iter().map(|id| mapping(id, &kind));
    let mappings: Vec<_> = mappings.collect::<Result<_, Failure>>()?;
    let encryption =
        wire::encryption(wanted.kms_key_arn.as_deref()).map_err(|error| incomplete(&error))?;
    let request = call
        .scope
        .network_firewall()
        .create_firewall()
        .firewall_name(&wanted.name)
        .firewall_policy_arn(policy_arn)
        .vpc_id(&wanted.vpc_id)
        .set_subnet_mappings(Some(mappings))
        .description(&wanted.description)
        .delete_protection(wanted.delete_protection)
        .subnet_change_protection(wanted.subnet_change_protection)
        .firewall_policy_change_protection(wanted.policy_change_protection)
        .encryption_configuration(encryption)
        .set_tags(Some(tags::to_service(wanted.tagging.for_create(&call.claim))?));
    let answer = request.send().await;
    // The first answer may have been lost.
    if answer.as_ref().is_err_and(|error| is_code(error, &[INVALID]))
        && let Some(seen) = look(call, &wanted.name).await?
    {
        return Ok(seen);
    }
    answer.at(&call.scope)?;
    call.wait_until(&format!("firewall {}", wanted.name), Pace::QUICK, || async {
        let seen = look(call, &wanted.name).await?;
        Ok(seen.map_or_else(|| Look::Pending("not there yet".to_owned()), Look::Done))
    })
    .await
}

fn mapping(id: &str, kind: &IpAddressType) -> Result<SubnetMapping, Failure> {
    let built = SubnetMapping::builder().subnet_id(id).ip_address_type(kind.clone()).build();
    built.map_err(|error| incomplete(&error))
}

/// Sends a change with the token of the last look, and looks anew where somebody else was faster, or
/// the firewall is in the midst of another change; `request` gives none where nothing is to be done.
pub async fn change<T, E, F>(
    call: &Call,
    wanted: &NetworkFirewall,
    request: impl Fn(&Seen) -> Option<F>,
) -> Result<(), Failure>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let until = (Instant::now() + CONTENDED).min(call.deadline);
    let mut attempt = 0;
    loop {
        call.proceed()?;
        let seen = look(call, &wanted.name).await?.ok_or_else(|| gone(&wanted.name))?;
        let Some(sent) = request(&seen) else { return Ok(()) };
        match sent.await {
            Err(error) if is_code(&error, &[STALE, HELD]) && Instant::now() < until => {
                call.pause(Pace::QUICK.pause(attempt)).await?;
                attempt += 1;
            }
            answer => return answer.at(&call.scope).map(drop),
        }
    }
}

/// Brings the endpoints to their subnets: first where there is room, so that traffic has a way, then
/// away from others, and last to zones that another subnet has had.
async fn bring_subnets(call: &Call, wanted: &NetworkFirewall) -> Result<(), Failure> {
    let seen = look(call, &wanted.name).await?.ok_or_else(|| gone(&wanted.name))?;
    let keeps = |it: &&SubnetMapping| {
        wanted.subnet_ids.contains(&it.subnet_id) && kind_of(it) == wanted.ip_address_type
    };
    let mappings = &seen.firewall.subnet_mappings;
    let kept: BTreeSet<String> =
        mappings.iter().filter(keeps).map(|it| it.subnet_id.clone()).collect();
    let leaving: BTreeSet<String> = seen.subnet_ids().difference(&kept).cloned().collect();
    let coming: BTreeSet<String> = wanted.subnet_ids.difference(&kept).cloned().collect();
    if leaving.is_empty() && coming.is_empty() {
        return Ok(());
    }
    let zones = zones_of(call, leaving.union(&coming).cloned().collect()).await?;
    let taken: BTreeSet<&String> = leaving.iter().filter_map(|id| zones.get(id)).collect();
    let waits = |id: &String| zones.get(id).is_some_and(|zone| taken.contains(zone));
    let (later, first): (BTreeSet<_>, BTreeSet<_>) = coming.into_iter().partition(waits);
    associate(call, wanted, &first).await?;
    disassociate(call, wanted, &leaving).await?;
    associate(call, wanted, &later).await
}

async fn zones_of(call: &Call, ids: Vec<String>) -> Result<BTreeMap<String, String>, Failure> {
    let filter =
        aws_sdk_ec2::types::Filter::builder().name("subnet-id").set_values(Some(ids)).build();
    // A filter, unlike ids, does not fail where a subnet is gone.
    let mut pages = call.scope.ec2().describe_subnets().filters(filter).into_paginator().send();
    let mut zones = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for subnet in page.at(&call.scope)?.subnets.unwrap_or_default() {
            zones.extend(subnet.subnet_id.zip(subnet.availability_zone));
        }
    }
    Ok(zones)
}

async fn associate(
    call: &Call,
    wanted: &NetworkFirewall,
    ids: &BTreeSet<String>,
) -> Result<(), Failure> {
    let kind = IpAddressType::from(wanted.ip_address_type.as_str());
    let mappings = ids.iter().map(|id| mapping(id, &kind));
    let mappings: Vec<SubnetMapping> = mappings.collect::<Result<_, Failure>>()?;
    change(call, wanted, |seen| {
        let there = seen.subnet_ids();
        let new = mappings.iter().filter(|it| !there.contains(&it.subnet_id));
        let new: Vec<_> = new.cloned().collect();
        let request = call.scope.network_firewall().associate_subnets();
        let request = request.firewall_name(&wanted.name).update_token(&seen.token);
        (!new.is_empty()).then(|| request.set_subnet_mappings(Some(new)).send())
    })
    .await?;
    wait_until_ready(call, &wanted.name).await.map(drop)
}

async fn disassociate(
    call: &Call,
    wanted: &NetworkFirewall,
    ids: &BTreeSet<String>,
) -> Result<(), Failure> {
    change(call, wanted, |seen| {
        let leaving: Vec<String> = seen.subnet_ids().intersection(ids).cloned().collect();
        let request = call.scope.network_firewall().disassociate_subnets();
        let request = request.firewall_name(&wanted.name).update_token(&seen.token);
        (!leaving.is_empty()).then(|| request.set_subnet_ids(Some(leaving)).send())
    })
    .await?;
    wait_until_ready(call, &wanted.name).await.map(drop)
}

async fn bring_face(call: &Call, wanted: &NetworkFirewall) -> Result<(), Failure> {
    let client = call.scope.network_firewall();
    change(call, wanted, |seen| {
        let is_same =
            seen.firewall.description.as_deref().unwrap_or_default() == wanted.description;
        let request = client.update_firewall_description().firewall_name(&wanted.name);
        let request = request.description(&wanted.description).update_token(&seen.token);
        (!is_same).then(|| request.send())
    })
    .await?;
    let key = wanted.kms_key_arn.as_deref();
    let encryption = wire::encryption(key).map_err(|error| incomplete(&error))?;
    change(call, wanted, |seen| {
        let there = wire::key_in(seen.firewall.encryption_configuration.as_ref());
        let request = client.update_firewall_encryption_configuration();
        let request = request.firewall_name(&wanted.name).update_token(&seen.token);
        let request = request.encryption_configuration(encryption.clone());
        (there.as_deref() != key).then(|| request.send())
    })
    .await
}

/// Sets the protections that are wanted (`on`), or lifts those that are not.
async fn protect(
    call: &Call,
    seen: &Seen,
    wanted: &NetworkFirewall,
    on: bool,
) -> Result<(), Failure> {
    let client = call.scope.network_firewall();
    let differs = |there: bool, wanted: bool| there != wanted && wanted == on;
    if differs(seen.firewall.delete_protection, wanted.delete_protection) {
        protect_from_deletion(call, wanted, on).await?;
    }
    if differs(seen.firewall.subnet_change_protection, wanted.subnet_change_protection) {
        change(call, wanted, |seen| {
            let request = client.update_subnet_change_protection().firewall_name(&wanted.name);
            let request = request.subnet_change_protection(on).update_token(&seen.token);
            (seen.firewall.subnet_change_protection != on).then(|| request.send())
        })
        .await?;
    }
    if differs(seen.firewall.firewall_policy_change_protection, wanted.policy_change_protection) {
        change(call, wanted, |seen| {
            let request = client.update_firewall_policy_change_protection();
            let request = request.firewall_name(&wanted.name).update_token(&seen.token);
            let request = request.firewall_policy_change_protection(on);
            (seen.firewall.firewall_policy_change_protection != on).then(|| request.send())
        })
        .await?;
    }
    Ok(())
}

/// Sets or lifts the protection from deletion.
///
/// # Errors
/// Where the call fails.
pub async fn protect_from_deletion(
    call: &Call,
    wanted: &NetworkFirewall,
    on: bool,
) -> Result<(), Failure> {
    change(call, wanted, |seen| {
        let request = call.scope.network_firewall().update_firewall_delete_protection();
        let request = request.firewall_name(&wanted.name).update_token(&seen.token);
        (seen.firewall.delete_protection != on).then(|| request.delete_protection(on).send())
    })
    .await
}

/// Waits until all endpoints are there and follow the policy.
async fn wait_until_ready(call: &Call, name: &str) -> Result<Seen, Failure> {
    call.wait_until(&format!("firewall {name}"), Pace::SLOW, || async {
        let seen = look(call, name).await?.ok_or_else(|| gone(name))?;
        let status = &seen.status;
        let count = seen.status.sync_states.as_ref().map_or(0, |states| states.len());
        let is_complete = count == seen.firewall.subnet_mappings.len()
            && seen.endpoints().len() == seen.firewall.subnet_mappings.len();
        match (&status.status, &status.configuration_sync_state_summary) {
            (FirewallStatusValue::Failed, _) => Err(failed(&seen).into()),
            (FirewallStatusValue::Ready, ConfigurationSyncState::CapacityConstrained) => {
                Err(Diagnostic::error(
                    format!("firewall {name} has not enough capacity"),
                    "Its rules refer to more addresses than it can resolve (the summary of its \
                     status is CAPACITY_CONSTRAINED). Refer to smaller sets of addresses.",
                )
                .into())
            }
            (FirewallStatusValue::Ready, ConfigurationSyncState::InSync) if is_complete => {
                Ok(Look::Done(seen))
            }
            (status, sync) => Ok(Look::Pending(format!("{}, {}", status.as_str(), sync.as_str()))),
        }
    })
    .await
}

/// Waits until the firewall is gone, and its endpoints with it.
///
/// # Errors
/// Where a look fails.
pub async fn wait_until_gone(call: &Call, name: &str) -> Result<(), Failure> {
    call.wait_until(&format!("deletion of firewall {name}"), Pace::SLOW, || async {
        Ok(match look(call, name).await? {
            None => Look::Done(()),
            Some(seen) if seen.status.status == FirewallStatusValue::Failed => {
                return Err(failed(&seen).into());
            }
            Some(_) => Look::Pending("still there".to_owned()),
        })
    })
    .await
}

fn failed(seen: &Seen) -> Diagnostic {
    let states = seen.status.sync_states.iter().flatten();
    let reasons: Vec<String> = states
        .filter_map(|(zone, state)| {
            Some(format!("{zone}: {}", state.attachment.as_ref()?.status_message.as_ref()?))
        })
        .collect();
    Diagnostic::error(
        format!("firewall {} has failed", seen.firewall.firewall_name.as_deref().unwrap_or("")),
        format!("AWS says: {}. Mend that, and apply again.", reasons.join("; ")),
    )
}

fn gone(name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("firewall {name} is gone"),
        "It was deleted while it was changed. Apply again to make it anew.",
    )
}

//! Taking away what is no longer wanted: the firewall first, its policies then, their rule groups last.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use travel_framework::{Diagnostic, Failure};

use super::observed::Part;
use super::parts::{GONE, HELD, Kind, group_arn, groups_of, is_policy_name, key_of};
use super::{NetworkFirewall, firewall, groups, logging, policy};
use crate::consistency::{Call, answer_when_ready};
use crate::error::{Reply, is_code};

/// How many parts are looked at side by side.
const SIDE_BY_SIDE: usize = 4;

/// The policies and rule groups that belong to the firewall of this name, policies first.
///
/// # Errors
/// Where a call fails.
pub async fn own_parts(call: &Call, name: &str) -> Result<Vec<Part>, Failure> {
    parts_beside(call, name, &BTreeSet::new()).await
}

/// The same without those of these ARNs: what a change that was cut off has not removed any more.
///
/// # Errors
/// Where a call fails.
pub async fn parts_beside(
    call: &Call,
    name: &str,
    used: &BTreeSet<String>,
) -> Result<Vec<Part>, Failure> {
    let (mut parts, groups) =
        futures::try_join!(own_policies(call, name, used), own_groups(call, name, used))?;
    parts.extend(groups);
    Ok(parts)
}

async fn own_policies(
    call: &Call,
    name: &str,
    used: &BTreeSet<String>,
) -> Result<Vec<Part>, Failure> {
    let client = call.scope.network_firewall();
    let mut pages = client.list_firewall_policies().max_results(100).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        for policy in page.at(&call.scope)?.firewall_policies.unwrap_or_default() {
            if policy.name.is_some_and(|it| is_policy_name(name, &it)) {
                arns.extend(policy.arn);
            }
        }
    }
    arns.retain(|arn| !used.contains(arn));
    let looks = arns.into_iter().map(|arn| async move {
        let seen = policy::look(call, &arn).await?;
        Ok::<_, Failure>(seen.and_then(|seen| Part::own(call, arn, seen.tags)))
    });
    let found: Vec<_> = futures::stream::iter(looks).buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn own_groups(
    call: &Call,
    name: &str,
    used: &BTreeSet<String>,
) -> Result<Vec<Part>, Failure> {
    let client = call.scope.network_firewall();
    let mut pages = client.list_rule_groups().max_results(100).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        for group in page.at(&call.scope)?.rule_groups.unwrap_or_default() {
            if group.name.is_some_and(|it| key_of(name, &it).is_some()) {
                arns.extend(group.arn);
            }
        }
    }
    arns.retain(|arn| !used.contains(arn));
    let looks = arns.into_iter().map(|arn| async move {
        let seen = groups::look(call, &arn).await?;
        Ok::<_, Failure>(seen.and_then(|seen| Part::own(call, arn, seen.tags)))
    });
    let found: Vec<_> = futures::stream::iter(looks).buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Removes the firewall's own policies and rule groups that it does not use any more.
///
/// # Errors
/// Where a call fails.
pub async fn remove_leftovers(call: &Call, wanted: &NetworkFirewall) -> Result<(), Failure> {
    let own = groups_of(wanted).into_iter();
    let own = own.map(|(kind, _, name): (Kind, _, _)| group_arn(call, kind, &name));
    let used: BTreeSet<String> = own.chain([policy::arn(call, wanted)]).collect();
    for part in own_policies(call, &wanted.name, &used).await? {
        call.proceed()?;
        policy::delete(call, &part.arn).await?;
    }
    for part in own_groups(call, &wanted.name, &used).await? {
        call.proceed()?;
        groups::delete(call, &part.arn).await?;
    }
    Ok(())
}

/// Removes all of it, and waits until it is gone.
///
/// # Errors
/// Where the firewall is protected and the protection is not to be lifted; where a call fails.
pub async fn remove(call: &Call, prior: &NetworkFirewall) -> Result<(), Failure> {
    if let Some(seen) = firewall::look(call, &prior.name).await? {
        if !seen.is_going() {
            if seen.firewall.delete_protection {
                if !prior.force_destroy {
                    return Err(protected(prior).into());
                }
                firewall::protect_from_deletion(call, prior, false).await?;
            }
            // The service deletes no firewall that still logs.
            logging::bring(call, &prior.name, None).await?;
            delete_firewall(call, prior).await?;
        }
        firewall::wait_until_gone(call, &prior.name).await?;
    }
    let none = BTreeSet::new();
    for part in own_policies(call, &prior.name, &none).await? {
        call.proceed()?;
        policy::delete(call, &part.arn).await?;
    }
    for part in own_groups(call, &prior.name, &none).await? {
        call.proceed()?;
        groups::delete(call, &part.arn).await?;
    }
    Ok(())
}

async fn delete_firewall(call: &Call, prior: &NetworkFirewall) -> Result<(), Failure> {
    let request = call.scope.network_firewall().delete_firewall().firewall_name(&prior.name);
    let is_held = |error: &_| is_code(error, &[HELD]);
    let answer =
        answer_when_ready(call, groups::CONTENDED, is_held, || request.clone().send()).await?;
    match answer {
        // It is on its way already where the first answer was lost.
        Err(error) if is_held(&error) => {
            let seen = firewall::look(call, &prior.name).await?;
            match seen.is_none_or(|seen| seen.is_going()) {
                true => Ok(()),
                false => Err(error).at(&call.scope),
            }
        }
        answer => answer.found(&call.scope, &[GONE]).map(drop),
    }
}

fn protected(prior: &NetworkFirewall) -> Diagnostic {
    Diagnostic::error(
        format!("firewall {} is protected from deletion", prior.name),
        "Set delete_protection = false and apply, or set force_destroy = true and apply, and then \
         destroy it.",
    )
    .at_attribute("delete_protection")
}

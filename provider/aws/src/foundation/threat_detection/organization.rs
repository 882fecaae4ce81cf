//! GuardDuty across an organization: who administers it, and who takes part.
//!
//! Source: GuardDuty user guide, "Managing GuardDuty accounts with AWS Organizations".

use std::collections::BTreeMap;

use aws_sdk_guardduty::types::{
    AutoEnableMembers, OrgFeature, OrgFeatureStatus, OrganizationFeatureConfiguration,
    UnprocessedAccount,
};
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use super::{OrganizationWide, REFUSED};
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply, is_code, message};

/// For whom something is turned on.
const CHOICES: [&str; 3] = ["ALL", "NEW", "NONE"];
/// How many members a call takes.
const AT_ONCE: usize = 50;
/// What GuardDuty says to an account that does not administer it.
const NO_ADMINISTRATOR: &str = "administrator";
/// What it says of an administrator that is none, or is one already.
const DONE: [&str; 2] = ["is not currently enabled", "already enabled"];

/// The rule of an attribute that says for whom what is turned on.
pub fn are_choices(value: &Value) -> Result<(), String> {
    let mut chosen = value.entries().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    match chosen.find(|chosen| !CHOICES.contains(chosen)) {
        Some(other) => Err(format!("ALL, NEW or NONE for each, which {other:?} is none of")),
        None => Ok(()),
    }
}

/// Who administers GuardDuty for the organization in this region.
pub async fn administrator(call: &Call) -> Result<Option<String>, Failure> {
    let client = call.scope.guardduty();
    let mut pages = client.list_organization_admin_accounts().into_paginator().items().send();
    while let Some(account) = pages.next().await {
        let account = account.at(&call.scope)?;
        if account.admin_status.is_some_and(|status| status.as_str() == "ENABLED") {
            return Ok(account.admin_account_id);
        }
    }
    Ok(None)
}

/// As [`administrator`]; none where this account is not told.
pub async fn administrator_if_told(call: &Call) -> Result<Option<String>, Failure> {
    let answer = call.scope.guardduty().list_organization_admin_accounts().send().await;
    match answer.found(&call.scope, &[REFUSED, "AccessDeniedException"])? {
        Some(_) => administrator(call).await,
        None => Ok(None),
    }
}

/// Has an account administer GuardDuty.
pub async fn enable_administrator(call: &Call, account: &str) -> Result<(), Failure> {
    if administrator(call).await?.as_deref() == Some(account) {
        return Ok(());
    }
    let client = call.scope.guardduty();
    let request = client.enable_organization_admin_account().admin_account_id(account);
    // One that was just disabled may still stand in the way.
    let too_early = |error: &_| is_code(error, &[REFUSED]) && message(error).contains(DONE[1]);
    send_when_ready(call, WITHIN_SERVICE, too_early, || request.clone().send()).await.map(drop)
}

/// Has an account administer GuardDuty no more.
pub async fn disable_administrator(call: &Call, account: &str) -> Result<(), Failure> {
    let client = call.scope.guardduty();
    let request = client.disable_organization_admin_account().admin_account_id(account);
    match request.send().await {
        Err(error) if is_code(&error, &[REFUSED]) && message(&error).contains(DONE[0]) => Ok(()),
        answer => answer.at(&call.scope).map(drop),
    }
}

/// Whether this account administers GuardDuty for the organization.
pub async fn administers(call: &Call, detector: &str) -> Result<bool, Failure> {
    let request = call.scope.guardduty().describe_organization_configuration();
    match request.detector_id(detector).send().await {
        Ok(_) => Ok(true),
        Err(error) if is_code(&error, &[REFUSED]) => Ok(false),
        Err(error) => Err(crate::error::failure(&error, &call.scope.place())),
    }
}

/// Who takes part, as far as that is `known` to be ours, else as far as it is turned on; none where this
/// account does not administer it.
pub async fn read(
    call: &Call,
    detector: &str,
    known: Option<&OrganizationWide>,
) -> Result<Option<OrganizationWide>, Failure> {
    let request = call.scope.guardduty().describe_organization_configuration();
    let mut pages = request.detector_id(detector).into_paginator().send();
    let mut members = String::new();
    let mut features = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error)
                if is_code(&error, &[REFUSED]) && message(&error).contains(NO_ADMINISTRATOR) =>
            {
                return Ok(None);
            }
            page => page.at(&call.scope)?,
        };
        if let Some(chosen) = page.auto_enable_organization_members {
            members = chosen.as_str().to_owned();
        }
        for feature in page.features.unwrap_or_default() {
            if let (Some(name), Some(chosen)) = (feature.name, feature.auto_enable) {
                features.insert(name.as_str().to_owned(), chosen.as_str().to_owned());
            }
        }
    }
    let Some(known) = known else {
        features.retain(|_, chosen| chosen != CHOICES[2]);
        let is_on = members != CHOICES[2] || !features.is_empty();
        let features = (!features.is_empty()).then_some(features);
        return Ok(is_on.then_some(OrganizationWide { members, features }));
    };
    let ours = known.features.as_ref().map(|ours| {
        features.retain(|name, _| ours.contains_key(name));
        features
    });
    Ok(Some(OrganizationWide { members, features: ours }))
}

/// Brings about who takes part: nobody more by itself, where nothing is wanted.
pub async fn bring(
    call: &Call,
    detector: &str,
    wanted: Option<&OrganizationWide>,
) -> Result<(), Failure> {
    let members = wanted.map_or("NONE", |wanted| wanted.members.as_str());
    let features = wanted.and_then(|wanted| wanted.features.as_ref()).map(|features| {
        let one = |(name, chosen): (&String, &String)| {
            OrganizationFeatureConfiguration::builder()
                .name(OrgFeature::from(name.as_str()))
                .auto_enable(OrgFeatureStatus::from(chosen.as_str()))
                .build()
        };
        features.iter().map(one).collect()
    });
    let request = call
        .scope
        .guardduty()
        .update_organization_configuration()
        .detector_id(detector)
        .auto_enable_organization_members(AutoEnableMembers::from(members))
        .set_features(features);
    // Who was just made the administrator may not be known as such yet.
    let too_early =
        |error: &_| is_code(error, &[REFUSED]) && message(error).contains(NO_ADMINISTRATOR);
    send_when_ready(call, WITHIN_SERVICE, too_early, || request.clone().send()).await.map(drop)
}

/// Lets all members go, which an administrator with members may not leave behind.
pub async fn end(call: &Call, detector: &str) -> Result<(), Failure> {
    bring(call, detector, None).await?;
    let client = call.scope.guardduty();
    let request = client.list_members().detector_id(detector).only_associated("false");
    let mut pages = request.into_paginator().items().send();
    let mut members = Vec::new();
    while let Some(member) = pages.next().await {
        members.extend(member.at(&call.scope)?.account_id);
    }
    for some in members.chunks(AT_ONCE) {
        call.proceed()?;
        let request = client.disassociate_members().detector_id(detector);
        let left = request.set_account_ids(Some(some.to_vec())).send().await.at(&call.scope)?;
        check_all_done(call, &left.unprocessed_accounts.unwrap_or_default())?;
        let request = client.delete_members().detector_id(detector);
        let left = request.set_account_ids(Some(some.to_vec())).send().await.at(&call.scope)?;
        check_all_done(call, &left.unprocessed_accounts.unwrap_or_default())?;
    }
    Ok(())
}

/// Fails where GuardDuty has left some accounts out.
fn check_all_done(call: &Call, left: &[UnprocessedAccount]) -> Result<(), Failure> {
    let said: Vec<String> = left
        .iter()
        .map(|it| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            format!("{} ({})", text(it.account_id()), text(it.result()))
        })
        .collect();
    match said[..] {
        [] => Ok(()),
        _ => Err(Diagnostic::error(
            "failed to let all members of GuardDuty go",
            format!("These stay, and why: {} ({}).", said.join(", "), call.scope.place()),
        )
        .into()),
    }
}

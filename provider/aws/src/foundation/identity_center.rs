//! What the pages of IAM Identity Center share: the instance they work in, and calls that the service
//! does not take while an earlier one is still being carried out.

use std::error::Error;
use std::time::Duration;

use aws_sdk_ssoadmin::types::{InstanceStatus, StatusValues};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use crate::consistency::{Call, answer_when_ready};
use crate::error::{Answer, Reply, is_code};
use crate::partition::Arn;

/// What says that something is not there.
pub const ABSENT: &str = "ResourceNotFoundException";
/// What says that something else is under way, or that something is there already.
pub const CONFLICT: &str = "ConflictException";
/// For how long another change of the same may be under way.
pub const BUSY: Duration = Duration::from_secs(600);

/// An instance of Identity Center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its ARN.
    pub arn: String,
    /// The id of its identity store.
    pub store_id: String,
}

/// The rule of an instance's ARN.
pub fn is_instance(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = |arn: Arn| arn.service == "sso" && arn.resource.starts_with("instance/");
    match Arn::parse(text).is_some_and(is_one) {
        true => Ok(()),
        false => Err("the ARN of an instance, as in arn:aws:sso:::instance/ssoins-…".to_owned()),
    }
}

/// The instance to work in: the one that is named, or the only one here.
///
/// # Errors
/// Where a call fails, or there is none, or several.
pub async fn instance(call: &Call, named: Option<&str>) -> Result<Instance, Failure> {
    let mut pages = call.scope.sso_admin().list_instances().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for it in page.at(&call.scope)?.instances.unwrap_or_default() {
            let is_usable = matches!(it.status, None | Some(InstanceStatus::Active));
            let (Some(arn), Some(store_id)) = (it.instance_arn, it.identity_store_id) else {
                continue;
            };
            if is_usable && named.is_none_or(|named| named == arn) {
                found.push(Instance { arn, store_id });
            }
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Diagnostic::error(
            "several instances of IAM Identity Center",
            format!("{} shows several. Name one as instance_arn.", call.scope.place()),
        )
        .at_attribute("instance_arn")
        .into()),
        (None, _) => Err(Diagnostic::error(
            "no IAM Identity Center here",
            format!(
                "There is {} in {}. Identity Center lives in one region of an organization, where \
                 it has to be enabled once, in the console, and is managed from the management \
                 account or the account it is delegated to: set region and account to these.",
                named.map_or("no instance".to_owned(), |arn| format!("no {arn}")),
                call.scope.place(),
            ),
        )
        .at_attribute("instance_arn")
        .into()),
    }
}

/// Sends a call, again while the service is still busy with another.
///
/// # Errors
/// The call's own failure; [`Failure::Interrupted`] when asked to stop.
pub async fn send<T, E, F>(call: &Call, request: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let is_busy = |error: &_| is_code(error, &[CONFLICT]);
    answer_when_ready(call, BUSY, is_busy, request).await?.at(&call.scope)
}

/// How a request that the service carries out in the background stands.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Its status.
    pub status: Option<StatusValues>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// Waits until a request has been carried out; tells why it failed.
///
/// # Errors
/// Where a look fails, the time is up, or the operation is asked to stop.
pub async fn outcome<F>(
    call: &Call,
    what: &str,
    look: impl Fn() -> F,
) -> Result<Result<(), String>, Failure>
where
    F: Future<Output = Result<Progress, Failure>> + Send,
{
    call.wait_until(what, Pace::QUICK, || {
        let look = look();
        async {
            let Progress { status, reason } = look.await?;
            Ok(match status {
                Some(StatusValues::Succeeded) => Look::Done(Ok(())),
                Some(StatusValues::Failed) => {
                    Look::Done(Err(reason.unwrap_or_else(|| "no reason given".to_owned())))
                }
                _ => Look::Pending("in progress".to_owned()),
            })
        }
    })
    .await
}

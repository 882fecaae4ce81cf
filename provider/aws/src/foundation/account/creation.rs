//! The making of an account: a request that the service works off in the background.

use aws_sdk_organizations::types::{
    CreateAccountFailureReason as Reason, CreateAccountState, CreateAccountStatus,
    IamUserAccessToBilling,
};
use tokio::time::Instant;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::Account;
use crate::consistency::{Call, LISTED, made_here};
use crate::error::Reply;
use crate::foundation::organizations::{send, service_tags};

/// How a request ended.
enum Ended {
    /// With an account of this id.
    Made(String),
    /// With none.
    Refused { request: String, reason: Option<Reason> },
}

/// Makes an account, and returns its id once it is there. The service makes a few at once, and
/// gives up on a request beyond that only afterwards: no account comes of it, so it is made again.
///
/// # Errors
/// Where the request is refused, or the service gives up on it: with its reason in words.
pub async fn create(call: &Call, plan: &Account) -> Result<String, Failure> {
    let name = &plan.name;
    let mut attempt = 0;
    loop {
        let (request, reason) = match request(call, plan).await? {
            Ended::Made(id) => return Ok(id),
            Ended::Refused { request, reason } => (request, reason),
        };
        // A request whose answer was lost was sent again: the account in the way is that of the first one.
        if reason == Some(Reason::EmailAlreadyExists) {
            let until = Instant::now() + LISTED;
            let made = call.find_until(until, || made_here::<Account>(call, plan)).await?;
            if let Some(id) = made.and_then(|account| account.id) {
                return Ok(id);
            }
        }
        let again = reason == Some(Reason::ConcurrentAccountModification);
        if !again || Instant::now() >= call.deadline {
            return Err(refusal(call, name, &request, reason.as_ref()).into());
        }
        tracing::info!("waiting to make account {name}: too many are being made at once");
        call.pause(Pace::SLOW.pause(attempt)).await?;
        attempt += 1;
    }
}

/// Asks for an account, and waits for what comes of it.
async fn request(call: &Call, plan: &Account) -> Result<Ended, Failure> {
    let client = call.scope.organizations();
    let tags = service_tags(&plan.tagging.for_create(&call.claim))?;
    let billing = if plan.billing_access {
        IamUserAccessToBilling::Allow
    } else {
        IamUserAccessToBilling::Deny
    };
    let requested = send(call, &[], || {
        client
            .create_account()
            .account_name(&plan.name)
            .email(&plan.email)
            .role_name(&plan.role_name)
            .iam_user_access_to_billing(billing.clone())
            .set_tags(Some(tags.clone()))
            .send()
    })
    .await?;
    let status = requested.create_account_status().cloned();
    finish(call, &plan.name, status).await
}

/// Waits for a request of this name that an apply before this one has left under way: its
/// account is not listed before it is done.
///
/// # Errors
/// Where the service cannot be asked.
pub async fn wait_for_others(call: &Call, name: &str) -> Result<(), Failure> {
    let client = call.scope.organizations();
    let mut pages = client
        .list_create_account_status()
        .states(CreateAccountState::InProgress)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for request in page.at(&call.scope)?.create_account_statuses() {
            if request.account_name() != Some(name) {
                continue;
            }
            // Whether it succeeds is for the look at the accounts to tell.
            if let Ended::Refused { request, reason } =
                finish(call, name, Some(request.clone())).await?
            {
                let refusal = refusal(call, name, &request, reason.as_ref());
                tracing::info!("an earlier request failed: {refusal}");
            }
        }
    }
    Ok(())
}

async fn finish(
    call: &Call,
    name: &str,
    status: Option<CreateAccountStatus>,
) -> Result<Ended, Failure> {
    let request = status.as_ref().and_then(|status| status.id()).unwrap_or_default().to_owned();
    let client = call.scope.organizations();
    let ended = call
        .wait_until(&format!("account {name}"), Pace::SLOW, || async {
            let answer = client
                .describe_create_account_status()
                .create_account_request_id(&request)
                .send()
                .await;
            // A new request may not be known everywhere yet.
            let found = answer.found(&call.scope, &["CreateAccountStatusNotFoundException"])?;
            let status = found.and_then(|found| found.create_account_status);
            Ok(match status {
                Some(status) if status.state() != Some(&CreateAccountState::InProgress) => {
                    Look::Done(status)
                }
                _ => Look::Pending("in progress".to_owned()),
            })
        })
        .await?;
    Ok(match ended.account_id().or_else(|| ended.gov_cloud_account_id()) {
        Some(id) if ended.state() == Some(&CreateAccountState::Succeeded) => {
            Ended::Made(id.to_owned())
        }
        _ => Ended::Refused { request, reason: ended.failure_reason },
    })
}

/// What the service's reason means, and what to do (AWS Organizations API reference,
/// CreateAccountStatus, FailureReason).
fn refusal(call: &Call, name: &str, request: &str, reason: Option<&Reason>) -> Diagnostic {
    let (attribute, words) = match reason {
        Some(Reason::EmailAlreadyExists) => (
            Some("email"),
            "another AWS account has this e-mail address already. Give the account another one, \
             or import the account that has it",
        ),
        Some(Reason::InvalidEmail) => (Some("email"), "the e-mail address is not valid"),
        Some(Reason::AccountLimitExceeded) => (
            None,
            "the organization has as many accounts as it may. Ask for a higher quota (Service \
             Quotas, AWS Organizations), or close accounts that are not needed",
        ),
        Some(Reason::ConcurrentAccountModification) => {
            (None, "too many accounts were being made at once all the time. Apply again")
        }
        Some(
            Reason::InvalidAddress
            | Reason::InvalidPaymentInstrument
            | Reason::MissingPaymentInstrument,
        ) => (
            None,
            "the management account's address or payment method is missing or not valid. Mend \
             it in the billing console and apply again",
        ),
        Some(
            Reason::PendingBusinessValidatioNv
            | Reason::MissingBusinessValidation
            | Reason::UnknownBusinessValidation
            | Reason::FailedBusinessValidation,
        ) => (
            None,
            "AWS has not validated the business of the management account. Finish that and \
             apply again",
        ),
        Some(Reason::InternalFailure) | None => (
            None,
            "the service itself has failed. Apply again, and ask AWS Support if that repeats",
        ),
        Some(_) => (None, "the service gives no remedy for this reason"),
    };
    let reason = reason.map_or("no reason", Reason::as_str);
    let error = Diagnostic::error(
        format!("account {name} was not made"),
        format!("{words} ({reason}, {}, request {request}).", call.scope.place()),
    );
    match attribute {
        Some(attribute) => error.at_attribute(attribute),
        None => error,
    }
}

#[cfg(test)]
mod tests;

//! What a policy is attached to: roots, units and accounts, each attached and detached on its own.

use std::collections::BTreeSet;

use aws_sdk_organizations::operation::attach_policy::AttachPolicyError;
use aws_sdk_organizations::operation::detach_policy::DetachPolicyError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures::StreamExt;
use tokio::time::Instant;
use travel_framework::wait::Pace;
use travel_framework::{Diagnostic, Failure};
use travel_value::{Path, Value};

use crate::consistency::{Call, LISTED, WITHIN_SERVICE};
use crate::error::{Reply, failure, is_code};
use crate::foundation::organization::enabled;
use crate::foundation::organizations::{answer, root};

use super::kind::Kind;

/// How many are attached or detached side by side. The service changes one thing at a time, and has
/// the others sent again.
const SIDE_BY_SIDE: usize = 4;

/// The rule of the attribute.
pub fn are_targets(value: &Value) -> Result<(), String> {
    let mut ids = value.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    match ids.find(|id| !is_target(id)) {
        None => Ok(()),
        Some(other) => Err(format!(
            "ids of roots (r-…), units (ou-…) and accounts (twelve digits); {other:?} is none"
        )),
    }
}

fn is_target(id: &str) -> bool {
    let is_word = |text: &str| {
        text.len() >= 4
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    crate::partition::is_account_id(id)
        || id.strip_prefix("r-").is_some_and(is_word)
        || id
            .strip_prefix("ou-")
            .and_then(|rest| rest.split_once('-'))
            .is_some_and(|(root, unit)| is_word(root) && is_word(unit) && unit.len() >= 8)
}

/// What a policy is attached to; none where there is no such policy.
///
/// # Errors
/// Where the call fails.
pub async fn of(call: &Call, policy: &str) -> Result<Option<BTreeSet<String>>, Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_targets_for_policy().policy_id(policy).into_paginator().send();
    let mut targets = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &["PolicyNotFoundException"])? else {
            return Ok(None);
        };
        targets.extend(page.targets().iter().filter_map(|it| it.target_id().map(str::to_owned)));
    }
    Ok(Some(targets))
}

/// A policy whose targets are to change.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'a> {
    /// Its id.
    pub policy: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub kind: &'a str,
}

impl Attached<'_> {
    /// Attaches and detaches what it takes to come from `there` to `wanted`. `there` follows what was
    /// done, and what can be done is, also where something else fails.
    ///
    /// # Errors
    /// The first failure; [`Failure::Interrupted`] when asked to stop.
    pub async fn bring(
        self,
        call: &Call,
        there: &mut BTreeSet<String>,
        wanted: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        let added: Vec<String> = wanted.difference(there).cloned().collect();
        let removed: Vec<String> = there.difference(wanted).cloned().collect();
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        // What takes a policy's place is attached before that one goes.
        let mut failed = None;
        for (targets, attaches) in [(added, true), (removed, false)] {
            let work: Vec<_> =
                targets.into_iter().map(|it| self.change(call, it, attaches)).collect();
            let mut work = futures::stream::iter(work).buffer_unordered(SIDE_BY_SIDE);
            while let Some((target, result)) = work.next().await {
                if let Err(failure) = result {
                    failed = failed.or(Some(failure));
                } else if attaches {
                    there.insert(target);
                } else {
                    there.remove(&target);
                }
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        self.settle(call, wanted).await
    }

    async fn change(
        self,
        call: &Call,
        target: String,
        attaches: bool,
    ) -> (String, Result<(), Failure>) {
        let result = match attaches {
            true => self.attach(call, &target).await,
            false => self.detach(call, &target).await,
        };
        (target, result)
    }

    async fn attach(self, call: &Call, target: &str) -> Result<(), Failure> {
        let client = call.scope.organizations();
        // Both may have been made a moment ago.
        let absent = ["PolicyNotFoundException", "TargetNotFoundException"];
        let until = (Instant::now() + WITHIN_SERVICE).min(call.deadline);
        let mut attempt = 0;
        loop {
            let request = client.attach_policy().policy_id(self.policy).target_id(target);
            let error = match answer(call, &absent, || request.clone().send()).await? {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if is_code(&error, &["DuplicatePolicyAttachmentException"]) {
                return Ok(());
            }
            let too_early = is_code(&error, &["PolicyTypeNotEnabledException"])
                && Instant::now() < until
                && enabled(&root(call).await?).contains(self.kind);
            if !too_early {
                return Err(self.not_attached(call, target, &error));
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
    }

    async fn detach(self, call: &Call, target: &str) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let request = client.detach_policy().policy_id(self.policy).target_id(target);
        let gone =
            ["PolicyNotAttachedException", "PolicyNotFoundException", "TargetNotFoundException"];
        match answer(call, &[], || request.clone().send()).await? {
            Ok(_) => Ok(()),
            Err(error) if is_code(&error, &gone) => Ok(()),
            Err(error) => Err(self.not_detached(call, target, &error)),
        }
    }

    /// Waits until the service lists what was done, as long as that usually takes.
    async fn settle(self, call: &Call, wanted: &BTreeSet<String>) -> Result<(), Failure> {
        let shown = call.find_until(Instant::now() + LISTED, || async {
            let there = of(call, self.policy).await?;
            Ok(there.is_none_or(|there| there == *wanted).then_some(()))
        });
        if shown.await?.is_none() {
            // The next plan will tell: no reason to fail.
            tracing::info!("policy {} is not listed yet with all its targets", self.name);
        }
        Ok(())
    }

    fn not_attached(
        self,
        call: &Call,
        target: &str,
        error: &SdkError<AttachPolicyError, HttpResponse>,
    ) -> Failure {
        let reason = match error.as_service_error() {
            Some(AttachPolicyError::ConstraintViolationException(it)) => it.reason(),
            _ => None,
        };
        let words = Kind::of(self.kind).map_or("policy", |kind| kind.words);
        let remedy = match reason.map(|reason| reason.as_str()) {
            Some("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED") => format!(
                "{target} has as many policies of this type as it can have. Detach one from it, or \
                 put what this one says into another."
            ),
            _ if is_code(error, &["PolicyTypeNotEnabledException"]) => {
                return self.not_enabled(call).into();
            }
            _ if is_code(error, &["TargetNotFoundException"]) => {
                format!("The organization has no root, unit or account {target}.")
            }
            _ => String::new(),
        };
        told(error, call, &format!("failed to attach {words} {} to {target}", self.name), &remedy)
    }

    fn not_enabled(self, call: &Call) -> Diagnostic {
        Diagnostic::error(
            format!("policies of the type {} are not enabled", self.kind),
            format!(
                "The root of the organization takes none of this type yet ({}). Add {:?} to the \
                 policy_types of the travel_organization.",
                call.scope.place(),
                self.kind,
            ),
        )
        .at_attribute("type")
    }

    fn not_detached(
        self,
        call: &Call,
        target: &str,
        error: &SdkError<DetachPolicyError, HttpResponse>,
    ) -> Failure {
        let reason = match error.as_service_error() {
            Some(DetachPolicyError::ConstraintViolationException(it)) => it.reason(),
            _ => None,
        };
        let words = Kind::of(self.kind).map_or("policy", |kind| kind.words);
        let remedy = match reason.map(|reason| reason.as_str()) {
            Some("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED") => format!(
                "It is the last {words} of {target}, which must have one. Attach another to it \
                 first, such as FullAWSAccess (p-FullAWSAccess)."
            ),
            _ => String::new(),
        };
        told(error, call, &format!("failed to detach {words} {} from {target}", self.name), &remedy)
    }
}

fn told<E>(error: &SdkError<E, HttpResponse>, call: &Call, summary: &str, remedy: &str) -> Failure
where
    E: std::error::Error + aws_smithy_types::error::metadata::ProvideErrorMetadata + 'static,
{
    let said = failure(error, &call.scope.place()).into_diagnostic();
    let detail = format!("{} {remedy}", said.detail).trim().to_owned();
    Diagnostic::error(summary, detail).at(Path::attribute("targets")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_targets() {
        for (id, is) in [
            ("r-ab12", true),
            ("ou-ab12-34cd56ef", true),
            ("111122223333", true),
            ("r-a", false),
            ("ou-ab12-34cd", false),
            ("o-abcdefghij", false),
            ("p-FullAWSAccess", false),
        ] {
            assert_eq!(are_targets(&Value::set([id.into()])).is_ok(), is, "{id}");
        }
    }
}

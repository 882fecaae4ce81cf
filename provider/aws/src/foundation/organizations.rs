//! What the pages of AWS Organizations share: tags, parents, and calls that the service takes one
//! at a time.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_organizations::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::{Diagnostic, Failure};

use crate::consistency::{Call, WITHIN_SERVICE, answer_when_ready};
use crate::error::{Answer, Reply, is_code};
use crate::tags::{TagChanges, Tags};

/// How long to repeat a call while the organization is busy with another. A new organization may
/// take long to get ready; an operation's own time ends the wait before.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Codes that say: not now. The service changes one thing at a time, and needs a while after an
/// organization was made (AWS Organizations API reference, common errors).
const BUSY: [&str; 4] = [
    "ConcurrentModificationException",
    "FinalizingOrganizationException",
    "PolicyChangesInProgressException",
    "TooManyRequestsException",
];

/// Sends a call, again while the organization is busy, or while what was just made is not seen
/// everywhere yet (`absent`).
///
/// # Errors
/// The call's own failure; [`Failure::Interrupted`] when asked to stop.
pub async fn send<T, E, F>(
    call: &Call,
    absent: &[&str],
    send: impl FnMut() -> F,
) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    answer(call, absent, send).await?.at(&call.scope)
}

/// As [`send`], with the last answer as it is.
///
/// # Errors
/// [`Failure::Interrupted`] when asked to stop.
pub async fn answer<T, E, F>(
    call: &Call,
    absent: &[&str],
    send: impl FnMut() -> F,
) -> Result<Answer<T, E>, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let begun = Instant::now();
    let too_early = |error: &_| begun.elapsed() < patience(error, absent);
    answer_when_ready(call, PATIENCE, too_early, send).await
}

/// Sends a call that brings about a state, again while the organization is busy. Where its first answer
/// was lost, the service refuses it as done (`done`, an error code).
///
/// # Errors
/// The call's own failure; [`Failure::Interrupted`] when asked to stop.
pub async fn bring_about<T, E, F>(
    call: &Call,
    done: &str,
    send: impl FnMut() -> F,
) -> Result<(), Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let is_busy = |error: &_| is_code(error, &BUSY);
    let answer = answer_when_ready(call, PATIENCE, is_busy, send).await?;
    answer.found(&call.scope, &[done]).map(drop)
}

/// For how long an error may mean that the organization is busy, or that what was just made is not
/// seen everywhere yet (`absent`).
pub fn patience<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
    absent: &[&str],
) -> Duration {
    match error {
        error if is_code(error, &BUSY) => PATIENCE,
        error if is_code(error, absent) => WITHIN_SERVICE,
        _ => Duration::ZERO,
    }
}

/// The tags of an account, unit, root or policy.
///
/// # Errors
/// Where the call fails.
pub async fn tags(call: &Call, id: &str) -> Result<Tags, Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_tags_for_resource().resource_id(id).into_paginator().items().send();
    let mut tags = BTreeMap::new();
    while let Some(tag) = pages.next().await {
        let tag = tag.at(&call.scope)?;
        tags.insert(tag.key, tag.value);
    }
    Ok(tags)
}

/// Changes the tags of an account, unit, root or policy.
///
/// # Errors
/// Where a call fails.
pub async fn change_tags(call: &Call, id: &str, changes: &TagChanges) -> Result<(), Failure> {
    let client = call.scope.organizations();
    if !changes.set.is_empty() {
        let tags = service_tags(&changes.set)?;
        send(call, &["TargetNotFoundException"], || {
            client.tag_resource().resource_id(id).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    if !changes.remove.is_empty() {
        send(call, &[], || {
            client
                .untag_resource()
                .resource_id(id)
                .set_tag_keys(Some(changes.remove.clone()))
                .send()
        })
        .await?;
    }
    Ok(())
}

/// Tags as the service takes them.
///
/// # Errors
/// Where the SDK refuses one: it never does for a key and a value.
pub fn service_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let made = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    made.collect::<Result<_, _>>()
        .map_err(|error| Diagnostic::error("failed to write tags", error.to_string()).into())
}

/// The unit or root that an account or unit stands in.
///
/// # Errors
/// Where the call fails, or the service names none.
pub async fn parent(call: &Call, child: &str) -> Result<String, Failure> {
    let client = call.scope.organizations();
    let parents =
        send(call, &["ChildNotFoundException"], || client.list_parents().child_id(child).send())
            .await?;
    let parent = parents.parents().first().and_then(|parent| parent.id());
    parent.map(str::to_owned).ok_or_else(|| {
        Diagnostic::error(
            format!("no parent of {child}"),
            format!("AWS Organizations names no parent of {child} ({}).", call.scope.place()),
        )
        .into()
    })
}

/// The root of the organization.
///
/// # Errors
/// Where the call fails, or the service names none.
pub async fn root(call: &Call) -> Result<aws_sdk_organizations::types::Root, Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_roots().into_paginator().send();
    let mut roots = Vec::new();
    while let Some(page) = pages.next().await {
        roots.extend(page.at(&call.scope)?.roots.unwrap_or_default());
    }
    match roots.into_iter().next() {
        Some(root) => Ok(root),
        None => Err(Diagnostic::error(
            "the organization has no root",
            format!(
                "AWS Organizations lists none yet ({}). Apply again in a minute.",
                call.scope.place(),
            ),
        )
        .into()),
    }
}

//! The log group that a network's flow log writes to.

use std::collections::HashMap;

use async_trait::async_trait;
use travel_framework::ownership::{self, Mark};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::FlowLogs;
use super::observed::{LogGroup, mark};
use super::subnet::at;
use super::work::Work;
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Answer, Reply, is_code};
use crate::tags::Tags;

/// The name of the part.
pub const NAME: &str = "log_group";
/// How long records are kept where the configuration does not say.
pub const RETENTION_DAYS: u32 = 30;
const GONE: [&str; 1] = ["ResourceNotFoundException"];
/// Another change of the same log group is under way.
const BUSY: [&str; 1] = ["OperationAbortedException"];

/// The log group.
pub struct LogGroupPart;

/// The name of a network's log group where the configuration does not say.
pub fn default_name(network: &str) -> String {
    format!("/travel/network/{network}/flow-logs")
}

/// The name that the log group is to have.
pub fn name(work: &Work<'_>, logs: &FlowLogs) -> String {
    logs.log_group.clone().unwrap_or_else(|| default_name(&work.wanted.name))
}

#[async_trait]
impl<'a> Part<Work<'a>> for LogGroupPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let Some(logs) = work.wanted.log_group() else { return Standing::Different };
        let fits = there.name == name(work, logs)
            && there.retention_days == retention(logs)
            && there.kms_key_arn == logs.kms_key_arn;
        if fits && !work.is_mistagged(NAME, &there.tags) {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let name = name(work, logs);
        let before = there(work);
        let stays = before.as_ref().is_some_and(|before| before.name == name);
        if !stays {
            make(work, logs, &name).await?;
        }
        if let Some(before) = before.filter(|_| !stays) {
            // Only now: what cannot be made must not cost the records that there are.
            delete(work, &before.name).await?;
        }
        let Some(there) = there(work) else { return Ok(()) };
        mend(work, logs, &there).await?;
        let now = LogGroup {
            retention_days: retention(logs),
            kms_key_arn: logs.kms_key_arn.clone(),
            tags: now_tagged(work, &there.tags),
            ..there
        };
        work.note(|observed| observed.log_group = Some(now));
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        delete(work, &there.name).await?;
        work.note(|observed| observed.log_group = None);
        Ok(())
    }
}

async fn delete(work: &Work<'_>, name: &str) -> Result<(), Failure> {
    let client = work.call.scope.logs();
    settled(work, || async {
        match client.delete_log_group().log_group_name(name).send().await {
            Err(error) if is_code(&error, &GONE) => Ok(()),
            answer => answer.map(drop),
        }
    })
    .await
}

fn there(work: &Work<'_>) -> Option<LogGroup> {
    work.see(|observed| observed.log_group.clone())
}

fn retention(logs: &FlowLogs) -> u32 {
    logs.retention_days.unwrap_or(RETENTION_DAYS)
}

/// The tags of the log group once they are what they should be.
fn now_tagged(work: &Work<'_>, there: &Tags) -> Tags {
    let changes = work.tag_changes(NAME, there);
    let mut tags = there.clone();
    tags.extend(changes.set);
    tags.retain(|key, _| !changes.remove.contains(key));
    tags
}

async fn settled<T, E, F>(work: &Work<'_>, send: impl FnMut() -> F) -> Result<T, Failure>
where
    E: std::error::Error + aws_smithy_types::error::metadata::ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(work.call, WITHIN_SERVICE, |error| is_code(error, &BUSY), send).await
}

/// Makes the log group, or goes on with one that an earlier attempt has made.
async fn make(work: &Work<'_>, logs: &FlowLogs, name: &str) -> Result<(), Failure> {
    let tags: HashMap<String, String> = work.tags(NAME).into_iter().collect();
    let request = work
        .call
        .scope
        .logs()
        .create_log_group()
        .log_group_name(name)
        .set_kms_key_id(logs.kms_key_arn.clone())
        .set_tags(Some(tags));
    let path = Path::attribute("flow_logs");
    let made = settled(work, || async {
        match request.clone().send().await {
            Err(error) if is_code(&error, &["ResourceAlreadyExistsException"]) => Ok(false),
            answer => answer.map(|_| true),
        }
    });
    let at_key = if logs.kms_key_arn.is_some() { path.field("kms_key_arn") } else { path.clone() };
    if made.await.map_err(|failure| at(failure, at_key))? {
        let group = LogGroup {
            name: name.to_owned(),
            arn: work.call.scope.arn("logs", &format!("log-group:{name}")),
            tags: work.tags(NAME),
            retention_days: 0,
            kms_key_arn: logs.kms_key_arn.clone(),
        };
        work.note(|observed| observed.log_group = Some(group));
        return Ok(());
    }
    let there = get(work.call, name).await?;
    let there = there.ok_or_else(|| not_listed(name))?;
    match mark(&there.tags) {
        Some(mark) if work.call.claim.owns(&mark) => {
            work.note(|observed| observed.log_group = Some(there));
            Ok(())
        }
        mark => Err(taken(&format!("log group {name}"), mark.as_ref(), path.field("log_group"))),
    }
}

fn not_listed(name: &str) -> Failure {
    Diagnostic::error(
        format!("log group {name} exists, but is not listed"),
        "It was made a moment ago. Apply again to go on from here.",
    )
    .into()
}

/// The error for something under the name of a part that is not the network's.
pub fn taken(what: &str, mark: Option<&Mark>, path: Path) -> Failure {
    let remedy = "Give this network's another name here, or remove that one.";
    ownership::taken(what, mark, remedy).at(path).into()
}

/// Brings retention, key and tags of the log group to what they are to be.
async fn mend(work: &Work<'_>, logs: &FlowLogs, there: &LogGroup) -> Result<(), Failure> {
    let client = work.call.scope.logs();
    let name = &there.name;
    let wanted = retention(logs);
    if there.retention_days != wanted && wanted == 0 {
        settled(work, || client.delete_retention_policy().log_group_name(name).send()).await?;
    } else if there.retention_days != wanted {
        let days = i32::try_from(wanted).unwrap_or(i32::MAX);
        let request = client.put_retention_policy().log_group_name(name).retention_in_days(days);
        settled(work, || request.clone().send()).await?;
    }
    let path = Path::attribute("flow_logs").field("kms_key_arn");
    match &logs.kms_key_arn {
        key if *key == there.kms_key_arn => {}
        Some(key) => {
            let request = client.associate_kms_key().log_group_name(name).kms_key_id(key);
            let done = settled(work, || request.clone().send()).await;
            done.map_err(|failure| at(failure, path))?;
        }
        None => {
            let request = client.disassociate_kms_key().log_group_name(name);
            let done = settled(work, || request.clone().send()).await;
            done.map_err(|failure| at(failure, path))?;
        }
    }
    let changes = work.tag_changes(NAME, &there.tags);
    if !changes.set.is_empty() {
        let tags: HashMap<String, String> = changes.set.into_iter().collect();
        let request = client.tag_resource().resource_arn(&there.arn).set_tags(Some(tags));
        settled(work, || request.clone().send()).await?;
    }
    if !changes.remove.is_empty() {
        let keys = Some(changes.remove);
        let request = client.untag_resource().resource_arn(&there.arn).set_tag_keys(keys);
        settled(work, || request.clone().send()).await?;
    }
    Ok(())
}

/// The log group of this name, with its tags.
///
/// # Errors
/// Where a call fails.
pub async fn get(call: &Call, name: &str) -> Result<Option<LogGroup>, Failure> {
    let client = call.scope.logs();
    let request = client.describe_log_groups().log_group_name_prefix(name);
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let found = found.into_iter().find(|it| it.log_group_name.as_deref() == Some(name));
    let Some(found) = found else { return Ok(None) };
    let arn = found.arn.unwrap_or_default().trim_end_matches(":*").to_owned();
    let tags = client.list_tags_for_resource().resource_arn(&arn).send().await;
    let Some(tags) = tags.found(&call.scope, &GONE)? else { return Ok(None) };
    Ok(Some(LogGroup {
        name: name.to_owned(),
        arn,
        tags: tags.tags.into_iter().flatten().collect(),
        retention_days: found
            .retention_in_days
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or_default(),
        kms_key_arn: found.kms_key_id,
    }))
}

//! The log group of the control plane. EKS would make one without an end to its records; made
//! before the cluster, it has the platform's retention, key and tags from the start.

use std::collections::HashMap;
use std::error::Error;

use async_trait::async_trait;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::node_group::at;
use super::observed::{LogGroup, mark};
use super::work::{Work, changed};
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Answer, Reply, is_code};

/// The name of the part.
pub const NAME: &str = "log_group";
const GONE: [&str; 1] = ["ResourceNotFoundException"];
/// Another change of the same log group is under way.
const BUSY: [&str; 1] = ["OperationAbortedException"];

/// The name that EKS gives to the log group of a cluster.
pub fn name(cluster: &str) -> String {
    format!("/aws/eks/{cluster}/cluster")
}

/// The log group.
pub struct LogGroupPart;

fn there(work: &Work<'_>) -> Option<LogGroup> {
    work.see(|observed| observed.log_group.clone())
}

#[async_trait]
impl<'w> Part<Work<'w>> for LogGroupPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let logs = &work.wanted.logs;
        let fits = there.retention_days == logs.retention_days
            && there.kms_key_arn == logs.kms_key_arn
            && work.tag_changes(None, None, &there.tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        if there(work).is_none() {
            make(work).await?;
        }
        let Some(group) = there(work) else { return Ok(()) };
        mend(work, group).await
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        if there(work).is_none() {
            return Ok(());
        }
        let name = name(work.cluster());
        let client = work.call.scope.logs();
        settled(work, || async {
            match client.delete_log_group().log_group_name(&name).send().await {
                Err(error) if is_code(&error, &GONE) => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await?;
        work.note(|observed| observed.log_group = None);
        Ok(())
    }
}

/// Sends a request again while another change of the log group is under way.
async fn settled<T, E, F>(work: &Work<'_>, send: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(work.call, WITHIN_SERVICE, |error| is_code(error, &BUSY), send).await
}

/// Makes the log group, or takes over the one that is there: nobody but EKS makes one of this
/// name, and what EKS makes has no mark.
async fn make(work: &Work<'_>) -> Result<(), Failure> {
    let name = name(work.cluster());
    let logs = &work.wanted.logs;
    let tags: HashMap<String, String> = work.tags(None).into_iter().collect();
    let request = work
        .call
        .scope
        .logs()
        .create_log_group()
        .log_group_name(&name)
        .set_kms_key_id(logs.kms_key_arn.clone())
        .set_tags(Some(tags));
    let made = settled(work, || async {
        match request.clone().send().await {
            Err(error) if is_code(&error, &["ResourceAlreadyExistsException"]) => Ok(false),
            answer => answer.map(|_| true),
        }
    });
    let path = Path::attribute("logs");
    let key = if logs.kms_key_arn.is_some() { path.field("kms_key_arn") } else { path.clone() };
    let group = if made.await.map_err(|failure| at(failure, key))? {
        LogGroup {
            arn: work.call.scope.arn("logs", &format!("log-group:{name}")),
            tags: work.tags(None),
            retention_days: 0,
            kms_key_arn: logs.kms_key_arn.clone(),
        }
    } else {
        // A list may not show yet what a request has just found to be there.
        let arn = work.call.scope.arn("logs", &format!("log-group:{name}"));
        let there = get(work.call, &name).await?;
        let there = there.unwrap_or_else(|| LogGroup { arn, ..LogGroup::default() });
        if mark(&there.tags).is_some() {
            work.must_own(&format!("log group {name}"), &there.tags, path)?;
        }
        there
    };
    work.note(|observed| observed.log_group = Some(group));
    Ok(())
}

/// Brings the log group to what it is to be.
async fn mend(work: &Work<'_>, group: LogGroup) -> Result<(), Failure> {
    let (client, name, logs) = (work.call.scope.logs(), name(work.cluster()), &work.wanted.logs);
    if group.retention_days != logs.retention_days {
        if logs.retention_days == 0 {
            let request = client.delete_retention_policy().log_group_name(&name);
            settled(work, || request.clone().send()).await?;
        } else {
            let days = i32::try_from(logs.retention_days).unwrap_or(i32::MAX);
            let request = client.put_retention_policy().log_group_name(&name);
            let request = request.retention_in_days(days);
            settled(work, || request.clone().send()).await?;
        }
    }
    let path = Path::attribute("logs").field("kms_key_arn");
    match &logs.kms_key_arn {
        key if *key == group.kms_key_arn => {}
        Some(key) => {
            let request = client.associate_kms_key().log_group_name(&name).kms_key_id(key);
            let done = settled(work, || request.clone().send()).await;
            done.map_err(|failure| at(failure, path))?;
        }
        None => {
            let request = client.disassociate_kms_key().log_group_name(&name);
            let done = settled(work, || request.clone().send()).await;
            done.map_err(|failure| at(failure, path))?;
        }
    }
    let changes = work.tag_changes(None, None, &group.tags);
    if !changes.set.is_empty() {
        let tags: HashMap<String, String> = changes.set.clone().into_iter().collect();
        let request = client.tag_resource().resource_arn(&group.arn).set_tags(Some(tags));
        settled(work, || request.clone().send()).await?;
    }
    if !changes.remove.is_empty() {
        let keys = Some(changes.remove.clone());
        let request = client.untag_resource().resource_arn(&group.arn).set_tag_keys(keys);
        settled(work, || request.clone().send()).await?;
    }
    let now = LogGroup {
        tags: changed(&group.tags, &changes),
        retention_days: logs.retention_days,
        kms_key_arn: logs.kms_key_arn.clone(),
        arn: group.arn,
    };
    work.note(|observed| observed.log_group = Some(now));
    Ok(())
}

/// The log group of this name, with its tags; none where there is none.
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
    let days = found.retention_in_days.and_then(|days| u32::try_from(days).ok());
    Ok(Some(LogGroup {
        arn,
        tags: tags.tags.into_iter().flatten().collect(),
        retention_days: days.unwrap_or_default(),
        kms_key_arn: found.kms_key_id,
    }))
}

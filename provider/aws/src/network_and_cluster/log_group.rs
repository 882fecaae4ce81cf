//! Log groups of CloudWatch Logs, as parts of networks and clusters make, change and remove them.

use std::collections::HashMap;
use std::error::Error;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use crate::Scope;
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Answer, Reply, is_code};
use crate::tags::{TagChanges, Tags};

const GONE: [&str; 1] = ["ResourceNotFoundException"];
/// Another change of the same log group is under way.
const BUSY: [&str; 1] = ["OperationAbortedException"];

/// A log group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogGroup {
    /// The name.
    pub name: String,
    /// The ARN, without the final `:*`.
    pub arn: String,
    /// The tags, marks included.
    pub tags: Tags,
    /// How many days it keeps records; 0 for ever.
    pub retention_days: u32,
    /// The ARN of the key that encrypts it.
    pub kms_key_arn: Option<String>,
}

/// What a log group is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name.
    pub name: String,
    /// How many days it keeps records; 0 for ever.
    pub retention_days: u32,
    /// The ARN of the key that encrypts it.
    pub kms_key_arn: Option<String>,
    /// The attribute that says so: an object with a `kms_key_arn` in it.
    pub path: Path,
}

/// Whether there is a log group of this name.
///
/// # Errors
/// Where the call fails.
pub async fn exists(scope: &Scope, name: &str) -> Result<bool, Failure> {
    let request = scope.logs().describe_log_groups().log_group_name_prefix(name);
    let found = request.into_paginator().items().send().try_collect().await.at(scope)?;
    Ok(found.into_iter().any(|it| it.log_group_name.as_deref() == Some(name)))
}

impl LogGroup {
    /// The log group of this name, with its tags; none where there is none.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn get(call: &Call, name: &str) -> Result<Option<Self>, Failure> {
        let client = call.scope.logs();
        let request = client.describe_log_groups().log_group_name_prefix(name);
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        let found = found.into_iter().find(|it| it.log_group_name.as_deref() == Some(name));
        let Some(found) = found else { return Ok(None) };
        let arn = found.arn.unwrap_or_default().trim_end_matches(":*").to_owned();
        let tags = client.list_tags_for_resource().resource_arn(&arn).send().await;
        let Some(tags) = tags.found(&call.scope, &GONE)? else { return Ok(None) };
        let days = found.retention_in_days.and_then(|days| u32::try_from(days).ok());
        Ok(Some(Self {
            name: name.to_owned(),
            arn,
            tags: tags.tags.into_iter().flatten().collect(),
            retention_days: days.unwrap_or_default(),
            kms_key_arn: found.kms_key_id,
        }))
    }

    /// Whether it is what it is to be, but for its tags.
    pub fn fits(&self, wanted: &Wanted) -> bool {
        self.name == wanted.name
            && self.retention_days == wanted.retention_days
            && self.kms_key_arn == wanted.kms_key_arn
    }

    /// Makes a log group, which keeps its records for ever at first, or goes on with the one there
    /// is, if `may_be_ours` does not fail for its tags.
    ///
    /// # Errors
    /// That failure, and where a call fails.
    pub async fn make(
        call: &Call,
        wanted: &Wanted,
        tags: Tags,
        may_be_ours: impl FnOnce(&Tags) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let Wanted { name, kms_key_arn, path, .. } = wanted;
        let request = call
            .scope
            .logs()
            .create_log_group()
            .log_group_name(name)
            .set_kms_key_id(kms_key_arn.clone())
            .set_tags(Some(tags.clone().into_iter().collect()));
        let made = settled(call, || async {
            match request.clone().send().await {
                Err(error) if is_code(&error, &["ResourceAlreadyExistsException"]) => Ok(false),
                answer => answer.map(|_| true),
            }
        });
        let at = if kms_key_arn.is_some() { wanted.key_path() } else { path.clone() };
        if made.await.map_err(|failure| failure.at(at))? {
            let arn = call.scope.arn("logs", &format!("log-group:{name}"));
            let (name, kms_key_arn) = (name.clone(), kms_key_arn.clone());
            return Ok(Self { name, arn, tags, retention_days: 0, kms_key_arn });
        }
        // A list may not show yet what a request has just found to be there.
        let shown = call.find_until(Instant::now() + WITHIN_SERVICE, || Self::get(call, name));
        let there = shown.await?.ok_or_else(|| not_listed(name))?;
        may_be_ours(&there.tags)?;
        Ok(there)
    }

    /// Makes retention, key and tags what they are to be. What has been changed is noted here even
    /// where a later change fails.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn mend(
        &mut self,
        call: &Call,
        wanted: &Wanted,
        tags: &TagChanges,
    ) -> Result<(), Failure> {
        self.keep(call, wanted.retention_days).await?;
        let encrypted = self.encrypt(call, wanted.kms_key_arn.as_deref()).await;
        encrypted.map_err(|failure| failure.at(wanted.key_path()))?;
        self.retag(call, tags).await
    }

    async fn keep(&mut self, call: &Call, days: u32) -> Result<(), Failure> {
        let (client, name) = (call.scope.logs(), &self.name);
        if self.retention_days == days {
            return Ok(());
        }
        if days == 0 {
            let request = client.delete_retention_policy().log_group_name(name);
            settled(call, || request.clone().send()).await?;
        } else {
            let number = i32::try_from(days).unwrap_or(i32::MAX);
            let request = client.put_retention_policy().log_group_name(name);
            let request = request.retention_in_days(number);
            settled(call, || request.clone().send()).await?;
        }
        self.retention_days = days;
        Ok(())
    }

    async fn encrypt(&mut self, call: &Call, key: Option<&str>) -> Result<(), Failure> {
        let (client, name) = (call.scope.logs(), &self.name);
        match key {
            key if key == self.kms_key_arn.as_deref() => return Ok(()),
            Some(key) => {
                let request = client.associate_kms_key().log_group_name(name).kms_key_id(key);
                settled(call, || request.clone().send()).await.map(drop)?;
            }
            None => {
                let request = client.disassociate_kms_key().log_group_name(name);
                settled(call, || request.clone().send()).await.map(drop)?;
            }
        }
        self.kms_key_arn = key.map(str::to_owned);
        Ok(())
    }

    /// Changes the tags.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn retag(&mut self, call: &Call, changes: &TagChanges) -> Result<(), Failure> {
        let client = call.scope.logs();
        if !changes.set.is_empty() {
            let tags: HashMap<String, String> = changes.set.clone().into_iter().collect();
            let request = client.tag_resource().resource_arn(&self.arn).set_tags(Some(tags));
            settled(call, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove.clone());
            let request = client.untag_resource().resource_arn(&self.arn).set_tag_keys(keys);
            settled(call, || request.clone().send()).await?;
        }
        self.tags = changes.applied(&self.tags);
        Ok(())
    }

    /// Deletes the log group of this name, if it is there.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn delete(call: &Call, name: &str) -> Result<(), Failure> {
        let request = call.scope.logs().delete_log_group().log_group_name(name);
        settled(call, || async {
            match request.clone().send().await {
                Err(error) if is_code(&error, &GONE) => Ok(()),
                answer => answer.map(drop),
            }
        })
        .await
    }
}

impl Wanted {
    fn key_path(&self) -> Path {
        self.path.field("kms_key_arn")
    }
}

/// Sends a request again while another change of the log group is under way.
async fn settled<T, E, F>(call: &Call, send: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(call, WITHIN_SERVICE, |error| is_code(error, &BUSY), send).await
}

fn not_listed(name: &str) -> Failure {
    Diagnostic::error(
        format!("log group {name} exists, but is not listed"),
        "CloudWatch Logs says that it exists, and does not show it. Apply again to go on from \
         here.",
    )
    .into()
}

#[cfg(test)]
mod tests;

//! A secret as Secrets Manager shows it: everything but its value, which is never asked for.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicationStatusType, StatusType};
use chrono::{DateTime, Utc};
use travel_framework::ownership::Mark;
use travel_framework::{Diagnostic, Failure};

use super::replicas::SecretReplica;
use super::{ABSENT, DEFAULT_KEY, NOT_NOW, Secret, same_key};
use crate::Scope;
use crate::consistency::Call;
use crate::error::Reply;
use crate::tags::{self, Tagging, Tags};

/// The label of the version that is the secret's value.
const CURRENT: &str = "AWSCURRENT";
/// A secret whose deletion is due within so many seconds is deleted without a recovery window.
const SOON_SECONDS: i64 = 3600;

/// A secret, its policy aside.
#[derive(Clone, Debug)]
pub struct Seen(DescribeSecretOutput);

/// The secret of this name or ARN, be it in deletion, if there is one.
///
/// # Errors
/// As the call fails.
pub async fn look(scope: &Scope, id: &str) -> Result<Option<Seen>, Failure> {
    let answer = scope.secrets_manager().describe_secret().secret_id(id).send().await;
    Ok(answer.found(scope, &[ABSENT])?.map(Seen))
}

impl Seen {
    /// The ARN.
    pub fn arn(&self) -> Option<&str> {
        self.0.arn()
    }

    /// Whether its deletion is scheduled, or has begun.
    pub fn is_going(&self) -> bool {
        self.0.deleted_date.is_some()
    }

    /// The mark on it.
    pub fn mark(&self) -> Option<Mark> {
        tags::mark(&self.tags())
    }

    /// The id of the version that is its value.
    pub fn current(&self) -> Option<String> {
        let versions = self.0.version_ids_to_stages.iter().flatten();
        let mut current = versions.filter(|(_, stages)| stages.iter().any(|it| it == CURRENT));
        current.next().map(|(id, _)| id.clone())
    }

    /// Its replicas, with those that could not be made.
    pub fn replication(&self) -> &[ReplicationStatusType] {
        self.0.replication_status()
    }

    /// The regions of them.
    pub fn replica_regions(&self) -> Vec<String> {
        self.replication().iter().filter_map(|replica| replica.region.clone()).collect()
    }

    /// Whether it shows what was written of this one.
    pub fn shows(&self, secret: &Secret) -> bool {
        let tagging = secret.tagging.tags_all.iter().flatten();
        let tags = self.tags();
        self.0.description.as_deref().unwrap_or_default() == secret.description
            && self.current() == secret.version_id
            && tagging.into_iter().all(|(key, value)| tags.get(key) == Some(value))
    }

    /// The secret with its policy. `state` is the last known state.
    ///
    /// # Errors
    /// As the call fails.
    pub async fn object(self, call: &Call, state: &Secret) -> Result<Secret, Failure> {
        let policy = policy(&call.scope, self.0.arn().unwrap_or(state.id())).await?;
        let (tagging, mark) =
            Tagging::read(self.tags(), &state.tagging, &call.scope.settings().tags);
        let current = self.current();
        // A value is never read: it is as it was written while nobody has written since.
        let is_last_written = current.is_some() && state.version_id == current;
        let mut object = Secret {
            name: self.0.name.clone().unwrap_or_else(|| state.name.clone()),
            description: self.0.description.clone().unwrap_or_default(),
            kms_key_id: spelled(self.0.kms_key_id.clone(), state.kms_key_id.as_ref()),
            secret_value: None,
            secret_value_version: state.secret_value_version.filter(|_| is_last_written),
            replicas: self.replicas(state),
            policy,
            arn: self.0.arn.clone(),
            version_id: current,
            tagging,
            // What stands in no service is the framework's to keep.
            ..state.clone()
        };
        object.lifecycle.generation = mark.map(|mark| mark.generation);
        Ok(object)
    }

    fn replicas(&self, state: &Secret) -> Option<BTreeMap<String, SecretReplica>> {
        let known = |region: &str| state.replicas.as_ref()?.get(region)?.kms_key_id.as_ref();
        let there = self.replication().iter().filter(|it| it.status != Some(StatusType::Failed));
        let replicas: BTreeMap<String, SecretReplica> = there
            .filter_map(|replica| {
                let region = replica.region.clone()?;
                let kms_key_id = spelled(replica.kms_key_id.clone(), known(&region));
                Some((region, SecretReplica { kms_key_id }))
            })
            .collect();
        (state.replicas.is_some() || !replicas.is_empty()).then_some(replicas)
    }

    /// Refuses what is no secret of a person's own: a replica, or one that a service keeps.
    ///
    /// # Errors
    /// Where it is one.
    pub fn refuse_foreign_kinds(&self, scope: &Scope) -> Result<(), Failure> {
        let name = self.0.name().unwrap_or_default();
        if let Some(primary) = self.0.primary_region().filter(|region| *region != scope.region()) {
            let detail = format!(
                "It belongs to the secret of this name in {primary}: manage that one, and the \
                 replica among its replicas."
            );
            return Err(Diagnostic::error(format!("secret {name} is a replica"), detail)
                .at_attribute("name")
                .into());
        }
        if let Some(service) = self.0.owning_service() {
            let detail = "The service writes and rotates it itself. Leave it to the service.";
            return Err(Diagnostic::error(
                format!("secret {name} is managed by {service}"),
                detail,
            )
            .at_attribute("name")
            .into());
        }
        Ok(())
    }

    /// Why its name is not free, unless it will be in a moment.
    pub fn refusal(&self, place: &str) -> Option<Diagnostic> {
        let name = self.0.name().unwrap_or_default();
        let Some(due) = &self.0.deleted_date else {
            let detail = format!(
                "A name stands for one secret ({place}). If this one replaces it under \
                 create_before_destroy, give it another name, or let the old one go first."
            );
            let summary = format!("secret {name} exists already");
            return Some(Diagnostic::error(summary, detail).at_attribute("name"));
        };
        if due.secs() <= Utc::now().timestamp() + SOON_SECONDS {
            return None;
        }
        let day = DateTime::from_timestamp(due.secs(), 0).map(|due| due.date_naive().to_string());
        let summary = format!("secret {name} is scheduled for deletion");
        let detail = format!(
            "Its name is taken until {} ({place}). Restore it (aws secretsmanager restore-secret \
             --secret-id {name}) and import it; or end it now (aws secretsmanager delete-secret \
             --secret-id {name} --force-delete-without-recovery), which cannot be undone; or choose \
             another name.",
            day.unwrap_or_else(|| "then".to_owned()),
        );
        Some(Diagnostic::error(summary, detail).at_attribute("name"))
    }

    fn tags(&self) -> Tags {
        let tags = self.0.tags().iter();
        tags.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())))
            .collect()
    }
}

/// A key for a state: none for the default one, unless the state spells that out.
fn spelled(key: Option<String>, state: Option<&String>) -> Option<String> {
    let is_default = |key: &str| same_key(&key.into(), &DEFAULT_KEY.into());
    match key.filter(|key| !is_default(key)) {
        None => state.filter(|key| is_default(key)).cloned(),
        key => key,
    }
}

async fn policy(scope: &Scope, id: &str) -> Result<Option<String>, Failure> {
    let answer = scope.secrets_manager().get_resource_policy().secret_id(id).send().await;
    let answer = answer.found(scope, &[ABSENT, NOT_NOW])?;
    Ok(answer.and_then(|answer| answer.resource_policy).filter(|policy| !policy.is_empty()))
}

//! What can change of one key, be it the primary or a replica, and the calls that change it.

use std::error::Error;

use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::json;
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use super::KmsKey;
use super::observed::{self, describe, is_going};
use crate::consistency::{self, Call, answer_when_ready, send_when_ready};
use crate::error::{Answer, Reply, incomplete, is_code, message};
use crate::policy;
use crate::tags::{self, TagChanges, TagSettings, Tags};
use crate::{Scope, Tagging};

/// What a key's consumers say while they do not see what was just done to it.
pub const TOO_EARLY: [&str; 2] = ["NotFoundException", "KMSInvalidStateException"];

/// What can change of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Face {
    /// What it is for.
    pub description: String,
    /// The alias that is ours.
    pub alias: Option<String>,
    /// The policy; none for the one that KMS gives a key by default.
    pub policy: Option<String>,
    /// Whether it can be used.
    pub enabled: bool,
    /// All tags but the mark.
    pub tags: Tags,
}

impl Face {
    /// That of the primary key.
    pub fn of(key: &KmsKey) -> Self {
        Self {
            description: key.description.clone(),
            alias: key.alias.clone(),
            policy: key.policy.clone(),
            enabled: key.enabled,
            tags: key.tagging.tags_all.clone().unwrap_or_default(),
        }
    }

    /// Writes this into the state of the primary key; `plan` knows which tags are its own.
    pub fn write(&self, state: &mut KmsKey, plan: &KmsKey, settings: &TagSettings) {
        state.description.clone_from(&self.description);
        state.alias.clone_from(&self.alias);
        state.policy.clone_from(&self.policy);
        state.enabled = self.enabled;
        if plan.tagging.tags_all.as_ref() == Some(&self.tags) {
            state.tagging = plan.tagging.clone();
        } else if state.tagging.tags_all.as_ref() != Some(&self.tags) {
            (state.tagging, _) = Tagging::read(self.tags.clone(), &state.tagging, settings);
        }
    }

    /// Whether both mean the same.
    pub fn equals(&self, other: &Self) -> bool {
        let plain = |face: &Self| Self { policy: None, ..face.clone() };
        plain(self) == plain(other) && same_policy(self.policy.as_deref(), other.policy.as_deref())
    }
}

/// Brings a key from `face` to `wanted`, but does not disable it yet: a disabled key can hardly be
/// changed. `face` follows, also where a call fails.
pub async fn bring(
    call: &Call,
    scope: &Scope,
    key: &str,
    face: &mut Face,
    wanted: &Face,
    marked_with: Option<&str>,
    bypass_lockout_check: bool,
) -> Result<(), Failure> {
    let kms = scope.kms();
    if wanted.enabled && !face.enabled {
        send(call, || kms.enable_key().key_id(key).send()).await?;
        face.enabled = true;
    }
    if face.description != wanted.description {
        let request = kms.update_key_description().key_id(key).description(&wanted.description);
        send(call, || request.clone().send()).await?;
        face.description.clone_from(&wanted.description);
    }
    if !same_policy(face.policy.as_deref(), wanted.policy.as_deref()) {
        put_policy(call, scope, key, wanted.policy.as_deref(), bypass_lockout_check).await?;
        face.policy.clone_from(&wanted.policy);
    }
    if face.alias != wanted.alias {
        if let Some(alias) = &wanted.alias {
            set_alias(call, scope, key, alias).await?;
        }
        if let Some(old) = face.alias.clone() {
            delete_alias(call, scope, key, &old).await?;
        }
        face.alias.clone_from(&wanted.alias);
    }
    let changes = TagChanges::between(&face.tags, &wanted.tags, marked_with, &call.claim);
    if !changes.set.is_empty() {
        let request = kms.tag_resource().key_id(key).set_tags(Some(tag_list(&changes.set)?));
        send(call, || request.clone().send()).await?;
        face.tags.extend(wanted.tags.clone());
    }
    if !changes.remove.is_empty() {
        let request = kms.untag_resource().key_id(key).set_tag_keys(Some(changes.remove));
        send(call, || request.clone().send()).await?;
    }
    face.tags.clone_from(&wanted.tags);
    Ok(())
}

/// Disables a key, if that is wanted.
pub async fn disable(
    call: &Call,
    scope: &Scope,
    key: &str,
    face: &mut Face,
    wanted: &Face,
) -> Result<(), Failure> {
    if face.enabled && !wanted.enabled {
        send(call, || scope.kms().disable_key().key_id(key).send()).await?;
        face.enabled = false;
    }
    Ok(())
}

/// Sends a call that may come too early for KMS to see the key as it is by now.
pub async fn send<T, E, F>(call: &Call, request: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(call, consistency::WITHIN_SERVICE, |error| is_code(error, &TOO_EARLY), request)
        .await
}

async fn put_policy(
    call: &Call,
    scope: &Scope,
    key: &str,
    policy: Option<&str>,
    bypass_lockout_check: bool,
) -> Result<(), Failure> {
    let request = scope
        .kms()
        .put_key_policy()
        .key_id(key)
        .policy_name("default")
        .policy(policy.map_or_else(|| default_policy(scope), str::to_owned))
        .bypass_policy_lockout_safety_check(bypass_lockout_check);
    let too_early = |error: &SdkError<_, HttpResponse>| {
        is_code(error, &TOO_EARLY) || names_unknown_principal(error)
    };
    send_when_ready(call, consistency::WITHIN_SERVICE, too_early, || request.clone().send())
        .await
        .map(drop)
        .map_err(|failure| failure.at_attribute("policy"))
}

/// Whether a policy was refused for a principal that does not exist, or not yet.
pub fn names_unknown_principal<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &["MalformedPolicyDocumentException"]) && message(error).contains("principal")
}

/// Gives a key an alias. One that leads to another key of the same owner is moved.
async fn set_alias(call: &Call, scope: &Scope, key: &str, alias: &str) -> Result<(), Failure> {
    let kms = scope.kms();
    let request = kms.create_alias().alias_name(alias).target_key_id(key);
    let taken = |error: &SdkError<_, HttpResponse>| is_code(error, &["AlreadyExistsException"]);
    let too_early = |error: &SdkError<_, HttpResponse>| is_code(error, &TOO_EARLY);
    let send_it = || request.clone().send();
    match answer_when_ready(call, consistency::WITHIN_SERVICE, too_early, send_it).await? {
        Ok(_) => return Ok(()),
        Err(error) if taken(&error) => {}
        Err(error) => return Err(crate::error::failure(&error, &scope.place())),
    }
    // Taken: by this key in an earlier attempt, by another one of ours, or by a stranger.
    let Some(holder) = describe(scope, alias).await? else {
        return send(call, send_it).await.map(drop);
    };
    if holder.key_id == key {
        return Ok(());
    }
    let tags = observed::tags(scope, &holder.key_id).await?.unwrap_or_default();
    let mark = tags::mark(&tags);
    if !mark.as_ref().is_some_and(|mark| call.claim.owns(mark)) {
        let detail = format!(
            "{alias} leads to key {} ({}), which is not this resource's. Choose another alias, \
             or remove that one.",
            holder.key_id,
            scope.place(),
        );
        return Err(Diagnostic::error(format!("{alias} exists already"), detail)
            .at_attribute("alias")
            .into());
    }
    let request = kms.update_alias().alias_name(alias).target_key_id(key);
    send(call, || request.clone().send()).await.map(drop)
}

/// Removes an alias, if it leads to this key.
async fn delete_alias(call: &Call, scope: &Scope, key: &str, alias: &str) -> Result<(), Failure> {
    let holder = describe(scope, alias).await?;
    if holder.is_some_and(|holder| holder.key_id == key) {
        call.proceed()?;
        let answer = scope.kms().delete_alias().alias_name(alias).send().await;
        answer.found(scope, &["NotFoundException"])?;
    }
    Ok(())
}

/// Returns a key from its deletion; it is disabled then.
pub async fn cancel_deletion(call: &Call, scope: &Scope, key: &str) -> Result<(), Failure> {
    call.proceed()?;
    tracing::info!("returning key {key} from its deletion");
    let answer = scope.kms().cancel_key_deletion().key_id(key).send().await;
    // Not in deletion any more: an earlier attempt has returned it.
    answer.found(scope, &["KMSInvalidStateException"]).map(drop)
}

/// Removes a key's alias and schedules its deletion.
pub async fn schedule_deletion(
    call: &Call,
    scope: &Scope,
    key: &str,
    alias: Option<&str>,
    window_days: i32,
) -> Result<(), Failure> {
    if let Some(alias) = alias.filter(|alias| !alias.is_empty()) {
        delete_alias(call, scope, key, alias).await?;
    }
    call.proceed()?;
    let Some(metadata) = describe(scope, key).await? else { return Ok(()) };
    if is_going(&metadata) {
        return Ok(());
    }
    let request =
        scope.kms().schedule_key_deletion().key_id(key).pending_window_in_days(window_days);
    request.send().await.at(scope).map(drop)
}

/// Tags as KMS takes them.
pub fn tag_list(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    tags.iter()
        .map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| incomplete(&error))
}

/// The policy that KMS gives a key by default: the account's IAM policies decide.
pub fn default_policy(scope: &Scope) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": scope.partition().iam_arn(scope.account_id(), "root")},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// Whether a policy is the one that KMS gives a key by default.
pub fn is_default_policy(scope: &Scope, policy: &str) -> bool {
    policy::same(policy, &default_policy(scope))
}

fn same_policy(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => policy::same(one, other),
        (one, other) => one == other,
    }
}

/// The rule that an alias is not one of those that AWS makes.
pub fn is_not_of_aws(alias: &Value) -> Result<(), String> {
    if alias.as_str().is_some_and(|alias| alias.starts_with("alias/aws/")) {
        return Err("another alias: those that begin with alias/aws/ belong to AWS".to_owned());
    }
    Ok(())
}

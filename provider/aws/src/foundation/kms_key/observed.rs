//! A key as KMS shows it, and keys found by their alias or mark.

use std::collections::BTreeSet;

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState, KeyUsageType, MultiRegionKeyType};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use travel_framework::ownership::{DEPLOYMENT_TAG, Mark, RESOURCE_TAG};
use travel_framework::{Diagnostic, Failure};

use super::{KmsKey, face, planning, replicas};
use crate::consistency::Call;
use crate::error::Reply;
use crate::tags::{Tags, mark};
use crate::{Scope, Tagging};

/// A key as KMS shows it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What DescribeKey says.
    pub metadata: KeyMetadata,
    /// Its policy; none for the one that KMS gives a key by default.
    pub policy: Option<String>,
    /// Whether it is rotated.
    pub rotated: bool,
    /// How often, if it is.
    pub rotation_period_days: Option<i32>,
    /// Its aliases, sorted.
    pub aliases: Vec<String>,
    /// All its tags.
    pub tags: Tags,
}

impl Observed {
    /// Reads the rest of a key.
    pub async fn of(scope: &Scope, metadata: KeyMetadata) -> Result<Self, Failure> {
        let key = metadata.key_id.clone();
        let rotatable = metadata.key_spec.as_ref().is_none_or(|spec| {
            planning::can_rotate(spec.as_str(), KeyUsageType::EncryptDecrypt.as_str())
        });
        let (policy, rotation, aliases, tags) = futures::try_join!(
            policy(scope, &key),
            rotation(scope, &key, rotatable),
            aliases(scope, &key),
            tags(scope, &key),
        )?;
        let (rotated, rotation_period_days) = rotation;
        let tags = tags.unwrap_or_default();
        Ok(Self { metadata, policy, rotated, rotation_period_days, aliases, tags })
    }

    /// The key's ARN, or its id where KMS does not tell.
    pub fn arn(&self) -> &str {
        self.metadata.arn.as_deref().unwrap_or(&self.metadata.key_id)
    }

    /// The mark on it.
    pub fn mark(&self) -> Option<Mark> {
        mark(&self.tags)
    }

    /// The alias among its own that is `wanted`, else the first; none where it has none.
    pub fn alias(&self, wanted: Option<&str>) -> Option<String> {
        let wanted = wanted.filter(|wanted| self.aliases.iter().any(|alias| alias == wanted));
        wanted.or(self.aliases.first().map(String::as_str)).map(str::to_owned)
    }

    /// The whole object. `state` is the last known one, or a plan: it tells which alias and which
    /// tags are the resource's own.
    pub async fn object(&self, call: &Call, state: &KmsKey) -> Result<KmsKey, Failure> {
        let metadata = &self.metadata;
        let (tagging, mark) =
            Tagging::read(self.tags.clone(), &state.tagging, &call.scope.settings().tags);
        let name = match &mark {
            _ if !state.name.is_empty() => state.name.clone(),
            Some(mark) => mark.resource.split_once('/').map_or("", |(_, name)| name).to_owned(),
            None => planning::name_of(self.alias(None).as_deref(), &metadata.key_id),
        };
        let alias = self.alias(state.alias.as_deref().or(Some(&format!("alias/{name}"))));
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mut object = KmsKey {
            name,
            description: text(metadata.description.as_deref()),
            alias,
            policy: self.policy_beside(&call.scope, state.policy.as_deref()),
            key_usage: text(metadata.key_usage.as_ref().map(KeyUsageType::as_str)),
            key_spec: text(metadata.key_spec.as_ref().map(|spec| spec.as_str())),
            enable_key_rotation: Some(self.rotated),
            rotation_period_days: self.rotation_period_days,
            multi_region: metadata.multi_region == Some(true),
            enabled: self.metadata.enabled,
            arn: metadata.arn.clone(),
            key_id: Some(metadata.key_id.clone()),
            tagging,
            // What stands in no service is the framework's to keep.
            ..state.clone()
        };
        object.lifecycle.generation = mark.as_ref().map(|mark| mark.generation.clone());
        object.replicas = replicas::read(call, self, &object, state).await?;
        let arns = planning::replica_arns(object.arn.as_deref(), object.replicas.as_ref());
        object.replica_arns = Some(arns);
        Ok(object)
    }

    /// The policy for a state: none for the default one, unless the state spells that out.
    pub fn policy_beside(&self, scope: &Scope, state: Option<&str>) -> Option<String> {
        match (&self.policy, state) {
            (None, Some(spelled)) if face::is_default_policy(scope, spelled) => {
                Some(spelled.to_owned())
            }
            (policy, _) => policy.clone(),
        }
    }
}

/// What KMS says of a key, by id, ARN or alias; none where there is no such key.
pub async fn describe(scope: &Scope, key: &str) -> Result<Option<KeyMetadata>, Failure> {
    let answer = scope.kms().describe_key().key_id(key).send().await;
    Ok(answer.found(scope, &["NotFoundException"])?.and_then(|answer| answer.key_metadata))
}

/// Whether a key is about to be deleted.
pub fn is_going(metadata: &KeyMetadata) -> bool {
    let state = metadata.key_state.as_ref();
    matches!(state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

/// The regions of a key's replicas.
pub fn replica_regions(metadata: &KeyMetadata) -> Vec<String> {
    let replicas = metadata.multi_region_configuration.as_ref().map(|all| all.replica_keys());
    let regions = replicas.unwrap_or_default().iter().filter_map(|replica| replica.region.clone());
    regions.collect()
}

/// Refuses what is no key of a person's own: a key that AWS manages, or a replica.
pub fn refuse_foreign_kinds(metadata: &KeyMetadata) -> Result<(), Failure> {
    let key = &metadata.key_id;
    if metadata.key_manager == Some(KeyManagerType::Aws) {
        let detail = "A service has made it for itself. Only customer managed keys can be changed.";
        return Err(Diagnostic::error(format!("key {key} is managed by AWS"), detail).into());
    }
    if let Some(primary) = primary_of(metadata) {
        let detail = format!(
            "A replica belongs to its primary key, {primary}: import that one, and the replica \
             appears among its replicas."
        );
        return Err(Diagnostic::error(format!("key {key} is a replica"), detail).into());
    }
    Ok(())
}

/// The ARN of the primary key that this one is a replica of, if it is one.
pub fn primary_of(metadata: &KeyMetadata) -> Option<&str> {
    let regions = metadata.multi_region_configuration.as_ref()?;
    let is_replica = regions.multi_region_key_type == Some(MultiRegionKeyType::Replica);
    is_replica.then(|| regions.primary_key.as_ref()?.arn.as_deref()).flatten()
}

/// Keys that stand under the planned one's name: those that carry its mark, and the one that has
/// its alias.
pub async fn candidates(call: &Call, plan: &KmsKey) -> Result<Vec<Observed>, Failure> {
    let scope = &call.scope;
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    let mut references = marked(call).await?;
    references.extend(plan.alias.clone());
    for reference in references {
        let Some(metadata) = describe(scope, &reference).await? else { continue };
        if let Some(primary) = primary_of(&metadata) {
            // A replica of a key of the same name carries the same mark, but is no key by itself.
            if Some(&reference) == plan.alias.as_ref() {
                let detail = format!(
                    "{reference} leads to a replica of {primary}. Choose another alias for one \
                     of them."
                );
                let summary = format!("{reference} exists already");
                return Err(Diagnostic::error(summary, detail).at_attribute("alias").into());
            }
            continue;
        }
        if keys.insert(metadata.key_id.clone()) {
            found.push(Observed::of(scope, metadata).await?);
        }
    }
    Ok(found)
}

/// The ARNs of the keys that carry the mark of this resource, of whatever generation.
pub async fn marked(call: &Call) -> Result<Vec<String>, Failure> {
    let filter = |key: &str, values: Vec<String>| {
        TagFilter::builder().key(key).set_values(Some(values)).build()
    };
    let mut deployments = vec![call.claim.deployment.clone()];
    deployments.extend(call.claim.previous_deployments.iter().cloned());
    let mut pages = call
        .scope
        .tagging()
        .get_resources()
        .resource_type_filters("kms:key")
        .tag_filters(filter(RESOURCE_TAG, vec![call.claim.resource.clone()]))
        .tag_filters(filter(DEPLOYMENT_TAG, deployments))
        .into_paginator()
        .send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.at(&call.scope)?;
        let resources = page.resource_tag_mapping_list.unwrap_or_default();
        arns.extend(resources.into_iter().filter_map(|resource| resource.resource_arn));
    }
    Ok(arns)
}

/// All tags of a key; none where there is no such key.
pub async fn tags(scope: &Scope, key: &str) -> Result<Option<Tags>, Failure> {
    let mut pages = scope.kms().list_resource_tags().key_id(key).into_paginator().send();
    let mut tags = Tags::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(scope, &["NotFoundException"])? else { return Ok(None) };
        let page = page.tags.unwrap_or_default();
        tags.extend(page.into_iter().map(|tag| (tag.tag_key, tag.tag_value)));
    }
    Ok(Some(tags))
}

/// A key's policy; none for the one that KMS gives a key by default.
pub async fn policy(scope: &Scope, key: &str) -> Result<Option<String>, Failure> {
    let answer = scope.kms().get_key_policy().key_id(key).policy_name("default").send().await;
    let policy = answer.at(scope)?.policy;
    Ok(policy.filter(|policy| !face::is_default_policy(scope, policy)))
}

/// A key's aliases, sorted.
pub async fn aliases(scope: &Scope, key: &str) -> Result<Vec<String>, Failure> {
    let mut pages = scope.kms().list_aliases().key_id(key).into_paginator().send();
    let mut aliases = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.at(scope)?.aliases.unwrap_or_default();
        aliases.extend(page.into_iter().filter_map(|alias| alias.alias_name));
    }
    aliases.sort();
    Ok(aliases)
}

async fn rotation(
    scope: &Scope,
    key: &str,
    rotatable: bool,
) -> Result<(bool, Option<i32>), Failure> {
    if !rotatable {
        return Ok((false, None));
    }
    let answer = scope.kms().get_key_rotation_status().key_id(key).send().await;
    // Keys with imported material cannot rotate either.
    let Some(answer) = answer.found(scope, &["UnsupportedOperationException"])? else {
        return Ok((false, None));
    };
    let period = answer.rotation_period_in_days.filter(|_| answer.key_rotation_enabled);
    Ok((answer.key_rotation_enabled, period))
}

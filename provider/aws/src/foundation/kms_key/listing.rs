//! The keys that exist, for lists.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_kms::types::KeyManagerType;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::{DEPLOYMENT_TAG, RESOURCE_TAG};
use travel_framework::{Diagnostic, Failure, Model};

use super::KmsKey;
use super::observed::{self, describe, is_going};
use crate::Placement;
use crate::consistency::Call;
use crate::error::Reply;

/// The customer managed keys of an account and region, by their aliases. Left out are replicas, keys
/// in their deletion window, and keys without an alias, which have no name here: these are imported
/// by their id.
#[derive(Clone, Debug, Default, Model)]
pub struct Keys {
    /// Where they are.
    #[model(flatten)]
    pub placement: Placement,
}

#[async_trait]
impl Listable for KmsKey {
    type Query = Keys;

    async fn list(call: &Call, _query: &Keys, found: &Finder) -> Result<(), Failure> {
        let (own, aliases) = futures::try_join!(own_names(call), aliases(call))?;
        let mut pages = call.scope.kms().list_keys().into_paginator().send();
        while let Some(page) = pages.next().await {
            for key in page.at(&call.scope)?.keys.unwrap_or_default() {
                let (Some(id), Some(arn)) = (key.key_id, key.key_arn) else { continue };
                let alias = aliases.get(&id);
                let aliased = alias.and_then(|alias| alias.strip_prefix("alias/"));
                let Some(name) = own.get(&arn).map(String::as_str).or(aliased) else { continue };
                if is_own_kind(call, &id).await? {
                    let shown = alias.map_or(name, String::as_str);
                    found.tell(format!("{}/{name}", call.scope.region()), shown).await;
                }
            }
        }
        Ok(())
    }
}

/// Whether a key can be managed by itself. One whose policy keeps the caller from reading it is left
/// out, and the person told.
async fn is_own_kind(call: &Call, id: &str) -> Result<bool, Failure> {
    let metadata = match describe(&call.scope, id).await {
        Ok(Some(metadata)) => metadata,
        Ok(None) => return Ok(false),
        Err(Failure::Interrupted) => return Err(Failure::Interrupted),
        Err(Failure::Failed(error)) => {
            let detail = format!("{}: {}", error.summary, error.detail);
            call.warn(Diagnostic::warning(format!("key {id} is left out of the list"), detail));
            return Ok(false);
        }
    };
    let is_customers = metadata.key_manager != Some(KeyManagerType::Aws);
    Ok(is_customers && !is_going(&metadata) && observed::primary_of(&metadata).is_none())
}

/// The names of this deployment's keys by their ARNs, from the marks on them.
async fn own_names(call: &Call) -> Result<BTreeMap<String, String>, Failure> {
    let mut deployments = vec![call.claim.deployment.clone()];
    deployments.extend(call.claim.previous_deployments.iter().cloned());
    let filter = TagFilter::builder().key(DEPLOYMENT_TAG).set_values(Some(deployments)).build();
    let client = call.scope.tagging();
    let request = client.get_resources().resource_type_filters("kms:key").tag_filters(filter);
    let mut pages = request.into_paginator().send();
    let mut names = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for found in page.at(&call.scope)?.resource_tag_mapping_list.unwrap_or_default() {
            let mark = found.tags().iter().find(|tag| tag.key() == RESOURCE_TAG);
            let name = mark.and_then(|tag| tag.value().strip_prefix(&call.claim.resource));
            if let (Some(name), Some(arn)) = (name, found.resource_arn()) {
                names.insert(arn.to_owned(), name.to_owned());
            }
        }
    }
    Ok(names)
}

/// The first alias of each key, by the key's id; none of those that AWS gives.
async fn aliases(call: &Call) -> Result<BTreeMap<String, String>, Failure> {
    let mut pages = call.scope.kms().list_aliases().into_paginator().send();
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for alias in page.at(&call.scope)?.aliases.unwrap_or_default() {
            let (Some(name), Some(key)) = (alias.alias_name, alias.target_key_id) else { continue };
            if name.starts_with("alias/aws/") {
                continue;
            }
            let first = aliases.entry(key).or_insert_with(|| name.clone());
            if name < *first {
                *first = name;
            }
        }
    }
    Ok(aliases)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tokio::sync::mpsc::channel;
    use travel_framework::list::Named;

    use super::*;
    use crate::settings::Settings;
    use crate::testing::{Fake, REGION, Reply, Request, call_on};

    const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/";

    fn described(id: &str) -> Reply {
        let mut metadata =
            json!({"KeyId": id, "Arn": format!("{ARN}{id}"), "KeyManager": "CUSTOMER"});
        match id {
            "refused" => return Reply::error("AccessDeniedException", "no"),
            "gone" => return Reply::error("NotFoundException", "no"),
            "aws" => metadata["KeyManager"] = "AWS".into(),
            "going" => metadata["KeyState"] = "PendingDeletion".into(),
            "replica" => {
                metadata["MultiRegionConfiguration"] = json!({
                    "MultiRegionKeyType": "REPLICA",
                    "PrimaryKey": {"Arn": "arn:primary", "Region": "eu-west-1"},
                });
            }
            _ => {}
        }
        Reply::json(json!({ "KeyMetadata": metadata }))
    }

    fn answer(request: &Request) -> Reply {
        let alias = |name: &str, key: &str| json!({"AliasName": format!("alias/{name}"), "TargetKeyId": key});
        let keys = |ids: &[&str]| {
            let key = |id: &&str| json!({"KeyId": id, "KeyArn": format!("{ARN}{id}")});
            ids.iter().map(key).collect::<Vec<Json>>()
        };
        match request.action.as_str() {
            // The second page has what the first has no room for.
            "kms:ListKeys" if request.input["Marker"] == "m" => {
                Reply::json(json!({"Keys": keys(&["own", "nameless", "refused", "gone"])}))
            }
            "kms:ListKeys" => Reply::json(json!({
                "Keys": keys(&["named", "aws", "going", "replica"]),
                "Truncated": true,
                "NextMarker": "m",
            })),
            "kms:ListAliases" => Reply::json(json!({"Aliases": [
                alias("zeta", "named"), alias("beta", "named"), alias("aws/ebs", "aws"),
                alias("going", "going"), alias("replica", "replica"), alias("other", "own"),
                alias("refused", "refused"), alias("gone", "gone"),
            ]})),
            "tagging:GetResources" => {
                let tag = |value: &str| json!({"Key": "travel:resource", "Value": value});
                let found = |id: &str, value: &str| json!({"ResourceARN": format!("{ARN}{id}"), "Tags": [tag(value)]});
                Reply::json(json!({"ResourceTagMappingList": [
                    found("own", "travel_kms_key/volumes"), found("named", "travel_bucket/logs"),
                ]}))
            }
            "kms:DescribeKey" => described(request.input["KeyId"].as_str().unwrap()),
            other => panic!("{other} was not expected"),
        }
    }

    #[tokio::test]
    async fn keys_that_can_be_managed_are_listed_by_name() {
        let fake = Fake::new(answer);
        let call = call_on(&fake, Settings::default(), "travel_kms_key/").await;
        let (sender, mut named) = channel(100);
        KmsKey::list(&call, &Keys::default(), &Finder::new(sender)).await.unwrap();
        let mut found = Vec::new();
        while let Some(Named { id, name }) = named.recv().await {
            found.push((id, name));
        }
        let expected = [("beta", "alias/beta"), ("volumes", "alias/other")];
        let expected = expected.map(|(id, name)| (format!("{REGION}/{id}"), name.to_owned()));
        assert_eq!(found, expected);
        let warnings = call.take_warnings();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].summary, "key refused is left out of the list");
    }
}

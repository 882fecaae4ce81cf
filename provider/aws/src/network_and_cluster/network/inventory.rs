//! The networks that exist, for lists.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::{DEPLOYMENT_TAG, RESOURCE_TAG};
use travel_framework::{Failure, Model};

use super::Network;
use super::operations::vpcs_of;
use crate::Placement;
use crate::consistency::Call;
use crate::ec2;
use crate::error::Reply;

/// The networks of this deployment in an account and region: those whose parts carry its mark. What
/// was made by other means cannot be taken apart into tiers and zones, and is not listed.
#[derive(Clone, Debug, Default, Model)]
pub struct Networks {
    /// Where they are.
    #[model(flatten)]
    pub placement: Placement,
}

#[async_trait]
impl Listable for Network {
    type Query = Networks;

    async fn list(call: &Call, _query: &Networks, found: &Finder) -> Result<(), Failure> {
        for (name, parts) in parts_by_name(call).await? {
            let vpcs: Vec<String> = vpcs_of(call, &parts).await?.into_keys().collect();
            // The tags of what is gone are listed for a while.
            if !vpcs.is_empty() {
                let id = format!("{}/{name}", call.scope.region());
                found.tell(id, format!("{name} ({})", vpcs.join(", "))).await;
            }
        }
        Ok(())
    }
}

/// The marked parts of each network of this deployment: their ids, and types.
async fn parts_by_name(call: &Call) -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
    let client = call.scope.ec2();
    let mut deployments = vec![call.claim.deployment.clone()];
    deployments.extend(call.claim.previous_deployments.iter().cloned());
    let request = client
        .describe_tags()
        .filters(ec2::filter("key", DEPLOYMENT_TAG))
        .filters(ec2::any_of("value", deployments));
    let tags = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let own: BTreeSet<String> = tags.into_iter().filter_map(|tag| tag.resource_id).collect();
    let request = client.describe_tags().filters(ec2::filter("key", RESOURCE_TAG));
    let tags = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let mut parts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for tag in tags {
        let name = tag.value().and_then(|mark| mark.strip_prefix(&call.claim.resource));
        let (Some(name), Some(id)) = (name, tag.resource_id().filter(|id| own.contains(*id)))
        else {
            continue;
        };
        let kind = tag.resource_type().map(|it| it.as_str().to_owned()).unwrap_or_default();
        parts.entry(name.to_owned()).or_default().insert(id.to_owned(), kind);
    }
    Ok(parts)
}

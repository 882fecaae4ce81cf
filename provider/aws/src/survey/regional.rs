//! What the tagging API tells of in a region, but for EC2's, of which it leaves some out and tells
//! of others after they are gone.

use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::try_join_all;
use travel_framework::Failure;
use travel_framework::orphan::Marked;
use travel_framework::ownership::DEPLOYMENT_TAG;

use super::marked;
use crate::Scope;
use crate::error::Reply;
use crate::foundation::kms_key;
use crate::network_and_cluster::log_group;
use crate::partition::Arn;
use crate::tags::Tags;

/// Everything with a mark.
///
/// # Errors
/// Where a call fails.
pub async fn tagged(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let filter = TagFilter::builder().key(DEPLOYMENT_TAG).build();
    let request = scope.tagging().get_resources().tag_filters(filter).resources_per_page(100);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for resource in page.at(scope)?.resource_tag_mapping_list.unwrap_or_default() {
            let tags = resource.tags.into_iter().flatten();
            let tags: Tags = tags.map(|tag| (tag.key, tag.value)).collect();
            let arn = resource.resource_arn.unwrap_or_default();
            let Some(parsed) = Arn::parse(&arn).filter(|arn| arn.service != "ec2") else {
                continue;
            };
            found.extend(marked(scope, &arn, &kind(&parsed), &tags));
        }
    }
    let there = try_join_all(found.iter().map(|it| is_there(scope, &it.id))).await?;
    let found = found.into_iter().zip(there).filter(|(_, is_there)| *is_there);
    Ok(found.map(|(marked, _)| marked).collect())
}

/// What an ARN is of: its service, and the first word of the resource.
fn kind(arn: &Arn) -> String {
    let kind = arn.resource.split(['/', ':']).next().unwrap_or_default();
    format!("{} {kind}", arn.service)
}

/// Whether it is there, and not in its deletion already: the tagging API lags behind.
async fn is_there(scope: &Scope, arn: &str) -> Result<bool, Failure> {
    let Some(parsed) = Arn::parse(arn) else { return Ok(true) };
    match (parsed.service.as_str(), parsed.resource.split_once(['/', ':'])) {
        ("kms", Some(("key", _))) => kms_key::is_in_use(scope, arn).await,
        ("logs", Some(("log-group", name))) => log_group::exists(scope, name).await,
        _ => Ok(true),
    }
}

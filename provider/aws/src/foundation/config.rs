//! What the objects of AWS Config have in common: tags by ARN, and types of resources.
//!
//! Source: AWS Config API reference, TagResource, UntagResource, ListTagsForResource.

use aws_sdk_config::types::Tag;
use travel_framework::ownership::Mark;
use travel_framework::resource::Resource;
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

use crate::consistency::Call;
use crate::error::Reply;
use crate::platform::Aws;
use crate::tags::{TagChanges, Tags};

/// All tags of an object; none where it is gone.
///
/// # Errors
/// The service's error, other than that.
pub async fn tags(call: &Call, arn: &str) -> Result<Option<Tags>, Failure> {
    let request = call.scope.config().list_tags_for_resource().resource_arn(arn);
    let mut pages = request.into_paginator().send();
    let mut tags = Tags::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &["ResourceNotFoundException"])? else {
            return Ok(None);
        };
        tags.extend(
            page.tags.unwrap_or_default().into_iter().filter_map(|tag| tag.key.zip(tag.value)),
        );
    }
    Ok(Some(tags))
}

/// Sets and removes tags of an object.
///
/// # Errors
/// The service's error.
pub async fn retag(call: &Call, arn: &str, changes: TagChanges) -> Result<(), Failure> {
    let client = call.scope.config();
    if !changes.set.is_empty() {
        let request = client.tag_resource().resource_arn(arn);
        request.set_tags(Some(tag_list(changes.set))).send().await.at(&call.scope)?;
    }
    if !changes.remove.is_empty() {
        let request = client.untag_resource().resource_arn(arn);
        request.set_tag_keys(Some(changes.remove)).send().await.at(&call.scope)?;
    }
    Ok(())
}

/// Tags as the service takes them.
pub fn tag_list(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Whether a text is like the type of a resource.
pub fn is_type(text: &str) -> bool {
    text.split("::").filter(|part| !part.is_empty()).count() == 3
}

/// The rule of a set of texts each of which has to be something.
///
/// # Errors
/// What is `wanted`, with the first that is not.
pub fn each(value: &Value, is: impl Fn(&str) -> bool, wanted: &str) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match texts.find(|text| !is(text)) {
        None => Ok(()),
        Some(other) => Err(format!("{wanted}, which {other:?} is not")),
    }
}

/// Refuses to make what stands there already under its name: the service would change that instead.
///
/// # Errors
/// That there is something; as a look fails.
pub async fn check_free<R>(call: &Call, plan: &R, what: &str) -> Result<(), Failure>
where
    R: Resource<Platform = Aws>,
{
    let found = R::find(call, plan).await?;
    let is_other =
        |mark: Option<&Mark>| mark.is_none_or(|it| it.generation != call.claim.generation);
    if !found.iter().any(|it| is_other(it.mark.as_ref())) {
        return Ok(());
    }
    Err(Diagnostic::error(
        format!("{what} exists already"),
        format!(
            "A name stands for one in an account and a region ({}). If this one replaces it under \
             create_before_destroy, give it another name, or let the old one go first.",
            call.scope.place(),
        ),
    )
    .at_attribute("name")
    .into())
}

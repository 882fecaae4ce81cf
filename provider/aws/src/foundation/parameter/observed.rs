//! A parameter as Parameter Store shows it. What several parameters ask for in the same moment goes
//! into one call, where the service answers for many; a value that is encrypted is never asked for.

use std::collections::HashMap;

use aws_sdk_ssm::types::{
    Parameter as ServiceParameter, ParameterMetadata, ParameterStringFilter, ParameterType,
    ResourceTypeForTagging,
};
use serde_json::Value as Json;
use travel_framework::Failure;
use travel_framework::ownership::Mark;

use super::{INTELLIGENT, Parameter};
use crate::Scope;
use crate::consistency::Call;
use crate::error::{Reply, incomplete};
use crate::tags::{self, Tagging, Tags};

/// What the service answers for tags of a parameter that is not there.
pub const NO_RESOURCE: &str = "InvalidResourceId";

/// A parameter, its tags aside.
#[derive(Clone, Debug)]
pub struct Seen {
    metadata: ParameterMetadata,
    value: Option<ServiceParameter>,
}

/// The parameter of this name, if there is one.
///
/// # Errors
/// As the calls fail.
pub async fn look(scope: &Scope, name: &str) -> Result<Option<Seen>, Failure> {
    let Some(metadata) = describe(scope, name).await? else { return Ok(None) };
    let mut value = None;
    if metadata.r#type != Some(ParameterType::SecureString) {
        value = value_of(scope, name).await?;
        if value.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(Seen { metadata, value }))
}

impl Seen {
    /// The version that every part of the service shows.
    pub fn version(&self) -> i64 {
        let value = self.value.as_ref().map_or(self.metadata.version, |value| value.version);
        value.min(self.metadata.version)
    }

    /// The parameter with its tags, and the mark among them; none where it has gone meanwhile.
    /// `state` is the last known state.
    ///
    /// # Errors
    /// As the calls fail.
    pub async fn object(
        self,
        call: &Call,
        state: &Parameter,
    ) -> Result<Option<(Parameter, Option<Mark>)>, Failure> {
        let Some(tags) = tags_of(&call.scope, &state.name).await? else { return Ok(None) };
        let (tagging, mark) = Tagging::read(tags, &state.tagging, &call.scope.settings().tags);
        let Self { metadata, value } = self;
        let kind = metadata.r#type.as_ref().map_or("String", |kind| kind.as_str()).to_owned();
        let version = metadata.version;
        // What is encrypted cannot be compared: it is as it was written while nobody has written
        // since.
        let is_last_written = state.version == Some(version);
        let tier = metadata.tier.as_ref().map_or("Standard", |tier| tier.as_str());
        let arn = metadata.arn.clone().unwrap_or_else(|| call.scope.arn("ssm", &path(&state.name)));
        let object = Parameter {
            name: state.name.clone(),
            kind,
            value: value.and_then(|value| value.value),
            secret_value: None,
            secret_value_version: state.secret_value_version.filter(|_| is_last_written),
            tier: if state.tier == INTELLIGENT { INTELLIGENT } else { tier }.to_owned(),
            policies: policies(&metadata),
            key_id: metadata.key_id,
            description: metadata.description.unwrap_or_default(),
            allowed_pattern: metadata.allowed_pattern.filter(|pattern| !pattern.is_empty()),
            data_type: metadata.data_type.unwrap_or_else(|| "text".to_owned()),
            arn: Some(arn),
            version: Some(version),
            tagging,
            placement: state.placement.clone(),
            lifecycle: state.lifecycle.clone(),
        };
        Ok(Some((object, mark)))
    }

    /// The tier that the service has put it in.
    pub fn tier(&self) -> Option<&str> {
        self.metadata.tier.as_ref().map(|tier| tier.as_str())
    }
}

/// The mark on a parameter; none where it has none, or is gone.
///
/// # Errors
/// As the call fails.
pub async fn mark(scope: &Scope, name: &str) -> Result<Option<Mark>, Failure> {
    Ok(tags_of(scope, name).await?.as_ref().and_then(tags::mark))
}

/// The part of a parameter's ARN behind the account.
pub fn path(name: &str) -> String {
    format!("parameter/{}", name.strip_prefix('/').unwrap_or(name))
}

async fn describe(scope: &Scope, name: &str) -> Result<Option<ParameterMetadata>, Failure> {
    let place = scope.clone();
    let fetch = move |names: Vec<String>| page_through(place.clone(), names);
    scope.batches().parameters.get(name, fetch).await
}

async fn page_through(
    place: Scope,
    names: Vec<String>,
) -> Result<HashMap<String, ParameterMetadata>, Failure> {
    let filter = ParameterStringFilter::builder()
        .key("Name")
        .option("Equals")
        .set_values(Some(names.clone()))
        .build()
        .map_err(|error| incomplete(&error))?;
    let request = place.ssm().describe_parameters().parameter_filters(filter).max_results(50);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    // A page may be empty and yet not the last.
    while let Some(page) = pages.next().await {
        found.extend(page.at(&place)?.parameters.unwrap_or_default());
    }
    Ok(by_name(names, found, |it| it.name.as_deref()))
}

async fn value_of(scope: &Scope, name: &str) -> Result<Option<ServiceParameter>, Failure> {
    let place = scope.clone();
    let fetch = move |names: Vec<String>| {
        let request = place.ssm().get_parameters().set_names(Some(names.clone()));
        let place = place.clone();
        async move {
            let answer = request.with_decryption(false).send().await.at(&place)?;
            Ok(by_name(names, answer.parameters.unwrap_or_default(), |it| it.name.as_deref()))
        }
    };
    scope.batches().parameter_values.get(name, fetch).await
}

/// What was found under the names that were asked for. A parameter of one level may be called with
/// a leading slash and without.
fn by_name<T: Clone>(
    asked: Vec<String>,
    found: Vec<T>,
    name_of: impl Fn(&T) -> Option<&str>,
) -> HashMap<String, T> {
    let one = |asked: &str| {
        let is = |other: &str| found.iter().find(|it| name_of(it) == Some(other));
        let other = match asked.strip_prefix('/') {
            Some(bare) if !bare.contains('/') => bare.to_owned(),
            _ => format!("/{asked}"),
        };
        is(asked).or_else(|| is(&other)).cloned()
    };
    asked
        .into_iter()
        .filter_map(|name| Some((one(&name)?, name)))
        .map(|(it, key)| (key, it))
        .collect()
}

async fn tags_of(scope: &Scope, name: &str) -> Result<Option<Tags>, Failure> {
    let request = scope
        .ssm()
        .list_tags_for_resource()
        .resource_type(ResourceTypeForTagging::Parameter)
        .resource_id(name);
    let answer = request.send().await.found(scope, &[NO_RESOURCE])?;
    let pairs = |tags: Vec<aws_sdk_ssm::types::Tag>| {
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<Tags>()
    };
    Ok(answer.map(|answer| pairs(answer.tag_list.unwrap_or_default())))
}

/// The policies as they are written: one JSON list of all.
fn policies(metadata: &ParameterMetadata) -> Option<String> {
    let texts = metadata.policies().iter().filter_map(|policy| policy.policy_text());
    let policies: Vec<Json> = texts
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned())))
        .collect();
    (!policies.is_empty()).then(|| Json::Array(policies).to_string())
}

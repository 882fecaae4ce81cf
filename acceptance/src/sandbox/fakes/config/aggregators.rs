//! Aggregators: where they gather from is kept, but nothing is gathered.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::tags::Tags;
use super::{Place, listed};
use crate::sandbox::fakes::input::{Input, page};
use crate::sandbox::fakes::neighbours::partition;
use crate::sandbox::wire::ServiceError;

/// How many aggregators an account can have in a region.
const MOST: usize = 50;
/// How many aggregators a page has where nobody says.
const PAGE: usize = 100;

/// An aggregator.
#[derive(Debug)]
pub struct Aggregator {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Tags,
    said: Value,
}

/// Aggregators by name.
pub type Aggregators = BTreeMap<String, Aggregator>;

/// Makes an aggregator, or changes the one of its name.
///
/// # Errors
/// What the service refuses.
pub fn put(all: &mut Aggregators, place: &Place, input: &Input) -> Result<Value, ServiceError> {
    let name = input.text("ConfigurationAggregatorName");
    let mut said = json!({"ConfigurationAggregatorName": name});
    for member in
        ["AccountAggregationSources", "OrganizationAggregationSource", "AggregatorFilters"]
    {
        if input.has(member) {
            said[member] = input.value(member).clone();
        }
    }
    check(&said)?;
    if let Some(there) = all.get_mut(name) {
        // Tags of one that is there already are not looked at.
        there.said = said;
        return Ok(json!({"ConfigurationAggregator": there.shown()}));
    }
    if all.len() >= MOST {
        let message = format!("an account has at most {MOST} aggregators in a region");
        return Err(ServiceError::new("LimitExceededException", message));
    }
    let (account, region) = place;
    let id = Uuid::new_v4().simple().to_string();
    let arn = format!(
        "arn:{}:config:{region}:{account}:config-aggregator/config-aggregator-{}",
        partition(region),
        id.get(..8).unwrap_or(&id),
    );
    let tags = Tags::of(input.value("Tags"))?;
    let made = Aggregator { arn, tags, said };
    let shown = made.shown();
    all.insert(name.to_owned(), made);
    Ok(json!({ "ConfigurationAggregator": shown }))
}

/// Shows aggregators.
///
/// # Errors
/// Where one that is asked for by name is not there.
pub fn describe(all: &Aggregators, input: &Input) -> Result<Value, ServiceError> {
    let names = input.texts("ConfigurationAggregatorNames");
    if names.iter().any(|name| !all.contains_key(name)) {
        return Err(missing());
    }
    let asked = all.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let shown = asked.map(|(_, it)| it.shown()).collect();
    let limit = input.number("Limit").and_then(|it| usize::try_from(it).ok());
    let limit = limit.filter(|it| *it > 0).unwrap_or(PAGE);
    let (items, next) = page(shown, input.optional_text("NextToken"), limit)
        .map_err(|problem| ServiceError::new("InvalidNextTokenException", problem))?;
    let mut shown = listed("ConfigurationAggregators", items);
    if let Some(next) = next {
        shown["NextToken"] = next.into();
    }
    Ok(shown)
}

/// Removes an aggregator.
///
/// # Errors
/// Where it is not there.
pub fn delete(all: &mut Aggregators, input: &Input) -> Result<Value, ServiceError> {
    let removed = all.remove(input.text("ConfigurationAggregatorName"));
    removed.map(|_| json!({})).ok_or_else(missing)
}

impl Aggregator {
    fn shown(&self) -> Value {
        let mut shown = self.said.clone();
        shown["ConfigurationAggregatorArn"] = self.arn.as_str().into();
        shown
    }
}

/// An aggregator gathers from one kind of source, and from some regions or from all.
fn check(said: &Value) -> Result<(), ServiceError> {
    let sources = said["AccountAggregationSources"].as_array().into_iter().flatten();
    let organization = said.get("OrganizationAggregationSource");
    let all: Vec<&Value> = sources.chain(organization).collect();
    let is_right = |source: &Value| {
        let is_all = source["AllAwsRegions"] == true;
        is_all != source["AwsRegions"].as_array().is_some_and(|regions| !regions.is_empty())
    };
    match all.as_slice() {
        [source] if is_right(source) => Ok(()),
        _ => Err(ServiceError::new(
            "InvalidParameterValueException",
            "An aggregator has one source, with either regions or all of them.",
        )),
    }
}

fn missing() -> ServiceError {
    ServiceError::new(
        "NoSuchConfigurationAggregatorException",
        "The configuration aggregator does not exist. Check the configuration aggregator name and try again.",
    )
}

//! What a trail makes of the events it takes: insights, and sums of data events.
//!
//! Source: CloudTrail API reference, PutInsightSelectors, PutEventConfiguration.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::types::{
    AggregationConfiguration, EventCategoryAggregation, InsightSelector, InsightType,
    SourceEventCategory, Template,
};
use travel_framework::Failure;
use travel_value::Value;

use super::refusals::send;
use super::{ABSENT, AuditTrail};
use crate::consistency::Call;
use crate::error::{Reply, incomplete};

/// Kinds of insights, with the categories of events that each looks at.
pub type Insights = BTreeMap<String, BTreeSet<String>>;

const INSIGHTS: [&str; 2] = ["ApiCallRateInsight", "ApiErrorRateInsight"];
const CATEGORIES: [&str; 2] = ["Data", "Management"];
const TEMPLATES: [&str; 3] = ["API_ACTIVITY", "RESOURCE_ACCESS", "USER_ACTIONS"];
/// What CloudTrail says of a trail without insights.
const NO_INSIGHTS: &str = "InsightNotEnabledException";
/// What it says where it cannot sum up events.
const NO_SUMS: [&str; 2] = ["UnsupportedOperationException", "UnknownOperationException"];

/// The rule of insights.
pub fn are_insights(value: &Value) -> Result<(), String> {
    for (kind, categories) in value.entries().into_iter().flatten() {
        if !INSIGHTS.contains(&kind.as_str()) {
            return Err(format!("{}, which {kind:?} is none of", INSIGHTS.join(" or ")));
        }
        let Some(categories) = categories.elements() else { continue };
        let mut categories = categories.iter().filter_map(Value::as_str);
        if let Some(other) = categories.find(|it| !CATEGORIES.contains(it)) {
            return Err(format!("insights into Management or Data, which {other:?} is none of"));
        }
        if value.get(kind).elements().is_some_and(<[Value]>::is_empty) {
            return Err(format!("insights into something: {kind} names no category"));
        }
    }
    Ok(())
}

/// The rule of aggregations.
pub fn are_templates(value: &Value) -> Result<(), String> {
    let mut templates = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match templates.find(|it| !TEMPLATES.contains(it)) {
        Some(other) => Err(format!("{}, which {other:?} is none of", TEMPLATES.join(", "))),
        None => Ok(()),
    }
}

/// What stands in both.
pub fn common(one: &Insights, other: &Insights) -> Insights {
    let both = one.iter().filter_map(|(kind, categories)| {
        let both: BTreeSet<String> = categories.intersection(other.get(kind)?).cloned().collect();
        (!both.is_empty()).then(|| (kind.clone(), both))
    });
    both.collect()
}

/// The insights of a trail.
pub async fn insights(call: &Call, arn: &str) -> Result<Insights, Failure> {
    let request = call.scope.cloudtrail().get_insight_selectors().trail_name(arn);
    let answer = request.send().await.found(&call.scope, &[NO_INSIGHTS, ABSENT])?;
    let mut insights = Insights::new();
    for selector in answer.and_then(|it| it.insight_selectors).unwrap_or_default() {
        let Some(kind) = selector.insight_type() else { continue };
        let categories = insights.entry(kind.as_str().to_owned()).or_default();
        match selector.event_categories() {
            // That is what they began with, before there were categories.
            [] => drop(categories.insert("Management".to_owned())),
            named => categories.extend(named.iter().map(|it| it.as_str().to_owned())),
        }
    }
    Ok(insights)
}

/// Writes the insights that are wanted over those that are there.
pub async fn put_insights(
    call: &Call,
    arn: &str,
    plan: &AuditTrail,
    wanted: &Insights,
) -> Result<(), Failure> {
    let selectors = wanted.iter().map(|(kind, categories)| {
        let categories = categories.iter().map(|it| SourceEventCategory::from(it.as_str()));
        InsightSelector::builder()
            .insight_type(InsightType::from(kind.as_str()))
            .set_event_categories(Some(categories.collect()))
            .build()
    });
    let request = call.scope.cloudtrail().put_insight_selectors().trail_name(arn);
    let request = request.set_insight_selectors(Some(selectors.collect()));
    send(call, plan, || request.clone().send()).await.map(drop)
}

/// How a trail sums data events up.
pub async fn aggregations(call: &Call, arn: &str) -> Result<BTreeSet<String>, Failure> {
    let request = call.scope.cloudtrail().get_event_configuration().trail_name(arn);
    let absent = [NO_SUMS[0], NO_SUMS[1], ABSENT];
    let answer = request.send().await.found(&call.scope, &absent)?;
    let configurations = answer.and_then(|it| it.aggregation_configurations).unwrap_or_default();
    let templates = configurations.iter().flat_map(AggregationConfiguration::templates);
    Ok(templates.map(|it| it.as_str().to_owned()).collect())
}

/// Writes how data events are to be summed up.
pub async fn put_aggregations(
    call: &Call,
    arn: &str,
    plan: &AuditTrail,
    wanted: &BTreeSet<String>,
) -> Result<(), Failure> {
    let mut configurations = Vec::new();
    if !wanted.is_empty() {
        let templates = wanted.iter().map(|it| Template::from(it.as_str())).collect();
        let configuration = AggregationConfiguration::builder()
            .event_category(EventCategoryAggregation::Data)
            .set_templates(Some(templates));
        configurations.push(configuration.build().map_err(|error| incomplete(&error))?);
    }
    let request = call.scope.cloudtrail().put_event_configuration().trail_name(arn);
    let request = request.set_aggregation_configurations(Some(configurations));
    send(call, plan, || request.clone().send()).await.map(drop)
}

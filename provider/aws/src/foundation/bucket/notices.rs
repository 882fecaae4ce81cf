//! Event notices: who is told of what happens in a bucket.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    TopicConfiguration,
};
use travel_framework::{Failure, Model};
use travel_value::Value;

use super::settings::Target;
use crate::error::{Reply, incomplete};

/// Who is told of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Notice {
    /// The ARN of the queue, topic or function that is told. Its policy must let S3 in.
    #[model(
        required,
        pattern(
            "^arn:aws[a-z-]*:(sqs|sns|lambda):[a-z0-9-]+:\\d{12}:.+$",
            "the ARN of a queue, a topic or a function"
        )
    )]
    pub destination: String,
    /// What it is told of, such as `s3:ObjectCreated:*`.
    #[model(required, rule = are_events)]
    pub events: BTreeSet<String>,
    /// What the objects' names begin with.
    #[model(optional, length(1, 1024))]
    pub prefix: Option<String>,
    /// What their names end with.
    #[model(optional, length(1, 1024))]
    pub suffix: Option<String>,
}

/// The notices by name.
pub type Notices = BTreeMap<String, Notice>;

/// The rule of all notices together.
pub fn are_notices(value: &Value) -> Result<(), String> {
    let Some(notices) = value.entries() else { return Ok(()) };
    let named = |name: &String| (1..=255).contains(&name.chars().count());
    match !notices.is_empty() && notices.len() <= 100 && notices.keys().all(named) {
        true => Ok(()),
        false => Err("1 to 100 notices, with names of 1 to 255 characters".to_owned()),
    }
}

fn are_events(value: &Value) -> Result<(), String> {
    let Some(events) = value.elements() else { return Ok(()) };
    let is_event = |event: &Value| event.as_str().is_none_or(|event| event.starts_with("s3:"));
    match !events.is_empty() && events.iter().all(is_event) {
        true => Ok(()),
        false => Err("one or more events of S3, such as s3:ObjectCreated:*".to_owned()),
    }
}

/// Whether EventBridge is told of all, and the notices as they are.
pub async fn read(target: &Target<'_>) -> Result<(bool, Notices), Failure> {
    let request = target.s3().get_bucket_notification_configuration().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.at(&target.call.scope)?;
    let queues = seen.queue_configurations.unwrap_or_default().into_iter();
    let topics = seen.topic_configurations.unwrap_or_default().into_iter();
    let functions = seen.lambda_function_configurations.unwrap_or_default().into_iter();
    let notices = queues
        .map(|it| (it.id, it.queue_arn, it.events, it.filter))
        .chain(topics.map(|it| (it.id, it.topic_arn, it.events, it.filter)))
        .chain(functions.map(|it| (it.id, it.lambda_function_arn, it.events, it.filter)))
        .map(|(id, destination, events, filter)| {
            let events = events.iter().map(|event| event.as_str().to_owned()).collect();
            let rules = filter.and_then(|filter| filter.key?.filter_rules).unwrap_or_default();
            // S3 answers with names in upper case, whatever it was given.
            let end = |name: &str| {
                let rule = rules.iter().find(|rule| {
                    let is = rule.name.as_ref().map(FilterRuleName::as_str);
                    is.is_some_and(|is| is.eq_ignore_ascii_case(name))
                });
                rule.and_then(|rule| rule.value.clone()).filter(|value| !value.is_empty())
            };
            let (prefix, suffix) = (end("prefix"), end("suffix"));
            (id.unwrap_or_default(), Notice { destination, events, prefix, suffix })
        })
        .collect();
    Ok((seen.event_bridge_configuration.is_some(), notices))
}

/// Writes all notices, which S3 only takes together.
pub async fn write(
    target: &Target<'_>,
    event_bridge: bool,
    notices: Option<&Notices>,
) -> Result<(), Failure> {
    let mut configuration = NotificationConfiguration::builder().set_event_bridge_configuration(
        event_bridge.then(|| EventBridgeConfiguration::builder().build()),
    );
    for (name, notice) in notices.into_iter().flatten() {
        let events: Vec<Event> =
            notice.events.iter().map(|event| Event::from(event.as_str())).collect();
        let (arn, filter) = (&notice.destination, filter(notice));
        configuration = match arn.split(':').nth(2) {
            Some("sqs") => {
                let queue = QueueConfiguration::builder()
                    .id(name)
                    .queue_arn(arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build();
                configuration.queue_configurations(queue.map_err(|error| incomplete(&error))?)
            }
            Some("sns") => {
                let topic = TopicConfiguration::builder()
                    .id(name)
                    .topic_arn(arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build();
                configuration.topic_configurations(topic.map_err(|error| incomplete(&error))?)
            }
            _ => {
                let function = LambdaFunctionConfiguration::builder()
                    .id(name)
                    .lambda_function_arn(arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build();
                let function = function.map_err(|error| incomplete(&error))?;
                configuration.lambda_function_configurations(function)
            }
        };
    }
    let request = target
        .s3()
        .put_bucket_notification_configuration()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .notification_configuration(configuration.build());
    target.send(|| request.clone().send()).await.map(drop)
}

fn filter(notice: &Notice) -> Option<NotificationConfigurationFilter> {
    let ends = [(FilterRuleName::Prefix, &notice.prefix), (FilterRuleName::Suffix, &notice.suffix)];
    let rules: Vec<FilterRule> = ends
        .into_iter()
        .filter_map(|(name, value)| {
            let value = value.as_deref()?;
            Some(FilterRule::builder().name(name).value(value).build())
        })
        .collect();
    (!rules.is_empty()).then(|| {
        let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
        NotificationConfigurationFilter::builder().key(key).build()
    })
}

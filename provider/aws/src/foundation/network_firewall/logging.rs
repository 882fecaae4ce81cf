//! Where the logs of a firewall go. The service takes one change of a destination with each call.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_networkfirewall::types::{
    LogDestinationConfig, LogDestinationType, LogType, LoggingConfiguration,
};
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::wait::Pace;

use super::groups::CONTENDED;
use super::parts::{GONE, STALE};
use super::{LogDestination, Logging};
use crate::consistency::Call;
use crate::error::{Reply, incomplete, is_code};

/// Destinations by the kind of log.
type Destinations = BTreeMap<&'static str, LogDestination>;

const KINDS: [&str; 3] = ["ALERT", "FLOW", "TLS"];

/// Where the logs of a firewall go; none where they go nowhere, or there is no firewall.
///
/// # Errors
/// Where the call fails.
pub async fn look(call: &Call, name: &str) -> Result<Option<Logging>, Failure> {
    let mut there = destinations(call, name).await?;
    let mut take = |kind| there.remove(kind);
    let logging = Logging { alert: take("ALERT"), flow: take("FLOW"), tls: take("TLS") };
    Ok((logging != Logging::default()).then_some(logging))
}

/// Makes the logs go where they are to go.
///
/// # Errors
/// Where a call fails.
pub async fn bring(call: &Call, name: &str, wanted: Option<&Logging>) -> Result<(), Failure> {
    let wanted = wanted.cloned().unwrap_or_default();
    let wanted = KINDS.into_iter().zip([wanted.alert, wanted.flow, wanted.tls]);
    let wanted: Destinations = wanted
        .filter_map(|(kind, it)| Some((kind, it.filter(|it| *it != LogDestination::default())?)))
        .collect();
    let until = (Instant::now() + CONTENDED).min(call.deadline);
    let mut there = destinations(call, name).await?;
    while let Some(next) = step(&there, &wanted) {
        call.proceed()?;
        let configs: Vec<_> = next.iter().map(config).collect::<Result<_, Failure>>()?;
        let configuration = LoggingConfiguration::builder()
            .set_log_destination_configs(Some(configs))
            .build()
            .map_err(|error| incomplete(&error))?;
        let client = call.scope.network_firewall();
        let request = client.update_logging_configuration().firewall_name(name);
        match request.logging_configuration(configuration).send().await {
            Ok(_) => there = next,
            // Somebody else has changed it, or the answer to the first request was lost.
            Err(error)
                if is_code(&error, &[STALE, super::parts::INVALID]) && Instant::now() < until =>
            {
                let seen = destinations(call, name).await?;
                if seen == there && is_code(&error, &[super::parts::INVALID]) {
                    return Err(error).at(&call.scope);
                }
                there = seen;
                call.pause(Pace::QUICK.pause(1)).await?;
            }
            Err(error) => return Err(error).at(&call.scope),
        }
    }
    Ok(())
}

/// What to ask for next: one destination less, else one more. One that changes goes and comes again.
fn step(there: &Destinations, wanted: &Destinations) -> Option<Destinations> {
    let mut next = there.clone();
    let wrong = there.iter().find(|(kind, it)| wanted.get(*kind) != Some(it));
    if let Some((kind, _)) = wrong {
        next.remove(kind);
        return Some(next);
    }
    let (kind, destination) = wanted.iter().find(|(kind, _)| !there.contains_key(*kind))?;
    next.insert(kind, destination.clone());
    Some(next)
}

async fn destinations(call: &Call, name: &str) -> Result<Destinations, Failure> {
    let client = call.scope.network_firewall();
    let answer = client.describe_logging_configuration().firewall_name(name).send().await;
    let answer = answer.found(&call.scope, &[GONE])?;
    let configs = answer.and_then(|it| it.logging_configuration);
    let configs = configs.map(|it| it.log_destination_configs).unwrap_or_default();
    let one = |config: LogDestinationConfig| {
        let kind = KINDS.into_iter().find(|kind| *kind == config.log_type.as_str())?;
        let mut at = config.log_destination;
        let destination = LogDestination {
            bucket: at.remove("bucketName"),
            prefix: at.remove("prefix").filter(|prefix| !prefix.is_empty()),
            log_group: at.remove("logGroup"),
            delivery_stream: at.remove("deliveryStream"),
        };
        Some((kind, destination))
    };
    Ok(configs.into_iter().filter_map(one).collect())
}

fn config((kind, destination): (&&str, &LogDestination)) -> Result<LogDestinationConfig, Failure> {
    let service = match destination {
        LogDestination { bucket: Some(_), .. } => LogDestinationType::S3,
        LogDestination { log_group: Some(_), .. } => LogDestinationType::CloudwatchLogs,
        _ => LogDestinationType::KinesisDataFirehose,
    };
    let at = [
        ("bucketName", &destination.bucket),
        ("prefix", &destination.prefix),
        ("logGroup", &destination.log_group),
        ("deliveryStream", &destination.delivery_stream),
    ];
    let at: HashMap<String, String> =
        at.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it.clone()?))).collect();
    LogDestinationConfig::builder()
        .log_type(LogType::from(*kind))
        .log_destination_type(service)
        .set_log_destination(Some(at))
        .build()
        .map_err(|error| incomplete(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(bucket: &str) -> LogDestination {
        LogDestination { bucket: Some(bucket.to_owned()), ..LogDestination::default() }
    }

    #[test]
    fn each_step_changes_one_destination() {
        let mut there = Destinations::from([("ALERT", to("one")), ("FLOW", to("one"))]);
        let wanted = Destinations::from([("ALERT", to("other")), ("TLS", to("one"))]);
        let mut steps = 0;
        while let Some(next) = step(&there, &wanted) {
            assert_eq!(there.len().abs_diff(next.len()), 1);
            there = next;
            steps += 1;
        }
        assert_eq!((there, steps), (wanted, 4));
    }
}

//! The delivery channel: the only one of an account in a region, whatever its name.

use aws_sdk_config::types::{
    ConfigSnapshotDeliveryProperties, DeliveryChannel, MaximumExecutionFrequency,
};
use travel_framework::Failure;

use super::Delivery;
use crate::consistency::{self, Call, answer_when_ready, send_when_ready};
use crate::error::{Reply, is_code};

/// What the service answers where there is no channel of a name.
const ABSENT: &str = "NoSuchDeliveryChannelException";
/// What it answers where it may not know a policy or a recorder yet.
const EARLY: [&str; 3] = [
    "InsufficientDeliveryPolicyException",
    "NoAvailableConfigurationRecorderException",
    "NoSuchBucketException",
];
/// What it answers while the recorder that was stopped still delivers.
const HELD: &str = "LastDeliveryChannelDeleteFailedException";

async fn observe(call: &Call) -> Result<Option<DeliveryChannel>, Failure> {
    let answer = call.scope.config().describe_delivery_channels().send().await.at(&call.scope)?;
    Ok(answer.delivery_channels.unwrap_or_default().into_iter().next())
}

/// Where things are delivered to; none where there is no channel.
///
/// # Errors
/// Where the call fails.
pub async fn read(call: &Call) -> Result<Option<Delivery>, Failure> {
    let frequency = |it: ConfigSnapshotDeliveryProperties| {
        it.delivery_frequency.map(|it| it.as_str().to_owned())
    };
    Ok(observe(call).await?.map(|channel| Delivery {
        bucket: channel.s3_bucket_name.unwrap_or_default(),
        prefix: channel.s3_key_prefix.filter(|prefix| !prefix.is_empty()),
        kms_key_arn: channel.s3_kms_key_arn,
        sns_topic_arn: channel.sns_topic_arn,
        snapshot_frequency: channel.config_snapshot_delivery_properties.and_then(frequency),
    }))
}

/// Makes the channel, or changes the one that is there.
///
/// # Errors
/// Where the call is refused, as by the policy of bucket, key or topic.
pub async fn put(call: &Call, name: &str, delivery: &Delivery) -> Result<(), Failure> {
    let there = observe(call).await?.and_then(|channel| channel.name);
    let frequency = delivery.snapshot_frequency.as_deref().map(MaximumExecutionFrequency::from);
    let snapshots = frequency.map(|frequency| {
        ConfigSnapshotDeliveryProperties::builder().delivery_frequency(frequency).build()
    });
    let channel = DeliveryChannel::builder()
        .name(there.as_deref().unwrap_or(name))
        .s3_bucket_name(&delivery.bucket)
        .set_s3_key_prefix(delivery.prefix.clone())
        .set_s3_kms_key_arn(delivery.kms_key_arn.clone())
        .set_sns_topic_arn(delivery.sns_topic_arn.clone())
        .set_config_snapshot_delivery_properties(snapshots)
        .build();
    let request = call.scope.config().put_delivery_channel().delivery_channel(channel);
    let is_early = |error: &_| is_code(error, &EARLY);
    let send = || request.clone().send();
    send_when_ready(call, consistency::WITHIN_SERVICE, is_early, send)
        .await
        .map(drop)
        .map_err(|failure| failure.at_attribute("delivery"))
}

/// Removes the channel, as soon as nothing is delivered any more.
///
/// # Errors
/// Where the call fails.
pub async fn remove(call: &Call) -> Result<(), Failure> {
    let Some(name) = observe(call).await?.and_then(|channel| channel.name) else { return Ok(()) };
    let request = call.scope.config().delete_delivery_channel().delivery_channel_name(name);
    let is_held = |error: &_| is_code(error, &[HELD]);
    let send = || request.clone().send();
    let answer = answer_when_ready(call, consistency::WITHIN_SERVICE, is_held, send).await?;
    answer.found(&call.scope, &[ABSENT]).map(drop)
}

//! Where a detector exports its findings to.

use aws_sdk_guardduty::types::{DestinationProperties, DestinationType, PublishingStatus};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sha2::{Digest as _, Sha256};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::{Publishing, REFUSED};
use crate::consistency::{Call, IAM, send_when_ready};
use crate::error::{Reply, is_code, message};

/// What GuardDuty says while the bucket's or the key's policy does not let it in yet.
const NOT_LET_IN: &str = "does not have permission";
/// What it says of a destination that is not there.
const ABSENT: &str = "destination";

/// What findings are exported to; none where there is nothing.
pub async fn read(call: &Call, detector: &str) -> Result<Option<Publishing>, Failure> {
    let Some(id) = destinations(call, detector).await?.into_iter().next() else { return Ok(None) };
    let request = call.scope.guardduty().describe_publishing_destination();
    let described =
        request.detector_id(detector).destination_id(&id).send().await.at(&call.scope)?;
    let properties = described.destination_properties;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(properties.map(|it| Publishing {
        destination_arn: text(it.destination_arn()),
        kms_key_arn: text(it.kms_key_arn()),
    }))
}

/// Has findings exported there, or nowhere, and waits until they are.
pub async fn bring(
    call: &Call,
    detector: &str,
    wanted: Option<&Publishing>,
) -> Result<(), Failure> {
    let Some(wanted) = wanted else { return remove_all(call, detector).await };
    let properties = DestinationProperties::builder()
        .destination_arn(&wanted.destination_arn)
        .kms_key_arn(&wanted.kms_key_arn)
        .build();
    let client = call.scope.guardduty();
    call.proceed()?;
    let id = match destinations(call, detector).await?.into_iter().next() {
        Some(id) => {
            let request = client
                .update_publishing_destination()
                .detector_id(detector)
                .destination_id(&id)
                .destination_properties(properties);
            send_when_ready(call, IAM, is_too_early, || request.clone().send()).await?;
            id
        }
        None => {
            let request = client
                .create_publishing_destination()
                .detector_id(detector)
                .destination_type(DestinationType::S3)
                .destination_properties(properties)
                // The same for each attempt, which then makes no other.
                .client_token(token(call, wanted));
            let made = send_when_ready(call, IAM, is_too_early, || request.clone().send()).await?;
            made.destination_id.unwrap_or_default()
        }
    };
    let what = format!("the export of findings to {}", wanted.destination_arn);
    call.wait_until(&what, Pace::QUICK, || async {
        let request = client.describe_publishing_destination();
        let described = request.detector_id(detector).destination_id(&id).send().await;
        Ok(match described.at(&call.scope)?.status {
            Some(PublishingStatus::Publishing) => Look::Done(()),
            Some(PublishingStatus::UnableToPublishFixDestinationProperty) => {
                return Err(unable(wanted).into());
            }
            status => Look::Pending(status.map_or_else(String::new, |it| it.as_str().to_owned())),
        })
    })
    .await
}

/// Ends every export.
pub async fn remove_all(call: &Call, detector: &str) -> Result<(), Failure> {
    for id in destinations(call, detector).await? {
        call.proceed()?;
        let request = call.scope.guardduty().delete_publishing_destination();
        match request.detector_id(detector).destination_id(&id).send().await {
            Err(error) if is_code(&error, &[REFUSED]) && message(&error).contains(ABSENT) => {}
            answer => drop(answer.at(&call.scope)?),
        }
    }
    Ok(())
}

/// The ids of the destinations: GuardDuty has one of a kind, and one kind.
async fn destinations(call: &Call, detector: &str) -> Result<Vec<String>, Failure> {
    let request = call.scope.guardduty().list_publishing_destinations().detector_id(detector);
    let mut pages = request.into_paginator().send();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if super::is_absent(message(&error)) => return Ok(Vec::new()),
            page => page.at(&call.scope)?,
        };
        let destinations = page.destinations.unwrap_or_default().into_iter();
        ids.extend(destinations.filter_map(|it| it.destination_id));
    }
    Ok(ids)
}

fn is_too_early<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &[REFUSED]) && message(error).contains(NOT_LET_IN)
}

/// A token of at most 64 characters for the export of this object to this destination.
fn token(call: &Call, wanted: &Publishing) -> String {
    let text =
        format!("{} {} {}", call.claim.generation, wanted.destination_arn, wanted.kms_key_arn);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(32).map(|byte| format!("{byte:02x}")).collect()
}

fn unable(wanted: &Publishing) -> Diagnostic {
    let seconds = IAM.as_secs();
    Diagnostic::error(
        format!("findings cannot be exported to {}", wanted.destination_arn),
        format!(
            "GuardDuty cannot write there. The bucket's policy must allow guardduty.amazonaws.com \
             s3:GetBucketLocation and s3:PutObject, and the policy of {} kms:GenerateDataKey; a change of \
             them may take {seconds} s to be seen.",
            wanted.kms_key_arn,
        ),
    )
    .at_attribute("publishing")
}

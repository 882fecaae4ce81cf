//! Everything in a bucket, removed: objects, older versions, delete markers, unfinished uploads.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use tokio::time::Instant;
use travel_framework::wait::Pace;
use travel_framework::{Diagnostic, Failure};

use super::settings::{ABSENT, Target};
use crate::error::{Reply, incomplete};

/// How many objects an error names.
const MOST_NAMED: usize = 5;

/// Removes everything in the bucket. Each list is read from its beginning, until there is nothing: S3
/// takes away a thousand at once, which is as much as a list gives.
pub async fn empty(target: &Target<'_>, bypass_governance: bool) -> Result<(), Failure> {
    loop {
        in_time(target)?;
        let versions = versions(target).await?;
        if versions.is_empty() {
            break;
        }
        remove(target, versions, bypass_governance).await?;
    }
    loop {
        in_time(target)?;
        let request = target.s3().list_multipart_uploads().bucket(target.name);
        let answer = request.expected_bucket_owner(target.owner()).send().await;
        let seen = answer.found(&target.call.scope, &[ABSENT])?;
        let uploads = seen.and_then(|seen| seen.uploads).unwrap_or_default();
        if uploads.is_empty() {
            return Ok(());
        }
        for upload in uploads {
            target.call.proceed()?;
            let request = target
                .s3()
                .abort_multipart_upload()
                .bucket(target.name)
                .expected_bucket_owner(target.owner())
                .set_key(upload.key)
                .set_upload_id(upload.upload_id);
            request.send().await.found(&target.call.scope, &["NoSuchUpload", ABSENT])?;
        }
    }
}

/// Fails where the time for the destroy is over, or it is asked to stop.
fn in_time(target: &Target<'_>) -> Result<(), Failure> {
    target.call.proceed()?;
    if Instant::now() < target.call.deadline {
        return Ok(());
    }
    let detail = format!(
        "There was more in it than could be removed in time ({}). Destroy again to go on, or give it \
         longer by timeouts.delete.",
        target.call.scope.place(),
    );
    Err(Diagnostic::error(format!("bucket {} is not empty yet", target.name), detail).into())
}

/// The first versions and delete markers there are.
async fn versions(target: &Target<'_>) -> Result<Vec<ObjectIdentifier>, Failure> {
    let request = target.s3().list_object_versions().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let Some(seen) = answer.found(&target.call.scope, &[ABSENT])? else { return Ok(Vec::new()) };
    let versions = seen.versions.unwrap_or_default().into_iter();
    let markers = seen.delete_markers.unwrap_or_default().into_iter();
    versions
        .map(|version| (version.key, version.version_id))
        .chain(markers.map(|marker| (marker.key, marker.version_id)))
        .map(|(key, version)| {
            let object = ObjectIdentifier::builder().set_key(key).set_version_id(version).build();
            object.map_err(|error| incomplete(&error))
        })
        .collect()
}

async fn remove(
    target: &Target<'_>,
    objects: Vec<ObjectIdentifier>,
    bypass_governance: bool,
) -> Result<(), Failure> {
    let asked = objects.len();
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
    let request = target
        .s3()
        .delete_objects()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .set_bypass_governance_retention(bypass_governance.then_some(true))
        .delete(delete.map_err(|error| incomplete(&error))?);
    let answer = request.send().await.at(&target.call.scope)?;
    let errors = answer.errors.unwrap_or_default();
    // What S3 could not do for a moment is in the next list again.
    let passing = |code: Option<&str>| matches!(code, Some("InternalError" | "SlowDown"));
    if errors.is_empty() {
        return Ok(());
    }
    if errors.len() < asked && errors.iter().all(|error| passing(error.code.as_deref())) {
        return target.call.pause(Pace::QUICK.pause(0)).await;
    }
    let named: Vec<String> = errors
        .iter()
        .take(MOST_NAMED)
        .map(|error| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!(
                "{} in version {} ({}: {})",
                text(&error.key),
                text(&error.version_id),
                text(&error.code),
                text(&error.message),
            )
        })
        .collect();
    Err(Diagnostic::error(
        format!("bucket {} could not be emptied", target.name),
        format!(
            "{} of {asked} objects could not be removed: {} ({}). A lock in governance mode gives \
             way to bypass_governance = true; one in compliance mode, or a legal hold, does not.",
            errors.len(),
            named.join("; "),
            target.call.scope.place(),
        ),
    )
    .at_attribute("force_destroy")
    .into())
}

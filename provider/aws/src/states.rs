//! The objects of a bucket that holds states.

use travel_framework::{Diagnostic, Failure};

use crate::Scope;
use crate::error::Reply;
use crate::platform::Aws;

/// What terraform keeps beside a state while it is at work.
const LOCK: &str = ".tflock";

impl Aws {
    /// Every object of a bucket below a prefix with its key, but for locks. They are read with the
    /// credentials of the environment.
    ///
    /// # Errors
    /// Where there is no such bucket, or something in it cannot be read.
    pub async fn objects_of(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let scope = self.scope_of_bucket(bucket).await?;
        let request = scope.s3().list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.at(&scope)?.contents.unwrap_or_default();
            keys.extend(page.into_iter().filter_map(|object| object.key));
        }
        let mut objects = Vec::new();
        for key in keys.into_iter().filter(|key| !key.ends_with(LOCK) && !key.ends_with('/')) {
            let answer = scope.s3().get_object().bucket(bucket).key(&key).send().await;
            // A state may have been taken away since it was listed.
            let Some(object) = answer.found(&scope, &["NoSuchKey"])? else { continue };
            let content = object.body.collect().await.map_err(|error| {
                Diagnostic::error(
                    format!("failed to read s3://{bucket}/{key}"),
                    format!("The answer broke off: {error} ({}). Try again.", scope.place()),
                )
            })?;
            objects.push((key, content.to_vec()));
        }
        Ok(objects)
    }

    /// The caller's own account, in the region of a bucket.
    async fn scope_of_bucket(&self, bucket: &str) -> Result<Scope, Failure> {
        let caller = self.session().caller().await?;
        let global = caller.partition.global_region();
        let scope = self.scope_of(Some(&caller.account_id), Some(global)).await?;
        let answer = scope.s3().get_bucket_location().bucket(bucket).send().await.at(&scope)?;
        let region = answer.location_constraint.map(|it| it.as_str().to_owned());
        let region = match region.as_deref() {
            None | Some("") => "us-east-1",
            // What Ireland was called first.
            Some("EU") => "eu-west-1",
            Some(region) => region,
        };
        Ok(scope.in_region(region))
    }
}

//! The versions of a policy, of which IAM keeps five.

use std::time::Duration;

use aws_sdk_iam::types::PolicyVersion;
use travel_framework::{Diagnostic, Failure};

use super::{observed, patience};
use crate::Scope;
use crate::consistency::{Call, make_once};
use crate::error::{Reply, is_code};
use crate::iam_role::{GONE, is_too_early};
use crate::policy;

/// How many versions a policy can have.
const MOST: usize = 5;
const FULL: &str = "LimitExceeded";
/// How often room is made before IAM's word is taken that there is none.
const ATTEMPTS: usize = 3;

/// Makes a version that is in force at once, and gives its id.
///
/// # Errors
/// As the calls fail.
pub async fn make(call: &Call, arn: &str, document: &str) -> Result<String, Failure> {
    let request = call.scope.once().iam().create_policy_version();
    let request = request.policy_arn(arn).policy_document(document).set_as_default(true);
    let send = || {
        let answer = request.clone().send();
        async { Ok(answer.await?.policy_version.and_then(|version| version.version_id)) }
    };
    // A version that says this is in force where an answer was lost.
    let look = || async {
        let there = observed::look(call, arn).await?.map(observed::Seen::version);
        let made = there.filter(|(text, _)| policy::same(text, document));
        Ok(made.and_then(|(_, version)| version))
    };
    let waits = |error: &_| {
        if is_code(error, &GONE) { patience(true) } else { patience(is_too_early(error)) }
    };
    let mut attempt = 0;
    let made = loop {
        let made = make_once(call, waits, &[], send, look).await?;
        if attempt == ATTEMPTS || !made.as_ref().is_err_and(|error| is_code(error, &[FULL])) {
            break made;
        }
        make_room(&call.scope, arn).await?;
        if attempt > 0 {
            call.pause(Duration::from_secs(1)).await?;
        }
        attempt += 1;
    };
    made.at(&call.scope)?.ok_or_else(|| {
        let detail = "IAM has not said which version it made. Apply again to go on from here.";
        Diagnostic::error(format!("no version of policy {arn}"), detail).into()
    })
}

/// Deletes all versions that are not in force.
///
/// # Errors
/// As the calls fail.
pub async fn clear(scope: &Scope, arn: &str) -> Result<(), Failure> {
    for version in spare(scope, arn).await? {
        delete(scope, arn, &version).await?;
    }
    Ok(())
}

/// Deletes the oldest version that is not in force, where there are as many as can be.
async fn make_room(scope: &Scope, arn: &str) -> Result<(), Failure> {
    let spare = spare(scope, arn).await?;
    match spare.first() {
        Some(oldest) if spare.len() + 1 >= MOST => delete(scope, arn, oldest).await,
        _ => Ok(()),
    }
}

async fn delete(scope: &Scope, arn: &str, version: &str) -> Result<(), Failure> {
    let request = scope.iam().delete_policy_version().policy_arn(arn).version_id(version);
    request.send().await.found(scope, &GONE).map(drop)
}

/// The ids of the versions that are not in force, the oldest first.
async fn spare(scope: &Scope, arn: &str) -> Result<Vec<String>, Failure> {
    let request = scope.iam().list_policy_versions().policy_arn(arn);
    let versions = request.into_paginator().items().send().try_collect().await;
    let versions: Vec<PolicyVersion> = versions.found(scope, &GONE)?.unwrap_or_default();
    Ok(oldest_first(versions))
}

fn oldest_first(versions: Vec<PolicyVersion>) -> Vec<String> {
    let spare = versions.into_iter().filter(|version| !version.is_default_version);
    let mut ids: Vec<String> = spare.filter_map(|version| version.version_id).collect();
    // The number behind the v counts up and is never given again.
    ids.sort_by_key(|id| id.trim_start_matches('v').parse::<u64>().unwrap_or_default());
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_goes_first_and_the_one_in_force_never() {
        let version = |id: &str, is_default| {
            PolicyVersion::builder().version_id(id).is_default_version(is_default).build()
        };
        let versions = vec![
            version("v10", false),
            version("v2", true),
            version("v9", false),
            version("v3", false),
        ];
        assert_eq!(oldest_first(versions), ["v3", "v9", "v10"]);
    }
}

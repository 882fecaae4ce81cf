use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_eks::operation::create_cluster::CreateClusterError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;

use super::super::testing::platform;
use super::*;
use crate::settings::Settings;
use crate::testing::{Fake, Reply as Answered, call_on};

const INVALID: &str = "InvalidParameterException";

fn refused(code: &str, message: &str) -> SdkError<CreateClusterError, HttpResponse> {
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    let response = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::empty());
    SdkError::service_error(CreateClusterError::generic(meta), response)
}

#[test]
fn knows_a_role_that_comes_too_early() {
    for (code, message, early) in [
        (INVALID, "roleArn, arn:aws:iam::111122223333:role/a, does not exist", true),
        (INVALID, "Role with arn: a, could not be assumed because it does not exist", true),
        (INVALID, "Error in role params", true),
        (
            INVALID,
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it. \
             Please ensure the following policy is attached",
            true,
        ),
        (INVALID, "IAM role's policy must include the `ec2:DescribeSubnets` action", true),
        (INVALID, "The specified principalArn is invalid: invalid principal.", true),
        (INVALID, "Subnets specified must be in at least two different AZs", false),
        (INVALID, "The role name is too long", false),
        ("AccessDeniedException", "not authorized to assume role a: it does not exist", false),
    ] {
        assert_eq!(is_unseen_role(&refused(code, message)), early, "{code}: {message}");
    }
}

#[test]
fn knows_what_is_gone() {
    for (code, message, gone) in [
        ("ResourceNotFoundException", "No node group found for name: a.", true),
        ("ClientException", "No cluster found for name: a.", true),
        ("ClientException", "The request is not valid", false),
        (INVALID, "No cluster found for name: a.", false),
    ] {
        assert_eq!(is_gone(&refused(code, message)), gone, "{code}: {message}");
    }
}

/// Finishes an update that EKS does not know at the first looks, and then has in this state; with
/// none it never knows it. Tells how long that took.
async fn finish(unknown: usize, status: Option<&'static str>) -> (Result<(), Failure>, Duration) {
    let looks = AtomicUsize::new(0);
    let fake = Fake::new(move |_| match status {
        Some(status) if looks.fetch_add(1, Ordering::SeqCst) >= unknown => {
            let error = json!({"errorCode": "PodEvictionFailure", "errorMessage": "no room"});
            Answered::json(json!({"update": {"id": "u", "status": status, "errors": [error]}}))
        }
        _ => Answered::error("ResourceNotFoundException", "No update found for ID: u"),
    });
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    let platform = platform();
    let work = Work::new(&call, &platform, &platform, Observed::default());
    let (update, begun) = (Update::builder().id("u").build(), Instant::now());
    let path = Path::attribute("version");
    let ended = work.finish(Some(&update), Target::Cluster, "the change", &path).await;
    (ended, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_update_ends_well_or_with_its_reasons() {
    assert!(finish(2, Some("Successful")).await.0.is_ok());
    let failed = finish(0, Some("Failed")).await.0.unwrap_err().into_diagnostic().to_string();
    for part in ["the change failed", "no room (PodEvictionFailure)", "force_update = true"] {
        assert!(failed.contains(part), "{part} is not in {failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_nobody_knows_is_over_in_a_while() {
    let (ended, took) = finish(0, None).await;
    assert!(ended.is_ok(), "{ended:?}");
    assert!(took >= WITHIN_SERVICE && took < 2 * WITHIN_SERVICE, "{took:?}");
}

/// Converges on a change that never shows, which EKS carries out or is too busy for, in the time
/// that the operation has. Gives the words of the error, and how often it was looked at.
async fn converge_in(time: Duration, carried_out: bool) -> (String, usize) {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let mut call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    call.deadline = Instant::now() + time;
    let platform = platform();
    let work = Work::new(&call, &platform, &platform, Observed::default());
    let looks = AtomicUsize::new(0);
    let look = || async {
        looks.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let ended = work.converge("it", look, |()| Some("a"), |_| async { Ok(carried_out) }).await;
    assert!(Instant::now() <= call.deadline + Duration::from_secs(1));
    (ended.unwrap_err().into_diagnostic().summary, looks.into_inner())
}

#[tokio::test(start_paused = true)]
async fn what_does_not_converge_ends_with_the_operation() {
    let (short, long) = (Duration::from_secs(10), Duration::from_secs(600));
    for (time, carried_out, expected) in [
        (short, true, "it does not change"),
        (short, false, "timed out waiting for it"),
        (long, true, "it does not change"),
        (long, false, "timed out waiting for it"),
    ] {
        let (summary, looks) = converge_in(time, carried_out).await;
        assert_eq!(summary, expected);
        assert!((3..200).contains(&looks), "{looks} looks in {time:?}");
    }
}

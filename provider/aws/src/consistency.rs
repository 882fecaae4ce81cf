//! Calls that come too early: AWS is eventually consistent, so what was made a moment ago may not
//! be there yet for the call that uses it. That call itself is the probe, repeated for a while.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::wait::Pace;

use crate::error::{Answer, Reply};
use crate::platform::Aws;

/// An operation under way on AWS.
pub type Call = travel_framework::Call<Aws>;

/// How long the parts of one service may take to see each other.
pub const WITHIN_SERVICE: Duration = Duration::from_secs(60);
/// How long IAM may take to tell the services of a new role or policy.
pub const IAM: Duration = Duration::from_secs(120);

/// Sends a call again while it fails because it comes too early, for as long as `patience`; then
/// its last failure counts.
///
/// # Errors
/// The call's own failure; [`Failure::Interrupted`] when asked to stop.
pub async fn send_when_ready<T, E, F>(
    call: &Call,
    patience: Duration,
    too_early: impl Fn(&SdkError<E, HttpResponse>) -> bool,
    send: impl FnMut() -> F,
) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    answer_when_ready(call, patience, too_early, send).await?.at(&call.scope)
}

/// As [`send_when_ready`], with the last answer as it is.
///
/// # Errors
/// [`Failure::Interrupted`] when asked to stop.
pub async fn answer_when_ready<T, E, F>(
    call: &Call,
    patience: Duration,
    too_early: impl Fn(&SdkError<E, HttpResponse>) -> bool,
    mut send: impl FnMut() -> F,
) -> Result<Answer<T, E>, Failure>
where
    F: Future<Output = Answer<T, E>>,
{
    let until = (Instant::now() + patience).min(call.deadline);
    let mut attempt = 0;
    loop {
        call.proceed()?;
        let answer = send().await;
        match &answer {
            Err(error) if too_early(error) && Instant::now() < until => {
                call.pause(Pace::QUICK.pause(attempt)).await?;
                attempt += 1;
            }
            _ => return Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::is_code;
    use crate::testing::{Fake, Reply as Answered, call};

    async fn check(failures: usize, patience: Duration, calls: usize, ends_well: bool) {
        let fake = Fake::new({
            let seen = std::sync::atomic::AtomicUsize::new(0);
            move |_| {
                if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < failures {
                    Answered::error("NotFoundException", "not yet")
                } else {
                    Answered::json(json!({}))
                }
            }
        });
        let call = call(&fake).await;
        let before = fake.calls().len();
        let kms = call.scope.kms();
        let result = send_when_ready(
            &call,
            patience,
            |error| is_code(error, &["NotFoundException"]),
            || kms.enable_key().key_id("k").send(),
        )
        .await;
        assert_eq!(result.is_ok(), ends_well);
        assert_eq!(fake.calls().len() - before, calls);
    }

    #[tokio::test(start_paused = true)]
    async fn repeats_what_comes_too_early() {
        check(2, WITHIN_SERVICE, 3, true).await;
        check(usize::MAX, Duration::ZERO, 1, false).await;
    }
}

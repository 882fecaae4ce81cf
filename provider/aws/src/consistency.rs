//! Calls that come too early, and calls that must not be made twice: AWS is eventually consistent,
//! so what was made a moment ago may not be there yet for the call that uses it, and not show in
//! the list that tells whether it was made. A call that comes too early is itself the probe,
//! repeated for a while.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::resource::{Found, Resource};
use travel_framework::wait::Pace;

use crate::connection::{Unreachable, find};
use crate::error::{Answer, Reply, is_code, is_throttled};
use crate::platform::Aws;
use crate::session::renewal::has_renewed;

/// An operation under way on AWS.
pub type Call = travel_framework::Call<Aws>;

/// How long the parts of one service may take to see each other.
pub const WITHIN_SERVICE: Duration = Duration::from_secs(60);
/// How long a service may take to show in a list what was just made.
pub const LISTED: Duration = Duration::from_secs(8);
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

/// Makes something by a request that the service would carry out twice: where it is not certain
/// whether the request was carried out, `look` looks for its result before it is sent again. The
/// same where the request fails by a `conflict` (an error code): what is in the way may be that
/// result. `send` must not repeat the request by itself; `patience` says for how long since the
/// first attempt an error may mean that it comes too early.
///
/// The result is what `send` or `look` gives, or the request's last failure.
///
/// # Errors
/// As a look fails; [`Failure::Interrupted`] when asked to stop.
pub async fn make_once<T, E, F, G>(
    call: &Call,
    patience: impl Fn(&SdkError<E, HttpResponse>) -> Duration,
    conflict: &[&str],
    mut send: impl FnMut() -> F,
    look: impl Fn() -> G,
) -> Result<Answer<Option<T>, E>, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<Option<T>, E>>,
    G: Future<Output = Result<Option<T>, Failure>>,
{
    let begun = Instant::now();
    let mut attempts = 0;
    loop {
        call.proceed()?;
        let error = match send().await {
            Ok(made) => return Ok(Ok(made)),
            Err(error) => error,
        };
        let in_the_way = is_code(&error, conflict);
        let outcome = Outcome::of(&error);
        if (in_the_way || outcome == Outcome::Uncertain)
            && let Some(found) = call.find_until(Instant::now() + LISTED, &look).await?
        {
            return Ok(Ok(Some(found)));
        }
        let early = begun.elapsed() < patience(&error);
        let retries = call.scope.settings().max_retries;
        let again = early || (outcome != Outcome::Refused && attempts < retries);
        if in_the_way || !again || Instant::now() >= call.deadline {
            return Ok(Err(error));
        }
        call.pause(Pace::QUICK.pause(attempts)).await?;
        attempts += 1;
    }
}

/// What this very create has made, found by its mark: for [`make_once`] to look.
///
/// # Errors
/// As a search fails.
pub async fn made_here<R: Resource<Platform = Aws>>(
    call: &Call,
    plan: &R,
) -> Result<Option<R>, Failure> {
    let is_of_this = |found: &Found<R>| {
        let mark = found.mark.as_ref();
        mark.is_some_and(|mark| mark.generation == call.claim.generation)
    };
    Ok(R::find(call, plan).await?.into_iter().find(is_of_this).map(|found| found.object))
}

/// Waits until a look shows what was written, so that the next plan is empty, but no longer than
/// `patience`: if it takes longer the next plan will tell, and that is no reason to fail.
///
/// # Errors
/// [`Failure::Interrupted`] when asked to stop.
pub async fn settle<F>(
    call: &Call,
    patience: Duration,
    mut is_shown: impl FnMut() -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<bool, Failure>>,
{
    let until = (Instant::now() + patience).min(call.deadline);
    let mut attempt = 0;
    loop {
        let shown = match is_shown().await {
            Ok(shown) => shown,
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(Failure::Failed(error)) => {
                tracing::debug!("not yet readable: {error}");
                false
            }
        };
        if shown || Instant::now() >= until {
            return Ok(());
        }
        call.pause(Pace::QUICK.pause(attempt)).await?;
        attempt += 1;
    }
}

/// What became of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It was not carried out, and would not be if it were sent again.
    Refused,
    /// It was not carried out, but may be if it is sent again.
    Later,
    /// It may have been carried out.
    Uncertain,
}

impl Outcome {
    fn of<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        if find::<Unreachable>(error).is_some_and(|error| error.refused) {
            return Self::Later;
        }
        match error {
            SdkError::ServiceError(answered) => match answered.raw().status().as_u16() {
                _ if has_renewed(answered.raw()) => Self::Later,
                _ if answered.err().code().is_some_and(is_throttled) => Self::Later,
                500.. => Self::Uncertain,
                _ => Self::Refused,
            },
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Self::Uncertain,
            SdkError::DispatchFailure(failed) if !failed.is_user() => Self::Uncertain,
            // A request that cannot be built: it never left.
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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

    #[tokio::test(start_paused = true)]
    async fn nothing_is_asked_for_after_the_deadline() {
        let fake = Fake::new(|request| match request.action.as_str() {
            "kms:CreateKey" => Answered::error("NotFoundException", "not yet"),
            other => panic!("{other}"),
        });
        let mut call = call(&fake).await;
        call.deadline = Instant::now() + Duration::from_secs(10);
        let kms = call.scope.kms();
        let before = fake.calls().len();
        let send = || async { kms.create_key().send().await.map(|_| None::<String>) };
        let look = || async { Ok(None) };
        let made = make_once(&call, |_| IAM, &[], send, look).await.unwrap();
        assert!(is_code(&made.unwrap_err(), &["NotFoundException"]));
        assert!(Instant::now() <= call.deadline + Duration::from_secs(1));
        let sent = fake.calls().len() - before;
        assert!((3..60).contains(&sent), "{sent} attempts");
        // That there is nothing is not certain before the time is up.
        let looks = std::cell::Cell::new(0);
        let found = call
            .find_until(call.deadline + LISTED, || async {
                looks.set(looks.get() + 1);
                Ok(None::<String>)
            })
            .await;
        assert!(found.unwrap_err().into_diagnostic().summary.contains("timed out"));
        assert_eq!(looks.get(), 1);
    }
}

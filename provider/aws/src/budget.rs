//! How many requests a second a service takes from us in an account and region: learned from what it
//! refuses, and kept to by all who call it.
//!
//! Nothing is held back before the service has throttled something. From then on requests go one after
//! the other at a rate that falls with each refusal, to a part of what the service was seen to take, and
//! comes back along a cubic curve: soon to near where it was, slowly past that, and then ever faster, so
//! that a limit that is gone is forgotten. The shape is that of TCP CUBIC (RFC 9438). Where the first
//! refusal comes so early that it says little of the rate, the rate doubles every few seconds until the
//! next.
//!
//! A request waits after it is signed, which a service accepts for five minutes. No request waits that
//! long unless hundreds do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::Instant;

use crate::error::{self, is_throttled};
use crate::passage::Step;

/// The part of the rate that a refusal takes away.
const CUT: f64 = 0.3;
/// How long it takes until the rate is back where it was.
const RECOVERY: Duration = Duration::from_secs(15);
/// In what time the rate doubles while it is only guessed what was too much.
const DOUBLING: Duration = Duration::from_secs(3);
/// After so many doublings a limit is none.
const MOST_DOUBLINGS: f64 = 30.0;
/// The lowest rate, in requests a second.
const SLOWEST: f64 = 1.0;
/// Over how long it is measured what the service takes.
const MEASURED: Duration = Duration::from_secs(2);
/// What is measured for less than this is taken as if it had been this long: what comes first may
/// come from what a service allows at once.
const AT_LEAST: Duration = Duration::from_secs(1);

/// The budget of one service in one account and region.
#[derive(Debug, Default)]
pub struct Budget {
    state: Mutex<State>,
    /// Who holds it is the next to send, and when the last one did. It is given in turn.
    turn: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct State {
    limit: Option<Limit>,
    /// When the service has taken requests, of late.
    taken: VecDeque<Instant>,
}

/// What was learned of a limit.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// The rate that was too much, in requests a second.
    ceiling: f64,
    /// When it was.
    since: Instant,
    /// Whether too short a time had passed to tell how much is too much.
    is_guess: bool,
}

impl Limit {
    fn rate(self, now: Instant) -> f64 {
        let passed = now.duration_since(self.since).as_secs_f64();
        if self.is_guess {
            let doublings = (passed / DOUBLING.as_secs_f64()).min(MOST_DOUBLINGS);
            return (self.ceiling * (1.0 - CUT) * doublings.exp2()).max(SLOWEST);
        }
        let recovery = RECOVERY.as_secs_f64();
        let distance = (passed - recovery) / recovery;
        (self.ceiling * (1.0 + CUT * distance.powi(3))).max(SLOWEST)
    }
}

impl Budget {
    /// Waits for this request's turn.
    pub async fn admit(&self) {
        if self.rate(Instant::now()).is_none() {
            return;
        }
        let mut last = self.turn.lock().await;
        let now = Instant::now();
        if let (Some(last), Some(rate)) = (*last, self.rate(now)) {
            tokio::time::sleep_until(last + Duration::from_secs_f64(rate.recip())).await;
        }
        *last = Some(Instant::now());
    }

    /// Notes what came of a request that was sent at this moment.
    pub fn note(&self, sent: Instant, was_throttled: bool) {
        let now = Instant::now();
        let mut state = self.state();
        if !was_throttled {
            state.taken.push_back(now);
            let is_old = |it: &Instant| now.duration_since(*it) > MEASURED;
            while state.taken.front().is_some_and(is_old) {
                state.taken.pop_front();
            }
            return;
        }
        // What was under way when the rate last fell tells nothing new.
        if state.limit.is_some_and(|limit| sent <= limit.since) {
            return;
        }
        let ceiling = state.ceiling(now);
        let begun = state.taken.front();
        let is_short = begun.is_none_or(|first| now.duration_since(*first) < AT_LEAST);
        // A guess that is refused at once is as little of a limit as the one before it.
        let is_guess = is_short && state.limit.is_none_or(|limit| limit.is_guess);
        state.limit = Some(Limit { ceiling, since: now, is_guess });
        state.taken.clear();
        tracing::debug!("throttled at {ceiling:.1} requests a second");
    }

    /// The rate at a moment, in requests a second; none while no limit is known.
    fn rate(&self, now: Instant) -> Option<f64> {
        self.state().limit.map(|limit| limit.rate(now))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The rate that has just been too much: what the service took of late, or what it was sent, if
    /// that is less or too short a time has passed to tell.
    fn ceiling(&self, now: Instant) -> f64 {
        let begun = self.limit.map(|limit| limit.since);
        let time = self.taken.front().map_or(AT_LEAST, |first| now.duration_since(*first));
        #[expect(clippy::cast_precision_loss, reason = "so many requests nobody makes")]
        let taken = self.taken.len() as f64 / time.max(AT_LEAST).as_secs_f64();
        let sent = self.limit.map(|limit| limit.rate(now));
        match sent {
            Some(sent) if begun.is_some_and(|it| now.duration_since(it) < AT_LEAST) => sent,
            Some(sent) => sent.min(taken),
            None => taken,
        }
        .max(SLOWEST)
    }
}

impl Step for Arc<Budget> {
    fn pass(&self, request: HttpRequest, next: &SharedHttpConnector) -> HttpConnectorFuture {
        let (budget, next) = (Self::clone(self), next.clone());
        HttpConnectorFuture::new(async move {
            budget.admit().await;
            let sent = Instant::now();
            let mut answer = next.call(request).await?;
            let refused = refuses(&mut answer).await?;
            budget.note(sent, refused);
            Ok(answer)
        })
    }
}

/// Whether an answer says that there were too many requests.
async fn refuses(answer: &mut HttpResponse) -> Result<bool, ConnectorError> {
    let is_refused = error::code_in(answer).await?.is_some_and(|code| is_throttled(&code));
    Ok(is_refused || answer.status().as_u16() == 429)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use futures::future::join_all;

    use super::*;

    /// A service with a bucket of so many tokens, which as many a second fill; answers take 50 ms.
    struct Service {
        budget: Budget,
        per_second: f64,
        burst: f64,
        tokens: Mutex<(f64, Instant)>,
    }

    impl Service {
        fn new(per_second: f64, burst: f64) -> Self {
            let tokens = Mutex::new((burst, Instant::now()));
            Self { budget: Budget::default(), per_second, burst, tokens }
        }

        fn takes(&self) -> bool {
            let mut tokens = self.tokens.lock().unwrap();
            let now = Instant::now();
            let came = now.duration_since(tokens.1).as_secs_f64() * self.per_second;
            *tokens = ((tokens.0 + came).min(self.burst), now);
            let takes = tokens.0 >= 1.0;
            tokens.0 -= f64::from(u8::from(takes));
            takes
        }

        /// Makes so many calls, ten at a time, each until it is taken; gives how many were refused,
        /// and how many seconds it took.
        async fn work(&self, calls: usize) -> (usize, f64) {
            let (left, refused) = (Mutex::new(calls), Mutex::new(0));
            let next = || {
                let mut left = left.lock().unwrap();
                let some = *left > 0;
                *left = left.saturating_sub(1);
                some
            };
            let begun = Instant::now();
            join_all((0..10).map(|_| async {
                while next() {
                    loop {
                        self.budget.admit().await;
                        let sent = Instant::now();
                        tokio::time::sleep(Duration::from_millis(25)).await;
                        let takes = self.takes();
                        tokio::time::sleep(Duration::from_millis(25)).await;
                        self.budget.note(sent, !takes);
                        if takes {
                            break;
                        }
                        *refused.lock().unwrap() += 1;
                        let pause = rand::random::<f64>();
                        tokio::time::sleep(Duration::from_secs_f64(pause)).await;
                    }
                }
            }))
            .await;
            let refused = *refused.lock().unwrap();
            (refused, begun.elapsed().as_secs_f64())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn learns_what_a_service_takes() {
        let services = [
            (1200, 20.0, 20.0),
            (3000, 20.0, 20.0),
            (1200, 20.0, 5.0),
            (3000, 20.0, 100.0),
            (3000, 40.0, 40.0),
        ];
        // The pauses before retries are random: what is rare must hold, too.
        for (calls, per_second, burst) in services.into_iter().cycle().take(5 * services.len()) {
            let (refused, seconds) = Service::new(per_second, burst).work(calls).await;
            #[expect(clippy::cast_precision_loss, reason = "there are thousands at most")]
            let (share, least) =
                (refused as f64 / (calls + refused) as f64, (calls as f64 - burst) / per_second);
            let what = format!("{calls} at {per_second} of {burst}");
            assert!(share < 0.02, "{what}: {refused} refused, in {seconds:.0} s of {least:.0}");
            assert!(seconds < 1.25 * least, "{what}: {seconds:.0} s instead of {least:.0}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn holds_nothing_back_that_was_never_refused_and_forgets() {
        let service = Service::new(1e9, 1e9);
        let (refused, seconds) = service.work(1000).await;
        assert_eq!(refused, 0);
        assert!((seconds - 5.0).abs() < 0.1, "{seconds}");
        service.budget.note(Instant::now(), true);
        let at = |seconds| {
            service.budget.rate(Instant::now() + Duration::from_secs(seconds)).unwrap_or_default()
        };
        // Ten at a time, of 50 ms each.
        assert!((at(15) - 200.0).abs() < 10.0, "{}", at(15));
        for (seconds, part) in [(0, 0.7), (15, 1.0), (30, 1.3), (60, 9.1)] {
            assert!((at(seconds) / at(15) - part).abs() < 0.01, "{seconds}");
        }
    }

    #[tokio::test]
    async fn knows_a_refusal_in_every_protocol() {
        for (status, body, expected) in [
            (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#, true),
            (400, r#"{"__type":"com.amazonaws.x#ThrottlingException:http://x"}"#, true),
            (400, r#"{"__type":"ValidationException"}"#, false),
            (429, "", true),
            (
                503,
                "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
                true,
            ),
            (400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", true),
            (503, "<html>", false),
            (200, r#"{"__type":"ThrottlingException"}"#, false),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(status).unwrap();
            let mut answer = HttpResponse::new(status, SdkBody::from(body));
            assert_eq!(refuses(&mut answer).await.unwrap(), expected, "{body}");
            assert_eq!(answer.body().bytes(), Some(body.as_bytes()));
        }
    }
}

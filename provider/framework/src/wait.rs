//! Waiting for the cloud: polls with full jitter until a condition holds, tells how long it has
//! waited, and ends on time, on cancel or on the condition's own failure.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::call::{Call, Failure};
use crate::diagnostic::Diagnostic;
use crate::platform::Platform;

/// How often the log says that an operation still waits.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// What one look at a condition showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// The condition holds.
    Done(T),
    /// It does not hold yet; the words say how things stand.
    Pending(String),
}

/// How long to wait between two looks: each pause is random, up to a bound that doubles.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The bound of the first pause.
    pub first: Duration,
    /// The largest bound.
    pub most: Duration,
}

impl Pace {
    /// For conditions that hold within seconds (consistency, short deletes).
    pub const QUICK: Self =
        Self { first: Duration::from_millis(200), most: Duration::from_secs(3) };
    /// For conditions that take minutes (clusters, gateways).
    pub const SLOW: Self =
        Self { first: Duration::from_millis(500), most: Duration::from_secs(15) };

    /// The pause before look number `attempt`, counted from zero. Never less than half the bound,
    /// so that a wait makes progress and does not hammer the service.
    pub fn pause(self, attempt: u32) -> Duration {
        let bound = self.first.saturating_mul(2_u32.saturating_pow(attempt.min(16))).min(self.most);
        bound.div_f64(2.0) + bound.div_f64(2.0).mul_f64(rand::random::<f64>())
    }
}

impl<P: Platform> Call<P> {
    /// Looks again and again until the condition holds.
    ///
    /// `what` names the thing waited for, as in "waiting for NAT gateway nat-1".
    ///
    /// # Errors
    /// [`Failure::Interrupted`] when asked to stop; the look's own failure; and where the
    /// operation's time is up, an error with the last state seen.
    pub async fn wait_until<T, L, F>(
        &self,
        what: &str,
        pace: Pace,
        mut look: L,
    ) -> Result<T, Failure>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Look<T>, Failure>> + Send,
    {
        let begun = Instant::now();
        let mut told = begun;
        let mut attempt = 0;
        loop {
            self.proceed()?;
            let state = match look().await? {
                Look::Done(value) => return Ok(value),
                Look::Pending(state) => state,
            };
            if Instant::now() >= self.deadline {
                return Err(self.time_is_up(what, begun, &state).into());
            }
            let mut pause = pin!(self.pause(pace.pause(attempt)));
            // A pause may be longer than what passes between two words of progress.
            loop {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(told + PROGRESS_INTERVAL) => {
                        told = Instant::now();
                        let seconds = begun.elapsed().as_secs();
                        tracing::info!("waiting for {what}: {state} ({seconds} s)");
                    }
                    ended = &mut pause => break ended?,
                }
            }
            attempt += 1;
        }
    }

    /// Looks for something again and again, until a look begun at `until` or later has not found
    /// it either: what a service has not shown by then is not there.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] when asked to stop; the look's own failure; and where the
    /// operation's time is up before it is certain that there is nothing.
    pub async fn find_until<T, L, F>(
        &self,
        until: Instant,
        mut look: L,
    ) -> Result<Option<T>, Failure>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>, Failure>>,
    {
        let begun = Instant::now();
        let mut attempt = 0;
        loop {
            self.proceed()?;
            // Asked for before the look, which takes its time.
            let now = Instant::now();
            let found = look().await?;
            if found.is_some() || now >= until {
                return Ok(found);
            }
            if now >= self.deadline {
                let what = "the trace of an earlier attempt";
                return Err(self.time_is_up(what, begun, "not certain to be missing").into());
            }
            let left = until.saturating_duration_since(Instant::now());
            self.pause(Pace::QUICK.pause(attempt).min(left)).await?;
            attempt += 1;
        }
    }

    /// Pauses, but no longer than until the deadline.
    ///
    /// # Errors
    /// [`Failure::Interrupted`] when asked to stop meanwhile.
    pub async fn pause(&self, pause: Duration) -> Result<(), Failure> {
        let until = (Instant::now() + pause).min(self.deadline);
        tokio::select! {
            () = self.cancel.cancelled() => Err(Failure::Interrupted),
            () = tokio::time::sleep_until(until) => Ok(()),
        }
    }

    fn time_is_up(&self, what: &str, begun: Instant, state: &str) -> Diagnostic {
        Diagnostic::error(
            format!("timed out waiting for {what}"),
            format!(
                "After {} s, {what} was still {state}. Nothing is lost: the next apply goes on \
                 from here. If it only needs longer, raise the limit in the timeouts block.",
                begun.elapsed().as_secs(),
            ),
        )
    }
}

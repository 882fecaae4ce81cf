//! Waiting by looking again: growing pauses with jitter, an end, cancellation, and word of progress.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::document::DocumentKey;

/// How long to wait, who can end it, and who wants to hear of it.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// When to give up.
    pub timeout: Duration,
    /// Gives up at once when cancelled.
    pub cancel: &'a CancellationToken,
    /// Called every ten seconds, and whenever something got done.
    pub progress: &'a (dyn Fn(&Progress) + Send + Sync),
}

/// How far a wait has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How many objects the wait is for.
    pub total: usize,
    /// What is still waited for, and why.
    pub waiting: Vec<Waiting>,
    /// How long it has taken.
    pub elapsed: Duration,
}

/// One object that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The object.
    pub key: DocumentKey,
    /// What it lacks, in words.
    pub reason: String,
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.key, self.reason)
    }
}

/// Why a wait ended before its aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time ran out.
    Timeout,
    /// The caller cancelled.
    Cancelled,
}

/// Hears of nothing.
pub fn silent(_: &Progress) {}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
const WORD_EVERY: Duration = Duration::from_secs(10);

/// The clock of one wait.
pub(crate) struct Poll<'a> {
    patience: Patience<'a>,
    started: Instant,
    pause: Duration,
    last_word: Instant,
    last_waiting: Option<usize>,
}

impl<'a> Poll<'a> {
    pub(crate) fn new(patience: Patience<'a>) -> Self {
        let now = Instant::now();
        Poll { patience, started: now, pause: FIRST_PAUSE, last_word: now, last_waiting: None }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Pauses before the next look. Tells of the progress where it is time to.
    pub(crate) async fn pause(&mut self, total: usize, waiting: &[Waiting]) -> Result<(), Stop> {
        if self.patience.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        self.tell(total, waiting);
        let left = self.patience.timeout.saturating_sub(self.elapsed());
        if left.is_zero() {
            return Err(Stop::Timeout);
        }
        let pause = self.pause.mul_f64(0.5 + rand::random::<f64>() / 2.0).min(left);
        self.pause = self.pause.mul_f64(1.5).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.patience.cancel.cancelled() => Err(Stop::Cancelled),
        }
    }

    fn tell(&mut self, total: usize, waiting: &[Waiting]) {
        let is_changed = self.last_waiting.is_some_and(|last| last != waiting.len());
        self.last_waiting = Some(waiting.len());
        if !is_changed && self.last_word.elapsed() < WORD_EVERY {
            return;
        }
        self.last_word = Instant::now();
        let progress = Progress { total, waiting: waiting.to_vec(), elapsed: self.elapsed() };
        (self.patience.progress)(&progress);
    }
}

/// Waits in one line each, as errors show them.
pub(crate) fn lines(waiting: &[Waiting]) -> String {
    waiting.iter().map(Waiting::to_string).collect::<Vec<_>>().join("\n")
}

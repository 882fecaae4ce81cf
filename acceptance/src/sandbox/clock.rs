//! The time our own services go by, which a test may move ahead. Sessions and signatures go by the real time.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// A clock that runs with the machine's, ahead by what it has been moved.
#[derive(Debug)]
pub struct Clock {
    ahead: Mutex<TimeDelta>,
    moved: watch::Sender<u64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Mutex::new(TimeDelta::zero()), moved: watch::Sender::new(0) }
    }
}

impl Clock {
    /// The simulated time.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead()
    }

    /// How far it is ahead of the machine's.
    pub fn ahead(&self) -> TimeDelta {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it ahead and wakes those who wait for it.
    pub fn advance(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += by;
        self.moved.send_modify(|count| *count += 1);
    }

    /// Changes whenever the clock is moved; a service that acts on schedules waits for it beside its own timer.
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_ahead() {
        let clock = Clock::default();
        let moved = clock.moved();
        clock.advance(TimeDelta::days(2));
        assert!(clock.now() - Utc::now() > TimeDelta::hours(47));
        assert!(moved.has_changed().unwrap());
    }
}

//! The lock of a retention rule, and how it opens with time.
//!
//! Follows "Lock a Recycle Bin retention rule" and "Unlock a Recycle Bin retention rule" of the Amazon EBS User Guide.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

/// A lock that a rule has or had: one that was never locked has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// How many days pass between the unlocking and the end of the lock.
    delay_days: i64,
    /// When the delay ends, once the rule has been unlocked.
    ends: Option<DateTime<Utc>>,
}

/// How a lock stands at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The rule cannot be changed or deleted.
    Locked,
    /// Nor can it be yet, while the unlock delay runs.
    PendingUnlock,
    /// It can be changed and deleted again.
    Unlocked,
}

impl Standing {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::PendingUnlock => "pending_unlock",
            Self::Unlocked => "unlocked",
        }
    }
}

impl Lock {
    /// A closed lock, by a `LockConfiguration` that fits the model.
    pub fn new(configuration: &Value) -> Self {
        let days = configuration["UnlockDelay"]["UnlockDelayValue"].as_i64().unwrap_or_default();
        Self { delay_days: days, ends: None }
    }

    /// The `LockConfiguration`.
    pub fn configuration(&self) -> Value {
        json!({"UnlockDelay": {"UnlockDelayValue": self.delay_days, "UnlockDelayUnit": "DAYS"}})
    }

    /// How it stands.
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        match self.ends {
            None => Standing::Locked,
            Some(ends) if now < ends => Standing::PendingUnlock,
            Some(_) => Standing::Unlocked,
        }
    }

    /// The `LockEndTime` as the rest-json protocol writes it, while the unlock delay runs.
    pub fn end_time(&self, now: DateTime<Utc>) -> Option<i64> {
        self.ends.filter(|ends| now < *ends).map(|ends| ends.timestamp())
    }

    /// Has the unlock delay begin.
    pub fn unlock(&mut self, now: DateTime<Utc>) {
        // To the second, so that the time that is shown is the time it opens.
        self.ends = Some((now + TimeDelta::days(self.delay_days)).trunc_subsecs(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(after: TimeDelta, standing: Standing, shows_end: bool) {
        let unlocked = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1500);
        let mut lock = Lock::new(&json!({"UnlockDelay": {"UnlockDelayValue": 7}}));
        assert_eq!(lock.standing(unlocked), Standing::Locked);
        assert_eq!(lock.end_time(unlocked), None);
        lock.unlock(unlocked);
        let now = unlocked + after;
        assert_eq!(lock.standing(now), standing, "{after}");
        let expected = shows_end.then_some(7 * 24 * 3600 + 1);
        assert_eq!(lock.end_time(now), expected, "{after}");
    }

    #[test]
    fn locks_open_after_their_delay() {
        check(TimeDelta::zero(), Standing::PendingUnlock, true);
        check(TimeDelta::days(7) - TimeDelta::seconds(1), Standing::PendingUnlock, true);
        check(TimeDelta::days(7), Standing::Unlocked, false);
        check(TimeDelta::days(400), Standing::Unlocked, false);
    }
}

//! A value that is fetched when first needed, by one of those who need it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use travel_framework::Diagnostic;

/// How long a failure is taken for the answer. A plan of many resources then fails once within
/// seconds, instead of once for each of them.
const FAILURE_LASTS: Duration = Duration::from_secs(30);

/// A value fetched once. A failure is kept for a while, then tried again.
#[derive(Debug)]
pub struct Once<T> {
    slot: Mutex<Option<(Instant, Result<T, Diagnostic>)>>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self { slot: Mutex::default() }
    }
}

impl<T: Clone> Once<T> {
    /// One that has its value already.
    #[cfg(test)]
    pub fn of(value: T) -> Self {
        Self { slot: Mutex::new(Some((Instant::now(), Ok(value)))) }
    }

    /// The value; whoever comes while it is being fetched waits for it.
    pub async fn get(
        &self,
        fetch: impl Future<Output = Result<T, Diagnostic>>,
    ) -> Result<T, Diagnostic> {
        let mut slot = self.slot.lock().await;
        match &*slot {
            Some((_, Ok(value))) => return Ok(value.clone()),
            Some((when, Err(error))) if when.elapsed() < FAILURE_LASTS => return Err(error.clone()),
            _ => {}
        }
        let result = fetch.await;
        *slot = Some((Instant::now(), result.clone()));
        result
    }

    /// Forgets the value if it was fetched before this moment, so that the next one to ask
    /// fetches it anew.
    pub async fn forget(&self, before: Instant) {
        let mut slot = self.slot.lock().await;
        if slot.as_ref().is_some_and(|(when, _)| *when < before) {
            *slot = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fetches_once_and_forgets_failures_in_time() {
        let once = Once::<u32>::default();
        let failure = || async { Err(Diagnostic::error("no", "")) };
        assert!(once.get(failure()).await.is_err());
        assert!(once.get(async { Ok(1) }).await.is_err());
        tokio::time::advance(FAILURE_LASTS).await;
        assert_eq!(once.get(async { Ok(2) }).await, Ok(2));
        assert_eq!(once.get(async { Ok(3) }).await, Ok(2));
        once.forget(Instant::now()).await;
        assert_eq!(once.get(async { Ok(3) }).await, Ok(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        once.forget(Instant::now()).await;
        assert_eq!(once.get(async { Ok(4) }).await, Ok(4));
    }
}

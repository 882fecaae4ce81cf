//! Reads that many ask for one by one, and that a service answers many at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use travel_framework::{Diagnostic, Failure};

/// How long the first to ask waits for others. Terraform reads ten objects side by side, and begins
/// them within a few milliseconds.
const GATHERING: Duration = Duration::from_millis(10);

/// One kind of read: whoever asks while others do shares their call. An answer is never older than
/// its question.
pub struct Batch<T> {
    /// How many a call can ask for.
    most: usize,
    waiting: Mutex<Vec<Asked<T>>>,
}

struct Asked<T> {
    key: String,
    answer: oneshot::Sender<Result<Option<T>, Failure>>,
}

impl<T: Clone + Send + 'static> Batch<T> {
    /// A kind of read that answers up to `most` at a time.
    pub const fn of(most: usize) -> Self {
        Self { most, waiting: Mutex::new(Vec::new()) }
    }

    /// What there is under a key; none where `fetch` gives nothing for it. `fetch` gets the keys of
    /// all who share the call, each once.
    ///
    /// # Errors
    /// As the shared call fails.
    pub async fn get<F, R>(self: &Arc<Self>, key: &str, fetch: F) -> Result<Option<T>, Failure>
    where
        F: FnOnce(Vec<String>) -> R + Send + 'static,
        R: Future<Output = Result<HashMap<String, T>, Failure>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let waiting = {
            let mut waiting = self.waiting();
            waiting.push(Asked { key: key.to_owned(), answer });
            waiting.len()
        };
        // In a task of its own, so that the others get their answer also where this one is given up.
        if waiting == self.most {
            tokio::spawn(serve(self.take(), fetch));
        } else if waiting == 1 {
            let batch = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(GATHERING).await;
                serve(batch.take(), fetch).await;
            });
        }
        answered.await.map_err(|_| {
            Failure::from(Diagnostic::error(
                "a read that several objects share has ended without an answer",
                format!("{key} was among them. Plan again, and please report it."),
            ))
        })?
    }

    fn take(&self) -> Vec<Asked<T>> {
        std::mem::take(&mut self.waiting())
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Asked<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve<T: Clone, F, R>(asked: Vec<Asked<T>>, fetch: F)
where
    F: FnOnce(Vec<String>) -> R,
    R: Future<Output = Result<HashMap<String, T>, Failure>>,
{
    let mut keys: Vec<String> = asked.iter().map(|asked| asked.key.clone()).collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return;
    }
    let found = fetch(keys).await;
    for Asked { key, answer } in asked {
        let one = found.as_ref().map(|found| found.get(&key).cloned()).map_err(Clone::clone);
        // Who has given up meanwhile wants no answer.
        drop(answer.send(one));
    }
}

impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Batch(of {})", self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for all of these at once, and gives the answers and how many keys each call asked for.
    async fn ask(batch: &Arc<Batch<String>>, keys: &[&str]) -> (Vec<Option<String>>, Vec<usize>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let asked = keys.iter().map(|key| {
            let calls = Arc::clone(&calls);
            batch.get(key, move |keys| async move {
                calls.lock().unwrap().push(keys.len());
                let there = keys.into_iter().filter(|key| !key.starts_with("no"));
                Ok(there.map(|key| (key.clone(), key.to_uppercase())).collect())
            })
        });
        let answers = futures::future::join_all(asked).await;
        let calls = calls.lock().unwrap().clone();
        (answers.into_iter().map(|answer| answer.unwrap()).collect(), calls)
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_together_share_a_call() {
        let batch = Arc::new(Batch::of(3));
        let check = async |keys: &[&str], expected: &[Option<&str>], calls: &[usize]| {
            let (answers, made) = ask(&batch, keys).await;
            let answers: Vec<Option<&str>> = answers.iter().map(Option::as_deref).collect();
            assert_eq!((answers.as_slice(), made.as_slice()), (expected, calls), "{keys:?}");
        };
        check(&["a"], &[Some("A")], &[1]).await;
        check(&["a", "none"], &[Some("A"), None], &[2]).await;
        check(&["a", "a"], &[Some("A"), Some("A")], &[1]).await;
        let four = [Some("A"), Some("B"), Some("C"), Some("D")];
        check(&["a", "b", "c", "d"], &four, &[3, 1]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_everybodys_and_one_who_gives_up_takes_nobody_along() {
        let batch = Arc::new(Batch::<String>::of(10));
        let fail = |_| async { Err(Diagnostic::error("no", "").into()) };
        let (one, other) = tokio::join!(batch.get("a", fail), batch.get("b", fail));
        for failed in [one, other] {
            assert_eq!(failed.unwrap_err().into_diagnostic().summary, "no");
        }
        let serve = |keys: Vec<String>| async {
            Ok(keys.into_iter().map(|key| (key.clone(), key)).collect())
        };
        let first = tokio::spawn({
            let batch = Arc::clone(&batch);
            async move { batch.get("a", serve).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert_eq!(batch.get("b", serve).await.unwrap().as_deref(), Some("b"));
    }
}

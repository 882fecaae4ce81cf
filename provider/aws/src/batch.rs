//! Reads that many ask for one by one, and that a service answers many at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;
use tracing::Instrument;
use travel_framework::{Diagnostic, Failure};

/// How long the first to ask waits for others. Terraform reads ten objects side by side, and begins
/// them within a few milliseconds.
const GATHERING: Duration = Duration::from_millis(10);

/// One kind of read: whoever asks while others do shares their call, and so does whoever asks while one
/// is under way, in the next. The longer a call takes, or has to wait for its turn, the more share the
/// one after it. An answer is never older than its question.
pub struct Batch<T> {
    /// How many a call can ask for.
    most: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    waiting: Vec<Asked<T>>,
    /// Whether there is a task that answers those who wait.
    is_served: bool,
}

struct Asked<T> {
    key: String,
    answer: oneshot::Sender<Result<Option<T>, Failure>>,
}

impl<T: Clone + Send + 'static> Batch<T> {
    /// A kind of read that answers up to `most` at a time.
    pub const fn of(most: usize) -> Self {
        Self { most, state: Mutex::new(State { waiting: Vec::new(), is_served: false }) }
    }

    /// What there is under a key; none where `fetch` gives nothing for it. `fetch` gets the keys of
    /// those who share a call, each once; it must be the same for all of them.
    ///
    /// # Errors
    /// As the shared call fails.
    pub async fn get<F, R>(self: &Arc<Self>, key: &str, fetch: F) -> Result<Option<T>, Failure>
    where
        F: Fn(Vec<String>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HashMap<String, T>, Failure>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let was_served = {
            let mut state = self.state();
            state.waiting.push(Asked { key: key.to_owned(), answer });
            std::mem::replace(&mut state.is_served, true)
        };
        // In a task of its own, so that the others get their answer also where this one is given up.
        if !was_served {
            tokio::spawn(Arc::clone(self).serve(fetch).in_current_span());
        }
        answered.await.map_err(|_| {
            Failure::from(Diagnostic::error(
                "a read that several objects share has ended without an answer",
                format!("{key} was among them. Plan again, and please report it."),
            ))
        })?
    }

    /// Answers those who wait, until nobody does.
    async fn serve<F, R>(self: Arc<Self>, fetch: F)
    where
        F: Fn(Vec<String>) -> R,
        R: Future<Output = Result<HashMap<String, T>, Failure>>,
    {
        let _end = End(&self);
        tokio::time::sleep(GATHERING).await;
        loop {
            let asked = {
                let mut state = self.state();
                state.is_served = !state.waiting.is_empty();
                std::mem::take(&mut state.waiting)
            };
            if asked.is_empty() {
                return;
            }
            let mut keys: Vec<String> = asked.iter().map(|asked| asked.key.clone()).collect();
            keys.sort();
            keys.dedup();
            let calls = keys.chunks(self.most).map(async |keys| (keys, fetch(keys.to_vec()).await));
            let answers = join_all(calls).await;
            for Asked { key, answer } in asked {
                let found = answers.iter().find(|(keys, _)| keys.contains(&key));
                let one = found.map_or(Ok(None), |(_, found)| match found {
                    Ok(found) => Ok(found.get(&key).cloned()),
                    Err(failure) => Err(failure.clone()),
                });
                // Who has given up meanwhile wants no answer.
                drop(answer.send(one));
            }
        }
    }
}

impl<T> Batch<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However a task ends that answers those who wait, nobody waits for it afterwards.
struct End<'a, T>(&'a Batch<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        // Where it has ended well, another may be at work already, for those who came since.
        if std::thread::panicking() {
            *state = State { waiting: Vec::new(), is_served: false };
        }
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
            batch.get(key, move |keys| {
                calls.lock().unwrap().push(keys.len());
                async move {
                    tokio::time::sleep(GATHERING).await;
                    let there = keys.into_iter().filter(|key| !key.starts_with("no"));
                    Ok(there.map(|key| (key.clone(), key.to_uppercase())).collect())
                }
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
        let later = async {
            tokio::time::sleep(GATHERING * 3 / 2).await;
            ask(&batch, &["b", "c"]).await
        };
        let (first, later) = tokio::join!(ask(&batch, &["a"]), later);
        assert_eq!((first.1, later.0), (vec![1, 2], vec![Some("B".into()), Some("C".into())]));
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

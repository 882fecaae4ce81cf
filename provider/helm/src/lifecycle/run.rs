//! One operation under way: its deadline, who hears of it, and how its errors are made.

use std::time::Duration;

use tokio::time::Instant;
use travel_kube::poll::{Patience, Progress};
use travel_kube::scope::Scopes;

use super::{LifecycleError, Obstacle, Target};

/// An operation on a release from its start to its end.
pub(super) struct Run<'a> {
    pub(super) target: Target<'a>,
    action: &'static str,
    deadline: Instant,
    hear: Box<dyn Fn(&Progress) + Send + Sync + 'a>,
}

impl<'a> Run<'a> {
    /// Begins an operation; `action` says in the infinitive what it does.
    pub(super) fn new(target: &Target<'a>, action: &'static str) -> Self {
        let say = target.progress;
        Run {
            target: *target,
            action,
            deadline: Instant::now() + target.timeout,
            hear: Box::new(move |progress| say(&in_words(progress))),
        }
    }

    /// Tells the caller of a step, who alone knows what of it is secret.
    pub(super) fn say(&self, text: &str) {
        (self.target.progress)(text);
    }

    /// How long a wait may take that begins now.
    pub(super) fn patience(&self) -> Patience<'_> {
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        Patience { timeout, cancel: self.target.cancel, progress: &*self.hear }
    }

    /// Refuses a further step where the caller cancelled or the time ran out.
    pub(super) fn check(&self) -> Result<(), Obstacle> {
        if self.target.cancel.is_cancelled() {
            return Err(Obstacle::Cancelled);
        }
        if self.patience().timeout == Duration::ZERO {
            return Err(Obstacle::Timeout(self.target.timeout.as_secs()));
        }
        Ok(())
    }

    /// What the cluster's kinds' scopes are.
    pub(super) async fn scopes(&self) -> Result<Scopes, Obstacle> {
        let discovery = self.target.cluster.discovery().await?;
        Ok(Scopes::built_in().with_discovery(&discovery))
    }

    /// The error of this operation for an obstacle. That the caller cancelled is always the same one, so that callers
    /// need not know in the middle of what.
    pub(super) fn error(&self, obstacle: Obstacle) -> LifecycleError {
        let obstacle = if obstacle.is_cancellation() { Obstacle::Cancelled } else { obstacle };
        LifecycleError {
            action: self.action,
            name: self.target.name.to_owned(),
            namespace: self.target.namespace.to_owned(),
            obstacle: Box::new(obstacle),
        }
    }
}

/// What is waited for, with the first few reasons.
fn in_words(progress: &Progress) -> String {
    const SHOWN: usize = 3;
    let done = progress.total.saturating_sub(progress.waiting.len());
    let mut text =
        format!("{done} of {} done after {} s", progress.total, progress.elapsed.as_secs());
    for waiting in progress.waiting.iter().take(SHOWN) {
        text.push_str(&format!("; {waiting}"));
    }
    if progress.waiting.len() > SHOWN {
        text.push_str(&format!("; and {} more", progress.waiting.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use travel_kube::poll::Waiting;

    use super::*;

    #[test]
    fn waits_are_told_in_one_line() {
        let check = |names: &[&str], expected: &str| {
            let waiting = |name: &&str| Waiting {
                key: format!("v1/Pod/shop/{name}").parse().unwrap(),
                reason: "why".to_owned(),
            };
            let waiting = names.iter().map(waiting).collect();
            let progress = Progress { total: 5, waiting, elapsed: Duration::from_secs(10) };
            assert_eq!(in_words(&progress), expected);
        };
        check(&[], "5 of 5 done after 10 s");
        check(&["a"], "4 of 5 done after 10 s; v1/Pod/shop/a: why");
        check(
            &["a", "b", "c", "d"],
            "1 of 5 done after 10 s; v1/Pod/shop/a: why; v1/Pod/shop/b: why; v1/Pod/shop/c: why; and 1 more",
        );
    }
}

//! Composite resources as sets of parts with dependencies between them: what runs them, side by
//! side where the graph allows it, cleanly to an end on cancel, and on from what is observed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::call::Failure;
use crate::diagnostic::Diagnostic;

/// How many parts are worked on at once. More would only meet the services' rate limits.
const CONCURRENCY: usize = 10;

/// How a part stands in what the composite has observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It is not there.
    Absent,
    /// It is there, but not as it should be.
    Different,
    /// It is there as it should be.
    AsPlanned,
}

/// One part of a composite.
///
/// `C` is what the parts share: the call, the snapshot that the composite reads in bulk, and what
/// the parts made so far have learned (ids), behind a lock.
#[async_trait]
pub trait Part<C: Sync>: Send + Sync {
    /// The part's name within the composite, such as `subnet/public/eu-central-1a`.
    fn name(&self) -> String;

    /// How the part stands in what was observed. Makes no call.
    fn observe(&self, context: &C) -> Observed;

    /// Makes the part, or changes it to what it should be; waits until others can use it.
    async fn ensure(&self, context: &C) -> Result<(), Failure>;

    /// Removes the part and waits until it is gone. A part that is gone already is no error.
    async fn remove(&self, context: &C) -> Result<(), Failure>;
}

/// A part, and the names of those that must be there before it, and gone after it. A part that is
/// not in the same graph is taken to be there.
pub type Ordered<C> = (Box<dyn Part<C>>, Vec<String>);

/// Parts, by name, and the order they need.
pub struct Graph<C> {
    parts: BTreeMap<String, Ordered<C>>,
}

/// What is seen of a composite, which its parts look at and add to while they run side by side.
#[derive(Debug, Default)]
pub struct Seen<O>(Mutex<O>);

impl<O> Seen<O> {
    /// What is seen to begin with.
    pub const fn new(observed: O) -> Self {
        Self(Mutex::new(observed))
    }

    /// Looks at what is there.
    pub fn see<T>(&self, look: impl FnOnce(&O) -> T) -> T {
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a change of what is there.
    pub fn note(&self, change: impl FnOnce(&mut O)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is there, when all is done.
    pub fn into_inner(self) -> O {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ensure,
    Remove,
}

impl<C: Sync> Graph<C> {
    /// The graph of these parts.
    ///
    /// # Errors
    /// Where two parts have one name, or wait for each other: a mistake of the composite's page.
    pub fn new(parts: impl IntoIterator<Item = Ordered<C>>) -> Result<Self, Diagnostic> {
        let mut graph = Self { parts: BTreeMap::new() };
        for (part, after) in parts {
            let name = part.name();
            if graph.parts.insert(name.clone(), (part, after)).is_some() {
                return Err(mistake(&format!("two parts are named {name}")));
            }
        }
        let mut left = graph.dependencies(Direction::Ensure);
        while let Some(name) = next_free(&left) {
            left.remove(&name);
            for after in left.values_mut() {
                after.remove(&name);
            }
        }
        if left.is_empty() {
            return Ok(graph);
        }
        let names: Vec<String> = left.into_keys().collect();
        Err(mistake(&format!("these parts wait for each other: {}", names.join(", "))))
    }

    /// The parts that are not there as planned.
    pub fn unfinished(&self, context: &C) -> Vec<String> {
        let parts = self.parts.iter();
        parts
            .filter(|(_, (part, _))| part.observe(context) != Observed::AsPlanned)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Makes every part what it should be, each after those it needs.
    ///
    /// # Errors
    /// After a failure nothing new is begun, what is under way is ended, and the failures are
    /// told together. The same on cancel.
    pub async fn ensure(&self, context: &C, cancel: &CancellationToken) -> Result<(), Failure> {
        self.run(Direction::Ensure, context, cancel).await
    }

    /// Removes every part, each before those it needed.
    ///
    /// # Errors
    /// As for [`Graph::ensure`].
    pub async fn remove(&self, context: &C, cancel: &CancellationToken) -> Result<(), Failure> {
        self.run(Direction::Remove, context, cancel).await
    }

    async fn run(
        &self,
        direction: Direction,
        context: &C,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut waiting = self.dependencies(direction);
        let total = waiting.len();
        let mut running = FuturesUnordered::new();
        let mut failures = Vec::new();
        loop {
            let go_on = failures.is_empty() && !cancel.is_cancelled();
            while go_on && running.len() < CONCURRENCY {
                let Some(name) = next_free(&waiting) else { break };
                waiting.remove(&name);
                running.push(self.step(name, direction, context));
            }
            let Some((name, result)) = running.next().await else { break };
            match result {
                Ok(()) => {
                    for after in waiting.values_mut() {
                        after.remove(&name);
                    }
                    tracing::debug!("{name} is done; {} of {total} parts left", waiting.len());
                }
                Err(failure) => failures.push((name, failure)),
            }
        }
        if failures.is_empty() && waiting.is_empty() {
            return Ok(());
        }
        Err(together(failures))
    }

    async fn step(
        &self,
        name: String,
        direction: Direction,
        context: &C,
    ) -> (String, Result<(), Failure>) {
        let Some((part, _)) = self.parts.get(&name) else { return (name, Ok(())) };
        let observed = part.observe(context);
        let result = match direction {
            Direction::Ensure if observed == Observed::AsPlanned => Ok(()),
            Direction::Ensure => {
                tracing::info!("making {name}");
                part.ensure(context).await
            }
            Direction::Remove if observed == Observed::Absent => Ok(()),
            Direction::Remove => {
                tracing::info!("removing {name}");
                part.remove(context).await
            }
        };
        (name, result)
    }

    /// For every part, the parts that must be done before it.
    fn dependencies(&self, direction: Direction) -> BTreeMap<String, BTreeSet<String>> {
        let mut dependencies: BTreeMap<String, BTreeSet<String>> =
            self.parts.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
        for (name, (_, after)) in &self.parts {
            for needed in after {
                let (first, then) = match direction {
                    Direction::Ensure => (needed, name),
                    Direction::Remove => (name, needed),
                };
                if self.parts.contains_key(first)
                    && let Some(before) = dependencies.get_mut(then)
                {
                    before.insert(first.clone());
                }
            }
        }
        dependencies
    }
}

fn next_free(waiting: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    waiting.iter().find(|(_, after)| after.is_empty()).map(|(name, _)| name.clone())
}

/// The failures of several parts as one: a real failure comes before an interruption.
fn together(failures: Vec<(String, Failure)>) -> Failure {
    let mut failed = failures.into_iter().filter_map(|(name, failure)| match failure {
        Failure::Failed(diagnostic) => Some((name, *diagnostic)),
        Failure::Interrupted => None,
    });
    let Some((name, mut first)) = failed.next() else { return Failure::Interrupted };
    first.detail = format!("{} (part {name})", first.detail);
    for (name, other) in failed {
        first.detail = format!("{}\n\nAlso, part {name}: {other}", first.detail);
    }
    first.into()
}

fn mistake(what: &str) -> Diagnostic {
    Diagnostic::error("a mistake in the provider", format!("In a composite, {what}. Report it."))
}

#[cfg(test)]
mod tests;

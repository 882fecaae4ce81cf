//! The conformance harness: what every resource promises, checked by machine on its case.
//!
//! It drives the provider through [`crate::core`], so that a check may run it hundreds of times;
//! `tests/cases.rs` goes through the same cases with the real terraform and OpenTofu.

mod aftermath;
mod budget;
pub mod coverage;
mod crash;
mod destroy;
mod disturbed;
mod drift;
mod faults;
mod fresh;
mod import;
mod interrupt;
pub mod inventory;
mod known;
mod late;
pub mod page;
pub mod permissions;
mod reference;
mod replaced;
mod secrets;
mod trial;
mod unknowns;
mod walk;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};
use futures::future::{BoxFuture, try_join_all};
use tokio::sync::Semaphore;

use crate::case::Case;
use crate::stage;
pub use known::{DEFECTS, Defect, is_left_out};
pub use trial::{Trial, provider_start};
pub use walk::Walk;

/// One thing that every resource promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Check {
    /// Each plan is what its step says, touches only what was written anew, and is empty once it is
    /// applied.
    Steps,
    /// What others have changed is planned to be changed back, and nothing else.
    Drift,
    /// An import by id and by identity leaves nothing to do and the same state.
    Import,
    /// A destroy leaves what was there before, also where parts are gone already.
    Destroy,
    /// A provider that is killed at a call loses nothing: the same command goes on.
    Crash,
    /// A command that is interrupted keeps what it has made, and the next goes on.
    Interrupt,
    /// What passes is tried again; what does not is told, and the same command goes on.
    Faults,
    /// A refresh makes no more calls than its page declares.
    Budget,
    /// What is not known when it is planned is planned without a lie.
    Unknowns,
    /// Secrets show in no log, no error, and in no other place than their own.
    Secrets,
    /// What a plan and an apply call is what the page lists, and for a plan that is enough.
    Permissions,
}

/// How much of a check is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The first two steps, a few kills and a few unknown values: what a test has time for.
    Sample,
    /// All steps, each with kills that follow one another, and every unknown value.
    Chained,
    /// The same, and a kill at every call, each from a fresh start.
    Full,
}

/// How many cases of each check went well.
pub type Counts = BTreeMap<Check, u64>;

impl Check {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Steps,
        Self::Drift,
        Self::Import,
        Self::Destroy,
        Self::Crash,
        Self::Interrupt,
        Self::Faults,
        Self::Budget,
        Self::Unknowns,
        Self::Secrets,
        Self::Permissions,
    ];

    /// Whether it disturbs the commands of a walk.
    pub const fn disturbs(self) -> bool {
        matches!(self, Self::Crash | Self::Interrupt | Self::Faults)
    }

    /// Its name, as a filter takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Drift => "drift",
            Self::Import => "import",
            Self::Destroy => "destroy",
            Self::Crash => "crash",
            Self::Interrupt => "interrupt",
            Self::Faults => "faults",
            Self::Budget => "budget",
            Self::Unknowns => "unknowns",
            Self::Secrets => "secrets",
            Self::Permissions => "permissions",
        }
    }
}

/// Runs checks on a resource's case, each on a sandbox that nothing else works in, of which there are
/// as many at a time as there are `places`; none where this machine cannot have what the case needs.
///
/// # Errors
/// What a check finds.
pub async fn run(
    case: &Case,
    checks: &[Check],
    extent: Extent,
    places: &Semaphore,
) -> Result<Option<Counts>> {
    if let Some(missing) = stage::missing(case.cluster()) {
        eprintln!("left out: {missing}");
        return Ok(None);
    }
    let has = |check: Check| checks.contains(&check);
    if extent == Extent::Sample {
        let mut parts = Parts::of(case);
        if has(Check::Drift) {
            parts.add("drift", drift::run(case, extent));
        }
        let walked_through: Vec<Check> =
            checks.iter().copied().filter(|it| *it != Check::Drift).collect();
        let walk = Walk::new(&walked_through, extent);
        parts.add("walk", async { Ok(walked(case, walk, None).await?.0) });
        return parts.run(places).await.map(Some);
    }
    let (mut counts, plain) = plain_walk(case, checks, extent, places).await?;
    let mut parts = Parts::of(case);
    // The longest first, so that no single one is waited for in the end.
    for check in checks.iter().copied().filter(|it| it.disturbs()) {
        let (walk, plain) = (Walk::new(&[check], extent), &plain);
        parts.add(check.name(), async move { Ok(walked(case, walk, Some(plain)).await?.0) });
        if check == Check::Crash && extent == Extent::Full {
            parts.add("kills from a fresh start", counted(check, fresh::run(case, plain)));
        }
    }
    if has(Check::Faults) {
        parts.add("after a fault", counted(Check::Faults, aftermath::run(case, extent)));
        parts.add("late lists", counted(Check::Faults, late::steps(case)));
    }
    if has(Check::Permissions) {
        parts.add("permissions", counted(Check::Permissions, permissions::run(case)));
    }
    if has(Check::Crash) {
        parts.add("kills of a replacement", counted(Check::Crash, replaced::run(case)));
        parts.add("kills with late lists", counted(Check::Crash, late::kills(case)));
    }
    if has(Check::Import) {
        // An import forgets what the provider remembered.
        let walk = Walk::new(&[Check::Import], extent);
        parts.add("import", async { Ok(walked(case, walk, None).await?.0) });
    }
    if has(Check::Drift) {
        parts.add("drift", drift::run(case, extent));
    }
    if has(Check::Unknowns) {
        parts.add("late unknowns", counted(Check::Unknowns, unknowns::late(case)));
    }
    add(&mut counts, parts.run(places).await?);
    Ok(Some(counts))
}

/// The walk through a case that nothing disturbs, with which those with kills and faults are compared: what
/// it has counted, and what there was at each moment. None where no check needs it.
async fn plain_walk(
    case: &Case,
    checks: &[Check],
    extent: Extent,
    places: &Semaphore,
) -> Result<(Counts, inventory::Inventories)> {
    let has_own = |check: Check| {
        check.disturbs() || matches!(check, Check::Drift | Check::Import | Check::Permissions)
    };
    let quiet: Vec<Check> = checks.iter().copied().filter(|it| !has_own(*it)).collect();
    let mut walk = Walk::new(&quiet, extent);
    walk.is_recorded = checks.iter().any(|it| it.disturbs());
    if quiet.is_empty() && !walk.is_recorded {
        return Ok((Counts::new(), inventory::Inventories::new()));
    }
    placed(case, "walk", places, walked(case, walk, None)).await
}

/// What is checked of a case at the same time, each on a sandbox of its own.
struct Parts<'a> {
    case: &'a Case,
    parts: Vec<(&'static str, BoxFuture<'a, Result<Counts>>)>,
}

impl<'a> Parts<'a> {
    const fn of(case: &'a Case) -> Self {
        Self { case, parts: Vec::new() }
    }

    fn add(&mut self, name: &'static str, part: impl Future<Output = Result<Counts>> + Send + 'a) {
        self.parts.push((name, Box::pin(part)));
    }

    /// What they have counted together.
    async fn run(self, places: &Semaphore) -> Result<Counts> {
        let case = self.case;
        let parts = self.parts.into_iter().map(|(name, part)| placed(case, name, places, part));
        let mut counts = Counts::new();
        for found in try_join_all(parts).await? {
            add(&mut counts, found);
        }
        Ok(counts)
    }
}

/// Runs a part once there is a place for it, and says how long it took: what is slow is seen there.
async fn placed<T>(
    case: &Case,
    name: &str,
    places: &Semaphore,
    part: impl Future<Output = Result<T>>,
) -> Result<T> {
    let _place = places.acquire().await?;
    let started = Instant::now();
    let done = part.await.with_context(|| name.to_owned())?;
    eprintln!("{}: {name}: {:.0} s", case.type_name, started.elapsed().as_secs_f64());
    Ok(done)
}

async fn counted(check: Check, run: impl Future<Output = Result<u64>>) -> Result<Counts> {
    Ok(Counts::from([(check, run.await?)]))
}

fn add(counts: &mut Counts, more: Counts) {
    for (check, count) in more {
        *counts.entry(check).or_default() += count;
    }
}

async fn walked(
    case: &Case,
    walk: Walk,
    reference: Option<&inventory::Inventories>,
) -> Result<(Counts, inventory::Inventories)> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.reference = reference.cloned();
    if walk.does(Check::Secrets) {
        let (name, value) = secrets::LOG_ALL;
        trial.core.start.environment.insert(name.to_owned(), value.to_owned());
    }
    if walk.does(Check::Permissions) {
        trial.log_calls();
    }
    trial.walk(&walk).await.with_context(|| case.type_name.clone())?;
    Ok((trial.counts, trial.inventories))
}

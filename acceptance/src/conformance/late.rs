//! A world that is late, as AWS is: lists by tags stay behind, what was just made is not found by
//! its name, and an answer never comes.

use anyhow::{Context, Result, ensure};

use super::inventory::Inventory;
use super::{Check, Extent, Trial, Walk};
use crate::case::Case;
use crate::sandbox::faults::{Action, Filter, KILLABLE, Kind, Moment, Rule};
use crate::sandbox::settings::Settings;
use crate::stage;

/// For how many seconds lists by tags stay behind: longer than a provider takes to start again.
const TAG_LAG_SECONDS: f64 = 5.0;
/// For how many seconds what was made is not found by its name.
const VISIBILITY_LAG_SECONDS: f64 = 2.0;
/// How often what takes its time is described as pending.
const PENDING_DESCRIBES: u32 = 3;

/// Creates with a provider that is killed at one call after the other, while its search for what
/// the killed one has made shows less than there is; the number of kills.
///
/// # Errors
/// Where something is there twice, or is left by a destroy.
pub(super) async fn kills(case: &Case) -> Result<u64> {
    let late = Settings { tag_lag_seconds: TAG_LAG_SECONDS, ..Settings::default() };
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    let step = case.steps.first().context("the case has no steps")?;
    trial.happen_outside(step).await?;
    let before = Inventory::take(&sandbox, case).await?;
    let expected = trial.plan(&step.text).await?;
    sandbox.set_settings(&late).await?;
    trial.crash(&step.text, &expected, Extent::Sample).await.context("with lists that lag")?;
    sandbox.set_settings(&Settings::default()).await?;
    trial.expect_nothing(&step.text).await?;
    Inventory::take(&sandbox, case).await?.check_single()?;
    if !case.cannot_be_destroyed() {
        let plan = trial.plan("").await?;
        trial.carry_out("", &plan).await?;
        let after = Inventory::take(&sandbox, case).await?.without(case.leaves());
        before.compare(&after).context("something is left after kills with lists that lag")?;
    }
    Ok(trial.counts.get(&Check::Crash).copied().unwrap_or_default())
}

/// Goes through the steps while what is made is not found for a while; how many that were. The
/// answer to an early change of the first never comes.
///
/// # Errors
/// Where a command fails of that.
pub(super) async fn steps(case: &Case) -> Result<u64> {
    let sandbox = stage::start(case.cluster()).await?;
    let late = Settings {
        visibility_lag_seconds: VISIBILITY_LAG_SECONDS,
        pending_describes: PENDING_DESCRIBES,
        ..Settings::default()
    };
    sandbox.set_settings(&late).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    let filter = Filter { executable: KILLABLE.to_owned(), kind: Kind::Write, ..Filter::default() };
    let rule = Rule { skip: 1, moment: Moment::After, ..Rule::once(filter, Action::Hang) };
    let rule = sandbox.add_fault(&rule).await?;
    trial.walk(&Walk::new(&[], Extent::Chained)).await.context("in a world that is late")?;
    let hung = sandbox.fault(rule).await?;
    ensure!(hung.matched < 2 || !hung.fired.is_empty(), "no answer was missing");
    Ok(case.steps.iter().filter(|step| !step.is_refused()).count() as u64)
}

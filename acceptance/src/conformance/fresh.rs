//! Crashes from fresh starts: a sandbox of its own for every call of every command at which the
//! provider is killed, before and after.

use anyhow::{Context, Result};

use super::crash::End;
use super::inventory::Inventories;
use super::{Check, Extent, Trial, Walk};
use crate::case::{Case, Step};
use crate::sandbox::faults::{Kind, Moment};
use crate::stage;

/// Kills at every call of every step, and of the destroy; the number of kills.
///
/// # Errors
/// Where a command does not converge after one.
pub(super) async fn run(case: &Case, reference: &Inventories) -> Result<u64> {
    let mut kills = 0;
    let applied: Vec<&Step> = case.steps.iter().filter(|step| !step.is_refused()).collect();
    // The place behind the last step is the destroy.
    for place in 0..=applied.len() {
        for at in 1.. {
            let mut was_killed = false;
            for moment in [Moment::Before, Moment::After] {
                let killed = kill(case, &applied, place, at, moment, reference).await;
                let name = applied.get(place).map_or("the destroy", |step| step.name.as_str());
                was_killed |= killed
                    .with_context(|| format!("{name}, killed at call {at}, {moment:?} it"))?;
            }
            if !was_killed {
                break;
            }
            kills += 2;
        }
    }
    Ok(kills)
}

/// Goes through the steps before a place, kills there, and says whether that was before the end.
async fn kill(
    case: &Case,
    applied: &[&Step],
    place: usize,
    at: u64,
    moment: Moment,
    reference: &Inventories,
) -> Result<bool> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.reference = Some(reference.clone());
    let walk = Walk::new(&[Check::Crash], Extent::Full);
    for step in applied.iter().take(place) {
        trial.happen_outside(step).await?;
        let plan = trial.plan(&step.text).await?;
        trial.carry_out(&step.text, &plan).await?;
        trial.current = step.text.clone();
    }
    let text = match applied.get(place) {
        Some(step) => {
            trial.happen_outside(step).await?;
            step.text.clone()
        }
        // Where the destroy is refused it is so with what the case stands on.
        None if case.cannot_be_destroyed() => return Ok(false),
        None => String::new(),
    };
    let expected = trial.plan(&text).await?;
    if let End::Well = trial.attempt(&text, &expected, Kind::Any, at, moment).await? {
        return Ok(false);
    }
    let plan = trial.plan(&text).await?;
    trial.carry_out(&text, &plan).await.context("failed to go on")?;
    trial.expect_nothing(&text).await?;
    if let Some(step) = applied.get(place) {
        trial.take_stock(&step.name, &walk).await?;
    }
    Ok(true)
}

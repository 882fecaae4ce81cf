//! Replacements that are to be created before the old object is destroyed, with kills: both stand
//! side by side for a while, or the new one is refused. Never is the old one taken for the new.

use anyhow::{Context, Result, bail, ensure};

use super::crash::End;
use super::disturbed::places;
use super::inventory::Inventory;
use super::{Check, Extent, Trial};
use crate::case::{Case, Step};
use crate::core::{Action, Object, Plan, State};
use crate::sandbox::faults::{Kind, Moment};
use crate::stage;

/// How a replacement ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// The new object is there, and the old one gone.
    Replaced,
    /// The new one cannot stand beside the old one, which was kept.
    Refused,
}

/// Replaces what the case replaces, without a kill and with kills at one call after the other: both
/// end alike. The number of kills; none where the case replaces nothing.
///
/// # Errors
/// Where they do not.
pub(super) async fn run(case: &Case) -> Result<u64> {
    let Some(place) = case.steps.iter().position(|step| replaces(case, step)) else { return Ok(0) };
    let (expected, there, _) = replace(case, place, false).await?;
    let killed = replace(case, place, true).await;
    let (ended, then, kills) = killed.context("with kills under create_before_destroy")?;
    ensure!(ended == expected, "it ended {ended:?} after kills, but {expected:?} without");
    there.compare(&then).context("after kills under create_before_destroy")?;
    Ok(kills)
}

/// Whether a step replaces the resource by itself.
pub(super) fn replaces(case: &Case, step: &Step) -> bool {
    let of_case = |address: &str| address.starts_with(&format!("{}.", case.type_name));
    let mut planned = step.plan.iter().flatten();
    !step.is_refused()
        && step.outside.is_empty()
        && planned.any(|(address, actions)| of_case(address) && actions == "delete create")
}

async fn replace(case: &Case, place: usize, kills: bool) -> Result<(Ended, Inventory, u64)> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    for step in case.steps[..place].iter().filter(|step| !step.is_refused()) {
        trial.happen_outside(step).await?;
        let plan = trial.plan(&step.text).await?;
        trial.carry_out(&step.text, &plan).await.with_context(|| step.name.clone())?;
        trial.current = step.text.clone();
    }
    let text = &case.steps[place].text;
    trial.side_by_side = true;
    let ended = trial.replace(text, kills).await?;
    if ended == Ended::Refused {
        // Without the setting it works.
        trial.side_by_side = false;
        let plan = trial.plan(text).await?;
        trial.carry_out(text, &plan).await.context("failed without create_before_destroy")?;
    }
    trial.expect_nothing(text).await?;
    let there = Inventory::take(&sandbox, case).await?;
    Ok((ended, there, trial.counts.get(&Check::Crash).copied().unwrap_or_default()))
}

impl Trial<'_> {
    async fn replace(&mut self, text: &str, kills: bool) -> Result<Ended> {
        let expected = self.plan(text).await?;
        let before = self.state.clone();
        let moments = [Moment::After, Moment::Before].into_iter().cycle();
        for (at, moment) in places(Extent::Sample).zip(moments) {
            // Behind the last call nobody is killed.
            let at = if kills { at } else { u64::MAX };
            match self.attempt(text, &expected, Kind::Write, at, moment).await {
                Ok(End::Killed) => self.count(Check::Crash),
                Ok(End::Well) => return Ok(Ended::Replaced),
                Err(error) => {
                    self.check_kept(&before, &expected, &format!("{error:#}"))?;
                    return Ok(Ended::Refused);
                }
            }
        }
        bail!("does not get on")
    }

    /// Checks that all that was there and is not only to go is in the state, and that what was refused
    /// is what it was.
    fn check_kept(&self, before: &State, expected: &Plan, said: &str) -> Result<()> {
        let goes = |address: &str| {
            expected.changes.get(address).is_some_and(|change| change.action == Action::Delete)
        };
        for (address, object) in before.objects.iter().filter(|(address, _)| !goes(address)) {
            let mark = |object: &Object| object.value.get("generation").clone();
            let is_refused = said.contains(&format!("{address}:"));
            let now = self.state.objects.get(address);
            let is_kept = now.is_some_and(|now| !is_refused || mark(now) == mark(object));
            ensure!(is_kept, "{address} is lost after {said}");
        }
        Ok(())
    }
}

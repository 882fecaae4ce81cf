//! What follows a create that has failed half-way, other than the same command again: its block is
//! removed, it is to be created before it is destroyed, or something else is to take its place.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::disturbed::Disturbed;
use super::inventory::Inventory;
use super::replaced::replaces;
use super::{Check, Extent, Trial};
use crate::case::{Case, Step};
use crate::sandbox::faults::{Action, Filter, KILLABLE, Kind, Rule};
use crate::sandbox::trouble::Trouble;
use crate::stage;

/// The changes that are refused, by their place among those of the create.
const PLACES: [u64; 2] = [2, 15];

/// What is done after the failure.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The block is removed.
    Remove,
    /// The same is applied, but with `create_before_destroy`.
    CreateBeforeDestroy,
    /// What would replace it is applied.
    Replace,
}

/// Does all of it in a sandbox of its own: what a destroy leaves would count in a walk.
///
/// # Errors
/// What is found.
pub(super) async fn run(case: &Case, extent: Extent) -> Result<u64> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.aftermath(extent).await.context("failed after a failure")?;
    Ok(trial.counts.get(&Check::Faults).copied().unwrap_or_default())
}

impl Trial<'_> {
    /// Creates what the first step says, has one change of it refused, and goes on in another way:
    /// nothing is left at the end.
    ///
    /// # Errors
    /// Where something is.
    pub(super) async fn aftermath(&mut self, extent: Extent) -> Result<()> {
        let step = self.case.steps.first().context("the case has no steps")?;
        if self.case.cannot_be_destroyed() || !step.outside.is_empty() {
            return Ok(());
        }
        let before = Inventory::take(self.sandbox, self.case).await?;
        let ways: &[Way] = match extent {
            Extent::Sample => &[Way::CreateBeforeDestroy],
            _ => &[Way::Remove, Way::CreateBeforeDestroy, Way::Replace],
        };
        let places = match extent {
            Extent::Sample => &PLACES[..1],
            _ => &PLACES[..],
        };
        for way in ways {
            for at in places {
                let went = self.fail_and_go_on(step, *way, *at).await;
                let has_failed =
                    went.with_context(|| format!("{way:?} after a failure of change {at}"))?;
                let plan = self.plan("").await?;
                self.carry_out("", &plan).await.context("failed to remove it")?;
                let after =
                    Inventory::take(self.sandbox, self.case).await?.without(self.case.leaves());
                before.compare(&after).with_context(|| format!("{way:?} left something"))?;
                if !has_failed {
                    break;
                }
                self.count(Check::Faults);
            }
        }
        Ok(())
    }

    /// Whether a change was there to be refused.
    async fn fail_and_go_on(&mut self, step: &Step, way: Way, at: u64) -> Result<bool> {
        let filter =
            Filter { executable: KILLABLE.to_owned(), kind: Kind::Write, ..Filter::default() };
        let action = Action::Trouble { trouble: Trouble::AccessDenied, code: None };
        let rule = Rule { skip: at - 1, ..Rule::once(filter, action) };
        let expected = self.plan(&step.text).await?;
        let Disturbed { applied, rules } = self.disturbed(&step.text, &expected, &[rule]).await?;
        if rules.iter().all(|rule| rule.fired.is_empty()) {
            return applied.map(|()| false);
        }
        match way {
            Way::Remove => {}
            Way::CreateBeforeDestroy => self.create_before_destroy(step).await?,
            Way::Replace => {
                let Some(other) = self.replacement().map(|other| other.text.clone()) else {
                    return Ok(false);
                };
                let plan = self.plan(&other).await?;
                self.carry_out(&other, &plan).await?;
                self.expect_nothing(&other).await?;
            }
        }
        Ok(true)
    }

    /// Where the new one cannot stand beside the old one, that is an error; without the setting it
    /// then works.
    async fn create_before_destroy(&mut self, step: &Step) -> Result<()> {
        let begun: BTreeSet<String> = self.state.objects.keys().cloned().collect();
        self.side_by_side = true;
        let plan = self.plan(&step.text).await?;
        let applied = self.carry_out(&step.text, &plan).await;
        self.side_by_side = false;
        if let Err(error) = applied {
            tracing::info!("with create_before_destroy: {error:#}");
            let lost: Vec<&String> =
                begun.iter().filter(|it| !self.state.objects.contains_key(*it)).collect();
            ensure!(lost.is_empty(), "the state has lost {lost:?} after {error:#}");
            let plan = self.plan(&step.text).await?;
            self.carry_out(&step.text, &plan).await?;
        }
        self.expect_nothing(&step.text).await
    }

    /// The step of the case that replaces what stands before it.
    fn replacement(&self) -> Option<&Step> {
        self.case.steps.iter().find(|step| replaces(self.case, step))
    }
}

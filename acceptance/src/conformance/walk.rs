//! A walk through a case: step after step, with the checks that are asked for at each, and the
//! destroy at the end.

use anyhow::{Context, Result, ensure};

use super::inventory::Inventory;
use super::known::is_known;
use super::trial::before_and_after;
use super::{Check, Extent, Trial};
use crate::case::{Step, expect};
use crate::core::Plan;

/// So many steps a sample takes: a create and an update.
const SAMPLED_STEPS: usize = 2;

/// What a walk does on its way.
#[derive(Clone, Debug)]
pub struct Walk {
    checks: Vec<Check>,
    extent: Extent,
    /// Whether it notes what is there after each step.
    pub is_recorded: bool,
}

impl Walk {
    /// A walk with some checks; without any it only applies.
    pub fn new(checks: &[Check], extent: Extent) -> Self {
        Self { checks: checks.to_vec(), extent, is_recorded: false }
    }

    /// The checks it does that disturb its commands.
    pub(super) fn disturbances(&self) -> impl Iterator<Item = Check> {
        self.checks.iter().copied().filter(|check| check.disturbs())
    }

    /// Whether it does a check.
    pub fn does(&self, check: Check) -> bool {
        self.checks.contains(&check)
    }
}

impl Trial<'_> {
    /// Goes through the steps and destroys what the last one left.
    ///
    /// # Errors
    /// What a check finds, or where a step does not go as it says.
    pub async fn walk(&mut self, walk: &Walk) -> Result<()> {
        let case = self.case;
        if walk.does(Check::Unknowns) {
            self.plan_unknowns(walk.extent).await.context("failed with unknown values")?;
        }
        let steps: Vec<&Step> = match walk.extent {
            Extent::Sample => {
                case.steps.iter().filter(|it| !it.is_refused()).take(SAMPLED_STEPS).collect()
            }
            Extent::Chained | Extent::Full => case.steps.iter().collect(),
        };
        if walk.does(Check::Destroy) {
            self.before = Some(Inventory::take(self.sandbox, case).await?);
        }
        if walk.does(Check::Faults) && walk.extent == Extent::Sample {
            self.aftermath(walk.extent).await.context("failed after a failure")?;
        }
        let last = steps.iter().rposition(|step| !step.is_refused());
        for (at, step) in steps.iter().enumerate() {
            let is_first = at == 0 && walk.extent != Extent::Sample;
            let is_end = is_first || Some(at) == last;
            tracing::info!("{}/{}", case.type_name, step.name);
            self.step(step, walk, is_end).await.with_context(|| step.name.clone())?;
        }
        self.end(walk).await.context("failed to destroy what the steps made")?;
        if walk.does(Check::Permissions) {
            self.check_permissions().await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, walk: &Walk, is_end: bool) -> Result<()> {
        self.happen_outside(step).await?;
        if step.refused.is_some() {
            if walk.does(Check::Steps) || walk.does(Check::Secrets) {
                let planned = self.plan(&step.text).await;
                if let (true, Err(error)) = (walk.does(Check::Secrets), &planned) {
                    self.check_secrets(None, &format!("{error:#}"))?;
                }
                expect(planned, step.refused.as_deref())?;
                if walk.does(Check::Steps) {
                    self.count(Check::Steps);
                }
            }
            return Ok(());
        }
        let plan = self.plan(&step.text).await?;
        if walk.does(Check::Steps) {
            step.check(&plan.summary())?;
            self.check_only_what_was_written(step, &plan)?;
        }
        if step.apply_refused.is_some() {
            let applied = self.carry_out(&step.text, &plan).await;
            self.applied.clear();
            if let (true, Err(error)) = (walk.does(Check::Secrets), &applied) {
                self.check_secrets(Some(&plan), &format!("{error:#}"))?;
            }
            return expect(applied, step.apply_refused.as_deref());
        }
        let before = self.state.clone();
        let is_known = is_known(&self.case.type_name, Check::Crash, &step.name);
        // Where nothing is to be done, nothing can be disturbed.
        let is_due = !is_known && !plan.summary().is_empty();
        let disturbance = if is_due { self.disturbance(walk) } else { None };
        self.apply_with(disturbance, &step.text, &plan, walk.extent).await?;
        self.current = step.text.clone();
        self.expect_nothing(&step.text).await?;
        if walk.does(Check::Steps) {
            before_and_after(&plan, &before, &self.state)?;
            self.count(Check::Steps);
        }
        if walk.does(Check::Secrets) {
            self.check_secrets(Some(&plan), "")?;
        }
        self.applied =
            plan.changes.iter().map(|(it, change)| (it.clone(), change.config.clone())).collect();
        if walk.does(Check::Budget) {
            self.check_budget(step).await?;
        }
        if walk.does(Check::Permissions) {
            self.plan_with_what_is_listed(step).await?;
        }
        if walk.does(Check::Import) {
            self.imports(step, is_end).await?;
        }
        self.take_stock(&step.name, walk).await
    }

    /// What disturbs the next command: where a walk does several checks that do, they take turns.
    fn disturbance(&mut self, walk: &Walk) -> Option<Check> {
        let all: Vec<Check> = walk.disturbances().collect();
        let turn = self.disturbed;
        self.disturbed += 1;
        all.get(turn % all.len().max(1)).copied()
    }

    /// Applies a text with or without a disturbance.
    async fn apply_with(
        &mut self,
        disturbance: Option<Check>,
        text: &str,
        plan: &Plan,
        extent: Extent,
    ) -> Result<()> {
        match disturbance {
            Some(Check::Crash) => self.crash(text, plan, extent).await,
            Some(Check::Interrupt) => self.interrupt(text, plan, extent).await,
            Some(_) => self.suffer(text, plan, extent).await,
            None => self.carry_out(text, plan).await,
        }
    }

    /// Destroys what is there, if the case says that this goes.
    async fn end(&mut self, walk: &Walk) -> Result<()> {
        if walk.does(Check::Secrets) {
            self.check_that_secrets_were_written()?;
        }
        if let Some(before) = self.before.take() {
            self.destroy_what_is_left(&before).await?;
        }
        let refused = self.case.steps.last().and_then(|step| step.destroy_refused.clone());
        if refused.is_some() {
            expect(self.destroy().await, refused.as_deref())?;
            if walk.does(Check::Destroy) {
                self.count(Check::Destroy);
            }
            return Ok(());
        }
        if let Some(disturbance) = self.disturbance(walk) {
            let plan = self.plan("").await?;
            self.apply_with(Some(disturbance), "", &plan, walk.extent).await?;
        }
        // What the steps stand on goes after that.
        self.destroy().await?;
        let left: Vec<&String> = self.state.objects.keys().collect();
        ensure!(left.is_empty(), "the state still holds {left:?} after a destroy");
        self.take_stock("the destroy", walk).await
    }
}

//! Drift: what somebody else changes shows in the plan as just that, and an apply changes it back;
//! what is nobody's to change back shows not at all, and stays through updates and the destroy.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::inventory::Inventory;
use super::{Check, Counts, Extent, Trial};
use crate::case::{Case, Drift, Outside, Planned};
use crate::stage;
use crate::terraform::PlanSummary;

/// So many changes a sample takes.
const SAMPLED: usize = 2;
/// How often it is looked again whether a change shows, and how long is waited before each look.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// Applies a case's `drift.tf`, and lets each of its changes happen in turn.
///
/// # Errors
/// Where a plan is not what the change says, or an apply does not mend it.
pub(super) async fn run(case: &Case, extent: Extent) -> Result<Counts> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.drift(extent).await.with_context(|| format!("{}/drift.tf", case.type_name))?;
    Ok(trial.counts)
}

impl Trial<'_> {
    /// Applies the scene, and lets what it says happen, as far as the extent goes.
    ///
    /// # Errors
    /// As [`run`].
    pub(super) async fn drift(&mut self, extent: Extent) -> Result<()> {
        let scene = self.case.drift.as_ref().context("the case has no drift.tf")?;
        let plan = self.plan(&scene.text).await?;
        self.carry_out(&scene.text, &plan).await?;
        self.current = scene.text.clone();
        self.expect_nothing(&scene.text).await?;
        let most = match extent {
            Extent::Sample => SAMPLED,
            Extent::Chained | Extent::Full => usize::MAX,
        };
        // What somebody else adds is there while all the other changes are mended.
        let is_foreign = |drift: &&Drift| {
            drift.planned == Planned::Nothing && drift.calls.iter().any(Outside::adds)
        };
        let (theirs, ours): (Vec<&Drift>, Vec<&Drift>) =
            scene.drifts.iter().take(most).partition(is_foreign);
        let mut foreign = Inventory::default();
        for drift in theirs.into_iter().chain(ours) {
            let before = match is_foreign(&drift) {
                true => Some(Inventory::take(self.sandbox, self.case).await?),
                false => None,
            };
            self.mend(&scene.text, drift).await.with_context(|| drift.text.clone())?;
            if let Some(before) = before {
                let after = Inventory::take(self.sandbox, self.case).await?;
                foreign = foreign.and(after.beyond(&before));
            }
            self.count(Check::Drift);
        }
        self.keep(&foreign).await
    }

    /// Checks that what somebody else has made is still there, and outlasts a destroy, which may be
    /// refused for it.
    async fn keep(&mut self, foreign: &Inventory) -> Result<()> {
        if foreign.is_empty() {
            return Ok(());
        }
        Inventory::take(self.sandbox, self.case).await?.holds(foreign).context("after updates")?;
        if let Err(error) = self.destroy().await {
            tracing::info!("with foreign parts: {error:#}");
        }
        Inventory::take(self.sandbox, self.case).await?.holds(foreign).context("after a destroy")
    }

    async fn mend(&mut self, text: &str, drift: &Drift) -> Result<()> {
        self.happen(&drift.calls).await?;
        let expected = expected(drift);
        let mut plan = self.plan(text).await?;
        // What a service takes time for shows when that is over.
        for _ in 0..LOOKS {
            if !plan.summary().is_empty() || expected.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            plan = self.plan(text).await?;
        }
        let summary = plan.summary();
        ensure!(summary == expected, "planned {summary:?}, not {expected:?}");
        if !summary.is_empty() {
            self.carry_out(text, &plan).await?;
            self.expect_nothing(text).await?;
        }
        Ok(())
    }
}

fn expected(drift: &Drift) -> PlanSummary {
    let mut summary = PlanSummary::default();
    let address = drift.address.clone();
    match &drift.planned {
        Planned::Nothing => {}
        Planned::Create => drop(summary.changes.insert(address, "create".to_owned())),
        Planned::Replace => drop(summary.changes.insert(address, "delete create".to_owned())),
        Planned::Update(attributes) => {
            summary.changes.insert(address.clone(), "update".to_owned());
            summary.changed_attributes.insert(address, attributes.clone());
        }
    }
    summary
}

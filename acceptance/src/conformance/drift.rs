//! Drift: what somebody else changes shows in the plan as just that, and an apply changes it back;
//! what is nobody's to change back shows not at all.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::reference::{CONFIG_ONLY, attributes_called, replacing_attributes};
use super::{Check, Counts, Extent, Trial, trial};
use crate::case::{Case, Drift, Planned};
use crate::core::Schemas;
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
    let sandbox = trial::start_for(case).await?;
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
        for drift in scene.drifts.iter().take(most) {
            self.mend(&scene.text, drift).await.with_context(|| drift.text.clone())?;
            self.count(Check::Drift);
        }
        Ok(())
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

/// The attributes that an update can set and of which a case says no drift, nor that there is none.
///
/// # Errors
/// Where the resource has no page, or the case names what it has not.
pub fn without_drift(case: &Case, schemas: &Schemas) -> Result<BTreeSet<String>> {
    let schema = schemas.resources.get(&case.type_name).context("there is no such resource")?;
    let scene = case.drift.as_ref();
    let covered = scene.into_iter().flat_map(|scene| &scene.drifts).flat_map(|it| &it.covered);
    let undrifted = scene.into_iter().flat_map(|scene| &scene.undrifted);
    let mut said: BTreeSet<String> = covered.chain(undrifted).cloned().collect();
    let has =
        |name: &String| schema.attributes.contains_key(name) || schema.blocks.contains_key(name);
    let unknown: Vec<&String> = said.iter().filter(|name| !has(name)).collect();
    ensure!(unknown.is_empty(), "{} has no {unknown:?}", case.type_name);
    // They say where and which the object is.
    said.extend(["account", "region"].map(str::to_owned));
    said.extend(
        schemas.identities.get(&case.type_name).into_iter().flat_map(|it| it.names.clone()),
    );
    said.extend(replacing_attributes(&case.type_name)?);
    said.extend(attributes_called(&case.type_name, CONFIG_ONLY, false)?);
    let updatable =
        schema.attributes.iter().filter(|(_, attribute)| attribute.required || attribute.optional);
    Ok(updatable.map(|(name, _)| name.clone()).filter(|name| !said.contains(name)).collect())
}

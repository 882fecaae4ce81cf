//! Unknown values: each in turn is fed from something that is not there yet. The plan says so
//! without a lie, and what it does say still holds once the value is known.

use anyhow::{Context, Result, ensure};

use super::known::is_known;
use super::{Check, Extent, Trial};
use crate::case::Case;
use crate::core::{Change, Configuration, Place, Plan, broken_promises};
use crate::stage;

impl Trial<'_> {
    /// Plans the first step with each value of the resource unknown in turn: in a sample its whole
    /// attributes, else every entry of those too.
    ///
    /// # Errors
    /// Where a plan fails, or says what does not hold later.
    pub(super) async fn plan_unknowns(&mut self, extent: Extent) -> Result<()> {
        let step = self.case.steps.first().context("the case has no step")?;
        let configuration = self.read(&step.text)?;
        let known = self.plan(&step.text).await?;
        let mut failed = Vec::new();
        for address in of_type(&configuration, &self.case.type_name) {
            let resource = configuration.resources.get(&address).context("nothing is written")?;
            let last: &Change = known.changes.get(&address).context("nothing is planned")?;
            let places = resource.places().into_iter();
            for place in places.filter(|it| extent != Extent::Sample || it.is_attribute) {
                if is_known(&self.case.type_name, Check::Unknowns, &place.label) {
                    continue;
                }
                let unknown = configuration.with_unknown(&address, &place);
                let plan = self.core.plan_from(&unknown, &known.refreshed).await;
                // What is only written is in no plan, known or not.
                let block = self.schemas.resources.get(&self.case.type_name);
                let attribute = block.and_then(|block| block.attributes.get(&place.label));
                let shows = attribute.is_some_and(|attribute| !attribute.write_only);
                match plan.and_then(|plan| holds(&plan, &address, &place, last, shows)) {
                    Ok(()) => self.count(Check::Unknowns),
                    Err(error) => {
                        failed.push(format!("{address} with {} unknown: {error:#}", place.label));
                    }
                }
            }
        }
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    }
}

/// Checks that what a plan says with a value unknown is so once it is known; `shows` says whether the
/// value stands in plans at all.
fn holds(plan: &Plan, address: &str, place: &Place, last: &Change, shows: bool) -> Result<()> {
    let first = plan.changes.get(address).context("nothing is planned")?;
    let broken = broken_promises(&first.planned, &last.planned);
    ensure!(broken.is_empty(), "{}", broken.join("; "));
    let is_null = shows && place.is_attribute && first.planned.get(&place.label).is_null();
    ensure!(!is_null, "it is planned to be null");
    Ok(())
}

/// Applies the first step with every attribute of the resource fed from what is made in the same
/// apply; what was said before must then hold, and a plan of the step as it is written has nothing
/// to do but to forget where the values came from.
///
/// # Errors
/// Where it is otherwise.
pub(super) async fn late(case: &Case) -> Result<u64> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    let step = case.steps.first().context("the case has no step")?;
    let plain = trial.read(&step.text)?;
    let addresses = of_type(&plain, &case.type_name);
    let late = plain.with_late(&addresses)?;
    let applied = trial.core.apply(&late, &mut trial.state).await;
    applied.context("failed to apply values that are known late")?;
    let again = trial.core.plan(&late, &trial.state).await?.summary();
    ensure!(again.is_empty(), "values that were known late leave a plan: {again:?}");
    let plan = trial.plan(&step.text).await?.summary();
    let others: Vec<(&String, &String)> = plan
        .changes
        .iter()
        .filter(|(address, action)| !address.contains(".late_") || *action != "delete")
        .collect();
    ensure!(others.is_empty(), "values that were known late are planned anew: {others:?}");
    Ok(u64::try_from(addresses.len())?)
}

fn of_type(configuration: &Configuration, type_name: &str) -> Vec<String> {
    let resources = configuration.resources.iter();
    let ours = resources.filter(|(_, resource)| resource.type_name == type_name);
    ours.map(|(address, _)| address.clone()).collect()
}

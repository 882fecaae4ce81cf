//! One resource's case on a sandbox, driven by our own core.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use travel_value::Value;

use super::inventory::{Inventories, Inventory};
use super::{Check, Counts, Walk};
use crate::case::{Case, Outside, PROVIDER, Step};
use crate::core::{
    Action, Configuration, Core, Log, Plan, Provider, Schemas, Start, State, broken_promises,
};
use crate::sandbox::{Sandbox, repository, tools_folder};

/// A case under way.
pub struct Trial<'a> {
    /// Where it runs.
    pub sandbox: &'a Sandbox,
    /// The case.
    pub case: &'a Case,
    /// Terraform's part.
    pub core: Core,
    /// What the provider serves.
    pub schemas: Arc<Schemas>,
    /// What is there.
    pub state: State,
    /// How many cases of each check went well.
    pub counts: Counts,
    /// What was there after each step.
    pub(super) inventories: Inventories,
    /// What must be there after each step.
    pub(super) reference: Option<Inventories>,
    /// What was there before the first step, where a destroy is to leave just that.
    pub(super) before: Option<Inventory>,
    /// How many commands were disturbed.
    pub(super) disturbed: usize,
    /// How many commands have met faults.
    pub(super) suffered: usize,
    /// Whether the case's resource is replaced with `create_before_destroy`.
    pub(super) side_by_side: bool,
    /// The text that is applied.
    pub(super) current: String,
    /// What was written for each resource when it was last applied.
    pub(super) applied: BTreeMap<String, Value>,
    /// The secrets that were written so far.
    pub(super) secrets: BTreeSet<String>,
}

impl<'a> Trial<'a> {
    /// Begins a case: what it stands on is there then.
    ///
    /// # Errors
    /// Where the provider is not installed, or that cannot be made.
    pub async fn begin(sandbox: &'a Sandbox, case: &'a Case) -> Result<Self> {
        let start = provider_start(sandbox.environment())?;
        let schemas = Provider::start(&start).await?.schemas.clone();
        let mut trial = Self {
            sandbox,
            case,
            core: Core::new(start),
            schemas,
            state: State::default(),
            counts: Counts::new(),
            inventories: Inventories::new(),
            reference: None,
            before: None,
            disturbed: 0,
            suffered: 0,
            side_by_side: false,
            current: String::new(),
            applied: BTreeMap::new(),
            secrets: BTreeSet::new(),
        };
        if let Some(setup) = &case.setup {
            trial.happen_outside(setup).await?;
            let configuration = trial.read("")?;
            trial.core.apply(&configuration, &mut trial.state).await.context("failed to set up")?;
        }
        Ok(trial)
    }

    /// Notes that a case of a check went well.
    pub fn count(&mut self, check: Check) {
        *self.counts.entry(check).or_default() += 1;
    }

    /// The configuration of a step's text, with what it stands on.
    ///
    /// # Errors
    /// Where our core cannot read it.
    pub fn read(&self, text: &str) -> Result<Configuration> {
        let setup = self.case.setup.as_ref().map_or("", |setup| &setup.text);
        let charts = repository().join("acceptance/charts").display().to_string();
        let variables = BTreeMap::from([("charts".to_owned(), charts.into())]);
        let mut read = Configuration::read(&format!("{PROVIDER}\n{setup}\n{text}"), variables)?;
        for block in read.resources.values_mut() {
            let is_of_case = block.type_name == self.case.type_name;
            block.create_before_destroy |= self.side_by_side && is_of_case;
        }
        Ok(read)
    }

    /// Plans a step's text.
    ///
    /// # Errors
    /// As [`Core::plan`].
    pub async fn plan(&self, text: &str) -> Result<Plan> {
        self.core.plan(&self.read(text)?, &self.state).await
    }

    /// Carries a plan out, and checks what the outputs demand.
    ///
    /// # Errors
    /// As [`Core::carry_out`].
    pub async fn carry_out(&mut self, text: &str, plan: &Plan) -> Result<()> {
        let configuration = self.read(text)?;
        self.core.carry_out(&configuration, plan, &mut self.state).await?;
        let values = self.state.objects.iter().map(|(name, it)| (name.clone(), it.value.clone()));
        configuration.outputs(&configuration.names(&values.collect())).map(drop)
    }

    /// Plans a step's text, and expects that nothing is to be done.
    ///
    /// # Errors
    /// Where something is.
    pub async fn expect_nothing(&self, text: &str) -> Result<()> {
        let summary = self.plan(text).await?.summary();
        ensure!(summary.is_empty(), "a plan is not empty: {summary:?}");
        Ok(())
    }

    /// Lets happen what somebody else does before a step.
    ///
    /// # Errors
    /// Where that is refused.
    pub async fn happen_outside(&self, step: &Step) -> Result<()> {
        self.happen(&step.outside).await
    }

    /// The outputs of what is applied that are text.
    ///
    /// # Errors
    /// Where one cannot be evaluated.
    pub(super) fn outputs(&self) -> Result<BTreeMap<String, String>> {
        let values = self.state.objects.iter().map(|(name, it)| (name.clone(), it.value.clone()));
        let applied = self.read(&self.current)?;
        applied.outputs(&applied.names(&values.collect()))
    }

    /// Lets calls of somebody else happen, with the outputs of what is applied.
    ///
    /// # Errors
    /// Where one is refused.
    pub(super) async fn happen(&self, calls: &[Outside]) -> Result<()> {
        if calls.is_empty() {
            return Ok(());
        }
        let mut outputs = self.outputs()?;
        for outside in calls {
            outputs.extend(outside.with(&outputs)?.happen(&self.sandbox.client()).await?);
        }
        Ok(())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// As [`Core::destroy`].
    pub async fn destroy(&mut self) -> Result<()> {
        let configuration = self.read("")?;
        self.core.destroy(&configuration, &mut self.state).await
    }

    /// Checks that what is there is what should be, where that is known, and else that nothing is
    /// there twice after kills; or notes it, so that it is known later.
    ///
    /// # Errors
    /// Where it is not.
    pub(super) async fn take_stock(&mut self, moment: &str, walk: &Walk) -> Result<()> {
        let is_disturbed = walk.disturbances().next().is_some();
        if !is_disturbed && !walk.is_recorded {
            return Ok(());
        }
        let there = Inventory::take(self.sandbox, self.case).await?;
        match &self.reference {
            Some(reference) => {
                let expected = reference.get(moment).context("nothing is known of this moment")?;
                expected.compare(&there)?;
            }
            None if walk.is_recorded => drop(self.inventories.insert(moment.to_owned(), there)),
            None => there.check_single()?,
        }
        Ok(())
    }

    /// Checks that an update plans no value anew that is written as it was before. Where somebody
    /// else has changed something, that may be planned too.
    ///
    /// # Errors
    /// Where it does.
    pub(super) fn check_only_what_was_written(&self, step: &Step, plan: &Plan) -> Result<()> {
        if !step.outside.is_empty() {
            return Ok(());
        }
        for (address, change) in &plan.changes {
            let Some(before) = self.applied.get(address) else { continue };
            if change.action != Action::Update {
                continue;
            }
            for (name, written) in change.config.entries().into_iter().flatten() {
                let is_as_before = before.get(name) == written && written.is_wholly_known();
                if !is_as_before || written.is_null() {
                    continue;
                }
                let changed = broken_promises(change.planned.get(name), change.prior.get(name));
                ensure!(
                    changed.is_empty(),
                    "{address}: {name} is written as before, but its change is planned: {}",
                    changed.join("; "),
                );
            }
        }
        Ok(())
    }
}

/// Checks that an update goes on with the object that was there, and a replacement does not. The
/// mark of what is imported comes with its first update.
///
/// # Errors
/// Where it is the other way round.
pub(super) fn before_and_after(plan: &Plan, before: &State, after: &State) -> Result<()> {
    let mark = |state: &State, address: &str| {
        let object = state.objects.get(address)?;
        object.value.get("generation").as_str().map(str::to_owned)
    };
    for (address, change) in &plan.changes {
        let (old, new) = (mark(before, address), mark(after, address));
        let (Some(old), Some(new)) = (old, new) else { continue };
        match change.action {
            Action::Nothing | Action::Update => {
                ensure!(old == new, "{address} was made anew, though an update was planned");
            }
            Action::DeleteCreate | Action::CreateDelete => {
                ensure!(old != new, "{address} is still what was to be replaced");
            }
            Action::Create | Action::Delete => {}
        }
    }
    Ok(())
}

/// How the installed provider is started in an environment.
///
/// # Errors
/// Where none is installed.
pub fn provider_start(environment: impl IntoIterator<Item = (String, String)>) -> Result<Start> {
    let mut environment: BTreeMap<String, String> = environment.into_iter().collect();
    // What the provider's process needs beside the way to AWS, as a shell would have it.
    for name in ["HOME", "PATH"] {
        if let Ok(value) = std::env::var(name) {
            environment.insert(name.to_owned(), value);
        }
    }
    Ok(Start { program: installed_provider()?, environment, log: Log::default() })
}

fn installed_provider() -> Result<PathBuf> {
    let mirror = tools_folder().join("mirror");
    let mut left = vec![mirror.clone()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                left.push(path);
            } else if name.starts_with("terraform-provider-travel") {
                return Ok(path);
            }
        }
    }
    anyhow::bail!("{} holds no provider: run `make install`", mirror.display())
}

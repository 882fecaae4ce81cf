//! Planning and applying a whole configuration, and destroying what a state holds: in the steps
//! that terraform takes, each walk with a provider process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use travel_proto::tfplugin6 as wire;
use travel_value::Value;

use super::configuration::{BUILT_IN, Configuration, value_of};
use super::evaluate::Names;
use super::extension::generated;
use super::provider::{Provider, Start};
use super::{built_in, call};
use crate::terraform::PlanSummary;

/// What is there, by address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The objects that configurations stand for.
    pub objects: BTreeMap<String, Object>,
    /// Objects that were replaced and are still to be removed, with their addresses.
    pub deposed: Vec<(String, Object)>,
}

/// One object in the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The type of its resource.
    pub type_name: String,
    /// Its attributes.
    pub value: Value,
    /// What the provider keeps beside them.
    pub private: Vec<u8>,
    /// Its identity; null where it has none.
    pub identity: Value,
    /// Whether its create failed, so that it is to be replaced.
    pub tainted: bool,
    /// The addresses that it needs.
    pub needs: BTreeSet<String>,
}

/// What is to happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It stays as it is.
    Nothing,
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// Another takes its place, after it is removed.
    DeleteCreate,
    /// Another takes its place, before it is removed.
    CreateDelete,
    /// It is removed.
    Delete,
}

/// A planned change.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is to happen.
    pub action: Action,
    /// The object before; null where there is none.
    pub prior: Value,
    /// What is written for it; null where it is removed.
    pub config: Value,
    /// The object as planned; null where it is removed.
    pub planned: Value,
    /// What the provider keeps beside the plan.
    pub private: Vec<u8>,
    /// The planned identity.
    pub identity: Value,
}

/// A configuration's plan: the changes by address, and the state that they start from.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The changes, those that change nothing too.
    pub changes: BTreeMap<String, Change>,
    /// The state, refreshed.
    pub refreshed: State,
}

/// Terraform's part, for one provider.
#[derive(Clone, Debug)]
pub struct Core {
    /// How the provider is started.
    pub start: Start,
}

impl Action {
    /// Whether the object that is there goes.
    pub const fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteCreate | Self::CreateDelete)
    }

    /// What terraform's JSON calls it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "no-op",
            Self::Create => "create",
            Self::Update => "update",
            Self::DeleteCreate => "delete create",
            Self::CreateDelete => "create delete",
            Self::Delete => "delete",
        }
    }
}

impl Plan {
    /// What the plan would do.
    pub fn summary(&self) -> PlanSummary {
        let mut summary = PlanSummary::default();
        for (address, change) in &self.changes {
            if change.action == Action::Nothing {
                continue;
            }
            summary.changes.insert(address.clone(), change.action.words().to_owned());
            if change.action == Action::Update {
                summary.changed_attributes.insert(address.clone(), change.changed_attributes());
            }
        }
        summary
    }
}

impl Change {
    fn changed_attributes(&self) -> Vec<String> {
        let prior = self.prior.entries().into_iter().flatten();
        let differs = |(name, value): &(&String, &Value)| {
            let planned = self.planned.get(name);
            planned != *value && !planned.is_unknown()
        };
        prior.filter(differs).map(|(name, _)| name.clone()).collect()
    }
}

impl Core {
    /// A core for a provider that is started like this.
    pub fn new(start: Start) -> Self {
        Self { start }
    }

    /// Plans a configuration.
    ///
    /// # Errors
    /// Where the provider refuses, or answers what terraform would not accept.
    pub async fn plan(&self, configuration: &Configuration, state: &State) -> Result<Plan> {
        let provider = self.configured(configuration).await?;
        let mut refreshed = state.clone();
        refresh(&provider, &mut refreshed).await?;
        Self::plan_with(&provider, configuration, refreshed).await
    }

    /// Plans a configuration without a look at what is there.
    ///
    /// # Errors
    /// As [`Core::plan`].
    pub async fn plan_from(&self, configuration: &Configuration, state: &State) -> Result<Plan> {
        let provider = self.configured(configuration).await?;
        Self::plan_with(&provider, configuration, state.clone()).await
    }

    async fn plan_with(
        provider: &Provider,
        configuration: &Configuration,
        refreshed: State,
    ) -> Result<Plan> {
        let mut plan = Plan { refreshed, ..Plan::default() };
        let mut values = BTreeMap::new();
        for address in configuration.order()? {
            let names = configuration.names(&values);
            let prior = plan.refreshed.objects.get(&address);
            let change = plan_one(provider, configuration, &address, &names, prior)
                .await
                .with_context(|| format!("failed to plan {address}"))?;
            values.insert(address.clone(), change.planned.clone());
            plan.changes.insert(address, change);
        }
        for (address, object) in &plan.refreshed.objects {
            if !configuration.resources.contains_key(address) {
                let change = plan_removal(provider, object)
                    .await
                    .with_context(|| format!("failed to plan the removal of {address}"))?;
                plan.changes.insert(address.clone(), change);
            }
        }
        Ok(plan)
    }

    /// Plans a configuration and carries that out; the state follows, also where that fails.
    ///
    /// # Errors
    /// As [`Core::plan`], and where a change fails.
    pub async fn apply(&self, configuration: &Configuration, state: &mut State) -> Result<()> {
        let plan = self.plan(configuration, state).await?;
        self.carry_out(configuration, &plan, state).await
    }

    /// Carries a plan out; the state follows, also where that fails.
    ///
    /// # Errors
    /// Where a change fails: what needs it is left out, the others are made.
    pub async fn carry_out(
        &self,
        configuration: &Configuration,
        plan: &Plan,
        state: &mut State,
    ) -> Result<()> {
        self.carry_out_until(configuration, plan, state, std::future::pending()).await
    }

    /// The same, but the provider is asked to stop when somebody interrupts; nothing is begun after
    /// that.
    ///
    /// # Errors
    /// As [`Core::carry_out`], and where the provider cannot be asked.
    pub async fn carry_out_until(
        &self,
        configuration: &Configuration,
        plan: &Plan,
        state: &mut State,
        interrupted: impl Future<Output = ()>,
    ) -> Result<()> {
        let provider = self.configured(configuration).await?;
        let mut client = provider.client();
        let stopped = Arc::new(AtomicBool::new(false));
        let walk = Walk::new(provider, Arc::clone(&stopped));
        let work = walk.carry_out(configuration, plan, state);
        tokio::pin!(work);
        tokio::select! {
            biased;
            ended = &mut work => return ended,
            () = interrupted => stopped.store(true, Ordering::Relaxed),
        }
        // The answer comes at once; what is under way ends on its own.
        let asked = client.stop_provider(wire::stop_provider::Request {}).await?.into_inner();
        ensure!(asked.error.is_empty(), "the provider cannot be stopped: {}", asked.error);
        work.await
    }

    /// Removes everything that a state holds.
    ///
    /// # Errors
    /// Where something cannot be removed: what it needs stays too.
    pub async fn destroy(&self, configuration: &Configuration, state: &mut State) -> Result<()> {
        let nothing = configuration.without_resources();
        self.apply(&nothing, state).await
    }

    /// Takes an object in by its id, or, where that is empty, by its identity.
    ///
    /// # Errors
    /// Where there is none, or the address has one.
    pub async fn import(
        &self,
        configuration: &Configuration,
        state: &mut State,
        address: &str,
        id: &str,
        identity: &Value,
    ) -> Result<()> {
        let provider = self.configured(configuration).await?;
        let type_name = address.split('.').next().unwrap_or_default();
        let mut object = call::import(&provider, type_name, id, identity).await?;
        object.needs = configuration.needs(address);
        let found = call::read(&provider, &object).await?;
        let object = found.with_context(|| format!("there is no {type_name} {id}"))?;
        if state.objects.insert(address.to_owned(), object).is_some() {
            bail!("{address} is in the state already");
        }
        Ok(())
    }

    /// Plans an object with the configuration that the provider itself writes for it.
    ///
    /// # Errors
    /// Where the provider writes none, or refuses what it has written.
    pub async fn plan_generated(
        &self,
        configuration: &Configuration,
        address: &str,
        object: &Object,
    ) -> Result<Plan> {
        let provider = self.configured(configuration).await?;
        let block = configuration.resources.get(address).context("there is no such resource")?;
        let config = generated(&provider, &block.type_name, &object.value).await?;
        call::validate(&provider, &block.type_name, &config).await?;
        let change = call::plan(&provider, block, &config, Some(object)).await?;
        Ok(Plan { changes: BTreeMap::from([(address.to_owned(), change)]), ..Plan::default() })
    }

    /// A provider process with the configuration of a configuration.
    ///
    /// # Errors
    /// Where it does not start, or refuses.
    pub async fn configured(&self, configuration: &Configuration) -> Result<Provider> {
        let provider = Provider::start(&self.start).await?;
        let names = configuration.names(&BTreeMap::new());
        let config = value_of(&configuration.provider, &provider.schemas.provider, &names)?;
        provider.configure(&config).await?;
        Ok(provider)
    }
}

async fn refresh(provider: &Provider, state: &mut State) -> Result<()> {
    for (address, object) in std::mem::take(&mut state.objects) {
        if object.type_name == BUILT_IN {
            state.objects.insert(address, object);
            continue;
        }
        let read = call::read(provider, &object).await;
        if let Some(read) = read.with_context(|| format!("failed to refresh {address}"))? {
            state.objects.insert(address, read);
        }
    }
    Ok(())
}

async fn plan_one(
    provider: &Provider,
    configuration: &Configuration,
    address: &str,
    names: &Names,
    prior: Option<&Object>,
) -> Result<Change> {
    let block = configuration.resources.get(address).context("there is no such resource")?;
    if block.type_name == BUILT_IN {
        return built_in::plan(block, names, prior);
    }
    let schema = provider.schemas.resources.get(&block.type_name);
    let schema = schema.with_context(|| format!("there is no resource {}", block.type_name))?;
    let config = value_of(&block.body, schema, names)?;
    call::validate(provider, &block.type_name, &config).await?;
    call::plan(provider, block, &config, prior).await
}

async fn plan_removal(provider: &Provider, object: &Object) -> Result<Change> {
    if object.type_name == BUILT_IN {
        return Ok(Change::removal(object, Vec::new()));
    }
    let private = call::plan_destroy(provider, object).await?;
    Ok(Change::removal(object, private))
}

impl Change {
    fn removal(object: &Object, private: Vec<u8>) -> Self {
        Self {
            action: Action::Delete,
            prior: object.value.clone(),
            config: Value::Null,
            planned: Value::Null,
            private,
            identity: object.identity.clone(),
        }
    }
}

/// One walk that changes things.
struct Walk {
    provider: Provider,
    errors: Vec<String>,
    failed: BTreeSet<String>,
    /// Whether somebody has interrupted: nothing is begun any more.
    stopped: Arc<AtomicBool>,
}

impl Walk {
    const fn new(provider: Provider, stopped: Arc<AtomicBool>) -> Self {
        Self { provider, errors: Vec::new(), failed: BTreeSet::new(), stopped }
    }

    async fn carry_out(
        mut self,
        configuration: &Configuration,
        plan: &Plan,
        state: &mut State,
    ) -> Result<()> {
        *state = plan.refreshed.clone();
        self.remove(plan, state).await;
        for address in configuration.order()? {
            let Some(change) = plan.changes.get(&address) else { continue };
            if configuration.needs(&address).iter().any(|needed| self.failed.contains(needed)) {
                self.failed.insert(address);
                continue;
            }
            let made = self.change(configuration, &address, change, state).await;
            self.note(&address, made);
        }
        self.remove_deposed(state).await;
        self.end()
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn note(&mut self, address: &str, result: Result<()>) {
        if let Err(error) = result {
            self.errors.push(format!("{address}: {error:#}"));
            self.failed.insert(address.to_owned());
        }
    }

    fn end(self) -> Result<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        bail!("{}", self.errors.join("\n"));
    }

    /// Removes what is to go, or to be made again: each before what it needs.
    async fn remove(&mut self, plan: &Plan, state: &mut State) {
        let goes = |action: Action| matches!(action, Action::Delete | Action::DeleteCreate);
        let mut left: BTreeSet<String> = plan
            .changes
            .iter()
            .filter(|(_, change)| goes(change.action))
            .map(|(address, _)| address.clone())
            .collect();
        while !left.is_empty() {
            let is_needed = |address: &String| {
                left.iter().any(|other| {
                    other != address
                        && state.objects.get(other).is_some_and(|it| it.needs.contains(address))
                })
            };
            // A circle cannot be: what is needed was made first.
            let Some(next) = left.iter().find(|it| !is_needed(it)).cloned() else { break };
            if self.is_stopped() {
                self.failed.extend(left);
                break;
            }
            left.remove(&next);
            let Some(object) = state.objects.get(&next).cloned() else { continue };
            let keeper = state.objects.iter().find(|(_, it)| it.needs.contains(&next));
            if let Some((keeper, _)) = keeper.filter(|(it, _)| self.failed.contains(*it)) {
                self.failed.insert(next.clone());
                tracing::debug!("{next} stays, since {keeper} could not be removed");
                continue;
            }
            let private = plan.changes.get(&next).map(|it| it.private.clone()).unwrap_or_default();
            let removed = self.remove_one(&object, private).await;
            match &removed {
                Ok(None) => drop(state.objects.remove(&next)),
                Ok(Some((left, _))) => drop(state.objects.insert(next.clone(), left.clone())),
                Err(_) => {}
            }
            let ended = removed.and_then(|left| match left {
                Some((_, error)) => Err(error),
                None => Ok(()),
            });
            self.note(&next, ended);
        }
    }

    async fn remove_one(
        &self,
        object: &Object,
        private: Vec<u8>,
    ) -> Result<Option<(Object, anyhow::Error)>> {
        if object.type_name == BUILT_IN {
            return Ok(None);
        }
        call::destroy(&self.provider, object, private).await
    }

    async fn change(
        &mut self,
        configuration: &Configuration,
        address: &str,
        change: &Change,
        state: &mut State,
    ) -> Result<()> {
        if matches!(change.action, Action::Nothing | Action::Delete) {
            return Ok(());
        }
        if self.failed.contains(address) || self.is_stopped() {
            self.failed.insert(address.to_owned());
            return Ok(());
        }
        let values = state.objects.iter().map(|(name, it)| (name.clone(), it.value.clone()));
        let names = configuration.names(&values.collect());
        let needs = configuration.needs(address);
        if change.action == Action::CreateDelete
            && let Some(old) = state.objects.remove(address)
        {
            state.deposed.push((address.to_owned(), old));
        }
        let prior = match change.action {
            Action::Update => state.objects.get(address).cloned(),
            _ => None,
        };
        let block = configuration.resources.get(address).context("there is no such resource")?;
        if block.type_name == BUILT_IN {
            let planned = built_in::plan(block, &names, prior.as_ref())?.planned;
            state.objects.insert(address.to_owned(), built_in::made(address, &planned, needs));
            return Ok(());
        }
        let last = plan_one(&self.provider, configuration, address, &names, prior.as_ref()).await?;
        call::check_final(change, &last)?;
        let schema = &self.provider.schemas.resources[&block.type_name];
        let config = value_of(&block.body, schema, &names)?;
        let (object, error) =
            call::apply(&self.provider, &block.type_name, &config, prior.as_ref(), &last).await?;
        match object {
            Some(object) => {
                drop(state.objects.insert(address.to_owned(), Object { needs, ..object }))
            }
            None => drop(state.objects.remove(address)),
        }
        if state.objects.get(address).is_none_or(|object| object.tainted) {
            self.bring_back(address, state);
        }
        error.map_or(Ok(()), Err)
    }

    /// What a failed replacement was to replace stands again, if nothing took its place.
    fn bring_back(&mut self, address: &str, state: &mut State) {
        if state.objects.contains_key(address) {
            return;
        }
        let deposed = state.deposed.iter().position(|(other, _)| other == address);
        if let Some(at) = deposed {
            let (address, object) = state.deposed.remove(at);
            state.objects.insert(address, object);
        }
    }

    /// Removes what was replaced, where that succeeded.
    async fn remove_deposed(&mut self, state: &mut State) {
        for (address, object) in std::mem::take(&mut state.deposed) {
            if self.failed.contains(&address) || self.is_stopped() {
                state.deposed.push((address, object));
                continue;
            }
            let removed = match call::plan_destroy(&self.provider, &object).await {
                Ok(private) => self.remove_one(&object, private).await,
                Err(error) => Err(error),
            };
            let ended = match removed {
                Ok(None) => Ok(()),
                Ok(Some((left, error))) => {
                    state.deposed.push((address.clone(), left));
                    Err(error)
                }
                Err(error) => {
                    state.deposed.push((address.clone(), object));
                    Err(error)
                }
            };
            self.note(&address, ended);
        }
    }
}

//! Crashes: the provider is killed at one call after the other of a command, and the same command
//! goes on from what is left.

use anyhow::{Context, Result, ensure};

use super::{Check, Extent, Trial};
use crate::core::{Action, Plan};
use crate::sandbox::faults::{Filter, Kind, Moment};

/// Up to here every call is one at which the provider is killed; then more and more are passed.
pub(super) const DENSE: u64 = 6;
/// So many calls in one command mean that it does not get on.
pub(super) const MOST: u64 = 2000;

/// How a command with kills ended.
pub(super) enum End {
    /// The provider was killed.
    Killed,
    /// It was not, and all went well.
    Well,
}

impl Trial<'_> {
    /// Applies a text until the provider is not killed any more: at each attempt some calls later,
    /// in turn before the call arrives and after it was carried out. A call that changes nothing
    /// leaves what the one before it left, so that those that change something are enough.
    /// `expected` is what the command plans when nothing disturbs it.
    ///
    /// # Errors
    /// Where it does not converge, or does what was not planned.
    pub(super) async fn crash(
        &mut self,
        text: &str,
        expected: &Plan,
        extent: Extent,
    ) -> Result<()> {
        // What an apply adopts it marks anew: the next one has more calls before it gets on.
        let (mut at, mut step) = (1, 1);
        for moment in [Moment::After, Moment::Before].into_iter().cycle() {
            ensure!(at < MOST, "does not get on");
            let ended = self.attempt(text, expected, Kind::Write, at, moment).await;
            if let End::Well = ended.with_context(|| format!("after kills up to call {at}"))? {
                return Ok(());
            }
            self.count(Check::Crash);
            at += step;
            step = match extent {
                Extent::Sample => at,
                _ => step + u64::from(at > DENSE),
            };
        }
        Ok(())
    }

    /// Plans and applies a text once, with the provider killed at a call.
    ///
    /// # Errors
    /// Where something is planned that an undisturbed command would not do, or the command fails
    /// for another reason than the kill.
    pub(super) async fn attempt(
        &mut self,
        text: &str,
        expected: &Plan,
        kind: Kind,
        at: u64,
        moment: Moment,
    ) -> Result<End> {
        let filter = Filter { kind, ..Filter::default() };
        let rule = self.sandbox.kill_at(filter, at, moment).await?;
        let mut applied = self.plan(text).await;
        if let Ok(plan) = &applied {
            goes_on(expected, plan)?;
            let plan = plan.clone();
            let carried_out = self.carry_out(text, &plan).await;
            applied = carried_out.map(|()| plan);
        }
        let fired = self.sandbox.fault(rule).await?.fired;
        self.sandbox.clear_faults().await?;
        if fired.is_empty() {
            return applied.map(|_| End::Well);
        }
        if let Some(problem) = fired.iter().find_map(|firing| firing.problem.as_ref()) {
            anyhow::bail!("the provider could not be killed: {problem}");
        }
        Ok(End::Killed)
    }
}

/// Checks that a plan after a command that was cut off does nothing but what is left of the plan before it.
pub(super) fn goes_on(expected: &Plan, plan: &Plan) -> Result<()> {
    let replaces = |action: Action| matches!(action, Action::DeleteCreate | Action::CreateDelete);
    let is_tainted =
        |address: &String| plan.refreshed.objects.get(address).is_some_and(|object| object.tainted);
    for (address, change) in &plan.changes {
        let was = expected.changes.get(address).map(|change| change.action);
        let fits = match change.action {
            Action::Nothing => true,
            // What an update was to change is still there; what was to be made may be half there.
            Action::Create => was.is_some_and(|was| was == Action::Create || replaces(was)),
            Action::Update => {
                was.is_some_and(|was| was != Action::Delete && was != Action::Nothing)
            }
            // A create that failed leaves what terraform calls tainted.
            Action::DeleteCreate | Action::CreateDelete if is_tainted(address) => {
                was == Some(Action::Create) || was == Some(change.action)
            }
            action @ (Action::DeleteCreate | Action::CreateDelete | Action::Delete) => {
                was == Some(action)
            }
        };
        ensure!(
            fits,
            "the plan for {address} is then {}, which was {} before",
            change.action.words(),
            was.map_or("nothing", Action::words),
        );
    }
    Ok(())
}

//! Interruptions: somebody presses Ctrl-C while a command is at one of its calls, or waits. What was
//! made is in the state, and not tainted; the next apply goes on, also without a refresh.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::disturbed::{goes_on, places};
use super::{Check, Extent, Trial};
use crate::core::Plan;
use crate::sandbox::faults::{Action, Filter, KILLABLE, Rule};

/// How long a call waits for its answer at which somebody interrupts.
const HELD: Duration = Duration::from_millis(400);
/// How often to look whether the call is there.
const LOOK: Duration = Duration::from_millis(25);

impl Trial<'_> {
    /// Applies a text and interrupts, at each attempt some calls later than before, until the command
    /// has no more calls. Every second attempt goes on without a refresh.
    ///
    /// # Errors
    /// Where the state does not hold what was made, or holds it tainted, where the command does not
    /// converge, or does what was not planned.
    pub(super) async fn interrupt(
        &mut self,
        text: &str,
        expected: &Plan,
        extent: Extent,
    ) -> Result<()> {
        for (attempt, at) in (0..).zip(places(extent)) {
            let refreshes = attempt % 2 == 0;
            let is_last = self.attempt_until(text, expected, at, refreshes).await;
            if is_last.with_context(|| format!("interrupted at call {at}"))? {
                return Ok(());
            }
            self.count(Check::Interrupt);
        }
        bail!("does not get on")
    }

    /// Plans and applies a text once; whether the command ended before the call at which it was to be
    /// interrupted.
    async fn attempt_until(
        &mut self,
        text: &str,
        expected: &Plan,
        at: u64,
        refreshes: bool,
    ) -> Result<bool> {
        let configuration = self.read(text)?;
        let plan = match refreshes {
            true => self.core.plan(&configuration, &self.state).await?,
            false => self.core.plan_from(&configuration, &self.state).await?,
        };
        goes_on(expected, &plan)?;
        let filter = Filter { executable: KILLABLE.to_owned(), ..Filter::default() };
        let milliseconds = HELD.as_millis() as u64;
        let action = Action::Delay { milliseconds };
        let rule = Rule { skip: at - 1, ..Rule::once(filter, action) };
        let rule = self.sandbox.add_fault(&rule).await?;
        let sandbox = self.sandbox;
        let interrupted = async {
            // A sandbox that cannot be asked is told of below.
            while sandbox.fault(rule).await.is_ok_and(|it| it.fired.is_empty()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let before = self.state.clone();
        let applied =
            self.core.carry_out_until(&configuration, &plan, &mut self.state, interrupted).await;
        let fired = self.sandbox.fault(rule).await?.fired;
        self.sandbox.clear_faults().await?;
        if fired.is_empty() {
            return applied.map(|()| true);
        }
        for (address, object) in &self.state.objects {
            let was_tainted = before.objects.get(address).is_some_and(|object| object.tainted);
            ensure!(!object.tainted || was_tainted, "{address} is tainted");
        }
        if let Err(error) = applied {
            tracing::info!("interrupted: {error:#}");
        }
        // What a removal before had asked for may have happened since.
        let found = if refreshes { &plan.refreshed } else { &before };
        for address in found.objects.keys() {
            let goes = plan.changes.get(address).is_some_and(|change| change.action.removes());
            let is_there = goes || self.state.objects.contains_key(address);
            ensure!(is_there, "the state has lost {address}");
        }
        Ok(false)
    }
}

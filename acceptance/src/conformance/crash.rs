//! Crashes: the provider is killed at one call after the other of a command, and the same command
//! goes on from what is left.

use anyhow::{Context, Result, bail};

use super::disturbed::{Disturbed, places};
use super::{Check, Extent, Trial};
use crate::core::Plan;
use crate::sandbox::faults::{Filter, Firing, Kind, Moment, Rule};

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
        let moments = [Moment::After, Moment::Before].into_iter().cycle();
        for (at, moment) in places(extent).zip(moments) {
            let ended = self.attempt(text, expected, Kind::Write, at, moment).await;
            if let End::Well = ended.with_context(|| format!("after kills up to call {at}"))? {
                return Ok(());
            }
            self.count(Check::Crash);
        }
        bail!("does not get on")
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
        let rule = Rule::kill_at(filter, at, moment);
        let Disturbed { applied, rules } = self.disturbed(text, expected, &[rule]).await?;
        let fired: Vec<&Firing> = rules.iter().flat_map(|rule| &rule.fired).collect();
        if fired.is_empty() {
            return applied.map(|()| End::Well);
        }
        if let Some(problem) = fired.iter().find_map(|firing| firing.problem.as_ref()) {
            bail!("the provider could not be killed: {problem}");
        }
        Ok(End::Killed)
    }
}

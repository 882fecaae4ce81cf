//! Faults: services throttle, fail, reset connections and refuse. What passes is tried again and
//! never shows; of what does not, one error says which call it was, and the same command goes on.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use travel_value::Value;

use super::disturbed::{Disturbed, places};
use super::permissions::actions::actions;
use super::{Check, Extent, Trial};
use crate::core::Plan;
use crate::sandbox::faults::{Action, Filter, KILLABLE, Kind, Moment, Rule, Standing};
use crate::sandbox::record::{Entry, Query};
use crate::sandbox::trouble::Trouble;

/// What passes, in turn.
fn passing(number: u64) -> (Action, Moment) {
    let trouble = |trouble| Action::Trouble { trouble, code: None };
    match number % 5 {
        0 => (Action::Delay { milliseconds: 1500 }, Moment::Before),
        1 => (Action::Reset, Moment::Before),
        2 => (trouble(Trouble::Failure), Moment::Before),
        3 => (trouble(Trouble::Unavailable), Moment::Before),
        _ => (trouble(Trouble::Throttled), Moment::Before),
    }
}

/// What does not pass, in turn.
const fn lasting(number: u64) -> Trouble {
    match number % 2 {
        0 => Trouble::AccessDenied,
        _ => Trouble::ExpiredToken,
    }
}

impl Trial<'_> {
    /// Applies a text until no trouble is met any more: at each attempt one call, some calls later
    /// than before, meets a trouble that passes, and the next one that does not.
    ///
    /// # Errors
    /// Where the command fails of what passes, does not say what it has failed of, does not converge,
    /// or does what was not planned.
    pub(super) async fn suffer(
        &mut self,
        text: &str,
        expected: &Plan,
        extent: Extent,
    ) -> Result<()> {
        // The calls of a refresh are the same in each command after the create.
        let kind = match self.suffered {
            0 | 1 => Kind::Any,
            _ => Kind::Write,
        };
        self.suffered += 1;
        let mut begun = BTreeMap::new();
        let before = self.state.clone();
        let was_begun = |address: &String| before.objects.get(address).is_some_and(|it| it.tainted);
        for (attempt, at) in (0..).zip(places(extent)) {
            let is_last = self.attempt_with_faults(text, expected, (kind, at), attempt).await;
            if is_last.with_context(|| format!("with a fault at call {at}"))? {
                return self.expect_the_same(&begun);
            }
            let objects = self.state.objects.iter();
            let tainted = objects.filter(|(address, object)| object.tainted && !was_begun(address));
            begun.extend(tainted.map(|(address, object)| (address.clone(), names(&object.value))));
            self.count(Check::Faults);
        }
        bail!("does not get on")
    }

    /// Checks that what a failed create had begun was completed, and not made anew.
    fn expect_the_same(&self, begun: &BTreeMap<String, Vec<String>>) -> Result<()> {
        for (address, before) in begun {
            let object = self.state.objects.get(address);
            let now = object.map(|object| names(&object.value)).unwrap_or_default();
            let lost: Vec<&String> = before.iter().filter(|name| !now.contains(name)).collect();
            ensure!(lost.is_empty(), "{address} was made anew: {lost:?} became {now:?}");
        }
        Ok(())
    }

    /// Plans and applies a text once; whether the lasting trouble met no call, or did no harm.
    async fn attempt_with_faults(
        &mut self,
        text: &str,
        expected: &Plan,
        (kind, at): (Kind, u64),
        attempt: u64,
    ) -> Result<bool> {
        let filter = || Filter { executable: KILLABLE.to_owned(), kind, ..Filter::default() };
        let (action, moment) = passing(attempt);
        let passes = Rule { skip: at - 1, moment, ..Rule::once(filter(), action) };
        // Of an early change the answer is lost: what was made must not be made again.
        let changes = Filter { kind: Kind::Write, ..filter() };
        let (skip, moment) = (attempt % 3, Moment::After);
        let is_lost = Rule { skip, moment, ..Rule::once(changes, Action::Reset) };
        let action = Action::Trouble { trouble: lasting(attempt), code: None };
        // Credentials that have ended stay so: once would be put right by getting them anew.
        let times = (lasting(attempt) != Trouble::ExpiredToken).then_some(1);
        let lasts = Rule { skip: at, times, ..Rule::once(filter(), action) };
        let Disturbed { applied, mut rules } =
            self.disturbed(text, expected, &[passes, is_lost, lasts]).await?;
        let lasting = rules.pop().context("the sandbox has lost a rule")?;
        match applied {
            Ok(_) => Ok(lasting.fired.is_empty()),
            Err(error) if lasting.fired.is_empty() => Err(error.context("failed of what passes")),
            Err(error) => {
                self.check_error(&lasting, &format!("{error:#}")).await?;
                Ok(false)
            }
        }
    }

    /// Checks that an error says which call has met a trouble, or one of those that have.
    async fn check_error(&self, met: &Standing, said: &str) -> Result<()> {
        let since = met
            .fired
            .iter()
            .map(|fired| fired.sequence)
            .min()
            .unwrap_or_default()
            .saturating_sub(1);
        let mut calls = self.sandbox.record(&Query { since, ..Query::default() }).await?;
        calls.retain(|call| met.fired.iter().any(|fired| fired.sequence == call.sequence));
        // An API server's calls have no names, and no ids that it tells.
        let is_told = |call: &Entry| {
            let operation = format!("{}:{}", call.service, call.operation);
            let mut names = actions(&operation).into_iter().filter_map(|it| it.split(':').nth(1));
            call.service == "kubernetes"
                || (said.contains(&call.request_id) && names.any(|name| said.contains(name)))
        };
        let of_call = |it: &Entry| format!("{} {} ({})", it.service, it.operation, it.request_id);
        let failed: Vec<String> = calls.iter().map(of_call).collect();
        ensure!(calls.iter().any(is_told), "{failed:?} have failed, but this is said: {said}");
        Ok(())
    }
}

/// What the service calls an object.
fn names(object: &Value) -> Vec<String> {
    let name = |attribute: &str| object.get(attribute).as_str().map(str::to_owned);
    ["arn", "id", "key_id", "policy_id"].into_iter().filter_map(name).collect()
}

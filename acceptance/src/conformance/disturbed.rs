//! Commands that are disturbed: at which of their calls, and what must hold of the one that goes on.

use anyhow::{Result, ensure};

use super::{Extent, Trial};
use crate::core::{Action, Plan};
use crate::sandbox::faults::{Rule, Standing};

/// Up to here every call is one at which a command is disturbed; then more and more are passed.
const DENSE: u64 = 6;
/// So many calls in one command mean that it does not get on.
const MOST: u64 = 2000;

/// The calls at which a command is disturbed, one attempt after the other. Where they end, it does
/// not get on.
pub(super) fn places(extent: Extent) -> impl Iterator<Item = u64> {
    let (mut at, mut step) = (0, 1);
    std::iter::from_fn(move || {
        at += step;
        step = match extent {
            Extent::Sample => at,
            _ => step + u64::from(at > DENSE),
        };
        (at < MOST).then_some(at)
    })
}

/// How a disturbed command ended.
pub(super) struct Disturbed {
    /// Whether it went well.
    pub applied: Result<()>,
    /// The rules with what has come of them, in their order.
    pub rules: Vec<Standing>,
}

impl Trial<'_> {
    /// Plans and applies a text once, while these rules are in force. `expected` is what the command
    /// plans when nothing disturbs it.
    ///
    /// # Errors
    /// Where something is planned that an undisturbed command would not do.
    pub(super) async fn disturbed(
        &mut self,
        text: &str,
        expected: &Plan,
        rules: &[Rule],
    ) -> Result<Disturbed> {
        let mut ids = Vec::new();
        for rule in rules {
            ids.push(self.sandbox.add_fault(rule).await?);
        }
        let applied = match self.plan(text).await {
            Ok(plan) => {
                goes_on(expected, &plan)?;
                self.carry_out(text, &plan).await
            }
            Err(error) => Err(error),
        };
        let standing = self.sandbox.faults().await?;
        self.sandbox.clear_faults().await?;
        let rules = standing.into_iter().filter(|it| ids.contains(&it.id)).collect();
        Ok(Disturbed { applied, rules })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_dense_at_first() {
        let first = |extent| places(extent).take(9).collect::<Vec<_>>();
        assert_eq!(first(Extent::Sample), [1, 2, 4, 8, 16, 32, 64, 128, 256]);
        assert_eq!(first(Extent::Chained), [1, 2, 3, 4, 5, 6, 7, 9, 12]);
        assert!(places(Extent::Chained).last().is_some_and(|last| last < MOST));
    }
}

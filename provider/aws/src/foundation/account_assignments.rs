//! travel_account_assignments: which permission sets a group or user has in which accounts.
//!
//! Source: IAM Identity Center API reference, CreateAccountAssignment and its neighbours.

mod pairs;
mod planning;

use std::collections::BTreeSet;

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::pairs::{Pair, Principal};
use super::identity_center::{instance, is_instance};
use super::identity_store::taken_over;
use crate::consistency::Call;
use crate::{Aws, Placement};

/// The permission sets that a group or user has in accounts: each of the sets in each of the accounts.
///
/// Assignments that others have made stay, and are no drift. Each is made and removed by itself, side
/// by side over the accounts; what an apply that was cut off has made is kept, and the next one goes on.
/// An import, which works in the management account, takes all that the group or user has: the plan then
/// shows what is missing of each set in each account.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_account_assignments",
    id = "id",
    proof = equality,
    refresh = "1 for each 100 assignments of the principal, in the management account; elsewhere 1 for each account and permission set",
    identity("region", "instance_arn", "principal_type", "principal_id"),
    consistency_seconds = 5
)]
pub struct AccountAssignments {
    /// What these assignments are called here; Identity Center does not know it.
    #[model(required, config_only, not_imported, length(1, 128))]
    pub name: String,
    /// The id of the group or user.
    #[model(required, replace, length(1, 47))]
    pub principal_id: String,
    /// Which of both it is: `GROUP` or `USER`.
    #[model(optional, default = "GROUP", replace, one_of("GROUP", "USER"))]
    pub principal_type: String,
    /// The ids of the accounts.
    #[model(required, length(1, 5000), rule = planning::are_accounts)]
    pub accounts: BTreeSet<String>,
    /// The ARNs of the permission sets.
    #[model(required, length(1, 500), rule = planning::are_sets)]
    pub permission_sets: BTreeSet<String>,
    /// The ARN of the instance of Identity Center; by default the only one here.
    #[model(optional, computed, replace, rule = is_instance)]
    pub instance_arn: Option<String>,
    /// The assignments that are there, each as `ACCOUNT PERMISSION_SET_ARN`.
    #[model(computed)]
    pub assignments: Option<BTreeSet<String>>,
    /// What they are known by here.
    #[model(computed)]
    pub id: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

impl AccountAssignments {
    fn wanted(&self) -> BTreeSet<Pair> {
        let of = |account: &String| {
            let sets = self.permission_sets.iter();
            sets.map(|set| Pair { account: account.clone(), set: set.clone() }).collect::<Vec<_>>()
        };
        self.accounts.iter().flat_map(of).collect()
    }

    /// Those that are, or were, there.
    fn there(&self) -> BTreeSet<Pair> {
        self.assignments.iter().flatten().filter_map(|text| Pair::parse(text)).collect()
    }

    fn note(&mut self, there: &BTreeSet<Pair>) {
        self.assignments = Some(there.iter().map(ToString::to_string).collect());
    }

    fn principal(&self, instance_arn: &str) -> Principal {
        Principal {
            instance_arn: instance_arn.to_owned(),
            kind: self.principal_type.as_str().into(),
            id: self.principal_id.clone(),
        }
    }

    /// These assignments as far as they are there.
    async fn observe(call: &Call, instance_arn: &str, state: &Self) -> Result<Self, Failure> {
        let mut asked = state.wanted();
        asked.extend(state.there());
        let principal = state.principal(instance_arn);
        let is_imported = state.accounts.is_empty();
        let there = match is_imported {
            true => pairs::all(call, &principal).await?,
            false => pairs::observe(call, &principal, &asked).await?,
        };
        let of = |part: fn(&Pair) -> &String| there.iter().map(part).cloned().collect();
        let (accounts, permission_sets) = match is_imported {
            true => (of(|pair| &pair.account), of(|pair| &pair.set)),
            false => (state.accounts.clone(), state.permission_sets.clone()),
        };
        let mut observed = Self {
            accounts,
            permission_sets,
            instance_arn: Some(instance_arn.to_owned()),
            id: Some(state.id.clone().unwrap_or_else(|| planning::id(state))),
            ..state.clone()
        };
        observed.note(&there);
        Ok(observed)
    }

    /// Makes those that are wanted and not there, and removes those of ours that are not wanted.
    async fn settle(&mut self, call: &Call, wanted: &BTreeSet<Pair>) -> Result<(), Failure> {
        let principal = self.principal(self.instance_arn.as_deref().unwrap_or_default());
        let mut there = self.there();
        let changed = pairs::change(call, &principal, &mut there, wanted).await;
        self.note(&there);
        changed
    }
}

#[async_trait]
impl Resource for AccountAssignments {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let instance_arn = state.instance_arn.as_deref().unwrap_or_default();
        let observed = Self::observe(call, instance_arn, state).await?;
        // Where nothing is left of them, they are to be made anew.
        Ok(Some(observed).filter(|it| !it.there().is_empty()))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let instance = instance(call, plan.instance_arn.as_deref()).await?;
        let object = Self::observe(call, &instance.arn, plan).await?;
        if object.there().is_empty() {
            return Ok(Vec::new());
        }
        let label = object.id.clone().unwrap_or_default();
        let count = object.there().len();
        call.warn(taken_over(&format!("an assignment, of {count} of {label},")));
        Ok(vec![Found { object, mark: None, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let instance = instance(call, plan.instance_arn.as_deref()).await?;
        state.instance_arn = Some(instance.arn);
        state.id = Some(planning::id(plan));
        state.assignments = Some(BTreeSet::new());
        state.settle(call, &plan.wanted()).await
    }

    async fn update(
        call: &Call,
        _prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        state.settle(call, &plan.wanted()).await?;
        state.accounts.clone_from(&plan.accounts);
        state.permission_sets.clone_from(&plan.permission_sets);
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        prior.clone().settle(call, &BTreeSet::new()).await
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

#[cfg(test)]
mod tests;

//! Who has which permission set in which account, and where sets are provisioned.

use std::time::Instant;

use serde_json::{Value, json};

use super::requests::Work;
use super::{State, conflict, invalid, missing, paged};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// A permission set of a user or group in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assignment {
    pub account: String,
    pub set: String,
    pub kind: String,
    pub principal: String,
}

impl Assignment {
    fn shown(&self) -> Value {
        json!({
            "AccountId": self.account,
            "PermissionSetArn": self.set,
            "PrincipalType": self.kind,
            "PrincipalId": self.principal,
        })
    }
}

impl State {
    pub(super) fn ask_for_assignment(
        &mut self,
        operation: &str,
        input: &Input,
        obstacle: Option<String>,
        now: Instant,
    ) -> Result<Value, ServiceError> {
        let text = |name: &str| input.text(name).to_owned();
        let assignment = Assignment {
            account: text("TargetId"),
            set: text("PermissionSetArn"),
            kind: text("PrincipalType"),
            principal: text("PrincipalId"),
        };
        self.set_of(input)?;
        if self.is_busy(&assignment.set, Some(&assignment.account)) {
            return Err(conflict("a request for this permission set and account is in progress"));
        }
        if operation == "CreateAccountAssignment" {
            let shown = self.ask(Work::Assign(assignment), obstacle, now);
            return Ok(json!({"AccountAssignmentCreationStatus": shown}));
        }
        let reason = "Received a 404 status error: the assignment does not exist";
        let obstacle = (!self.assignments.contains(&assignment)).then(|| reason.to_owned());
        let shown = self.ask(Work::Unassign(assignment), obstacle, now);
        Ok(json!({"AccountAssignmentDeletionStatus": shown}))
    }

    pub(super) fn list_assignments(&self, input: &Input) -> Result<Value, ServiceError> {
        let set = input.text("PermissionSetArn");
        if !self.sets.contains_key(set) {
            return Err(missing(format!("the permission set {set} does not exist")));
        }
        let is_asked = |it: &&Assignment| it.set == set && it.account == input.text("AccountId");
        let found = self.assignments.iter().filter(is_asked).map(Assignment::shown).collect();
        paged(input, "AccountAssignments", found)
    }

    pub(super) fn list_assignments_of(&self, input: &Input) -> Result<Value, ServiceError> {
        let filter = input.inner("Filter");
        let is_asked = |it: &&Assignment| {
            it.principal == input.text("PrincipalId")
                && it.kind == input.text("PrincipalType")
                && filter.optional_text("AccountId").is_none_or(|account| account == it.account)
        };
        let found = self.assignments.iter().filter(is_asked).map(Assignment::shown).collect();
        paged(input, "AccountAssignments", found)
    }

    pub(super) fn list_accounts(&self, input: &Input) -> Result<Value, ServiceError> {
        let (arn, set) = self.set_of(input)?;
        let wanted = wanted_standing(input);
        let there = self.provisioned.iter().filter(|((of, _), revision)| {
            *of == arn && wanted.is_none_or(|latest| latest == (**revision == set.revision))
        });
        let accounts = there.map(|((_, account), _)| account.as_str().into()).collect();
        paged(input, "AccountIds", accounts)
    }

    pub(super) fn list_sets_in(&self, input: &Input) -> Result<Value, ServiceError> {
        let wanted = wanted_standing(input);
        let there = self.provisioned.iter().filter(|((arn, account), revision)| {
            let latest = self.sets.get(arn).map_or(0, |set| set.revision);
            account == input.text("AccountId")
                && wanted.is_none_or(|wanted| wanted == (**revision == latest))
        });
        let sets = there.map(|((arn, _), _)| arn.as_str().into()).collect();
        paged(input, "PermissionSets", sets)
    }

    pub(super) fn ask_for_provisioning(
        &mut self,
        input: &Input,
        now: Instant,
    ) -> Result<Value, ServiceError> {
        let (arn, _) = self.set_of(input)?;
        let target = input.optional_text("TargetId");
        if (input.text("TargetType") == "AWS_ACCOUNT") != target.is_some() {
            return Err(invalid("TargetId is for a TargetType of AWS_ACCOUNT"));
        }
        if self.is_busy(&arn, None) {
            return Err(conflict("a request for this permission set is in progress"));
        }
        let accounts = match target {
            Some(account) => vec![account.to_owned()],
            None => {
                let there = self.provisioned.keys().filter(|(set, _)| *set == arn);
                there.map(|(_, account)| account.clone()).collect()
            }
        };
        let shown = self.ask(Work::Provision { set: arn, accounts }, None, now);
        Ok(json!({"PermissionSetProvisioningStatus": shown}))
    }

    pub(super) fn is_assigned(&self, set: &str, account: &str) -> bool {
        self.assignments.iter().any(|it| it.set == set && it.account == account)
    }
}

/// Whether sets are asked for that are provisioned as they are now, or those that are not.
fn wanted_standing(input: &Input) -> Option<bool> {
    let status = input.optional_text("ProvisioningStatus");
    status.map(|status| status == "LATEST_PERMISSION_SET_PROVISIONED")
}

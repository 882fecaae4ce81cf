//! What a plan can say of assignments: which there will be, and what an import id means.

use std::collections::BTreeSet;

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::AccountAssignments;
use crate::foundation::identity_center::is_instance;
use crate::partition::{Arn, is_account_id};

/// The rule of the accounts.
pub fn are_accounts(value: &Value) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match texts.find(|text| !is_account_id(text)) {
        Some(other) => {
            Err(format!("ids of accounts, of twelve digits each, which {other:?} is not"))
        }
        None => Ok(()),
    }
}

/// The rule of the permission sets.
pub fn are_sets(value: &Value) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    let is_set = |text: &&str| {
        let is_one = |arn: Arn| arn.service == "sso" && arn.resource.starts_with("permissionSet/");
        Arn::parse(text).is_some_and(is_one)
    };
    match texts.find(|text| !is_set(text)) {
        Some(other) => Err(format!("ARNs of permission sets, which {other:?} is not")),
        None => Ok(()),
    }
}

/// What they are known by.
pub fn id(assignments: &AccountAssignments) -> String {
    format!("{}/{}", assignments.principal_type, assignments.principal_id)
}

/// Plans which assignments there will be.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    let accounts = plan.known::<BTreeSet<String>>("accounts");
    let sets = plan.known::<BTreeSet<String>>("permission_sets");
    let pairs = accounts.zip(sets).map(|(accounts, sets)| {
        let of = |account: &String| {
            sets.iter().map(|set| format!("{account} {set}")).collect::<Vec<String>>()
        };
        accounts.iter().flat_map(of).collect::<BTreeSet<String>>()
    });
    plan.set_known("assignments", pairs.as_ref());
    if plan.is_replacement() {
        plan.set("id", Value::unknown());
    }
}

/// The state that a read can start from: the id names the instance and the principal.
pub fn import(id: &str) -> Result<AccountAssignments, Diagnostic> {
    read_id(id).ok_or_else(|| {
        Diagnostic::error(
            format!("{id:?} names no assignments"),
            "Assignments are imported by INSTANCE_ARN/GROUP/ID or INSTANCE_ARN/USER/ID, or with the \
             region before it, as in \
             eu-central-1/arn:aws:sso:::instance/ssoins-0123456789abcdef/GROUP/GROUP_ID.",
        )
    })
}

fn read_id(id: &str) -> Option<AccountAssignments> {
    let (rest, principal) = id.rsplit_once('/')?;
    let (rest, kind) = rest.rsplit_once('/')?;
    let (region, instance_arn) = match rest.split_once("/arn:") {
        Some((region, _)) => (Some(region.to_owned()), rest.get(region.len() + 1..)?),
        None => (None, rest),
    };
    let is_one = ["GROUP", "USER"].contains(&kind)
        && !principal.is_empty()
        && is_instance(&instance_arn.into()).is_ok();
    let mut state = AccountAssignments {
        principal_type: kind.to_owned(),
        principal_id: principal.to_owned(),
        instance_arn: Some(instance_arn.to_owned()),
        ..AccountAssignments::default()
    };
    state.placement.region = region;
    is_one.then_some(state)
}

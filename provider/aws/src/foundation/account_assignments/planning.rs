//! What a plan can say of assignments: which there will be, and what an import id means.

use std::collections::BTreeSet;

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::AccountAssignments;
use crate::partition::{Arn, is_account_id};

/// The rule of the accounts.
pub fn are_accounts(value: &Value) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match texts.find(|text| !is_account_id(text)) {
        Some(other) => Err(format!("ids of accounts, of twelve digits each, which {other:?} is not")),
        None => Ok(()),
    }
}

/// The rule of the permission sets.
pub fn are_sets(value: &Value) -> Result<(), String> {
    let mut texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    let is_set = |text: &&str| {
        let is_one =
            |arn: Arn| arn.service == "sso" && arn.resource.starts_with("permissionSet/");
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

/// The state that a read can start from: the id names the instance, the principal, the accounts and
/// the permission sets, of which the assignments are the product.
pub fn import(id: &str) -> Result<AccountAssignments, Diagnostic> {
    read_id(id).ok_or_else(|| {
        Diagnostic::error(
            format!("{id:?} names no assignments"),
            "Assignments are imported by INSTANCE/GROUP/ID/ACCOUNT,…/SET,… (or USER), as in \
             ssoins-0123456789abcdef/GROUP/GROUP_ID/111122223333,444455556666/ps-0123456789abcdef.",
        )
    })
}

fn read_id(id: &str) -> Option<AccountAssignments> {
    let [instance, kind, principal, accounts, sets] = id.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let accounts: BTreeSet<String> = accounts.split(',').map(str::to_owned).collect();
    let is_one = ["GROUP", "USER"].contains(&kind)
        && instance.contains("ins-")
        && !principal.is_empty()
        && accounts.iter().all(|it| is_account_id(it))
        && sets.split(',').all(|it| it.starts_with("ps-"));
    let arn = |set: &str| format!("arn:aws:sso:::permissionSet/{instance}/{set}");
    is_one.then(|| AccountAssignments {
        principal_type: kind.to_owned(),
        principal_id: principal.to_owned(),
        permission_sets: sets.split(',').map(arn).collect(),
        accounts,
        instance_arn: Some(format!("arn:aws:sso:::instance/{instance}")),
        id: Some(format!("{kind}/{principal}")),
        ..AccountAssignments::default()
    })
}

//! What a plan can say of a policy, and what an import id means.

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::Policy;
use crate::partition::{Arn, is_account_id};
use crate::policy::grammar::{self, Kind};

/// Refuses what IAM would refuse.
pub fn check(plan: &mut Plan<'_>) {
    grammar::check(plan, "policy", Kind::Managed);
}

/// Says what stays and what will be known only later, and refuses what IAM would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    if plan.is_replacement() {
        for name in ["arn", "policy_id", "default_version_id"] {
            plan.set(name, Value::unknown());
        }
    } else if !plan.is_create() && !plan.changes("policy") {
        let version = plan.prior.get("default_version_id").clone();
        if !version.is_null() {
            plan.set("default_version_id", version);
        }
    }
}

/// The state that a read can start from: by an ARN, or by the path with the name behind it.
pub fn import(id: &str) -> Result<Policy, Diagnostic> {
    let mut state = Policy { path: "/".to_owned(), ..Policy::default() };
    let whole = match Arn::parse(id) {
        Some(arn) => {
            let path = arn.resource.strip_prefix("policy").filter(|_| arn.service == "iam");
            let path = path.filter(|path| path.starts_with('/') && is_account_id(&arn.account_id));
            let path = path.ok_or_else(|| not_an_id(id))?.to_owned();
            state.placement.account_id = Some(arn.account_id);
            state.arn = Some(id.to_owned());
            path
        }
        None => id.to_owned(),
    };
    // An identity joins path and name by another slash.
    let (path, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
    name.clone_into(&mut state.name);
    if !path.is_empty() {
        state.path = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    }
    if state.name.is_empty() || !state.path.starts_with('/') || id.contains(char::is_whitespace) {
        return Err(not_an_id(id));
    }
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no policy of an account"),
        "A policy is imported by its ARN, such as arn:aws:iam::111122223333:policy/platform/read, \
         or by its path and name, such as /platform/read. Policies of AWS itself cannot be \
         managed.",
    )
}

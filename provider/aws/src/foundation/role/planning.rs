//! What a plan can say of a role, the limits of IAM, and what an import id means.
//!
//! Source: IAM User Guide, "IAM and AWS STS quotas".

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::Role;
use crate::partition::{Arn, is_account_id};
use crate::policy::grammar::{self, Kind};
use crate::policy::{self, document};

/// How long a trust policy can be in an account whose quota nobody has raised.
const USUAL_TRUST: usize = 2048;
/// How many managed policies a role can have in such an account, and at the most.
const USUAL_MANAGED: usize = 10;
const MOST_MANAGED: usize = 25;
/// How long all inline policies can be together, white space not counted.
const LONGEST_INLINE: usize = 10_240;
/// How long the name of an inline policy can be.
const LONGEST_NAME: usize = 128;
/// Paths of roles that services keep for themselves.
const RESERVED: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];

/// Whether a path is one of AWS's own.
pub fn is_reserved(path: &str) -> bool {
    RESERVED.iter().any(|reserved| path.starts_with(reserved))
}

/// The rule of a path.
pub fn is_path(value: &Value) -> Result<(), String> {
    let Some(path) = value.as_str() else { return Ok(()) };
    let whole = path.starts_with('/') && path.ends_with('/') && !path.is_empty();
    if !whole || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a path that begins and ends with /, without spaces".to_owned());
    }
    if is_reserved(path) {
        return Err("another path than those of AWS's own roles".to_owned());
    }
    Ok(())
}

/// The rule of a description: IAM takes the characters of Latin-1.
pub fn is_description(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_allowed =
        |it: char| matches!(it, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    match text.chars().find(|it| !is_allowed(*it)) {
        None => Ok(()),
        Some(other) => {
            Err(format!("a text of the characters of Latin-1 (up to ÿ), without {other:?}"))
        }
    }
}

/// The rule of the ARN of a managed policy.
pub fn is_policy(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let arn = Arn::parse(text).filter(|arn| {
        arn.service == "iam"
            && arn.resource.starts_with("policy/")
            && (arn.account_id == "aws" || is_account_id(&arn.account_id))
    });
    let words = "the ARN of a managed policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess";
    arn.map(drop).ok_or_else(|| words.to_owned())
}

/// The rule of the set of managed policies.
pub fn are_policies(value: &Value) -> Result<(), String> {
    let elements = value.elements().unwrap_or_default();
    if elements.len() > MOST_MANAGED {
        return Err(format!(
            "a set of at most {MOST_MANAGED} policies, more than IAM ever attaches"
        ));
    }
    for element in elements {
        is_policy(element).map_err(|words| {
            format!("a set of such as {words}, unlike {}", element.as_str().unwrap_or_default())
        })?;
    }
    Ok(())
}

/// The policies of an object by name; those that are null are left out.
pub fn policies(object: Option<&Value>) -> BTreeMap<String, Value> {
    let entries = object.and_then(Value::entries).into_iter().flatten();
    let there = entries.filter(|(_, policy)| !policy.is_null());
    there.map(|(name, policy)| (name.clone(), policy.clone())).collect()
}

/// Whether two objects have policies of the same names that mean the same.
pub fn same_policies(one: &Value, other: &Value) -> bool {
    let (one, other) = (policies(Some(one)), policies(Some(other)));
    let is_same = |(name, policy): (&String, &Value)| {
        other.get(name).is_some_and(|other| policy::same_values(policy, other))
    };
    one.len() == other.len() && one.iter().all(is_same)
}

/// As [`same_policies`]; what is not there has no policies.
pub fn same_optional_policies(one: &Option<Value>, other: &Option<Value>) -> bool {
    let null = Value::Null;
    same_policies(one.as_ref().unwrap_or(&null), other.as_ref().unwrap_or(&null))
}

/// Refuses what IAM would refuse.
pub fn check(plan: &mut Plan<'_>) {
    grammar::check(plan, "trust_policy", Kind::Trust);
    check_inline(plan);
}

fn check_inline(plan: &mut Plan<'_>) {
    let name = "inline_policies";
    let config = plan.config.get(name);
    if config.is_null() || config.is_unknown() {
        return;
    }
    if config.entries().is_none() {
        let detail = "Write an object of policies by name, as in { read = { … } }.";
        plan.refuse(name, "no object of inline policies", detail);
        return;
    }
    let policies = policies(Some(config));
    let (mut size, mut faults) = (0, Vec::new());
    for (policy, document) in &policies {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if policy.is_empty() || policy.len() > LONGEST_NAME || !policy.bytes().all(allowed) {
            faults.push(format!(
                "{policy:?} cannot be the name of a policy: it has 1 to {LONGEST_NAME} letters, \
                 digits or characters of _+=,.@-."
            ));
        }
        let found = grammar::faults(Kind::Inline, document).into_iter();
        faults.extend(found.map(|fault| format!("Policy {policy:?}: {fault}")));
        size += document::text(document).as_deref().map_or(0, document::size);
    }
    if faults.is_empty() && size > LONGEST_INLINE {
        faults.push(format!(
            "All inline policies together have {size} characters, white space not counted, and can \
             have {LONGEST_INLINE}. Move a part into managed policies."
        ));
    }
    for fault in faults {
        plan.diagnostics.push(grammar::refusal(&fault).at_attribute(name));
    }
}

/// Says what will be known only later, and refuses what IAM would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    warn(plan);
    if plan.is_replacement() {
        for name in ["arn", "role_id"] {
            plan.set(name, Value::unknown());
        }
    }
}

/// Tells of what only an account with raised quotas takes.
fn warn(plan: &mut Plan<'_>) {
    let mut warn = |name: &str, size: usize, usual: usize, what: &str| {
        if size > usual {
            let detail = format!(
                "It has {size} {what}. IAM takes {usual} in an account whose quota nobody has \
                 raised (Service Quotas, AWS Identity and Access Management)."
            );
            let warning = Diagnostic::warning(format!("{name} may be too much"), detail);
            plan.diagnostics.push(warning.at_attribute(name));
        }
    };
    let changes = |name: &str| plan.planned.get(name) != plan.prior.get(name);
    let (trust, managed) = ("trust_policy", "managed_policies");
    if changes(trust) {
        let size = document::text(plan.config.get(trust)).as_deref().map_or(0, document::size);
        warn(trust, size, USUAL_TRUST, "characters, white space not counted");
    }
    if changes(managed) {
        let count = plan.config.get(managed).elements().map_or(0, <[Value]>::len);
        warn(managed, count, USUAL_MANAGED, "policies");
    }
}

/// The state that a read can start from: by a name or an ARN.
pub fn import(id: &str) -> Result<Role, Diagnostic> {
    let mut state = Role { path: "/".to_owned(), ..Role::default() };
    id.clone_into(&mut state.name);
    if let Some(arn) = Arn::parse(id) {
        let path = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam");
        let path = path.ok_or_else(|| not_an_id(id))?;
        state.name = path.rsplit('/').next().unwrap_or_default().to_owned();
        if is_reserved(&format!("/{path}")) {
            return Err(not_an_id(id));
        }
        state.placement.account_id = Some(arn.account_id).filter(|account| is_account_id(account));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if state.name.is_empty() || !state.name.bytes().all(allowed) {
        return Err(not_an_id(id));
    }
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no role"),
        "A role is imported by its name, or by its ARN, such as \
         arn:aws:iam::111122223333:role/ci/deploy. The roles that services keep for themselves \
         cannot be managed.",
    )
}

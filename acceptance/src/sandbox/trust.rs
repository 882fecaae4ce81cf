//! Whether a role's trust policy lets somebody assume it.
//!
//! Follows "IAM JSON policy evaluation logic" as far as trust policies go: principals, actions, and the string and
//! bool operators of conditions. An operator that is not known here is an error, not a guess.

use std::collections::BTreeMap;

use serde_json::Value;

use super::accounts::Caller;
use super::record::wildcard;

/// Who wants to assume a role.
#[derive(Clone, Copy, Debug)]
pub enum Principal<'a> {
    /// Somebody with AWS credentials.
    Aws(&'a Caller),
    /// A user of an identity provider, named by the provider's ARN.
    Federated(&'a str),
}

/// Whether the policy allows `action` to the principal; `context` holds the condition keys of the request.
///
/// # Errors
/// A sentence, when the policy uses what is not known here.
pub fn allows(
    policy: &Value,
    action: &str,
    principal: Principal<'_>,
    context: &BTreeMap<String, String>,
) -> Result<bool, String> {
    let mut allowed = false;
    for statement in many(&policy["Statement"]) {
        let covers = many(&statement["Action"])
            .iter()
            .any(|pattern| matches(&pattern.to_lowercase_text(), &action.to_lowercase()));
        if !covers || !is_principal(&statement["Principal"], principal) {
            continue;
        }
        if !conditions_hold(&statement["Condition"], context)? {
            continue;
        }
        match statement["Effect"].as_str() {
            Some("Allow") => allowed = true,
            Some("Deny") => return Ok(false),
            other => return Err(format!("the trust policy has the effect {other:?}")),
        }
    }
    Ok(allowed)
}

trait Text {
    fn to_lowercase_text(&self) -> String;
}

impl Text for Value {
    fn to_lowercase_text(&self) -> String {
        self.as_str().unwrap_or_default().to_lowercase()
    }
}

/// One value, or the values of a list.
fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

fn is_principal(written: &Value, principal: Principal<'_>) -> bool {
    if written.as_str() == Some("*") {
        return true;
    }
    match principal {
        Principal::Aws(caller) => many(&written["AWS"]).iter().any(|name| {
            let name = name.as_str().unwrap_or_default();
            let root = format!(":iam::{}:root", caller.account);
            name == "*"
                || name == caller.account
                || (name.starts_with("arn:") && name.ends_with(&root))
                || name == caller.arn
                || caller.role_arn.as_deref() == Some(name)
        }),
        Principal::Federated(provider) => {
            many(&written["Federated"]).iter().any(|name| name.as_str() == Some(provider))
        }
    }
}

fn conditions_hold(conditions: &Value, context: &BTreeMap<String, String>) -> Result<bool, String> {
    let Some(operators) = conditions.as_object() else { return Ok(true) };
    for (operator, keys) in operators {
        let keys = keys.as_object().ok_or("a condition operator holds no keys")?;
        for (key, wanted) in keys {
            let wanted: Vec<String> = many(wanted)
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
            let found = context
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.as_str());
            if !condition_holds(operator, found, &wanted)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn condition_holds(operator: &str, found: Option<&str>, wanted: &[String]) -> Result<bool, String> {
    let plain = operator
        .strip_prefix("ForAnyValue:")
        .or(operator.strip_prefix("ForAllValues:"))
        .unwrap_or(operator);
    let (plain, if_exists) = match plain.strip_suffix("IfExists") {
        Some(plain) => (plain, true),
        None => (plain, false),
    };
    if plain == "Null" {
        let absent = found.is_none().to_string();
        return Ok(wanted.contains(&absent));
    }
    let Some(found) = found else {
        // A key that is absent fulfils only the negated operators.
        return Ok(if_exists || plain.contains("Not"));
    };
    let is = |compare: fn(&str, &str) -> bool| wanted.iter().any(|value| compare(value, found));
    Ok(match plain {
        "StringEquals" | "ArnEquals" => is(|one, other| one == other),
        "StringNotEquals" | "ArnNotEquals" => !is(|one, other| one == other),
        "StringEqualsIgnoreCase" | "Bool" => is(|one, other| one.eq_ignore_ascii_case(other)),
        "StringLike" | "ArnLike" => is(matches),
        "StringNotLike" | "ArnNotLike" => !is(matches),
        _ => {
            return Err(format!(
                "the sandbox does not know the condition operator {operator} of a trust policy"
            ));
        }
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    wildcard(pattern, text)
}

#[cfg(test)]
mod tests;

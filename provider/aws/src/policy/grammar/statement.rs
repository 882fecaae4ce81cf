//! One statement of a policy document.

use travel_value::Value;

use super::{Kind, many};
use crate::partition::is_account_id;

const PARTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];
const PRINCIPALS: [&str; 4] = ["AWS", "Federated", "Service", "CanonicalUser"];
/// The operators of conditions, without what may stand around them.
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Notes what IAM would refuse of a statement; `place` is what errors call it.
pub fn check(kind: Kind, place: &str, statement: &Value, found: &mut Vec<String>) {
    if statement.is_unknown() {
        return;
    }
    let Some(entries) = statement.entries() else {
        found.push(format!("{place} is no object."));
        return;
    };
    for name in entries.keys().filter(|name| !PARTS.contains(&&***name)) {
        found.push(format!("{place} has {name:?}, which no statement has: {}.", PARTS.join(", ")));
    }
    sid(kind, place, statement.get("Sid"), found);
    let effect = statement.get("Effect");
    if !effect.is_unknown() && !matches!(effect.as_str(), Some("Allow" | "Deny")) {
        found.push(format!("{place} needs Effect = \"Allow\" or Effect = \"Deny\"."));
    }
    if let Some(actions) = one_of(place, statement, "Action", found) {
        for action in strings(place, "Action", actions, found) {
            self::action(kind, place, action, found);
        }
    }
    resources(kind, place, statement, found);
    principals(kind, place, statement, found);
    conditions(place, statement.get("Condition"), found);
}

fn sid(kind: Kind, place: &str, sid: &Value, found: &mut Vec<String>) {
    if sid.is_null() || sid.is_unknown() {
        return;
    }
    let fits =
        |sid: &str| kind == Kind::Other || sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !sid.as_str().is_some_and(fits) {
        found.push(format!("{place} has a Sid of other characters than letters and digits."));
    }
}

/// What stands under a name or under its opposite, of which a statement has just one.
fn one_of<'a>(
    place: &str,
    statement: &'a Value,
    name: &str,
    found: &mut Vec<String>,
) -> Option<&'a Value> {
    let (one, other) = (statement.get(name), statement.get(&format!("Not{name}")));
    match (one.is_null(), other.is_null()) {
        (false, true) => return Some(one),
        (true, false) => return Some(other),
        (true, true) => found.push(format!("{place} needs {name} or Not{name}.")),
        (false, false) => {
            found.push(format!("{place} has {name} and Not{name}: leave one of them out."));
        }
    }
    None
}

/// The texts of a text or a list of some, as far as they are known.
fn strings<'a>(place: &str, name: &str, value: &'a Value, found: &mut Vec<String>) -> Vec<&'a str> {
    if value.is_unknown() {
        return Vec::new();
    }
    let values = many(value);
    if values.is_empty() {
        found.push(format!("{place} has an empty list as its {name}."));
    }
    let known: Vec<&Value> = values.into_iter().filter(|value| !value.is_unknown()).collect();
    let texts: Vec<&str> = known.iter().filter_map(|value| value.as_str()).collect();
    if texts.len() < known.len() {
        found.push(format!("{place} has something else than text in its {name}."));
    }
    texts
}

/// An action is `*`, or a service and an operation, in which patterns may stand.
fn action(kind: Kind, place: &str, action: &str, found: &mut Vec<String>) {
    let (service, operation) = match action.split_once(':') {
        _ if action == "*" => return,
        Some(parts) => parts,
        None => ("", action),
    };
    let is_service = service == "*"
        || !service.is_empty()
            && service.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let is_operation = !operation.is_empty()
        && operation.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*?".contains(&byte));
    if !(is_service && is_operation) {
        found.push(format!(
            "{place} has the action {action:?}, which is neither \"*\" nor like \"s3:GetObject\"."
        ));
    } else if kind == Kind::Trust && !service.eq_ignore_ascii_case("sts") {
        found.push(format!(
            "{place} has the action {action:?}: a trust policy is about those of sts alone, such \
             as \"sts:AssumeRole\"."
        ));
    }
}

fn resources(kind: Kind, place: &str, statement: &Value, found: &mut Vec<String>) {
    let is_there = |name: &str| !statement.get(name).is_null();
    match kind {
        Kind::Trust => {
            for name in ["Resource", "NotResource"].into_iter().filter(|name| is_there(name)) {
                found.push(format!(
                    "{place} has {name}: a trust policy is about its own role, so leave it out."
                ));
            }
        }
        Kind::Managed | Kind::Inline => {
            let Some(resources) = one_of(place, statement, "Resource", found) else { return };
            for resource in strings(place, "Resource", resources, found) {
                if resource != "*" && !resource.starts_with("arn:") {
                    found.push(format!(
                        "{place} has the resource {resource:?}, which is neither \"*\" nor an ARN."
                    ));
                }
            }
        }
        Kind::Other => {
            if is_there("Resource") && is_there("NotResource") {
                one_of(place, statement, "Resource", found);
            }
        }
    }
}

fn principals(kind: Kind, place: &str, statement: &Value, found: &mut Vec<String>) {
    let there = ["Principal", "NotPrincipal"].into_iter();
    let there: Vec<&str> = there.filter(|name| !statement.get(name).is_null()).collect();
    match there[..] {
        [] if kind == Kind::Trust => found.push(format!(
            "{place} needs a Principal: who may assume the role, such as \
             {{ Service = \"ec2.amazonaws.com\" }}."
        )),
        [] => {}
        [name, ..] if kind.is_permissions() => found.push(format!(
            "{place} has {name}: a policy of permissions is about whoever holds it, so leave it out."
        )),
        [name] => principal(place, name, statement.get(name), found),
        _ => {
            one_of(place, statement, "Principal", found);
        }
    }
}

fn principal(place: &str, name: &str, value: &Value, found: &mut Vec<String>) {
    if value.is_unknown() || value.as_str() == Some("*") {
        return;
    }
    let Some(kinds) = value.entries() else {
        found.push(format!(
            "{place} has a {name} that is neither \"*\" nor an object of {}.",
            PRINCIPALS.join(", "),
        ));
        return;
    };
    for (kind, value) in kinds.iter().filter(|(_, value)| !value.is_null()) {
        if !PRINCIPALS.contains(&kind.as_str()) {
            let known = PRINCIPALS.join(", ");
            found.push(format!("{place} has {kind:?} in its {name}, which takes {known}."));
        }
        for text in strings(place, name, value, found) {
            let is_service = text.contains('.') && !text.contains('/');
            let fits = match kind.as_str() {
                "AWS" => is_aws_principal(text),
                "Service" => is_service || text == "*",
                _ => !text.is_empty(),
            };
            if !fits {
                found.push(format!(
                    "{place} has {text:?} in its {name}, which is no {kind} principal."
                ));
            }
        }
    }
}

/// An account by its id, anything by an ARN or by a unique id, or everybody.
fn is_aws_principal(text: &str) -> bool {
    let is_unique_id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text == "*" || text.starts_with("arn:") || is_account_id(text) || is_unique_id
}

fn conditions(place: &str, conditions: &Value, found: &mut Vec<String>) {
    if conditions.is_null() || conditions.is_unknown() {
        return;
    }
    let Some(operators) = conditions.entries() else {
        found.push(format!("{place} has a Condition that is no object of operators."));
        return;
    };
    for (operator, keys) in operators.iter().filter(|(_, keys)| !keys.is_null()) {
        if !is_operator(operator) {
            found.push(format!(
                "{place} has the condition operator {operator:?}, which IAM does not know; one is \
                 \"StringEquals\"."
            ));
        }
        let Some(keys) = keys.entries() else {
            if !keys.is_unknown() {
                found.push(format!("{place} has no object of condition keys under {operator:?}."));
            }
            continue;
        };
        for (key, values) in keys {
            let is_plain =
                |it: &&Value| it.is_unknown() || it.entries().is_none() && it.elements().is_none();
            if !values.is_unknown() && !many(values).iter().all(is_plain) {
                found.push(format!("{place} has something else than values under {key:?}."));
            }
        }
    }
}

fn is_operator(name: &str) -> bool {
    let set = ["ForAllValues:", "ForAnyValue:"];
    let name = set.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let name = name.strip_suffix("IfExists").unwrap_or(name);
    OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

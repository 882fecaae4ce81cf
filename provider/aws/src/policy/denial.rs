//! Whether a policy certainly denies a request, by what is known of it. What cannot be told is taken to
//! let it pass.
//!
//! Source: IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators".

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// An action that stands for anything at all: only what denies everything denies it.
pub const ANYTHING: &str = "*:*";

/// What is known of a request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The action, such as `kms:CreateKey`.
    pub action: &'a str,
    /// The ARN of what it is for; none where that is not known.
    pub resource: Option<&'a str>,
    /// Its context.
    pub context: &'a Context,
}

/// Condition keys of a request: those that are known.
#[derive(Clone, Debug, Default)]
pub struct Context(BTreeMap<String, Option<String>>);

impl Context {
    /// Adds a key with its value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.insert(key.to_lowercase(), Some(value.into()));
        self
    }

    /// Adds a key that the request has not.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.0.insert(key.to_lowercase(), None);
        self
    }

    /// The value of a key: none where it is not known, and none in it where the request has no such key.
    fn get(&self, key: &str) -> Option<Option<&str>> {
        self.0.get(&key.to_lowercase()).map(Option::as_deref)
    }
}

/// A statement of a policy that certainly denies a request.
pub fn denial<'a>(
    policy: &'a Map<String, Json>,
    request: &Request<'_>,
) -> Option<&'a Map<String, Json>> {
    statements(policy)
        .into_iter()
        .find(|statement| effect(statement) == "Deny" && applies(statement, request) == Some(true))
}

/// Whether a statement of a policy may allow a request.
pub fn may_allow(policy: &Map<String, Json>, request: &Request<'_>) -> bool {
    statements(policy)
        .into_iter()
        .any(|statement| effect(statement) == "Allow" && applies(statement, request) != Some(false))
}

fn effect(statement: &Map<String, Json>) -> &str {
    statement.get("Effect").and_then(Json::as_str).unwrap_or_default()
}

/// Whether a statement is about a request; none where that cannot be told.
fn applies(statement: &Map<String, Json>, request: &Request<'_>) -> Option<bool> {
    all([
        Some(covers_action(statement, request.action)),
        covers_resource(statement, request.resource),
        conditions_hold(statement.get("Condition"), request.context),
    ])
}

fn covers_action(statement: &Map<String, Json>, action: &str) -> bool {
    let action = action.to_lowercase();
    let covers = |named: &[&str]| named.iter().any(|it| matches(&it.to_lowercase(), &action));
    match statement.get("NotAction") {
        // Something is left out, and so not everything is covered.
        Some(named) if action == ANYTHING => texts(Some(named)).is_empty(),
        Some(named) => !covers(&texts(Some(named))),
        None => covers(&texts(statement.get("Action"))),
    }
}

fn covers_resource(statement: &Map<String, Json>, resource: Option<&str>) -> Option<bool> {
    let covers = |named: &[&str]| match resource {
        _ if named.contains(&"*") => Some(true),
        _ if named.is_empty() => Some(false),
        Some(_) if named.iter().any(|it| has_variable(it)) => None,
        Some(resource) => Some(named.iter().any(|it| matches(it, resource))),
        None => None,
    };
    match statement.get("NotResource") {
        Some(named) => covers(&texts(Some(named))).map(|covers| !covers),
        None => covers(&texts(statement.get("Resource"))),
    }
}

/// Whether all conditions hold; none where that cannot be told.
fn conditions_hold(conditions: Option<&Json>, context: &Context) -> Option<bool> {
    let Some(operators) = conditions.and_then(Json::as_object) else { return Some(true) };
    let each = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| holds(operator, key, values, context))
    });
    all(each)
}

fn holds(operator: &str, key: &str, values: &Json, context: &Context) -> Option<bool> {
    let given = context.get(key)?;
    let operator = operator.to_lowercase();
    let (quantifier, operator) = operator.split_once(':').unwrap_or(("", &operator));
    let if_exists = operator.strip_suffix("ifexists");
    let operator = if_exists.unwrap_or(operator);
    let values = plain(values);
    if operator == "null" {
        let wants_absent = values.iter().any(|it| it == "true");
        return Some(given.is_none() == wants_absent);
    }
    let (operator, is_negated) = match operator.split_once("not") {
        Some((kind, rest)) => (format!("{kind}{rest}"), true),
        None => (operator.to_owned(), false),
    };
    let Some(given) = given else {
        return Some(if_exists.is_some() || is_negated || quantifier == "forallvalues");
    };
    if values.iter().any(|it| has_variable(it)) {
        return None;
    }
    let is_any = |same: fn(&str, &str) -> bool| values.iter().any(|value| same(value, given));
    let same = match operator.as_str() {
        "stringequals" => is_any(|value, given| value == given),
        "stringequalsignorecase" | "bool" => is_any(str::eq_ignore_ascii_case),
        "stringlike" | "arnlike" | "arnequals" => is_any(matches),
        _ => return None,
    };
    Some(same != is_negated)
}

/// Whether all of these hold; none where it cannot be told of one, and none fails.
fn all(each: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for holds in each {
        match holds {
            Some(false) => return Some(false),
            Some(true) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(true)
}

/// Whether a text has a variable of the policy language in it, which only the request can resolve.
fn has_variable(text: &str) -> bool {
    text.contains("${")
}

/// The statements of a policy.
pub fn statements(policy: &Map<String, Json>) -> Vec<&Map<String, Json>> {
    let statements = match policy.get("Statement") {
        Some(Json::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    statements.into_iter().filter_map(Json::as_object).collect()
}

/// The texts of an element that is a text or a list of them.
fn texts(element: Option<&Json>) -> Vec<&str> {
    match element {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values of a condition as texts: numbers and booleans may be written either way.
fn plain(values: &Json) -> Vec<String> {
    match values {
        Json::Array(list) => list.iter().flat_map(plain).collect(),
        Json::String(text) => vec![text.clone()],
        Json::Null | Json::Object(_) => Vec::new(),
        value => vec![value.to_string()],
    }
}

/// Whether a text matches a pattern with `*` and `?`.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut read) = (0, 0);
    // Where to go on when what follows the last `*` does not fit.
    let mut back: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                back = Some((at + 1, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == text.get(read) => {
                at += 1;
                read += 1;
            }
            _ => match back {
                Some((behind, from)) => {
                    (at, read) = (behind, from + 1);
                    back = Some((behind, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";

    fn context() -> Context {
        Context::default()
            .with("aws:PrincipalArn", ROLE)
            .with("aws:RequestedRegion", "eu-north-1")
            .with("aws:SecureTransport", "true")
            .without("aws:CalledVia")
    }

    fn policy(statement: Json) -> Map<String, Json> {
        Map::from_iter([("Statement".to_owned(), json!([statement]))])
    }

    fn check(statement: Json, action: &str, expected: bool) {
        let (policy, context) = (policy(statement), context());
        let request = Request { action, resource: None, context: &context };
        assert_eq!(denial(&policy, &request).is_some(), expected, "{policy:?} {action}");
    }

    fn deny(action: Json, condition: Json) -> Json {
        json!({"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition})
    }

    #[test]
    fn actions_are_covered_by_patterns() {
        for (action, expected) in [
            (json!("kms:CreateKey"), true),
            (json!(["s3:*", "KMS:create*"]), true),
            (json!("*"), true),
            (json!("kms:Create"), false),
        ] {
            check(deny(action, json!({})), "kms:CreateKey", expected);
        }
        let all_but =
            |action: &str| json!({"Effect": "Deny", "NotAction": action, "Resource": "*"});
        check(all_but("iam:*"), "kms:CreateKey", true);
        check(all_but("kms:*"), "kms:CreateKey", false);
        check(all_but("kms:*"), ANYTHING, false);
        check(deny(json!("*"), json!({})), ANYTHING, true);
        check(deny(json!("kms:*"), json!({})), ANYTHING, false);
    }

    #[test]
    fn conditions_count_as_far_as_they_are_known() {
        let outside = |operator: &str| json!({operator: {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}});
        for (condition, expected) in [
            (outside("StringNotEquals"), true),
            (outside("StringNotEqualsIfExists"), true),
            (outside("ForAnyValue:StringNotLike"), true),
            (outside("StringEquals"), false),
            (json!({"StringNotEquals": {"aws:RequestedRegion": "EU-NORTH-1"}}), true),
            (json!({"StringNotEqualsIgnoreCase": {"aws:RequestedRegion": "EU-NORTH-1"}}), false),
            (json!({"ArnNotLike": {"AWS:principalarn": "arn:aws:iam::*:role/deploy"}}), false),
            (json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/other"}}), true),
            (json!({"Bool": {"aws:SecureTransport": false}}), false),
            (json!({"Bool": {"aws:SecureTransport": "true"}}), true),
            (json!({"Null": {"aws:CalledVia": "true"}}), true),
            (json!({"Null": {"aws:PrincipalArn": true}}), false),
            (json!({"StringEquals": {"aws:CalledVia": "a"}}), false),
            (json!({"StringEqualsIfExists": {"aws:CalledVia": "a"}}), true),
            (json!({"StringNotEquals": {"aws:CalledVia": "a"}}), true),
            // What is not known may be an exception, and so may what only the request resolves.
            (json!({"Bool": {"ec2:Encrypted": "false"}}), false),
            (
                json!({"StringNotEquals": {"aws:RequestedRegion": "${aws:PrincipalTag/region}"}}),
                false,
            ),
            (json!({"StringEquals": {"ec2:Encrypted": "a", "aws:RequestedRegion": "b"}}), false),
            (json!({"IpAddress": {"aws:PrincipalArn": "10.0.0.0/8"}}), false),
        ] {
            check(deny(json!("*"), condition), "kms:CreateKey", expected);
        }
    }

    #[test]
    fn resources_count_where_they_are_known() {
        let context = context();
        for (element, resource, expected) in [
            (json!({"Resource": "*"}), None, true),
            (json!({"Resource": "arn:aws:kms:*:*:key/*"}), None, false),
            (json!({"Resource": "arn:aws:kms:*:*:key/*"}), Some("arn:aws:kms:a:1:key/2"), true),
            (json!({"Resource": "arn:aws:kms:*:*:key/*"}), Some("arn:aws:kms:a:1:alias/2"), false),
            (
                json!({"NotResource": "arn:aws:kms:*:*:key/*"}),
                Some("arn:aws:kms:a:1:alias/2"),
                true,
            ),
            (json!({"NotResource": "*"}), None, false),
            (json!({}), None, false),
        ] {
            let mut statement = json!({"Effect": "Deny", "Action": "*"});
            for (name, value) in element.as_object().unwrap() {
                statement[name] = value.clone();
            }
            let policy = policy(statement);
            let request = Request { action: "kms:DescribeKey", resource, context: &context };
            assert_eq!(denial(&policy, &request).is_some(), expected, "{element} {resource:?}");
        }
    }

    #[test]
    fn what_may_be_allowed_is_told_from_what_is_not() {
        let context = context();
        for (statement, expected) in [
            (json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), true),
            (json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}), false),
            (json!({"Effect": "Deny", "Action": "*", "Resource": "*"}), false),
            (
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "true"}}}),
                true,
            ),
        ] {
            let policy = policy(statement);
            let request = Request { action: "kms:CreateKey", resource: None, context: &context };
            assert_eq!(may_allow(&policy, &request), expected, "{policy:?}");
        }
    }

    #[test]
    fn patterns_match_as_iam_reads_them() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("*b*b", "aabab", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

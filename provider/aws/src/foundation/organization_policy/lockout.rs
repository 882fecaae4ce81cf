//! Whether a policy would shut out those who manage it: a statement that denies what they need, and
//! whose conditions certainly hold for them. What cannot be told is taken to be an exception.

use serde_json::{Map, Value as Json};

use super::content::{members, statements, texts};

/// What must stay allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need<'a> {
    /// Anything at all.
    Anything,
    /// This action on this resource.
    Action(&'a str, &'a str),
}

/// Whether a policy denies what is needed to each of these roles, by their ARNs. Without any, whether
/// it does so to everybody.
pub fn denies(content: &str, need: Need<'_>, roles: &[String]) -> bool {
    let Some(members) = members(content) else { return false };
    let for_one = |role: Option<&str>| {
        let mut statements = statements(&members).into_iter();
        statements.any(|statement| denies_to(statement, need, role))
    };
    match roles {
        [] => for_one(None),
        roles => roles.iter().all(|role| for_one(Some(role))),
    }
}

fn denies_to(statement: &Map<String, Json>, need: Need<'_>, role: Option<&str>) -> bool {
    statement.get("Effect").and_then(Json::as_str) == Some("Deny")
        && covers_action(statement, need)
        && covers_resource(statement, need)
        && conditions_hold(statement.get("Condition"), role)
}

fn covers_action(statement: &Map<String, Json>, need: Need<'_>) -> bool {
    let named = texts(statement.get("Action").or_else(|| statement.get("NotAction")));
    let includes = named.iter().any(|pattern| match need {
        Need::Anything => matches!(*pattern, "*" | "*:*"),
        Need::Action(action, _) => matches(pattern, action),
    });
    match statement.contains_key("NotAction") {
        true if need == Need::Anything => named.is_empty(),
        true => !includes,
        false => includes,
    }
}

fn covers_resource(statement: &Map<String, Json>, need: Need<'_>) -> bool {
    let named = texts(statement.get("Resource"));
    named.iter().any(|pattern| match need {
        Need::Action(_, resource) => matches(pattern, resource),
        Need::Anything => *pattern == "*",
    })
}

/// Whether all conditions certainly hold for a role; without one, whether there are none.
fn conditions_hold(conditions: Option<&Json>, role: Option<&str>) -> bool {
    let Some(operators) = conditions.and_then(Json::as_object) else { return true };
    let mut conditions = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator, key, texts(Some(values))))
    });
    conditions
        .all(|(operator, key, values)| role.is_some_and(|role| holds(operator, key, &values, role)))
}

fn holds(operator: &str, key: &str, values: &[&str], role: &str) -> bool {
    if !key.eq_ignore_ascii_case("aws:PrincipalArn") {
        return false;
    }
    let operator = operator.to_lowercase();
    let operator = operator.rsplit(':').next().unwrap_or_default();
    let operator = operator.strip_suffix("ifexists").unwrap_or(operator);
    let is_like = || values.iter().any(|pattern| matches(pattern, role));
    match operator {
        "stringlike" | "arnlike" | "arnequals" => is_like(),
        "stringnotlike" | "arnnotlike" | "arnnotequals" => !is_like(),
        "stringequals" => values.contains(&role),
        "stringnotequals" => !values.contains(&role),
        _ => false,
    }
}

/// Whether a text matches a pattern with `*` and `?`; the letter case of neither counts.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
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

    const ROLE: &str = "arn:aws:iam::111122223333:role/OrganizationAccountAccessRole";
    const DETACH: Need<'_> = Need::Action("organizations:DetachPolicy", "*");

    fn check(statement: Json, need: Need<'_>, roles: &[&str], expected: bool) {
        let content = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        assert_eq!(denies(&content, need, &roles), expected, "{content} {need:?} {roles:?}");
    }

    fn deny(action: &str) -> Json {
        json!({"Effect": "Deny", "Action": action, "Resource": "*"})
    }

    #[test]
    fn what_is_denied_to_everybody_is_denied_to_those_who_manage() {
        check(deny("*"), Need::Anything, &[ROLE], true);
        check(deny("*"), Need::Anything, &[], true);
        check(deny("ec2:*"), Need::Anything, &[ROLE], false);
        check(deny("organizations:*"), DETACH, &[], true);
        check(deny("organizations:LeaveOrganization"), DETACH, &[], false);
        check(deny("ORGANIZATIONS:De*"), DETACH, &[], true);
        check(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), DETACH, &[], false);
        let all_but =
            |action: &str| json!({"Effect": "Deny", "NotAction": action, "Resource": "*"});
        check(all_but("organizations:*"), DETACH, &[], false);
        check(all_but("iam:*"), DETACH, &[], true);
        check(all_but("iam:*"), Need::Anything, &[], false);
    }

    #[test]
    fn resources_count() {
        let assume = |resource: &str| json!({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": resource});
        let need = Need::Action("sts:AssumeRole", ROLE);
        check(assume("*"), need, &[], true);
        check(assume("arn:aws:iam::*:role/*"), need, &[], true);
        check(assume("arn:aws:iam::*:role/other"), need, &[], false);
    }

    #[test]
    fn an_exception_for_the_role_lets_it_in() {
        let with = |condition: Json| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition});
        for (condition, expected) in [
            (
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Organization*"}}),
                false,
            ),
            (json!({"ArnNotLike": {"AWS:principalarn": ["arn:aws:iam::*:role/other"]}}), true),
            (json!({"StringNotEqualsIfExists": {"aws:PrincipalArn": ROLE}}), false),
            (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}), false),
            (json!({"StringLike": {"aws:PrincipalArn": "*"}}), true),
            // Nobody can tell where its calls will go.
            (json!({"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}), false),
            (json!({}), true),
        ] {
            check(with(condition), Need::Anything, &[ROLE], expected);
        }
        check(
            with(json!({"ArnNotLike": {"aws:PrincipalArn": "*:role/Organization*"}})),
            Need::Anything,
            &[],
            false,
        );
        // One that is let in can manage it.
        let other = "arn:aws:iam::111122223333:role/other";
        check(
            with(json!({"ArnNotLike": {"aws:PrincipalArn": "*:role/other"}})),
            Need::Anything,
            &[ROLE, other],
            false,
        );
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
            ("S3:Get*", "s3:getobject", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

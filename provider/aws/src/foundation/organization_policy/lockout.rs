//! Whether a policy would shut out those who manage it: a statement that denies what they need, and
//! whose conditions certainly hold for them. What cannot be told is taken to be an exception.

use super::content::members;
use crate::policy::denial::{ANYTHING, Context, Request, denial};

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
    let Some(policy) = members(content) else { return false };
    let (action, resource) = match need {
        Need::Anything => (ANYTHING, None),
        Need::Action(action, resource) => (action, Some(resource)),
    };
    let to_one =
        |context: &Context| denial(&policy, &Request { action, resource, context }).is_some();
    match roles {
        [] => to_one(&Context::default()),
        roles => roles
            .iter()
            .all(|role| to_one(&Context::default().with("aws:PrincipalArn", role.as_str()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

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
}

//! A way from a service of the sandbox's own to the other services, on behalf of an account in a region.

use std::sync::Arc;

use serde_json::Value;

use crate::sandbox::record::wildcard;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};
use crate::sandbox::xml::Element;

/// The other services as an account sees them in a region.
#[derive(Clone)]
pub struct Neighbours<'a> {
    world: &'a Arc<World>,
    account: &'a str,
    region: &'a str,
}

impl<'a> Neighbours<'a> {
    /// Those of an account in a region.
    pub fn new(world: &'a Arc<World>, account: &'a str, region: &'a str) -> Self {
        Self { world, account, region }
    }

    /// Calls an operation of EC2.
    ///
    /// # Errors
    /// The service's error.
    pub async fn ec2(
        &self,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ServiceError> {
        let order = Order::new("ec2", self.account, self.region, operation);
        self.world.query(order, parameters).await
    }

    /// Calls an operation of a JSON service.
    ///
    /// # Errors
    /// The service's error.
    pub async fn json(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let order = Order::new(service, self.account, self.region, operation);
        self.world.json(order, input).await
    }

    /// Calls an operation of IAM in whatever account.
    ///
    /// # Errors
    /// The service's error.
    pub async fn iam(
        &self,
        account: &str,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ServiceError> {
        let order = Order::new("iam", account, self.region, operation);
        self.world.query(order, parameters).await
    }

    /// Whether a role exists and lets a service assume it.
    ///
    /// # Errors
    /// The service's error, other than that there is no such role.
    pub async fn role_trusts(&self, arn: &str, service: &str) -> Result<bool, ServiceError> {
        let Some((account, name)) = role_of(arn) else { return Ok(false) };
        let role = self.iam(account, "GetRole", &[("RoleName", name)]).await;
        let Some(role) = found(role)? else { return Ok(false) };
        let role = role.at("GetRoleResult/Role").cloned().unwrap_or_default();
        let policy = written(role.text_at("AssumeRolePolicyDocument"));
        Ok(role.text_at("Arn") == arn && trusts(&policy, service))
    }

    /// The ARNs of the managed policies that are attached to a role; none where there is no such role.
    ///
    /// # Errors
    /// The service's error, other than that.
    pub async fn attached_policies(&self, arn: &str) -> Result<Vec<String>, ServiceError> {
        let Some((account, name)) = role_of(arn) else { return Ok(Vec::new()) };
        let listed = self.iam(account, "ListAttachedRolePolicies", &[("RoleName", name)]).await;
        let listed = found(listed)?.unwrap_or_default();
        let listed = listed.items("ListAttachedRolePoliciesResult/AttachedPolicies").iter();
        Ok(listed.map(|policy| policy.text_at("PolicyArn").to_owned()).collect())
    }

    /// Whether a role's policies, its own and those attached to it, allow an action on a resource, whatever the
    /// conditions of the request.
    ///
    /// # Errors
    /// The service's error, other than that there is no such role.
    pub async fn role_may(
        &self,
        arn: &str,
        action: &str,
        resource: &str,
    ) -> Result<bool, ServiceError> {
        let Some((account, role)) = role_of(arn) else { return Ok(false) };
        let mut documents = Vec::new();
        let own = self.iam(account, "ListRolePolicies", &[("RoleName", role)]).await;
        let own = found(own)?.unwrap_or_default();
        for name in own.items("ListRolePoliciesResult/PolicyNames") {
            let parameters = [("RoleName", role), ("PolicyName", name.content.as_str())];
            let policy = self.iam(account, "GetRolePolicy", &parameters).await?;
            documents.push(policy.text_at("GetRolePolicyResult/PolicyDocument").to_owned());
        }
        for attached in self.attached_policies(arn).await? {
            let policy = self.iam(account, "GetPolicy", &[("PolicyArn", &attached)]).await?;
            let version = policy.text_at("GetPolicyResult/Policy/DefaultVersionId");
            let parameters = [("PolicyArn", attached.as_str()), ("VersionId", version)];
            let policy = self.iam(account, "GetPolicyVersion", &parameters).await?;
            let document = policy.text_at("GetPolicyVersionResult/PolicyVersion/Document");
            documents.push(document.to_owned());
        }
        Ok(documents.iter().any(|document| permits(&written(document), action, resource)))
    }
}

/// What IAM answers; none where it has no such thing.
fn found(answer: Result<Element, ServiceError>) -> Result<Option<Element>, ServiceError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code == "NoSuchEntity" => Ok(None),
        Err(error) => Err(error),
    }
}

/// A policy as IAM answers with it.
fn written(policy: &str) -> Value {
    let policy = percent_encoding::percent_decode_str(policy).decode_utf8_lossy();
    serde_json::from_str(&policy).unwrap_or_default()
}

/// The partition of a region, as it stands in ARNs.
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Account and name of a role's ARN.
pub fn role_of(arn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return None };
    Some((account, resource.strip_prefix("role/")?.rsplit('/').next()?))
}

/// Whether a trust policy lets a service assume the role.
fn trusts(policy: &Value, service: &str) -> bool {
    many(&policy["Statement"]).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && many(&statement["Action"]).iter().any(|action| action == "sts:AssumeRole")
            && many(&statement["Principal"]["Service"]).iter().any(|name| name == service)
    })
}

/// Whether a policy allows an action on a resource.
fn permits(policy: &Value, action: &str, resource: &str) -> bool {
    let covers = |patterns: &Value, text: &str| {
        many(patterns).iter().any(|pattern| wildcard(pattern.as_str().unwrap_or_default(), text))
    };
    let statements = many(&policy["Statement"]);
    let covering = |effect: &str| {
        statements.iter().any(|statement| {
            statement["Effect"] == effect
                && covers(&statement["Action"], action)
                && covers(&statement["Resource"], resource)
        })
    };
    covering("Allow") && !covering("Deny")
}

/// One value, or the values of a list.
fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

/// `Name.1`, `Name.2`, … with values.
pub fn numbered(name: &str, values: &[String]) -> Vec<(String, String)> {
    let numbers = 1..;
    numbers
        .zip(values)
        .map(|(number, value): (usize, _)| (format!("{name}.{number}"), value.clone()))
        .collect()
}

/// Pairs by reference, as calls take them.
pub fn pairs(owned: &[(String, String)]) -> Vec<(&str, &str)> {
    owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trust_is_in_the_policy() {
        let policy = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": ["eks.amazonaws.com"]},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }]});
        assert!(trusts(&policy, "eks.amazonaws.com") && !trusts(&policy, "ec2.amazonaws.com"));
        let single = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}});
        assert!(trusts(&single, "ec2.amazonaws.com"));
    }

    #[test]
    fn permissions_are_in_the_policy() {
        let rules = "arn:aws:events:*:111122223333:rule/a.*";
        let statement = |effect: &str, action: &str| json!({"Effect": effect, "Action": [action], "Resource": rules});
        let rule = "arn:aws:events:eu-central-1:111122223333:rule/a.b";
        for (statements, action, resource, expected) in [
            (vec![statement("Allow", "events:PutRule")], "events:PutRule", rule, true),
            (vec![statement("Allow", "events:*")], "events:PutRule", rule, true),
            (vec![statement("Allow", "events:PutRule")], "events:PutTargets", rule, false),
            (vec![statement("Allow", "*")], "events:PutRule", "arn:aws:events:::rule/b", false),
            (
                vec![statement("Allow", "*"), statement("Deny", "events:*")],
                "events:PutRule",
                rule,
                false,
            ),
            (Vec::new(), "events:PutRule", rule, false),
        ] {
            let policy = json!({"Statement": statements});
            assert_eq!(permits(&policy, action, resource), expected, "{policy} {action}");
        }
    }

    #[test]
    fn roles_are_read_from_arns() {
        assert_eq!(
            role_of("arn:aws:iam::111122223333:role/path/name"),
            Some(("111122223333", "name"))
        );
        assert_eq!(role_of("arn:aws:iam::111122223333:user/name"), None);
    }

    fn check(region: &str, expected: &str) {
        assert_eq!(partition(region), expected);
    }

    #[test]
    fn partitions_follow_the_region() {
        check("eu-central-1", "aws");
        check("cn-north-1", "aws-cn");
        check("us-gov-west-1", "aws-us-gov");
    }
}

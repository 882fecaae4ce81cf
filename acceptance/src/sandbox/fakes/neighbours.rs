//! A way from a service of the sandbox's own to the other services, on behalf of an account in a region.

use std::sync::Arc;

use serde_json::Value;

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
        let found = match self.iam(account, "GetRole", &[("RoleName", name)]).await {
            Ok(found) => found,
            Err(error) if error.code == "NoSuchEntity" => return Ok(false),
            Err(error) => return Err(error),
        };
        let role = found.at("GetRoleResult/Role").cloned().unwrap_or_default();
        let policy = role.text_at("AssumeRolePolicyDocument");
        let policy = percent_encoding::percent_decode_str(policy).decode_utf8_lossy();
        let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
        Ok(role.text_at("Arn") == arn && trusts(&policy, service))
    }
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
    let many = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    many(&policy["Statement"]).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && many(&statement["Action"]).iter().any(|action| action == "sts:AssumeRole")
            && many(&statement["Principal"]["Service"]).iter().any(|name| name == service)
    })
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

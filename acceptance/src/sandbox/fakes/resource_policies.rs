//! Whether a resource's policy lets a service do something, and what the policy of a bucket is.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use crate::sandbox::record::wildcard;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// What a service is about to do.
#[derive(Debug)]
pub struct Request<'a> {
    /// The service's principal.
    pub principal: &'a str,
    /// As `s3:PutObject`.
    pub action: &'a str,
    /// The ARN it is done to.
    pub resource: &'a str,
    /// The keys that conditions may ask for, with their values; names are compared without case.
    pub context: &'a [(&'a str, &'a str)],
}

/// Whether a policy allows a request and nothing in it denies it.
pub fn lets_in(policy: &Value, request: &Request<'_>) -> bool {
    let statements = many(&policy["Statement"]);
    let meets = |effect: &str| {
        statements
            .iter()
            .any(|statement| statement["Effect"] == effect && covers(statement, request))
    };
    meets("Allow") && !meets("Deny")
}

fn covers(statement: &Value, request: &Request<'_>) -> bool {
    let principal = &statement["Principal"];
    let is_meant = principal == "*"
        || many(&principal["AWS"]).iter().any(|name| **name == *"*")
        || many(&principal["Service"]).iter().any(|name| **name == *request.principal);
    let matches = |patterns: &Value, text: &str| {
        many(patterns).iter().any(|it| wildcard(it.as_str().unwrap_or_default(), text))
    };
    let action = request.action.to_lowercase();
    let is_action = many(&statement["Action"])
        .iter()
        .any(|it| wildcard(&it.as_str().unwrap_or_default().to_lowercase(), &action));
    is_meant
        && is_action
        && matches(&statement["Resource"], request.resource)
        && holds(&statement["Condition"], request.context)
}

/// Whether all conditions hold. What is not known here does not hold, so that nothing is let in by mistake.
fn holds(conditions: &Value, context: &[(&str, &str)]) -> bool {
    let operators = conditions.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, wanted)| (operator.as_str(), key, wanted))
        })
        .all(|(operator, key, wanted)| {
            let given = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
            let given = given.map(|(_, value)| *value);
            let any = |test: &dyn Fn(&str, &str) -> bool| {
                let wanted = many(wanted);
                let mut wanted = wanted.iter().map(|it| match it {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                given.is_some_and(|given| wanted.any(|wanted| test(&wanted, given)))
            };
            match operator {
                "StringEquals" => any(&|wanted, given| wanted == given),
                "StringLike" | "ArnLike" | "ArnEquals" => any(&wildcard),
                "StringNotEquals" => !any(&|wanted, given| wanted == given),
                "Bool" => any(&|wanted, given| wanted.eq_ignore_ascii_case(given)),
                "Null" => many(wanted).iter().any(|it| **it == *given.is_none().to_string()),
                _ => false,
            }
        })
}

/// One value, or the values of a list.
fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

/// The policy of a bucket in whatever account, null where it has none; nothing where there is no such bucket.
///
/// # Errors
/// Where the policy cannot be read.
pub async fn of_bucket(
    bucket: &str,
    own_account: &str,
    region: &str,
    world: &Arc<World>,
) -> Result<Option<Value>, ServiceError> {
    let own = std::iter::once(own_account.to_owned());
    let others = world.accounts.all().into_iter().map(|account| account.id);
    for account in own.chain(others.filter(|id| id != own_account)) {
        let order = Order::new("s3", &account, region, "GetBucketPolicy");
        let path = format!("/{bucket}?policy");
        match world.rest(order, Method::GET, &path, Vec::new()).await {
            Ok(reply) => {
                let bytes = reply.body.collect().await;
                let bytes = bytes.map_err(|error| ServiceError::internal(error.to_string()))?;
                let policy = serde_json::from_slice(&bytes);
                return policy.map(Some).map_err(|error| ServiceError::internal(error.to_string()));
            }
            Err(error) if error.code == "NoSuchBucketPolicy" => return Ok(Some(Value::Null)),
            Err(_) => {}
        }
    }
    Ok(None)
}

//! Parameter Store before LocalStack, which shows a parameter's policies in another shape than AWS, takes a tier for
//! what it is called, and lets an advanced parameter become a standard one.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::backend::Backend;
use super::call::{Call, Reply};
use super::emulator::Kind;
use super::wire::ServiceError;
use super::world::{Order, World};

/// How many characters the value of a standard parameter can have.
const LONGEST_STANDARD: usize = 4096;

/// The backend of Systems Manager.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Ssm)
}

#[derive(Debug)]
struct Ssm;

#[async_trait]
impl Backend for Ssm {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        match call.operation.as_str() {
            "PutParameter" => put(&call, world).await,
            "DescribeParameters" => {
                let order = Order::behind(Kind::LocalStack, &call, "DescribeParameters");
                let mut answer = world.json(order, &call.json()?).await?;
                for parameter in answer["Parameters"].as_array_mut().into_iter().flatten() {
                    show_policies(parameter);
                }
                Ok(Reply::json(&call, &answer))
            }
            _ => world.localstack.answer(call, world).await,
        }
    }
}

/// Puts the parameter into a tier as the service does (Systems Manager API reference, PutParameter).
async fn put(call: &Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
    let mut input: Value = call.json()?;
    let before = match input["Overwrite"].as_bool() {
        Some(true) => describe(call, world, &input["Name"]).await?,
        _ => Value::Null,
    };
    let keeps_policies = input["Policies"].is_null() && !list(&before["Policies"]).is_empty();
    if let Some(text) = input["Policies"].as_str() {
        input["Policies"] = stored(text)?.into();
    }
    let has_policies = keeps_policies || input["Policies"].as_str().is_some_and(|it| it != "[]");
    let length = input["Value"].as_str().map_or(0, |value| value.chars().count());
    let needs_advanced = has_policies || length > LONGEST_STANDARD;
    let was_advanced = before["Tier"] == "Advanced";
    let tier = match input["Tier"].as_str() {
        Some("Intelligent-Tiering") if needs_advanced || was_advanced => "Advanced",
        None if was_advanced => "Advanced",
        Some("Advanced") => "Advanced",
        _ => "Standard",
    };
    if tier == "Standard" && was_advanced {
        return Err(invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter \
             from the advanced-parameter tier to the standard-parameter tier.",
        ));
    }
    if tier == "Standard" && needs_advanced {
        return Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters and \
             no policies.",
        ));
    }
    if !before.is_null() && !input["Type"].is_null() && input["Type"] != before["Type"] {
        return Err(ServiceError::new(
            "HierarchyTypeMismatchException",
            "The type of a parameter can't be changed.",
        ));
    }
    input["Tier"] = tier.into();
    let order = Order::behind(Kind::LocalStack, call, "PutParameter");
    let mut answer = world.json(order, &input).await?;
    answer["Tier"] = tier.into();
    Ok(Reply::json(call, &answer))
}

async fn describe(call: &Call, world: &Arc<World>, name: &Value) -> Result<Value, ServiceError> {
    let filter = json!({"Key": "Name", "Option": "Equals", "Values": [name]});
    let order = Order::behind(Kind::LocalStack, call, "DescribeParameters");
    let answer = world.json(order, &json!({"ParameterFilters": [filter]})).await?;
    Ok(answer["Parameters"].get(0).cloned().unwrap_or_default())
}

/// Policies as LocalStack keeps them so that it shows their texts: a list of texts. An empty policy takes all away.
fn stored(text: &str) -> Result<String, ServiceError> {
    let policies: Vec<Value> =
        serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    let is_policy = |policy: &&Value| policy.as_object().is_some_and(|it| !it.is_empty());
    let texts = policies.iter().filter(is_policy).map(|policy| policy.to_string().into());
    Ok(Value::Array(texts.collect()).to_string())
}

/// LocalStack gives the text for the type, too.
fn show_policies(parameter: &mut Value) {
    for policy in parameter["Policies"].as_array_mut().into_iter().flatten() {
        let text = policy["PolicyText"].as_str().unwrap_or_default();
        let parsed: Value = serde_json::from_str(text).unwrap_or_default();
        *policy = json!({
            "PolicyText": text,
            "PolicyType": parsed["Type"],
            "PolicyStatus": "Pending",
        });
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

//! What of the organization, as moto has it, decides about policies and administrators.

use std::sync::Arc;

use serde_json::{Value, json};

use super::all;
use super::policies::{Surroundings, is_of_aws, violated};
use crate::sandbox::call::Call;
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// What a call about policies depends on.
///
/// # Errors
/// Where there is no organization.
pub async fn surroundings(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<Surroundings, ServiceError> {
    let order = Order::behind(Kind::Moto, call, "DescribeOrganization");
    let organization = world.json(order, &json!({})).await?["Organization"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let roots = all(call, world, "ListRoots", "Roots", json!({})).await?;
    let types = roots.iter().flat_map(|root| root["PolicyTypes"].as_array().into_iter().flatten());
    let enabled = types.filter(|it| it["Status"] == "ENABLED").map(|it| text(&it["Type"]));
    let target = match input["TargetId"].as_str() {
        Some(id) => target(call, id, world).await,
        None => None,
    };
    let is_of_everything = call.operation == "ListTargetsForPolicy"
        && input["PolicyId"].as_str().is_some_and(is_of_aws);
    let everything = match is_of_everything {
        true => everything(call, &roots, world).await?,
        false => Vec::new(),
    };
    Ok(Surroundings {
        organization: text(&organization["Id"]),
        management: text(&organization["MasterAccountId"]),
        enabled: enabled.collect(),
        target,
        everything,
    })
}

/// Root, units and accounts, as lists of targets show them.
async fn everything(
    call: &Call,
    roots: &[Value],
    world: &Arc<World>,
) -> Result<Vec<Value>, ServiceError> {
    let mut found: Vec<Value> = roots.iter().map(|root| summary(root, "ROOT")).collect();
    let mut parents: Vec<Value> = roots.iter().map(|root| root["Id"].clone()).collect();
    while let Some(parent) = parents.pop() {
        let list = "ListOrganizationalUnitsForParent";
        let input = json!({"ParentId": parent});
        let units = all(call, world, list, "OrganizationalUnits", input).await?;
        found.extend(units.iter().map(|unit| summary(unit, "ORGANIZATIONAL_UNIT")));
        parents.extend(units.into_iter().map(|unit| unit["Id"].clone()));
    }
    let accounts = all(call, world, "ListAccounts", "Accounts", json!({})).await?;
    found.extend(accounts.iter().map(|account| summary(account, "ACCOUNT")));
    Ok(found)
}

fn summary(found: &Value, kind: &str) -> Value {
    json!({"TargetId": found["Id"], "Arn": found["Arn"], "Name": found["Name"], "Type": kind})
}

/// A root, unit or account, as lists of targets show it.
async fn target(call: &Call, id: &str, world: &Arc<World>) -> Option<Value> {
    let (kind, found) = if id.starts_with("r-") {
        let roots = all(call, world, "ListRoots", "Roots", json!({})).await.ok()?;
        ("ROOT", roots.into_iter().find(|root| root["Id"] == id)?)
    } else if id.starts_with("ou-") {
        let order = Order::behind(Kind::Moto, call, "DescribeOrganizationalUnit");
        let unit = world.json(order, &json!({"OrganizationalUnitId": id})).await.ok()?;
        ("ORGANIZATIONAL_UNIT", unit["OrganizationalUnit"].clone())
    } else {
        let order = Order::behind(Kind::Moto, call, "DescribeAccount");
        let account = world.json(order, &json!({"AccountId": id})).await.ok()?;
        ("ACCOUNT", account["Account"].clone())
    };
    Some(summary(&found, kind))
}

/// Checks that an account can administer a service: the service has access, and the account is active.
///
/// # Errors
/// `ConstraintViolationException`.
pub async fn can_administer(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let list = "ListAWSServiceAccessForOrganization";
    let services = all(call, world, list, "EnabledServicePrincipals", json!({})).await?;
    if !services.iter().any(|it| it["ServicePrincipal"] == input["ServicePrincipal"]) {
        let message = "You must first enable service access for the specified service.";
        return Err(violated("SERVICE_ACCESS_NOT_ENABLED", message));
    }
    let order = Order::behind(Kind::Moto, call, "DescribeAccount");
    let account = world.json(order, &json!({"AccountId": input["AccountId"]})).await?;
    if account["Account"]["Status"] == "SUSPENDED" {
        let message = "You cannot register a suspended account.";
        let reason = "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR";
        return Err(violated(reason, message));
    }
    Ok(())
}

//! Grants before LocalStack, which takes every grant of a name for the same, whatever it allows, looks
//! for no principal, knows neither services as principals nor the constraint of a source, allows what
//! the key cannot do, and shows a grant on any key.
//!
//! Follows CreateGrant and ListGrants of the AWS KMS API reference. So that LocalStack keeps grants
//! apart that differ, it knows each by its name and, behind a blank, which no name has, by what else
//! it was asked for.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sandbox::call::{Call, Reply};
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};
use crate::sandbox::xml::Element;

/// The operations that are answered here.
pub const OPERATIONS: [&str; 3] = ["CreateGrant", "ListGrants", "ListRetirableGrants"];
/// How long a name can be.
const LONGEST_NAME: usize = 256;
/// What says who a grant is for, for principals of IAM and for services.
const PRINCIPALS: [(&str, &str); 2] = [
    ("GranteePrincipal", "GranteeServicePrincipal"),
    ("RetiringPrincipal", "RetiringServicePrincipal"),
];
/// What keys can do of what not every key can, by their use.
const USES: [(&str, &[&str]); 5] = [
    ("SIGN_VERIFY", &["GetPublicKey", "Sign", "Verify"]),
    ("KEY_AGREEMENT", &["DeriveSharedSecret", "GetPublicKey"]),
    ("ENCAPSULATE_DECAPSULATE", &["Decapsulate", "Encapsulate", "GetPublicKey"]),
    ("GENERATE_VERIFY_MAC", &["GenerateMac", "VerifyMac"]),
    ("ENCRYPT_DECRYPT", &["Decrypt", "Encrypt", "GetPublicKey", "ReEncryptFrom", "ReEncryptTo"]),
];
/// What every key can do.
const OF_ALL: [&str; 3] = ["CreateGrant", "DescribeKey", "RetireGrant"];

/// Answers a call on grants.
///
/// # Errors
/// As KMS refuses it.
pub async fn answer(call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
    let mut input: Value = call.json()?;
    if call.operation == "CreateGrant" {
        check_form(&input)?;
        check_operations(&call, &input, world).await?;
        check_principals(&call, &input, world).await?;
        input = kept(input);
    }
    let order = Order::behind(Kind::LocalStack, &call, &call.operation);
    let mut output = world.json(order, &input).await?;
    if let Some(grants) = output["Grants"].as_array_mut() {
        grants.iter_mut().for_each(show);
        if input["GrantId"].is_string() {
            grants.retain(|grant| key_id(&grant["KeyId"]) == key_id(&input["KeyId"]));
            if grants.is_empty() {
                return Err(ServiceError::new("InvalidGrantIdException", "no such grant"));
            }
        }
    }
    Ok(Reply::json(&call, &output))
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

/// The id of a key that is named by it or by its ARN.
fn key_id(key: &Value) -> &str {
    let key = key.as_str().unwrap_or_default();
    key.rsplit('/').next().unwrap_or(key)
}

/// What can be told from a request for a grant alone.
fn check_form(input: &Value) -> Result<(), ServiceError> {
    if let Some(name) = input["Name"].as_str() {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || ":/_-".contains(letter);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) {
            return Err(invalid(format!("{name:?} is not the name of a grant")));
        }
    }
    for (principal, service) in PRINCIPALS {
        if input[principal].is_string() && input[service].is_string() {
            return Err(invalid(format!("{principal} and {service} exclude each other")));
        }
    }
    let [grantee, retiring] = PRINCIPALS;
    let has = |names: (&str, &str)| input[names.0].is_string() || input[names.1].is_string();
    if !has(grantee) {
        return Err(invalid("a grant has a grantee"));
    }
    let constraints = &input["Constraints"];
    if input[grantee.1].is_string() && !(has(retiring) && constraints["SourceArn"].is_string()) {
        return Err(invalid("a grant to a service has a SourceArn and a retiring principal"));
    }
    let contexts = ["EncryptionContextEquals", "EncryptionContextSubset"];
    if contexts.iter().all(|name| constraints[*name].is_object()) {
        return Err(invalid(format!("{} exclude each other", contexts.join(" and "))));
    }
    Ok(())
}

/// Refuses what the key cannot do.
async fn check_operations(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let order = Order::behind(Kind::LocalStack, call, "DescribeKey");
    let described = world.json(order, &json!({ "KeyId": input["KeyId"] })).await?;
    let key = &described["KeyMetadata"];
    // A key that encrypts and has no public half makes data keys, too.
    let is_symmetric = key["KeySpec"] == "SYMMETRIC_DEFAULT";
    let of_use = USES.iter().find(|(name, _)| key["KeyUsage"] == *name);
    let of_use = of_use.map_or(&[][..], |(_, operations)| operations);
    let constraints = &input["Constraints"];
    let has_context = constraints["EncryptionContextEquals"].is_object()
        || constraints["EncryptionContextSubset"].is_object();
    for operation in input["Operations"].as_array().into_iter().flatten() {
        let name = operation.as_str().unwrap_or_default();
        let fits = match is_symmetric {
            true => {
                name.starts_with("GenerateDataKey")
                    || (of_use.contains(&name) && name != "GetPublicKey")
            }
            false => of_use.contains(&name) && !has_context,
        };
        if !fits && !OF_ALL.contains(&name) {
            return Err(invalid(format!("the key cannot {name} as the grant says")));
        }
    }
    Ok(())
}

/// Refuses roles and users that IAM does not know.
async fn check_principals(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    for arn in PRINCIPALS.iter().filter_map(|(principal, _)| input[*principal].as_str()) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, "iam", _, account, resource] = parts[..] else { continue };
        let Some((kind, path)) = resource.split_once('/') else { continue };
        let (operation, parameter) = match kind {
            "role" => ("GetRole", "RoleName"),
            "user" => ("GetUser", "UserName"),
            _ => continue,
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let order = Order::new("iam", account, &call.region, operation);
        let known = world.query(order, &[(parameter, name)]).await;
        let is_known =
            |found: &Element| found.find("Arn").is_some_and(|known| known.content == arn);
        if !known.is_ok_and(|found| is_known(&found)) {
            let message = format!("ARN does not refer to a valid principal: {arn}");
            return Err(ServiceError::new("InvalidArnException", message));
        }
    }
    Ok(())
}

/// A request for a grant as LocalStack is given it.
fn kept(mut input: Value) -> Value {
    for (principal, service) in PRINCIPALS {
        if input[principal].is_null() && input[service].is_string() {
            input[principal] = input[service].clone();
        }
    }
    if let Some(name) = input["Name"].as_str().map(str::to_owned) {
        let mut rest = input.clone();
        if let Some(members) = rest.as_object_mut() {
            members
                .retain(|member, _| !matches!(member.as_str(), "Name" | "KeyId" | "GrantTokens"));
        }
        if let Some(operations) = rest["Operations"].as_array_mut() {
            operations.sort_by_key(Value::to_string);
        }
        input["Name"] = format!("{name} {rest}").into();
    }
    input
}

/// Shows a grant of LocalStack as KMS does, with what LocalStack has dropped.
fn show(grant: &mut Value) {
    if let Some((name, rest)) = grant["Name"].as_str().and_then(|kept| kept.split_once(' ')) {
        let (name, rest) = (name.to_owned(), serde_json::from_str::<Value>(rest));
        grant["Name"] = name.into();
        if let Ok(Value::Object(rest)) = rest {
            rest.into_iter().for_each(|(member, value)| grant[member] = value);
        }
    }
    for (principal, service) in PRINCIPALS {
        let is_service = grant[principal].as_str().is_some_and(|it| !it.starts_with("arn:"));
        if is_service {
            grant[service] = grant[principal].clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_that_differ_are_kept_apart() {
        let grant = |name: &str, operations: &[&str]| json!({"KeyId": "k", "Name": name, "GranteePrincipal": "arn:a", "Operations": operations});
        let name = |input: Value| kept(input)["Name"].clone();
        let one = name(grant("a", &["Decrypt", "Encrypt"]));
        assert_eq!(one, name(grant("a", &["Encrypt", "Decrypt"])));
        assert_ne!(one, name(grant("a", &["Decrypt"])));
        let mut shown = json!({"Name": one, "GranteePrincipal": "arn:a"});
        show(&mut shown);
        let all = json!(["Decrypt", "Encrypt"]);
        assert_eq!(shown, json!({"Name": "a", "GranteePrincipal": "arn:a", "Operations": all}));
    }

    #[test]
    fn services_are_principals() {
        let service = "dynamodb.amazonaws.com";
        let mut shown = kept(json!({"GranteeServicePrincipal": service}));
        assert_eq!(shown["GranteePrincipal"], service);
        shown["GranteeServicePrincipal"] = Value::Null;
        show(&mut shown);
        assert_eq!(shown["GranteeServicePrincipal"], service);
    }

    #[test]
    fn a_request_is_checked() {
        let check = |changed: Value, fits: bool| {
            let mut input = json!({"Name": "a", "GranteePrincipal": "arn:a"});
            for (name, value) in changed.as_object().unwrap() {
                input[name] = value.clone();
            }
            assert_eq!(check_form(&input).is_ok(), fits, "{input}");
        };
        check(json!({}), true);
        check(json!({"Name": "a b"}), false);
        check(json!({"GranteePrincipal": null}), false);
        check(json!({"GranteeServicePrincipal": "s.amazonaws.com"}), false);
        let context = json!({"a": "b"});
        let both = json!({"EncryptionContextEquals": context, "EncryptionContextSubset": context});
        check(json!({ "Constraints": both }), false);
        let mut service = json!({
            "GranteePrincipal": null,
            "GranteeServicePrincipal": "s.amazonaws.com",
            "RetiringPrincipal": "arn:a",
        });
        check(service.clone(), false);
        service["Constraints"] = json!({"SourceArn": "arn:b"});
        check(service, true);
    }
}

//! IAM before LocalStack: keys it makes become keys of the gateway, what EC2 looks up is repeated to moto, a policy
//! goes only without its older versions, and conditions may have values that are no texts.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::accounts::Credentials;
use super::backend::Backend;
use super::call::{Body, Call, Reply};
use super::emulator::Kind;
use super::form::Form;
use super::wire::ServiceError;
use super::world::{Order, World};
use super::xml::Element;

/// What EC2, its scaling groups and Lambda in moto refer to, with the parameters that matter there.
const REPEATED: [(&str, &[&str]); 6] = [
    ("CreateRole", &["RoleName", "Path", "AssumeRolePolicyDocument"]),
    ("DeleteRole", &["RoleName"]),
    ("CreateInstanceProfile", &["InstanceProfileName", "Path"]),
    ("DeleteInstanceProfile", &["InstanceProfileName"]),
    ("AddRoleToInstanceProfile", &["InstanceProfileName", "RoleName"]),
    ("RemoveRoleFromInstanceProfile", &["InstanceProfileName", "RoleName"]),
];

/// The parameters that are policies.
const POLICIES: [&str; 2] = ["PolicyDocument", "AssumeRolePolicyDocument"];

/// The backend of IAM.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Iam)
}

#[derive(Debug)]
struct Iam;

#[async_trait]
impl Backend for Iam {
    async fn answer(&self, mut call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let (operation, mut form) = (call.operation.clone(), call.form());
        if in_texts(&mut form) {
            call.set_form(&form);
        }
        let (account, region) = (call.account().to_owned(), call.region.clone());
        if operation == "DeletePolicy" {
            refuse_versions(&form, &account, &region, world).await?;
        }
        let reply = world.localstack.answer(call, world).await?;
        if !reply.status.is_success() {
            return Ok(reply);
        }
        match operation.as_str() {
            "CreateAccessKey" => learn(&reply, &account, &region, world).await,
            "DeleteAccessKey" => {
                world.accounts.forget_key(form.get("AccessKeyId").unwrap_or_default());
            }
            "UpdateAccessKey" => {
                let key = form.get("AccessKeyId").unwrap_or_default();
                world.accounts.set_key_active(key, form.get("Status") == Some("Active"));
            }
            _ => repeat(&operation, &form, &account, &region, world).await,
        }
        Ok(reply)
    }
}

/// Has conditions compare with texts where a policy writes numbers and truths, which LocalStack does not take; whether
/// there are any.
fn in_texts(form: &mut Form) -> bool {
    let mut found = false;
    for (_, text) in form.0.iter_mut().filter(|(name, _)| POLICIES.contains(&name.as_str())) {
        let Ok(mut policy) = serde_json::from_str::<Value>(text) else { continue };
        let statements = match &mut policy["Statement"] {
            Value::Array(statements) => statements.iter_mut().collect(),
            statement => vec![statement],
        };
        let conditions = statements.into_iter().filter_map(|it| it.get_mut("Condition"));
        let operators = conditions.filter_map(Value::as_object_mut).flat_map(|it| it.values_mut());
        let keys = operators.filter_map(Value::as_object_mut).flat_map(|it| it.values_mut());
        for value in keys.filter(|value| value.is_boolean() || value.is_number()) {
            *value = value.to_string().into();
            found = true;
        }
        if found {
            *text = policy.to_string();
        }
    }
    found
}

/// Refuses to delete a policy that has more than the version in force, as LocalStack does not.
async fn refuse_versions(
    form: &Form,
    account: &str,
    region: &str,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let order = Order {
        emulator: Some(Kind::LocalStack),
        ..Order::new("iam", account, region, "ListPolicyVersions")
    };
    let arn = form.get("PolicyArn").unwrap_or_default();
    // What cannot be listed is told by the deletion itself.
    let Ok(listed) = world.query(order, &[("PolicyArn", arn)]).await else { return Ok(()) };
    if listed.find("Versions").is_some_and(|versions| versions.children.len() > 1) {
        let message = "This policy has more than one version. Before you delete a policy, you must \
                       delete the policy's versions. The default version is deleted with the policy.";
        return Err(ServiceError::new("DeleteConflict", message).with_status(409));
    }
    Ok(())
}

async fn learn(reply: &Reply, account: &str, region: &str, world: &Arc<World>) {
    let Body::Whole(body) = &reply.body else { return };
    let Ok(root) = Element::parse(&String::from_utf8_lossy(body)) else { return };
    let Some(key) = root.find("AccessKey") else { return };
    let credentials = Credentials {
        access_key_id: key.text_at("AccessKeyId").to_owned(),
        secret_access_key: key.text_at("SecretAccessKey").to_owned(),
        session_token: None,
        expiration: None,
    };
    let name = key.text_at("UserName");
    let order =
        Order { emulator: Some(Kind::LocalStack), ..Order::new("iam", account, region, "GetUser") };
    match world.query(order, &[("UserName", name)]).await {
        Ok(user) => {
            let id = user.text_at("GetUserResult/User/UserId");
            world.accounts.learn_key(account, name, id, credentials);
        }
        Err(error) => tracing::warn!("failed to look up the user {name} of a key: {error}"),
    }
}

async fn repeat(operation: &str, form: &Form, account: &str, region: &str, world: &Arc<World>) {
    let Some((_, names)) = REPEATED.iter().find(|(name, _)| *name == operation) else { return };
    let parameters: Vec<(&str, &str)> =
        names.iter().filter_map(|name| Some((*name, form.get(name)?))).collect();
    let order =
        Order { emulator: Some(Kind::Moto), ..Order::new("iam", account, region, operation) };
    if let Err(error) = world.query(order, &parameters).await {
        tracing::warn!("failed to repeat {operation} to moto: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_compare_with_texts() {
        let policy = r#"{"Statement":{"Condition":{"Bool":{"aws:SecureTransport":false}}}}"#;
        let mut form = Form::of([("PolicyName", "tls"), ("PolicyDocument", policy)]);
        assert!(in_texts(&mut form));
        assert_eq!(
            form.get("PolicyDocument"),
            Some(r#"{"Statement":{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#)
        );
        assert!(!in_texts(&mut form));
    }
}

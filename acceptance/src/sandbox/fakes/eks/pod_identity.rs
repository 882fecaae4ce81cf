//! Pod Identity associations.
//!
//! Follows "Learn how EKS Pod Identity grants pods access to AWS services" of the EKS User Guide.

use serde_json::{Value, json};

use super::clusters::with_token;
use super::state::{Cluster, Key};
use super::versions::paged;
use super::{Context, errors};
use crate::sandbox::fakes::neighbours::role_of;
use crate::sandbox::wire::ServiceError;

/// Who assumes the role of an association.
const SERVICE: &str = "pods.eks.amazonaws.com";

/// `CreatePodIdentityAssociation`.
pub async fn create(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    check_policy(context)?;
    check_role(context, input.text("roleArn")).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&key)?;
    let place = (input.text("namespace"), input.text("serviceAccount"));
    let beside = cluster
        .associations
        .values()
        .find(|shape| shape["namespace"] == place.0 && shape["serviceAccount"] == place.1);
    if let Some(shape) = beside {
        return Err(errors::in_use(format!(
            "Association already exists: {}",
            shape["associationId"].as_str().unwrap_or_default()
        ))
        .with_member("clusterName", key.name));
    }
    let shape = insert(cluster, &key, place, input.text("roleArn"), context.now());
    for member in ["tags", "disableSessionTags", "targetRoleArn", "policy"] {
        if input.has(member) {
            shape[member] = input.value(member).clone();
        }
    }
    add_external_id(shape);
    Ok(json!({"association": shape}))
}

/// Adds an association and returns its shape.
pub fn insert<'a>(
    cluster: &'a mut Cluster,
    key: &Key,
    (namespace, service_account): (&str, &str),
    role: &str,
    now: f64,
) -> &'a mut Value {
    let id = format!("a-{}", &uuid::Uuid::new_v4().simple().to_string()[..17]);
    let resource = format!("podidentityassociation/{}/{id}", key.name);
    let shape = json!({
        "clusterName": key.name,
        "namespace": namespace,
        "serviceAccount": service_account,
        "roleArn": role,
        "associationArn": key.arn(&resource),
        "associationId": id,
        "tags": {},
        "createdAt": now,
        "modifiedAt": now,
        "disableSessionTags": false,
    });
    cluster.associations.entry(id).insert_entry(shape).into_mut()
}

/// A target role is assumed with an external id that names the cluster and the service account.
fn add_external_id(shape: &mut Value) {
    if shape["targetRoleArn"].is_string() && !shape["externalId"].is_string() {
        shape["externalId"] = uuid::Uuid::new_v4().to_string().into();
    }
}

/// Checks that a role can be assumed by pods.
///
/// # Errors
/// `InvalidParameterException`.
pub async fn check_role(context: &Context<'_>, role: &str) -> Result<(), ServiceError> {
    let account = role_of(role).map(|(account, _)| account);
    if account != Some(context.caller.account.as_str()) {
        return Err(errors::parameter(format!(
            "The role {role} must be an IAM role of the account {}",
            context.caller.account
        )));
    }
    if context.neighbours().role_trusts(role, SERVICE).await? {
        return Ok(());
    }
    Err(errors::parameter(format!(
        "Trust policy of role {role} is not valid: it must allow {SERVICE} sts:AssumeRole and sts:TagSession"
    )))
}

fn check_policy(context: &Context<'_>) -> Result<(), ServiceError> {
    let Some(policy) = context.input.optional_text("policy") else { return Ok(()) };
    if serde_json::from_str::<Value>(policy).is_err() {
        return Err(errors::parameter("The policy is not valid JSON"));
    }
    if context.input.flag("disableSessionTags") != Some(true) {
        return Err(errors::parameter(
            "disableSessionTags must be true where a policy is specified",
        ));
    }
    Ok(())
}

fn find<'a>(cluster: &'a mut Cluster, id: &str) -> Result<&'a mut Value, ServiceError> {
    let message = format!("No pod identity association found for ID: {id}");
    cluster.associations.get_mut(id).ok_or_else(|| errors::not_found(message))
}

/// `DescribePodIdentityAssociation`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    Ok(json!({"association": find(cluster, context.input.text("associationId"))?}))
}

/// `ListPodIdentityAssociations`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    const SUMMARY: [&str; 6] = [
        "clusterName",
        "namespace",
        "serviceAccount",
        "associationArn",
        "associationId",
        "ownerArn",
    ];
    let input = &context.input;
    let admits = |shape: &Value, member: &str| {
        input.optional_text(member).is_none_or(|wanted| shape[member] == wanted)
    };
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let chosen = cluster
        .associations
        .values()
        .filter(|shape| admits(shape, "namespace") && admits(shape, "serviceAccount"));
    let summaries: Vec<Value> = chosen
        .map(|shape| {
            let members = SUMMARY.iter().filter(|member| !shape[**member].is_null());
            members.map(|member| ((*member).to_owned(), shape[*member].clone())).collect()
        })
        .collect();
    let (summaries, next) = paged(summaries, input)?;
    Ok(with_token(json!({"associations": summaries}), next))
}

/// `UpdatePodIdentityAssociation`.
pub async fn update(context: &Context<'_>) -> Result<Value, ServiceError> {
    let input = &context.input;
    check_policy(context)?;
    if let Some(role) = input.optional_text("roleArn") {
        check_role(context, role).await?;
    }
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&context.key())?;
    let shape = find(cluster, input.text("associationId"))?;
    refuse_owned(shape)?;
    for member in ["roleArn", "disableSessionTags", "targetRoleArn", "policy"] {
        if input.has(member) {
            shape[member] = input.value(member).clone();
        }
    }
    add_external_id(shape);
    shape["modifiedAt"] = context.now().into();
    Ok(json!({"association": shape}))
}

/// `DeletePodIdentityAssociation`.
pub async fn delete(context: &Context<'_>) -> Result<Value, ServiceError> {
    let id = context.input.text("associationId");
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&context.key())?;
    refuse_owned(find(cluster, id)?)?;
    let shape = cluster.associations.remove(id);
    Ok(json!({"association": shape}))
}

/// What belongs to an add-on is changed through the add-on.
fn refuse_owned(shape: &Value) -> Result<(), ServiceError> {
    match shape["ownerArn"].as_str() {
        Some(owner) => Err(errors::request(format!("The association is owned by {owner}"))),
        None => Ok(()),
    }
}

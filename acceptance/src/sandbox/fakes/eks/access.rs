//! Access entries and their access policies.
//!
//! Follows "Grant IAM users access to Kubernetes with EKS access entries" of the EKS User Guide.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::clusters::with_token;
use super::state::{AccessEntry, Cluster, Key, State};
use super::versions::paged;
use super::{Context, access_policies, errors};
use crate::sandbox::fakes::input::texts;
use crate::sandbox::fakes::neighbours::{partition, role_of};
use crate::sandbox::wire::ServiceError;

/// Starts of names that belong to Kubernetes and AWS.
const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// How many access entries a cluster may have.
const MOST_ENTRIES: usize = 1000;

/// The entries that come with a cluster: EKS's own, and the creator's where it is to be administrator.
pub fn bootstrap(cluster: &mut Cluster, creator: Option<&str>, now: f64) {
    let key = cluster.key.clone();
    let partition = partition(&key.region);
    let service = format!(
        "arn:{partition}:iam::{}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
        key.account
    );
    let mut entry = new(&key, &service, "STANDARD", now);
    for name in ["AmazonEKSClusterInsightsPolicy", "AmazonEKSEventPolicy"] {
        associate_with(&mut entry, &access_policies::arn(partition, name), everywhere(), now);
    }
    cluster.access.insert(service, entry);
    if let Some(creator) = creator {
        let mut entry = new(&key, creator, "STANDARD", now);
        let policy = access_policies::arn(partition, "AmazonEKSClusterAdminPolicy");
        associate_with(&mut entry, &policy, everywhere(), now);
        cluster.access.insert(creator.to_owned(), entry);
    }
}

/// The entry that EKS makes for the role of a node group's nodes.
pub fn admit_nodes(cluster: &mut Cluster, role: &str, now: f64) {
    if cluster.shape["accessConfig"]["authenticationMode"] != "CONFIG_MAP" {
        let entry = new(&cluster.key, role, "EC2_LINUX", now);
        cluster.access.entry(role.to_owned()).or_insert(entry);
    }
}

/// Takes that entry back with the last node group that needs it.
pub fn dismiss_nodes(cluster: &mut Cluster, role: &str) {
    let mut stay = cluster.nodegroups.values().filter(|group| group.deletion.is_none());
    let needed = stay.any(|group| group.shape["nodeRole"] == role);
    let own = cluster.access.get(role).is_some_and(|entry| entry.shape["type"] == "EC2_LINUX");
    if !needed && own {
        cluster.access.remove(role);
    }
}

fn everywhere() -> Value {
    json!({"type": "cluster", "namespaces": []})
}

fn new(key: &Key, principal: &str, kind: &str, now: f64) -> AccessEntry {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let (account, resource) =
        (parts.get(4).copied().unwrap_or_default(), parts.get(5).copied().unwrap_or_default());
    let (sort, name) = (
        resource.split('/').next().unwrap_or_default(),
        resource.rsplit('/').next().unwrap_or_default(),
    );
    let username = match (kind, role_of(principal)) {
        ("EC2_LINUX" | "EC2_WINDOWS", _) => "system:node:{{EC2PrivateDNSName}}".to_owned(),
        (_, Some((account, role))) => format!(
            "arn:{}:sts::{account}:assumed-role/{role}/{{{{SessionName}}}}",
            partition(&key.region)
        ),
        _ => principal.to_owned(),
    };
    let groups: &[&str] = if kind == "EC2_LINUX" { &["system:nodes"] } else { &[] };
    let resource = format!("access-entry/{}/{sort}/{account}/{name}/{}", key.name, Uuid::new_v4());
    AccessEntry {
        shape: json!({
            "clusterName": key.name,
            "principalArn": principal,
            "kubernetesGroups": groups,
            "accessEntryArn": key.arn(&resource),
            "createdAt": now,
            "modifiedAt": now,
            "tags": {},
            "username": username,
            "type": kind,
        }),
        policies: BTreeMap::new(),
    }
}

/// The cluster, if it knows access entries.
fn with_entries<'a>(state: &'a mut State, key: &Key) -> Result<&'a mut Cluster, ServiceError> {
    let cluster = state.cluster(key)?;
    if cluster.shape["accessConfig"]["authenticationMode"] == "CONFIG_MAP" {
        return Err(errors::request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
        ));
    }
    Ok(cluster)
}

fn entry_of<'a>(
    cluster: &'a mut Cluster,
    principal: &str,
) -> Result<&'a mut AccessEntry, ServiceError> {
    cluster.access.get_mut(principal).ok_or_else(|| {
        errors::not_found("The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.")
    })
}

/// `CreateAccessEntry`.
pub async fn create(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    let principal = input.text("principalArn");
    let kind = input.optional_text("type").unwrap_or("STANDARD");
    check_names(input.optional_text("username"), &input.texts("kubernetesGroups"), kind)?;
    if !context.neighbours().principal_exists(principal).await? {
        return Err(errors::parameter("The specified principalArn is invalid: invalid principal."));
    }
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &key)?;
    cluster.must_be_ready()?;
    if let Some(entry) = cluster.access.get(principal) {
        let mut same = entry.shape.clone();
        fill(&mut same, context);
        if same == entry.shape && entry.shape["type"] == kind {
            return Ok(json!({"accessEntry": entry.shape}));
        }
        return Err(errors::in_use(
            "The specified access entry resource is already in use on this cluster.",
        ));
    }
    if cluster.access.len() >= MOST_ENTRIES {
        return Err(errors::limit(format!("A cluster can have {MOST_ENTRIES} access entries")));
    }
    let mut entry = new(&key, principal, kind, context.now());
    fill(&mut entry.shape, context);
    let answer = json!({"accessEntry": entry.shape});
    cluster.access.insert(principal.to_owned(), entry);
    Ok(answer)
}

/// Puts what a request says of an entry into its shape.
fn fill(shape: &mut Value, context: &Context<'_>) {
    for member in ["username", "kubernetesGroups", "tags"] {
        if context.input.has(member) {
            shape[member] = context.input.value(member).clone();
        }
    }
}

fn check_names(username: Option<&str>, groups: &[String], kind: &str) -> Result<(), ServiceError> {
    const KINDS: [&str; 7] = [
        "STANDARD",
        "FARGATE_LINUX",
        "EC2_LINUX",
        "EC2_WINDOWS",
        "EC2",
        "HYBRID_LINUX",
        "HYPERPOD_LINUX",
    ];
    if !KINDS.contains(&kind) {
        return Err(errors::parameter(format!(
            "The type {kind} is not one of {}",
            KINDS.join(", ")
        )));
    }
    if kind != "STANDARD" && (username.is_some() || !groups.is_empty()) {
        return Err(errors::parameter(format!(
            "kubernetesGroups and username cannot be specified for the type {kind}"
        )));
    }
    let reserved = |name: &str| RESERVED.into_iter().find(|start| name.starts_with(start));
    if let Some((name, start)) = username.and_then(|name| Some((name, reserved(name)?))) {
        return Err(errors::parameter(format!(
            "The username {name} is invalid, it cannot start with {start}"
        )));
    }
    let group = groups.iter().find_map(|name| Some((name, reserved(name)?)));
    match group {
        Some((name, start)) => Err(errors::parameter(format!(
            "The kubernetes group name {name} is invalid, it cannot start with {start}"
        ))),
        None => Ok(()),
    }
}

/// `DescribeAccessEntry`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &context.key())?;
    let entry = entry_of(cluster, context.input.text("principalArn"))?;
    Ok(json!({"accessEntry": entry.shape}))
}

/// `ListAccessEntries`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let policy = context.input.optional_text("associatedPolicyArn");
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &context.key())?;
    let chosen = cluster
        .access
        .iter()
        .filter(|(_, entry)| policy.is_none_or(|policy| entry.policies.contains_key(policy)));
    let principals: Vec<String> = chosen.map(|(principal, _)| principal.clone()).collect();
    let (principals, next) = paged(principals, &context.input)?;
    Ok(with_token(json!({"accessEntries": principals}), next))
}

/// `UpdateAccessEntry`.
pub async fn update(context: &Context<'_>) -> Result<Value, ServiceError> {
    let input = &context.input;
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &context.key())?;
    let entry = entry_of(cluster, input.text("principalArn"))?;
    let kind = entry.shape["type"].as_str().unwrap_or_default();
    check_names(input.optional_text("username"), &input.texts("kubernetesGroups"), kind)?;
    for member in ["username", "kubernetesGroups"] {
        if input.has(member) {
            entry.shape[member] = input.value(member).clone();
        }
    }
    entry.shape["modifiedAt"] = context.now().into();
    Ok(json!({"accessEntry": entry.shape}))
}

/// `DeleteAccessEntry`.
pub async fn delete(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &context.key())?;
    let principal = context.input.text("principalArn");
    entry_of(cluster, principal)?;
    cluster.access.remove(principal);
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(json!({}))
}

/// `AssociateAccessPolicy`.
pub async fn associate(context: &Context<'_>) -> Result<Value, ServiceError> {
    let input = &context.input;
    let policy = input.text("policyArn");
    access_policies::check(policy)?;
    let scope = check_scope(input.value("accessScope"))?;
    let key = context.key();
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &key)?;
    let entry = entry_of(cluster, input.text("principalArn"))?;
    if !matches!(entry.shape["type"].as_str(), Some("STANDARD" | "EC2")) {
        return Err(errors::request(format!(
            "Access policies cannot be associated with an access entry of the type {}",
            entry.shape["type"].as_str().unwrap_or_default()
        )));
    }
    associate_with(entry, policy, scope, context.now());
    let answer = json!({
        "clusterName": key.name,
        "principalArn": input.text("principalArn"),
        "associatedAccessPolicy": entry.policies.get(policy),
    });
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(answer)
}

fn check_scope(scope: &Value) -> Result<Value, ServiceError> {
    let namespaces = texts(&scope["namespaces"]);
    match (scope["type"].as_str(), namespaces.is_empty()) {
        (Some("namespace"), true) => Err(errors::parameter(
            "The accessScope of the type namespace must name at least one namespace",
        )),
        (Some("cluster"), false) => {
            Err(errors::parameter("The accessScope of the type cluster must not name namespaces"))
        }
        (Some(kind @ ("namespace" | "cluster")), _) => {
            Ok(json!({"type": kind, "namespaces": namespaces}))
        }
        _ => Err(errors::parameter("The accessScope must have a type")),
    }
}

fn associate_with(entry: &mut AccessEntry, policy: &str, scope: Value, now: f64) {
    let associated_at =
        entry.policies.get(policy).map_or(now.into(), |known| known["associatedAt"].clone());
    let associated = json!({
        "policyArn": policy,
        "accessScope": scope,
        "associatedAt": associated_at,
        "modifiedAt": now,
    });
    entry.policies.insert(policy.to_owned(), associated);
}

/// `DisassociateAccessPolicy`.
pub async fn disassociate(context: &Context<'_>) -> Result<Value, ServiceError> {
    let policy = context.input.text("policyArn");
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &context.key())?;
    let entry = entry_of(cluster, context.input.text("principalArn"))?;
    if entry.policies.remove(policy).is_none() {
        return Err(errors::not_found(format!(
            "The access policy {policy} is not associated with the access entry"
        )));
    }
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(json!({}))
}

/// `ListAssociatedAccessPolicies`.
pub async fn list_associated(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    let principal = context.input.text("principalArn");
    let mut state = context.eks.state.lock().await;
    let cluster = with_entries(&mut state, &key)?;
    let entry = entry_of(cluster, principal)?;
    let policies: Vec<Value> = entry.policies.values().cloned().collect();
    let (policies, next) = paged(policies, &context.input)?;
    let answer = json!({
        "clusterName": key.name,
        "principalArn": principal,
        "associatedAccessPolicies": policies,
    });
    Ok(with_token(answer, next))
}

/// `ListAccessPolicies`.
pub fn list_policies(context: &Context<'_>) -> Result<Value, ServiceError> {
    let all = access_policies::list(partition(context.region));
    let (policies, next) = paged(all, &context.input)?;
    Ok(with_token(json!({"accessPolicies": policies}), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |username: Option<&str>, groups: &[&str], kind: &str, problem: Option<&str>| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            let checked = check_names(username, &groups, kind);
            match problem {
                None => assert_eq!(checked, Ok(())),
                Some(part) => {
                    let message = checked.unwrap_err().message;
                    assert!(message.contains(part), "{message}");
                }
            }
        };
        check(Some("admin:{{SessionName}}"), &["platform"], "STANDARD", None);
        check(None, &["system:masters"], "STANDARD", Some("system:masters is invalid"));
        check(Some("eks:x"), &[], "STANDARD", Some("cannot start with eks:"));
        check(None, &["platform"], "EC2_LINUX", Some("cannot be specified"));
        check(None, &[], "OTHER", Some("not one of"));
    }

    #[test]
    fn scopes_are_checked() {
        let check = |scope: Value, expected: bool| {
            assert_eq!(check_scope(&scope).is_ok(), expected, "{scope}");
        };
        check(json!({"type": "cluster"}), true);
        check(json!({"type": "cluster", "namespaces": ["x"]}), false);
        check(json!({"type": "namespace", "namespaces": ["x-*"]}), true);
        check(json!({"type": "namespace"}), false);
        check(json!({}), false);
    }
}

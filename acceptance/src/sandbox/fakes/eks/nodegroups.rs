//! Managed node groups: CreateNodegroup, DescribeNodegroup, ListNodegroups, DeleteNodegroup.
//!
//! Follows "Simplify node lifecycle with managed node groups" of the EKS User Guide.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::clusters::with_token;
use super::drain::drain;
use super::network::Subnet;
use super::nodes::{InstanceType, Node};
use super::runtime::Runtime;
use super::state::{Cluster, Key, Looks, Nodegroup, Target};
use super::versions::{self, paged};
use super::{Context, access, errors, updates};
use crate::sandbox::fakes::input::texts;
use crate::sandbox::wire::ServiceError;

/// How many node groups a cluster may have.
const MOST_GROUPS: usize = 30;

/// The date of the newest images.
const IMAGE_DATE: &str = "20261110";

/// `CreateNodegroup`.
pub async fn create(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    let name = input.text("nodegroupName");
    let _change = context.eks.changes.lock().await;
    check_name(name)?;
    let (vpc, security_group, version) = {
        let mut state = context.eks.state.lock().await;
        let cluster = state.ready_cluster(&key)?;
        if let Some(known) = repeated(context, cluster, name)? {
            return Ok(known);
        }
        let config = &cluster.shape["resourcesVpcConfig"];
        (
            config["vpcId"].clone(),
            config["clusterSecurityGroupId"].clone(),
            cluster.version().to_owned(),
        )
    };
    let wanted = input.optional_text("version").unwrap_or(&version);
    if wanted != version {
        return Err(errors::parameter(format!(
            "Requested Nodegroup version {wanted} does not match the cluster's version {version}"
        )));
    }
    let release = release(&version, input.optional_text("releaseVersion"))?;
    let scaling = check_scaling(
        input.value("scalingConfig"),
        &json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}),
    )?;
    let subnets = check_subnets(context, vpc.as_str().unwrap_or_default()).await?;
    check_role(context, input.text("nodeRole")).await?;
    let template = check_template(context).await?;
    let kinds = check_instance_types(context).await?;
    let shape = shape(context, &key, &version, &release, scaling, template);
    let failure = context.planned_failure("CreateNodegroup").await;
    let mut group = Nodegroup {
        shape,
        creation: context.looks(),
        deletion: None,
        nodes: Vec::new(),
        failed: failure.is_some(),
        request: serde_json::to_value(input).unwrap_or_default(),
    };
    if let Some(failure) = failure {
        let issue = json!({"code": failure.code, "message": failure.message, "resourceIds": []});
        group.shape["health"] = json!({"issues": [issue]});
    } else {
        let security_group = security_group.as_str().unwrap_or_default();
        grow(context, &mut group, &subnets, &kinds, security_group).await?;
    }
    let answer = json!({"nodegroup": shown(&group, None)});
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    cluster.nodegroups.insert(name.to_owned(), group);
    access::admit_nodes(cluster, input.text("nodeRole"), context.now());
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(answer)
}

fn repeated(
    context: &Context<'_>,
    cluster: &mut Cluster,
    name: &str,
) -> Result<Option<Value>, ServiceError> {
    pass_deletion(cluster, name);
    if let Some(group) = cluster.nodegroups.get(name) {
        let request = serde_json::to_value(&context.input).unwrap_or_default();
        if context.input.has("clientRequestToken") && group.request == request {
            return Ok(Some(json!({"nodegroup": shown(group, None)})));
        }
        let cluster_name = &cluster.key.name;
        let message =
            format!("NodeGroup already exists with name {name} and cluster name {cluster_name}");
        return Err(errors::in_use(message)
            .with_member("clusterName", cluster_name.clone())
            .with_member("nodegroupName", name));
    }
    if cluster.nodegroups.len() >= MOST_GROUPS {
        return Err(errors::limit(format!("A cluster can have {MOST_GROUPS} node groups"))
            .with_member("clusterName", cluster.key.name.clone()));
    }
    Ok(None)
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let proper = name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    if proper {
        return Ok(());
    }
    Err(errors::parameter(format!(
        "The nodegroup name {name:?} must start with a letter or digit and have at most 63 letters, digits, hyphens and underscores"
    )))
}

/// The image version of a Kubernetes version: the one asked for, or the newest.
///
/// # Errors
/// `InvalidParameterException`, when it is of another Kubernetes version.
pub fn release(version: &str, wanted: Option<&str>) -> Result<String, ServiceError> {
    let patch = versions::ALL.iter().find(|known| known.name == version).map(|known| known.patch);
    let newest = format!("{}-{IMAGE_DATE}", patch.unwrap_or(version));
    match wanted {
        Some(wanted) if !wanted.starts_with(&format!("{version}.")) => {
            Err(errors::parameter(format!(
                "Requested release version {wanted} is not valid for kubernetes version {version}."
            )))
        }
        Some(wanted) => Ok(wanted.to_owned()),
        None => Ok(newest),
    }
}

/// A scaling configuration, with what it does not name taken from another.
///
/// # Errors
/// `InvalidParameterException`, when its sizes are not in order.
pub fn check_scaling(wanted: &Value, current: &Value) -> Result<Value, ServiceError> {
    let size = |member: &str| wanted[member].as_i64().or(current[member].as_i64()).unwrap_or(0);
    let (least, most, desired) = (size("minSize"), size("maxSize"), size("desiredSize"));
    if least > most {
        return Err(errors::parameter(format!(
            "Minimum capacity {least} can't be greater than maximum size {most}"
        )));
    }
    if least > desired {
        return Err(errors::parameter(format!(
            "Minimum capacity {least} can't be greater than desired size {desired}"
        )));
    }
    if desired > most {
        return Err(errors::parameter(format!(
            "desired capacity {desired} can't be greater than max size {most}"
        )));
    }
    Ok(json!({"minSize": least, "maxSize": most, "desiredSize": desired}))
}

async fn check_subnets(context: &Context<'_>, vpc: &str) -> Result<Vec<Subnet>, ServiceError> {
    let ids = context.input.texts("subnets");
    if ids.is_empty() {
        return Err(errors::parameter("Subnets are required"));
    }
    let subnets = context.neighbours().subnets(&ids).await?;
    match subnets.iter().find(|subnet| subnet.vpc != vpc) {
        None => Ok(subnets),
        Some(subnet) => Err(errors::parameter(format!(
            "Subnet {} is not in the VPC {vpc} of the cluster",
            subnet.id
        ))),
    }
}

async fn check_role(context: &Context<'_>, role: &str) -> Result<(), ServiceError> {
    if context.neighbours().role_trusts(role, "ec2.amazonaws.com").await? {
        return Ok(());
    }
    Err(errors::parameter(format!(
        "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole {role}"
    )))
}

/// The launch template that the request names, with both its id and its name.
async fn check_template(context: &Context<'_>) -> Result<Option<Value>, ServiceError> {
    let template = context.input.inner("launchTemplate");
    let (id, name) = (template.optional_text("id"), template.optional_text("name"));
    let parameter = match (id, name) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(errors::parameter(
                "Either launch template name or id must be specified, not both",
            ));
        }
        (Some(id), None) => ("LaunchTemplateId.1", id),
        (None, Some(name)) => ("LaunchTemplateName.1", name),
    };
    for member in ["diskSize", "remoteAccess"] {
        if context.input.has(member) {
            return Err(errors::parameter(format!(
                "{member} cannot be specified together with a launch template"
            )));
        }
    }
    let found = context.neighbours().ec2("DescribeLaunchTemplates", &[parameter]).await;
    let found = found.map_err(|error| errors::parameter(error.message))?;
    let missing = || {
        errors::parameter(format!(
            "The specified launch template, {}, does not exist.",
            parameter.1
        ))
    };
    let item = found.at("launchTemplates/item").ok_or_else(missing)?;
    let default = item.text_at("defaultVersionNumber");
    Ok(Some(json!({
        "id": item.text_at("launchTemplateId"),
        "name": item.text_at("launchTemplateName"),
        "version": template.optional_text("version").unwrap_or(default),
    })))
}

async fn check_instance_types(context: &Context<'_>) -> Result<Vec<InstanceType>, ServiceError> {
    let names = instance_types(context);
    let kinds = context.neighbours().instance_types(&names).await?;
    let image = image_type(context);
    match kinds.iter().find(|kind| kind.arm != image.contains("ARM_64")) {
        Some(kind) if image != "CUSTOM" => Err(errors::parameter(format!(
            "[{}] is not a valid instance type for requested amiType {image}",
            kind.name
        ))),
        _ => Ok(kinds),
    }
}

fn instance_types(context: &Context<'_>) -> Vec<String> {
    let named = context.input.texts("instanceTypes");
    if named.is_empty() { vec!["t3.medium".to_owned()] } else { named }
}

fn image_type<'a>(context: &'a Context<'_>) -> &'a str {
    context.input.optional_text("amiType").unwrap_or("AL2023_x86_64_STANDARD")
}

fn shape(
    context: &Context<'_>,
    key: &Key,
    version: &str,
    release: &str,
    scaling: Value,
    template: Option<Value>,
) -> Value {
    let input = &context.input;
    let (name, id) = (input.text("nodegroupName"), Uuid::new_v4());
    let or = |member: &str, default: Value| {
        if input.has(member) { input.value(member).clone() } else { default }
    };
    let mut shape = json!({
        "nodegroupName": name,
        "nodegroupArn": key.arn(&format!("nodegroup/{}/{name}/{id}", key.name)),
        "clusterName": key.name,
        "version": version,
        "releaseVersion": release,
        "createdAt": context.now(),
        "modifiedAt": context.now(),
        "capacityType": or("capacityType", "ON_DEMAND".into()),
        "scalingConfig": scaling,
        "instanceTypes": instance_types(context),
        "subnets": input.texts("subnets"),
        "amiType": image_type(context),
        "nodeRole": input.text("nodeRole"),
        "labels": input.object("labels"),
        "taints": or("taints", json!([])),
        "resources": {"autoScalingGroups": [{"name": format!("eks-{name}-{id}")}]},
        "health": {"issues": []},
        "updateConfig": or("updateConfig", json!({"maxUnavailable": 1})),
        "tags": input.object("tags"),
    });
    match template {
        Some(template) => shape["launchTemplate"] = template,
        None => shape["diskSize"] = or("diskSize", 20.into()),
    }
    for member in ["nodeRepairConfig", "remoteAccess", "warmPoolConfig"] {
        if input.has(member) {
            shape[member] = input.value(member).clone();
        }
    }
    shape
}

/// Launches what a group lacks of its desired size, over its subnets in turn.
///
/// # Errors
/// The service's error.
pub async fn grow(
    context: &Context<'_>,
    group: &mut Nodegroup,
    subnets: &[Subnet],
    kinds: &[InstanceType],
    security_group: &str,
) -> Result<(), ServiceError> {
    let desired = desired(&group.shape);
    let release = group.shape["releaseVersion"].as_str().unwrap_or_default().to_owned();
    let kubelet = release.split('-').next().unwrap_or_default();
    let Some(kind) = kinds.first() else { return Ok(()) };
    while group.nodes.len() < desired {
        let Some(subnet) = subnets.get(group.nodes.len() % subnets.len().max(1)) else { break };
        let launched =
            context.neighbours().launch(&group.shape, subnet, kind, security_group, kubelet).await;
        group.nodes.push(launched?);
    }
    Ok(())
}

/// The desired size of a group.
pub fn desired(shape: &Value) -> usize {
    let size = shape["scalingConfig"]["desiredSize"].as_u64().unwrap_or_default();
    usize::try_from(size).unwrap_or_default()
}

/// Drains nodes where their control plane runs, and terminates them. `force` does not wait for disruption budgets.
///
/// # Errors
/// The service's error, or that a pod could not be evicted.
pub async fn retire(
    context: &Context<'_>,
    runtime: &Runtime,
    nodes: &[Node],
    force: bool,
) -> Result<(), ServiceError> {
    if let Some(plane) = runtime.running() {
        let drained = drain(plane.administrator(), nodes, force).await;
        drained.map_err(|error| errors::request(format!("{error:#}")))?;
    }
    for node in nodes {
        context.neighbours().terminate(node).await?;
    }
    Ok(())
}

/// A group as DescribeNodegroup shows it, with the id of its update in progress.
pub fn shown(group: &Nodegroup, update: Option<&str>) -> Value {
    let mut shape = group.shape.clone();
    shape["status"] = if group.deletion.is_some() {
        "DELETING".into()
    } else if group.creation.under_way() {
        "CREATING".into()
    } else if group.failed {
        "CREATE_FAILED".into()
    } else if update.is_some() {
        "UPDATING".into()
    } else {
        "ACTIVE".into()
    };
    shape
}

/// The error for a node group that is not there.
pub fn missing(cluster: &str, name: &str) -> ServiceError {
    errors::not_found(format!("No node group found for name: {name}."))
        .with_member("clusterName", cluster)
        .with_member("nodegroupName", name)
}

fn pass_deletion(cluster: &mut Cluster, name: &str) {
    let Some(group) = cluster.nodegroups.get_mut(name) else { return };
    if let Some(deletion) = &mut group.deletion {
        deletion.look();
        if !deletion.under_way() {
            cluster.nodegroups.remove(name);
        }
    }
}

/// `DescribeNodegroup`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, name) = (context.key(), context.input.text("nodegroupName"));
    let target = Target::Nodegroup(name.to_owned());
    updates::pass(context, &key, &target).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    pass_deletion(cluster, name);
    let update = cluster.update_in_progress(&target).map(|update| update.id.clone());
    let group = cluster.nodegroups.get_mut(name).ok_or_else(|| missing(&key.name, name))?;
    let answer = json!({"nodegroup": shown(group, update.as_deref())});
    group.creation.look();
    Ok(answer)
}

/// `ListNodegroups`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let names: Vec<String> = cluster.nodegroups.keys().cloned().collect();
    // Whoever waits for a deletion by listing must see its end too.
    names.iter().for_each(|name| pass_deletion(cluster, name));
    let (names, next) = paged(names, &context.input)?;
    Ok(with_token(json!({"nodegroups": names}), next))
}

/// `DeleteNodegroup`.
pub async fn delete(context: &Context<'_>) -> Result<Value, ServiceError> {
    let _change = context.eks.changes.lock().await;
    let (key, name) = (context.key(), context.input.text("nodegroupName"));
    let target = Target::Nodegroup(name.to_owned());
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    let updating = cluster.update_in_progress(&target).map(|update| update.id.clone());
    let runtime = Arc::clone(&cluster.runtime);
    let group = cluster.nodegroups.get_mut(name).ok_or_else(|| missing(&key.name, name))?;
    if let Some(update) = updating {
        let message = format!("Nodegroup cannot be deleted while update {update} is in progress");
        return Err(errors::in_use(message)
            .with_member("clusterName", key.name)
            .with_member("nodegroupName", name));
    }
    if group.deletion.is_none() {
        group.deletion = Some(Looks(context.looks().0 + 1));
    }
    let nodes = std::mem::take(&mut group.nodes);
    let role = group.shape["nodeRole"].as_str().unwrap_or_default().to_owned();
    let answer = json!({"nodegroup": shown(group, None)});
    drop(state);
    retire(context, &runtime, &nodes, true).await?;
    context.sync(&runtime).await?;
    let mut state = context.eks.state.lock().await;
    if let Ok(cluster) = state.cluster(&key) {
        access::dismiss_nodes(cluster, &role);
    }
    Ok(answer)
}

/// The subnets and instance types of a group, asked of EC2 again.
///
/// # Errors
/// The service's error.
pub async fn places(
    context: &Context<'_>,
    shape: &Value,
) -> Result<(Vec<Subnet>, Vec<InstanceType>), ServiceError> {
    let neighbours = context.neighbours();
    let subnets = neighbours.subnets(&texts(&shape["subnets"])).await?;
    let kinds = neighbours.instance_types(&texts(&shape["instanceTypes"])).await?;
    Ok((subnets, kinds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_order() {
        let current = json!({"minSize": 1, "maxSize": 3, "desiredSize": 2});
        let check = |wanted: Value, problem: Option<&str>| {
            let checked = check_scaling(&wanted, &current);
            match problem {
                None => assert!(checked.is_ok(), "{wanted}"),
                Some(part) => assert!(checked.unwrap_err().message.contains(part), "{wanted}"),
            }
        };
        check(json!({}), None);
        check(json!({"desiredSize": 3}), None);
        check(json!({"minSize": 0, "desiredSize": 0}), None);
        check(json!({"minSize": 3}), Some("greater than desired size 2"));
        check(json!({"desiredSize": 4}), Some("greater than max size 3"));
        check(json!({"minSize": 5}), Some("greater than maximum size 3"));
    }

    #[test]
    fn releases_belong_to_their_version() {
        assert_eq!(release("1.34", None).unwrap(), format!("1.34.7-{IMAGE_DATE}"));
        assert_eq!(release("1.34", Some("1.34.2-20260101")).unwrap(), "1.34.2-20260101");
        assert!(release("1.34", Some("1.33.2-20260101")).is_err());
    }

    #[test]
    fn names_follow_the_rule() {
        let check =
            |name: &str, expected: bool| assert_eq!(check_name(name).is_ok(), expected, "{name}");
        check("general-1_a", true);
        check("-x", false);
        check("a b", false);
        check(&"a".repeat(64), false);
    }
}

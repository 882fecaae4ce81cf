//! Updates of node groups: UpdateNodegroupConfig and UpdateNodegroupVersion.
//!
//! Follows "Understand each phase of node updates" of the EKS User Guide.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::control::Failure;
use super::drain::uncordon;
use super::nodegroups::{check_scaling, desired, grow, missing, places, release, retire};
use super::nodes::Node;
use super::runtime::Runtime;
use super::state::{Cluster, Key, Nodegroup, Target};
use super::versions;
use super::{Context, errors};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::fakes::patch::merge;
use crate::sandbox::wire::ServiceError;

/// An update's parameters: pairs of a type and a value.
type Parameters = Vec<(&'static str, String)>;

/// The most taints a node group may have.
const MOST_TAINTS: usize = 50;

/// A group that is ready for an update, with its cluster.
fn idle<'a>(cluster: &'a mut Cluster, name: &str) -> Result<&'a mut Nodegroup, ServiceError> {
    let cluster_name = cluster.key.name.clone();
    let target = Target::Nodegroup(name.to_owned());
    let in_use = |message: String| {
        errors::in_use(message)
            .with_member("clusterName", cluster_name.clone())
            .with_member("nodegroupName", name)
    };
    if let Some(update) = cluster.update_in_progress(&target) {
        return Err(in_use(format!("Nodegroup currently has update {} in progress", update.id)));
    }
    let group = cluster.nodegroups.get_mut(name).ok_or_else(|| missing(&cluster_name, name))?;
    if group.deletion.is_some() || group.creation.under_way() || group.failed {
        return Err(in_use(format!("Nodegroup {name} is not in ACTIVE status")));
    }
    Ok(group)
}

/// `UpdateNodegroupConfig`.
pub async fn update_config(context: &Context<'_>) -> Result<Value, ServiceError> {
    let _change = context.eks.changes.lock().await;
    let (key, name) = (context.key(), context.input.text("nodegroupName"));
    let (mut group, security_group, runtime) = take(context, &key, name).await?;
    let (change, parameters) = config_change(&context.input, &group.shape)?;
    let mut wished = group.shape.clone();
    merge(&mut wished, &change);
    group.shape["scalingConfig"] = wished["scalingConfig"].clone();
    let surplus = group.nodes.split_off(desired(&wished).min(group.nodes.len()));
    retire(context, &runtime, &surplus, true).await?;
    let (subnets, kinds) = places(context, &group.shape).await?;
    grow(context, &mut group, &subnets, &kinds, &security_group).await?;
    let update = context
        .update(Target::Nodegroup(name.to_owned()), "ConfigUpdate", &parameters, change)
        .await;
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    put_back(cluster, name, group.nodes);
    let answer = json!({"update": cluster.begin(update)});
    drop(state);
    context.sync(&runtime).await?;
    Ok(answer)
}

/// A copy of a group that is ready for an update, its cluster's security group, and its runtime.
async fn take(
    context: &Context<'_>,
    key: &Key,
    name: &str,
) -> Result<(Nodegroup, String, Arc<Runtime>), ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(key)?;
    let runtime = Arc::clone(&cluster.runtime);
    let security_group = &cluster.shape["resourcesVpcConfig"]["clusterSecurityGroupId"];
    let security_group = security_group.as_str().unwrap_or_default().to_owned();
    Ok((idle(cluster, name)?.clone(), security_group, runtime))
}

fn put_back(cluster: &mut Cluster, name: &str, nodes: Vec<Node>) {
    if let Some(group) = cluster.nodegroups.get_mut(name) {
        group.nodes = nodes;
    }
}

/// What a configuration changes of a group's shape, and the update's parameters.
fn config_change(input: &Input, shape: &Value) -> Result<(Value, Parameters), ServiceError> {
    let mut change = Map::new();
    let mut parameters = Vec::new();
    if input.has("scalingConfig") {
        let scaling = check_scaling(input.value("scalingConfig"), &shape["scalingConfig"])?;
        for (parameter, member) in
            [("MinSize", "minSize"), ("MaxSize", "maxSize"), ("DesiredSize", "desiredSize")]
        {
            if scaling[member] != shape["scalingConfig"][member] {
                parameters.push((parameter, scaling[member].to_string()));
            }
        }
        change.insert("scalingConfig".to_owned(), scaling);
    }
    let labels = input.inner("labels");
    if input.has("labels") {
        let mut patch = labels.object("addOrUpdateLabels");
        if !patch.is_empty() {
            parameters.push(("LabelsToAdd", labels.value("addOrUpdateLabels").to_string()));
        }
        let removed = labels.texts("removeLabels");
        if !removed.is_empty() {
            parameters.push(("LabelsToRemove", json!(removed).to_string()));
        }
        patch.extend(removed.into_iter().map(|label| (label, Value::Null)));
        change.insert("labels".to_owned(), patch.into());
    }
    if input.has("taints") {
        let taints = input.inner("taints");
        for (parameter, member) in
            [("TaintsToAdd", "addOrUpdateTaints"), ("TaintsToRemove", "removeTaints")]
        {
            if taints.has(member) {
                parameters.push((parameter, taints.value(member).to_string()));
            }
        }
        change.insert("taints".to_owned(), changed_taints(&shape["taints"], &taints)?);
    }
    for (parameter, member) in [
        ("UpdateStrategy", "updateConfig"),
        ("NodeRepairConfig", "nodeRepairConfig"),
        ("WarmPoolState", "warmPoolConfig"),
    ] {
        if input.has(member) {
            parameters.push((parameter, input.value(member).to_string()));
            let mut value = input.value(member).clone();
            if member == "updateConfig" {
                // One of the two ways to count replaces the other.
                for (one, other) in [
                    ("maxUnavailable", "maxUnavailablePercentage"),
                    ("maxUnavailablePercentage", "maxUnavailable"),
                ] {
                    if !value[one].is_null() && value.get(other).is_none() {
                        value[other] = Value::Null;
                    }
                }
            }
            change.insert(member.to_owned(), value);
        }
    }
    if change.is_empty() {
        return Err(errors::parameter("No changes were specified for the nodegroup"));
    }
    Ok((Value::Object(change), parameters))
}

fn changed_taints(current: &Value, change: &Input) -> Result<Value, ServiceError> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let same = |one: &Value, other: &Value| {
        (&one["key"], &one["effect"]) == (&other["key"], &other["effect"])
    };
    let (added, removed) =
        (list(change.value("addOrUpdateTaints")), list(change.value("removeTaints")));
    let mut taints = list(current);
    taints.retain(|taint| !added.iter().chain(&removed).any(|other| same(taint, other)));
    taints.extend(added);
    if taints.len() > MOST_TAINTS {
        return Err(errors::parameter(format!(
            "A nodegroup can have {MOST_TAINTS} taints at most"
        )));
    }
    Ok(Value::Array(taints))
}

/// `UpdateNodegroupVersion`.
pub async fn update_version(context: &Context<'_>) -> Result<Value, ServiceError> {
    let _change = context.eks.changes.lock().await;
    let (key, input, name) = (context.key(), &context.input, context.input.text("nodegroupName"));
    let (group, security_group, runtime) = take(context, &key, name).await?;
    let cluster_version = context.eks.state.lock().await.cluster(&key)?.version().to_owned();
    let current = group.shape["version"].as_str().unwrap_or_default().to_owned();
    let version = input.optional_text("version").unwrap_or(&current).to_owned();
    check_version(&version, &current, &cluster_version)?;
    let release = release(&version, input.optional_text("releaseVersion"))?;
    let change = version_change(input, &group.shape, &version, &release)?;
    let mut fresh = Nodegroup { nodes: Vec::new(), ..group.clone() };
    merge(&mut fresh.shape, &change);
    let parameters = [("Version", version), ("ReleaseVersion", release)];
    let mut update = context
        .update(Target::Nodegroup(name.to_owned()), "VersionUpdate", &parameters, change)
        .await;
    let mut nodes = group.nodes.clone();
    if update.failure.is_none() {
        let (subnets, kinds) = places(context, &fresh.shape).await?;
        grow(context, &mut fresh, &subnets, &kinds, &security_group).await?;
        nodes = [group.nodes.clone(), fresh.nodes.clone()].concat();
        show(context, &key, name, nodes, &runtime).await?;
        match retire(context, &runtime, &group.nodes, input.flag("force") == Some(true)).await {
            Ok(()) => nodes = fresh.nodes,
            Err(error) => {
                update.failure =
                    Some(give_up(context, &runtime, &fresh.nodes, &group.nodes, error).await?);
                nodes = group.nodes;
            }
        }
    }
    show(context, &key, name, nodes, &runtime).await?;
    let mut state = context.eks.state.lock().await;
    Ok(json!({"update": state.cluster(&key)?.begin(update)}))
}

/// Has the cluster show other nodes of a group.
async fn show(
    context: &Context<'_>,
    key: &Key,
    name: &str,
    nodes: Vec<Node>,
    runtime: &Runtime,
) -> Result<(), ServiceError> {
    put_back(context.eks.state.lock().await.cluster(key)?, name, nodes);
    context.sync(runtime).await
}

/// Takes back what an update has begun: pods could not be evicted from the old nodes.
async fn give_up(
    context: &Context<'_>,
    runtime: &Runtime,
    fresh: &[Node],
    old: &[Node],
    error: ServiceError,
) -> Result<Failure, ServiceError> {
    retire(context, runtime, fresh, true).await?;
    if let Some(plane) = runtime.running() {
        let uncordoned = uncordon(plane.administrator(), old).await;
        uncordoned.map_err(|error| ServiceError::internal(format!("{error:#}")))?;
    }
    Ok(Failure {
        operation: "VersionUpdate".to_owned(),
        cluster: String::new(),
        code: "PodEvictionFailure".to_owned(),
        message: error.message,
    })
}

fn check_version(wanted: &str, current: &str, cluster: &str) -> Result<(), ServiceError> {
    let (new, old, most) =
        (versions::minor(wanted), versions::minor(current), versions::minor(cluster));
    if new < old {
        return Err(errors::parameter(format!(
            "Nodegroup Kubernetes version {current} cannot be rolled back to {wanted}"
        )));
    }
    if new > most {
        return Err(errors::parameter(format!(
            "Nodegroup Kubernetes version {wanted} is newer than the cluster's {cluster}"
        )));
    }
    Ok(())
}

fn version_change(
    input: &Input,
    shape: &Value,
    version: &str,
    release: &str,
) -> Result<Value, ServiceError> {
    let mut change = json!({"version": version, "releaseVersion": release});
    if input.has("launchTemplate") {
        let wanted = input.inner("launchTemplate");
        let known = &shape["launchTemplate"];
        let same = ["id", "name"]
            .iter()
            .all(|member| wanted.optional_text(member).is_none_or(|value| known[*member] == value));
        if known.is_null() || !same {
            return Err(errors::parameter(
                "A nodegroup can only be updated with the launch template it was created with",
            ));
        }
        if let Some(version) = wanted.optional_text("version") {
            change["launchTemplate"] = json!({"version": version});
        }
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(value: Value) -> Input {
        Input::new(value.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn a_configuration_becomes_a_patch() {
        let mut shape = json!({
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
            "labels": {"a": "1", "b": "2"},
            "taints": [{"key": "t", "value": "1", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 1},
        });
        let (change, parameters) = config_change(
            &input(json!({
                "scalingConfig": {"desiredSize": 3},
                "labels": {"addOrUpdateLabels": {"c": "3"}, "removeLabels": ["a"]},
                "taints": {"addOrUpdateTaints": [{"key": "t", "value": "2", "effect": "NO_SCHEDULE"}]},
                "updateConfig": {"maxUnavailablePercentage": 50},
            })),
            &shape,
        )
        .unwrap();
        merge(&mut shape, &change);
        assert_eq!(
            shape,
            json!({
                "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 3},
                "labels": {"b": "2", "c": "3"},
                "taints": [{"key": "t", "value": "2", "effect": "NO_SCHEDULE"}],
                "updateConfig": {"maxUnavailablePercentage": 50},
            })
        );
        let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["DesiredSize", "LabelsToAdd", "LabelsToRemove", "TaintsToAdd", "UpdateStrategy"]
        );
        assert!(config_change(&input(json!({})), &shape).is_err());
    }

    #[test]
    fn versions_only_rise_to_the_cluster() {
        let check = |wanted, current, cluster, expected| {
            assert_eq!(check_version(wanted, current, cluster).is_ok(), expected, "{wanted}");
        };
        check("1.34", "1.33", "1.34", true);
        check("1.33", "1.33", "1.34", true);
        check("1.32", "1.33", "1.34", false);
        check("1.35", "1.33", "1.34", false);
    }
}

//! Updates: those of the cluster itself, and DescribeUpdate and ListUpdates for all.

use std::sync::Arc;

use serde_json::{Value, json};

use super::clusters::{
    check_endpoint, check_features, check_subnets, enabled_logs, encryption_key, has_logs, logging,
    with_token,
};
use super::runtime::Runtime;
use super::state::{Cluster, Key, Target};
use super::versions::{self, paged};
use super::{Context, errors, insights};
use crate::sandbox::fakes::input::{Input, texts};
use crate::sandbox::fakes::patch::merge;
use crate::sandbox::wire::ServiceError;

/// An update of a cluster before it begins.
struct Wish {
    kind: &'static str,
    parameters: Vec<(&'static str, String)>,
    change: Value,
}

/// `UpdateClusterConfig`.
pub async fn update_config(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    check_features(&context.input)?;
    let shape = {
        let mut state = context.eks.state.lock().await;
        let cluster = state.ready_cluster(&key)?;
        idle(cluster, "UpdateClusterConfig")?;
        cluster.shape.clone()
    };
    let mut wishes = Vec::new();
    let input = &context.input;
    if input.has("logging") {
        wishes.push(log_wish(context, &shape).await?);
    }
    if input.has("resourcesVpcConfig") {
        wishes.extend(network_wishes(context, &shape).await?);
    }
    if input.has("accessConfig") {
        wishes.push(access_wish(&input.inner("accessConfig"), &shape)?);
    }
    for (member, kind, parameter) in [
        ("upgradePolicy", "UpgradePolicyUpdate", "UpgradePolicy"),
        ("zonalShiftConfig", "ZonalShiftConfigUpdate", "ZonalShiftConfig"),
        ("deletionProtection", "DeletionProtectionUpdate", "DeletionProtection"),
    ] {
        if input.has(member) {
            let value = input.value(member).clone();
            if shape[member] == value {
                return Err(errors::request(format!(
                    "Cluster is already at the desired configuration with {member}: {value}"
                )));
            }
            wishes.push(Wish {
                kind,
                parameters: vec![(parameter, value.to_string())],
                change: json!({member: value}),
            });
        }
    }
    match wishes.len() {
        0 => Err(errors::parameter("No changes needed for the configuration provided")),
        1 => begin(context, &key, wishes.remove(0)).await,
        _ => Err(errors::parameter("Only one type of update can be allowed.")),
    }
}

async fn begin(context: &Context<'_>, key: &Key, wish: Wish) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(key)?;
    idle(cluster, "the update")?;
    let update = context.update(Target::Cluster, wish.kind, &wish.parameters, wish.change).await;
    Ok(json!({"update": cluster.begin(update)}))
}

/// Refuses while another update of the cluster is in progress.
fn idle(cluster: &Cluster, operation: &str) -> Result<(), ServiceError> {
    match cluster.update_in_progress(&Target::Cluster) {
        None => Ok(()),
        Some(update) => {
            let message = format!(
                "Cannot perform {operation} because cluster {} currently has update {} in progress",
                cluster.key.name, update.id
            );
            Err(errors::in_use(message).with_member("clusterName", cluster.key.name.clone()))
        }
    }
}

async fn log_wish(context: &Context<'_>, shape: &Value) -> Result<Wish, ServiceError> {
    let wanted = context.input.value("logging");
    let mut enabled = enabled_logs(&shape["logging"]);
    // A request names only what it changes.
    for setup in wanted["clusterLogging"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let types = texts(&setup["types"]);
        enabled.retain(|kind| !types.contains(kind));
        if setup["enabled"] == true {
            enabled.extend(types);
        }
    }
    let wished = logging(&enabled);
    if wished == shape["logging"] {
        return Err(errors::parameter("No changes needed for the logging config provided"));
    }
    if has_logs(&wished) {
        context.neighbours().log_group(&context.key().name).await?;
    }
    Ok(Wish {
        kind: "LoggingUpdate",
        parameters: vec![("ClusterLogging", wanted.to_string())],
        change: json!({"logging": wished}),
    })
}

/// Access to the endpoint, and subnets with security groups, are two types of update in one member.
async fn network_wishes(context: &Context<'_>, shape: &Value) -> Result<Vec<Wish>, ServiceError> {
    let config = context.input.inner("resourcesVpcConfig");
    let current = &shape["resourcesVpcConfig"];
    let mut wishes = Vec::new();
    let endpoint = ["endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"];
    if endpoint.iter().any(|member| config.has(member)) {
        let mut wished = current.clone();
        for member in endpoint {
            if config.has(member) {
                wished[member] = config.value(member).clone();
            }
        }
        check_endpoint(&as_input(&wished))?;
        if wished == *current {
            return Err(errors::parameter(format!(
                "Cluster is already at the desired configuration with endpointPrivateAccess: {} , endpointPublicAccess: {}, and Public Endpoint Restrictions: {}",
                current["endpointPrivateAccess"],
                current["endpointPublicAccess"],
                current["publicAccessCidrs"]
            )));
        }
        wishes.push(Wish {
            kind: "EndpointAccessUpdate",
            parameters: vec![
                ("EndpointPublicAccess", wished["endpointPublicAccess"].to_string()),
                ("EndpointPrivateAccess", wished["endpointPrivateAccess"].to_string()),
                ("PublicAccessCidrs", wished["publicAccessCidrs"].to_string()),
            ],
            change: json!({"resourcesVpcConfig": wished}),
        });
    }
    if config.has("subnetIds") || config.has("securityGroupIds") {
        wishes.push(placement_wish(context, &config, current).await?);
    }
    Ok(wishes)
}

async fn placement_wish(
    context: &Context<'_>,
    config: &Input,
    current: &Value,
) -> Result<Wish, ServiceError> {
    let or = |member: &str| {
        if config.has(member) { config.texts(member) } else { texts(&current[member]) }
    };
    let (subnets, groups) = (or("subnetIds"), or("securityGroupIds"));
    let vpc = current["vpcId"].as_str().unwrap_or_default();
    let found = check_subnets(context, &subnets).await?;
    if found.iter().any(|subnet| subnet.vpc != vpc) {
        return Err(errors::parameter(format!(
            "Provided subnets must belong to the VPC {vpc} of the cluster"
        )));
    }
    context.neighbours().check_security_groups(&groups, vpc).await?;
    Ok(Wish {
        kind: "VpcConfigUpdate",
        parameters: vec![
            ("SecurityGroups", json!(groups).to_string()),
            ("Subnets", json!(subnets).to_string()),
        ],
        change: json!({"resourcesVpcConfig": {"subnetIds": subnets, "securityGroupIds": groups}}),
    })
}

fn access_wish(config: &Input, shape: &Value) -> Result<Wish, ServiceError> {
    const MODES: [&str; 3] = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
    let current = shape["accessConfig"]["authenticationMode"].as_str().unwrap_or_default();
    let wanted = config.text("authenticationMode");
    let place = |mode: &str| MODES.iter().position(|known| *known == mode);
    // A mode can only be left for the next one.
    if place(wanted) != place(current).map(|place| place + 1) {
        return Err(errors::parameter(format!(
            "Unsupported authentication mode update from {current} to {wanted}"
        )));
    }
    Ok(Wish {
        kind: "AccessConfigUpdate",
        parameters: vec![("AuthenticationMode", format!("\"{wanted}\""))],
        change: json!({"accessConfig": {"authenticationMode": wanted}}),
    })
}

/// `UpdateClusterVersion`.
pub async fn update_version(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    let wanted = versions::supported(context.input.text("version"), context.world.clock.now())?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&key)?;
    idle(cluster, "UpdateClusterVersion")?;
    let current = cluster.version().to_owned();
    if wanted.name == current {
        return Err(errors::parameter(format!(
            "Cluster is already at the desired configuration with Kubernetes version {current}"
        )));
    }
    if wanted.minor() != versions::minor(&current) + 1 {
        return Err(errors::parameter(format!(
            "Unsupported Kubernetes minor version update from {current} to {}",
            wanted.name
        )));
    }
    let behind =
        cluster.nodegroups.iter().find(|(_, group)| group.shape["version"] != current.as_str());
    if let Some((name, group)) = behind {
        return Err(errors::request(format!(
            "Nodegroups {name} must be updated to match cluster version {current} before updating cluster version; found version {}",
            group.shape["version"].as_str().unwrap_or_default()
        ))
        .with_member("clusterName", key.name));
    }
    if context.input.flag("force") != Some(true) && insights::block_update(cluster) {
        return Err(errors::state("Amazon EKS detected upgrade readiness issues. Call the ListInsights API to view detected upgrade blocking issues. Pass the force flag when updating to override upgrade readiness errors.")
            .with_member("clusterName", key.name));
    }
    let parameters =
        [("Version", wanted.name.to_owned()), ("PlatformVersion", wanted.platform.to_owned())];
    let change = json!({"version": wanted.name, "platformVersion": wanted.platform});
    let update = context.update(Target::Cluster, "VersionUpdate", &parameters, change).await;
    Ok(json!({"update": cluster.begin(update)}))
}

/// `AssociateEncryptionConfig`.
pub async fn associate_encryption(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    let config = context.input.value("encryptionConfig");
    let role = {
        let mut state = context.eks.state.lock().await;
        let cluster = state.ready_cluster(&key)?;
        idle(cluster, "AssociateEncryptionConfig")?;
        if cluster.shape["encryptionConfig"].is_array() {
            let message = "Encryption is already enabled on cluster, and it cannot be changed";
            return Err(errors::parameter(message));
        }
        cluster.shape["roleArn"].as_str().unwrap_or_default().to_owned()
    };
    let arn = encryption_key(config)
        .ok_or_else(|| errors::parameter("the provider's keyArn is required"))?;
    let grant = context.neighbours().grant(&arn, &role).await?;
    let mut state = context.eks.state.lock().await;
    state.ready_cluster(&key)?.grant = Some(grant);
    drop(state);
    let wish = Wish {
        kind: "AssociateEncryptionConfig",
        parameters: vec![("EncryptionConfig", config.to_string())],
        change: json!({"encryptionConfig": config}),
    };
    begin(context, &key, wish).await
}

/// A look at what is in progress with a target; an update whose looks have run out takes effect.
///
/// # Errors
/// When Kubernetes cannot be brought to the change.
pub async fn pass(context: &Context<'_>, key: &Key, target: &Target) -> Result<(), ServiceError> {
    let mut state = context.eks.state.lock().await;
    let Ok(cluster) = state.cluster(key) else { return Ok(()) };
    let runtime = Arc::clone(&cluster.runtime);
    let Some(update) =
        cluster.updates.iter_mut().find(|update| update.target == *target && update.in_progress())
    else {
        return Ok(());
    };
    if update.looks.look() {
        return Ok(());
    }
    if let Some(failure) = update.failure.take() {
        update.fail(&failure.code, &failure.message, &[]);
        return Ok(());
    }
    update.shape["status"] = "Successful".into();
    let change = update.change.clone();
    match target {
        Target::Cluster => merge(&mut cluster.shape, &change),
        Target::Nodegroup(name) => {
            if let Some(group) = cluster.nodegroups.get_mut(name) {
                merge(&mut group.shape, &change);
            }
        }
        Target::Addon(name) => {
            if let Some(addon) = cluster.addons.get_mut(name) {
                merge(&mut addon.shape, &change);
            }
        }
    }
    let version = change["version"].as_str().filter(|_| *target == Target::Cluster);
    let version = version.map(str::to_owned);
    drop(state);
    if let Some(version) = version {
        replace(context, &runtime, &version).await?;
    }
    context.sync(&runtime).await
}

async fn replace(
    context: &Context<'_>,
    runtime: &Runtime,
    version: &str,
) -> Result<(), ServiceError> {
    let Some(plane) = runtime.running() else { return Ok(()) };
    plane
        .replace(&context.world.children, version)
        .await
        .map_err(|error| ServiceError::internal(format!("the control plane: {error:#}")))
}

fn target(input: &Input) -> Target {
    match (input.optional_text("nodegroupName"), input.optional_text("addonName")) {
        (Some(name), _) => Target::Nodegroup(name.to_owned()),
        (None, Some(name)) => Target::Addon(name.to_owned()),
        (None, None) => Target::Cluster,
    }
}

/// `DescribeUpdate`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    let id = context.input.text("updateId");
    let target = target(&context.input);
    pass(context, &key, &target).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    let update = cluster.updates.iter().find(|update| update.id == id && update.target == target);
    let update =
        update.ok_or_else(|| errors::not_found(format!("No update found for ID: {id}")))?;
    Ok(json!({"update": update.shape}))
}

/// `ListUpdates`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let target = target(&context.input);
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let of_target = cluster.updates.iter().filter(|update| update.target == target);
    let ids: Vec<String> = of_target.map(|update| update.id.clone()).collect();
    let (ids, next) = paged(ids, &context.input)?;
    Ok(with_token(json!({"updateIds": ids}), next))
}

fn as_input(value: &Value) -> Input {
    Input::new(value.as_object().cloned().unwrap_or_default())
}

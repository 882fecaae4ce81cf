//! Add-ons: CreateAddon, DescribeAddon, ListAddons, UpdateAddon, DeleteAddon.
//!
//! Follows "Amazon EKS add-ons" of the EKS User Guide.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::addon_catalog::{self, Entry, Workload};
use super::clusters::with_token;
use super::runtime::Runtime;
use super::state::{Addon, Cluster, Key, Looks, Target};
use super::versions::paged;
use super::{Context, errors, pod_identity, updates};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// `CreateAddon`.
pub async fn create(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    let name = input.text("addonName");
    check_associations(context).await?;
    let failure = context.planned_failure("CreateAddon").await;
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&key)?;
    pass_deletion(cluster, name);
    if cluster.addons.contains_key(name) {
        return Err(errors::in_use("Addon already exists.")
            .with_member("clusterName", key.name)
            .with_member("addonName", name));
    }
    let entry = entry(name, cluster.version())?;
    let version = check_version(entry, input.optional_text("addonVersion"), cluster.version())?;
    entry.check_configuration(input.text("configurationValues"))?;
    let shape = shape(context, &key, entry, &version);
    let mut addon =
        Addon { shape, creation: context.looks(), deletion: None, failed: false, settled: false };
    let conflict = conflict(cluster, entry, &version, input);
    let failure = failure.map(|failure| (failure.code, failure.message));
    match failure.or(conflict) {
        Some((code, message)) => {
            addon.failed = true;
            addon.shape["health"] =
                json!({"issues": [{"code": code, "message": message, "resourceIds": []}]});
        }
        None => {
            cluster.self_managed.remove(name);
        }
    }
    cluster.addons.insert(name.to_owned(), addon);
    associate(context, cluster, &key, name);
    let answer = json!({"addon": shown(cluster, name, None)});
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(answer)
}

fn entry(name: &str, kubernetes: &str) -> Result<&'static Entry, ServiceError> {
    addon_catalog::find(name).ok_or_else(|| {
        errors::parameter(format!(
            "Addon {name} specified is not supported in {kubernetes} kubernetes version"
        ))
        .with_member("addonName", name)
    })
}

fn check_version(
    entry: &Entry,
    wanted: Option<&str>,
    kubernetes: &str,
) -> Result<String, ServiceError> {
    let refuse = || {
        errors::parameter("Addon version specified is not supported")
            .with_member("addonName", entry.name)
    };
    match wanted {
        None => entry.default_for(kubernetes).ok_or_else(refuse),
        Some(wanted) => {
            let known = entry.versions_for(kubernetes);
            known.into_iter().find(|version| version == wanted).ok_or_else(refuse)
        }
    }
}

/// Why an add-on cannot take the place of one that nobody manages without overwriting it.
fn conflict(
    cluster: &Cluster,
    entry: &Entry,
    version: &str,
    input: &Input,
) -> Option<(String, String)> {
    let own = cluster.self_managed.get(entry.name)?;
    let differs = own != version || input.has("configurationValues");
    let overwrites = input.text("resolveConflicts") == "OVERWRITE";
    (differs && !overwrites).then(|| {
        let message = format!(
            "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts: {} is installed and not managed by EKS",
            entry.name
        );
        ("ConfigurationConflict".to_owned(), message)
    })
}

fn shape(context: &Context<'_>, key: &Key, entry: &Entry, version: &str) -> Value {
    let input = &context.input;
    let resource = format!("addon/{}/{}/{}", key.name, entry.name, Uuid::new_v4());
    let mut shape = json!({
        "addonName": entry.name,
        "clusterName": key.name,
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": key.arn(&resource),
        "createdAt": context.now(),
        "modifiedAt": context.now(),
        "tags": input.object("tags"),
        "namespaceConfig": {"namespace": entry.namespace},
    });
    for member in ["serviceAccountRoleArn", "configurationValues", "namespaceConfig"] {
        if input.has(member) {
            shape[member] = input.value(member).clone();
        }
    }
    shape
}

async fn check_associations(context: &Context<'_>) -> Result<(), ServiceError> {
    for wanted in wanted_associations(&context.input) {
        pod_identity::check_role(context, wanted["roleArn"].as_str().unwrap_or_default()).await?;
    }
    Ok(())
}

fn wanted_associations(input: &Input) -> Vec<Value> {
    input.value("podIdentityAssociations").as_array().cloned().unwrap_or_default()
}

/// Gives an add-on the Pod Identity associations that a request names, in the place of those it had.
fn associate(context: &Context<'_>, cluster: &mut Cluster, key: &Key, name: &str) {
    if !context.input.has("podIdentityAssociations") {
        return;
    }
    dissociate(cluster, name);
    let Some(addon) = cluster.addons.get(name) else { return };
    let owner = addon.shape["addonArn"].clone();
    let namespace =
        addon.shape["namespaceConfig"]["namespace"].as_str().unwrap_or_default().to_owned();
    let mut arns = Vec::new();
    for wanted in wanted_associations(&context.input) {
        let text = |member: &str| wanted[member].as_str().unwrap_or_default();
        let place = (namespace.as_str(), text("serviceAccount"));
        let shape = pod_identity::insert(cluster, key, place, text("roleArn"), context.now());
        shape["ownerArn"] = owner.clone();
        arns.push(shape["associationArn"].clone());
    }
    if let Some(addon) = cluster.addons.get_mut(name) {
        addon.shape["podIdentityAssociations"] = arns.into();
    }
}

fn dissociate(cluster: &mut Cluster, name: &str) {
    if let Some(addon) = cluster.addons.get(name) {
        let owner = addon.shape["addonArn"].clone();
        cluster.associations.retain(|_, shape| shape["ownerArn"] != owner);
    }
}

/// What keeps an add-on from running.
fn missing_replicas(entry: &Entry) -> Value {
    let name = entry.workloads.iter().find_map(|workload| match workload {
        Workload::Deployment(name, _) => Some(*name),
        Workload::DaemonSet(_) => None,
    });
    json!({
        "code": "InsufficientNumberOfReplicas",
        "message": format!("The add-on is unhealthy because all deployments have all pods unscheduled: {}", name.unwrap_or_default()),
        "resourceIds": [],
    })
}

/// An add-on as DescribeAddon shows it; `available` says whether its pods run, where that is known.
fn shown(cluster: &Cluster, name: &str, available: Option<bool>) -> Value {
    let Some(addon) = cluster.addons.get(name) else { return Value::Null };
    let mut shape = addon.shape.clone();
    let updating = cluster.update_in_progress(&Target::Addon(name.to_owned())).is_some();
    let has_nodes = cluster.nodegroups.values().any(|group| !group.nodes.is_empty());
    let status = match () {
        () if addon.deletion.is_some() => "DELETING",
        () if addon.creation.under_way() => "CREATING",
        () if addon.failed => "CREATE_FAILED",
        () if updating => "UPDATING",
        () if available != Some(false) => "ACTIVE",
        // Pods that have nodes to run on are still starting.
        () if has_nodes && !addon.settled => "CREATING",
        () => {
            if let Some(entry) = addon_catalog::find(name) {
                shape["health"] = json!({"issues": [missing_replicas(entry)]});
            }
            "DEGRADED"
        }
    };
    shape["status"] = status.into();
    shape
}

/// Whether the pods of an add-on's deployments run: asked of the control plane, or, where it does not run, of the
/// node groups. Daemon sets always have all the pods they can.
async fn available(runtime: &Runtime, name: &str, has_nodes: bool) -> Result<bool, ServiceError> {
    let Some(entry) = addon_catalog::find(name) else { return Ok(true) };
    for workload in entry.workloads {
        let Workload::Deployment(deployment, _) = workload else { continue };
        let Some(plane) = runtime.running() else { return Ok(has_nodes) };
        let path = format!("/apis/apps/v1/namespaces/{}/deployments/{deployment}", entry.namespace);
        let found = plane.administrator().get(&path).await;
        let found = found.map_err(|error| ServiceError::internal(format!("{error:#}")))?;
        let replicas = found.and_then(|object| object["status"]["availableReplicas"].as_u64());
        if replicas.unwrap_or_default() == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn missing(cluster: &str, name: &str) -> ServiceError {
    errors::not_found(format!("No addon: {name} found in cluster: {cluster}"))
        .with_member("clusterName", cluster)
        .with_member("addonName", name)
}

fn pass_deletion(cluster: &mut Cluster, name: &str) {
    let Some(addon) = cluster.addons.get_mut(name) else { return };
    if let Some(deletion) = &mut addon.deletion {
        deletion.look();
        if !deletion.under_way() {
            cluster.addons.remove(name);
        }
    }
}

/// `DescribeAddon`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, name) = (context.key(), context.input.text("addonName"));
    updates::pass(context, &key, &Target::Addon(name.to_owned())).await?;
    let (runtime, has_nodes) = {
        let mut state = context.eks.state.lock().await;
        let cluster = state.cluster(&key)?;
        pass_deletion(cluster, name);
        let has_nodes = cluster.nodegroups.values().any(|group| !group.nodes.is_empty());
        (Arc::clone(&cluster.runtime), has_nodes)
    };
    let available = available(&runtime, name, has_nodes).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    let shape = shown(cluster, name, Some(available));
    let addon = cluster.addons.get_mut(name).ok_or_else(|| missing(&key.name, name))?;
    addon.creation.look();
    addon.settled |= shape["status"] == "ACTIVE";
    Ok(json!({"addon": shape}))
}

/// `ListAddons`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let names: Vec<String> = cluster.addons.keys().cloned().collect();
    // Whoever waits for a deletion by listing must see its end too.
    names.iter().for_each(|name| pass_deletion(cluster, name));
    let (names, next) = paged(names, &context.input)?;
    Ok(with_token(json!({"addons": names}), next))
}

/// `UpdateAddon`.
pub async fn update(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    let name = input.text("addonName");
    let target = Target::Addon(name.to_owned());
    check_associations(context).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.ready_cluster(&key)?;
    let in_use = |message: String| {
        errors::in_use(message)
            .with_member("clusterName", key.name.clone())
            .with_member("addonName", name)
    };
    if let Some(update) = cluster.update_in_progress(&target) {
        return Err(in_use(format!("Addon {name} currently has update {} in progress", update.id)));
    }
    let addon = cluster.addons.get(name).ok_or_else(|| missing(&key.name, name))?;
    if addon.deletion.is_some() || addon.creation.under_way() {
        return Err(in_use(format!(
            "Addon {name} cannot be updated as it is currently in {} state",
            shown(cluster, name, None)["status"]
        )));
    }
    let entry = entry(name, cluster.version())?;
    let mut change = json!({"modifiedAt": context.now()});
    let mut parameters = Vec::new();
    if let Some(wanted) = input.optional_text("addonVersion") {
        let version = check_version(entry, Some(wanted), cluster.version())?;
        change["addonVersion"] = version.clone().into();
        parameters.push(("AddonVersion", version));
    }
    if input.has("configurationValues") {
        entry.check_configuration(input.text("configurationValues"))?;
    }
    if input.has("configurationValues") {
        change["configurationValues"] = input.value("configurationValues").clone();
        parameters.push(("ConfigurationValues", input.text("configurationValues").to_owned()));
    }
    // Without a role its service account has that of the nodes from then on.
    change["serviceAccountRoleArn"] = input.value("serviceAccountRoleArn").clone();
    if let Some(role) = input.optional_text("serviceAccountRoleArn") {
        parameters.push(("ServiceAccountRoleArn", role.to_owned()));
    }
    let mode = input.optional_text("resolveConflicts").unwrap_or("NONE");
    parameters.push(("ResolveConflicts", mode.to_owned()));
    if input.has("podIdentityAssociations") {
        parameters
            .push(("PodIdentityAssociations", input.value("podIdentityAssociations").to_string()));
    }
    associate(context, cluster, &key, name);
    if let Some(addon) = cluster.addons.get_mut(name) {
        // An update is how a failed add-on is repaired.
        addon.failed = false;
        addon.shape["health"] = json!({"issues": []});
    }
    cluster.self_managed.remove(name);
    let update = context.update(target, "AddonUpdate", &parameters, change).await;
    Ok(json!({"update": cluster.begin(update)}))
}

/// `DeleteAddon`.
pub async fn delete(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, name) = (context.key(), context.input.text("addonName"));
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    let addon = cluster.addons.get_mut(name).ok_or_else(|| missing(&key.name, name))?;
    if addon.deletion.is_none() {
        addon.deletion = Some(Looks(context.looks().0 + 1));
    }
    let version = addon.shape["addonVersion"].as_str().unwrap_or_default().to_owned();
    let preserved = context.input.flag("preserve") == Some(true) && !addon.failed;
    if preserved {
        cluster.self_managed.insert(name.to_owned(), version);
    }
    dissociate(cluster, name);
    let answer = json!({"addon": shown(cluster, name, None)});
    let runtime = Arc::clone(&cluster.runtime);
    drop(state);
    context.sync(&runtime).await?;
    Ok(answer)
}

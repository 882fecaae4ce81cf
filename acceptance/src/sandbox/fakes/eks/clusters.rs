//! Clusters: CreateCluster, DescribeCluster, ListClusters, DeleteCluster.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::access;
use super::addon_catalog;
use super::network::{Footprint, Subnet, overlap, range};
use super::runtime::Runtime;
use super::state::{Cluster, Key, Looks, Target};
use super::versions::{self, paged};
use super::{Context, errors, updates};
use crate::sandbox::fakes::input::{Input, texts};
use crate::sandbox::wire::ServiceError;

/// How many clusters an account may have in a region.
const MOST_CLUSTERS: usize = 100;

/// `CreateCluster`.
pub async fn create(context: &Context<'_>) -> Result<Value, ServiceError> {
    let (key, input) = (context.key(), &context.input);
    // One at a time, so that two requests for one name do not both find it free.
    let _change = context.eks.changes.lock().await;
    if let Some(known) = repeated(context, &key).await? {
        return Ok(known);
    }
    check_features(input)?;
    let version = input.optional_text("version").unwrap_or(versions::DEFAULT);
    let version = versions::supported(version, context.world.clock.now())?;
    let subnets = check_network(context, input).await?;
    check_role(context, input.text("roleArn")).await?;
    let grant = match encryption_key(input.value("encryptionConfig")) {
        Some(arn) => Some(context.neighbours().grant(&arn, input.text("roleArn")).await?),
        None => None,
    };
    let incarnation = Uuid::new_v4().simple().to_string().to_uppercase();
    let runtime = Runtime::open(&key, incarnation, context.eks, context.world).await;
    let runtime = runtime.map_err(|error| ServiceError::internal(format!("{error:#}")))?;
    let groups = input.inner("resourcesVpcConfig").texts("securityGroupIds");
    let neighbours = context.neighbours();
    if has_logs(input.value("logging")) {
        neighbours.log_group(&key.name).await?;
    }
    let footprint = match neighbours.settle(&key, &subnets, &groups).await {
        Ok(footprint) => footprint,
        Err(error) => {
            runtime.close(context.world);
            if let Some(grant) = &grant {
                neighbours.revoke(grant).await;
            }
            return Err(error);
        }
    };
    let shape = shape(context, &key, version, &subnets, &footprint, &runtime);
    let mode = shape["accessConfig"]["authenticationMode"].clone();
    let creator = bootstrap_creator(context);
    let mut cluster = Cluster {
        key: key.clone(),
        shape,
        request: request(input),
        creation: context.looks(),
        deletion: None,
        failed: false,
        updates: Vec::new(),
        nodegroups: BTreeMap::new(),
        addons: BTreeMap::new(),
        access: BTreeMap::new(),
        associations: BTreeMap::new(),
        insights: BTreeMap::new(),
        self_managed: self_managed(input, version.name),
        creator: creator.clone(),
        interfaces: footprint.interfaces,
        address: footprint.address,
        grant,
        runtime,
    };
    if mode != "CONFIG_MAP" {
        access::bootstrap(&mut cluster, creator.as_deref(), context.now());
    }
    if let Some(failure) = context.planned_failure("CreateCluster").await {
        cluster.failed = true;
        let issue = json!({"code": failure.code, "message": failure.message, "resourceIds": []});
        cluster.shape["health"] = json!({"issues": [issue]});
    }
    let answer = json!({"cluster": shown(&cluster)});
    context.eks.state.lock().await.clusters.insert(key, cluster);
    Ok(answer)
}

/// Refuses what the sandbox's clusters do not have, rather than to pass over it.
///
/// # Errors
/// `SandboxNotImplemented`.
pub fn check_features(input: &Input) -> Result<(), ServiceError> {
    const ABSENT: [&str; 6] = [
        "outpostConfig",
        "remoteNetworkConfig",
        "controlPlaneScalingConfig",
        "kubeApiServerConfig",
        "kubeSchedulerConfig",
        "kubeControllerManagerConfig",
    ];
    let kubernetes = input.inner("kubernetesNetworkConfig");
    let automatic = [
        input.inner("computeConfig").flag("enabled"),
        kubernetes.inner("elasticLoadBalancing").flag("enabled"),
        input.inner("storageConfig").inner("blockStorage").flag("enabled"),
    ];
    let absent = ABSENT
        .into_iter()
        .find(|name| input.has(name))
        .or((kubernetes.text("ipFamily") == "ipv6").then_some("IPv6"))
        .or(automatic.contains(&Some(true)).then_some("EKS Auto Mode"));
    match absent {
        None => Ok(()),
        Some(name) => {
            let message = format!("the sandbox's EKS does not have {name}");
            Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
        }
    }
}

/// The answer to a request whose cluster is there already: the same for the same token and content.
async fn repeated(context: &Context<'_>, key: &Key) -> Result<Option<Value>, ServiceError> {
    let mut state = context.eks.state.lock().await;
    if let Some(cluster) = state.clusters.get_mut(key) {
        pass_deletion(cluster);
    }
    remove_deleted(&mut state.clusters);
    if let Some(cluster) = state.clusters.get(key) {
        let token = context.input.optional_text("clientRequestToken");
        if token.is_some() && cluster.request == request(&context.input) {
            return Ok(Some(json!({"cluster": shown(cluster)})));
        }
        let message = format!("Cluster already exists with name: {}", key.name);
        return Err(errors::in_use(message).with_member("clusterName", key.name.clone()));
    }
    let beside = state
        .clusters
        .keys()
        .filter(|other| (&other.account, &other.region) == (&key.account, &key.region));
    if beside.count() >= MOST_CLUSTERS {
        return Err(errors::limit(format!(
            "Cluster limit of {MOST_CLUSTERS} reached in this account"
        )));
    }
    Ok(None)
}

fn request(input: &Input) -> Value {
    serde_json::to_value(input).unwrap_or_default()
}

async fn check_role(context: &Context<'_>, role: &str) -> Result<(), ServiceError> {
    let neighbours = context.neighbours();
    if !neighbours.role_trusts(role, "eks.amazonaws.com").await? {
        return Err(errors::parameter(format!(
            "Role with arn: {role}, could not be assumed because it does not exist or the trusted entity is not correct"
        )));
    }
    let attached = neighbours.attached_policies(role).await?;
    if attached.iter().any(|arn| arn.ends_with(":aws:policy/AmazonEKSClusterPolicy")) {
        return Ok(());
    }
    let message = "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policy is attached: AmazonEKSClusterPolicy";
    Err(errors::parameter(message))
}

async fn check_network(context: &Context<'_>, input: &Input) -> Result<Vec<Subnet>, ServiceError> {
    let config = input.inner("resourcesVpcConfig");
    let subnets = check_subnets(context, &config.texts("subnetIds")).await?;
    let vpc = subnets.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default();
    let groups = config.texts("securityGroupIds");
    context.neighbours().check_security_groups(&groups, &vpc).await?;
    check_endpoint(&config)?;
    let service_range = input.inner("kubernetesNetworkConfig");
    if let Some(service_range) = service_range.optional_text("serviceIpv4Cidr") {
        check_service_range(service_range, &context.neighbours().ranges(&vpc).await?)?;
    }
    Ok(subnets)
}

/// Checks that subnets are at least two, in different zones of one network.
///
/// # Errors
/// `InvalidParameterException`.
pub async fn check_subnets(
    context: &Context<'_>,
    ids: &[String],
) -> Result<Vec<Subnet>, ServiceError> {
    if ids.is_empty() {
        return Err(errors::parameter("Subnets cannot be empty"));
    }
    let subnets = context.neighbours().subnets(ids).await?;
    let mut zones: Vec<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    if zones.len() < 2 {
        return Err(errors::parameter("Subnets specified must be in at least two different AZs"));
    }
    Ok(subnets)
}

/// Checks access to the endpoint.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check_endpoint(config: &Input) -> Result<(), ServiceError> {
    let public = config.flag("endpointPublicAccess").unwrap_or(true);
    let private = config.flag("endpointPrivateAccess").unwrap_or(false);
    if !public && !private {
        return Err(errors::parameter("Private and public endpoint access cannot be false"));
    }
    let ranges = config.texts("publicAccessCidrs");
    if let Some(wrong) = ranges.iter().find(|text| range(text).is_none()) {
        return Err(errors::parameter(format!("The following CIDR is not valid: {wrong}")));
    }
    Ok(())
}

fn check_service_range(text: &str, network: &[String]) -> Result<(), ServiceError> {
    const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let refuse = |reason: &str| {
        errors::parameter(format!("The serviceIpv4Cidr {text} is not valid: {reason}"))
    };
    let (_, length) = range(text).ok_or_else(|| refuse("it is no IPv4 CIDR block"))?;
    if !(12..=24).contains(&length) {
        return Err(refuse("its prefix must be from /12 to /24"));
    }
    if !PRIVATE.iter().any(|private| overlap(private, text)) {
        return Err(refuse("it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"));
    }
    match network.iter().find(|range| overlap(range, text)) {
        Some(range) => Err(refuse(&format!("it overlaps with {range} of the VPC"))),
        None => Ok(()),
    }
}

/// The key that an encryption configuration names.
pub fn encryption_key(config: &Value) -> Option<String> {
    config[0]["provider"]["keyArn"].as_str().map(str::to_owned)
}

/// Whether any kind of log is on.
pub fn has_logs(logging: &Value) -> bool {
    let setups = logging["clusterLogging"].as_array().map(Vec::as_slice).unwrap_or_default();
    setups.iter().any(|setup| setup["enabled"] == true && !texts(&setup["types"]).is_empty())
}

/// The log configuration as answers write it: what is on, and all else.
pub fn logging(enabled: &[String]) -> Value {
    const TYPES: [&str; 5] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
    let (on, off): (Vec<&str>, Vec<&str>) =
        TYPES.iter().partition(|kind| enabled.iter().any(|enabled| enabled == *kind));
    let setups = [(on, true), (off, false)]
        .map(|(types, enabled)| json!({"types": types, "enabled": enabled}));
    let setups: Vec<Value> =
        setups.into_iter().filter(|setup| !texts(&setup["types"]).is_empty()).collect();
    json!({"clusterLogging": setups})
}

/// The kinds of log that a configuration turns on.
pub fn enabled_logs(logging: &Value) -> Vec<String> {
    let setups = logging["clusterLogging"].as_array().map(Vec::as_slice).unwrap_or_default();
    setups
        .iter()
        .filter(|setup| setup["enabled"] == true)
        .flat_map(|setup| texts(&setup["types"]))
        .collect()
}

/// The add-ons that come with a cluster that does not refuse them.
fn self_managed(input: &Input, version: &str) -> BTreeMap<String, String> {
    if input.flag("bootstrapSelfManagedAddons") == Some(false) {
        return BTreeMap::new();
    }
    let defaults = ["vpc-cni", "coredns", "kube-proxy"].into_iter().filter_map(|name| {
        let version = addon_catalog::find(name)?.default_for(version)?;
        Some((name.to_owned(), version))
    });
    defaults.collect()
}

/// The principal that becomes administrator by making the cluster; `None` where the request forbids it.
fn bootstrap_creator(context: &Context<'_>) -> Option<String> {
    let wanted =
        context.input.inner("accessConfig").flag("bootstrapClusterCreatorAdminPermissions");
    let caller = context.caller;
    (wanted != Some(false)).then(|| caller.role_arn.clone().unwrap_or_else(|| caller.arn.clone()))
}

fn shape(
    context: &Context<'_>,
    key: &Key,
    version: &versions::Version,
    subnets: &[Subnet],
    footprint: &Footprint,
    runtime: &Runtime,
) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let input = &context.input;
    let config = input.inner("resourcesVpcConfig");
    let public_ranges = config.texts("publicAccessCidrs");
    let public = config.flag("endpointPublicAccess").unwrap_or(true);
    let everywhere = vec!["0.0.0.0/0".to_owned()];
    let public_ranges = match (public, public_ranges.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => everywhere,
        (true, false) => public_ranges,
    };
    let access = input.inner("accessConfig");
    let or = |value: &Value, default: Value| if value.is_null() { default } else { value.clone() };
    let kubernetes = input.inner("kubernetesNetworkConfig");
    let first_vpc = subnets.first().map(|subnet| subnet.vpc.as_str());
    let mut shape = json!({
        "name": key.name,
        "arn": key.arn(&format!("cluster/{}", key.name)),
        "createdAt": context.now(),
        "version": version.name,
        "platformVersion": version.platform,
        "endpoint": runtime.endpoint,
        "roleArn": input.text("roleArn"),
        "resourcesVpcConfig": {
            "subnetIds": config.texts("subnetIds"),
            "securityGroupIds": config.texts("securityGroupIds"),
            "clusterSecurityGroupId": footprint.security_group,
            "vpcId": first_vpc,
            "endpointPublicAccess": public,
            "endpointPrivateAccess": config.flag("endpointPrivateAccess").unwrap_or(false),
            "publicAccessCidrs": public_ranges,
            "controlPlaneEgressMode": or(config.value("controlPlaneEgressMode"), "AWS_MANAGED".into()),
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": kubernetes.optional_text("serviceIpv4Cidr").unwrap_or("172.20.0.0/16"),
            "ipFamily": kubernetes.optional_text("ipFamily").unwrap_or("ipv4"),
            "elasticLoadBalancing": {"enabled": false},
        },
        "logging": logging(&enabled_logs(input.value("logging"))),
        "identity": {"oidc": {
            "issuer": format!("https://oidc.eks.{}.amazonaws.com/id/{}", key.region, runtime.incarnation),
        }},
        "certificateAuthority": {"data": STANDARD.encode(runtime.authority.pem())},
        "clientRequestToken": input.value("clientRequestToken"),
        "tags": input.object("tags"),
        "health": {"issues": []},
        "accessConfig": {
            "bootstrapClusterCreatorAdminPermissions":
                access.flag("bootstrapClusterCreatorAdminPermissions").unwrap_or(true),
            "authenticationMode": access.optional_text("authenticationMode").unwrap_or("CONFIG_MAP"),
        },
        "upgradePolicy": or(input.value("upgradePolicy"), json!({"supportType": "EXTENDED"})),
        "zonalShiftConfig": or(input.value("zonalShiftConfig"), json!({"enabled": false})),
        "computeConfig": {"enabled": false, "nodePools": []},
        "storageConfig": {"blockStorage": {"enabled": false}},
        "deletionProtection": input.flag("deletionProtection").unwrap_or(false),
    });
    if input.has("encryptionConfig") {
        shape["encryptionConfig"] = input.value("encryptionConfig").clone();
    }
    shape
}

/// A cluster as DescribeCluster shows it at this moment.
pub fn shown(cluster: &Cluster) -> Value {
    let mut shape = cluster.shape.clone();
    let status = cluster.status();
    shape["status"] = status.into();
    if status == "CREATING" {
        shape["certificateAuthority"] = json!({});
        if let Some(members) = shape.as_object_mut() {
            members.remove("endpoint");
            members.remove("identity");
        }
    }
    shape
}

/// `DescribeCluster`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let key = context.key();
    updates::pass(context, &key, &Target::Cluster).await?;
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    pass_deletion(cluster);
    if cluster.deletion == Some(Looks(0)) {
        state.clusters.remove(&key);
        return Err(errors::no_cluster(&key.name));
    }
    let answer = json!({"cluster": shown(cluster)});
    cluster.creation.look();
    Ok(answer)
}

/// A look at a cluster that is being deleted.
fn pass_deletion(cluster: &mut Cluster) {
    if let Some(deletion) = &mut cluster.deletion {
        deletion.look();
    }
}

fn remove_deleted(clusters: &mut BTreeMap<Key, Cluster>) {
    clusters.retain(|_, cluster| cluster.deletion != Some(Looks(0)));
}

/// `ListClusters`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let mut state = context.eks.state.lock().await;
    remove_deleted(&mut state.clusters);
    let here = |key: &&Key| key.account == context.caller.account && key.region == context.region;
    let names: Vec<String> =
        state.clusters.keys().filter(here).map(|key| key.name.clone()).collect();
    // Whoever waits for a deletion by listing must see its end too.
    state.clusters.values_mut().for_each(pass_deletion);
    let (names, next) = paged(names, &context.input)?;
    Ok(with_token(json!({"clusters": names}), next))
}

/// An answer with the token of its next page.
pub fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    answer
}

/// `DeleteCluster`.
pub async fn delete(context: &Context<'_>) -> Result<Value, ServiceError> {
    let _change = context.eks.changes.lock().await;
    let key = context.key();
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&key)?;
    let name = key.name.clone();
    let in_use = |message: String| errors::in_use(message).with_member("clusterName", name.clone());
    match cluster.status() {
        "DELETING" => return Ok(json!({"cluster": shown(cluster)})),
        "CREATING" => {
            return Err(in_use(format!(
                "Cluster {name} is in CREATING state and cannot be deleted"
            )));
        }
        "UPDATING" => {
            return Err(in_use(format!("Cluster {name} currently has an update in progress")));
        }
        _ => {}
    }
    if cluster.shape["deletionProtection"] == true {
        let message = format!("Cluster {name} has deletion protection enabled: disable it first");
        return Err(errors::request(message).with_member("clusterName", name));
    }
    if !cluster.nodegroups.is_empty() {
        return Err(in_use("Cluster has nodegroups attached".to_owned()));
    }
    // One look more than usual: the answer itself shows it as deleting.
    cluster.deletion = Some(Looks(context.looks().0 + 1));
    let footprint = Footprint {
        security_group: cluster.shape["resourcesVpcConfig"]["clusterSecurityGroupId"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        interfaces: std::mem::take(&mut cluster.interfaces),
        address: String::new(),
    };
    let (runtime, grant) = (cluster.runtime.clone(), cluster.grant.take());
    let answer = json!({"cluster": shown(cluster)});
    drop(state);
    runtime.close(context.world);
    context.neighbours().leave(&footprint).await;
    if let Some(grant) = &grant {
        context.neighbours().revoke(grant).await;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_shown_by_what_is_on() {
        let shown = logging(&["audit".to_owned(), "api".to_owned()]);
        assert_eq!(shown["clusterLogging"][0], json!({"types": ["api", "audit"], "enabled": true}));
        assert_eq!(shown["clusterLogging"][1]["enabled"], false);
        assert_eq!(logging(&[])["clusterLogging"].as_array().map(Vec::len), Some(1));
        assert_eq!(enabled_logs(&shown), ["api", "audit"]);
        assert!(has_logs(&shown) && !has_logs(&logging(&[])));
    }

    #[test]
    fn service_ranges_are_private_and_apart() {
        let check = |text: &str, problem: Option<&str>| {
            let checked = check_service_range(text, &["10.0.0.0/16".to_owned()]);
            match problem {
                None => assert_eq!(checked, Ok(())),
                Some(part) => assert!(checked.unwrap_err().message.contains(part), "{text}"),
            }
        };
        check("172.20.0.0/16", None);
        check("10.100.0.0/16", None);
        check("10.0.0.0/12", Some("overlaps with 10.0.0.0/16"));
        check("8.8.0.0/16", Some("must be within"));
        check("172.20.0.0/28", Some("/12 to /24"));
        check("nonsense", Some("no IPv4 CIDR block"));
    }
}

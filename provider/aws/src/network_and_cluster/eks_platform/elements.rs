//! What stands in the maps of a platform: node groups, add-ons, access entries, Pod Identity
//! associations; and what it tells of its own making.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Model;

use super::addon_versions::NETWORK_POLICIES;
use super::configuration;
use crate::network_and_cluster::log_retention::is_retention;
use crate::tags::{Tags, are_allowed};

/// The logs of the control plane, in the log group `/aws/eks/NAME/cluster`.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct Logs {
    /// The kinds of logs: `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`. An
    /// empty set turns logs off, and their log group goes.
    #[model(optional, default = usual_logs(), rule = are_log_types)]
    pub types: BTreeSet<String>,
    /// How many days they are kept; 0 keeps them for ever.
    #[model(optional, default = 90, rule = is_retention)]
    pub retention_days: u32,
    /// The ARN of the KMS key that encrypts the log group. Its policy must let CloudWatch Logs
    /// use it.
    #[model(optional, pattern("^arn:[a-z-]+:kms:.+$", "the ARN of a KMS key"))]
    pub kms_key_arn: Option<String>,
}

/// Who may call the cluster, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct AccessEntry {
    /// The ARN of the role or user. By default the key of the entry, which then must be one.
    #[model(
        optional,
        computed,
        pattern(
            "^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$",
            "the ARN of an IAM role or user (for an assumed role that of the role itself)"
        )
    )]
    pub principal_arn: Option<String>,
    /// `STANDARD` for people and programs; the others are for nodes. Another type means another
    /// entry, made in the place of this one.
    #[model(
        name = "type",
        optional,
        default = "STANDARD",
        one_of(
            "STANDARD",
            "EC2_LINUX",
            "EC2_WINDOWS",
            "EC2",
            "FARGATE_LINUX",
            "HYBRID_LINUX",
            "HYPERPOD_LINUX"
        )
    )]
    pub kind: String,
    /// The groups it has in Kubernetes, for roles bound there.
    #[model(optional, default)]
    pub kubernetes_groups: BTreeSet<String>,
    /// Its name in Kubernetes; by default one that EKS makes of the ARN.
    #[model(optional, computed)]
    pub username: Option<String>,
    /// What it may do, by access policy: its name, such as `AmazonEKSClusterAdminPolicy`, or its
    /// ARN.
    #[model(optional, default)]
    pub policies: BTreeMap<String, AccessScope>,
    /// More tags for the entry.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
}

/// Where an access policy counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AccessScope {
    /// The namespaces, which may end in `*`. By default the whole cluster.
    #[model(optional, length(1, 100))]
    pub namespaces: Option<BTreeSet<String>>,
}

/// A managed node group. What cannot be changed (instance and capacity type, image, disk,
/// subnets, role) is changed by a new group, which takes over before the old one goes.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct NodeGroup {
    /// The types of instances, such as `["m7i.large"]`; several for spot capacity.
    #[model(required, length(1, 20))]
    pub instance_types: Vec<String>,
    /// `ON_DEMAND` or `SPOT`.
    #[model(optional, default = "ON_DEMAND", one_of("ON_DEMAND", "SPOT"))]
    pub capacity_type: String,
    /// The image of the nodes, which must fit the instances' architecture.
    #[model(
        optional,
        default = "AL2023_x86_64_STANDARD",
        one_of(
            "AL2023_x86_64_STANDARD",
            "AL2023_ARM_64_STANDARD",
            "AL2023_x86_64_NVIDIA",
            "AL2023_ARM_64_NVIDIA",
            "AL2023_x86_64_NEURON",
            "AL2_x86_64",
            "AL2_x86_64_GPU",
            "AL2_ARM_64",
            "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_ARM_64",
            "BOTTLEROCKET_x86_64_FIPS",
            "BOTTLEROCKET_ARM_64_FIPS",
            "BOTTLEROCKET_x86_64_NVIDIA",
            "BOTTLEROCKET_ARM_64_NVIDIA",
            "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
            "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
            "WINDOWS_CORE_2019_x86_64",
            "WINDOWS_FULL_2019_x86_64",
            "WINDOWS_CORE_2022_x86_64",
            "WINDOWS_FULL_2022_x86_64",
            "WINDOWS_CORE_2025_x86_64",
            "WINDOWS_FULL_2025_x86_64"
        )
    )]
    pub ami_type: String,
    /// The size of a node's disk in GiB.
    #[model(optional, default = 20, range(1, 16384))]
    pub disk_size_gib: u32,
    /// The subnets the nodes are in; by default those of the cluster.
    #[model(optional, computed, length(1, 100))]
    pub subnet_ids: Option<BTreeSet<String>>,
    /// Labels of the nodes.
    #[model(optional, default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of the nodes.
    #[model(optional, default, length(0, 50))]
    pub taints: BTreeSet<Taint>,
    /// The fewest nodes there may be.
    #[model(required, range(0, 450))]
    pub min_size: u32,
    /// The most nodes there may be.
    #[model(required, range(1, 450))]
    pub max_size: u32,
    /// How many nodes the group begins with; by default `min_size`. From then on whoever scales
    /// the group decides, and a change of this one changes nothing.
    #[model(optional, range(0, 450))]
    pub desired_size: Option<u32>,
    /// How many nodes an update may take away at once; by default one.
    #[model(optional, range(1, 100))]
    pub max_unavailable: Option<u32>,
    /// The same as a percentage of the nodes.
    #[model(optional, range(1, 100))]
    pub max_unavailable_percentage: Option<u32>,
    /// Whether EKS replaces nodes that it finds broken.
    #[model(optional, default)]
    pub auto_repair: bool,
    /// Whether an update goes on where a pod disruption budget forbids to evict pods.
    #[model(optional, default)]
    pub force_update: bool,
    /// The version of Kubernetes; by default it follows the cluster's.
    #[model(optional, computed, pattern("^1\\.[0-9]{2}$", "a minor version such as 1.35"))]
    pub version: Option<String>,
    /// The release of the image; by default the newest one of the version when the group is made
    /// or its version changes.
    #[model(optional, computed)]
    pub release_version: Option<String>,
    /// More tags for the group.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
    /// The group's name at EKS: its key, and a mark of what cannot be changed.
    #[model(computed)]
    pub name: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
}

/// Keeps pods off nodes that do not tolerate it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct Taint {
    /// The key.
    #[model(required, length(1, 253))]
    pub key: String,
    /// The value.
    #[model(optional, default, length(0, 63))]
    pub value: String,
    /// `NO_SCHEDULE`, `PREFER_NO_SCHEDULE` or `NO_EXECUTE`.
    #[model(required, one_of("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"))]
    pub effect: String,
}

/// An add-on that EKS keeps in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct Addon {
    /// The version, such as `v1.20.1-eksbuild.1`. By default the newest that fits the cluster,
    /// looked up when the add-on is made and when the cluster's version changes.
    #[model(optional, computed)]
    pub version: Option<String>,
    /// Its configuration, as JSON: see `aws eks describe-addon-configuration`. That of `vpc-cni`
    /// turns network policies on by default.
    #[model(optional, computed, same = configuration::same_values, rule = configuration::is_object)]
    pub configuration_values: Option<String>,
    /// The ARN of the role of its service account, for add-ons that use the OIDC provider.
    #[model(optional, pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role"))]
    pub role_arn: Option<String>,
    /// The ARNs of its roles by service account, for add-ons that use Pod Identity.
    #[model(optional, default)]
    pub pod_identities: BTreeMap<String, String>,
    /// What becomes of fields that somebody else has set: `OVERWRITE`, `PRESERVE`, or `NONE`,
    /// which fails.
    #[model(optional, default = "OVERWRITE", one_of("OVERWRITE", "PRESERVE", "NONE"))]
    pub resolve_conflicts: String,
    /// Whether the software stays in the cluster when the add-on is removed.
    #[model(optional, default)]
    pub preserve: bool,
    /// Whether it comes before the nodes, as what nodes need to get ready. By default true for
    /// `vpc-cni`, `kube-proxy` and `eks-pod-identity-agent`. Others come once there are nodes for
    /// their pods.
    #[model(optional)]
    pub before_nodes: Option<bool>,
    /// More tags for the add-on.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
}

/// The role of a service account.
#[derive(Clone, Debug, PartialEq, Eq, Model)]
pub struct PodIdentity {
    /// The ARN of the role. It must trust `pods.eks.amazonaws.com`.
    #[model(required, pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role"))]
    pub role_arn: String,
    /// The ARN of a role, in another account perhaps, that the first one assumes for the pods.
    #[model(optional, pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role"))]
    pub target_role_arn: Option<String>,
    /// Whether the role's session goes without the tags that say which pod it is for.
    #[model(optional, default)]
    pub disable_session_tags: bool,
    /// More tags for the association.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
    /// The id of the association.
    #[model(computed)]
    pub id: Option<String>,
}

/// A cluster, as what lives in it refers to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ClusterReference {
    /// The name.
    #[model(computed)]
    pub name: Option<String>,
    /// The region.
    #[model(computed)]
    pub region: Option<String>,
    /// The id of the account.
    #[model(computed)]
    pub account: Option<String>,
    /// What no other cluster ever has, not even a later one of this name: the issuer of its
    /// service accounts' tokens.
    #[model(computed)]
    pub incarnation: Option<String>,
}

/// A role that the platform makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Role {
    /// The name.
    #[model(computed)]
    pub name: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Who may assume it, as a policy document.
    #[model(computed)]
    pub trust_policy: Option<String>,
    /// The ARNs of the policies attached to it, without those that others have attached.
    #[model(computed)]
    pub policy_arns: Option<BTreeSet<String>>,
    /// The ARN of the policy that bounds what it may do.
    #[model(computed)]
    pub permissions_boundary_arn: Option<String>,
}

impl Default for Logs {
    fn default() -> Self {
        Self { types: usual_logs(), retention_days: 90, kms_key_arn: None }
    }
}

impl Default for Addon {
    fn default() -> Self {
        Self {
            version: None,
            configuration_values: None,
            role_arn: None,
            pod_identities: BTreeMap::new(),
            resolve_conflicts: "OVERWRITE".to_owned(),
            preserve: false,
            before_nodes: None,
            tags: None,
            arn: None,
        }
    }
}

impl Addon {
    /// Whether it comes before the nodes.
    pub fn comes_before_nodes(&self, name: &str) -> bool {
        const NEEDED: [&str; 3] = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];
        self.before_nodes.unwrap_or_else(|| NEEDED.contains(&name))
    }
}

/// The add-ons of a platform whose configuration names none.
pub fn usual_addons() -> BTreeMap<String, Addon> {
    ["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent"]
        .into_iter()
        .map(|name| (name.to_owned(), Addon::default()))
        .collect()
}

/// The configuration of an add-on where nobody says.
pub fn usual_configuration(addon: &str) -> Option<&'static str> {
    (addon == "vpc-cni").then_some(NETWORK_POLICIES)
}

/// The policies of a node role where the configuration names none.
pub fn usual_node_policies() -> BTreeSet<String> {
    ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"]
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn usual_logs() -> BTreeSet<String> {
    ["api", "audit", "authenticator"].into_iter().map(str::to_owned).collect()
}

/// All kinds of logs that a control plane writes.
pub const LOG_TYPES: [&str; 5] =
    ["api", "audit", "authenticator", "controllerManager", "scheduler"];

fn are_log_types(value: &travel_value::Value) -> Result<(), String> {
    let known = |value: &travel_value::Value| {
        value.is_unknown() || value.as_str().is_some_and(|text| LOG_TYPES.contains(&text))
    };
    if value.elements().unwrap_or_default().iter().all(known) {
        return Ok(());
    }
    Err(format!("a set of {}", LOG_TYPES.join(", ")))
}

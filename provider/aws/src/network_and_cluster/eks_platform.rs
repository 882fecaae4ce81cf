//! The resource `travel_eks_platform`: its attributes; its parts have a page each in the folder
//! beside this file.
//!
//! [`listing`] looks at what there is, [`graph`] says which parts there are to be and in which
//! order, the parts make, change and remove it, and [`state`] tells of the result. It follows the
//! Amazon EKS API reference and user guide.

mod access_entry;
mod addon;
mod addon_versions;
mod changes;
mod checks;
mod cluster;
mod configuration;
mod elements;
mod graph;
mod health;
mod import;
mod kubernetes_version;
mod listing;
mod log_group;
mod memory;
mod node_group;
mod node_group_changes;
mod observed;
mod oidc_provider;
mod operations;
mod planning;
mod pod_identity;
mod preflight;
mod role;
mod role_names;
mod state;
mod sweep;
mod sweep_listing;
mod upgrade;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use crate::consistency::Call;
use crate::partition::{Arn, is_account_id};
use crate::{Aws, Placement, Tagging};

pub use elements::{
    AccessEntry, AccessScope, Addon, ClusterReference, Logs, NodeGroup, PodIdentity, Role, Taint,
};

/// A Kubernetes cluster on EKS: control plane, access, managed node groups, add-ons, OIDC
/// provider, Pod Identity, the roles and the log group they need.
///
/// Access is by access entries, and whoever makes the cluster gets none by that: give one to
/// everybody who is to call it. Everything but name, roles, addresses and a KMS key once set
/// changes in place. A new version of Kubernetes goes first to the control plane, then to the
/// add-ons, then to the nodes, one minor version at a time; what EKS's insights call an error
/// refuses it.
///
/// The platform owns the parts it makes and no others: node groups, add-ons and access entries
/// that something else has added stay, and are no drift, unless `exclusive` is set.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_eks_platform",
    proof = tags,
    id = "id",
    identity("region", "name"),
    refresh = "5 + oidc_provider + 2 * roles + 2 * log_group + node_groups + addons + 2 * access_entries + pod_identities",
    consistency_seconds = 5
)]
pub struct EksPlatform {
    /// The name of the cluster, unique in its account and region.
    #[model(
        required,
        replace,
        pattern(
            "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
            "1 to 100 letters, digits, dashes or underscores, the first a letter or digit"
        )
    )]
    pub name: String,
    /// Where the cluster is.
    #[model(flatten)]
    pub placement: Placement,
    /// The version of Kubernetes, such as `1.35`. It goes up one minor version at a time.
    #[model(required, pattern("^1\\.[0-9]{2}$", "a minor version such as 1.35"))]
    pub version: String,
    /// What happens at the end of a version's standard support: `EXTENDED` pays for more time,
    /// `STANDARD` has EKS update the cluster.
    #[model(optional, default = "EXTENDED", one_of("STANDARD", "EXTENDED"))]
    pub support_type: String,
    /// Whether a version goes up although EKS's insights find errors that stand against it.
    #[model(optional, default, config_only)]
    pub ignore_insights: bool,
    /// The subnets of the control plane's network interfaces, in two zones at least.
    #[model(required, length(2, 16))]
    pub subnet_ids: BTreeSet<String>,
    /// More security groups for these network interfaces.
    #[model(optional, default, length(0, 5))]
    pub security_group_ids: BTreeSet<String>,
    /// Whether the cluster's API can be reached from the internet.
    #[model(optional, default)]
    pub endpoint_public_access: bool,
    /// Whether the cluster's API can be reached from within the network.
    #[model(optional, default = true)]
    pub endpoint_private_access: bool,
    /// The blocks of addresses from which the API can be reached over the internet.
    #[model(optional, default = everywhere(), length(1, 40))]
    pub public_access_cidrs: BTreeSet<String>,
    /// The block of addresses of Kubernetes services. By default EKS picks one.
    #[model(optional, computed, rule = checks::is_service_block)]
    pub service_ipv4_cidr: Option<String>,
    /// Whether pods and services have `ipv4` or `ipv6` addresses.
    #[model(optional, default = "ipv4", replace, one_of("ipv4", "ipv6"))]
    pub ip_family: String,
    /// The ARN of the KMS key that encrypts what the cluster stores. It can be set later, but
    /// neither changed nor taken away. Without one a key of AWS's own does.
    #[model(optional, pattern("^arn:[a-z-]+:kms:.+:key/.+$", "the ARN of a KMS key"))]
    pub encryption_key_arn: Option<String>,
    /// The logs of the control plane.
    #[model(optional, default)]
    pub logs: Logs,
    /// How callers are known: by access entries alone (`API`), or for a while also by the
    /// ConfigMap that came before them (`API_AND_CONFIG_MAP`). There is no way back.
    #[model(optional, default = "API", one_of("API", "API_AND_CONFIG_MAP"))]
    pub authentication_mode: String,
    /// Whether traffic can be moved out of a zone that fails (zonal shift).
    #[model(optional, default)]
    pub zonal_shift: bool,
    /// Whether the cluster is kept from being deleted: a destroy, or a replacement, is refused
    /// while this is true.
    #[model(optional, default)]
    pub deletion_protection: bool,
    /// The ARN of the role of the control plane. By default the platform makes one.
    #[model(
        optional,
        computed,
        pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role")
    )]
    pub cluster_role_arn: Option<String>,
    /// The ARN of the role of the nodes. By default the platform makes one. With another role,
    /// the node groups are made anew.
    #[model(
        optional,
        computed,
        pattern("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", "the ARN of a role")
    )]
    pub node_role_arn: Option<String>,
    /// The policies of the nodes' role that the platform makes: names of policies that AWS
    /// manages, or ARNs.
    #[model(optional, default = elements::usual_node_policies(), length(0, 20))]
    pub node_role_policies: BTreeSet<String>,
    /// The ARN of a policy that bounds what the roles may do that the platform makes.
    #[model(optional, pattern("^arn:[a-z-]+:iam::.+:policy/.+$", "the ARN of a policy"))]
    pub permissions_boundary_arn: Option<String>,
    /// Whether IAM trusts the cluster's service accounts (an OIDC provider).
    #[model(optional, default = true)]
    pub oidc_provider: bool,
    /// Who may call the cluster.
    #[model(optional, default)]
    pub access_entries: BTreeMap<String, AccessEntry>,
    /// The managed node groups.
    #[model(optional, default)]
    pub node_groups: BTreeMap<String, NodeGroup>,
    /// The add-ons, by name. By default `vpc-cni`, `kube-proxy`, `coredns` and
    /// `eks-pod-identity-agent`. Nothing but what stands here is installed.
    #[model(optional, default = elements::usual_addons())]
    pub addons: BTreeMap<String, Addon>,
    /// The roles of service accounts (Pod Identity), by `NAMESPACE/SERVICE_ACCOUNT`.
    #[model(optional, default)]
    pub pod_identities: BTreeMap<String, PodIdentity>,
    /// Whether everything in the cluster is to be the platform's own: then node groups, add-ons,
    /// access entries and Pod Identity associations that something else has added stand in
    /// `leftovers`, and the plan after that removes them.
    #[model(optional, default, config_only)]
    pub exclusive: bool,
    /// Whether a destroy also removes what holds data or runs and is not the platform's own:
    /// volumes and instances of the cluster, node groups and Fargate profiles of others.
    #[model(optional, default, config_only)]
    pub force_destroy: bool,
    /// Whether a plan may destroy this cluster to make another in its place.
    #[model(optional, default, config_only)]
    pub allow_replacement: bool,
    /// The name, once something of the platform is there.
    #[model(computed)]
    pub id: Option<String>,
    /// The ARN of the cluster.
    #[model(computed)]
    pub arn: Option<String>,
    /// The cluster, for what lives in it: `cluster = travel_eks_platform.NAME.cluster`.
    #[model(computed)]
    pub cluster: Option<ClusterReference>,
    /// The address of the cluster's API.
    #[model(computed)]
    pub endpoint: Option<String>,
    /// The certificate authority of the cluster's API: PEM in base64, as in a kubeconfig.
    #[model(computed)]
    pub certificate_authority: Option<String>,
    /// The issuer of the cluster's service accounts' tokens.
    #[model(computed)]
    pub oidc_issuer: Option<String>,
    /// The ARN of the OIDC provider; none without `oidc_provider`.
    #[model(computed)]
    pub oidc_provider_arn: Option<String>,
    /// The security group that EKS makes, which control plane and nodes share.
    #[model(computed)]
    pub cluster_security_group_id: Option<String>,
    /// The id of the VPC.
    #[model(computed)]
    pub vpc_id: Option<String>,
    /// The roles that the platform makes: `cluster`, `node`, or none where both are given.
    #[model(computed)]
    pub roles: Option<BTreeMap<String, Role>>,
    /// The parts whose tags are not what they should be: the next apply mends them.
    #[model(computed)]
    pub mistagged: Option<BTreeSet<String>>,
    /// What the next apply removes: parts that another has replaced or whose making failed, and
    /// with `exclusive` what is not the platform's own.
    #[model(computed)]
    pub leftovers: Option<BTreeSet<String>>,
    /// The tags of all parts.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        "not the id of a cluster",
        format!(
            "{id:?} is neither a cluster's name, nor REGION/NAME, nor ACCOUNT/REGION/NAME, nor its \
             ARN. Give one of these.",
        ),
    )
}

fn everywhere() -> BTreeSet<String> {
    BTreeSet::from(["0.0.0.0/0".to_owned()])
}

impl EksPlatform {
    /// A platform of which only name and place are known, with every default.
    pub fn named(name: String, placement: Placement) -> Self {
        Self {
            name,
            placement,
            version: String::new(),
            support_type: "EXTENDED".to_owned(),
            ignore_insights: false,
            subnet_ids: BTreeSet::new(),
            security_group_ids: BTreeSet::new(),
            endpoint_public_access: false,
            endpoint_private_access: true,
            public_access_cidrs: everywhere(),
            service_ipv4_cidr: None,
            ip_family: "ipv4".to_owned(),
            encryption_key_arn: None,
            logs: Logs::default(),
            authentication_mode: "API".to_owned(),
            zonal_shift: false,
            deletion_protection: false,
            cluster_role_arn: None,
            node_role_arn: None,
            node_role_policies: elements::usual_node_policies(),
            permissions_boundary_arn: None,
            oidc_provider: true,
            access_entries: BTreeMap::new(),
            node_groups: BTreeMap::new(),
            addons: BTreeMap::new(),
            pod_identities: BTreeMap::new(),
            exclusive: false,
            force_destroy: false,
            allow_replacement: false,
            id: None,
            arn: None,
            cluster: None,
            endpoint: None,
            certificate_authority: None,
            oidc_issuer: None,
            oidc_provider_arn: None,
            cluster_security_group_id: None,
            vpc_id: None,
            roles: None,
            mistagged: None,
            leftovers: None,
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
        }
    }
}

#[async_trait]
impl Resource for EksPlatform {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts {
        create: Duration::from_secs(60 * 60),
        update: Duration::from_secs(3 * 60 * 60),
        delete: Duration::from_secs(60 * 60),
    };

    fn validate(plan: &mut Plan<'_>) {
        checks::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        operations::read(call, state).await
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        operations::find(call, plan).await
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        operations::create(call, plan, state).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        operations::update(call, prior, plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        operations::delete(call, prior).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        operations::mark_of(call, state).await
    }

    /// By the cluster's name; by region and name, or account, region and name, with slashes
    /// between; or by ARN.
    fn import(id: &str) -> Result<Self, Diagnostic> {
        let place = |account: Option<&str>, region: &str| Placement {
            account_id: account.map(str::to_owned),
            region: Some(region.to_owned()),
            ..Placement::default()
        };
        if let Some(arn) = Arn::parse(id)
            && arn.service == "eks"
            && let Some(name) = arn.resource.strip_prefix("cluster/")
        {
            return Ok(Self::named(name.to_owned(), place(Some(&arn.account_id), &arn.region)));
        }
        match id.split('/').collect::<Vec<_>>().as_slice() {
            _ if id.contains(':') => Err(not_an_id(id)),
            [name] if !name.is_empty() => Ok(Self::named((*name).to_owned(), Placement::default())),
            [region, name] if region.contains('-') && !name.is_empty() => {
                Ok(Self::named((*name).to_owned(), place(None, region)))
            }
            [account, region, name] if is_account_id(account) && !name.is_empty() => {
                Ok(Self::named((*name).to_owned(), place(Some(account), region)))
            }
            _ => Err(not_an_id(id)),
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

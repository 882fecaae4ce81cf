//! Everything the provider serves, a line each.

use std::sync::Arc;

use travel_aws::Aws;
use travel_aws::data::organization::OrganizationData;
use travel_aws::data::{accounts, caller, partition, policy_document, zones};
use travel_aws::foundation::{
    access_analyzer, account, account_assignments, account_contacts, audit_trail, bucket,
    config_aggregator, config_recorder, config_rule, delegated_administrator, effective_policies,
    identity_group, identity_user, kms_grant, kms_key, network_firewall, oidc_provider,
    organization, organization_policy, organizational_unit, parameter, permission_set, policy,
    role, secret, threat_detection,
};
use travel_aws::functions::{arn, policy as policy_function, subnets};
use travel_aws::network_and_cluster::{eks_platform, inspection_routes, network};
use travel_aws::recovery::dr_snapshot_policy;
use travel_framework::Provider;
use travel_kubernetes::functions::render;
use travel_kubernetes::{
    Kubernetes, cluster_token, helm_release, helm_stack, helm_template, kubeconfig, manifests,
    restart_workload,
};

use crate::eks::EksClusters;
use crate::permissions;

const DESCRIPTION: &str = "\
Raises and keeps a whole platform on AWS: organization, networks, clusters, what runs inside \
them, and recovery.

A plan tells the truth, and an apply that was cut off is continued by the next one: everything \
is marked with its owner before or as it is made. Credentials, endpoints and proxies come from \
the standard AWS environment.";

/// What the resources work on.
pub struct Platforms {
    /// AWS.
    pub aws: Arc<Aws>,
    /// Kubernetes, in clusters of AWS or others.
    pub kubernetes: Arc<Kubernetes>,
}

impl Default for Platforms {
    fn default() -> Self {
        let aws = Arc::new(Aws::new().needing(permissions::of_change));
        let kubernetes = Arc::new(Kubernetes::new(Arc::new(EksClusters(Arc::clone(&aws)))));
        Self { aws, kubernetes }
    }
}

/// The provider with everything it serves.
pub fn provider() -> Provider {
    provider_on(&Platforms::default())
}

/// The same, on platforms that others work on, too. Resources stand in the order of the platform's
/// phases: each uses only what stands before it.
pub fn provider_on(Platforms { aws, kubernetes }: &Platforms) -> Provider {
    Provider::new(DESCRIPTION)
        .platform(aws)
        .platform(kubernetes)
        .resource::<organization::Organization>(aws)
        .resource::<organizational_unit::OrganizationalUnit>(aws)
        .resource::<account::Account>(aws)
        .resource::<organization_policy::OrganizationPolicy>(aws)
        .resource::<delegated_administrator::DelegatedAdministrator>(aws)
        .resource::<account_contacts::AccountContacts>(aws)
        .resource::<policy::Policy>(aws)
        .resource::<oidc_provider::OidcProvider>(aws)
        .resource::<role::Role>(aws)
        .resource::<kms_key::KmsKey>(aws)
        .resource::<kms_grant::KmsGrant>(aws)
        .resource::<bucket::Bucket>(aws)
        .resource::<effective_policies::EffectivePolicies>(aws)
        .resource::<parameter::Parameter>(aws)
        .resource::<network_firewall::NetworkFirewall>(aws)
        .resource::<permission_set::PermissionSet>(aws)
        .resource::<identity_user::IdentityUser>(aws)
        .resource::<identity_group::IdentityGroup>(aws)
        .resource::<account_assignments::AccountAssignments>(aws)
        .resource::<secret::Secret>(aws)
        .resource::<threat_detection::ThreatDetection>(aws)
        .resource::<access_analyzer::AccessAnalyzer>(aws)
        .resource::<audit_trail::AuditTrail>(aws)
        .resource::<config_recorder::ConfigRecorder>(aws)
        .resource::<config_rule::ConfigRule>(aws)
        .resource::<config_aggregator::ConfigAggregator>(aws)
        .resource::<network::Network>(aws)
        .resource::<inspection_routes::InspectionRoutes>(aws)
        .resource::<eks_platform::EksPlatform>(aws)
        .resource::<helm_release::HelmRelease>(kubernetes)
        .resource::<helm_stack::HelmStack>(kubernetes)
        .resource::<manifests::Manifests>(kubernetes)
        .resource::<dr_snapshot_policy::DrSnapshotPolicy>(aws)
        .list::<organizational_unit::OrganizationalUnit>(aws)
        .list::<account::Account>(aws)
        .list::<organization_policy::OrganizationPolicy>(aws)
        .list::<policy::Policy>(aws)
        .list::<oidc_provider::OidcProvider>(aws)
        .list::<role::Role>(aws)
        .list::<kms_key::KmsKey>(aws)
        .list::<network::Network>(aws)
        .ephemeral_resource::<cluster_token::ClusterToken>(kubernetes)
        .ephemeral_resource::<kubeconfig::KubeconfigText>(kubernetes)
        .action::<restart_workload::RestartWorkload>(kubernetes)
        .data_source::<caller::CallerData>(aws)
        .data_source::<zones::ZonesData>(aws)
        .data_source::<partition::PartitionData>(aws)
        .data_source::<OrganizationData>(aws)
        .data_source::<accounts::AccountsData>(aws)
        .data_source::<policy_document::PolicyDocumentData>(aws)
        .data_source::<helm_template::HelmTemplate>(kubernetes)
        .function(subnets::Subnets)
        .function(arn::ArnParse)
        .function(arn::ArnBuild)
        .function(policy_function::PolicyText)
        .function(render::Render)
}

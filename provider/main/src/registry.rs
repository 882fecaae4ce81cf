//! Everything the provider serves, a line each.

use std::sync::Arc;

use travel_aws::Aws;
use travel_aws::data::{caller, zones};
use travel_aws::foundation::{account, kms_key, organization, organizational_unit};
use travel_aws::functions::subnets;
use travel_aws::network_and_cluster::network;
use travel_framework::Provider;

const DESCRIPTION: &str = "\
Raises and keeps a whole platform on AWS: organization, networks, clusters, what runs inside \
them, and recovery.

A plan tells the truth, and an apply that was cut off is continued by the next one: everything \
is marked with its owner before or as it is made. Credentials, endpoints and proxies come from \
the standard AWS environment.";

/// The provider with everything it serves.
pub fn provider() -> Provider {
    let aws = Arc::new(Aws::new());
    Provider::new(DESCRIPTION)
        .platform(&aws)
        .resource::<organization::Organization>(&aws)
        .resource::<organizational_unit::OrganizationalUnit>(&aws)
        .resource::<account::Account>(&aws)
        .resource::<kms_key::KmsKey>(&aws)
        .resource::<network::Network>(&aws)
        .data_source::<caller::CallerData>(&aws)
        .data_source::<zones::ZonesData>(&aws)
        .function(subnets::Subnets)
}

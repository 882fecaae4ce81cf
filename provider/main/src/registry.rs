//! Everything the provider serves, a line each.

use std::sync::Arc;

use travel_aws::Aws;
use travel_aws::foundation::{account, organization, organizational_unit};
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
}

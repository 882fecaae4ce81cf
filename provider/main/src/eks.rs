//! Reaching clusters of EKS: what travel-aws knows of them, for the resources inside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use travel_aws::Aws;
use travel_framework::platform::Platform;
use travel_framework::{Diagnostic, Failure};
use travel_kubernetes::clusters::{ClusterReference, Clusters, Reached};

/// The clusters of EKS, by the credentials of the AWS platform.
pub struct EksClusters(pub Arc<Aws>);

#[async_trait]
impl Clusters for EksClusters {
    async fn reach(&self, cluster: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
        let (account, region) = (cluster.account.as_deref(), cluster.region.as_deref());
        let scope = self.0.scope_of(account, region).await?;
        let found = travel_aws::cluster_access::reach(&scope, &cluster.name).await;
        let Some(found) = found.map_err(Failure::into_diagnostic)? else { return Ok(None) };
        let reference = ClusterReference {
            name: found.name.clone(),
            region: Some(scope.region().to_owned()),
            account: Some(scope.account_id().to_owned()),
            incarnation: Some(found.incarnation.clone()),
            proxy_url: cluster.proxy_url.clone(),
        };
        let config = found.config(cluster.proxy_url.clone());
        Ok(Some(Reached { config, version: found.version, reference }))
    }

    fn outlasted(&self, needed: Duration) -> Option<Diagnostic> {
        self.0.outlasted(needed)
    }
}

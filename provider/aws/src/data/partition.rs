//! `travel_partition`: the part of AWS that is worked in.

use async_trait::async_trait;
use travel_framework::data::DataSource;
use travel_framework::{Call, Failure, Model};

use crate::placement::Placement;
use crate::platform::Aws;

/// The partition that an account is in, and how names are written in it. No service is asked but who
/// calls.
#[derive(Clone, Debug, Default, Model)]
pub struct PartitionData {
    /// Which account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// The partition: `aws`, `aws-cn` or `aws-us-gov`.
    #[model(computed)]
    pub partition: Option<String>,
    /// The domain of its services, such as `amazonaws.com`.
    #[model(computed)]
    pub dns_suffix: Option<String>,
    /// The region that its global services are in, such as `us-east-1`.
    #[model(computed)]
    pub global_region: Option<String>,
    /// What the ARNs of policies begin with that AWS manages, such as `arn:aws:iam::aws:policy/`.
    #[model(computed)]
    pub managed_policy_prefix: Option<String>,
}

#[async_trait]
impl DataSource for PartitionData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_partition";

    async fn read(&mut self, call: &Call<Aws>) -> Result<(), Failure> {
        let partition = call.scope.partition();
        self.partition = Some(partition.name().to_owned());
        self.dns_suffix = Some(partition.dns_suffix().to_owned());
        self.global_region = Some(partition.global_region().to_owned());
        self.managed_policy_prefix = Some(partition.managed_policy_arn(""));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, Reply, call};

    #[tokio::test]
    async fn says_how_names_are_written() {
        let fake = Fake::new(|_| Reply::error("NotImplemented", ""));
        let mut data = PartitionData::default();
        data.read(&call(&fake).await).await.unwrap();
        assert_eq!(data.partition.as_deref(), Some("aws"));
        assert_eq!(data.managed_policy_prefix.as_deref(), Some("arn:aws:iam::aws:policy/"));
    }
}

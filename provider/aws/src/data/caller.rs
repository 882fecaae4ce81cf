//! `travel_caller`: whose credentials are at work.

use async_trait::async_trait;
use travel_framework::data::DataSource;
use travel_framework::{Call, Failure, Model};

use crate::error::Reply;
use crate::placement::Placement;
use crate::platform::Aws;

/// The account, identity, partition and region that calls are made with.
#[derive(Clone, Debug, Default, Model)]
pub struct CallerData {
    /// Where to ask: the caller is the one that works there, after the role of the account was
    /// assumed.
    #[model(flatten)]
    pub placement: Placement,
    /// The ARN of the user or assumed role.
    #[model(computed)]
    pub arn: Option<String>,
    /// The unique id of the user or role.
    #[model(computed)]
    pub user_id: Option<String>,
    /// The partition: `aws`, `aws-cn` or `aws-us-gov`.
    #[model(computed)]
    pub partition: Option<String>,
    /// The domain of the partition's services, such as `amazonaws.com`.
    #[model(computed)]
    pub dns_suffix: Option<String>,
}

#[async_trait]
impl DataSource for CallerData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_caller";

    async fn read(&mut self, call: &Call<Aws>) -> Result<(), Failure> {
        let caller = call.scope.sts().get_caller_identity().send().await.at(&call.scope)?;
        self.arn = caller.arn;
        self.user_id = caller.user_id;
        self.partition = Some(call.scope.partition().name().to_owned());
        self.dns_suffix = Some(call.scope.partition().dns_suffix().to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ACCOUNT, Fake, Reply, call};

    #[tokio::test]
    async fn says_who_calls() {
        let fake = Fake::new(|_| Reply::error("NotImplemented", ""));
        let mut data = CallerData::default();
        data.read(&call(&fake).await).await.unwrap();
        assert_eq!(data.arn, Some(format!("arn:aws:iam::{ACCOUNT}:user/test")));
        assert_eq!(data.partition.as_deref(), Some("aws"));
    }
}

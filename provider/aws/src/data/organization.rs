//! `travel_organization`: the organization that an account is in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use travel_framework::data::DataSource;
use travel_framework::{Diagnostic, Failure, Model};

use crate::consistency::Call;
use crate::error::Reply;
use crate::foundation::organization::{enabled, trusted_services};
use crate::foundation::organizations::root;
use crate::placement::GlobalPlacement;
use crate::platform::Aws;

/// The organization that an account is in. What stands in it is told only to its management account
/// and to delegated administrators.
#[derive(Clone, Debug, Default, Model)]
pub struct OrganizationData {
    /// Whose organization.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// The organization's id, `o-…`.
    #[model(computed)]
    pub id: Option<String>,
    /// The organization's ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// `ALL`, or `CONSOLIDATED_BILLING` for bills alone.
    #[model(computed)]
    pub feature_set: Option<String>,
    /// The id of the management account.
    #[model(computed)]
    pub management_account_id: Option<String>,
    /// The e-mail address of the management account.
    #[model(computed)]
    pub management_account_email: Option<String>,
    /// The id of the root, `r-…`; none where this account may not see it.
    #[model(computed)]
    pub root_id: Option<String>,
    /// The types of policies that can be attached; none where this account may not see them.
    #[model(computed)]
    pub policy_types: Option<BTreeSet<String>>,
    /// The services that may work across the accounts; none where this account may not see them.
    #[model(computed)]
    pub trusted_services: Option<BTreeSet<String>>,
}

const ABSENT: &str = "AWSOrganizationsNotInUseException";
const DENIED: &str = "AccessDeniedException";

#[async_trait]
impl DataSource for OrganizationData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_organization";

    async fn read(&mut self, call: &Call) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let described = client.describe_organization().send().await;
        let described = described.found(&call.scope, &[ABSENT])?;
        let Some(organization) = described.and_then(|described| described.organization) else {
            return Err(Diagnostic::error(
                "no organization",
                format!("There is none that this account is in ({}).", call.scope.place()),
            )
            .into());
        };
        self.id = organization.id().map(str::to_owned);
        self.arn = organization.arn().map(str::to_owned);
        self.feature_set = organization.feature_set().map(|set| set.as_str().to_owned());
        self.management_account_id = organization.master_account_id().map(str::to_owned);
        self.management_account_email = organization.master_account_email().map(str::to_owned);
        // Whether this account may see more.
        if client.list_roots().send().await.found(&call.scope, &[DENIED])?.is_none() {
            return Ok(());
        }
        let root = root(call).await?;
        self.root_id = root.id().map(str::to_owned);
        self.policy_types = Some(enabled(&root));
        self.trusted_services = match trusted_services(call).await {
            Err(Failure::Failed(error)) if error.detail.contains(DENIED) => None,
            services => Some(services?),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{ACCOUNT, Fake, Reply, Request, call};

    #[tokio::test]
    async fn tells_what_the_account_may_see() {
        for may_see in [true, false] {
            let fake = Fake::new(move |request: &Request| match request.action.as_str() {
                "organizations:DescribeOrganization" => Reply::json(json!({"Organization": {
                    "Id": "o-1", "FeatureSet": "ALL", "MasterAccountId": ACCOUNT,
                }})),
                "organizations:ListRoots" if may_see => {
                    let types = json!([{"Type": "TAG_POLICY", "Status": "ENABLED"}]);
                    Reply::json(json!({"Roots": [{"Id": "r-1", "PolicyTypes": types}]}))
                }
                "organizations:ListAWSServiceAccessForOrganization" => {
                    Reply::json(json!({"EnabledServicePrincipals": []}))
                }
                _ => Reply::error(DENIED, "no"),
            });
            let mut data = OrganizationData::default();
            data.read(&call(&fake).await).await.unwrap();
            assert_eq!(data.id.as_deref(), Some("o-1"));
            assert_eq!(data.root_id.is_some(), may_see);
            let expected = may_see.then(|| BTreeSet::from(["TAG_POLICY".to_owned()]));
            assert_eq!(data.policy_types, expected);
        }
    }
}

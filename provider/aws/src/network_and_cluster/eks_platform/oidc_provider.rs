//! The OIDC provider: that IAM trusts the cluster's service accounts.

use std::collections::BTreeSet;

use async_trait::async_trait;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::observed::OidcProvider;
use super::work::Work;
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply, is_code};
use crate::iam_role::iam_tags;
use crate::partition::Partition;

/// The name of the part.
pub const NAME: &str = "oidc_provider";
/// Whom service accounts' tokens are for that are to be changed into a role's credentials. It is
/// the same in all partitions (EKS User Guide, "Create an IAM OIDC provider for your cluster").
const AUDIENCE: &str = "sts.amazonaws.com";
const GONE: [&str; 1] = ["NoSuchEntity"];

/// The ARN of the provider of an issuer.
pub fn arn(partition: Partition, account_id: &str, issuer: &str) -> String {
    let issuer = issuer.trim_start_matches("https://");
    partition.iam_arn(account_id, &format!("oidc-provider/{issuer}"))
}

/// The provider of an issuer; none where there is none.
///
/// # Errors
/// Where the call fails.
pub async fn get(call: &Call, issuer: &str) -> Result<Option<OidcProvider>, Failure> {
    let arn = arn(call.scope.partition(), call.scope.account_id(), issuer);
    let request = call.scope.iam().get_open_id_connect_provider();
    let found = request.open_id_connect_provider_arn(&arn).send().await;
    let found = found.found(&call.scope, &GONE)?;
    Ok(found.map(|found| OidcProvider {
        arn,
        tags: found.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
        audiences: found.client_id_list.into_iter().flatten().collect(),
    }))
}

/// The provider.
pub struct OidcProviderPart;

fn there(work: &Work<'_>) -> Option<OidcProvider> {
    work.see(|observed| observed.oidc_provider.clone())
}

#[async_trait]
impl<'w> Part<Work<'w>> for OidcProviderPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let fits = there.audiences.contains(AUDIENCE)
            && work.tag_changes(None, None, &there.tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let issuer = work.see(|observed| observed.issuer().map(str::to_owned));
        let Some(issuer) = issuer else { return Ok(()) };
        if there(work).is_none() {
            make(work, &issuer).await?;
        }
        let Some(mut provider) = there(work) else { return Ok(()) };
        let (client, scope) = (work.call.scope.iam(), &work.call.scope);
        if !provider.audiences.contains(AUDIENCE) {
            let request = client.add_client_id_to_open_id_connect_provider();
            let request = request.open_id_connect_provider_arn(&provider.arn).client_id(AUDIENCE);
            request.send().await.at(scope)?;
            provider.audiences.insert(AUDIENCE.to_owned());
        }
        let changes = work.tag_changes(None, None, &provider.tags);
        if !changes.set.is_empty() {
            let request = client.tag_open_id_connect_provider();
            let request = request.open_id_connect_provider_arn(&provider.arn);
            request.set_tags(Some(iam_tags(&changes.set)?)).send().await.at(scope)?;
        }
        if !changes.remove.is_empty() {
            let request = client.untag_open_id_connect_provider();
            let request = request.open_id_connect_provider_arn(&provider.arn);
            request.set_tag_keys(Some(changes.remove.clone())).send().await.at(scope)?;
        }
        provider.tags = changes.applied(&provider.tags);
        work.note(|observed| observed.oidc_provider = Some(provider));
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(provider) = there(work) else { return Ok(()) };
        let request = work.call.scope.iam().delete_open_id_connect_provider();
        let answer = request.open_id_connect_provider_arn(&provider.arn).send().await;
        answer.found(&work.call.scope, &GONE)?;
        work.note(|observed| observed.oidc_provider = None);
        Ok(())
    }
}

/// Makes the provider, or goes on with one that an earlier attempt has made. IAM itself knows the
/// certificate authorities of EKS's issuers, so no thumbprint is given.
async fn make(work: &Work<'_>, issuer: &str) -> Result<(), Failure> {
    let scope = &work.call.scope;
    let request = scope
        .iam()
        .create_open_id_connect_provider()
        .url(issuer)
        .client_id_list(AUDIENCE)
        .set_tags(Some(iam_tags(&work.tags(None))?));
    let made = match request.send().await {
        Err(error) if is_code(&error, &["EntityAlreadyExists"]) => None,
        answer => Some(answer.at(scope)?),
    };
    let arn = arn(scope.partition(), scope.account_id(), issuer);
    let provider = match made {
        Some(_) => OidcProvider {
            arn,
            tags: work.tags(None),
            audiences: BTreeSet::from([AUDIENCE.to_owned()]),
        },
        None => {
            let early = |error: &_| is_code(error, &GONE);
            let look = scope.iam().get_open_id_connect_provider();
            let look = look.open_id_connect_provider_arn(&arn);
            send_when_ready(work.call, WITHIN_SERVICE, early, || look.clone().send()).await?;
            let there = get(work.call, issuer).await?.unwrap_or_default();
            let what = format!("OIDC provider {arn}");
            work.must_own(&what, &there.tags, Path::attribute("oidc_provider"))?;
            there
        }
    };
    work.note(|observed| observed.oidc_provider = Some(provider));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_names_the_issuer() {
        let issuer = "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC";
        assert_eq!(
            arn(Partition::China, "111122223333", issuer),
            "arn:aws-cn:iam::111122223333:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC",
        );
    }
}

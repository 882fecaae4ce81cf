//! The egress-only internet gateway, by which private subnets get out over IPv6.

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};

use super::observed::Gateway;
use super::work::{Work, token};

/// The name of the part.
pub const NAME: &str = "egress_only_gateway";

/// The egress-only internet gateway. It is attached from its beginning to its end.
pub struct EgressOnlyGatewayPart;

#[async_trait]
impl<'a> Part<Work<'a>> for EgressOnlyGatewayPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        match there(work) {
            None => Standing::Absent,
            Some(gateway) if work.is_mistagged(NAME, &gateway.tags) => Standing::Different,
            Some(_) => Standing::AsPlanned,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        if let Some(gateway) = there(work) {
            return work.mend_tags(NAME, &gateway.id).await;
        }
        let kind = ResourceType::EgressOnlyInternetGateway;
        let request = work
            .once()
            .ec2()
            .create_egress_only_internet_gateway()
            .client_token(token())
            .vpc_id(work.vpc_id()?)
            .tag_specifications(work.tag_specification(kind.clone(), NAME));
        let send = || async {
            let gateway = request.clone().send().await?.egress_only_internet_gateway;
            Ok(gateway.and_then(|it| it.egress_only_internet_gateway_id))
        };
        let id = work.make_tagged(NAME, &kind, &[], send).await?;
        let gateway = Gateway { id, own: true, tags: work.tags(NAME), attached: true };
        work.note(|observed| observed.egress_only_gateway = Some(gateway));
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(gateway) = there(work) else { return Ok(()) };
        let client = work.ec2();
        let what = format!("egress-only internet gateway {}", gateway.id);
        work.remove(&what, &["DependencyViolation"], None, || {
            let request = client.delete_egress_only_internet_gateway();
            request.egress_only_internet_gateway_id(&gateway.id).send()
        })
        .await?;
        work.note(|observed| observed.egress_only_gateway = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<Gateway> {
    work.see(|observed| observed.egress_only_gateway.clone())
}

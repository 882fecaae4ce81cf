//! The internet gateway of a network: its own, or that of the VPC it was given.

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};

use super::observed::Gateway;
use super::work::{MISSING, Work};
use crate::consistency::{WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply, is_code};

/// The name of the part.
pub const NAME: &str = "internet_gateway";

/// The internet gateway.
pub struct InternetGatewayPart;

#[async_trait]
impl<'a> Part<Work<'a>> for InternetGatewayPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        match there(work) {
            None => Standing::Absent,
            Some(gateway) if !gateway.own => {
                if work.wanted.internet_gateway {
                    Standing::AsPlanned
                } else {
                    Standing::Absent
                }
            }
            Some(gateway) if !gateway.attached => Standing::Different,
            Some(gateway) if work.is_mistagged(NAME, &gateway.tags) => Standing::Different,
            Some(_) => Standing::AsPlanned,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let gateway = match there(work) {
            Some(gateway) => {
                work.mend_tags(NAME, &gateway.id).await?;
                gateway
            }
            None => make(work).await?,
        };
        if !gateway.attached {
            attach(work, &gateway.id).await?;
            note_attached(work, true);
        }
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(gateway) = there(work).filter(|gateway| gateway.own) else { return Ok(()) };
        let client = work.ec2();
        let what = format!("internet gateway {}", gateway.id);
        if gateway.attached {
            let vpc_id = work.vpc_id()?;
            // Addresses that were just released may still count for a moment.
            work.remove(&what, &["DependencyViolation"], None, || async {
                let request = client.detach_internet_gateway();
                let request = request.internet_gateway_id(&gateway.id).vpc_id(&vpc_id);
                match request.send().await {
                    Err(error) if is_code(&error, &["Gateway.NotAttached"]) => Ok(()),
                    answer => answer.map(drop),
                }
            })
            .await?;
            note_attached(work, false);
        }
        work.remove(&what, &["DependencyViolation"], None, || {
            client.delete_internet_gateway().internet_gateway_id(&gateway.id).send()
        })
        .await?;
        work.note(|observed| observed.internet_gateway = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<Gateway> {
    work.see(|observed| observed.internet_gateway.clone())
}

fn note_attached(work: &Work<'_>, attached: bool) {
    work.note(|observed| {
        if let Some(gateway) = &mut observed.internet_gateway {
            gateway.attached = attached;
        }
    });
}

async fn make(work: &Work<'_>) -> Result<Gateway, Failure> {
    let tags = work.tag_specification(ResourceType::InternetGateway, NAME);
    let request = work.once().ec2().create_internet_gateway().tag_specifications(tags);
    let send = || async {
        let gateway = request.clone().send().await?.internet_gateway;
        Ok(gateway.and_then(|it| it.internet_gateway_id))
    };
    let id = work.make_tagged(NAME, &ResourceType::InternetGateway, &[], send).await?;
    let gateway = Gateway { id, own: true, tags: work.tags(NAME), attached: false };
    work.note(|observed| observed.internet_gateway = Some(gateway.clone()));
    Ok(gateway)
}

/// Attaches the gateway. That it is attached already is what a repeated request is told.
async fn attach(work: &Work<'_>, id: &str) -> Result<(), Failure> {
    let vpc_id = work.vpc_id()?;
    let client = work.ec2();
    let request = client.attach_internet_gateway().internet_gateway_id(id).vpc_id(&vpc_id);
    let taken = ["Resource.AlreadyAssociated", "InvalidParameterValue"];
    let answer = send_when_ready(
        work.call,
        WITHIN_SERVICE,
        |error| is_code(error, &MISSING),
        || async {
            match request.clone().send().await {
                Err(error) if is_code(&error, &taken) => Ok(Err(error)),
                Err(error) => Err(error),
                Ok(_) => Ok(Ok(())),
            }
        },
    )
    .await?;
    let Err(error) = answer else { return Ok(()) };
    let found = client.describe_internet_gateways().internet_gateway_ids(id).send().await;
    let gateways = found.at(&work.call.scope)?.internet_gateways.unwrap_or_default();
    let attached = gateways
        .iter()
        .flat_map(|gateway| gateway.attachments())
        .any(|it| it.vpc_id.as_deref() == Some(&vpc_id));
    if attached {
        return Ok(());
    }
    Err(Diagnostic::error(
        format!("VPC {vpc_id} has another internet gateway"),
        format!(
            "A VPC can have one only: {}. Detach the other one, which the network did not make.",
            crate::error::message(&error),
        ),
    )
    .at_attribute("internet_gateway_id")
    .into())
}

//! A NAT gateway, by which private subnets get out.

use async_trait::async_trait;
use aws_sdk_ec2::types::{NatGatewayState, ResourceType};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::observed::NatGateway;
use super::work::{Work, token};
use super::{address, listing};
use crate::error::Reply;

/// A zone's NAT gateway.
pub struct NatGatewayPart {
    /// The zone.
    pub zone: String,
}

/// The name of the part.
pub fn part(zone: &str) -> String {
    format!("nat_gateway/{zone}")
}

#[async_trait]
impl<'a> Part<Work<'a>> for NatGatewayPart {
    fn name(&self) -> String {
        part(&self.zone)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let fits = there.state == "available" && !self.is_elsewhere(work, &there);
        if fits && !work.is_mistagged(&part(&self.zone), &there.tags) {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        if let Some(there) = self.there(work) {
            let usable = matches!(there.state.as_str(), "available" | "pending");
            if usable && !self.is_elsewhere(work, &there) {
                work.mend_tags(&part(&self.zone), &there.id).await?;
                return self.wait(work, &there.id).await;
            }
            // A gateway cannot be moved, nor mended when it has failed.
            self.remove(work).await?;
        }
        let id = self.make(work).await?;
        self.wait(work, &id).await
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let what = format!("NAT gateway {}", there.id);
        if there.state != "deleting" {
            delete(work, &what, &there.id).await?;
        }
        let state = || async { Ok(look(work, &there.id).await?.map(|(gateway, _)| gateway.state)) };
        work.wait_until_deleted(&what, state, || delete(work, &what, &there.id)).await?;
        work.note(|observed| {
            observed.past_interfaces.extend(there.interface_id.clone());
            observed.nat_gateways.remove(&self.zone);
        });
        Ok(())
    }
}

impl NatGatewayPart {
    fn there(&self, work: &Work<'_>) -> Option<NatGateway> {
        work.see(|observed| observed.nat_gateways.get(&self.zone).cloned())
    }

    /// The id of the subnet that the gateway is to stand in.
    fn subnet_id(&self, work: &Work<'_>) -> Option<String> {
        let key = work.wanted.nat_gateways.get(&self.zone)?;
        work.see(|observed| observed.subnets.get(key).map(|subnet| subnet.id.clone()))
    }

    fn is_elsewhere(&self, work: &Work<'_>, there: &NatGateway) -> bool {
        self.subnet_id(work).is_some_and(|subnet_id| subnet_id != there.subnet_id)
    }

    async fn make(&self, work: &Work<'_>) -> Result<String, Failure> {
        let part = part(&self.zone);
        let subnet_id = self.subnet_id(work);
        let subnet_id = work.need(&part, |_| subnet_id)?;
        let allocation_id = work.need(&address::part(&self.zone), |observed| {
            observed.addresses.get(&self.zone).map(|it| it.id.clone())
        })?;
        let request = work
            .once()
            .ec2()
            .create_nat_gateway()
            .client_token(token())
            .subnet_id(&subnet_id)
            .allocation_id(&allocation_id)
            .tag_specifications(work.tag_specification(ResourceType::Natgateway, &part));
        let send = || async {
            let gateway = request.clone().send().await?.nat_gateway;
            Ok(gateway.and_then(|it| it.nat_gateway_id))
        };
        let conflict = ["Resource.AlreadyAssociated", "InvalidAllocationID.InUse"];
        let stands = |id: String| async move { stands(work, &id).await };
        let look = || work.standing(&part, &ResourceType::Natgateway, stands);
        let made = work.make(&part, &conflict, send, look).await;
        let id = made.map_err(|failure| failure.at_attribute("nat"))?;
        let gateway = NatGateway {
            id: id.clone(),
            tags: work.tags(&part),
            state: "pending".to_owned(),
            subnet_id,
            allocation_id,
            interface_id: None,
        };
        work.note(|observed| {
            observed.nat_gateways.insert(self.zone.clone(), gateway);
        });
        Ok(id)
    }

    async fn wait(&self, work: &Work<'_>, id: &str) -> Result<(), Failure> {
        let what = format!("NAT gateway {id}");
        let waited = work
            .call
            .wait_until(&what, Pace::SLOW, || async {
                let Some((gateway, reason)) = look(work, id).await? else {
                    return Ok(Look::Pending("not listed yet".to_owned()));
                };
                Ok(match gateway.state.as_str() {
                    "available" => Look::Done(Ok(gateway)),
                    "failed" | "deleting" | "deleted" => Look::Done(Err((gateway, reason))),
                    _ => Look::Pending(gateway.state),
                })
            })
            .await?;
        let (gateway, error) = match waited {
            Ok(gateway) => (gateway, None),
            Err((gateway, reason)) => {
                let error = failed(&what, &gateway.state, &reason);
                (gateway, Some(error))
            }
        };
        work.note(|observed| {
            if let Some(there) = observed.nat_gateways.get_mut(&self.zone) {
                there.state = gateway.state;
                there.interface_id = gateway.interface_id;
            }
        });
        error.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Whether a gateway is there, and not on its way out.
async fn stands(work: &Work<'_>, id: &str) -> Result<bool, Failure> {
    let found = look(work, id).await?;
    Ok(found.is_some_and(|(it, _)| matches!(it.state.as_str(), "pending" | "available")))
}

async fn delete(work: &Work<'_>, what: &str, id: &str) -> Result<(), Failure> {
    let client = work.ec2();
    work.remove(what, &[], None, || client.delete_nat_gateway().nat_gateway_id(id).send()).await
}

/// The gateway of this id, and why it has failed, if it has.
async fn look(work: &Work<'_>, id: &str) -> Result<Option<(NatGateway, String)>, Failure> {
    let answer = work.ec2().describe_nat_gateways().nat_gateway_ids(id).send().await;
    let answer = answer.found(&work.call.scope, &["NatGatewayNotFound"])?;
    let found = answer.and_then(|it| it.nat_gateways).into_iter().flatten().next();
    Ok(found.map(|found| {
        let code = found.failure_code.clone();
        let message = found.failure_message.clone();
        let reason: Vec<String> = [code, message].into_iter().flatten().collect();
        (listing::nat_gateway(found), reason.join(": "))
    }))
}

fn failed(what: &str, state: &str, reason: &str) -> Diagnostic {
    let deleting = NatGatewayState::Failed.as_str() != state;
    let reason = match reason {
        "" if deleting => "somebody is deleting it",
        "" => "EC2 gives no reason",
        reason => reason,
    };
    Diagnostic::error(
        format!("{what} is {state}"),
        format!("{reason}. The next apply makes another one, with the same public address."),
    )
    .at_attribute("nat")
}

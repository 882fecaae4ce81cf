//! A subnet.

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, ResourceType, SubnetCidrBlockStateCode, SubnetState,
};
use ipnet::Ipv6Net;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::observed::{Association, Subnet};
use super::wanted::{self, Access};
use super::work::Work;
use crate::ec2;
use crate::error::Reply;

/// A subnet of a tier in a zone.
pub struct SubnetPart {
    /// Its name among the subnets: tier and zone.
    pub key: String,
}

/// The name of the part.
pub fn part(key: &str) -> String {
    format!("subnet/{key}")
}

#[async_trait]
impl<'a> Part<Work<'a>> for SubnetPart {
    fn name(&self) -> String {
        part(&self.key)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(wanted) = work.wanted.subnets.get(&self.key) else { return Standing::Different };
        let public = there.public_addresses == (wanted.access == Access::Public);
        let ipv6 = match (&there.ipv6, self.ipv6_place(work)) {
            (Some((cidr, association)), Some(place)) => {
                *cidr == place && association.associated && there.assign_ipv6
            }
            (None, None) => !there.assign_ipv6,
            _ => false,
        };
        let tagged = !work.is_mistagged(&part(&self.key), &there.tags);
        if !is_elsewhere(&there, wanted) && public && ipv6 && tagged {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(wanted) = work.wanted.subnets.get(&self.key) else { return Ok(()) };
        if let Some(there) = self.there(work) {
            work.mend_tags(&part(&self.key), &there.id).await?;
        } else {
            self.make(work, wanted).await?;
        }
        let Some(there) = self.there(work) else { return Ok(()) };
        let public = wanted.access == Access::Public;
        if there.public_addresses != public {
            let request = work.ec2().modify_subnet_attribute().subnet_id(&there.id);
            let request = request.map_public_ip_on_launch(flag(public));
            work.patiently(|| request.clone().send()).await?;
            self.note(work, |subnet| subnet.public_addresses = public);
        }
        self.ensure_ipv6(work, &there).await
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let client = work.ec2();
        let place = ec2::filter("subnet-id", &there.id);
        let what = format!("subnet {} ({})", there.id, self.key);
        work.remove(&what, &["DependencyViolation"], Some(place), || {
            client.delete_subnet().subnet_id(&there.id).send()
        })
        .await?;
        work.note(|observed| {
            observed.subnets.remove(&self.key);
        });
        Ok(())
    }
}

/// Whether a subnet lies elsewhere than it should, which nothing can change.
pub fn is_elsewhere(there: &Subnet, wanted: &wanted::Subnet) -> bool {
    there.cidr != wanted.cidr.to_string() || there.zone != wanted.zone
}

fn flag(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

impl SubnetPart {
    fn there(&self, work: &Work<'_>) -> Option<Subnet> {
        work.see(|observed| observed.subnets.get(&self.key).cloned())
    }

    fn note(&self, work: &Work<'_>, change: impl FnOnce(&mut Subnet)) {
        work.note(|observed| {
            if let Some(subnet) = observed.subnets.get_mut(&self.key) {
                change(subnet);
            }
        });
    }

    /// The block of IPv6 addresses that the subnet is to have; none if it is to have none.
    fn ipv6_place(&self, work: &Work<'_>) -> Option<Ipv6Net> {
        if !work.wanted.ipv6 {
            return None;
        }
        work.see(|observed| {
            let (block, _) = observed.vpc.as_ref()?.ipv6.as_ref()?;
            let settled = observed.subnets.iter();
            let settled = settled
                .filter_map(|(key, subnet)| Some((key.clone(), subnet.ipv6.as_ref()?.0)))
                .collect();
            work.wanted.ipv6_places(*block, &settled).get(&self.key).copied()
        })
    }

    async fn make(&self, work: &Work<'_>, wanted: &wanted::Subnet) -> Result<(), Failure> {
        let part = part(&self.key);
        let place = self.ipv6_place(work);
        let request = work
            .once()
            .ec2()
            .create_subnet()
            .vpc_id(work.vpc_id()?)
            .availability_zone(&wanted.zone)
            .cidr_block(wanted.cidr.to_string())
            .set_ipv6_cidr_block(place.map(|it| it.to_string()))
            .tag_specifications(work.tag_specification(ResourceType::Subnet, &part));
        let send =
            || async { Ok(request.clone().send().await?.subnet.and_then(|it| it.subnet_id)) };
        let path = Path::attribute("tiers").key(&wanted.tier);
        let id = work
            .make_tagged(&part, &ResourceType::Subnet, &["InvalidSubnet.Conflict"], send)
            .await
            .map_err(|failure| failure.at(path))?;
        let subnet = Subnet {
            arn: work.call.scope.arn("ec2", &format!("subnet/{id}")),
            id: id.clone(),
            tags: work.tags(&part),
            zone: wanted.zone.clone(),
            cidr: wanted.cidr.to_string(),
            ..Subnet::default()
        };
        work.note(|observed| {
            observed.subnets.insert(self.key.clone(), subnet);
        });
        let seen = self.wait(work, &id, place).await?;
        self.note(work, |subnet| subnet.ipv6 = seen.ipv6);
        Ok(())
    }

    /// Waits until the subnet can be used, and has this block of IPv6 addresses, or none.
    async fn wait(
        &self,
        work: &Work<'_>,
        id: &str,
        expected: Option<Ipv6Net>,
    ) -> Result<Subnet, Failure> {
        let what = format!("subnet {id} ({})", self.key);
        work.call
            .wait_until(&what, Pace::QUICK, || async {
                let filter = ec2::filter("subnet-id", id);
                let found = work.ec2().describe_subnets().filters(filter).send().await;
                let found = found.at(&work.call.scope)?.subnets.into_iter().flatten().next();
                let Some(found) = found else {
                    return Ok(Look::Pending("not listed yet".to_owned()));
                };
                if found.state != Some(SubnetState::Available) {
                    let state = found.state.map(|it| it.as_str().to_owned());
                    return Ok(Look::Pending(state.unwrap_or_default()));
                }
                let failed = found.ipv6_cidr_block_association_set().iter().any(|it| {
                    let state = it.ipv6_cidr_block_state().and_then(|it| it.state());
                    let block = it.ipv6_cidr_block().and_then(|it| it.parse().ok());
                    state == Some(&SubnetCidrBlockStateCode::Failed) && block == expected
                });
                let seen = super::listing::subnet(found);
                Ok(match (&seen.ipv6, expected) {
                    (None, None) => Look::Done(seen),
                    (Some((block, it)), Some(place)) if *block == place && it.associated => {
                        Look::Done(seen)
                    }
                    (None, Some(place)) if failed => return Err(no_ipv6(id, place).into()),
                    (Some((block, _)), _) => Look::Pending(format!("changing from {block}")),
                    (None, Some(place)) => Look::Pending(format!("without {place}")),
                })
            })
            .await
    }

    /// Gives the subnet its block of IPv6 addresses, or takes it away.
    async fn ensure_ipv6(&self, work: &Work<'_>, there: &Subnet) -> Result<(), Failure> {
        let place = self.ipv6_place(work);
        let id = &there.id;
        let fits = there.ipv6.as_ref().map(|(cidr, _)| *cidr) == place;
        let assign = |value: bool| async move {
            let request = work.ec2().modify_subnet_attribute().subnet_id(id);
            let request = request.assign_ipv6_address_on_creation(flag(value));
            work.patiently(|| request.clone().send()).await?;
            self.note(work, |subnet| subnet.assign_ipv6 = value);
            Ok::<(), Failure>(())
        };
        if there.assign_ipv6 && !fits {
            assign(false).await?;
        }
        if let Some((cidr, Association { id: association, .. })) = &there.ipv6
            && !fits
        {
            let client = work.ec2();
            let what = format!("{cidr} of subnet {id}");
            let busy = ["InvalidCidrBlock.InUse", "DependencyViolation"];
            let place = ec2::filter("subnet-id", id);
            work.remove(&what, &busy, Some(place), || {
                client.disassociate_subnet_cidr_block().association_id(association).send()
            })
            .await
            .map_err(|failure| failure.at_attribute("ipv6"))?;
            self.wait(work, id, None).await?;
            self.note(work, |subnet| subnet.ipv6 = None);
        }
        let Some(place) = place else { return Ok(()) };
        if !fits {
            let request = work.ec2().associate_subnet_cidr_block().subnet_id(id);
            let request = request.ipv6_cidr_block(place.to_string());
            work.patiently(|| request.clone().send()).await?;
        }
        let settled = there.ipv6.as_ref().is_some_and(|(_, it)| it.associated);
        if !(fits && settled) {
            let seen = self.wait(work, id, Some(place)).await?;
            self.note(work, |subnet| subnet.ipv6 = seen.ipv6);
        }
        if !(there.assign_ipv6 && fits) {
            assign(true).await?;
        }
        Ok(())
    }
}

fn no_ipv6(id: &str, place: Ipv6Net) -> Diagnostic {
    Diagnostic::error(
        format!("subnet {id} did not get {place}"),
        "EC2 has not associated the block of IPv6 addresses. Apply again to go on from here.",
    )
    .at_attribute("ipv6")
}

#[cfg(test)]
mod tests;

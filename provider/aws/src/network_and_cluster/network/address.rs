//! The public address of a NAT gateway: it stays when the gateway is made anew.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_ec2::types::{DomainType, ResourceType};
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};

use super::observed::Address;
use super::work::Work;

/// The public address of a zone's NAT gateway.
pub struct AddressPart {
    /// The zone.
    pub zone: String,
}

/// The name of the part.
pub fn part(zone: &str) -> String {
    format!("address/{zone}")
}

#[async_trait]
impl<'a> Part<Work<'a>> for AddressPart {
    fn name(&self) -> String {
        part(&self.zone)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        match self.there(work) {
            None => Standing::Absent,
            Some(it) if work.is_mistagged(&part(&self.zone), &it.tags) => Standing::Different,
            Some(_) => Standing::AsPlanned,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let part = part(&self.zone);
        if let Some(there) = self.there(work) {
            return work.mend_tags(&part, &there.id).await;
        }
        let request = work
            .once()
            .ec2()
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(work.tag_specification(ResourceType::ElasticIp, &part));
        let answered = OnceLock::new();
        let send = || async {
            let answer = request.clone().send().await?;
            if let Some(public_ip) = answer.public_ip {
                answered.get_or_init(|| public_ip);
            }
            Ok(answer.allocation_id)
        };
        let made = work.make_tagged(&part, &ResourceType::ElasticIp, &[], send).await;
        let id = made.map_err(with_remedy)?;
        let public_ip = match answered.into_inner() {
            Some(public_ip) => public_ip,
            None => public_ip_of(work, &id).await?,
        };
        let address = Address { id, tags: work.tags(&part), public_ip };
        work.note(|observed| {
            observed.addresses.insert(self.zone.clone(), address);
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let client = work.ec2();
        let what = format!("address {} ({})", there.public_ip, there.id);
        // EC2 answers AuthFailure while a NAT gateway that is going still holds the address.
        work.remove(&what, &["InvalidIPAddress.InUse", "AuthFailure"], None, || {
            client.release_address().allocation_id(&there.id).send()
        })
        .await?;
        work.note(|observed| {
            observed.addresses.remove(&self.zone);
        });
        Ok(())
    }
}

impl AddressPart {
    fn there(&self, work: &Work<'_>) -> Option<Address> {
        work.see(|observed| observed.addresses.get(&self.zone).cloned())
    }
}

/// The address of an allocation whose request was never answered.
async fn public_ip_of(work: &Work<'_>, id: &str) -> Result<String, Failure> {
    let request = work.ec2().describe_addresses().allocation_ids(id);
    let found = work.patiently(|| request.clone().send()).await?;
    let address = found.addresses.into_iter().flatten().next();
    Ok(address.and_then(|it| it.public_ip).unwrap_or_default())
}

/// Where the region's quota is used up, what to do about it.
fn with_remedy(failure: Failure) -> Failure {
    let remedy = "The quota is \"EC2-VPC Elastic IPs\" (L-0263D0A3), 5 per region at first. Each NAT \
                  gateway takes one: nat = \"single\" takes one for the whole network.";
    failure.with_remedy("AddressLimitExceeded", remedy).at_attribute("nat")
}

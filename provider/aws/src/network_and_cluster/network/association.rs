//! The association of a subnet with its route table. It has no tags: it is the subnet's.

use async_trait::async_trait;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};

use super::listing;
use super::observed::{Observed, RouteTableAssociation};
use super::work::Work;
use crate::ec2;
use crate::error::Reply;

/// The association of a subnet with its route table.
pub struct AssociationPart {
    /// The subnet: tier and zone.
    pub subnet: String,
}

/// The name of the part.
pub fn part(subnet: &str) -> String {
    format!("association/{subnet}")
}

#[async_trait]
impl<'a> Part<Work<'a>> for AssociationPart {
    fn name(&self) -> String {
        part(&self.subnet)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let (there, wanted) = work.see(|observed| {
            (self.there(observed), self.table_id(work, observed).map(str::to_owned))
        });
        match (there, wanted) {
            (None, _) => Standing::Absent,
            (Some(there), Some(wanted)) if there.route_table_id == wanted => Standing::AsPlanned,
            _ => Standing::Different,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let name = part(&self.subnet);
        let table_id = work.need(&name, |it| self.table_id(work, it).map(str::to_owned))?;
        let subnet_id = work.need(&name, |it| Some(it.subnets.get(&self.subnet)?.id.clone()))?;
        let id = match work.see(|observed| self.there(observed)) {
            Some(there) => {
                let request = work.ec2().replace_route_table_association();
                let request = request.association_id(&there.id).route_table_id(&table_id);
                let answer = work.patiently(|| request.clone().send()).await?;
                answer.new_association_id.unwrap_or(there.id)
            }
            None => {
                let request = work.once().ec2().associate_route_table();
                let request = request.subnet_id(&subnet_id).route_table_id(&table_id);
                let send = || async { Ok(request.clone().send().await?.association_id) };
                let look = || look(work, &subnet_id, &table_id);
                work.make(&name, &["Resource.AlreadyAssociated"], send, look).await?
            }
        };
        let now = Some(RouteTableAssociation { id, route_table_id: table_id });
        work.note(|observed| {
            if let Some(subnet) = observed.subnets.get_mut(&self.subnet) {
                subnet.route_table = now;
            }
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let own = |observed: &Observed| {
            let there = self.there(observed)?;
            let mut tables = observed.route_tables.values();
            tables.any(|table| table.id == there.route_table_id).then_some(there)
        };
        let Some(there) = work.see(own) else { return Ok(()) };
        let client = work.ec2();
        work.remove(&part(&self.subnet), &[], None, || {
            client.disassociate_route_table().association_id(&there.id).send()
        })
        .await?;
        work.note(|observed| {
            if let Some(subnet) = observed.subnets.get_mut(&self.subnet) {
                subnet.route_table = None;
            }
        });
        Ok(())
    }
}

impl AssociationPart {
    fn there(&self, observed: &Observed) -> Option<RouteTableAssociation> {
        observed.subnets.get(&self.subnet)?.route_table.clone()
    }

    /// The route table that the subnet is to have.
    fn table_id<'a>(&self, work: &Work<'_>, observed: &'a Observed) -> Option<&'a str> {
        let wanted = work.wanted.subnets.get(&self.subnet)?;
        Some(&observed.route_tables.get(&wanted.route_table)?.id)
    }
}

/// The association of a subnet with a route table, if there is one.
async fn look(work: &Work<'_>, subnet_id: &str, table_id: &str) -> Result<Option<String>, Failure> {
    let place = ec2::filter("association.subnet-id", subnet_id);
    let found = work.ec2().describe_route_tables().filters(place).send().await;
    let tables = found.at(&work.call.scope)?.route_tables.unwrap_or_default();
    let there = listing::association_of(subnet_id, &tables);
    Ok(there.filter(|there| there.route_table_id == table_id).map(|there| there.id))
}

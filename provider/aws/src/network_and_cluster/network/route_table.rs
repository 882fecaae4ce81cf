//! A route table and the network's routes in it. Routes have no tags: they are the table's. What
//! others have added stays.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::observed::{Observed, RouteTable};
use super::wanted::Target;
use super::work::{Work, token};
use crate::network_and_cluster::routes::{self, UNATTACHED};

/// A route table of a tier, or of a private subnet.
pub struct RouteTablePart {
    /// Its name among the route tables.
    pub key: String,
}

/// The name of the part.
pub fn part(key: &str) -> String {
    format!("route_table/{key}")
}

#[async_trait]
impl<'a> Part<Work<'a>> for RouteTablePart {
    fn name(&self) -> String {
        part(&self.key)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(wanted) = self.wanted(work) else { return Standing::Different };
        let own = work.own_destinations(&self.key);
        let known = wanted.iter().all(|(destination, target)| {
            let target = target.as_ref();
            there.inspects(destination)
                || target.is_some_and(|target| there.routes.get(destination) == Some(target))
        });
        let gone = own.iter().all(|destination| {
            wanted.contains_key(destination)
                || there.inspects(destination)
                || !there.routes.contains_key(destination)
        });
        if known && gone && !work.is_mistagged(&part(&self.key), &there.tags) {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let there = match self.there(work) {
            Some(there) => {
                work.mend_tags(&part(&self.key), &there.id).await?;
                there
            }
            None => self.make(work).await?,
        };
        let wanted = self.wanted(work).unwrap_or_default();
        for destination in work.own_destinations(&self.key) {
            let is_own = there.routes.contains_key(&destination) && !there.inspects(&destination);
            if is_own && !wanted.contains_key(&destination) {
                routes::delete(work.call, &there.id, &destination).await?;
                self.note(work, |table| drop(table.routes.remove(&destination)));
            }
        }
        for (destination, target) in wanted {
            let what = format!("the target of {destination}");
            let target = work.need(&what, |_| target)?;
            // What leads to a firewall first is put back by whoever leads it there.
            if there.routes.get(&destination) == Some(&target) || there.inspects(&destination) {
                continue;
            }
            let replaces = there.routes.contains_key(&destination);
            let path = Path::attribute("routes").key(&destination);
            let set = routes::set(work.call, &there.id, &destination, &target, replaces).await;
            set.map_err(with_remedy).map_err(|failure| {
                let configured = self.is_configured(work, &destination);
                if configured { failure.at(path) } else { failure }
            })?;
            self.note(work, |table| drop(table.routes.insert(destination, target)));
        }
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let client = work.ec2();
        let what = format!("route table {} ({})", there.id, self.key);
        work.remove(&what, &["DependencyViolation"], None, || {
            client.delete_route_table().route_table_id(&there.id).send()
        })
        .await?;
        work.note(|observed| {
            observed.route_tables.remove(&self.key);
        });
        Ok(())
    }
}

impl RouteTablePart {
    fn there(&self, work: &Work<'_>) -> Option<RouteTable> {
        work.see(|observed| observed.route_tables.get(&self.key).cloned())
    }

    /// What each destination is to lead to; none where that is not made yet.
    fn wanted(&self, work: &Work<'_>) -> Option<BTreeMap<String, Option<String>>> {
        let routes = work.wanted.route_tables.get(&self.key)?;
        Some(work.see(|observed| {
            let routes = routes.iter();
            routes
                .map(|(destination, target)| (destination.clone(), resolve(target, observed)))
                .collect()
        }))
    }

    fn is_configured(&self, work: &Work<'_>, destination: &str) -> bool {
        let routes = work.wanted.route_tables.get(&self.key);
        matches!(routes.and_then(|routes| routes.get(destination)), Some(Target::Other(_)))
    }

    fn note(&self, work: &Work<'_>, change: impl FnOnce(&mut RouteTable)) {
        work.note(|observed| {
            if let Some(table) = observed.route_tables.get_mut(&self.key) {
                change(table);
            }
        });
    }

    async fn make(&self, work: &Work<'_>) -> Result<RouteTable, Failure> {
        let part = part(&self.key);
        let request = work
            .once()
            .ec2()
            .create_route_table()
            .client_token(token())
            .vpc_id(work.vpc_id()?)
            .tag_specifications(work.tag_specification(ResourceType::RouteTable, &part));
        let send = || async {
            let table = request.clone().send().await?.route_table;
            Ok(table.and_then(|it| it.route_table_id))
        };
        let id = work.make_tagged(&part, &ResourceType::RouteTable, &[], send).await?;
        let table = RouteTable { id, tags: work.tags(&part), ..RouteTable::default() };
        work.note(|observed| {
            observed.route_tables.insert(self.key.clone(), table.clone());
        });
        Ok(table)
    }
}

/// What a target is called in the cloud; none where it is not there.
pub fn resolve(target: &Target, observed: &Observed) -> Option<String> {
    match target {
        Target::InternetGateway => {
            let gateway = observed.internet_gateway.as_ref();
            gateway.filter(|gateway| gateway.attached).map(|gateway| gateway.id.clone())
        }
        Target::EgressOnlyGateway => {
            observed.egress_only_gateway.as_ref().map(|gateway| gateway.id.clone())
        }
        Target::NatGateway(zone) => {
            observed.nat_gateways.get(zone).map(|gateway| gateway.id.clone())
        }
        Target::Other(id) => id.clone(),
    }
}

/// Where the VPC is not attached to a transit gateway, what to do about it.
fn with_remedy(failure: Failure) -> Failure {
    let remedy = "A route can lead to a transit gateway only once the VPC is attached to it: attach \
                  it first, then add the route.";
    failure.with_remedy(UNATTACHED, remedy)
}

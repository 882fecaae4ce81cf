//! Changes of the routes: marks first, then the ways back, then the ways out; and the other way round
//! where they go.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{NetworkInterface, NetworkInterfaceType, Tag};
use travel_framework::timeouts::READY;
use travel_framework::{Diagnostic, Failure};

use super::observed::{ANYWHERE, ANYWHERE_IPV6, Seen, Table, is_endpoint};
use super::wanted::{Key, Wanted};
use super::{InspectionRoutes, marks};
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready, settle};
use crate::ec2::{self, FILTER_VALUES, any_of};
use crate::error::{Reply, is_code};
use crate::network_and_cluster::routes;
use crate::tags::Tags;

/// What says that a table is not there yet, or any more.
const NO_TABLE: [&str; 3] =
    ["InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound", "InvalidID"];

/// Changes under way.
pub struct Work<'a> {
    call: &'a Call,
    name: &'a str,
    prior: &'a InspectionRoutes,
    seen: Seen,
    /// The tables out of which ways lead that are this inspection's.
    own: BTreeSet<String>,
}

impl<'a> Work<'a> {
    /// Work in a network as it was `seen`. What goes by itself, as its last state has it, is `prior`.
    pub fn new(call: &'a Call, name: &'a str, prior: &'a InspectionRoutes, seen: Seen) -> Self {
        let own = seen.tables.iter().filter(|(_, table)| is_own(call, prior, table));
        let own = own.map(|(id, _)| id.clone()).collect();
        Self { call, name, prior, seen, own }
    }

    /// Leads traffic as wanted, and puts back what is not wanted any more.
    ///
    /// # Errors
    /// Where something stands against it, before anything is changed; where a call fails.
    pub async fn bring(&self, wanted: &Wanted) -> Result<(), Failure> {
        self.refuse_taken(wanted)?;
        self.refuse_neighbours(wanted).await?;
        self.warn_of_ipv6(wanted);
        self.mark(wanted).await?;
        for ((table, destination), target) in &wanted.back {
            self.lead(table, destination, target).await?;
        }
        for (table, target) in &wanted.out {
            self.lead(table, ANYWHERE, target).await?;
        }
        self.restore(wanted).await
    }

    /// Puts back all of this inspection that is not wanted.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn restore(&self, wanted: &Wanted) -> Result<(), Failure> {
        let leaving: Vec<&String> =
            self.own.iter().filter(|table| !wanted.out.contains_key(*table)).collect();
        for table in &leaving {
            self.put_back(table).await?;
        }
        let back = self.ways_back();
        for (table, destination) in &back {
            if !wanted.back.contains_key(&(table.clone(), destination.clone())) {
                self.call.proceed()?;
                routes::delete(self.call, table, destination).await?;
            }
        }
        let passage = marks::passage(self.name);
        let passages = wanted.passages();
        for (id, table) in &self.seen.tables {
            if table.tags.contains_key(&passage) && !passages.contains(id) {
                self.untag(id, vec![passage.clone()]).await?;
            }
        }
        // The marks go last: by them an attempt that is cut off finds what is left to do.
        for table in leaving {
            if self.seen.tables.get(table).is_some_and(|it| marks::read(&it.tags).is_some()) {
                self.untag(table, marks::keys()).await?;
            }
        }
        Ok(())
    }

    /// Lets packets go past the firewall: where those go that it lets pass.
    async fn put_back(&self, table: &str) -> Result<(), Failure> {
        let Some(endpoint) = self.seen.target(table, ANYWHERE).filter(|it| is_endpoint(it)) else {
            return Ok(());
        };
        self.call.proceed()?;
        match self.seen.beyond(endpoint).filter(|it| !is_endpoint(it)) {
            Some(target) => routes::set(self.call, table, ANYWHERE, target, true).await,
            // The firewall has gone first: whoever made the table knows where it led.
            None => routes::delete(self.call, table, ANYWHERE).await,
        }
    }

    /// The routes back that are this inspection's.
    fn ways_back(&self) -> BTreeSet<Key> {
        let passage = marks::passage(self.name);
        let tables = self.own.iter().filter_map(|id| self.seen.tables.get(id));
        let subnets = tables.flat_map(|table| &table.subnets).chain(&self.prior.subnet_ids);
        let blocks: BTreeSet<&String> =
            subnets.filter_map(|id| Some(&self.seen.subnets.get(id)?.cidr)).collect();
        let known = self.prior.routes.iter().flatten().map(|(key, _)| key);
        let known: BTreeSet<&String> = known.collect();
        let taken = self.taken();
        let mut found = BTreeSet::new();
        for (id, table) in &self.seen.tables {
            let marked = table.tags.contains_key(&passage);
            for (destination, target) in &table.routes {
                let own = (marked && blocks.contains(destination))
                    || known.contains(&super::route_key(id, destination));
                let own = own && !taken.contains(destination);
                if own && is_endpoint(target) && destination != ANYWHERE {
                    found.insert((id.clone(), destination.clone()));
                }
            }
        }
        found
    }

    /// The blocks of subnets that another inspection leads, as one that takes this one's place.
    fn taken(&self) -> BTreeSet<&String> {
        let tables = self.seen.tables.iter();
        let others = tables
            .filter(|(id, table)| !self.own.contains(*id) && marks::read(&table.tags).is_some());
        let subnets = others.flat_map(|(_, table)| &table.subnets);
        subnets.filter_map(|id| Some(&self.seen.subnets.get(id)?.cidr)).collect()
    }

    async fn lead(&self, table: &str, destination: &str, target: &str) -> Result<(), Failure> {
        let there = self.seen.target(table, destination);
        if there == Some(target) {
            return Ok(());
        }
        self.call.proceed()?;
        routes::set(self.call, table, destination, target, there.is_some()).await
    }

    /// Marks all tables, and waits until others can see it: a network leaves routes alone that lead to
    /// a firewall in marked tables only.
    async fn mark(&self, wanted: &Wanted) -> Result<(), Failure> {
        let mut marked: BTreeMap<&String, Tags> =
            wanted.out.keys().map(|table| (table, marks::of(&self.call.claim))).collect();
        let passages = wanted.passages();
        for table in &passages {
            marked.entry(table).or_default().extend(marks::of_passage(self.name));
        }
        marked.retain(|table, tags| !has_all(&self.seen, table, tags));
        for (table, tags) in &marked {
            self.call.proceed()?;
            let tags = Some(ec2::tag_list(tags));
            let request = self.call.scope.ec2().create_tags().resources(*table).set_tags(tags);
            let too_early = |error: &_| is_code(error, &NO_TABLE);
            send_when_ready(self.call, WITHIN_SERVICE, too_early, || request.clone().send())
                .await?;
        }
        if marked.is_empty() {
            return Ok(());
        }
        settle(self.call, WITHIN_SERVICE, || async {
            let seen = Seen::look(&self.call.scope, &self.prior.vpc_id).await?;
            Ok(marked.iter().all(|(table, tags)| has_all(&seen, table, tags)))
        })
        .await
    }

    async fn untag(&self, table: &str, keys: Vec<String>) -> Result<(), Failure> {
        self.call.proceed()?;
        let tags = keys.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        let request = self.call.scope.ec2().delete_tags().resources(table).set_tags(Some(tags));
        request.send().await.found(&self.call.scope, &NO_TABLE).map(drop)
    }

    /// Refuses tables whose way out another inspection leads. One that is new takes them over within its
    /// deployment: so another name can be given without a gap, by `create_before_destroy`.
    fn refuse_taken(&self, wanted: &Wanted) -> Result<(), Failure> {
        let is_new = self.prior.lifecycle.status.as_deref() != Some(READY);
        for id in wanted.out.keys().filter(|id| !self.own.contains(*id)) {
            let Some(table) = self.seen.tables.get(id) else { continue };
            let mark = marks::read(&table.tags);
            let deployment = &self.call.claim.deployment;
            if is_new && mark.as_ref().is_some_and(|mark| mark.deployment == *deployment) {
                continue;
            }
            if let Some(mark) = mark {
                let label = format!("the way out of route table {id}");
                return Err(self.call.claim.refusal(&label, Some(&mark)).into());
            }
            let there = table.routes.get(ANYWHERE).filter(|target| is_endpoint(target));
            let known = |target: &&String| wanted.out.get(id) == Some(*target);
            if let Some(target) = there.filter(|target| !known(target)) {
                let detail = format!(
                    "Route table {id} leads to {target}, and nothing marks that as made by travel. \
                     Let it lead to a NAT gateway first."
                );
                let error = Diagnostic::error("traffic is inspected by something else", detail);
                return Err(error.at_attribute("subnet_ids").into());
            }
        }
        Ok(())
    }

    /// Refuses NAT gateways beside which something else stands, whose traffic to the inspected subnets
    /// would go through the firewall in one direction only.
    async fn refuse_neighbours(&self, wanted: &Wanted) -> Result<(), Failure> {
        let passages = wanted.passages();
        let tables = passages.iter().filter_map(|id| self.seen.tables.get(id));
        let subnets: Vec<&String> = tables.flat_map(|table: &Table| &table.subnets).collect();
        let mut others = Vec::new();
        for some in subnets.chunks(FILTER_VALUES) {
            let place = any_of("subnet-id", some.iter().copied().cloned());
            let request = self.call.scope.ec2().describe_network_interfaces().filters(place);
            let found = request.into_paginator().items().send().try_collect().await;
            others.extend(found.at(&self.call.scope)?.iter().filter_map(neighbour));
        }
        if others.is_empty() {
            return Ok(());
        }
        others.sort();
        Err(Diagnostic::error(
            "something else stands beside the NAT gateways",
            format!(
                "What comes back by a NAT gateway is led through the firewall by the route table of \
                 its subnet. So would be what these send to the inspected subnets, whose answers \
                 take the direct way; the firewall drops such halves:\n{}\nPut the NAT gateways \
                 into a public tier of their own (nat_tier of travel_network).",
                others.join("\n"),
            ),
        )
        .at_attribute("subnet_ids")
        .into())
    }

    fn warn_of_ipv6(&self, wanted: &Wanted) {
        let past = |table: &&String| {
            let target = self.seen.target(table, ANYWHERE_IPV6);
            target.is_some_and(|target| !is_endpoint(target))
        };
        let tables: Vec<&str> = wanted.out.keys().filter(past).map(String::as_str).collect();
        if tables.is_empty() {
            return;
        }
        self.call.warn(
            Diagnostic::warning(
                "IPv6 goes past the firewall",
                format!(
                    "Route tables {} lead ::/0 to an egress-only gateway, and what comes back by \
                     one cannot be led through a firewall. Let inspected subnets have IPv4 alone, or \
                     keep IPv6 out by their security groups.",
                    tables.join(", "),
                ),
            )
            .at_attribute("subnet_ids"),
        );
    }
}

/// Whether a table's way out is this inspection's: marked so, or, as after somebody has taken the mark
/// away, known to the state and marked by nobody.
fn is_own(call: &Call, prior: &InspectionRoutes, table: &Table) -> bool {
    match marks::read(&table.tags) {
        Some(mark) if call.claim.owns(&mark) => true,
        // An imported one keeps the mark of whoever made it until its first update.
        Some(mark) => {
            let resource = super::resource(&prior.vpc_id, &prior.name);
            let imported = prior.lifecycle.generation.is_none() && prior.id.is_some();
            imported && mark.resource == resource
        }
        None => {
            let way = table.routes.get(ANYWHERE).filter(|target| is_endpoint(target));
            way.is_some_and(|way| prior.endpoints.values().any(|it| it == way))
                && table.subnets.iter().all(|subnet| prior.subnet_ids.contains(subnet))
                && !table.subnets.is_empty()
        }
    }
}

fn has_all(seen: &Seen, table: &str, tags: &Tags) -> bool {
    let there = seen.tables.get(table).map(|table| &table.tags);
    tags.iter().all(|(key, value)| there.and_then(|there| there.get(key)) == Some(value))
}

/// A network interface that is no NAT gateway's, in words.
fn neighbour(interface: &NetworkInterface) -> Option<String> {
    let kind = interface.interface_type().map(NetworkInterfaceType::as_str).unwrap_or_default();
    if matches!(kind, "natGateway" | "nat_gateway") {
        return None;
    }
    let id = interface.network_interface_id().unwrap_or_default();
    let subnet = interface.subnet_id().unwrap_or_default();
    let words = interface.description().filter(|it| !it.is_empty()).unwrap_or(kind);
    Some(format!("- network interface {id} ({words}) in {subnet}"))
}
